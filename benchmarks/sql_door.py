"""What the SQL door costs and what it holds: python -m benchmarks.sql_door [--quick]

A clean query is timed at the door and, in turn with it, in an engine of this process that has the
tables open already; both write the same bytes. A kill is late by the time from the deadline until
the process is gone, its memory given back. Best times are there because a busy machine is noisy.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from time import monotonic, perf_counter, sleep

from meshport.sandbox import engine
from meshport.sandbox.pool import Pool, PoolSize
from meshport.sandbox.question import JSON, Limits, Shape
from meshport.sandbox.workers import EndedError, Nursery
from meshport.serving.audit_trail import Trail, apart
from meshport.serving.limits import Limits as ServerLimits
from meshport.serving.sql_door.door import SqlDoor, SqlQuestion, at_once
from tests.doors.hostile_sql import MEMORY_MB, Arena, probes
from tests.doors.readers import PERSON

QUERIES = {
    "a count": "select count(*) as n from lab.gauges",
    "100 rows": "select * from lab.gauges order by gauge_id",
    "groups": "select site, count(*) n, avg(ratio) r from lab.gauges group by all order by site",
}
BOMBS = {
    "processor": "select count(*) from range(1000000) a, range(1000000) b, range(1000000) c",
    "memory": "select len(list_sort(list(hash(a.range, b.range)))) "
    "from range(1000000) a, range(1000) b",
    "one call": "select max(levenshtein(repeat('a', 90000), repeat('b', 90000)))",
    "recursion": "with recursive t(i) as (select 1 union all select i + 1 from t) "
    "select max(i) from t",
}
AT_ONCE = at_once(ServerLimits())
OVERHEAD_MS, RESPAWN_MS, LATE_MS = 3, 50, 100


def measure(runs: int) -> None:
    """Print every figure of the door."""
    with tempfile.TemporaryDirectory(prefix="meshport-sql-") as folder, ExitStack() as opened:
        arena = Arena(Path(folder), opened)
        print("\nSQL door: a clean query, at the door and in an engine that is open")
        _overhead(arena, runs)
        print("\nSQL door: processes")
        _respawn(runs)
        _kills(max(3, runs // 10))
        print("\nSQL door: hostile SQL")
        _probes(arena)


def _overhead(arena: Arena, runs: int) -> None:
    with ExitStack() as opened:
        pools = [Pool(), Pool(PoolSize(ready=0))]
        for pool in pools:
            opened.callback(pool.close)
        print(f"  held by: {', '.join(pools[0].seen()['layers'])}")
        again, first = [_AtDoor(arena, SqlDoor(pool, AT_ONCE)) for pool in pools]
        here = _InEngine(arena)
        ways: dict[str, Callable[[str], bytes]] = {
            "engine": here.ask,
            "sent again": again.ask,
            "new over the same tables": again.ask_anew,
            "first": first.ask_anew,
        }
        for name, sql in QUERIES.items():
            assert again.ask(sql) == here.ask(sql) == first.ask(sql)
            _say_overhead(name, _in_turn(ways, sql, runs))


def _in_turn(
    ways: dict[str, Callable[[str], bytes]], sql: str, runs: int
) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(runs):
        for way, ask in ways.items():
            sleep(0.06)  # the next worker is ready, as it is for all but a crowd
            start = perf_counter()
            ask(sql)
            times[way].append(1000 * (perf_counter() - start))
    return times


def _say_overhead(name: str, times: dict[str, list[float]]) -> None:
    here = times.pop("engine")
    print(f"  {name}: {statistics.median(here):.2f} ms in the engine")
    for way, found in times.items():
        more = statistics.median(found) - statistics.median(here)
        best = min(found) - min(here)
        print(
            f"    {way:25} {statistics.median(found):6.2f} ms at the door: "
            f"{more:5.2f} more, at best {best:.2f} (aim: at most {OVERHEAD_MS})"
        )


class _AtDoor:
    """Somebody who asks as a request does."""

    def __init__(self, arena: Arena, door: SqlDoor) -> None:
        self.arena = arena
        self.door = door
        self.texts = 0

    def ask(self, sql: str) -> bytes:
        taken, doors = bytearray(), self.arena.asker.doors
        with apart(Trail(doors.access.audit, "sql", doors.now)):
            self.door.answer(self.arena.asker, SqlQuestion(sql), taken.extend, AT_ONCE)
        return bytes(taken)

    def ask_anew(self, sql: str) -> bytes:
        """The same in words that were not sent before."""
        self.texts += 1
        return self.ask(f"{sql} /* {self.texts} */")


class _InEngine:
    """The same tables in an engine of this process, open and locked."""

    def __init__(self, arena: Arena) -> None:
        catalog = arena.asker.doors.catalog
        store = catalog.store.of("lab")
        port = next(one for one in catalog.mesh.ports if one.id.port == "gauges")
        seen = arena.asker.sight(port, store.current().port(port.id))
        files = [str(store.folder / file.path) for file in seen.files]
        table = {"schema": "lab", "name": "gauges", "columns": seen.columns, "files": files}
        self.con = engine.boot()
        engine.make_room(self.con, ["lab"])
        engine.open_tables(self.con, [table])

    def ask(self, sql: str) -> bytes:
        sink = _Kept()
        shape = Shape(JSON, AT_ONCE.rows, AT_ONCE.bytes)
        engine.Question(self.con, sql).answer(shape, sink)
        return bytes(sink.content)


class _Kept:
    """A sink in memory."""

    def __init__(self) -> None:
        self.content = bytearray()

    def write(self, piece: object) -> int:
        before = len(self.content)
        self.content += memoryview(piece)
        return len(self.content) - before

    def tell(self) -> int:
        return len(self.content)

    def flush(self) -> None: ...


def _respawn(runs: int) -> None:
    start = perf_counter()
    nursery = Nursery()
    nursery.fork().end()
    boot = perf_counter() - start
    forks, ready = [], []
    for _ in range(runs):
        start = perf_counter()
        with nursery.fork() as worker:
            forks.append(1000 * (perf_counter() - start))
            worker.ask("select 1")
            ready.append(1000 * (perf_counter() - start))
    nursery.stop()
    print(f"  boot once    {1000 * boot:6.0f} ms")
    print(
        f"  respawn      {statistics.median(ready):6.1f} ms until it has read a query "
        f"({statistics.median(forks):.1f} ms of it the fork; aim: at most {RESPAWN_MS})"
    )


def _kills(runs: int) -> None:
    nursery = Nursery()
    worst: dict[str, float] = {}
    for name, sql in BOMBS.items():
        late = [_lateness(nursery, sql) for _ in range(runs)]
        worst[name] = max(late)
        print(
            f"  kill, {name:10} {statistics.median(late):6.1f} ms after the deadline it is gone, "
            f"at worst {worst[name]:.1f} (aim: at most {LATE_MS})"
        )
    nursery.stop()


def _lateness(nursery: Nursery, sql: str) -> float:
    """Milliseconds from the deadline until the process is gone; it has 1 GB and half a second."""
    worker = nursery.fork()
    end = worker.channel.socket.dup()
    try:
        worker.limit(Limits(seconds=0.5, memory_mb=1024))
        worker.open([])
        worker.ask(sql)
        deadline = worker.deadline
        worker.first_value(sql)
    except EndedError as error:
        if error.kind not in ("late", "memory"):
            raise
    end.settimeout(5)
    while end.recv(1 << 16):
        pass
    end.close()
    return 1000 * max(0.0, monotonic() - deadline)


def _probes(arena: Arena) -> None:
    counted, escaped, slowest, lock = Counter(), [], 0.0, threading.Lock()
    for outcome in arena.run_all(probes()):
        with lock:
            counted["refused" if outcome.code else "answered with what was granted"] += 1
            slowest = max(slowest, outcome.seconds)
            if arena.leaks(outcome) or (outcome.probe.is_refused and outcome.code is None):
                escaped.append(outcome.probe.text[:80])
    if arena.files() != arena.before or arena.was_called():
        escaped.append("a file was touched, or the network")
    said = ", ".join(f"{count} {what}" for what, count in counted.items())
    print(f"  {sum(counted.values())} probes: {said}; {len(escaped)} escaped {escaped or ''}")
    memory = arena.pool.seen()
    most = max(0, memory["peak_mb"] - memory["resting_mb"])
    print(f"  a worker at most {most} MB above rest (a query may have {MEMORY_MB})")
    rows = bytearray()
    arena.door.answer(arena.readers.asker(PERSON), SqlQuestion("select 1"), rows.extend, AT_ONCE)
    assert rows == b'[{"1":1}]'


if __name__ == "__main__":
    measure(20 if "--quick" in sys.argv else 100)
