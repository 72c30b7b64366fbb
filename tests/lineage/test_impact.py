"""Who breaks: held against the engine, and told to people."""

from __future__ import annotations

import pytest

from meshport.errors import MeshportError
from meshport.lineage.consumers import all_consumers
from meshport.lineage.graph import Table, lineage_of, port_table
from meshport.lineage.impact import Change, Effect, Question, effect_of, impact
from meshport.lineage.reach import Reach
from meshport.names import PortId
from meshport.sql.lineage import How
from tests.building import ROOT, edit
from tests.lineage.engine import EngineDomain

ORDERS = PortId("orders", "orders", 1)
EXPOSURES = """exposures:
  - name: board
    type: dashboard
    owner: {name: Board, email: board@example.com}
    depends_on:
      - ref('customer_360', v=1)
      - source('inputs', 'orders__orders_v1')
  - name: mailing
    type: application
    owner: {email: mail@example.com}
    depends_on: [ref('customer_360')]
    config: {meta: {columns: [segment]}}
"""


def effects(lineage, root, question, **more):
    """Consumer → what happens to it."""
    hits = impact(lineage, all_consumers(root, lineage), question)
    return {hit.consumer: hit.effect.value for hit in hits}


def hit_of(lineage, question, consumer):
    hits = impact(lineage, all_consumers(ROOT, lineage), question)
    return next(hit for hit in hits if hit.consumer == consumer)


@pytest.mark.parametrize("domain", ["catalog", "customers", "logistics", "orders"])
def test_the_models_that_fail_are_those_that_the_engine_cannot_build(mesh, domain):
    engine = EngineDomain(mesh, domain)
    found, real = set(), set()
    for port, promise in mesh.promises.items():
        table = port_table(port)
        if any(reader.domain == domain for reader in mesh.readers.get(table, ())):
            for column in promise.columns:
                failing = Reach(mesh, table, [column.name]).failing
                found |= {(column.name, one) for one in failing if one.domain == domain}
                real |= {(column.name, one) for one in engine.failing(table, column.name)}

    assert found == real
    assert bool(real) is (domain != "catalog")


@pytest.mark.parametrize(
    ("change", "how", "of_rows", "effect"),
    [
        (Change.DROP, How.SORT, False, Effect.BREAKS),
        (Change.RENAME, How.FILTER, True, Effect.BREAKS),
        (Change.RETYPE, How.IDENTITY, False, Effect.BREAKS),
        (Change.RETYPE, How.AGGREGATION, False, Effect.BREAKS),
        (Change.RETYPE, How.JOIN, True, Effect.BREAKS),
        (Change.RETYPE, How.GROUP, True, Effect.ROWS),
        (Change.RETYPE, How.FILTER, True, Effect.ROWS),
        (Change.RETYPE, How.CONDITION, False, Effect.VALUES),
        (Change.VALUES, How.IDENTITY, False, Effect.VALUES),
        (Change.VALUES, How.FILTER, True, Effect.ROWS),
        (Change.VALUES, How.JOIN, False, Effect.VALUES),
        (Change.NULLABLE, How.GROUP, True, Effect.ROWS),
        (Change.NULLABLE, How.CONDITION, False, Effect.VALUES),
        (Change.VALUES, How.SORT, True, Effect.VALUES),
        (Change.ROWS, How.JOIN, True, Effect.ROWS),
        (Change.ROWS, How.JOIN, False, Effect.VALUES),
    ],
)
def test_what_a_change_does_follows_from_how_the_column_is_used(change, how, of_rows, effect):
    assert effect_of(change, how, is_of_rows=of_rows) is effect


@pytest.mark.parametrize(
    ("target", "change", "expected"),
    [
        (
            "orders.orders.v1.order_status",
            "drop",
            {
                "campaign_export": "breaks",
                "customers.customer_360.v1": "breaks",
                "delivery_forecast": "breaks",
                "finance_dashboard": "breaks",
                "orders.daily_sales.v1": "breaks",
                "customers.customers.v1": "unaffected",
                "logistics.delivery_performance.v1": "unaffected",
                "logistics.shipments.v1": "unaffected",
            },
        ),
        (
            "orders.orders.v1.order_status",
            "values",
            {
                "delivery_forecast": "row set changes",
                "finance_dashboard": "row set changes",
                "orders.daily_sales.v1": "row set changes",
                # They select by segment, which is made from the number of orders.
                "campaign_export": "row set changes",
                "customers.customer_360.v1": "value changes",
                "customers.customers.v1": "unaffected",
                "logistics.delivery_performance.v1": "unaffected",
                "logistics.shipments.v1": "unaffected",
            },
        ),
        (
            "logistics.shipments.v1.distance_km",
            "retype",
            {
                "delivery_forecast": "breaks",
                "campaign_export": "unaffected",
                "customers.customer_360.v1": "unaffected",
                "logistics.delivery_performance.v1": "unaffected",
            },
        ),
        (
            "orders.payments.v1",
            "drop",
            {"finance_dashboard": "breaks"},
        ),
        (
            "catalog.sellers.v1.zip_prefix",
            "nullable",
            {
                "delivery_forecast": "value changes",
                "logistics.shipments.v1": "value changes",
                "campaign_export": "unaffected",
                "customers.customer_360.v1": "unaffected",
                "logistics.delivery_performance.v1": "unaffected",
            },
        ),
        (
            "catalog.sellers.v1",
            "rows",
            {
                # Shipments look their seller up: theirs is the state, and the distance.
                "delivery_forecast": "value changes",
                "logistics.shipments.v1": "value changes",
                "logistics.delivery_performance.v1": "row set changes",
                "campaign_export": "unaffected",
                "customers.customer_360.v1": "unaffected",
            },
        ),
    ],
)
def test_everybody_downstream_hears_what_happens_to_them(mesh, target, change, expected):
    port, column = target.split(".")[:3], target.split(".")[3:]
    question = Question(PortId.parse(".".join(port)), next(iter(column), None), Change(change))

    assert effects(mesh, ROOT, question) == expected


