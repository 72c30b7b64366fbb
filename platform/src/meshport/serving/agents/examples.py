"""Calls that run as they are, for whoever reads the brief: with columns that it sees."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from meshport.catalog.entry import PortEntry
from meshport.contracts.model import Column
from meshport.serving.agents.joins import Join
from meshport.sql_text import quote

_LISTED = 8
_SIMPLE = re.compile(r"\w[\w-]{0,30}")


def examples(entry: PortEntry, joins: Sequence[Join]) -> list[dict[str, Any]]:
    """At most three; none where nothing can be read."""
    if not entry.visible or entry.status.release is None:
        return []
    found = [_filtered(entry), _counted(entry)]
    joined = next((join for join in joins if join.port != entry.port.id), None)
    return [*found, _joined(entry, joined)] if joined else found


def _filtered(entry: PortEntry) -> dict[str, Any]:
    """Rows by a condition that some of them meet."""
    columns = list(entry.visible)
    clear = [one for one in columns if one.name not in entry.masked]
    listed = next((one for one in clear if _choice(one)), None)
    tested = listed or next((one for one in clear if one.required), columns[0])
    arguments = {
        "id": str(entry.port.id),
        "select": ",".join(one.name for one in columns[:4]),
        "filters": {tested.name: _choice(tested) or "not.is.null"},
        "order": columns[0].name,
        "limit": 5,
    }
    return {"tool": "query_product", "arguments": arguments}


def _choice(column: Column) -> str | None:
    """The condition that names every value of a short list; None where there is no such list."""
    values = [str(one) for one in column.allowed_values]
    if not 1 < len(values) <= _LISTED or not all(map(_SIMPLE.fullmatch, values)):
        return None
    return f"in.({','.join(values)})"


def _counted(entry: PortEntry) -> dict[str, Any]:
    """Counts by the column with few values, and the sum of the first measure."""
    few = next((c for c in entry.visible if c.allowed_values or c.name.endswith("state")), None)
    measure = next((c for c in entry.visible if _is_additive(c, entry)), None)
    what = ["count(*) as n"]
    if measure:
        what.append(f"sum({quote(measure.name)}) as total")
    table = _table(entry.port.id.domain, entry.port.id.model)
    if few is None:
        return _sql(f"select {', '.join(what)} from {table}")
    by = quote(few.name)
    return _sql(
        f"select {by}, {', '.join(what)} from {table} group by all order by n desc limit 10"
    )


def _joined(entry: PortEntry, join: Join) -> dict[str, Any]:
    mine = _table(entry.port.id.domain, entry.port.id.model)
    theirs = _table(join.port.domain, join.port.model)
    pairs = zip(join.columns, join.theirs, strict=True)
    on = " and ".join(f"a.{quote(one)} = b.{quote(other)}" for one, other in pairs)
    return _sql(f"select count(*) as n from {mine} a join {theirs} b on {on}")


def _is_additive(column: Column, entry: PortEntry) -> bool:
    return column.custom.get("aggregation") == "additive" and column.name not in entry.masked


def _table(domain: str, model: str) -> str:
    return f"{quote(domain)}.{quote(model)}"


def _sql(text: str) -> dict[str, Any]:
    return {"tool": "query_sql", "arguments": {"sql": text}}
