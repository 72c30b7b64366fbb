"""Rows that are kept ready are the same rows, byte for byte, for the same readers, for as long."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import ExitStack, closing
from datetime import timedelta
from time import monotonic

import duckdb
import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meshport.serving.app import create_app
from meshport.serving.limits import Limits
from tests.building import LOOPBACK, NOW, settings_at
from tests.doors.lab import GAUGE_COLUMNS, GAUGE_ROWS, GAUGES, PEOPLE, ROWS
from tests.doors.readers import Readers
from tests.doors.rich_lab import rich_lab

pytestmark = pytest.mark.xdist_group("doors")

COLUMNS = [*(c["name"] for c in GAUGE_COLUMNS if c["classification"] == "internal"), "tags"]
EAGER = Limits(prepared_from=0, prepared_after=1)
NEVER = Limits(prepared_from=10**9)


def serve(lab, limits=EAGER, **keys):
    app = create_app(
        settings_at(lab.home, lab.root), lambda: NOW, **{"is_demo": True, **keys}, limits=limits
    )
    return lab.opened.enter_context(TestClient(app, base_url=LOOPBACK))


def ready(client, path=ROWS, **headers):
    """The answer, once it comes from prepared rows."""
    deadline = monotonic() + 120
    while True:
        answer = client.get(path, headers=headers)
        if "prepared" in answer.headers["server-timing"]:
            return answer
        assert monotonic() < deadline, "the rows are not prepared"


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """A server with prepared rows, and one without, over the same releases."""
    with ExitStack() as opened:
        lab = rich_lab(tmp_path_factory.mktemp("prepared"), opened)
        quick, plain = serve(lab), serve(lab, NEVER)
        ready(quick)
        ready(quick, f"{PEOPLE.path}/rows")
        yield quick, plain


names = st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=5, unique=True)
renamed = names.map(lambda found: [f"new {n}:{name}" for n, name in enumerate(found)])
asked = st.fixed_dictionaries(
    {"limit": st.integers(1, 120)},
    optional={
        "select": st.one_of(names, renamed).map(",".join),
        "order": st.sampled_from(
            ["gauge_id", "gauge_id.desc", "small.nullsfirst", "note.desc,big"]
        ),
        "format": st.sampled_from(["json", "ndjson", "csv"]),
        "small": st.sampled_from(["gte.1", "is.null", "in.(0,2)"]),
        "gauge_id": st.sampled_from(["eq.g00007", "eq.none", "gt.g00050", "neq.g00001"]),
        "or": st.sampled_from(["(note.is.null,tags.cs.{red})", '(gauge_id.eq."g00003")']),
    },
)


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(asked)
def test_an_answer_is_the_same_whether_it_was_prepared_or_not(both, asked):
    quick, plain = both
    following, pages = (quick.get(ROWS, params=asked), plain.get(ROWS, params=asked)), 0

    while following and pages < 4:
        prepared, computed = following
        assert prepared.status_code == 200
        assert prepared.content == computed.content
        for name in ("etag", "content-range", "content-type"):
            assert prepared.headers.get(name) == computed.headers.get(name)
        links = [one.links.get("next", {}).get("url") for one in following]
        assert bool(links[0]) is bool(links[1])
        # A cursor of one leads on at the other: nobody keeps anything for a walk.
        following = (quick.get(links[1]), plain.get(links[0])) if links[0] else ()
        pages += 1


def test_rows_without_a_public_key_are_prepared_by_their_place(both):
    quick, plain = both
    path = f"{PEOPLE.path}/rows?limit=7"
    found = []
    while path:
        answer = quick.get(path)
        assert "prepared" in answer.headers["server-timing"]
        assert answer.content == plain.get(path).content
        found += answer.json()
        path = answer.links.get("next", {}).get("url")

    assert len(found) == 40


@pytest.mark.parametrize(
    ("asked", "by"),
    [
        ("gauge_id=eq.g00007", 'desc="prepared"'),
        ("limit=20&select=small,gauge_id", 'desc="prepared"'),
        ("small=eq.1", 'desc="engine, prepared"'),
        ("order=big.desc", 'desc="engine, prepared"'),
        ("select=small::text", 'desc="engine"'),
        ("small=eq.1&limit=5000", 'desc="engine"'),
    ],
)
def test_what_is_asked_for_most_is_looked_up_and_the_rest_is_computed(both, asked, by):
    quick, _ = both

    assert quick.get(f"{ROWS}?{asked}").headers["server-timing"].endswith(by)


def test_a_page_of_prepared_rows_is_as_large_as_asked_for(both):
    quick, plain = both

    assert quick.get(f"{ROWS}?limit=10000").content == plain.get(f"{ROWS}?limit=10000").content


def made(lab):
    return sorted((lab.home / "cache/rows").glob("*/*/"))


def test_small_tables_and_those_asked_for_once_are_not_prepared(lab):
    for limits in (Limits(prepared_from=101, prepared_after=1), Limits(prepared_after=5)):
        client = serve(lab, limits)
        for _ in range(4):
            assert "prepared" not in client.get(ROWS).headers["server-timing"]
        client.__exit__()

    assert made(lab) == []


def test_rows_are_prepared_once_for_all_servers_of_a_home(lab):
    ready(serve(lab))
    (folder,) = made(lab)
    stamp = (folder / "lines.sqlite").stat().st_mtime_ns

    ready(serve(lab))

    assert made(lab) == [folder]
    assert (folder / "lines.sqlite").stat().st_mtime_ns == stamp
    assert folder.stat().st_mode & 0o077 == 0


def test_a_release_with_the_same_rows_has_them_ready_without_writing_them_again(lab):
    ready(serve(lab))
    lab.publish(100, NOW + timedelta(hours=1))

    answer = ready(serve(lab))

    first, second = made(lab)
    assert answer.headers["meshport-release"] == second.parent.name
    assert (first / "lines.sqlite").samefile(second / "lines.sqlite")


def test_other_rows_are_prepared_anew_and_nobody_gets_the_old_ones(lab):
    client = serve(lab)
    ready(client)
    lab.publish(7, NOW + timedelta(hours=1))

    assert len(client.get(ROWS).json()) == 7
    assert len(ready(client).json()) == 7


def test_prepared_rows_go_with_the_data_of_their_release(lab):
    client = serve(lab)
    first = ready(client).headers["meshport-release"]
    for number in range(1, 12):
        lab.publish(100 + number, NOW + timedelta(hours=number))

    assert not (lab.home / "cache/rows" / first).exists()
    answer = client.get(f"{GAUGES.path}@{first}/rows")
    assert (answer.status_code, answer.json()["code"]) == (410, "MP404")


@pytest.mark.parametrize("file", ["lines.sqlite", "rows.duckdb"])
@pytest.mark.parametrize("asked", ["limit=5", "small=eq.1"])
def test_spoilt_prepared_rows_are_not_served_and_not_missed(lab, file, asked):
    before = ready(serve(lab), f"{ROWS}?{asked}")
    (folder,) = made(lab)
    size = (folder / file).stat().st_size
    os.truncate(folder / file, 0)
    (folder / file).write_bytes(b"\x00spoilt" * (size // 7))
    client = serve(lab)

    for _ in range(20):
        answer = client.get(f"{ROWS}?{asked}")
        assert (answer.status_code, answer.content) == (200, before.content)


def test_rows_whose_key_cannot_be_told_apart_as_text_are_computed(lab):
    sql = f"select * replace (gauge_id || chr(31) as gauge_id) from ({GAUGE_ROWS})"
    lab.publish(20, NOW + timedelta(hours=1), gauges=sql)
    client = serve(lab)

    for _ in range(20):
        assert len(client.get(ROWS).json()) == 20
    client.__exit__()

    assert made(lab) == []


def test_what_takes_too_much_room_is_not_kept(lab):
    client = serve(lab, Limits(prepared_from=0, prepared_after=1, prepared_bytes=10_000))

    for _ in range(20):
        assert client.get(ROWS).status_code == 200
    client.__exit__()

    assert made(lab) == []


def test_a_server_that_is_stopped_leaves_nothing_half_made(lab):
    lab.publish(50_000, NOW + timedelta(hours=1))
    client = serve(lab)
    client.get(ROWS)
    client.get(ROWS)
    deadline = monotonic() + 120
    while not made(lab):
        assert monotonic() < deadline, "nothing is made"
    client.__exit__()

    assert [one for one in made(lab) if "." in one.name] == []


@pytest.fixture
def readers(tmp_path):
    with ExitStack() as opened:
        yield Readers(tmp_path, opened)


def test_every_reader_has_prepared_rows_of_what_it_may_see_and_no_others(readers):
    client = serve(readers.lab, is_demo=False)
    found = {}
    for name in ("scoped", "service", "robot", "outlet"):
        found[name] = ready(client, **readers.sent_by(name))

    columns = {name: list(answer.json()[0]) for name, answer in found.items()}
    assert {row["site"] for row in found["scoped"].json()} == {"site 3", "site 7"}
    assert len(found["service"].json()) == 100
    assert "note" not in columns["robot"]
    assert columns["outlet"] == ["gauge_id", "narrow"]
    for folder in made(readers.lab):
        kept = columns_of(folder)
        assert kept in [set(one) for one in columns.values()]


def columns_of(folder):
    with closing(duckdb.connect(str(folder / "rows.duckdb"), read_only=True)) as con:
        table = {row[0] for row in con.execute("describe rows").fetchall()}
    with closing(sqlite3.connect(folder / "lines.sqlite")) as con:
        lines = [json.loads(row[0]) for row in con.execute("select line from lines")]
    assert all(set(line) == set(lines[0]) for line in lines)
    return set(lines[0]) | (table - {"file_row_number", "file_index"})


def test_prepared_rows_are_not_for_somebody_whose_agreement_has_ended(readers):
    client = serve(readers.lab, is_demo=False)
    before = ready(client, **readers.sent_by("scoped"))
    (agreement,) = readers.register.agreements.of("scoped", GAUGES, NOW)
    readers.revoke(agreement)

    after = client.get(ROWS, headers=readers.sent_by("scoped"))

    assert "site" in before.json()[0]
    assert after.headers["meshport-access"] == "internal; openly served"
    assert "wide" not in after.json()[0]


def test_a_column_that_was_made_more_sensitive_is_gone_from_prepared_rows_at_once(lab):
    ready(serve(lab))
    strict = [
        {**c, "classification": "restricted"} if c["name"] == "note" else c for c in GAUGE_COLUMNS
    ]
    lab.promise(GAUGES, *strict)

    assert "note" not in ready(serve(lab)).json()[0]
