"""A data product as its current release promised it, whatever its files say by now."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from meshport.contracts.model import Contract
from meshport.contracts.read import read_contract
from meshport.errors import MeshportError, ProductError
from meshport.names import PortId
from meshport.products.mesh import DataProduct, Mesh, product_of
from meshport.publishing.manifest import Manifest
from meshport.publishing.store import ReleaseStore


def standing_mesh(mesh: Mesh, store: ReleaseStore) -> Mesh:
    """The mesh with each broken data product as it was released: readers must not suffer from
    a file that somebody is editing. Why it is broken stays in `broken`."""
    standing = {}
    for domain in mesh.broken:
        # Whoever has neither readable files nor a readable release takes nobody along.
        with suppress(MeshportError):
            product = released_product(mesh.root, store, domain)
            standing.update({domain: product} if product else {})
    return Mesh(mesh.root, {**mesh.products, **standing}, mesh.broken)


def released_product(root: Path, store: ReleaseStore, domain: str) -> DataProduct | None:
    """The product behind a domain's current release; None before the first.

    Raises PublishError MP402 where the pointer is damaged.
    """
    manifest = store.of(domain).current()
    if manifest is None:
        return None
    holders = {PortId.parse(one.port): store.find(one.release) for one in manifest.inputs}
    own = {PortId.parse(port): manifest for port in manifest.ports}

    def contract_of(port: PortId) -> Contract:
        return _kept_contract(store, port, {**holders, **own}.get(port))

    return product_of(root, manifest.descriptor, contract_of)


def _kept_contract(store: ReleaseStore, port: PortId, holder: Manifest | None) -> Contract:
    part = holder.port(port) if holder else None
    if part is None:
        raise ProductError("MP202", f"no release holds a contract of {port}")
    return read_contract(store.of(port.domain).folder / part.contract.path, port.contract_path)
