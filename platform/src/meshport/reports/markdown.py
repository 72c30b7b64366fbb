"""The report as one comment under a change, for people who never saw such a comment before.

It starts with a marker by which a workflow finds its own comment and updates it in place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from meshport.changes.compare import Finding
from meshport.changes.rules import RULES
from meshport.changes.verdict import Consumer
from meshport.errors import Place
from meshport.reports.escaping import markdown_block, markdown_code, markdown_text
from meshport.reports.next_steps import WAYS_OUT, Step, next_steps
from meshport.reports.result import ContractReport, Effect, Hit, Level, Problem, Report
from meshport.reports.wording import for_readers, others, promises, rule_text, told

MARKER = "<!-- meshport-gate -->"
MOST_CHARACTERS = 60_000
"""GitHub takes comments of up to 65,536 characters."""
_BUDGETS = (40, 12, 4, 1)
"""How many rows of each table are shown, the first that fits."""


def render(report: Report) -> str:
    """One line where nothing breaks; else who breaks, what changes, and what to do next."""
    texts = (f"{MARKER}\n{_body(report, rows)}\n" for rows in _BUDGETS)
    return next((text for text in texts if len(text) <= MOST_CHARACTERS), _tiny(report))


def _body(report: Report, rows: int) -> str:
    if _nothing_breaks(report):
        return _one_line(report)
    told_of = [one for one in report.contracts if not one.is_quiet or one.hits]
    parts = [
        f"### {_headline(report)}",
        _lead(report),
        *_people(report, rows),
        *(part for one in told_of[:rows] for part in _changes(one, rows)),
        *_left_out(len(told_of) - rows, "contracts"),
        *_problems(_not_told_above(report), rows),
        *_next(next_steps(report), rows),
        *_details(told_of[:rows], rows),
    ]
    return "\n\n".join(part for part in parts if part)


def _nothing_breaks(report: Report) -> bool:
    is_hit = any(_is_struck(hit) for one in report.contracts for hit in one.hits or ())
    is_waived = any(one.waived for one in report.contracts)
    has_breaks = any(_breaks(one) for one in report.contracts)
    return report.is_green and not (report.problems or is_hit or is_waived or has_breaks)


def _breaks(contract: ContractReport) -> bool:
    asked = (contract.asks(one) for one in contract.difference.findings)
    return any(one is Consumer.MAJOR for one in asked)


def _one_line(report: Report) -> str:
    changed = [one for one in report.contracts if one.difference.findings or one.is_first]
    if not changed:
        return "**Nothing breaks.** No promise changed."
    said = "; ".join(map(_in_passing, changed[:3]))
    more = f"; and {len(changed) - 3} more" if len(changed) > 3 else ""
    return f"**Nothing breaks.** {said}{more}."


def _in_passing(contract: ContractReport) -> str:
    if contract.is_first:
        return f"{_named(contract)} is published for the first time"
    found = contract.difference
    count = _many(len(found.findings), "compatible change")
    to_look_at = [one for level, one in contract.ranked if level is Level.WARNING]
    look = f"; worth a look: {markdown_text(told(contract, to_look_at[0]))}" if to_look_at else ""
    return f"{_named(contract)} {_versions(contract)} ({count}{look})"


def _headline(report: Report) -> str:
    red = [one for one in report.contracts if not one.is_green]
    if report.is_unknown:
        return "Nobody can tell yet what this change does"
    if any(_breaks(one) and not one.difference.is_version_enough for one in red):
        return "This change breaks what readers rely on"
    if any(one.needs_approval for one in red):
        return "This change needs somebody's approval"
    if red:
        return "Nothing breaks, but the version does not say what changed"
    if not report.is_green:
        return "Something has to be mended before this can be merged"
    if any(map(_breaks, report.contracts)):
        return "This change breaks readers, and its new version says so"
    return "This can be merged; have a look first"


def _lead(report: Report) -> str:
    if report.is_unknown:
        return "A file could not be read, so nothing here can be relied on until it is mended."
    red = [one for one in report.contracts if not one.is_green]
    said = [_why_red(one) for one in red[:5]]
    return " ".join([*said, *_left_out(len(red) - 5, "contracts have to change")])


def _why_red(contract: ContractReport) -> str:
    found = contract.difference
    parts = []
    if not found.is_version_enough:
        kinds = {Consumer.MAJOR: "a breaking change", Consumer.MINOR: "a compatible change"}
        kind = kinds.get(found.verdict, "a change of the documentation")
        needed = markdown_code(found.required_version)
        given = markdown_code(found.new.version)
        parts.append(f"has {kind}, so it needs version **{needed}**; the file says {given}")
    if contract.needs_approval:
        parts.append("changes what privacy or access rest on, so governance has to approve it")
    return f"The contract {_named(contract)} {', and '.join(parts)}."


def _people(report: Report, rows: int) -> Iterator[str]:
    told = [one for one in report.contracts if one.hits is not None]
    looked = [
        one for one in told if one.difference.findings or any(map(_is_struck, one.hits or ()))
    ]
    hits = [(one, hit) for one in looked for hit in one.sorted_hits]
    struck = [pair for pair in hits if _is_struck(pair[1])]
    if struck:
        lines = [_hit(*pair) for pair in struck[:rows]]
        spared = len(hits) - len(struck)
        spared_line = [f"- {_many(spared, 'other')} not affected."] if spared else []
        lines += [*(f"- {text}" for text in _left_out(len(struck) - rows, "consumers"))]
        yield "**Who is hit**\n\n" + "\n".join([*lines, *spared_line])
    elif looked:
        yield "Nobody is known to rely on what changes."


def _is_struck(hit: Hit) -> bool:
    return hit.effect is not Effect.UNAFFECTED


def _hit(contract: ContractReport, hit: Hit) -> str:
    way = " → ".join(markdown_code(step) for step in hit.path[:6])
    along = f" ({way})" if way else ""
    who = f"**{markdown_text(hit.owner, 80)}**: {markdown_code(hit.consumer)}"
    effect = {
        Effect.BREAKS: "**breaks**",
        Effect.ROWS: "gets other rows",
        Effect.VALUES: "gets other values",
    }
    return f"- {who} {effect[hit.effect]}, it reads {_named(contract)}{along}"


def _changes(contract: ContractReport, rows: int) -> Iterator[str]:
    if contract.is_first:
        yield f"{_named(contract)} is published for the first time: nothing to compare it with."
    findings = [finding for _, finding in contract.ranked]
    if findings:
        yield f"**What changes in {_named(contract)}** ({_versions(contract)})"
        lines = [_row(contract, one) for one in findings[:rows]]
        yield _table(
            ("What changes", "Where", "What it means for readers", "Why it matters"), lines
        )
        yield from _left_out(len(findings) - rows, "changes")
    for waived in contract.waived[:rows]:
        said = markdown_text(waived.finding.message)
        yield f"Accepted although it does not fit: {said} ({markdown_text(waived.waiver)})"


def _row(contract: ContractReport, finding: Finding) -> tuple[str, ...]:
    rule = RULES[finding.rule]
    means = for_readers(contract, finding)
    if contract.asks(finding) is Consumer.MAJOR:
        means = f"**{means}**"
    what = f"{rule.title}<br>{markdown_text(finding.message)}"
    return what, _where(finding), "; ".join([means, *others(finding)]), rule.why


def _where(finding: Finding) -> str:
    if finding.table is None:
        return markdown_code(finding.path) if finding.path else "the whole contract"
    named = [finding.table, *([finding.column] if finding.column else [])]
    return markdown_code(".".join(named))


def _not_told_above(report: Report) -> list[Problem]:
    """The problems without those that only repeat that a version is too small."""
    red = {
        one.difference.new.file
        for one in report.contracts
        if not (one.is_first or one.difference.is_version_enough)
    }
    return [one for one in report.ranked_problems if one.rule != "VER02" or one.file not in red]


def _problems(problems: Sequence[Problem], rows: int) -> Iterator[str]:
    if not problems:
        return
    yield "**What else was found**"
    lines = [
        (
            f"{rule_text(one.rule).title}: {markdown_text(one.message)}",
            markdown_code(Place(one.file, one.line)) if one.file else "",
            markdown_text(one.hint or ""),
        )
        for one in problems[:rows]
    ]
    yield _table(("What", "Where", "What to do"), lines)
    yield from _left_out(len(problems) - rows, "problems")


def _next(steps: Sequence[Step], rows: int) -> Iterator[str]:
    if not steps:
        return
    yield "**What to do next**"
    for number, step in enumerate(steps[:rows], 1):
        said = f"{number}. {step.text}"
        if step.commands:
            block = markdown_block("\n".join(step.commands)).replace("\n", "\n   ")
            said = f"{said}\n\n   {block}"
        yield said


def _details(contracts: Sequence[ContractReport], rows: int) -> Iterator[str]:
    lines = [
        (
            f"`{finding.rule}`",
            markdown_code(finding.path or contract.id),
            f"`{finding.relation.value}` ({promises(finding)})",
            markdown_code(finding.place) + (" (old file)" if finding.is_removed else ""),
            RULES[finding.rule].fix,
        )
        for contract in contracts
        for _, finding in contract.ranked[:rows]
    ]
    if lines:
        table = _table(("Rule", "Path", "Relation", "Place", "Way out"), lines)
        yield f"<details>\n<summary>{WAYS_OUT}</summary>\n\n{table}\n\n</details>"


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _left_out(count: int, what: str) -> list[str]:
    return [f"… and {count} more {what}."] if count > 0 else []


def _named(contract: ContractReport) -> str:
    return markdown_code(contract.id)


def _versions(contract: ContractReport) -> str:
    old, new = contract.difference.old.version, contract.difference.new.version
    return f"{markdown_code(old, 40)} → {markdown_code(new, 40)}"


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _tiny(report: Report) -> str:
    return f"{MARKER}\n### {_headline(report)}\n\n{markdown_text(report.summary, 2000)}\n"
