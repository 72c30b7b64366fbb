"""Who really reads a port: consumers as the audit knows them, beside those who are registered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from meshport.errors import Place
from meshport.lineage.consumers import ColumnNeed, Consumer, Need
from meshport.lineage.graph import port_table
from meshport.lineage.promises import Owner
from meshport.names import PortId
from meshport.sql.lineage import How


@dataclass(frozen=True)
class Reads:
    """How often a column was read, and the day of the last time."""

    count: int
    last_on: str


@dataclass(frozen=True)
class ActualReader:
    """What somebody read of one port in the last months."""

    consumer: str
    kind: str
    contact: str
    port: PortId
    columns: Mapping[str, Reads]


def with_actual(
    consumers: Iterable[Consumer], readers: Iterable[ActualReader]
) -> Sequence[Consumer]:
    """The consumers, and whoever reads columns for which nobody is registered by that name."""
    found = {one.name: one for one in consumers}
    for reader in readers:
        known = found.get(reader.consumer)
        one = known or _unregistered(reader)
        need = _need(reader, one)
        if need is not None:
            found[one.name] = replace(one, needs=(*one.needs, need))
    return list(found.values())


def _unregistered(reader: ActualReader) -> Consumer:
    owner = Owner("not registered", reader.contact)
    return Consumer(reader.consumer, reader.kind, owner, (), Place("audit"))


def _need(reader: ActualReader, one: Consumer) -> Need | None:
    """The columns that it reads beyond those it says it uses."""
    table = port_table(reader.port)
    uses_all = any(need.table == table and not need.columns for need in one.needs)
    said = {column.name for column in one.of(table)}
    beyond = {name: how for name, how in reader.columns.items() if name not in said}
    if uses_all or not beyond:
        return None
    columns = tuple(
        ColumnNeed(name, How.IDENTITY, (), (), _place(reads)) for name, reads in beyond.items()
    )
    return Need(table, columns, Place("audit"), reader.port)


def _place(reads: Reads) -> Place:
    times = "once" if reads.count == 1 else f"{reads.count:,} times"
    return Place(f"audit: not registered, read {times}, last on {reads.last_on}")
