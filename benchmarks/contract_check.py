"""`meshport contract check` of 56 clauses on 300,000 rows, beside `datacontract test` on the file.

Both check the same contract and the same Parquet file in one run, each in a process that is warm.
Statements are counted where they reach DuckDB, questions about metadata too; settings apart.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.peers import DATACONTRACT_DUCKDB, python_with
from meshport import warehouse
from meshport.checks.external import check_data
from meshport.checks.plan import plan
from meshport.checks.run import Audit
from meshport.checks.spec import NotEnforced, SqlRule
from meshport.contracts.model import Contract
from meshport.contracts.read import read_contract
from meshport.sandbox import engine
from meshport.sandbox.question import TableFiles
from meshport.yaml_file import dump_yaml

ROWS = 300_000
CLAUSES = 56
STATEMENTS, SECONDS = 6, 0.6
STATUSES = ["placed", "paid", "shipped", "delivered", "returned"]


def measure(runs: int) -> tuple[int, float]:
    """Print both; the result is our number of statements and our median seconds."""
    with tempfile.TemporaryDirectory(prefix="meshport-check-") as folder:
        files = _write(Path(folder))
        contract = read_contract(files["contract"])
        specs = [spec for spec in plan(contract) if not isinstance(spec.rule, NotEnforced)]
        print(f"\nContract check: {len(specs)} clauses on {ROWS:,} rows of Parquet, in process")
        assert len(specs) == CLAUSES
        audit, sent = _counted(contract, files)
        assert audit.keeps_promise, [r.message for r in audit.results if r.breaks_promise]
        times = [_timed(contract, files) for _ in range(runs + 1)][1:]
        seconds, statements = statistics.median(times), sent["table"] + sent["sandbox"]
        print(f"  ours    {_line(times, statements, sent['settings'])}")
        print(f"          aim: at most {SECONDS} s and {STATEMENTS} statements")
        print(f"          {sent['table']} over the table, {sent['sandbox']} in the sandbox")
        _peer(files, runs)
        return statements, seconds


def _timed(contract: Contract, files: dict[str, Path]) -> float:
    start = time.perf_counter()
    _check(contract, files)
    return time.perf_counter() - start


def _check(contract: Contract, files: dict[str, Path]) -> Audit:
    references = {"customers.v1": files["customers"]}
    return check_data(contract, files["order_lines"], references, datetime.now(UTC))


def _line(times: list[float], statements: int, settings: int) -> str:
    spread = f"{min(times):.2f} to {max(times):.2f}"
    sent = f"{statements} statements and {settings} settings"
    return f"{statistics.median(times):5.2f} s ({spread}), {sent}"


def _peer(files: dict[str, Path], runs: int) -> None:
    python = python_with(DATACONTRACT_DUCKDB)
    if python is None:
        print(f"  theirs  {DATACONTRACT_DUCKDB} is not here to compare with")
        return
    script = Path(__file__).parent / "peers" / "datacontract_test.py"
    done = subprocess.run(
        [python, script, files["contract"], str(runs)],
        capture_output=True, text=True, check=True, cwd=files["contract"].parent,
    )  # fmt: skip
    found = json.loads(done.stdout.splitlines()[-1])
    print(f"  theirs  {_line(found['seconds'], **found['sent'])}")
    print(f"          {found['results']}")


@contextmanager
def _counting(place: Any, count: Counter[str], name: str) -> Iterator[None]:
    """Count what is sent to the connections that a module opens."""

    class Counting:
        def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
            self.con = con

        def execute(self, query: str, *given: Any) -> Any:
            for statement in duckdb.extract_statements(query):
                is_setting = statement.type == duckdb.StatementType.SET
                count["settings" if is_setting else name] += 1
            return self.con.execute(query, *given)

        def sql(self, query: str) -> Any:
            count[name] += 1
            return self.con.sql(query)

        def __getattr__(self, attribute: str) -> Any:
            return getattr(self.con, attribute)

    class Module:
        def connect(self, *given: Any, **named: Any) -> Counting:
            return Counting(connect(*given, **named))

        def __getattr__(self, attribute: str) -> Any:
            return getattr(duckdb, attribute)

    connect, place.duckdb = duckdb.connect, Module()
    try:
        yield
    finally:
        place.duckdb = duckdb


def _counted(contract: Contract, files: dict[str, Path]) -> tuple[Audit, Counter[str]]:
    """One check, and what it sent; what a sandboxed process does is done here again to count it."""
    sent: Counter[str] = Counter()
    with _counting(warehouse, sent, "table"):
        audit = _check(contract, files)
    granted = asdict(TableFiles("", "order_lines", [str(files["order_lines"])]))
    with _counting(engine, sent, "sandbox"):
        for spec in plan(contract):
            if isinstance(spec.rule, SqlRule):
                con = engine.boot()
                engine.parse(con, spec.rule.query)
                engine.open_tables(con, [granted])
                engine.Question(con, spec.rule.query).first_value()
    return audit, sent


def _write(folder: Path) -> dict[str, Path]:
    files = {name: folder / f"{name}.parquet" for name in ("order_lines", "customers")}
    files["contract"] = folder / "order_lines.v1.odcs.yaml"
    files["contract"].write_text(dump_yaml(_contract(files["order_lines"])))
    con = duckdb.connect()
    con.execute("set TimeZone = 'UTC'")
    for name, query in _QUERIES.items():
        con.execute(f"copy ({query}) to '{files[name]}' (format parquet)")
    con.close()
    return files


_QUERIES = {
    "order_lines": f"""
        select
            cast(md5(cast(n as varchar)) as uuid)::varchar as line_id,
            'O-' || lpad(cast(n // 3 as varchar), 9, '0') as order_id,
            cast(1 + n % 3 as integer) as line_number,
            'C-' || lpad(cast(n // 3 * 7919 % 20000 as varchar), 6, '0') as customer_id,
            case when n % 9 > 0 then 'buyer.' || n // 3 * 7919 % 20000 || '@example.com' end
                as customer_email,
            ['{"', '".join(STATUSES)}'][1 + n * 31 % 5] as order_status,
            now() - to_seconds(3600 + cast(n as bigint) * 60) as ordered_at,
            current_date - cast(n // 1440 as integer) as promised_on,
            cast(1 + n * 37 % 9 as integer) as quantity,
            cast((1 + n * 7919 % 9999) / 100.0 as decimal(12, 2)) as unit_amount,
            cast((1 + n * 37 % 9) * (1 + n * 7919 % 9999) / 100.0 as decimal(12, 2))
                as line_amount,
            'EUR' as currency_code
        from range({ROWS}) as numbers(n)
    """,
    "customers": """
        select 'C-' || lpad(cast(n as varchar), 6, '0') as customer_id
        from range(20000) as numbers(n)
    """,
}


def _column(name: str, kind: str | None, logical: str, **keys: Any) -> dict[str, Any]:
    physical = {"physicalType": kind} if kind else {}
    return {"name": name, **physical, "logicalType": logical, **keys}


def _contract(data: Path) -> dict[str, Any]:
    must, money = {"required": True}, {"minimum": 0, "maximum": 1000000, "multipleOf": 0.01}
    customer = "../customers/customers.v1.odcs.yaml#/schema/customers/properties/customer_id"
    columns = [
        _column("line_id", "VARCHAR", "string", **must, primaryKey=True, primaryKeyPosition=1,
                logicalTypeOptions={"format": "uuid", "minLength": 36, "maxLength": 36}),
        _column("order_id", "VARCHAR(11)", "string", **must,
                logicalTypeOptions={"pattern": "^O-[0-9]{9}$"}),
        _column("line_number", "INTEGER", "integer", **must,
                logicalTypeOptions={"minimum": 1, "maximum": 99}),
        _column("customer_id", "VARCHAR(8)", "string", **must,
                logicalTypeOptions={"pattern": "^C-[0-9]{6}$"},
                relationships=[{"to": customer}]),
        _column("customer_email", "VARCHAR(254)", "string", logicalTypeOptions={"format": "email"}),
        _column("order_status", "VARCHAR(16)", "string", **must,
                enum=[{"value": one} for one in STATUSES]),
        # The peer cannot read a Parquet file whose contract says TIMESTAMPTZ.
        _column("ordered_at", None, "timestamp", **must,
                logicalTypeOptions={"timezone": True, "minimum": "2016-01-01T00:00:00Z"}),
        _column("promised_on", "DATE", "date", logicalTypeOptions={"minimum": "2016-01-01"}),
        _column("quantity", "INTEGER", "integer", **must,
                logicalTypeOptions={"minimum": 1, "maximum": 1000}),
        _column("unit_amount", "DECIMAL(12,2)", "number", **must, logicalTypeOptions=money),
        _column("line_amount", "DECIMAL(12,2)", "number", **must, logicalTypeOptions=money),
        _column("currency_code", "VARCHAR(3)", "string", **must,
                logicalTypeOptions={"pattern": "^[A-Z]{3}$"}),
    ]  # fmt: skip
    return {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": "orders.order_lines",
        "version": "1.0.0",
        "status": "active",
        "servers": [{"server": "here", "type": "local", "path": str(data), "format": "parquet"}],
        "schema": [{
            "name": "order_lines", "physicalName": "order_lines", "physicalType": "table",
            "logicalType": "object", "properties": columns, "quality": _quality(),
        }],
        "slaProperties": [
            {"property": "freshness", "value": 48, "unit": "h",
             "element": "order_lines.ordered_at"},
        ],
    }  # fmt: skip


def _quality() -> list[dict[str, Any]]:
    """A library rule over rows, one over keys, one query that fits a scan and one that does not."""
    wrong = "select count(*) from {object} where line_amount <> quantity * unit_amount"
    mixed = (
        "select count(*) from (select order_id from {object} group by order_id "
        "having min(customer_id) <> max(customer_id))"
    )
    keys = {"properties": ["order_id", "line_number"]}
    return [
        {"id": "rows", "type": "library", "metric": "rowCount", "mustBeGreaterThan": 0},
        {"id": "key", "type": "library", "metric": "duplicateValues", "mustBe": 0,
         "arguments": keys},
        {"id": "amount", "type": "sql", "query": wrong, "mustBe": 0},
        {"id": "one_customer", "type": "sql", "query": mixed, "mustBe": 0},
    ]  # fmt: skip


if __name__ == "__main__":
    measure(7)
