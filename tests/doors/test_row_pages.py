"""Walking the pages gives the whole answer, each row once, whatever is published meanwhile."""

from __future__ import annotations

import base64
import json
import os
from contextlib import ExitStack
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meshport.access.principal import Kind
from meshport.publishing.store import WALK_SECONDS
from tests.building import NOW, column
from tests.doors.lab import GAUGE_COLUMNS, GAUGE_ROWS, GAUGES, PEOPLE, ROWS, SECRET, arrow_of
from tests.doors.readers import SITES, Readers, property_

pytestmark = pytest.mark.xdist_group("doors")

COLUMNS = [c["name"] for c in GAUGE_COLUMNS if c["classification"] == "internal"]
# A filter as it stands in the URL, and the same over native values.
CONDITIONS = {
    ("small", "is.null"): lambda row: row["small"] is None,
    ("small", "gte.1"): lambda row: row["small"] is not None and row["small"] >= 1,
    ("is_on", "is.true"): lambda row: row["is_on"] is True,
    ("is_on", "is.not_null"): lambda row: row["is_on"] is not None,
    ("big", "in.(9007199254740993,9007199254740995)"): lambda row: row["big"] % 5 in (3, 0),
    ("note", "neq.a,b"): lambda row: row["note"] not in (None, "a,b"),
    ("narrow", "lt.0.15"): lambda row: row["narrow"] is not None and float(row["narrow"]) < 0.15,
}


def walk(client, path, **parameters):
    """All pages of an answer, following the links."""
    following, pages = f"{path}?{urlencode(parameters)}", []
    while following:
        answer = client.get(following)
        assert answer.status_code == 200, answer.text
        pages.append(answer)
        following = answer.links.get("next", {}).get("url")
    return pages


def rows_of(pages):
    return [row for page in pages for row in page.json()]


@pytest.fixture(scope="module")
def native(small_lab):
    scan = f"read_parquet({small_lab.files()})"
    return arrow_of(f"select {', '.join(COLUMNS)} from {scan}").to_pylist()


