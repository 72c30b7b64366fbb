"""Claims about the built-in sample: its size, its sums, its dirt and its sameness."""

from __future__ import annotations

import csv
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from meshport.sources.sample import SamplePlan, write_sample

PLAN = SamplePlan(scale=0.2)
ORDERS_FILE = "olist_orders_dataset.csv"
TRANSLATION_FILE = "product_category_name_translation.csv"
HEADERS = {
    "crm_contacts.csv": "person_id,full_name,email,phone,birth_date,marketing_consent",
    "olist_customers_dataset.csv": "customer_id,customer_unique_id,customer_zip_code_prefix,"
    "customer_city,customer_state",
    "olist_geolocation_dataset.csv": "geolocation_zip_code_prefix,geolocation_lat,geolocation_lng,"
    "geolocation_city,geolocation_state",
    "olist_order_items_dataset.csv": "order_id,order_item_id,product_id,seller_id,"
    "shipping_limit_date,price,freight_value",
    "olist_order_payments_dataset.csv": "order_id,payment_sequential,payment_type,"
    "payment_installments,payment_value",
    "olist_order_reviews_dataset.csv": "review_id,order_id,review_score,review_comment_title,"
    "review_comment_message,review_creation_date,review_answer_timestamp",
    ORDERS_FILE: "order_id,customer_id,order_status,order_purchase_timestamp,order_approved_at,"
    "order_delivered_carrier_date,order_delivered_customer_date,order_estimated_delivery_date",
    "olist_products_dataset.csv": "product_id,product_category_name,product_name_lenght,"
    "product_description_lenght,product_photos_qty,product_weight_g,product_length_cm,"
    "product_height_cm,product_width_cm",
    "olist_sellers_dataset.csv": "seller_id,seller_zip_code_prefix,seller_city,seller_state",
    TRANSLATION_FILE: "product_category_name,product_category_name_english",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("sample")
    write_sample(target, PLAN)
    return target


@pytest.fixture(scope="module")
def shop(folder: Path) -> duckdb.DuckDBPyConnection:
    """A table per file, named without `olist_` and `_dataset`."""
    con = duckdb.connect()
    for file in HEADERS:
        table = file.removesuffix(".csv").removeprefix("olist_").removesuffix("_dataset")
        con.execute(f"create table {table} as from read_csv('{folder / file}', sample_size = -1)")
    return con


def number(con: duckdb.DuckDBPyConnection, query: str) -> float:
    return float(con.execute(query).fetchall()[0][0])


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def test_the_same_plan_writes_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    write_sample(tmp_path, PLAN)

    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(HEADERS)
    assert all((tmp_path / f).read_bytes() == (folder / f).read_bytes() for f in HEADERS)


def test_another_seed_writes_other_orders(folder: Path, tmp_path: Path) -> None:
    write_sample(tmp_path, SamplePlan(scale=PLAN.scale, seed=8))
    seven, eight = lines(folder / ORDERS_FILE), lines(tmp_path / ORDERS_FILE)

    assert len(set(seven) & set(eight)) == 1, "the header"


@pytest.mark.parametrize(("scale", "orders"), [(1e-5, 1), (0.01, 1000), (0.0333, 3330)])
def test_scale_says_how_many_orders_there_are(tmp_path: Path, scale: float, orders: int) -> None:
    rows = write_sample(tmp_path, SamplePlan(scale=scale))

    assert rows[ORDERS_FILE] == orders == len(lines(tmp_path / ORDERS_FILE)) - 1


@pytest.mark.parametrize("scale", [0.0, -1.0, 1000.0, float("nan")])
def test_a_scale_that_cannot_be_written_is_refused(scale: float) -> None:
    with pytest.raises(ValueError, match="scale"):
        SamplePlan(scale=scale)


def test_the_caller_hears_of_each_file_in_place_and_its_rows(tmp_path: Path) -> None:
    heard: dict[str, int] = {}

    def hear(name: str, rows: int) -> None:
        with (tmp_path / name).open(encoding="utf-8-sig", newline="") as file:
            header, *records = csv.reader(file)
        assert ",".join(header) == HEADERS[name]
        heard[name] = len(records)
        assert rows == len(records)

    assert write_sample(tmp_path, SamplePlan(scale=0.05), hear) == heard
    assert sorted(heard) == sorted(HEADERS)


def test_a_file_that_cannot_be_replaced_stays_and_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / ORDERS_FILE).mkdir()

    with pytest.raises(OSError, match=ORDERS_FILE):
        write_sample(tmp_path, SamplePlan(scale=0.001))

    assert (tmp_path / ORDERS_FILE).is_dir()
    assert not [path for path in tmp_path.iterdir() if path.suffix != ".csv"]


