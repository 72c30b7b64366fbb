"""The demo's login: only on this machine, only where a demo is asked for, and with three views."""

from __future__ import annotations

import json
import re
import urllib.request
from contextlib import contextmanager

import pytest

from meshport.serving.demo import ANALYST, ASSISTANT, COOKIE, NEWSLETTER, DemoPeople
from tests.access.conftest import CUSTOMERS, OFFICER, PEOPLE
from tests.doors.server import address_of, start, stop

pytestmark = pytest.mark.xdist_group("access")
DEMO = {"is_demo": True, "has_login": True}
ROWS = f"{CUSTOMERS.path}/rows"
ANNA = PEOPLE[0]


def login(client, name, **options):
    given = {"data": {"name": name, "back": "/access"}, "follow_redirects": False, **options}
    return client.post("/demo/login", **given)


def who(client):
    html = client.get("/", headers={"Accept": "text/html"}).text
    return re.search(r"You are <strong>(.*?)</strong>", html)[1]


def test_the_visitor_plays_whoever_is_chosen_and_nobody_again(desk_office):
    client = desk_office.client(**DEMO)
    assert who(client) == "demo visitor"

    answer = login(client, OFFICER)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/access")
    cookie = answer.headers["Set-Cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert who(client) == OFFICER

    login(client, "")
    assert who(client) == "demo visitor"


@pytest.mark.parametrize("options", [{}, {"is_demo": True}, {"has_login": True}], ids=str)
def test_without_a_demo_nobody_is_played(desk_office, options):
    client = desk_office.client(**options)

    refused = login(client, OFFICER)

    assert (refused.status_code, refused.json()["code"]) == (401, "MP705")
    assert "Set-Cookie" not in refused.headers
    client.cookies.set(COOKIE, OFFICER)
    assert who(client) == ("demo visitor" if options.get("is_demo") else "not signed in")
    html = client.get("/", headers={"Accept": "text/html"}).text
    assert "/demo/login" not in html
    assert OFFICER not in html


@pytest.mark.parametrize(
    "host",
    ["mesh.example.com", "127.0.0.1.example.com", "192.0.2.7", "localhost.evil.example:8000"],
)
def test_by_another_name_one_is_nobody(desk_office, host):
    client = desk_office.client(**DEMO)
    login(client, OFFICER)
    headers = {"Host": host, "Cookie": f"{COOKIE}={OFFICER}"}

    html = client.get("/", headers={**headers, "Accept": "text/html"}).text

    assert "not signed in" in html
    assert "/demo/login" not in html
    assert client.get("/access.json", headers=headers).status_code == 401
    assert login(client, ANNA, headers=headers).status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost:3000"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
    ids=str,
)
def test_a_page_of_another_site_cannot_make_one_play_anybody(desk_office, headers):
    client = desk_office.client(**DEMO)

    refused = login(client, OFFICER, headers=headers)

    assert (refused.status_code, refused.json()["code"]) == (403, "MP742")
    assert who(client) == "demo visitor"


@pytest.mark.parametrize(
    "back", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", ""]
)
def test_the_way_back_leads_to_this_server(desk_office, back):
    answer = login(desk_office.client(**DEMO), ANNA, data={"name": ANNA, "back": back})

    assert answer.headers["Location"] == "/"


def test_nobody_plays_who_is_not_registered_or_shut_out(desk_office):
    client = desk_office.client(**DEMO)
    assert login(client, "zoe@example.com").status_code == 404

    login(client, ANNA)
    desk_office.register.consumers.disable(ANNA, desk_office.now)

    assert who(client) == "demo visitor"
    assert login(client, ANNA).status_code == 404
    assert f'value="{ANNA}"' not in client.get("/", headers={"Accept": "text/html"}).text


def test_a_token_counts_more_than_whom_one_plays(desk_office):
    client = desk_office.client("mailer", **DEMO)
    login(client, OFFICER)

    assert who(client) == "mailer"
    html = client.get("/", headers={"Accept": "text/html"}).text
    assert "/demo/login" not in html


def arrange(office):
    register, now = office.register, office.now
    return DemoPeople(register, office.desk, now).arrange()


def test_the_three_consumers_of_the_demo_see_the_same_rows_differently(office):
    secrets = arrange(office)
    seen = {}
    for name, secret in secrets.items():
        headers = {"Authorization": f"Bearer {secret}"}
        found = office.client().get(ROWS, params={"limit": 10_000}, headers=headers).json()
        seen[name] = {row["customer_id"]: row for row in found}

    assert set(seen) == {ANALYST, NEWSLETTER, ASSISTANT}
    assert len({frozenset(rows) for rows in seen.values()}) == 1
    key = next(key for key, row in seen[NEWSLETTER].items() if row["email"])
    assert "@" in seen[NEWSLETTER][key]["email"]
    assert re.fullmatch("[0-9a-f]{64}", seen[ANALYST][key]["email"])
    assert "full_name" not in seen[ANALYST][key]
    assert "email" not in seen[ASSISTANT][key]


def test_arranging_the_demo_again_asks_for_nothing_twice(office):
    first = arrange(office)
    agreements = office.register.agreements.all(office.now)

    second = arrange(office)

    assert office.register.agreements.all(office.now) == agreements
    assert set(first.values()).isdisjoint(second.values())


@contextmanager
def demo(home):
    process = start("serve", "--demo", "--port", "0", "--workers", "1", home=home)
    try:
        said = []
        address = address_of(process)
        for line in process.stderr:
            said.append(line)
            if "Stop with" in line:
                break
        yield address, "".join(said)
    finally:
        stop(process)


def test_serving_the_demo_prints_a_token_for_each_that_works_as_printed(home):
    with demo(home) as (address, said):
        printed = re.findall(r"^  (\S+)\n +curl -H 'Authorization: (.+?)' '(.+?)'$", said, re.M)
        columns = {}
        for name, token, url in printed:
            assert url.startswith(address)
            request = urllib.request.Request(url, headers={"Authorization": token})
            with urllib.request.urlopen(request) as answer:
                columns[name] = set(json.load(answer)[0])

    assert set(columns) == {ANALYST, NEWSLETTER, ASSISTANT}
    assert columns[ASSISTANT] < columns[ANALYST] < columns[NEWSLETTER]
