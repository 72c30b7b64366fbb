"""A contract as a tree of elements in normal form: what is only said differently becomes equal.

The numbers are those of the normalisation rules:
N1 types by meaning (see `sql.native_type`), N2 an absent flag is false, N3 a primary key is
required and, alone, unique, N4 `unique` is `duplicateValues mustBe 0` and `required` is
`nullValues mustBe 0`, N5 `enum` is `invalidValues.validValues mustBe 0`, N9 service levels are
known by id, else by property, element and driver, N10 bounds of whole numbers are closed,
N11 lists have no order, N12 instants are compared as instants.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from meshport.changes.bounds import bounds_of
from meshport.changes.implied import implied_clause, rule_clauses
from meshport.errors import Place
from meshport.yaml_file import KeyPath, YamlDocument


class Kind(StrEnum):
    """What an element is; the word is also its list's name in a path."""

    CONTRACT = "contract"
    TABLE = "schema"
    COLUMN = "properties"
    VALUE = "enum"
    RULE = "quality"
    REFERENCE = "relationships"
    LEVEL = "slaProperties"
    SERVER = "servers"
    ROLE = "roles"
    CHANNEL = "support"
    MEMBER = "team"


@dataclass(frozen=True)
class Element:
    """One part of a contract with its clauses and its parts."""

    kind: Kind
    id: str | None
    """The stable id, None where the author gave none."""
    name: str
    path: str
    place: Place
    clauses: Mapping[str, Any]
    places: dict[str, Place] = field(compare=False)
    parts: Mapping[Kind, tuple[Element, ...]]

    def place_of(self, clause: str) -> Place:
        """Where the clause stands; the element's own place where it is not written."""
        return self.places.get(clause, self.place)

    def walk(self) -> Iterator[Element]:
        """The element and all its parts, in file order."""
        yield self
        for parts in self.parts.values():
            for part in parts:
                yield from part.walk()


STRUCTURE = {
    Kind.CONTRACT: {"kind", "schema", "slaProperties", "servers", "roles", "support", "team",
                    "price", "description", "customProperties"},
    Kind.TABLE: {"id", "name", "properties", "quality", "relationships", "customProperties",
                 "logicalType"},
    Kind.COLUMN: {"id", "name", "properties", "items", "map", "quality", "relationships", "enum",
                  "logicalTypeOptions", "customProperties", "primaryKey", "primaryKeyPosition"},
}  # fmt: skip
_NAME_KEYS = {
    Kind.LEVEL: "property", Kind.SERVER: "server", Kind.ROLE: "role", Kind.CHANNEL: "channel",
    Kind.MEMBER: "username", Kind.VALUE: "value",
}  # fmt: skip


def contract_element(document: YamlDocument) -> Element:
    """The contract's tree; the document is valid against the standard's schema."""
    return _Reader(document).contract()


