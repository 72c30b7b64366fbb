"""Run a contract's own queries in a process that can be bounded and killed.

In-process DuckDB cannot be held to a limit (a list of 10^8 numbers ignores interrupt and memory
limit alike), so untrusted SQL runs in `sandbox_worker`, which can open exactly the files given.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from meshport.checks.scan import judge_value
from meshport.checks.spec import CheckResult, CheckSpec, SqlRule, Status
from meshport.checks.statement import one_select
from meshport.errors import CheckError


@dataclass(frozen=True)
class SandboxLimits:
    """What one query may use."""

    seconds: float = 30.0
    memory_mb: int = 1024


@dataclass(frozen=True)
class Sandbox:
    """The files a contract's queries may see, by the name under which they see them."""

    tables: Mapping[str, Sequence[Path]]
    """`table` or `domain.port` → Parquet files."""
    limits: SandboxLimits = SandboxLimits()
    booted: BootedProcess | None = None
    """A process that was started ahead, while other work went on."""

    def check(self, specs: Sequence[CheckSpec]) -> list[CheckResult]:
        """Run every SqlRule; a query that hangs or dies costs itself, not the others."""
        waiting = list(specs)
        results: list[CheckResult] = []
        while waiting:
            done, ended = self._run(waiting)
            results += done
            waiting = waiting[len(done) :]
            if waiting:
                results.append(CheckResult(waiting.pop(0), Status.ERROR, f"could not run: {ended}"))
        return results

    def _run(self, specs: Sequence[CheckSpec]) -> tuple[list[CheckResult], str]:
        """Results up to the first query that did not come back, and why it did not."""
        worker = _Worker(self)
        done: list[CheckResult] = []
        try:
            for spec in specs:
                answer = worker.ask(_gated(spec))
                if answer is None:
                    break
                done.append(_judged(spec, answer))
        finally:
            ended = worker.stop()
        return done, ended


class BootedProcess:
    """A sandbox process that knows no table yet; it serves one set of tables, once."""

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="meshport-sandbox-")
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-m", "meshport.checks.sandbox_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self.folder.name,
            env={},
        )
        self.is_taken = False

    def stop(self) -> int:
        """End the process, whatever it does; the result is its exit code."""
        if self.process.poll() is None:
            self.process.kill()
        code = self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream:
                stream.close()
        self.folder.cleanup()
        return code


class _Worker:
    """The other end of one sandbox process."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.limits = sandbox.limits
        ahead = sandbox.booted
        self.booted = ahead if ahead and not ahead.is_taken else BootedProcess()
        self.booted.is_taken = True
        self.process = self.booted.process
        self.is_late = False
        tables = {name: [str(f) for f in files] for name, files in sandbox.tables.items()}
        self._send({"tables": tables, "memory_mb": self.limits.memory_mb})

    def ask(self, query: str) -> dict[str, Any] | None:
        """The worker's answer; None when it died or was killed at the deadline."""
        timer = threading.Timer(self.limits.seconds, self._kill)
        timer.start()
        try:
            self._send({"query": query})
            line = self.process.stdout.readline() if self.process.stdout else b""
            return json.loads(line) if line else None
        except (BrokenPipeError, json.JSONDecodeError):
            return None
        finally:
            timer.cancel()

    def stop(self) -> str:
        """End the process; the result says what ended it."""
        code = self.booted.stop()
        if self.is_late:
            return f"it took longer than {self.limits.seconds:g} s"
        return f"it needed more memory than it may, or broke the engine (exit {code})"

    def _kill(self) -> None:
        self.is_late = True
        self.process.kill()

    def _send(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(message).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # the next read finds the process gone and says why


def _gated(spec: CheckSpec) -> str:
    assert isinstance(spec.rule, SqlRule)
    try:
        one_select(spec.rule.query)
    except CheckError as error:
        # The worker refuses what is not one SELECT too; the parser's words are the better ones.
        return f"refused: {error.fact}"
    return spec.rule.query


def _judged(spec: CheckSpec, answer: dict[str, Any]) -> CheckResult:
    assert isinstance(spec.rule, SqlRule)
    if "error" in answer:
        return CheckResult(spec, Status.ERROR, f"could not run: {answer['error']}")
    value = answer["value"]
    if isinstance(value, str) and answer.get("is_number"):
        value = Decimal(value)
    return judge_value(spec, spec.rule.threshold, value)
