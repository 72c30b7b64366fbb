"""Lineage of the repository's own mesh: facts checked by hand, coverage, and what is kept."""

from __future__ import annotations

import shutil
import sqlite3

import pytest

from meshport.errors import Place
from meshport.lineage.graph import lineage_of
from meshport.lineage.origins import origins
from meshport.lineage.workers import Workers
from meshport.names import PortId
from meshport.products.mesh import domain_names
from tests.building import ROOT, edit

MODELS = "domains/{}/dbt/models"
CUSTOMER_360 = "domains/customers/dbt/models/output_ports/customer_360_v1.sql"


class NoWorkers(Workers):
    """Workers that must not be asked."""

    def run(self, jobs):
        assert list(jobs) == []
        return []


def made_from(mesh, column):
    """`domain.table.column how…` of everything that a port's column is made from."""
    port, _, name = column.rpartition(".")
    return {
        f"{one.source.table}.{one.source.column}": {how.value for how in one.hows}
        for one in origins(mesh, PortId.parse(port), name)
    }


def everything(mesh):
    return {
        f"{port}.{column.name}": made_from(mesh, f"{port}.{column.name}")
        for port, promise in mesh.promises.items()
        for column in promise.columns
    }


def test_everything_about_every_column_of_the_mesh_is_told(mesh):
    assert mesh.untold == []
    assert mesh.faults == []
    assert mesh.coverage == 1.0


def test_only_constants_counts_and_cases_are_made_from_no_values(mesh):
    direct = {
        f"{port}.{column.name}"
        for port, promise in mesh.promises.items()
        for column in promise.columns
        if any(one.kind == "direct" for one in origins(mesh, port, column.name))
    }

    # A port that was just scaffolded is made of nothing but constants.
    filled = {column.rpartition(".")[0] for column in direct}
    constant = {column for column in everything(mesh) if column not in direct}
    assert {column for column in constant if column.rpartition(".")[0] in filled} == {
        "catalog.categories.v1.item_count",
        "customers.customer_360.v1.currency_code",
        "customers.customer_360.v1.late_delivery_count",
        "customers.customer_360.v1.order_count",
        "customers.customer_360.v1.segment",
        "customers.customers.v1.has_marketing_consent",
        "logistics.delivery_performance.v1.late_count",
        "logistics.delivery_performance.v1.late_rate",
        "logistics.delivery_performance.v1.shipment_count",
        "orders.daily_sales.v1.order_count",
        "orders.order_lines.v1.currency_code",
        "orders.orders.v1.currency_code",
        "orders.orders.v1.item_count",
        "orders.payments.v1.currency_code",
    }


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (
            "catalog.items.v1.weight_g",
            {
                "catalog.raw.products.product_weight_g": {"identity"},
                # Nobody promises that a category is translated once.
                "catalog.raw.products.product_category_name": {"join"},
                "catalog.raw.category_translations.product_category_name": {"join"},
            },
        ),
        (
            "orders.payments.v1.method",
            {"orders.raw.order_payments.payment_type": {"transformation"}},
        ),
        (
            "catalog.categories.v1.item_count",
            {
                "catalog.raw.products.product_category_name": {"filter", "group", "join"},
                "catalog.raw.category_translations.product_category_name": {"join"},
            },
        ),
        (
            "orders.order_lines.v1.category_code",
            {
                "catalog.items_v1.category_code": {"identity"},
                "catalog.items_v1.item_id": {"join"},
                "orders.raw.order_items.product_id": {"join"},
            },
        ),
        (
            "customers.customer_360.v1.late_delivery_count",
            {
                "logistics.shipments_v1.is_late": {"filter"},
                "logistics.shipments_v1.order_id": {"join"},
                "orders.orders_v1.order_id": {"join"},
                "orders.orders_v1.customer_id": {"group", "join"},
                "customers.customers_v1.customer_id": {"join"},
            },
        ),
        (
            "logistics.delivery_performance.v1.late_count",
            {
                "logistics.shipments_v1.is_late": {"condition"},
                "logistics.shipments_v1.shipped_at": {"filter"},
                "logistics.shipments_v1.delivered_at": {"filter", "group"},
                "logistics.shipments_v1.origin_state": {"group"},
                "logistics.shipments_v1.destination_state": {"filter", "group"},
            },
        ),
    ],
)
def test_a_column_is_made_from_what_one_reads_in_the_models(mesh, column, expected):
    assert made_from(mesh, column) == expected


@pytest.mark.parametrize(
    ("column", "source", "how"),
    [
        ("customers.customer_360.v1.lifetime_amount", "orders.orders_v1.items_amount",
         "aggregation"),
        ("customers.customer_360.v1.lifetime_amount", "orders.orders_v1.order_status", "filter"),
        ("customers.customer_360.v1.order_count", "orders.orders_v1.order_status", "filter"),
        ("customers.customer_360.v1.segment", "orders.orders_v1.purchased_at", "condition"),
        ("customers.customers.v1.email", "customers.raw.crm_contacts.email", "transformation"),
        ("customers.customers.v1.city", "customers.raw.customers.customer_city", "transformation"),
        ("customers.customers.v1.email", "customers.raw.crm_contacts.birth_date", "filter"),
        ("customers.reviews.v1.score", "customers.raw.order_reviews.review_id", "filter"),
        ("orders.orders.v1.paid_amount", "orders.raw.order_payments.payment_value", "aggregation"),
        ("orders.daily_sales.v1.order_count", "orders.orders_v1.order_status", "filter"),
        ("orders.daily_sales.v1.items_amount", "orders.orders_v1.items_amount", "aggregation"),
        ("logistics.shipments.v1.distance_km", "logistics.raw.geolocation.geolocation_lat",
         "aggregation"),
        ("logistics.shipments.v1.is_late", "orders.orders_v1.delivered_at", "transformation"),
        ("logistics.shipments.v1.is_late", "orders.orders_v1.shipped_at", "filter"),
    ],
)  # fmt: skip
def test_a_column_is_used_in_this_way(mesh, column, source, how):
    assert how in made_from(mesh, column)[source]


