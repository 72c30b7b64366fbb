"""The REST door on a port of 100,000 rows, beside ROAPI and Datasette on the same rows and machine.

python -m benchmarks.rest_door [--quick]

One client asks meshport alone, in one process: these are latencies. Then 16 clients ask all servers
in turn, round after round, so that a change of the machine hits each of them. Processor seconds are
those of the server's processes.
"""

from __future__ import annotations

import json
import os
import random
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load import Answers, Ask, Client, at_once, in_turn
from benchmarks.peers import DATASETTE, ROAPI, command_of
from benchmarks.rest_port import ROWS, Shop, key_of

COUNT, CLIENTS = 100_000, 16
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


def measure(quick: bool = False) -> dict[str, float]:
    """Print everything; requests per second of meshport over those of the better peer."""
    rounds, share = (1, 4) if quick else (5, 1)
    with tempfile.TemporaryDirectory(prefix="meshport-rest-") as folder, ExitStack() as running:
        shop = Shop(Path(folder))
        shop.publish(COUNT)
        print(
            f"\nREST door: {COUNT:,} rows, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
        )
        with meshport(shop, workers=1) as alone:
            _latencies(alone, share)
        cores = os.cpu_count() or 1
        servers = [running.enter_context(meshport(shop, workers=cores))]
        servers += [s for make in (roapi, datasette) if (s := running.enter_context(make(shop)))]
        found = _throughput(servers, rounds, share)
    ratios = _ratios(found)
    walk(100 // share)
    return ratios


AIMS = {
    "304": ("p50", 1.0),
    "row by key": ("p50", 2.0),
    "page of 100": ("p99", 5.0),
    "10,000 rows, NDJSON": ("p50", 15.0),
    "10,000 rows, Arrow": ("p50", 8.0),
}


def _latencies(server: Server, share: int) -> None:
    print("  one client, one process, milliseconds      p50     p99     cpu   aim")
    for name, ask in server.asks.items():
        count = (100 if "10,000" in name else 2_000) // share
        before = server.cpu
        answers = in_turn(server.port, ask, count)
        _require(answers, name)
        cpu = (server.cpu - before) / count * 1000
        which, most = AIMS.get(name, ("", 0.0))
        aim = f"{which} <= {most:g}" if which else ""
        print(f"    {name:36} {answers.p50:7.2f} {answers.p99:7.2f} {cpu:7.2f}   {aim}")


COMPARED = ("row by key", "page of 100", "filtered page of 100")


def _throughput(servers: list[Server], rounds: int, share: int) -> dict[str, dict[str, float]]:
    """Requests per second by question and server, the median of the rounds."""
    print(f"  {CLIENTS} clients, requests per second (cpu milliseconds per request)")
    found: dict[str, dict[str, float]] = {}
    for name in COMPARED:
        rates: dict[str, list[float]] = {server.name: [] for server in servers}
        costs: dict[str, list[float]] = {server.name: [] for server in servers}
        for _ in range(rounds):
            for server in servers:
                count = (400 if name.startswith("filtered") else 2_000) // share
                before = server.cpu
                answers = at_once(server.port, server.asks[name], CLIENTS, count)
                _require(answers, f"{server.name}: {name}")
                rates[server.name].append(answers.per_second)
                costs[server.name].append((server.cpu - before) / count * 1000)
        found[name] = {one: statistics.median(each) for one, each in rates.items()}
        told = [
            f"{one} {found[name][one]:,.0f} ({statistics.median(costs[one]):.2f})" for one in rates
        ]
        print(f"    {name:22} {'  '.join(told)}  load {os.getloadavg()[0]:.1f}")
    return found


def walk(releases: int) -> tuple[int, int]:
    """Walks through a port while releases are published; rows seen twice, and rows never seen.

    One walk lasts as long as all the publishing; others begin and end meanwhile.
    """
    rows, twice, missed, walks = 10_000, 0, 0, 0
    with tempfile.TemporaryDirectory(prefix="meshport-walk-") as folder:
        shop = Shop(Path(folder))
        shop.publish(rows)
        with meshport(shop, workers=os.cpu_count() or 1) as server:
            published = threading.Thread(target=_publish_all, args=(shop, rows, releases))
            long = _Walk(Client(server.port))
            long.step()
            published.start()
            while published.is_alive():
                short = _Walk(Client(server.port))
                while short.step():
                    pass
                walks += 1
                if walks % 5 == 0 and len(long.keys) < rows - 500:
                    long.step()
                twice, missed = twice + short.twice, missed + short.missed(rows)
            published.join()
            while long.step():
                pass
    twice, missed = twice + long.twice, missed + long.missed(rows)
    told = f"{walks + 1} walks of {rows:,} rows while {releases} releases were published"
    print(f"  {told}: {twice} rows twice, {missed} missed   aim: 0 and 0")
    return twice, missed


def _publish_all(shop: Shop, rows: int, releases: int) -> None:
    for number in range(1, releases + 1):
        shop.publish(rows, start=number * 7)


class _Walk:
    """A walk, page by page; all its rows have to be those of the release it began in."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.target: str | None = f"{ROWS}?limit=500&select=order_id"
        self.keys: list[str] = []

    def step(self) -> bool:
        """Read a page; whether there is one after it."""
        assert self.target
        head, _, body = self.client.ask(self.target).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        self.keys += [row["order_id"] for row in json.loads(body)]
        following = re.search(r'link: <(\S+)>; rel="next"', head.decode())
        self.target = following[1] if following else None
        return self.target is not None

    @property
    def twice(self) -> int:
        return len(self.keys) - len(set(self.keys))

    def missed(self, rows: int) -> int:
        first = int(self.keys[0][1:])
        return len({key_of(number) for number in range(first, first + rows)} - set(self.keys))


def _ratios(found: dict[str, dict[str, float]]) -> dict[str, float]:
    ratios = {}
    for name, rates in found.items():
        ours, *others = rates.values()
        if others:
            ratios[name] = ours / max(others)
            aim = "" if name.startswith("filtered") else "   aim: >= 2"
            print(f"    {name:22} {ratios[name]:.1f} times the better peer{aim}")
    return ratios


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


def _require(answers: Answers, name: str) -> None:
    assert answers.statuses <= {200, 304}, (name, answers.statuses)


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


if __name__ == "__main__":
    measure("--quick" in sys.argv)
