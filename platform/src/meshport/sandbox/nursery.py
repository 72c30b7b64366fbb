"""The process from which sandboxed processes are forked: everything loaded, nothing seen.

It has one thread and handles no query, so that a fork of it is clean, quick and always the same.
Commands of the server are nine bytes on the socket named in the arguments: `F`, with one end of a
channel, forks a worker and is answered by its process id; `R` and an id lets go of a worker that
has ended; `S` is answered by what it has seen so far. It ends, with all its workers, when the
server does.
"""

from __future__ import annotations

import gc
import os
import resource
import select
import signal
import socket
import sys
from contextlib import suppress

from meshport.sandbox.channel import COMMAND, Channel, ClosedError
from meshport.sandbox.confine import landlock_version, leave_network
from meshport.sandbox.engine import Connection, boot, rehearse
from meshport.sandbox.worker import serve

_REAP_AGAIN_MS = 20


class _Nursery:
    """The forking process."""

    def __init__(self, control: socket.socket, *, is_rehearsed: bool) -> None:
        self.control = control
        self.replies = Channel(control)
        self.living: set[int] = set()
        self.leaving: set[int] = set()
        self.peak_kb = 0
        self.landlock = landlock_version()
        self.layers = ["limits of the process"]
        if self.landlock:
            self.layers.append(f"files by Landlock {self.landlock}")
        if leave_network():
            self.layers.append("no network")
        self.con: Connection = boot()
        self.rehearsal = _rehearsal_file() if is_rehearsed else None
        if self.rehearsal:
            rehearse(self.con, self.rehearsal)

    def run(self) -> None:
        """Obey until the server is gone."""
        # What is there now stays for ever: workers share its memory as long as nobody touches it.
        gc.collect()
        gc.freeze()
        poll = select.poll()
        poll.register(self.control, select.POLLIN)
        while True:
            if poll.poll(_REAP_AGAIN_MS if self.leaving else None):
                command, descriptors, _, _ = socket.recv_fds(self.control, COMMAND.size, 1)
                if len(command) < COMMAND.size:
                    return
                act, pid = COMMAND.unpack(command)
                self._obey(act, pid, descriptors)
            self._reap()

    def _obey(self, act: bytes, pid: int, descriptors: list[int]) -> None:
        if act == b"F" and descriptors:
            self._fork(descriptors[0])
        elif act == b"R" and pid in self.living:
            self.leaving.add(pid)
        elif act == b"S":
            resting = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            memory = {"resting_mb": resting // 1024, "peak_mb": self.peak_kb // 1024}
            workers = len(self.living - self.leaving)
            self.replies.send({"layers": self.layers, "workers": workers, **memory})

    def _fork(self, descriptor: int) -> None:
        pid = os.fork()
        if pid == 0:
            self.control.close()
            end = Channel(socket.socket(fileno=descriptor))
            serve(self.con, end, self.landlock, self.rehearsal)
        os.close(descriptor)
        self.living.add(pid)
        self.replies.send({"pid": pid})

    def _reap(self) -> None:
        # An id is free for others once it is reaped, so only those are that nobody will kill.
        for pid in list(self.leaving & self.living):
            ended, _, used = os.wait4(pid, os.WNOHANG)
            if ended:
                self.peak_kb = max(self.peak_kb, used.ru_maxrss)
                self.living.discard(pid)
                self.leaving.discard(pid)

    def end(self) -> None:
        """Take the workers along."""
        for pid in self.living:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _rehearsal_file() -> str | None:
    """A Parquet file in memory, where the system has such files."""
    if not sys.platform.startswith("linux"):
        return None
    from meshport.sandbox.results import write_sample  # noqa: PLC0415  Arrow takes long to load

    descriptor = os.memfd_create("rehearsal")
    with os.fdopen(descriptor, "wb", closefd=False) as file:
        write_sample(file)
    return f"/proc/self/fd/{descriptor}"


def main() -> None:
    """Run on the socket whose descriptor is the argument."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which then hangs up
    nursery = _Nursery(
        socket.socket(fileno=int(sys.argv[1])), is_rehearsed="--rehearse" in sys.argv
    )
    try:
        with suppress(ClosedError, OSError):
            nursery.run()
    finally:
        nursery.end()


if __name__ == "__main__":
    main()
