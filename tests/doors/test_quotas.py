"""One quota for each reader, whichever door it asks; files that an answer led to come apart."""

from __future__ import annotations

import re
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime

import delta_sharing
import httpx2
import pytest

from meshport.access.consumers import Consumer
from meshport.access.principal import Kind
from meshport.access.register import AccessRegister
from meshport.serving.app import create_app
from meshport.serving.limits import Limits
from meshport.serving.rates import Rates
from tests.building import NOW, settings_at
from tests.doors.audited import MCP, ROWS, SAMPLE, TABLE
from tests.doors.iceberg import address_of, catalog_at, data_path, is_denied, is_refused, load, read
from tests.doors.lab import GAUGES
from tests.doors.sharing import followed, link_of, live, refused, write_profile

pytestmark = pytest.mark.xdist_group("sharing")
ICEBERG = "/iceberg/v1/mesh/namespaces"
ASKED = {
    "rows": ("GET", f"{ROWS}?limit=1", {}),
    "changes": ("GET", f"{GAUGES.path}/changes?limit=1", {}),
    "sql": ("POST", "/sql", {"json": {"sql": "select 1"}}),
    "plan": ("GET", "/sql/explain?query=select 1", {}),
    "agents": ("POST", "/mcp", {"json": SAMPLE, "headers": MCP}),
    "shares": ("GET", "/delta-sharing/shares", {}),
    "version": ("GET", f"{TABLE}/version", {}),
    "metadata": ("GET", f"{TABLE}/metadata", {}),
    "query": ("POST", f"{TABLE}/query", {"json": {}}),
    "changed files": ("GET", f"{TABLE}/changes?startingVersion=0", {}),
    "config": ("GET", "/iceberg/v1/config", {}),
    "tables": ("GET", f"{ICEBERG}/lab/tables", {}),
    "table": ("GET", address_of(GAUGES), {}),
    "keys": ("GET", f"{address_of(GAUGES)}/credentials", {}),
    "no table": ("GET", f"{ICEBERG}/lab/tables/nothing_v1", {}),
}
"""What takes one from the quota, answered well or not."""


def left(answer, name="reader"):
    """How much more the reader may ask, as the answer says."""
    return int(re.fullmatch(rf'"{name}";r=(\d+);t=\d+', answer.headers["RateLimit"])[1])


@pytest.fixture(scope="module")
def generous(readers):
    """A server with quotas that come back slowly; each reader's own."""
    return readers.client(None, requests=1000, window=10**6)


@pytest.mark.parametrize("question", ASKED)
def test_a_question_counts_once_at_whichever_door(readers, generous, question):
    method, address, options = ASKED[question]
    headers = {**readers.sent_by("service"), **options.get("headers", {})}
    before = left(generous.get(f"{ROWS}?limit=1", headers=headers))

    answer = generous.request(method, address, **{**options, "headers": headers})

    assert answer.headers["RateLimit-Policy"] == '"reader";q=1000;w=1000000'
    assert left(answer) == before - 1
    assert left(generous.get(f"{ROWS}?limit=1", headers=headers)) == before - 2


def test_who_has_used_up_its_quota_at_one_door_is_sent_away_by_all_in_their_own_words(readers):
    client = readers.client("service", requests=2, window=1000)
    assert left(client.get(f"{ROWS}?limit=1")) == 1
    assert left(client.post(f"{TABLE}/query", json={})) == 0

    refusals = [
        client.request(method, address, **options)
        for name, (method, address, options) in ASKED.items()
        if name != "agents"
    ]

    for answer in refusals:
        assert answer.status_code == 429
        assert 490 <= int(answer.headers["Retry-After"]) <= 500
        assert answer.headers["Cache-Control"] == "no-store"
        assert left(answer) == 0
    assert {one.json()["code"] for one in refusals[:4]} == {"MP641"}
    assert all(refused(one, 429, "MP641") for one in refusals[4:9])
    assert all(is_refused(one, 429, "TooManyRequestsException") for one in refusals[9:])
    other = client.get("/delta-sharing/shares", headers=readers.sent_by("highest"))
    assert other.status_code == 200


def test_who_may_ask_no_more_still_gets_the_files_it_asked_for(readers):
    client = readers.client("service", requests=2, fetches=100, window=10**6)
    link, loaded = link_of(client, GAUGES), load(client, GAUGES)
    path = data_path(loaded, readers)
    assert client.get(f"{ROWS}?limit=1").status_code == 429

    shared = [followed(client, link, Range="bytes=0-3") for _ in range(20)]
    signed = [read(client, loaded, path, NOW) for _ in range(20)]

    assert {one.status_code for one in shared} == {206}
    assert {one.status_code for one in signed} == {200}
    assert (left(shared[0], "files"), left(signed[-1], "files")) == (99, 60)


def test_who_never_stops_fetching_is_told_when_to_come_again_and_can_still_ask(readers):
    client = readers.client("service", fetches=2, window=1000)
    link, loaded = link_of(client, GAUGES), load(client, GAUGES)
    answers = [followed(client, link) for _ in range(3)]
    denied = read(client, loaded, data_path(loaded, readers), NOW)

    assert [one.status_code for one in answers] == [200, 200, 429]
    assert refused(answers[2], 429, "MP641")
    assert is_denied(denied, 503, "SlowDown")
    for answer in (answers[2], denied):
        assert 490 <= int(answer.headers["Retry-After"]) <= 500
    assert client.get(f"{ROWS}?limit=1").status_code == 200


def test_a_link_that_opens_nothing_costs_nobody_a_fetch(readers):
    client = readers.client("service", fetches=1, window=1000)
    link = link_of(client, GAUGES)
    forged = re.sub(r"/files/.{20}", "/files/" + "A" * 20, link)

    assert {followed(client, forged).status_code for _ in range(3)} == {403}
    assert followed(client, link).status_code == 200


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_the_official_clients_read_a_table_for_a_handful_of_requests(lab, tmp_path):
    register, now = AccessRegister.at_home(lab.home), datetime.now(UTC)
    for name in ("ana", "ben"):
        register.consumers.add(Consumer(name, Kind.SERVICE, None, "x", "", False), "test", now)
    secrets = {name: register.tokens.create(name, now).secret for name in ("ana", "ben")}
    app = create_app(settings_at(lab.home, lab.root), limits=Limits(requests=3, window=10**6))
    with ExitStack() as opened:
        address = opened.enter_context(live(app))
        profile = write_profile(tmp_path, address, secrets["ana"])
        shared = delta_sharing.load_as_pandas(f"{profile}#{GAUGES}")
        table = catalog_at(address, secrets["ben"]).load_table("lab.gauges_v1")
        scanned = [table.scan().to_arrow() for _ in range(3)]
        after = [
            httpx2.get(f"{address}{ROWS}?limit=1", headers={"Authorization": f"Bearer {secret}"})
            for secret in secrets.values()
        ]

    assert len(shared) == 100
    assert [one.num_rows for one in scanned] == [100] * 3
    assert [(one.status_code, left(one)) for one in after] == [(200, 0)] * 2


def test_readers_at_the_same_time_get_no_more_than_their_quota():
    rates = Rates(500, 10**6)
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            waits = list(pool.map(lambda _: rates.take("a").wait, range(4_000)))
    finally:
        sys.setswitchinterval(before)

    assert waits.count(0) == 500
