"""Three answers are told apart: kept, broken, and nobody can tell."""

from __future__ import annotations

import pytest

from meshport.changes.examples import edits
from meshport.changes.verdict import Consumer
from meshport.contracts.read import contract_of
from meshport.errors import ContractError, ManyFaultsError, Place
from meshport.reports.result import (
    ContractReport,
    Effect,
    Hit,
    Level,
    Problem,
    Report,
    problems_of,
)
from tests.building import column
from tests.reports.reporting import compared, document, report_of

EDITS = {edit.say: edit for edit in edits()}
KEY = column("thing_id", "VARCHAR(8)", primaryKey=True)
OLD = document(KEY, column("weight", "INTEGER"), file="old.odcs.yaml")


def problem(severity: str, rule: str = "VER01") -> Problem:
    return Problem(rule, severity, "c.yaml", 1, 1, "x")


@pytest.mark.parametrize(
    ("version", "code"), [("1.0.0", 1), ("1.0.1", 1), ("1.9.0", 1), ("2.0.0", 0), ("3.1.0", 0)]
)
def test_a_break_is_kept_back_until_the_version_says_so(version, code):
    assert compared(OLD, document(KEY, version=version)).exit_code == code


def test_no_version_replaces_the_word_of_governance():
    old = document(KEY, column("mail", "VARCHAR(8)", classification="restricted"))
    new = document(KEY, column("mail", "VARCHAR(8)", classification="public"), version="9.0.0")

    report = compared(old, new)

    assert report.contracts[0].difference.is_version_enough
    assert report.exit_code == 1


@pytest.mark.parametrize(
    ("problems", "code"),
    [
        ([], 0),
        ([problem("notice"), problem("warning")], 0),
        ([problem("error")], 1),
        ([problem("error", "MP112")], 1),
        ([problem("error", "MP101")], 2),
        ([problem("error"), problem("error", "MP102")], 2),
        ([problem("warning", "MP101")], 0),
    ],
)
def test_what_cannot_be_read_hides_the_answer_and_only_errors_count(problems, code):
    same = compared(OLD, OLD)

    assert Report("gate", same.contracts, tuple(problems)).exit_code == code


def test_every_fault_of_an_error_becomes_a_problem_with_its_place():
    faults = [
        ContractError("MP103", "wrong", Place("c.yaml", 4, 2), "mend it"),
        ContractError("MP101", "gone"),
    ]

    found = problems_of(ManyFaultsError(list(faults)))

    assert [(one.rule, one.file, one.line, one.column, one.hint) for one in found] == [
        ("MP103", "c.yaml", 4, 2, "mend it"),
        ("MP101", "", None, None, None),
    ]


def test_a_first_publication_is_green_and_says_so():
    report = Report("gate", (ContractReport.first(contract_of(OLD)),))

    assert report.exit_code == 0
    assert "first publication" in report.summary


def test_only_what_the_version_does_not_cover_is_an_error():
    new = document(
        {**KEY, "description": "Another description of the very same thing."},
        column("colour", "VARCHAR(8)"),
    )
    (contract,) = compared(OLD, new).contracts

    assert [(level, one.rule) for level, one in contract.ranked] == [
        (Level.ERROR, "FLD001"),
        (Level.WARNING, "FLD002"),
        (Level.NOTICE, "SEM04"),
    ]


def test_a_report_is_red_exactly_if_a_finding_or_the_version_is_an_error():
    for edit in edits():
        report = report_of(edit)
        (contract,) = report.contracts
        levels = [level for level, _ in contract.ranked]

        assert report.is_green == (Level.ERROR not in levels)
        assert report.exit_code == (0 if report.is_green else 1)
        assert levels == sorted(levels, key=list(Level).index)


def test_the_verdict_is_the_worst_of_all_contracts():
    reports = [report_of(EDITS[say]) for say in ("a table is added", "a column is removed")]
    whole = Report("gate", tuple(one.contracts[0] for one in reports))

    assert [one.verdict for one in reports] == [Consumer.MINOR, Consumer.MAJOR]
    assert whole.verdict is Consumer.MAJOR
    assert whole.summary == "2 contracts compared, 2 changed, 2 not kept"


def test_the_worst_hit_comes_first():
    hits = [Hit("c", "o", effect) for effect in reversed(Effect)]
    (contract,) = compared(OLD, OLD, hits=tuple(hits)).contracts

    assert [hit.effect for hit in contract.sorted_hits] == list(Effect)


def test_a_version_that_goes_back_is_red_without_any_finding():
    report = compared(OLD, document(KEY, column("weight", "INTEGER"), version="0.9.0"))

    assert report.contracts[0].difference.findings == ()
    assert report.exit_code == 1
    assert "version 1.0.0 is needed, 0.9.0 is not enough" in report.summary
