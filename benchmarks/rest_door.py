"""The REST door on a port of 100,000 rows, beside ROAPI and Datasette on the same rows and machine.

python -m benchmarks.rest_door [--quick]

One client asks meshport alone, in one process: these are latencies. Then 16 clients ask all servers
in turn, round after round, so that a change of the machine hits each of them. Processor seconds are
those of the server's processes.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from benchmarks.load import Answers, at_once, in_turn
from benchmarks.page_walk import walk
from benchmarks.rest_port import Shop
from benchmarks.rest_servers import COUNT, Server, datasette, meshport, roapi

CLIENTS = 16


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


def _ratios(found: dict[str, dict[str, float]]) -> dict[str, float]:
    ratios = {}
    for name, rates in found.items():
        ours, *others = rates.values()
        if others:
            ratios[name] = ours / max(others)
            aim = "" if name.startswith("filtered") else "   aim: >= 2"
            print(f"    {name:22} {ratios[name]:.1f} times the better peer{aim}")
    return ratios


def _require(answers: Answers, name: str) -> None:
    assert answers.statuses <= {200, 304}, (name, answers.statuses)


if __name__ == "__main__":
    measure("--quick" in sys.argv)
