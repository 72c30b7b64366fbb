"""A contract is read whole or refused with every fault at its line; typos never pass."""

from __future__ import annotations

import json

import pytest

from meshport.contracts.model import Severity
from meshport.contracts.read import contract_of, read_contract
from meshport.errors import MeshportError, each_of
from meshport.yaml_file import parse_yaml
from tests.building import ROOT, SHARED, column, contract, contract_text, needs_shared, table

OURS = sorted((ROOT / "contracts").glob("*/*.odcs.yaml"))


def faults(text: bytes) -> list[MeshportError]:
    with pytest.raises(MeshportError) as caught:
        contract_of(parse_yaml(text, "c.yaml"))
    return each_of(caught.value)


@pytest.mark.parametrize(
    ("wrong", "right", "place"),
    [
        ("qualty: []", "quality", "c.yaml:6:5"),
        ("phisicalName: x", "physicalName", "c.yaml:6:5"),
        ("logicaltype: object", "logicalType", "c.yaml:6:5"),
    ],
)
def test_a_misspelt_key_is_an_error_with_place_and_the_nearest_name(wrong, right, place):
    text = (
        "apiVersion: v3.2.0\nkind: DataContract\nid: a\nversion: 1.0.0\nschema:\n"
        f"  - {wrong}\n    name: t\n"
    )

    (fault,) = faults(text.encode())

    assert fault.hint == f"did you mean `{right}`?"
    assert str(fault.place) == place


def test_a_typo_is_found_where_the_official_schema_leaves_an_object_open():
    (fault,) = faults(contract_text(description={"purpos": "x"}))

    assert "`purpos` in `description`" in fault.fact


def test_every_fault_is_told_at_once_and_in_file_order():
    found = faults(contract_text(versoin="1", description={"purpos": "x"}, statuss="x"))

    assert len(found) == 3
    assert [f.place.line for f in found] == sorted(f.place.line for f in found)


def test_a_version_that_yaml_takes_for_a_number_is_to_be_quoted():
    (fault,) = faults(contract_text().replace(b"version: 1.0.0", b"version: 1.10"))

    assert fault.fact == "`version` is 1.1, not a string"
    assert fault.hint == "put it in quotes"


def test_no_is_text_and_not_a_boolean():
    text = contract_text().replace(b"primaryKey: true", b"primaryKey: no")

    assert "is `no`, not a boolean" in faults(text)[0].fact


def test_two_operators_in_one_rule_are_refused():
    rule = {"type": "library", "metric": "rowCount", "mustBe": 1, "mustBeLessThan": 2}
    things = table("things", column("thing_id", "VARCHAR"), quality=[rule])

    assert "in two ways" in faults(contract_text(schema=[things]))[0].fact


def test_two_columns_of_one_name_are_refused():
    things = table("things", column("a", "VARCHAR"), column("a", "VARCHAR"))

    assert faults(contract_text(schema=[things]))[0].code == "MP106"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"apiVersion: v2.2.2\nid: a", "ODCS v2.2.2 is not read"),
        (b"dataContractSpecification: 1.1.0\nid: a", "not ODCS"),
        (b"uuid: 1\nversion: 1.0.0", "ODCS v2 is not read"),
        (b"apiVersion: v9.9.9", "ODCS v9.9.9 is not read"),
        (b"- a", "not a mapping"),
        (b"", "not a mapping"),
    ],
)
def test_another_format_is_refused_with_a_clear_sentence(text, said):
    assert said in faults(text)[0].fact


def test_a_primary_key_is_required_though_nobody_says_so():
    assert contract().table.column("thing_id").required


def test_severity_words_of_other_vendors_are_understood():
    rules = [
        {"type": "text", "name": name, "severity": name} for name in ("info", "critical", "warn")
    ]
    things = table("things", column("a", "VARCHAR"), quality=rules)

    found = [rule.severity for rule in contract(schema=[things]).table.quality]

    assert found == [Severity.WARNING, Severity.ERROR, Severity.WARNING]


def test_a_reference_across_files_is_taken_apart():
    to = "../a/b.v1.odcs.yaml#/schema/b/properties/b_id"
    things = table("things", column("a", "VARCHAR", relationships=[{"to": to}]))

    (relationship,) = contract(schema=[things]).table.relationships

    assert relationship.target.file == "../a/b.v1.odcs.yaml"
    assert (relationship.target.table, relationship.target.columns) == ("b", ("b_id",))


def test_a_reference_that_cannot_be_read_is_told_how_to_write_one():
    things = table("things", column("a", "VARCHAR", relationships=[{"to": "b.odcs.yaml#b.b_id"}]))

    with pytest.raises(MeshportError) as caught:
        contract(schema=[things])

    assert caught.value.code == "MP103"
    assert "#/schema/<table>/properties/<column>" in (caught.value.hint or "")


def test_the_bytes_of_a_contract_stay_as_they_are():
    text = contract_text() + b"# a comment\n"

    assert contract_of(parse_yaml(text, "c")).text == text


@needs_shared
@pytest.mark.parametrize("file", OURS, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_our_contracts_are_valid_against_the_official_schema(file):
    import jsonschema_rs

    from meshport.yaml_file import read_yaml

    schema = json.loads((SHARED / "odcs/schema/odcs-json-schema-v3.2.0.json").read_text())
    errors = list(jsonschema_rs.Draft201909Validator(schema).iter_errors(read_yaml(file).value))

    assert errors == []


@needs_shared
@pytest.mark.parametrize(
    "file",
    sorted((SHARED / "odcs").rglob("*.yaml")),
    ids=lambda file: f"{file.parent.name}/{file.name}",
)
def test_other_peoples_contracts_are_read_or_refused_with_a_place(file):
    try:
        read_contract(file, file.name)
    except MeshportError as error:
        for fault in each_of(error):
            assert fault.code in ("MP102", "MP103", "MP105", "MP106")
            assert fault.place is not None
            assert fault.place.line is not None


@needs_shared
@pytest.mark.parametrize(
    ("name", "is_valid"),
    [
        ("lint-valid-3.1.0.odcs.yaml", True),
        ("bitol-strict-schema-test-invalid.odcs.yaml", False),
        ("lint-invalid_datacontract.dcs.yaml", False),
    ],
)
def test_upstreams_verdicts_on_its_own_lint_fixtures_are_ours(name, is_valid):
    try:
        read_contract(SHARED / "odcs" / name)
    except MeshportError:
        assert not is_valid
    else:
        assert is_valid


OLDER = {"apiVersion": "v3.0.2", "team": [{"username": "a", "comment": "since May"}]}
FREE_RULE = {"rule": "nullCheck", "type": "library", "dimension": "completeness"}


def test_a_contract_of_odcs_3_0_keeps_its_rules_of_any_name():
    found = contract_of(
        parse_yaml(
            contract_text(
                **OLDER, schema=[table("t", column("a", "INTEGER", quality=[FREE_RULE]))]
            ),
            "c.yaml",
        )
    )
    (rule,) = found.table.columns[0].quality

    assert (rule.metric, rule.threshold) == ("nullCheck", None)


@pytest.mark.parametrize(
    ("version", "rule"),
    [("v3.2.0", FREE_RULE), ("v3.0.2", {**FREE_RULE, "dimensoin": "x"}), ("v3.0.2", {"ruel": "x"})],
)
def test_neither_newer_contracts_nor_misspelt_rules_profit_from_that(version, rule):
    keys = {"apiVersion": version, "schema": [table("t", column("a", "INTEGER", quality=[rule]))]}

    assert faults(contract_text(**keys))
