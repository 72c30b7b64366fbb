"""Agreements: the history decides, the clock ends them, and nobody approves their own."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meshport.access.agreements import Act, State, Terms
from meshport.access.authorize import authorize
from meshport.access.consumers import Consumer
from meshport.access.desk import Desk
from meshport.access.principal import Kind, Principal
from meshport.access.register import AccessRegister
from meshport.contracts.classification import read_classifications
from meshport.errors import AccessError
from meshport.names import PortId
from meshport.products.mesh import load_mesh
from tests.building import NOW, ROOT

CUSTOMERS = PortId("customers", "customers", 1)
OWNER, OFFICER = "rosa.alves@example.com", "nara.luz@example.com"
ANNA = Principal("anna@example.com", Kind.PERSON)
ROSA, NARA = Principal(OWNER, Kind.PERSON), Principal(OFFICER, Kind.PERSON)
MAILER = Terms(
    "mailer", CUSTOMERS, "direct-marketing", "confidential", "the weekly newsletter", days=30
)
SCALE, MESH = read_classifications(ROOT), load_mesh(ROOT)


def desk_at(home: Path) -> Desk:
    register = AccessRegister.at_home(home)
    for name, kind, acts_for, contact in (
        (ANNA.name, Kind.PERSON, None, None),
        (OWNER, Kind.PERSON, None, None),
        (OFFICER, Kind.PERSON, None, None),
        ("mailer", Kind.SERVICE, None, ANNA.name),
        ("robot", Kind.AGENT, OWNER, None),
    ):
        one = Consumer(name, kind, acts_for, contact, "", is_disabled=False)
        register.consumers.add(one, "test", NOW)
    return register.desk(MESH, SCALE)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return desk_at(tmp_path)


def refusal(act, *arguments) -> str:
    with pytest.raises(AccessError) as refused:
        act(*arguments)
    return refused.value.code


def class_of(desk: Desk, consumer: str, now: datetime, kind: Kind = Kind.SERVICE) -> str:
    policy = AccessRegister.at_home(desk.agreements.state.file.parent).policy(SCALE)
    return authorize(policy, Principal(consumer, kind), CUSTOMERS, None, now).reader.name


def test_an_approved_agreement_counts_at_once_and_ends_at_its_second(desk):
    number = desk.request(MAILER, ANNA, NOW).number
    assert class_of(desk, "mailer", NOW) == "internal"

    until = desk.act(number, Act.APPROVE, ROSA, NOW).until

    assert until == NOW + timedelta(days=30)
    assert class_of(desk, "mailer", NOW) == "confidential"
    assert class_of(desk, "mailer", until - timedelta(seconds=1)) == "confidential"
    assert class_of(desk, "mailer", until) == "internal"
    assert desk.agreements.get(number, until - timedelta(days=1)).state is State.EXPIRING


def test_a_revoked_agreement_counts_no_more(desk):
    number = desk.request(MAILER, ANNA, NOW).number
    desk.act(number, Act.APPROVE, ROSA, NOW)

    desk.act(number, Act.REVOKE, ROSA, NOW, "the campaign is over")

    assert class_of(desk, "mailer", NOW) == "internal"


@pytest.mark.parametrize(
    ("terms", "by"),
    [
        (MAILER, ANNA),
        (MAILER, Principal("mailer", Kind.SERVICE)),
        (MAILER, Principal("robot", Kind.AGENT, OWNER)),
        (replace(MAILER, consumer=OWNER), ROSA),
        (replace(MAILER, consumer="robot", access_class="agent"), ROSA),
    ],
)
def test_nobody_approves_what_they_asked_for_and_no_machine_approves_anything(desk, terms, by):
    asker = {"mailer": ANNA, OWNER: ROSA, "robot": ROSA}[terms.consumer]
    number = desk.request(terms, asker, NOW).number

    assert refusal(desk.act, number, Act.APPROVE, by, NOW) == "MP734"


def test_the_highest_class_is_the_protection_officers_to_give(desk):
    number = desk.request(replace(MAILER, access_class="restricted"), ANNA, NOW).number

    assert refusal(desk.act, number, Act.APPROVE, ROSA, NOW) == "MP734"
    assert desk.waiting_for(OFFICER, NOW)[0].number == number
    assert desk.act(number, Act.APPROVE, NARA, NOW).state is State.ACTIVE


def test_one_asks_for_oneself_or_for_the_machine_one_stands_behind(desk):
    assert refusal(desk.request, MAILER, ROSA, NOW) == "MP734"
    assert refusal(desk.request, replace(MAILER, consumer=OWNER), ANNA, NOW) == "MP734"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"purpose": "fun"}, "MP730"),
        ({"access_class": "root"}, "MP733"),
        ({"days": 0}, "MP733"),
        ({"days": 400}, "MP733"),
        ({"reason": "because"}, "MP733"),
        ({"scope": ()}, "MP733"),
        ({"port": PortId("orders", "orders", 1), "scope": ("SP",)}, "MP733"),
        ({"port": PortId("orders", "nothing", 1)}, "MP733"),
        ({"consumer": "nobody"}, "MP722"),
    ],
)
def test_terms_that_no_door_could_keep_are_refused(desk, change, code):
    assert refusal(desk.request, replace(MAILER, **change), ANNA, NOW) == code


def test_an_agent_gets_the_class_of_agents_only(desk):
    robot = replace(MAILER, consumer="robot")

    assert refusal(desk.request, robot, ROSA, NOW) == "MP733"
    assert class_of(desk, "robot", NOW, Kind.AGENT) == "agent"


def test_breaking_the_glass_opens_for_four_hours_to_a_person_and_is_written_down(desk):
    anna = replace(MAILER, consumer=ANNA.name, access_class="restricted")

    made = desk.break_glass(anna, ANNA, NOW)

    assert made.state.grants
    assert made.until == NOW + timedelta(hours=4)
    assert made.events[0].act is Act.BREAK_GLASS
    assert refusal(desk.break_glass, MAILER, ANNA, NOW) == "MP734"


def test_a_renewal_goes_on_only_after_it_was_asked_for(desk):
    number = desk.request(MAILER, ANNA, NOW).number
    desk.act(number, Act.APPROVE, ROSA, NOW)
    assert refusal(desk.act, number, Act.APPROVE, ROSA, NOW) == "MP735"

    later = NOW + timedelta(days=29)
    desk.act(number, Act.ASK_RENEWAL, ANNA, later)

    assert desk.act(number, Act.APPROVE, ROSA, later).until == later + timedelta(days=30)


def test_a_renewal_that_is_denied_leaves_what_was_granted(desk):
    number = desk.request(MAILER, ANNA, NOW).number
    desk.act(number, Act.APPROVE, ROSA, NOW)
    desk.act(number, Act.ASK_RENEWAL, ANNA, NOW)

    assert desk.act(number, Act.DENY, ROSA, NOW).state is State.ACTIVE


def test_two_decisions_at_once_are_one(desk):
    number = desk.request(MAILER, ANNA, NOW).number
    seen = desk.agreements.get(number, NOW)
    desk.act(number, Act.DENY, ROSA, NOW)

    known = (seen.events[0], len(seen.events), desk.audit.entry(ROSA, NOW))
    assert refusal(desk.agreements.append, number, *known) == "MP732"


@pytest.mark.parametrize("sql", ["update agreement set days = 999", "delete from agreement_event"])
def test_history_cannot_be_rewritten(desk, sql):
    desk.request(MAILER, ANNA, NOW)

    con = sqlite3.connect(desk.agreements.state.file)
    with closing(con), pytest.raises(sqlite3.IntegrityError, match="never changed"):
        con.execute(sql)


def test_a_damaged_state_lets_nobody_in(tmp_path):
    (tmp_path / "access.sqlite").write_bytes(b"not a database" * 1000)

    assert refusal(AccessRegister.at_home(tmp_path).consumers.all) == "MP790"


ACTS = st.sampled_from([act for act in Act if act not in (Act.REQUEST, Act.BREAK_GLASS)])
STEPS = st.lists(st.tuples(ACTS, st.sampled_from([ANNA, ROSA, NARA]), st.integers(0, 40)))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=STEPS)
def test_whatever_happens_nothing_is_granted_without_the_owners_word(tmp_path_factory, steps):
    desk = desk_at(tmp_path_factory.mktemp("walk"))
    number, now = desk.request(MAILER, ANNA, NOW).number, NOW
    granted_until = NOW
    for act, by, days in steps:
        now += timedelta(days=days)
        with suppress(AccessError):
            desk.act(number, act, by, now)
            assert (by == ROSA) == (act in (Act.APPROVE, Act.DENY, Act.ASK, Act.REVOKE))
            if act is Act.APPROVE:
                granted_until = now + timedelta(days=30)
            elif act in (Act.REVOKE, Act.CANCEL):
                granted_until = now
        is_granted = desk.agreements.get(number, now).state.grants
        assert is_granted == (now < granted_until)
        assert (class_of(desk, "mailer", now) == "confidential") == is_granted
