"""Real orders of a marketplace: every row is accounted for, and sums agree to the cent."""

from __future__ import annotations

import csv
import gzip
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from meshport.publishing.store import ReleaseStore
from tests.building import SHARED, needs_shared, run_here

pytestmark = [needs_shared, pytest.mark.xdist_group("olist")]

OLIST = SHARED / "olist"


@dataclass(frozen=True)
class Marketplace:
    """The releases made from a folder of extracts, and the extracts read by Python's csv."""

    source: Path
    home: Path
    outcome: Any

    def lines(self, file: str) -> Iterator[dict[str, str]]:
        """The records of an extract."""
        with gzip.open(self.source / f"{file}.csv.gz", "rt", encoding="utf-8-sig") as stream:
            yield from csv.DictReader(stream)

    def rows(self, port: str) -> list[dict[str, Any]]:
        """The rows of a port that consumers see."""
        store, part = self._part(port)
        files = [str(path) for path in store.paths(part)]
        found = duckdb.execute("from read_parquet($1)", [files])
        names = [column[0] for column in found.description]
        return [dict(zip(names, values, strict=True)) for values in found.fetchall()]

    def set_aside(self, port: str) -> list[dict[str, Any]]:
        """The rows of a port that are in quarantine, numbers as they stand there."""
        store, part = self._part(port)
        files = [str(store.folder / file.path) for file in part.quarantine.files]
        if not files:
            return []
        found = duckdb.execute("select reasons, row from read_parquet($1)", [files]).fetchall()
        assert all(reasons for reasons, _ in found)
        return [json.loads(row, parse_float=Decimal) for _, row in found]

    def _part(self, port: str) -> tuple[Any, Any]:
        store = ReleaseStore(self.home).of(port.partition(".")[0])
        return store, store.current().ports[port]


def marketplace(source: Path, home: Path) -> Marketplace:
    return Marketplace(source, home, run_here(home, source))


@pytest.fixture(scope="module", params=["sample_3000", "sample_10000_delivered"])
def market(request, tmp_path_factory: pytest.TempPathFactory) -> Marketplace:
    """The mesh over one of the samples; the second has four files and takes items from `full`."""
    folder = tmp_path_factory.mktemp(request.param)
    source = OLIST / request.param
    if request.param == "sample_10000_delivered":
        source = Path(shutil.copytree(source, folder / "source"))
        for name in (
            "olist_products_dataset",
            "olist_sellers_dataset",
            "product_category_name_translation",
        ):
            shutil.copy(OLIST / "full" / f"{name}.csv.gz", source)
    return marketplace(source, folder / "home")


EXTRACTS = [
    ("olist_orders_dataset", "orders.orders.v1", {"order_id": "order_id"}),
    ("olist_order_items_dataset", "orders.order_lines.v1",
     {"order_id": "order_id", "order_item_id": "line_number"}),
    ("olist_order_payments_dataset", "orders.payments.v1",
     {"order_id": "order_id", "payment_sequential": "payment_number"}),
    ("olist_order_reviews_dataset", "customers.reviews.v1",
     {"review_id": "review_id", "order_id": "order_id"}),
    ("olist_products_dataset", "catalog.items.v1", {"product_id": "item_id"}),
    ("olist_sellers_dataset", "catalog.sellers.v1", {"seller_id": "seller_id"}),
]  # fmt: skip


def test_the_mesh_publishes_from_the_files_as_they_are(market):
    assert market.outcome.exit_code == 0, market.outcome
    assert {one.state for one in market.outcome.domains} == {"published"}


@pytest.mark.parametrize(("file", "port", "key"), EXTRACTS, ids=[one[1] for one in EXTRACTS])
def test_every_row_is_published_or_in_quarantine_with_a_reason(market, file, port, key):
    if not (market.source / f"{file}.csv.gz").exists():
        assert market.rows(port) == []
        return
    brought = [tuple(line[name] for name in key) for line in market.lines(file)]

    published = [tuple(str(row[name]) for name in key.values()) for row in market.rows(port)]
    aside = [tuple(str(row[name]) for name in key.values()) for row in market.set_aside(port)]

    assert sorted(published + aside) == sorted(brought)
    assert len(published) > 0.98 * len(brought)


def test_sums_of_prices_freight_and_payments_agree_with_the_files_to_the_cent(market):
    def from_file(file: str, column: str) -> Decimal:
        return sum((Decimal(line[column]) for line in market.lines(file)), Decimal(0))

    def from_port(port: str, column: str) -> Decimal:
        rows = [*market.rows(port), *market.set_aside(port)]
        return sum((Decimal(row[column]) for row in rows), Decimal(0))

    price = from_file("olist_order_items_dataset", "price")
    freight = from_file("olist_order_items_dataset", "freight_value")
    paid = from_file("olist_order_payments_dataset", "payment_value")

    assert price > 300_000
    assert from_port("orders.order_lines.v1", "unit_price_amount") == price
    assert from_port("orders.order_lines.v1", "freight_amount") == freight
    assert from_port("orders.payments.v1", "paid_amount") == paid
    assert from_port("orders.orders.v1", "items_amount") == price
    assert from_port("orders.orders.v1", "freight_amount") == freight
    assert from_port("orders.orders.v1", "paid_amount") == paid


def test_the_days_together_are_the_orders_that_were_sold(market):
    orders = [
        row
        for row in [*market.rows("orders.orders.v1"), *market.set_aside("orders.orders.v1")]
        if row["order_status"] not in ("canceled", "unavailable")
    ]
    days = market.rows("orders.daily_sales.v1")

    assert sum(day["order_count"] for day in days) == len(orders)
    assert sum(day["items_amount"] for day in days) == sum(
        Decimal(order["items_amount"]) for order in orders
    )


def test_what_the_marketplace_does_not_export_is_null_and_breaks_nothing(market):
    customers = market.rows("customers.customers.v1")

    persons = {line["customer_unique_id"] for line in market.lines("olist_customers_dataset")}
    assert {row["customer_id"] for row in customers} == persons
    for column in ("full_name", "email", "phone", "birth_on", "has_marketing_consent"):
        assert {row[column] for row in customers} == {None}
    absent = {
        account.table
        for domain in ("catalog", "customers", "logistics", "orders")
        for account in ReleaseStore(market.home).of(domain).current().sources
        if account.file is None
    }
    expected = {"crm_contacts"}
    if market.source.name != "sample_3000":
        expected |= {"order_reviews", "geolocation"}
    assert absent == expected
