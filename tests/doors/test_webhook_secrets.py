"""A webhook's secret rotates: for a while calls carry both signatures, then the new one alone."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from meshport.serving.events.log import events_state
from meshport.serving.webhooks.signing_secrets import MOST, SigningSecrets
from tests.doors.following import refused
from tests.doors.receivers import receiving

pytestmark = pytest.mark.xdist_group("webhooks")


@pytest.fixture
def takes(hooks, monkeypatch):
    """Whether a receiver that knows a secret takes a call, by the library and the test's clock."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return hooks.readers.now.astimezone(tz)

    monkeypatch.setattr("standardwebhooks.webhooks.datetime", Clock)

    def verified(call, secret):
        try:
            return Webhook(secret).verify(call.body, call.headers) == call.event
        except WebhookVerificationError:
            return False

    return verified


def rotate(hooks, webhook, by="service", **body):
    path = f"/webhooks/{webhook['webhook']}/rotate"
    return hooks.sent(by)("POST", path, json=body)


def called(hooks, webhook, receiver):
    """The call of a test, which is signed as any other."""
    hooks.sent("service")("POST", f"/webhooks/{webhook['webhook']}/test")
    return receiver.calls[-1]


def test_within_the_overlap_receivers_with_either_secret_take_a_call_and_then_the_new_one_alone(
    hooks, takes
):
    with receiving() as receiver:
        webhook = hooks.add(receiver.url)
        old = webhook["secret"]
        answer = rotate(hooks, webhook).json()
        new = answer["secret"]
        ends = hooks.readers.now + timedelta(hours=24)
        hooks.publish(101)
        hooks.deliver()
        (released,) = receiver.calls
        assert released.event["type"] == "meshport.release.published"
        assert [takes(released, old), takes(released, new)] == [True, True]
        assert len(released.headers["webhook-signature"].split()) == 2

        hooks.readers.now = ends - timedelta(seconds=1)
        last = called(hooks, webhook, receiver)
        assert [takes(last, old), takes(last, new)] == [True, True]
        hooks.readers.now = ends
        first = called(hooks, webhook, receiver)
        assert [takes(first, old), takes(first, new)] == [False, True]
        assert len(first.headers["webhook-signature"].split()) == 1

    assert answer["old_secret_until"] == ends.isoformat()
    assert new != old
    assert new not in hooks.sent("service")("GET", f"/webhooks/{webhook['webhook']}").text


def test_a_secret_that_was_seen_by_others_ends_at_once_with_all_before_it(hooks, takes):
    with receiving() as receiver:
        webhook = hooks.add(receiver.url)
        seen = [webhook["secret"], rotate(hooks, webhook).json()["secret"]]
        new = rotate(hooks, webhook, overlap_hours=0).json()["secret"]
        call = called(hooks, webhook, receiver)

    assert [takes(call, one) for one in (*seen, new)] == [False, False, True]


def test_who_rotates_twice_does_not_shut_out_receivers_of_the_first_secret(hooks, takes):
    with receiving() as receiver:
        webhook = hooks.add(receiver.url)
        secrets = [webhook["secret"], *(rotate(hooks, webhook).json()["secret"] for _ in "12")]
        call = called(hooks, webhook, receiver)

    assert [takes(call, one) for one in secrets] == [True] * 3


def test_a_shorter_overlap_shortens_that_of_older_secrets(hooks, takes):
    with receiving() as receiver:
        webhook = hooks.add(receiver.url)
        rotate(hooks, webhook, overlap_hours=168)
        rotate(hooks, webhook, overlap_hours=1)
        hooks.later(hours=1)
        call = called(hooks, webhook, receiver)

    assert not takes(call, webhook["secret"])


def test_so_many_secrets_count_at_once_and_ending_them_makes_room(hooks):
    webhook = hooks.add("https://hooks.example.com/gauges")
    for _ in range(MOST):
        assert rotate(hooks, webhook).status_code == 200

    refused(rotate(hooks, webhook), 409, "MP663")
    assert rotate(hooks, webhook, overlap_hours=0).status_code == 200
    kept = hooks.desk.secrets.state.rows("select * from replaced_secret")
    assert [row["webhook"] for row in kept] == []


@pytest.mark.parametrize("hours", [-1, 169, "a day"])
def test_an_overlap_is_between_none_and_a_week(hooks, hours):
    webhook = hooks.add("https://hooks.example.com/gauges")

    assert refused(rotate(hooks, webhook, overlap_hours=hours), 400, "MP602")
    assert refused(rotate(hooks, webhook, by="highest"), 404, "MP660")


def test_webhooks_of_before_there_was_rotation_can_be_rotated(hooks, tmp_path):
    before = events_state(tmp_path)
    before.run("drop table replaced_secret")
    before.run("pragma user_version = 1")
    before.close()

    state = events_state(tmp_path)

    assert SigningSecrets(state, hooks.desk.secrets.audit).of("whk_1", hooks.readers.now) == []
