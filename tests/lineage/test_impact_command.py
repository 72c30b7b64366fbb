"""`meshport impact`: an exit code for machines, a document for programs, a table for people."""

from __future__ import annotations

import json

import pytest

from tests.building import edit, meshport


@pytest.mark.parametrize(
    ("target", "change", "code"),
    [
        ("orders.orders.v1.order_status", "drop", 1),
        ("orders.orders.v1.approved_at", "drop", 0),
        ("orders.orders.v1.purchased_at", "values", 0),
        ("orders.orders.v1.nothing", "drop", 2),
        ("orders", "drop", 2),
    ],
)
def test_the_command_says_by_its_exit_code_whether_anybody_breaks(
    target, change, code, tmp_path, cache
):
    outcome = meshport("impact", target, "--change", change, MESHPORT_HOME=cache.parent)

    assert outcome.returncode == code, outcome.stderr
    assert bool(outcome.stdout) is (code != 2)


def test_the_command_prints_one_document_or_a_table_that_ends_in_people(cache):
    asked = ("impact", "orders.payments.v1.method", "--change", "rename")

    told = meshport(*asked, "--format", "json", MESHPORT_HOME=cache.parent)
    shown = meshport(*asked, MESHPORT_HOME=cache.parent)

    document = json.loads(told.stdout)
    assert document["verdict"] == "breaks"
    assert document["coverage"] == 1.0
    assert document["consumers"][0]["owner"] == {
        "team": "Finance analytics",
        "contact": "#finance-analytics",
    }
    assert document["consumers"][0]["path"][0]["line"] == 17
    for word in ("finance_dashboard", "breaks", "finance_dashboard.yaml:17", "Finance analytics"):
        assert word in shown.stdout
    assert "1 breaks" in shown.stdout


def test_the_command_cannot_tell_where_lineage_cannot(root, cache):
    model = root / "domains/logistics/dbt/models/output_ports/shipments_v1.sql"
    edit(model, "-- One row per order", "{{ unheard_of() }} -- One row per order")

    outcome = meshport(
        "impact",
        "catalog.sellers.v1.city",
        "--change",
        "drop",
        cwd=root,
        MESHPORT_HOME=cache.parent,
    )

    assert outcome.returncode == 2
    assert "cannot tell" in outcome.stdout
