"""Answering one query: gate, tables, engine, in this order, in a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from time import perf_counter

from meshport.errors import ServingError
from meshport.sandbox.gate import RefusedError
from meshport.sandbox.pool import BusyError, Pool
from meshport.sandbox.question import Limits as EngineLimits
from meshport.sandbox.question import Plan, Shape
from meshport.sandbox.workers import EndedError, Worker
from meshport.serving.audit_trail import Reading, tell
from meshport.serving.identity import Asker
from meshport.serving.limits import Limits
from meshport.serving.sql_door.tables import SeenTable, Tables
from meshport.serving.sql_door.verdicts import Verdicts


@dataclass(frozen=True)
class Caps:
    """How much of a result there may be, and what making it may use."""

    rows: int
    bytes: int
    limits: EngineLimits
    wait_seconds: float
    """How long to wait for a worker."""


ROWS, JOB_ROWS = 100_000, 2_000_000
JOB_BYTES = 256 * 2**20
MEMORY_MB, JOB_MEMORY_MB = 1024, 2048


def at_once(limits: Limits) -> Caps:
    """While somebody waits for the answer."""
    engine = EngineLimits(limits.statement, MEMORY_MB)
    return Caps(ROWS, limits.page_bytes, engine, wait_seconds=0.25)


def as_job(limits: Limits) -> Caps:
    """When nobody does."""
    engine = EngineLimits(limits.export, JOB_MEMORY_MB)
    return Caps(JOB_ROWS, JOB_BYTES, engine, wait_seconds=limits.export)


@dataclass(frozen=True)
class SqlQuestion:
    """A query and the format in which its rows are wanted."""

    sql: str
    format: str = "json"


@dataclass(frozen=True)
class SqlReading:
    """What a query reads: its tables as they are seen, and its fingerprint."""

    tables: tuple[SeenTable, ...]
    fingerprint: str
    named: frozenset[str] | None
    """The columns that it names; None where it may take all there are."""

    def tell(self, rows: int | None = None) -> None:
        """Have the audit know what is read."""
        for table in self.tables:
            release, columns = table.manifest.release, self.read_of(table)
            tell(table.port.id, Reading(release, columns, rows, self.fingerprint))

    def read_of(self, table: SeenTable) -> tuple[str, ...]:
        """The columns of a table that are read."""
        named = self.named
        return tuple(n for n in table.sight.columns if named is None or n.lower() in named)


@dataclass(frozen=True)
class ReadTable:
    """One table of a query that was answered: which release of it, and seen by what right."""

    port: str
    release: str
    access_class: str
    rule: str
    scope: tuple[str, ...] | None
    columns: tuple[str, ...]
    """Those that were there to be read."""
    read: tuple[str, ...]

    @classmethod
    def of(cls, table: SeenTable, read: tuple[str, ...]) -> ReadTable:
        """What is remembered of a table."""
        grant = table.sight.grant
        about = (str(table.port.id), table.manifest.release, grant.reader.name, grant.rule)
        return cls(*about, grant.scope, tuple(table.sight.columns), read)


@dataclass(frozen=True)
class SqlAnswer:
    """What a result that was handed over rests on, how large it was, and how it came about."""

    tables: tuple[ReadTable, ...]
    fingerprint: str
    rows: int
    bytes: int
    cut: str | None
    """The cap that ended it: `rows` or `bytes`."""
    seconds: dict[str, float]


@dataclass(frozen=True)
class SqlPlan:
    """How a query would be answered."""

    reading: SqlReading
    plan: Plan


class SqlDoor:
    """The one way from somebody else's SQL to rows."""

    def __init__(self, pool: Pool, caps: Caps) -> None:
        self.pool = pool
        self.caps = caps
        self._verdicts = Verdicts()

    def answer(
        self,
        asker: Asker,
        question: SqlQuestion,
        take: Callable[[bytes], object],
        caps: Caps | None = None,
    ) -> SqlAnswer:
        """Hand the result to `take`, piece by piece.

        Raises ServingError MP630 to MP635, AccessError MP702, MP703; what was taken until then is
        no result.
        """
        caps = caps or self.caps
        started = perf_counter()
        with self._opened(asker, question.sql, caps) as (worker, reading):
            opened = perf_counter()
            shape = Shape(question.format, caps.rows, caps.bytes)
            written = worker.answer(question.sql, shape, take)
            reading.tell(written.rows)
        seconds = {"plan": opened - started, "exec": perf_counter() - opened}
        tables = tuple(ReadTable.of(one, reading.read_of(one)) for one in reading.tables)
        size = (written.rows, written.bytes, written.cut)
        return SqlAnswer(tables, reading.fingerprint, *size, seconds)

    def explain(self, asker: Asker, sql: str) -> SqlPlan:
        """How the query would be answered; raises as `answer`."""
        with self._opened(asker, sql, self.caps) as (worker, reading):
            return SqlPlan(reading, worker.plan(sql))

    @contextmanager
    def _opened(self, asker: Asker, sql: str, caps: Caps) -> Iterator[tuple[Worker, SqlReading]]:
        name, wait = asker.principal.name, caps.wait_seconds
        try:
            with ExitStack() as leases, self.pool.place(name, caps.limits, wait) as place:
                gated = self._verdicts.find(name, sql)
                if gated is None:
                    gated = self._verdicts.keep(name, sql, place.ask(sql))
                else:
                    place.expect(sql, gated.tables)
                tables = Tables(asker, leases)
                found = tuple(tables.find(name) for name in gated.tables)
                reading = SqlReading(found, gated.fingerprint, gated.columns)
                reading.tell()
                yield place.over([table.files for table in found]), reading
        except RefusedError as error:
            raise _refusal(error) from error
        except EndedError as error:
            raise _failure(error) from error
        except BusyError as error:
            hint = "send it again in a second"
            raise ServingError("MP635", "every worker has a query already", hint=hint) from error


_RULES = {"select": "MP630", "syntax": "MP630", "table": "MP632"}
_KINDS = {"late": "MP634", "memory": "MP634", "query": "MP633"}
_HINTS = {
    "MP630": "send one SELECT",
    "MP632": "tables are named <domain>.<port> or <domain>.<port>_v<major>",
    "MP634": "ask for less, or send Prefer: respond-async",
}


def _refusal(error: RefusedError) -> ServingError:
    code = _RULES.get(error.rule, "MP631")
    return ServingError(code, error.words, hint=_HINTS.get(code))


def _failure(error: EndedError) -> ServingError:
    code = _KINDS.get(error.kind, "MP633")
    return ServingError(code, error.words, hint=_HINTS.get(code))
