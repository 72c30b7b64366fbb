""" "Compatible for readers" means: every value that the new promise allows, the old one allowed.

DuckDB is the oracle: it says which values a bound, a list, a threshold or a type accepts.
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshport.changes.accepted import Interval, NumberSet
from meshport.changes.bounds import bounds_of
from meshport.changes.compare import compare
from meshport.changes.examples import base, edits
from meshport.changes.judgement import Surroundings
from meshport.changes.quality import accepted_by, relation_of
from meshport.changes.relation import Relation, combined, of_sets
from meshport.changes.types import compare_types
from meshport.changes.values import alternatives
from meshport.contracts.threshold import OPERATORS, Threshold
from meshport.sql.native_type import native_type
from meshport.sql.parsed_type import parsed_type

COMPATIBLE = (Relation.EQUAL, Relation.STRENGTHENED)
AROUND = Surroundings(today=date(2026, 11, 21))

numbers = st.integers(-4, 4) | st.sampled_from([0.5, -0.5, 1.25, 3.75])


@st.composite
def number_sets(draw, is_whole=False):
    parts = []
    for _ in range(draw(st.integers(0, 3))):
        low, high = sorted((draw(numbers), draw(numbers)))
        ends = draw(st.sampled_from(["closed", "open", "low", "high"]))
        parts.append(
            Interval(
                Fraction(str(low)) if ends != "high" else float("-inf"),
                Fraction(str(high)) if ends != "low" else float("inf"),
                ends == "open",
                ends == "open",
            )
        )
    return NumberSet.of(parts, is_whole=is_whole)


PROBES = [Fraction(n, 8) for n in range(-48, 49)]
"""Bounds are quarters between -4 and 4: eighths lie between any two of them and beyond all."""


@given(number_sets(), number_sets())
def test_a_set_lies_within_another_exactly_if_all_its_numbers_do(left, right):
    assert left.is_within(right) == all(right.holds(n) for n in PROBES if left.holds(n))


@given(number_sets(is_whole=True), number_sets(is_whole=True))
def test_sets_of_whole_numbers_are_compared_by_their_members(left, right):
    whole = [Fraction(n) for n in range(-50, 51)]
    held = all(right.holds(number) for number in whole if left.holds(number))

    assert left.is_within(right) == held


@given(number_sets(), number_sets())
def test_the_relation_turns_round_when_old_and_new_change_places(left, right):
    assert of_sets(left, right) == of_sets(right, left).reversed


@given(st.lists(st.sampled_from(list(Relation)), max_size=5), st.randoms())
def test_clauses_combine_in_any_order_to_the_same_relation(relations, random):
    shuffled = random.sample(relations, len(relations))

    assert combined(relations) == combined(shuffled)
    assert combined([*relations, Relation.EQUAL]) == combined(relations)


@st.composite
def thresholds(draw):
    operator = draw(st.sampled_from(OPERATORS))
    bounds = tuple(sorted((draw(st.integers(0, 6)), draw(st.integers(0, 6)))))
    return Threshold(operator, bounds if operator.endswith("Between") else bounds[:1])


@settings(max_examples=300)
@given(thresholds(), thresholds())
def test_thresholds_relate_as_the_counts_they_accept_do(old, new):
    rows = duckdb.sql("select n from range(0, 40) t(n)").fetchall()
    old_accepts, new_accepts = ({n for (n,) in rows if one.accepts(n)} for one in (old, new))

    relation = relation_of(old, new, counts_rows=True)

    assert (relation in COMPATIBLE) == (new_accepts <= old_accepts)
    assert (relation in (Relation.EQUAL, Relation.WEAKENED)) == (old_accepts <= new_accepts)


@given(thresholds())
def test_a_threshold_accepts_what_its_set_holds(threshold):
    assert all(
        accepted_by(threshold, counts_rows=True).holds(Fraction(n)) == threshold.accepts(n)
        for n in range(40)
    )


options = st.fixed_dictionaries(
    {},
    optional={
        "minimum": st.integers(-5, 5),
        "maximum": st.integers(-5, 5),
        "exclusiveMinimum": st.integers(-5, 5),
        "exclusiveMaximum": st.integers(-5, 5),
    },
)


@settings(max_examples=300)
@given(options, options)
def test_bounds_are_compatible_exactly_if_no_new_value_was_ruled_out_before(old, new):
    def accepted(bounds):
        words = {
            "minimum": ">=", "maximum": "<=", "exclusiveMinimum": ">", "exclusiveMaximum": "<",
        }  # fmt: skip
        where = " and ".join(f"n {words[key]} {value}" for key, value in bounds.items()) or "true"
        query = f"select n from range(-20, 20) t(n) where {where}"
        return {n for (n,) in duckdb.sql(query).fetchall()}

    sets = [
        dict(bounds_of({"logicalType": "integer", "logicalTypeOptions": one})).get(
            "range", NumberSet.of([Interval()], is_whole=True)
        )
        for one in (old, new)
    ]

    assert (of_sets(*sets) in COMPATIBLE) == (accepted(new) <= accepted(old))


TYPES = [
    "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT",
    "DECIMAL(4,0)", "DECIMAL(4,2)", "DECIMAL(6,2)", "DECIMAL(6,4)", "DECIMAL(9,2)", "DECIMAL(18,6)",
]  # fmt: skip
EDGES = [
    "0", "0.1", "0.01", "0.001", "0.0001", "99", "99.99", "127", "128", "255", "256", "9999",
    "32767", "65535", "65536", "2147483647", "2147483648", "4294967295", "4294967296",
    "9223372036854775807", "18446744073709551615", "999999.99", "9999.99", "-1", "-128", "-129",
    "-32768", "-2147483648", "-9223372036854775808",
]  # fmt: skip


def held_by(type_name: str) -> set[str]:
    """Those of the edge values that a column of the type holds unchanged."""
    values = ", ".join(f"('{text}', '{text}'::decimal(38,8))" for text in EDGES)
    held = f"try_cast(n as {type_name})::decimal(38,8) = n"
    rows = duckdb.sql(f"select t from (values {values}) v(t, n) where {held}").fetchall()
    return {text for (text,) in rows}


HELD = {name: held_by(name) for name in TYPES}


@pytest.mark.parametrize("old", TYPES)
@pytest.mark.parametrize("new", TYPES)
def test_a_type_is_narrower_exactly_if_it_holds_fewer_values(old, new):
    findings = list(compare_types(native_type(old), native_type(new), ""))
    relation = findings[0].relation if findings else Relation.EQUAL

    if native_type(old).family != native_type(new).family:
        assert relation is Relation.INCOMPARABLE
        return
    assert (relation in COMPATIBLE) == (HELD[new] <= HELD[old])
    assert (relation in (Relation.EQUAL, Relation.WEAKENED)) == (HELD[old] <= HELD[new])


@pytest.mark.parametrize(
    "name",
    [*TYPES, "DOUBLE", "BOOLEAN", "DATE", "TIMESTAMP", "TIMESTAMPTZ", "UUID", "decimal(9,2)"],
)
def test_an_everyday_type_means_what_the_parser_reads(name):
    assert native_type(name) == parsed_type(name, "duckdb")


def written_as(type_name: str, tmp_path) -> str:
    """The type that a Parquet reader sees of a column of this type."""
    file = tmp_path / "t.parquet"
    duckdb.sql(f"copy (select null::{type_name} as c) to '{file}' (format parquet)")
    return duckdb.sql(f"describe select * from '{file}'").fetchall()[0][1]


@pytest.mark.parametrize("wide", ["HUGEINT", "UHUGEINT"])
def test_huge_integers_lose_digits_in_parquet(tmp_path, wide):
    (finding,) = compare_types(native_type("BIGINT"), native_type(wide), "")

    assert finding.rule == "TYP03"
    assert written_as(wide, tmp_path) == "DOUBLE"


@pytest.mark.parametrize(
    "pair",
    [("TINYINT", "SMALLINT"), ("INTEGER", "BIGINT"), ("DECIMAL(9,2)", "DECIMAL(12,2)"),
     ("FLOAT", "DOUBLE"), ("UUID", "VARCHAR"), ("TIMESTAMP", "TIMESTAMPTZ")],
)  # fmt: skip
def test_what_typed_readers_are_warned_of_is_another_type_in_parquet(tmp_path, pair):
    old, new = pair
    findings = list(compare_types(native_type(old), native_type(new), ""))

    assert findings
    assert written_as(old, tmp_path) != written_as(new, tmp_path)


@pytest.mark.parametrize("pair", [("VARCHAR(20)", "VARCHAR(40)"), ("VARCHAR", "VARCHAR(8)")])
def test_the_length_of_texts_is_not_seen_in_parquet(tmp_path, pair):
    assert written_as(pair[0], tmp_path) == written_as(pair[1], tmp_path)


words = st.sampled_from(["SP", "RJ", "MG", "A B", "x-y", "1"])


@given(st.sets(words, min_size=1), st.sets(words, min_size=1))
def test_patterns_of_alternatives_relate_as_the_words_they_match(old, new):
    def matched(pattern):
        rows = duckdb.execute(
            "select w from (select unnest(?) as w) where regexp_matches(w, ?)",
            [["SP", "RJ", "MG", "A B", "x-y", "1", "SPX", ""], pattern],
        ).fetchall()
        return {word for (word,) in rows}

    for listed in (old, new):
        pattern = f"^({'|'.join(sorted(listed))})$"
        assert alternatives(pattern) == matched(pattern) == listed


@pytest.mark.parametrize(
    "pattern", ["^a|b$", "a|b", "^(a|b)", "^[ab]$", "^(a.|b)$", "(a|b)$", "^a+$"]
)
def test_a_pattern_that_is_no_list_of_words_is_not_taken_for_one(pattern):
    assert alternatives(pattern) is None


TURNED = {
    Relation.EQUAL: Relation.EQUAL,
    Relation.INCOMPARABLE: Relation.INCOMPARABLE,
    Relation.UNKNOWN: Relation.UNKNOWN,
    Relation.STRENGTHENED: Relation.WEAKENED,
    Relation.WEAKENED: Relation.STRENGTHENED,
}


ONE_WAY = {"ACC02", "SLA06"}
"""Whoever gains access or drops a legal duty: somebody has to look, whatever the direction."""


@pytest.mark.parametrize(
    "edit",
    [e for e in edits() if e.rule not in {None, *ONE_WAY}],
    ids=lambda e: f"{e.rule}: {e.say}",
)
def test_an_edit_taken_back_relates_the_other_way_round(edit):
    there = combined(one.relation for one in compare(base(), edit.applied(), AROUND))
    back = combined(one.relation for one in compare(edit.applied(), base(), AROUND))

    assert TURNED[there] == back
