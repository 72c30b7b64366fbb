"""Read an ODCS file into a Contract, or say exactly where it is wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from meshport.contracts.model import (
    Column,
    Contract,
    QualityRule,
    Reference,
    Relationship,
    ServiceLevel,
    Severity,
    SupportChannel,
    Table,
    TeamMember,
)
from meshport.contracts.schema import schema_faults
from meshport.contracts.threshold import Threshold
from meshport.errors import ContractError, ManyFaultsError, MeshportError
from meshport.yaml_file import KeyPath, YamlDocument, read_yaml

READ_VERSIONS = ("v3.0.0", "v3.0.1", "v3.0.2", "v3.1.0", "v3.2.0")
_UNREAD = ("properties", "items", "map", "vector", "encryptedName", "partitioned")
_WARNING_WORDS = {"warning", "warn", "info", "information", "low", "minor", "notice"}


def read_contract(file: Path, shown_as: str | None = None) -> Contract:
    """Read and validate one contract file.

    Raises ContractError: MP101 unreadable, MP102 not YAML, MP103 against the ODCS schema,
    MP105 a version of the standard that is not read, MP106 two things of one name.
    """
    return contract_of(read_yaml(file, shown_as))


def contract_of(document: YamlDocument) -> Contract:
    """The contract written in a YAML document; errors as `read_contract`."""
    _refuse_other_formats(document)
    faults = schema_faults(document) or list(_repeated_names(document))
    if faults:
        raise faults[0] if len(faults) == 1 else ManyFaultsError(faults)
    root: dict[str, Any] = document.value
    about = root.get("description") or {}
    team_name, team = _team(root.get("team"))
    return Contract(
        id=root["id"],
        version=root["version"],
        status=root.get("status", ""),
        name=root.get("name", root["id"]),
        domain=root.get("domain", ""),
        purpose=_text(about.get("purpose")),
        usage=_text(about.get("usage")),
        limitations=_text(about.get("limitations")),
        tables=tuple(_Tables(document).read()),
        service_levels=tuple(_service_levels(document)),
        team_name=team_name,
        team=team,
        support=tuple(_support(root)),
        tags=tuple(root.get("tags", ())),
        custom=_custom(root),
        file=document.file,
        text=document.text,
        sha256=hashlib.sha256(document.text).hexdigest(),
    )


def _refuse_other_formats(document: YamlDocument) -> None:
    root = document.value
    if not isinstance(root, dict):
        raise ContractError("MP103", "the file is not a mapping of keys", document.place())
    if "dataContractSpecification" in root:
        raise ContractError(
            "MP105",
            "this is the deprecated Data Contract Specification, not ODCS",
            document.place(("dataContractSpecification",)),
            "convert it with `datacontract export --format odcs`",
        )
    key = "apiVersion" if "apiVersion" in root else "standardVersion"
    version = root.get(key, "v2" if "uuid" in root else READ_VERSIONS[-1])
    if isinstance(version, str) and version not in READ_VERSIONS:
        hint = f"meshport reads {', '.join(READ_VERSIONS)}"
        raise ContractError("MP105", f"ODCS {version} is not read", document.place((key,)), hint)


def _repeated_names(document: YamlDocument) -> Iterator[MeshportError]:
    tables = document.value.get("schema") or []
    groups: list[tuple[KeyPath, list[dict[str, Any]]]] = [(("schema",), tables)]
    for index, table in enumerate(tables):
        groups.append((("schema", index, "properties"), table.get("properties") or []))
    for path, entries in groups:
        seen: set[str] = set()
        for index, entry in enumerate(entries):
            if entry["name"] in seen:
                place = document.place((*path, index, "name"))
                yield ContractError("MP106", f"the name `{entry['name']}` stands twice", place)
            seen.add(entry["name"])


class _Tables:
    """Reads the `schema` section."""

    def __init__(self, document: YamlDocument) -> None:
        self.document = document

    def read(self) -> Iterator[Table]:
        for index, entry in enumerate(self.document.value.get("schema") or []):
            yield self._table(entry, ("schema", index))

    def _table(self, entry: dict[str, Any], path: KeyPath) -> Table:
        properties = list(enumerate(entry.get("properties") or []))
        return Table(
            id=entry.get("id", entry["name"]),
            name=entry["name"],
            physical_name=entry.get("physicalName", entry["name"]),
            description=_text(entry.get("description")),
            grain=_text(entry.get("dataGranularityDescription")),
            columns=tuple(self._column(e, (*path, "properties", i)) for i, e in properties),
            relationships=tuple(self._relationships(entry, path)),
            quality=tuple(self._quality(entry, path)),
            place=self.document.place(path),
        )

    def _column(self, entry: dict[str, Any], path: KeyPath) -> Column:
        position = entry.get("primaryKeyPosition")
        is_key = bool(entry.get("primaryKey"))
        return Column(
            id=entry.get("id", entry["name"]),
            name=entry["name"],
            logical_type=entry.get("logicalType"),
            physical_type=entry.get("physicalType"),
            options=entry.get("logicalTypeOptions") or {},
            required=bool(entry.get("required")) or is_key,
            unique=bool(entry.get("unique")),
            key_position=(position if position and position > 0 else 1) if is_key else None,
            classification=entry.get("classification"),
            description=_text(entry.get("description")),
            business_name=entry.get("businessName"),
            allowed_values=tuple(item["value"] for item in entry.get("enum") or ()),
            quality=tuple(self._quality(entry, path)),
            examples=tuple(entry.get("examples") or ()),
            tags=tuple(entry.get("tags") or ()),
            synonyms=tuple(item["synonym"] for item in entry.get("synonyms") or ()),
            custom=_custom(entry),
            unread=tuple(key for key in _UNREAD if entry.get(key)),
            place=self.document.place(path),
        )

    def _quality(self, entry: dict[str, Any], path: KeyPath) -> Iterator[QualityRule]:
        for index, rule in enumerate(entry.get("quality") or []):
            metric = rule.get("metric") or rule.get("rule")
            kind = rule.get("type") or ("sql" if "query" in rule else "library")
            yield QualityRule(
                id=rule.get("id") or rule.get("name") or metric or f"rule_{index + 1}",
                kind=kind,
                description=_text(rule.get("description")),
                metric=metric,
                arguments=rule.get("arguments") or {},
                query=rule.get("query"),
                threshold=Threshold.of(rule),
                dimension=rule.get("dimension"),
                severity=severity_of(rule.get("severity")),
                place=self.document.place((*path, "quality", index)),
            )

    def _relationships(self, table: dict[str, Any], path: KeyPath) -> Iterator[Relationship]:
        for index, entry in enumerate(table.get("relationships") or []):
            columns = [item.rpartition(".")[2].rpartition("/")[2] for item in _list(entry["from"])]
            yield self._relationship(entry, columns, (*path, "relationships", index))
        for position, column in enumerate(table.get("properties") or []):
            for index, entry in enumerate(column.get("relationships") or []):
                place = (*path, "properties", position, "relationships", index)
                yield self._relationship(entry, [column["name"]], place)

    def _relationship(
        self, entry: dict[str, Any], columns: Sequence[str], path: KeyPath
    ) -> Relationship:
        return Relationship(
            id=entry.get("id") or f"{'_'.join(columns)}_exists",
            columns=tuple(columns),
            target=_reference(_list(entry["to"])),
            place=self.document.place(path),
        )


def _reference(targets: list[str]) -> Reference:
    """`table.column` within the file, or `file.yaml#/schema/<id>/properties/<id>` across files."""
    first = targets[0]
    if "/" not in first and "#" not in first:
        return Reference(
            None, first.rpartition(".")[0], tuple(target.rpartition(".")[2] for target in targets)
        )
    file, _, pointer = first.rpartition("#")
    parts = pointer.strip("/").split("/")
    table = parts[1] if len(parts) > 1 else ""
    return Reference(file or None, table, tuple(target.rpartition("/")[2] for target in targets))


def _service_levels(document: YamlDocument) -> Iterator[ServiceLevel]:
    for index, entry in enumerate(document.value.get("slaProperties") or []):
        elements = [part.strip() for part in (entry.get("element") or "").split(",")]
        yield ServiceLevel(
            id=entry.get("id") or f"{entry['property']}_{index + 1}",
            name=entry["property"],
            value=entry["value"],
            unit=entry.get("unit"),
            elements=tuple((e.rpartition(".")[0], e.rpartition(".")[2]) for e in elements if e),
            driver=entry.get("driver"),
            description=_text(entry.get("description")),
            schedule=entry.get("schedule"),
            custom=_custom(entry),
            place=document.place(("slaProperties", index)),
        )


def severity_of(word: Any) -> Severity:
    """ODCS leaves `severity` to the vendor: what is not a known mild word is an error."""
    return Severity.WARNING if str(word).lower() in _WARNING_WORDS else Severity.ERROR


def _team(entry: Any) -> tuple[str | None, tuple[TeamMember, ...]]:
    members = entry if isinstance(entry, list) else (entry or {}).get("members") or []
    name = entry.get("name") if isinstance(entry, dict) else None
    return name, tuple(
        TeamMember(item["username"], item.get("name"), item.get("role")) for item in members
    )


def _support(root: Mapping[str, Any]) -> Iterator[SupportChannel]:
    for item in root.get("support") or []:
        yield SupportChannel(item["channel"], item.get("tool"), item.get("url"), item.get("scope"))


def _custom(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {item["property"]: item["value"] for item in entry.get("customProperties") or []}


def _list(value: str | list[str]) -> list[str]:
    return value if isinstance(value, list) else [value]


def _text(value: Any) -> str:
    return " ".join(str(value).split()) if value is not None else ""
