"""python -m benchmarks [--quick]: every figure, printed side by side in one run."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from pathlib import Path

from benchmarks import (
    checks,
    contract_changes,
    contract_check,
    delta_sharing,
    gate_speed,
    iceberg,
    platform_share,
    publish_kills,
    rest_door,
    sql_door,
)
from benchmarks.measure import Times, in_turn, run_once
from benchmarks.mutations.__main__ import measure as measure_mutations


def main(quick: bool) -> None:
    runs = 2 if quick else 5
    print(f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}")
    print("Seconds are medians with their spread; trust the ratios, the machine may be busy.")
    commands(runs)
    contract_changes.measure(runs)
    contract_check.measure(runs * 2)
    gate_speed.measure(1 if quick else runs, 20 if quick else 200)
    platform_share.measure(1, runs)
    if not quick:
        platform_share.measure(10, runs)
    with tempfile.TemporaryDirectory(prefix="meshport-bench-") as folder:
        home, source = Path(folder) / "home", Path(folder) / "source"
        scale = "1" if quick else "10"
        meshport = [sys.executable, "-m", "meshport.cli.main"]
        run_once([*meshport, "sample", str(source), "--scale", scale], {}, Times())
        published = {"MESHPORT_HOME": str(home)}
        run_once(
            [*meshport, "run", "catalog", "orders", "--source", str(source)], published, Times()
        )
        checks.measure(home, runs)
        delta_sharing.measure(home, runs)
        iceberg.measure(home, runs)
    rest_door.measure(quick)
    sql_door.measure(20 if quick else 100)
    if not quick:
        measure_mutations()
    print("\nPublish, killed at random moments")
    publish_kills.run(20 if quick else 200)


def commands(runs: int) -> None:
    """How long the commands take that people and CI call all the time."""
    meshport = str(Path(sys.executable).with_name("meshport"))
    aims = {"--help": 0.3, "contract lint": 0.5}
    times = in_turn({c: (lambda c=c: ([meshport, *c.split()], {})) for c in aims}, runs * 2)
    print("\nCommands from cold")
    for command, one in times.items():
        print(f"  meshport {command:14} {one} (aim: at most {aims[command]:g} s)")


if __name__ == "__main__":
    main("--quick" in sys.argv)
