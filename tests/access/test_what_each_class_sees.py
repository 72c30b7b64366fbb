"""Over REST, each consumer sees the cells of its agreement and nothing tells of the others."""

from __future__ import annotations

import re
from datetime import timedelta

import duckdb
import pytest

from meshport.publishing.store import ReleaseStore
from tests.access.conftest import CUSTOMERS, PEOPLE

pytestmark = pytest.mark.xdist_group("access")
ROWS = f"{CUSTOMERS.path}/rows"
REVIEWS = "/ports/customers/reviews/v1/rows"
OPEN = ["customer_id", "city", "state"]
CONFIDENTIAL = [*OPEN, "zip_prefix", "email", "phone", "birth_on", "has_marketing_consent"]


def truth(office, columns="*", where="true"):
    """The rows as the domain published them, by key."""
    store = ReleaseStore(office.home).of("customers")
    (file,) = store.paths(store.current().ports[str(CUSTOMERS)])
    found = duckdb.sql(f"select customer_id, {columns} from '{file}' where {where}").fetchall()
    return {row[0]: row[1:] for row in found}


def all_rows(client, **parameters):
    return client.get(ROWS, params={"limit": 10_000, **parameters}).json()


def test_without_an_agreement_one_sees_what_is_served_openly(office):
    rows = all_rows(office.client("mailer"))

    assert list(rows[0]) == OPEN
    assert len(rows) == len(truth(office))


def test_one_step_below_its_class_a_column_is_masked_and_two_steps_below_it_is_not_there(office):
    office.agree("mailer", "confidential")

    rows = all_rows(office.client("mailer"))

    clear = truth(office, "email, phone, birth_on, zip_prefix")
    assert list(rows[0]) == CONFIDENTIAL
    for row in rows:
        email, phone, birth_on, zip_prefix = clear[row["customer_id"]]
        assert row["zip_prefix"] == zip_prefix
        assert row["phone"] == (phone and phone[-4:])
        assert row["birth_on"] == (birth_on and f"{birth_on.year}-01-01")
        assert (row["email"] is None) == (email is None)
        assert email is None or re.fullmatch("[0-9a-f]{64}", row["email"])
    assert any(row["email"] for row in rows)


def test_equal_values_have_equal_hashes_and_others_have_others(office):
    office.agree("mailer", "confidential")

    rows = [row for row in all_rows(office.client("mailer")) if row["email"]]

    clear = truth(office, "email")
    hashes = {(clear[row["customer_id"]][0], row["email"]) for row in rows}
    assert len(hashes) == len({email for email, _ in hashes}) == len({h for _, h in hashes})


def test_the_highest_class_sees_everything_in_clear(office):
    office.agree("mailer", "restricted")

    rows = all_rows(office.client("mailer"))

    clear = truth(office, "email, full_name")
    assert {r["customer_id"]: (r["email"], r["full_name"]) for r in rows} == clear


def test_a_row_scope_shows_the_rows_of_its_values_and_no_others(office):
    office.agree("outlet", "confidential", scope=("SP", "RJ"))

    rows = all_rows(office.client("outlet"))

    assert {row["customer_id"] for row in rows} == set(truth(office, where="state in ('SP','RJ')"))
    assert all_rows(office.client("outlet"), state="eq.MG") == []


def test_agents_get_no_text_that_strangers_wrote(office):
    agent, person = office.client("robot"), office.client(PEOPLE[0])
    office.agree(PEOPLE[0], "confidential", port=CUSTOMERS.__class__("customers", "reviews", 1))

    assert "comment_text" in person.get(REVIEWS).json()[0]
    assert "comment_text" not in agent.get(REVIEWS).json()[0]
    assert agent.get(REVIEWS, params={"comment_text": "like.*"}).json()["code"] == "MP601"


@pytest.mark.parametrize("consumer", [None, "outlet"])
def test_strangers_and_partners_see_what_could_stand_on_the_website(office, consumer):
    client = office.client(consumer)

    assert client.get("/ports/catalog/items/v1/rows").status_code == 200
    assert list(client.get("/ports/catalog/sellers/v1/rows").json()[0]) == [
        "seller_id", "city", "state",
    ]  # fmt: skip
    refused = client.get(ROWS)
    assert refused.status_code == (403 if consumer else 401)
    assert refused.json()["code"] == ("MP704" if consumer else "MP705")


