"""What a changed query says otherwise, and what it never leaves empty; the engine is the oracle."""

from __future__ import annotations

import re
from random import Random

import duckdb
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from meshport.sql.nulls import never_null
from meshport.sql.rewritten import Rewritten, rewritten
from tests.lineage.queries import TABLES, QueryMaker
from tests.lineage.test_oracle import answer, column_of, load

# Words that may stand in each other's place.
_ALIKE = [r"\b[0-9]\b", r"(?<= )[<>=](?= )", r"(?<= )[+*](?= )", r"\b(?:sum|max|min)(?=\()",
          r"\b(?:left|right|full|inner)(?= join)", r"(?<=\b[rs][0-9]\.)[a-z0-9]+\b"]  # fmt: skip
NOTHING = Rewritten()
BASE = (
    "with x as (select k, a, b from t), y as (select k, sum(a) as s, max(b) as m from x group by k)"
    " select y.k, y.s, coalesce(y.m, 0) as m, 1 as one from y left join u on u.k = y.k"
    " where u.c > 1"
)

by_engine = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much],
)


@pytest.fixture(scope="module")
def con():
    with duckdb.connect() as made:
        made.execute("set threads = 1")
        yield made


def filled(con, chance):
    for table, columns in TABLES.items():
        load(con, table, {column: column_of(chance, table, column) for column in columns})


def edited(chance, sql):
    """The query with one word in place of another of its kind."""
    found = [list(re.finditer(kind, sql)) for kind in _ALIKE]
    pairs = [(a, b[0]) for words in found for a in words for b in words if a[0] != b[0]]
    pairs += [(digit, "7") for digit in found[0]]
    assume(pairs)
    one, other = chance.choice(pairs)
    return sql[: one.start()] + other + sql[one.end() :]


@by_engine
@given(seed=st.integers(0, 2**32))
def test_a_column_that_is_said_to_be_made_as_before_holds_the_same_values(con, seed):
    chance = Random(seed)
    filled(con, chance)
    old = QueryMaker(chance).query()
    new = edited(chance, old)
    try:
        before, after = answer(con, old), answer(con, new)
    except duckdb.Error:
        assume(False)

    found = rewritten(old, new)

    same = set(before) - (found.columns or set())
    if found.columns is not None and not found.rows:
        assert {n: after[n] for n in same} == {n: before[n] for n in same}, (old, new)


@by_engine
@given(seed=st.integers(0, 2**32))
def test_a_column_that_is_said_to_be_never_null_is_never_null(con, seed):
    chance = Random(seed)
    filled(con, chance)
    sql = re.sub(r"\b(max|min|sum)\(", "count(", QueryMaker(chance).query())
    try:
        found = answer(con, sql)
    except duckdb.Error:
        assume(False)

    assert all(None not in found[name] for name in never_null(sql, {})), sql


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (r"\bx\b", "elsewhere"),
        (r"\by\b", "per_key"),
        (r"join u on u.k = y.k where u.c", "join u as v on v.k = y.k where v.c"),
        (r"1 as one", "1 AS one /* the first */"),
        (r"y\.s,", '"y"."S" as s,'),
    ],
)
def test_other_names_quotes_and_comments_are_no_change(old, new):
    text = re.sub(old, new, BASE)

    assert text != BASE
    assert rewritten(BASE, text) == NOTHING


@pytest.mark.parametrize(
    ("old", "new", "columns", "rows"),
    [
        ("1 as one", "2 as one", {"one"}, False),
        ("coalesce(y.m, 0)", "coalesce(y.m, 1)", {"m"}, False),
        ("select k, a, b from t", "select k, a * 2 as a, b from t", {"s"}, False),
        ("u.c > 1", "u.c > 2", set(), True),
        ("select k, a, b from t", "select k, a, b from t where a > 1", {"k", "s", "m"}, True),
        ("select k, a, b from t", "select k + 1 as k, a, b from t", {"k", "s", "m"}, True),
        ("left join", "join", set(), True),
    ],
)
def test_what_differs_is_told_by_column_and_for_the_rows(old, new, columns, rows):
    found = rewritten(BASE, BASE.replace(old, new))

    assert (found.columns, found.rows) == (columns, rows)


@pytest.mark.parametrize("new", ["select", "select 1; select 2", "(" * 400, "drop table t"])
def test_of_what_cannot_be_read_anything_may_have_changed(new):
    assert rewritten(BASE, new) == Rewritten(None, True)


def test_a_join_can_leave_empty_what_is_never_null_where_it_comes_from():
    inner = "(select k, coalesce(a, 0) as a, count(*) as n from t group by all) q"

    assert never_null(f"select q.a, q.n, q.k from {inner}", {}) == {"a", "n"}
    for join in ("left join", "full join"):
        assert never_null(f"select q.a, q.n from u {join} {inner} on q.k = u.k", {}) == set()
    assert never_null(f"select q.a from {inner} right join u on q.k = u.k", {}) == set()
    assert never_null('select a from "model"."m"', {"model.m": ["a"]}) == {"a"}
    assert never_null("select a, b from t", {"t": ["b"]}) == {"b"}
