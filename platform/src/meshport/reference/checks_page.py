"""checks.md: what each kind of clause becomes, asked of the code that plans the checks.

The clauses are those of `every_clause.odcs.yaml`; a test holds that file against the standard's
own schema, so that no clause is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import resources
from itertools import groupby

from meshport.checks.open_text import PERSONAL_DATA
from meshport.checks.plan import plan
from meshport.checks.run import Audit, Surroundings
from meshport.checks.spec import (
    AgeRule,
    AggregateRule,
    CheckResult,
    CheckSpec,
    NotEnforced,
    ReferenceRule,
    RowRule,
    SqlRule,
    Status,
    TypeRule,
    UniqueRule,
)
from meshport.checks.table import TableSource
from meshport.contracts.duration import in_words
from meshport.contracts.model import Contract
from meshport.contracts.read import contract_of
from meshport.names import PortId
from meshport.products.mesh import Port
from meshport.publishing.platform_checks import platform_specs
from meshport.publishing.quarantine import offences
from meshport.reference.markdown import code, fenced, first_sentence, page, table
from meshport.yaml_file import parse_yaml

_ANY = "Any column"
EXAMPLE = "every_clause.odcs.yaml"
_ORIGIN = f"platform/src/meshport/checks/ and reference/{EXAMPLE}"
_INTRODUCTION = """\
Every clause of a contract becomes one check, or is listed as `not_enforced` with the reason. The
same checks run when a port is published, in `meshport contract check`, and as Dagster asset checks.
The examples are those of the contract at the end of this page."""
_BREAKS = """\
What a broken check does:

- **rows set aside**: the rows at fault go to quarantine and the rest is published, as long as they
  are within the port's quarantine budget; over it the release is refused.
- **release refused**: consumers keep the release before.
- **shown**: a check of severity `warning` is shown, and nothing else.
- **nothing**: not enforced."""


def every_clause() -> Contract:
    """The example contract with one of every kind of clause."""
    source = resources.files("meshport.reference") / EXAMPLE
    return contract_of(parse_yaml(source.read_bytes(), EXAMPLE))


def checks_page() -> str:
    """The page, grouped by the part of the contract in which a clause stands."""
    contract = every_clause()
    parts = [_INTRODUCTION, "## Results", table(("status", "means"), _statuses()), _BREAKS]
    for group, specs in groupby(plan(contract), key=lambda spec: _group(spec, contract)):
        rows = [_row(spec, contract) for spec in specs if _is_worth_a_row(spec, group)]
        parts += [f"## {group}", table(("clause", "check", "broken by", "then"), rows)]
    return page(
        "Checks",
        _ORIGIN,
        *parts,
        "## Checks of the platform",
        "Every port has these, whatever its contract says.",
        table(("check", "means", "then"), _of_platform(contract)),
        "## The example contract",
        fenced("yaml", contract.text.decode()),
    )


def _statuses() -> Iterator[tuple[str, str]]:
    said = {
        Status.PASSED: "the promise is kept",
        Status.FAILED: "the promise is broken",
        Status.ERROR: "the check could not run; never taken for a pass",
        Status.NOT_ENFORCED: "nobody checks it; the message says why",
    }
    for status in Status:
        yield code(status.value), said[status]


def _group(spec: CheckSpec, contract: Contract) -> str:
    column = contract.table.column(spec.column or "")
    if spec.clause.startswith("slaProperties"):
        return "Service levels"
    if ".quality." in spec.clause:
        return "Quality rules"
    if ".relationships." in spec.clause:
        return "References"
    if column is None:
        return "The table"
    kind = column.logical_type if column.options or column.unread else None
    return f"Columns of logical type {kind}" if kind else _ANY


def _is_worth_a_row(spec: CheckSpec, group: str) -> bool:
    """The type of a column is checked the same way whatever options it has."""
    return not isinstance(spec.rule, TypeRule) or group == _ANY


def _row(spec: CheckSpec, contract: Contract) -> tuple[str, ...]:
    column = contract.table.column(spec.column or "")
    clause = spec.clause.removeprefix(f"schema.{spec.table}.")
    name = clause.rpartition(".")[2]
    if column and clause.startswith(f"properties.{column.name}."):
        clause = clause.removeprefix(f"properties.{column.name}.")
    if column and ".logicalTypeOptions." in spec.clause:
        value = column.options[name]
        clause = f"{name}: {str(value).lower() if isinstance(value, bool) else value}"
    return code(clause), code(spec.id), _broken_by(spec), _then(spec)


def _broken_by(spec: CheckSpec) -> str:
    match spec.rule:
        case NotEnforced(why):
            return f"not enforced: {why}"
        case RowRule(violation, _, threshold):
            share = "" if threshold.means_none else f"; {threshold}"
            return f"rows with {code(violation)}{share}"
        case AggregateRule(expression, _, threshold):
            return f"{code(expression)} {threshold}"
        case AgeRule(column, youngest, limit):
            which = "youngest" if youngest else "oldest"
            return f"the {which} {code(column)} is older than {in_words(limit)}"
        case UniqueRule(columns, threshold):
            share = "" if threshold.means_none else f"; {threshold}"
            return f"rows that repeat another row's {', '.join(map(code, columns))}{share}"
        case ReferenceRule(columns, target):
            return f"rows whose {', '.join(map(code, columns))} is not in {code(target)}"
        case SqlRule(_, threshold):
            return f"the answer of the query, run in the sandbox: {threshold}"
    return f"unless: {first_sentence(type(spec.rule).__doc__)}"


def _then(spec: CheckSpec) -> str:
    if isinstance(spec.rule, NotEnforced):
        return "nothing"
    if not spec.is_blocking:
        return "shown"
    failed = Audit((CheckResult(spec, Status.FAILED, ""),), {})
    somewhere = Surroundings(datetime.now(UTC), lambda _reference: TableSource("other"))
    return "rows set aside" if offences(failed, somewhere) else "release refused"


def _of_platform(contract: Contract) -> Iterator[tuple[str, str, str]]:
    port = Port(PortId("examples", "everything", 1), contract, (), is_deprecated=False)
    for spec in platform_specs(port):
        yield code(spec.id), spec.description, "release refused"
    meaning = (
        "A column of text that everybody may read, and that has no `enum`, `pattern` or `format`, "
        "holds no e-mail address, phone number (E.164) or IBAN (ISO 13616)."
    )
    yield code(f"<column>{PERSONAL_DATA}"), meaning, "row set aside"
