"""What typed readers are told about a type is what DuckDB hands them: Parquet, Arrow, JSON."""

from __future__ import annotations

import json
from itertools import permutations

import duckdb
import pyarrow.parquet as pq
import pytest

from meshport.changes.relation import Relation
from meshport.changes.rules import RULES
from meshport.changes.types import compare_types
from meshport.changes.verdict import Consumer, Reader
from meshport.sql.native_type import native_type

INTEGERS = [
    "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT",
]  # fmt: skip
TYPES = [
    *INTEGERS, "HUGEINT", "DECIMAL(4,2)", "DECIMAL(9,2)", "DECIMAL(12,2)", "DECIMAL(12,4)", "FLOAT",
    "DOUBLE", "BOOLEAN", "DATE", "TIME", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS",
    "TIMESTAMPTZ", "VARCHAR", "UUID", "BLOB",
]  # fmt: skip
LOUD = (Consumer.WARN, Consumer.MAJOR)


@pytest.fixture(scope="module")
def handed_out(tmp_path_factory):
    """Type → what readers of Parquet and of Arrow see of a column of it."""
    file = tmp_path_factory.mktemp("types") / "t.parquet"
    found = {}
    with duckdb.connect() as con:
        for name in TYPES:
            column = f"select null::{name} as c"
            con.execute(f"copy ({column}) to '{file}' (format parquet)")
            arrow = con.sql(column).to_arrow_table().schema.field("c").type
            found[name] = (str(pq.read_schema(file).field("c").type), str(arrow))
    return found


def meant_for(reader, old, new):
    """The worst that a change of the type means to a kind of readers; None without a finding."""
    findings = compare_types(native_type(old), native_type(new), "")
    verdicts = [RULES[one.rule].verdict(one.relation, one.case) for one in findings]
    return max((one.for_readers({reader}) for one in verdicts), key=list(Consumer).index)


def test_typed_readers_are_warned_exactly_if_they_see_another_type(handed_out):
    warned = {pair for pair in permutations(TYPES, 2) if meant_for(Reader.TYPED, *pair) in LOUD}

    assert warned == {
        (old, new) for old, new in permutations(TYPES, 2) if handed_out[old] != handed_out[new]
    }


def test_the_length_of_a_text_is_seen_by_nobody_who_reads_files():
    with duckdb.connect() as con:
        (long,), (short,) = (
            con.sql(f"select 'x'::{name} as c").to_arrow_table().schema.types
            for name in ("VARCHAR", "VARCHAR(20)")
        )

    assert long == short
    # Who cuts texts at the old length has to hear of it all the same.
    assert meant_for(Reader.TYPED, "VARCHAR(20)", "VARCHAR") is Consumer.WARN
    assert meant_for(Reader.TYPED, "VARCHAR", "VARCHAR(20)") is Consumer.MINOR


def is_exact_in_json(name: str) -> bool:
    """Whether JSON's numbers, which most readers take for doubles, hold all integers of a type."""
    low, high = native_type(name).integer_range
    with duckdb.connect() as con:
        for value in (low, high, high - 1):
            (text,) = con.execute(f"select to_json(({value})::{name})").fetchone()
            if int(json.loads(text, parse_int=float)) != value:
                return False
    return True


def is_widened(old: str, new: str) -> bool:
    (finding,) = compare_types(native_type(old), native_type(new), "")
    return finding.relation is Relation.WEAKENED


def test_json_readers_break_exactly_where_a_wider_integer_is_no_longer_exact():
    widened = {pair for pair in permutations(INTEGERS, 2) if is_widened(*pair)}
    exact = {name for name in INTEGERS if is_exact_in_json(name)}

    assert {pair for pair in widened if meant_for(Reader.API, *pair) is Consumer.MAJOR} == {
        (old, new) for old, new in widened if old in exact and new not in exact
    }
    assert exact == set(INTEGERS) - {"BIGINT", "UBIGINT"}
