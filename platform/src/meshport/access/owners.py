"""Who decides about a port: the roles in the teams of its contract and its data product."""

from __future__ import annotations

from collections.abc import Iterable

from meshport.contracts.classification import Classifications
from meshport.products.mesh import DataProduct, Port

OWNER = "Data Product Owner"
PROTECTION = "Data Protection Officer"


def owners(product: DataProduct, port: Port) -> list[str]:
    """The usernames of the port's owners: by its contract or, failing that, by the descriptor."""
    return _of_role(port, OWNER) or _of_product(product, OWNER)


def deciders(
    product: DataProduct, port: Port, access_class: str, scale: Classifications
) -> list[str]:
    """Who may approve a class: the owner, and for the highest the data protection officer."""
    if scale.steps and access_class == scale.steps[-1].name:
        officers = _of_role(port, PROTECTION) or _of_product(product, PROTECTION)
        if officers:
            return officers
    return owners(product, port)


def _of_role(port: Port, role: str) -> list[str]:
    return _unique(m.username for m in port.contract.team if m.role == role)


def _of_product(product: DataProduct, role: str) -> list[str]:
    team = product.descriptor.team
    members = team.members if team else ()
    return _unique(m.username for m in members if m.role == role)


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
