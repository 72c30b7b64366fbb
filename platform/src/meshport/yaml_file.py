"""YAML read as YAML 1.2 means it, with the line and column of every value.

The only importer of PyYAML. Differs from its defaults on purpose: duplicate keys are an error,
dates stay text, `no` and `off` stay text, and size and aliases are bounded, because contracts
come from other people (reference: YAML 1.2.2, sections 3.2.1.3 and 10.3).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from meshport.errors import ContractError, Place

MAX_BYTES = 4 * 1024 * 1024
MAX_VALUES = 200_000
MAX_DEPTH = 60

KeyPath = tuple[str | int, ...]

_INTEGER = re.compile(r"[-+]?\d+")
_FLOAT = re.compile(r"[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?")
_CONSTANTS = {"": None, "~": None, "null": None, "true": True, "false": False}
_CONSTANTS |= {word.upper(): value for word, value in _CONSTANTS.items()}
_CONSTANTS |= {word.capitalize(): value for word, value in _CONSTANTS.items()}

_PLAIN_TAGS = {"str", "int", "float", "bool", "null", "timestamp", "value", "map", "seq", "merge"}

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class YamlDocument:
    """A YAML file's value and the place of each part of it."""

    file: str
    text: bytes
    value: Any
    _places: dict[KeyPath, tuple[int, int]]

    def place(self, path: KeyPath = ()) -> Place:
        """Where the value at `path` stands; of a part that is not there, its nearest parent."""
        while path and path not in self._places:
            path = path[:-1]
        line, column = self._places.get(path, (1, 1))
        return Place(self.file, line, column)


def read_yaml(file: Path, shown_as: str | None = None) -> YamlDocument:
    """Read one YAML document; raises ContractError MP101 (unreadable) or MP102 (not YAML)."""
    name = shown_as or str(file)
    try:
        size = file.stat().st_size
        text = file.read_bytes() if size <= MAX_BYTES else b""
    except OSError as error:
        raise ContractError(
            "MP101", f"cannot read the file: {error.strerror}", Place(name)
        ) from error
    if size > MAX_BYTES:
        raise ContractError(
            "MP101", f"the file has {size:,} bytes; at most {MAX_BYTES:,} are read", Place(name)
        )
    return parse_yaml(text, name)


def parse_yaml(text: bytes, file: str) -> YamlDocument:
    """Parse YAML text; `file` is the name shown in errors. Raises ContractError MP102."""
    try:
        _bound_depth(text, file)
        node = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as error:
        raise _syntax_error(error, text, file) from error
    except UnicodeError as error:
        raise ContractError("MP102", f"the file is not UTF-8: {error}", Place(file)) from error
    builder = _Builder(file)
    value = builder.build(node, ()) if node is not None else None
    return YamlDocument(file, text, value, builder.places)


def _bound_depth(text: bytes, file: str) -> None:
    # libyaml composes by recursion in C: deep nesting would end the process, not raise.
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            fact = f"nested more than {MAX_DEPTH} levels deep"
            raise ContractError(
                "MP102", fact, Place(file, event.start_mark.line + 1 if event.start_mark else None)
            )


class _Builder:
    """Turns composed nodes into plain values, noting where each one stands."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.places: dict[KeyPath, tuple[int, int]] = {}
        self._open: set[int] = set()

    def build(self, node: yaml.Node, path: KeyPath) -> Any:
        self._note(node, path)
        self._require_plain(node)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if id(node) in self._open:
            raise self._error(node, "an alias refers to a part of itself")
        self._open.add(id(node))
        value = (
            self._mapping(node, path)
            if isinstance(node, yaml.MappingNode)
            else [self.build(item, (*path, index)) for index, item in enumerate(node.value)]
        )
        self._open.discard(id(node))
        return value

    def _mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key, value in self._entries(node):
            if key.value in result:
                raise self._error(key, f"the key `{key.value}` stands twice in the same mapping")
            result[key.value] = self.build(value, (*path, key.value))
            self.places[(*path, key.value)] = _position(key)
        return result

    def _entries(self, node: yaml.MappingNode) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise self._error(key, "a key must be plain text")
            self._require_plain(key)
            if key.value == "<<" and not key.style:
                raise self._error(key, "merge keys (`<<`) are not part of YAML 1.2")
            yield key, value

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        if node.style:
            return node.value
        if node.value in _CONSTANTS:
            return _CONSTANTS[node.value]
        if _INTEGER.fullmatch(node.value) and len(node.value) < 30:
            return int(node.value)
        return float(node.value) if _FLOAT.fullmatch(node.value) else node.value

    def _require_plain(self, node: yaml.Node) -> None:
        if node.tag.removeprefix("tag:yaml.org,2002:") not in _PLAIN_TAGS:
            raise self._error(node, f"the tag `{node.tag}` is not allowed")

    def _note(self, node: yaml.Node, path: KeyPath) -> None:
        if len(self.places) >= MAX_VALUES:
            raise self._error(node, f"more than {MAX_VALUES:,} values, aliases counted each time")
        self.places.setdefault(path, _position(node))

    def _error(self, node: yaml.Node, fact: str) -> ContractError:
        return ContractError("MP102", fact, Place(self.file, *_position(node)))


def _position(node: yaml.Node) -> tuple[int, int]:
    mark = node.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def _syntax_error(error: yaml.YAMLError, text: bytes, file: str) -> ContractError:
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return ContractError("MP102", str(error).splitlines()[0], Place(file))
    lines = text.splitlines()
    line = lines[mark.line] if mark.line < len(lines) else b""
    hint = "indent with spaces, YAML forbids tabs" if b"\t" in line else None
    fact = getattr(error, "problem", None) or "this is not YAML"
    return ContractError("MP102", fact, Place(file, mark.line + 1, mark.column + 1), hint)


def dump_yaml(value: Any) -> str:
    """Plain values as YAML text, keys in the order given."""
    text: str = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=100)
    return text
