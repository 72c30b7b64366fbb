"""Runs at the same time, a clock that jumps back, and private warehouses that cannot be read."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import dagster as dg
import pytest

from meshport.publishing.retention import sweep
from meshport.publishing.store import DomainStore, ReleaseStore
from tests.building import NOW, ROOT, run_here

pytestmark = pytest.mark.xdist_group("turns")


def start(home: Path, source: Path, *domains: str) -> subprocess.Popen[str]:
    """`meshport run` in a process of its own that nobody waits for yet."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MESHPORT_")}
    return subprocess.Popen(
        [sys.executable, "-m", "meshport.cli.main", "run", *domains, "--source", str(source)],
        cwd=ROOT,
        env={**kept, "MESHPORT_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def is_whole(store: DomainStore) -> bool:
    """Whether every file of every release is there with the content its name says."""
    manifests = [store.manifest(release) for release in store.releases()]
    files = {path for manifest in manifests for path in manifest.files()}
    return all(
        sha256((store.folder / file).read_bytes()).hexdigest() == Path(file).stem for file in files
    )


def test_runs_at_the_same_time_take_turns_and_lose_nothing(home, sample):
    runs = [start(home, sample, name) for name in ("catalog", "catalog", "orders")]

    for run in runs:
        _, said = run.communicate(timeout=240)
        assert run.returncode == 0, said

    for domain, releases in (("catalog", 3), ("orders", 2)):
        store = ReleaseStore(home).of(domain)
        assert [store.manifest(name).sequence for name in store.releases()] == [
            *range(1, releases + 1)
        ]
        assert [move.number for move in store.pointer().moves] == [*range(1, releases + 1)]
        assert is_whole(store)
        assert sweep(store) == []
    with dg.DagsterInstance.from_config(str(home / "dagster")) as instance:
        assert {run.status for run in instance.get_runs()} == {dg.DagsterRunStatus.SUCCESS}
        assert instance.get_runs_count() == 3


def test_a_clock_that_jumps_back_changes_neither_order_nor_outcome(home, sample):
    store = ReleaseStore(home).of("catalog")
    before = store.current()

    outcome = run_here(home, sample, "catalog", now=lambda: NOW - timedelta(days=400))

    assert outcome.exit_code == 0
    after = store.current()
    assert after.published_at < before.published_at
    assert (after.sequence, after.parent) == (before.sequence + 1, before.release)
    assert store.releases() == [before.release, after.release]
    assert run_here(home, sample, "catalog").exit_code == 0
    assert store.current().parent == after.release


def header_checksum(block: bytes) -> int:
    """DuckDB's checksum of a header block."""
    result = 5381
    for (word,) in struct.iter_unpack("<Q", block):
        result ^= word * 0xBF58476D1CE4E5B9 & 0xFFFF_FFFF_FFFF_FFFF
    return result


def of_a_newer_engine(content: bytes) -> bytes:
    """The main header is magic bytes and the storage version, after the block's checksum."""
    assert content[8:12] == b"DUCK"
    rest = content[8:12] + struct.pack("<Q", 4321) + content[20:4096]
    return struct.pack("<Q", header_checksum(rest)) + rest + content[4096:]


def damaged_inside(content: bytes) -> bytes:
    """All blocks but the first, which is read when the file is opened."""
    spoilt = bytearray(content)
    for block in range(12_288 + 262_144, len(content), 262_144):
        spoilt[block + 1000 : block + 1008] = bytes(
            255 - byte for byte in spoilt[block + 1000 : block + 1008]
        )
    return bytes(spoilt)


BAD_FILES = {
    "of a newer DuckDB": (of_a_newer_engine, "MP241"),
    "with a broken header": (lambda content: bytes(64) + content[64:], "MP242"),
    "of another kind": (lambda _content: b"no database at all" * 500, "MP242"),
    "damaged where it is opened": (lambda content: content[:12_300] + content[12_400:], "MP242"),
    "damaged where it is read": (damaged_inside, "MP242"),
}


@pytest.mark.parametrize(("spoil", "code"), BAD_FILES.values(), ids=BAD_FILES)
def test_a_warehouse_that_cannot_be_read_refuses_the_release_and_says_what_to_do(
    home, sample, spoil: Callable[[bytes], bytes], code
):
    store = ReleaseStore(home).of("orders")
    before = store.current()
    warehouse = home / "orders_warehouse.duckdb"
    warehouse.write_bytes(spoil(warehouse.read_bytes()))

    outcome = run_here(home, sample, "orders")

    assert outcome.exit_code == 2
    refusal = store.refusal()
    assert refusal["reason"].startswith(f"{code} (orders_warehouse.duckdb): ")
    assert refusal["hint"].startswith("move orders_warehouse.duckdb away")
    assert store.current() == before


def test_a_warehouse_that_was_moved_away_is_built_anew(home, sample):
    before = ReleaseStore(home).of("orders").current()
    (home / "orders_warehouse.duckdb").unlink()

    assert run_here(home, sample, "orders").exit_code == 0

    after = ReleaseStore(home).of("orders").current()
    for name, port in after.ports.items():
        assert port.full.content_hash() == before.ports[name].full.content_hash()


def test_a_warehouse_that_another_process_has_open_is_left_alone(home, sample, tmp_path):
    warehouse = home / "orders_warehouse.duckdb"
    holding = "import duckdb, sys; con = duckdb.connect(sys.argv[1]); print('open', flush=True)"
    holder = subprocess.Popen(
        [sys.executable, "-c", f"{holding}; input()", str(warehouse)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout.readline() == "open\n"
        outcome = run_here(home, sample, "orders")
    finally:
        holder.communicate("\n", timeout=60)

    (orders,) = outcome.domains
    assert outcome.exit_code == 2
    assert orders.refusal["reason"].startswith(
        f"MP240 (orders_warehouse.duckdb): process {holder.pid} has"
    )


def test_a_damaged_pointer_is_the_affair_of_its_domain_alone(home, sample):
    (home / "store" / "customers" / "pointer.json").write_text("{")

    outcome = run_here(home, sample, "catalog", "customers")

    found = {one.domain: one for one in outcome.domains}
    assert found["catalog"].state == "published"
    assert found["customers"].refusal["reason"].startswith("MP402 (store/customers/pointer.json)")
    assert outcome.exit_code == 2
