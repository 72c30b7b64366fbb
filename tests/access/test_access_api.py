"""/access/…: who may see and decide what, and that nothing which is sent brings it down."""

from __future__ import annotations

import json

import pytest

from meshport.access.agreements import Act
from tests.access.conftest import CUSTOMERS, OFFICER, OWNER, PEOPLE

pytestmark = pytest.mark.xdist_group("access")
ANNA = PEOPLE[0]
WANTED = {
    "port": str(CUSTOMERS),
    "purpose": "customer-care",
    "class": "restricted",
    "reason": "to answer those who ask",
    "days": 30,
}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def ask(office, by="mailer", **changes):
    answer = office.client(by).post("/access/requests", json={**WANTED, **changes})
    assert answer.status_code == 201, answer.text
    return answer


def act(office, consumer, number, name, **options):
    return office.client(consumer).post(f"/access/agreements/{number}/{name}", **options)


def code_of(answer):
    """The code of a problem document, whose form is that of RFC 9457."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    document = answer.json()
    assert document["status"] == answer.status_code
    assert document["title"]
    return document.get("code")


def test_what_is_asked_waits_for_the_one_who_decides_and_is_then_there_for_both(desk_office):
    asked = ask(desk_office)
    number = asked.json()["agreement"]

    assert asked.headers["Location"] == f"/access/agreements/{number}"
    assert asked.json()["waits_for"] == [OFFICER]
    (waiting,) = desk_office.client(OFFICER).get("/access/agreements").json()["waiting_for_me"]
    assert (waiting["agreement"], waiting["acts"]) == (number, ["approve", "deny", "ask"])

    decided = act(desk_office, OFFICER, number, "approve", json={"note": "for a month"})

    assert (decided.status_code, decided.json()["state"]) == (200, "active")
    assert decided.json()["history"][-1]["note"] == "for a month"
    (mine,) = desk_office.client("mailer").get("/access/agreements").json()["mine"]
    assert (mine["state"], mine["acts"]) == ("active", ["cancel", "ask_renewal"])
    assert desk_office.client(OFFICER).get("/access.json").json()["waiting_for_me"] == []


@pytest.mark.parametrize(
    ("consumer", "sees"),
    [
        ("mailer", True),
        (ANNA, True),  # the person behind the service
        (OFFICER, True),
        (OWNER, True),
        ("robot", False),
        ("outlet", False),
        (None, None),
    ],
)
def test_an_agreement_is_there_for_those_it_concerns_and_for_nobody_else(
    desk_office, consumer, sees
):
    number = ask(desk_office).json()["agreement"]
    client = desk_office.client(consumer)

    one, absent = (client.get(f"/access/agreements/{n}") for n in (number, number + 1))

    if sees:
        assert one.json()["agreement"] == number
    elif sees is False:
        assert one.json()["detail"] == f"there is no agreement {number}"
        assert code_of(one) == code_of(absent) == "MP731"
    else:
        assert (one.status_code, code_of(one)) == (401, "MP705")
        assert client.get("/access").status_code == 401
    everything = client.get("/access/agreements").text if sees is not None else ""
    assert (f'"agreement": {number}' in everything) == bool(sees)


@pytest.mark.parametrize(
    ("consumer", "name", "status"),
    [
        ("mailer", "approve", 403),
        (ANNA, "approve", 403),
        (OWNER, "approve", 403),  # the highest class is the officer's to give
        ("robot", "approve", 404),
        ("outlet", "deny", 404),
        (OFFICER, "approve", 200),
        (OFFICER, "deny", 200),
        (OFFICER, "ask", 200),
        (OFFICER, "cancel", 403),
        (OFFICER, "revoke", 409),  # nothing was granted yet
        ("mailer", "cancel", 200),
        (ANNA, "cancel", 200),
        ("mailer", "answer", 409),
        (OFFICER, "break_glass", 409),
        (OFFICER, "request", 409),
        (OFFICER, "sing", 409),
    ],
)
def test_each_step_is_for_some_and_not_for_others(open_desk, consumer, name, status):
    number = ask(open_desk).json()["agreement"]
    before = open_desk.desk.agreements.get(number, open_desk.now)

    answer = act(open_desk, consumer, number, name)

    assert answer.status_code == status
    after = open_desk.desk.agreements.get(number, open_desk.now)
    assert (after.events == before.events) == (status != 200)


@pytest.mark.parametrize("consumer", [OFFICER, OWNER, ANNA, "mailer"])
def test_the_steps_that_are_offered_are_those_that_are_allowed(open_desk, consumer):
    for asked in [act.value for act in Act if act not in (Act.REQUEST, Act.BREAK_GLASS)]:
        number = ask(open_desk).json()["agreement"]
        offered = open_desk.client(consumer).get(f"/access/agreements/{number}").json()["acts"]

        assert (act(open_desk, consumer, number, asked).status_code == 200) == (asked in offered)


def test_a_second_decision_finds_the_first(desk_office):
    number = ask(desk_office).json()["agreement"]
    assert act(desk_office, OFFICER, number, "deny").status_code == 200

    assert code_of(act(desk_office, OFFICER, number, "approve")) == "MP735"


def test_one_asks_for_the_machine_one_stands_behind_and_for_no_other(desk_office):
    assert ask(desk_office, ANNA, consumer="mailer").json()["consumer"] == "mailer"

    refused = desk_office.client(OWNER).post(
        "/access/requests", json={**WANTED, "consumer": "mailer"}
    )

    assert (refused.status_code, code_of(refused)) == (403, "MP734")


def test_a_broken_glass_is_seen_by_every_person_and_by_no_machine(desk_office):
    made = ask(desk_office, ANNA, is_break_glass=True).json()
    assert made["state"] == "expiring"

    for person in PEOPLE:
        client = desk_office.client(person)
        assert client.get(f"/access/agreements/{made['agreement']}").status_code == 200
        (loud,) = client.get("/access.json").json()["broken_glass"]
        assert loud["consumer"] == ANNA
    for machine in ("robot", "outlet"):
        client = desk_office.client(machine)
        assert client.get(f"/access/agreements/{made['agreement']}").status_code == 404
        assert client.get("/access.json").json()["broken_glass"] == []


BODIES = [
    (b"{}", 400, "MP602"),
    (b"[]", 400, "MP602"),
    (b"7", 400, "MP602"),
    (b"null", 400, "MP602"),
    (b'"port"', 400, "MP602"),
    (b"not json", 400, "MP602"),
    (b"\xff\xfe", 400, "MP602"),
    (b'{"a": ' * 50_000, 413, None),
    (b"[" * 100_000, 400, "MP602"),
    (b"x" * 3_000_000, 413, None),
    ({"state": "active"}, 400, "MP602"),
    ({"asked_by": OWNER}, 400, "MP602"),
    ({"port": 7}, 400, "MP602"),
    ({"port": "nothing"}, 400, "MP733"),
    ({"port": "a.b.v99999999999"}, 400, "MP733"),
    ({"port": "../../etc.passwd.v1"}, 400, "MP733"),
    ({"port": "orders.nothing.v1"}, 400, "MP733"),
    ({"purpose": "fun"}, 400, "MP730"),
    ({"purpose": None}, 400, "MP602"),
    ({"class": "root"}, 400, "MP733"),
    ({"class": ["restricted"]}, 400, "MP602"),
    ({"days": "many"}, 400, "MP602"),
    ({"days": 1e300}, 400, "MP602"),
    ({"days": 10**40}, 400, "MP733"),
    ({"days": -1}, 400, "MP733"),
    ({"days": 367}, 400, "MP733"),
    ({"reason": "short"}, 400, "MP733"),
    ({"reason": "x" * 2001}, 400, "MP602"),
    ({"reason": "before you \x1b[2J approve this"}, 400, "MP733"),
    ({"reason": "approve \u202ethis\u202c at once"}, 400, "MP733"),
    ({"reason": "nothing \x00 to see here"}, 400, "MP733"),
    ({"scope": []}, 400, "MP733"),
    ({"scope": [7]}, 400, "MP602"),
    ({"scope": {"state": "SP"}}, 400, "MP602"),
    ({"scope": ["x" * 201]}, 400, "MP602"),
    ({"scope": ["S"] * 1001}, 400, "MP602"),
    ({"scope": ["S\x07"]}, 400, "MP733"),
    ({"port": "orders.orders.v1", "scope": ["SP"]}, 400, "MP733"),
    ({"consumer": "nobody at all"}, 404, "MP722"),
    ({"consumer": OWNER}, 403, "MP734"),
    ({"is_break_glass": True}, 403, "MP734"),
]


@pytest.mark.parametrize(("body", "status", "code"), BODIES, ids=range(len(BODIES)))
def test_a_body_that_cannot_be_kept_is_a_problem_with_a_code(open_desk, body, status, code):
    sent = json.dumps({**WANTED, **body}).encode() if isinstance(body, dict) else body
    before = open_desk.register.agreements.all(open_desk.now)

    answer = open_desk.client("mailer").post(
        "/access/requests", content=sent, headers={"Content-Type": "application/json"}
    )

    assert (answer.status_code, code_of(answer)) == (status, code)
    assert open_desk.register.agreements.all(open_desk.now) == before


def test_a_lone_surrogate_is_a_problem_too(open_desk):
    sent = json.dumps({**WANTED, "reason": "nothing to read here"}).replace("read", "\\ud800")

    answer = open_desk.client("mailer").post(
        "/access/requests", content=sent, headers={"Content-Type": "application/json"}
    )

    assert code_of(answer) == "MP602"


@pytest.mark.parametrize(
    ("media", "content", "status"),
    [
        ("text/plain", json.dumps(WANTED), 415),
        ("multipart/form-data; boundary=x", "--x--", 415),
        ("", json.dumps(WANTED), 415),
        ("application/json", "", 400),
        (FORM["Content-Type"], "", 400),
        (FORM["Content-Type"], "port=%ff&class=\xff", 400),
        (FORM["Content-Type"], "&".join(f"a{n}=1" for n in range(1000)), 400),
        (FORM["Content-Type"], "port=orders.orders.v1&sudo=1", 400),
    ],
)
def test_other_forms_of_body_are_a_problem_too(open_desk, media, content, status):
    headers = {"Content-Type": media} if media else {}

    answer = open_desk.client("mailer").post(
        "/access/requests", content=content.encode("latin-1"), headers=headers
    )

    assert answer.status_code == status
    code_of(answer)


@pytest.mark.parametrize(
    "number",
    ["0", "-1", "abc", "1.5", "9" * 18, "9" * 19, "9" * 400, "%00", "١", "1e3", "0x1"],
)
def test_a_number_of_no_agreement_is_not_found(open_desk, number):
    client = open_desk.client("mailer")

    for answer in (
        client.get(f"/access/agreements/{number}"),
        client.post(f"/access/agreements/{number}/approve"),
    ):
        assert answer.status_code == 404
        code_of(answer)


@pytest.mark.parametrize(
    "said", [{"note": 7}, {"note": "x" * 2001}, {"state": "active"}, {"note": "\x1b[31m"}, []]
)
def test_words_with_a_decision_are_held_against_the_same_rules(open_desk, said):
    number = ask(open_desk).json()["agreement"]

    answer = act(open_desk, OFFICER, number, "approve", json=said)

    assert answer.status_code == 400
    assert code_of(answer) in ("MP602", "MP733")
    assert not open_desk.desk.agreements.get(number, open_desk.now).state.grants


def test_a_form_is_answered_with_the_way_to_the_agreements_page(desk_office):
    client = desk_office.client(ANNA)
    form = {**WANTED, "scope": " SP, RJ ,,", "consumer": "", "days": "30"}

    answer = client.post("/access/requests", data=form, follow_redirects=False)

    assert (answer.status_code, answer.headers["Location"]) == (303, "/access/agreements/1")
    made = desk_office.desk.agreements.get(1, desk_office.now)
    assert (made.terms.scope, made.terms.consumer, made.terms.days) == (("SP", "RJ"), ANNA, 30)
    page = client.get(answer.headers["Location"], headers={"Accept": "text/html"})
    assert "Agreement 1" in page.text


@pytest.mark.parametrize(
    ("headers", "is_taken"),
    [
        ({}, True),
        ({"Origin": "http://127.0.0.1"}, True),
        ({"Origin": "https://127.0.0.1"}, True),  # a proxy took TLS away
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://127.0.0.1"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": "http://127.0.0.1.evil.example"}, False),
        ({"Origin": "http://127.0.0.1:8001"}, False),
        ({"Origin": "null"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1"}, False),
    ],
    ids=str,
)
@pytest.mark.parametrize("form", ["json", "data"])
def test_only_the_servers_own_pages_and_programs_change_anything(
    open_desk, headers, is_taken, form
):
    client = open_desk.client("mailer")
    before = len(open_desk.register.agreements.all(open_desk.now))

    answer = client.post(
        "/access/requests", headers=headers, follow_redirects=False, **{form: WANTED}
    )

    assert (answer.status_code in (201, 303)) == is_taken
    assert len(open_desk.register.agreements.all(open_desk.now)) - before == is_taken
    if not is_taken:
        assert (answer.status_code, code_of(answer)) == (403, "MP742")


def test_answers_about_access_are_kept_by_no_shared_cache(desk_office):
    ask(desk_office)
    for path in ("/access.json", "/access/agreements", "/access/agreements/1", "/access"):
        answer = desk_office.client("mailer").get(path)

        assert "private" in answer.headers["Cache-Control"]
        assert "Authorization" in answer.headers["Vary"]


def test_purposes_are_listed_with_their_terms(open_desk):
    listed = open_desk.client().get("/access/purposes").json()["purposes"]

    assert {"name", "term", "meaning"} == set(listed[0])
    assert "direct-marketing" in [one["name"] for one in listed]


@pytest.mark.parametrize(
    ("consumer", "access_class", "scope"),
    [
        ("mailer", "confidential", None),
        ("mailer", "restricted", ["SP", "RJ"]),
        ("outlet", "internal", None),
        ("robot", "agent", ["SP"]),
        (ANNA, "public", None),
    ],
)
def test_what_the_decider_is_told_is_what_the_consumer_then_sees(
    office, consumer, access_class, scope
):
    rows = f"{CUSTOMERS.path}/rows?limit=10000"
    before = office.client(consumer).get(rows)
    terms = {"consumer": consumer, "class": access_class, "scope": scope}
    asked = ask(office, ANNA, **terms).json()

    decider = asked["waits_for"][0]
    told = office.client(decider).get(f"/access/agreements/{asked['agreement']}").json()["impact"]
    assert act(office, decider, asked["agreement"], "approve").status_code == 200
    after = office.client(consumer).get(rows)

    old = before.json() if before.status_code == 200 else []
    new = after.json() if after.status_code == 200 else []
    assert (told["rows"]["now"], told["rows"]["then"]) == (len(old), len(new))
    appeared = {c["name"] for c in told["columns"] if c["now"] == "not at all"}
    gone = {c["name"] for c in told["columns"] if c["then"] == "not at all"}
    names = [set(rows[0]) if rows else set() for rows in (old, new)]
    assert (appeared, gone) == (names[1] - names[0], names[0] - names[1])
