"""The columns that the items of one SELECT stand for: expressions, stars, `columns(…)`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol, TypeVar

from sqlglot import exp

from meshport.sql.expressions import Expressions, Reader
from meshport.sql.inference import Derived, Inference
from meshport.sql.keys import plain_name
from meshport.sql.origins import Gap, How, Trace
from meshport.sql.scope import Column, Scope

_Node = TypeVar("_Node", bound=exp.Expr)
# The alias under which an expression over `columns(…)` finds each of them; no text can hold it.
_EACH = "\0columns"


class SelectReader(Reader, Derived, Protocol):
    """What the items of a SELECT need of the query around them."""


class SelectList:
    """Reads the items of one SELECT; types of columns may still follow what they meet."""

    def __init__(self, reader: SelectReader, scope: Scope, walk: Expressions) -> None:
        self.reader = reader
        self.scope = scope
        self.walk = walk
        self.types = Inference(scope, reader)

    def item(self, item: exp.Expr) -> Iterator[tuple[Column, str]]:
        """The columns of one item, each with the name of the first table's column that it is."""
        if isinstance(item, exp.Star) or (
            isinstance(item, exp.Column) and isinstance(item.this, exp.Star)
        ):
            yield from self.starred(item)
            return
        expanded = inner(item, exp.Columns)
        if expanded is not None and not expanded.args.get("unpack"):
            for column in self._several(item, expanded):
                yield column, ""
            return
        made = self._made(self._named(item), item, self._line(item))
        yield made, plain_name(item.unalias(), self.scope)

    def _named(self, item: exp.Expr) -> str:
        """The item's name; a column on its own is written as it is where it comes from."""
        if isinstance(item, exp.Column):
            found = self.scope.find([part.name for part in item.parts], None).columns
            if len(found) == 1 and found[0].name.lower() == item.name.lower():
                return found[0].name
        return _name(item)

    def starred(self, item: exp.Expr) -> Iterator[tuple[Column, str]]:
        """The columns that a star stands for, each with the name it has in the first table."""
        star = item.this if isinstance(item, exp.Column) else item
        table = item.args.get("table")
        line = self.reader.line_of(star)
        dropped = {one.name.lower() for one in star.args.get("except_") or ()}
        replaced = {one.alias.lower(): one.this for one in star.args.get("replace") or ()}
        renamed_to = {one.this.name.lower(): one.alias for one in star.args.get("rename") or ()}
        if table is not None and table.name.lower() not in self.scope.sources:
            gap = Gap(f"the fields of `{table.name}` are not known", line)
            yield Column("*", Trace(gaps={gap})), ""
            return
        for name in (*dropped, *renamed_to):
            self.walk.name([name], line, How.IDENTITY, Trace())
        for source, column in self.scope.visible():
            key = column.name.lower()
            if key in dropped or (table is not None and source != table.name.lower()):
                continue
            if key in replaced:
                yield self._made(column.name, replaced[key], line), ""
                continue
            shown = renamed_to.get(key, column.name)
            passed = column.passed if key not in renamed_to else None
            plain = key if source == self.scope.first else ""
            trace = column.named(line)
            yield Column(shown, trace, passed, column.beside, column.type, line), plain

    def _several(self, item: exp.Expr, wanted: exp.Columns) -> Iterator[Column]:
        """`columns(…)`: the expression once for each column that it means."""
        given, line = wanted.this, self.reader.line_of(wanted)
        if not isinstance(given, exp.Star | exp.Column | exp.Literal):
            gap = Gap("a function chooses the columns", line)
            yield Column("*", Trace(gaps={gap}))
            return
        try:
            pattern = re.compile(given.name if isinstance(given, exp.Literal) else "")
        except re.error:
            yield Column("*", Trace(gaps={Gap("the columns' pattern cannot be read", line)}))
            return
        source = given if isinstance(given, exp.Star | exp.Column) else exp.Star()
        for column, _ in self.starred(source):
            if pattern.search(column.name):
                self.scope.aliases[_EACH] = replace(column, passed=None, beside=None)
                made = self._made(column.name, item.transform(_each), line)
                is_bare = item.unalias() is wanted
                yield replace(made, passed=column.passed) if is_bare else made

    def _made(self, name: str, item: exp.Expr, line: int | None) -> Column:
        return Column(name, self.walk.trace(item), type=self.types.of(item), line=line)

    def _line(self, item: exp.Expr) -> int | None:
        """The line that names the column, or else the first line known within the item."""
        named = item.args.get("alias") if isinstance(item, exp.Alias) else item.this
        found = self.reader.line_of(named) if isinstance(named, exp.Identifier) else None
        if found is None:
            lines = (self.reader.line_of(one) for one in item.find_all(exp.Identifier))
            found = next((line for line in lines if line is not None), None)
        return found


def inner(item: exp.Expr, kind: type[_Node]) -> _Node | None:
    """The first node of a kind within a select item."""
    plain = item.this if isinstance(item, exp.Alias) else item
    return None if isinstance(plain, exp.Column | exp.Literal) else plain.find(kind)


def _name(item: exp.Expr) -> str:
    """The name that DuckDB gives an item of a select list."""
    if isinstance(item, exp.Alias | exp.Column):
        return str(item.alias_or_name)
    if isinstance(item, exp.Dot) and isinstance(item.expression, exp.Identifier):
        return str(item.expression.name)
    text = str(item.sql(dialect="duckdb"))
    return "count_star()" if text == "COUNT(*)" else text


def _each(node: exp.Expr) -> exp.Expr:
    return exp.column(_EACH) if isinstance(node, exp.Columns) else node
