"""Rows in = published + quarantined + superseded, for every source table; and the proof of it."""

from __future__ import annotations

import hashlib
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshport.publishing.accounts import SET_ASIDE_SCHEMA, Ledger
from meshport.sources import Extract
from meshport.sources.landing import Landed
from meshport.warehouse import connect_memory
from tests.publishing.shop import PARTS, THINGS, Shop, query, things

ROWS = [*things(300), ("t000001", 1), ("bad", -1), ("worse", -2)]


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path)


def accounts(manifest):
    return {one.table: (one.rows, one.published, one.quarantined, one.superseded)
            for one in manifest.sources}  # fmt: skip


def check(manifest, name, port=THINGS):
    return next(one for one in manifest.ports[str(port)].checks if one.id == name)


def test_every_source_row_is_published_in_quarantine_or_superseded(shop):
    manifest = shop.publish(ROWS, [("p1", "t000001"), ("p2", "nowhere")]).manifest

    assert manifest is None  # half of the parts are orphans: far over their budget

    manifest = shop.publish(ROWS, [(f"p{n}", "t000001") for n in range(99)] + [("q", "x")]).manifest
    assert accounts(manifest) == {"things": (303, 300, 2, 1), "parts": (100, 99, 1, 0)}
    assert [check(manifest, "source_rows_balance", port).status for port in (THINGS, PARTS)] == [
        "passed",
        "passed",
    ]


def test_a_source_file_is_named_with_its_size_and_sha256(shop):
    manifest = shop.publish(things(3)).manifest

    text = (shop.source / "things.csv").read_bytes()
    source = next(one for one in manifest.sources if one.table == "things")
    assert (source.file, source.bytes, source.sha256) == (
        "things.csv",
        len(text),
        hashlib.sha256(text).hexdigest(),
    )


@pytest.mark.parametrize(
    ("model", "lost"),
    [
        ("select thing_id, size from raw.things where thing_id <> 't000007'", 1),
        ("select thing_id, size from raw.things limit 100", 200),
        ("select thing_id || 'x' as thing_id, size from raw.things", 300),
    ],
)
def test_a_row_that_a_model_loses_breaks_the_balance_and_keeps_the_release_back(shop, model, lost):
    outcome = shop.publish(things(300), models={"things_v1": model})

    assert outcome.manifest is None
    (broken,) = [one for one in outcome.refusal["checks"] if one["id"] == "source_rows_balance"]
    assert (broken["status"], broken["failed_rows"]) == ("failed", lost)
    assert broken["message"].startswith(f"{lost:,} rows unaccounted for: things: 300 in = ")


def test_a_row_that_a_model_invents_is_no_source_row_and_shifts_no_account(shop):
    model = "select thing_id, size from raw.things union all select 'extra', 0"

    manifest = shop.publish(things(3), models={"things_v1": model}).manifest

    assert accounts(manifest)["things"] == (3, 3, 0, 0)
    assert manifest.ports[str(THINGS)].rows == 4


def test_a_row_that_cannot_be_read_is_in_quarantine_with_its_line_and_reason(shop):
    rows = [*things(300), ("t000900", "many")]

    manifest = shop.publish(rows).manifest

    assert accounts(manifest)["things"] == (301, 300, 1, 0)
    quarantine = manifest.ports[str(THINGS)].quarantine
    assert (quarantine.rows, quarantine.by_reason) == (1, {"unreadable: size": 1})
    (file,) = quarantine.files
    ((origin, reasons, row),) = query(f"from '{shop.store.folder / file.path}'")
    assert (origin, reasons) == ("things", ["unreadable: size"])
    assert '"line":302' in row
    assert "t000900,many" in row


def test_rows_that_a_domain_sets_aside_itself_are_in_quarantine_for_its_reason(shop):
    """A dbt model in the schema quarantine, named like the raw table, says which rows and why."""
    aside = "select rowid as source_row, 'too big' as reason from raw.things where size > 297"
    kept = "select thing_id, size from raw.things where size <= 297"
    shop.publish(things(1))

    manifest = shop.publish(
        things(300), models={"things_v1": kept, f"{SET_ASIDE_SCHEMA}.things": aside}
    ).manifest

    assert accounts(manifest)["things"] == (300, 298, 2, 0)
    quarantine = manifest.ports[str(THINGS)].quarantine
    assert (quarantine.rows, quarantine.by_reason) == (2, {"too big": 2})


# The ledger by itself, against a count by hand.

con = connect_memory(threads=1)
con.execute("create schema raw; create schema quarantine")
KEYS = st.sampled_from([None, "a", "b", "c", "d"])
EXTRACT = Extract("things", "things", {"k": "VARCHAR"}, "port", {"k": "id"})
FATES = st.sampled_from(["published", "published", "published", "set aside", "quarantined", "lost"])


@settings(max_examples=40, deadline=None)
@given(raw=st.lists(st.tuples(KEYS, FATES), max_size=12))
def test_the_ledger_finds_exactly_the_keys_that_are_lost(raw):
    """Each key has one fate, that of its first row; setting aside takes all rows of a key."""
    fates = {}
    for key, fate in raw:
        fates.setdefault(key, fate)
    if None in fates:
        fates[None] = "set aside"  # no port has a row without key
    rows = Counter(key for key, _ in raw)
    keys = {wanted: [k for k, fate in fates.items() if fate == wanted] for wanted in fates.values()}
    con.execute("create or replace table raw.things (k varchar)")
    con.execute("create or replace table port (id varchar)")
    con.execute("create or replace table kept (id varchar)")
    con.execute("create or replace table quarantine.things (source_row bigint, reason varchar)")
    for key, _ in raw:
        con.execute("insert into raw.things values (?)", [key])
    for key in keys.get("set aside", []):
        con.execute(
            "insert into quarantine.things select rowid, 'r' from raw.things "
            "where k is not distinct from ?",
            [key],
        )
    for key in keys.get("published", []) + keys.get("quarantined", []):
        con.execute("insert into port values (?)", [key])
    for key in keys.get("published", []):
        con.execute("insert into kept values (?)", [key])

    landed = Landed("things", "things.csv", 0, "", len(raw), 0)
    account = Ledger(con).account(EXTRACT, landed, "kept")

    aside = sum(rows[key] for key in keys.get("set aside", []))
    assert account.published == len(keys.get("published", []))
    assert account.quarantined == aside + len(keys.get("quarantined", []))
    assert account.superseded == len(raw) - aside - (len(fates) - len(keys.get("set aside", [])))
    lost = account.rows - account.published - account.quarantined - account.superseded
    assert lost == len(keys.get("lost", []))
    assert account.is_balanced is (lost == 0)
