"""Whatever two releases hold, their difference leads from one to the other."""

from __future__ import annotations

import os
import time
from collections import Counter
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshport.serving.feed import difference_cache
from meshport.serving.feed.difference import CHANGE_TYPE, Snapshot, digest_of, write_difference
from meshport.serving.feed.difference_cache import Differences
from meshport.warehouse import connect_memory
from tests.doors.lab import query

pytestmark = pytest.mark.xdist_group("sharing")
TYPES = {
    "k1": "INTEGER",
    "k2": "VARCHAR",
    "ratio": "DOUBLE",
    "note": "VARCHAR",
    "tags": "INTEGER[]",
}
KEY = ("k1", "k2")
rest = st.tuples(
    st.one_of(st.none(), st.sampled_from([0.0, 1.5, float("nan"), float("inf")])),
    st.one_of(st.none(), st.sampled_from(["", "a", "ü✓", "delete"])),
    st.one_of(st.none(), st.lists(st.one_of(st.none(), st.integers(0, 2)), max_size=2)),
)
tables = st.dictionaries(st.tuples(st.integers(0, 3), st.sampled_from("xyz")), rest, max_size=8)
OLD = {(1, "x"): (1.5, "a", None), (2, "x"): (None, "", [1]), (3, "x"): (0.0, None, [])}
NEW = {(1, "x"): (1.5, "a", None), (2, "x"): (None, "b", [1]), (4, "x"): (0.0, None, [])}


def snapshot(folder: Path, table, key=KEY, columns=tuple(TYPES), name="file") -> Snapshot:
    """A release's rows in a file of its own."""
    file = folder / f"{name}.parquet"
    shown = ", ".join(f"{column}::{TYPES[column]} as {column}" for column in columns)
    values = [dict(zip(TYPES, (*k, *v), strict=True)) for k, v in table.items()]
    with duckdb.connect() as con:
        spelt = ", ".join(f"{column} {native}" for column, native in TYPES.items())
        con.execute(f"create table t ({spelt})")
        for row in values:
            con.execute(f"insert into t values ({', '.join('?' * len(row))})", list(row.values()))
        con.execute(f"copy (select {shown} from t) to '{file}' (format parquet)")
    types = {column: TYPES[column] for column in columns}
    return Snapshot((file,), types, key, name, "internal")


def changes(folder: Path, old, new):
    """The difference's rows: change, and the row as text."""
    con = connect_memory()
    count = write_difference(con, old, new, folder / "difference.parquet")
    con.close()
    found = query(
        f"select {CHANGE_TYPE}, columns(* exclude ({CHANGE_TYPE}))::varchar "
        f"from '{folder}/difference.parquet'"
    )
    assert len(found) == count
    return [(row[0], row[1:]) for row in found]


def rows_in(one: Snapshot | None) -> Counter:
    if one is None:
        return Counter()
    return Counter(query(f"select columns(*)::varchar from '{one.files[0]}'"))


def applied(rows: Counter, found) -> Counter:
    after = Counter(rows)
    after.subtract(row for change, row in found if change in ("delete", "update_preimage"))
    assert all(count >= 0 for count in after.values())
    after.update(row for change, row in found if change in ("insert", "update_postimage"))
    return +after


@settings(max_examples=25, deadline=None)
@given(old=tables, new=tables, has_key=st.booleans())
def test_the_old_rows_and_the_difference_make_the_new_rows(tmp_path_factory, old, new, has_key):
    folder = tmp_path_factory.mktemp("difference")
    key = KEY if has_key else ()
    was = snapshot(folder, old, key, name="old")
    now = snapshot(folder, new, key, name="new")

    found = changes(folder, was, now)

    assert applied(rows_in(was), found) == rows_in(now)
    unchanged = [k for k in old if k in new and repr(old[k]) == repr(new[k])]
    told = {row[:2] for _, row in found}
    assert not told & {(str(k1), k2) for k1, k2 in unchanged}


def test_the_kinds_of_change_are_told_apart_by_the_key_and_come_in_its_order(tmp_path):
    found = changes(tmp_path, snapshot(tmp_path, OLD, name="a"), snapshot(tmp_path, NEW, name="b"))

    assert [(change, row[0]) for change, row in found] == [
        ("update_preimage", "2"),
        ("update_postimage", "2"),
        ("delete", "3"),
        ("insert", "4"),
    ]


