"""Every rule has an edit that shows it; saying the same differently shows nothing."""

from __future__ import annotations

import json
from datetime import date
from importlib import resources

import pytest

from meshport.changes.clauses import COMPARATORS
from meshport.changes.compare import compare
from meshport.changes.element import STRUCTURE, Kind
from meshport.changes.examples import base, edits
from meshport.changes.judgement import Surroundings
from meshport.changes.rules import RULES
from meshport.contracts.schema import schema_faults
from tests.building import ROOT

AROUND = Surroundings(today=date(2026, 11, 21))
TELLING = [edit for edit in edits() if edit.rule]
NEUTRAL = [edit for edit in edits() if not edit.rule]
FOUND_ELSEWHERE = {"KEY06", "PII04", "SEM03", "SEM06", "VER08"}
"""Rules that need more than two contracts to look at, or two versions of the standard."""


@pytest.mark.parametrize("edit", edits(), ids=lambda edit: edit.say)
def test_an_example_is_a_valid_contract(edit):
    assert schema_faults(edit.applied()) == []


@pytest.mark.parametrize("edit", TELLING, ids=lambda edit: f"{edit.rule}: {edit.say}")
def test_an_edit_gets_its_rule_and_its_verdict_and_no_other(edit):
    found = [one.as_json() for one in compare(base(), edit.applied(), AROUND)]

    assert {one["rule"] for one in found} <= {edit.rule, *edit.also}
    first = next(one for one in found if one["rule"] == edit.rule)
    assert {axis: first[axis] for axis in edit.expected} == edit.expected
    assert first["line"] > 1 or edit.rule in ("VER07",)
    assert first["message"]
    assert first["hint"]


@pytest.mark.parametrize("edit", NEUTRAL, ids=lambda edit: edit.say)
def test_saying_the_same_differently_is_no_change(edit):
    assert compare(base(), edit.applied(), AROUND) == []
    assert compare(edit.applied(), base(), AROUND) == []


def test_every_rule_that_two_contracts_can_show_has_an_example():
    shown = {rule for edit in TELLING for rule in (edit.rule, *edit.also)}

    assert set(RULES) - shown == FOUND_ELSEWHERE


@pytest.mark.parametrize("edit", TELLING, ids=lambda edit: f"{edit.rule}: {edit.say}")
def test_findings_do_not_depend_on_anything_but_the_two_files(edit):
    first = [one.as_json() for one in compare(base(), edit.applied(), AROUND)]
    again = [one.as_json() for one in compare(base(), edit.applied(), AROUND)]

    assert first == again


@pytest.mark.parametrize("file", sorted((ROOT / "contracts").glob("*/*.odcs.yaml")), ids=str)
def test_a_contract_does_not_differ_from_itself(file):
    from meshport.yaml_file import read_yaml

    assert compare(read_yaml(file), read_yaml(file), AROUND) == []


JUDGED_WITH_OTHERS = {
    "enum": "values",
    "minimum": "range", "maximum": "range",
    "exclusiveMinimum": "range", "exclusiveMaximum": "range",
    "minLength": "length", "maxLength": "length", "minItems": "items", "maxItems": "items",
    "minProperties": "members", "maxProperties": "members",
    "rule": "metric",
}  # fmt: skip
DEFINITIONS = {
    "SchemaObject": Kind.TABLE,
    "SchemaProperty": Kind.COLUMN,
    "DataQuality": Kind.RULE,
    "ServiceLevelAgreementProperty": Kind.LEVEL,
    "Role": Kind.ROLE,
    "SupportItem": Kind.CHANNEL,
    "TeamMember": Kind.MEMBER,
    "EnumValue": Kind.VALUE,
    "Relationship": Kind.REFERENCE,
}


@pytest.mark.parametrize("definition", DEFINITIONS)
def test_every_key_of_the_standard_is_judged(definition):
    kind = DEFINITIONS[definition]
    schema = json.loads(
        (resources.files("open_data_contract_standard") / "schema.json").read_bytes()
    )
    structure = STRUCTURE.get(kind, {"id", "customProperties"})
    operators = {name for name in keys_of(schema, definition) if name.startswith("must")}
    known = {*structure, *COMPARATORS[kind], *JUDGED_WITH_OTHERS, *operators, "unit"}

    assert keys_of(schema, definition) - known == set()


def keys_of(schema: dict, definition: str) -> set[str]:
    found = set()
    stack = [schema["$defs"][definition]]
    seen = []
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.append(node)
        found |= set(node.get("properties", {}))
        for word in ("allOf", "anyOf", "oneOf"):
            stack += node.get(word, [])
        stack += [node[word] for word in ("if", "then", "else") if isinstance(node.get(word), dict)]
        if "$ref" in node:
            target = schema
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            stack.append(target)
    return found


def test_every_option_of_a_logical_type_is_judged():
    schema = json.loads(
        (resources.files("open_data_contract_standard") / "schema.json").read_bytes()
    )
    known = {*COMPARATORS[Kind.COLUMN], *JUDGED_WITH_OTHERS, "required"}

    assert set(options_in(schema)) - known == set()


def options_in(node: object):
    if isinstance(node, dict):
        options = node.get("logicalTypeOptions")
        if isinstance(options, dict):
            yield from options.get("properties", {})
        for inner in node.values():
            yield from options_in(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from options_in(inner)
