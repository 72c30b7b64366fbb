"""Decisions of the desk, faults, and what is decided outside of a request are in the audit too."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, nullcontext

import pytest
from fastapi.testclient import TestClient

from meshport.access.principal import Kind
from meshport.serving.app import create_app
from meshport.serving.audit_door import AuditDoor
from meshport.serving.audit_trail import Trail, apart, following
from tests.building import LOOPBACK, NOW, settings_at
from tests.doors.audited import ROWS
from tests.doors.lab import GAUGES, PEOPLE
from tests.doors.readers import OFFICER, OWNER, PERSON

pytestmark = pytest.mark.xdist_group("audit")


@pytest.fixture
def lab(audited):
    return audited


def test_each_step_at_the_desk_is_a_line_also_the_one_that_is_refused(lab):
    wanted = {"port": str(GAUGES), "class": "restricted", "purpose": "research",
              "reason": "to see whose they are"}  # fmt: skip
    made = lab.ask("POST /access/requests", PERSON, json=wanted).json()["agreement"]
    steps = [(PERSON, "approve"), (OFFICER, "approve"), (OFFICER, "revoke"), (OWNER, "nonsense")]
    for by, act in steps:
        lab.client.post(
            f"/access/agreements/{made}/{act}", json={}, headers=lab.readers.sent_by(by)
        )

    lines = [line for line in lab.fresh() if line.get("act") != "token created"]
    anna, officer = lab.audit.pseudonym(PERSON), lab.audit.pseudonym(OFFICER)
    assert [(line["who"], line["act"], line["verdict"]) for line in lines] == [
        (anna, "request", "allowed"),
        (anna, "approve", "MP734"),
        (officer, "approve", "allowed"),
        (officer, "revoke", "allowed"),
    ]
    assert {line["consumer"] for line in lines} == {anna}
    assert {line["door"] for line in lines} == {"access"}
    assert [line.get("rule") for line in lines[2:]] == [f"agreement {made}"] * 2
    assert lines[0]["access_class"] == "restricted"


def test_who_breaks_the_glass_is_written_and_where_that_fails_the_glass_stays_whole(lab):
    wanted = {"port": str(PEOPLE), "class": "restricted", "purpose": "research",
              "reason": "a forged order goes out", "is_break_glass": True}  # fmt: skip
    with lab.full():
        refused = lab.ask("POST /access/requests", OWNER, json=wanted)
    unread = lab.ask(f"GET {PEOPLE.path}/rows", OWNER)

    made = lab.ask("POST /access/requests", OWNER, json=wanted)

    assert (refused.status_code, unread.status_code, made.status_code) == (503, 403, 201)
    (line,) = lab.fresh()
    assert (line["act"], line["verdict"]) == ("break_glass", "allowed")


GRANTS = {
    "token": lambda readers: readers.register.tokens.create("outlet", NOW),
    "consumer": lambda readers: readers.add("another", Kind.SERVICE),
    "agreement": lambda readers: readers.agree("outlet", "internal"),
}


@pytest.mark.parametrize("act", GRANTS)
def test_nothing_is_granted_where_it_cannot_be_written(lab, act):
    register = lab.readers.register
    before = (register.consumers.all(), register.tokens.of("outlet"), register.agreements.all(NOW))

    with lab.full(), pytest.raises(Exception, match="disk is full"):
        GRANTS[act](lab.readers)

    after = (register.consumers.all(), register.tokens.of("outlet"), register.agreements.all(NOW))
    assert after == before


def test_who_plays_somebody_in_a_demo_is_written(lab):
    with ExitStack() as opened:
        readers = lab.readers
        client = opened.enter_context(demo_client(readers))
        lab.fresh()
        client.post("/demo/login", data={"name": PERSON}, follow_redirects=False)
        (line,) = lab.fresh()
        client.get(f"{ROWS}?limit=1")

        (read,) = lab.fresh()
    assert (line["act"], line["who"], line["door"]) == ("login", "demo", "demo")
    assert line["consumer"] == read["who"] == lab.audit.pseudonym(PERSON)


def demo_client(readers):
    settings = settings_at(readers.lab.home, readers.lab.root)
    app = create_app(settings, lambda: NOW, is_demo=True, has_login=True)
    return TestClient(app, base_url=LOOPBACK)


def test_readers_at_the_same_time_leave_one_whole_chain(lab):
    before = lab.audit.verify().lines
    lab.fresh()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: lab.client.get(f"{ROWS}?limit={n + 1}"), range(40)))

    assert {answer.status_code for answer in answers} == {200}
    assert sorted(line["rows"] for line in lab.fresh()) == sorted(
        len(answer.json()) for answer in answers
    )
    assert (lab.audit.verify().lines, lab.audit.verify().broken_at) == (before + 40, None)


def test_while_another_process_writes_readers_wait_and_the_server_goes_on(lab):
    lab.fresh()
    asked = [f"{ROWS}?limit={number}" for number in range(1, 9)]

    with ThreadPoolExecutor(8) as pool, closing(sqlite3.connect(lab.audit.state.file)) as other:
        other.execute("begin immediate")
        waiting = [pool.submit(lab.client.get, address) for address in asked]
        assert lab.client.get("/products/lab").status_code == 200
        assert not any(one.done() for one in waiting)
        other.rollback()
        answers = [one.result(60) for one in waiting]

    assert [len(answer.json()) for answer in answers] == list(range(1, 9))
    assert sorted(line["rows"] for line in lab.fresh()) == list(range(1, 9))
    assert lab.audit.verify().broken_at is None


def test_what_is_decided_outside_of_a_request_or_after_its_answer_is_written_at_once(lab):
    asker = lab.readers.asker("service")
    port = asker.doors.catalog.mesh.find(GAUGES)
    part = asker.doors.catalog.store.of("lab").current().port(GAUGES)
    lab.fresh()

    asker.sight(port, part)
    assert [line["door"] for line in lab.fresh()] == ["background"]

    trail = Trail(lab.audit, "changes", lambda: NOW)
    with following(trail):
        trail.closed(200)
        asker.sight(port, part)
        assert [line["door"] for line in lab.fresh()] == ["changes"]

    with apart(Trail(lab.audit, "webhooks", lambda: NOW)):
        asker.sight(port, part)
        assert lab.fresh() == []
    assert [(line["door"], line["release"]) for line in lab.fresh()] == [("webhooks", lab.release)]


def test_a_late_decision_that_cannot_be_written_shows_nothing(lab):
    asker = lab.readers.asker("service")
    port = asker.doors.catalog.mesh.find(GAUGES)

    with lab.full(), pytest.raises(Exception, match="disk is full"):
        asker.grant(port)


def test_who_has_to_name_a_purpose_is_written_as_refused_and_then_by_the_purpose_named(lab):
    lab.readers.add("twofold", Kind.SERVICE)
    for purpose in ("customer-care", "research"):
        number = lab.readers.agree("twofold", "confidential", purpose=purpose).number

    lab.ask(f"GET {ROWS}?limit=1", "twofold")
    (refused,) = lab.fresh()
    lab.ask(f"GET {GAUGES.path}", "twofold", headers={"Accept": "text/html"})
    (page,) = lab.fresh()
    lab.ask(f"GET {ROWS}?limit=1", "twofold", headers={"Meshport-Purpose": "research"})
    (read,) = lab.fresh()

    assert (refused["verdict"], "rule" in refused) == ("MP703", False)
    assert (page["verdict"], page["rule"]) == ("allowed", "openly served")
    assert (read["rule"], read["purpose"]) == (f"agreement {number}", "research")


START = {"type": "http.response.start", "status": 200, "headers": []}


@pytest.mark.parametrize(
    ("begins", "breaks", "verdict"),
    [
        (False, True, "HTTP 500"),
        (True, True, "allowed"),
        (False, False, "HTTP 499"),
    ],
)
def test_an_answer_that_breaks_off_or_never_comes_leaves_one_line(lab, begins, breaks, verdict):
    asker = lab.readers.asker("service")

    async def app(_scope, _receive, send):
        asker.grant(asker.doors.catalog.mesh.find(GAUGES))
        if begins:
            await send(START)
        if breaks:
            raise RuntimeError("nobody foresaw it")

    async def sent(_message):
        pass

    door = AuditDoor(app, lab.client.app.state.doors)
    scope = {"type": "http", "method": "GET", "path": ROWS, "headers": []}
    lab.fresh()

    with pytest.raises(RuntimeError) if breaks else nullcontext():
        lab.client.portal.call(door, scope, None, sent)

    assert [line["verdict"] for line in lab.fresh()] == [verdict]
