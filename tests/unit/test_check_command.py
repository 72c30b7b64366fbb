"""`meshport contract check` finds each planted fault, in a Parquet file and in a DuckDB file."""

from __future__ import annotations

import json
from datetime import datetime

import duckdb
import pytest

from meshport.cli.contract import check_command
from meshport.errors import MeshportError
from tests.building import column, contract_text, meshport, table

THINGS = table(
    "things",
    column("thing_id", "VARCHAR(36)", primaryKey=True, logicalTypeOptions={"format": "uuid"}),
    column("email", "VARCHAR(60)", logicalTypeOptions={"format": "email"}),
    column("piece_count", "INTEGER"),
    column("amount", "DECIMAL(12,2)", logicalTypeOptions={"multipleOf": 0.05}),
    column("seen_at", "TIMESTAMPTZ", logicalTypeOptions={"timezone": True}),
    column("code", "VARCHAR(8)"),
    column(
        "owner_id",
        "VARCHAR(8)",
        relationships=[
            {"id": "owner_exists", "to": "owners.v1.odcs.yaml#/schema/owners/properties/owner_id"}
        ],
    ),
)
GOOD = """
    select
        '8f14e45f-ceea-467f-a9af-55d0b1e3c7b0' as thing_id, 'ada@example.com' as email,
        5::integer as piece_count, 1.05::decimal(12,2) as amount,
        timestamptz '2026-01-01 00:00:00+00' as seen_at, 'abc' as code, 'o1' as owner_id
"""
FAULTS = {
    "an undeclared column": ("*, 'x' as extra", "undeclared_columns"),
    "BIGINT for INTEGER": ("* replace (piece_count::bigint as piece_count)", "piece_count__type"),
    "HUGEINT for INTEGER": ("* replace (piece_count::hugeint as piece_count)", "piece_count__type"),
    "DOUBLE for DECIMAL": ("* replace (amount::double as amount)", "amount__type"),
    "another scale": ("* replace (amount::decimal(18,6) as amount)", "amount__type"),
    "a timestamp without zone": ("* replace (seen_at::timestamp as seen_at)", "seen_at__timezone"),
    "a bad UUID": ("* replace ('no-uuid' as thing_id)", "thing_id__format"),
    "a bad e-mail": ("* replace ('nobody' as email)", "email__format"),
    "no multiple": ("* replace (1.07::decimal(12,2) as amount)", "amount__multipleOf"),
    "too long a text": ("* replace (repeat('x', 60) as code)", "code__length"),
    "a foreign key to nobody": ("* replace ('o9' as owner_id)", "reference__owner_exists"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The contract, and the owners that its foreign key points to."""
    made = tmp_path_factory.mktemp("check")
    (made / "things.odcs.yaml").write_bytes(contract_text(schema=[THINGS]))
    duckdb.sql(f"copy (select 'o1' as owner_id) to '{made}/owners.parquet' (format parquet)")
    return made


def written(folder, select: str, ending: str):
    """A file with the table `things`."""
    file = folder / f"things.{ending}"
    file.unlink(missing_ok=True)
    query = f"select {select} from ({GOOD})"
    with duckdb.connect() as con:
        con.execute("set timezone = 'UTC'")
        if ending == "parquet":
            con.execute(f"copy ({query}) to '{file}' (format parquet)")
        else:
            con.execute(f"attach '{file}' as written")
            con.execute(f"create table written.things as {query}")
    return file


def failed(folder, data, capsys) -> tuple[int, set[str]]:
    references = [f"shop.owners.v1={folder / 'owners.parquet'}"]
    code = check_command(folder / "things.odcs.yaml", data, references, "json")
    content = json.loads(capsys.readouterr().out)
    assert content["passed"] == (code == 0)
    return code, {one["id"] for one in content["checks"] if one["status"] != "passed"}


@pytest.mark.parametrize("ending", ["parquet", "duckdb"])
def test_data_that_keeps_the_promise_passes_every_check(folder, capsys, ending):
    assert failed(folder, written(folder, "*", ending), capsys) == (0, set())


@pytest.mark.parametrize("ending", ["parquet", "duckdb"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found_and_named(folder, capsys, fault, ending):
    select, check = FAULTS[fault]

    code, found = failed(folder, written(folder, select, ending), capsys)

    assert code == 1
    assert check in found
    assert {one.partition("__")[0] for one in found} == {check.partition("__")[0]}


def test_the_command_ends_with_its_answer_and_writes_a_document_of_the_draft(folder):
    data = written(folder, FAULTS["a bad e-mail"][0], "parquet")
    reference = f"shop.owners.v1={folder / 'owners.parquet'}"
    about = ("contract", "check", "things.odcs.yaml", "--data", data, "--reference", reference)

    told = meshport(*about, cwd=folder)
    oors = meshport(*about, "--format", "oors", cwd=folder)
    document = json.loads(oors.stdout)

    assert (told.returncode, oors.returncode) == (1, 1)
    assert "email__format" in told.stdout
    assert "promise broken" in told.stderr
    assert document["kind"] == "ObservabilityResults"
    assert datetime.fromisoformat(document["observedAt"]).tzinfo
    assert document["contract"]["contractID"] == "shop.things"
    broken = [one for one in document["results"] if one["status"] == "fail"]
    assert [one["id"] for one in broken] == ["email__format"]
    assert "nobody" not in oors.stdout


def test_a_contract_that_asks_for_nothing_has_no_document(folder):
    schema = [
        {"name": "things", "customProperties": [{"property": "additionalColumns", "value": True}]}
    ]
    (folder / "open.odcs.yaml").write_bytes(contract_text(schema=schema))
    data = written(folder, "*", "parquet")

    assert check_command(folder / "open.odcs.yaml", data, [], "json") == 0
    with pytest.raises(MeshportError) as caught:
        check_command(folder / "open.odcs.yaml", data, [], "oors")
    assert caught.value.code == "MP304"
