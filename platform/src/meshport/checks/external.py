"""Check data that lies outside of the mesh: any Parquet, CSV or DuckDB table, without Dagster."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from meshport.checks.data import OpenedData, opened, source_of
from meshport.checks.keys import Target
from meshport.checks.plan import plan
from meshport.checks.run import Audit, Surroundings, run_checks
from meshport.checks.sandbox import Sandbox
from meshport.checks.spec import CheckSpec, SqlRule
from meshport.checks.table import TableUnderCheck
from meshport.contracts.model import Contract, Reference
from meshport.sql_text import literal


def check_data(
    contract: Contract, data: Path, references: Mapping[str, Path], now: datetime
) -> Audit:
    """Check the data at a path; `references` are files by the contract that a key points to.

    Raises CheckError MP301 to MP303 where the data cannot be read.
    """
    specs = plan(contract)
    with opened(contract, data) as there, tempfile.TemporaryDirectory() as folder:
        targets = _Targets(contract, there, references)
        sandbox = _sandbox(contract, specs, there, Path(folder))
        around = Surroundings(now, targets.find, sandbox)
        return run_checks(there.con, contract, specs, there.sources, around)


@dataclass(frozen=True)
class _Targets:
    """Where foreign keys of somebody's contract lead."""

    contract: Contract
    there: OpenedData
    references: Mapping[str, Path]

    def find(self, reference: Reference) -> Target:
        if reference.file is None:
            table = self.contract.find_table(reference.table)
            source = self.there.sources.get(table.name) if table else None
            return source or f"there is no data for the table {reference.table}"
        # A port's file is named like its id: catalog/items.v1.odcs.yaml is catalog.items.v1.
        stem = Path(reference.file).name.removesuffix(".odcs.yaml").removesuffix(".yaml")
        for name, path in self.references.items():
            if name == stem or name.endswith(f".{stem}"):
                return source_of(self.there.con, path, f"reference {name}")
        return f"no data for {reference.file}; give it with --reference {stem}=PATH"


def _sandbox(
    contract: Contract, specs: Sequence[CheckSpec], there: OpenedData, folder: Path
) -> Sandbox:
    """The tables as Parquet files, which is what the sandbox can open."""
    files = dict(there.files)
    if any(isinstance(spec.rule, SqlRule) for spec in specs):
        for table in contract.tables:
            if table.name in there.sources and table.name not in files:
                under = TableUnderCheck.look(there.con, table, there.sources[table.name])
                file = folder / f"{table.name}.parquet"
                there.con.execute(
                    f"copy (from {under.projection}) to {literal(str(file))} (format parquet)"
                )
                files[table.name] = [file]
    named = {table.name: table.physical_name for table in contract.tables}
    return Sandbox({named.get(name, name): listed for name, listed in files.items()})
