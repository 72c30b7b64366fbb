"""…/changes: whoever applies what is told, page by page, has the rows of the latest release."""

from __future__ import annotations

import io
import json
from contextlib import ExitStack
from datetime import timedelta

import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from meshport.publishing.retention import expire
from meshport.publishing.rollback import roll_back
from meshport.publishing.store import ReleaseStore
from tests.building import NOW, column
from tests.doors.following import CHANGES, CURSOR, Follower, refused, row_of, rows_over_rest
from tests.doors.lab import GAUGE_COLUMNS, GAUGE_ROWS, GAUGES, SECRET, Lab

pytestmark = pytest.mark.xdist_group("feed")
CHANGED = GAUGE_ROWS.replace("(n % 3)::integer", "(n % 3 + n // 50)::integer")
GONE = f"select * from ({GAUGE_ROWS}) where gauge_id not in ('g00003', 'g00070')"
rows = st.dictionaries(st.integers(0, 5), st.sampled_from([None, 0, 1]), min_size=1, max_size=6)


def small_release(table) -> str:
    """The SQL of gauges with these numbers and values."""
    listed = ", ".join(f"({n}, {'null' if v is None else v})" for n, v in table.items())
    others = GAUGE_ROWS.replace("range({count}) t(n)", "(values (0)) t(n)")
    return (
        f"select g.* replace (printf('g%05d', v.n) as gauge_id, v.x::integer as small) "
        f"from ({others}) g cross join (values {listed}) v(n, x)"
    )


@settings(max_examples=4, deadline=None, database=None, phases=[Phase.generate])
@given(
    releases=st.lists(rows, min_size=1, max_size=4),
    limit=st.integers(1, 4),
    has_key=st.booleans(),
)
def test_replayed_from_nothing_the_feed_gives_the_rows_of_the_last_release(
    tmp_path_factory, releases, limit, has_key
):
    with ExitStack() as opened:
        lab = Lab(tmp_path_factory.mktemp("feed"), opened)
        if not has_key:
            lab.promise(GAUGES, {**GAUGE_COLUMNS[0], **SECRET}, *GAUGE_COLUMNS[1:])
        client = lab.client()
        patient, following = None, Follower(client, limit=limit)
        for hour, table in enumerate(releases):
            assert lab.publish(now=NOW + timedelta(hours=hour), gauges=small_release(table))
            following.catch_up()
            assert following.held == rows_over_rest(client)
            patient = patient or Follower(client, limit=limit)
            if hour == 0:
                patient.page()

        assert patient.catch_up().held == rows_over_rest(client)
        assert Follower(client, limit=limit).catch_up().held == rows_over_rest(client)


def test_one_begins_with_every_row_and_then_hears_what_changed(lab):
    follower = Follower(lab.client(), limit=30)
    assert follower.catch_up().kinds() == {"insert": 100}

    lab.publish(104, NOW + timedelta(hours=1))
    assert follower.catch_up().kinds() == {"insert": 4}
    lab.publish(104, NOW + timedelta(hours=2), CHANGED)
    assert follower.catch_up().kinds() == {"update_preimage": 41, "update_postimage": 41}
    lab.publish(104, NOW + timedelta(hours=3), CHANGED)
    assert follower.catch_up().kinds() == {}
    lab.publish(104, NOW + timedelta(hours=4), GONE)
    lab.publish(105, NOW + timedelta(hours=5), GONE)
    assert follower.catch_up().kinds() == {
        "update_preimage": 40,
        "update_postimage": 40,
        "delete": 2,
        "insert": 1,
    }
    roll_back(ReleaseStore(lab.home).of("lab"), None, NOW + timedelta(hours=6))
    assert follower.catch_up().kinds() == {"delete": 1}
    assert follower.held == rows_over_rest(follower.client)


def test_a_change_says_of_which_version_it_is_and_since_when(lab):
    client = lab.client()
    lab.publish(101, NOW + timedelta(hours=1))

    (change,) = client.get(f"{CHANGES}?after=1").json()

    assert change["gauge_id"] == "g00100"
    assert change["_commit_version"] == 2
    assert change["_commit_timestamp"] == "2026-11-01T07:00:00Z"


def test_one_who_has_a_version_or_wants_no_past_hears_only_what_comes_after(lab):
    client = lab.client()
    late = client.get(f"{CHANGES}?after=now")
    assert late.json() == []
    lab.publish(101, NOW + timedelta(hours=1))
    lab.publish(102, NOW + timedelta(hours=2))

    after_first = [one["gauge_id"] for one in client.get(f"{CHANGES}?after=1").json()]
    follower = Follower(client, cursor=late.headers[CURSOR]).catch_up()

    assert after_first == ["g00100"]
    assert [one["gauge_id"] for one in follower.told] == ["g00100", "g00101"]


