"""Conditions on rows as a tree, read from PostgREST's grammar.

`?total=gte.100&state=not.in.(SP,RJ)&or=(a.is.null,and(b.gt.1,c.like.*x*))`: a parameter named like
a column is one condition, `and`, `or`, `not.and` and `not.or` hold nested ones; all have to hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from meshport.errors import ServingError
from meshport.serving.rows.faults import bad, known, unfit
from meshport.serving.rows.scanning import Scanner
from meshport.serving.rows.values import fits, how_to_write, is_list, is_nested

MAX_DEPTH = 8
MAX_TERMS = 64
MAX_LISTED = 1_000
MAX_PATTERN = 1_000

COMPARISONS = {"eq": "=", "neq": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
PATTERNS = ("like", "ilike")
LISTS = {"cs": "contains", "cd": "is contained in", "ov": "overlaps"}
IS_WORDS = ("null", "not_null", "true", "false", "unknown")
OPERATORS = (*COMPARISONS, *PATTERNS, "in", "is", "isdistinct", *LISTS)
GROUPS = {
    f"{negation}{word}": (word, bool(negation))
    for negation in ("", "not.")
    for word in ("and", "or")
}
"""Parameters with nested conditions: the word that joins these, and whether it is negated."""
_QUANTIFIED = (*COMPARISONS, *PATTERNS)
_QUANTIFIERS = ("any", "all")


@dataclass(frozen=True)
class Test:
    """One condition on one column; a quantifier says for how many of the values it has to hold."""

    column: str
    operator: str
    values: tuple[str, ...]
    is_negated: bool = False
    quantifier: str = ""


@dataclass(frozen=True)
class Group:
    """Conditions joined by `and` or `or`."""

    word: str
    members: tuple[Condition, ...]
    is_negated: bool = False


Condition = Test | Group


def tests_of(condition: Condition) -> Iterator[Test]:
    """The conditions on columns in a tree."""
    if isinstance(condition, Test):
        yield condition
    else:
        for member in condition.members:
            yield from tests_of(member)


@dataclass
class FilterParser:
    """Reads the filters of one question; `types` are the columns that the reader may see."""

    types: Mapping[str, str]
    _terms: int = field(default=0)

    def parse(self, given: Sequence[tuple[str, str]]) -> tuple[Condition, ...]:
        """The conditions in parameters, which all have to hold, in an order of their own.

        Raises ServingError MP601 (unknown column), MP602 (syntax, limits), MP604 (unfit value).
        """
        found = [self._parameter(name, text) for name, text in given]
        return tuple(sorted(found, key=repr))

    def _parameter(self, name: str, text: str) -> Condition:
        if name not in GROUPS:
            column = known(name, self.types, name)
            return self._test(column, Scanner(text, name, is_nested=False))
        word, is_negated = GROUPS[name]
        scanner = Scanner(text, name, is_nested=True)
        found = self._group(scanner, word, is_negated, 1)
        scanner.end()
        return found

    def _group(self, scanner: Scanner, word: str, is_negated: bool, depth: int) -> Group:
        if depth > MAX_DEPTH:
            raise bad(scanner.parameter, "conditions are nested too deep", f"at most {MAX_DEPTH}")
        scanner.take("(", f"write {scanner.parameter}=(a.eq.1,b.is.null)")
        members = [self._member(scanner, depth)]
        while scanner.has(","):
            members.append(self._member(scanner, depth))
        scanner.take(")", "close every parenthesis; quote values that hold one")
        return Group(word, tuple(sorted(members, key=repr)), is_negated)

    def _member(self, scanner: Scanner, depth: int) -> Condition:
        is_negated = scanner.has("not.")
        for word in ("and", "or"):
            if scanner.is_at(f"{word}("):
                scanner.has(word)
                return self._group(scanner, word, is_negated, depth + 1)
        if is_negated:
            raise bad(scanner.parameter, "`not.` stands before no group", "write a.not.eq.1")
        name = scanner.name()
        column = known(name, self.types, scanner.parameter)
        scanner.take(".", f"write {column[:80]}.eq.value")
        return self._test(column, scanner)

    def _test(self, column: str, scanner: Scanner) -> Test:
        is_negated = scanner.has("not.")
        operator, quantifier = self._operator(column, scanner)
        self._require_meaning(column, operator, scanner.parameter)
        if operator == "in":
            values = self._listed(scanner, "()")
        elif quantifier or operator in LISTS:
            values = self._listed(scanner, "{}")
        else:
            values = (scanner.value(),)
        self._count(len(values) if quantifier else 1)
        for value in values:
            self._require_fit(column, operator, value, scanner.parameter)
        return Test(column, operator, values, is_negated, quantifier)

    def _operator(self, column: str, scanner: Scanner) -> tuple[str, str]:
        operator = scanner.word()
        quantifier = next((q for q in _QUANTIFIERS if scanner.has(f"({q})")), "")
        if operator not in OPERATORS or not scanner.has("."):
            shown = scanner.text[:80]
            hint = f"write {column}=eq.{shown or 'value'}; operators: {', '.join(OPERATORS)}"
            raise bad(scanner.parameter, f"`{shown}` does not start with an operator", hint)
        if quantifier and operator not in _QUANTIFIED:
            hint = f"it goes with {', '.join(_QUANTIFIED)}"
            raise bad(scanner.parameter, f"`{operator}({quantifier})` means nothing", hint)
        return operator, quantifier

    def _require_meaning(self, column: str, operator: str, parameter: str) -> None:
        native = self.types[column]
        if operator == "is":
            return
        if is_list(native) != (operator in LISTS):
            hint = f"{', '.join(LISTS)} are for lists, and lists have no others but is"
            raise bad(parameter, f"`{operator}` does not go with {native.lower()[:80]}", hint)
        if is_nested(native) and not is_list(native):
            raise bad(parameter, f"`{column}` has parts", "compare it with is.null or is.not_null")
        if operator in PATTERNS and native != "VARCHAR":
            raise bad(parameter, f"`{column}` is no text", f"{operator} is for texts")

    def _listed(self, scanner: Scanner, brackets: str) -> tuple[str, ...]:
        values = scanner.listed(brackets, MAX_LISTED)
        if not 0 < len(values) <= MAX_LISTED:
            fact = f"{len(values)} values in the list"
            raise bad(scanner.parameter, fact, f"1 to {MAX_LISTED:,} are allowed")
        return values

    def _count(self, terms: int) -> None:
        self._terms += terms
        if self._terms > MAX_TERMS:
            fact = f"more than {MAX_TERMS} conditions"
            raise bad("filters", fact, f"at most {MAX_TERMS} are allowed; use in.(…) for values")

    def _require_fit(self, column: str, operator: str, value: str, parameter: str) -> None:
        native = self.types[column]
        if operator == "is":
            _require_is_word(value, native, parameter)
        elif operator in PATTERNS:
            _require_pattern(value, parameter)
        else:
            element = native[:-2] if is_list(native) else native
            if fits(value, element) is False:
                raise unfit_value(value, element, parameter)


def unfit_value(value: str, native: str, parameter: str) -> ServingError:
    """MP604: the text is not exactly one value of the type."""
    fact = f"`{value[:80]}` is no value of type {native.lower()[:80]}"
    return unfit(parameter, fact, how_to_write(native))


def _require_is_word(value: str, native: str, parameter: str) -> None:
    if value not in IS_WORDS:
        hint = f"is one of {', '.join(IS_WORDS)}"
        raise bad(parameter, f"`is.{value[:40]}` means nothing", hint)
    if not value.endswith("null") and native != "BOOLEAN":
        fact = f"{native.lower()[:80]} is neither true nor false"
        raise bad(parameter, fact, "compare it with is.null or is.not_null")


def _require_pattern(value: str, parameter: str) -> None:
    if len(value) > MAX_PATTERN:
        raise bad(parameter, "the pattern is too long", f"at most {MAX_PATTERN:,} characters")
    if (len(value) - len(value.rstrip("\\"))) % 2:
        raise bad(parameter, "the pattern ends in a backslash", r"a backslash itself is written \\")
