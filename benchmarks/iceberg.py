"""A whole port with pyiceberg and with DuckDB, beside the same readers over the file on disk.

python -m benchmarks.iceberg [RUNS]
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from benchmarks.full_read import AIM, PORT, compare, file_of, main, serving
from benchmarks.measure import Times


def measure(home: Path, runs: int) -> None:
    """Print how long a full read of orders.orders takes either way: into Arrow, into pandas."""
    import pyarrow.parquet as pq
    from pyiceberg.catalog.rest import RestCatalog

    file = file_of(home)
    with serving(home) as (address, secret):
        catalog = RestCatalog("mesh", uri=f"{address}/iceberg", token=secret)

        def load():
            return catalog.load_table(str(PORT)).scan().to_arrow()

        whole, loaded = pq.read_table(file), load()
        assert loaded.cast(whole.schema).equals(whole)
        rows = whole.num_rows
        del whole, loaded
        title = f"A full read of {PORT} with pyiceberg: {rows:,} rows"
        ways = {"pyarrow.read_table": lambda: pq.read_table(file), "to_arrow": load}
        compare(title, file, ways, runs)
        ways = {
            "read_table, to_pandas": lambda: pq.read_table(file).to_pandas(),
            "to_arrow, to_pandas": lambda: load().to_pandas(),
        }
        compare(f"{title}, into pandas", file, ways, runs)
        _in_duckdb(file, address, secret, runs)


def _in_duckdb(file: Path, address: str, secret: str, runs: int) -> None:
    """The same in a process of DuckDB's own, which attaches the catalog anew for each read."""
    import pytest

    from tests.doors.iceberg_in_duckdb import iceberg_in_duckdb

    ways = {
        "read_parquet": f"read_parquet('{file}')",
        "iceberg": f"mesh.{PORT.domain}.{PORT.model}",
    }
    times = {name: Times() for name in ways}
    try:
        with iceberg_in_duckdb(address) as engine:
            disk, loaded = (
                engine.ask(secret, f"select sum(hash(t)) from {t} t") for t in ways.values()
            )
            assert disk == loaded
            for _ in range(runs):
                for name, table in ways.items():
                    start = time.perf_counter()
                    engine.ask(secret, f"create or replace temp table t as from {table}")
                    times[name].wall.append(time.perf_counter() - start)
    except pytest.skip.Exception as skipped:
        print(f"  {skipped}")
        return
    print("\nThe same with DuckDB, into a table")
    on_disk = times["read_parquet"].median
    for name, one in times.items():
        spread = f"{min(one.wall):.2f} to {max(one.wall):.2f}"
        ratio = one.median / on_disk
        print(f"  {name:20} {one.median:5.2f} s wall ({spread}): {ratio:.2f}x wall")
    print(f"  aim: at most {AIM:g}x")


if __name__ == "__main__":
    main(measure, int(sys.argv[1]) if len(sys.argv) > 1 else 5)
