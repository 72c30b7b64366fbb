"""SQL that is meant to hurt ends in an answer: reading it never ends the process, or takes long."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest

from meshport.checks.statement import one_select
from meshport.errors import CheckError
from meshport.sql.equality import row_shape, same_sql
from meshport.sql.lineage import query_lineage

MOST_SECONDS = 60
"""Of processor time."""


def nested(depth: int) -> dict[str, str]:
    return {
        "parentheses": "select " + "(" * depth + "1" + ")" * depth,
        "subqueries": "select * from " + "(select * from " * depth + "t" + ")" * depth,
        "lists": "select " + "[" * depth + "]" * depth,
        "cases": "select " + "case when 1 then " * depth + "1" + " end" * depth,
        "negations": "select " + "not " * depth + "true",
        "sums": "select 1" + " + 1" * depth,
        "conditions": "select 1 from t where a" + " and a" * depth,
        "unions": "select 1" + " union select 1" * depth,
        "joins": "select 1 from t" + " join t using (a)" * depth,
        "values": "select 1 from t where a in (1" + ", 1" * depth + ")",
    }


@pytest.mark.parametrize("kind", nested(1))
@pytest.mark.parametrize("depth", [200, 3_000])
def test_deep_and_long_queries_are_read_or_refused(kind, depth):
    query = nested(depth)[kind]
    start = time.process_time()

    with suppress(CheckError):
        one_select(query)
    assert same_sql(query, f"{query} ")
    assert not same_sql(query, f"{query} limit 1")
    row_shape(query)
    query_lineage(query, {})
    assert time.process_time() - start < MOST_SECONDS


@pytest.mark.parametrize("kind", ["unions", "joins", "conditions", "values"])
def test_long_queries_still_tell_their_rows_apart(kind):
    longer, shorter = nested(101)[kind], nested(100)[kind]

    assert row_shape(longer) == row_shape(f"{longer} ")
    assert (row_shape(longer) == row_shape(shorter)) == (kind == "conditions")
