"""Text of others is shown, never obeyed: by no terminal, no parser and no CI system."""

from __future__ import annotations

import json
import re
import unicodedata
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshport.reports import github, junit, sarif, text
from meshport.reports import json as json_format
from meshport.reports.escaping import command_data, command_property, json_text, plain
from meshport.reports.result import Report
from tests.reports.reporting import FORMATS, HOSTILE, hostile_report, rendered

EVERY_NAME = pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
COMMAND = re.compile(r"::(error|warning|notice) ([^:]*)::(.*)")
UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")


def unseen(shown: str) -> set[str]:
    """Characters that a terminal obeys or nobody sees; the joiner of emoji is neither."""
    return {one for one in shown if unicodedata.category(one) in UNSEEN and one not in "\n\u200d"}


def unescaped(value: str) -> str:
    """As the runner of GitHub Actions does."""
    for code, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        value = value.replace(code, character)
    return value


@EVERY_NAME
def test_no_format_prints_what_cannot_be_seen(name):
    report = hostile_report(name)

    assert [form for form in FORMATS if unseen(rendered(report, form))] == []


@EVERY_NAME
def test_json_and_sarif_lose_no_character(name):
    gate = json.loads(json_format.render(hostile_report(name)))
    (run,) = json.loads(sarif.render(hostile_report(name)))["runs"]

    assert gate["contracts"][0]["consumers"][0]["consumer"] == name
    assert gate["problems"][0]["message"] == name
    assert any(one["ruleId"] == name for one in run["results"])


@EVERY_NAME
def test_junit_is_xml_whatever_names_hold(name):
    root = ET.fromstring(junit.render(hostile_report(name)))

    assert root.get("name") == plain(name)
    assert [suite.get("name") for suite in root] == [plain(name), "problems"]


@EVERY_NAME
def test_a_name_adds_no_line_and_no_command_for_github(name):
    report = hostile_report(name)
    lines = github.render(report).splitlines()
    (contract,) = report.contracts

    assert len(lines) == len(contract.ranked) + len(report.problems)
    for line in lines:
        _, properties, _ = COMMAND.fullmatch(line).groups()
        names = [pair.partition("=")[0] for pair in properties.split(",")]
        assert set(names) <= {"file", "line", "col", "title"}
        assert len(set(names)) == len(names)


@EVERY_NAME
def test_a_name_adds_no_line_to_the_text(name):
    def without_name(report: Report) -> int:
        return len(text.render(report).splitlines())

    assert without_name(hostile_report(name)) == without_name(hostile_report("plain"))


@given(st.text())
def test_what_github_decodes_is_what_was_meant(value):
    assert unescaped(command_data(value)) == plain(value)
    assert unescaped(command_property(value)) == plain(value)
    assert not set(command_property(value)) & set(":,\r\n")


@given(st.text(), st.text())
def test_a_message_of_two_lines_is_one_command(first, second):
    written = command_data(first, second)

    assert "\n" not in written
    assert unescaped(written).split("\n") == [plain(first), plain(second)]


surrogates = st.characters(min_codepoint=0xD800, max_codepoint=0xDFFF)


@given(st.text(st.characters() | surrogates))
def test_json_says_the_same_with_every_character_visible(value):
    written = json_text({value: [value]})

    written.encode()
    assert unseen(written) == set()
    assert json.loads(written) == json.loads(json.dumps({value: [value]}))


@given(st.text(st.characters() | surrogates))
def test_plain_text_is_one_line_that_can_be_seen(value):
    shown = plain(value)

    shown.encode()
    assert "\n" not in shown
    assert unseen(shown) == set()
    assert plain(shown) == shown


@pytest.mark.parametrize("seen", ["Größe", "価格", "السعر", "👩‍👩‍👧", "≥ 5 → 9", "e\u0301"])
def test_letters_of_all_scripts_stay_as_they_are(seen):
    assert plain(seen) == seen
    assert json_text(seen) == f'"{seen}"'
