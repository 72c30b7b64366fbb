"""SQL over the ports: the same cells as at the ports' own doors, for everybody."""

from __future__ import annotations

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.building import column
from tests.doors.lab import GAUGES, PEOPLE
from tests.doors.readers import PERSON

pytestmark = pytest.mark.xdist_group("sql_door")
EVERYBODY = (None, PERSON, "robot", "outlet", "service", "scoped", "highest")
ALL = "select * from lab.gauges order by gauge_id"
NEVER_ENDS = "select count(*) from range(1000000) a, range(1000000) b, range(1000000) c"


def table_of(format_, answer):
    if format_ == "parquet":
        return pq.read_table(pa.BufferReader(answer.content))
    return pa.ipc.open_stream(answer.content).read_all()


@pytest.mark.parametrize("who", EVERYBODY)
def test_everybody_sees_the_same_cells_over_sql_as_over_the_ports_own_door(
    readers, sql_server, ask, who
):
    rows = sql_server.get(f"{GAUGES.path}/rows?limit=10000", headers=readers.sent_by(who))

    answer = ask(ALL, who)

    assert answer.status_code == rows.status_code == 200
    assert answer.content == rows.content
    assert answer.headers["meshport-access"] == f"{GAUGES}={rows.headers['meshport-access']}"


@pytest.mark.parametrize("format_", ["ndjson", "csv"])
def test_rows_as_text_are_written_as_at_the_ports_own_door(readers, sql_server, ask, format_):
    address = f"{GAUGES.path}/rows?format={format_}&order=gauge_id&limit=10000"
    rows = sql_server.get(address, headers=readers.sent_by("highest"))

    answer = ask(ALL, "highest", format=format_)

    assert answer.text == rows.text
    assert answer.headers["content-type"] == rows.headers["content-type"]


@pytest.mark.parametrize("format_", ["arrow", "parquet"])
def test_rows_in_columns_keep_values_and_types(readers, sql_server, ask, format_):
    address = f"{GAUGES.path}/rows?format={format_}&order=gauge_id"
    rows = sql_server.get(address, headers=readers.sent_by("highest"))

    answer = ask(ALL, "highest", format=format_)

    over_sql, over_rest = table_of(format_, answer), table_of(format_, rows)
    assert over_sql.to_pylist() == over_rest.to_pylist()
    assert (over_sql.column_names, over_sql.schema.types) == (
        over_rest.column_names,
        over_rest.schema.types,
    )


def test_the_masked_and_the_hidden_differ_by_class(ask):
    def columns(who):
        return set(ask("select * from lab.gauges limit 1", who).json()[0])

    inside = columns(PERSON)
    assert columns(None) == columns("outlet") == {"gauge_id", "narrow"}
    assert inside - columns("robot") == {"note"}
    assert columns("service") - inside == {"wide", "owner_email"}
    emails = [
        ask("select owner_email e from lab.gauges order by gauge_id limit 1", who).json()[0]["e"]
        for who in ("service", "highest")
    ]
    assert (len(emails[0]), emails[1]) == (64, "person000@secret.example")
    years = ask("select distinct strftime(made_on, '%m-%d') d from lab.gauges", PERSON).json()
    assert {row["d"] for row in years} == {"01-01", None}


def test_rows_out_of_scope_do_not_exist(ask):
    counted = "select site, count(*) n from lab.gauges group by all order by site"

    assert ask(counted, "scoped").json() == [
        {"site": "site 3", "n": "10"},
        {"site": "site 7", "n": "10"},
    ]
    assert ask("select 1 from lab.gauges where site = 'site 1'", "scoped").json() == []
    assert ask("select max(n) m from (" + counted.partition(" order")[0] + ")").status_code == 200


@pytest.mark.parametrize(
    "sql",
    [
        "select {} from lab.gauges",
        "select count(*) from lab.gauges where {} is null",
        "select gauge_id from lab.gauges order by {}",
        "select * exclude ({}) from lab.gauges",
        "select * replace (1 as {}) from lab.gauges",
        "select count(distinct g.{}) from lab.gauges g group by g.{}",
        "select columns('{}') from lab.gauges",
        "select a.gauge_id from lab.gauges a join lab.gauges b using ({})",
        "select gauge_id from lab.gauges qualify row_number() over (order by {}) = 1",
    ],
)
@pytest.mark.parametrize("name", ["wide", "owner_email"])
def test_a_column_beyond_the_class_is_answered_like_one_that_never_was(ask, sql, name):
    stranger = "z" * len(name)

    hidden, unknown = ask(sql.replace("{}", name)), ask(sql.replace("{}", stranger))

    assert hidden.status_code == unknown.status_code == 400
    assert hidden.text == unknown.text.replace(stranger, name)


@pytest.mark.parametrize("form", ["lab.{}", "lab.{}_v1", "LAB.{}", '"lab"."{}"', "lab.{}_v2"])
def test_a_port_that_is_not_granted_is_answered_like_one_that_never_was(ask, form):
    hidden = ask(f"select * from {form.format(PEOPLE.port)}")
    unknown = ask(f"select * from {form.format('vwxyzz')}")

    assert hidden.json()["code"] == "MP632"
    assert hidden.text == unknown.text.replace("vwxyzz", PEOPLE.port)
    assert hidden.json()["hint"] == "your tables: lab.gauges"


