"""A value that no longer comes hurts those who compare with it, and nobody else."""

from __future__ import annotations

import pytest

from meshport.changes.verdict import Consumer, Producer
from meshport.reports.result import Effect
from meshport.sql.lineage import Source, query_lineage
from tests.gate.conftest import ORDERS

SEGMENTS = "contracts/customers/customer_360.v1.odcs.yaml"
STAGED = "domains/logistics/dbt/models/staging/stg_states.sql"
SHIPMENTS = "domains/logistics/dbt/models/output_ports/shipments_v1.sql"
BOARD = """\
name: board
kind: dashboard
owner: {team: Board, contact: board@example.com}
uses:
  - port: orders.orders.v1
    columns:
      - order_id
      - {name: order_status, as: filter, literals: [shipped, canceled]}
"""


def without(branch, value, file=ORDERS):
    """Take a value off a list; the finding and, by consumer, who is hit and where."""
    text = (branch.root / file).read_text()
    start = text.index(f"          - {{value: {value},")
    branch.write(file, text[:start] + text[text.index("\n", start) + 1 :])
    report = branch.report().contracts[0]
    (found,) = report.difference.findings
    assert found.rule == "DOM02"
    hit = {one.consumer: one for one in report.hits if one.effect is not Effect.UNAFFECTED}
    return found, hit


def test_who_compares_with_a_value_that_goes_is_named_with_file_and_line(branch):
    found, hit = without(branch, "canceled")

    assert (found.verdict.consumer, found.verdict.producer) == (Consumer.WARN, Producer.BREAK)
    assert {name: one.path[-1] for name, one in hit.items()} == {
        "customers.customer_360.v1":
            "domains/customers/dbt/models/output_ports/customer_360_v1.sql:9",
        "orders.daily_sales.v1": "domains/orders/dbt/models/output_ports/daily_sales_v1.sql:10",
    }  # fmt: skip
    assert hit["orders.daily_sales.v1"].effect is Effect.ROWS
    assert hit["customers.customer_360.v1"].effect is Effect.VALUES
    assert "`canceled` by orders.daily_sales.v1 (domains/orders/" in found.message


def test_a_registered_consumer_is_named_by_the_values_it_registers(branch):
    branch.write("catalog/consumers/board.yaml", BOARD)

    _, of_shipped = without(branch, "shipped")

    assert {name: one.path for name, one in of_shipped.items()} == {
        "board": ("catalog/consumers/board.yaml:8:9",)
    }


def test_a_value_that_nobody_asks_for_goes_without_a_warning(branch):
    found, hit = without(branch, "invoiced")

    assert found.verdict.consumer is Consumer.MINOR
    assert hit == {}


def test_an_unchanged_copy_in_another_model_is_compared_like_the_column_itself(branch):
    branch.write(
        STAGED,
        "with all_orders as (select order_id, order_status as state "
        "from {{ source('inputs', 'orders__orders_v1') }})\nselect * from all_orders\n",
    )
    branch.replace(
        SHIPMENTS,
        "where orders.shipped_at is not null",
        "where orders.shipped_at is not null and orders.order_id in (\n"
        "    select order_id from {{ ref('stg_states') }}\n    where state = 'processing'\n)",
    )

    _, hit = without(branch, "processing")

    assert set(hit) == {"logistics.shipments.v1"}
    lines = (branch.root / SHIPMENTS).read_text().splitlines()
    line = next(n for n, text in enumerate(lines, 1) if "'processing'" in text)
    assert hit["logistics.shipments.v1"].path == (f"{STAGED}:1", f"{SHIPMENTS}:{line}")


def test_a_value_that_is_added_hits_who_uses_the_column_whatever_they_compare(branch):
    branch.replace(
        ORDERS,
        "          - {value: created,",
        "          - {value: lost, description: Nobody knows.}\n          - {value: created,",
    )

    report = branch.report().contracts[0]

    assert [one.rule for one in report.difference.findings] == ["DOM01"]
    hit = {one.consumer for one in report.hits if one.effect is not Effect.UNAFFECTED}
    assert {"delivery_forecast", "orders.daily_sales.v1"} <= hit


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("state = 'a'", {"a"}),
        ("'a' <> state", {"a"}),
        ("state in ('a', 'b')", {"a", "b"}),
        ("state not in ('a')", {"a"}),
        ("(state) is distinct from 'a'", {"a"}),
        ("state = any(['a', 'b'])", {"a", "b"}),
        ("list_contains(['a', 'b'], state)", {"a", "b"}),
        ("case state when 'a' then 1 when 'b' then 2 end = 1", {"a", "b"}),
        ("case when state = 'a' then 1 end = 1", {"a"}),
        ("if(state = 'a', 1, 2) = 1", {"a"}),
        ("cast(state as varchar) = 'a'", {"a"}),
        ("coalesce(state, 'none') in ('none', 'a')", {"a"}),
        ("level = 3", {"3"}),
        ("level = '3'::integer", {"3"}),
        ("exists (select 1 from t as u where u.state = 'a')", {"a"}),
        # What is computed, and what is only like a value, is none.
        ("left(state, 1) = 'a'", set()),
        ("state || 'x' = 'ax'", set()),
        ("state > 'a'", set()),
        ("state = 'a' || 'b'", set()),
        ("level = 1.5", set()),
        ("state = (select 'a')", set()),
    ],
)
def test_the_values_that_a_query_compares_with_are_known(condition, expected):
    sql = f"select 1 as one from t where {condition}"

    found = query_lineage(sql, {"t": Source(["state", "level"])}).values

    assert {one.value for one in found} == expected
    assert {one.line for one in found} <= {1}


def test_a_comparison_that_folds_letters_meets_each_spelling():
    sql = "select 1 as one from t where lower(trim(state)) = 'a'"

    (one,) = query_lineage(sql, {"t": Source(["state"])}).values

    assert [one.means(value) for value in ("a", "A", " a", "b")] == [True, True, True, False]


@pytest.mark.parametrize(
    "expression", ["filter (where state = 'a')", "over (order by state = 'a')"]
)
def test_conditions_beside_an_aggregate_count_as_well(expression):
    sql = f"select\n  sum(level)\n  {expression} as n from t"

    (one,) = query_lineage(sql, {"t": Source(["state", "level"])}).values

    assert (one.value, one.line) == ("a", 3)
