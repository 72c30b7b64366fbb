"""What a query would read, under which policy, and how: the answer of /sql/explain."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from meshport.serving.sql_door.door import Caps, SqlPlan
from meshport.serving.sql_door.tables import SeenTable


def explanation(plan: SqlPlan, caps: Caps, layers: Sequence[str]) -> dict[str, Any]:
    """The whole answer as plain values; `layers` are what holds the process that runs it."""
    scans = [_columns_of(scan) for scan in _scans(plan.plan.operators)]
    sizes = plan.plan.column_bytes
    return {
        "query_hash": plan.reading.fingerprint,
        "columns": [{"name": name, "type": native} for name, native in plan.plan.columns],
        "tables": [_table(table) for table in plan.reading.tables],
        "bytes_to_read_at_most": sum(_bytes(columns, sizes) for columns in scans),
        "plan": plan.plan.operators,
        "limits": {
            "rows": caps.rows,
            "bytes": caps.bytes,
            "seconds": caps.limits.seconds,
            "memory_mb": caps.limits.memory_mb,
        },
        "held_by": list(layers),
    }


def _table(table: SeenTable) -> dict[str, Any]:
    sight, grant = table.sight, table.sight.grant
    masked = {one.name: one.mask for one in sight.projection.masked if one.name in sight.columns}
    return {
        "table": str(table.name),
        "port": str(table.port.id),
        "release": table.manifest.release,
        "policy": {
            "access_class": grant.reader.name,
            "rule": grant.rule,
            "purpose": grant.purpose,
            "until": grant.until.isoformat() if grant.until else None,
            "row_scope": list(grant.scope) if grant.scope is not None else None,
            "columns": list(sight.columns),
            "masked": masked,
        },
        "files": [{"sha256": f.sha256, "bytes": f.bytes, "rows": f.rows} for f in sight.files],
        "rows": sight.rows,
    }


def _scans(operators: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for operator in operators:
        if "PARQUET" in str(operator["operator"]).upper():
            yield operator
        yield from _scans(operator["children"])


def _columns_of(scan: Mapping[str, Any]) -> set[str]:
    """What a scan names: its columns, and those in its filters."""
    projected = scan.get("Projections") or []
    names = {projected} if isinstance(projected, str) else set(projected)
    filters = scan.get("Filters") or []
    said = filters if isinstance(filters, str) else " ".join(filters)
    return names | set(re.findall(r"\w+", said))


def _bytes(named: set[str], tables: Mapping[str, Mapping[str, int]]) -> int:
    """At most so many: the plan does not say which table a scan is of, so the largest counts."""
    fitting = [
        sum(size for column, size in sizes.items() if column in named) for sizes in tables.values()
    ]
    return max(fitting, default=0)