@pytest.mark.parametrize(
    "query",
    [{"email": "eq.a@b.c"}, {"order": "email"}, {"select": "email"}, {"full_name": "is.null"}],
)
def test_a_column_beyond_the_class_is_answered_like_one_that_there_is_not(office, query):
    client = office.client("mailer")
    names = re.compile("email|full_name")
    unknown = {names.sub("nothing", k): names.sub("nothing", v) for k, v in query.items()}

    hidden, absent = client.get(ROWS, params=query), client.get(ROWS, params=unknown)

    assert hidden.status_code == absent.status_code == 400
    assert hidden.json()["code"] == absent.json()["code"] == "MP601"


def test_a_filter_on_a_masked_column_sees_the_mask(office):
    email = next(e for (e,) in truth(office, "email").values() if e)
    office.agree("mailer", "confidential")

    assert all_rows(office.client("mailer"), email=f"eq.{email}") == []
    assert all_rows(office.client("mailer"), birth_on="gte.1900-01-01") != []


def test_an_agreement_counts_and_ends_for_a_server_that_is_running(office):
    client = office.client("mailer")
    assert list(all_rows(client)[0]) == OPEN

    until = office.agree("mailer", "restricted").until
    assert "email" in all_rows(client)[0]
    office.now = until - timedelta(seconds=1)
    office.secrets.clear()
    client.headers["Authorization"] = f"Bearer {office.secret('mailer')}"
    assert "email" in all_rows(client)[0]
    office.now = until
    assert list(all_rows(client)[0]) == OPEN


def test_a_cursor_is_of_no_use_to_another_principal_or_class(office):
    client, other = office.client("mailer"), office.client(PEOPLE[0])
    first = client.get(ROWS, params={"limit": 2})
    following = first.links["next"]["url"]

    assert client.get(following).status_code == 200
    assert other.get(following).json()["code"] == "MP603"
    office.agree("mailer", "restricted")
    assert client.get(following).json()["code"] == "MP603"


def test_answers_are_told_apart_by_who_asks(office):
    office.agree("mailer", "restricted")
    mailer, other = office.client("mailer").get(ROWS), office.client(PEOPLE[0]).get(ROWS)

    assert mailer.headers["ETag"] != other.headers["ETag"]
    for answer in (mailer, other):
        assert "Authorization" in answer.headers["Vary"]
        assert answer.headers["Cache-Control"].startswith("private")


@pytest.mark.parametrize(
    "sent",
    [
        "Bearer x",
        "Bearer mpt_000000000000_" + "a" * 43,
        "Basic YTpi",
        "Bearer",
        "mpt_x",
        "Bearer é",
    ],
)
def test_a_wrong_token_is_refused_and_says_how_to_come_in(office, sent):
    answer = office.client().get(ROWS, headers={"Authorization": sent.encode()})

    assert (answer.status_code, answer.json()["code"]) == (401, "MP701")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_token_ends_when_it_expires_is_revoked_or_its_consumer_is_shut_out(office):
    client, now = office.client("mailer"), office.now
    made = office.register.tokens.create("mailer", now, days=1)
    client.headers["Authorization"] = f"Bearer {made.secret}"
    assert client.get(ROWS).status_code == 200
    assert (
        client.get(ROWS, headers={"Authorization": f"Bearer {made.secret[:-1]}"}).status_code == 401
    )

    office.now = now + timedelta(days=1)
    assert client.get(ROWS).status_code == 401
    office.now = now
    office.register.tokens.revoke(made.id, now)
    assert client.get(ROWS).status_code == 401
    client.headers["Authorization"] = f"Bearer {office.secret('mailer')}"
    assert client.get(ROWS).status_code == 200
    office.register.consumers.disable("mailer", now)
    assert client.get(ROWS).status_code == 401


def test_a_token_is_kept_as_a_hash_only(office):
    secret = office.secret("mailer")

    kept = b"".join(file.read_bytes() for file in office.home.glob("access.sqlite*"))

    assert secret.encode() not in kept
    assert secret.rpartition("_")[2].encode() not in kept


def test_a_purpose_chooses_between_agreements_and_binds_a_token(office):
    office.agree("mailer", "restricted", purpose="direct-marketing")
    office.agree("mailer", "confidential", purpose="research")
    client = office.client("mailer")

    assert client.get(ROWS).json()["code"] == "MP703"
    research = client.get(ROWS, headers={"Meshport-Purpose": "research"})
    assert list(research.json()[0]) == CONFIDENTIAL
    bound = office.register.tokens.create("mailer", office.now, purpose="direct-marketing")
    client.headers["Authorization"] = f"Bearer {bound.secret}"
    assert "full_name" in client.get(ROWS).json()[0]
    wrong = client.get(ROWS, headers={"Meshport-Purpose": "research"})
    assert (wrong.status_code, wrong.json()["code"]) == (403, "MP702")
