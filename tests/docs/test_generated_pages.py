"""The reference pages say what the code says, and leave nothing out."""

from __future__ import annotations

import json
import re
from importlib import resources

import pytest

from meshport.changes.rules import RULES
from meshport.checks.formats import TEXT_FORMATS
from meshport.checks.plan import plan
from meshport.checks.spec import Rule
from meshport.cli.command_tree import command_docs
from meshport.cli.generate import all_derived_files
from meshport.cli.main import app
from meshport.contracts.policies import read_policies
from meshport.contracts.schema import schema_faults
from meshport.error_codes import CODES
from meshport.orchestration.dbt_files import stale_files
from meshport.reference.checks_page import every_clause
from meshport.serving.app import create_app
from meshport.settings import KNOWN
from meshport.yaml_file import parse_yaml
from tests.building import ROOT, copy_mesh, meshport, settings_at

REFERENCE = ROOT / "docs" / "reference"


def standard() -> dict:
    source = resources.files("open_data_contract_standard") / "schema.json"
    return json.loads(source.read_bytes())["$defs"]


def example() -> dict:
    contract = every_clause()
    return parse_yaml(contract.text, contract.file).value


def columns() -> list[dict]:
    return example()["schema"][0]["properties"]


def rules() -> list[dict]:
    table = example()["schema"][0]
    return [*table["quality"], *(rule for one in columns() for rule in one.get("quality", ()))]


def test_generated_files_are_current():
    assert [str(file.relative_to(ROOT)) for file in stale_files(all_derived_files(ROOT))] == []


def test_a_mesh_without_reference_pages_gets_none(tmp_path):
    root = copy_mesh(tmp_path / "mesh")

    assert meshport("generate", cwd=root).returncode == 0
    assert not (root / "docs").exists()


def test_a_stale_page_is_named_and_fails_the_check(tmp_path):
    root = copy_mesh(tmp_path / "mesh")
    page = root / "docs" / "reference" / "settings.md"
    page.parent.mkdir(parents=True)

    assert meshport("generate", cwd=root).returncode == 0
    page.write_text(page.read_text().replace("MESHPORT_HOME", "MESHPORT_FLAT"))
    checked = meshport("generate", "--check", cwd=root)

    assert checked.returncode == 1
    assert "stale: docs/reference/settings.md" in checked.stderr


def test_the_example_contract_is_valid():
    contract = every_clause()

    assert schema_faults(parse_yaml(contract.text, contract.file)) == []


def test_the_example_contract_has_every_option_that_the_standard_knows():
    known = set()
    for part in standard()["SchemaBaseProperty"]["allOf"]:
        options = part.get("then", {}).get("properties", {}).get("logicalTypeOptions", {})
        kinds = part["if"]["anyOf"] if "anyOf" in part.get("if", {}) else [part.get("if")]
        for kind in kinds if options else ():
            logical_type = kind["properties"]["logicalType"]["const"]
            known |= {(logical_type, option) for option in options["properties"]}
    shown = {
        (one["logicalType"], option)
        for one in columns()
        for option in one.get("logicalTypeOptions", ())
    }

    assert len(known) > 40
    assert known - shown == set()


def test_the_example_contract_has_every_metric_and_operator_that_the_standard_knows():
    metrics = set(standard()["DataQualityLibrary"]["properties"]["metric"]["enum"])
    operators = {
        name for way in standard()["DataQualityOperators"]["oneOf"] for name in way["required"]
    }

    assert metrics - {rule.get("metric") for rule in rules()} == set()
    assert operators - {key for rule in rules() for key in rule} == set()


def test_the_example_contract_has_every_format_that_is_checked():
    shown = {one.get("logicalTypeOptions", {}).get("format") for one in columns()}

    assert set(TEXT_FORMATS) - shown == set()


def test_the_example_contract_leads_to_every_kind_of_rule():
    assert {type(spec.rule) for spec in plan(every_clause())} == set(Rule.__args__)


@pytest.mark.parametrize(
    ("page", "wanted"),
    [
        ("errors.md", {f"### {one.code}: {one.title}" for one in CODES.values()}),
        ("commands.md", {f"## {one.name}\n" for one in command_docs(app)}),
        ("settings.md", {f"`{name}`" for name in KNOWN}),
        ("checks.md", {f"`{spec.id}`" for spec in plan(every_clause()) if "__type" not in spec.id}),
        ("policies.md", {f"## {policy.id}: {policy.title}" for policy in read_policies(ROOT)}),
        ("rules/index.md", {f"[{rule}]({rule}.md)" for rule in RULES}),
    ],
)
def test_a_reference_page_is_complete(page, wanted):
    text = (REFERENCE / page).read_text()

    assert {one for one in wanted if one not in text} == set()


def test_every_route_of_the_server_is_on_its_page(tmp_path):
    text = (REFERENCE / "http.md").read_text()
    paths = create_app(settings_at(tmp_path)).openapi()["paths"]
    generic = {path.replace("/orders/orders/v1", "/{domain}/{port}/v{major}") for path in paths}

    missing = {
        path for path in generic if not re.search(f"^## (GET|POST) {re.escape(path)}$", text, re.M)
    }
    assert {path for path in missing if not path.startswith("/ports/")} == set()
    assert {path for path in missing if "{domain}" in path} == set()
