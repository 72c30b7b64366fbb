"""What somebody else's SELECT may consist of, judged on the engine's own parse of it.

Every node of the tree has to be of a kind that is listed: what a new version of the engine adds is
refused until somebody looked at it. The gate says which tables are read; whether they may be is
for the one who asks.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from meshport.sandbox.functions import FUNCTIONS, MAX_RANGE, TABLE_FUNCTIONS, TYPES
from meshport.sandbox.named import named_columns
from meshport.sandbox.tree import Node, nodes

MAX_NODES = 200_000
TOO_DEEP = "expression depth limit"
"""What the engine says of a query that is nested too deeply."""

_EXPRESSIONS = frozenset(
    {
        "BETWEEN", "CASE", "CAST", "COLLATE", "COLUMN_REF", "COMPARISON", "CONJUNCTION", "CONSTANT",
        "FUNCTION", "LAMBDA", "LAMBDA_REF", "OPERATOR", "POSITIONAL_REFERENCE", "STAR", "SUBQUERY",
        "TYPE", "WINDOW",
    }
)  # fmt: skip
_NODES = frozenset(
    {
        # queries
        "SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE",
        # what stands in FROM
        "BASE_TABLE", "EMPTY", "EXPRESSION_LIST", "JOIN", "SUBQUERY", "TABLE_FUNCTION",
        # what changes a result
        "DISTINCT_MODIFIER", "LIMIT_MODIFIER", "LIMIT_PERCENT_MODIFIER", "ORDER_MODIFIER",
        "ASCENDING", "DESCENDING", "ORDER_DEFAULT",
    }
)  # fmt: skip
# Within a text of the query the quotes would be escaped, so it is never cut.
_POSITION = re.compile(r'"query_location(_length)?":\d+,?')
# The engine's own tables: nobody may name anything like them, so that nothing can be mistaken.
_RESERVED = ("duckdb_", "pg_", "pragma_", "sqlite_", "information_schema")

_OF_LITERALS = re.compile(r"-|trunc|to_[a-z]+")


class TableName(NamedTuple):
    """A table as a query names it; the schema is empty where it names none."""

    schema: str
    name: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}" if self.schema else self.name


class RefusedError(Exception):
    """A query that may not run; `rule` names what it breaks, the message says it to its author."""

    def __init__(self, rule: str, words: str) -> None:
        super().__init__(words)
        self.rule = rule
        self.words = words


@dataclass(frozen=True)
class Gated:
    """A query that may run if its tables may be read."""

    tables: tuple[TableName, ...]
    fingerprint: str
    """Equal for queries that differ in spaces, comments and the case of keywords alone."""
    columns: frozenset[str] | None = None
    """Every column that it names, in lower case; None where it may take others as well."""


def gate(parsed: str) -> Gated:
    """Judge what the engine's `json_serialize_sql` made of a query; raises RefusedError."""
    statement = _one_select(_read(parsed))
    tables: dict[TableName, None] = {}
    _Walk(tables).visit(statement, frozenset())
    fingerprint = hashlib.sha256(_POSITION.sub("", parsed).encode()).hexdigest()
    return Gated(tuple(tables), fingerprint, named_columns(statement))


def _read(parsed: str) -> Node:
    try:
        tree: Node = json.loads(parsed)
    except (ValueError, RecursionError) as error:
        raise RefusedError("depth", "it is nested too deeply") from error
    if tree.get("error"):
        said = str(tree.get("error_message", "")).splitlines()
        words = said[0][:300] if said else "it cannot be read"
        if TOO_DEEP in words:
            raise RefusedError("depth", "it is nested too deeply")
        if tree.get("error_type") != "parser":
            raise RefusedError("select", "it has to be one SELECT and nothing else")
        raise RefusedError("syntax", f"it is not SQL: {words}")
    return tree


def _one_select(tree: Node) -> Node:
    statements = tree.get("statements") or []
    if len(statements) != 1:
        raise RefusedError("select", f"it has to be one statement, not {len(statements)}")
    if statements[0].get("named_param_map"):
        raise RefusedError("parameter", "a query cannot have parameters here")
    return dict(statements[0])


