"""Every format tells the same result: same findings, same levels, nothing left out."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree as ET

import pytest

from meshport.changes.examples import base, edits
from meshport.changes.rules import RULES
from meshport.reports import github, junit, sarif, text
from meshport.reports import json as json_format
from meshport.reports.result import Effect, Hit, Level, Problem, Report, Waived
from meshport.yaml_file import parse_yaml
from tests.reports.reporting import FORMATS, compared, rendered, report_of

EDITS = {edit.say: edit for edit in edits()}
EVERY_EDIT = pytest.mark.parametrize("edit", edits(), ids=lambda edit: edit.say)
DOCUMENT = {"old", "new", "verdict", "required_version", "changes"}
CHANGE = {
    "rule", "path", "line", "relation", "consumer", "producer", "governance", "message", "hint",
}  # fmt: skip


def whole_report() -> Report:
    """A gate's report with something of everything."""
    report = report_of(EDITS["a column is removed"])
    waived = Waived(
        report_of(EDITS["a format is dropped"]).contracts[0].difference.findings[0], "w"
    )
    hits = (Hit("shop.lists.v1", "Team Lists", Effect.BREAKS, ("a.sql:3", "b.sql:4"), "FLD001"),)
    (contract,) = report.contracts
    problems = (
        Problem("MP112", "warning", "c.yaml", 7, 3, "says nothing", "say more"),
        Problem("MP102", "error", "d.yaml", 1, None, "not YAML", None),
    )
    found = compared(base(), EDITS["a column is removed"].applied(), hits=hits, waived=(waived,))
    assert contract.difference.findings == found.contracts[0].difference.findings
    return Report("contract gate", found.contracts, problems, base="main")


@EVERY_EDIT
def test_an_edit_renders_in_every_format_and_always_the_same(edit):
    again = compared(base(), edit.applied())

    for form in FORMATS:
        assert rendered(report_of(edit), form) == rendered(again, form)
        assert rendered(again, form).endswith("\n") or form == "github"


@EVERY_EDIT
def test_the_json_of_a_diff_has_exactly_the_agreed_shape(edit):
    content = json.loads(rendered(report_of(edit), "json"))

    assert set(content) == DOCUMENT
    assert content["old"] == "shop.baskets 1.4.0"
    assert content["verdict"] in ("none", "patch", "minor", "major")
    assert re.fullmatch(r"\d+\.\d+\.\d+", content["required_version"])
    for change in content["changes"]:
        assert set(change) == CHANGE
        assert change["relation"] in (
            "EQUAL",
            "STRENGTHENED",
            "WEAKENED",
            "INCOMPARABLE",
            "UNKNOWN",
        )
        assert change["consumer"] in ("none", "patch", "minor", "major", "warn")
        assert change["producer"] in ("none", "break", "warn")
        assert change["governance"] in ("none", "block", "warn")
        assert isinstance(change["line"], int)


def test_the_json_of_the_gate_adds_consumers_waivers_and_problems():
    content = json.loads(json_format.render(whole_report()))
    (contract,) = content["contracts"]

    assert set(contract) > DOCUMENT
    assert contract["consumers"] == [
        {"consumer": "shop.lists.v1", "owner": "Team Lists", "effect": "breaks",
         "path": ["a.sql:3", "b.sql:4"], "rule": "FLD001"},
    ]  # fmt: skip
    assert [one["waiver"] for one in contract["waived"]] == ["w"]
    assert [one["rule"] for one in content["problems"]] == ["MP112", "MP102"]
    assert (content["verdict"], content["passed"]) == ("major", False)


@EVERY_EDIT
def test_junit_has_one_case_per_finding_and_its_counts_agree(edit):
    report = report_of(edit)
    (contract,) = report.contracts
    root = ET.fromstring(junit.render(report))
    (suite,) = root.iter("testsuite")
    errors = [one for level, one in contract.ranked if level is Level.ERROR]

    assert len(suite.findall("testcase")) == max(1, len(contract.ranked))
    assert len(list(suite.iter("failure"))) == len(errors)
    assert [int(suite.get(name)) for name in ("tests", "failures", "errors", "skipped")] == [
        len(list(suite.iter(tag))) for tag in ("testcase", "failure", "error", "skipped")
    ]


