"""Locks that end with their process: one publisher a domain, many readers a release."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def exclusive(
    file: Path, on_wait: Callable[[str], None] = lambda _holder: None, poll_seconds: float = 0.2
) -> Iterator[None]:
    """Hold a file's exclusive lock; `on_wait` is told once who has it, if somebody has."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        if not _try_lock(handle):
            on_wait(os.pread(handle, 100, 0).decode(errors="replace").strip() or "another process")
            # Polling leaves the waiting process open to Ctrl-C, which a blocking flock would not.
            while not _try_lock(handle):
                time.sleep(poll_seconds)
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"process {os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)


@contextmanager
def shared_lease(file: str) -> Iterator[None]:
    """Hold a release's lease, so that retention leaves its files alone."""
    handle = os.open(file, os.O_RDONLY | os.O_CREAT, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH)
        yield
    finally:
        os.close(handle)


@contextmanager
def unleased(file: Path) -> Iterator[bool]:
    """Whether nobody holds the lease; while the block lasts, nobody can."""
    handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        yield _try_lock(handle)
    finally:
        os.close(handle)


def _try_lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
