"""A domain that is broken is refused with the place; the others publish, and it recovers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from meshport.publishing.store import ReleaseStore
from tests.building import copy_mesh, edit, meshport, run_there

pytestmark = pytest.mark.xdist_group("broken_domains")

MODELS = "domains/orders/dbt/models/output_ports"


@pytest.fixture
def mesh(tmp_path: Path) -> Path:
    """A mesh of one's own to break."""
    return copy_mesh(tmp_path / "mesh")


def states(outcome) -> dict[str, str]:
    return {one.domain: one.state for one in outcome.domains}


BROKEN_MODELS = {
    "an extra column": (
        ("    currency_code\n", "    currency_code,\n    now() as seen_at\n"),
        ("MP232", "| seen_at"),
    ),
    "a column missing": (("    method,\n", ""), ("MP232", "| method")),
    "a wrong type": (
        ("    paid_amount,\n", "    cast(paid_amount as double) as paid_amount,\n"),
        ("MP232", "| paid_amount | DOUBLE"),
    ),
    "SQL that fails": (("select", "selct"), ("MP231", "syntax error")),
}


@pytest.mark.parametrize(("change", "said"), BROKEN_MODELS.values(), ids=BROKEN_MODELS)
def test_a_model_that_breaks_its_contract_is_refused_with_its_file(
    home, sample, mesh, change, said
):
    before = ReleaseStore(home).of("orders").current()
    edit(mesh / MODELS / "payments_v1.sql", *change)

    outcome = run_there(mesh, home, sample, "orders")

    code, words = said
    (orders,) = outcome.domains
    assert outcome.exit_code == (1 if code == "MP232" else 2)
    assert orders.refusal["reason"].startswith(f"{code} ({MODELS}/payments_v1.sql)")
    assert words in orders.refusal["reason"]
    assert ReleaseStore(home).of("orders").current() == before


def test_a_model_that_returns_a_key_twice_is_refused_and_recovers_when_it_is_mended(
    home, sample, mesh
):
    store = ReleaseStore(home).of("orders")
    before = store.current()
    model = mesh / MODELS / "payments_v1.sql"
    whole = model.read_text()
    model.write_text(f"with once as (\n{whole})\nselect * from once union all select * from once")

    outcome = run_there(mesh, home, sample, "orders")

    checks = {check["id"]: check for check in store.refusal()["checks"]}
    assert outcome.exit_code == 1
    assert checks["primary_key"]["port"] == "orders.payments.v1"
    assert checks["primary_key"]["failed_rows"] > 1000
    assert store.current() == before

    model.write_text(whole)
    assert run_there(mesh, home, sample, "orders").exit_code == 0
    assert store.refusal() is None
    assert store.current().ports["orders.payments.v1"].full.content_hash() == (
        before.ports["orders.payments.v1"].full.content_hash()
    )


BROKEN_PROJECTS = {
    "a model switched off": (
        "daily_sales_v1.sql",
        ("-- One row", "{{ config(enabled=false) }}\n-- One row"),
        (1, "MP410 (domains/orders/dbt): no dbt model builds output_ports.daily_sales_v1"),
    ),
    "a template that does not close": (
        "daily_sales_v1.sql",
        ("{{ ref(", "{{ ref(("),
        (2, "MP230 (domains/orders/dbt): Compilation Error in model daily_sales_v1"),
    ),
    "a derived file typed over": (
        "daily_sales.yml",
        ("data_type: INTEGER", "data_type: BIGINT"),
        (2, f"MP233 ({MODELS}/daily_sales.yml)"),
    ),
}


@pytest.mark.parametrize(("file", "change", "said"), BROKEN_PROJECTS.values(), ids=BROKEN_PROJECTS)
def test_a_project_that_cannot_build_its_ports_is_refused_before_it_runs(
    home, sample, mesh, file, change, said
):
    before = ReleaseStore(home).of("orders").current()
    edit(mesh / MODELS / file, *change)

    outcome = run_there(mesh, home, sample, "orders")

    assert outcome.exit_code == said[0]
    assert outcome.domains[0].refusal["reason"].startswith(said[1])
    assert ReleaseStore(home).of("orders").current() == before


