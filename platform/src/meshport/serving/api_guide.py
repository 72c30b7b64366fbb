"""How rows are asked for, said once: the API page and its Markdown twin are made from this."""

from __future__ import annotations

from collections.abc import Sequence

from meshport.contracts.model import Column
from meshport.serving.rows.filters import IS_WORDS, MAX_DEPTH, MAX_LISTED, MAX_TERMS
from meshport.serving.rows.query import DEFAULT_LIMIT, MAX_LIMIT
from meshport.serving.rows.selection import CASTS

PARAMETERS = (
    (
        "select",
        "select=order_id,paid:paid_amount::text",
        "Only these columns, in this order; all without it. `new:column` renames, `column::type` "
        f"casts to {', '.join(dict.fromkeys(CASTS))}.",
    ),
    (
        "order",
        "order=paid_amount.desc.nullsfirst,order_id",
        "Sort; without `nullsfirst` nulls come last either way. The key follows, so that the order "
        "is total.",
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
        "like, ilike",
        "order_status=like.*ed",
        "matches a pattern, `ilike` in any case: `*` stands for any text, `_` for one character",
    ),
    (
        "in",
        "delivery_state=in.(SP,RJ)",
        f'one of up to {MAX_LISTED:,} values; a value with a comma is quoted: `"a,b"`',
    ),
    ("is", "delivered_at=is.null", f"{', '.join(f'`{word}`' for word in IS_WORDS)}"),
    ("isdistinct", "delivery_state=isdistinct.SP", "not equal, where a null equals a null"),
    ("cs, cd, ov", "tags=cs.{red,blue}", "a list contains, is contained in, overlaps the values"),
    ("not.…", "order_status=not.in.(canceled,unavailable)", "the opposite of any operator"),
    (
        "…(any), …(all)",
        "order_status=like(any).{ship*,deliver*}",
        "holds for one of the values, for all of them",
    ),
    (
        "and, or, not.and, not.or",
        "or=(item_count.gt.3,and(paid_amount.gte.500,delivered_at.is.null))",
        f"nested conditions, up to {MAX_DEPTH} deep; values that hold a comma or a parenthesis are "
        "quoted",
    ),
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
DOORS = (
    ("Rows", "/ports/{domain}/{port}/v{major}/rows", "any program, in pages or whole"),
    (
        "Changes",
        "/ports/{domain}/{port}/v{major}/changes",
        "a copy to keep up to date: by request, or as a stream of server-sent events",
    ),
    ("Webhooks", "/webhooks", "being told of releases, refusals and access"),
    ("SQL", "/sql", "one SELECT over tables named `domain.port`"),
    ("Delta Sharing", "/delta-sharing", "pandas and other clients of the protocol"),
    ("Iceberg REST", "/iceberg", "PyIceberg, DuckDB and other clients of the protocol"),
    ("MCP", "/mcp", "agents: tools to find, describe, sample, query, and to ask for access"),
)
"""Ways to the same cells: name, address, for whom."""
RULES = (
    (
        "Pages",
        "JSON and NDJSON come in pages. While more rows follow, the answer has "
        '`Link: <…>; rel="next"`: follow it until it is gone. All pages come from the release '
        "of the first one, so none repeats or misses a row while newer releases are published; it "
        "is kept until a quarter of an hour after the last page you asked for. "
        "`Content-Range` says which rows these are, and of how many where that is known; "
        "`Prefer: count=exact` counts. "
        f"A question has at most {MAX_TERMS} conditions.",
    ),
    (
        "Long questions",
        "What stands behind the `?` may stand in a body instead, as "
        "`application/x-www-form-urlencoded`: send it with `QUERY` (RFC 10008) or, where a client "
        "does not know that, with `POST`. The next page is asked for with the same body.",
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
        "decimals of more than 15 digits are strings, for most readers would round them; a column "
        "can say otherwise in `customProperties.jsonType` (`number` or `string`). "
        "A filter's value that does not fit its column exactly is an error, never rounded.",
    ),
    (
        "Limits",
        "An answer is made in bounded time and room (422 says what to ask instead). `RateLimit` "
        "says what is left of your quota, 429 and 503 come with `Retry-After`. `Server-Timing` "
        "says how long policy, plan and execution took, `…/rows/explain` how a question is "
        "answered: policy, files, bytes and plan.",
    ),
    (
        "The end of a port",
        "`Deprecation` (RFC 9745) and `Sunset` (RFC 8594) say since when a port is deprecated and "
        "when it is gone, `Link` with `successor-version` what comes after it. Past the end of "
        "support the answer is 410.",
    ),
    (
        "Errors",
        "Errors are `application/problem+json` (RFC 9457) with a code, the place, the fact and "
        "a hint.",
    ),
    (
        "Who you are",
        "Send `Authorization: Bearer …` with a token of meshport or of your company's issuer. "
        "Without an agreement you read what is open to your kind of consumer. Where agreements "
        "are for several purposes, name one in `Meshport-Purpose`. The header `Meshport-Access` "
        "of every answer says as which class it was read, and why.",
    ),
    (
        "What is withheld",
        "Columns beyond your access class do not exist for you: naming one is the same error as "
        "naming a column that was never there. A port's page shows who sees them, and has the "
        "form to ask for access; programs post to `/access/requests`.",
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
