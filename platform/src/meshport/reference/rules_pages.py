"""rules/: one page per rule of change, with its example edit, its verdict and the way out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from difflib import ndiff, unified_diff

from meshport.changes.compare import Finding, compare
from meshport.changes.examples import Edit, base, base_text, edits
from meshport.changes.judgement import Surroundings
from meshport.changes.rules import RULES, Rule
from meshport.changes.verdict import ALL_READERS
from meshport.gate.rules import MESH_RULES, MeshRule, Planted
from meshport.reference.markdown import code, fenced, page, prose, table
from meshport.sql.content import TABLE, Content

_ORIGIN = "platform/src/meshport/changes/rules.py and examples/edits.yaml"
_MESH_ORIGIN = "platform/src/meshport/gate/rules.py"
_MESH_INTRODUCTION = """\
These the gate finds by looking beyond two versions of a contract: at every version that was ever
merged, at the SQL behind the ports, at descriptors, consumers and waivers."""
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


_OWED = {
    Content.CLEAR: "the class of its source, and the mark of personal data",
    Content.AGGREGATED: "nothing for personal data, else the class of its source",
    Content.PSEUDONYM: "the mildest class that is not served openly, or that of its source",
    Content.FACT: "nothing",
}
_MORE = {
    "PII04": [
        "## What takes the content of a value away",
        "Values that flow from a column into another (not what filters, joins, groups or decides "
        "in a condition) bring its class and its mark of personal data along, but for these:",
        table(
            ("written", "what is left", "what the column needs"),
            [
                *((row.written, row.content.name.lower(), _OWED[row.content]) for row in TABLE),
                ("anything else, such as `max(…)`, `left(…)`, `date_trunc(…)`",
                 Content.CLEAR.name.lower(), _OWED[Content.CLEAR]),
            ],
        ),
        "A group tells persons apart if it holds a column that is marked as personal, or the key "
        "of a port with such columns, or one that refers to that key. For what this table does "
        "not know, an owner of `catalog/policies/` signs a waiver.",
    ],
}  # fmt: skip


def rules_pages() -> dict[str, str]:
    """File name → text; `index.md` lists them all."""
    examples: dict[str, list[Edit]] = {}
    for edit in edits():
        examples.setdefault(edit.rule or "", []).append(edit)
    pages = {f"{rule.id}.md": _page(rule, examples.get(rule.id, [])) for rule in RULES.values()}
    pages |= {f"{rule.id}.md": _mesh_page(rule) for rule in MESH_RULES.values()}
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
        "## Rules of the mesh",
        _MESH_INTRODUCTION,
        table(
            ("rule", "what is wrong"),
            [(f"[{rule.id}]({rule.id}.md)", rule.title) for rule in MESH_RULES.values()],
        ),
        "## Edits that change nothing",
        "These give no finding, because they only say the same differently:",
        neutral,
    )  # fmt: skip


def _asked(rule: Rule, examples: dict[str, list[Edit]]) -> list[str]:
    found = [edit.expected["consumer"] for edit in examples.get(rule.id, []) if edit.expected]
    return sorted(set(found))


def _page(rule: Rule, examples: Sequence[Edit]) -> str:
    shown = [part for edit in examples for part in _example(edit)] or [_WITHOUT_EXAMPLE]
    shown += _MORE.get(rule.id, [])
    about = f"- Why it matters: {prose(rule.why)}\n- Way out: {prose(rule.fix)}"
    return page(f"{rule.id}: {rule.title}", _ORIGIN, about, *shown, "[All rules](index.md)")


def _mesh_page(rule: MeshRule) -> str:
    about = f"- Why it matters: {prose(rule.why)}\n- Way out: {prose(rule.fix)}"
    shown = _planted(rule.id, rule.example) if rule.example else []
    title = f"{rule.id}: {rule.title}"
    return page(title, _MESH_ORIGIN, about, *shown, "[All rules](index.md)")


def _planted(rule: str, example: Planted) -> list[str]:
    old, new = example.old.splitlines(), example.new.splitlines()
    changed = [line for line in ndiff(old, new) if not line.startswith("?")]
    return [
        "## Example",
        f"In `{example.file}`:",
        fenced("diff", "\n".join(line[0] + line[2:] for line in changed)),
        "The gate then says:",
        fenced("text", f"{rule} {example.says}"),
    ]


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