def test_junit_tells_failures_errors_and_waivers_apart():
    root = ET.fromstring(junit.render(whole_report()))

    counts = {name: int(root.get(name)) for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": 4, "failures": 1, "errors": 1, "skipped": 1}


def test_a_version_that_goes_back_fails_in_junit_although_nothing_changed():
    back = base().text.replace(b"version: 1.4.0", b"version: 1.3.0")
    root = ET.fromstring(junit.render(compared(base(), parse_yaml(back, "new.yaml"))))

    assert [case.get("name") for case in root.iter("testcase")] == ["VER02 version"]
    assert root.get("failures") == "1"


def test_sarif_has_the_structure_of_2_1_0():
    for edit in edits():
        report = report_of(edit)
        log = json.loads(sarif.render(report))
        (run,) = log["runs"]
        rules = run["tool"]["driver"]["rules"]
        wanted = [one.rule for one in report.contracts[0].difference.findings]

        assert log["version"] == "2.1.0"
        assert {one["ruleId"] for one in run["results"]} - {"VER02"} == set(wanted)
        assert len({rule["id"] for rule in rules}) == len(rules)
        for result in run["results"]:
            assert result["level"] in ("none", "note", "warning", "error")
            assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
            assert result["message"]["text"]
            (location,) = result["locations"]
            physical = location["physicalLocation"]
            assert physical["artifactLocation"]["uri"] == "new.odcs.yaml"
            assert physical["region"]["startLine"] >= 1
            assert physical["region"]["startColumn"] >= 1
            assert all(isinstance(value, str) for value in result["partialFingerprints"].values())
        for rule in rules:
            if rule["id"] in RULES:
                assert RULES[rule["id"]].fix in rule["help"]["text"]


def fingerprints(report: Report) -> list[dict[str, str]]:
    return [
        one["partialFingerprints"] for one in json.loads(sarif.render(report))["runs"][0]["results"]
    ]


def test_fingerprints_stay_while_lines_move():
    for edit in edits()[::4]:
        moved = parse_yaml(b"# a comment\n\n" + edit.applied().text, "new.odcs.yaml")
        before, after = report_of(edit), compared(base(), moved)

        assert fingerprints(before) == fingerprints(after)
        assert len({str(one) for one in fingerprints(before)}) == len(fingerprints(before))


def test_sarif_suppresses_what_is_waived_and_says_when_the_run_is_not_whole():
    (run,) = json.loads(sarif.render(whole_report()))["runs"]
    suppressed = [one for one in run["results"] if "suppressions" in one]

    assert [one["ruleId"] for one in suppressed] == ["VAL03"]
    assert suppressed[0]["suppressions"] == [{"kind": "external", "justification": "w"}]
    assert run["invocations"] == [{"executionSuccessful": False}]


def test_a_version_that_is_too_small_is_told_once_at_its_line():
    report = report_of(EDITS["a column is removed"])
    told = Problem("VER02", "error", "new.odcs.yaml", 5, 1, "told by the gate")

    def of_version(found: Report) -> list[str]:
        return [line for line in github.render(found).splitlines() if "VER02" in line]

    (line,) = of_version(report)
    assert line.startswith("::error file=new.odcs.yaml,line=5,col=1,")
    (line,) = of_version(Report("gate", report.contracts, (told,)))
    assert "told by the gate" in line


def test_what_is_gone_is_annotated_in_the_new_file():
    (line, _) = github.render(report_of(EDITS["a column is removed"])).splitlines()
    (table_line,) = (
        number
        for number, text_ in enumerate(base().text.decode().splitlines(), 1)
        if text_ == "  - id: baskets"
    )

    assert line.startswith(f"::error file=new.odcs.yaml,line={table_line},col=5,title=FLD001%3A ")


def test_the_text_shows_every_finding_with_place_and_relation_and_the_verdict_last():
    for edit in edits():
        report = report_of(edit)
        (contract,) = report.contracts
        shown = text.render(report)

        for _, finding in contract.ranked:
            assert f"{finding.rule} {RULES[finding.rule].title}: " in shown
            assert str(finding.place) in shown
            assert finding.relation.value in shown
        assert shown.splitlines()[-1].startswith("verdict: ")
        assert contract.difference.required_version in shown.splitlines()[-1] or not contract.ranked
        assert "\x1b" not in shown


def test_the_text_says_who_breaks_and_along_which_way():
    shown = text.render(whole_report())

    assert "breaks: shop.lists.v1 (Team Lists), by FLD001" in shown
    assert "a.sql:3 → b.sql:4" in shown
    assert "MP102 d.yaml:1" in shown


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_readers_that_alone_make_it_a_break_are_named(form):
    report = report_of(EDITS["an integer is widened past what JSON readers hold"])

    assert "JSON readers" in rendered(report, form)
    assert "JSON readers" not in rendered(report_of(EDITS["a column is removed"]), form)
