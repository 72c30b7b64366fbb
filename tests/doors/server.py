"""Servers on a port that the system chooses: `meshport serve` as people start it, or a thread."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

import uvicorn
from fastapi import FastAPI

from meshport.cli.server import BoundedProtocol
from tests.building import ROOT


@contextmanager
def serving(home: Path, root: Path = ROOT) -> Iterator[str]:
    """The address of a server over that home, which ends with the block."""
    process = start("serve", "--port", "0", "--workers", "1", home=home, root=root)
    try:
        yield address_of(process)
    finally:
        stop(process)


@contextmanager
def listening(app: FastAPI, protocol: type[BoundedProtocol] = BoundedProtocol) -> Iterator[int]:
    """A server in a thread of this process; its port."""
    config = uvicorn.Config(app, http=protocol, log_level="critical")
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        port = int(listener.getsockname()[1])
        try:
            wait_for(f"http://127.0.0.1:{port}/healthz")
            yield port
        finally:
            server.should_exit = True
            thread.join(60)


def start(*arguments: str, home: Path, root: Path = ROOT) -> subprocess.Popen[str]:
    """The command in the background, its words on stderr."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MESHPORT_")}
    return subprocess.Popen(
        [sys.executable, "-m", "meshport.cli.main", *arguments],
        cwd=root,
        env={**kept, "MESHPORT_HOME": str(home)},
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def address_of(process: subprocess.Popen[str]) -> str:
    """Where it says that its pages are, once they answer there."""
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        said.append(line)
        found = re.search(r"pages +(http://\S+)/$", line)
        if found:
            wait_for(f"{found[1]}/healthz")
            return found[1]
    raise AssertionError(f"it ended: {''.join(said)}")


def wait_for(address: str, seconds: float = 60) -> None:
    """Return when something answers there."""
    deadline = monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(address, timeout=10):
                return
        except OSError:
            assert monotonic() < deadline, f"nothing answers at {address}"


def stop(process: subprocess.Popen[str], by: int = signal.SIGINT) -> tuple[int, str]:
    """End it as Ctrl-C does; its exit code, and the rest of what it said on stderr."""
    if process.poll() is None:
        process.send_signal(by)
    _, said = process.communicate(timeout=60)
    return process.returncode, said
