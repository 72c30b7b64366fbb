"""Whole runs over source files that are broken, absent or in another form."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from meshport.catalog.status import mesh_status
from meshport.products.mesh import load_mesh
from meshport.publishing.store import DomainStore, ReleaseStore
from tests.building import NOW, ROOT, plant, rewrite, run_here

pytestmark = pytest.mark.xdist_group("source_files")

ORDERS = "olist_orders_dataset.csv"
ITEMS = "olist_order_items_dataset.csv"
PAYMENTS = "olist_order_payments_dataset.csv"
SELLERS = "olist_sellers_dataset.csv"
CATEGORIES = "product_category_name_translation.csv"


def orders_of(home: Path) -> DomainStore:
    return ReleaseStore(home).of("orders")


def replace(file: str, old: bytes, new: bytes) -> Callable[[Path], None]:
    def change(source: Path) -> None:
        content = (source / file).read_bytes()
        assert old in content
        (source / file).write_bytes(content.replace(old, new))

    return change


def cut(file: str, end: int) -> Callable[[Path], None]:
    return lambda source: (source / file).write_bytes((source / file).read_bytes()[:-end])


def rename(file: str, name: str) -> Callable[[Path], None]:
    return lambda source: (source / file).rename(source / name)


def pack(file: str, end: int | None = None) -> Callable[[Path], None]:
    """Beside the plain file if the packed one is whole, else in its place."""

    def change(source: Path) -> None:
        packed = gzip.compress((source / file).read_bytes())
        (source / f"{file}.gz").write_bytes(packed[:end])
        if end:
            (source / file).unlink()

    return change


BROKEN = {
    "a column gone": (replace(PAYMENTS, b"payment_value", b"value"), 1, f"MP211 ({PAYMENTS}:1)"),
    "cut off": (cut(ITEMS, 30), 2, f"MP213 ({ITEMS}:1103)"),
    "a packed file cut off": (pack(ITEMS, -30), 2, f"MP212 ({ITEMS}.gz)"),
    "missing": (rename(ORDERS, "orders.csv"), 2, "MP210 (olist_orders_dataset)"),
    "semicolons": (replace(ORDERS, b",", b";"), 2, f"MP215 ({ORDERS}:1)"),
    "two forms": (pack(ORDERS), 2, "MP214 (olist_orders_dataset)"),
}


@pytest.mark.parametrize(("spoil", "exit_code", "reason"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_refuses_the_release_by_name_and_the_old_one_stays(
    home, source, spoil, exit_code, reason
):
    before = orders_of(home).current()
    spoil(source)

    outcome = run_here(home, source, "orders")

    assert outcome.exit_code == exit_code
    assert [one.state for one in outcome.domains] == ["refused"]
    assert orders_of(home).refusal()["reason"].startswith(reason)
    assert orders_of(home).current() == before


def test_a_misnamed_file_is_named_in_the_refusals_hint(home, source):
    (source / ORDERS).rename(source / "olist_orders_datasets.csv")

    (outcome,) = run_here(home, source, "orders").domains

    assert "olist_orders_datasets.csv" in outcome.refusal["hint"]


def test_a_file_of_another_encoding_is_over_the_budget_and_says_which_column(home, source):
    text = (source / SELLERS).read_text().replace("sao paulo", "são paulo")
    (source / SELLERS).write_bytes(text.encode("latin-1"))

    outcome = run_here(home, source, "catalog")

    assert outcome.exit_code == 1
    (check,) = ReleaseStore(home).of("catalog").refusal()["checks"]
    assert (check["port"], check["id"]) == ("catalog.sellers.v1", "quarantine_budget")
    assert check["failed_rows"] == text.count("são paulo")


def test_a_feed_without_rows_breaks_the_rule_that_there_are_some(home, source):
    rewrite(source / ORDERS, lambda lines: lines[:1])

    outcome = run_here(home, source, "orders")

    checks = {(check["port"], check["id"]) for check in orders_of(home).refusal()["checks"]}
    assert outcome.exit_code == 1
    assert ("orders.orders.v1", "quality__has_orders") in checks
    assert ("orders.daily_sales.v1", "quality__has_daily_sales") in checks


def test_sums_that_disagree_and_a_key_that_stands_twice_refuse_the_release(home, source):
    plant(source / PAYMENTS, "payment_value", "0.07", range(60))
    rewrite(source / ITEMS, lambda lines: [*lines, lines[-1]])

    outcome = run_here(home, source, "orders")

    checks = {check["id"]: check for check in orders_of(home).refusal()["checks"]}
    assert outcome.exit_code == 1
    assert checks["quality__paid_equals_price"]["port"] == "orders.orders.v1"
    assert checks["primary_key"]["port"] == "orders.order_lines.v1"
    assert checks["primary_key"]["sample_keys"][0]["line_number"]


def test_stale_data_is_published_with_a_warning_and_the_level_is_not_met(home, source):
    later = NOW + timedelta(days=30)

    outcome = run_here(home, source, "orders", now=lambda: later)

    assert outcome.exit_code == 0
    (manifest,) = [one.manifest for one in outcome.domains]
    checks = {check.id: check for check in manifest.ports["orders.orders.v1"].checks}
    assert checks["sla__freshness"].status == "failed"
    assert checks["sla__freshness"].severity == "warning"
    ports = mesh_status(load_mesh(ROOT), ReleaseStore(home), later)
    (orders,) = [one for one in ports if str(one.port.id) == "orders.orders.v1"]
    assert orders.state == "late"
    assert {level.id: level.is_met for level in orders.service_levels}["freshness"] is False


def test_an_optional_extract_that_vanishes_keeps_the_release_until_it_is_back(home, source):
    assert run_here(home, source, "catalog").exit_code == 0
    before = ReleaseStore(home).of("catalog").current()
    (source / CATEGORIES).rename(source / "aside")

    gone = run_here(home, source, "catalog")

    assert gone.exit_code == 1
    assert gone.domains[0].refusal["reason"].startswith("MP216")
    assert before.release in gone.domains[0].refusal["reason"]
    assert ReleaseStore(home).of("catalog").current() == before

    (source / "aside").rename(source / CATEGORIES)
    assert run_here(home, source, "catalog").exit_code == 0


def test_without_an_optional_extract_its_columns_are_null(home, source):
    (source / "crm_contacts.csv").unlink()

    outcome = run_here(home, source, "customers")

    assert outcome.exit_code == 0
    store = ReleaseStore(home).of("customers")
    part = store.current().ports["customers.customers.v1"]
    files = [str(path) for path in store.paths(part)]
    count = "select count(*), count(email), count(full_name), count(city) from read_parquet($1)"
    ((rows, emails, names, cities),) = duckdb.execute(count, [files]).fetchall()
    assert (rows, emails, names) == (part.rows, 0, 0)
    assert cities > 900


def test_packed_and_parquet_files_give_the_same_release_as_plain_ones(home, built, source):
    for number, file in enumerate(sorted(source.glob("*.csv"))):
        if number % 2:
            Path(f"{file}.gz").write_bytes(gzip.compress(file.read_bytes()))
        else:
            # Postal codes are text to whoever exports them; the other files keep their types.
            text = "zip_code" in file.read_text().partition("\n")[0]
            scan = f"from read_csv('{file}', all_varchar = {text})"
            duckdb.execute(f"copy ({scan}) to '{file.with_suffix('.parquet')}' (format parquet)")
        file.unlink()

    outcome = run_here(home, source, "catalog", "orders")

    assert outcome.exit_code == 0
    for domain in ("catalog", "orders"):
        before, now = (ReleaseStore(folder).of(domain).current() for folder in (built, home))
        assert {source.file.rpartition(".")[2] for source in now.sources} == {"gz", "parquet"}
        for name, part in now.ports.items():
            assert part.full.content_hash() == before.ports[name].full.content_hash()
            assert part.quarantine.by_reason == before.ports[name].quarantine.by_reason
