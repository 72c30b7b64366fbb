"""The words in which results are told to people who never read the documentation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from meshport.changes.compare import Finding
from meshport.changes.relation import Relation
from meshport.changes.rules import RULES
from meshport.changes.verdict import Consumer, Governance, Producer, Reader
from meshport.error_codes import CODES
from meshport.reports.result import ContractReport

_CONSUMER = {
    Consumer.NONE: "nothing",
    Consumer.PATCH: "words only",
    Consumer.MINOR: "compatible",
    Consumer.WARN: "{} have to check",
    Consumer.MAJOR: "breaks {}",
}
_READERS = {
    Reader.SQL: "SQL readers",
    Reader.TYPED: "typed readers (Parquet, Arrow, pandas)",
    Reader.API: "JSON readers",
    Reader.POSITIONAL: "readers by position (CSV, `select *`)",
}
_PROMISES = {
    Relation.EQUAL: "promises the same",
    Relation.STRENGTHENED: "promises more",
    Relation.WEAKENED: "promises less",
    Relation.INCOMPARABLE: "promises something else",
    Relation.UNKNOWN: "nobody can tell whether it promises more or less",
}
_FAMILIES = {
    "OBJ": "Tables", "FLD": "Columns", "VER": "Version and life cycle", "WAI": "Waivers",
    "MP1": "House rules", "PRT": "Ports", "CON": "Consumers", "KEY": "Keys", "PII": "Personal data",
}  # fmt: skip


@dataclass(frozen=True)
class RuleText:
    """What a rule is about, in words."""

    title: str
    why: str = ""
    fix: str = ""


def rule_text(rule: str) -> RuleText:
    """The words for a rule of changes, an error code, or a rule of the gate by its family."""
    if rule in RULES:
        return RuleText(RULES[rule].title, RULES[rule].why, RULES[rule].fix)
    if rule in CODES:
        return RuleText(CODES[rule].title, CODES[rule].why, CODES[rule].fix)
    return RuleText(_FAMILIES.get(rule[:3], "The contract gate"))


def readers_concerned(contract: ContractReport, finding: Finding) -> str:
    """Whom it concerns most, for example `JSON readers`; empty where all readers alike."""
    asked = contract.asks(finding)
    if asked is finding.verdict.consumer:
        return ""
    present = [r for r in Reader if r in contract.difference.readers]
    concerned = [r for r in present if finding.verdict.by_reader.get(r) is asked]
    return " and ".join(_READERS[reader] for reader in concerned)


def for_readers(contract: ContractReport, finding: Finding) -> str:
    """The consumer axis in words, for example `breaks JSON readers`."""
    said = _CONSUMER[contract.asks(finding)]
    return said.format(readers_concerned(contract, finding) or "readers")


def others(finding: Finding) -> Iterator[str]:
    """The other axes in words, those that matter."""
    if finding.verdict.producer is Producer.BREAK:
        yield "data that exists may fail"
    if finding.verdict.producer is Producer.WARN:
        yield "the producer has to look"
    if finding.verdict.governance is Governance.BLOCK:
        yield "governance has to approve"
    if finding.verdict.governance is Governance.WARN:
        yield "governance has to know"


def told(contract: ContractReport, finding: Finding) -> str:
    """The finding's message, and which kind of readers it concerns if not all."""
    concerned = readers_concerned(contract, finding)
    if not concerned:
        return finding.message
    return f"{finding.message} ({contract.asks(finding).value} for {concerned})"


def promises(finding: Finding) -> str:
    """The relation in words."""
    return _PROMISES[finding.relation]