class _Walk:
    """One way through a tree; names of common table expressions are known where they hold."""

    def __init__(self, tables: dict[TableName, None]) -> None:
        self.tables = tables
        self.seen = 0

    def visit(self, top: Any, known: frozenset[str]) -> None:
        """Judge everything below `top`."""
        waiting: list[tuple[Any, frozenset[str]]] = [(top, known)]
        while waiting:
            part, names = waiting.pop()
            if isinstance(part, list):
                waiting += [(one, names) for one in part]
            elif isinstance(part, dict):
                self._count()
                inner = self._names_in(part, names)
                self._judge(part, inner)
                waiting += [(v, inner) for key, v in part.items() if key != "cte_map"]

    def _count(self) -> None:
        self.seen += 1
        if self.seen > MAX_NODES:
            raise RefusedError("size", "the query has too many parts")

    def _names_in(self, node: Node, known: frozenset[str]) -> frozenset[str]:
        """What is known inside a query: each WITH sees those before it, and itself if recursive."""
        entries = (node.get("cte_map") or {}).get("map") or []
        if node.get("type") in ("RECURSIVE_CTE_NODE", "CTE_NODE"):
            known |= {_cte_name(node.get("cte_name"))}
        for entry in entries:
            name = _cte_name(entry.get("key"))
            self.visit(entry.get("value"), known)
            known |= {name}
        return known

    def _judge(self, node: Node, known: frozenset[str]) -> None:
        kind = node.get("class")
        if kind is not None:
            if kind not in _EXPRESSIONS:
                raise RefusedError("construct", f"{_words(kind)} is not allowed here")
            if kind in ("FUNCTION", "WINDOW"):
                _require_listed(node)
            elif kind == "TYPE":
                _require_type(_path(node, "catalog", "schema", "type_name"))
            return
        if "type_info" in node and node.get("id") != "UNBOUND":
            _require_type([_plain(node.get("id"))])
        kind = node.get("type")
        if isinstance(kind, str) and kind not in _NODES and not kind.endswith("_TYPE_INFO"):
            raise RefusedError("construct", f"{_words(kind)} is not allowed here")
        if kind == "UNBOUND_TYPE_INFO":
            _require_type(_path(node, "catalog", "schema", "name"))
        elif kind == "TABLE_FUNCTION":
            _require_table_function(node.get("function") or {})
        elif kind == "BASE_TABLE":
            self._table(node, known)

    def _table(self, node: Node, known: frozenset[str]) -> None:
        path = _path(node, "catalog_name", "schema_name", "table_name")
        schema, name = ("", *path)[-2:]
        is_inner = len(path) == 1 or (len(path) == 2 and schema == "recurring")
        if is_inner and name in known:
            return
        if len(path) > 2 or not all(path) or name.startswith(_RESERVED):
            shown = ".".join(path)[:120]
            raise RefusedError("table", f"there is no table `{shown}` for you")
        self.tables[TableName(schema, name)] = None


def _cte_name(said: Any) -> str:
    name = _plain(said)
    if name.startswith(_RESERVED):
        raise RefusedError("table", f"`{name[:60]}` is the engine's own name")
    return name


def _require_listed(node: Node) -> None:
    path = _path(node, "catalog", "schema", "function_name")
    # The parser of 1.5 writes [1, 2] as main.list_value(1, 2).
    if path[:-1] not in ((), ("main",)) or path[-1] not in FUNCTIONS:
        raise RefusedError("function", f"the function `{'.'.join(path)[:80]}` is not allowed here")


def _require_table_function(function: Node) -> None:
    path = _path(function, "catalog", "schema", "function_name")
    name = path[-1]
    if len(path) > 1 or name not in TABLE_FUNCTIONS:
        raise RefusedError("table-function", f"`{name[:80]}` is not allowed in FROM")
    if name == "unnest":
        return
    for literal in nodes(function.get("arguments", function.get("children"))):
        kind = literal.get("class")
        # A negative number and `interval 1 day` are functions of literals.
        is_of_literal = kind == "FUNCTION" and _OF_LITERALS.fullmatch(
            _plain(literal["function_name"])
        )
        if kind not in (None, "CONSTANT", "CAST", "TYPE") and not is_of_literal:
            raise RefusedError("table-function", f"`{name}` in FROM takes literals only")
        if kind == "CONSTANT" and _number(literal) > MAX_RANGE:
            raise RefusedError("table-function", f"`{name}` in FROM goes to {MAX_RANGE:,} at most")


def _require_type(path: Sequence[str]) -> None:
    if len(path) > 1 or path[0] not in TYPES:
        raise RefusedError("type", f"there is no type `{'.'.join(path)[:80]}`")


def _number(constant: Node) -> float:
    """The size of a literal number; 0 for what is none."""
    said = (constant.get("literal") or {}).get("text")
    said = (constant.get("value") or {}).get("value") if said is None else said
    try:
        return abs(float(str(said)))
    except ValueError:
        return 0.0


def _path(node: Node, *parts: str) -> tuple[str, ...]:
    """A qualified name as the engine reads it, in both of the forms in which it says it."""
    said = tuple(_plain(node.get(part)) for part in parts)
    path = tuple(said[next((n for n, one in enumerate(said) if one), len(said) - 1) :])
    qualified = (node.get("qualified_name") or {}).get("path")
    if qualified is not None and tuple(map(_plain, qualified)) != path:
        raise RefusedError("construct", f"the name `{'.'.join(map(str, qualified))[:80]}` is odd")
    return path


def _plain(name: Any) -> str:
    # As the engine compares names: it knows the case of ASCII letters alone.
    text = str(name or "")
    return text.lower() if text.isascii() else text


def _words(kind: str) -> str:
    return kind.replace("_", " ").removesuffix(" NODE").removesuffix(" REF")
