"""The whole mesh as its files state it: data products, their ports, and who relies on whom."""

from __future__ import annotations

import graphlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from meshport.contracts.access_class import access_faults
from meshport.contracts.model import Contract, Reference
from meshport.contracts.read import read_contract
from meshport.contracts.read_all import Contracts
from meshport.errors import ManyFaultsError, MeshportError, Place, ProductError
from meshport.names import PortId, is_name
from meshport.products.descriptor import DESCRIPTOR_FILE, Descriptor, OutputPort, read_descriptor

_SEMVER = re.compile(r"\d+\.\d+\.\d+", re.ASCII)


@dataclass(frozen=True)
class Port:
    """An output port: its address, its contract, and the ports it is built from."""

    id: PortId
    contract: Contract
    inputs: tuple[PortId, ...]
    is_deprecated: bool


@dataclass(frozen=True)
class DataProduct:
    """What one domain offers, and what it relies on."""

    domain: str
    folder: Path
    descriptor: Descriptor
    ports: tuple[Port, ...]
    inputs: Mapping[PortId, Contract]
    """The ports of other products that this one reads, with their contracts."""

    @property
    def upstream(self) -> tuple[str, ...]:
        """The domains this product relies on."""
        return tuple(sorted({port.domain for port in self.inputs}))

    def port(self, name: str, major: int) -> Port | None:
        """The product's port of that name and major version."""
        wanted = PortId(self.domain, name, major)
        return next((port for port in self.ports if port.id == wanted), None)


@dataclass(frozen=True)
class Mesh:
    """All data products that can be read; `broken` holds, by domain, why others cannot."""

    root: Path
    products: Mapping[str, DataProduct]
    broken: Mapping[str, MeshportError]

    @property
    def ports(self) -> Iterator[Port]:
        """Every readable output port, in the order in which domains publish."""
        for domain in self.publishing_order():
            yield from self.products[domain].ports

    def find(self, port: PortId) -> Port | None:
        """The port at that address."""
        product = self.products.get(port.domain)
        return product.port(port.port, port.major) if product else None

    def consumers_of(self, port: PortId) -> list[Port]:
        """The output ports that are built from this one."""
        return [other for other in self.ports if port in other.inputs]

    def publishing_order(self) -> list[str]:
        """Domain names, upstream first; raises ProductError MP206 where they form a circle."""
        graph = {name: product.upstream for name, product in self.products.items()}
        sorter = graphlib.TopologicalSorter({name: sorted(graph[name]) for name in sorted(graph)})
        try:
            return [name for name in sorter.static_order() if name in self.products]
        except graphlib.CycleError as error:
            circle = " → ".join(reversed(error.args[1]))
            fact = f"domains rely on each other in a circle: {circle}"
            place = Place(f"domains/{error.args[1][0]}/{DESCRIPTOR_FILE}")
            hint = "take one of these input ports out"
            raise ProductError("MP206", fact, place, hint) from error

    def require(self) -> Mesh:
        """This mesh, if every data product of it can be read; else raises what is wrong."""
        faults = list(self.broken.values())
        if faults:
            raise faults[0] if len(faults) == 1 else ManyFaultsError(faults)
        return self


def domain_names(root: Path) -> list[str]:
    """The domains that have a descriptor below `domains/`."""
    return sorted(file.parent.name for file in (root / "domains").glob(f"*/{DESCRIPTOR_FILE}"))


def load_mesh(root: Path, contracts: Contracts | None = None) -> Mesh:
    """Read every data product below `root`; a broken one does not hide the others.

    `contracts` are its contracts where they were read before.
    """
    products, broken = {}, {}
    read = dict(contracts or {})
    for domain in domain_names(root):
        try:
            products[domain] = load_product(root, domain, read)
        except MeshportError as error:
            broken[domain] = error
    return Mesh(root, products, broken)


def load_product(root: Path, domain: str, contracts: Contracts | None = None) -> DataProduct:
    """Read one data product with its contracts and those of its input ports.

    What is in `contracts` is not read again, and what is read is added to it. Raises
    ContractError MP101 to MP109 and ProductError MP201 to MP208.
    """
    folder = root / "domains" / domain
    file = folder / DESCRIPTOR_FILE
    if not is_name(domain) or not file.is_file():
        raise ProductError("MP207", f"there is no domain `{domain}`", hint=_known(root))
    shown = f"domains/{domain}/{DESCRIPTOR_FILE}"
    descriptor = read_descriptor(file, shown)
    if descriptor.domain != domain:
        raise ProductError("MP203", f"the domain is `{descriptor.domain}`", Place(shown))
    product = product_of(root, descriptor, partial(port_contract, root, contracts=contracts))
    _refuse_unoffered(root, domain, {port.id for port in product.ports})
    return product


def product_of(
    root: Path, descriptor: Descriptor, contract_of: Callable[[PortId], Contract]
) -> DataProduct:
    """The data product a descriptor describes, its contracts asked of `contract_of`.

    Raises ProductError MP203, MP204, and what `contract_of` raises.
    """
    folder = root / "domains" / descriptor.domain
    shown = f"domains/{descriptor.domain}/{DESCRIPTOR_FILE}"
    inputs = dict(_inputs(descriptor, shown, contract_of))
    ports = tuple(_port(port, shown, contract_of) for port in descriptor.output_ports)
    return DataProduct(descriptor.domain, folder, descriptor, ports, inputs)


