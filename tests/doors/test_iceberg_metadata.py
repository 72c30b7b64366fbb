"""Metadata follows from releases: what it tells, to whom, and what it never holds."""

from __future__ import annotations

import json

import pytest
from pyiceberg.manifest import read_manifest_list

from meshport.errors import ServingError
from meshport.publishing.store import ReleaseStore
from meshport.serving.iceberg.schema import field_id, table_schema
from tests.building import NOW
from tests.doors.iceberg import (
    DOOR,
    FileOf,
    address_of,
    is_refused,
    load,
    path_of,
    publish_again,
    read,
    reclassify,
)
from tests.doors.lab import GAUGES

pytestmark = pytest.mark.xdist_group("iceberg")
TOKENS = f"{DOOR}/v1/oauth/tokens"


def columns_of(loaded):
    (current,) = (
        schema
        for schema in loaded["metadata"]["schemas"]
        if schema["schema-id"] == loaded["metadata"]["current-schema-id"]
    )
    return [field["name"] for field in current["fields"]]


def test_every_kept_version_is_a_snapshot_and_a_rollback_is_one_too(own_readers):
    publish_again(own_readers, 40)
    store = ReleaseStore(own_readers.lab.home).of("lab")
    first, second = store.releases()
    store.move("rollback", first, NOW)

    metadata = load(own_readers.client("service"), GAUGES)["metadata"]

    snapshots = metadata["snapshots"]
    assert [one["snapshot-id"] for one in snapshots] == [1, 2, 3]
    assert [one.get("parent-snapshot-id") for one in snapshots] == [None, 1, 2]
    assert [one["summary"]["total-records"] for one in snapshots] == ["100", "40", "100"]
    assert [one["summary"]["meshport.release"] for one in snapshots] == [first, second, first]
    assert metadata["current-snapshot-id"] == metadata["last-sequence-number"] == 3
    refs = {name: (one["type"], one["snapshot-id"]) for name, one in metadata["refs"].items()}
    assert refs == {"main": ("branch", 3), first: ("tag", 3), second: ("tag", 2)}


def test_a_column_keeps_its_id_over_releases_and_classes(own_readers):
    before = load(own_readers.client("robot"), GAUGES)["metadata"]
    highest = load(own_readers.client("highest"), GAUGES)["metadata"]
    publish_again(own_readers)
    after = load(own_readers.client("robot"), GAUGES)["metadata"]

    ids = [
        {field["name"]: field["id"] for field in one["schemas"][0]["fields"]}
        for one in (before, highest, after)
    ]
    assert ids[0] == ids[2]
    assert ids[0].items() < ids[1].items()
    assert all(number == field_id(name) for name, number in ids[1].items())
    assert before["table-uuid"] == after["table-uuid"] != highest["table-uuid"]


def test_metadata_is_the_same_wherever_it_is_made(own_readers):
    """Whether it is kept or made again, and by whichever server."""
    client = own_readers.client("service")
    loaded = load(client, GAUGES)
    path = path_of(loaded["metadata"]["snapshots"][0]["manifest-list"])
    first = read(client, loaded, path, NOW).content
    store = ReleaseStore(own_readers.lab.home).of("lab")
    kept = list(store.made_from(store.pointer().current).rglob("*-snapshot.avro"))
    assert [file.read_bytes() for file in kept] == [first]
    kept[0].unlink()

    again = read(own_readers.client("service"), loaded, path, NOW).content

    assert again == first
    assert load(own_readers.client("service"), GAUGES)["metadata"] == loaded["metadata"]


@pytest.mark.parametrize("consumer", ["robot", "outlet", "service", "scoped"])
def test_what_is_withheld_is_in_no_metadata(readers, consumer):
    """Neither names nor values, in table metadata, lists, manifests and their bounds."""
    client = readers.client(consumer)
    loaded = load(client, GAUGES)
    store = ReleaseStore(readers.lab.home).of("lab")
    part = store.current().ports[str(GAUGES)]
    asker = readers.asker(consumer)
    shown = asker.sight(asker.doors.port("lab", "gauges", "v1"), part)
    hidden = {one.name for one in part.columns} - set(shown.columns)
    texts = [json.dumps(loaded).encode()]
    (snapshot,) = loaded["metadata"]["snapshots"]
    texts.append(read(client, loaded, path_of(snapshot["manifest-list"]), NOW).content)
    (manifest,) = read_manifest_list(FileOf(texts[-1]))
    texts.append(read(client, loaded, path_of(manifest.manifest_path), NOW).content)

    assert columns_of(loaded) == list(shown.columns)
    assert len(texts) == 3
    for text in texts:
        for name in hidden:
            assert f'"{name}"'.encode() not in text, name
            assert str(field_id(name)).encode() not in text, name
        assert b"@secret.example" not in text


def test_a_column_made_more_sensitive_closes_the_table_until_the_next_release(own_readers):
    reclassify(own_readers, "narrow", "restricted")
    client = own_readers.client("service")

    answer = client.get(address_of(GAUGES))

    assert is_refused(answer, 403, "ForbiddenException")
    assert "MP706" in answer.text
    publish_again(own_readers)
    loaded = load(client, GAUGES)
    assert "narrow" not in columns_of(loaded)
    # What was published before holds the column: no snapshot of it is handed out.
    assert [one["snapshot-id"] for one in loaded["metadata"]["snapshots"]] == [2]
    assert b"narrow" not in json.dumps(loaded).encode()


def test_where_nobody_may_see_a_row_the_table_is_empty(own_readers):
    """A scope without rows has no file; a release without rows has one."""
    own_readers.agree("outlet", "confidential", scope=("nowhere",))
    publish_again(own_readers, 0)
    found = []
    for name in ("outlet", "service"):
        client = own_readers.client(name)
        loaded = load(client, GAUGES)
        for snapshot in loaded["metadata"]["snapshots"]:
            listed = read(client, loaded, path_of(snapshot["manifest-list"]), NOW)
            manifests = list(read_manifest_list(FileOf(listed.content)))
            found.append([(one.added_rows_count, one.deleted_rows_count) for one in manifests])
            for one in manifests:
                assert read(client, loaded, path_of(one.manifest_path), NOW).status_code == 200

    assert found == [[], [], [(100, 0)], [(0, 0), (0, 100)]]


@pytest.mark.parametrize(
    "native",
    ["UBIGINT", "HUGEINT", "TIMESTAMP_NS", "INTERVAL", "TIMETZ", "BIT", "UBIGINT[]"],
)
def test_a_type_without_a_word_in_the_format_is_told_so(native):
    with pytest.raises(ServingError, match="MP613"):
        table_schema({"odd": native}, {})
