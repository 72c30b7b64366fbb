"""What the platform costs on top of bare dbt: `meshport run` against `benchmarks.bare_dbt`."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import ROOT, Command, Times, in_turn, run_once
from meshport.sources.sample import SamplePlan, write_sample

BOUNDS = {1.0: 1.5, 10.0: 1.15}


def measure(scale: float, runs: int) -> float:
    """Print both and the ratio; the result is meshport's wall time over bare dbt's."""
    with tempfile.TemporaryDirectory(prefix="meshport-bench-") as folder:
        contest = _Contest(Path(folder), scale)
        times = in_turn({"meshport run": contest.meshport, "bare dbt": contest.bare}, runs)
        ratio = times["meshport run"].median / times["bare dbt"].median
        print(f"\nPlatform share at scale {scale:g}: {round(scale * 100_000):,} orders, cold")
        for name, one in times.items():
            print(f"  {name:14} {one}")
        bound = f" (aim: at most {BOUNDS[scale]:g})" if scale in BOUNDS else ""
        print(f"  ratio          {ratio:6.2f}{bound}")
        print("  where the time goes, one more run each:")
        _show(run_once(*contest.meshport(), Times()), after="stage")
        _show(run_once(*contest.bare(), Times()), after="load")
    return ratio


class _Contest:
    """Both commands over the same source, each in a folder of its own that starts empty."""

    def __init__(self, folder: Path, scale: float) -> None:
        self.folder = folder
        self.source = folder / "source"
        self.source.mkdir()
        write_sample(self.source, SamplePlan(scale=scale))

    def meshport(self) -> Command:
        arguments = ["-m", "meshport.cli.main", "run", "--source", str(self.source), "--timings"]
        return [sys.executable, *arguments], {"MESHPORT_HOME": str(self._empty("meshport"))}

    def bare(self) -> Command:
        arguments = ["-m", "benchmarks.bare_dbt", str(self.source), str(self._empty("bare"))]
        return [sys.executable, *arguments], {"PYTHONPATH": str(ROOT)}

    def _empty(self, name: str) -> Path:
        place = self.folder / name
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        return place


def _show(said: str, after: str) -> None:
    lines = [line for line in said.splitlines() if line.strip()]
    start = max(i for i, line in enumerate(lines) if line.strip().startswith(after))
    for line in lines[start:]:
        print(f"    {line.rstrip()}")