def test_a_name_that_is_nearly_right_is_helped(ask):
    assert ask("select 1 from lab.gauge").json()["hint"] == "did you mean `lab.gauges`?"


def test_tables_join_and_are_named_with_or_without_their_major_version(ask):
    joined = """
        with seen as (select gauge_id from LAB.Gauges_v1)
        select count(*) as n from seen join lab.gauges using (gauge_id), lab.people
    """

    answer = ask(joined, "highest")

    assert answer.json() == [{"n": "4000"}]
    releases = answer.headers["meshport-releases"].split(", ")
    assert sorted(one.partition("=")[0] for one in releases) == ["lab.gauges.v1", "lab.people.v1"]


def test_a_query_reads_in_utc_and_writes_columns_of_one_name_apart(ask):
    sql = "select 1 a, 2 a, 3 as \"A\", timestamptz '2026-01-01 12:00:00+03' as t"

    assert ask(sql).text == '[{"a":1,"a_1":2,"A_2":3,"t":"2026-01-01T09:00:00Z"}]'


def test_a_result_without_rows_is_a_result_in_every_format(ask):
    sql = "select gauge_id, narrow from lab.gauges where false"

    assert ask(sql).text == "[]"
    assert ask(sql, format="ndjson").text == ""
    assert ask(sql, format="csv").text == "gauge_id,narrow\n"
    for format_ in ("arrow", "parquet"):
        table = table_of(format_, ask(sql, format=format_))
        assert (table.num_rows, table.column_names) == (0, ["gauge_id", "narrow"])


def test_what_is_too_much_is_cut_off_at_a_whole_row_and_said(readers):
    client = readers.client(PERSON, page_bytes=700_000)

    def ask(sql):
        return client.get("/sql", params={"query": sql, "format": "csv"})

    many = ask("select 1 as n from range(150000)")
    assert many.headers["meshport-truncated"] == "rows=100000"
    assert many.text == "n\n" + "1\n" * 100_000

    wide = ask("select repeat('x', 9999) as x from range(100)")
    assert wide.headers["meshport-truncated"] == "bytes=700000"
    assert wide.headers["meshport-rows"] == "70"
    assert wide.text == "x\n" + f"{'x' * 9999}\n" * 70


def test_the_purpose_that_is_named_decides_where_agreements_are_for_several(own_readers):
    own_readers.agree("service", "internal", purpose="fraud-prevention")
    client = own_readers.client("service")

    def ask(**headers):
        return client.post("/sql", json={"sql": ALL}, headers=headers)

    assert ask().json()["code"] == "MP703"
    assert "wide" in ask(**{"Meshport-Purpose": "customer-care"}).json()[0]
    assert "wide" not in ask(**{"Meshport-Purpose": "fraud-prevention"}).json()[0]


def test_what_was_made_more_sensitive_is_gone_at_once(own_readers):
    client = own_readers.client(PERSON)
    assert "note" in client.post("/sql", json={"sql": ALL}).json()[0]

    own_readers.lab.promise(
        GAUGES, column("gauge_id", "VARCHAR(8)", primaryKey=True, required=True)
    )
    fresh = own_readers.client(PERSON)

    assert list(fresh.post("/sql", json={"sql": ALL}).json()[0]) == ["gauge_id"]


def test_a_query_that_takes_too_long_ends(readers):
    client = readers.client(PERSON, statement=1)

    ended = client.post("/sql", json={"sql": NEVER_ENDS})

    assert (ended.status_code, ended.json()["code"]) == (422, "MP634")
    assert ended.json()["detail"] == "it took longer than 1 s"


@pytest.mark.parametrize(
    "sql",
    [
        ALL,
        "select count(*) from lab.gauges",
        "select no_such_column from lab.gauges",
        "select 1 from lab.no_such_table",
        "select error('no')",
        "select 1 from lab.gauges where gauge_id = 7",
    ],
)
def test_a_query_that_is_sent_again_is_answered_as_before(ask, sql):
    first, *others = [ask(sql) for _ in range(4)]

    for answer in others:
        assert (answer.status_code, answer.content) == (first.status_code, first.content)


def test_a_query_that_is_sent_again_sees_what_its_asker_may_see_by_then(own_readers):
    client = own_readers.client("outlet")

    def seen():
        return {column for row in client.post("/sql", json={"sql": ALL}).json() for column in row}

    before = [seen(), seen()]
    agreement = own_readers.agree("outlet", "internal")
    meanwhile = [seen(), seen()]
    own_readers.revoke(agreement)

    assert before[0] == before[1] == seen()
    assert meanwhile[0] == meanwhile[1] > before[0]


def test_a_large_answer_comes_whole(ask):
    answer = ask("select range as n, repeat('x', 100) as x from range(50000)", format="ndjson")

    lines = io.StringIO(answer.text).readlines()
    assert len(lines) == 50_000
    assert json.loads(lines[-1]) == {"n": "49999", "x": "x" * 100}
    assert int(answer.headers["content-length"]) == len(answer.content)
