"""Run a contract's own queries in processes that can be bounded and killed.

In-process DuckDB cannot be held to a limit (a list of 10^8 numbers ignores interrupt and memory
limit alike), so untrusted SQL runs in `meshport.sandbox`, one process per query.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from meshport.checks.scan import judge_value
from meshport.checks.spec import CheckResult, CheckSpec, SqlRule, Status
from meshport.checks.statement import one_select
from meshport.errors import CheckError
from meshport.sandbox.gate import RefusedError, TableName
from meshport.sandbox.question import Limits, TableFiles
from meshport.sandbox.workers import EndedError, Nursery

LIMITS = Limits(seconds=30.0, memory_mb=2048, threads=2)


@dataclass(frozen=True)
class Sandbox:
    """The files a contract's queries may see, by the name under which they see them."""

    tables: Mapping[str, Sequence[Path]]
    """`table` or `domain.port` → Parquet files."""
    limits: Limits = LIMITS
    ahead: Nursery | None = None
    """Started ahead, while other work went on; whoever made it stops it."""

    def check(self, specs: Sequence[CheckSpec]) -> list[CheckResult]:
        """Run every SqlRule; a query that hangs or dies costs itself, not the others."""
        nursery = self.ahead or booted()
        try:
            return [self._result(nursery, spec) for spec in specs]
        finally:
            if nursery is not self.ahead:
                nursery.stop()

    def _result(self, nursery: Nursery, spec: CheckSpec) -> CheckResult:
        assert isinstance(spec.rule, SqlRule)
        try:
            # The gate refuses what is not one SELECT too; the parser's words are the better ones.
            one_select(spec.rule.query)
            value = self._value(nursery, spec.rule.query)
        except CheckError as error:
            return CheckResult(spec, Status.ERROR, f"could not run: {error.fact}")
        except (RefusedError, EndedError) as error:
            return CheckResult(spec, Status.ERROR, f"could not run: {error.words}")
        return judge_value(spec, spec.rule.threshold, value)

    def _value(self, nursery: Nursery, query: str) -> Any:
        """What the query answers; raises RefusedError, EndedError."""
        with nursery.fork() as worker:
            worker.limit(self.limits)
            worker.open([self._table(name) for name in worker.ask(query).tables])
            native, said = worker.first_value(query)
        if native in ("DOUBLE", "FLOAT") and said is not None:
            return float(said.strip('"'))
        return json.loads(said, parse_float=Decimal) if said is not None else None

    def _table(self, asked: TableName) -> TableFiles:
        for name, files in self.tables.items():
            if name.lower() == str(asked).lower():
                schema, _, table = name.rpartition(".")
                return TableFiles(schema, table, [str(file) for file in files])
        raise RefusedError("table", f"there is no table `{asked}`")


def booted() -> Nursery:
    """A sandbox that boots while other work goes on; whoever makes it stops it."""
    return Nursery(is_rehearsed=False)
