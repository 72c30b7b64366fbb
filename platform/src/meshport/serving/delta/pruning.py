"""JSON predicates as hints: files without a row that could fit are left out of an answer.

A hint never makes a difference to what a client finds, only to how much it reads: what cannot be
understood or compared counts as fitting. See "JSON predicates for Filtering" in the protocol.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from meshport.sql_text import quote
from meshport.warehouse import EngineError, connect_memory, parquet_scan

MAX_PARTS = 200
_TYPES = {
    "bool": "BOOLEAN", "int": "INTEGER", "long": "BIGINT", "string": "VARCHAR", "date": "DATE",
    "float": "FLOAT", "double": "DOUBLE", "timestamp": "TIMESTAMPTZ",
}  # fmt: skip
_COMPARISONS = {
    "equal": "=", "lessThan": "<", "lessThanOrEqual": "<=", "greaterThan": ">",
    "greaterThanOrEqual": ">=",
}  # fmt: skip


class _UnknownError(Exception):
    """A predicate that says nothing to us."""


def fitting(files: Sequence[Path], hints: str, columns: Collection[str]) -> set[Path]:
    """The files in which a row of these columns may fit the predicate; all, where nobody can tell.

    A column that is not among them is an unknown one.
    """
    if len(hints) > 100_000:
        return set(files)
    try:
        predicate = _Predicate(columns)
        condition = predicate.sql(json.loads(hints))
    except (ValueError, TypeError, RecursionError, _UnknownError):
        return set(files)
    con = connect_memory(threads=1)
    try:
        con.execute("set TimeZone = 'UTC'")
        where = " or ".join([condition, *predicate.doubts])
        bound = [*predicate.values, *predicate.values]
        return {
            file
            for file in files
            if con.execute(
                f"select 1 from {parquet_scan([file])} where {where} limit 1", bound
            ).fetchall()
        }
    except EngineError:
        return set(files)
    finally:
        con.close()


class _Predicate:
    """One predicate on its way to SQL; values are bound.

    `doubts` are true of rows in which something cannot be compared as the client wants it; they
    take the values once more.
    """

    def __init__(self, columns: Collection[str]) -> None:
        self.columns = columns
        self.values: list[str] = []
        self.doubts: list[str] = []
        self._parts = 0

    def sql(self, node: Any) -> str:
        """The condition that a node means; raises _UnknownError."""
        self._parts += 1
        if not isinstance(node, dict) or self._parts > MAX_PARTS:
            raise _UnknownError
        operator, children = node.get("op"), node.get("children")
        if not isinstance(children, list) or not children:
            raise _UnknownError
        if operator in ("and", "or"):
            return "(" + f" {operator} ".join(self.sql(child) for child in children) + ")"
        if operator == "not" and len(children) == 1:
            return f"(not {self.sql(children[0])})"
        if operator == "isNull" and len(children) == 1:
            return f"({self._leaf(children[0])} is null)"
        if operator in _COMPARISONS and len(children) == 2:
            left, right = (self._leaf(child) for child in children)
            return f"({left} {_COMPARISONS[operator]} {right})"
        raise _UnknownError

    def _leaf(self, node: Any) -> str:
        if not isinstance(node, dict) or node.get("valueType") not in _TYPES:
            raise _UnknownError
        native = _TYPES[node["valueType"]]
        if node.get("op") == "column" and node.get("name") in self.columns:
            name = quote(node["name"])
            self.doubts.append(f"(try_cast({name} as {native}) is null and {name} is not null)")
            return f"try_cast({name} as {native})"
        if node.get("op") == "literal" and isinstance(node.get("value"), str):
            self.values.append(node["value"])
            self.doubts.append(f"try_cast(? as {native}) is null")
            return f"try_cast(? as {native})"
        raise _UnknownError
