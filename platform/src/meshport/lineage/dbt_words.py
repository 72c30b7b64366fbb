"""What a dbt project says in YAML: its own settings, source tables, tests, exposures.

Shapes that dbt would refuse are passed over here: dbt names them when it parses the project.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from meshport.errors import MeshportError
from meshport.yaml_file import KeyPath, YamlDocument, parse_yaml

REF = re.compile(
    r"""ref\(\s*(?:['"][^'"]+['"]\s*,\s*)?['"](?P<name>[^'"]+)['"]\s*"""
    r"""(?:,\s*(?:v|version)\s*=\s*['"]?(?P<version>\w+)['"]?\s*)?\)"""
)
SOURCE = re.compile(r"""source\(\s*['"]([^'"]+)['"]\s*,\s*['"]([^'"]+)['"]\s*\)""")
_TESTS = ("not_null", "unique", "accepted_values")


class ColumnTest(NamedTuple):
    """A dbt test that says what somebody relies on."""

    relation: str
    """`model.<name>` or `source.<source>.<table>`."""
    column: str
    test: str
    values: tuple[str, ...]
    file: str
    line: int | None


class Exposure(NamedTuple):
    """Something outside of dbt that reads its tables (dbt: exposure)."""

    name: str
    kind: str
    team: str
    contact: str
    relations: tuple[str, ...]
    """`model.<name>`, `model.<name>@<version>` or `source.<source>.<table>`."""
    columns: tuple[str, ...]
    """From `config.meta.columns` or `meta.columns`; empty where nobody says."""
    file: str
    line: int | None


@dataclass(frozen=True)
class Settings:
    """What dbt_project.yml and the profile decide."""

    name: str = ""
    models: tuple[str, ...] = ()
    """Folders, relative to the mesh's root."""
    macros: tuple[str, ...] = ()
    seeds: tuple[str, ...] = ()
    variables: dict[str, Any] = field(default_factory=dict)
    profile: str = ""


@dataclass
class Words:
    """What all YAML files of one project say."""

    sources: dict[str, list[str]] = field(default_factory=dict)
    """`source.<source>.<table>` → columns."""
    types: dict[str, list[str | None]] = field(default_factory=dict)
    """The same → their types (dbt: data_type), as far as they are stated."""
    tests: list[ColumnTest] = field(default_factory=list)
    exposures: list[Exposure] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def settings_of(folder: str, text: bytes) -> Settings:
    """The settings in a dbt_project.yml of the project in `folder`; defaults where it says none."""
    try:
        value = _mapping(parse_yaml(text, f"{folder}/dbt_project.yml").value)
    except MeshportError:
        value = {}

    def folders(key: str, default: str) -> tuple[str, ...]:
        listed = [str(path) for path in _list(value.get(key))] or [default]
        return tuple(posixpath.normpath(f"{folder}/{path}") for path in listed)

    name = str(value.get("name") or "")
    variables = _mapping(value.get("vars"))
    own = _mapping(variables.get(name))
    return Settings(
        name,
        folders("model-paths", "models"),
        folders("macro-paths", "macros"),
        folders("seed-paths", "seeds"),
        {**{k: v for k, v in variables.items() if not isinstance(v, dict)}, **own},
        str(value.get("profile") or ""),
    )


def target_of(text: bytes, profile: str) -> str:
    """The target that a profiles.yml names for a profile; empty where it names none."""
    try:
        value = _mapping(parse_yaml(text, "profiles.yml").value)
    except MeshportError:
        return ""
    return str(_mapping(value.get(profile)).get("target") or "default")


def add_words(words: Words, file: str, text: bytes) -> None:
    """Add what one YAML file says."""
    try:
        document = parse_yaml(text, file)
    except MeshportError as error:
        words.faults.append(str(error))
        return
    root = _mapping(document.value)
    for path, source in _entries(root, ("sources",)):
        for inner, table in _entries(source, (*path, "tables")):
            relation = f"source.{source.get('name')}.{table.get('name')}"
            columns = [column for _, column in _entries(table, (*inner, "columns"))]
            words.sources[relation] = [str(column.get("name")) for column in columns]
            stated = [column.get("data_type") for column in columns]
            words.types[relation] = [str(kind) if kind else None for kind in stated]
            words.tests += _tests(document, (relation,), table, inner)
    for path, model in _entries(root, ("models",)):
        versions = list(_entries(model, (*path, "versions")))
        names = [f"model.{model.get('name')}_v{one.get('v')}" for _, one in versions]
        words.tests += _tests(document, names or [f"model.{model.get('name')}"], model, path)
        for (inner, version), name in zip(versions, names, strict=True):
            words.tests += _tests(document, (name,), version, inner)
    for path, entry in _entries(root, ("exposures",)):
        words.exposures.append(_exposure(document, entry, path))


def _tests(
    document: YamlDocument, relations: Any, table: dict[str, Any], path: KeyPath
) -> Iterator[ColumnTest]:
    for inner, column in _entries(table, (*path, "columns")):
        for key in ("tests", "data_tests"):
            for position, test in enumerate(_list(column.get(key))):
                name = next(iter(test), "") if isinstance(test, dict) else str(test)
                given = _mapping(test.get(name)) if isinstance(test, dict) else {}
                given |= _mapping(given.get("arguments"))
                if name in _TESTS:
                    values = tuple(str(value) for value in _list(given.get("values")))
                    place = document.place((*inner, key, position))
                    for relation in relations:
                        column_name = str(column.get("name"))
                        yield ColumnTest(
                            relation, column_name, name, values, place.file, place.line
                        )


def _exposure(document: YamlDocument, entry: dict[str, Any], path: KeyPath) -> Exposure:
    owner = _mapping(entry.get("owner"))
    meta = _mapping(_mapping(entry.get("config")).get("meta")) or _mapping(entry.get("meta"))
    place = document.place(path)
    return Exposure(
        str(entry.get("name")),
        str(entry.get("type") or "exposure"),
        str(owner.get("name") or owner.get("email") or "nobody"),
        str(owner.get("email") or ""),
        tuple(filter(None, (_relation(str(one)) for one in _list(entry.get("depends_on"))))),
        tuple(str(one) for one in _list(meta.get("columns"))),
        place.file,
        place.line,
    )


def _relation(written: str) -> str:
    source, model = SOURCE.fullmatch(written.strip()), REF.fullmatch(written.strip())
    if source:
        return f"source.{source[1]}.{source[2]}"
    if model:
        return f"model.{model['name']}" + (f"@{model['version']}" if model["version"] else "")
    return ""


def _entries(value: dict[str, Any], path: KeyPath) -> Iterator[tuple[KeyPath, dict[str, Any]]]:
    for position, entry in enumerate(_list(value.get(str(path[-1])))):
        if isinstance(entry, dict):
            yield (*path, position), entry


def _mapping(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
