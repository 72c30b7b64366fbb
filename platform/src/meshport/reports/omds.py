"""The difference of contracts as a document of the Open Metadata Difference Standard.

Follows the draft RFC 0039 of Bitol as of 2026-07 (`apiVersion: v1.0.0`, `kind:
MetadataDifference`, hybrid paths, raw values left out). The draft lets tools be stricter than its
table of impact, never more lenient: `impactLevel` is the stricter of the draft's and ours, and
`customProperties` say what each of them is. The text is JSON, which is YAML as well.
"""

from __future__ import annotations

from typing import Any

from meshport import __version__
from meshport.changes.compare import Finding
from meshport.changes.element import Kind
from meshport.changes.verdict import Consumer
from meshport.contracts.model import Contract
from meshport.contracts.version import Version
from meshport.reports.escaping import yaml_text
from meshport.reports.result import ContractReport, Report
from meshport.reports.wording import told

_LEVELS = ("PATCH", "MINOR", "MAJOR")
_OURS = {Consumer.MAJOR: "MAJOR", Consumer.WARN: "MINOR", Consumer.MINOR: "MINOR"}
_IDENTITY = {
    Kind.LEVEL: "property", Kind.SERVER: "server", Kind.ROLE: "role", Kind.CHANNEL: "channel",
    Kind.MEMBER: "username", Kind.VALUE: "value", Kind.REFERENCE: "to",
}  # fmt: skip
_SECTIONS = {
    "purpose": "description", "usage": "description", "limitations": "description",
    "priceAmount": "price", "priceCurrency": "price", "priceUnit": "price",
}  # fmt: skip
_FIELDS = {
    "range": "logicalTypeOptions", "length": "logicalTypeOptions", "items": "logicalTypeOptions",
    "members": "logicalTypeOptions", "members_required": "logicalTypeOptions",
    "key": "primaryKey", "order": "properties", "values": "enum",
}  # fmt: skip
_MAJOR_WHEN_CHANGED = {
    "name", "physicalName", "logicalType", "physicalType", "required", "unique",
    "criticalDataElement",
}  # fmt: skip
_MINOR_WHEN_ADDED = {*_MAJOR_WHEN_CHANGED, "properties", "quality"}


def render(report: Report) -> str:
    """One document per contract; of several contracts a list of documents."""
    documents = [_document(one) for one in report.contracts]
    return yaml_text(documents[0] if len(documents) == 1 else documents) + "\n"


def _document(contract: ContractReport) -> dict[str, Any]:
    found = contract.difference
    diffs = [_diff(contract, one) for one in found.findings]
    impact = {
        level.lower(): sum(one["impactLevel"] == level for one in diffs)
        for level in reversed(_LEVELS)
    }
    suggested = _suggested(found.old, impact)
    return {
        "apiVersion": "v1.0.0",
        "kind": "MetadataDifference",
        "sourceKind": "DataContract",
        "source1": _source(found.old),
        "source2": _source(found.new),
        "scope": "all",
        "impact": impact,
        **({"suggestedVersion": suggested} if suggested else {}),
        "diffs": diffs,
        "customProperties": [
            {"property": "generatedBy", "value": f"meshport/{__version__}"},
            {"property": "verdict", "value": found.verdict.value},
            {"property": "requiredVersion", "value": found.required_version},
            {"property": "levels", "value": [_levels(contract, one) for one in found.findings]},
        ],
    }


def _source(contract: Contract) -> dict[str, str]:
    return {"id": contract.id, "version": contract.version}


def _suggested(old: Contract, impact: dict[str, int]) -> str | None:
    """Plain SemVer arithmetic, as the draft asks: below 1.0.0 a major change means 1.0.0."""
    version = Version.parse(old.version)
    if version is None or not any(impact.values()):
        return None
    if impact["major"]:
        return str(Version(version.major + 1, 0, 0))
    return str(version.bumped("minor" if impact["minor"] else "patch"))


def _diff(contract: ContractReport, finding: Finding) -> dict[str, str]:
    levels = (_drafted(finding), _ours(contract, finding))
    return {
        "type": _type(finding),
        "section": _section(finding),
        "field": _field(finding),
        "path": _path(finding),
        "message": told(contract, finding),
        "impactLevel": max(levels, key=_LEVELS.index),
    }


def _levels(contract: ContractReport, finding: Finding) -> dict[str, str]:
    return {
        "path": _path(finding),
        "rule": finding.rule,
        "relation": finding.relation.value,
        "consumer": contract.asks(finding).value,
        "producer": finding.verdict.producer.value,
        "governance": finding.verdict.governance.value,
        "level": _ours(contract, finding),
        "draftLevel": _drafted(finding),
    }


def _ours(contract: ContractReport, finding: Finding) -> str:
    return _OURS.get(contract.asks(finding), "PATCH")


def _drafted(finding: Finding) -> str:
    """The level by the draft's table for data contracts."""
    kind, field = _type(finding), _field(finding)
    if _section(finding) != "schema":
        if kind == "CHANGE":
            return "PATCH" if field == "contractCreatedTs" else "MINOR"
        return "MINOR" if kind == "REMOVE" else "PATCH"
    if kind == "REMOVE":
        return "MAJOR"
    if kind == "ADD":
        return "MINOR" if field in _MINOR_WHEN_ADDED else "PATCH"
    if any(step is Kind.RULE for step, _ in finding.steps):
        return "MINOR"
    return "MAJOR" if field in _MAJOR_WHEN_CHANGED else "PATCH"


def _type(finding: Finding) -> str:
    if finding.is_removed:
        return "REMOVE"
    return "ADD" if finding.is_added else "CHANGE"


def _section(finding: Finding) -> str:
    if finding.steps:
        return finding.steps[0][0].value
    field = _field(finding)
    return _SECTIONS.get(field, field)


def _field(finding: Finding) -> str:
    if finding.clause is None:
        last, _ = finding.steps[-1]
        # A table is added to the schema as a column is to the properties of its table.
        return "properties" if last is Kind.TABLE else last.value
    if finding.clause.startswith("customProperties."):
        return "customProperties"
    return _FIELDS.get(finding.clause, finding.clause)


def _path(finding: Finding) -> str:
    """The draft's hybrid: a JSON Pointer with names instead of positions."""
    parts = [
        f"{kind.value}[{_IDENTITY.get(kind, 'name')}={_escaped(name)}]"
        for kind, name in finding.steps
    ]
    if finding.clause is None:
        return "/" + "/".join(parts)
    if not parts and _section(finding) != _field(finding):
        parts = [_section(finding)]
    prefix, dot, name = finding.clause.partition("customProperties.")
    last = f"customProperties[property={_escaped(name)}]" if dot and not prefix else _field(finding)
    return "/" + "/".join([*parts, last])


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1").replace("]", "~2")
