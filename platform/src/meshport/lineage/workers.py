"""A few bounded processes that do the reading; what hangs or dies costs itself, not the others."""

from __future__ import annotations

import json
import os
import queue
import select
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

_MAX_DEATHS = 3
_START_SECONDS = 60


@dataclass(frozen=True)
class WorkerLimits:
    """What one step of a job may use: one contract, one model."""

    seconds: float = 20.0
    memory_mb: int = 1024


@dataclass
class Workers:
    """Runs jobs in bounded processes, as many at once as there are processors."""

    limits: WorkerLimits = WorkerLimits()
    _resting: list[_Process] | None = field(default=None, init=False, repr=False)
    """Processes between two runs; None where they end with each."""

    @contextmanager
    def staying(self) -> Iterator[None]:
        """Within the block processes stay from run to run: to start one takes as long as a job."""
        if self._resting is not None:
            yield
            return
        self._resting = []
        try:
            yield
        finally:
            resting, self._resting = self._resting, None
            _stop(resting)

    def run(self, jobs: Sequence[Mapping[str, Any]]) -> list[Any]:
        """The answers, in the order of the jobs.

        A step that hangs or takes too much is left out: `refused` in its job says why. A job
        that dies again and again is answered by None.
        """
        count = min(len(jobs), os.cpu_count() or 1)
        if not count:
            return []
        idle: queue.SimpleQueue[_Process] = queue.SimpleQueue()
        resting = self._resting or []
        processes = [resting.pop() if resting else _Process(self.limits) for _ in range(count)]
        for process in processes:
            idle.put(process)

        def answer(job: Mapping[str, Any]) -> Any:
            process = idle.get()
            try:
                return _answer(process, job)
            finally:
                idle.put(process)

        try:
            with ThreadPoolExecutor(count) as pool:
                return list(pool.map(answer, jobs))
        finally:
            if self._resting is None:
                _stop(processes)
            else:
                self._resting += processes


def _stop(processes: Sequence[_Process]) -> None:
    for process in processes:
        process.stop()


def _answer(process: _Process, job: Mapping[str, Any]) -> Any:
    refused: dict[str, str] = dict(job.get("refused", {}))
    for _ in range(_MAX_DEATHS):
        done, result = process.ask({**job, "refused": refused})
        if done:
            return result
        refused[str(result)] = process.ending
    return None


class _Process:
    """One worker, started when it is first asked, and again after it died."""

    def __init__(self, limits: WorkerLimits) -> None:
        self.limits = limits
        self.ending = ""
        """Why it ended before it answered."""
        self._process: subprocess.Popen[bytes] | None = None
        self._read = bytearray()

    def ask(self, job: Mapping[str, Any]) -> tuple[bool, Any]:
        """(True, the answer) or, where the worker ended, (False, what it was at)."""
        process = self._started()
        assert process.stdin is not None
        at = ""
        with suppress(BrokenPipeError):
            process.stdin.write(json.dumps(job).encode() + b"\n")
            process.stdin.flush()
        self.ending = "it needs more memory than it may, or breaks the parser"
        while (line := self._line(process, self.limits.seconds)) is not None:
            message = json.loads(line)
            if "answer" in message:
                return True, message["answer"]
            at = message["at"]
        self.stop()
        return False, at

    def _line(self, process: subprocess.Popen[bytes], seconds: float) -> bytes | None:
        """The next line the worker writes; None where it ends or lets one wait too long."""
        assert process.stdout is not None
        pipe = process.stdout.fileno()
        while b"\n" not in self._read:
            ready, _, _ = select.select([pipe], [], [], seconds)
            if not ready:
                self.ending = f"it takes longer than {seconds:g} s"
                return None
            piece = os.read(pipe, 1 << 20)
            if not piece:
                return None
            self._read += piece
        line, _, rest = self._read.partition(b"\n")
        self._read = bytearray(rest)
        return bytes(line)

    def stop(self) -> None:
        """End the process, whatever it does."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                # What a dead worker did not read cannot be flushed.
                with suppress(BrokenPipeError):
                    if stream:
                        stream.close()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._read.clear()
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-m", "meshport.lineage.worker", str(self.limits.memory_mb)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={},
            )
            # Its first line says that it is ready: a slow machine is no slow model.
            self._line(self._process, _START_SECONDS)
        return self._process
