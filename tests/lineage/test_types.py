"""The type that is told of an expression is the engine's; whatever is not certain is not told."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import duckdb
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sqlglot import exp, parse_one

from meshport.lineage.models import ProjectModels, declared
from meshport.sql.function_rules import FUNCTION_RULES
from meshport.sql.function_types import FIXED, NAMED
from meshport.sql.lineage import Source, query_lineage
from meshport.sql.value_type import stored_type, value_type
from meshport.warehouse import open_warehouse
from tests.building import ROOT
from tests.lineage.expressions import COLUMNS, ExpressionMaker
from tests.lineage.projects import project
from tests.lineage.typed_expressions import QUERIES, expressions

DOMAINS = sorted(path.name for path in (ROOT / "domains").iterdir() if path.is_dir())


def spelt(text):
    """A type in our spelling; None where it has none."""
    known = value_type(text)
    return known.text if known else None


SOURCES = {"x": Source(list(COLUMNS), (), [spelt(kind) for kind in COLUMNS.values()])}


@pytest.fixture(scope="module")
def con():
    with duckdb.connect() as made:
        made.execute("set TimeZone = 'UTC'")
        listed = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
        made.execute(f"create table x ({listed})")
        yield made


def engine_type(con, sql, column=0):
    found = con.execute(f"describe {sql}").fetchall()[column][1]
    return found.replace("WITH TIME ZONE", "").replace("TIMESTAMP ", "TIMESTAMPTZ")


def told_type(sql):
    return query_lineage(sql, SOURCES).columns[0].type


def test_a_type_that_is_told_of_an_expression_is_the_engines(con):
    told = {one: told_type(f"select {one} as v from x") for one in expressions()}
    real = {one: engine_type(con, f"select {one} as v from x") for one in told}

    assert {
        one: (kind, real[one]) for one, kind in told.items() if kind not in (None, real[one])
    } == {}
    assert len(told) > 400
    assert sum(kind is not None for kind in told.values()) / len(told) > 0.85


@pytest.mark.parametrize("sql", QUERIES)
def test_types_follow_names_through_queries(con, sql):
    names = [row[0] for row in con.execute(f"describe {sql}").fetchall()]
    found = {column.name: column.type for column in query_lineage(sql, SOURCES).columns}
    position = names.index("v")

    assert found.get("v") in (None, engine_type(con, sql, position))


def test_most_queries_lose_no_type():
    told = [one for one in QUERIES for column in query_lineage(one, SOURCES).columns
            if column.name == "v" and column.type]  # fmt: skip

    assert len(told) / len(QUERIES) > 0.7


@settings(
    max_examples=400,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 2**32))
def test_a_type_that_is_told_of_a_random_expression_is_the_engines(con, seed):
    chance = Random(seed)
    sql = f"select {ExpressionMaker(chance).expression(chance.randint(1, 4))} as v from x"
    try:
        real = engine_type(con, sql)
    except duckdb.Error:
        assume(False)

    assert told_type(sql) in (None, real), sql


def test_every_row_of_the_tables_of_functions_is_held_against_the_engine():
    trees = [parse_one(f"select {one}", dialect="duckdb") for one in expressions()]
    nodes = [node for tree in trees for node in tree.walk()]
    called = {str(node.this).lower() for node in nodes if isinstance(node, exp.Anonymous)}

    assert {*FIXED, *FUNCTION_RULES} - {type(node) for node in nodes} == set()
    assert set(NAMED) - called == set()


@pytest.mark.xdist_group("built")
@pytest.mark.parametrize("domain", DOMAINS)
def test_every_table_that_dbt_built_has_the_types_that_were_told(built, mesh, domain):
    real = {}
    with open_warehouse(built / f"{domain}_warehouse.duckdb", read_only=True) as warehouse:
        for name, column, kind in warehouse.execute(
            "select table_name, column_name, data_type from duckdb_columns() "
            "where schema_name in ('staging', 'output_ports', 'quarantine')"
        ).fetchall():
            real.setdefault(name, {})[column] = spelt(kind)

    told = {
        table.name: {column.name: column.type for column in model.query.columns}
        for table, model in mesh.models.items()
        if table.domain == domain
    }
    assert {name: real.get(name) for name in told} == told


@pytest.mark.parametrize(
    "kind",
    ["TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "UINTEGER", "UBIGINT", "HUGEINT",
     "DECIMAL(12,2)", "DECIMAL(38,10)", "DOUBLE", "FLOAT", "VARCHAR(10)", "CHAR(3)", "BOOLEAN",
     "DATE", "TIME", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMPTZ",
     "UUID", "BLOB", "JSON", "INTERVAL", "INTEGER[]", "VARCHAR[]", "DECIMAL(12,2)[]", "INTEGER[3]",
     "HUGEINT[]", "ENUM('a')", "STRUCT(a INTEGER)", "MAP(VARCHAR, INTEGER)", "BIT", "TIMETZ"],
)  # fmt: skip
def test_a_declared_type_counts_only_where_it_comes_back_from_a_release(con, tmp_path, kind):
    file = tmp_path / "t.parquet"
    try:
        con.execute(f"copy (select cast(null as {kind}) as v) to '{file}' (format parquet)")
    except duckdb.Error:
        assert stored_type(kind) is None
        return

    told = stored_type(kind)
    assert told is None or told.text == engine_type(con, f"select v from '{file}'")


def test_what_a_model_gives_is_known_to_the_next_and_a_port_gives_what_is_promised():
    models = {
        "made": "select sum(amount) as total, name from {{ source('raw', 'things') }} group by all",
        "next": "select total / 2 as half, total, name from {{ ref('made') }}",
    }
    things = declared(["name", "amount"], types=["VARCHAR(8)", "INTEGER"])
    job = replace(project(models), tables={"source.raw.things": things})

    def types(job):
        (found,) = [one for one in ProjectModels(job).all() if one.name == "next"]
        return {column.name: column.type for column in found.query.columns}

    assert types(job) == {"half": "DOUBLE", "total": "HUGEINT", "name": "VARCHAR"}
    job = replace(job, promised={"made": declared(["total"], types=["BIGINT"])})
    assert types(job)["total"] == "BIGINT"


def test_another_type_of_a_source_is_seen_by_models_whose_text_did_not_change():
    models = {"made": "select amount from {{ source('raw', 'things') }}"}
    job = project(models)
    before = {one.name: one for one in ProjectModels(job).all()}
    changed = {"source.raw.things": declared(["id", "name", "amount"], types=["DATE"] * 3)}

    (after,) = ProjectModels(replace(job, tables=changed, known=before)).all()

    assert [column.type for column in before["made"].query.columns] == [None]
    assert [column.type for column in after.query.columns] == ["DATE"]


def test_a_column_stands_on_the_line_of_its_item():
    sql = "select\n  i,\n  case\n    when o then 1\n  end as v,\n  *\nfrom x"

    lines = {column.name: column.line for column in query_lineage(sql, SOURCES).columns}

    assert (lines["i"], lines["v"], lines["tz"]) == (6, 5, 6)


@pytest.mark.parametrize(
    "written",
    [
        "+".join(["i"] * 3_000),
        " || ".join(["s"] * 3_000),
        "trunc(" * 70 + "i" + ")" * 70,
        "coalesce(" * 70 + "i" + ", 0)" * 70,
        "(select max(" * 20 + "i" + ") from x)" * 20,
    ],
)
def test_what_is_long_or_deep_costs_its_type_at_most(written):
    found = query_lineage(f"select {written} as v, i from x", SOURCES)

    assert [column.name for column in found.columns] == ["v", "i"]
    assert found.columns[1].type == "INTEGER"
    assert found.gaps == ()
