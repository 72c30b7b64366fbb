"""Which columns of a query are made in another way than before, and whether its rows are.

Names that mean nothing outside, of common tables and of tables in FROM, make no difference.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from sqlglot import exp

from meshport.sql.aggregates import is_aggregate
from meshport.sql.equality import normal_sql
from meshport.sql.statements import NotReadError, statements

_QUOTED = re.compile(r"(?<=')(\w+)(?=[.'])")


@dataclass(frozen=True)
class Rewritten:
    """What differs: some columns, or (None) any of them; and perhaps the set of rows."""

    columns: frozenset[str] | None = frozenset()
    rows: bool = False

    @property
    def is_nothing(self) -> bool:
        """Whether both queries say the same."""
        return self.columns == frozenset() and not self.rows


_ANYTHING = Rewritten(None, True)


def rewritten(old: str, new: str) -> Rewritten:
    """What differs between two queries; where that cannot be told, everything may."""
    try:
        trees = [_only(statements(text)) for text in (old, new)]
        for tree in trees:
            _rename(tree, _Names())
        return _compared(trees[0], trees[1], {})
    except (NotReadError, RecursionError):
        return _ANYTHING


def _only(trees: list[exp.Expr]) -> exp.Expr:
    if len(trees) != 1 or not isinstance(trees[0], exp.Query):
        raise NotReadError("not one query")
    return trees[0]


@dataclass(frozen=True)
class _Names:
    """What names of common tables and of tables in FROM are called instead, by depth and place."""

    shared: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    depth: int = 0


def _rename(node: exp.Expr, names: _Names) -> None:
    """Call common tables and tables in FROM by their place."""
    with_ = node.args.get("with_")
    for place, table in enumerate(with_.expressions if with_ is not None else ()):
        _rename(table.this, replace(names, depth=names.depth + 1))
        name = f"shared_{names.depth}_{place}"
        names = replace(names, shared={**names.shared, table.alias.lower(): name})
        table.args["alias"].set("this", exp.to_identifier(name))
    if isinstance(node, exp.Select):
        for place, item in enumerate(_tables(node)):
            name = f"table_{names.depth}_{place}"
            names = replace(names, aliases={**names.aliases, item.alias_or_name.lower(): name})
            _call(item, name, names.shared)
    for part in node.iter_expressions():
        if part is not with_:
            _rename_in(part, names)


def _call(item: exp.Expr, name: str, shared: Mapping[str, str]) -> None:
    """Give a table in FROM an alias, and a common table the name that it now has."""
    if isinstance(item, exp.Table) and not item.db and item.name.lower() in shared:
        item.set("this", exp.to_identifier(shared[item.name.lower()]))
    alias = item.args.get("alias") or exp.TableAlias()
    alias.set("this", exp.to_identifier(name))
    item.set("alias", alias)


def _rename_in(node: exp.Expr, names: _Names) -> None:
    if isinstance(node, exp.Query) and not isinstance(node, exp.Subquery):
        _rename(node, replace(names, depth=names.depth + 1))
        return
    if isinstance(node, exp.Column) and node.table.lower() in names.aliases:
        node.set("table", exp.to_identifier(names.aliases[node.table.lower()]))
    if isinstance(node, exp.Identifier) and "(" in node.name:
        # A macro's name with what it is given, which may be the name of a table.
        said = _QUOTED.sub(lambda one: names.aliases.get(one[1].lower(), one[1]), node.name)
        node.set("this", said)
    for part in node.iter_expressions():
        _rename_in(part, names)


def _tables(node: exp.Select) -> Iterator[exp.Expr]:
    first = node.args.get("from_")
    for item in (*([first] if first is not None else ()), *(node.args.get("joins") or ())):
        if isinstance(item.this, exp.Table | exp.Subquery):
            yield item.this


def _compared(old: exp.Expr, new: exp.Expr, dirty: _Dirty) -> Rewritten:
    """What differs; `dirty` are the common tables in reach that differ themselves."""
    is_clean = not any(table.name in dirty for table in new.find_all(exp.Table))
    if is_clean and normal_sql(old.copy()) == normal_sql(new.copy()):
        return Rewritten()
    if not isinstance(old, exp.Select) or not isinstance(new, exp.Select):
        return _ANYTHING
    before, after = _common(old), _common(new)
    were, are = _items(old), _items(new)
    if len(before) != len(after) or were is None or are is None:
        return _ANYTHING
    for (name, one), was in zip(after.items(), before.values(), strict=True):
        found = _compared(was, one, dirty)
        dirty = dirty if found.is_nothing else {**dirty, name: found}
    if _is_within(new, dirty):
        return _ANYTHING
    touched = _touched(new, dirty)
    columns = _changed(were, are, touched)
    own = {"": columns, **touched}
    rows = (
        _shape(old) != _shape(new)
        or any(dirty[item.name].rows for item in _tables(new) if item.name in dirty)
        or any(_names(part, own) for part in _frame(new))
        or any(_groups_by(new, name, are[name]) for name in columns if name in are)
    )
    return Rewritten(columns, rows)


def _is_within(node: exp.Select, dirty: _Dirty) -> bool:
    """Whether a query within an expression, or in FROM, reads a table that differs."""
    direct = {id(item) for item in _tables(node)}
    parts = (*node.expressions, *_frame(node))
    tables = (table for part in parts for table in part.find_all(exp.Table))
    return any(table.name in dirty and id(table) not in direct for table in tables)


_Items = Mapping[str, exp.Expr]
_Touched = Mapping[str, Collection[str] | None]
_Dirty = Mapping[str, Rewritten]


def _changed(were: _Items, are: _Items, touched: _Touched) -> frozenset[str]:
    """The columns that are made in another way, by themselves or from one that is, by its alias."""
    columns = frozenset(name for name in {*were, *are} if _differs(name, were, are, touched))
    while True:
        own = {"": columns}
        more = columns | {name for name, made in are.items() if _names(made, own)}
        if more == columns:
            return columns
        columns = more


def _differs(name: str, were: _Items, are: _Items, touched: _Touched) -> bool:
    if name not in were or name not in are or _names(are[name], touched):
        return True
    return normal_sql(were[name].copy()) != normal_sql(are[name].copy())


def _groups_by(node: exp.Select, name: str, made: exp.Expr) -> bool:
    """Whether other values in a column of its own can mean other rows of the query."""
    if any(node.args.get(key) for key in ("distinct", "limit", "offset")):
        return True
    group = node.args.get("group")
    if group is not None and group.args.get("all"):
        return not is_aggregate(made)
    meant = (name, str([one.lower() for one in node.named_selects].index(name) + 1))
    return group is not None and any(one.name.lower() in meant for one in group.expressions)


def _common(node: exp.Select) -> dict[str, exp.Expr]:
    with_ = node.args.get("with_")
    return {table.alias: table.this for table in (with_.expressions if with_ is not None else ())}


def _items(node: exp.Select) -> dict[str, exp.Expr] | None:
    """Name → expression of every column; None where a star stands for some."""
    found = {item.alias_or_name.lower(): item.unalias() for item in node.expressions}
    has_star = any(item.is_star or item.find(exp.Columns) for item in node.expressions)
    return None if has_star or len(found) != len(node.expressions) or "" in found else found


def _frame(node: exp.Select) -> Iterator[exp.Expr]:
    """Everything of a SELECT but its columns and its common tables."""
    for key, value in node.args.items():
        if key not in ("expressions", "with_"):
            for part in value if isinstance(value, list) else [value]:
                if isinstance(part, exp.Expr):
                    yield part


def _shape(node: exp.Select) -> list[str]:
    return sorted(f"{type(part).__name__} {normal_sql(part.copy())}" for part in _frame(node))


def _touched(node: exp.Select, dirty: _Dirty) -> _Touched:
    """Tables in FROM that are common tables with other columns, and which; None: any."""
    found: dict[str, frozenset[str] | None] = {}
    for item in _tables(node):
        if isinstance(item, exp.Table) and item.name in dirty:
            one = dirty[item.name]
            found[item.alias] = None if one.rows else one.columns
    return found


def _names(part: exp.Expr, touched: _Touched) -> bool:
    """Whether a part of the query uses a column that is made in another way.

    Under no name stand the query's own columns, which it may use by their aliases.
    """
    for column in part.find_all(exp.Column):
        tables = [touched[column.table]] if column.table in touched else []
        tables = [*touched.values()] if not column.table else tables
        if any(names is None or column.name.lower() in names for names in tables):
            return True
    return False