def depth(root: Path, domain: str) -> int:
    """How many domains lie upstream of one, one behind the other; 0 where the files do not say."""

    def upstream(name: str, seen: frozenset[str]) -> int:
        file = root / "domains" / name / DESCRIPTOR_FILE
        if name in seen or not file.is_file():
            return 0
        ports = read_descriptor(file).input_ports
        domains = {port.contract_id.partition(".")[0] for port in ports} - {name}
        return max((1 + upstream(other, seen | {name}) for other in domains), default=0)

    try:
        return upstream(domain, frozenset())
    except MeshportError:
        return 0


def port_contract(root: Path, port: PortId, contracts: Contracts | None = None) -> Contract:
    """The contract behind a port; raises ContractError, or ProductError MP202, MP203.

    What is in `contracts` is not read again, and what is read is added to it.
    """
    file = root / port.contract_path
    if not file.is_file():
        raise ProductError("MP202", f"the port {port} has no contract", Place(port.contract_path))
    contract = _read(file, port.contract_path, {} if contracts is None else contracts)
    if not _SEMVER.fullmatch(contract.version):
        fact = f"the version `{contract.version}` is not MAJOR.MINOR.PATCH"
        raise ProductError("MP203", fact, Place(port.contract_path))
    if contract.id != port.contract_id or contract.major != port.major:
        raise ProductError(
            "MP203",
            f"the file holds {contract.id} {contract.version}",
            Place(port.contract_path),
            f"its name asks for {port.contract_id} {port.major}.x.y",
        )
    if len(contract.tables) != 1 or contract.table.name != port.port:
        names = ", ".join(table.name for table in contract.tables) or "none"
        fact = f"a port is one table named `{port.port}`, the contract has {names}"
        raise ProductError("MP203", fact, Place(port.contract_path))
    faults: list[MeshportError] = list(access_faults(contract))
    if faults:
        raise faults[0] if len(faults) == 1 else ManyFaultsError(faults)
    return contract


def _read(file: Path, path: str, contracts: Contracts) -> Contract:
    if path not in contracts:
        try:
            contracts[path] = read_contract(file, path)
        except MeshportError as fault:
            contracts[path] = fault
    found = contracts[path]
    if isinstance(found, MeshportError):
        raise found
    return found


def referenced_port(contract: Contract, reference: Reference) -> PortId | None:
    """The port whose contract a relationship points to; None within the same contract.

    Raises ProductError MP208 where the file is not a contract of this mesh.
    """
    if reference.file is None:
        return None
    parts: list[str] = []
    for part in (*Path(contract.file).parent.parts, *Path(reference.file).parts):
        if part == "..":
            parts = parts[:-1]
        elif part != ".":
            parts.append(part)
    stem = parts[-1].removesuffix(".odcs.yaml")
    if len(parts) != 3 or parts[0] != "contracts":
        hint = "write ../<domain>/<port>.v<major>.odcs.yaml"
        raise ProductError(
            "MP208", f"`{reference.file}` leads out of contracts/", Place(contract.file), hint
        )
    return PortId.parse(f"{parts[1]}.{stem}")


def _inputs(
    descriptor: Descriptor, shown: str, contract_of: Callable[[PortId], Contract]
) -> Iterator[tuple[PortId, Contract]]:
    for port in descriptor.input_ports:
        address = _port_id(port.contract_id, port.version, shown)
        try:
            contract = contract_of(address)
        except ProductError as error:
            if error.code != "MP202":
                raise
            fact = f"the input port {address} does not exist"
            raise ProductError("MP204", fact, Place(shown)) from error
        if _numbers(port.version) > _numbers(contract.version):
            fact = (
                f"the input port {address} asks for {port.version}, offered is {contract.version}"
            )
            raise ProductError("MP204", fact, Place(shown))
        yield address, contract


def _port(port: OutputPort, shown: str, contract_of: Callable[[PortId], Contract]) -> Port:
    address = _port_id(port.contract_id, port.version, shown)
    contract = contract_of(address)
    if contract.version != port.version or port.name != address.port:
        fact = (
            f"the descriptor offers {port.name} {port.version}, the contract is {contract.version}"
        )
        raise ProductError("MP203", fact, Place(shown), f"see {address.contract_path}")
    inputs = tuple(_port_id(item.id, item.version, shown) for item in port.input_contracts)
    return Port(address, contract, inputs, port.deprecated)


def _port_id(contract_id: str, version: str, shown: str) -> PortId:
    try:
        return PortId.parse(f"{contract_id}.v{version.partition('.')[0]}")
    except MeshportError as error:
        fact = f"`{contract_id}` {version} is not a port"
        raise ProductError("MP203", fact, Place(shown), error.hint) from error


def _refuse_unoffered(root: Path, domain: str, offered: set[PortId]) -> None:
    for file in sorted((root / "contracts" / domain).glob("*.odcs.yaml")):
        address = PortId.parse(f"{domain}.{file.name.removesuffix('.odcs.yaml')}")
        if address not in offered:
            fact = f"no output port of the {domain} descriptor offers this contract"
            raise ProductError("MP205", fact, Place(address.contract_path))


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _known(root: Path) -> str:
    return f"domains here: {', '.join(domain_names(root)) or 'none'}"
