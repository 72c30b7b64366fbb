"""Old releases go, read ones stay, and what a killed publish left behind is swept."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack

import pytest

from meshport.errors import PublishError
from meshport.publishing.durable import UNFINISHED
from meshport.publishing.retention import KEEP, expire, sweep
from meshport.publishing.rollback import roll_back
from tests.building import NOW, ROOT
from tests.publishing.shop import PARTS, THINGS, Shop, files_of, query, things

READER = """
import sys
from pathlib import Path
sys.path.insert(0, "platform/src")
from meshport.publishing.store import DomainStore
with DomainStore(Path(sys.argv[1]), "shop").reading(sys.argv[2]):
    print("reading", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path)


def published(shop, *counts):
    return [shop.publish(things(n)).manifest.release for n in counts]


def with_data(shop):
    return [release for release in shop.store.releases() if shop.store.has_data(release)]


def is_gone(shop, release):
    with pytest.raises(PublishError) as caught:
        shop.rows(THINGS, release)
    return caught.value.code == "MP404"


def test_the_newest_releases_keep_their_data_and_the_others_only_their_manifest(shop):
    releases = published(shop, 1, 2, 3, 4, 5)

    assert expire(shop.store, keep=2) == releases[:3]

    assert with_data(shop) == releases[3:]
    assert all(is_gone(shop, release) for release in releases[:3])
    assert [shop.rows(THINGS, one) for one in releases[3:]] == [list(things(4)), list(things(5))]
    first = shop.store.manifest(releases[0])
    assert first.ports[str(THINGS)].rows == 1
    assert not (shop.store.folder / first.ports[str(THINGS)].full.files[0].path).exists()


def test_publishing_expires_what_is_more_than_it_keeps(shop):
    releases = published(shop, *range(1, KEEP + 4))

    assert with_data(shop) == releases[-KEEP:]


def test_a_file_that_a_kept_release_shares_with_an_expired_one_stays(shop):
    releases = published(shop, 1, 2, 1)

    expire(shop.store, keep=1)

    assert with_data(shop) == releases[2:]
    assert shop.rows(THINGS) == list(things(1))


def test_the_current_release_stays_however_old_it_is(shop):
    releases = published(shop, 1, 2, 3, 4)
    roll_back(shop.store, releases[0], NOW)

    assert expire(shop.store, keep=1) == releases[1:3]
    assert shop.rows(THINGS) == list(things(1))


def test_a_release_under_lease_outlives_retention(shop):
    releases = published(shop, 1, 2, 3)
    with shop.store.reading(releases[0]) as manifest:
        assert expire(shop.store, keep=1) == [releases[1]]
        (file,) = shop.store.paths(manifest.ports[str(THINGS)])
        assert query(f"from '{file}'") == list(things(1))

    assert expire(shop.store, keep=1) == [releases[0]]
    assert is_gone(shop, releases[0])


def test_a_lease_of_another_process_counts_and_ends_with_it(shop):
    releases = published(shop, 1, 2)
    process = subprocess.Popen(
        [sys.executable, "-c", READER, str(shop.store.folder), releases[0]],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout.readline() == "reading\n"
        assert expire(shop.store, keep=1) == []
        process.kill()
        process.wait()
        assert expire(shop.store, keep=1) == [releases[0]]


def test_an_old_release_reads_the_same_while_newer_ones_are_published(shop):
    (first,) = published(shop, 500)
    with ExitStack() as leases:
        manifest = leases.enter_context(shop.store.reading(first))
        (file,) = shop.store.paths(manifest.ports[str(THINGS)])
        before = query(f"from '{file}'")
        for n in range(KEEP + 3):
            shop.publish(things(n + 1))
            assert query(f"from '{file}'") == before
        assert with_data(shop)[0] == first
    published(shop, 7)
    assert first not in with_data(shop)


def test_a_reader_whose_release_expired_before_it_was_leased_gets_the_one_now_current(
    shop, monkeypatch
):
    """Between looking at the pointer and holding the lease, the pointer moves and data goes."""
    releases = published(shop, 1, 2)
    stale = [shop.store.pointer()]
    store = shop.store
    published(shop, 3)
    expire(store, keep=1)
    now = store.pointer
    monkeypatch.setattr(store, "pointer", lambda: stale.pop() if stale else now())

    with store.reading() as manifest:
        assert manifest.release not in releases
        assert manifest.ports[str(THINGS)].rows == 3


def left_behind(shop):
    """What killed publishes can leave, one of each kind."""
    folder = shop.store.folder
    for name in (
        "candidates/abc/things_v1.parquet",
        "releases/shop-000099-00000000/manifest.json",
        "releases/shop-000098-00000000/lease",
        f"releases/shop-000097-00000000/{UNFINISHED}1",
        "files/ab/abcd.parquet",
        f"contracts/{UNFINISHED}2",
        f"{UNFINISHED}3",
    ):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("half")
        yield name


def test_sweeping_removes_leftovers_and_nothing_else(shop):
    shop.publish(things(3), [("p1", "t000001")])
    shop.publish(things(3), [("p1", "t000002")])
    roll_back(shop.store, None, NOW)
    shop.publish([("bad", -1)])  # refused, and recorded as such
    before = files_of(shop.store)
    left = set(left_behind(shop))
    assert files_of(shop.store) == before | left

    sweep(shop.store)

    assert files_of(shop.store) == before
    assert sweep(shop.store) == []
    assert [len(shop.rows(port)) for port in (THINGS, PARTS)] == [3, 1]


def test_the_next_publish_sweeps_and_a_leftover_never_gives_it_its_number(shop):
    published(shop, 1)
    left = set(left_behind(shop))

    manifest = shop.publish(things(2)).manifest

    assert manifest.sequence == 2
    assert not left & files_of(shop.store)


def test_a_contract_stays_as_long_as_the_manifest_that_names_it(shop):
    """A receipt names contracts of releases whose data went long ago."""
    first = shop.publish(things(1)).manifest
    text = (shop.root / THINGS.contract_path).read_bytes()
    contract = text.replace(b"1.0.0", b"1.1.0", 1)
    (shop.root / THINGS.contract_path).write_bytes(contract)
    descriptor = shop.root / "domains/shop/data_product.odps.yaml"
    changed = descriptor.read_text().replace(
        "contractId: shop.things\n  version: 1.0.0", "contractId: shop.things\n  version: 1.1.0"
    )
    descriptor.write_text(changed)
    published(shop, 2, 3)
    expire(shop.store, keep=1)

    kept = shop.store.folder / first.ports[str(THINGS)].contract.path

    assert not shop.store.has_data(first.release)
    assert kept.read_bytes() == text