def test_without_a_key_a_changed_row_goes_and_comes(tmp_path):
    was, now = (snapshot(tmp_path, t, (), name=n) for t, n in ((OLD, "a"), (NEW, "b")))

    assert Counter(change for change, _ in changes(tmp_path, was, now)) == {
        "delete": 2,
        "insert": 2,
    }


@pytest.mark.parametrize(("old", "new", "change"), [(None, NEW, "insert"), (OLD, None, "delete")])
def test_where_there_was_or_is_nothing_every_row_comes_or_goes(tmp_path, old, new, change):
    was, now = (snapshot(tmp_path, table) if table else None for table in (old, new))

    found = changes(tmp_path, was, now)

    assert Counter(row for _, row in found) == rows_in(was or now)
    assert {kind for kind, _ in found} == {change}


def test_a_column_that_is_new_changes_the_rows_that_have_a_value_in_it(tmp_path):
    was = snapshot(tmp_path, OLD, columns=("k1", "k2", "ratio", "tags"), name="a")
    now = snapshot(tmp_path, OLD, name="b")

    found = changes(tmp_path, was, now)

    assert [(change, row[0], row[3]) for change, row in found] == [
        ("update_preimage", "1", None),
        ("update_postimage", "1", "a"),
        ("update_preimage", "2", None),
        ("update_postimage", "2", ""),
    ]


def test_a_column_that_is_gone_changes_no_row(tmp_path):
    was = snapshot(tmp_path, OLD, name="a")
    now = snapshot(tmp_path, OLD, columns=("k1", "k2", "ratio"), name="b")

    assert changes(tmp_path, was, now) == []


def test_a_scope_without_rows_is_a_release_without_rows(tmp_path):
    full = snapshot(tmp_path, OLD)
    empty = Snapshot((), full.types, full.key, "none", "internal")

    assert {change for change, _ in changes(tmp_path, empty, full)} == {"insert"}
    assert {change for change, _ in changes(tmp_path, full, empty)} == {"delete"}


def test_files_that_both_releases_have_are_not_read(tmp_path):
    """A file that cannot be read would end it."""
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"no parquet at all")
    was, now = snapshot(tmp_path, OLD, name="a"), snapshot(tmp_path, NEW, name="b")
    both = [
        Snapshot((*one.files, broken), one.types, one.key, one.content_hash, one.access_class)
        for one in (was, now)
    ]

    assert changes(tmp_path, *both) == changes(tmp_path, was, now)


def test_a_difference_is_made_once_and_named_by_what_it_tells_apart(tmp_path):
    was, now = snapshot(tmp_path, OLD, name="a"), snapshot(tmp_path, NEW, name="b")
    kept = Differences(tmp_path / "cache")
    first = kept.between(was, now)
    was.files[0].unlink()  # nothing is read again

    assert kept.between(was, now) == first
    assert Differences(tmp_path / "cache").between(was, now) == first
    others = [(now, was), (None, now), (was, None)]
    assert len({first.digest, *(digest_of(*pair) for pair in others)}) == 4


def test_another_class_has_a_file_of_its_own(tmp_path):
    was, now = snapshot(tmp_path, OLD, name="a"), snapshot(tmp_path, NEW, name="b")
    other = Snapshot(now.files, now.types, now.key, now.content_hash, "restricted")

    assert digest_of(was, now) != digest_of(was, other)


def test_what_was_not_asked_for_the_longest_goes_when_there_is_no_room(tmp_path):
    kept = Differences(tmp_path / "cache", limit_bytes=1)
    names = "abcd"
    found = [kept.between(None, snapshot(tmp_path, OLD, name=name)) for name in names[:3]]
    assert all(one.file.exists() for one in found)  # somebody may be about to open them
    long_ago = time.time() - difference_cache.KEPT_SECONDS - 1
    for one in found[:2]:
        os.utime(one.file, (long_ago, long_ago))
    leftover = kept.folder / f"{difference_cache.UNFINISHED}0"
    leftover.touch()
    os.utime(leftover, (long_ago, long_ago))

    kept.between(None, snapshot(tmp_path, OLD, name="d"))

    assert [one.file.exists() for one in found] == [False, False, True]
    assert not leftover.exists()
    again = kept.between(None, snapshot(tmp_path, OLD, name="a"))
    assert (again.digest, again.file.exists()) == (found[0].digest, True)
