"""House rules as files: catalog/policies/*.yaml, each one SELECT over all contracts as tables.

A policy's query returns one row per breach with the columns contract, line, message and,
if it likes, hint. It runs without access to files or network. The tables are:

contracts  contract, id, version, status, name, domain, purpose, usage, limitations, team, line
tables     contract, name, description, grain, key_size, line
columns    contract, table_name, name, description, logical_type, physical_type, is_required,
           key_position, classification, tags, is_personal, line
levels     contract, id, has_id, property, value, unit, seconds, driver, line
members    contract, username, name, role
channels   contract, channel, tool, scope
classes    name, rank
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from meshport.contracts.classification import Classifications
from meshport.contracts.duration import seconds_of
from meshport.contracts.model import Contract
from meshport.contracts.schema import name_hint
from meshport.errors import CatalogError, Place
from meshport.warehouse import Connection, EngineError, connect_memory
from meshport.yaml_file import YamlDocument, read_yaml

FOLDER = "catalog/policies"
EXAMPLE = "example.odcs.yaml"
_KEYS = ("id", "title", "why", "fix", "query", "good", "bad", "severity")


@dataclass(frozen=True)
class Policy:
    """One house rule; `good` and `bad` are keys laid over the example contract."""

    id: str
    title: str
    why: str
    fix: str
    query: str
    good: dict[str, Any]
    bad: dict[str, Any]
    is_error: bool
    place: Place


@dataclass(frozen=True)
class Breach:
    """A contract that breaks a house rule."""

    policy: Policy
    place: Place
    message: str
    hint: str

    def __str__(self) -> str:
        return f"{self.policy.id} {self.place}\n{self.message}\n\nhint: {self.hint}"


def read_policies(root: Path) -> list[Policy]:
    """The mesh's policies in the order of their ids; raises CatalogError MP506."""
    files = sorted((root / FOLDER).glob("*.yaml"))
    found = [_policy(read_yaml(f, f"{FOLDER}/{f.name}")) for f in files if f.name != EXAMPLE]
    return sorted(found, key=lambda policy: policy.id)


def breaches(
    contracts: Sequence[Contract], policies: Sequence[Policy], scale: Classifications
) -> list[Breach]:
    """Every breach by any of the contracts, by file and line.

    Raises CatalogError MP506 where a policy's query cannot run.
    """
    con = connect_memory()
    try:
        _load(con, contracts, scale)
        found = [breach for policy in policies for breach in _run(con, policy, contracts)]
    finally:
        con.close()
    return sorted(found, key=lambda one: (one.place.file, one.place.line or 0, one.policy.id))


def _policy(document: YamlDocument) -> Policy:
    entry = document.value if isinstance(document.value, dict) else {}
    unknown = [key for key in entry if key not in _KEYS]
    if unknown:
        hint = name_hint(str(unknown[0]), list(_KEYS))
        place = document.place((unknown[0],))
        raise CatalogError("MP506", f"unknown key `{unknown[0]}` in a policy", place, hint)
    missing = [key for key in _KEYS[:-1] if key not in entry]
    if missing:
        raise CatalogError("MP506", f"a policy lacks {', '.join(missing)}", document.place())
    plain = {key: entry[key] for key in _KEYS[:-1]}
    is_error = entry.get("severity", "error") == "error"
    return Policy(**plain, is_error=is_error, place=document.place(("query",)))


def _run(con: Connection, policy: Policy, contracts: Sequence[Contract]) -> Iterator[Breach]:
    try:
        cursor = con.execute(policy.query)
        names = [column[0] for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    except EngineError as error:
        fact = f"the query of {policy.id} cannot run: {str(error).splitlines()[0]}"
        raise CatalogError("MP506", fact, policy.place) from error
    if not {"contract", "line", "message"} <= set(names):
        fact = f"the query of {policy.id} returns {', '.join(names)}"
        raise CatalogError("MP506", fact, policy.place, "it has to return contract, line, message")
    for row in rows:
        place = Place(contracts[row["contract"]].file, row["line"])
        yield Breach(policy, place, row["message"], row.get("hint") or policy.fix)


_TABLES = {
    "contracts": "contract integer, id varchar, version varchar, status varchar, name varchar, "
    "domain varchar, purpose varchar, usage varchar, limitations varchar, team varchar, "
    "line integer",
    "tables": "contract integer, name varchar, description varchar, grain varchar, "
    "key_size integer, line integer",
    "columns": "contract integer, table_name varchar, name varchar, description varchar, "
    "logical_type varchar, physical_type varchar, is_required boolean, key_position integer, "
    "classification varchar, tags varchar[], is_personal boolean, line integer",
    "levels": "contract integer, id varchar, has_id boolean, property varchar, value varchar, "
    "unit varchar, seconds double, driver varchar, line integer",
    "members": "contract integer, username varchar, name varchar, role varchar",
    "channels": "contract integer, channel varchar, tool varchar, scope varchar",
    "classes": "name varchar, rank integer",
}


def _load(con: Connection, contracts: Sequence[Contract], scale: Classifications) -> None:
    rows: dict[str, list[Iterable[Any]]] = {name: [] for name in _TABLES}
    rows["classes"] = [(step.name, step.rank) for step in scale.steps]
    for number, contract in enumerate(contracts):
        for name, row in _rows(contract):
            rows[name].append((number, *row))
    for name, columns in _TABLES.items():
        shape = dict(column.split() for column in columns.split(", "))
        con.execute(f"create table {name} ({columns})")
        if rows[name]:
            # One JSON text is read many times faster than rows given one by one.
            text = json.dumps([dict(zip(shape, row, strict=True)) for row in rows[name]])
            unpacked = "select unnest(from_json(?, ?), recursive := true)"
            con.execute(f"insert into {name} {unpacked}", [text, json.dumps([shape])])
    con.execute("set enable_external_access = false; set lock_configuration = true")


def _rows(contract: Contract) -> Iterator[tuple[str, tuple[Any, ...]]]:
    about = (contract.id, contract.version, contract.status, contract.name, contract.domain)
    words = (contract.purpose, contract.usage, contract.limitations, contract.team_name)
    yield "contracts", (*about, *words, 1)
    for table in contract.tables:
        keys = len(table.key)
        yield "tables", (table.name, table.description, table.grain, keys, table.place.line)
        for one in table.columns:
            types = (one.logical_type, one.physical_type, one.required, one.key_position)
            marks = (one.classification, list(one.tags), one.is_personal, one.place.line)
            yield "columns", (table.name, one.name, one.description, *types, *marks)
    for level in contract.service_levels:
        has_id = not re.fullmatch(rf"{re.escape(level.name)}_\d+", level.id)
        value = (str(level.value), level.unit, seconds_of(level.value, level.unit), level.driver)
        yield "levels", (level.id, has_id, level.name, *value, level.place.line)
    for member in contract.team:
        yield "members", (member.username, member.name, member.role)
    for channel in contract.support:
        yield "channels", (channel.channel, channel.tool, channel.scope)
