"""A whole port with the official Delta Sharing client, beside pandas over the same file on disk.

python -m benchmarks.delta_sharing [RUNS]
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from benchmarks.full_read import PORT, compare, file_of, main, serving


def measure(home: Path, runs: int) -> None:
    """Print how long a full read of orders.orders takes either way."""
    import delta_sharing
    import pandas as pd

    file = file_of(home)
    with tempfile.TemporaryDirectory(prefix="meshport-bench-") as folder, serving(home) as door:
        address, secret = door
        profile = Path(folder) / "reader.share"
        endpoint = {"endpoint": f"{address}/delta-sharing/", "bearerToken": secret}
        profile.write_text(json.dumps({"shareCredentialsVersion": 1, **endpoint}))
        table = f"{profile}#{PORT}"
        ways = {
            "pandas.read_parquet": lambda: pd.read_parquet(file),
            "load_as_pandas": lambda: delta_sharing.load_as_pandas(table),
        }
        whole, loaded = (read() for read in ways.values())
        assert whole.equals(loaded)
        rows = len(whole)
        del whole, loaded
        compare(f"A full read of {PORT} with Delta Sharing: {rows:,} rows", file, ways, runs)


if __name__ == "__main__":
    main(measure, int(sys.argv[1]) if len(sys.argv) > 1 else 5)
