"""What happens is told once, to those it concerns, and found in what is written down anyway."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import pytest

from meshport.access.agreements import Act
from meshport.access.principal import Kind, Principal
from meshport.contracts.classification import read_classifications
from meshport.products.mesh import load_mesh
from meshport.publishing.rollback import roll_back
from meshport.publishing.store import ReleaseStore
from meshport.serving.events.log import EventLog, events_state
from meshport.serving.events.sources import Sources
from meshport.serving.webhooks.subscriptions import Ask
from tests.building import NOW
from tests.doors.lab import GAUGES, PEOPLE
from tests.doors.readers import OWNER, PERSON
from tests.doors.receivers import ROWS, Hooks

pytestmark = pytest.mark.xdist_group("webhooks")
REQUIRED = {"specversion", "id", "source", "type"}


def told(hooks, port=GAUGES, after=None):
    hooks.desk.look()
    return hooks.desk.log.after(hooks.since if after is None else after, str(port))


def types(events):
    return [one.type.removeprefix("meshport.") for one in events]


def desk_of(hooks):
    lab = hooks.readers.lab
    return hooks.readers.register.desk(load_mesh(lab.root), read_classifications(lab.root))


def test_a_release_is_told_for_every_port_with_where_to_read_on(hooks):
    hooks.publish(200)

    (gauges,) = told(hooks)
    (people,) = told(hooks, PEOPLE)

    event = gauges.body
    assert set(event) >= REQUIRED
    assert event["specversion"] == "1.0"
    assert (event["type"], event["source"]) == ("meshport.release.published", GAUGES.path)
    assert event["subject"] == event["data"]["release"]
    assert datetime.fromisoformat(event["time"]) == hooks.readers.now
    assert event["id"] != people.body["id"]
    changes = hooks.sent("service")("GET", event["data"]["changes"]).json()
    assert {one["_change_type"] for one in changes} == {"insert"}
    assert hooks.client.get(event["data"]["contract"]["path"]).status_code == 200


def test_going_back_to_an_earlier_release_is_told_as_that(hooks):
    hooks.publish(103)
    roll_back(ReleaseStore(hooks.readers.lab.home).of("lab"), None, hooks.readers.now)

    assert [one.body["data"]["act"] for one in told(hooks)] == ["publish", "rollback"]


def test_a_refused_release_is_told_once_and_in_no_more_words_than_everybody_may_hear(hooks):
    twice = f"select * replace ('g00001' as gauge_id) from ({ROWS})"
    hooks.later(hours=1)
    assert hooks.readers.lab.publish(5, hooks.readers.now, twice) is None

    (event,) = told(hooks)

    assert event.type == "meshport.release.refused"
    assert event.body["data"].pop("broken_checks") > 0
    current = ReleaseStore(hooks.readers.lab.home).of("lab").pointer().current
    assert event.body["data"] == {
        "port": str(GAUGES),
        "served": current,
        "checks": f"{GAUGES.path}/checks",
    }
    assert told(hooks, after=event.number) == []
    assert told(hooks, PEOPLE)[0].body["data"]["broken_checks"] == 0


def test_a_port_that_goes_away_is_told_with_the_release_that_says_so_and_not_again(hooks):
    lab = hooks.readers.lab
    text = (lab.root / GAUGES.contract_path).read_text()
    (lab.root / GAUGES.contract_path).write_text(
        text.replace("status: active", "status: deprecated")
    )
    hooks.publish(100)
    hooks.publish(101)
    (lab.root / GAUGES.contract_path).write_text(text)

    assert types(told(hooks)) == [
        *["release.published", "contract.deprecated"],
        "release.published",
    ]


def test_what_becomes_of_an_agreement_is_told_to_its_consumer_alone(own_readers):
    readers, hooks = own_readers, Hooks(own_readers)
    first = readers.agree("outlet", "internal", days=20)
    hooks.later(days=5)
    readers.revoke(first)
    readers.agree("outlet", "internal", days=20)
    assert types(told(hooks)) == ["access.granted", "access.revoked", "access.granted"]

    last = told(hooks)[-1].number
    hooks.later(days=7)
    (expiring,) = told(hooks, after=last)
    hooks.later(days=14)
    (expired,) = told(hooks, after=expiring.number)
    hooks.later(days=14)

    assert types([expiring, expired]) == ["access.expiring", "access.expired"]
    assert told(hooks, after=expired.number) == []
    assert {one.consumer for one in told(hooks)} == {"outlet"}
    mine, anna, other = (
        Ask(GAUGES, "https://example.com").of(who, 0, NOW) for who in ("outlet", PERSON, "service")
    )
    assert hooks.desk.is_for(mine, expired)
    assert hooks.desk.is_for(anna, expired), "she stands behind the outlet"
    assert not hooks.desk.is_for(other, expired)


def test_what_was_never_granted_takes_nothing_from_anybody_when_it_ends(own_readers):
    readers, hooks = own_readers, Hooks(own_readers)
    desk = desk_of(hooks)
    hooks.later(minutes=1)
    granted = readers.agree(PERSON, "confidential")
    asked = desk.request(granted.terms, Principal(PERSON, Kind.PERSON), readers.now)
    desk.act(asked.number, Act.CANCEL, Principal(PERSON, Kind.PERSON), readers.now)
    denied = desk.request(granted.terms, Principal(PERSON, Kind.PERSON), readers.now)
    desk.act(denied.number, Act.DENY, Principal(OWNER, Kind.PERSON), readers.now)

    assert types(told(hooks)) == ["access.granted"]


def test_a_home_that_is_looked_at_for_the_first_time_tells_nothing_of_the_past(own_readers):
    for hour in (1, 2):
        own_readers.lab.publish(100 + hour, NOW + timedelta(hours=hour), ROWS)
    hooks = Hooks(own_readers)

    assert told(hooks) == []
    hooks.later(hours=3)
    hooks.publish(99)
    assert types(told(hooks)) == ["release.published"]


def test_whoever_looks_and_however_often_an_event_is_told_once_with_one_id(hooks):
    others = [EventLog(events_state(hooks.readers.lab.home)) for _ in range(2)]
    sources = Sources(hooks.desk.doors.catalog, hooks.readers.register.agreements)
    for count in (101, 102):
        hooks.publish(count)
        for log in (*others, hooks.desk.log):
            log.look(sources, hooks.readers.now)

    ids = Counter(one.id for one in told(hooks))
    assert len(ids) == 2
    assert set(ids.values()) == {1}
    sequence = [one.body["sequence"] for one in told(hooks)]
    assert sequence == sorted(sequence)


def test_old_events_go_and_numbers_go_on(hooks):
    hooks.publish(101)
    hooks.publish(102)
    before = told(hooks)[-1].number
    hooks.desk.log.prune(hooks.readers.now + timedelta(days=31))
    hooks.publish(103)

    (event, *others) = told(hooks, after=before)

    assert event.number > before
    assert others == []
    assert len(told(hooks)) <= 2
