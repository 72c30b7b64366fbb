"""Files of each access class: what they hold, what they share, and what is in none of them."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pyarrow.parquet as pq
import pytest

from meshport.publishing.durable import secret_at
from meshport.publishing.manifest import FULL
from meshport.publishing.scopes import scoped_files
from meshport.publishing.store import ReleaseStore
from tests.building import column
from tests.doors.lab import GAUGE_COLUMNS, GAUGES, PEOPLE, Lab, query

CLASSES = ("agent", "public", "internal", "confidential", "restricted")


def custom(**properties):
    return {"customProperties": [{"property": n, "value": v} for n, v in properties.items()]}


EMAIL = column("email", "VARCHAR", primaryKey=True, required=True, classification="restricted")
MASKED_EMAIL = {**EMAIL, **custom(maskingPolicy="hash")}


@pytest.fixture
def lab(tmp_path):
    with ExitStack() as opened:
        yield Lab(tmp_path, opened)


def published(lab, *columns, port=PEOPLE, **options):
    """The projections of a port whose contract has these columns."""
    lab.promise(port, *columns)
    manifest = lab.publish(**options)
    assert manifest is not None
    return manifest.ports[str(port)].projections


def paths(lab, projection):
    folder = ReleaseStore(lab.home).of("lab").folder
    return [folder / file.path for file in projection.files]


def rows(lab, projection, columns="*", order="all"):
    (file,) = paths(lab, projection)
    return query(f"select {columns} from '{file}' order by {order}")


def test_there_is_one_projection_for_each_class_and_the_whole(lab):
    projections = published(lab, EMAIL, column("town", "VARCHAR"))

    assert set(projections) == {FULL, *CLASSES}


def test_classes_that_see_the_same_share_their_files(lab):
    projections = published(lab, EMAIL, column("town", "VARCHAR"))

    files = {name: tuple(f.path for f in one.files) for name, one in projections.items()}
    assert files["restricted"] == files[FULL]
    assert files["agent"] == files["internal"] == files["confidential"]
    assert files["public"] == ()
    assert len({path for found in files.values() for path in found}) == 2


def test_a_port_that_everybody_sees_whole_has_one_file(lab):
    email = {**EMAIL, "logicalTypeOptions": {"format": "email"}}
    open_columns = [{**c, "classification": "public"} for c in (email, column("town", "VARCHAR"))]

    projections = published(lab, *open_columns)

    assert len({f.path for one in projections.values() for f in one.files}) == 1


def test_a_file_holds_its_columns_and_no_byte_of_the_others(lab):
    projections = published(lab, MASKED_EMAIL, column("town", "VARCHAR"))
    secrets = [email for (email,) in rows(lab, projections[FULL], "email")]
    assert len(secrets) == 40

    for name in ("internal", "confidential"):
        (file,) = paths(lab, projections[name])
        content = file.read_bytes()
        assert pq.read_schema(file).names == projections[name].columns
        assert not [secret for secret in secrets if secret.encode() in content]
    assert projections["internal"].columns == ["town"]
    assert projections["confidential"].columns == ["email", "town"]


def test_a_masked_file_has_the_same_rows_in_the_same_order(lab):
    projections = published(lab, MASKED_EMAIL, column("town", "VARCHAR"))
    number = "file_row_number"

    def towns(name):
        (file,) = paths(lab, projections[name])
        scan = f"read_parquet('{file}', file_row_number = true)"
        return query(f"select town from {scan} order by {number}")

    assert towns("confidential") == towns(FULL)
    assert [m.name for m in projections["confidential"].masked] == ["email"]
    assert projections["restricted"].masked == []


def test_hashes_join_over_releases_of_one_store_and_not_with_those_of_another(tmp_path):
    found = []
    with ExitStack() as opened:
        for name in ("one", "other"):
            lab = Lab(tmp_path / name, opened)
            for count in (100, 101):
                columns = (MASKED_EMAIL, column("town", "VARCHAR"))
                projection = published(lab, *columns, count=count)["confidential"]
                found.append({value for (value,) in rows(lab, projection, "email")})

    assert found[0] == found[1]
    assert found[2] == found[3]
    assert found[0].isdisjoint(found[2])


def test_small_groups_are_left_out_for_open_classes(lab):
    counted = [
        {**c, **custom(minimumGroupSize=2)} if c["name"] == "small" else c for c in GAUGE_COLUMNS
    ]
    projections = published(lab, *counted, port=GAUGES)
    everything = rows(lab, projections[FULL], "small")

    for name in ("agent", "internal"):
        kept = [size for (size,) in rows(lab, projections[name], "small")]
        assert kept == sorted(size for (size,) in everything if size is not None and size >= 2)
        assert projections[name].rows == len(kept)
    for name in ("confidential", "restricted"):
        assert projections[name].rows == len(everything)


@pytest.mark.parametrize("scope", ["note", "small", "is_on", "made_on"])
def test_row_scopes_part_the_rows_those_without_a_value_apart(lab, scope):
    lab.publish()
    store = ReleaseStore(lab.home).of("lab")
    manifest = store.current()
    projection = manifest.ports[str(GAUGES)].projections["internal"]
    (whole,) = paths(lab, projection)
    values = [
        value
        for (value,) in query(
            f"select distinct cast({scope} as varchar) from '{whole}' where {scope} is not null"
        )
    ]

    with store.reading():
        parts = {value: scoped_files(store, projection.files, scope, [value]) for value in values}
        together = scoped_files(store, projection.files, scope, [*values, "no such value"])

    found = []
    for value, files in parts.items():
        for file in files:
            part = query(
                f"select gauge_id, cast({scope} as varchar) from '{store.folder / file.path}'"
            )
            assert {said for _, said in part} == {value}
            assert file.rows == len(part)
            found += [key for key, _ in part]
    expected = query(f"select gauge_id from '{whole}' where {scope} is not null")
    assert sorted(found) == sorted(key for (key,) in expected)
    assert sorted(f.path for f in together) == sorted(f.path for fs in parts.values() for f in fs)


def test_the_files_of_a_scope_are_made_once(lab):
    lab.publish()
    store = ReleaseStore(lab.home).of("lab")
    files = store.current().ports[str(GAUGES)].projections["internal"].files

    (first,) = scoped_files(store, files, "note", ["a,b"])
    before = (store.folder / first.path).stat()
    (second,) = scoped_files(store, files, "note", ["a,b"])

    assert second == first
    assert (store.folder / second.path).stat().st_ino == before.st_ino
    assert stat.S_IMODE(before.st_mode) == 0o444


@pytest.mark.parametrize("value", ["' or 1 = 1 --", "../../etc/passwd", "\x00", "a" * 10_000, ""])
def test_a_scope_that_is_no_value_has_no_rows(lab, value):
    lab.publish()
    store = ReleaseStore(lab.home).of("lab")
    files = store.current().ports[str(GAUGES)].projections["internal"].files

    found = scoped_files(store, files, "note", [value])

    ((empty,),) = query(f"select count(*) from '{store.folder / files[0].path}' where note = ''")
    assert empty > 0
    assert sum(file.rows for file in found) == (empty if value == "" else 0)


def test_a_secret_is_made_once_for_its_owner_alone(tmp_path):
    file = tmp_path / "deep" / "masking.key"
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: secret_at(file), range(32)))

    assert len(found) == 1
    assert len(found.pop()) == 32
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["masking.key"]
    assert secret_at(tmp_path / "other.key") != secret_at(file)
