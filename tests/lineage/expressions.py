"""Random expressions over a table with a column of every common type."""

from __future__ import annotations

COLUMNS = {
    "ti": "TINYINT", "si": "SMALLINT", "i": "INTEGER", "j": "INTEGER", "b": "BIGINT",
    "h": "HUGEINT", "ui": "UINTEGER", "ub": "UBIGINT", "d": "DECIMAL(12,2)", "e": "DECIMAL(5,3)",
    "w": "DECIMAL(38,4)", "m": "DECIMAL(18,2)", "f": "DOUBLE", "r": "FLOAT", "s": "VARCHAR",
    "t": "VARCHAR", "o": "BOOLEAN", "dt": "DATE", "du": "DATE", "ts": "TIMESTAMP",
    "tz": "TIMESTAMPTZ", "tm": "TIME", "u": "UUID", "l": "INTEGER[]", "ls": "VARCHAR[]",
    "iv": "INTERVAL", "js": "JSON", "bl": "BLOB", "ms": "TIMESTAMP_MS", "en": "ENUM('a', 'b')",
    "st": "STRUCT(a INTEGER)",
}  # fmt: skip

_NUMBERS = ("ti", "si", "i", "j", "b", "h", "ui", "ub", "d", "e", "w", "m", "f", "r")
_WRITTEN = ("0", "1", "-1", "5", "100", "1000", "40000", "3000000000", "1.5", "0.5", "0.005",
            "100.00", "12345.678", "1e3", "null")  # fmt: skip
_MOMENTS = ("dt", "du", "ts", "tz", "current_date", "now()", "iv", "'2026-01-01'",
            "date '2026-01-01'", "timestamp '2026-01-01'", "interval 1 day", "ms")  # fmt: skip
_TYPES = ("tinyint", "smallint", "integer", "bigint", "hugeint", "double", "real", "varchar",
          "decimal(10,2)", "decimal(18,4)", "decimal(38,10)", "numeric(4)", "date", "timestamp",
          "timestamptz", "boolean", "text", "int4", "float8")  # fmt: skip


class ExpressionMaker:
    """Writes expressions; most of them mean something to the engine."""

    def __init__(self, chance):
        self.chance = chance

    def expression(self, depth=3):
        return self._any((self.number, self.number, self.text, self.moment, self.truth), depth)

    def _any(self, makers, depth):
        return self.chance.choice(makers)(depth)

    def number(self, depth):
        pick = self.chance.choice
        if depth <= 0 or self.chance.random() < 0.15:
            return pick(_NUMBERS) if self.chance.random() < 0.7 else pick(_WRITTEN)
        one, two, three = (self.number(depth - 1) for _ in range(3))
        return pick(
            [
                f"({one} {pick('+-*/%')} {two})", f"({one} {pick('+-*')} {two})",
                f"({one} // {two})", f"-({one})", f"coalesce({one}, {two})",
                f"coalesce({one}, {two}, {three})", f"nullif({one}, {two})",
                f"case when o then {one} else {two} end", f"case when o then {one} end",
                f"case when o then {one} when o then {two} else {three} end",
                f"if(o, {one}, {two})", f"greatest({one}, {two})", f"least({one}, {two}, {three})",
                f"round({one}, {pick('0123')})", f"round({one})", f"floor({one})", f"ceil({one})",
                f"abs({one})", f"trunc({one})", f"sqrt(abs({one}))", f"power({one}, 2)",
                f"sign({one})", f"cast({one} as {pick(_TYPES[:13])})", f"length({self.text(0)})",
                f"({pick(['dt', 'du'])} - {pick(['dt', 'du'])})",
                f"extract({pick(['year', 'dow', 'hour'])} from ts)", "date_diff('day', dt, du)",
                f"(select {pick(['max', 'sum', 'avg', 'count'])}({pick(_NUMBERS)}) from x)",
                f"{pick(['sum', 'avg', 'max', 'min', 'median', 'count'])}({one}) over ()",
                f"lag({one}, 1, {two}) over (order by i)", "row_number() over ()",
                f"quantile_cont({one}, 0.5) over ()",
            ]
        )  # fmt: skip

    def text(self, depth):
        pick = self.chance.choice
        if depth <= 0 or self.chance.random() < 0.2:
            return pick(["s", "t", "'a'", "''", "null", "en", "u", "js"])
        one, two = self.text(depth - 1), self.text(depth - 1)
        other = self._any((self.number, self.moment), depth - 1)
        return pick(
            [
                f"lower({one})", f"trim({one})", f"({one} || {two})", f"({one} || {other})",
                f"concat({one}, {other})", f"substring({one}, 1, 2)", f"left({one}, 2)",
                f"coalesce({one}, {two})", f"nullif({one}, {two})", f"replace({one}, 'a', {two})",
                f"case when o then {one} else {two} end", f"cast({other} as varchar)",
                f"strftime({pick(['dt', 'ts', 'tz'])}, '%Y')", f"split_part({one}, ',', 1)",
                f"regexp_replace({one}, 'a', {two})", f"max({one}) over ()", "ls[1]",
                f"({one})[1:2]", f"greatest({one}, {two})", "js->>'a'", f"if(o, {one}, {two})",
            ]
        )  # fmt: skip

    def moment(self, depth):
        pick = self.chance.choice
        if depth <= 0 or self.chance.random() < 0.2:
            return pick(_MOMENTS)
        one, two = self.moment(depth - 1), self.moment(depth - 1)
        return pick(
            [
                f"({one} + {two})", f"({one} - {two})", f"({one} {pick('+-')} interval 1 month)",
                f"({one} {pick('+-')} {self.number(0)})", f"({self.number(0)} + {one})",
                f"date_trunc('month', {one})", f"coalesce({one}, {two})", f"nullif({one}, {two})",
                f"case when o then {one} else {two} end", f"cast({one} as {pick(_TYPES[12:15])})",
                f"greatest({one}, {two})", f"timezone('UTC', {one})", f"{one} at time zone 'UTC'",
                f"last_day({one})", f"min({one}) over ()", f"lag({one}) over (order by i)",
                f"date_add({one}, {two})", "strptime(s, '%Y')", "make_date(2026, 1, 1)",
            ]
        )  # fmt: skip

    def truth(self, depth):
        pick = self.chance.choice
        if depth <= 0:
            return pick(["o", "true", "null", "i > j"])
        one, two = self.number(depth - 1), self.number(depth - 1)
        return pick(
            [
                f"({one} {pick(['=', '<', '>=', '<>', 'is distinct from'])} {two})",
                f"({self.truth(depth - 1)} {pick(['and', 'or'])} {self.truth(depth - 1)})",
                f"not {self.truth(depth - 1)}", f"({one} in ({two}, 1))", f"({one} is null)",
                f"({one} between {two} and 5)", f"({self.text(depth - 1)} like 'a%')",
                f"coalesce({self.truth(depth - 1)}, {self.truth(depth - 1)})",
                f"bool_and({self.truth(depth - 1)}) over ()", "exists (select 1 from x)",
                f"case when o then {self.truth(depth - 1)} else {self.truth(depth - 1)} end",
            ]
        )  # fmt: skip
