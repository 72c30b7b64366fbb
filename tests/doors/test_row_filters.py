"""A question in the URL is the question that DuckDB answers over the release's files."""

from __future__ import annotations

import pytest

from meshport.names import PortId
from tests.doors.lab import ROWS, files_of, query

pytestmark = pytest.mark.xdist_group("doors")

ORDERS = PortId("orders", "orders", 1)
ORDER_ROWS = f"{ORDERS.path}/rows"
SHIPMENTS = PortId("logistics", "shipments", 1)

# A filter as it stands in the URL, and the same as SQL.
FILTERS = [
    ("order_status=eq.delivered", "order_status = 'delivered'"),
    ("order_status=neq.delivered", "order_status <> 'delivered'"),
    ("delivery_state=neq.SP", "delivery_state <> 'SP'"),
    ("item_count=gt.1", "item_count > 1"),
    ("item_count=gte.2", "item_count >= 2"),
    ("item_count=lt.1", "item_count < 1"),
    ("item_count=lte.1", "item_count <= 1"),
    ("items_amount=gte.99.90", "items_amount >= 99.90"),
    ("items_amount=lt.50", "items_amount < 50"),
    ("purchased_at=gte.2026-01-01", "purchased_at >= timestamptz '2026-01-01 00:00+00'"),
    (
        "purchased_at=lt.2026-01-01T03:00:00%2B03:00",
        "purchased_at < timestamptz '2026-01-01 00:00+00'",
    ),
    ("promised_on=eq.2026-05-04", "promised_on = date '2026-05-04'"),
    ("promised_on=gt.2026-05-04", "promised_on > date '2026-05-04'"),
    ("delivery_state=in.(SP,RJ)", "delivery_state in ('SP', 'RJ')"),
    ('order_status=in.("shipped",canceled)', "order_status in ('shipped', 'canceled')"),
    ("item_count=in.(2,3)", "item_count in (2, 3)"),
    ("delivered_at=is.null", "delivered_at is null"),
    ("delivered_at=is.not_null", "delivered_at is not null"),
    (
        "item_count=gte.2&item_count=lte.3&delivery_state=eq.SP",
        "item_count between 2 and 3 and delivery_state = 'SP'",
    ),
]


def keys(client, path):
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return [row["order_id"] for row in answer.json()]


def in_sql(home, port, columns, rest):
    return query(f"select {columns} from read_parquet({files_of(home, port)}) {rest}")


@pytest.mark.parametrize(("filters", "condition"), FILTERS, ids=[f[0] for f in FILTERS])
def test_a_filter_finds_the_rows_that_sql_finds(door, built, filters, condition):
    found = keys(door, f"{ORDER_ROWS}?{filters}&select=order_id&limit=10000")

    expected = in_sql(built, ORDERS, "order_id", f"where {condition} order by order_id")
    assert found == [row[0] for row in expected]
    assert 0 < len(found) < 1000 or "lt.1" in filters  # a filter that lets all or none through


@pytest.mark.parametrize(
    ("word", "condition"),
    [("true", "is true"), ("false", "is false"), ("null", "is null"), ("not_null", "is not null")],
)
def test_is_knows_true_and_false_from_unknown(door, built, word, condition):
    path = f"{SHIPMENTS.path}/rows?is_late=is.{word}&select=order_id&limit=10000"

    found = keys(door, path)

    expected = in_sql(built, SHIPMENTS, "order_id", f"where is_late {condition}")
    assert sorted(found) == sorted(row[0] for row in expected)


def test_text_is_compared_as_it_is_written(small_door, small_lab):
    for note in ("a,b", 'say "so"', "", "ünïcode ✓", "two\nlines", "100%", "null"):
        answer = small_door.get(ROWS, params={"note": f"eq.{note}", "limit": 1000})

        assert {row["note"] for row in answer.json()} == {note}


def test_a_list_holds_quoted_commas_and_quotes(small_door):
    listed = 'in.("a,b","say ""so""",null)'

    answer = small_door.get(ROWS, params={"note": listed, "limit": 1000})

    assert {row["note"] for row in answer.json()} == {"a,b", 'say "so"', "null"}


def test_select_gives_the_columns_in_the_order_named_and_each_once(door):
    answer = door.get(f"{ORDER_ROWS}?select=paid_amount,order_id,paid_amount&limit=3")

    assert [list(row) for row in answer.json()] == [["paid_amount", "order_id"]] * 3


def test_without_select_every_served_column_comes_in_the_order_of_the_contract(door):
    row = door.get(f"{ORDER_ROWS}?limit=1").json()[0]

    schema = door.get(f"{ORDERS.path}/schema").json()
    assert (
        list(row)
        == list(schema["properties"])
        == list(door.get(f"{ORDER_ROWS}?select=*").json()[0])
    )


