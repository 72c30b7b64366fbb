"""The change data feed: replayed from any version, the official client has the latest rows."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import timedelta

import delta_sharing
import pytest
from requests import HTTPError

from meshport.publishing.retention import KEEP
from meshport.publishing.rollback import roll_back
from meshport.publishing.store import ReleaseStore
from tests.building import NOW, column
from tests.doors.lab import GAUGE_COLUMNS, GAUGE_ROWS, GAUGES, SECRET
from tests.doors.sharing import json_lines, replay, rows_of, shared_gauges

pytestmark = [
    pytest.mark.xdist_group("sharing"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    # pandas of the client's frames without rows.
    pytest.mark.filterwarnings("ignore:The behavior of DataFrame concatenation:FutureWarning"),
]
CHANGED = GAUGE_ROWS.replace("(n % 3)::integer", "(n % 3 + n // 50)::integer")
GONE = f"select * from ({GAUGE_ROWS}) where gauge_id not in ('g00003', 'g00070')"


@pytest.fixture
def open_table(lab, tmp_path):
    """Opens the door over the laboratory as it is then; the result is the gauges' address."""
    with ExitStack() as opened:
        yield lambda: shared_gauges(lab, opened, tmp_path)


def changes(table, start, **how):
    return delta_sharing.load_table_changes_as_pandas(table, starting_version=start, **how)


def publish_history(lab):
    """Six versions: the first, then more rows, other values, the same again, fewer, and back."""
    lab.publish(104, NOW + timedelta(hours=1))
    lab.publish(104, NOW + timedelta(hours=2), CHANGED)
    lab.publish(104, NOW + timedelta(hours=3), CHANGED)
    lab.publish(104, NOW + timedelta(hours=4), GONE)
    roll_back(ReleaseStore(lab.home).of("lab"), None, NOW + timedelta(hours=5))


def test_from_any_version_on_the_changes_lead_to_the_latest_rows(lab, open_table):
    publish_history(lab)
    table = open_table()
    versions = {n: rows_of(delta_sharing.load_as_pandas(table, version=n)) for n in range(1, 7)}
    latest = rows_of(delta_sharing.load_as_pandas(table))
    assert latest == versions[6] != versions[5]

    for start in (0, 1):
        assert replay(changes(table, start)) == latest
    for start in range(2, 7):
        assert replay(changes(table, start), versions[start - 1]) == latest


def test_up_to_any_version_the_changes_lead_to_its_rows(lab, open_table):
    publish_history(lab)
    table = open_table()

    for end in range(1, 7):
        version = rows_of(delta_sharing.load_as_pandas(table, version=end))
        assert replay(changes(table, 0, ending_version=end)) == version


def test_changes_are_of_four_kinds_and_carry_version_and_time(lab, open_table):
    publish_history(lab)
    found = changes(open_table(), 0)

    assert found.groupby(["_commit_version", "_change_type"]).size().to_dict() == {
        (1, "insert"): 100,
        (2, "insert"): 4,
        (3, "update_preimage"): 41,
        (3, "update_postimage"): 41,
        (5, "update_preimage"): 40,
        (5, "update_postimage"): 40,
        (5, "delete"): 2,
        (6, "update_preimage"): 40,
        (6, "update_postimage"): 40,
        (6, "insert"): 2,
    }
    when = found.groupby("_commit_version")["_commit_timestamp"].unique().to_dict()
    for version, times in when.items():
        hours = version - 1
        assert list(times) == [int((NOW + timedelta(hours=hours)).timestamp() * 1000)]


def test_deltas_own_format_tells_the_same_changes(lab, open_table):
    publish_history(lab)
    table = open_table()

    for start in (0, 1, 3):
        plain, delta = changes(table, start), changes(table, start, use_delta_format=True)
        by = ["_commit_version", "_change_type"]
        assert delta.groupby(by).size().to_dict() == plain.groupby(by).size().to_dict()
        assert rows_of(delta) == rows_of(plain)


