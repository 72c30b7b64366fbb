"""Registered consumers: read strictly, and warned where they rely on more than was promised."""

from __future__ import annotations

import pytest

from meshport.changes.compare import compare
from meshport.changes.judgement import Surroundings
from meshport.changes.verdict import Reader
from meshport.errors import ManyFaultsError, MeshportError, each_of
from meshport.lineage.consumers import (
    READERS,
    all_consumers,
    consumer_of,
    registered_consumers,
)
from meshport.lineage.findings import who_breaks
from meshport.lineage.graph import lineage_of
from meshport.lineage.reliance import overreaches
from meshport.names import PortId
from meshport.sql.lineage import How
from meshport.yaml_file import parse_yaml, read_yaml
from tests.building import NOW, ROOT, edit

BOARD = """name: board
kind: dashboard
owner: {team: Finance, contact: "#finance"}
uses:
  - port: orders.orders.v1
    columns:
      - order_id
      - {name: order_status, as: filter, literals: [delivered]}
      - {name: approved_at, relies_on: [not_null]}
  - port: orders.payments.v1
"""
AROUND = Surroundings(today=NOW.date())
ORDERS = PortId("orders", "orders", 1)
CONTRACT = "contracts/orders/orders.v1.odcs.yaml"


def read(text):
    return consumer_of(parse_yaml(text.encode(), "catalog/consumers/board.yaml"), "board")


def told(lineage, root):
    """(place, message) of everything that is relied on and not promised."""
    found = overreaches(lineage, all_consumers(root, lineage))
    return [(str(one.place), one.message) for one in found]


def test_a_registration_says_who_uses_which_columns_and_how():
    board = read(BOARD)

    assert (board.name, board.kind, board.owner) == ("board", "dashboard", ("Finance", "#finance"))
    assert [need.port for need in board.needs] == [ORDERS, PortId("orders", "payments", 1)]
    uses = [(one.name, one.how, one.literals, one.relies_on) for one in board.needs[0].columns]
    assert uses == [
        ("order_id", How.IDENTITY, (), ()),
        ("order_status", How.FILTER, ("delivered",), ()),
        ("approved_at", How.IDENTITY, (), ("not_null",)),
    ]
    assert board.needs[0].columns[1].place.line == 8
    assert board.readers == {Reader.SQL}


@pytest.mark.parametrize(
    ("old", "new", "fact", "line"),
    [
        ("kind: dashboard", "kind: dashbord", "`dashbord` is not known", 2),
        ("kind: dashboard", "kynd: dashboard", "unknown key `kynd`", 2),
        ("kind: dashboard\n", "", "it lacks the key `kind`", 1),
        ("name: board", "name: bored", "the file is called `board`, the consumer `bored`", 1),
        ("team: Finance, ", "", "it lacks the key `team`", 3),
        ("team: Finance", "team: [a]", "`team` is not a text: `['a']`", 3),
        ("orders.orders.v1", "orders.orders", "`orders.orders` is not the id of a port", 5),
        ("as: filter", "as: sieve", "`sieve` is not known", 8),
        ("literals: [delivered]", "literals: delivered", "`literals` is not a list", 8),
        ("[not_null]", "[never_null]", "`never_null` is not known", 9),
        ("relies_on:", "relys_on:", "unknown key `relys_on`", 9),
        (BOARD, "- a list", "it is not a mapping with kind, name, owner, purpose, uses", 1),
    ],
)
def test_a_registration_that_is_wrong_says_where(old, new, fact, line):
    with pytest.raises(MeshportError) as caught:
        read(BOARD.replace(old, new))

    assert (caught.value.code, caught.value.fact) == ("MP503", fact)
    assert caught.value.place.line == line


def test_a_misspelt_word_gets_the_right_one_as_a_hint():
    with pytest.raises(MeshportError) as caught:
        read(BOARD.replace("[not_null]", "[not_nul]"))

    assert caught.value.hint == "did you mean `not_null`?"


def test_every_broken_registration_is_told_at_once(root):
    for name in ("one", "two"):
        (root / f"catalog/consumers/{name}.yaml").write_text("name: [")

    with pytest.raises(ManyFaultsError) as caught:
        registered_consumers(root)

    assert len(each_of(caught.value)) == 2


def test_the_registered_consumers_of_the_mesh_rely_on_what_is_promised(mesh):
    assert len(registered_consumers(ROOT)) == 3
    assert {one.kind for one in registered_consumers(ROOT)} <= set(READERS)
    assert told(mesh, ROOT) == []


