"""The server's side: a nursery to fork from, and workers that answer before a deadline or die."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from time import monotonic
from typing import Any

from meshport.sandbox.channel import COMMAND, Channel, ClosedError, LateError
from meshport.sandbox.gate import Gated, RefusedError, TableName
from meshport.sandbox.question import Limits, Plan, Shape, TableFiles, Written

_BOOT_SECONDS = 60.0
_COMMAND = (sys.executable, "-I", "-m", "meshport.sandbox.nursery")
# One thread per process, so that it can be forked; nothing else of the environment gets in.
_ENVIRONMENT = {
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TZ": "UTC",
    "LC_ALL": "C.UTF-8",
}


class EndedError(Exception):
    """A query that has no answer; `kind` is `late`, `memory`, `query` or `engine`."""

    def __init__(self, kind: str, words: str) -> None:
        super().__init__(words)
        self.kind = kind
        self.words = words


class Nursery:
    """Forks workers; its process boots when it is made, and again if it died.

    Rehearsed ones take longer to boot, and their workers less long to answer.
    """

    def __init__(self, *, is_rehearsed: bool = True) -> None:
        self._turn = threading.Lock()
        self._arguments = ["--rehearse"] if is_rehearsed else []
        self._is_stopped = False
        self._process, self._control = self._started()

    @property
    def process_id(self) -> int:
        """The process that forks now."""
        return self._process.pid

    def fork(self) -> Worker:
        """A worker that knows nothing yet; raises EndedError where there can be none."""
        with self._turn:
            try:
                return self._fork()
            except (ClosedError, LateError, OSError) as error:
                if self._is_stopped:
                    raise EndedError("engine", "the sandbox is closed") from error
                self._end()
                self._process, self._control = self._started()
            try:
                return self._fork()
            except (ClosedError, LateError, OSError) as error:
                raise EndedError("engine", "the sandbox cannot start") from error

    def seen(self) -> dict[str, Any]:
        """What holds the workers, how many there are, and their memory in MB: what one has at rest,
        and the most that one had.

        Raises EndedError where the nursery is gone.
        """
        with self._turn:
            try:
                return self._obeyed(b"S", 0)
            except (ClosedError, LateError, OSError) as error:
                raise EndedError("engine", "the sandbox is not there") from error

    def let_go(self, pid: int) -> None:
        """Say that nobody will ask or kill that worker any more."""
        with self._turn, suppress(OSError):
            self._control.socket.sendall(COMMAND.pack(b"R", pid))

    def stop(self) -> None:
        """End the nursery and all its workers."""
        with self._turn:
            self._is_stopped = True
            self._end()

    def _fork(self) -> Worker:
        mine, theirs = socket.socketpair()
        try:
            with theirs:
                socket.send_fds(self._control.socket, [COMMAND.pack(b"F", 0)], [theirs.fileno()])
            return Worker(self, int(self._reply()["pid"]), Channel(mine))
        except BaseException:
            mine.close()
            raise

    def _obeyed(self, act: bytes, pid: int) -> dict[str, Any]:
        self._control.socket.sendall(COMMAND.pack(act, pid))
        return self._reply()

    def _reply(self) -> dict[str, Any]:
        reply = self._control.receive(monotonic() + _BOOT_SECONDS)
        if isinstance(reply, bytes):
            raise ClosedError
        return reply

    def _end(self) -> None:
        self._control.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _started(self) -> tuple[subprocess.Popen[bytes], Channel]:
        mine, theirs = socket.socketpair()
        with theirs:
            process = subprocess.Popen(
                [*_COMMAND, str(theirs.fileno()), *self._arguments],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env=_ENVIRONMENT,
            )
        return process, Channel(mine)


class Worker:
    """One process that answers one query over the tables opened for it, then to be ended.

    What raises EndedError has ended the process too.
    """

    def __init__(self, nursery: Nursery, pid: int, channel: Channel) -> None:
        self.nursery = nursery
        self.pid = pid
        self.channel = channel
        self.limits = Limits()
        self.tables: Sequence[TableFiles] | None = None
        """What is open; None as long as nothing can be opened but by `open`."""
        self.deadline: float | None = None
        # Unlike its id, the handle can never mean another process.
        self._handle = os.pidfd_open(pid) if hasattr(os, "pidfd_open") else None
        self._has_ended = False

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_error: object) -> None:
        self.end()

    @property
    def is_waiting(self) -> bool:
        """Whether it lives and waits to be asked."""
        if self._has_ended:
            return False
        poll = select.poll()
        poll.register(self.channel.socket, select.POLLIN)
        return not poll.poll(0)

    def limit(self, limits: Limits) -> None:
        """Hold it to these limits; before anything is opened."""
        if limits != self.limits:
            self._send({"limit": asdict(limits)})
            self.limits = limits

    def ask(self, query: str) -> Gated:
        """Which tables the query reads; its time runs now. Raises RefusedError, EndedError."""
        said = self._said({"gate": query})
        if "refused" in said:
            raise RefusedError(str(said["rule"]), str(said["refused"]))
        tables = tuple(TableName(str(schema), str(name)) for schema, name in said["tables"])
        columns = None if said["columns"] is None else frozenset(map(str, said["columns"]))
        return Gated(tables, str(said["fingerprint"]), columns)

    def open(self, tables: Sequence[TableFiles]) -> None:
        """Open these tables, and nothing else ever; who asks next hears of it if that fails."""
        self._send({"open": [asdict(one) for one in tables]})
        self.tables = tables

    def expect(self, query: str) -> None:
        """Have it look at a gated query over what is open; its time runs now."""
        self._ask({"expect": query})

    def rehearse(self) -> None:
        """Have it go the way of a query over what is open, while nobody waits."""
        for table in self.tables or ():
            self._send({"rehearse": asdict(table)})

    def answer(self, query: str, shape: Shape, take: Callable[[bytes], object]) -> Written:
        """Hand the result of a gated query to `take`, piece by piece; raises EndedError."""
        self._ask({"answer": {"query": query, "shape": asdict(shape)}})
        room = 2 * shape.bytes + (1 << 24)  # forms have heads and footers
        while isinstance(piece := self._next(), bytes):
            room -= len(piece)
            if room < 0:
                raise self._ended("engine", "the engine could not run it")
            take(piece)
        done = self._checked(piece)
        return Written(int(done["rows"]), int(done["bytes"]), done["cut"])

    def first_value(self, query: str) -> tuple[str, str | None]:
        """The native type of the first column of a gated query and, as JSON, the value of its first
        row; None without a row. Raises EndedError."""
        said = self._said({"first_value": query})
        return str(said["type"]), None if said["value"] is None else str(said["value"])

    def plan(self, query: str) -> Plan:
        """How a gated query would be answered; raises EndedError."""
        plan = self._said({"plan": query})["plan"]
        columns = [(str(name), str(native)) for name, native in plan["columns"]]
        return Plan(columns, plan["operators"], plan["column_bytes"])

    def end(self) -> None:
        """Kill it, whatever it does."""
        if self._has_ended:
            return
        self._has_ended = True
        with suppress(ProcessLookupError):
            if self._handle is None:
                os.kill(self.pid, signal.SIGKILL)
            else:
                signal.pidfd_send_signal(self._handle, signal.SIGKILL)
                os.close(self._handle)
        self.channel.close()
        self.nursery.let_go(self.pid)

    def _said(self, message: dict[str, Any]) -> dict[str, Any]:
        self._ask(message)
        reply = self._next()
        if isinstance(reply, bytes):
            raise self._ended("engine", "the engine could not run it")
        return self._checked(reply)

    def _ask(self, message: dict[str, Any]) -> None:
        if self.deadline is None:
            self.deadline = monotonic() + self.limits.seconds
        self._send(message)

    def _checked(self, reply: dict[str, Any]) -> dict[str, Any]:
        if "failed" in reply:
            raise self._ended(str(reply["failed"]["kind"]), str(reply["failed"]["words"]))
        return reply

    def _send(self, message: dict[str, Any]) -> None:
        # What a dead worker does not read, the next wait finds out.
        with suppress(ClosedError):
            self.channel.send(message)

    def _next(self) -> dict[str, Any] | bytes:
        try:
            return self.channel.receive(self.deadline)
        except LateError:
            raise self._ended("late", f"it took longer than {self.limits.seconds:g} s") from None
        except ClosedError:
            words = "it needed more memory than a query may have, or broke the engine"
            raise self._ended("memory", words) from None

    def _ended(self, kind: str, words: str) -> EndedError:
        self.end()
        return EndedError(kind, words)
