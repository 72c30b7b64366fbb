"""What a request for rows asks for: columns, filters, order and page, parsed and checked.

The grammar is PostgREST's (`?total=gte.100&state=in.(SP,RJ)&select=a,b&order=a.desc&limit=50`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from meshport.contracts.schema import name_hint
from meshport.errors import ServingError
from meshport.serving.rows.faults import bad
from meshport.serving.rows.filters import Condition, FilterParser, Test, tests_of
from meshport.serving.rows.ordering import OrderTerm, parse_order
from meshport.serving.rows.selection import Selected, parse_select

FORMATS = ("json", "ndjson", "csv", "parquet", "arrow")
PAGED = ("json", "ndjson")
"""Formats that come in pages; the others hold all rows unless a limit is given."""
DEFAULT_LIMIT = 100
MAX_LIMIT = 10_000
_RESERVED = ("select", "order", "limit", "cursor", "format")


@dataclass(frozen=True)
class RowQuery:
    """A checked request; every column named in it is one that the reader may see."""

    select: tuple[Selected, ...]
    filters: tuple[Condition, ...] = ()
    order: tuple[OrderTerm, ...] = ()
    limit: int | None = DEFAULT_LIMIT
    cursor: str | None = None
    format: str = "json"
    raw: tuple[tuple[str, str], ...] = field(default=(), compare=False)
    """The parameters as they came, for the link to the next page."""

    @classmethod
    def all_of(cls, columns: Iterable[str], limit: int | None = None) -> RowQuery:
        """The first rows, with these columns."""
        return cls(tuple(Selected(name, name) for name in columns), limit=limit)

    @cached_property
    def canonical(self) -> str:
        """The same text for the same question, whatever order its parts came in."""
        return repr((self.select, self.filters, self.order))

    @property
    def tests(self) -> list[Test]:
        """All conditions on columns, nested ones included."""
        return [test for condition in self.filters for test in tests_of(condition)]

    @cached_property
    def columns(self) -> list[str]:
        """Every column that it names: to see it, to filter by it or to sort by it."""
        named = [one.column for one in self.select] + [test.column for test in self.tests]
        return list(dict.fromkeys([*named, *(term.column for term in self.order)]))

    @property
    def is_whole_table(self) -> bool:
        """Whether it asks for every row."""
        return not self.filters and self.limit is None and self.cursor is None


def parse_row_query(
    parameters: Iterable[tuple[str, str]], types: Mapping[str, str], default_format: str
) -> RowQuery:
    """Check a request against the columns that the reader may see, and their native types.

    Raises ServingError MP601 (unknown column), MP602 (a parameter that cannot be understood) or
    MP604 (a value that does not fit its column).
    """
    if not types:
        raise ServingError("MP601", "no column of this port is served openly")
    given = list(parameters)
    single = _single_values(given)
    chosen = single.get("format", default_format)
    if chosen not in FORMATS:
        hint = name_hint(chosen[:40], list(FORMATS))
        raise bad("format", f"there is no format `{chosen[:40]}`", hint)
    if "cursor" in single and chosen not in PAGED:
        raise bad("cursor", f"{chosen} does not come in pages", f"pages are {' or '.join(PAGED)}")
    if "offset" in single and "offset" not in types:
        raise bad("offset", "rows are not counted off", "follow the answer's `next` link")
    filters = [(name, text) for name, text in given if name not in _RESERVED]
    return RowQuery(
        select=parse_select(single.get("select"), types),
        filters=FilterParser(types).parse(filters),
        order=parse_order(single.get("order"), types),
        limit=_limit(single.get("limit"), chosen),
        cursor=single.get("cursor"),
        format=chosen,
        raw=tuple((n, text) for n, text in given if n != "cursor"),
    )


def _single_values(given: list[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, text in given:
        if name in _RESERVED and name in found:
            raise bad(name, f"`{name}` stands twice", "give it once")
        found[name] = text
    return found


def _limit(text: str | None, chosen: str) -> int | None:
    if text is None:
        return DEFAULT_LIMIT if chosen in PAGED else None
    most = MAX_LIMIT if chosen in PAGED else 10**9
    if not (text.isascii() and text.isdigit() and len(text) < 11 and 0 < int(text) <= most):
        hint = f"1 to {MAX_LIMIT:,}; for whole tables ask for format=parquet or format=arrow"
        raise bad("limit", f"`{text[:40]}` is no limit", hint)
    return int(text)
