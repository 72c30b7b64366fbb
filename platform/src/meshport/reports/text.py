"""The report as text for a terminal: readable without colour, the worst first, the verdict last."""

from __future__ import annotations

from collections.abc import Iterator

from meshport.changes.compare import Finding
from meshport.changes.rules import RULES
from meshport.errors import Place
from meshport.reports.escaping import plain
from meshport.reports.result import ContractReport, Level, Problem, Report
from meshport.reports.wording import others, promises, readers_concerned

_INDENT = " " * 11


def render(report: Report) -> str:
    """Grouped by contract; the last line has the verdict and the version that is needed."""
    shown = [one for one in report.contracts if not (one.is_quiet and not one.hits)]
    lines = [line for one in shown for line in _contract(one)]
    if report.problems:
        lines += ["problems", ""]
        lines += [line for one in report.ranked_problems for line in _problem(one)]
    return "\n".join([*lines, f"verdict: {plain(report.summary)}", ""])


def _contract(contract: ContractReport) -> Iterator[str]:
    found = contract.difference
    old, new = plain(found.old.version), plain(found.new.version)
    yield (
        f"{plain(contract.id)} {new} (first publication)"
        if contract.is_first
        else (f"{plain(contract.id)} {old} → {new}")
    )
    yield ""
    for level, finding in contract.ranked:
        yield from _finding(contract, level, finding)
    yield from _hits(contract)
    for waived in contract.waived:
        yield f"  {'waived':8} {waived.finding.rule} {plain(waived.finding.message)}"
        yield f"{_INDENT}{plain(waived.waiver)}"
        yield ""


def _finding(contract: ContractReport, level: Level, finding: Finding) -> Iterator[str]:
    rule = RULES[finding.rule]
    verdict = finding.verdict
    concerned = readers_concerned(contract, finding)
    readers = f"{contract.asks(finding).value} for {concerned or 'readers'}"
    axes = [f"{finding.relation.value}, {promises(finding)}", readers, *others(finding)]
    yield f"  {level.value:8} {rule.id} {rule.title}: {plain(finding.path or 'the contract')}"
    yield f"{_INDENT}{plain(finding.message)}"
    yield f"{_INDENT}{'; '.join(axes)}"
    yield f"{_INDENT}{_at(finding.place)}{' (in the old file)' if finding.is_removed else ''}"
    if verdict.consumer.value not in ("none", "patch") or level is not Level.NOTICE:
        yield f"{_INDENT}hint: {rule.fix}"
    yield ""


def _hits(contract: ContractReport) -> Iterator[str]:
    if contract.hits is None:
        return
    yield "  who is hit" if contract.hits else "  nobody is known to rely on it"
    for hit in contract.sorted_hits:
        by = f", by {plain(hit.rule)}" if hit.rule else ""
        yield f"    {hit.effect.value}: {plain(hit.consumer)} ({plain(hit.owner)}){by}"
        if hit.path:
            yield f"      {' → '.join(map(plain, hit.path))}"
    yield ""


def _problem(problem: Problem) -> Iterator[str]:
    place = Place(problem.file, problem.line, problem.column)
    yield f"  {problem.level.value:8} {plain(problem.rule)} {_at(place)}"
    yield f"{_INDENT}{plain(problem.message)}"
    if problem.hint:
        yield f"{_INDENT}hint: {plain(problem.hint)}"
    yield ""


def _at(place: Place) -> str:
    return plain(place)
