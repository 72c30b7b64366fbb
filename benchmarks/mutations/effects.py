"""What happened to a consumer: two sets of rows side by side."""

from __future__ import annotations

from collections.abc import Sequence

from meshport.reports.result import Effect
from meshport.sql_text import quote
from meshport.warehouse import Connection

ORDER = list(Effect)
"""The worst first."""


def worst(found: Sequence[Effect]) -> Effect:
    """The worst of several; unaffected of none."""
    return min(found, key=ORDER.index, default=Effect.UNAFFECTED)


def between(con: Connection, old: str, new: str, key: Sequence[str]) -> Effect:
    """Whether two queries of the same columns have other keys, other values, or the same rows."""
    listed = ", ".join(map(quote, key)) or "1"
    before, after = f"(select {listed} from {old})", f"(select {listed} from {new})"
    if _differ(con, before, after):
        return Effect.ROWS
    return Effect.VALUES if _differ(con, f"(from {old})", f"(from {new})") else Effect.UNAFFECTED


def _differ(con: Connection, old: str, new: str) -> bool:
    either = f"({old} except all {new}) union all ({new} except all {old})"
    return bool(con.execute(f"select 1 from ({either}) limit 1").fetchall())
