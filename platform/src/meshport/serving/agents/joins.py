"""Which ports fit together by which columns, as the contracts say and the asker sees."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from meshport.catalog.entry import PortEntry
from meshport.names import PortId
from meshport.products.mesh import Mesh, Port, referenced_port
from meshport.serving.agents.call import Call

_MOST = 6
"""So many are looked at, those that the port itself refers to first."""


@dataclass(frozen=True)
class Join:
    """Columns of a port that say the same as columns of another."""

    port: PortId
    columns: tuple[str, ...]
    theirs: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The join as a brief shows it."""
        return {"to": str(self.port), "on": dict(zip(self.columns, self.theirs, strict=True))}


def joins_of(call: Call, entry: PortEntry) -> list[Join]:
    """The joins whose columns the asker sees on both sides."""
    mesh, mine = call.doors.catalog.mesh, {column.name for column in entry.visible}
    seen: dict[PortId, set[str]] = {}
    found = []
    for join in [*_promised(mesh, entry.port)][:_MOST]:
        if join.port not in seen:
            seen[join.port] = _seen(call, join.port)
        if set(join.columns) <= mine and set(join.theirs) <= seen[join.port]:
            found.append(join)
    return found


def _promised(mesh: Mesh, port: Port) -> Iterator[Join]:
    for target, columns, theirs in _references(mesh, port):
        yield Join(target, columns, theirs)
    for other in mesh.ports:
        for target, columns, theirs in _references(mesh, other):
            if target == port.id:
                yield Join(other.id, theirs, columns)


def _references(
    mesh: Mesh, port: Port
) -> Iterator[tuple[PortId, tuple[str, ...], tuple[str, ...]]]:
    """The other ports that a port refers to, and by which columns of both."""
    for one in port.contract.table.relationships:
        target = referenced_port(port.contract, one.target)
        other = mesh.find(target) if target and target != port.id else None
        if target and other and len(one.columns) == len(one.target.columns):
            yield target, _names(port, one.columns), _names(other, one.target.columns)


def _names(port: Port, names_or_ids: tuple[str, ...]) -> tuple[str, ...]:
    columns = [port.contract.table.column(one) for one in names_or_ids]
    return tuple(
        column.name if column else one for column, one in zip(columns, names_or_ids, strict=True)
    )


def _seen(call: Call, port: PortId) -> set[str]:
    """The columns of another port that the asker sees now; none before its first release."""
    found = call.doors.catalog.mesh.find(port)
    if found is None:
        return set()
    entry = call.doors.catalog.entry(found, call.doors.now(), call.browsing.lenient_grant(found))
    return {column.name for column in entry.visible} if entry.status.release else set()
