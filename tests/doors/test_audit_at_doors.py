"""Every door leaves a line before the first byte of its answer; what leaves none, shows nothing."""

from __future__ import annotations

import pytest

from tests.building import NOW
from tests.doors.audited import DOORS, OPENLY, ROWS, TABLE
from tests.doors.lab import GAUGES, PEOPLE
from tests.doors.readers import PERSON

pytestmark = pytest.mark.xdist_group("audit")


@pytest.fixture
def lab(audited):
    return audited


@pytest.mark.parametrize("name", DOORS)
def test_a_read_leaves_one_line_that_says_who_read_what_by_which_right(lab, name):
    asked, options, expected = DOORS[name]

    answer = lab.ask(asked, **options)

    assert answer.status_code in (200, 206), answer.text
    (line,) = lab.fresh()
    right = ("agreement 1", "customer-care", "confidential")
    assert (line["rule"], line["purpose"], line["access_class"]) == right
    assert (line["who"], line["kind"], line["port"]) == ("service", "service", str(GAUGES))
    assert line["credential"] == lab.readers.secrets["service"][4:16]
    assert (line["verdict"], line["at"]) == ("allowed", NOW.isoformat())
    told = {"bytes": len(answer.content), **expected}
    assert {key: line.get(key) for key in told} == told
    if "columns" in expected:
        assert line["release"] == lab.release


@pytest.mark.parametrize("name", [*DOORS, *OPENLY])
def test_where_nothing_can_be_written_nothing_leaves(lab, name):
    asked, options, _ = {**DOORS, **OPENLY}[name]
    asked = lab.ready(asked)
    usual = lab.ask(asked, **options).content
    lab.fresh()

    with lab.full():
        answer = lab.ask(asked, **options)

    assert answer.status_code == 503
    assert not asked.startswith("HEAD") or not answer.content
    assert asked.startswith("HEAD") or "MP790" in answer.text
    assert "g000" not in answer.text
    assert "etag" not in answer.headers
    assert lab.fresh() == []
    assert lab.ask(asked, **options).content[:64] == usual[:64]


def test_what_the_reader_has_already_is_written_as_unchanged(lab):
    tag = lab.ask(f"GET {ROWS}?select=big").headers["etag"]

    answer = lab.ask(f"GET {ROWS}?select=big", headers={"If-None-Match": tag})

    (line,) = lab.fresh()
    assert (answer.status_code, line["verdict"], line["columns"]) == (304, "unchanged", ["big"])
    assert "rows" not in line


REFUSED = {
    "a column that is hidden": (f"GET {ROWS}?owner_email=eq.x", PERSON, "MP601", str(GAUGES)),
    "a column that there is not": (f"GET {ROWS}?nothing=eq.x", PERSON, "MP601", str(GAUGES)),
    "a port of a higher class": (f"GET {PEOPLE.path}/rows", "service", "MP704", str(PEOPLE)),
    "a port for those we know": (f"GET {PEOPLE.path}/rows", None, "MP705", str(PEOPLE)),
    "a table of a higher class": ("GET /sql?query=from lab.people", "service", "MP704",
                                  str(PEOPLE)),
    "a share of a higher class": ("GET /delta-sharing/shares/lab/schemas/people/tables/v1/version",
                                  "service", "MP704", str(PEOPLE)),
    "a link that nobody made": ("GET /delta-sharing/files/abcd", None, "MP707", None),
    "an agreement of others": ("GET /access/agreements/1", "outlet", "MP731", None),
    "the desk, to a stranger": ("GET /access", None, "MP705", None),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_is_written_with_its_code_and_without_what_was_hidden(lab, name):
    asked, by, code, port = REFUSED[name]

    answer = lab.ask(asked, by)

    assert answer.status_code >= 400
    (line,) = lab.fresh()
    assert (line["verdict"], line.get("port")) == (code, port)
    assert not {"columns", "rows", "bytes"} & set(line)
    assert line["kind"] == {None: "nobody", PERSON: "person", "outlet": "partner"}.get(by, by)


@pytest.mark.parametrize("asked", [
    f"GET {ROWS}", f"GET {GAUGES.path}", "GET /sql?query=select 1", f"POST {TABLE}/query",
    "GET /access", "GET /delta-sharing/profile", "GET /delta-sharing/shares",
])  # fmt: skip
def test_a_token_that_is_refused_is_written_with_its_id(lab, asked):
    secret = lab.readers.register.tokens.create("service", NOW).secret
    lab.readers.register.tokens.revoke(secret[4:16], NOW)

    answer = lab.ask(asked, None, headers={"Authorization": f"Bearer {secret}"})

    (line,) = lab.fresh()
    assert (answer.status_code, line["verdict"], line["who"]) == (401, "MP701", "nobody")
    is_profile = asked.endswith("profile")
    assert line.get("credential") == (None if is_profile else secret[4:16])


@pytest.mark.parametrize("path", [
    "/", "/products", "/products/lab", "/search?q=gauge", "/glossary", "/errors", "/api",
    "/openapi.json", "/healthz", "/static/meshport.css", "/nothing", "/delta-sharing/shares",
    f"{GAUGES.path}/contract", f"{GAUGES.path}/lineage", f"{GAUGES.path}/releases",
    "/delta-sharing/shares/lab/all-tables", f"{GAUGES.path}9/rows",
])  # fmt: skip
@pytest.mark.parametrize("accept", ["application/json", "text/html"])
def test_what_shows_no_content_of_a_port_is_not_written(lab, path, accept):
    lab.ask(f"GET {path}", headers={"Accept": accept})

    assert lab.fresh() == []


def test_what_somebody_read_stands_nowhere_in_the_audit(lab):
    with_value = "select note, owner_email from lab.gauges where note = 'say \"so\"' -- mine"
    lab.ask(f"GET {ROWS}?owner_email=neq.secret-in-a-filter&limit=3", "highest")
    lab.ask("POST /sql", PERSON, json={"sql": with_value})
    lab.ask("POST /sql", PERSON, json={"sql": "select 'secret-in-sql', big from lab.gauges"})

    lines = lab.fresh()
    files = lab.audit.state.file.parent.glob("audit.sqlite*")
    written = b"".join(file.read_bytes() for file in files)
    token = lab.readers.secrets["service"].encode()[20:]
    for secret in (b"secret", b"say", b"mine", b"@example.com", token):
        assert secret not in written, secret
    assert lines[-1]["who"] == lab.audit.pseudonym(PERSON)


def test_the_same_question_has_the_same_hash_and_another_one_another(lab):
    hashes = []
    for asked in ("select=big&small=eq.1", "small=eq.1&select=big", "select=big&small=eq.2"):
        lab.ask(f"GET {ROWS}?{asked}")
        hashes += [line["query_hash"] for line in lab.fresh()]

    assert hashes[0] == hashes[1] != hashes[2]


def test_a_query_over_two_ports_leaves_a_line_for_each(lab):
    sql = "select p.town, g.big from lab.people p, lab.gauges g limit 2"

    lab.ask("POST /sql", "highest", json={"sql": sql})

    found = {line["port"]: (line["columns"], line["rows"]) for line in lab.fresh()}
    assert found == {str(PEOPLE): (["town"], 2), str(GAUGES): (["big"], 2)}


def test_a_query_that_nobody_waits_for_is_written_when_it_ran(lab):
    lab.ask("GET /access")
    lab.done_job(lab.readers.sent_by("service"))

    (line,) = lab.fresh()
    assert (line["door"], line["rows"], line["verdict"]) == ("sql", 5, "allowed")
