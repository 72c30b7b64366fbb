"""What is done to webhooks and what is sent to them is decided and written as at every door."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from meshport.access.audit import Audit
from meshport.access.usage import actual_readers
from tests.doors.following import refused
from tests.doors.lab import GAUGES, PEOPLE
from tests.doors.readers import PERSON
from tests.doors.receivers import Hooks, receiving

pytestmark = pytest.mark.xdist_group("webhooks")
URL = "https://hooks.example.com/gauges"
ACTS = {
    "webhook replayed": ("POST", "/replay", {"json": {"after": 0}}),
    "webhook secret rotated": ("POST", "/rotate", {"json": {}}),
    "webhook removed": ("DELETE", "", {}),
}


@pytest.fixture
def audit(hooks):
    return Audit(hooks.readers.lab.home)


def lines_since(audit, last):
    """The lines after one, the oldest first, without those about tokens that tests make."""
    found = [one for one in audit.entries() if one["id"] > last][::-1]
    return [one for one in found if one.get("act") != "token created"]


def last_of(audit):
    return next((one["id"] for one in audit.entries()), 0)


def full(audit):
    """Nothing more can be written into the audit."""
    con = sqlite3.connect(audit.state.file)
    con.execute(
        "create trigger no_room before insert on audit "
        "begin select raise(abort, 'database or disk is full'); end"
    )
    con.commit()
    return con


def test_adding_a_webhook_is_an_act_and_a_decision_that_reads_no_column(hooks, audit):
    before = last_of(audit)

    webhook = hooks.add(URL)["webhook"]

    act, decision = lines_since(audit, before)
    assert {name: act.get(name) for name in ("act", "who", "consumer", "port", "rule")} == {
        "act": "webhook added",
        "who": "service",
        "consumer": "service",
        "port": str(GAUGES),
        "rule": webhook,
    }
    assert (decision["who"], decision["verdict"]) == ("service", "allowed")
    assert decision["rule"].startswith("agreement ")
    assert decision["columns"] == []
    assert act["door"] == decision["door"] == "webhooks"


@pytest.mark.parametrize("act", ACTS)
def test_what_is_done_to_a_webhook_is_written_with_who_did_it_and_whose_it_is(hooks, audit, act):
    webhook = hooks.add(URL)["webhook"]
    before = last_of(audit)
    method, below, sent = ACTS[act]

    answer = hooks.sent(PERSON)(method, f"/webhooks/{webhook}{below}", **sent)

    assert answer.is_success
    (line,) = lines_since(audit, before)
    assert (line["act"], line["verdict"], line["rule"]) == (act, "allowed", webhook)
    assert (line["who"], line["kind"]) == (audit.pseudonym(PERSON), "person")
    assert (line["consumer"], line["port"]) == ("service", str(GAUGES))


@pytest.mark.parametrize("act", ACTS)
def test_nothing_is_done_to_a_webhook_where_it_cannot_be_written(hooks, audit, act):
    webhook = hooks.add(URL)["webhook"]
    method, below, sent = ACTS[act]
    secrets = hooks.desk.secrets.of(webhook, hooks.readers.now)
    with closing(full(audit)) as con:
        answer = hooks.sent("service")(method, f"/webhooks/{webhook}{below}", **sent)
        added = hooks.sent("service")("POST", "/webhooks", json={"port": str(GAUGES), "url": URL})
        con.execute("drop trigger no_room")
        con.commit()

    assert refused(answer, 503, "MP790")
    assert refused(added, 503, "MP790")
    assert [one.id for one in hooks.desk.subscriptions.all()] == [webhook]
    assert hooks.desk.secrets.of(webhook, hooks.readers.now) == secrets


@pytest.mark.parametrize(
    ("by", "about", "code"),
    [
        ("robot", {}, "MP734"),
        ("service", {"url": "https://10.0.0.1/"}, "MP661"),
        ("service", {"port": str(PEOPLE)}, "MP704"),
    ],
)
def test_a_webhook_that_is_refused_is_written_with_why(hooks, audit, by, about, code):
    before = last_of(audit)

    hooks.sent(by)("POST", "/webhooks", json={"port": str(GAUGES), "url": URL, **about})

    found = lines_since(audit, before)
    assert ("webhook added", code) in [(one.get("act"), one["verdict"]) for one in found]
    assert {one["verdict"] for one in found} == {code}


def test_each_delivery_is_decided_anew_and_written_and_counts_as_no_read(hooks, audit):
    home = audit.state.file.parent
    known = actual_readers(home, hooks.readers.now)
    with receiving(500, 204) as receiver:
        hooks.add(receiver.url)
        hooks.publish(101)
        before = last_of(audit)
        hooks.deliver()
        hooks.later(hours=1)
        hooks.deliver()

    assert len(receiver.calls) == 2
    found = lines_since(audit, before)
    assert [(one["door"], one["who"], one["verdict"]) for one in found] == [
        ("webhooks", "service", "allowed")
    ] * 2
    assert {one["rule"].partition(" ")[0] for one in found} == {"agreement"}
    assert {(one["port"], *one["columns"]) for one in found} == {(str(GAUGES),)}
    assert actual_readers(home, hooks.readers.now) == known


def test_nothing_is_sent_where_the_decision_cannot_be_written_and_all_of_it_after(hooks, audit):
    with receiving() as receiver:
        hooks.add(receiver.url)
        hooks.publish(101)
        with closing(full(audit)) as con:
            with pytest.raises(Exception, match="disk is full"):
                hooks.deliver()
            assert receiver.calls == []
            con.execute("drop trigger no_room")
            con.commit()
        hooks.deliver()

    assert len(receiver.calls) == 1


def test_a_delivery_that_is_withheld_is_written_as_a_refusal(own_readers):
    """Also one that was tried before, while its owner could still read the port."""
    hooks = Hooks(own_readers)
    audit = Audit(own_readers.lab.home)
    agreement = own_readers.agree("service", "restricted", port=PEOPLE)
    with receiving(500) as receiver:
        about = {"port": str(PEOPLE), "url": receiver.url, "events": ["meshport.release.published"]}
        webhook = hooks.sent("service")("POST", "/webhooks", json=about).json()
        hooks.publish(101)
        hooks.deliver()
        assert len(receiver.calls) == 1
        own_readers.revoke(agreement)
        hooks.later(hours=1)
        before = last_of(audit)
        hooks.deliver()

    assert len(receiver.calls) == 1
    (line,) = lines_since(audit, before)
    assert (line["door"], line["who"], line["port"]) == ("webhooks", "service", str(PEOPLE))
    assert line["verdict"] == "MP704"
    assert [one["state"] for one in hooks.deliveries(webhook)] == ["withheld"]
