"""What a request for rows asks for: filters, columns, order and page, parsed and checked.

The grammar is PostgREST's (`?total=gte.100&state=in.(SP,RJ)&select=a,b&order=a.desc&limit=50`).
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from meshport.contracts.schema import name_hint
from meshport.errors import Place, ServingError

FORMATS = ("json", "ndjson", "csv", "parquet", "arrow")
PAGED = ("json", "ndjson")
"""Formats that come in pages; the others hold all rows unless a limit is given."""
DEFAULT_LIMIT = 100
MAX_LIMIT = 10_000
MAX_LISTED = 1_000
MAX_FILTERS = 64

COMPARISONS = {"eq": "=", "neq": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
IS_WORDS = {"null": "is null", "not_null": "is not null", "true": "is true", "false": "is false"}
_OPERATORS = (*COMPARISONS, "in", "is")
_RESERVED = ("select", "order", "limit", "cursor", "format")


@dataclass(frozen=True)
class Filter:
    """One condition on one column."""

    column: str
    operator: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class OrderTerm:
    """One column to sort by; nulls come last either way."""

    column: str
    is_descending: bool = False


@dataclass(frozen=True)
class RowQuery:
    """A checked request; every column named in it is one that the reader may see."""

    select: tuple[str, ...]
    filters: tuple[Filter, ...] = ()
    order: tuple[OrderTerm, ...] = ()
    limit: int | None = DEFAULT_LIMIT
    cursor: str | None = None
    format: str = "json"
    raw: tuple[tuple[str, str], ...] = field(default=(), compare=False)
    """The parameters as they came, for the link to the next page."""

    @property
    def canonical(self) -> str:
        """The same text for the same question, whatever order its parts came in."""
        return repr((self.select, sorted(self.filters, key=repr), self.order))

    @property
    def is_whole_table(self) -> bool:
        """Whether it asks for every row."""
        return not self.filters and self.limit is None and self.cursor is None


def parse_row_query(
    parameters: Iterable[tuple[str, str]], columns: Sequence[str], default_format: str
) -> RowQuery:
    """Check a request against the columns that the reader may see.

    Raises ServingError MP601 (unknown column) or MP602 (a parameter that cannot be understood).
    """
    if not columns:
        raise ServingError("MP601", "no column of this port is served openly")
    given = list(parameters)
    single = _single_values(given)
    chosen = single.get("format", default_format)
    if chosen not in FORMATS:
        hint = name_hint(chosen[:40], list(FORMATS))
        raise _bad("format", f"there is no format `{chosen[:40]}`", hint)
    if "cursor" in single and chosen not in PAGED:
        raise _bad("cursor", f"{chosen} does not come in pages", f"pages are {' or '.join(PAGED)}")
    filters = [_filter(n, text, columns) for n, text in given if n not in _RESERVED]
    if len(filters) > MAX_FILTERS:
        raise _bad("filters", f"{len(filters):,} filters", f"at most {MAX_FILTERS} are allowed")
    return RowQuery(
        select=_select(single.get("select"), columns),
        filters=tuple(filters),
        order=_order(single.get("order"), columns),
        limit=_limit(single.get("limit"), chosen),
        cursor=single.get("cursor"),
        format=chosen,
        raw=tuple((n, text) for n, text in given if n != "cursor"),
    )


def _single_values(given: list[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, text in given:
        if name in _RESERVED and name in found:
            raise _bad(name, f"`{name}` stands twice", "give it once")
        found[name] = text
    return {name: text for name, text in found.items() if name in _RESERVED}


def _select(text: str | None, columns: Sequence[str]) -> tuple[str, ...]:
    if text is None or text.strip() == "*":
        return tuple(columns)
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise _bad("select", "it names no column", f"columns: {', '.join(columns)}")
    return tuple(dict.fromkeys(_known(name, columns, "select") for name in names))


def _filter(name: str, text: str, columns: Collection[str]) -> Filter:
    column = _known(name, columns, name)
    operator, dot, value = text.partition(".")
    if not dot or operator not in _OPERATORS:
        hint = f"write {name}=eq.{text[:40] or 'value'}; operators: {', '.join(_OPERATORS)}"
        raise _bad(name, f"`{text[:80]}` does not start with an operator", hint)
    if operator == "in":
        return Filter(column, operator, _listed(name, value))
    if operator == "is" and value not in IS_WORDS:
        raise _bad(name, f"`is.{value[:40]}` means nothing", f"is one of {', '.join(IS_WORDS)}")
    return Filter(column, operator, (value,))


def _listed(name: str, text: str) -> tuple[str, ...]:
    if not (text.startswith("(") and text.endswith(")")):
        raise _bad(name, "the list has no parentheses", f"write {name}=in.(a,b)")
    try:
        values = next(csv.reader([text[1:-1]], strict=True), [])
    except csv.Error as error:
        raise _bad(
            name, f"the list cannot be read: {error}", 'quote values: in.("a,b",c)'
        ) from error
    if not 0 < len(values) <= MAX_LISTED:
        raise _bad(name, f"{len(values)} values in the list", f"1 to {MAX_LISTED:,} are allowed")
    return tuple(values)


def _order(text: str | None, columns: Collection[str]) -> tuple[OrderTerm, ...]:
    terms: dict[str, OrderTerm] = {}
    for part in (text or "").split(","):
        name, _, direction = part.strip().partition(".")
        if not name:
            continue
        if direction not in ("", "asc", "desc"):
            column = _known(name, columns, "order")
            hint = f"write {column}.asc or {column}.desc; nulls are always last"
            raise _bad("order", f"`{direction[:40]}` is no direction", hint)
        # Rows that are equal in a column stay equal in it: a second term of it says nothing.
        terms.setdefault(name, OrderTerm(_known(name, columns, "order"), direction == "desc"))
    return tuple(terms.values())


def _limit(text: str | None, chosen: str) -> int | None:
    if text is None:
        return DEFAULT_LIMIT if chosen in PAGED else None
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 0 < int(text) <= MAX_LIMIT):
        hint = f"1 to {MAX_LIMIT:,}; for whole tables ask for format=parquet or format=arrow"
        raise _bad("limit", f"`{text[:40]}` is no limit", hint)
    return int(text)


def _known(name: str, columns: Collection[str], parameter: str) -> str:
    # A column that is withheld does not exist for this reader: one answer for both.
    if name not in columns:
        raise ServingError(
            "MP601",
            f"there is no column `{name[:80]}`",
            Place(f"?{parameter[:80]}"),
            name_hint(name[:80], list(columns)),
        )
    return name


def _bad(parameter: str, fact: str, hint: str) -> ServingError:
    return ServingError("MP602", fact, Place(f"?{parameter[:80]}"), hint)