class _Reader:
    def __init__(self, document: YamlDocument) -> None:
        self.document = document

    def contract(self) -> Element:
        root = self.document.value
        found = self._element(Kind.CONTRACT, root, (), "", name=root["id"])
        sections = {key: root.get(key) or {} for key in ("description", "price")}
        written: dict[KeyPath, Any] = {
            (section, key): value
            for section, entry in sections.items()
            for key, value in entry.items()
            if key != "customProperties"
        }
        team = root.get("team")
        extra = self._noted(found, written)
        if isinstance(team, dict):
            _put(extra, "team", team.get("name"))
            found.places["team"] = self.document.place(("team", "name"))
        members = ("team", "members") if isinstance(team, dict) else ("team",)
        return _with(
            found,
            extra,
            {
                Kind.TABLE: tuple(
                    self._table(entry, ("schema", i))
                    for i, entry in enumerate(root.get("schema") or [])
                ),
                Kind.LEVEL: self._list(Kind.LEVEL, ("slaProperties",), ""),
                Kind.SERVER: self._list(Kind.SERVER, ("servers",), ""),
                Kind.ROLE: self._list(Kind.ROLE, ("roles",), ""),
                Kind.CHANNEL: self._list(Kind.CHANNEL, ("support",), ""),
                Kind.MEMBER: self._list(Kind.MEMBER, members, ""),
            },
        )

    def _table(self, entry: dict[str, Any], path: KeyPath) -> Element:
        found = self._element(Kind.TABLE, entry, path, "schema")
        columns = self._columns(entry, path, found.path)
        keyed = sorted(
            (e.get("primaryKeyPosition") or 1, e.get("id") or e["name"])
            for e in entry.get("properties") or []
            if e.get("primaryKey")
        )
        key = tuple(name for _, name in keyed)
        extra: dict[str, Any] = {"key": key} if key else {}
        extra["order"] = tuple(e.get("id") or e["name"] for e in entry.get("properties") or [])
        return _with(found, extra, {Kind.COLUMN: columns, **self._rules(path, found.path)})

    def _columns(self, entry: dict[str, Any], path: KeyPath, parent: str) -> tuple[Element, ...]:
        entries = entry.get("properties") or []
        is_single = sum(bool(e.get("primaryKey")) for e in entries) == 1
        return tuple(
            self._column(inner, (*path, "properties", index), parent, is_single)
            for index, inner in enumerate(entries)
        )

    def _column(
        self, entry: dict[str, Any], path: KeyPath, parent: str, is_single_key: bool = False
    ) -> Element:
        found = self._element(Kind.COLUMN, entry, path, parent)
        extra = dict(bounds_of(entry))
        for key in extra:
            found.places[key] = self.document.place((*path, "logicalTypeOptions"))
        if entry.get("primaryKey"):
            extra |= {"required": True} | ({"unique": True} if is_single_key else {})
        parts = self._rules(path, found.path)
        rules = parts[Kind.RULE]
        implied = {rule.path: implied_clause(rule.clauses, entry["name"]) for rule in rules}
        for clause in filter(None, implied.values()):
            extra |= clause
        kept = tuple(rule for rule in rules if not implied[rule.path])
        values = self._list(Kind.VALUE, (*path, "enum"), found.path)
        if values:
            extra["values"] = frozenset(value.name for value in values)
        nested = [*self._columns(entry, path, found.path)]
        if "items" in entry:
            nested.append(self._nested(entry["items"], (*path, "items"), found.path, "items"))
        for key, inner in (entry.get("map") or {}).items():
            if isinstance(inner, dict):
                nested.append(self._nested(inner, (*path, "map", key), found.path, key))
        more = {Kind.COLUMN: tuple(nested), Kind.RULE: kept, Kind.VALUE: values}
        return _with(found, extra, {**parts, **more})

    def _nested(self, entry: dict[str, Any], path: KeyPath, parent: str, name: str) -> Element:
        return self._column({"name": name, **entry}, path, parent)

    def _rules(self, path: KeyPath, parent: str) -> dict[Kind, tuple[Element, ...]]:
        rules = self._list(Kind.RULE, (*path, "quality"), parent)
        references = self._list(Kind.REFERENCE, (*path, "relationships"), parent)
        shaped = tuple(replace(rule, clauses=rule_clauses(rule.clauses)) for rule in rules)
        return {Kind.RULE: shaped, Kind.REFERENCE: references}

    def _list(self, kind: Kind, path: KeyPath, parent: str) -> tuple[Element, ...]:
        value: Any = self.document.value
        for part in path:
            value = value.get(part) if isinstance(value, dict) else value[part]
            if value is None:
                return ()
        return tuple(
            self._element(kind, inner, (*path, index), parent) for index, inner in enumerate(value)
        )

    def _element(
        self, kind: Kind, entry: dict[str, Any], path: KeyPath, parent: str, name: str = ""
    ) -> Element:
        shown = name or _name_of(kind, entry)
        clauses: dict[str, Any] = {}
        places: dict[str, Place] = {}
        for key, value in entry.items():
            if key not in STRUCTURE.get(kind, {"id", "customProperties"}):
                _put(clauses, key, value)
                places[key] = self.document.place((*path, key))
        for index, item in enumerate(entry.get("customProperties") or []):
            key = f"customProperties.{item['property']}"
            _put(clauses, key, item["value"])
            places[key] = self.document.place((*path, "customProperties", index))
        own = kind.value if not parent else f"{parent}.{kind.value}"
        located = parent if kind is Kind.TABLE else own
        return Element(
            kind=kind,
            id=entry.get("id") if kind is not Kind.CONTRACT else None,
            name=shown,
            path=f"{located}.{shown}" if kind is not Kind.CONTRACT else "",
            place=self.document.place(path),
            clauses=clauses,
            places=places,
            parts={},
        )

    def _noted(self, found: Element, written: Mapping[KeyPath, Any]) -> dict[str, Any]:
        """Clauses that stand elsewhere than their element; each is named after its last key."""
        clauses: dict[str, Any] = {}
        for path, value in written.items():
            name = ".".join(map(str, path)) if path[-1] == "authoritativeDefinitions" else path[-1]
            _put(clauses, str(name), value)
            found.places[str(name)] = self.document.place(path)
        return clauses


def _put(clauses: dict[str, Any], key: str, value: Any) -> None:
    """Absent, false, empty and null say the same (N2); text has no layout; lists no order (N11)."""
    if value is None or value is False or value in ([], {}, ""):
        return
    if isinstance(value, str):
        value = value.strip() if key in ("query", "implementation") else " ".join(value.split())
    clauses[key] = _frozen(value)


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return frozenset((key, _frozen(inner)) for key, inner in value.items())
    if isinstance(value, list):
        return frozenset(map(_frozen, value))
    return value


def _name_of(kind: Kind, entry: Mapping[str, Any]) -> str:
    if kind is Kind.RULE:
        named = entry.get("id") or entry.get("name") or entry.get("metric") or entry.get("rule")
        return str(named or entry.get("type") or "rule")
    if kind is Kind.REFERENCE:
        target = entry.get("to")
        return str(
            entry.get("id") or (target if isinstance(target, str) else ",".join(target or []))
        )
    if kind is Kind.LEVEL and not entry.get("id"):
        parts = (entry["property"], entry.get("element"), entry.get("driver"))
        return " ".join(str(part) for part in parts if part)
    if kind is Kind.LEVEL:
        return str(entry["id"])
    return str(entry.get(_NAME_KEYS.get(kind, "name"), entry.get("name", "")))


def _with(
    element: Element, clauses: Mapping[str, Any], parts: Mapping[Kind, tuple[Element, ...]]
) -> Element:
    return replace(element, clauses={**element.clauses, **clauses}, parts=parts)
