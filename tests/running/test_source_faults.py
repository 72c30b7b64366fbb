"""A fault in a source fails the right check: few rows are set aside, many refuse the release."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from meshport.publishing.store import DomainStore, ReleaseStore
from tests.building import copy_home, meshport, plant, run_here

pytestmark = pytest.mark.xdist_group("source_faults")

ORDERS = ("olist_orders_dataset.csv", "orders.orders.v1", ("order_id",))
LINES = ("olist_order_items_dataset.csv", "orders.order_lines.v1", ("order_id", "order_item_id"))
PAYMENTS = (
    "olist_order_payments_dataset.csv",
    "orders.payments.v1",
    ("order_id", "payment_sequential"),
)
NOBODY = "f" * 32


@dataclass(frozen=True)
class Fault:
    """A value that breaks one clause: where it is planted, and the check that has to find it."""

    kind: str
    source: tuple[str, str, tuple[str, ...]]
    column: str
    value: str
    reason: str

    @property
    def port(self) -> str:
        return self.source[1]


FAULTS = [
    Fault("enum", ORDERS, "order_status", "lost", "order_status__enum"),
    Fault("null", ORDERS, "order_purchase_timestamp", "", "purchased_at__required"),
    Fault("no date", ORDERS, "order_approved_at", "soon", "unreadable: order_approved_at"),
    Fault("lost lookup", ORDERS, "customer_id", NOBODY, "customer_id__required"),
    Fault("range", LINES, "price", "-1.00", "unit_price_amount__minimum"),
    Fault("no price", LINES, "price", "", "unit_price_amount__required"),
    Fault("no number", LINES, "freight_value", "free", "unreadable: freight_value"),
    Fault("pattern", LINES, "product_id", "ITEM-1", "item_id__pattern"),
    Fault("length", LINES, "seller_id", NOBODY + "0", "seller_id__length"),
    Fault("orphan item", LINES, "product_id", NOBODY, "reference__item_exists"),
    Fault("orphan seller", LINES, "seller_id", NOBODY, "reference__seller_exists"),
    Fault("method", PAYMENTS, "payment_type", "barter", "method__enum"),
    Fault("orphan order", PAYMENTS, "order_id", "{row:032x}", "reference__order_exists"),
    Fault("instalments", PAYMENTS, "payment_installments", "-2", "installment_count__minimum"),
]  # fmt: skip


@dataclass(frozen=True)
class Spoilt:
    """A home after a run on a spoilt source, and the rows that were spoilt, by kind."""

    home: Path
    source: Path
    planted: dict[str, list[dict[str, str]]]
    exit_code: int
    said: str = ""

    @property
    def store(self) -> DomainStore:
        return ReleaseStore(self.home).of("orders")


def spoil(
    built: Path, sample: Path, folder: Path, rows_each: int
) -> tuple[Path, Path, dict[str, list[dict[str, str]]]]:
    """Plant every fault in rows of its own; the result is a home, the source, and these rows."""
    home = copy_home(built, folder / "home")
    source = Path(shutil.copytree(sample, folder / "source"))
    planted = {}
    for number, fault in enumerate(FAULTS):
        rows = range(number * rows_each, (number + 1) * rows_each)
        planted[fault.kind] = plant(source / fault.source[0], fault.column, fault.value, rows)
    return home, source, planted


@pytest.fixture(scope="module")
def few(built: Path, sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Spoilt:
    """Two rows of each fault: within every budget."""
    home, source, planted = spoil(built, sample, tmp_path_factory.mktemp("few"), 2)
    return Spoilt(home, source, planted, run_here(home, source, "orders").exit_code)


@pytest.fixture(scope="module")
def many(built: Path, sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Spoilt:
    """Thirty rows of each fault, about 3 %: over every budget."""
    home, source, planted = spoil(built, sample, tmp_path_factory.mktemp("many"), 30)
    ran = meshport("run", "orders", "--source", source, MESHPORT_HOME=home)
    return Spoilt(home, source, planted, ran.returncode, ran.stderr)


by_fault = pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.kind)


def set_aside(store: DomainStore, port: str, reason: str) -> set[tuple[str, ...]]:
    """The keys of the rows of a port that are in quarantine for that reason."""
    part = store.current().ports[port]
    files = [str(store.folder / file.path) for file in part.quarantine.files]
    query = "select row from read_parquet($1) where list_contains(reasons, $2)"
    found = set()
    for (text,) in duckdb.execute(query, [files, reason]).fetchall() if files else ():
        row = json.loads(text)
        values = row["text"].split(",") if "text" in row else [row[name] for name in part.key]
        found.add(tuple(str(value) for value in values[: len(part.key)]))
    return found


def published(store: DomainStore, port: str) -> set[tuple[str, ...]]:
    """The keys of the rows that consumers see."""
    part = store.current().ports[port]
    files = [str(path) for path in store.paths(part)]
    columns = ", ".join(f"{name}::varchar" for name in part.key)
    return set(duckdb.execute(f"select {columns} from read_parquet($1)", [files]).fetchall())


def keys(rows: Iterable[dict[str, str]], names: tuple[str, ...]) -> set[tuple[str, ...]]:
    return {tuple(row[name] for name in names) for row in rows}


@by_fault
def test_a_few_bad_rows_are_set_aside_with_their_reason(few, built, fault):
    before = set_aside(ReleaseStore(built).of("orders"), fault.port, fault.reason)
    planted = keys(few.planted[fault.kind], fault.source[2])

    aside = set_aside(few.store, fault.port, fault.reason)

    assert aside >= planted
    # A bad row takes along those that refer to it, and no other.
    assert aside == planted | before or fault.reason.startswith("reference__")
    assert few.store.current().ports[fault.port].quarantine.by_reason[fault.reason] == len(aside)
    assert published(few.store, fault.port).isdisjoint(aside)


def test_the_rows_beside_a_few_bad_ones_are_published_and_every_row_is_counted(few):
    assert few.exit_code == 0
    manifest = few.store.current()
    for account in manifest.sources:
        assert account.is_balanced
        assert account.rows == (few.source / account.file).read_text().count("\n") - 1
    orders = manifest.ports["orders.orders.v1"]
    assert orders.quarantine.by_reason == {
        **{fault.reason: 2 for fault in FAULTS if fault.port == orders.port},
        "items_amount__minimum": 2,  # a negative price makes a negative total
    }
    assert (orders.rows, orders.quarantine.rows) == (990, 10)


@by_fault
def test_many_bad_rows_break_the_check_and_refuse_the_release(many, fault):
    broken = {check["id"]: check for check in port_status(many)[fault.port]["refused"]["checks"]}

    if fault.reason.startswith("unreadable"):
        assert broken["quarantine_budget"]["status"] == "failed"
        assert broken["quarantine_budget"]["failed_rows"] >= 30
    else:
        assert broken[fault.reason]["status"] == "failed"
        assert broken[fault.reason]["failed_rows"] >= 30


def test_a_refused_release_leaves_the_old_one_and_says_why(many, built):
    before = ReleaseStore(built).of("orders").current()

    assert many.exit_code == 1
    assert "orders: refused, the last release stays served" in many.said
    assert "orders.orders.v1 order_status__enum: 30 rows break it (for example " in many.said
    assert many.store.current() == before
    for port, status in port_status(many).items():
        assert status["release"] == before.release
        assert status["rows"] == before.ports[port].rows
        assert "checks of the contract broken" in status["refused"]["reason"]


def test_the_next_run_on_a_mended_source_publishes_and_settles_the_refusal(many, sample):
    refused = many.store.refusal()
    home = Path(shutil.copytree(many.home, many.home.parent / "mended"))

    outcome = run_here(home, sample, "orders")

    store = ReleaseStore(home).of("orders")
    assert refused is not None
    assert outcome.exit_code == 0
    assert store.refusal() is None
    assert store.current().sequence == many.store.current().sequence + 1


def port_status(spoilt: Spoilt) -> dict[str, Any]:
    """What `meshport status --format json` says of the ports of the orders domain."""
    if spoilt.home not in _SEEN:
        told = meshport("status", "--format", "json", MESHPORT_HOME=spoilt.home)
        assert told.returncode == 0, told.stderr
        ports = json.loads(told.stdout)["ports"]
        _SEEN[spoilt.home] = {port["id"]: port for port in ports if port["domain"] == "orders"}
    return _SEEN[spoilt.home]


_SEEN: dict[Path, dict[str, Any]] = {}
