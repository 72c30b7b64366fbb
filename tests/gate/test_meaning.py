"""A change of SQL is judged by what it does, not by how it is written."""

from __future__ import annotations

import pytest

from meshport.gate.meaning import masked
from meshport.sql.equality import row_shape, same_sql
from tests.gate.test_gate import WAIVER, bump

PERFORMANCE = "domains/logistics/dbt/models/output_ports/delivery_performance_v1.sql"
CATALOG = "domains/catalog/dbt/models/output_ports"
CONTRACT = "contracts/logistics/delivery_performance.v1.odcs.yaml"
FILTER = "where delivered_at >= shipped_at and destination_state is not null"


def rules(report) -> list[tuple[str, str]]:
    return [(str(problem.level), problem.rule) for problem in report.problems]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("-- One row per month", "-- A row per month"),
        ("cast(count(*) as integer) as shipment", "CAST(COUNT(*)  AS integer)\n    AS shipment"),
        (FILTER, "where destination_state is not null and delivered_at >= shipped_at"),
        ("ref('shipments', v=1)", "ref( 'shipments',  v=1 )"),
    ],
)  # fmt: skip
def test_sql_that_says_the_same_differently_is_no_change(branch, old, new):
    branch.replace(PERFORMANCE, old, new)

    assert rules(branch.report()) == []


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("count(*) filter (where is_late) /", "count(*) filter (where not is_late) /", "SEM02"),
        (FILTER, "where destination_state is not null", "SEM06"),
        ("ref('shipments', v=1)", "source('raw', 'shipments')", "SEM06"),
    ],
)
def test_another_query_behind_an_unchanged_contract_is_said(branch, old, new, rule):
    branch.replace(PERFORMANCE, old, new)

    report = branch.report()

    assert ("warning", rule) in rules(report)
    assert {p.file for p in report.problems if p.rule == rule} == {PERFORMANCE}
    assert "logistics.delivery_performance.v1" in report.problems[0].message


def test_a_minor_version_is_a_word_about_it(branch):
    branch.replace(PERFORMANCE, FILTER, "where destination_state is not null")
    bump(branch, "1.1.0", CONTRACT)

    assert [rule for _, rule in rules(branch.report())] == []


@pytest.mark.xdist_group("replay")
def test_a_replay_finds_the_column_that_changed_and_a_signed_note_lets_it_pass(branch):
    name, code = "translations.category_name", "products.category_code"
    branch.replace(f"{CATALOG}/items_v1.sql", f"{name}, {code}", f"{code}, {name}")
    branch.replace(f"{CATALOG}/sellers_v1.sql", "select\n", "SELECT\n")

    report = branch.report(is_replayed=True)

    assert [problem.rule for problem in report.problems if problem.level == "error"] == ["SEM03"]
    (changed,) = (problem for problem in report.problems if problem.level == "error")
    assert "`category_name` has other values" in changed.message
    assert report.exit_code == 1

    note = WAIVER.replace("FLD001", "SEM03").replace("orders.orders", "catalog.items")
    path = "    path: schema.orders.properties.paid_amount\n"
    branch.write("catalog/waivers.yaml", note.replace("1.0.1", "1.0.0").replace(path, ""))
    assert branch.report(is_replayed=True).exit_code == 0


def test_templates_are_compared_as_sql_with_names_in_place_of_jinja():
    text = "{{ config(materialized='table') }}\nselect {{ cents('a') }} as a from {{ ref('t') }}"

    assert same_sql(masked(text), masked(text.replace("select", "SELECT  ")))
    assert not same_sql(masked(text), masked(text.replace("cents('a')", "cents('b')")))
    assert row_shape(masked(text)) != row_shape(masked(text.replace("ref('t')", "ref('u')")))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("as late_rate,", "as late_rate,\n    1 as bonus,"), "the model returns `bonus`"),
        (("as late_rate,", "as rate,"), "promises `late_rate`, which its model does not return"),
    ],
)
def test_contract_and_model_have_the_same_columns_before_anything_is_built(branch, change, said):
    branch.replace(PERFORMANCE, *change)

    found = [problem for problem in branch.report().problems if problem.rule == "PAR01"]

    assert any(said in problem.message for problem in found)


def test_a_generated_file_that_is_stale_is_an_error(branch):
    branch.replace(CONTRACT, "Share of", "Part of")

    assert "PAR02" in [rule for _, rule in rules(branch.report())]
