"""How SQL is asked for, what is said of an answer, and what of a question that has none."""

from __future__ import annotations

import json

import pytest

from tests.doors.readers import PERSON

pytestmark = pytest.mark.xdist_group("sql_door")
ALL = "select * from lab.gauges order by gauge_id"


def test_get_post_and_query_answer_alike(sql_server, readers):
    headers = readers.sent_by(PERSON)
    sql = {"content-type": "application/sql", **headers}

    answers = [
        sql_server.get("/sql", params={"query": ALL}, headers=headers),
        sql_server.post("/sql", json={"sql": ALL}, headers=headers),
        sql_server.post("/sql", content=ALL, headers=sql),
        sql_server.request("QUERY", "/sql", content=ALL, headers=sql),
        sql_server.request("QUERY", "/sql", json={"sql": ALL}, headers=headers),
    ]

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert {a.headers["accept-query"] for a in answers} == {"application/sql, application/json"}
    assert sql_server.head("/sql", params={"query": ALL}, headers=headers).text == ""


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        ({"content": ALL}, 415, "MP645"),
        ({"content": ALL, "headers": {"content-type": "text/plain"}}, 415, "MP645"),
        ({"data": {"sql": ALL}}, 415, "MP645"),
        ({"json": {}}, 400, "MP602"),
        ({"json": [ALL]}, 400, "MP602"),
        ({"json": {"sql": 1}}, 400, "MP602"),
        ({"json": {"sql": ALL, "limit": 1}}, 400, "MP602"),
        ({"json": {"sql": ALL, "format": "xml"}}, 400, "MP602"),
        ({"json": {"sql": ALL, "format": ["csv"]}}, 400, "MP602"),
        ({"content": b"{", "headers": {"content-type": "application/json"}}, 400, "MP602"),
        (
            {"content": b'{"sql": "\\ud800"}', "headers": {"content-type": "application/json"}},
            400,
            "MP602",
        ),
        ({"content": b"\xff", "headers": {"content-type": "application/sql"}}, 400, "MP602"),
        ({"content": b"-" * 65_537, "headers": {"content-type": "application/sql"}}, 413, "MP646"),
        ({"json": {"sql": "x" * 70_000}}, 413, "MP646"),
    ],
)
def test_what_is_no_query_is_said_before_anything_runs(sql_server, sent, status, code):
    answer = sql_server.post("/sql", **sent)

    assert (answer.status_code, answer.json().get("code")) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"


def test_without_a_query_there_is_nothing_to_answer(sql_server):
    assert sql_server.get("/sql").json()["code"] == "MP602"


@pytest.mark.parametrize("who", ["", "Bearer nonsense", "Basic eDp5"])
def test_a_token_that_is_none_gets_no_answer(sql_server, who):
    answer = sql_server.post("/sql", json={"sql": "select 1"}, headers={"authorization": who})

    assert answer.status_code == 401


def test_an_answer_says_what_was_read_and_how_much(ask):
    answer = ask(ALL)

    assert answer.headers["meshport-releases"].startswith("lab.gauges.v1=lab-000001-")
    assert answer.headers["meshport-rows"] == "100"
    assert answer.headers["meshport-truncated"] == "false"
    assert answer.headers["cache-control"] == "private, no-store"
    assert {"Authorization", "Accept", "Meshport-Purpose"} <= set(
        answer.headers["vary"].split(", ")
    )
    same = ask("SELECT *\nFROM lab.gauges /* all */ ORDER BY gauge_id -- sorted")
    assert same.headers["meshport-query-hash"] == answer.headers["meshport-query-hash"]
    assert ask("select 1").headers["meshport-query-hash"] != answer.headers["meshport-query-hash"]


@pytest.mark.parametrize(
    ("sql", "code", "said"),
    [
        ("select from where", "MP630", "it is not SQL: syntax error"),
        ("select 1; select 2", "MP630", "it has to be one statement, not 2"),
        ("", "MP630", "it has to be one statement, not 0"),
        ("delete from lab.gauges", "MP630", "it has to be one SELECT"),
        ("select getvariable('x')", "MP631", "the function `getvariable` is not allowed"),
        ("select nosuch(1)", "MP631", "the function `nosuch` is not allowed"),
        ("select sum(note) from lab.gauges", "MP633", "Binder Error: No function matches"),
        ("select cast('x' as integer)", "MP633", "Conversion Error: Could not convert"),
        ("select error('oh')", "MP633", "oh"),
    ],
)
def test_what_goes_wrong_is_said_in_words_for_its_author(ask, sql, code, said):
    answer = ask(sql)

    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert said in answer.json()["detail"]


def test_explain_says_what_would_be_read_by_which_right(readers, sql_server):
    sql = "select gauge_id, made_on from lab.gauges where site = 'site 3'"

    answer = sql_server.post("/sql/explain", json={"sql": sql}, headers=readers.sent_by("scoped"))

    said = answer.json()
    assert [one["name"] for one in said["columns"]] == ["gauge_id", "made_on"]
    (table,) = said["tables"]
    assert (table["port"], table["rows"]) == ("lab.gauges.v1", 20)
    policy = table["policy"]
    assert (policy["access_class"], policy["row_scope"]) == ("confidential", ["site 3", "site 7"])
    assert policy["rule"].startswith("agreement ")
    assert policy["masked"] == {"owner_email": "hash"}
    whole = sum(file["bytes"] for file in table["files"])
    assert 0 < said["bytes_to_read_at_most"] < whole
    assert "PARQUET" in json.dumps(said["plan"])
    assert str(readers.lab.home) not in answer.text


def test_explain_counts_the_columns_that_are_read_and_no_others(readers, sql_server):
    def bytes_of(columns):
        sql = f"select {columns} from lab.gauges"
        answer = sql_server.get(
            "/sql/explain", params={"query": sql}, headers=readers.sent_by("highest")
        )
        return answer.json()["bytes_to_read_at_most"]

    assert 0 < bytes_of("gauge_id") < bytes_of("gauge_id, note") < bytes_of("*")


def test_explain_refuses_what_the_door_refuses(sql_server, readers):
    for sql, code in (
        ("select * from lab.people", "MP632"),
        ("select owner_email from lab.gauges", "MP633"),
        ("select * from read_text('/etc/passwd')", "MP631"),
    ):
        answer = sql_server.post("/sql/explain", json={"sql": sql}, headers=readers.sent_by(PERSON))
        assert answer.json()["code"] == code


def test_the_openapi_document_knows_the_door(sql_server):
    paths = sql_server.get("/openapi.json").json()["paths"]

    assert set(paths["/sql"]) == set(paths["/sql/explain"]) == {"get", "post"}
    assert set(paths["/sql"]["post"]["requestBody"]["content"]) == {
        "application/sql",
        "application/json",
    }
    assert "202" in paths["/sql"]["get"]["responses"]