def test_a_consumer_that_relies_on_more_than_is_promised_is_named(root, mesh):
    text = BOARD.replace("[delivered]", "[deliverd]").replace("order_id", "order_number")
    text = text.replace("orders.payments.v1", "orders.vouchers.v1")
    (root / "catalog/consumers/board.yaml").write_text(text)

    board, status = "catalog/consumers/board.yaml", "orders.orders.v1.order_status"
    assert told(mesh, root) == [
        (f"{board}:7:9", "`board` relies on orders.orders.v1.order_number: the contract promises "
         "no column `order_number`"),
        (f"{board}:8:9", f"`board` relies on {status}: it compares with `deliverd`, which the "
         "contract does not list"),
        (f"{board}:9:9", "`board` relies on orders.orders.v1.approved_at: the contract allows "
         "nulls"),
        (f"{board}:10:5", "`board` relies on orders.vouchers.v1: no contract promises the port "
         "orders.vouchers.v1"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("column", "tests", "message"),
    [
        ("delivered_at", "[not_null]", "the contract allows nulls"),
        ("customer_id", "[unique]", "the contract allows the same value twice"),
        ("order_status", "[{accepted_values: {values: [delivered, shipped]}}]",
         "the contract also allows `approved`, `canceled`"),
        ("order_id", "[not_null, unique]", None),
        ("purchased_at", "[not_null]", None),
    ],
)  # fmt: skip
def test_a_dbt_test_on_an_input_asks_no_more_than_the_contract(root, cache, column, tests, message):
    words = root / "domains/logistics/dbt/models"
    (words / "stg_orders.sql").write_text(
        "select * from {{ source('inputs', 'orders__orders_v1') }}"
    )
    (words / "stg_orders.yml").write_text(
        f"models:\n  - name: stg_orders\n    columns:\n      - name: {column}\n"
        f"        data_tests: {tests}\n"
    )

    found = told(lineage_of(root, cache), root)

    assert len(found) == (1 if message else 0)
    for place, said in found:
        assert place == "domains/logistics/dbt/models/stg_orders.yml:5"
        assert said.startswith(
            f"`logistics.stg_orders` relies on orders.orders.v1.{column}: its test"
        )
        assert message in said


@pytest.mark.parametrize(
    "condition", ["where delivered_at is not null", "where delivered_at > now()"]
)
def test_who_sees_to_a_promise_themselves_does_not_rely_on_it(root, cache, condition):
    words = root / "domains/logistics/dbt/models"
    text = f"select delivered_at from {{{{ source('inputs', 'orders__orders_v1') }}}} {condition}"
    (words / "stg_orders.sql").write_text(text)
    (words / "stg_orders.yml").write_text(
        "models: [{name: stg_orders, columns: [{name: delivered_at, tests: [not_null]}]}]"
    )

    assert told(lineage_of(root, cache), root) == []


def test_a_model_that_compares_with_a_text_that_never_comes_is_named(root, cache):
    model = "domains/orders/dbt/models/output_ports/daily_sales_v1.sql"
    edit(root / model, "('canceled', 'unavailable')", "('cancelled', 'unavailable')")

    assert told(lineage_of(root, cache), root) == [
        (
            f"{model}:10",
            "`orders.daily_sales_v1` relies on orders.orders.v1.order_status: it compares with "
            "`cancelled`, which the contract does not list",
        )
    ]


def hits(mesh, root, *edits):
    """(rule, consumer, effect) that the change of a contract has."""
    before = read_yaml(ROOT / CONTRACT, CONTRACT)
    for old, new in edits:
        edit(root / CONTRACT, old, new)
    findings = compare(before, read_yaml(root / CONTRACT, CONTRACT), AROUND)
    consumers = all_consumers(root, mesh)
    found = who_breaks(mesh, consumers, {ORDERS: findings})
    return {(one.finding.rule, one.hit.consumer, one.hit.effect.value) for one in found}


def test_a_renamed_column_hits_those_who_use_the_old_name(mesh, root):
    found = hits(mesh, root, ("name: order_status\n", "name: order_state\n"))

    assert {(c, e) for rule, c, e in found if rule == "FLD003"} == {
        ("customers.customer_360.v1", "breaks"),
        ("orders.daily_sales.v1", "breaks"),
        ("delivery_forecast", "breaks"),
        ("finance_dashboard", "breaks"),
        ("campaign_export", "breaks"),
    }


def test_a_column_that_may_be_null_hits_those_who_use_it(mesh, root):
    required = "        required: true\n"
    purchased = "      - id: purchased_at\n"
    text = (root / CONTRACT).read_text()
    start = text.index(required, text.index(purchased))
    (root / CONTRACT).write_text(text[:start] + text[start + len(required) :])

    found = hits(mesh, root)

    assert {rule for rule, _, _ in found} == {"NUL01"}
    assert ("NUL01", "orders.daily_sales.v1", "row set changes") in found
    assert ("NUL01", "customers.customer_360.v1", "value changes") in found
    assert ("NUL01", "delivery_forecast", "value changes") in found


def test_a_wider_integer_hits_typed_readers_only(mesh, root):
    (root / "catalog/consumers/board.yaml").write_text(BOARD.replace("order_id", "item_count"))
    service = BOARD.replace("kind: dashboard", "kind: service").replace("name: board", "name: shop")
    (root / "catalog/consumers/shop.yaml").write_text(service.replace("order_id", "item_count"))
    text = (root / CONTRACT).read_text()
    start = text.index("physicalType: INTEGER", text.index("- id: item_count"))
    changed = text[start:].replace("INTEGER", "BIGINT", 1)
    (root / CONTRACT).write_text(text[:start] + changed)

    assert hits(mesh, root) == {("TYP01", "shop", "breaks")}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("The authoritative record", "The one record"),
        ("name: Orders\n", "name: All orders\n"),
        ("tags: [sales, source-aligned]", "tags: [sales]"),
    ],
)
def test_words_hit_nobody(mesh, root, old, new):
    assert hits(mesh, root, (old, new)) == set()
