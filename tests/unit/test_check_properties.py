"""Properties of the checks, with DuckDB and Python as oracles of each other."""

from __future__ import annotations

import re
import uuid

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshport.checks.formats import TEXT_FORMATS, integer_range
from meshport.checks.implied import implied_results
from meshport.checks.keys import check_reference, check_unique
from meshport.checks.plan import plan
from meshport.checks.spec import ReferenceRule, Status, UniqueRule
from meshport.checks.table import TableSource, TableUnderCheck
from tests.building import column, contract, table

con = duckdb.connect()
keys = st.lists(
    st.tuples(st.sampled_from([None, 1, 2, 3]), st.sampled_from([None, "a", "b"])), max_size=12
)


def under(rows):
    con.execute("create or replace table t (a integer, b varchar)")
    if rows:
        con.executemany("insert into t values (?, ?)", rows)
    things = table(
        "t",
        column("a", "INTEGER", primaryKey=True, primaryKeyPosition=1),
        column("b", "VARCHAR", primaryKey=True, primaryKeyPosition=2),
    )
    promised = contract(schema=[things])
    return TableUnderCheck.look(con, promised.table, TableSource("t")), plan(promised)


@settings(max_examples=60, deadline=None)
@given(keys)
def test_rows_beyond_the_first_of_a_key_are_counted_exactly(rows):
    table_, specs = under(rows)
    (spec,) = [spec for spec in specs if isinstance(spec.rule, UniqueRule)]

    complete = [row for row in rows if None not in row]

    assert check_unique(con, table_, spec, len(rows)).failed_rows == len(complete) - len(
        set(complete)
    )


@settings(max_examples=60, deadline=None)
@given(keys, st.sets(st.sampled_from([1, 2, 3])))
def test_orphans_are_counted_exactly_and_nulls_are_none(rows, there):
    table_, _ = under(rows)
    to = "../x/owners.v1.odcs.yaml#/schema/owners/properties/id"
    things = table("t", column("a", "INTEGER", relationships=[{"to": to}]))
    (spec,) = [s for s in plan(contract(schema=[things])) if isinstance(s.rule, ReferenceRule)]
    listed = ", ".join(f"({n})" for n in there) or "(null)"
    target = TableSource(f"(select * from (values {listed}) o(id))")

    found = check_reference(con, table_, spec, target)

    assert found.failed_rows == sum(a is not None and a not in there for a, _ in rows)


@given(st.uuids())
def test_every_uuid_has_the_uuid_format(value):
    assert re.fullmatch(TEXT_FORMATS["uuid"], str(value))


@given(st.emails())
def test_ordinary_addresses_have_the_email_format(address):
    # RFC 5321 allows far more than browsers do; what Hypothesis makes is the part both share.
    if address.isascii() and not address.startswith('"') and "." in address.partition("@")[2]:
        assert re.fullmatch(TEXT_FORMATS["email"], address)


@given(st.ip_addresses(v=4))
def test_every_ipv4_address_has_its_format(address):
    assert re.fullmatch(TEXT_FORMATS["ipv4"], str(address))


@given(st.ip_addresses(v=6))
def test_every_ipv6_address_has_its_format(address):
    assert re.fullmatch(TEXT_FORMATS["ipv6"], str(address))


@given(st.datetimes(timezones=st.timezones()))
def test_every_instant_has_the_date_time_format(moment):
    if moment.utcoffset() is not None and moment.utcoffset().seconds % 60 == 0:
        assert re.fullmatch(TEXT_FORMATS["date-time"], moment.isoformat())


@pytest.mark.parametrize("name", sorted(TEXT_FORMATS))
def test_the_engine_and_python_agree_on_a_format(name):
    values = [str(uuid.UUID(int=5)), "a@b.co", "https://a.b", "a.b", "1.2.3.4", "::1", "2020-01-31",
              "12:30:00", "2020-01-31T12:30:00Z", "", "x y", "-", "a@b", "999.1.1.1"]  # fmt: skip
    for value in values:
        told = con.execute(
            "select regexp_full_match(?, ?)", [value, TEXT_FORMATS[name]]
        ).fetchall()[0][0]
        assert told == bool(re.fullmatch(TEXT_FORMATS[name], value))


@given(st.sampled_from([8, 16, 32, 64]), st.booleans())
def test_an_integer_format_holds_what_the_engines_type_of_that_size_holds(bits, is_signed):
    native = {8: "TINYINT", 16: "SMALLINT", 32: "INTEGER", 64: "BIGINT"}[bits]
    low, high = integer_range(f"{'i' if is_signed else 'u'}{bits}")
    name = native if is_signed else f"U{native}"

    def fits(number):
        return con.execute(f"select try_cast({number}::hugeint as {name}) is not null").fetchall()[
            0
        ][0]

    assert fits(low)
    assert fits(high)
    assert not fits(low - 1)
    assert not fits(high + 1)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sampled_from(["a", "bb", "ccc", "D"]), min_size=1, max_size=6),
    st.sampled_from(["^[a-z]+$", "^.{1,2}$", "^[A-Z]$"]),
    st.sampled_from(["^[a-z]+$", "^.{1,2}$"]),
)
def test_what_a_reference_implies_is_what_asking_every_row_finds(parents, theirs, ours):
    """Children that all stand in a table which keeps the same pattern keep it too."""
    kept = [p for p in parents if re.search(theirs, p)]
    to = "../x/p.v1.odcs.yaml#/schema/p/properties/pk"
    parent = contract(
        schema=[table("p", column("pk", "VARCHAR", logicalTypeOptions={"pattern": theirs}))]
    )
    child = contract(
        schema=[
            table(
                "c",
                column(
                    "ck",
                    "VARCHAR",
                    logicalTypeOptions={"pattern": ours},
                    relationships=[{"to": to}],
                ),
            )
        ]
    )
    specs = plan(child)
    (reference,) = [s for s in specs if isinstance(s.rule, ReferenceRule)]
    con.execute("create or replace table c (ck varchar)")
    for value in kept:
        con.execute("insert into c values (?)", [value])
    look = TableUnderCheck.look(con, child.table, TableSource("c"))
    listed = ", ".join(f"('{p}')" for p in kept) or "(null)"
    passed = check_reference(
        con, look, reference, TableSource(f"(select * from (values {listed}) o(pk))")
    )

    implied = list(implied_results(specs, passed, parent))

    assert passed.status is Status.PASSED
    assert bool(implied) == (theirs == ours)
    if implied:
        assert all(re.search(ours, value) for value in kept)
