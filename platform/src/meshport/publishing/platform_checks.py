"""The platform's own two checks of every port: no row lost, and few enough in quarantine."""

from __future__ import annotations

from collections.abc import Sequence

from meshport.checks.spec import AggregateRule, CheckResult, CheckSpec, Status
from meshport.contracts.model import Severity
from meshport.contracts.threshold import NONE
from meshport.errors import Place
from meshport.products.mesh import Port
from meshport.publishing.manifest import SourceAccount
from meshport.publishing.quarantine import budget_percent, is_over


def balance_spec(port: Port) -> CheckSpec:
    """Every source row that ends in the port is published, in quarantine or superseded."""
    return _spec(port, "source_rows_balance", "Every source row is accounted for.")


def budget_spec(port: Port) -> CheckSpec:
    """Few enough of the port's rows are in quarantine."""
    budget = budget_percent(port.contract)
    return _spec(port, "quarantine_budget", f"At most {budget:g} % of the rows are in quarantine.")


def platform_specs(port: Port) -> list[CheckSpec]:
    """The checks that every port has, whatever its contract says."""
    return [balance_spec(port), budget_spec(port)]


def check_balance(port: Port, accounts: Sequence[SourceAccount]) -> CheckResult:
    """Whether the accounts of the extracts that end in the port add up."""
    spec = balance_spec(port)
    said = "; ".join(
        f"{a.table}: {a.rows:,} in = {a.published:,} published + {a.quarantined:,} quarantined "
        f"+ {a.superseded:,} superseded"
        for a in accounts
    )
    lost = sum(
        abs(a.rows - a.published - a.quarantined - a.superseded)
        for a in accounts
        if not a.is_balanced
    )
    if lost:
        return CheckResult(spec, Status.FAILED, f"{lost:,} rows unaccounted for: {said}", lost)
    return CheckResult(spec, Status.PASSED, said or "no source rows end here directly")


def check_budget(port: Port, quarantined: int, rows: int) -> CheckResult:
    """Whether `quarantined` of `rows` (those included) is within the contract's budget."""
    spec = budget_spec(port)
    share = 100 * quarantined / rows if rows else 0
    said = f"{quarantined:,} of {rows:,} rows ({share:.3g} %) are in quarantine"
    over = is_over(quarantined, rows, budget_percent(port.contract))
    return CheckResult(spec, Status.FAILED if over else Status.PASSED, said, quarantined)


def _spec(port: Port, name: str, description: str) -> CheckSpec:
    rule = AggregateRule("", (), NONE)
    table, place = port.contract.table.name, Place(port.contract.file)
    return CheckSpec(
        name, table, None, f"platform.{name}", Severity.ERROR, rule, description, place
    )
