"""How rows are asked for, said once: the API page and its Markdown twin are made from this."""

from __future__ import annotations

from collections.abc import Sequence

from meshport.contracts.model import Column
from meshport.serving.row_query import (
    DEFAULT_LIMIT,
    IS_WORDS,
    MAX_FILTERS,
    MAX_LIMIT,
    MAX_LISTED,
)

PARAMETERS = (
    ("select", "select=order_id,paid_amount", "Only these columns, in this order; all without it."),
    (
        "order",
        "order=paid_amount.desc,order_id",
        "Sort; nulls come last either way. The key follows, so that the order is total.",
    ),
    (
        "limit",
        "limit=50",
        f"Rows on a page: {DEFAULT_LIMIT} without it, at most {MAX_LIMIT:,}.",
    ),
    (
        "cursor",
        "cursor=…",
        "The next page. It comes from the answer's `Link` header and is not made by hand.",
    ),
    ("format", "format=csv", "Another format, where setting `Accept` is inconvenient."),
)
OPERATORS = (
    ("eq, neq", "order_status=eq.delivered", "equal, not equal"),
    ("gt, gte, lt, lte", "purchased_at=gte.2026-01-01", "greater, at least, less, at most"),
    (
        "in",
        "delivery_state=in.(SP,RJ)",
        f'one of up to {MAX_LISTED:,} values; a value with a comma is quoted: `"a,b"`',
    ),
    ("is", "delivered_at=is.null", f"{', '.join(f'`{word}`' for word in IS_WORDS)}"),
)
FORMATS = (
    ("json", "application/json", "in pages", "an array of objects; the default"),
    ("ndjson", "application/x-ndjson", "in pages", "one object per line"),
    ("csv", "text/csv", "whole", 'with a header; empty is null, `""` is an empty text'),
    (
        "parquet",
        "application/vnd.apache.parquet",
        "whole",
        "native types; the release's own file where all of it is asked for",
    ),
    ("arrow", "application/vnd.apache.arrow.stream", "whole", "an IPC stream; native types"),
)
RULES = (
    (
        "Pages",
        "JSON and NDJSON come in pages. While more rows follow, the answer has "
        '`Link: <…>; rel="next"`: follow it until it is gone. All pages come from the release '
        "of the first one, so none repeats or misses a row while a newer release is published. "
        f"A question has at most {MAX_FILTERS} filters, and all of them have to hold.",
    ),
    (
        "Releases",
        "`…/v1@<release>/rows` reads one release: pin what a report was made from. "
        "The header `Meshport-Release` names the release of every answer. Releases whose data is "
        "no longer kept answer 410.",
    ),
    (
        "Caching",
        "Rows have a strong `ETag`. Send it as `If-None-Match`: `304` means that the rows are "
        "the same, and costs next to nothing. A new release with the same rows keeps the tag.",
    ),
    (
        "Values",
        "Instants are RFC 3339 in UTC, days are `YYYY-MM-DD`. In JSON, 64-bit integers and "
        "decimals of more than 15 digits are strings, for most readers would round them. "
        "A filter's value that does not fit its column exactly is an error, never rounded.",
    ),
    (
        "Errors",
        "Errors are `application/problem+json` (RFC 9457) with a code, the place, the fact and "
        "a hint.",
    ),
    (
        "What is withheld",
        "Columns that are neither public nor internal are served to nobody until agreements are "
        "in place. For a reader they do not exist: naming one is the same error as naming a "
        "column that was never there.",
    ),
)


def examples(columns: Sequence[Column]) -> list[tuple[str, str]]:
    """Questions that a port with these columns answers: the query and what it asks."""
    names = [column.name for column in columns]
    numbers = [c.name for c in columns if c.logical_type in ("integer", "number")]
    optional = [c.name for c in columns if not c.required]
    found = [("limit=5", "the first five rows")]
    if len(names) > 2:
        found.append((f"select={','.join(names[:3])}&limit=5", "three columns of them"))
    if numbers:
        found.append((f"{numbers[0]}=gte.1&order={numbers[0]}.desc&limit=5", "filtered and sorted"))
    if optional:
        found.append((f"{optional[0]}=is.null&limit=5", f"rows without {optional[0]}"))
    found.append(("format=csv&limit=5", "as CSV"))
    return found
