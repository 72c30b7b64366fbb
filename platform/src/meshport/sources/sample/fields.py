"""Columns of an extract and how they become CSV fields: the only module that knows pyarrow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

# pyarrow ships no type hints.
import pyarrow as pa
import pyarrow.compute as pc

from meshport.sources.sample.randomness import Bits, Flags, Ints

Column: TypeAlias = pa.Array

_NEEDS_QUOTES = '[,"\r\n]'


def ids(words: Bits) -> Column:
    """32 lower-case hex characters for each pair of words."""
    digits = np.frombuffer("".join(f"{byte:02x}" for byte in range(256)).encode(), dtype=np.uint16)
    text = digits[np.ascontiguousarray(words.astype(">u8")).view(np.uint8).reshape(-1)]
    offsets = np.arange(len(words) + 1, dtype=np.int32) * 32
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(text)]
    return pa.Array.from_buffers(pa.string(), len(words), buffers)


def picked(texts: Sequence[str], which: Ints, missing: Flags | None = None) -> Column:
    """The texts at the given places, which must not need quotes, or be quoted afterwards."""
    return pa.array(texts, pa.string()).take(pa.array(which, mask=missing))


def whole(values: Ints, missing: Flags | None = None) -> Column:
    """Whole numbers."""
    return pa.array(values, pa.int64(), mask=missing)


def decimals(values: Ints, digits: int) -> Column:
    """Whole numbers of the last digit, written with `digits` decimals: 1290 cents are 12.90."""
    buffer = pa.py_buffer(np.ascontiguousarray(values, dtype=np.int64))
    return pa.Array.from_buffers(pa.decimal64(18, digits), len(values), [None, buffer])


def moments(seconds: Ints, missing: Flags | None = None) -> Column:
    """Seconds since 1970-01-01, written as YYYY-MM-DD HH:MM:SS."""
    return pa.array(seconds, pa.timestamp("s"), mask=missing)


def dates(days: Ints, missing: Flags | None = None) -> Column:
    """Days since 1970-01-01, written as YYYY-MM-DD."""
    return pa.array(days.astype(np.int32), pa.date32(), mask=missing)


def joined(*parts: Column | str) -> Column:
    """Texts put together piece by piece; null where one piece is null."""
    return pc.binary_join_element_wise(*parts, "")


def either(condition: Flags, yes: Column | str | None, no: Column | str) -> Column:
    """`yes` where the condition holds, else `no`; None stands for null."""
    chosen = pa.scalar(yes, pa.string()) if yes is None else yes
    return pc.if_else(pa.array(condition), chosen, no)


def upper(texts: Column) -> Column:
    """The texts in capitals."""
    return pc.utf8_upper(texts)


def replaced(texts: Column, old: str, new: str) -> Column:
    """The texts with every `old` replaced."""
    return pc.replace_substring(texts, old, new)


def scattered(texts: Column, present: Flags) -> Column:
    """The texts at the places where `present` is true, in order, and null elsewhere."""
    places = np.cumsum(present) - 1
    return texts.take(pa.array(places, mask=~present))


def quoted(texts: Column) -> Column:
    """The texts with quotes around those that a CSV reader would otherwise misread."""
    needy = pc.match_substring_regex(texts, _NEEDS_QUOTES)
    safe = joined('"', pc.replace_substring(texts, '"', '""'), '"')
    return pc.if_else(needy, safe, texts)


def csv_lines(columns: Sequence[Column], first: int, count: int) -> memoryview:
    """The bytes of `count` lines from row `first` on, each with its line end."""
    texts = [column.slice(first, count).cast(pa.string()) for column in columns]
    nothing = {"null_handling": "replace", "null_replacement": ""}
    lines = pc.binary_join_element_wise(*texts, ",", **nothing)
    ended = pc.binary_join_element_wise(lines, "", "\n")
    _, offsets, data = ended.buffers()
    end = np.frombuffer(offsets, dtype=np.int32)[len(ended)]
    return memoryview(data)[:end]
