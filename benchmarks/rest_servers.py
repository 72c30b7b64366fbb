"""meshport, ROAPI and Datasette over the same rows, each asked in its own words."""

from __future__ import annotations

import os
import random
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load import Ask, Client
from benchmarks.peers import DATASETTE, ROAPI, command_of
from benchmarks.rest_port import ROWS, Shop, key_of

COUNT = 100_000
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Server:
    """A running server and how it is asked for the same things."""

    name: str
    port: int
    process: int
    asks: dict[str, Ask]

    @property
    def cpu(self) -> float:
        """Processor seconds of all its processes so far."""
        return sum(map(_seconds_of, _family(self.process)))


@contextmanager
def meshport(shop: Shop, workers: int) -> Iterator[Server]:
    """Our server as people start it, warm."""
    arguments = [sys.executable, "-m", "meshport.cli.main", "serve", "--port", "0"]
    arguments += ["--workers", str(workers), "--quota", str(10**9)]
    with _process(arguments, shop.root, MESHPORT_HOME=str(shop.home)) as process:
        assert process.stderr is not None
        line = next(line for line in process.stderr if re.search(r"pages +http", line))
        port = int(line.rpartition(":")[2].strip("/\n"))
        _await(f"http://127.0.0.1:{port}/healthz")
        yield Server("meshport", port, process.pid, _our_asks(port, workers))


def _our_asks(port: int, workers: int) -> dict[str, Ask]:
    """Once every process has its rows prepared."""
    clients = [Client(port) for _ in range(workers * 4)]
    deadline = time.monotonic() + 120
    while not all(b'"prepared"' in client.ask(f"{ROWS}?limit=1") for client in clients):
        assert time.monotonic() < deadline, "rows are not prepared"
        time.sleep(0.1)
    head = clients[0].ask(f"{ROWS}?limit=100").partition(b"\r\n\r\n")[0].decode()
    tag = re.search(r"etag: (\S+)", head)
    pages = list(_pages(clients[0]))
    assert tag
    return {
        "304": lambda: f"{ROWS}?limit=100\r\nIf-None-Match: {tag[1]}",
        "row by key": lambda: f"{ROWS}?order_id=eq.{_any_key()}",
        "row by key, two columns": lambda: (
            f"{ROWS}?order_id=eq.{_any_key()}&select=order_id,item_count"
        ),
        "page of 100": lambda: random.choice(pages),
        "filtered page of 100": lambda: (
            f"{ROWS}?order_status=eq.shipped&delivery_state=eq.{_any_state()}"
        ),
        "filtered, sorted page of 100": lambda: (
            f"{ROWS}?delivery_state=eq.{_any_state()}&order=items_amount.desc"
        ),
        "10,000 rows, NDJSON": lambda: f"{ROWS}?limit=10000&format=ndjson",
        "10,000 rows, Arrow": lambda: f"{ROWS}?limit=10000&format=arrow",
    }


def _pages(client: Client) -> Iterator[str]:
    """The addresses of all pages but the first."""
    target: str | None = f"{ROWS}?limit=100"
    while target:
        head = client.ask(target).partition(b"\r\n\r\n")[0].decode()
        following = re.search(r'link: <(\S+)>; rel="next"', head)
        target = following[1] if following else None
        if target:
            yield target


@contextmanager
def roapi(shop: Shop) -> Iterator[Server | None]:
    """ROAPI over the very Parquet file of the release."""
    command = command_of(ROAPI, "roapi")
    if command is None:
        yield None
        return
    port, table = _free_port(), f"orders={shop.parquet()},format=parquet"
    arguments = [str(command), "--table", table, "--addr-http", f"127.0.0.1:{port}"]
    arguments += ["--addr-postgres", f"127.0.0.1:{_free_port()}"]
    with _process(arguments, shop.root) as process:
        _await(f"http://127.0.0.1:{port}/api/tables/orders?limit=1")
        base = "/api/tables/orders?limit=100"
        yield Server(
            "ROAPI",
            port,
            process.pid,
            {
                "row by key": lambda: f"/api/tables/orders?filter[order_id]='{_any_key()}'",
                "page of 100": lambda: (
                    f"{base}&sort=order_id&offset={random.randrange(COUNT - 100)}"
                ),
                "filtered page of 100": lambda: (
                    f"{base}&filter[order_status]='shipped'&filter[delivery_state]='{_any_state()}'"
                ),
            },
        )


@contextmanager
def datasette(shop: Shop) -> Iterator[Server | None]:
    """Datasette over the same rows in SQLite, without counts and facets."""
    command = command_of(DATASETTE, "datasette")
    if command is None:
        yield None
        return
    port, file = _free_port(), shop.as_sqlite(shop.home / "shop.db")
    arguments = [str(command), "serve", "--immutable", str(file), "--port", str(port)]
    with _process([*arguments, "--setting", "num_sql_threads", "4"], shop.root) as process:
        _await(f"http://127.0.0.1:{port}/shop/orders.json?_size=1")
        base = "/shop/orders.json?_shape=array&_nocount=1&_nofacet=1&_size=100"
        yield Server(
            "Datasette",
            port,
            process.pid,
            {
                "row by key": lambda: f"{base}&order_id={_any_key()}",
                "page of 100": lambda: f"{base}&_next={_any_key()}",
                "filtered page of 100": lambda: (
                    f"{base}&order_status=shipped&delivery_state={_any_state()}"
                ),
            },
        )


def _any_key() -> str:
    return key_of(random.randrange(COUNT))


def _any_state() -> str:
    return random.choice(("SP", "RJ", "MG", "BA"))


@contextmanager
def _process(
    arguments: list[str], folder: Path, **variables: str
) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        arguments,
        cwd=folder,
        env={**os.environ, **variables},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE if variables else subprocess.DEVNULL,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=60)


def _await(address: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(address, timeout=10):
                return
        except OSError:
            assert time.monotonic() < deadline, f"nothing answers at {address}"
            time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _family(process: int) -> list[int]:
    """The process and its children."""
    found = [process]
    for stat in Path("/proc").glob("[0-9]*/stat"):
        parent = _stat(stat)
        if parent and int(parent[1]) == process:
            found.append(int(stat.parent.name))
    return found


def _seconds_of(process: int) -> float:
    stat = _stat(Path(f"/proc/{process}/stat"))
    return (int(stat[11]) + int(stat[12])) / _TICKS if stat else 0.0


def _stat(file: Path) -> list[str]:
    try:
        return file.read_text().rpartition(")")[2].split()
    except OSError:
        return []
