"""SQL of conditions; every value becomes a bound parameter, cast to its column's type."""

from __future__ import annotations

from typing import Any

from meshport.serving.rows.filters import COMPARISONS, LISTS, PATTERNS, Condition, Group, Test
from meshport.serving.rows.source import RowSource
from meshport.sql_text import quote

_IS = {
    "null": "is null",
    "not_null": "is not null",
    "true": "is true",
    "false": "is false",
    "unknown": "is null",
}
_ON_LISTS = {
    "cs": "list_has_all({0}, {1})",
    "cd": "list_has_all({1}, {0})",
    "ov": "list_has_any({0}, {1})",
}
assert _ON_LISTS.keys() == LISTS.keys()


def condition_sql(source: RowSource, condition: Condition, parameters: list[Any]) -> str:
    """The condition as SQL; its values are added to the parameters, in the order of their marks."""
    if isinstance(condition, Group):
        members = [condition_sql(source, member, parameters) for member in condition.members]
        joined = f" {condition.word} ".join(members)
        return f"not ({joined})" if condition.is_negated else f"({joined})"
    found = _test(quote(condition.column), condition, source.types[condition.column], parameters)
    return f"not ({found})" if condition.is_negated else f"({found})"


def _test(name: str, test: Test, native: str, parameters: list[Any]) -> str:
    if test.operator == "is":
        return f"{name} {_IS[test.values[0]]}"
    if test.operator in LISTS:
        parameters.append(list(test.values))
        return _ON_LISTS[test.operator].format(name, f"cast(? as {native})")
    if test.operator == "in":
        parameters.extend(test.values)
        return f"{name} in ({', '.join([f'cast(? as {native})'] * len(test.values))})"
    singles = [_single(name, test.operator, value, native, parameters) for value in test.values]
    return (" and " if test.quantifier == "all" else " or ").join(singles)


def _single(name: str, operator: str, value: str, native: str, parameters: list[Any]) -> str:
    if operator in PATTERNS:
        # As in PostgREST `*` stands for `%`, which a URL has to escape.
        parameters.append(value.replace("*", "%"))
        return rf"{name} {operator} ? escape '\'"
    parameters.append(value)
    sign = COMPARISONS.get(operator, "is distinct from")
    return f"{name} {sign} cast(? as {native})"
