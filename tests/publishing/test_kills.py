"""SIGKILL at any moment of a publish: readers see whole releases, the next publish recovers."""

from __future__ import annotations

import subprocess
import sys

import pytest

from benchmarks.publish_kills import kill_publishes
from meshport.publishing.store import ReleaseStore
from tests.building import ROOT
from tests.publishing.shop import PARTS, THINGS, Shop, files_of, things


def test_killed_before_any_change_it_makes_on_disk_a_publish_leaves_a_whole_release(tmp_path):
    """Every moment in turn; what one attempt leaves behind meets the next."""
    shop = Shop(tmp_path)
    shop.publish(things(1), [("p0", "t000000")])
    allowed, killed = {1}, 0
    with subprocess.Popen(
        [sys.executable, "-m", "tests.publishing.dying", str(tmp_path)],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT}:{ROOT}/platform/src"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as publisher:
        for operation in range(1, 200):
            print(operation, file=publisher.stdin, flush=True)
            answer = publisher.stdout.readline().strip()
            counts = [len(shop.rows(port)) for port in (THINGS, PARTS)]
            assert counts[0] == counts[1]
            assert counts[0] in allowed | {operation}
            allowed = {counts[0]}
            if answer != "killed":
                break
            killed += 1
        publisher.stdin.close()

    assert answer == "ended with 0"
    assert counts[0] == operation
    assert killed > 15
    named = {"pointer.json", "lock"}
    for release in shop.store.releases():
        manifest = shop.store.manifest(release)
        named |= manifest.files() | {part.contract.path for part in manifest.ports.values()}
        named |= {f"releases/{release}/{name}" for name in ("manifest.json", "lease", "expired")}
    assert files_of(shop.store) <= named


@pytest.mark.xdist_group("built")
def test_killed_at_random_moments_a_publish_of_a_real_domain_tears_no_read(home):
    tally = kill_publishes(home, kills=5, seed=20)

    assert tally.died > 0
    assert tally.reads > 0
    assert tally.torn == 0
    assert list(ReleaseStore(home).of("orders").folder.glob("candidates/*")) == []
