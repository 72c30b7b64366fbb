"""Contracts as plain values that JSON can hold, and back; whatever fields the model has."""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from meshport.contracts.model import Contract

_OF_THE_FILE = ("file", "text", "sha256")


def contract_as_plain(contract: Contract) -> dict[str, Any]:
    """What a contract says, without the file that says it."""
    names = [field.name for field in fields(contract) if field.name not in _OF_THE_FILE]
    return {name: _plain(getattr(contract, name)) for name in names}


def contract_from_plain(value: dict[str, Any], file: str, text: bytes, sha256: str) -> Contract:
    """The contract that `contract_as_plain` made plain, read from a file."""
    readers = _readers(Contract)
    said = {name: _read(readers[name], one) for name, one in value.items()}
    return Contract(**said, file=file, text=text, sha256=sha256)


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return [_plain(getattr(value, field.name)) for field in fields(value)]
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


_Reader = Callable[[Any], Any] | None
"""Makes a value of a type from its plain form; None: it is plain."""


def _read(reader: _Reader, value: Any) -> Any:
    return reader(value) if reader else value


@cache
def _readers(kind: type) -> dict[str, _Reader]:
    hints = get_type_hints(kind)
    return {field.name: _reader(hints[field.name]) for field in fields(kind)}


@cache
def _reader(kind: Any) -> _Reader:
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _reader(inner[0]) and _optional(_reader(inner[0]))
    if origin is tuple:
        return _tuple_reader([_reader(one) for one in inner], is_open=inner[-1] is Ellipsis)
    if isinstance(kind, type) and is_dataclass(kind):
        readers = list(_readers(kind).values())
        return lambda value: kind(*[r(v) if r else v for r, v in zip(readers, value, strict=True)])
    return kind if isinstance(kind, type) and issubclass(kind, Enum) else None


def _optional(reader: _Reader) -> _Reader:
    return lambda value: None if value is None else _read(reader, value)


def _tuple_reader(readers: list[_Reader], *, is_open: bool) -> _Reader:
    if not is_open:
        return lambda value: tuple(_read(r, v) for r, v in zip(readers, value, strict=True))
    first = readers[0]
    return (lambda value: tuple(map(first, value))) if first else tuple