def test_python_that_cannot_be_imported_is_refused_by_its_module(home, sample, mesh):
    edit(mesh / "domains" / "orders" / "definitions.py", "EXTRACTS)", "EXTRACTZ)")

    outcome = run_there(mesh, home, sample, "orders")

    assert outcome.exit_code == 2
    assert outcome.domains[0].refusal["reason"].startswith("MP234: domains.orders.definitions")


def test_an_error_nobody_foresaw_is_recorded_as_the_reason_and_stops_no_other(home, sample, mesh):
    key = '"payment_sequential": "payment_number"'
    edit(mesh / "domains/orders/sources.py", key, '"payment_sequential": "payment_no"')

    outcome = run_there(mesh, home, sample, "catalog", "orders")

    assert states(outcome) == {"catalog": "published", "orders": "refused"}
    reason = ReleaseStore(home).of("orders").refusal()["reason"]
    assert reason.startswith("unexpected BinderException: ")
    assert "payment_no" in reason
    assert outcome.exit_code == 2


def test_a_failing_domain_stops_those_that_rely_on_it_and_no_other(home, sample, mesh):
    store = ReleaseStore(home)
    before = {name: store.of(name).current().release for name in ("logistics", "customers")}
    model = mesh / "domains/logistics/dbt/models/output_ports/shipments_v1.sql"
    edit(model, "select", "selct")

    outcome = run_there(mesh, home, sample)

    assert states(outcome).items() >= {
        ("catalog", "published"),
        ("orders", "published"),
        ("logistics", "refused"),
        ("customers", "skipped"),
    }
    assert outcome.exit_code == 2
    assert {name: store.of(name).current().release for name in before} == before

    edit(model, "selct", "select")
    again = run_there(mesh, home, sample, "logistics", "customers")
    assert states(again) == {"logistics": "published", "customers": "published"}


def test_broken_contracts_are_refused_by_line_and_column_and_stop_only_who_relies_on_them(
    home, sample, mesh
):
    reviews = mesh / "contracts/customers/reviews.v1.odcs.yaml"
    edit(reviews, "        primaryKey: true", "        primayKey: true")
    performance = mesh / "contracts/logistics/delivery_performance.v1.odcs.yaml"
    edit(performance, "status: active\n", "status: active\nstatus: draft\n")
    payments = mesh / "contracts/orders/payments.v1.odcs.yaml"
    edit(payments, "  usage: >-", "\tusage: >-")

    ran = meshport("run", "--source", sample, cwd=mesh, MESHPORT_HOME=home)

    assert ran.returncode == 2
    assert "catalog.items.v1" in ran.stdout
    assert "orders" not in ran.stdout
    for said in (
        f"MP103 ({place(reviews, mesh, 'primayKey')}): unknown key `primayKey`",
        f"MP102 ({place(performance, mesh, 'status: draft')}): the key `status` stands twice",
        f"MP102 ({place(payments, mesh, chr(9))}): found a tab",
        "did you mean `primaryKey`?",
    ):
        assert said in ran.stderr

    told = meshport("status", "--format", "json", cwd=mesh, MESHPORT_HOME=home)
    assert told.returncode == 2
    assert {one["domain"] for one in json.loads(told.stdout)["broken"]} == {
        "customers",
        "logistics",
        "orders",
    }

    edit(reviews, "primayKey", "primaryKey")
    edit(performance, "status: draft\n", "")
    edit(payments, "\tusage: >-", "  usage: >-")
    assert states(run_there(mesh, home, sample, "customers")) == {"customers": "published"}


def place(file: Path, mesh: Path, words: str) -> str:
    """Where the words first stand in a file, as messages write it."""
    for number, line in enumerate(file.read_text().splitlines(), 1):
        if words in line:
            return f"{file.relative_to(mesh)}:{number}:{line.index(words) + 1}"
    raise AssertionError(f"{words!r} is not in {file}")
