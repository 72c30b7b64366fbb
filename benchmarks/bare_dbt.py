"""The same four dbt projects without the platform: load, dbt build, one plain export per port.

A process of its own, so that it starts as cold as `meshport run` does:
python -m benchmarks.bare_dbt SOURCE_FOLDER WORK_FOLDER
"""

from __future__ import annotations

import importlib
import os
import sys
import time
from pathlib import Path

import duckdb

ORDER = ("catalog", "orders", "logistics", "customers")
INPUTS = {
    "orders": ("catalog__items_v1", "catalog__sellers_v1"),
    "logistics": ("catalog__sellers_v1", "orders__orders_v1", "orders__order_lines_v1"),
    "customers": ("orders__orders_v1", "logistics__shipments_v1"),
}


def main(source: Path, work: Path) -> None:
    from dbt.cli.main import dbtRunner

    seconds = {"load": 0.0, "build": 0.0, "export": 0.0}
    for domain in ORDER:
        warehouse = work / f"{domain}_warehouse.duckdb"
        start = time.perf_counter()
        load(domain, source, warehouse, work)
        loaded = time.perf_counter()
        os.environ["MESHPORT_WAREHOUSE"] = str(warehouse)
        target = str(work / "target" / domain)
        result = dbtRunner().invoke(
            ["--quiet", "--log-level-file", "none", "build"]
            + ["--project-dir", f"domains/{domain}/dbt", "--profiles-dir", "platform/dbt"]
            + ["--target-path", target, "--log-path", target]
        )
        assert result.success, result.exception
        built = time.perf_counter()
        export(domain, warehouse, work)
        seconds["load"] += loaded - start
        seconds["build"] += built - loaded
        seconds["export"] += time.perf_counter() - built
    print(" ".join(f"{stage} {value:.2f}" for stage, value in seconds.items()))


def load(domain: str, source: Path, warehouse: Path, work: Path) -> None:
    con = duckdb.connect(str(warehouse))
    con.execute("create schema if not exists raw; create schema if not exists inputs")
    for extract in importlib.import_module(f"domains.{domain}.sources").EXTRACTS:
        kept = ", ".join(f'"{name}"' for name in extract.columns)
        types = ", ".join(f"'{name}': '{kind}'" for name, kind in extract.columns.items())
        file = source / f"{extract.file}.csv"
        con.execute(
            f"create or replace table raw.{extract.table} as select {kept} "
            f"from read_csv('{file}', header = true, types = {{{types}}})"
        )
    for name in INPUTS.get(domain, ()):
        file = work / f"{name}.parquet"
        con.execute(f"create or replace view inputs.{name} as from '{file}'")
    con.close()


def export(domain: str, warehouse: Path, work: Path) -> None:
    con = duckdb.connect(str(warehouse))
    con.execute("set TimeZone = 'UTC'")
    tables = con.execute(
        "select table_name from duckdb_tables() where schema_name = 'output_ports'"
    ).fetchall()
    for (table,) in tables:
        file = work / f"{domain}__{table}.parquet"
        con.execute(f"copy output_ports.{table} to '{file}' (format parquet)")
    con.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
