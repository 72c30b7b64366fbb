"""A contract's own SQL: one SELECT over its tables, bounded in time and memory, nothing else."""

from __future__ import annotations

import duckdb
import pytest

from meshport.checks.plan import plan
from meshport.checks.sandbox import Sandbox
from meshport.checks.spec import CheckSpec, SqlRule, Status
from meshport.checks.statement import fused_form, one_select
from meshport.contracts.model import Severity
from meshport.contracts.threshold import NONE
from meshport.errors import CheckError, Place
from meshport.sandbox.question import Limits
from tests.building import column, contract, table


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "things.parquet"
    duckdb.sql("select range as n from range(100)").write_parquet(str(path))
    return path


def spec(query: str) -> CheckSpec:
    return CheckSpec(
        "q", "things", None, "q", Severity.ERROR, SqlRule(query, NONE), "q", Place("c")
    )


def run(file, *queries, seconds=20.0):
    sandbox = Sandbox({"things": [file]}, Limits(seconds, 256))
    return sandbox.check([spec(query) for query in queries])


HOSTILE = [
    "copy (select 1) to '/tmp/evil.csv'",
    "attach '/tmp/evil.duckdb' as x",
    "select 1; drop table things",
    "select count(*) from read_csv('/etc/passwd')",
    "select count(*) from '/etc/passwd'",
    "select content from read_text('/etc/passwd')",
    "select count(*) from glob('/etc/*')",
    "select count(*) from '/proc/self/environ'",
    "from read_parquet('/tmp/*.parquet')",
    "install httpfs",
    "load httpfs",
    "pragma database_list",
    "set memory_limit = '90GB'",
    "select count(*) from query('select 1')",
    "select count(*) from duckdb_settings()",
    "select current_setting('allowed_paths')",
    "select getenv('HOME')",
    "create table x as select 1",
    "insert into things values (1)",
    "update things set n = 0",
    "call pragma_version()",
    "explain analyze select 1",
    "with x as (delete from things returning n) select count(*) from x",
    "select * from sniff_csv('/etc/passwd')",
    "select count(*) from parquet_metadata('/tmp/x.parquet')",
    "export database '/tmp/evil'",
    "select 1 union all select count(*) from read_json('/etc/hosts')",
    "",
    "not sql at all",
]


@pytest.mark.parametrize("query", HOSTILE)
def test_what_is_not_one_select_over_the_tables_is_refused(file, query):
    (result,) = run(file, query)

    assert result.status is Status.ERROR
    assert result.message.startswith("could not run")


BOMBS = [
    "select len(range(500000000)) from things",
    "with recursive t(i) as (select 1 union all select i + 1 from t) select count(*) from t",
    "select length(repeat('x', 3000000000))",
    "select count(*) from things a, things b, things c, things d, things e, things f, things g",
    "select max(list_sort(l)) from"
    " (select array_agg(n order by hash(n)) as l from things, things b, things c)",
]


@pytest.mark.parametrize("query", BOMBS)
def test_a_query_that_never_ends_or_wants_all_memory_costs_only_itself(file, query):
    bomb, after = run(file, query, "select count(*) - 100 from things", seconds=2)

    assert bomb.status in (Status.ERROR, Status.FAILED)
    assert after.status is Status.PASSED


def test_a_query_sees_the_tables_it_is_given_and_their_rows(file):
    (result,) = run(file, "select count(*) - 100 from things t where t.n >= 0")

    assert result.status is Status.PASSED


def test_nothing_of_the_environment_reaches_the_process(file, monkeypatch):
    monkeypatch.setenv("MESHPORT_SECRET_OF_MINE", "x")

    (result,) = run(file, "select count(*) from '/proc/self/environ'")

    assert "secret" not in result.message.lower()


@pytest.mark.parametrize(
    ("query", "violation"),
    [
        ('select count(*) from "t" where a > 1', '"a" > 1'),
        (
            "select count(*) from t x where x.a is null or b in ('p', 'q')",
            "\"a\" IS NULL OR \"b\" IN ('p', 'q')",
        ),
    ],
)
def test_a_count_of_rows_is_answered_by_the_scan(query, violation):
    assert fused_form(query, "t", {"a", "b"}).violation == violation


@pytest.mark.parametrize(
    "query",
    [
        "select count(*) from t join u using (a)",
        "select count(*) from t where a in (select a from u)",
        "select count(*) from t group by a",
        "select count(*) from t limit 1",
        "select a from t",
        "select count(*) from other.t",
        "select count(*) from t where repeat(b, 1000000000) = ''",
        "select count(*) from t where regexp_matches(b, '(a+)+$')",
        "select count(*) from t where unknown_column = 1",
        "select count(*) from t where (select 1) = 1",
        "with x as (select 1) select count(*) from t",
        "select count(*) from t; select 1",
        "select sum(a) from t where a > 1",
    ],
)
def test_what_one_scan_cannot_answer_or_should_not_goes_to_the_sandbox(query):
    assert fused_form(query, "t", {"a", "b"}) is None


def test_a_rule_over_the_whole_table_is_part_of_the_scan():
    rule = {
        "id": "q",
        "type": "sql",
        "query": "select 100.0 * count(a) / count(*) from {object}",
        "mustBe": 1,
    }
    things = table("things", column("a", "VARCHAR"), quality=[rule])

    (spec_,) = [s for s in plan(contract(schema=[things])) if s.id == "quality__q"]

    assert not isinstance(spec_.rule, SqlRule)


def test_a_parser_error_names_what_is_wrong():
    with pytest.raises(CheckError) as caught:
        one_select("select from where")

    assert caught.value.code == "MP310"
