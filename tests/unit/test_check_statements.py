"""A check asks the engine little, whatever the number of clauses; repeated keys take one more."""

from __future__ import annotations

import pytest

from meshport.checks.plan import plan
from meshport.checks.run import Surroundings, run_checks
from meshport.checks.spec import Status
from meshport.checks.table import TableSource
from meshport.warehouse import connect_memory
from tests.building import NOW, column, contract, table

OF_TEXT = {"pattern": "^[a-z0-9]+$", "minLength": 1, "maxLength": 8}
OF_NUMBER = {"minimum": 0, "maximum": 100, "multipleOf": 1}
PAIRS = {
    "id": "pairs",
    "type": "library",
    "metric": "duplicateValues",
    "mustBe": 0,
    "arguments": {"properties": ["thing_id", "size"]},
}
THINGS = contract(
    schema=[
        table(
            "things",
            column("thing_id", "VARCHAR", primaryKey=True, logicalTypeOptions=OF_TEXT),
            column("code", "VARCHAR", unique=True, logicalTypeOptions=OF_TEXT),
            column("size", "INTEGER", required=True, logicalTypeOptions=OF_NUMBER),
            quality=[PAIRS],
        )
    ]
)


def checked(query):
    """The results by id, and the statements that were sent."""
    con = connect_memory()
    con.execute(f"create table things as {query}")
    con.execute("call enable_logging('QueryLog')")
    source = {"things": TableSource("things")}
    audit = run_checks(con, THINGS, plan(THINGS), source, Surroundings(NOW, lambda _: "nowhere"))
    con.execute("call disable_logging()")
    sent = con.execute("select message from duckdb_logs where type = 'QueryLog'").fetchall()
    con.close()
    asked = [message for (message,) in sent if "_logging(" not in message]
    return {result.spec.id: result for result in audit.results}, asked


def test_a_table_is_described_once_and_scanned_once():
    rows = "select 'a' || n, 'c' || n, cast(n as integer) from range(9) as numbers(n)"
    results, sent = checked(f"select * from ({rows}) as t(thing_id, code, size)")

    assert len(results) == 18
    assert {one.status for one in results.values()} == {Status.PASSED}
    assert [sql.split()[0] for sql in sent] == ["describe", "select"]


@pytest.mark.parametrize(
    ("row", "failed"),
    [
        ("('a1', 'c9', 1)", {"primary_key": 1, "quality__pairs": 1}),
        ("('a9', 'c1', 1)", {"code__unique": 1}),
        ("('a9', null, 1), ('a8', null, 1)", {}),
    ],
)
def test_keys_that_repeat_are_counted_and_nulls_are_none(row, failed):
    rows = f"values ('a1', 'c1', 1), ('a2', 'c2', 1), {row}"
    results, _ = checked(f"select * from ({rows}) as t(thing_id, code, size)")

    repeated = {one.spec.id: one for one in results.values() if one.status is Status.FAILED}
    assert {name: one.failed_rows for name, one in repeated.items()} == failed
    assert all(one.sample_keys for one in repeated.values())
