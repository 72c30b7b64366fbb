"""rules/: one page per rule of change, with its example edit, its verdict and the way out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from difflib import unified_diff

from meshport.changes.compare import Finding, compare
from meshport.changes.examples import Edit, base, base_text, edits
from meshport.changes.judgement import Surroundings
from meshport.changes.rules import RULES, Rule
from meshport.changes.verdict import ALL_READERS
from meshport.reference.markdown import code, fenced, page, prose, table

_ORIGIN = "platform/src/meshport/changes/rules.py and examples/edits.yaml"
_AROUND = Surroundings(today=date(2026, 1, 1))
_INTRODUCTION = """\
Every clause of a contract allows a set of worlds. A change of it is one of five relations:
`EQUAL`, `STRENGTHENED` (the new promise allows less), `WEAKENED` (it allows more), `INCOMPARABLE`
or `UNKNOWN`. What that means to consumers, to the producer and to the governance follows from the
relation and the rule. `warn` asks for a minor bump as acknowledgement; `block` asks for a waiver
by the owners of `catalog/policies/`."""
_WITHOUT_EXAMPLE = """\
Two contracts alone cannot show this: the gate finds it by looking at other contracts, at the
SQL behind the port, or at versions of the standard."""


def rules_pages() -> dict[str, str]:
    """File name → text; `index.md` lists them all."""
    examples: dict[str, list[Edit]] = {}
    for edit in edits():
        examples.setdefault(edit.rule or "", []).append(edit)
    pages = {f"{rule.id}.md": _page(rule, examples.get(rule.id, [])) for rule in RULES.values()}
    return {"index.md": _index(examples), **pages}


def _index(examples: dict[str, list[Edit]]) -> str:
    rows = [
        (f"[{rule.id}]({rule.id}.md)", rule.title, ", ".join(_asked(rule, examples)))
        for rule in RULES.values()
    ]
    neutral = "\n".join(f"- {edit.say}" for edit in examples[""])
    return page(
        "Rules of change", _ORIGIN, _INTRODUCTION,
        table(("rule", "change", "asks for"), rows),
        "## Edits that change nothing",
        "These give no finding, because they only say the same differently:",
        neutral,
    )  # fmt: skip


def _asked(rule: Rule, examples: dict[str, list[Edit]]) -> list[str]:
    found = [edit.expected["consumer"] for edit in examples.get(rule.id, []) if edit.expected]
    return sorted(set(found))


def _page(rule: Rule, examples: Sequence[Edit]) -> str:
    shown = [part for edit in examples for part in _example(edit)] or [_WITHOUT_EXAMPLE]
    about = f"- Why it matters: {prose(rule.why)}\n- Way out: {prose(rule.fix)}"
    return page(f"{rule.id}: {rule.title}", _ORIGIN, about, *shown, "[All rules](index.md)")


def _example(edit: Edit) -> Iterator[str]:
    old, new = base_text().splitlines(), edit.applied().text.decode().splitlines()
    lines = [
        line
        for line in unified_diff(old, new, n=1, lineterm="")
        if not line.startswith(("---", "+++", "@@"))
    ]
    yield f"## Example: {edit.say}"
    yield fenced("diff", "\n".join(lines))
    rows = [_row(one) for one in compare(base(), edit.applied(), _AROUND)]
    yield table(("rule", "relation", "consumer", "producer", "governance", "message"), rows)


def _row(one: Finding) -> tuple[str, ...]:
    consumer = one.verdict.for_readers(ALL_READERS).value
    raised = sorted(kind.value for kind in one.verdict.by_reader)
    whom = f" (by readers of kind {', '.join(raised)})" if raised else ""
    axes = (f"{consumer}{whom}", one.verdict.producer.value, one.verdict.governance.value)
    return (one.rule, one.relation.value, *axes, code(one.message))