def test_the_translation_is_oddly_written_and_lacks_two_categories(
    folder: Path, shop: duckdb.DuckDBPyConnection
) -> None:
    data = (folder / TRANSLATION_FILE).read_bytes()
    categories = number(shop, "select count(distinct product_category_name) from products")

    assert data.startswith(b"\xef\xbb\xbfproduct_category_name,")
    assert data.count(b"\n") == data.count(b"\r\n") == categories - 2
    assert not data.endswith((b"\n", b"\r"))


def test_only_fields_that_need_quotes_have_them(folder: Path) -> None:
    for name in HEADERS:
        data = (folder / name).read_bytes()
        may_quote = name in {"olist_order_reviews_dataset.csv", "olist_sellers_dataset.csv"}
        assert (b'"' in data) == may_quote, name
        assert (b"\r" in data) == (name == TRANSLATION_FILE), name


def test_black_friday_is_the_busiest_day_of_730(shop: duckdb.DuckDBPyConnection) -> None:
    days = shop.execute(
        "select order_purchase_timestamp::date, count(*) from orders group by 1 order by 2 desc, 1"
    ).fetchall()

    assert {day for day, _ in days} == {PLAN.until - timedelta(days=n) for n in range(730)}
    assert {day for day, _ in days[:2]} == {date(2024, 11, 22), date(2025, 11, 28)}
    assert 5.5 < days[0][1] / days[len(days) // 2][1] < 8.5


def test_moving_the_end_by_a_day_keeps_nearly_all_orders(folder: Path, tmp_path: Path) -> None:
    write_sample(tmp_path, SamplePlan(PLAN.scale, PLAN.seed, PLAN.until + timedelta(days=1)))

    for name, share in [("orders", 0.98), ("customers", 0.99), ("order_items", 0.99)]:
        file = f"olist_{name}_dataset.csv"
        before, after = set(lines(folder / file)), set(lines(tmp_path / file))
        assert share < len(before & after) / len(before) < 1, name


def test_no_event_lies_after_the_end_of_the_sample(shop: duckdb.DuckDBPyConnection) -> None:
    latest = shop.execute("""
        select max(order_purchase_timestamp), max(order_approved_at),
            max(order_delivered_carrier_date), max(order_delivered_customer_date),
            max(review_creation_date), max(review_answer_timestamp)
        from orders left join order_reviews using (order_id)
    """).fetchall()[0]

    assert datetime(2026, 10, 29) < min(latest) <= max(latest) < datetime(2026, 11, 1)


def test_a_status_tells_which_moments_are_known(shop: duckdb.DuckDBPyConnection) -> None:
    known = shop.execute("""
        select distinct order_status, order_approved_at is not null,
            order_delivered_carrier_date is not null, order_delivered_customer_date is not null
        from orders where order_status not in ('canceled', 'delivered')
    """).fetchall()

    assert set(known) == {
        ("created", False, False, False),
        *((s, True, False, False) for s in ("approved", "processing", "invoiced", "unavailable")),
        ("shipped", True, True, False),
    }


@pytest.mark.parametrize("link", [
    "orders customers customer_id", "order_payments orders order_id",
    "order_items products product_id", "order_items sellers seller_id",
    "order_items orders order_id", "order_reviews orders order_id",
])  # fmt: skip
def test_every_order_item_and_seller_exists(shop: duckdb.DuckDBPyConnection, link: str) -> None:
    child, parent, key = link.split()

    assert number(shop, f"select count(*) from {child} anti join {parent} using ({key})") == 0


def test_every_key_is_unique(shop: duckdb.DuckDBPyConnection) -> None:
    keys = {"orders": "order_id", "customers": "customer_id", "products": "product_id",
            "sellers": "seller_id", "order_items": "(order_id, order_item_id)",
            "order_payments": "(order_id, payment_sequential)"}  # fmt: skip
    for table, key in keys.items():
        assert number(shop, f"select count(*) - count(distinct {key}) from {table}") == 0, table


def test_ids_prefixes_and_money_keep_their_form(folder: Path) -> None:
    for row in lines(folder / "olist_customers_dataset.csv")[1:]:
        customer, person, prefix = row.split(",")[:3]
        assert len(customer) == len(person) == 32
        assert set(customer + person) <= set("0123456789abcdef")
        assert len(prefix) == 5
    for row in lines(folder / "olist_order_items_dataset.csv")[1:]:
        assert all(money[-3] == "." for money in row.split(",")[-2:])


def test_payments_equal_items_and_freight_for_almost_all_orders(
    shop: duckdb.DuckDBPyConnection,
) -> None:
    gaps = shop.execute("""
        select abs(round(paid - asked, 2)) as gap
        from (select order_id, sum(payment_value) as paid from order_payments group by 1)
        join (select order_id, sum(price + freight_value) as asked from order_items group by 1)
        using (order_id) order by gap
    """).fetchall()

    assert 0.001 < sum(gap > 0 for (gap,) in gaps) / len(gaps) < 0.006
    assert gaps[-1][0] < 22


def test_late_parcels_get_worse_scores(shop: duckdb.DuckDBPyConnection) -> None:
    score = "select avg(review_score) from order_reviews join orders using (order_id)"
    late = "order_delivered_customer_date > order_estimated_delivery_date"
    assert number(shop, f"{score} where {late}") < number(shop, f"{score} where not {late}") - 1


# Rows to look at, and for each kind of dirt among them: least share, greatest share, condition.
DIRT = {
    "(from orders where order_status = 'delivered')": """
        5e-5  5e-4  order_approved_at is null
        5e-5  3e-4  order_delivered_customer_date is null
        0.012 0.019 order_delivered_carrier_date < order_approved_at
        8e-4  25e-4 order_delivered_carrier_date < order_purchase_timestamp
        5e-5  4e-4  order_delivered_customer_date < order_delivered_carrier_date
        0.065 0.090 order_delivered_customer_date > order_estimated_delivery_date
        0.008 0.030 order_id not in (select order_id from order_reviews)""",
    "orders": """
        0.004 0.008 order_status = 'canceled'
        0.004 0.008 order_status = 'unavailable'
        0.005 0.012 order_id not in (select order_id from order_items)
        1e-5  3e-4  order_id not in (select order_id from order_payments)""",
    "order_items": "15e-4 5e-3 freight_value = 0",
    "(select count(distinct seller_id) as sellers from order_items group by order_id)": """
        0.010 0.022 sellers > 1""",
    "order_payments": """
        1e-5  3e-4  payment_type = 'not_defined' and payment_value = 0
        1e-5  3e-4  payment_installments = 0""",
    "(select min(payment_sequential) first, count(*) n from order_payments group by order_id)": """
        4e-4  15e-4 first > 1
        0.022 0.038 n > 1""",
    "(select count(*) as orders from customers group by customer_unique_id)": """
        0.010 0.030 orders > 1""",
    "(select distinct customer_zip_code_prefix as zip from customers)": """
        0.001 0.006 zip not in (select geolocation_zip_code_prefix from geolocation)""",
    "products": """
        0.015 0.023 product_category_name is null and product_photos_qty is null
        5e-5  5e-4  product_weight_g is null and product_width_cm is null
        5e-5  5e-4  product_weight_g = 0""",
    "sellers": "0.004 0.012 seller_city not in (select customer_city from customers)",
    "(select *, count(*) as copies from geolocation group by all)": """
        0.100 0.180 copies > 1
        0.030 0.300 geolocation_city != strip_accents(geolocation_city)
        1e-4  8e-4  abs(geolocation_lat + 14) > 20 or abs(geolocation_lng + 54) > 20""",
    "(select *, count(*) as copies from order_reviews group by all)": """
        2e-4  1e-3  copies > 1
        0.350 0.460 review_comment_message is not null
        0.100 0.140 review_comment_title is not null
        0.020 0.120 contains(review_comment_message, chr(10))
        0.010 0.100 contains(review_comment_message, '"')
        0.010 0.100 contains(review_comment_message, ';')
        0.010 0.100 regexp_matches(review_comment_message, '[😡😐😊👏]')""",
    "(select count(distinct review_id) as reviews from order_reviews group by order_id)": """
        0.003 0.008 reviews > 1""",
    "(select count(distinct order_id) as orders from order_reviews group by review_id)": """
        5e-4  8e-3  orders > 1""",
    "(select count(distinct (email, phone)) as n from crm_contacts group by person_id)": """
        0.006 0.014 n > 1""",
    "crm_contacts": """
        0.002 0.004 person_id not in (select customer_unique_id from customers)
        15e-4 5e-3  not regexp_full_match(trim(email), '[^ @]+@[^ @]+')
        0.030 0.050 email = upper(email)
        0.010 0.030 email != trim(email)
        0.020 0.040 email is null
        0.130 0.170 phone is null
        0.080 0.120 birth_date is null
        2e-4  1e-3  birth_date = '1900-01-01' or birth_date > '2026-10-31'
        0.003 0.008 marketing_consent in ('yes', 'no', 'S', 'N')""",
}


@pytest.mark.parametrize(
    ("rows", "kind"),
    [(rows, kind.strip()) for rows, kinds in DIRT.items() for kind in kinds.strip().split("\n")],
)
def test_each_kind_of_dirt_occurs(shop: duckdb.DuckDBPyConnection, rows: str, kind: str) -> None:
    least, greatest, dirty = kind.split(maxsplit=2)
    share = number(shop, f"select avg(coalesce({dirty}, false)::int) from {rows}")

    assert float(least) <= share <= float(greatest)
