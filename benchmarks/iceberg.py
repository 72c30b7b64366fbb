"""A whole port with pyiceberg, beside pyarrow over the same file on disk.

python -m benchmarks.iceberg [RUNS]
"""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.full_read import PORT, compare, file_of, main, serving


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


if __name__ == "__main__":
    main(measure, int(sys.argv[1]) if len(sys.argv) > 1 else 5)
