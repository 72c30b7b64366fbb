"""The report as SARIF 2.1.0, which code hosts show beside the lines of a change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from meshport import __version__
from meshport.reports.escaping import json_text, plain
from meshport.reports.remarks import Remark, remarks
from meshport.reports.result import Level, Report
from meshport.reports.wording import rule_text

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVELS = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTICE: "note"}
_FINGERPRINT = "meshport/v1"


def render(report: Report) -> str:
    """One run; its results are fingerprinted so that they stay the same while lines move."""
    found = remarks(report)
    rules = sorted({one.rule for one in found})
    run = {
        "tool": {
            "driver": {
                "name": "meshport",
                "version": __version__,
                "semanticVersion": __version__,
                "rules": [_rule(rule) for rule in rules],
            }
        },
        "invocations": [{"executionSuccessful": not report.is_unknown}],
        "columnKind": "unicodeCodePoints",
        "results": list(_results(found, rules)),
        "properties": {"verdict": report.verdict.value, "summary": plain(report.summary)},
    }
    return json_text({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}) + "\n"


def _rule(rule: str) -> dict[str, Any]:
    text = rule_text(rule)
    described: dict[str, Any] = {"id": rule, "shortDescription": {"text": text.title}}
    if text.why:
        described["fullDescription"] = {"text": text.why}
        described["help"] = {"text": f"{text.why}\n\n{text.fix}"}
    return described


def _results(found: Sequence[Remark], rules: Sequence[str]) -> Iterator[dict[str, Any]]:
    seen: Counter[str] = Counter()
    for remark in found:
        seen[remark.fingerprint] += 1
        print_ = f"{remark.fingerprint}:{seen[remark.fingerprint]}"
        yield {
            "ruleId": remark.rule,
            "ruleIndex": rules.index(remark.rule),
            "level": _LEVELS[remark.level],
            "message": {"text": _message(remark)},
            "locations": [{"physicalLocation": location}]
            if (location := _location(remark))
            else [],
            "partialFingerprints": {_FINGERPRINT: print_},
            **_about_finding(remark),
            **_suppression(remark),
        }


def _message(remark: Remark) -> str:
    hint = f"\n{plain(remark.hint)}" if remark.hint else ""
    # Brackets would be links to other locations.
    return f"{plain(remark.message)}{hint}".replace("[", "\\[").replace("]", "\\]")


def _location(remark: Remark) -> dict[str, Any] | None:
    if not remark.file:
        return None
    location: dict[str, Any] = {"artifactLocation": {"uri": _uri(remark.file)}}
    if remark.line:
        column = {"startColumn": remark.column} if remark.column else {}
        location["region"] = {"startLine": remark.line, **column}
    return location


def _uri(file: str) -> str:
    """A path as a reference; a lone surrogate has no UTF-8, and a colon would be a scheme."""
    return quote(file.replace("\\", "/").encode("utf-8", "backslashreplace"), safe="/")


def _about_finding(remark: Remark) -> dict[str, Any]:
    finding = remark.finding
    if finding is None:
        return {}
    verdict = finding.verdict
    axes = {
        "path": finding.path,
        "relation": finding.relation.value,
        "consumer": verdict.consumer.value,
        "producer": verdict.producer.value,
        "governance": verdict.governance.value,
    }
    return {"properties": axes}


def _suppression(remark: Remark) -> dict[str, Any]:
    if not remark.waiver:
        return {}
    return {"suppressions": [{"kind": "external", "justification": plain(remark.waiver)}]}
