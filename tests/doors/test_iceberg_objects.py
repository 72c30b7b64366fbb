"""The object door opens what a key was handed out for, and asks for the access every time."""

from __future__ import annotations

from datetime import timedelta

import pyarrow as pa
import pyarrow.fs
import pyarrow.parquet as pq
import pytest

from meshport.publishing.lock import unleased
from meshport.publishing.store import ReleaseStore
from meshport.serving.iceberg.keys import LIFETIME
from tests.building import NOW
from tests.doors.iceberg import (
    data_path,
    is_denied,
    load,
    metadata_path,
    publish_again,
    read,
    reclassify,
)
from tests.doors.lab import GAUGES, PEOPLE

pytestmark = pytest.mark.xdist_group("iceberg")


def test_keys_open_the_metadata_and_the_data_of_their_table(readers, client, loaded):
    metadata = read(client, loaded, metadata_path(loaded), NOW)
    data = read(client, loaded, data_path(loaded, readers), NOW)

    assert metadata.json() == loaded["metadata"]
    shown = [field["name"] for field in loaded["metadata"]["schemas"][0]["fields"]]
    assert pq.read_schema(pa.BufferReader(data.content)).names == shown


def test_a_head_tells_the_size_of_what_a_get_sends(readers, client, loaded):
    path = data_path(loaded, readers)
    whole = read(client, loaded, path, NOW)

    head = read(client, loaded, path, NOW, method="HEAD")

    assert head.content == b""
    for name in ("content-length", "etag", "accept-ranges", "last-modified"):
        assert head.headers[name] == whole.headers[name]
    assert int(head.headers["content-length"]) == len(whole.content)


def test_a_range_is_that_part_of_the_object(readers, client, loaded):
    path = data_path(loaded, readers)
    whole = read(client, loaded, path, NOW).content

    for sent, part in (("0-3", whole[:4]), ("-8", whole[-8:]), ("5-", whole[5:])):
        answer = read(client, loaded, path, NOW, headers={"Range": f"bytes={sent}"})
        assert (answer.status_code, answer.content) == (206, part)


@pytest.mark.parametrize(
    "sent", ["bytes=0-1,3-4", "bytes=9-1", "bytes=99999999-", "items=0-1", "bytes=-0", "x" * 5000]
)
def test_a_range_that_is_none_is_refused(client, loaded, sent):
    answer = read(client, loaded, metadata_path(loaded), NOW, headers={"Range": sent})

    assert is_denied(answer, 416, "InvalidRange")


def test_keys_of_one_table_open_no_other(readers):
    client = readers.client("highest")
    gauges, people = load(client, GAUGES), load(client, PEOPLE)

    assert read(client, people, metadata_path(people), NOW).status_code == 200
    assert is_denied(read(client, gauges, metadata_path(people), NOW), 403, "AccessDenied")
    assert is_denied(read(client, people, metadata_path(gauges), NOW), 403, "AccessDenied")


def test_keys_of_one_class_or_scope_open_nothing_of_another(readers):
    consumers = ("service", "scoped", "robot", "highest")
    tables = {name: load(readers.client(name), GAUGES) for name in consumers}
    client = readers.client(None)

    for name, mine in tables.items():
        for other, theirs in tables.items():
            answer = read(client, mine, metadata_path(theirs), NOW)
            if name == other:
                assert answer.status_code == 200
            else:
                assert is_denied(answer, 403, "AccessDenied"), (name, other)


def test_a_file_of_another_class_is_not_there_under_ones_own_name(readers, client, loaded):
    (theirs,) = ReleaseStore(readers.lab.home).of("lab").current().ports[str(GAUGES)].full.files
    own = data_path(loaded, readers)

    answer = read(client, loaded, own.replace(own[-72:-8], theirs.sha256), NOW)

    assert theirs.sha256 != own[-72:-8]
    assert is_denied(answer, 404, "NoSuchKey")


def test_keys_end_to_the_second(own_readers):
    client = own_readers.client("service")
    loaded = load(client, GAUGES)
    own_readers.now += LIFETIME - timedelta(seconds=1)
    path = metadata_path(loaded)
    assert read(client, loaded, path, own_readers.now).status_code == 200

    own_readers.now += timedelta(seconds=1)

    assert is_denied(read(client, loaded, path, own_readers.now), 403, "AccessDenied")


def test_what_ends_the_access_ends_the_keys_at_the_next_object(own_readers):
    """An agreement taken back, a token revoked, a consumer shut out: each by itself."""
    agreement = own_readers.agree("outlet", "confidential", scope=("site 1",))
    outlet, service = own_readers.client("outlet"), own_readers.client("service")
    robot = own_readers.client("robot")
    tables = [(client, load(client, GAUGES)) for client in (outlet, service, robot)]
    for client, loaded in tables:
        assert read(client, loaded, metadata_path(loaded), NOW).status_code == 200

    own_readers.revoke(agreement)
    tokens = own_readers.register.tokens
    tokens.revoke(tokens.of("service")[0]["id"], NOW)
    own_readers.register.consumers.disable("robot", NOW)

    for client, loaded in tables:
        answer = read(client, loaded, metadata_path(loaded), NOW)
        assert is_denied(answer, 403, "AccessDenied")


def test_a_column_made_more_sensitive_is_in_no_object_any_more(own_readers):
    client = own_readers.client("service")
    loaded = load(client, GAUGES)
    path = data_path(loaded, own_readers)
    reclassify(own_readers, "narrow", "restricted")

    answer = read(own_readers.client("service"), loaded, path, NOW)

    assert is_denied(answer, 403, "AccessDenied")
    assert "MP706" in answer.text


def test_a_release_that_was_taken_away_is_gone_and_the_next_is_read(own_readers):
    client = own_readers.client("service")
    loaded = load(client, GAUGES)
    path = data_path(loaded, own_readers)
    publish_again(own_readers)
    assert read(client, loaded, path, NOW).status_code == 200
    store = ReleaseStore(own_readers.lab.home).of("lab")

    store.expiry_mark(store.releases()[0]).touch()

    assert is_denied(read(client, loaded, path, NOW), 404, "NoSuchKey")
    fresh = load(client, GAUGES)
    assert [one["snapshot-id"] for one in fresh["metadata"]["snapshots"]] == [2]
    assert read(client, fresh, data_path(fresh, own_readers), NOW).status_code == 200


def test_a_release_is_leased_only_while_an_object_is_on_its_way(own_readers):
    client = own_readers.client("service")
    loaded = load(client, GAUGES)
    assert read(client, loaded, data_path(loaded, own_readers), NOW).status_code == 200
    assert read(client, loaded, metadata_path(loaded), NOW).status_code == 200
    store = ReleaseStore(own_readers.lab.home).of("lab")

    with unleased(store.folder / "releases" / store.pointer().current / "lease") as is_free:
        assert is_free


def test_every_object_that_is_read_is_in_the_audit(own_readers):
    client = own_readers.client("service")
    loaded = load(client, GAUGES)
    publish_again(own_readers)
    path = data_path(loaded, own_readers)
    before = len(list(own_readers.register.audit.entries()))

    read(client, loaded, path, NOW)
    read(client, loaded, metadata_path(loaded), NOW, keys={"s3.secret-access-key": "0"})

    second, first, *earlier = own_readers.register.audit.entries()
    assert len(earlier) == before
    assert (first["door"], first["verdict"], first["port"]) == ("iceberg", "allowed", str(GAUGES))
    assert (second["door"], second["verdict"]) == ("iceberg", "MP707")
