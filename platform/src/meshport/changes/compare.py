"""Compare two contracts: every difference as a finding with its relation and its verdict.

Findings inside an added or removed element are folded into it. The order of findings is that of
the new file, removals where they stood in the old one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any

from meshport.changes.clauses import comparator
from meshport.changes.element import Element, Kind, contract_element
from meshport.changes.judgement import Change, Judgement, Surroundings
from meshport.changes.pairing import pair
from meshport.changes.presence import added, is_personal, removed
from meshport.changes.relation import Relation
from meshport.changes.rules import RULES
from meshport.changes.verdict import ALL_READERS, Reader, Verdict
from meshport.contracts.duration import days_of
from meshport.contracts.model import Severity
from meshport.errors import Place
from meshport.yaml_file import YamlDocument

_DIALECTS = {"sqlserver": "tsql", "postgresql": "postgres", "athena": "trino"}
_KNOWN_DIALECTS = {"bigquery", "snowflake", "databricks", "postgres", "redshift", "mysql", "oracle",
                   "trino", "clickhouse", "hive", "presto"}  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """One difference between two contracts; `table` and `column` say whom it can hit."""

    rule: str
    path: str
    place: Place
    relation: Relation
    verdict: Verdict
    message: str
    table: str | None = None
    column: str | None = None
    is_removed: bool = False
    """Whether `place` is in the old file."""
    is_added: bool = False
    clause: str | None = None
    """The clause that changed; None where an element came or went."""
    steps: tuple[tuple[Kind, str], ...] = ()
    """The elements on the way from the contract to what changed, by kind and name."""
    gone: tuple[str, ...] = ()
    """Values that were allowed and are no longer."""
    anchor: Place | None = None
    """Where in the new file to look: what is gone is missed in what it stood in."""

    def as_json(self, readers: Collection[Reader] = ALL_READERS) -> dict[str, Any]:
        """The form in `meshport contract diff --format json`."""
        return {
            "rule": self.rule,
            "path": self.path,
            "line": self.place.line,
            "relation": self.relation.value,
            "consumer": self.verdict.for_readers(readers).value,
            "producer": self.verdict.producer.value,
            "governance": self.verdict.governance.value,
            "message": self.message,
            "hint": RULES[self.rule].fix,
        }


def compare(old: YamlDocument, new: YamlDocument, around: Surroundings) -> list[Finding]:
    """Every difference between two contracts that are valid against the standard's schema."""
    before, after = contract_element(old), contract_element(new)
    setting = replace(
        around,
        old_dialect=_dialect(before),
        new_dialect=_dialect(after),
        deprecation_days=_deprecation_days(before, around.deprecation_days),
        holds_personal_data=any(map(is_personal, after.walk())),
    )
    return list(_Comparison(setting).pair(before, after, ()))


@dataclass(frozen=True)
class _Comparison:
    around: Surroundings

    def pair(
        self, before: Element, after: Element, trail: tuple[Element, ...]
    ) -> Iterator[Finding]:
        here = (*trail, after)
        yield from self._name(before, after, here)
        for clause in [*after.clauses, *(c for c in before.clauses if c not in after.clauses)]:
            old, new = before.clauses.get(clause), after.clauses.get(clause)
            if old != new:
                change = Change(clause, old, new, before, after, self.around)
                for one in comparator(after, clause)(change):
                    yield self._finding(one, change, here)
        for kind in dict.fromkeys([*after.parts, *before.parts]):
            yield from self._parts(before.parts.get(kind, ()), after.parts.get(kind, ()), here)

    def _name(
        self, before: Element, after: Element, here: tuple[Element, ...]
    ) -> Iterator[Finding]:
        rule = {Kind.TABLE: "OBJ003", Kind.COLUMN: "FLD003"}.get(after.kind)
        if rule and before.name != after.name:
            message = f"renamed from `{before.name}` to `{after.name}`"
            one = _located(Judgement(rule, Relation.INCOMPARABLE, message), here)
            # Whom it hits uses the old name.
            column = before.name if one.column == after.name else one.column
            yield replace(one, clause="name", column=column)

    def _finding(self, one: Judgement, change: Change, here: tuple[Element, ...]) -> Finding:
        found = _located(one, here)
        place = change.after.place_of(change.clause)
        severities = (change.before.clauses.get("severity"), change.after.clauses.get("severity"))
        only_warns = change.after.kind is Kind.RULE and set(severities) == {Severity.WARNING}
        verdict = found.verdict.milder() if only_warns else found.verdict
        return replace(found, place=place, anchor=place, verdict=verdict, clause=change.clause)

    def _parts(
        self, old: tuple[Element, ...], new: tuple[Element, ...], here: tuple[Element, ...]
    ) -> Iterator[Finding]:
        paired = pair(old, new)
        for before, after in paired.pairs:
            yield from self.pair(before, after, here)
        for element in paired.added:
            for one in added(element):
                yield replace(_located(one, (*here, element)), is_added=True)
        for element in paired.removed:
            for one in removed(element, new, self.around):
                gone = _located(one, (*here, element))
                yield replace(gone, is_removed=True, anchor=here[-1].place)


def _located(one: Judgement, here: tuple[Element, ...]) -> Finding:
    columns = [part for part in here if part.kind is Kind.COLUMN]
    tables = [part for part in here if part.kind is Kind.TABLE]
    return Finding(
        rule=one.rule,
        path=here[-1].path,
        place=here[-1].place,
        relation=one.relation,
        verdict=RULES[one.rule].verdict(one.relation, one.case),
        message=one.message,
        gone=one.gone,
        table=tables[0].name if tables else None,
        column=columns[0].name if columns else None,
        steps=tuple((part.kind, part.name) for part in here if part.kind is not Kind.CONTRACT),
        anchor=here[-1].place,
    )


def _dialect(contract: Element) -> str:
    kinds = [str(server.clauses.get("type", "")) for server in contract.parts.get(Kind.SERVER, ())]
    named = [_DIALECTS.get(kind, kind) for kind in kinds]
    return next((name for name in named if name in _KNOWN_DIALECTS), "duckdb")


def _deprecation_days(contract: Element, default: int) -> int:
    written = contract.clauses.get("customProperties.deprecationPeriod")
    days = days_of(str(written)) if written else None
    return days if days is not None else default
