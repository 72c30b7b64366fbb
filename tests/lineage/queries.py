"""Small random queries over three tables of small numbers, valid for the engine by their making.

Every construct is deterministic: ties never decide, and a LIMIT follows an order by all columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

TABLES = {"t": ("k", "a", "b"), "u": ("k", "c", "d"), "v": ("k", "a", "e"), "w": ("k", "f", "g")}
UNIQUE = {"w": ("k",)}
"""Of these tables these columns never hold a value twice."""


@dataclass
class Names:
    """The columns in reach, as the query would write them."""

    columns: list[str]
    outer: list[str] = field(default_factory=list)


class QueryMaker:
    """Makes one query per call from a source of chance."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self.aliases = 0

    def query(self, depth: int = 3) -> str:
        """A query with columns c0, c1, …."""
        return self._query(depth, self.chance.randint(1, 4), [])

    def _query(self, depth: int, width: int, outer: Sequence[str]) -> str:
        kind = self.chance.random()
        if depth > 0 and kind < 0.15:
            operator = self._one(["union all", "union", "except", "intersect", "union all by name"])
            left, right = (self._select(depth - 1, width, outer) for _ in range(2))
            return f"({left}) {operator} ({right})"
        if depth > 0 and kind < 0.35:
            name, columns = self._alias("q"), self.chance.randint(1, 3)
            inner = self._query(depth - 1, columns, [])
            source = (f"{name}", [f"{name}.c{n}" for n in range(columns)])
            return f"with {name} as ({inner}) {self._select(depth - 1, width, outer, source)}"
        return self._select(depth, width, outer)

    def _select(
        self,
        depth: int,
        width: int,
        outer: Sequence[str],
        source: tuple[str, list[str]] | None = None,
    ) -> str:
        text, columns = source or self._source(depth)
        if self.chance.random() < 0.5:
            text, columns = self._joined(text, columns, depth)
        names = Names(columns, list(outer))
        where = f" where {self._condition(names, depth)}" if self.chance.random() < 0.4 else ""
        form = self.chance.random()
        if form < 0.3:
            return self._grouped(names, width, depth) % (text, where)
        if form < 0.4 and width > 1:
            return self._windowed(names, width, depth) % (text, where)
        items = self._items(names, width, depth)
        distinct = self._one(["", "", "distinct "])
        ending = self._one(["", "", "", " order by all limit 3"])
        return f"select {distinct}{items} from {text}{where}{ending}"

    def _items(self, names: Names, width: int, depth: int) -> str:
        made: list[str] = []
        for position in range(width):
            # The engine reuses no alias of a value that holds a query.
            reused = position > 0 and "(select" not in made[-1] and self.chance.random() < 0.15
            text = f"c{position - 1} + 1" if reused else self._value(names, depth)
            made.append(f"{text} as c{position}")
        return ", ".join(made)

    def _grouped(self, names: Names, width: int, depth: int) -> str:
        keys = [self._plain(names) for _ in range(self.chance.randint(0, min(2, width)))]
        items = [*keys, *(self._aggregate(names, depth) for _ in range(width - len(keys)))]
        shown = ", ".join(f"{item} as c{n}" for n, item in enumerate(items))
        group = ""
        if keys:
            ordinals = ", ".join(str(n + 1) for n in range(len(keys)))
            group = " group by " + self._one(["all", ordinals, ", ".join(keys)])
            if len(keys) == width:
                group = f" group by {', '.join(keys)}"
        having = f" having {self._aggregate(names, 0)} > 0" if self.chance.random() < 0.2 else ""
        return f"select {shown} from %s%s{group}{having}"

    def _windowed(self, names: Names, width: int, depth: int) -> str:
        function = self._one([f"sum({self._plain(names)})", "rank()", f"min({self._plain(names)})"])
        over = f"partition by {self._plain(names)} order by {self._plain(names)}"
        items = [
            *(self._value(names, depth) for _ in range(width - 1)),
            f"{function} over ({over})",
        ]
        shown = ", ".join(f"{item} as c{n}" for n, item in enumerate(items))
        qualify = f" qualify c{width - 1} > 1" if self.chance.random() < 0.5 else ""
        return f"select {shown} from %s%s{qualify}"

    def _source(self, depth: int) -> tuple[str, list[str]]:
        if depth > 0 and self.chance.random() < 0.4:
            alias, width = self._alias("s"), self.chance.randint(1, 3)
            inner = self._query(depth - 1, width, [])
            return f"({inner}) as {alias}", [f"{alias}.c{n}" for n in range(width)]
        table = self._one(list(TABLES))
        alias = self._alias("r")
        if self.chance.random() < 0.2:
            star = self._one(["* exclude (k)", "* replace (k + 1 as k)", "*", "columns(*)"])
            kept = [c for c in TABLES[table] if c != "k" or "exclude" not in star]
            return f"(select {star} from {table}) as {alias}", [f"{alias}.{c}" for c in kept]
        if self.chance.random() < 0.15:
            return f"{table} as {alias}(x, y, z)", [f"{alias}.{c}" for c in "xyz"]
        return f"{table} as {alias}", [f"{alias}.{c}" for c in TABLES[table]]

    def _joined(self, text: str, columns: list[str], depth: int) -> tuple[str, list[str]]:
        if self.chance.random() < 0.35:
            return self._looked_up(text, columns)
        other, more = self._source(depth - 1 if depth > 0 else 0)
        kind = self._one(["join", "left join", "right join", "full join", "semi join", "anti join"])
        kept = columns if kind in ("semi join", "anti join") else [*columns, *more]
        shared = {c.split(".")[1] for c in columns} & {c.split(".")[1] for c in more}
        if shared and self.chance.random() < 0.5:
            name = self._one(sorted(shared))
            if len([c for c in columns if c.endswith(f".{name}")]) == 1:
                unqualified = [c for c in kept if not c.endswith(f".{name}")]
                return f"{text} {kind} {other} using ({name})", [*unqualified, name]
        if self.chance.random() < 0.2:
            return f"{text}, {other}", [*columns, *more]
        left, right = self._one(columns), self._one(more)
        return f"{text} {kind} {other} on {left} = {right}", kept

    def _looked_up(self, text: str, columns: list[str]) -> tuple[str, list[str]]:
        """A join that finds at most one row, or just one."""
        alias, table = self._alias("s"), self._one(list(TABLES))
        key, value = self._one(TABLES[table]), self._one(TABLES[table])
        more = [f"{alias}.c0", f"{alias}.c1"]
        kind = self._one(["left join", "left join", "join"])
        on = f"on {self._one(columns)} = {alias}.c0"
        where = f" where {value} {self._one(['=', '<>'])} 1" if self.chance.random() < 0.4 else ""
        grouped = f"(select {key} as c0, sum({value}) as c1 from {table}{where} group by {key})"
        order = ", ".join(TABLES[table])
        first = f"row_number() over (partition by {key} order by {order}) = 1"
        form = self.chance.random()
        if form < 0.45:
            return f"{text} {kind} {grouped} as {alias} {on}", [*columns, *more]
        if form < 0.65:
            chosen = f"(select {key} as c0, {value} as c1 from {table}{where} qualify {first})"
            return f"{text} {kind} {chosen} as {alias} {on}", [*columns, *more]
        if form < 0.8:
            single = f"(select max({key}) as c0, count(*) as c1 from {table}{where})"
            return f"{text} cross join {single} as {alias}", [*columns, *more]
        known = f"w as {alias} on {self._one(columns)} = {alias}.k"
        return f"{text} {kind} {known}", [*columns, f"{alias}.f"]

    def _value(self, names: Names, depth: int) -> str:
        kind = self.chance.random()
        if depth <= 0 or kind < 0.45:
            return self._plain(names)
        one, two = (self._value(names, depth - 2) for _ in range(2))
        if kind < 0.6:
            return f"{one} + {two}"
        if kind < 0.72:
            return f"case when {self._condition(names, depth - 2)} then {one} else {two} end"
        if kind < 0.82:
            return f"{self._one(['coalesce', 'nullif', 'greatest'])}({one}, {two})"
        if kind < 0.9:
            return str(self.chance.randint(0, 3))
        table, alias = self._one(list(TABLES)), self._alias("w")
        function, column = self._one(["max", "sum", "count"]), self._one(TABLES[table])
        inner = f"from {table} as {alias} where {alias}.k = {self._plain(names)}"
        return f"(select {function}({alias}.{column}) {inner})"

    def _condition(self, names: Names, depth: int) -> str:
        kind = self.chance.random()
        if depth > 0 and kind < 0.2:
            table, alias = self._one(list(TABLES)), self._alias("w")
            column = self._one(TABLES[table])
            inner = f"from {table} as {alias} where {alias}.{column} = {self._plain(names)}"
            return f"{self._one(['', 'not '])}exists (select 1 {inner})"
        if depth > 0 and kind < 0.35:
            table = self._one(list(TABLES))
            column = self._one(TABLES[table])
            return f"{self._plain(names)} in (select {table}.{column} from {table})"
        if depth > 0 and kind < 0.5:
            parts = (self._condition(names, depth - 1) for _ in range(2))
            return f"({self._one([' and ', ' or ']).join(parts)})"
        if kind < 0.6:
            return f"{self._plain(names)} is null"
        return f"{self._plain(names)} {self._one(['=', '<', '<>'])} {self.chance.randint(0, 3)}"

    def _aggregate(self, names: Names, depth: int) -> str:
        column = self._plain(names)
        plain = [f"{f}({column})" for f in ("sum", "min", "max", "count", "count(distinct")]
        text = self._one([*plain, "count(*)", f"max({column} + {self._plain(names)})"])
        text += ")" if "(distinct" in text else ""
        if self.chance.random() < 0.25:
            return f"{text} filter (where {self._condition(names, min(depth, 0))})"
        return text

    def _plain(self, names: Names) -> str:
        return self._one(names.columns)

    def _alias(self, prefix: str) -> str:
        self.aliases += 1
        return f"{prefix}{self.aliases}"

    def _one(self, choices: Sequence[str]) -> str:
        return self.chance.choice(choices)
