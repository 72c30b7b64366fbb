"""The engine itself as oracle: what is not in a column's lineage cannot change its values."""

from __future__ import annotations

from random import Random

import duckdb
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from meshport.sql.lineage import Source, query_lineage
from tests.lineage.queries import TABLES, UNIQUE, QueryMaker

ROWS = 6
RELATIONS = {
    name: Source(columns, [UNIQUE[name]] if name in UNIQUE else [])
    for name, columns in TABLES.items()
}


@pytest.fixture(scope="module")
def con():
    with duckdb.connect() as made:
        made.execute("set threads = 1")
        yield made


def column_of(chance, table, column):
    if column in UNIQUE.get(table, ()):
        return chance.sample(range(10), ROWS)
    return [chance.choice([0, 1, 2, 3, None]) for _ in range(ROWS)]


def load(con, table, columns):
    """Fill one table, given column → values."""
    rows = zip(*(columns[name] for name in TABLES[table]), strict=True)
    shown = ", ".join(
        f"({', '.join('null' if v is None else str(v) for v in row)})" for row in rows
    )
    typed = ", ".join(f"{name}::integer as {name}" for name in TABLES[table])
    con.execute(
        f"create or replace table {table} as select {typed} "
        f"from (values {shown}) as x({', '.join(TABLES[table])})"
    )


def answer(con, sql):
    """Column → its values, sorted."""
    found = con.execute(sql)
    names = [column[0] for column in found.description]
    rows = found.fetchall()
    return {
        name: sorted((row[n] for row in rows), key=lambda v: (v is None, v or 0))
        for n, name in enumerate(names)
    }


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 2**32))
def test_a_column_outside_of_the_lineage_changes_no_value(con, seed):
    chance = Random(seed)
    sql = QueryMaker(chance).query()
    data = {t: {c: column_of(chance, t, c) for c in columns} for t, columns in TABLES.items()}
    for table, columns in data.items():
        load(con, table, columns)
    try:
        before = answer(con, sql)
    except duckdb.BinderException:
        assume(False)

    found = query_lineage(sql, RELATIONS)

    assert [column.name for column in found.columns] == list(before)
    assert [*found.gaps, *(gap for column in found.columns for gap in column.gaps)] == []
    shaping = {(use.relation, use.column) for use in found.rows}
    used = {
        column.name: shaping | {(use.relation, use.column) for use in column.uses}
        for column in found.columns
    }
    for table, columns in data.items():
        for column in columns:
            free = [name for name in used if (table, column) not in used[name]]
            if free:
                load(con, table, {**columns, column: column_of(chance, table, column)})
                after = answer(con, sql)
                assert {n: after[n] for n in free} == {n: before[n] for n in free}, sql
        load(con, table, columns)


def test_the_oracle_sees_a_use_that_lineage_leaves_out(con):
    for table in TABLES:
        load(con, table, {column: list(range(ROWS)) for column in TABLES[table]})
    before = answer(con, "select sum(a) as x from t where b > 2")

    load(con, "t", {"k": [1] * ROWS, "a": list(range(ROWS)), "b": [0] * ROWS})

    assert answer(con, "select sum(a) as x from t where b > 2") != before


def test_nearly_all_random_queries_are_valid(con):
    for table in TABLES:
        load(con, table, {column: list(range(ROWS)) for column in TABLES[table]})
    failed = 0
    for seed in range(150):
        try:
            answer(con, QueryMaker(Random(seed)).query())
        except duckdb.BinderException:
            failed += 1

    assert failed <= 5
