"""Who relies on ports beyond the mesh: registered consumers, and exposures of dbt projects.

A registered consumer is a file in catalog/consumers/. It names the columns it uses, how, and on
what of the promise it relies.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from meshport.changes.verdict import Reader
from meshport.contracts.schema import name_hint
from meshport.errors import CatalogError, ManyFaultsError, MeshportError, Place, each_of
from meshport.lineage.dbt_words import Exposure
from meshport.lineage.graph import MeshLineage, Table, port_table
from meshport.lineage.promises import Owner
from meshport.names import PortId
from meshport.sql.lineage import How
from meshport.yaml_file import KeyPath, YamlDocument, read_yaml

FOLDER = "catalog/consumers"

READERS: Mapping[str, frozenset[Reader]] = {
    "dashboard": frozenset({Reader.SQL}),
    "service": frozenset({Reader.API, Reader.TYPED}),
    "notebook": frozenset({Reader.SQL, Reader.TYPED}),
    "export": frozenset({Reader.POSITIONAL, Reader.TYPED}),
    "ml": frozenset({Reader.TYPED}),
}
"""The kinds of registered consumers, and which kinds of readers each is."""
USED_AS = {"value": How.IDENTITY, "filter": How.FILTER, "key": How.JOIN}
RELIES_ON = ("not_null", "unique", "values")

_CONSUMER = {"name", "kind", "owner", "purpose", "uses"}
_OWNER = {"team", "contact"}
_USE = {"port", "columns"}
_COLUMN = {"name", "as", "literals", "relies_on"}


@dataclass(frozen=True)
class ColumnNeed:
    """One column that somebody uses."""

    name: str
    how: How
    literals: tuple[str, ...]
    """Texts that they compare it with."""
    relies_on: tuple[str, ...]
    place: Place


@dataclass(frozen=True)
class Need:
    """One table that somebody uses; no columns: nobody says which."""

    table: Table
    columns: tuple[ColumnNeed, ...]
    place: Place
    port: PortId | None = None
    """The port that the table is said to be."""


@dataclass(frozen=True)
class Consumer:
    """Somebody outside of the mesh's models who relies on its tables."""

    name: str
    kind: str
    owner: Owner
    needs: tuple[Need, ...]
    place: Place

    @property
    def readers(self) -> frozenset[Reader]:
        """Which kinds of readers it is."""
        return READERS.get(self.kind, frozenset({Reader.SQL}))

    def of(self, table: Table) -> list[ColumnNeed]:
        """The columns of a table that it says it uses."""
        return [column for need in self.needs if need.table == table for column in need.columns]


def all_consumers(root: Path, lineage: MeshLineage) -> list[Consumer]:
    """Registered consumers and exposures; raises CatalogError MP503."""
    exposed = [
        _of_exposure(lineage, name, exposure)
        for name, domain in lineage.domains.items()
        for exposure in domain.exposures
    ]
    return [*registered_consumers(root), *exposed]


def registered_consumers(root: Path) -> list[Consumer]:
    """Those in catalog/consumers/; raises CatalogError MP503 with everything that is wrong."""
    found, faults = [], []
    for file in sorted((root / FOLDER).glob("*.yaml")):
        shown = f"{FOLDER}/{file.name}"
        try:
            found.append(consumer_of(read_yaml(file, shown), file.stem))
        except MeshportError as error:
            faults += each_of(error)
    if faults:
        raise faults[0] if len(faults) == 1 else ManyFaultsError(faults)
    return found


def consumer_of(document: YamlDocument, stem: str) -> Consumer:
    """The consumer that a file registers; its name is the file's. Raises CatalogError MP503."""
    _require(document, (), _CONSUMER, optional={"purpose"})
    _require(document, ("owner",), _OWNER)
    name = _text(document, ("name",))
    if name != stem:
        raise _fault(document, ("name",), f"the file is called `{stem}`, the consumer `{name}`")
    owner = Owner(_text(document, ("owner", "team")), _text(document, ("owner", "contact")))
    kind = _choice(document, ("kind",), READERS)
    needs = tuple(_need(document, path) for path in _items(document, ("uses",)))
    return Consumer(name, kind, owner, needs, document.place())


def _need(document: YamlDocument, path: KeyPath) -> Need:
    _require(document, path, _USE, optional={"columns"})
    written = _text(document, (*path, "port"))
    try:
        port = PortId.parse(written)
    except MeshportError as error:
        raise _fault(document, (*path, "port"), error.fact, error.hint) from error
    columns = (_column(document, inner) for inner in _items(document, (*path, "columns")))
    return Need(port_table(port), tuple(columns), document.place(path), port)


def _column(document: YamlDocument, path: KeyPath) -> ColumnNeed:
    if isinstance(_at(document, path), str):
        name = _text(document, path)
        return ColumnNeed(name, How.IDENTITY, (), (), document.place(path))
    entry = _require(document, path, _COLUMN, optional=_COLUMN - {"name"})
    as_what = _choice(document, (*path, "as"), USED_AS) if "as" in entry else "value"
    relied = [_choice(document, at, RELIES_ON) for at in _items(document, (*path, "relies_on"))]
    literals = [_text(document, at) for at in _items(document, (*path, "literals"))]
    name = _text(document, (*path, "name"))
    return ColumnNeed(name, USED_AS[as_what], tuple(literals), tuple(relied), document.place(path))


def _at(document: YamlDocument, path: KeyPath) -> Any:
    value = document.value
    for part in path:
        value = value.get(part) if isinstance(value, dict) else value[part]
    return value


def _require(
    document: YamlDocument, path: KeyPath, keys: Collection[str], optional: Collection[str] = ()
) -> dict[str, Any]:
    value = _at(document, path)
    if not isinstance(value, dict):
        raise _fault(document, path, f"it is not a mapping with {', '.join(sorted(keys))}")
    for key in value:
        if key not in keys:
            fact = f"unknown key `{key}`"
            raise _fault(document, (*path, key), fact, name_hint(key, set(keys)))
    missing = sorted(set(keys) - set(optional) - set(value))
    if missing:
        raise _fault(document, path, f"it lacks the key `{missing[0]}`")
    return value


def _items(document: YamlDocument, path: KeyPath) -> Iterator[KeyPath]:
    value = _at(document, path)
    if not isinstance(value, list | None):
        raise _fault(document, path, f"`{path[-1]}` is not a list")
    return (((*path, index)) for index in range(len(value or ())))


def _text(document: YamlDocument, path: KeyPath) -> str:
    value = _at(document, path)
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise _fault(document, path, f"`{path[-1]}` is not a text: `{value}`")
    return str(value)


def _choice(document: YamlDocument, path: KeyPath, choices: Collection[str]) -> str:
    value = _text(document, path)
    if value not in choices:
        raise _fault(document, path, f"`{value}` is not known", name_hint(value, set(choices)))
    return value


def _fault(
    document: YamlDocument, path: KeyPath, fact: str, hint: str | None = None
) -> CatalogError:
    return CatalogError("MP503", fact, document.place(path), hint)


def _of_exposure(lineage: MeshLineage, domain: str, exposure: Exposure) -> Consumer:
    place = Place(exposure.file, exposure.line)
    columns = tuple(ColumnNeed(name, How.IDENTITY, (), (), place) for name in exposure.columns)
    needs = tuple(
        Need(lineage.declared(domain, relation), columns, place) for relation in exposure.relations
    )
    owner = Owner(exposure.team, exposure.contact)
    return Consumer(exposure.name, exposure.kind, owner, needs, place)
