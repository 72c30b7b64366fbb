"""Run commands from cold, again and again in turn, and lay their times side by side."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

Command = tuple[Sequence[str], dict[str, str]]
"""Arguments, and what to add to the environment."""


@dataclass
class Times:
    """Wall and processor seconds of one command over several runs, and its peak memory."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    peak_mb: float = 0.0

    @property
    def median(self) -> float:
        return statistics.median(self.wall)

    def __str__(self) -> str:
        spread = f"{min(self.wall):.2f} to {max(self.wall):.2f}"
        cpu = statistics.median(self.cpu)
        return f"{self.median:6.2f} s wall ({spread}), {cpu:6.2f} s cpu, {self.peak_mb:5.0f} MB"


def in_turn(commands: dict[str, Callable[[], Command]], runs: int) -> dict[str, Times]:
    """Run each command `runs` times, A B A B …, so that a change of the machine hits both."""
    times = {name: Times() for name in commands}
    for _ in range(runs):
        for name, make in commands.items():
            run_once(*make(), times[name])
    return times


def run_once(
    arguments: Sequence[str],
    environment: dict[str, str],
    into: Times,
    folder: Path = ROOT,
    answers: Collection[int] = (0,),
) -> str:
    """Run a command and note its times; the result is what it printed on both streams.

    Any exit code but `answers` ends the benchmark.
    """
    start = time.perf_counter()
    process = subprocess.Popen(
        arguments,
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said = process.stdout.read() if process.stdout else ""
    # wait4 gives this child's own use; getrusage would add up all children.
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    into.wall.append(time.perf_counter() - start)
    into.cpu.append(used.ru_utime + used.ru_stime)
    into.peak_mb = max(into.peak_mb, used.ru_maxrss / 1024)
    if process.returncode not in answers:
        raise SystemExit(f"{' '.join(arguments)} failed:\n{said[-4000:]}")
    return said
