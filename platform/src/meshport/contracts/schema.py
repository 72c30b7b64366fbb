"""What the Open Data Contract Standard itself says of a file: its official JSON schema.

The schema is read from the `open-data-contract-standard` package. It is the only importer of
jsonschema-rs. Two things are added: every unknown key is found (the schema leaves some objects
open), and each finding has a line, a column and, where one is near, the right name.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import Any

import jsonschema_rs

from meshport.errors import ContractError, MeshportError
from meshport.yaml_file import KeyPath, YamlDocument

_KIND = jsonschema_rs.ValidationErrorKind
_NAMES = ("name", "id", "property", "channel", "server")
_REFERENCE_HINT = (
    "write `table.column` within the contract, or "
    "`../<domain>/<port>.v1.odcs.yaml#/schema/<table>/properties/<column>`"
)
_KINDS = {dict: "object", list: "array", str: "string"}
_TYPE_BLOCKS = ("map", "vector")
# Said better, with the nearest name, by the walk over unknown keys.
_SAID_BY_WALK = (_KIND.UnevaluatedProperties,)


def schema_faults(document: YamlDocument) -> list[MeshportError]:
    """Every way in which the document breaks the official schema, in file order (MP103)."""
    unknown = list(_unknown_keys(_schema(), document.value, ()))
    faults = [(path, _unknown_fault(document, path, allowed)) for path, allowed in unknown]
    seen = {path for path, _ in unknown}
    for error in _validator().iter_errors(document.value):
        path = tuple(error.instance_path)
        if isinstance(error.kind, _SAID_BY_WALK) or _is_echo(error, path, seen):
            continue
        fact, hint = _explain(error, where(document.value, path))
        faults.append((path, ContractError("MP103", fact, document.place(path), hint)))
    faults = [fault for fault in faults if not _was_right(document.value, fault[0])]
    unique = {(str(fault), path): fault for path, fault in faults}
    return sorted(unique.values(), key=_file_order)


def _was_right(root: Any, path: KeyPath) -> bool:
    """Whether ODCS 3.0 allowed what the newest schema refuses.

    There a library rule had any name, under `rule`, and needed no operator; members of a team had
    comments in the standard's own examples.
    """
    if not isinstance(root, dict) or not str(root.get("apiVersion")).startswith("v3.0."):
        return False
    if path[-1:] == ("comment",):
        return path[0] == "team"
    entry: Any = root
    steps = path[:-1] if path[-1:] == ("rule",) else path
    for step in steps:
        entry = entry[step]
    is_quality = steps[-2:-1] == ("quality",) and isinstance(entry, dict)
    return is_quality and "rule" in entry and "metric" not in entry


def nearest(name: str, choices: Iterator[str] | list[str] | set[str]) -> str | None:
    """The choice that `name` is most likely a misspelling of."""
    lowered = {choice.lower(): choice for choice in sorted(choices)}
    found = difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=0.6)
    return lowered[found[0]] if found else None


def name_hint(name: str, choices: Iterator[str] | list[str] | set[str]) -> str:
    """A way out for a name that is not among the choices."""
    names = sorted(choices)
    near = nearest(name, names)
    return f"did you mean `{near}`?" if near else f"known here: {', '.join(names)}"


class _Part(dict[str, Any]):
    """A part of the schema: itself and no other, whatever else looks the same."""

    __hash__ = object.__hash__  # type: ignore[assignment]
    __eq__ = object.__eq__
    __ne__ = object.__ne__


@cache
def _schema() -> _Part:
    source = resources.files("open_data_contract_standard") / "schema.json"
    schema: _Part = json.loads(source.read_bytes(), object_hook=_Part)
    return schema


@cache
def _validator() -> jsonschema_rs.Draft201909Validator:
    return jsonschema_rs.Draft201909Validator(_schema())


def _unknown_keys(schema: _Part, value: Any, path: KeyPath) -> Iterator[tuple[KeyPath, set[str]]]:
    if not isinstance(value, dict | list):
        return
    parts = _applying(schema, value)
    if isinstance(value, list):
        items = [part["items"] for part in parts if isinstance(part.get("items"), dict)]
        for index, item in enumerate(value):
            for inner in items:
                yield from _unknown_keys(inner, item, (*path, index))
        return
    known = _properties(parts)
    # An object for which the standard names no keys, as `arguments`, is free.
    for key in value if known else ():
        if key not in known:
            yield (*path, key), set(known)
        for inner in known.get(key, ()):
            yield from _unknown_keys(inner, value[key], (*path, key))


@cache
def _properties(parts: tuple[_Part, ...]) -> dict[str, list[_Part]]:
    """Key → what the parts say of its value."""
    known: dict[str, list[_Part]] = {}
    for part in parts:
        for name, inner in part.get("properties", {}).items():
            known.setdefault(name, []).append(inner)
    return known


def _applying(schema: _Part, value: Any) -> tuple[_Part, ...]:
    """The schema's parts that speak about this value, references and conditions resolved."""
    always, conditional = _parts(schema, _kind(value))
    if not conditional:
        return always
    found = [*always]
    for part in conditional:
        branch = part.get("then" if _condition(part["if"]).is_valid(value) else "else")
        if branch:
            found += _applying(branch, value)
    return tuple(found)