def test_a_hit_names_the_owner_and_every_step_on_the_way(mesh):
    question = Question(PortId("catalog", "sellers", 1), "state", Change.RENAME)

    hit = hit_of(mesh, question, "logistics.delivery_performance.v1")

    assert hit.owner.team == "Fulfilment team"
    assert hit.owner.contact == "#fulfilment-data"
    assert [str(step.place) for step in hit.path] == [
        "domains/logistics/dbt/models/output_ports/shipments_v1.sql:23",
        "domains/logistics/dbt/models/output_ports/delivery_performance_v1.sql:4",
    ]


def test_a_registered_consumer_is_reached_through_the_port_it_reads(mesh):
    question = Question(ORDERS, "purchased_at", Change.VALUES)

    hit = hit_of(mesh, question, "finance_dashboard")

    assert hit.owner.team == "Finance analytics"
    assert [step.place.file for step in hit.path] == [
        "domains/orders/dbt/models/output_ports/daily_sales_v1.sql",
        "catalog/consumers/finance_dashboard.yaml",
    ]
    assert hit.path[-1].place.line == 9


def test_an_exposure_that_names_no_columns_cannot_tell_until_its_model_fails(root, cache):
    (root / "domains/customers/dbt/models/exposures.yml").write_text(EXPOSURES)
    found = lineage_of(root, cache)

    dropped = effects(found, root, Question(ORDERS, "order_status", Change.DROP))
    retyped = effects(found, root, Question(ORDERS, "approved_at", Change.RETYPE))
    whole = effects(found, root, Question(ORDERS, None, Change.DROP))
    values = effects(found, root, Question(ORDERS, "purchased_at", Change.VALUES))
    beside = effects(
        found, root, Question(PortId("logistics", "shipments", 1), "is_late", Change.VALUES)
    )

    assert (dropped["board"], dropped["mailing"]) == ("breaks", "breaks")
    assert (retyped["board"], retyped["mailing"]) == ("cannot tell", "unaffected")
    assert (whole["board"], whole["mailing"]) == ("breaks", "breaks")
    assert (values["board"], values["mailing"]) == ("value changes", "value changes")
    assert (beside["board"], beside["mailing"]) == ("value changes", "unaffected")


def test_who_reads_through_a_model_that_cannot_be_told_is_not_called_safe(root, cache):
    model = root / "domains/logistics/dbt/models/output_ports/shipments_v1.sql"
    edit(model, "-- One row per order", "{{ unheard_of() }} -- One row per order")

    found = effects(lineage_of(root, cache), root, Question(ORDERS, "approved_at", Change.DROP))

    assert found["logistics.shipments.v1"] == "cannot tell"
    assert found["customers.customer_360.v1"] == "cannot tell"
    assert found["orders.daily_sales.v1"] == "unaffected"


def test_what_stars_hand_on_goes_with_its_column(root, cache):
    staged = root / "domains/logistics/dbt/models/staging"
    (staged / "stg_sellers.sql").write_text(
        "select * from {{ source('inputs', 'catalog__sellers_v1') }}"
    )
    model = root / "domains/logistics/dbt/models/output_ports/shipments_v1.sql"
    edit(model, "{{ source('inputs', 'catalog__sellers_v1') }}", "{{ ref('stg_sellers') }}")
    reach = Reach(lineage_of(root, cache), Table("catalog", "model.sellers_v1"), ["state"])

    assert {table.name for table in reach.failing} == {"shipments_v1", "delivery_performance_v1"}
    path = reach.failing[Table("logistics", "model.shipments_v1")]
    assert [(step.place.file.rpartition("/")[2], step.how) for step in path] == [
        ("stg_sellers.sql", "handed on"),
        ("shipments_v1.sql", "named"),
    ]


def test_what_a_model_builds_from_a_failed_one_fails_in_the_same_project_only(mesh):
    failing = Reach(mesh, port_table(ORDERS), ["shipped_at"]).failing

    assert {str(table) for table in failing} == {
        "logistics.shipments_v1",
        "logistics.delivery_performance_v1",
    }


@pytest.mark.parametrize(
    ("port", "column", "hint"),
    [
        ("orders.orders.v1", "order_state", "did you mean `order_status`?"),
        ("orders.order.v1", None, "did you mean `orders.orders.v1`?"),
        ("orders.orders.v2", None, "did you mean `orders.orders.v1`?"),
    ],
)
def test_what_nobody_promises_cannot_change(mesh, port, column, hint):
    with pytest.raises(MeshportError) as caught:
        impact(mesh, [], Question(PortId.parse(port), column, Change.DROP))

    assert (caught.value.code, caught.value.hint) == ("MP504", hint)
