"""Rows kept ready as JSON lines: a row by its key, and page after page in the order of the key, are
looked up instead of computed.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote as quoted

from meshport.serving.rows.filters import Condition, Test
from meshport.serving.rows.preparing import SEPARATOR
from meshport.serving.rows.query import PAGED, RowQuery
from meshport.serving.rows.reader import Page
from meshport.serving.rows.selection import Selected
from meshport.serving.rows.source import RowSource
from meshport.sql_text import literal

_PLAIN_NAME = re.compile(r"\w+")
_INTEGER = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?")


def is_in_lines(query: RowQuery) -> bool:
    """Whether lines hold all that a question wants to see."""
    return query.format in PAGED and all(
        one.cast is None and _PLAIN_NAME.fullmatch(one.column) for one in query.select
    )


def is_looked_up(source: RowSource, query: RowQuery) -> bool:
    """Whether lines answer a question without the engine."""
    in_order = source.is_in_order(source.total_order(query.order))
    is_asked = not query.filters or (query.cursor is None and key_asked(source, query) is not None)
    return is_in_lines(query) and in_order and is_asked


def key_asked(source: RowSource, query: RowQuery) -> str | None:
    """The key of the one row that the filters leave; None where they say something else."""
    values = dict(_equal(source, one) or ("", None) for one in query.filters)
    parts = [values.get(column) for column in source.key]
    if len(query.filters) != len(parts) or len(values) != len(parts):
        return None
    texts = [part for part in parts if part is not None and SEPARATOR not in part]
    return SEPARATOR.join(texts) if len(texts) == len(parts) else None


def _equal(source: RowSource, condition: Condition) -> tuple[str, str | None] | None:
    if not isinstance(condition, Test) or condition.operator != "eq":
        return None
    if condition.is_negated or condition.quantifier:
        return None
    return condition.column, _as_stored(condition.values[0], source.types[condition.column])


def _as_stored(text: str, native: str) -> str | None:
    """The value as the engine writes it; None for types where that takes the engine."""
    if native == "VARCHAR":
        return text
    if native == "DATE":
        return date(*map(int, text.split("-"))).isoformat()
    return str(int(text)) if _INTEGER.fullmatch(native) else None


class Lines:
    """The lines of one sight of one release; raises sqlite3.Error where they cannot be read."""

    def __init__(self, file: Path) -> None:
        uri = f"file:{quoted(str(file))}?mode=ro&immutable=1"
        self._con = sqlite3.connect(
            uri, uri=True, check_same_thread=False, isolation_level=None, cached_statements=64
        )
        self._con.text_factory = bytes
        self._con.execute("pragma mmap_size = 1073741824")

    def row(self, source: RowSource, query: RowQuery, key: str) -> Page:
        """The row with that key, if there is one."""
        sql = f"select {_line(source, query.select)} from lines where key = ?"
        found = self._con.execute(sql, (key,)).fetchall()
        return Page(_document([row[0] for row in found], query.format), len(found), None)

    def page(self, source: RowSource, query: RowQuery, after: Sequence[str | None]) -> Page:
        """The rows behind the one with that key."""
        start = 0
        if after:
            found = self._find("position", "key", SEPARATOR.join(map(str, after)))
            start = int(found) if found else 0
        end = start + (query.limit or 0)
        line = _line(source, query.select)
        sql = f"select {line} from lines where position > ? and position <= ?"
        lines = [row[0] for row in self._con.execute(sql, (start, end))]
        has_more = len(lines) == query.limit and self._find("1", "position", end + 1)
        last_key = self._key(end) if has_more else None
        return Page(_document(lines, query.format), len(lines), last_key)

    def rows(self, source: RowSource, query: RowQuery, found: Sequence[tuple[Any, ...]]) -> Page:
        """The rows of these numbers, of which the engine found one more if there is one."""
        last_key = None
        if query.limit is not None and len(found) > query.limit:
            found = found[: query.limit]
            number, *key = found[-1]
            last_key = tuple(key) or self._key(number + 1)
        positions = [row[0] + 1 for row in found]
        line = _line(source, query.select)
        sql = (
            f"select position, {line} from lines where position in (select value from json_each(?))"
        )
        by_position = dict(self._con.execute(sql, (json.dumps(positions),)))
        lines = [by_position[position] for position in positions]
        return Page(_document(lines, query.format), len(lines), last_key)

    def close(self) -> None:
        """Give the file back."""
        self._con.close()

    def _key(self, position: int) -> tuple[str, ...]:
        key = self._find("key", "position", position)
        return tuple(str(key, "utf-8").split(SEPARATOR)) if isinstance(key, bytes) else ()

    def _find(self, what: str, column: str, value: str | int) -> bytes | int | None:
        sql = f"select {what} from lines where {column} = ?"
        found = self._con.execute(sql, (value,)).fetchone()
        return found[0] if found else None


def _line(source: RowSource, select: Sequence[Selected]) -> str:
    if [one.column for one in select] == list(source.types) and all(s.is_plain for s in select):
        return "line"
    parts = []
    for number, one in enumerate(select):
        head = f'{"," if number else "{"}"{one.name}":'
        # The value as it is written in the line.
        parts.append(f"{literal(head)} || (line -> '$.\"{one.column}\"')")
    return f"{' || '.join(parts)} || '}}'"


def _document(lines: list[bytes], form: str) -> bytes:
    if form == "ndjson":
        return b"".join([line + b"\n" for line in lines])
    return b"[" + b",".join(lines) + b"]"
