"""A whole port with the official Delta Sharing client, beside pandas over the same file on disk.

python -m benchmarks.delta_sharing [RUNS]
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.measure import ROOT, Times, run_once
from meshport.access.consumers import Consumer
from meshport.access.principal import Kind
from meshport.access.register import AccessRegister
from meshport.names import PortId
from meshport.publishing.store import ReleaseStore

PORT = PortId("orders", "orders", 1)
AIM = 1.3


def measure(home: Path, runs: int) -> None:
    """Print how long a full read of orders.orders takes either way, in turn, in one process."""
    store = ReleaseStore(home).of(PORT.domain)
    manifest = store.current()
    assert manifest is not None
    part = manifest.ports[str(PORT)]
    (file,) = part.projections["internal"].files
    with tempfile.TemporaryDirectory(prefix="meshport-bench-") as folder:
        server, address = _serve(home)
        try:
            profile = _profile(home, address, Path(folder))
            _compare(f"{profile}#{PORT}", store.folder / file.path, runs)
        finally:
            server.terminate()
            server.wait()


def _compare(table: str, file: Path, runs: int) -> None:
    import delta_sharing
    import pandas as pd

    ways: dict[str, Callable[[], Any]] = {
        "pandas.read_parquet": lambda: pd.read_parquet(file),
        "load_as_pandas": lambda: delta_sharing.load_as_pandas(table),
    }
    frames = {name: read() for name, read in ways.items()}
    assert frames["pandas.read_parquet"].equals(frames["load_as_pandas"])
    rows, size = len(frames["load_as_pandas"]), file.stat().st_size / 1e6
    del frames
    times = {name: Times() for name in ways}
    for _ in range(runs):
        for name, read in ways.items():
            _note(read, times[name])
    print(f"\nA full read of {PORT}: {rows:,} rows, {size:.0f} MB")
    disk = times["pandas.read_parquet"]
    for name, one in times.items():
        wall, cpu = one.median, statistics.median(one.cpu)
        spread = f"{min(one.wall):.2f} to {max(one.wall):.2f}"
        ratios = f"{wall / disk.median:.2f}x wall, {cpu / statistics.median(disk.cpu):.2f}x cpu"
        print(f"  {name:20} {wall:5.2f} s wall ({spread}), {cpu:5.2f} s cpu: {ratios}")
    print(f"  aim: at most {AIM:g}x")


def _note(read: Callable[[], Any], into: Times) -> None:
    wall, cpu = time.perf_counter(), time.process_time()
    read()
    into.wall.append(time.perf_counter() - wall)
    into.cpu.append(time.process_time() - cpu)


def _serve(home: Path) -> tuple[subprocess.Popen[str], str]:
    """A server over the home in a process of its own, and where it is."""
    from tests.doors.server import address_of, start

    process = start("serve", "--port", "0", home=home, root=ROOT)
    return process, address_of(process)


def _profile(home: Path, address: str, folder: Path) -> Path:
    register, now = AccessRegister.at_home(home), datetime.now(UTC)
    name = f"reader-{now:%Y%m%d%H%M%S}"
    one = Consumer(name, Kind.PERSON, None, None, "", is_disabled=False)
    register.consumers.add(one, "benchmark", now)
    content = {
        "shareCredentialsVersion": 1,
        "endpoint": f"{address}/delta-sharing/",
        "bearerToken": register.tokens.create(name, now, days=1).secret,
    }
    profile = folder / "reader.share"
    profile.write_text(json.dumps(content))
    return profile


def main(runs: int) -> None:
    with tempfile.TemporaryDirectory(prefix="meshport-bench-") as folder:
        home, source = Path(folder) / "home", Path(folder) / "source"
        meshport = [sys.executable, "-m", "meshport.cli.main"]
        run_once([*meshport, "sample", str(source), "--scale", "10"], {}, Times())
        published = {"MESHPORT_HOME": str(home)}
        run_once(
            [*meshport, "run", "catalog", "orders", "--source", str(source)], published, Times()
        )
        measure(home, runs)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