@cache
def _parts(schema: _Part, kind: str) -> tuple[tuple[_Part, ...], tuple[_Part, ...]]:
    """The parts that speak about every value of a kind, and those that do under a condition."""
    inner = [_resolve(schema["$ref"])] if "$ref" in schema else []
    inner += schema.get("allOf", [])
    choices = (*schema.get("anyOf", []), *schema.get("oneOf", []))
    inner += [part for part in choices if _fits(part, kind)]
    found = [_parts(part, kind) for part in inner]
    always = (schema, *(one for parts, _ in found for one in parts))
    conditional = [one for _, parts in found for one in parts]
    return always, (*([schema] if "if" in schema else []), *conditional)


def _fits(part: _Part, kind: str) -> bool:
    named = [node["type"] for node in _applying(part, None) if isinstance(node.get("type"), str)]
    return all(name == kind or name not in _KINDS.values() for name in named)


def _kind(value: Any) -> str:
    return next((name for kind, name in _KINDS.items() if isinstance(value, kind)), "")


@cache
def _condition(condition: _Part) -> jsonschema_rs.Draft201909Validator:
    return jsonschema_rs.Draft201909Validator({**condition, "$defs": _schema()["$defs"]})


def _resolve(reference: str) -> _Part:
    node = _schema()
    for part in reference.removeprefix("#/").split("/"):
        node = node[part]
    return node


def _unknown_fault(document: YamlDocument, path: KeyPath, allowed: set[str]) -> ContractError:
    key = str(path[-1])
    fact = f"unknown key `{key}` in {where(document.value, path[:-1])}"
    return ContractError("MP103", fact, document.place(path), name_hint(key, allowed))


def _is_echo(error: jsonschema_rs.ValidationError, path: KeyPath, seen: set[KeyPath]) -> bool:
    """Whether the error only repeats that a key at or below its place is unknown."""
    if isinstance(error.kind, _KIND.Required) and error.kind.property in _TYPE_BLOCKS:
        # The 3.2.0 schema asks for these of a column without logicalType too: its condition
        # `logicalType is map` also holds where the key is absent.
        return isinstance(error.instance, dict) and "logicalType" not in error.instance
    if isinstance(error.kind, _KIND.AdditionalProperties):
        return all((*path, name) in seen for name in error.kind.unexpected)
    return isinstance(error.kind, _KIND.OneOfNotValid | _KIND.AnyOf) and any(
        known[: len(path)] == path for known in seen
    )


_PLAIN = {
    "boolean": "write true or false, without quotes",
    "integer": "write a whole number, without quotes",
    "number": "write a number, without quotes",
}


def _explain(error: jsonschema_rs.ValidationError, place: str) -> tuple[str, str | None]:
    kind = error.kind
    if isinstance(kind, _KIND.Required):
        return f"{place} lacks the key `{kind.property}`", None
    if isinstance(kind, _KIND.Type) and isinstance(error.instance, int | float | bool):
        return f"{place} is {json.dumps(error.instance)}, not a {_types(kind)}", (
            "put it in quotes" if "string" in _types(kind) else None
        )
    if isinstance(kind, _KIND.Type) and isinstance(error.instance, str):
        fact = f"{place} is `{error.instance[:80]}`, not a {_types(kind)}"
        return fact, _PLAIN.get(_types(kind))
    if isinstance(kind, _KIND.Enum):
        choices = [str(option) for option in kind.options]
        return f"{place} is `{error.instance}`", name_hint(str(error.instance), choices)
    if isinstance(kind, _KIND.OneOfMultipleValid):
        return f"{place} says the same thing in two ways", "keep exactly one operator (mustBe, …)"
    if isinstance(kind, _KIND.OneOfNotValid) and ".relationships." in place:
        return f"{place} is not a reference: `{error.instance}`", _REFERENCE_HINT
    if isinstance(kind, _KIND.AdditionalProperties):
        return f"{place}: {', '.join(kind.unexpected)} does not go with this type", None
    return f"{place}: {error.message[:300]}", None


def _types(kind: Any) -> str:
    return " or ".join(str(name) for name in kind.types)


def where(value: Any, path: KeyPath) -> str:
    """A path as a person would say it: list positions by the name of what stands there."""
    parts = []
    for part in path:
        value = value[part] if _has(value, part) else None
        named = isinstance(part, int) and isinstance(value, dict)
        parts.append(str(next((value[k] for k in _NAMES if k in value), part) if named else part))
    return f"`{'.'.join(parts)}`" if parts else "the contract"


def _has(value: Any, part: str | int) -> bool:
    if isinstance(part, int):
        return isinstance(value, list) and part < len(value)
    return isinstance(value, dict) and part in value


def _file_order(fault: MeshportError) -> tuple[int, int, str]:
    place = fault.place
    return (place.line or 0, place.column or 0, fault.fact) if place else (0, 0, fault.fact)
