"""`meshport impact`: who breaks, and whom to ask."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from meshport.access.usage import actual_readers
from meshport.cli.show import print_data, print_json, print_table, say
from meshport.lineage.actual_reads import with_actual
from meshport.lineage.consumers import all_consumers
from meshport.lineage.graph import MeshLineage, lineage_of
from meshport.lineage.impact import Change, Effect, Hit, Question, impact, worst
from meshport.lineage.reach import Path
from meshport.names import PortId
from meshport.settings import current_settings

_SHOWN = 3
"""How many columns of a consumer are named in the table."""


def impact_command(target: str, change: str, as_json: bool) -> int:
    """0 nobody breaks; 1 somebody does; 2 for somebody nobody can tell."""
    settings = current_settings()
    question = _question(target, Change(change))
    lineage = lineage_of(settings.root, settings.home / "cache")
    readers = actual_readers(settings.home, datetime.now(UTC))
    consumers = with_actual(all_consumers(settings.root, lineage), readers)
    hits = impact(lineage, consumers, question)
    if as_json:
        print_json(_as_json(target, question, hits, lineage))
    else:
        _show(hits)
    for fault in lineage.faults:
        say(f"cannot be read: {fault}")
    if worst(hits) is Effect.BREAKS:
        return 1
    return 2 if lineage.faults or any(hit.effect is Effect.UNKNOWN for hit in hits) else 0


def _question(target: str, change: Change) -> Question:
    parts = target.split(".")
    return Question(PortId.parse(".".join(parts[:3])), ".".join(parts[3:]) or None, change)


def _show(hits: Sequence[Hit]) -> None:
    headings = ("consumer", "what happens", "hit in", "way", "ask")
    print_table(headings, [_row(hit) for hit in hits])
    counts = Counter(hit.effect for hit in hits)
    told = ", ".join(f"{counts[effect]} {effect}" for effect in Effect if counts[effect])
    print_data(told or "nobody relies on it")


def _row(hit: Hit) -> tuple[str, ...]:
    shown = [*(["which rows there are"] if hit.is_of_rows else []), *hit.columns]
    more = len(shown) - _SHOWN
    columns = [*shown[:_SHOWN], *([f"and {more} more"] if more > 0 else [])]
    way = "\n→ ".join(f"{step.place} {step.how}" for step in hit.path)
    asked = f"{hit.owner.team}\n{hit.owner.contact}".strip()
    return f"{hit.consumer}\n({hit.kind})", str(hit.effect), "\n".join(columns), way, asked


def _as_json(
    target: str, question: Question, hits: Sequence[Hit], lineage: MeshLineage
) -> dict[str, Any]:
    return {
        "target": target,
        "change": question.change,
        "verdict": worst(hits),
        "consumers": [_hit(hit) for hit in hits],
        "coverage": lineage.coverage,
        "untold": [
            {
                "table": str(one.table),
                "column": one.column,
                "reason": one.reason,
                "file": one.place.file,
                "line": one.place.line,
            }
            for one in lineage.untold
        ],
    }


def _hit(hit: Hit) -> dict[str, Any]:
    return {
        "consumer": hit.consumer,
        "kind": hit.kind,
        "owner": {"team": hit.owner.team, "contact": hit.owner.contact},
        "file": hit.place.file,
        "line": hit.place.line,
        "effect": hit.effect,
        "uses": [{"kind": how.kind, "how": how} for how in hit.hows],
        "rows": hit.is_of_rows,
        "columns": hit.columns,
        "path": _steps(hit.path),
    }


def _steps(path: Path) -> list[dict[str, Any]]:
    return [
        {"uses": step.used, "how": step.how, "file": step.place.file, "line": step.place.line}
        for step in path
    ]