@pytest.mark.parametrize(
    ("order", "clause"),
    [
        ("items_amount", "items_amount asc nulls last, order_id"),
        ("items_amount.desc", "items_amount desc nulls last, order_id"),
        ("delivered_at.asc", "delivered_at asc nulls last, order_id"),
        ("delivered_at.desc", "delivered_at desc nulls last, order_id"),
        (
            "delivery_state.desc,approved_at",
            "delivery_state desc, approved_at nulls last, order_id",
        ),
        ("order_id.desc", "order_id desc"),
        ("item_count,item_count.desc", "item_count, order_id"),
    ],
)
def test_order_is_the_one_asked_for_made_total_by_the_key(door, built, order, clause):
    found = keys(door, f"{ORDER_ROWS}?order={order}&limit=10000")

    expected = in_sql(built, ORDERS, "order_id", f"order by {clause}")
    assert found == [row[0] for row in expected]


def test_without_order_rows_come_by_key(door):
    found = keys(door, f"{ORDER_ROWS}?limit=50")

    assert found == sorted(found)


@pytest.mark.parametrize("limit", [1, 7, 100, 10_000])
def test_a_page_has_as_many_rows_as_asked_for(door, limit):
    assert len(door.get(f"{ORDER_ROWS}?limit={limit}").json()) == min(limit, 1000)


def test_a_page_without_a_limit_has_a_hundred_rows(door):
    assert len(door.get(ORDER_ROWS).json()) == 100


BAD = [
    ("colour=eq.red", "MP601", "?colour"),
    ("select=order_id,colour", "MP601", "?select"),
    ("order=colour", "MP601", "?order"),
    ("select=", "MP602", "?select"),
    ("select=,", "MP602", "?select"),
    ("select=order_id&select=item_count", "MP602", "?select"),
    ("order=item_count.up", "MP602", "?order"),
    ("item_count=5", "MP602", "?item_count"),
    ("item_count=between.1", "MP602", "?item_count"),
    ("item_count=is.5", "MP602", "?item_count"),
    ("item_count=in.1,2", "MP602", "?item_count"),
    ("item_count=in.()", "MP602", "?item_count"),
    ('order_status=in.("a"b)', "MP602", "?order_status"),
    (f"order_status=in.({','.join('a' * 1001)})", "MP602", "?order_status"),
    ("limit=0", "MP602", "?limit"),
    ("limit=-1", "MP602", "?limit"),
    ("limit=10001", "MP602", "?limit"),
    ("limit=ten", "MP602", "?limit"),
    ("limit=%D9%A3", "MP602", "?limit"),
    (f"limit={'0' * 5000}1", "MP602", "?limit"),
    ("format=xlsx", "MP602", "?format"),
    ("&".join(["item_count=gte.0"] * 65), "MP602", "?filters"),
    ("item_count=eq.many", "MP604", "?item_count"),
    ("item_count=eq.", "MP604", "?item_count"),
    ("item_count=eq.99999999999", "MP604", "?item_count"),
    ("item_count=in.(1,x)", "MP604", "?item_count"),
    ("items_amount=eq.nan", "MP604", "?items_amount"),
    ("items_amount=eq.12345678901.00", "MP604", "?items_amount"),
    ("promised_on=eq.2026-02-30", "MP604", "?promised_on"),
    ("purchased_at=gte.yesterday", "MP604", "?purchased_at"),
]


@pytest.mark.parametrize(("parameters", "code", "place"), BAD, ids=[b[0][:40] for b in BAD])
def test_what_cannot_be_understood_is_a_problem_with_code_and_place(door, parameters, code, place):
    answer = door.get(f"{ORDER_ROWS}?{parameters}")

    problem = answer.json()
    assert answer.status_code == problem["status"] == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert (problem["code"], problem["place"]) == (code, place)
    assert problem["type"] == f"/errors#{code.lower()}"


@pytest.mark.parametrize(
    "parameters",
    [
        "item_count=eq.1.5",
        "items_amount=eq.10.005",
        "items_amount=lt.1e2",
        "promised_on=eq.2026-05-04T12:00",
        "purchased_at=gte.2026-01-01T00:00:00+03:00",
    ],
)
def test_a_value_that_would_have_to_be_rounded_is_refused_with_a_way_out(door, parameters):
    problem = door.get(f"{ORDER_ROWS}?{parameters}").json()

    assert problem["code"] == "MP604"
    assert problem["hint"]


def test_a_misspelt_column_is_answered_with_the_nearest_one(door):
    problem = door.get(f"{ORDER_ROWS}?order_stauts=eq.delivered").json()

    assert problem["hint"] == "did you mean `order_status`?"
