"""Findings and problems of a report in one form, for formats that list them line by line."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from meshport.changes.compare import Finding
from meshport.changes.rules import RULES
from meshport.reports.result import ContractReport, Level, Problem, Report
from meshport.reports.wording import rule_text, told


@dataclass(frozen=True)
class Remark:
    """One thing that is said about one place of the new files."""

    level: Level
    rule: str
    title: str
    message: str
    hint: str
    file: str
    line: int | None
    column: int | None
    about: str
    """What it is about within `of`, the same however lines move."""
    of: str
    """The contract's id, or the file."""
    waiver: str = ""
    """Why it does not count; empty where it does."""
    finding: Finding | None = None

    @property
    def fingerprint(self) -> str:
        """The same for the same remark about another revision of the file."""
        text = f"{self.rule}\n{self.of}\n{self.about}".encode(errors="backslashreplace")
        return hashlib.sha256(text).hexdigest()[:32]


def remarks(report: Report) -> list[Remark]:
    """Everything that a report says, the worst first."""
    found = [one for contract in report.contracts for one in of_contract(contract)]
    said = {(problem.rule, problem.file) for problem in report.problems}
    versions = (one for contract in report.contracts for one in of_version(contract))
    found += [one for one in versions if (one.rule, one.file) not in said]
    found += map(of_problem, report.problems)
    return sorted(found, key=lambda one: list(Level).index(one.level))


def of_contract(contract: ContractReport) -> Iterator[Remark]:
    """The findings of one contract, waived ones last."""
    for level, finding in contract.ranked:
        yield _of_finding(contract, finding, level)
    for waived in contract.waived:
        yield _of_finding(contract, waived.finding, Level.NOTICE, waived.waiver)


def of_version(contract: ContractReport) -> Iterator[Remark]:
    """What is wrong with the version, if it is too small and nobody else says so."""
    found, place = contract.difference, contract.version_place
    if contract.is_first or found.is_version_enough or place is None:
        return
    yield Remark(
        level=Level.ERROR,
        rule="VER02",
        title=rule_text("VER02").title,
        message=f"version {found.required_version} is needed, {found.new.version} is given",
        hint=f"write version: {found.required_version}",
        file=place.file,
        line=place.line,
        column=place.column,
        about="version",
        of=contract.id,
    )


def of_problem(problem: Problem) -> Remark:
    """A problem in the same form."""
    return Remark(
        level=problem.level,
        rule=problem.rule,
        title=rule_text(problem.rule).title,
        message=problem.message,
        hint=problem.hint or "",
        file=problem.file,
        line=problem.line,
        column=problem.column,
        about=problem.message,
        of=problem.file,
    )


def _of_finding(
    contract: ContractReport, finding: Finding, level: Level, waiver: str = ""
) -> Remark:
    place = finding.anchor or finding.place
    return Remark(
        level=level,
        rule=finding.rule,
        title=RULES[finding.rule].title,
        message=told(contract, finding),
        hint=RULES[finding.rule].fix,
        file=place.file,
        line=place.line,
        column=place.column,
        about=" ".join(filter(None, (finding.path, finding.clause))),
        of=contract.id,
        waiver=waiver,
        finding=finding,
    )