def sorted_as_asked(rows, order):
    """Stable sorts from the last term to the first, nulls last either way."""
    found = sorted(rows, key=lambda row: row["gauge_id"])
    for name, is_descending in reversed(order):
        values = sorted({row[name] for row in found} - {None}, reverse=is_descending)
        found = [row for value in (*values, None) for row in found if row[name] == value]
    return found


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    order=st.lists(
        st.tuples(st.sampled_from(COLUMNS), st.booleans()), max_size=3, unique_by=lambda o: o[0]
    ),
    filters=st.lists(st.sampled_from(sorted(CONDITIONS)), max_size=2, unique=True),
    select=st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=4, unique=True),
    limit=st.integers(1, 40),
    form=st.sampled_from(["json", "ndjson"]),
)
def test_pages_together_are_the_whole_sorted_answer(
    small_door, native, order, filters, select, limit, form
):
    asked = {"select": ",".join(["gauge_id", *select]), "limit": limit, "format": form}
    if order:
        asked["order"] = ",".join(f"{n}.{'desc' if down else 'asc'}" for n, down in order)
    pages = walk(small_door, ROWS, **asked, **dict(filters))
    found = [
        row
        for page in pages
        for row in (page.json() if form == "json" else map(json.loads, page.text.splitlines()))
    ]

    kept = [row for row in native if all(CONDITIONS[one](row) for one in filters)]
    if len({name for name, _ in filters}) == len(filters):
        expected = sorted_as_asked(kept, order)
        assert [row["gauge_id"] for row in found] == [row["gauge_id"] for row in expected]
    assert all(list(row) == list(dict.fromkeys(["gauge_id", *select])) for row in found)
    assert len(pages) == max(1, -(-len(found) // limit))


def test_rows_without_a_public_key_are_paged_by_their_place_in_the_file(small_door):
    pages = walk(small_door, f"{PEOPLE.path}/rows", limit=7)

    assert [len(page.json()) for page in pages] == [7, 7, 7, 7, 7, 5]
    assert rows_of(pages) == [{"town": f"town {n % 3}"} for n in range(40)]


def test_a_walk_stays_in_its_release_while_more_are_published_than_are_kept(lab):
    client = lab.client()
    first = client.get(f"{ROWS}?limit=8&select=gauge_id")
    release, following, walked = first.headers["meshport-release"], first.links, first.json()

    for number in range(1, 13):
        assert lab.publish(100 + number, NOW + timedelta(hours=number))
        answer = client.get(following["next"]["url"])
        assert answer.headers["meshport-release"] == release
        walked += answer.json()
        following = answer.links

    assert [row["gauge_id"] for row in walked] == [f"g{n:05d}" for n in range(100)]
    assert following == {}
    assert len(client.get(f"{ROWS}?limit=1000").json()) == 112


def test_a_pinned_release_is_read_for_as_long_as_it_is_kept(lab):
    client = lab.client()
    first = client.get(ROWS).headers["meshport-release"]
    lab.publish(50, NOW + timedelta(hours=1))

    pinned = client.get(f"{GAUGES.path}@{first}/rows?limit=1000")

    assert len(pinned.json()) == 100
    assert pinned.headers["meshport-release"] == first
    assert "immutable" in pinned.headers["cache-control"]
    assert len(client.get(f"{ROWS}?limit=1000").json()) == 50


def test_a_walk_through_a_release_that_is_no_longer_kept_ends_with_gone(lab):
    client = lab.client()
    first = client.get(f"{ROWS}?limit=10")
    release = lab.home / "store/lab/releases" / first.headers["meshport-release"]
    long_ago = (release / "walked").stat().st_mtime - WALK_SECONDS
    os.utime(release / "walked", (long_ago, long_ago))
    for number in range(1, 12):
        lab.publish(100 + number, NOW + timedelta(hours=number))

    answer = client.get(first.links["next"]["url"])

    assert (answer.status_code, answer.json()["code"]) == (410, "MP404")


@pytest.fixture
def readers(tmp_path):
    with ExitStack() as opened:
        yield Readers(tmp_path, opened)


def unpadded(text):
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "é", "%00", "../../etc", unpadded(b"0" * 16 + b'["lab.gauges.v1","r","q",[]]')],
)
def test_a_cursor_that_this_server_did_not_write_is_refused(small_door, cursor):
    answer = small_door.get(ROWS, params={"cursor": cursor})

    assert (answer.status_code, answer.json()["code"]) == (400, "MP603")


def test_a_cursor_with_one_changed_bit_is_refused(small_door):
    cursor = cursor_of(small_door.get(f"{ROWS}?limit=1"))
    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))

    for position in range(len(raw)):
        forged = bytearray(raw)
        forged[position] ^= 1
        answer = small_door.get(ROWS, params={"limit": 1, "cursor": unpadded(bytes(forged))})
        assert answer.json()["code"] == "MP603"


def test_a_cursor_of_another_home_is_refused(small_door, lab):
    cursor = cursor_of(lab.client().get(f"{ROWS}?limit=1"))

    answer = small_door.get(ROWS, params={"limit": 1, "cursor": cursor})

    assert answer.json()["code"] == "MP603"


def test_a_cursor_does_not_lead_out_of_a_pinned_release(lab):
    client = lab.client()
    cursor = cursor_of(client.get(f"{ROWS}?limit=5"))
    release = lab.publish(50).release

    answer = client.get(f"{GAUGES.path}@{release}/rows", params={"limit": 5, "cursor": cursor})

    assert (answer.status_code, answer.json()["code"]) == (400, "MP603")


@pytest.mark.parametrize(
    ("path", "other"),
    [
        (ROWS, {"small": "gte.1"}),
        (ROWS, {"order": "small"}),
        (ROWS, {"select": "big"}),
        (f"{PEOPLE.path}/rows", {}),
    ],
)
def test_a_cursor_does_not_answer_another_question(small_door, path, other):
    cursor = cursor_of(small_door.get(f"{ROWS}?limit=5"))

    answer = small_door.get(path, params={"limit": 5, **other, "cursor": cursor})

    assert (answer.status_code, answer.json()["code"]) == (400, "MP603")


