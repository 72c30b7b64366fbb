"""Contract, model, generated files, API and descriptor agree before anything is built."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import meshport as package
from meshport.changes.rules import RULES
from meshport.contracts.classification import read_classifications
from meshport.gate.parity import Parity, api
from meshport.gate.rules import MESH_RULES
from meshport.lineage.graph import lineage_of
from meshport.products.mesh import load_mesh
from meshport.serving.port_operations import rows_operation
from meshport.serving.rows.schema import column_schema
from tests.building import column, contract, meshport, table

PORTS = "domains/{}/dbt/models/output_ports/{}"
SALES = PORTS.format("orders", "daily_sales_v1.sql")
REVIEWS = PORTS.format("customers", "reviews_v1.sql")
DESCRIPTOR = "domains/orders/data_product.odps.yaml"


def parity_of(branch):
    lineage = lineage_of(branch.root, branch.cache)
    return Parity(load_mesh(branch.root), lineage, read_classifications(branch.root))


def found(branch, rule):
    problems = list(parity_of(branch).problems())
    return {(Path(p.file).name, p.line): p.message for p in problems if p.rule == rule}


def planted(file, text, old):
    """The line on which a text of a file stands."""
    return next(n for n, line in enumerate(text.splitlines(), 1) if old in line)


def test_the_mesh_is_in_parity_and_the_type_of_every_promised_column_is_told(branch):
    report = branch.report()

    assert report.problems == ()
    assert report.figures == {"origins_told": 1.0, "types_told": 1.0}


WRONG = {
    (SALES, "cast(count(*) as integer) as order_count", "count(*) as order_count"): (
        "`order_count` as BIGINT, orders.daily_sales.v1 promises INTEGER", "cast(… as INTEGER)"),
    (SALES, "decimal(12, 2)) as freight_amount", "decimal(12, 4)) as freight_amount"): (
        "`freight_amount` as DECIMAL(12,4)", "cast(… as DECIMAL(12,2))"),
    (REVIEWS, "    created_on", "    strftime(created_on, '%Y-%m-%d') as created_on"): (
        "`created_on` as VARCHAR, customers.reviews.v1 promises DATE", "cast(… as DATE)"),
    (REVIEWS, "    answered_at", "    cast(answered_at as timestamp) as answered_at"): (
        "`answered_at` as TIMESTAMP, customers.reviews.v1 promises TIMESTAMPTZ", "timezone('UTC'"),
}  # fmt: skip


def test_every_wrong_type_is_named_at_its_line_with_the_cast_that_mends_it(branch):
    for file, old, new in WRONG:
        branch.replace(file, old, new)

    done = meshport("contract", "gate", "--against", "main", "--format", "json", cwd=branch.root)

    report = json.loads(done.stdout)
    said = {(p["file"], p["line"]): p for p in report["problems"] if p["rule"] == "PAR03"}
    assert (done.returncode, len(said)) == (1, len(WRONG))
    for (file, _, new), (fact, way_out) in WRONG.items():
        line = planted(file, (branch.root / file).read_text(), new.strip())
        assert said[file, line]["severity"] == "error"
        assert fact in said[file, line]["message"]
        assert way_out in said[file, line]["hint"]
    assert report["figures"]["types_told"] == 1.0


def test_a_type_that_nobody_can_tell_is_no_error_and_is_not_counted_as_told(branch):
    branch.replace(SALES, "cast(sum(item_count) as integer)", "list_sum(list(item_count))")

    parity = parity_of(branch)

    assert [p.message for p in parity.problems()] == []
    assert parity.types.columns - parity.types.told == 1
    assert 0.9 < parity.types.share < 1


BY_HAND = {
    ("catalog", "items"): ("enforced: true", "enforced: false"),
    ("catalog", "sellers"): ("access: public", "access: private"),
    ("catalog", "categories"): ("data_type: BOOLEAN", "data_type: VARCHAR"),
    ("orders", "payments"): ("latest_version: 1", "latest_version: 2"),
    ("orders", "orders"): ("  - v: 1\n", "  - v: 1\n    deprecation_date: 2026-12-31\n"),
    ("orders", "daily_sales"): (
        "data_type: DATE\n", "data_type: DATE\n      constraints: [{type: not_null}]\n"),
    ("orders", "order_lines"): (
        "data_type: INTEGER\n", "data_type: INTEGER\n      data_tests: [unique]\n"),
    ("customers", "reviews"): ("classification: internal", "classification: public"),
    ("logistics", "shipments"): ("    - name: order_id\n", "    - name: id\n"),
}  # fmt: skip


def test_whatever_is_changed_by_hand_in_a_generated_file_is_an_error(branch):
    for (domain, port), (old, new) in BY_HAND.items():
        branch.replace(PORTS.format(domain, f"{port}.yml"), old, new)

    assert {file for file, _ in found(branch, "PAR02")} == {f"{port}.yml" for _, port in BY_HAND}


CONFIGURED = {
    ("orders", "payments"): ("contract={'enforced': false}", "would not hold the model against"),
    ("orders", "orders"): ("alias='all_orders'", "would not be found: alias `all_orders`"),
    ("catalog", "items"): ("access='private'", "the model is private, a port is public"),
    ("catalog", "sellers"): ("enabled=1 > 2", "would not build the model of catalog.sellers.v1"),
    ("catalog", "categories"): ("materialized='view'", "a table, not `view`"),
    ("customers", "customers"): ("{'materialized': 'ephemeral'}", "a table, not `ephemeral`"),
    ("customers", "reviews"): ("schema='other'", "would not be found: schema `other`"),
}
HARMLESS = (
    "materialized='table'",
    "materialized='incremental'",
    "tags=['daily']",
    "access='public'",
    "contract={'enforced': true}",
    "meta={'enabled': false}",
    "enabled=true",
)


def test_what_a_model_says_of_itself_cannot_take_back_its_contract(branch):
    for (domain, port), (said, _) in CONFIGURED.items():
        file = PORTS.format(domain, f"{port}_v1.sql")
        text = (branch.root / file).read_text()
        branch.write(file, f"\n{{{{ config(\n    {said}\n) }}}}\n{text}")
    harmless = "".join(f"{{{{ config({said}) }}}}\n" for said in HARMLESS)
    branch.write(SALES, harmless + (branch.root / SALES).read_text())

    said = found(branch, "PAR04")

    assert {file for file, _ in said} == {f"{port}_v1.sql" for _, port in CONFIGURED}
    assert {line for _, line in said} == {2}
    for (_, port), (_, fact) in CONFIGURED.items():
        assert fact in said[f"{port}_v1.sql", 2]


def test_the_api_describes_what_the_engine_serves_however_a_type_is_spelt():
    def schema(physical, logical):
        things = contract(schema=[table("things", column("a", "DATE"))]).table.columns[0]
        return column_schema(_with(things, physical_type=physical, logical_type=logical))

    assert schema("int8", "integer")["type"] == schema("BIGINT", "integer")["type"]
    assert schema("numeric(18,2)", "number")["type"] == ["string", "null"]
    assert "format" not in schema("datetime", "timestamp")
    assert schema("timestamp with time zone", "timestamp")["format"] == "date-time"


def _with(value, **fields):
    return type(value)(**{**vars(value), **fields})


def _drop(operation, name):
    rows(operation)["properties"].pop(name)


def rows(operation):
    return operation["responses"]["200"]["content"]["application/json"]["schema"]["items"]


DRIFTS = {
    "`score` is missing": lambda one: _drop(one, "score"),
    "`comment_text` is withheld, and described": lambda one: rows(one)["properties"].update(
        comment_text={"type": "string"}),
    "`score` is string, TINYINT comes as integer": lambda one: rows(one)["properties"].update(
        score={"type": "string"}),
    "`score` may be null": lambda one: rows(one)["properties"].update(
        score={"type": ["integer", "null"]}),
    "`answered_at` has the format date": lambda one: rows(one)["properties"]["answered_at"].update(
        format="date"),
    "`score` is served or a filter, and not both": lambda one: one.update(
        parameters=[p for p in one["parameters"] if p["name"] != "score"]),
    "it does not say that the port is active": lambda one: one.update(deprecated=True),
}  # fmt: skip


@pytest.mark.parametrize("said", DRIFTS)
def test_an_api_that_drifts_from_the_contract_is_an_error(merged_mesh, monkeypatch, said):
    mesh, scale = load_mesh(merged_mesh), read_classifications(merged_mesh)

    def drifted(port, columns, types):
        made = rows_operation(port, columns, types)
        if str(port.id) == "customers.reviews.v1":
            DRIFTS[said](made)
        return made

    monkeypatch.setattr(api, "rows_operation", drifted)

    messages = [problem.message for problem in api.problems(mesh, scale)]
    assert any(said in one and "customers.reviews.v1" in one for one in messages), messages


def test_the_api_says_which_ports_are_deprecated(branch):
    file = "contracts/orders/payments.v1.odcs.yaml"
    branch.replace(file, "status: active", "status: deprecated")

    mesh = load_mesh(branch.root)
    flags = {port.id.port: rows_operation(port, (), {}).get("deprecated") for port in mesh.ports}

    assert flags["payments"] is True
    assert flags["orders"] is None
    assert list(api.problems(mesh, read_classifications(branch.root))) == []


def test_a_port_is_built_from_the_ports_that_the_descriptor_names_and_from_no_others(branch):
    branch.replace(DESCRIPTOR, "      - {id: catalog.items, version: 1.0.0}\n", "")
    logistics = "domains/logistics/data_product.odps.yaml"
    branch.replace(
        logistics, "  - {name: catalog_sellers, contractId: catalog.sellers, version: 1.0.0}\n", ""
    )
    for _ in range(2):
        branch.replace(logistics, "      - {id: catalog.sellers, version: 1.0.0}\n", "")
    name = "{name: catalog_categories, contractId: catalog.categories, version: 1.0.0}"
    customers = "domains/customers/data_product.odps.yaml"
    branch.replace(customers, "inputPorts:\n", f"inputPorts:\n  - {name}\n")
    named = "      - {id: logistics.shipments"
    unread = "      - {id: catalog.categories, version: 1.0.0}\n"
    branch.replace(customers, named, unread + named)

    said = [p for p in parity_of(branch).problems() if p.rule == "PAR06"]

    assert [(p.level, Path(p.file).name, p.line, p.message) for p in said] == [
        ("warning", "data_product.odps.yaml", None, "customers.customer_360.v1 names "
         "catalog.categories.v1 as what it is built from, and reads nothing of it"),
        ("error", "shipments_v1.sql", 23,
         "catalog.sellers.v1 is read, and is no input port of logistics"),
        ("error", "order_lines_v1.sql", 7, "orders.order_lines.v1 is built from catalog.items.v1, "
         "which its inputContracts do not name"),
    ]  # fmt: skip


def test_an_input_port_that_nothing_reads_is_said(branch):
    name = "{name: catalog_categories, contractId: catalog.categories, version: 1.0.0}"
    branch.replace(DESCRIPTOR, "inputPorts:\n", f"inputPorts:\n  - {name}\n")

    (said,) = [p for p in parity_of(branch).problems() if p.rule == "PAR06"]

    assert (said.level, said.file) == ("warning", DESCRIPTOR)
    assert (
        "catalog.categories.v1 is an input port of orders, and nothing there reads it"
        in said.message
    )


@pytest.mark.parametrize("rule", [rule.id for rule in MESH_RULES.values() if rule.example])
def test_the_example_of_a_rule_shows_what_the_gate_says(branch, rule):
    example = MESH_RULES[rule].example
    branch.replace(example.file, example.old, example.new)

    said = [p.message for p in parity_of(branch).problems() if p.rule == rule]

    assert example.says in said


def test_every_rule_that_the_gate_names_is_explained_and_every_explained_one_is_named():
    source = Path(package.__file__).parent
    modules = [*(source / "gate").rglob("*.py"), source / "lineage" / "reliance.py"]
    named = {
        rule
        for module in modules
        if module.name != "rules.py"
        for rule in re.findall(r"\"([A-Z]{3}\d{2,3})\"", module.read_text())
    }

    assert named - set(RULES) - set(MESH_RULES) == set()
    assert set(MESH_RULES) - named == set()
    assert set(MESH_RULES) & set(RULES) == set()