def test_a_range_by_time_is_the_range_of_its_versions(lab, open_table):
    publish_history(lab)
    table = open_table()

    by_time = delta_sharing.load_table_changes_as_pandas(
        table,
        starting_timestamp=(NOW + timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        ending_timestamp=(NOW + timedelta(hours=2, minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ"),
    )

    assert by_time.equals(changes(table, 2, ending_version=3))


def test_who_asks_from_the_next_version_on_is_told_that_nothing_changed_yet(lab, open_table):
    table = open_table()

    assert len(changes(table, 2)) == 0
    with pytest.raises(HTTPError, match="has no version 3"):
        changes(table, 3)
    lab.publish(101, NOW + timedelta(hours=1))
    assert list(changes(table, 2)["gauge_id"]) == ["g00100"]


def test_rows_whose_key_is_withheld_go_and_come_whole(lab, open_table):
    lab.promise(GAUGES, {**GAUGE_COLUMNS[0], **SECRET}, *GAUGE_COLUMNS[1:])
    lab.publish(100, NOW + timedelta(hours=1))
    lab.publish(100, NOW + timedelta(hours=2), CHANGED)
    table = open_table()

    found = changes(table, 3)

    assert "gauge_id" not in found.columns
    assert set(found["_change_type"]) == {"insert", "delete"}
    before = rows_of(delta_sharing.load_as_pandas(table, version=2))
    assert replay(found, before) == rows_of(delta_sharing.load_as_pandas(table))


def test_a_column_that_a_later_release_adds_is_part_of_its_changes(lab, open_table):
    lab.promise(GAUGES, *GAUGE_COLUMNS, column("colour", "VARCHAR"))
    lab.publish(
        100,
        NOW + timedelta(hours=1),
        f"select *, if(big % 2 = 0, 'red', null) as colour from ({GAUGE_ROWS})",
    )
    table = open_table()

    found = changes(table, 0)

    kept = found.drop_duplicates("gauge_id", keep="last").drop(
        columns=[name for name in found.columns if name.startswith("_")]
    )
    assert rows_of(kept) == rows_of(delta_sharing.load_as_pandas(table))
    assert set(found[found["_commit_version"] == 1]["colour"].isna()) == {True}


def test_a_column_made_more_sensitive_is_in_no_change_any_more(lab, open_table):
    """Differences are made for the reader, so they need no waiting for the next release."""
    publish_history(lab)
    strict = [{**c, **SECRET} if c["name"] == "note" else c for c in GAUGE_COLUMNS]
    lab.promise(GAUGES, *strict)
    table = open_table()

    for start in (0, 2):
        found = changes(table, start)
        assert "note" not in found.columns
        assert len(found)


def test_from_what_is_no_longer_kept_one_is_sent_back_to_the_beginning(lab, open_table):
    for hour in range(1, KEEP + 2):
        lab.publish(100 + hour, NOW + timedelta(hours=hour))
    table = open_table()

    for start in (1, 2, 3):
        with pytest.raises(HTTPError, match=r"oldest\W+that\W+is\W+kept\W+is\W+3"):
            changes(table, start)
    found = changes(table, 0)
    assert min(found["_commit_version"]) == 3
    assert replay(found) == rows_of(delta_sharing.load_as_pandas(table))


def test_a_reader_that_follows_files_is_told_which_came_and_went(lab):
    publish_history(lab)
    client = lab.client()
    path = "/delta-sharing/shares/lab/schemas/gauges/tables/v1/query"

    lines = json_lines(client.post(path, json={"startingVersion": 1}).text)

    told = [(kind, one[kind]["version"]) for one in lines[2:] for kind in one if kind != "metaData"]
    assert told == [
        *[("add", 1), ("remove", 2), ("add", 2), ("remove", 3), ("add", 3)],
        *[("remove", 5), ("add", 5), ("remove", 6), ("add", 6)],
    ]
    held = set()
    for one in (line.get("add") or line.get("remove") for line in lines[2:]):
        held ^= {one["id"]}
    now = json_lines(client.post(path, json={}).text)
    assert held == {one["file"]["id"] for one in now[2:]}