def test_a_cursor_of_another_port_with_the_same_key_is_refused(door):
    asked = {"select": "customer_id", "limit": 1}
    cursor = cursor_of(door.get("/ports/customers/customers/v1/rows", params=asked))

    answer = door.get("/ports/customers/customer_360/v1/rows", params={**asked, "cursor": cursor})

    assert (answer.status_code, answer.json()["code"]) == (400, "MP603")


def test_the_length_of_pages_may_change_on_the_way(small_door):
    cursor = cursor_of(small_door.get(f"{ROWS}?limit=10&select=gauge_id"))

    answer = small_door.get(ROWS, params={"limit": 1000, "select": "gauge_id", "cursor": cursor})

    assert [row["gauge_id"] for row in answer.json()] == [f"g{n:05d}" for n in range(10, 100)]


def test_a_cursor_of_another_reader_is_refused(readers):
    first, second = readers.client("service"), readers.client("highest")
    cursor = cursor_of(first.get(f"{ROWS}?select=gauge_id&limit=5"))

    answer = second.get(ROWS, params={"select": "gauge_id", "limit": 5, "cursor": cursor})

    assert (answer.status_code, answer.json()["code"]) == (400, "MP603")
    assert len(first.get(ROWS, params={"select": "gauge_id", "cursor": cursor}).json()) == 95


@pytest.mark.parametrize("reader", ["scoped", "outlet"])
def test_rows_inside_a_scope_are_paged_whatever_tells_them_apart(readers, reader):
    client = readers.client(reader)

    pages = walk(client, ROWS, limit=1, order="gauge_id.desc")

    assert (
        rows_of(pages) == client.get(ROWS, params={"order": "gauge_id.desc", "limit": 1000}).json()
    )
    assert len(pages) == len({row["gauge_id"] for row in rows_of(pages)})


def test_rows_of_several_scopes_without_a_public_key_are_paged_by_their_place(readers):
    site = column("site", "VARCHAR", required=True, **property_("rowScope", True))
    hidden = [{**c, **SECRET} if c["name"] == "gauge_id" else c for c in GAUGE_COLUMNS]
    readers.lab.promise(GAUGES, *hidden, site)
    readers.lab.publish(gauges=SITES.format(rows=GAUGE_ROWS))
    client = readers.client("scoped")

    whole = client.get(ROWS, params={"limit": 1000}).json()

    assert [row["site"] for row in whole] == ["site 3"] * 10 + ["site 7"] * 10
    assert "gauge_id" not in whole[0]
    for order in ("", "small.desc"):
        expected = client.get(ROWS, params={"limit": 1000, "order": order}).json()
        assert rows_of(walk(client, ROWS, limit=3, order=order)) == expected


@pytest.mark.parametrize("form", ["json", "csv", "parquet", "arrow"])
def test_a_scope_in_which_nothing_lies_is_an_answer_without_rows(readers, form):
    readers.add("lonely", Kind.SERVICE)
    readers.agree("lonely", "confidential", scope=("site of nobody",))

    answer = readers.client("lonely").get(ROWS, params={"format": form, "gauge_id": "gt.a"})

    assert answer.status_code == 200, answer.text
    assert form != "json" or answer.json() == []


@pytest.mark.parametrize("form", ["csv", "parquet", "arrow"])
def test_formats_that_come_whole_take_no_cursor(small_door, form):
    cursor = cursor_of(small_door.get(f"{ROWS}?limit=10"))

    answer = small_door.get(ROWS, params={"limit": 10, "format": form, "cursor": cursor})

    assert (answer.status_code, answer.json()["place"]) == (400, "?cursor")


def cursor_of(answer):
    return answer.links["next"]["url"].rpartition("cursor=")[2]