def test_every_form_tells_the_same_changes(lab):
    client = lab.client()
    told = client.get(f"{CHANGES}?limit=10000").json()

    def table(form):
        content = client.get(f"{CHANGES}?format={form}").content
        if form == "arrow":
            return pa.ipc.open_stream(content).read_all()
        return pyarrow.parquet.read_table(io.BytesIO(content))

    lines = client.get(CHANGES, headers={"Accept": "application/x-ndjson"}).text.splitlines()
    assert [json.loads(line) for line in lines] == told
    assert table("arrow").to_pylist() == table("parquet").to_pylist()
    keys = [(one["gauge_id"], one["_change_type"]) for one in told]
    found = table("arrow").to_pylist()
    assert [(one["gauge_id"], one["_change_type"]) for one in found] == keys
    csv = client.get(f"{CHANGES}?format=csv").text
    assert csv.count(",insert,1,2026-11-01T06:00:00Z\n") == len(told)
    last = client.get(f"{CHANGES}?format=parquet").headers[CURSOR]
    assert client.get(f"{CHANGES}?cursor={last}").json() == []


def test_a_link_leads_to_what_more_there_is_in_the_same_form(lab):
    client = lab.client()
    first = client.get(f"{CHANGES}?limit=60&format=ndjson")
    address = first.headers["Link"].partition(">")[0].removeprefix("<")

    second = client.get(address)

    assert len(second.text.splitlines()) == 40
    assert "Link" not in second.headers


def test_releases_that_are_no_longer_kept_are_part_of_the_next_change(lab):
    """A reader on its way through a release keeps it from retention, but not those between."""
    store, follower = ReleaseStore(lab.home).of("lab"), Follower(lab.client(), limit=60)
    follower.page()
    for hour in (1, 2, 3):
        lab.publish(100 + hour, NOW + timedelta(hours=hour))
    assert len(expire(store, keep=1)) == 2

    follower.catch_up()

    assert follower.held == rows_over_rest(follower.client)
    assert {one["_commit_version"] for one in follower.told} == {1, 4}


def test_one_whose_release_is_no_longer_kept_is_sent_back_to_the_beginning(lab):
    follower = Follower(lab.client()).catch_up()
    lab.publish(101, NOW + timedelta(hours=1))
    expire(ReleaseStore(lab.home).of("lab"), keep=1)

    said = refused(follower.client.get(f"{CHANGES}?cursor={follower.cursor}"), 410, "MP650")
    assert said["hint"] == f"begin anew with all rows: {CHANGES}"
    refused(follower.client.get(f"{CHANGES}?after=1"), 410, "MP650")

    assert Follower(follower.client).catch_up().held == rows_over_rest(follower.client)


def test_a_column_that_a_release_adds_changes_the_rows_that_have_it(lab):
    follower = Follower(lab.client()).catch_up()
    before = set(follower.held)
    lab.promise(GAUGES, *GAUGE_COLUMNS, column("colour", "VARCHAR"))
    sql = f"select *, if(big % 2 = 0, 'red', null) as colour from ({GAUGE_ROWS})"
    lab.publish(100, NOW + timedelta(hours=1), sql)
    client = lab.client()

    changes = client.get(f"{CHANGES}?cursor={follower.cursor}").json()

    now = {row_of({**json.loads(row), "colour": None}) for row in before}
    for one in changes:
        (now.remove if one["_change_type"] == "update_preimage" else now.add)(row_of(one))
    assert now == set(rows_over_rest(client))
    assert {one["colour"] for one in changes} == {None, "red"}


@pytest.mark.parametrize(
    "asked",
    [
        "limit=0",
        "limit=10001",
        "limit=-1",
        "limit=%D9%A3",
        "after=-1",
        "after=1.0",
        "after=yesterday",
        "after=99999999999",
        "format=xml",
        "cursor=a&after=1",
        "limit=1&limit=2",
        "select=gauge_id",
    ],
)
def test_what_cannot_be_understood_is_refused_by_name(small_door, asked):
    said = refused(small_door.get(f"{CHANGES}?{asked}"), 400, "MP602")

    assert said["place"].removeprefix("?") in asked


@pytest.mark.parametrize("version", [2, 7, 999_999_999])
def test_a_version_that_there_is_not_cannot_be_known(small_door, version):
    assert refused(small_door.get(f"{CHANGES}?after={version}"), 404, "MP612")


def test_a_port_that_there_is_not_or_that_has_no_release_has_no_changes(
    small_door, unpublished_lab
):
    pinned = CHANGES.replace("/v1/", "/v1@lab-000001-00000000/")
    assert refused(small_door.get("/ports/lab/other/v1/changes"), 404, "MP610")
    assert refused(small_door.get(pinned), 404, "MP610")
    assert refused(unpublished_lab.client().get(CHANGES), 503, "MP611")


def test_a_head_says_what_a_get_would_without_the_changes(small_door):
    answer = small_door.head(f"{CHANGES}?limit=5")

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers[CURSOR] == small_door.get(f"{CHANGES}?limit=5").headers[CURSOR]
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "Authorization" in answer.headers["Vary"]
