"""What holds for every domain and every port, also for those that will be scaffolded later."""

from __future__ import annotations

import json

import jsonschema_rs
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient

from meshport.checks.plan import plan
from meshport.contracts.classification import read_classifications
from meshport.products.mesh import load_mesh, referenced_port
from meshport.publishing.store import ReleaseStore
from meshport.serving.app import create_app
from tests.building import LOOPBACK, ROOT, settings_at

MESH = load_mesh(ROOT).require()
PORTS = list(MESH.ports)
SCALE = read_classifications(ROOT)

every_port = pytest.mark.parametrize("port", PORTS, ids=lambda port: str(port.id))
every_domain = pytest.mark.parametrize("domain", sorted(MESH.products))
on_the_built_mesh = pytest.mark.xdist_group("built")


@every_port
def test_a_foreign_key_points_at_a_column_that_is_promised(port):
    for relationship in port.contract.table.relationships:
        target = referenced_port(port.contract, relationship.target)
        promised = MESH.find(target) if target else port
        assert promised is not None
        assert all(promised.contract.table.column(c) for c in relationship.target.columns)


@every_port
def test_every_clause_is_a_check_or_says_why_it_is_none(port):
    specs = plan(port.contract)
    clauses = {spec.clause for spec in specs}

    for column in port.contract.table.columns:
        path = f"schema.{port.id.port}.properties.{column.name}"
        assert any(clause.startswith(path) for clause in clauses)
        for option in column.options:
            assert f"{path}.logicalTypeOptions.{option}" in clauses
    for rule in port.contract.table.quality:
        assert any(clause.endswith(f".quality.{rule.id}") for clause in clauses)
    for level in port.contract.service_levels:
        assert f"slaProperties.{level.id}" in clauses
    assert len({spec.id for spec in specs}) == len(specs)


@on_the_built_mesh
@every_port
def test_a_release_holds_exactly_the_promised_columns_sorted_by_key(port, built):
    store = ReleaseStore(built).of(port.id.domain)
    part = store.current().port(port.id)
    (file,) = store.paths(part)
    read = pq.read_table(file)

    assert read.column_names == [column.name for column in port.contract.table.columns]
    assert read.num_rows == part.rows
    key = list(port.contract.table.key)
    rows = list(zip(*(read[name].to_pylist() for name in key), strict=True))
    assert rows == sorted(set(rows))


@on_the_built_mesh
@every_port
def test_no_check_of_a_release_failed_or_could_not_run(port, built):
    part = ReleaseStore(built).of(port.id.domain).current().port(port.id)

    blocking = [check for check in part.checks if check.severity == "error"]
    assert {check.status for check in blocking} <= {"passed", "not_enforced"}
    assert {check.status for check in part.checks} <= {"passed", "failed", "not_enforced"}


@on_the_built_mesh
@every_domain
def test_every_source_row_is_accounted_for(domain, built):
    manifest = ReleaseStore(built).of(domain).current()

    assert all(account.is_balanced for account in manifest.sources)


@on_the_built_mesh
@every_port
def test_rows_are_served_as_their_schema_says_and_without_withheld_columns(port, built):
    client = TestClient(create_app(settings_at(built), is_demo=True), base_url=LOOPBACK)
    schema = client.get(f"{port.id.path}/schema").json()
    rows = client.get(f"{port.id.path}/rows", params={"limit": 50}).json()
    open_columns = {c.name for c in SCALE.served_openly(port.contract.table.columns)}

    validator = jsonschema_rs.Draft202012Validator(schema)
    assert all(set(row) == open_columns for row in rows)
    assert [error.message for row in rows for error in validator.iter_errors(row)] == []


@on_the_built_mesh
@every_port
def test_a_port_is_found_on_the_pages_and_in_the_api_document(port, built):
    client = TestClient(create_app(settings_at(built), is_demo=True), base_url=LOOPBACK)

    assert port.id.path in client.get("/", headers={"Accept": "text/html"}).text
    assert client.get(port.id.path, headers={"Accept": "text/html"}).status_code == 200
    assert f"{port.id.path}/rows" in json.dumps(client.get("/openapi.json").json())
