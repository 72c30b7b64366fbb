"""Search finds what people mean, says why, and is honest when nothing fits."""

from __future__ import annotations

import pytest

from meshport.catalog.glossary import read_glossary
from meshport.catalog.search import SearchIndex
from meshport.products.mesh import load_mesh
from tests.building import ROOT


@pytest.fixture(scope="module")
def index():
    return SearchIndex(load_mesh(ROOT), read_glossary(ROOT))


def found(index, query):
    return [f"{hit.port.id}.{hit.column}" if hit.column else str(hit.port.id)
            for hit in index.search(query)]  # fmt: skip


PORTS = [port.id for port in load_mesh(ROOT).ports]


@pytest.mark.parametrize("port", PORTS, ids=str)
@pytest.mark.parametrize("form", ["name", "contract id", "id", "urn", "capitals"])
def test_the_exact_name_of_a_port_finds_it_first(index, port, form):
    name = {
        "name": port.port,
        "contract id": port.contract_id,
        "id": str(port),
        "urn": port.urn,
        "capitals": f"  {port.port.upper()} ",
    }[form]

    first = index.search(name)[0]

    assert (first.port.id, first.column, first.tier) == (port, None, "exact name")


GOLDEN = [
    # what somebody types, what should come first, in which tier
    ("order_id", "customers.reviews.v1.order_id", "exact name"),
    ("orders.orders.v1.order_id", "orders.orders.v1.order_id", "exact name"),
    ("sku", "catalog.items.v1.item_id", "exact synonym"),
    ("GMV", "orders.daily_sales.v1.items_amount", "exact synonym"),
    ("gross merchandise value", "orders.daily_sales.v1.items_amount", "exact synonym"),
    ("churn", "customers.customer_360.v1.segment", "exact synonym"),
    ("stars", "customers.reviews.v1.score", "exact synonym"),
    ("customer email", "customers.customers.v1", "all words"),
    ("daily sales", "orders.daily_sales.v1", "all words"),
    ("order lines", "orders.order_lines.v1", "all words"),
    ("late deliveries", "customers.customer_360.v1.late_delivery_count", "all words"),
    ("where does revenue come from", "orders.daily_sales.v1", "all words"),
    ("cutsomer 360", "customers.customer_360.v1", "similar spelling"),
    ("custmer", "customers.customer_360.v1", "similar spelling"),
    ("emial", "customers.customers.v1.email", "similar spelling"),
    ("shiping cost", "orders.order_lines.v1", "similar spelling"),
]


@pytest.mark.parametrize(("query", "wanted", "tier"), GOLDEN, ids=[g[0] for g in GOLDEN])
def test_what_people_type_finds_what_they_mean_first(index, query, wanted, tier):
    assert found(index, query)[0] == wanted
    assert index.search(query)[0].tier == tier


@pytest.mark.parametrize(
    "query",
    ["", "   ", "???", "the", "what is it", "protein structure", "refund rate", "weather forecast",
     "hospital", "kubernetes", "x", "日本語", "🙂", "são", "a" * 5000],
)  # fmt: skip
def test_what_the_mesh_does_not_have_finds_nothing(index, query):
    assert index.search(query) == []


def test_a_column_is_found_by_its_name_in_every_port_that_has_it(index):
    exact = {str(hit.port.id) for hit in index.search("currency_code") if hit.tier == "exact name"}

    assert exact == {
        str(port.id)
        for port in load_mesh(ROOT).ports
        if port.contract.table.column("currency_code")
    }


def test_each_hit_says_which_word_matched_where(index):
    hits = {
        hit.column: hit
        for hit in index.search("late deliveries")
        if "performance" in str(hit.port.id)
    }

    assert hits[None].matched == ("late (glossary)", "delivery (name)")
    assert hits["late_rate"].matched == ("late (name)", "delivery (glossary)")


def test_a_word_that_only_looks_like_a_plural_is_told_as_it_is_written(index):
    assert index.search("status")[0].matched == ("status (name)",)


def test_a_mended_spelling_is_told(index):
    assert index.search("seler")[0].matched == ("seller (name)",)


def test_more_of_the_words_go_before_fewer_and_half_of_them_is_too_little(index):
    hits = index.search("freight amount unicorn")

    assert hits
    assert all(len(hit.matched) == 2 and hit.tier == "some words" for hit in hits)
    assert index.search("freight unicorn") == []


def test_a_withheld_column_is_found_by_what_it_means_and_never_by_a_value(index):
    """Names and meanings are for everyone, so that people know what to ask for."""
    (hit,) = [hit for hit in index.search("email") if hit.column == "email"]

    assert hit.as_json() == {
        "port": "customers.customers.v1",
        "column": "email",
        "tier": "exact name",
        "score": hit.score,
        "matched": ["email (name)"],
        "description": hit.port.contract.table.column("email").description,
    }


def test_at_most_so_many_hits_come_back_and_always_the_best(index):
    assert found(index, "order")[:3] == [
        f"{hit.port.id}" + (f".{hit.column}" if hit.column else "")
        for hit in index.search("order", limit=3)
    ]
    assert len(index.search("order")) == 20
