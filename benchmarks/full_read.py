"""A whole port read through a door, beside the same Parquet file on disk."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
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


def file_of(home: Path) -> Path:
    """The file that somebody inside the company gets."""
    store = ReleaseStore(home).of(PORT.domain)
    manifest = store.current()
    assert manifest is not None
    (file,) = manifest.ports[str(PORT)].projections["internal"].files
    return store.folder / file.path


@contextmanager
def serving(home: Path) -> Iterator[tuple[str, str]]:
    """A server over the home in a process of its own: where it is, and a reader's token."""
    from tests.doors.server import address_of, start

    register, now = AccessRegister.at_home(home), datetime.now(UTC)
    name = f"reader-{now:%Y%m%d%H%M%S%f}"
    one = Consumer(name, Kind.PERSON, None, None, "", is_disabled=False)
    register.consumers.add(one, "benchmark", now)
    secret = register.tokens.create(name, now, days=1).secret
    process: subprocess.Popen[str] = start("serve", "--port", "0", home=home, root=ROOT)
    try:
        yield address_of(process), secret
    finally:
        process.terminate()
        process.wait()


def compare(title: str, file: Path, ways: Mapping[str, Callable[[], Any]], runs: int) -> None:
    """Print how long each way takes, in turn, in one process; the first one reads the disk."""
    times = {name: Times() for name in ways}
    for _ in range(runs):
        for name, read in ways.items():
            _note(read, times[name])
    print(f"\n{title}, {file.stat().st_size / 1e6:.0f} MB")
    disk = next(iter(times.values()))
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


def main(measure: Callable[[Path, int], None], runs: int) -> None:
    """Build a million orders and measure."""
    with tempfile.TemporaryDirectory(prefix="meshport-bench-") as folder:
        home, source = Path(folder) / "home", Path(folder) / "source"
        meshport = [sys.executable, "-m", "meshport.cli.main"]
        run_once([*meshport, "sample", str(source), "--scale", "10"], {}, Times())
        published = {"MESHPORT_HOME": str(home)}
        run_once(
            [*meshport, "run", "catalog", "orders", "--source", str(source)], published, Times()
        )
        measure(home, runs)
