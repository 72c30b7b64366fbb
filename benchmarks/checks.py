"""All clauses of orders.orders and orders.order_lines against the same rules written by hand."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import checks_by_hand
from benchmarks.measure import ROOT
from meshport.checks.plan import plan
from meshport.checks.run import Audit, Surroundings, run_checks
from meshport.checks.spec import Status
from meshport.checks.table import TableSource
from meshport.contracts.model import Contract, Reference
from meshport.names import PortId
from meshport.products.mesh import port_contract, referenced_port
from meshport.publishing.store import ReleaseStore
from meshport.warehouse import Connection, connect_memory

PORTS = {
    "orders": PortId("orders", "orders", 1),
    "order_lines": PortId("orders", "order_lines", 1),
    "items": PortId("catalog", "items", 1),
    "sellers": PortId("catalog", "sellers", 1),
}
FAULTS = {
    "a null key": ("orders", "order_id = case when {n} then null else order_id end"),
    "a bad pattern": ("orders", "customer_id = case when {n} then 'X' else customer_id end"),
    "an unknown status": (
        "orders",
        "order_status = case when {n} then 'lost' else order_status end",
    ),
    "a negative amount": ("orders", "items_amount = case when {n} then -1 else items_amount end"),
    "an unknown state": (
        "orders",
        "delivery_state = case when {n} then 'XX' else delivery_state end",
    ),
    "a repeated key": ("order_lines", "line_number = case when {n} then 1 else line_number end"),
    "an orphan order": (
        "order_lines",
        "order_id = case when {n} then repeat('0', 32) else order_id end",
    ),
    "an unknown item": (
        "order_lines",
        "item_id = case when {n} then repeat('f', 32) else item_id end",
    ),
    "a zero line number": (
        "order_lines",
        "line_number = case when {n} then 0 else line_number end",
    ),
}


def measure(home: Path, runs: int) -> float:
    """Print both and the ratio over the current releases in a meshport home."""
    files = _files(home)
    con = connect_memory()
    ours, by_hand = _Ours(con), lambda given: checks_by_hand.check(con, given)
    times: dict[str, list[float]] = {"meshport": [], "by hand": []}
    for _ in range(runs + 1):
        times["meshport"].append(_timed(lambda: ours.check(files)))
        times["by hand"].append(_timed(lambda: by_hand(files)))
    median = {name: statistics.median(seconds[1:]) for name, seconds in times.items()}
    ratio = median["meshport"] / median["by hand"]
    print(
        f"\nAll clauses of orders.orders and orders.order_lines, {ours.clauses} of them, in process"
    )
    for name, seconds in times.items():
        spread = f"{min(seconds[1:]):.2f} to {max(seconds[1:]):.2f}"
        print(f"  {name:10} {median[name]:5.2f} s ({spread})")
    print(f"  ratio      {ratio:5.2f} (aim: at most 1.2, better below 1)")
    found, of = _faults_found(con, files, ours)
    print(f"  faults found by hand: {of}, by meshport: {found}")
    print(f"  peak memory of a process that only checks: {_peak_mb(home):.0f} MB (aim: below 1024)")
    return ratio


class _Ours:
    """The platform's own checks over both ports."""

    def __init__(self, con: Connection) -> None:
        self.con = con
        self.contracts = {name: port_contract(ROOT, port) for name, port in PORTS.items()}
        self.plans = {name: plan(self.contracts[name]) for name in ("orders", "order_lines")}
        self.clauses = sum(len(specs) for specs in self.plans.values())

    def check(self, files: dict[str, str]) -> dict[str, Audit]:
        def target(contract: Contract, reference: Reference) -> TableSource | str:
            name = _named(contract, reference)
            return TableSource(f"read_parquet('{files[name]}')") if name in files else "elsewhere"

        audits = {}
        for name, specs in self.plans.items():
            contract = self.contracts[name]
            around = Surroundings(
                datetime.now(UTC),
                lambda reference, contract=contract: target(contract, reference),
                kept_by=lambda reference, contract=contract: self.contracts.get(
                    _named(contract, reference)
                ),
            )
            source = {name: TableSource(f"read_parquet('{files[name]}')")}
            audits[name] = run_checks(self.con, contract, specs, source, around)
        return audits

    def failed_rows(self, files: dict[str, str]) -> int:
        audits = self.check(files)
        return sum(
            result.failed_rows or 1
            for audit in audits.values()
            for result in audit.results
            if result.status is Status.FAILED
        )


def _named(contract: Contract, reference: Reference) -> str:
    port = referenced_port(contract, reference)
    return port.port if port else ""


def _files(home: Path) -> dict[str, str]:
    store = ReleaseStore(home)
    found = {}
    for name, port in PORTS.items():
        manifest = store.of(port.domain).current()
        assert manifest is not None
        part = manifest.port(port)
        assert part is not None
        found[name] = str(store.of(port.domain).paths(part)[0])
    return found


def _faults_found(con: Connection, files: dict[str, str], ours: _Ours) -> tuple[int, int]:
    """How many planted faults we find of those that the queries written by hand find."""
    clean = sum(checks_by_hand.check(con, files).values())
    ours_clean = ours.failed_rows(files)
    found = of = 0
    with tempfile.TemporaryDirectory(prefix="meshport-bench-") as folder:
        for position, (table, change) in enumerate(FAULTS.values()):
            column, _, value = change.format(n="n = 77").partition(" = ")
            file = f"{folder}/{position}.parquet"
            numbered = f"(select *, row_number() over () as n from '{files[table]}')"
            con.execute(
                f"copy (select * exclude n replace ({value} as {column}) from {numbered}) "
                f"to '{file}' (format parquet)"
            )
            broken = {**files, table: file}
            if sum(checks_by_hand.check(con, broken).values()) > clean:
                of += 1
                found += ours.failed_rows(broken) > ours_clean
    return found, of


def _timed(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def _peak_mb(home: Path) -> float:
    """Peak resident memory of a process that runs our checks once."""
    code = (
        "import resource, sys; from pathlib import Path\n"
        "from benchmarks.checks import _Ours, _files\n"
        "from meshport.warehouse import connect_memory\n"
        "_Ours(connect_memory('768MB')).check(_files(Path(sys.argv[1])))\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(home)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)
