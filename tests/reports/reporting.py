"""Reports to render: of the single edits, and of contracts whose authors mean harm."""

from __future__ import annotations

from datetime import date
from functools import cache
from importlib import import_module
from typing import Any

from meshport.changes.difference import difference
from meshport.changes.examples import Edit, base, edits
from meshport.changes.judgement import Surroundings
from meshport.reports.result import ContractReport, Effect, Hit, Problem, Report, Waived
from meshport.yaml_file import YamlDocument, parse_yaml
from tests.building import column, contract_text, table

AROUND = Surroundings(today=date(2026, 11, 21))
_EDITS = {edit.say: edit for edit in edits()}
FORMATS = ("text", "json", "junit", "sarif", "markdown", "github", "omds")

HOSTILE = {
    "a bar": "a | b",
    "a bar after a backslash": "a\\|b\\\\|c",
    "backquotes": "a`b``c```",
    "a tag": "</code><script>alert(1)</script><img src=x onerror=alert(1)>",
    "the end of the details": "</details> --> <!-- meshport-gate -->",
    "an entity": "&lt;b&gt;&#124;",
    "a link": "[here](javascript:alert(1)) ![x](https://evil.example.com/x.png)",
    "addresses": "https://evil.example.com www.evil.example.com a@evil.example.com",
    "a mention": "@everyone #1 GH-1 :skull: $x^2$",
    "emphasis": "**bold** _it_ ~~gone~~",
    "lines": "a\nb\r\nc\n\n# heading\n- item\n::error::x",
    "a list": "- [ ] 1. x",
    "a command": "%0A::error file=x::y",
    "control characters": "a\x00b\x1b[31mred\x07\x7f\x9b31m",
    "turned round": "abc\u202egnirts\u2066x\u2069\u200e\u061c",
    "invisible": "a\u200b\u00ad\ufeffb\U000e0041c\u2028d\u2029e",
    "no characters": "a\ufffeb\uffffc\ufdd0d",
    "emoji": "🧺👩‍👩‍👧🏳️‍🌈",
    "dots and slashes": "a.b/c~d]e[name=x]",
    "quotes": '"\'<a href="x">\'',
    "nothing but a bar": "|",
    "nothing but a backquote": "`",
    "very long": "x" * 5000,
}


def rendered(report: Report, form: str) -> str:
    """The report in one of the formats that `contract diff` has."""
    module = import_module(f"meshport.reports.{form}")
    text: str = (module.render_difference if form == "json" else module.render)(report)
    return text


def report_of(edit: Edit) -> Report:
    """The report of one edit of the example contract, as `contract diff` makes it."""
    return _report_of(edit.say)


@cache
def _report_of(say: str) -> Report:
    return compared(base(), _EDITS[say].applied())


def compared(old: YamlDocument, new: YamlDocument, **more: Any) -> Report:
    """The report of two files; keywords go into the contract's report."""
    place = new.place(("version",))
    found = difference(old, new, AROUND)
    return Report("contract diff", (ContractReport(found, version_place=place, **more),))


def document(*columns: dict[str, Any], file: str = "new.odcs.yaml", **root: Any) -> YamlDocument:
    """A small contract with these columns, as a file."""
    tables = [table(root.pop("table", "things"), *columns)] if columns else []
    keys = {**({"schema": tables} if tables else {}), **root}
    return parse_yaml(contract_text(**keys), file)


def hostile_report(name: str) -> Report:
    """A report that holds the name in every place that a person can write something into."""
    kept = column("kept", "INTEGER", required=True, logicalTypeOptions={"maximum": 5})
    old = document(
        kept, column(name, "VARCHAR(8)", required=True), id=name, table=name, file=f"old {name}"
    )
    new = document(
        {**kept, "logicalTypeOptions": {"maximum": 9}},
        column(f"{name} new", "VARCHAR(8)"),
        id=name,
        table=name,
        description={"purpose": name, "usage": name, "limitations": f"not {name}"},
        file=f"new {name}",
    )
    found = difference(old, new, AROUND)
    waived = Waived(found.findings[0], f"{name}, says {name}")
    hits = [Hit(name, name, effect, (name, f"{name}:3"), name) for effect in Effect]
    contract = ContractReport(found, hits=tuple(hits), waived=(waived,))
    problems = [
        Problem("VER02", "error", name, 3, 1, name, name),
        Problem("MP112", "warning", "c.yaml", 1, None, name, None),
        Problem(name, "notice", "", None, None, name, None),
    ]
    return Report(name, (contract,), tuple(problems), base=name, command=f"meshport {name}")
