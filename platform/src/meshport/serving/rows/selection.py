"""Which columns an answer has, read from PostgREST's grammar: `?select=a,name:b,c::text`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from meshport.serving.rows.faults import bad, known
from meshport.serving.rows.values import is_nested

CASTS = {
    "text": "VARCHAR",
    "int": "INTEGER",
    "integer": "INTEGER",
    "int4": "INTEGER",
    "bigint": "BIGINT",
    "int8": "BIGINT",
    "float8": "DOUBLE",
    "double": "DOUBLE",
    "date": "DATE",
}
"""The types that values can be cast to, as PostgreSQL and as DuckDB spell them."""
MAX_SELECTED = 500
_ALIAS = re.compile(r"[^\s:,.()\"'\\][^:,\"'\\]{0,62}")
_MAY_BE_A_DAY = ("VARCHAR", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "DATE")


@dataclass(frozen=True)
class Selected:
    """A column of the answer: its name there, the column that it shows, and the type if cast."""

    name: str
    column: str
    cast: str | None = None

    @property
    def is_plain(self) -> bool:
        """Whether it is the column as it is."""
        return self.name == self.column and self.cast is None


def parse_select(text: str | None, types: Mapping[str, str]) -> tuple[Selected, ...]:
    """The columns of the answer, in order; without a text all. Raises ServingError MP601, MP602."""
    everything = tuple(Selected(name, name) for name in types)
    if text is None or text.strip() == "*":
        return everything
    found: dict[str, Selected] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        for one in everything if part == "*" else (_item(part, types),):
            # The engine does not tell names apart by case.
            if found.setdefault(one.name.casefold(), one) != one:
                fact = f"two columns would be named `{one.name[:40]}`"
                raise bad("select", fact, "rename one of them: other_name:column")
    if not found:
        raise bad("select", "it names no column", f"columns: {', '.join(types)}"[:400])
    if len(found) > MAX_SELECTED:
        raise bad("select", f"{len(found)} columns", f"at most {MAX_SELECTED} are allowed")
    return tuple(found.values())


def _item(part: str, types: Mapping[str, str]) -> Selected:
    head, _, cast = part.partition("::")
    alias, colon, named = head.rpartition(":")
    column = known(named.strip(), types, "select")
    if colon and not (_ALIAS.fullmatch(alias) and alias.isprintable()):
        hint = "1 to 63 characters, none of them a comma, a colon or a quote"
        raise bad("select", f"`{alias[:80]}` is no name for a column", hint)
    target = CASTS.get(cast.strip()) if "::" in part else None
    if "::" in part and target is None:
        hint = f"one of {', '.join(CASTS)}"
        raise bad("select", f"there is no cast to `{cast[:40]}`", hint)
    if target and not _can_be(types[column], target):
        fact = f"`{column}` is {types[column].lower()[:40]}"
        raise bad("select", f"{fact}: that is never {target.lower()}", "leave the cast out")
    return Selected(alias if colon else column, column, target)


def _can_be(native: str, target: str) -> bool:
    if is_nested(native) or native == "BLOB":
        return False
    if target == "DATE":
        return native in _MAY_BE_A_DAY
    return target == "VARCHAR" or not native.startswith(("DATE", "TIME", "INTERVAL"))
