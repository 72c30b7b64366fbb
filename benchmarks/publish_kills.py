"""Kill a publish at random moments, again and again, while a reader looks: no half release ever.

python -m benchmarks.publish_kills [KILLS]
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import ROOT
from meshport.errors import MeshportError
from meshport.publishing.manifest import PortRelease
from meshport.publishing.store import DomainStore, ReleaseStore
from meshport.sources.sample import SamplePlan, write_sample
from meshport.warehouse import EngineError, connect_memory, parquet_scan

DOMAIN = "orders"
# Only the last step, over a warehouse that was built before: the moments that matter.
PUBLISH = """
import sys, uuid
from datetime import UTC, datetime
from pathlib import Path
sys.path.insert(0, ".")
from domains.orders.sources import EXTRACTS
from meshport.contracts.classification import read_classifications
from meshport.products.mesh import load_product
from meshport.publishing.inputs import pinned_releases
from meshport.publishing.lock import exclusive
from meshport.publishing.publish import Attempt, publish
from meshport.publishing.store import ReleaseStore
from meshport.warehouse import open_warehouse
home = Path(sys.argv[1])
store = ReleaseStore(home)
product = load_product(Path("."), "orders")
with exclusive(store.of("orders").folder / "lock"):
    con = open_warehouse(home / "orders_warehouse.duckdb")
    print("ready", flush=True)
    publish(con, Attempt(product, store, EXTRACTS, pinned_releases(con), uuid.uuid4().hex,
                         datetime.now(UTC), read_classifications(Path("."))))
"""


@dataclass(frozen=True)
class Tally:
    """What became of the publishes that were killed, and of the reads meanwhile."""

    died: int
    reads: int
    torn: int


def run(kills: int, seed: int = 1) -> int:
    """Kill that many publishes; the result is the number of torn reads plus broken recoveries."""
    with tempfile.TemporaryDirectory(prefix="meshport-kills-") as folder:
        home = Path(folder) / "home"
        source = Path(folder) / "source"
        source.mkdir()
        write_sample(source, SamplePlan(scale=0.02))
        environment = {**os.environ, "MESHPORT_HOME": str(home)}
        first = [sys.executable, "-m", "meshport.cli.main", "run", "--source", str(source)]
        subprocess.run([*first, "catalog", "orders"], cwd=ROOT, env=environment, check=True,
                       capture_output=True)  # fmt: skip
        tally = kill_publishes(home, kills, seed)
        store = ReleaseStore(home).of(DOMAIN)
        leftovers = list(store.folder.glob("candidates/*"))
        print(
            f"{kills} publishes, {tally.died} killed on the way, {len(store.releases())} releases"
        )
        print(f"{tally.reads} reads, {tally.torn} torn, {len(leftovers)} leftovers in the end")
        return tally.torn + len(leftovers)


def kill_publishes(home: Path, kills: int, seed: int) -> Tally:
    """Publish what is built in a home that often, kill each at random, and once more to recover."""
    reader = _Reader(ReleaseStore(home).of(DOMAIN))
    reader.start()
    try:
        length = abs(_publish(home, None))
        chance = random.Random(seed)
        died = sum(_publish(home, chance.uniform(0, length * 1.1)) < 0 for _ in range(kills))
        if _publish(home, None) < 0:
            raise RuntimeError("the publish after the kills failed")
    finally:
        reader.stop()
    return Tally(died, reader.reads, reader.torn)


class _Reader(threading.Thread):
    """Reads every port of the current release over and over, all rows of all files."""

    def __init__(self, store: DomainStore) -> None:
        super().__init__(daemon=True)
        self.store = store
        self.con = connect_memory(threads=1)
        self.reads = self.torn = 0
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.is_set():
            try:
                self.torn += not self._is_whole()
            except (MeshportError, EngineError, OSError) as error:
                print(f"a reader met: {error}", file=sys.stderr)
                self.torn += 1
            self.reads += 1

    def _is_whole(self) -> bool:
        with self.store.reading() as manifest:
            assert manifest is not None
            return all(self._rows(part) == part.rows for part in manifest.ports.values())

    def _rows(self, part: PortRelease) -> int:
        # The hash makes the engine read every column, where a bare count reads the footer.
        scan = parquet_scan(self.store.paths(part))
        counted = f"select count(*) filter (where hash(t) is not null) from {scan} t"
        return self.con.execute(counted).fetchall()[0][0]

    def stop(self) -> None:
        self._ended.set()
        self.join()


def _publish(home: Path, kill_after: float | None) -> float:
    """Seconds the publish took; negative when it was killed before it ended."""
    process = subprocess.Popen(
        [sys.executable, "-c", PUBLISH, str(home)], cwd=ROOT, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    start = time.perf_counter()
    try:
        process.wait(kill_after)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
    process.stdout.close()
    took = time.perf_counter() - start
    return took if process.returncode == 0 else -took


if __name__ == "__main__":
    sys.exit(1 if run(int(sys.argv[1]) if len(sys.argv) > 1 else 200) else 0)
