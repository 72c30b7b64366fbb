"""Asking and deciding in a real Chromium, over a real server in demo mode."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect, sync_playwright

from meshport.access.register import AccessRegister
from meshport.serving.demo import ANALYST
from tests.access.conftest import CUSTOMERS, OFFICER, OWNER
from tests.building import copy_home
from tests.doors.browsing import CHROMIUM, FAINT_TEXTS, watched
from tests.doors.server import address_of, start, stop

pytestmark = [
    pytest.mark.xdist_group("access"),
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on the path"),
]


@pytest.fixture(scope="module")
def own_home(built, tmp_path_factory):
    home = tmp_path_factory.mktemp("demo") / "home"
    return copy_home(built, home)


@pytest.fixture(scope="module")
def address(own_home):
    """The demo over a home of its own."""
    process = start("serve", "--demo", "--port", "0", "--workers", "1", home=own_home)
    yield address_of(process)
    stop(process)


@pytest.fixture(scope="module")
def browser(address):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        yield browser
        browser.close()


@pytest.fixture(params=[True, False], ids=["script", "no-script"])
def page(request, browser, address):
    context = browser.new_context(base_url=address, java_script_enabled=request.param)
    yield context.new_page()
    context.close()


def play(page, name):
    page.locator(".who summary").click()
    page.get_by_label("Play somebody else").select_option(name)
    page.get_by_role("button", name="Play").click()
    expect(page.locator(".who summary")).to_have_text(f"You are {name or 'demo visitor'}")


def preview(page):
    """The columns of the port's preview."""
    return page.locator("table.preview th").all_inner_texts()


def ask(page, **fields):
    page.get_by_text("Ask for access").first.click()
    page.get_by_role("radio", name=re.compile("^restricted")).check()
    page.get_by_label("What it is used for").select_option("customer-care")
    page.get_by_label("Why, in a sentence").fill("To answer the complaints of October.")
    for label, value in fields.items():
        page.get_by_label(label).fill(value)


def test_ana_asks_nara_approves_and_ana_sees_the_email_column(page):
    page.goto(CUSTOMERS.path)
    play(page, OWNER)
    assert "email" not in preview(page)

    ask(page)
    page.get_by_role("button", name="Ask for access").click()
    expect(page).to_have_url(re.compile(r"/access/agreements/\d+$"))
    expect(page.get_by_text(f"Waits for {OFFICER}")).to_be_visible()
    address = page.url

    play(page, OFFICER)
    expect(page.locator(".count")).to_be_visible()
    page.get_by_role("link", name="Access").first.click()
    request = page.locator("article", has_text="complaints of October").first
    expect(request.get_by_role("row", name="email not at all as it is")).to_be_visible()
    request.get_by_role("textbox").fill("for October alone")
    request.get_by_role("button", name="Approve").click()
    expect(page).to_have_url(address)
    expect(page.locator(".timeline")).to_contain_text("for October alone")

    page.goto(CUSTOMERS.path)
    play(page, OWNER)
    assert "email" in preview(page)
    expect(page.locator("#access")).to_contain_text("restricted")

    page.goto(address)
    page.get_by_role("button", name="Give it up").click()
    expect(page.locator(".title .chip")).to_have_text("cancelled")
    page.goto(CUSTOMERS.path)
    assert "email" not in preview(page)


def test_a_broken_glass_catches_everybodys_eye(page):
    page.goto(CUSTOMERS.path)
    play(page, OWNER)
    ask(page)
    page.get_by_role("button", name="Break the glass").click()
    expect(page.get_by_text("it ends by itself")).to_be_in_viewport()
    number = page.url.rpartition("/")[2]

    play(page, "")
    for path in ("/", CUSTOMERS.path, "/access"):
        page.goto(path)
        expect(page.get_by_text("The glass is broken.")).to_be_in_viewport()
        expect(page.locator(".glass")).to_contain_text("complaints of October")

    page.get_by_role("link", name=f"Agreement {number}").first.click()
    play(page, OWNER)
    page.get_by_role("button", name="Give it up").click()
    page.goto("/")
    expect(page.get_by_text("The glass is broken.")).to_have_count(0)


def test_the_snippets_of_somebody_we_know_run_with_a_token(page, own_home, tmp_path):
    page.goto(CUSTOMERS.path)
    play(page, ANALYST)
    tokens = AccessRegister.at_home(own_home).tokens
    token = tokens.create(ANALYST, datetime.now(UTC), days=1).secret
    page.goto(f"{CUSTOMERS.path}?purpose=research")

    for block in page.locator("#read > figure pre.copy").all():
        is_shell = block.get_attribute("data-language") == "sh"
        program = ["bash", "-c"] if is_shell else [sys.executable, "-c"]
        ran = subprocess.run(
            [*program, block.locator("code").text_content()],
            cwd=tmp_path,
            env={**os.environ, "TOKEN": token},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert (ran.returncode, ran.stderr) == (0, "")
        assert "zip_prefix" in ran.stdout or "count" in ran.stdout
        assert "MP6" not in ran.stdout


def test_a_request_that_cannot_be_kept_says_why(page):
    page.goto(CUSTOMERS.path)
    play(page, OWNER)
    ask(page, **{"Only the rows with these values": " , "})
    page.get_by_role("button", name="Ask for access").click()

    expect(page.get_by_text("The scope names no value.")).to_be_visible()


@pytest.mark.parametrize(
    ("across", "down", "scheme"), [(1280, 900, "light"), (390, 844, "dark")], ids=["wide", "narrow"]
)
def test_pages_about_access_fit_the_screen_are_legible_and_complain_of_nothing(
    browser, address, across, down, scheme
):
    size = {"width": across, "height": down}
    context = browser.new_context(viewport=size, color_scheme=scheme, base_url=address)
    heard: list[str] = []
    page = watched(context, heard, address)
    page.goto("/")
    for name in (OWNER, ANALYST, OFFICER, "assistant", ""):
        play(page, name)
        for path in ("/", "/access", "/access/agreements/2", CUSTOMERS.path, "/errors"):
            answer = page.goto(path)
            page.locator("summary").evaluate_all("all => all.forEach((one) => one.click())")

            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= across, f"{name} {path} is {wide} pixels wide"
            assert page.evaluate(FAINT_TEXTS) == [], f"{name} {path}"
            complaints = [text for text in heard if answer.ok or "status of 404" not in text]
            assert complaints == [], f"{name} {path}"
            heard.clear()
        page.goto("/")
    context.close()
