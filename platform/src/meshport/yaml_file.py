"""YAML read as YAML 1.2 means it, with the line and column of every value.

The only importer of PyYAML. Differs from its defaults on purpose: duplicate keys are an error,
dates stay text, `no` and `off` stay text, and size and aliases are bounded, because contracts
come from other people (reference: YAML 1.2.2, sections 3.2.1.3 and 10.3).
"""

from __future__ import annotations

import math
import re
import stat
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

_TOO_MUCH = "say less, or in several files: people have to read it"
_STRING = "tag:yaml.org,2002:str"
_PLAIN_TAGS = {"str", "int", "float", "bool", "null", "timestamp", "value", "map", "seq", "merge"}

_Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _TooMuchError(Exception):
    def __init__(self, parent: yaml.Node, fact: str) -> None:
        super().__init__(fact)
        self.line, _ = _position(parent)


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Composes some nodes, not too deep; what plain scalars mean is decided here, not by PyYAML."""

    depth = 0
    nodes = 0

    def descend_resolver(self, parent: yaml.Node, _index: object) -> None:
        # libyaml composes by recursion in C: deep nesting would end the process, not raise.
        self.depth += 1
        if self.depth > MAX_DEPTH + 1:
            raise _TooMuchError(parent, f"nested more than {MAX_DEPTH} levels deep")
        # Every value and every key is a node of some hundred bytes.
        self.nodes += 1
        if self.nodes > 2 * MAX_VALUES:
            raise _TooMuchError(parent, f"more than {MAX_VALUES:,} values")

    def ascend_resolver(self) -> None:
        self.depth -= 1

    def resolve(self, _kind: object, _value: object, _implicit: object) -> str:
        return _STRING


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
    return parse_yaml(read_text(file, name), name)


def read_text(file: Path, name: str) -> bytes:
    """A file's bytes, if they are not too many; `name` is shown in errors. Raises MP101."""
    try:
        about = file.stat()
        # What is no file may never end, or never begin.
        if not (stat.S_ISREG(about.st_mode) or stat.S_ISDIR(about.st_mode)):
            raise ContractError("MP101", "it is not a file", Place(name), "put a file there")
        text = file.read_bytes() if about.st_size <= MAX_BYTES else b""
    except OSError as error:
        fact = f"cannot read the file: {error.strerror}"
        raise ContractError("MP101", fact, Place(name), "check path and rights") from error
    if about.st_size > MAX_BYTES:
        fact = f"the file has {about.st_size:,} bytes; at most {MAX_BYTES:,} are read"
        raise ContractError("MP101", fact, Place(name), _TOO_MUCH)
    return text


def parse_yaml(text: bytes, file: str) -> YamlDocument:
    """Parse YAML text; `file` is the name shown in errors. Raises ContractError MP102."""
    try:
        node = yaml.compose(text, Loader=_Loader)
    except _TooMuchError as error:
        raise ContractError("MP102", str(error), Place(file, error.line), _TOO_MUCH) from error
    except yaml.YAMLError as error:
        raise _syntax_error(error, text, file) from error
    except UnicodeError as error:
        fact = f"the file is not UTF-8: {error}"
        raise ContractError("MP102", fact, Place(file), "save it as UTF-8") from error
    builder = _Builder(file)
    value = builder.build(node, ()) if node is not None else None
    return YamlDocument(file, text, value, builder.places)


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
            raise self._error(
                node, "an alias refers to a part of itself", "write out what is meant"
            )
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
                fact = f"the key `{key.value}` stands twice in the same mapping"
                raise self._error(key, fact, "keep one of them")
            result[key.value] = self.build(value, (*path, key.value))
            self.places[(*path, key.value)] = _position(key)
        return result

    def _entries(self, node: yaml.MappingNode) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise self._error(key, "a key must be plain text", "put it in quotes")
            self._require_plain(key)
            if key.value == "<<" and not key.style:
                fact = "merge keys (`<<`) are not part of YAML 1.2"
                raise self._error(key, fact, "write the keys out")
            yield key, value

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        if node.style:
            return node.value
        if node.value in _CONSTANTS:
            return _CONSTANTS[node.value]
        if _INTEGER.fullmatch(node.value) and len(node.value) < 30:
            return int(node.value)
        number = float(node.value) if _FLOAT.fullmatch(node.value) else math.inf
        # What no number holds stays as it was written.
        return number if math.isfinite(number) else node.value

    def _require_plain(self, node: yaml.Node) -> None:
        if node.tag.removeprefix("tag:yaml.org,2002:") not in _PLAIN_TAGS:
            raise self._error(node, f"the tag `{node.tag}` is not allowed", "leave it out")

    def _note(self, node: yaml.Node, path: KeyPath) -> None:
        if len(self.places) >= MAX_VALUES:
            fact = f"more than {MAX_VALUES:,} values, aliases counted each time"
            raise self._error(node, fact, _TOO_MUCH)
        self.places.setdefault(path, _position(node))

    def _error(self, node: yaml.Node, fact: str, hint: str) -> ContractError:
        return ContractError("MP102", fact, Place(self.file, *_position(node)), hint)


def _position(node: yaml.Node) -> tuple[int, int]:
    mark = node.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def _syntax_error(error: yaml.YAMLError, text: bytes, file: str) -> ContractError:
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        hint = "save it as UTF-8 text"
        return ContractError("MP102", str(error).splitlines()[0], Place(file), hint)
    lines = text.splitlines()
    line = lines[mark.line] if mark.line < len(lines) else b""
    hint = "look at this line and the one before it"
    if b"\t" in line:
        hint = "indent with spaces, YAML forbids tabs"
    fact = getattr(error, "problem", None) or "this is not YAML"
    return ContractError("MP102", fact, Place(file, mark.line + 1, mark.column + 1), hint)


def dump_yaml(value: Any) -> str:
    """Plain values as YAML text, keys in the order given."""
    text = _dumped(value, _Dumper)
    # libyaml writes as escapes what lies beyond the first plane, as emoji do.
    return _dumped(value, yaml.SafeDumper) if "\\U" in text else text


def _dumped(value: Any, dumper: Any) -> str:
    text: str = yaml.dump(value, Dumper=dumper, sort_keys=False, allow_unicode=True, width=100)
    return text
