"""Documents of the Bitol drafts: their field names, their levels, and none of their don'ts."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from meshport.changes.examples import base, edits
from meshport.checks.external import check_data
from meshport.contracts.read import contract_of
from meshport.reports import omds, oors
from meshport.reports.oors import Observation
from meshport.reports.result import Report
from meshport.yaml_file import parse_yaml
from tests.building import column
from tests.reports.reporting import HOSTILE, compared, document, report_of

EDITS = {edit.say: edit for edit in edits()}
LEVELS = ["PATCH", "MINOR", "MAJOR"]
NOW = datetime(2026, 11, 1, 6, tzinfo=UTC)
TABLE = "/schema[name=baskets]"
DIFF = {"type", "section", "field", "path", "message", "impactLevel"}
RESULT = {"id", "type", "name", "status", "severity", "target", "message", "measure"}


def omds_of(report: Report) -> dict:
    content = json.loads(omds.render(report))
    return {
        **content,
        "custom": {one["property"]: one["value"] for one in content["customProperties"]},
    }


def one_diff(say: str) -> dict:
    (diff,) = omds_of(report_of(EDITS[say]))["diffs"]
    return diff


def test_a_difference_document_has_the_fields_of_the_draft():
    for edit in edits():
        content = omds_of(report_of(edit))
        diffs = content["diffs"]

        assert (content["apiVersion"], content["kind"]) == ("v1.0.0", "MetadataDifference")
        assert content["sourceKind"] == "DataContract"
        assert content["source1"] == {"id": "shop.baskets", "version": "1.4.0"}
        assert all(set(diff) == DIFF for diff in diffs)
        assert all(diff["type"] in ("ADD", "REMOVE", "CHANGE") for diff in diffs)
        assert all(diff["path"].startswith(f"/{diff['section']}") for diff in diffs)
        assert content["impact"] == {
            level.lower(): sum(diff["impactLevel"] == level for diff in diffs) for level in LEVELS
        }


def test_a_level_is_never_milder_than_the_draft_or_than_ours():
    for edit in edits():
        content = omds_of(report_of(edit))

        for diff, ours in zip(content["diffs"], content["custom"]["levels"], strict=True):
            stricter = max((ours["level"], ours["draftLevel"]), key=LEVELS.index)
            assert diff["impactLevel"] == stricter
            assert ours["consumer"] != "major" or ours["level"] == "MAJOR"


@pytest.mark.parametrize(
    ("say", "kind", "path", "level"),
    [
        ("a column is renamed", "CHANGE", f"{TABLE}/properties[name=lines_n]/name", "MAJOR"),
        ("a column is removed", "REMOVE", f"{TABLE}/properties[name=weight]", "MAJOR"),
        ("an optional column is added", "ADD", f"{TABLE}/properties[name=colour]", "MINOR"),
        ("a service level is removed", "REMOVE", "/slaProperties[property=up]", "MAJOR"),
        ("the limitations change", "CHANGE", "/description/limitations", "MINOR"),
        ("an upper bound is raised", "CHANGE",
         f"{TABLE}/properties[name=line_count]/logicalTypeOptions", "MAJOR"),
    ],
)  # fmt: skip
def test_a_difference_is_named_by_the_path_of_the_draft(say, kind, path, level):
    diff = one_diff(say)

    assert (diff["type"], diff["path"], diff["impactLevel"]) == (kind, path, level)


def test_a_removed_service_level_is_stricter_than_in_the_draft_and_both_are_told():
    content = omds_of(report_of(EDITS["a service level is removed"]))
    (levels,) = content["custom"]["levels"]

    assert (levels["level"], levels["draftLevel"]) == ("MAJOR", "MINOR")
    assert content["suggestedVersion"] == content["custom"]["requiredVersion"] == "2.0.0"


def test_below_one_the_draft_suggests_one_where_semver_asks_for_a_minor_bump():
    old, new = (
        parse_yaml(text.replace(b"version: 1.4.0", b"version: 0.4.0"), "c.yaml")
        for text in (base().text, EDITS["a column is removed"].applied().text)
    )
    content = omds_of(compared(old, new))

    assert content["suggestedVersion"] == "1.0.0"
    assert content["custom"]["requiredVersion"] == "0.5.0"


def test_nothing_changed_suggests_no_version():
    content = omds_of(compared(base(), base()))

    assert content["diffs"] == []
    assert "suggestedVersion" not in content


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_a_difference_document_is_yaml_too_whatever_names_hold(name):
    old = document(column("kept", "INTEGER"), column(name, "INTEGER"))
    text = omds.render(compared(old, document(column("kept", "INTEGER"))))
    (diff,) = json.loads(text)["diffs"]

    shown = name.replace("\U000e0041", "\\U000e0041")  # no escape of JSON is one of YAML for it
    assert parse_yaml(text.encode(), "omds.yaml").value == json.loads(text)
    assert shown.replace("~", "~0").replace("/", "~1").replace("]", "~2") in diff["path"]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Real results of every status, of a small table with faults."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "things.csv").write_text("id,weight,note\n1,5,a\n2,,b\n2,7,c\n")
    contract = contract_of(
        document(
            column("id", "INTEGER", primaryKey=True),
            column("weight", "INTEGER", required=True),
            column("note", "VARCHAR(8)", quality=[
                {"id": "look", "type": "text", "description": "Somebody looks."},
                {"id": "few", "metric": "nullValues", "mustBeLessThan": 0, "severity": "warning"},
            ]),
            column("gone", "INTEGER", unique=True),
        )
    )  # fmt: skip
    return [one.as_json() for one in check_data(contract, folder / "things.csv", {}, NOW).results]


def observed(results: list[dict], **more: str) -> Observation:
    return Observation("shop.things", "1.0.0", NOW, "contract check", results, **more)


def test_results_become_the_statuses_of_the_draft(results):
    content = json.loads(oors.render(observed(results, run="r1")))
    statuses = {
        check["id"]: one["status"] for check, one in zip(results, content["results"], strict=True)
    }

    assert set(statuses.values()) == {"pass", "fail", "warn", "error", "skip"}
    assert all(set(one) <= RESULT for one in content["results"])
    assert content["contract"] == {
        "contractID": "shop.things",
        "standard": "ODCS",
        "version": "1.0.0",
    }
    assert content["source"] == {"process": "contract check", "vendor": "meshport", "runID": "r1"}
    assert (content["apiVersion"], content["kind"]) == ("v0.1.0", "ObservabilityResults")
    assert content["observedAt"] == "2026-11-01T06:00:00+00:00"


def test_results_name_what_was_looked_at_and_never_show_its_rows(results):
    assert any(one["sample_keys"] for one in results)
    content = json.loads(oors.render(observed(results)))
    broken = next(
        one for one in content["results"] if "weight" in one["id"] and one["status"] == "fail"
    )

    assert broken["target"] == {"resourceType": "column", "resourceIdentifier": "things.weight"}
    assert broken["measure"] == {"metric": "failedRows", "value": 1, "unit": "rows"}
    assert "sample_keys" not in oors.render(observed(results))


def test_the_same_observation_has_the_same_id_and_another_one_another(results):
    first, again, other = (
        json.loads(oors.render(one))["id"]
        for one in (observed(results), observed(results), observed(results[1:]))
    )

    assert first == again != other


def test_a_document_without_results_is_refused():
    with pytest.raises(ValueError, match="at least one result"):
        oors.render(observed([]))
