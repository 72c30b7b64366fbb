"""Each clause of a contract finds the row that breaks it and leaves the one that keeps it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from meshport.checks.external import check_data
from meshport.checks.plan import plan
from meshport.checks.spec import NotEnforced, Status
from tests.building import NOW, column, contract, table


def write(folder: Path, name: str, query: str) -> Path:
    file = folder / f"{name}.parquet"
    con = duckdb.connect()
    con.execute("set TimeZone = 'UTC'")
    con.execute(f"copy ({query}) to '{file}' (format parquet)")
    return file


def statuses(tmp_path, columns, query, **keys):
    """Check one table; the result is every check's status by id."""
    things = table("things", *columns, **keys)
    file = write(tmp_path, "things", query)
    audit = check_data(contract(schema=[things]), file, {}, NOW)
    return {result.spec.id: result for result in audit.results}


# clause, physical type, keys of the column, a value that keeps it, a value that breaks it
CASES = [
    ("required", "VARCHAR", {"required": True}, "'a'", "null"),
    ("unique", "INTEGER", {"unique": True}, "2", "1"),
    ("length", "VARCHAR(3)", {}, "'abc'", "'abcd'"),
    ("enum", "VARCHAR", {"enum": [{"value": "a"}]}, "'a'", "'b'"),
    ("minLength", "VARCHAR", {"logicalTypeOptions": {"minLength": 2}}, "'ab'", "'a'"),
    ("maxLength", "VARCHAR", {"logicalTypeOptions": {"maxLength": 2}}, "'ab'", "'abc'"),
    ("pattern", "VARCHAR", {"logicalTypeOptions": {"pattern": "^[a-z]+$"}}, "'ab'", "'a1'"),
    ("format", "VARCHAR", {"logicalTypeOptions": {"format": "email"}}, "'a@b.co'", "'a@b'"),
    ("format", "VARCHAR", {"logicalTypeOptions": {"format": "uuid"}}, "uuid()::varchar", "'1-2'"),
    ("format", "VARCHAR", {"logicalTypeOptions": {"format": "uri"}}, "'https://a.b/c'", "'a b'"),
    ("format", "VARCHAR", {"logicalTypeOptions": {"format": "ipv4"}}, "'1.2.3.4'", "'1.2.3.400'"),
    ("format", "VARCHAR", {"logicalTypeOptions": {"format": "ipv6"}}, "'::1'", "'1::g'"),
    ("format", "VARCHAR", {"logicalTypeOptions": {"format": "hostname"}}, "'a.b'", "'-a.b'"),
    ("format", "BIGINT", {"logicalTypeOptions": {"format": "i32"}}, "1::bigint", "3000000000"),
    ("minimum", "INTEGER", {"logicalTypeOptions": {"minimum": 0}}, "0", "-1"),
    ("maximum", "INTEGER", {"logicalTypeOptions": {"maximum": 9}}, "9", "10"),
    ("exclusiveMinimum", "INTEGER", {"logicalTypeOptions": {"exclusiveMinimum": 0}}, "1", "0"),
    ("exclusiveMaximum", "INTEGER", {"logicalTypeOptions": {"exclusiveMaximum": 9}}, "8", "9"),
    ("minimum", "DATE", {"logicalTypeOptions": {"minimum": "2020-01-01"}}, "date '2020-01-01'", "date '2019-12-31'"),
    ("multipleOf", "INTEGER", {"logicalTypeOptions": {"multipleOf": 5}}, "10", "11"),
    ("multipleOf", "DECIMAL(9,3)", {"logicalTypeOptions": {"multipleOf": 0.01}}, "0.07::decimal(9,3)", "0.071::decimal(9,3)"),
    ("multipleOf", "DOUBLE", {"logicalTypeOptions": {"multipleOf": 0.1}}, "0.3::double", "0.35::double"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("clause", "type_", "keys", "good", "bad"),
    CASES,
    ids=[f"{c[0]}-{c[1]}-{n}" for n, c in enumerate(CASES)],
)
def test_a_clause_finds_the_row_that_breaks_it(tmp_path, clause, type_, keys, good, bad):
    key = column("k", "INTEGER", primaryKey=True)
    columns = [key, column("c", type_, **keys)]
    bare = type_.partition("(")[0] if type_.startswith("VARCHAR") else type_

    def rows(last: str) -> str:
        first = "1" if clause == "unique" else good
        return (
            f"select k::integer as k, c::{bare} as c from "
            f"(values (1, {first}), (2, {good}), (3, {last})) t(k, c)"
        )

    kept = rows("3" if clause == "unique" else good)
    assert statuses(tmp_path, columns, kept)[f"c__{clause}"].status is Status.PASSED

    found = statuses(tmp_path, columns, rows(bad))[f"c__{clause}"]
    assert (found.status, found.failed_rows) == (Status.FAILED, 1)
    assert found.sample_keys == (({"c": "1"},) if clause == "unique" else ({"k": "3"},))


@pytest.mark.parametrize(
    ("promised", "delivered"),
    [
        ("INTEGER", "1::bigint"),
        ("INTEGER", "1::hugeint"),
        ("DECIMAL(12,2)", "1::double"),
        ("DECIMAL(12,2)", "1::decimal(18,6)"),
        ("TIMESTAMPTZ", "timestamp '2020-01-01'"),
        ("VARCHAR", "uuid()"),
        ("DATE", "timestamp '2020-01-01'"),
        ("BOOLEAN", "1"),
    ],
)
def test_another_native_type_than_promised_fails(tmp_path, promised, delivered):
    found = statuses(tmp_path, [column("c", promised)], f"select {delivered} as c")

    assert found["c__type"].status is Status.FAILED


@pytest.mark.parametrize("spelt", ["varchar( 12 )", "TEXT", "string", "Char(3)"])
def test_a_type_spelt_otherwise_is_the_same_type(tmp_path, spelt):
    things = {**column("c", "VARCHAR"), "physicalType": spelt}

    assert statuses(tmp_path, [things], "select 'a' as c")["c__type"].status is Status.PASSED


def test_an_undeclared_column_fails(tmp_path):
    found = statuses(tmp_path, [column("a", "INTEGER")], "select 1 as a, 'x@y.z' as email")

    assert found["undeclared_columns"].status is Status.FAILED
    assert "email" in found["undeclared_columns"].message


def test_a_missing_column_fails_one_check_and_the_others_could_not_run(tmp_path):
    keys = {"required": True, "logicalTypeOptions": {"minimum": 1}}

    found = statuses(
        tmp_path, [column("a", "INTEGER"), column("b", "INTEGER", **keys)], "select 1 as a"
    )

    assert found["b__type"].status is Status.FAILED
    assert found["b__required"].status is found["b__minimum"].status is Status.ERROR


def test_a_timestamp_without_zone_fails_where_one_is_promised(tmp_path):
    zoned = column("t_at", "TIMESTAMPTZ", logicalTypeOptions={"timezone": True})

    found = statuses(tmp_path, [zoned], "select timestamp '2020-01-01' as t_at")

    assert found["t_at__timezone"].status is Status.FAILED


def test_a_composite_key_may_repeat_its_parts_but_not_the_whole(tmp_path):
    key = [
        column("a", "INTEGER", primaryKey=True, primaryKeyPosition=1),
        column("b", "INTEGER", primaryKey=True, primaryKeyPosition=2),
    ]
    fine = "select * from (values (1, 1), (1, 2), (2, 1)) t(a, b)"
    twice = "select * from (values (1, 1), (1, 2), (1, 2)) t(a, b)"

    assert statuses(tmp_path, key, fine)["primary_key"].status is Status.PASSED
    assert statuses(tmp_path, key, twice)["primary_key"].sample_keys == ({"a": "1", "b": "2"},)


def test_a_reference_into_another_contract_finds_orphans(tmp_path):
    to = "../shop/owners.v1.odcs.yaml#/schema/owners/properties/owner_id"
    things = table("things", column("o", "INTEGER", relationships=[{"id": "owner", "to": to}]))
    file = write(tmp_path, "things", "select * from (values (1), (2), (null)) t(o)")
    owners = write(tmp_path, "owners", "select 1 as owner_id")

    audit = check_data(contract(schema=[things]), file, {"shop.owners.v1": owners}, NOW)

    (result,) = [r for r in audit.results if r.spec.id == "reference__owner"]
    assert (result.status, result.failed_rows, result.sample_keys) == (
        Status.FAILED,
        1,
        ({"o": "2"},),
    )


def test_a_reference_that_cannot_be_looked_up_says_so(tmp_path):
    to = "../shop/owners.v1.odcs.yaml#/schema/owners/properties/owner_id"
    owner = column("o", "INTEGER", relationships=[{"id": "owner", "to": to}])

    found = statuses(tmp_path, [owner], "select 1 as o")["reference__owner"]

    assert found.status is Status.NOT_ENFORCED
    assert "--reference" in found.message


RULES = [
    ({"metric": "rowCount", "mustBe": 3}, {"metric": "rowCount", "mustBeLessThan": 3}),
    ({"metric": "nullValues", "arguments": {"property": "n"}, "mustBeLessThan": 2},
     {"metric": "nullValues", "arguments": {"property": "n"}, "mustBe": 0}),
    ({"metric": "missingValues", "arguments": {"property": "s", "missingValues": ["x"]}, "mustBe": 1},
     {"metric": "missingValues", "arguments": {"property": "s", "missingValues": ["x"]}, "mustBe": 0}),
    ({"metric": "invalidValues", "arguments": {"property": "s", "validValues": ["a", "b", "x"]}, "mustBe": 0},
     {"metric": "invalidValues", "arguments": {"property": "s", "validValues": ["a", "b"]}, "mustBe": 0}),
    ({"metric": "invalidValues", "arguments": {"property": "s", "pattern": "^.$"}, "mustBe": 0},
     {"metric": "invalidValues", "arguments": {"property": "s", "pattern": "^[ab]$"}, "mustBe": 0}),
    ({"metric": "duplicateValues", "arguments": {"properties": ["k", "s"]}, "mustBe": 0},
     {"metric": "duplicateValues", "arguments": {"properties": ["d"]}, "mustBe": 0}),
    ({"metric": "nullValues", "arguments": {"property": "n"}, "mustBeLessThan": 50, "unit": "percent"},
     {"metric": "nullValues", "arguments": {"property": "n"}, "mustBeLessThan": 30, "unit": "percent"}),
    ({"type": "sql", "query": "select count(*) from {object} where k > 3", "mustBe": 0},
     {"type": "sql", "query": "select count(*) from {object} where k > 2", "mustBe": 0}),
    ({"type": "sql", "query": "select sum(k) from {object}", "mustBe": 6},
     {"type": "sql", "query": "select sum(k) from {object}", "mustBeGreaterThan": 6}),
    ({"type": "sql", "query": "select count(*) from {object} a join {object} b using (k)", "mustBe": 3},
     {"type": "sql", "query": "select count(*) from {object} a join {object} b using (k)", "mustBe": 4}),
    ({"type": "sql", "query": "select max(n) from ${table} where n is null", "mustNotBe": 1},
     {"type": "sql", "query": "select max(k) from ${table}", "mustNotBe": 3}),
]  # fmt: skip


@pytest.mark.parametrize(("kept", "broken"), RULES, ids=[f"rule{n}" for n in range(len(RULES))])
def test_a_quality_rule_is_held_against_its_threshold(tmp_path, kept, broken):
    columns = [column(n, "INTEGER") for n in ("k", "n", "d")] + [column("s", "VARCHAR")]
    rows = "select * from (values (1, 1, 1, 'a'), (2, null, 1, 'b'), (3, 3, 3, 'x')) t(k, n, d, s)"
    quality = [
        {"id": "kept", "type": "library", **kept},
        {"id": "broken", "type": "library", **broken},
    ]

    found = statuses(tmp_path, columns, rows, quality=quality)

    if "max(n)" in kept.get("query", ""):
        # A query that yields nothing keeps no promise.
        assert found["quality__kept"].status is Status.FAILED
    else:
        assert found["quality__kept"].status is Status.PASSED
    assert found["quality__broken"].status is Status.FAILED


def test_a_warning_does_not_break_the_promise(tmp_path):
    rule = {"id": "r", "type": "library", "metric": "rowCount", "mustBe": 9, "severity": "warning"}
    things = table("things", column("a", "INTEGER"), quality=[rule])

    audit = check_data(
        contract(schema=[things]), write(tmp_path, "things", "select 1 as a"), {}, NOW
    )

    assert audit.count(Status.FAILED) == 1
    assert audit.keeps_promise


def test_freshness_is_measured_on_the_data(tmp_path):
    level = {"id": "f", "property": "freshness", "value": 2, "unit": "h", "element": "things.t_at"}
    things = table("things", column("t_at", "TIMESTAMPTZ"))
    promised = contract(schema=[things], slaProperties=[level])
    youngest = datetime(2026, 11, 1, tzinfo=UTC)
    file = write(tmp_path, "things", f"select timestamptz '{youngest.isoformat()}' as t_at")

    def status(now):
        (result,) = [
            r for r in check_data(promised, file, {}, now).results if r.spec.id == "sla__f"
        ]
        return result.status

    assert status(youngest + timedelta(hours=2)) is Status.PASSED
    assert status(youngest + timedelta(hours=2, seconds=1)) is Status.FAILED


def test_a_check_that_could_not_run_is_an_error_and_hides_no_other(tmp_path):
    columns = [
        column("a", "VARCHAR", logicalTypeOptions={"pattern": "(?=x)"}),
        column("b", "VARCHAR", required=True),
    ]

    found = statuses(tmp_path, columns, "select 'a' as a, null::varchar as b")

    assert found["a__pattern"].status is Status.ERROR
    assert found["b__required"].status is Status.FAILED


def test_every_clause_is_checked_or_listed_with_a_reason():
    things = table(
        "things",
        column("a", "VARCHAR", encryptedName="x", partitioned=True),
        quality=[{"id": "t", "type": "text", "description": "Looks right."},
                 {"id": "c", "type": "custom", "engine": "soda", "implementation": "x"}],
    )  # fmt: skip
    promised = contract(
        schema=[things],
        slaProperties=[{"id": "availability", "property": "availability", "value": 99}],
    )

    left = {spec.id: spec.rule.why for spec in plan(promised) if isinstance(spec.rule, NotEnforced)}

    assert set(left) == {
        "a__encryptedName", "a__partitioned", "quality__t", "quality__c", "sla__availability"
    }  # fmt: skip
    assert all(left.values())


def test_ids_are_unique_and_fit_for_dagster():
    rules = [{"id": "x", "type": "library", "metric": "rowCount", "mustBe": n} for n in (1, 2)]
    things = table("things", column("a", "VARCHAR"), quality=rules)

    ids = [spec.id for spec in plan(contract(schema=[things]))]

    assert len(ids) == len(set(ids))
    assert all(name.replace("_", "").isalnum() and name.isascii() for name in ids)


@pytest.mark.parametrize("form", ["csv", "duckdb", "folder"])
def test_the_same_faults_are_found_in_other_forms_of_the_data(tmp_path, form):
    columns = [
        column("k", "INTEGER", primaryKey=True),
        column("amount", "DECIMAL(12,2)", logicalTypeOptions={"minimum": 0}),
        column("email", "VARCHAR", logicalTypeOptions={"format": "email"}),
    ]
    rule = {
        "id": "q",
        "type": "sql",
        "query": "select count(*) from {object} a, {object} b",
        "mustBe": 9,
    }
    things = table("things", *columns, quality=[rule])
    query = (
        "select * from (values (1, -1, 'a@b.co'), (1, 2, 'x'), (3, 3, null)) t(k, amount, email)"
    )
    con = duckdb.connect(str(tmp_path / "d.duckdb"))
    con.execute(
        f"create table things as select k, amount::decimal(12,2) as amount, email from ({query})"
    )
    con.execute(f"copy things to '{tmp_path}/things.csv' (header)")
    con.close()
    path = {"csv": tmp_path / "things.csv", "duckdb": tmp_path / "d.duckdb", "folder": tmp_path}[
        form
    ]

    audit = check_data(contract(schema=[things]), path, {}, NOW)

    failed = {r.spec.id for r in audit.results if r.status is Status.FAILED}
    assert failed == {"primary_key", "amount__minimum", "email__format"}


def test_text_that_is_no_number_fails_its_type_in_a_csv_file(tmp_path):
    (tmp_path / "things.csv").write_text("n,d\n1,2020-01-01\nx,2020-02-31\n")
    things = table("things", column("n", "INTEGER"), column("d", "DATE"))

    audit = check_data(contract(schema=[things]), tmp_path / "things.csv", {}, NOW)

    failed = {r.spec.id: r.failed_rows for r in audit.results if r.status is Status.FAILED}
    assert failed == {"n__type": 1, "d__type": 1}


def test_names_with_quotes_dots_and_emoji_are_checked_like_others(tmp_path):
    odd = 'a "b".c 🙂'
    quoted = odd.replace('"', '""')

    found = statuses(
        tmp_path, [column(odd, "INTEGER", required=True)], f'select null::integer as "{quoted}"'
    )

    assert [r.status for r in found.values() if r.spec.clause.endswith("required")] == [
        Status.FAILED
    ]