@pytest.mark.parametrize(
    ("column", "source"),
    [
        # One row per customer, whatever their orders are: what is looked up moves no rows.
        ("customers.customer_360.v1.customer_id", "orders.orders_v1.order_status"),
        ("customers.customer_360.v1.late_delivery_count", "orders.orders_v1.order_status"),
        ("orders.orders.v1.order_status", "orders.raw.order_payments.payment_value"),
        ("logistics.shipments.v1.is_late", "catalog.sellers_v1.state"),
    ],
)
def test_a_column_is_not_made_from_what_stands_beside_it(mesh, column, source):
    assert source not in made_from(mesh, column)


def test_a_path_names_file_and_line_of_every_step(mesh):
    found = origins(mesh, PortId.parse("customers.customer_360.v1"), "average_score")
    score = next(one for one in found if one.source.column == "review_score")

    assert [step.place for step in score.path] == [
        Place("domains/customers/dbt/models/staging/stg_olist__reviews.sql", 5),
        Place(CUSTOMER_360, 24),
    ]
    assert score.kind == "direct"


def test_a_second_look_asks_nobody_and_finds_the_same(mesh, cache):
    first = lineage_of(ROOT)
    second = lineage_of(ROOT, cache, workers=NoWorkers())

    assert everything(first) == everything(second) == everything(mesh)
    assert second.models == first.models
    assert second.promises == first.promises


def test_after_a_change_what_is_kept_does_not_matter(root, cache):
    edit(root / CUSTOMER_360, "min(purchased_on)", "min(purchased_on + customer_id)")

    kept = lineage_of(root, cache)

    first_order = "customers.customer_360.v1.first_order_on"
    assert "orders.orders_v1.customer_id" in made_from(kept, first_order)
    assert everything(kept) == everything(lineage_of(root))


def test_a_changed_contract_reaches_the_models_that_read_the_port(root, cache):
    contract = root / "contracts/orders/orders.v1.odcs.yaml"
    edit(contract, "name: delivery_state\n", "name: delivery_region\n")

    found = lineage_of(root, cache)

    told = [(one.table.name, one.column, one.reason) for one in found.untold]
    missing = "`source.inputs.orders__orders_v1` has no column `delivery_state`"
    unmade = "the contract promises it, but no model makes it"
    assert ("shipments_v1", "destination_state", missing) in told
    assert ("orders_v1", "delivery_region", unmade) in told
    assert found.coverage < 1


def test_columns_of_the_contracts_before_a_change_can_be_given(mesh, root, cache):
    orders = PortId("orders", "orders", 1)
    before = [column.name for column in mesh.promises[orders].columns]
    contract = root / "contracts/orders/orders.v1.odcs.yaml"
    edit(contract, "name: delivery_state\n", "name: delivery_region\n")

    found = lineage_of(root, cache, promised={orders: before})

    assert all("delivery_state" not in one.reason for one in found.untold)


@pytest.mark.parametrize("damage", ["not a database", "", "other shape"])
def test_a_damaged_cache_is_thrown_away(mesh, cache, damage):
    file = next(cache.iterdir())
    if damage == "other shape":
        file.unlink()
        with sqlite3.connect(file) as con:
            con.execute("create table kept (x)")
        con.close()
    else:
        file.write_text(damage * 1000)

    assert lineage_of(ROOT, cache).models == mesh.models
    assert lineage_of(ROOT, cache, workers=NoWorkers()).models == mesh.models


def test_a_cache_that_cannot_be_written_is_done_without(mesh, tmp_path):
    (tmp_path / "file").write_text("")

    assert lineage_of(ROOT, tmp_path / "file/cache").models == mesh.models


def test_a_domain_that_goes_is_forgotten(root, cache):
    shutil.rmtree(root / "domains/customers")

    found = lineage_of(root, cache, workers=NoWorkers())

    assert "customers" not in found.domains
    assert all(table.domain != "customers" for table in found.models)
    file = next(cache.iterdir())
    with sqlite3.connect(file) as con:
        kept = {name for (name,) in con.execute("select name from kept")}
    con.close()
    assert kept == set(domain_names(root))


def test_files_that_cannot_be_read_are_told_and_hide_nothing_else(root, cache):
    (root / "contracts/orders/payments.v1.odcs.yaml").write_text("kind: [")
    (root / "contracts/orders/odd-name.odcs.yaml").write_text("kind: x")
    (root / "domains/orders/dbt/models/broken.yml").write_text("sources: {a: b: c}")
    (root / "domains/catalog/dbt/models/staging/stg_olist__sellers.sql").write_text("{% if %}")

    found = lineage_of(root, cache)

    assert len(found.faults) == 3
    assert any("payments.v1.odcs.yaml" in fault for fault in found.faults)
    assert {one.table.name for one in found.untold if one.column is None} == {"stg_olist__sellers"}
    assert 0.5 < found.coverage < 1
    assert made_from(found, "orders.orders.v1.paid_amount")
