"""From a port model in the private warehouse to the immutable file that would be published.

The rows are staged once, sorted by key: what is checked there is written from there. Types are
checked on the written file, because Parquet cannot hold all that a table can.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from meshport.checks.run import Audit, Surroundings, run_checks
from meshport.checks.spec import CheckSpec
from meshport.checks.table import TableSource
from meshport.errors import PublishError
from meshport.products.mesh import Port
from meshport.publishing.quarantine import (
    Offence,
    any_of,
    asks_file,
    asks_rows,
    audit_of_file,
    budget_percent,
    depends_on_other_rows,
    is_over,
    offences,
    quarantine_query,
)
from meshport.sql_text import literal, quote
from meshport.warehouse import Connection, EngineError, describe, disk_error, parquet_scan

PORTS_SCHEMA = "output_ports"
# The engine's default row group: smaller ones cost a point lookup several times more.
# Level 1 of zstd takes half the time of the default and gives the same size within a few percent.
_PARQUET = "(format parquet, compression zstd, compression_level 1)"


@dataclass(frozen=True)
class Candidate:
    """A port's rows as they would be published, their audit, and the rows set aside."""

    port: Port
    file: Path
    audit: Audit
    quarantine: list[Path] = field(default_factory=list)
    set_aside: dict[str, int] = field(default_factory=dict)
    """Rows by the check they break, or by what their source said; a row can have several."""
    quarantined: int = 0

    @property
    def rows(self) -> int:
        """How many rows would be published."""
        return self.audit.rows[self.port.contract.table.name]


@dataclass(frozen=True)
class CandidateBuilder:
    """Builds the candidates of one domain's ports in one folder."""

    con: Connection
    folder: Path

    def build(
        self, port: Port, specs: Sequence[CheckSpec], around: Callable[[Path], Surroundings]
    ) -> Candidate:
        """Stage the port model, audit its rows, set aside those at fault, write and audit the file.

        Over the quarantine budget nothing is set aside: the checks that fail stay failed.
        Raises PublishError: MP410 the model built no table, MP420 the disk refused.
        """
        staged = self._stage(port)
        file = self.folder / f"{port.id.model}.parquet"
        audit = self._audit(port, [s for s in specs if asks_rows(s)], staged, around(file))
        found = self._set_aside(port, audit, offences(audit, around(file)))
        kept = f"{staged} t where not ({any_of(found)})" if found else staged
        self.copy(f"from {kept}", file)
        again = [s for s in specs if asks_file(s) or (found and depends_on_other_rows(s))]
        written = self._audit(port, again, parquet_scan([file]), around(file))
        whole = audit_of_file(specs, audit, written, found)
        if not found:
            return Candidate(port, file, whole)
        aside = self.copy(
            quarantine_query(port.id.model, staged, found), file.with_suffix(".aside.parquet")
        )
        by_check = {offence.check: offence.rows for offence in found}
        bad = sum(audit.rows.values()) - sum(written.rows.values())
        return Candidate(port, file, whole, [aside], by_check, bad)

    def copy(self, query: str, file: Path) -> Path:
        """Write a query's rows to a Parquet file; raises PublishError MP420."""
        try:
            self.con.execute(f"copy ({query}) to {literal(str(file))} {_PARQUET}")
        except EngineError as error:
            raise disk_error(error, f"writing {file.name}") or error from error
        return file

    def staged(self, port: Port) -> str:
        """The temporary table that holds a port's rows, sorted by key, bad ones included."""
        return f"temp.{quote(f'candidate_{port.id.model}')}"

    def forget(self, port: Port) -> None:
        """Give back the memory that a port's staged rows take."""
        self.con.execute(f"drop table if exists {self.staged(port)}")

    def _stage(self, port: Port) -> str:
        table = f"{PORTS_SCHEMA}.{quote(port.id.model)}"
        try:
            present = {column.name for column in describe(self.con, table)}
        except EngineError as error:
            fact = f"the dbt model {port.id.model} built no table in the schema {PORTS_SCHEMA}"
            raise PublishError("MP410", fact) from error
        key = [quote(column) for column in port.contract.table.key if column in present]
        ordered = f"from {table}" + (f" order by {', '.join(key)}" if key else "")
        try:
            self.con.execute(f"create or replace temp table {self.staged(port)[5:]} as {ordered}")
        except EngineError as error:
            raise disk_error(error, f"sorting {port.id.model}") or error from error
        return self.staged(port)

    def _audit(
        self, port: Port, specs: Sequence[CheckSpec], relation: str, around: Surroundings
    ) -> Audit:
        sources = {port.contract.table.name: TableSource(relation)}
        return run_checks(self.con, port.contract, specs, sources, around)

    def _set_aside(self, port: Port, audit: Audit, found: list[Offence]) -> list[Offence]:
        """The offences whose rows go to quarantine: all of them, or none over the budget."""
        if not found:
            return []
        where = f"{self.staged(port)} t where {any_of(found)}"
        bad = self.con.execute(f"select count(*) from {where}").fetchall()[0][0]
        rows = sum(audit.rows.values())
        return [] if is_over(bad, rows, budget_percent(port.contract)) else found
