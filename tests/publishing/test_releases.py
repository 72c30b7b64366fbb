"""A release: immutable files named by content, a manifest, and one pointer for all ports."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import threading

import pytest

from meshport.errors import PublishError
from meshport.publishing.durable import write_atomically
from meshport.publishing.lock import exclusive
from meshport.publishing.manifest import Manifest
from tests.building import NOW
from tests.publishing.shop import PARTS, THINGS, Shop, files_of, query, things


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path)


def code_of(action, *arguments):
    with pytest.raises(PublishError) as caught:
        action(*arguments)
    return caught.value.code


def test_before_the_first_release_there_is_nothing_to_read(shop):
    assert shop.store.current() is None
    assert shop.store.pointer().number == 0
    with shop.store.reading() as manifest:
        assert manifest is None


def test_a_file_is_named_by_its_content_and_may_not_be_written(shop):
    shop.publish(things(3), [("p1", "t000001")])

    files = list(shop.store.folder.glob("files/*/*"))
    assert len(files) == 2
    for file in files:
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        assert (file.parent.name, file.name) == (digest[:2], f"{digest}.parquet")
        assert stat.S_IMODE(file.stat().st_mode) == 0o444


def test_equal_rows_are_stored_once_whatever_order_they_came_in(shop):
    first = shop.publish(things(300)).manifest
    second = shop.publish(list(reversed(things(300)))).manifest

    assert first.release != second.release
    assert first.files() == second.files()
    assert len(list(shop.store.folder.glob("files/*/*"))) == 2
    one, other = (m.ports[str(THINGS)].full.content_hash() for m in (first, second))
    assert one == other


def test_a_port_that_did_not_change_shares_its_file_with_the_release_before(shop):
    first = shop.publish(things(3), [("p1", "t000001")]).manifest
    second = shop.publish(things(4), [("p1", "t000001")]).manifest

    shared = first.files() & second.files()

    assert shared == {file.path for file in second.ports[str(PARTS)].full.files}


def test_rows_are_sorted_by_key_in_row_groups_fit_for_a_point_lookup(shop):
    rows = things(130_000)
    shop.publish([*rows[70_000:], *rows[:70_000]])

    part = shop.store.current().ports[str(THINGS)]
    (file,) = shop.store.paths(part)
    assert shop.rows(THINGS) == list(rows)
    groups = query(
        "select row_group_num_rows, stats_min_value, stats_max_value "
        f"from parquet_metadata('{file}') where path_in_schema = 'thing_id' order by row_group_id"
    )
    assert [rows for rows, _, _ in groups] == [122_880, 130_000 - 122_880]
    assert groups[0][2] < groups[1][1]  # a key is in one row group at most


def test_a_manifest_says_what_the_release_holds_and_reads_back_as_it_was_written(shop):
    written = shop.publish(things(3), [("p1", "t000001")]).manifest

    read = shop.store.manifest(written.release)

    assert read == written == Manifest.model_validate_json(read.model_dump_json())
    part = read.ports[str(THINGS)]
    assert (part.rows, part.key, part.contract_version) == (3, ["thing_id"], "1.0.0")
    assert [(c.name, c.type) for c in part.columns] == [
        ("thing_id", "VARCHAR"),
        ("size", "INTEGER"),
    ]
    assert part.full.columns == ["thing_id", "size"]
    (file,) = part.full.files
    on_disk = (shop.store.folder / file.path).read_bytes()
    assert (file.bytes, file.sha256) == (len(on_disk), hashlib.sha256(on_disk).hexdigest())
    contract = (shop.store.folder / part.contract.path).read_bytes()
    assert contract == (shop.root / THINGS.contract_path).read_bytes()


def test_every_path_in_a_manifest_is_relative_so_that_a_moved_home_still_reads(shop, tmp_path):
    shop.publish(things(3))
    shop.home.rename(tmp_path / "moved")
    shop.home = tmp_path / "moved"

    assert shop.rows(THINGS) == list(things(3))


def test_the_release_id_names_domain_sequence_and_content(shop):
    ids = [shop.publish(things(3)).manifest.release for _ in range(2)]

    assert [name.rsplit("-", 1)[0] for name in ids] == ["shop-000001", "shop-000002"]
    assert shop.store.releases() == ids
    assert [m.parent for m in map(shop.store.manifest, ids)] == [None, ids[0]]


def test_a_clock_that_jumps_back_does_not_change_the_order_of_releases(shop):
    first = shop.publish(things(1), now=NOW).manifest
    second = shop.publish(things(2), now=NOW.replace(year=2020)).manifest

    assert shop.store.releases() == [first.release, second.release]
    assert shop.store.pointer().current == second.release
    assert [move.number for move in shop.store.pointer().moves] == [1, 2]


def test_one_move_of_the_pointer_shows_all_ports_of_the_domain_together(shop):
    """A reader looks at all ports while they are published again and again."""
    shop.publish(things(1), [("p1", "t000000")])
    ended, mixed, seen = threading.Event(), [], set()

    def read():
        while not ended.is_set():
            with shop.store.reading() as manifest:
                counts = [manifest.ports[str(port)].rows for port in (THINGS, PARTS)]
                seen.add(tuple(counts))
                if counts[0] != counts[1]:
                    mixed.append(counts)

    reader = threading.Thread(target=read)
    reader.start()
    for n in range(2, 8):
        shop.publish(things(n), [(f"p{i}", "t000000") for i in range(n)])
    ended.set()
    reader.join()
    assert mixed == []
    assert len(seen) > 1


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"moves": 1}', '{"moves": [{"number": 1}]}', "\xff"]
)
def test_a_damaged_pointer_is_told_as_such(shop, content):
    shop.publish(things(1))
    (shop.store.folder / "pointer.json").write_bytes(content.encode("latin-1"))

    with pytest.raises(PublishError) as caught:
        shop.store.current()

    assert caught.value.code == "MP402"
    assert str(caught.value.place) == "store/shop/pointer.json"


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"format": 2}'])
def test_a_damaged_manifest_is_told_as_such(shop, content):
    release = shop.publish(things(1)).manifest.release
    (shop.store.folder / "releases" / release / "manifest.json").write_text(content)

    with pytest.raises(PublishError) as caught:
        shop.store.current()

    assert caught.value.code == "MP402"
    assert str(caught.value.place) == f"store/shop/releases/{release}/manifest.json"


@pytest.mark.parametrize(
    "release",
    ["", ".", "..", "shop", "shop-000001-00000000", "shop-1-2", "../shop-000001-00000000",
     "nobody-000001-00000000", "shop-000001-" + "0" * 5000, "shop-000001-0000000\0"],
)  # fmt: skip
def test_an_unknown_release_is_told_as_such(shop, release):
    shop.publish(things(1))

    assert code_of(shop.releases.find, release) == "MP403"
    assert code_of(shop.store.manifest, release) == "MP403"


def test_a_release_is_found_by_its_id_alone_and_otherwise_the_domains_are_listed(shop):
    release = shop.publish(things(1)).manifest.release

    assert shop.releases.find(release).release == release
    with pytest.raises(PublishError) as caught:
        shop.releases.find("nobody-000001-00000000")
    assert caught.value.hint == "domains with releases: shop"


def test_writing_atomically_leaves_the_old_content_when_it_fails(tmp_path, monkeypatch):
    file = tmp_path / "pointer.json"
    write_atomically(file, b"old")

    def full(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_atomically(file, b"new")

    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [
        ("pointer.json", b"old")
    ]


def test_what_a_release_is_read_from_follows_the_umask_like_any_other_file(shop):
    """A server may run as another user of the same group."""
    before = os.umask(0o027)
    try:
        release = shop.publish(things(1)).manifest.release
    finally:
        os.umask(before)

    for name in ("pointer.json", f"releases/{release}/manifest.json"):
        assert stat.S_IMODE((shop.store.folder / name).stat().st_mode) == 0o640


def test_the_second_publisher_waits_for_the_first_and_is_told_who_it_is(tmp_path):
    lock, waits, order = tmp_path / "lock", [], []
    waiting = threading.Event()

    def second():
        def told(holder):
            waits.append(holder)
            waiting.set()

        with exclusive(lock, told, poll_seconds=0.01):
            order.append("second")

    thread = threading.Thread(target=second)
    with exclusive(lock):
        thread.start()
        assert waiting.wait(30)
        order.append("first")
    thread.join(30)

    assert order == ["first", "second"]
    assert waits == [f"process {os.getpid()}"]


def test_a_pointer_file_lists_every_move(shop):
    release = shop.publish(things(1)).manifest.release

    moves = json.loads((shop.store.folder / "pointer.json").read_text())["moves"]

    assert [(m["number"], m["act"], m["release"]) for m in moves] == [(1, "publish", release)]


def test_publishing_leaves_no_file_that_no_release_names(shop):
    for n in (3, 4):
        manifest = shop.publish(things(n), [("p1", "t000001")]).manifest

    named = {"pointer.json", "lock"}
    for release in shop.store.releases():
        manifest = shop.store.manifest(release)
        named |= manifest.files() | {part.contract.path for part in manifest.ports.values()}
        named |= {f"releases/{release}/{name}" for name in ("manifest.json", "lease")}
    assert files_of(shop.store) == named
    assert list(shop.store.folder.glob("candidates/*")) == []
