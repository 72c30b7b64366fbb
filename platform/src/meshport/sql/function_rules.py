"""Which type a function gives that depends on what it is given.

Each rule takes the call and a way to ask for the types of its arguments; None: nobody can tell.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from meshport.sql.function_types import COUNTED, NAMED, PARTS_OF_TIME, SAME
from meshport.sql.type_rules import calculated, is_number, is_whole
from meshport.sql.value_type import SIGNED, ValueType, decimal, list_of, value_type

Settled = Callable[[exp.Expr], ValueType | None]
"""Tells the type of an argument."""
FunctionRule = Callable[[exp.Expr, Settled], ValueType | None]

_TEXT, _JSON, _DATE = ValueType("VARCHAR"), ValueType("JSON"), ValueType("DATE")
_DOUBLE, _WHOLE = ValueType("DOUBLE"), ValueType("BIGINT")
_WITH_ZONE, _WITHOUT_ZONE = ValueType("TIMESTAMPTZ"), ValueType("TIMESTAMP")
_OTHER_ZONE = {_WITHOUT_ZONE: _WITH_ZONE, _WITH_ZONE: _WITHOUT_ZONE}


def _same(node: exp.Expr, settled: Settled) -> ValueType | None:
    if isinstance(node, COUNTED) and (node.expressions or node.args.get("count")):
        return None
    return settled(_bare(node.this))


def _sum(node: exp.Expr, settled: Settled) -> ValueType | None:
    found = settled(_bare(node.this))
    if found is None:
        return None
    if is_whole(found) or found.name == "BOOLEAN":
        return ValueType("HUGEINT")
    if found.name == "DECIMAL":
        return decimal(38, found.scale)
    return _DOUBLE if is_number(found) else None


def _average(node: exp.Expr, settled: Settled) -> ValueType | None:
    found = settled(_bare(node.this))
    return _DOUBLE if found is not None and is_number(found) else None


def _discrete(node: exp.Expr, settled: Settled) -> ValueType | None:
    """A quantile that is one of the values; several shares would give a list."""
    share = node.args.get("expression") or node.args.get("quantile")
    is_one = share is None or isinstance(share, exp.Literal)
    return settled(_bare(node.this)) if is_one else None


def _continuous(node: exp.Expr, settled: Settled) -> ValueType | None:
    """A quantile that may lie between two values; of whole numbers it is a fraction."""
    found = _discrete(node, settled)
    if found is None or not is_number(found):
        return None
    return _DOUBLE if is_whole(found) else found


def _within_group(node: exp.Expr, settled: Settled) -> ValueType | None:
    kind, order = type(node.this), node.expression.expressions
    if len(order) != 1 or not isinstance(node.this.this, exp.Literal):
        return None
    value = exp.Median(this=order[0].this)
    if kind is exp.PercentileDisc:
        return _discrete(value, settled)
    return _continuous(value, settled) if kind is exp.PercentileCont else None


def _absolute(node: exp.Expr, settled: Settled) -> ValueType | None:
    found = settled(node.this)
    return found if found is not None and is_number(found) else None


def _rounded(node: exp.Expr, settled: Settled) -> ValueType | None:
    found, digits = settled(node.this), node.args.get("decimals")
    if found is None or node.args.get("truncate") is not None:
        return None
    if found.name == "DECIMAL":
        if digits is not None and not (isinstance(digits, exp.Literal) and digits.is_int):
            return None
        places = int(digits.name[:3]) if digits is not None else 0
        return decimal(found.precision, min(found.scale, places))
    return found if found.name in (*SIGNED, "DOUBLE", "FLOAT") else None


def _truncated_number(node: exp.Expr, settled: Settled) -> ValueType | None:
    """`trunc`, which leaves whole numbers as they are."""
    found = settled(node.this)
    if found is None or not is_number(found) or node.args.get("decimals") is not None:
        return None
    return decimal(found.precision, 0) if found.name == "DECIMAL" else found


def _whole_part(node: exp.Expr, settled: Settled) -> ValueType | None:
    """`floor` and `ceil`, which make fractions even of whole numbers."""
    found = settled(node.this)
    if found is None or not is_number(found) or node.args.get("decimals") is not None:
        return None
    if found.name == "DECIMAL":
        return decimal(found.precision, 0)
    return found if found.name == "FLOAT" else _DOUBLE


def _joined(node: exp.Expr, settled: Settled) -> ValueType | None:
    """`a || b`: a text, unless both are lists, or one can be nothing but null."""
    if any(not isinstance(one.parent, exp.Is) for one in node.find_all(exp.Null)):
        return None
    sides = [settled(node.this), settled(node.args["expression"])]
    return _TEXT if None not in sides and _TEXT in sides else None


def _concatenated(node: exp.Expr, settled: Settled) -> ValueType | None:
    return _TEXT if any(settled(one) == _TEXT for one in node.expressions) else None


def _matched(node: exp.Expr, _: Settled) -> ValueType | None:
    """`regexp_extract`, which makes a structure of several groups."""
    return _TEXT if isinstance(node.args.get("group"), exp.Literal | None) else None


def _truncated_moment(node: exp.Expr, settled: Settled) -> ValueType | None:
    """`date_trunc`, which makes a timestamp even of a date."""
    found = settled(node.this)
    return {_DATE: _WITHOUT_ZONE, **{one: one for one in _OTHER_ZONE}}.get(found) if found else None


def _zoned(node: exp.Expr, settled: Settled) -> ValueType | None:
    return _other_zone(settled(node.this))


def _later(node: exp.Expr, settled: Settled) -> ValueType | None:
    """`date_add`."""
    return calculated("+", settled(node.this), settled(node.args["expression"]))


def _day(node: exp.Expr, _: Settled) -> ValueType | None:
    return None if node.expressions else _DATE


def _part_of_time(node: exp.Expr, _: Settled) -> ValueType | None:
    return _of_part(node.name)


def _parsed_time(node: exp.Expr, _: Settled) -> ValueType | None:
    return _by_format(node.args.get("format"))


def _json_text(node: exp.Expr, _: Settled) -> ValueType | None:
    return _TEXT if isinstance(node.expression, exp.JSONPath) else None


def _json(node: exp.Expr, _: Settled) -> ValueType | None:
    return _JSON if isinstance(node.expression, exp.JSONPath) else None


def _list(node: exp.Expr, settled: Settled) -> ValueType | None:
    return list_of(settled(_bare(node.this)))


def _element(node: exp.Expr, settled: Settled) -> ValueType | None:
    """`a[1]`, `a[1:2]` of a list or a text."""
    found = settled(node.this)
    if found is None or len(node.expressions) != 1:
        return None
    if found.name.endswith("[]") and not isinstance(node.expressions[0], exp.Slice):
        return value_type(found.name[:-2])
    return found if found == _TEXT or found.name.endswith("[]") else None


def _by_name(node: exp.Expr, settled: Settled) -> ValueType | None:
    """A function that the parser does not know."""
    name, given = str(node.this).lower(), node.expressions
    if any(isinstance(one, exp.Null) for one in given):
        return None
    if name in ("date_part", "datepart") and given and isinstance(given[0], exp.Literal):
        return _of_part(given[0].name)
    if name == "timezone" and len(given) == 2:
        return _other_zone(settled(given[1]))
    if name == "try_strptime" and len(given) == 2:
        return _by_format(given[1])
    if name == "arbitrary" and len(given) == 1:
        return settled(_bare(given[0]))
    return NAMED.get(name)


def _bare(node: exp.Expr) -> exp.Expr:
    """The argument of an aggregate without `distinct` and `order by`."""
    while isinstance(node, exp.Order | exp.Distinct | exp.Limit):
        inner = node.this if node.this is not None else None
        if inner is None and len(node.expressions) == 1:
            inner = node.expressions[0]
        if inner is None:
            return exp.Star()
        node = inner
    return node


def _by_format(form: exp.Expr | None) -> ValueType | None:
    """What `strptime` makes: a zone in the format is one in the type."""
    is_plain = isinstance(form, exp.Literal) and "z" not in form.name.lower()
    return _WITHOUT_ZONE if is_plain else None


def _of_part(name: str) -> ValueType | None:
    return _WHOLE if name.lower() in PARTS_OF_TIME else None


def _other_zone(found: ValueType | None) -> ValueType | None:
    return _OTHER_ZONE.get(found) if found is not None else None


FUNCTION_RULES: dict[type[exp.Expr], FunctionRule] = {
    **dict.fromkeys(SAME, _same), exp.Sum: _sum, exp.Avg: _average, exp.Median: _continuous,
    exp.PercentileCont: _continuous, exp.PercentileDisc: _discrete,
    exp.ApproxQuantile: _discrete, exp.WithinGroup: _within_group, exp.Abs: _absolute,
    exp.Round: _rounded, exp.Trunc: _truncated_number, exp.Floor: _whole_part,
    exp.Ceil: _whole_part, exp.DPipe: _joined, exp.Concat: _concatenated,
    exp.RegexpExtract: _matched, exp.TimestampTrunc: _truncated_moment,
    exp.DateTrunc: _truncated_moment, exp.AtTimeZone: _zoned, exp.DateAdd: _later,
    exp.Date: _day, exp.Extract: _part_of_time, exp.StrToTime: _parsed_time,
    exp.JSONExtractScalar: _json_text, exp.JSONExtract: _json, exp.ArrayAgg: _list,
    exp.Bracket: _element, exp.Anonymous: _by_name,
}  # fmt: skip
