"""contracts.md: every port with its promise and its columns, from the contracts."""

from __future__ import annotations

from meshport.contracts.model import Column, Contract
from meshport.products.mesh import DataProduct, Mesh, Port
from meshport.reference.markdown import code, page, prose, table

_INTRODUCTION = """\
Every port of the mesh, in publishing order. The contract itself promises more than fits here:
[checks.md](checks.md) says what each kind of clause becomes."""


def contracts_page(mesh: Mesh) -> str:
    """The page: one section per data product and port."""
    parts = [_INTRODUCTION]
    for domain in mesh.publishing_order():
        product = mesh.products[domain]
        parts += [_product(product), *(_port(port) for port in product.ports)]
    return page("Ports", "contracts/ and domains/*/data_product.odps.yaml", *parts)


def _product(product: DataProduct) -> str:
    about = product.descriptor
    upstream = ", ".join(str(port) for port in product.inputs) or "no other data product"
    return (
        f"## {about.name} ({product.domain})\n\n{about.description.purpose} "
        f"Owner: {about.team.name}. Relies on: {upstream}."
    )


def _port(port: Port) -> str:
    contract = port.contract
    lines = [
        f"- Contract: [{contract.id} {contract.version}](../../{contract.file}), {contract.status}",
        f"- One row: {contract.table.grain} Key: {', '.join(map(code, contract.table.key))}.",
        f"- Usage: {prose(contract.usage)}",
        f"- Limits: {prose(contract.limitations)}",
    ]
    return "\n\n".join(
        part
        for part in (
            f"### {port.id}",
            prose(contract.purpose),
            "\n".join(lines),
            _columns(contract),
            _levels(contract),
        )
        if part
    )


def _columns(contract: Contract) -> str:
    headings = ("column", "type", "unit", "required", "class", "meaning")
    return table(headings, map(_column, contract.table.columns))


def _column(column: Column) -> tuple[str, ...]:
    return (
        code(column.name),
        column.physical_type or column.logical_type or "",
        column.unit or "",
        "yes" if column.required else "",
        column.classification or "",
        prose(column.description),
    )


def _levels(contract: Contract) -> str:
    rows = [(one.name, one.target, prose(one.description)) for one in contract.service_levels]
    return table(("service level", "target", "meaning"), rows)
