"""Hints of hostile shapes: whatever a client sends as a hint, it gets files or a plain refusal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshport.serving.delta.pruning import MAX_PARTS, fitting
from tests.doors.lab import GAUGES, files_of

pytestmark = pytest.mark.xdist_group("sharing")
QUERY = "/delta-sharing/shares/lab/schemas/gauges/tables/v1/query"
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
FIELDS = ["version", "timestamp", "startingVersion", "endingVersion", "limitHint", "predicateHints",
          "jsonPredicateHints"]  # fmt: skip
NODE = ["op", "children", "name", "value", "valueType"]
predicates = st.recursive(
    st.fixed_dictionaries({}, optional=dict.fromkeys(NODE, anything)),
    lambda inner: st.fixed_dictionaries(
        {"op": st.sampled_from(["and", "or", "not", "isNull", "equal", "lessThan", "column"])},
        optional={"children": st.lists(inner, max_size=3), "name": st.just("small"),
                  "valueType": st.sampled_from(["int", "date", "bool", "x"])},
    ),
    max_leaves=6,
)  # fmt: skip


@settings(max_examples=50, deadline=None)
@given(body=st.dictionaries(st.sampled_from(FIELDS), anything, max_size=4), hints=predicates)
def test_no_query_is_a_server_error(small_door, body, hints):
    for sent in (body, {"jsonPredicateHints": json.dumps(hints)}):
        answer = small_door.post(QUERY, content=json.dumps(sent))

        assert answer.status_code < 500
        if answer.status_code != 200:
            assert set(answer.json()) == {"errorCode", "message"}


def leaf(value, kind="int"):
    return {"op": "literal", "value": value, "valueType": kind}


def col(name, kind="int"):
    return {"op": "column", "name": name, "valueType": kind}


def node(op, *children):
    return {"op": op, "children": list(children)}


@pytest.fixture
def is_kept(small_lab):
    """Whether the gauges' file is among the fitting ones."""
    file = Path(files_of(small_lab.home, GAUGES)[0])

    def ask(predicate, columns=("small", "made_on", "note", "seen_at", "is_on")):
        hints = predicate if isinstance(predicate, str) else json.dumps(predicate)
        return bool(fitting([file], hints, columns))

    return ask


NEVER = node("greaterThan", col("small"), leaf("2"))
EVER = node("equal", col("small"), leaf("2"))


@pytest.mark.parametrize(
    ("predicate", "expected"),
    [
        (EVER, True),
        (NEVER, False),
        (node("lessThan", leaf("2"), col("small")), False),
        (node("lessThanOrEqual", leaf("2"), col("small")), True),
        (node("and", EVER, NEVER), False),
        (node("or", NEVER, EVER, NEVER), True),
        (node("not", NEVER), True),
        (node("not", node("lessThan", col("small"), leaf("3"))), False),
        (node("isNull", col("small")), True),
        (node("and", node("isNull", col("small")), EVER), False),
        (node("equal", col("made_on", "date"), leaf("2024-03-01", "date")), True),
        (node("lessThan", col("made_on", "date"), leaf("2024-02-29", "date")), False),
        (node("equal", col("note", "string"), leaf("ünïcode ✓", "string")), True),
        (node("equal", col("note", "string"), leaf("'; drop", "string")), False),
        (node("equal", col("is_on", "bool"), leaf("true", "bool")), True),
        (
            node(
                "greaterThan",
                col("seen_at", "timestamp"),
                leaf("2026-03-02T00:00:00Z", "timestamp"),
            ),
            False,
        ),
    ],
    ids=str,
)
def test_a_file_is_left_out_where_no_row_fits(is_kept, predicate, expected):
    assert is_kept(predicate) == expected


@pytest.mark.parametrize(
    "predicate",
    [
        "",
        "[" * 50_000,
        "null",
        "x" * 200_000,
        node("equal", col("owner_email", "string"), leaf("x", "string")),  # not among the columns
        node("equal", col("nothing"), leaf("1")),
        node("equal", col("small"), leaf("one")),
        node("equal", col("note"), leaf("1")),  # texts that are no numbers
        node("equal", col("small", "decimal"), leaf("9", "decimal")),
        node("equal", col("small")),
        node("xor", NEVER, NEVER),
        node("not", NEVER, NEVER),
        node("and"),
        node("or", *[NEVER] * MAX_PARTS),
        {"op": "equal", "children": {"0": 1}},
        {"op": ["and"], "children": [NEVER]},
        {"op": "equal", "children": [{"op": "column", "name": ["small"], "valueType": "int"}] * 2},
        {"op": "equal", "children": [{"op": "column", "name": "small", "valueType": ["int"]}] * 2},
    ],
    ids=lambda predicate: str(predicate)[:60],
)
def test_what_cannot_be_understood_or_compared_leaves_nothing_out(is_kept, predicate):
    assert is_kept(predicate)
