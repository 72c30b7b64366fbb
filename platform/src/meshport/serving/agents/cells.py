"""Values as agents get them: data, of bounded length, without characters that nobody sees.

What a reader does not see, a model reads all the same: invisible characters can carry a text of
their own, and those that turn the direction make one look like another.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

MOST_CHARACTERS = 500
"""How much of one cell is shown."""
MOST_MEMBERS = 50
"""How many members of a list or structure are shown."""
_DEEPEST = 8
_SPACES = re.compile("[\t\n\x0b\x0c\r\x85\u2028\u2029]+")
# Unicode's Default_Ignorable_Code_Point, with controls, surrogates, private use and annotations.
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ud800-\uf8ff\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff0-\ufffb\ufffe\uffff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U0010ffff]"
)


def plain(text: str, most: int = MOST_CHARACTERS) -> str:
    """The text on one line, without what cannot be seen, cut with a mark where it is longer."""
    seen = _UNSEEN.sub("", _SPACES.sub(" ", text))
    if len(seen) <= most:
        return seen
    return f"{seen[:most]}… [{len(seen) - most:,} more characters]"


def shortened(text: str, most: int) -> str:
    """The same for a text of ours, which ends with a word and an ellipsis where it is longer."""
    seen = plain(text, len(text))
    return seen if len(seen) <= most else f"{seen[:most].rpartition(' ')[0]}…"


def counted(number: int, noun: str) -> str:
    """A number of things, in words: `1 row`, `2,000 rows`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def size_of(value: Any) -> int:
    """How many bytes a value takes as JSON."""
    return len(json.dumps(value, ensure_ascii=False).encode())


@dataclass
class Cells:
    """Makes rows fit to be handed to an agent, and remembers what had to be done for it."""

    most: int = MOST_CHARACTERS
    cleaned: int = 0
    cut: int = 0

    def rows(self, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        """The rows with names and values as they may be shown."""
        return [self._members(row, 0) for row in rows]

    @property
    def notes(self) -> list[str]:
        """What an agent has to know about the rows."""
        said = []
        if self.cleaned:
            cells = counted(self.cleaned, "cell")
            said.append(f"Line breaks, or characters that cannot be seen, are gone from {cells}.")
        if self.cut:
            said.append(f"{counted(self.cut, 'long cell')} cut; a mark says how much is missing.")
        return said

    def _value(self, value: Any, depth: int) -> Any:
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, list | dict) and depth >= _DEEPEST:
            self.cut += 1
            return "…"
        if isinstance(value, list):
            self.cut += len(value) > MOST_MEMBERS
            return [self._value(one, depth + 1) for one in value[:MOST_MEMBERS]]
        if isinstance(value, dict):
            return self._members(value, depth + 1)
        return value

    def _members(self, row: dict[str, Any], depth: int) -> dict[str, Any]:
        kept = list(row.items())
        if depth and len(kept) > MOST_MEMBERS:
            self.cut += 1
            kept = kept[:MOST_MEMBERS]
        return {self._text(name): self._value(value, depth) for name, value in kept}

    def _text(self, text: str) -> str:
        shown = plain(text, self.most)
        if len(shown) > self.most:
            self.cut += 1
        elif shown != text:
            self.cleaned += 1
        return shown


def fitting(rows: list[dict[str, Any]], most_bytes: int) -> list[dict[str, Any]]:
    """As many of the first rows as fit into so many bytes of JSON."""
    size = 0
    for number, row in enumerate(rows):
        size += size_of(row) + 2
        if size > most_bytes:
            return rows[:number]
    return rows
