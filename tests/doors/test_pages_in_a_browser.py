"""The pages in a real Chromium, over a real server: what a person sees, types and clicks."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from contextlib import ExitStack

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.building import copy_home, rewrite, run_here
from tests.doors.browsing import CHROMIUM, FAINT_TEXTS, watched
from tests.doors.server import serving

pytestmark = [
    pytest.mark.xdist_group("doors"),
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on the path"),
]

PORT = "/ports/orders/orders/v1"
PAGES = {
    "published": [
        *("/", "/products/orders", "/products/customers", PORT, "/ports/customers/customers/v1"),
        *("/search?q=late", "/search?q=zzzz", "/search", "/glossary", "/errors", "/api"),
        *("/ports/logistics/delivery_performance/v1", f"{PORT}/rows?nothing=eq.1"),
    ],
    "refused": ["/", "/products/catalog", "/ports/catalog/items/v1"],
    "fresh": ["/", "/products/orders", PORT, "/search?q=late", "/api"],
}


@pytest.fixture(scope="module")
def addresses(built, sample, tmp_path_factory):
    """A server over a published mesh, one over a refused one, one over nothing."""
    folder = tmp_path_factory.mktemp("homes")
    source = shutil.copytree(sample, folder / "source")
    refused = copy_home(built, folder / "refused")
    rewrite(source / "olist_products_dataset.csv", lambda lines: [*lines, *lines[1:40]])
    assert run_here(refused, source, "catalog").exit_code == 1
    homes = {"published": built, "refused": refused, "fresh": folder / "fresh"}
    with ExitStack() as servers:
        yield {state: servers.enter_context(serving(home)) for state, home in homes.items()}


@pytest.fixture(scope="module")
def browser(addresses):
    # After the meshes are built: Playwright leaves an event loop running.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        yield browser
        browser.close()


@pytest.fixture
def page(browser, addresses):
    context = browser.new_context(base_url=addresses["published"])
    yield context.new_page()
    context.close()


@pytest.mark.parametrize(
    ("across", "down", "scheme"), [(1280, 900, "light"), (390, 844, "dark")], ids=["wide", "narrow"]
)
def test_pages_fit_the_screen_are_legible_and_complain_of_nothing(
    browser, addresses, across, down, scheme
):
    size = {"width": across, "height": down}
    context = browser.new_context(viewport=size, color_scheme=scheme)
    heard: list[str] = []
    for state, paths in PAGES.items():
        page = watched(context, heard, addresses[state])
        for path in paths:
            answer = page.goto(addresses[state] + path)

            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= across, f"{state} {path} is {wide} pixels wide"
            assert page.evaluate(FAINT_TEXTS) == [], f"{state} {path}"
            refused = [
                text for text in heard if answer.status == 200 or "status of 400" not in text
            ]
            assert refused == [], f"{state} {path}"
            heard.clear()
        page.close()
    context.close()


@pytest.mark.parametrize("state", PAGES)
def test_pages_say_the_same_without_javascript(browser, addresses, state):
    contexts = [browser.new_context(java_script_enabled=is_on) for is_on in (True, False)]
    with_script, without = (context.new_page() for context in contexts)
    for path in PAGES[state]:
        texts = []
        for page in (with_script, without):
            page.goto(addresses[state] + path)
            text = page.locator("body").inner_text()
            texts.append(re.sub(r"\bCopy\b|State as of .*UTC|\d+ (s|min)\b|\s", "", text))
        assert texts[0] == texts[1], path
        assert len(texts[1]) > 100
    for context in contexts:
        context.close()


def test_searching_leads_to_the_column(page):
    page.goto("/")
    page.keyboard.press("/")
    page.keyboard.type("late_rate")
    page.keyboard.press("Enter")

    first = page.locator("ol.hits li a").first
    expect(first).to_have_text("late_rate")
    first.click()

    expect(page).to_have_url(re.compile(r"/ports/logistics/delivery_performance/v1#late_rate$"))
    expect(page.locator("tr#late_rate")).to_be_in_viewport()


def test_the_keyboard_reaches_the_content_past_the_menu(page):
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to content")).to_be_focused()

    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile("#main$"))


def test_from_home_one_clicks_to_a_port_and_back_to_its_product(page):
    page.goto("/")
    page.get_by_role("link", name="order_lines", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Order lines")

    page.get_by_label("Breadcrumb").get_by_role("link", name="orders").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Order history")


def test_a_box_of_the_map_is_a_link_to_its_port(page):
    page.goto("/")
    page.locator("svg.lineage a", has_text="shipments v1").click()

    expect(page).to_have_url(re.compile("/ports/logistics/shipments/v1$"))


def test_numbers_stand_to_the_right(page):
    page.goto(PORT)

    cell = page.locator("table.preview tbody tr").first.locator("td.number").first
    assert cell.evaluate("cell => getComputedStyle(cell).textAlign") == "right"
    page.goto("/products/orders")
    aligned = page.locator("td.number").evaluate_all(
        "cells => cells.map((cell) => getComputedStyle(cell).textAlign)"
    )
    assert set(aligned) == {"right"}


def test_copy_copies_the_snippet_as_it_stands(browser, addresses):
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(addresses["published"] + PORT)

    page.get_by_role("button", name="Copy").first.click()

    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.locator("pre.copy code").first.text_content()
    context.close()


@pytest.mark.parametrize(
    "path", [PORT, "/ports/customers/customers/v1", "/ports/catalog/categories/v1"]
)
def test_the_snippets_of_a_port_run_as_they_stand(page, tmp_path, path):
    page.goto(path)
    blocks = page.locator("#read > figure pre.copy")
    found = [
        (block.get_attribute("data-language"), block.locator("code").text_content())
        for block in blocks.all()
    ]
    assert [language for language, _ in found] == ["sh", "python", "python", "python"]

    for language, text in found:
        interpreter = ["bash", "-c"] if language == "sh" else [sys.executable, "-c"]
        if language == "sh" and shutil.which("curl") is None:
            continue
        ran = subprocess.run(
            [*interpreter, text],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert ran.returncode == 0, ran.stderr
        assert ran.stdout.count("\n") > 3 or ran.stdout.startswith("[{")
        assert ran.stderr == ""


@pytest.mark.parametrize("path", ["/", "/products/catalog", "/ports/catalog/items/v1"])
def test_a_refused_release_catches_the_eye(browser, addresses, path):
    context = browser.new_context()
    page = context.new_page()
    page.goto(addresses["refused"] + path)

    expect(page.get_by_text("refused", exact=True).first).to_be_in_viewport()
    expect(page.get_by_text("primary_key").first).to_be_in_viewport()
    context.close()


def test_a_fresh_home_shows_the_command_to_type(browser, addresses):
    context = browser.new_context()
    page = context.new_page()
    page.goto(addresses["fresh"])

    expect(page.get_by_text("Nothing is published yet")).to_be_in_viewport()
    expect(page.get_by_text("meshport run", exact=True)).to_be_in_viewport()
    context.close()
