"""Whom a contract's findings hit: the rule says what changes, lineage says whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from meshport.changes.compare import Finding
from meshport.changes.verdict import Consumer as Axis
from meshport.changes.verdict import Reader
from meshport.lineage.comparisons import comparisons, port_column
from meshport.lineage.consumers import Consumer
from meshport.lineage.graph import MeshLineage, port_table
from meshport.lineage.impact import Change, Effect, Hit, Question, impact
from meshport.names import PortId

_RULES = {"OBJ001": Change.DROP, "FLD001": Change.DROP, "OBJ003": Change.RENAME,
          "FLD003": Change.RENAME, "NUL01": Change.NULLABLE, "FLD007": Change.VALUES,
          "SEM01": Change.VALUES, "SEM02": Change.VALUES, "SEM03": Change.VALUES,
          "OBJ005": Change.ROWS, "SEM06": Change.ROWS, "KEY05": Change.VALUES}  # fmt: skip
_GROUPS = {"TYP": Change.RETYPE, "FLD009": Change.RETYPE, "DOM": Change.VALUES,
           "VAL": Change.VALUES, "QUA": Change.VALUES, "KEY": Change.ROWS}  # fmt: skip
# The order of a key's columns, and what a foreign key fails to point to: no row is another.
_SILENT = ("KEY04", "KEY06")
FELT = (Axis.WARN, Axis.MAJOR)
"""What consumers notice."""


@dataclass(frozen=True)
class FindingHit:
    """A finding and one consumer that it hits."""

    port: PortId
    finding: Finding
    hit: Hit
    severity: Axis
    """What the finding means to the kinds of readers that this consumer is."""


def change_of(finding: Finding) -> Change | None:
    """What changes in the data; None where only words, access or service levels do."""
    if finding.rule in _SILENT:
        return None
    if finding.rule in _RULES:
        return _RULES[finding.rule]
    found = next((c for start, c in _GROUPS.items() if finding.rule.startswith(start)), None)
    # A rule over the whole table says which rows there are, not what is in one column.
    return Change.ROWS if found is Change.VALUES and finding.column is None else found


def who_breaks(
    lineage: MeshLineage,
    consumers: Sequence[Consumer],
    findings: Mapping[PortId, Iterable[Finding]],
) -> list[FindingHit]:
    """Every consumer that a finding hits, in the order of the findings, the worst hit first.

    `lineage` should be that of the changed models over the contracts as they were before
    (`promised` of `lineage_of`): a consumer that is changed along is then not hit.
    """
    kinds = {one.name: one.readers for one in consumers}
    return [
        found
        for port, listed in findings.items()
        if port in lineage.promises
        for finding in listed
        for found in _hits(lineage, consumers, (port, finding), kinds)
    ]


def _hits(
    lineage: MeshLineage,
    consumers: Sequence[Consumer],
    about: tuple[PortId, Finding],
    kinds: Mapping[str, frozenset[Reader]],
) -> Iterator[FindingHit]:
    port, finding = about
    change = change_of(finding)
    column = None if change is Change.ROWS else finding.column
    if change is None or column not in (None, *lineage.columns(port_table(port))):
        return
    hits = impact(lineage, consumers, Question(port, column, change))
    if finding.gone:
        yield from _waiting_in_vain(lineage, consumers, about, hits)
        return
    for hit in hits:
        readers = kinds.get(hit.consumer, frozenset({Reader.SQL}))
        severity = finding.verdict.for_readers(readers)
        if hit.effect is not Effect.UNAFFECTED and severity in FELT:
            yield FindingHit(port, finding, hit, severity)


def _waiting_in_vain(
    lineage: MeshLineage,
    consumers: Sequence[Consumer],
    about: tuple[PortId, Finding],
    hits: Sequence[Hit],
) -> Iterator[FindingHit]:
    """Fewer values hurt only those who compare with one of them."""
    port, finding = about
    known = {hit.consumer: hit for hit in hits}
    told: set[str] = set()
    for value in finding.gone:
        for one in comparisons(lineage, consumers, port_column(port, finding.column or ""), value):
            if one.consumer in known and one.consumer not in told:
                told.add(one.consumer)
                hit = replace(known[one.consumer], path=one.path)
                yield FindingHit(port, finding, hit, Axis.WARN)
