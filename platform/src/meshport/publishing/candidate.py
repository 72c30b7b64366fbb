"""From a port model in the private warehouse to the immutable file that is audited.

What is checked is what will be published: the Parquet file, sorted by key, not the table.
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
    budget_percent,
    is_over,
    offences,
    quarantine_query,
)
from meshport.sql_text import literal, quote
from meshport.warehouse import Connection, EngineError, describe, disk_error, parquet_scan

PORTS_SCHEMA = "output_ports"
# The engine's default row group: smaller ones cost a point lookup several times more.
_PARQUET = "(format parquet, compression zstd)"


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
        """Export the port model, audit it, and set aside the rows that cannot meet the contract.

        Over the quarantine budget nothing is set aside: the checks that fail stay failed.
        Raises PublishError: MP410 the model built no table, MP420 the disk refused.
        """
        file = self.folder / f"{port.id.model}.parquet"
        self._export(port, file)
        audit = self._audit(port, specs, file, around(file))
        found = offences(audit, around(file))
        if not found:
            return Candidate(port, file, audit)
        bad = self._count(f"{parquet_scan([file])} t where {any_of(found)}")
        if is_over(bad, audit.rows[port.contract.table.name], budget_percent(port.contract)):
            return Candidate(port, file, audit)
        kept, aside = self._split(port, file, found)
        audit = self._audit(port, specs, kept, around(kept))
        by_check = {offence.check: offence.rows for offence in found}
        return Candidate(port, kept, audit, [aside], by_check, bad)

    def copy(self, query: str, file: Path) -> Path:
        """Write a query's rows to a Parquet file; raises PublishError MP420."""
        try:
            self.con.execute(f"copy ({query}) to {literal(str(file))} {_PARQUET}")
        except EngineError as error:
            raise disk_error(error, f"writing {file.name}") or error from error
        return file

    def _export(self, port: Port, file: Path) -> None:
        table = f"{PORTS_SCHEMA}.{quote(port.id.model)}"
        try:
            present = {column.name for column in describe(self.con, table)}
        except EngineError as error:
            fact = f"the dbt model {port.id.model} built no table in the schema {PORTS_SCHEMA}"
            raise PublishError("MP410", fact) from error
        key = [quote(column) for column in port.contract.table.key if column in present]
        self.copy(f"from {table}" + (f" order by {', '.join(key)}" if key else ""), file)

    def _audit(
        self, port: Port, specs: Sequence[CheckSpec], file: Path, around: Surroundings
    ) -> Audit:
        sources = {port.contract.table.name: TableSource(parquet_scan([file]))}
        return run_checks(self.con, port.contract, specs, sources, around)

    def _split(self, port: Port, file: Path, found: list[Offence]) -> tuple[Path, Path]:
        scan = parquet_scan([file])
        kept = self.copy(
            f"from {scan} t where not ({any_of(found)})", file.with_suffix(".kept.parquet")
        )
        aside = self.copy(
            quarantine_query(port.id.model, scan, found), file.with_suffix(".aside.parquet")
        )
        file.unlink()
        return kept, aside

    def _count(self, relation: str) -> int:
        return int(self.con.execute(f"select count(*) from {relation}").fetchall()[0][0])
