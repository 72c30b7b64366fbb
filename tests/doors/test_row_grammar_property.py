"""Any tree of conditions, written in the grammar, finds what DuckDB finds for the predicate."""

from __future__ import annotations

from contextlib import ExitStack
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.doors.lab import ROWS, query
from tests.doors.rich_lab import rich_lab

pytestmark = pytest.mark.xdist_group("doors")

SIGNS = {"eq": "=", "neq": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
ODD = ["", "a,b", 'say "so"', "100%", "null", "(", ")", ".", "\\", "a.b", " ", "{x}", "é", "*"]
TEXTS = st.one_of(st.sampled_from(ODD), st.text(alphabet='ab,"()\\.{}%_ *é', max_size=6))
NUMBERS = st.integers(-2, 4).map(str)
PLAIN = {
    "small": NUMBERS,
    "big": st.integers(9007199254740992, 9007199254740998).map(str),
    "narrow": st.sampled_from(["0", "-1.95", "1.05", "+3.30", "2.1"]),
    "ratio": st.sampled_from(["0", "0.5", "1", "1e0", "2.25"]),
    "made_on": st.sampled_from(["2024-02-29", "2024-3-1", "2024-03-02"]),
    "seen_at": st.sampled_from(["2026-03-01", "2026-03-01T13:00:00Z", "2026-03-01 15:30:00+01"]),
    "is_on": st.sampled_from(["true", "false"]),
    "note": TEXTS,
    "gauge_id": st.integers(0, 120).map("g{:05d}".format),
}
TYPES = {"small": "integer", "big": "bigint", "narrow": "decimal(9,2)", "ratio": "double",
         "made_on": "date", "seen_at": "timestamptz", "is_on": "boolean", "note": "varchar",
         "gauge_id": "varchar"}  # fmt: skip
COLUMNS = st.sampled_from(sorted(PLAIN))


def text(value):
    return "'" + value.replace("'", "''") + "'"


def quoted(value):
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def typed(column, value):
    return f"cast({text(value)} as {TYPES[column]})"


@st.composite
def comparisons(draw):
    """The column, what follows it at the top and inside, and the predicate as SQL."""
    column, operator = draw(COLUMNS), draw(st.sampled_from([*SIGNS, "isdistinct"]))
    value = draw(PLAIN[column])
    sign = SIGNS.get(operator, "is distinct from")
    top, nested = f"{operator}.{value}", f"{operator}.{quoted(value)}"
    return column, top, nested, f"{column} {sign} {typed(column, value)}"


@st.composite
def listings(draw):
    column = draw(COLUMNS)
    values = draw(st.lists(PLAIN[column], min_size=1, max_size=4))
    listed = f"in.({','.join(map(quoted, values))})"
    return column, listed, listed, f"{column} in ({', '.join(typed(column, v) for v in values)})"


@st.composite
def quantified(draw):
    column, operator = draw(COLUMNS), draw(st.sampled_from(sorted(SIGNS)))
    word = draw(st.sampled_from(["any", "all"]))
    values = draw(st.lists(PLAIN[column], min_size=1, max_size=3))
    asked = f"{operator}({word}).{{{','.join(map(quoted, values))}}}"
    parts = [f"{column} {SIGNS[operator]} {typed(column, v)}" for v in values]
    joined = (" or " if word == "any" else " and ").join(parts)
    return column, asked, asked, f"({joined})"


@st.composite
def patterns(draw):
    operator = draw(st.sampled_from(["like", "ilike"]))
    pattern = draw(st.text(alphabet='abs,"()*%_ \\1', max_size=6)).rstrip("\\")
    sql = rf"note {operator} {text(pattern.replace('*', '%'))} escape '\'"
    return "note", f"{operator}.{pattern}", f"{operator}.{quoted(pattern)}", sql


@st.composite
def known_or_not(draw):
    column, word = draw(COLUMNS), draw(st.sampled_from(["null", "not_null"]))
    return column, f"is.{word}", f"is.{word}", f"{column} is {word.replace('_', ' ')}"


@st.composite
def on_lists(draw):
    operator = draw(st.sampled_from(["cs", "cd", "ov"]))
    values = draw(st.lists(st.sampled_from(["red", "a,b", "{x}", 'say "so"', "?"]), min_size=1))
    asked = f"{operator}.{{{','.join(map(quoted, values))}}}"
    given_ = f"[{', '.join(map(text, values))}]::varchar[]"
    sql = {
        "cs": f"list_has_all(tags, {given_})",
        "cd": f"list_has_all({given_}, tags)",
        "ov": f"list_has_any(tags, {given_})",
    }
    return "tags", asked, asked, sql[operator]


tests = st.one_of(comparisons(), listings(), quantified(), patterns(), known_or_not(), on_lists())


@st.composite
def leaves(draw):
    column, top, nested, sql = draw(tests)
    if draw(st.booleans()):
        return (column, f"not.{top}"), f"{column}.not.{nested}", f"not ({sql})"
    return (column, top), f"{column}.{nested}", f"({sql})"


def groups(members):
    @st.composite
    def group(draw):
        found = draw(st.lists(members, min_size=1, max_size=3))
        word, is_negated = draw(st.sampled_from(["and", "or"])), draw(st.booleans())
        inside = f"({','.join(one[1] for one in found)})"
        sql = f" {word} ".join(one[2] for one in found)
        no = "not." if is_negated else ""
        return (f"{no}{word}", inside), f"{no}{word}{inside}", f"{'not ' if no else ''}({sql})"

    return group()


trees = st.recursive(leaves(), groups, max_leaves=8)


@pytest.fixture(scope="module")
def rich(tmp_path_factory):
    with ExitStack() as opened:
        lab = rich_lab(tmp_path_factory.mktemp("rich"), opened)
        yield lab.client(), f"read_parquet({lab.files()})"


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(trees, min_size=1, max_size=3))
def test_a_tree_of_conditions_means_what_the_same_predicate_means(rich, given_):
    client, scan = rich
    asked = [parameter for parameter, _, _ in given_]

    answer = client.get(f"{ROWS}?{urlencode([*asked, ('select', 'gauge_id'), ('limit', 1000)])}")

    assert answer.status_code == 200, answer.text
    where = " and ".join(sql for _, _, sql in given_)
    expected = query(f"select gauge_id from {scan} where {where} order by gauge_id")
    assert [row["gauge_id"] for row in answer.json()] == [row[0] for row in expected]
