"""Webhooks are called at least once, signed, under ids that stay, until they take it or die."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime, timedelta
from email.utils import format_datetime

import pytest

from meshport.serving.webhooks.deliverer import ATTEMPTS, JITTER, WAITS
from tests.doors.lab import PEOPLE
from tests.doors.receivers import Hooks, babble, drip, hang, pour, receiving

pytestmark = pytest.mark.xdist_group("webhooks")


def next_at(hooks, webhook):
    return datetime.fromisoformat(hooks.deliveries(webhook)[-1]["next_at"])


def waited(hooks, webhook):
    return (next_at(hooks, webhook) - hooks.readers.now).total_seconds()


def test_a_call_is_a_cloud_event_signed_as_standard_webhooks_says(hooks):
    with receiving() as receiver:
        webhook = hooks.add(receiver.url)
        hooks.publish(101)
        hooks.deliver()

    (call,) = receiver.calls
    headers = {name.lower(): value for name, value in call.headers.items()}
    assert call.path == "/hook?tenant=7"
    assert headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    assert headers["webhook-id"] == call.event["id"]
    assert int(headers["webhook-timestamp"]) == int(hooks.readers.now.timestamp())
    key = base64.b64decode(webhook["secret"].removeprefix("whsec_"))
    assert 24 <= len(key) <= 64
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + call.body
    digest = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    assert headers["webhook-signature"] == f"v1,{digest}"
    assert len(call.body) < 20_000
    assert call.event["type"] == "meshport.release.published"
    assert hooks.deliveries(webhook)[-1]["state"] == "delivered"


def test_what_is_not_taken_is_sent_again_later_and_later_under_the_same_id(hooks):
    with receiving(500, 404, 301, 204) as receiver:
        webhook = hooks.add(receiver.url)
        hooks.publish(101)
        for attempt in range(3):
            hooks.deliver()
            assert WAITS[attempt] <= waited(hooks, webhook) <= WAITS[attempt] * (1 + JITTER)
            hooks.deliver()  # nothing is due yet
            assert len(receiver.calls) == attempt + 1
            hooks.readers.now = next_at(hooks, webhook)
        hooks.deliver()

    assert len(receiver.calls) == 4
    assert len({(call.body, call.headers["webhook-id"]) for call in receiver.calls}) == 1
    assert len({call.headers["webhook-timestamp"] for call in receiver.calls}) == 4
    (delivery,) = hooks.deliveries(webhook)
    assert (delivery["state"], delivery["attempts"]) == ("delivered", 4)


@pytest.mark.parametrize("form", ["seconds", "date", "nonsense", "for ever"])
def test_an_endpoint_that_says_when_to_come_again_is_left_alone_until_then(hooks, form):
    date = format_datetime(hooks.readers.now + timedelta(hours=3), usegmt=True)
    said = {"seconds": "7200", "date": date, "nonsense": "soon", "for ever": "9" * 30}[form]
    least = {"seconds": 7200, "date": 2 * 3600, "nonsense": WAITS[0], "for ever": 24 * 3600}[form]
    with receiving((503, {"Retry-After": said})) as receiver:
        webhook = hooks.add(receiver.url)
        hooks.publish(101)
        hooks.deliver()

    first = hooks.deliveries(webhook)[0]
    wait = (datetime.fromisoformat(first["next_at"]) - hooks.readers.now).total_seconds()
    assert least <= wait <= max(least, 3 * 3600) * (1 + JITTER)


def test_an_endpoint_that_is_gone_is_not_called_any_more_until_its_owner_says_so(hooks):
    with receiving(410) as receiver:
        webhook = hooks.add(receiver.url)
        hooks.publish(101)
        hooks.deliver()
        hooks.publish(102)
        hooks.deliver()
        assert len(receiver.calls) == 1
        state = hooks.sent("service")("GET", f"/webhooks/{webhook['webhook']}").json()
        assert (state["state"], state["reason"]) == ("disabled", "the endpoint answered 410 Gone")

        again = hooks.sent("service")("POST", f"/webhooks/{webhook['webhook']}/replay")
        hooks.deliver()

    assert again.json()["queued"] == 1
    ids = [call.event["id"] for call in receiver.calls]
    assert (ids[0], len(ids)) == (ids[1], 3)


def test_what_nobody_takes_is_given_up_is_listed_and_can_be_sent_again(hooks):
    with receiving(*[500] * ATTEMPTS) as receiver:
        webhook = hooks.add(receiver.url)
        hooks.publish(101)
        for attempt in range(ATTEMPTS + 1):
            hooks.deliver()
            hooks.later(seconds=WAITS[min(attempt, len(WAITS) - 1)] * (1 + JITTER))
        path = f"/webhooks/{webhook['webhook']}"
        (dead,) = hooks.sent("service")("GET", f"{path}/deliveries?state=dead").json()["deliveries"]
        assert (dead["attempts"], dead["status"]) == (ATTEMPTS, 500)
        assert len(receiver.calls) == ATTEMPTS

        assert hooks.sent("service")("POST", f"{path}/replay").json()["queued"] == 1
        hooks.deliver()

    assert len({call.event["id"] for call in receiver.calls}) == 1
    assert hooks.deliveries(webhook)[0]["state"] == "delivered"


def test_all_events_after_a_number_can_be_had_again_with_their_old_ids(hooks):
    with receiving() as receiver:
        webhook = hooks.add(receiver.url)
        for count in (101, 102, 103):
            hooks.publish(count)
            hooks.deliver()
        first = int(receiver.calls[0].event["sequence"])
        path = f"/webhooks/{webhook['webhook']}/replay"
        assert hooks.sent("service")("POST", path, json={"after": first}).json()["queued"] == 2
        for _ in range(2):
            hooks.deliver()

    ids = [call.event["id"] for call in receiver.calls]
    assert ids == [*ids[:3], *ids[1:3]]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (hang, "it did not answer within 0.3 s"),
        (drip, "it did not answer within 0.3 s"),
        (babble, "the connection failed: BadStatusLine"),
        ((302, {"Location": "/elsewhere"}), "it answered 302; redirects are not followed"),
    ],
)
def test_an_endpoint_that_misbehaves_costs_its_time_and_no_more(hooks, answer, error, monkeypatch):
    monkeypatch.setattr(hooks.deliverer.sender, "seconds", 0.3)
    with receiving(answer) as receiver:
        webhook = hooks.add(receiver.url)
        hooks.publish(101)
        hooks.deliver()

        (delivery,) = hooks.deliveries(webhook)
        assert (delivery["state"], delivery["error"]) == ("waiting", error)
        assert [call.path for call in receiver.calls] == ["/hook?tenant=7"]


def test_of_an_answer_of_ten_megabytes_nothing_is_taken(hooks):
    with receiving(pour) as receiver:
        webhook = hooks.add(receiver.url)
        hooks.publish(101)
        hooks.deliver()

    assert hooks.deliveries(webhook)[0]["status"] == 200


def test_an_endpoint_that_hangs_does_not_keep_others_waiting(hooks):
    with receiving(hang) as slow, receiving() as quick:
        waiting = hooks.add(slow.url)
        hooks.add(quick.url)
        hooks.publish(101)
        hooks.deliverer.tick()

        assert quick.came.acquire(timeout=30)
        assert slow.came.acquire(timeout=30)
        assert hooks.deliveries(waiting)[0]["state"] == "waiting"


def test_a_webhook_is_told_what_it_asked_for_and_from_then_on(hooks):
    with receiving() as receiver:
        hooks.publish(101)
        hooks.add(receiver.url, events=["meshport.contract.deprecated"])
        hooks.add(receiver.url, events=["meshport.release.published"])
        hooks.publish(102)
        for _ in range(2):
            hooks.deliver()

    assert [call.event["data"]["version"] for call in receiver.calls] == [hooks.version]


def test_who_lost_its_access_hears_of_that_and_of_no_release(own_readers):
    hooks = Hooks(own_readers)
    agreement = hooks.readers.agree("outlet", "internal")
    with receiving() as receiver:
        about = {"port": str(PEOPLE), "url": receiver.url}
        refusal = hooks.sent("outlet")("POST", "/webhooks", json=about)
        webhook = hooks.add(receiver.url, by="outlet")
        mine = hooks.add(receiver.url, by="service", events=["meshport.release.published"])
        hooks.readers.revoke(agreement)
        hooks.readers.register.consumers.disable("service", hooks.readers.now)
        hooks.publish(101)
        for _ in range(3):
            hooks.deliver()

    assert (refusal.status_code, refusal.json()["code"]) == (403, "MP704")
    assert hooks.desk.subscriptions.get(mine["webhook"]).owner == "service"
    kinds = [call.event["type"] for call in receiver.calls]
    # Some columns of the gauges are public: the outlet sees them without an agreement.
    assert kinds == ["meshport.access.revoked", "meshport.release.published"]
    assert [d["state"] for d in hooks.deliveries(webhook, "outlet")] == ["delivered"] * 2
    (withheld,) = hooks.desk.subscriptions.deliveries(mine["webhook"])
    assert (withheld.state, withheld.error) == ("withheld", "its owner is shut out")


def test_a_port_that_its_owner_cannot_read_any_more_is_not_told_of(own_readers):
    hooks = Hooks(own_readers)
    agreement = hooks.readers.agree("service", "restricted", port=PEOPLE)
    with receiving() as receiver:
        about = {"port": str(PEOPLE), "url": receiver.url}
        webhook = hooks.sent("service")("POST", "/webhooks", json=about).json()
        hooks.readers.revoke(agreement)
        hooks.publish(101)
        for _ in range(2):
            hooks.deliver()

    assert [call.event["type"] for call in receiver.calls] == ["meshport.access.revoked"]
    assert [d["state"] for d in hooks.deliveries(webhook)] == ["delivered", "withheld"]
