"""What answers say besides rows: counts, quotas, times, and how long the port is promised."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest
from fastapi.testclient import TestClient

from meshport.names import PortId
from meshport.serving.app import create_app
from meshport.serving.limits import Limits
from tests.building import LOOPBACK, NOW, settings_at
from tests.doors.lab import GAUGE_COLUMNS, GAUGES, PEOPLE, PEOPLE_COLUMNS, ROWS

pytestmark = pytest.mark.xdist_group("doors")

ENDS = {"id": "ends", "property": "endOfSupport", "value": "2026-12-24T00:00:00Z"}
LAST_DAY = datetime(2026, 12, 24, 23, 59, tzinfo=UTC)
GAUGES_2 = PortId("lab", "gauges", 2)


def serve(lab, now=NOW, **limits):
    """A server at a moment of one's own, with limits of one's own."""
    app = create_app(
        settings_at(lab.home, lab.root), lambda: now, is_demo=True, limits=Limits(**limits)
    )
    return lab.opened.enter_context(TestClient(app, base_url=LOOPBACK))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("limit=10", "0-9/100"),
        ("limit=1000", "0-99/100"),
        ("limit=10&order=big.desc", "0-9/100"),
        ("limit=10&small=gte.1", "0-9/*"),
        ("limit=1000&gauge_id=lt.g00005", "0-4/5"),
        ("gauge_id=eq.none", "*/0"),
    ],
)
def test_an_answer_says_which_rows_it_holds_and_of_how_many_if_that_is_free(
    small_door, asked, said
):
    assert small_door.get(f"{ROWS}?{asked}").headers["content-range"] == said


@pytest.mark.parametrize("word", ["exact", "planned", "estimated"])
def test_a_count_that_is_asked_for_is_exact(small_door, word):
    asked = f"{ROWS}?limit=10&small=gte.1"

    answer = small_door.get(asked, headers={"prefer": f"count={word}"})

    total = len(small_door.get(f"{ROWS}?limit=1000&small=gte.1").json())
    assert answer.headers["content-range"] == f"0-9/{total}"
    assert answer.headers["preference-applied"] == "count=exact"
    assert answer.content == small_door.get(asked).content


def test_counting_goes_on_from_page_to_page(small_door):
    said, following = [], f"{ROWS}?limit=40&small=is.not_null"
    while following:
        answer = small_door.get(following)
        said.append(answer.headers["content-range"])
        following = answer.links.get("next", {}).get("url")

    assert said == ["0-39/*", "40-74/75"]


def test_an_answer_says_how_long_its_steps_took(small_door):
    steps = {
        path: re.findall(r"(\w+);dur=\d+\.\d\d", small_door.get(path).headers["server-timing"])
        for path in (ROWS, f"{ROWS}?format=csv", f"{ROWS}/explain")
    }

    assert set(map(tuple, steps.values())) == {("policy", "plan", "exec"), ("policy", "exec")}


def test_an_answer_that_is_known_to_the_client_is_given_without_reading_any_data(lab):
    client = lab.client()
    paths = [ROWS, f"{ROWS}?small=eq.1&order=big.desc", f"{ROWS}?format=csv", f"{ROWS}?limit=3"]
    tags = {path: client.get(path).headers["etag"] for path in paths}
    for file in lab.files():
        (lab.home / file).unlink()
    for file in (lab.home / "store/lab/files").rglob("*.parquet"):
        file.unlink()

    for path, tag in tags.items():
        answer = client.get(path, headers={"if-none-match": tag})
        assert answer.status_code == 304
        assert "exec" not in answer.headers["server-timing"]


def test_a_reader_is_told_what_is_left_of_its_quota_and_when_it_is_full_again(lab):
    client = serve(lab, requests=100, window=50)

    first, second = client.get(ROWS), client.get(f"{ROWS}?colour=eq.red")

    assert first.headers["ratelimit-policy"] == '"reader";q=100;w=50'
    assert first.headers["ratelimit"] == '"reader";r=99;t=1'
    assert re.fullmatch(r'"reader";r=9[89];t=1', second.headers["ratelimit"])


def test_who_asks_too_often_is_told_when_to_come_back(lab):
    client = serve(lab, requests=3, window=3600)

    answers = [client.get(ROWS) for _ in range(5)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    refused = answers[-1]
    assert refused.json()["code"] == "MP641"
    assert 1000 < int(refused.headers["retry-after"]) <= 1200
    assert refused.headers["ratelimit"].startswith('"reader";r=0;')


def deprecate(lab, **keys):
    lab.promise(
        GAUGES, *GAUGE_COLUMNS, status="deprecated", version="1.0.1", slaProperties=[ENDS], **keys
    )
    second = {"version": "2.0.0", "id": GAUGES.contract_id}
    lab.promise(GAUGES_2, *GAUGE_COLUMNS, **second)
    offered = [(GAUGES, "1.0.1"), (GAUGES_2, "2.0.0"), (PEOPLE, "1.0.0")]
    ports = [{"name": p.port, "contractId": p.contract_id, "version": v} for p, v in offered]
    lab.describe(outputPorts=ports)


def test_a_port_that_is_promised_without_an_end_says_nothing_of_one(small_door):
    headers = small_door.get(ROWS).headers

    assert not {"deprecation", "sunset"} & set(headers)
    assert "successor" not in headers.get("link", "")


@pytest.mark.parametrize("asked", ["", "?format=csv", "?small=eq.1&limit=2", "?colour=eq.red"])
def test_a_deprecated_port_says_since_when_until_when_and_what_comes_after(lab, asked):
    deprecate(lab)
    client = serve(lab)

    answer = client.get(f"{ROWS}{asked}")

    assert answer.headers["deprecation"] == f"@{int(NOW.timestamp())}"
    gone = parsedate_to_datetime(answer.headers["sunset"])
    assert gone == LAST_DAY + timedelta(minutes=1)
    assert answer.links["successor-version"]["url"] == GAUGES_2.path
    assert answer.links["deprecation"]["url"] == GAUGES.path
    assert answer.links["sunset"]["url"] == GAUGES.path
    assert ("next" in answer.links) is ("limit=2" in asked)


def test_a_client_with_the_rows_is_told_of_the_end_too(lab):
    deprecate(lab)
    client = serve(lab)
    etag = client.get(ROWS).headers["etag"]

    answer = client.get(ROWS, headers={"if-none-match": etag})

    assert answer.status_code == 304
    assert answer.headers["sunset"] == "Fri, 25 Dec 2026 00:00:00 GMT"


@pytest.mark.parametrize("path", [ROWS, f"{ROWS}/explain", f"{ROWS}?format=parquet"])
def test_the_last_day_is_promised_and_the_one_after_it_is_gone(lab, path):
    deprecate(lab)

    assert serve(lab, LAST_DAY).get(path).status_code == 200

    answer = serve(lab, LAST_DAY + timedelta(minutes=1)).get(path)
    assert (answer.status_code, answer.json()["code"]) == (410, "MP640")
    assert answer.json()["hint"] == f"read {GAUGES_2}"
    assert answer.headers["sunset"] == "Fri, 25 Dec 2026 00:00:00 GMT"
    assert answer.headers["deprecation"]
    assert answer.links["successor-version"]["url"] == GAUGES_2.path


def test_a_retired_port_is_gone_without_any_date(lab):
    lab.promise(PEOPLE, *PEOPLE_COLUMNS, status="retired")

    assert serve(lab).get(f"{PEOPLE.path}/rows").status_code == 410


def test_an_end_that_is_announced_for_an_active_port_is_said_and_nothing_else(lab):
    lab.promise(GAUGES, *GAUGE_COLUMNS, slaProperties=[ENDS])

    headers = serve(lab).get(ROWS).headers

    assert headers["sunset"] == "Fri, 25 Dec 2026 00:00:00 GMT"
    assert "deprecation" not in headers


def test_the_date_of_deprecation_is_that_of_the_first_release_that_said_so(lab):
    lab.promise(GAUGES, *GAUGE_COLUMNS, status="deprecated", version="1.0.1")
    versions = {GAUGES: "1.0.1", PEOPLE: "1.0.0"}
    lab.describe(
        outputPorts=[
            {"name": port.port, "contractId": port.contract_id, "version": version}
            for port, version in versions.items()
        ]
    )
    for day in (1, 2, 3):
        assert lab.publish(100 + day, NOW + timedelta(days=day))

    said = serve(lab, NOW + timedelta(days=4)).get(ROWS).headers["deprecation"]

    assert said == f"@{int((NOW + timedelta(days=1)).timestamp())}"


def test_numbers_come_as_the_contract_says(lab):
    columns = {"big": "number", "wide": "number", "narrow": "string", "small": "string"}
    told = [
        {**one, "customProperties": [{"property": "jsonType", "value": columns[one["name"]]}]}
        if one["name"] in columns
        else one
        for one in GAUGE_COLUMNS
    ]
    before = lab.client().get(ROWS)
    lab.promise(GAUGES, *told)
    client = lab.client()

    answer = client.get(f"{ROWS}?gauge_id=eq.g00001")

    assert '"big":9007199254740994,"wide":1234567890123457.7891,"narrow":"-1.95"' in answer.text
    assert answer.json()[0]["small"] == "1"
    assert client.get(ROWS).headers["etag"] != before.headers["etag"]
    properties = client.get(f"{GAUGES.path}/schema").json()["properties"]
    assert properties["big"]["type"] == "integer"
    assert properties["narrow"]["type"] == ["string", "null"]


def test_limits_are_shared_by_processes():
    whole = Limits(requests=1000, executing=8, exporting=4, waiting=100, streams=40)

    part = whole.shared_by(4)

    shared = {"requests": 250, "fetches": 15_000, "wrong_tokens": 75, "executing": 2}
    assert part == replace(whole, **shared, exporting=1, waiting=25, streams=10)
    assert whole.shared_by(1) == whole
    assert min(Limits(requests=1, executing=1).shared_by(8).__dict__.values()) > 0
