"""What pages say, without a browser: links lead somewhere, twins agree, and structure is sound."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urldefrag, urljoin

import pytest

from meshport.products.mesh import load_mesh
from tests.building import ROOT

pytestmark = pytest.mark.xdist_group("doors")

HTML = {"accept": "text/html"}
PAGES = [
    *("/", "/products/orders", "/ports/orders/orders/v1", "/search?q=late"),
    *("/glossary", "/errors", "/api"),
]
TWINS = ["/index", "/products/orders", "/ports/orders/orders/v1", "/glossary", "/errors", "/api"]


class Page(HTMLParser):
    """The links, ids, headings and fields of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.forms: list[str] = []
        self.ids: set[str] = set()
        self.labelled: set[str | None] = set()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.append((tag, given))
        found = [given[name] for name in ("href", "src", "action", "formaction") if name in given]
        self.links += [] if given.get("method") == "post" or "formaction" in given else found
        self.forms += found if given.get("method") == "post" or "formaction" in given else []
        self.ids |= {given["id"]} if "id" in given else set()
        self.labelled |= {given["for"]} if tag == "label" else set()


def crawl(client):
    """Every address that can be reached by links from the home page, with its answer."""
    waiting, seen = ["/"], {}
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen[path] = answer = client.get(path, headers=HTML)
        if answer.headers["content-type"].startswith("text/html"):
            for link in Page(answer.text).links:
                target, fragment = urldefrag(urljoin(path, link))
                if target.startswith("/"):
                    waiting.append(target)
                    seen.setdefault("fragments", set()).add((target, fragment))
    return seen


@pytest.mark.parametrize("state", ["published", "fresh"])
def test_every_link_leads_somewhere(door, open_door, tmp_path, state):
    client = door if state == "published" else open_door(tmp_path / "fresh")

    seen = crawl(client)
    fragments = seen.pop("fragments")

    assert {
        path: answer.status_code for path, answer in seen.items() if answer.status_code != 200
    } == {}
    assert len(seen) > (100 if state == "published" else 60)
    ids = {path: Page(answer.text).ids for path, answer in seen.items()}
    assert {(p, f) for p, f in fragments if f and f not in ids[p]} == set()


def test_every_port_is_linked_from_home_and_its_product(door):
    home = door.get("/", headers=HTML).text
    for port in load_mesh(ROOT).ports:
        assert f'href="{port.id.path}"' in home
        assert (
            f'href="{port.id.path}"' in door.get(f"/products/{port.id.domain}", headers=HTML).text
        )


@pytest.mark.parametrize("path", TWINS)
def test_every_page_has_a_markdown_and_a_json_twin(door, path):
    page = door.get(path if path != "/index" else "/", headers=HTML)

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    for suffix, media in ((".md", "text/markdown"), (".json", "application/json")):
        twin = door.get(f"{path}{suffix}")
        assert twin.headers["content-type"].startswith(media)
        assert f'<{path}{suffix}>; rel="alternate"; type="{media}"' in page.headers["link"]
        assert f'href="{path}{suffix}"' in page.text
        by_accept = door.get(path if path != "/index" else "/", headers={"accept": media})
        assert by_accept.headers["content-type"] == twin.headers["content-type"]


def test_the_twins_of_a_search_keep_its_words(door):
    page = door.get("/search?q=late+deliveries", headers=HTML).text

    assert 'href="/search.json?q=late+deliveries"' in page
    assert door.get("/search.json?q=late+deliveries").json()["query"] == "late deliveries"


@pytest.mark.parametrize("path", [*PAGES, "/search?q=zzzz", "/search", "/nothing"])
def test_a_page_is_sound(door, path):
    text = door.get(path, headers=HTML).text
    page = Page(text)
    names = [tag for tag, _ in page.tags]

    assert names.count("h1") == names.count("main") == 1
    assert re.search(r"<title>\S.* · meshport</title>", text)
    assert text.startswith("<!doctype html>\n<html lang=")
    given = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(given) == len(set(given))
    for tag, attributes in page.tags:
        if tag == "img":
            assert "alt" in attributes
        if tag in ("input", "select", "textarea") and attributes.get("type") != "hidden":
            assert attributes.get("aria-label") or attributes.get("id") in page.labelled
        assert "style" not in attributes
        assert not any(name.startswith("on") for name in attributes)
    elsewhere = [link for link in page.links + page.forms if re.match(r"(https?:)?//", link)]
    assert [link for link in elsewhere if not link.startswith("https://chat.example.com/")] == []


def test_nothing_that_pages_load_comes_from_elsewhere():
    for file in (ROOT / "platform/src/meshport/serving/static").iterdir():
        text = Path(file).read_text()
        assert re.findall(r"url\(|@import|https?://(?!www\.w3\.org/2000/svg)", text) == []


def test_the_home_page_counts_what_is_published(door):
    text = re.sub(r"<[^>]+>", " ", door.get("/", headers=HTML).text)
    products = door.get("/products").json()["products"]
    rows = sum(port["rows"] for product in products for port in product["ports"])

    assert f"{rows:,}" in text
    ports = sum(len(product["ports"]) for product in products)
    assert re.search(rf"Ports published\s+{ports}\s", text)


def test_the_product_page_accounts_for_every_source_row(door):
    text = re.sub(
        r"\s+", " ", re.sub(r"<[^>]+>", " ", door.get("/products/orders", headers=HTML).text)
    )

    # source table, file, rows in, published, quarantined, superseded
    found = re.findall(r"order_items (\S+\.csv) ([\d,]+) ([\d,]+) ([\d,]+) ([\d,]+)", text)
    ((file, *counts),) = found
    rows, published, quarantined, superseded = (int(count.replace(",", "")) for count in counts)
    assert rows == published + quarantined + superseded > 1000
    assert file == "olist_order_items_dataset.csv"


def test_the_port_page_names_clauses_that_nobody_enforces(door):
    page = door.get("/ports/orders/orders/v1", headers=HTML).text

    assert "not enforced</span>" in page
    assert "slaProperties.availability" in page


def test_a_search_that_finds_nothing_says_so_and_offers_a_way_on(door):
    page = door.get("/search?q=zzzz", headers=HTML).text

    assert "Nothing found for “zzzz”" in page
    assert 'href="/glossary"' in page
    assert 'href="/search?q=order"' in page


def test_a_problem_shown_in_a_browser_says_fact_place_and_way_out(door):
    page = door.get("/ports/orders/orders/v1/rows?order_stauts=eq.x", headers=HTML)

    assert page.status_code == 400
    for words in ("MP601", "order_stauts", "did you mean <code>order_status</code>?"):
        assert words in page.text
    assert 'href="/errors#mp601"' in page.text
