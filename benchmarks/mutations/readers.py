"""The registered consumers outside of the mesh, reading for real what they say they read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from benchmarks.mutations.build import CUT_OFF
from benchmarks.mutations.effects import between, worst
from benchmarks.mutations.ground import Ground, release
from meshport.changes.verdict import Reader
from meshport.lineage.consumers import ColumnNeed, Consumer, Need
from meshport.names import PortId
from meshport.reports.result import Effect
from meshport.sql.lineage import How
from meshport.sql_text import literal, quote
from meshport.warehouse import Connection, EngineError

_NUMBERS = ("DECIMAL", "INTEGER", "BIGINT", "SMALLINT", "TINYINT", "DOUBLE", "FLOAT", "HUGEINT")


class BrokenError(Exception):
    """A consumer cannot read what it read before, or what it relies on does not hold."""


@dataclass(frozen=True)
class Outside:
    """One registered consumer, before and after a change."""

    con: Connection
    ground: Ground
    home: Path
    lost: Mapping[PortId, str]
    """Ports that are no longer published, and why."""

    def happened(self, consumer: Consumer) -> tuple[Effect, str]:
        """What the change does to the consumer, and why where it breaks."""
        try:
            found = [self._of(consumer, need) for need in consumer.needs]
        except BrokenError as error:
            return Effect.BREAKS, str(error)
        return worst(found), ""

    def _of(self, consumer: Consumer, need: Need) -> Effect:
        assert need.port is not None
        if need.port in self.lost:
            raise BrokenError(f"{CUT_OFF} {need.port}")
        _, old = self.ground.release(need.port)
        _, new = release(self.home, need.port)
        filters = list(self._filters(need, old))
        queries = [_query(scan, need, filters) for scan in (old, new)]
        try:
            if Reader.TYPED in consumer.readers:
                self._append(*queries)
            else:
                self._add_up(*queries)
            self._hold(need, new)
            keys = [one.name for one in need.columns if one.how is How.JOIN]
            return between(self.con, *queries, keys)
        except EngineError as error:
            raise BrokenError(str(error).splitlines()[0]) from error

    def _filters(self, need: Need, old: str) -> Iterator[str]:
        """Their filters; who names no values is taken to want those that there were."""
        for column in need.columns:
            if column.how is not How.FILTER:
                continue
            name = quote(column.name)
            known = self.con.execute(f"select distinct {name} from {old} order by 1").fetchall()
            if not column.literals and {type(one) for (one,) in known} <= {bool, type(None)}:
                yield name
            else:
                texts = column.literals or [str(one) for (one,) in known if one is not None]
                yield f"{name} in ({', '.join(map(literal, texts))})"

    def _append(self, old: str, new: str) -> None:
        """A typed reader adds what comes to what it has: the types have to be those it knows."""
        tables = [self.con.sql(f"from {query}").to_arrow_table() for query in (old, new)]
        try:
            pa.concat_tables(tables)
        except pa.ArrowInvalid as error:
            raise BrokenError(f"types: {error}") from error

    def _add_up(self, old: str, new: str) -> None:
        """A reader by SQL adds up what were numbers."""
        types = self.con.execute(f"describe from {old}").fetchall()
        sums = [f"sum({quote(name)})" for name, kind, *_ in types if kind.startswith(_NUMBERS)]
        self.con.execute(f"select {', '.join(sums) or '1'} from {new}").fetchall()

    def _hold(self, need: Need, new: str) -> None:
        """What they rely on has to hold of what is published."""
        for column in need.columns:
            for relied, sql in _asked(column):
                if self.con.execute(f"select {sql} from {new}").fetchall()[0][0]:
                    raise BrokenError(f"{column.name} is no longer {relied}")


def _query(scan: str, need: Need, filters: Sequence[str]) -> str:
    columns = ", ".join(quote(one.name) for one in need.columns)
    where = f" where {' and '.join(filters)}" if filters else ""
    return f"(select {columns} from {scan}{where})"


def _asked(column: ColumnNeed) -> Iterator[tuple[str, str]]:
    name = quote(column.name)
    if "not_null" in column.relies_on:
        yield "always there", f"count(*) filter ({name} is null)"
    if "unique" in column.relies_on:
        yield "unique", f"count({name}) - count(distinct {name})"
    if "values" in column.relies_on:
        listed = ", ".join(map(literal, column.literals))
        yield "one of the values", f"count(*) filter ({name} not in ({listed}))"
