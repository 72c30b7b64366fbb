"""Golden replay (SEM03): base and head run on the same seeded sample, and what comes out differs.

Both run the platform's code of the working tree; contracts, domains and macros are each their own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from meshport.errors import ProductError
from meshport.gate.history import History
from meshport.names import PortId
from meshport.publishing.manifest import PortRelease
from meshport.publishing.store import ReleaseStore
from meshport.sources.sample import SamplePlan, write_sample
from meshport.sql_text import quote
from meshport.warehouse import Connection, connect_memory, parquet_scan

MESH = ("contracts", "domains", "catalog", "platform/dbt", "workspace.yaml")
_SECONDS = 1800


@dataclass(frozen=True)
class ColumnChange:
    """A column whose values differ in rows that both releases have."""

    column: str
    rows: int
    example: str


@dataclass(frozen=True)
class PortChange:
    """One port as base and head published it from the same sources."""

    port: PortId
    base_rows: int
    head_rows: int
    keys_gone: int
    keys_new: int
    columns: tuple[ColumnChange, ...]

    @property
    def is_same(self) -> bool:
        """Whether every row and every value stayed."""
        moved = self.keys_gone or self.keys_new or self.base_rows != self.head_rows
        return not (moved or self.columns)


def replay(history: History, domains: Sequence[str], scale: float = 0.02) -> list[PortChange]:
    """Run both meshes and compare every port that both publish, in the order of their names.

    Raises ProductError MP260 where one of the two does not publish.
    """
    with tempfile.TemporaryDirectory(prefix="meshport-replay-") as folder:
        here = Path(folder)
        write_sample(here / "sample", SamplePlan(scale=scale))
        _unpack(history, here / "base")
        with ThreadPoolExecutor(2) as both:
            roots = {"base": here / "base", "head": history.root}
            runs = [both.submit(_run, name, root, here, domains) for name, root in roots.items()]
            for run in runs:
                run.result()
        stores = [ReleaseStore(here / f"{name}_home") for name in ("base", "head")]
        with _memory() as con:
            return [change for domain in domains for change in _compare(con, domain, *stores)]


def _unpack(history: History, target: Path) -> None:
    target.mkdir()
    archive = target.parent / "base.tar"
    subprocess.run(
        ["git", "-C", str(history.root), "archive", "-o", str(archive), history.base, *MESH],  # noqa: S607
        check=True,
        capture_output=True,
        timeout=_SECONDS,
    )
    with tarfile.open(archive) as tar:
        tar.extractall(target, filter="data")


def _run(name: str, root: Path, here: Path, domains: Sequence[str]) -> None:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("MESHPORT_")}
    command = ["run", *domains, "--source", str(here / "sample")]
    done = subprocess.run(
        [sys.executable, "-m", "meshport.cli.main", *command],
        cwd=root,
        env={**kept, "MESHPORT_HOME": str(here / f"{name}_home")},
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        tail = "\n".join(done.stderr.strip().splitlines()[-12:])
        fact = f"{name} does not publish from the sample:\n{tail}"
        raise ProductError("MP260", fact, hint="a change can only be replayed where both sides run")


@contextmanager
def _memory() -> Iterator[Connection]:
    con = connect_memory()
    try:
        yield con
    finally:
        con.close()


def _compare(
    con: Connection, domain: str, base: ReleaseStore, head: ReleaseStore
) -> Iterator[PortChange]:
    manifests = [store.of(domain).current() for store in (base, head)]
    if not all(manifests):
        return
    old, new = (manifest.ports if manifest else {} for manifest in manifests)
    for name in sorted(set(old) & set(new)):
        scans = [
            parquet_scan(store.of(domain).paths(part))
            for store, part in ((base, old[name]), (head, new[name]))
        ]
        yield _port_change(con, PortId.parse(name), scans, (old[name], new[name]))


def _port_change(
    con: Connection, port: PortId, scans: Sequence[str], parts: tuple[PortRelease, PortRelease]
) -> PortChange:
    old, new = parts
    key = [quote(name) for name in new.key if name in {c.name for c in old.columns}]
    shared = [c.name for c in new.columns if c.name in {o.name for o in old.columns} - set(new.key)]
    on = " and ".join(f"o.{name} is not distinct from n.{name}" for name in key) or "true"
    differs = [f"o.{quote(c)} is distinct from n.{quote(c)}" for c in shared]
    shown = " || ', ' || ".join(f"n.{name}::varchar" for name in key) or "''"
    counts = ", ".join(
        f"count(*) filter (where {where}), min({shown}) filter (where {where})" for where in differs
    )
    tail = f", {counts}" if counts else ""
    query = f"select count(*){tail} from {scans[0]} o join {scans[1]} n on {on}"
    joined = con.execute(query).fetchall()[0]
    changes = [
        ColumnChange(column, joined[1 + 2 * i], str(joined[2 + 2 * i]))
        for i, column in enumerate(shared)
        if joined[1 + 2 * i]
    ]
    return PortChange(
        port, old.rows, new.rows, old.rows - joined[0], new.rows - joined[0], tuple(changes)
    )
