"""Hostile SQL: whatever is sent, nothing gets out, nothing is touched, and nobody waits for it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from meshport.errors import ServingError
from meshport.sandbox.pool import Pool, PoolSize
from meshport.sandbox.question import Limits
from meshport.serving.sql_door.door import Caps, SqlQuestion
from tests.doors.hostile_sql import MEMORY_MB, SECONDS, Arena, Probe, probes

pytestmark = pytest.mark.xdist_group("sql_hostile")
PROBES = list(probes())
REFUSALS = {"MP630", "MP631", "MP632", "MP633"}
SLACK = 3.0
"""Seconds; how late a kill is on a quiet machine is measured by `benchmarks/sql_door.py`."""
ENDLESS = "select count(*) from range(1000000) a, range(1000000) b, range(1000000) c"
HARMLESS = SqlQuestion("select * from lab.gauges order by gauge_id")
PATIENT = Caps(1_000, 1_000_000, Limits(60, MEMORY_MB), 60)


@pytest.fixture(scope="module")
def arena(tmp_path_factory):
    with ExitStack() as opened:
        yield Arena(tmp_path_factory.mktemp("arena"), opened)


def rows_of(arena, question=HARMLESS):
    rows = bytearray()
    arena.door.answer(arena.asker, question, rows.extend, PATIENT)
    return bytes(rows)


def test_the_corpus_is_large_and_says_nothing_twice():
    texts = [probe.text for probe in PROBES]

    assert len(texts) >= 150
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("group", dict.fromkeys(probe.group for probe in PROBES))
def test_nothing_gets_out_and_nothing_is_touched(arena, group):
    outcomes = arena.run_all(probe for probe in PROBES if probe.group == group)

    leaking = [(one.probe.text[:200], arena.leaks(one)) for one in outcomes if arena.leaks(one)]
    late = [one.probe.text[:200] for one in outcomes if one.seconds > SECONDS + SLACK]
    let_in = [
        (one.probe.text[:200], one.code, one.said)
        for one in outcomes
        if one.probe.is_refused and one.code not in REFUSALS
    ]
    assert (leaking, let_in) == ([], [])
    assert late == [] or outcomes[0].probe.is_refused
    assert not arena.was_called()
    assert arena.files() == arena.before


def test_no_worker_ever_had_more_memory_than_it_may(arena):
    empty = arena.pool.seen()["resting_mb"]

    assert arena.pool.seen()["peak_mb"] <= empty + MEMORY_MB


@pytest.mark.parametrize(
    "poison",
    [
        "create temp view gauges as select 666",
        "create temp macro sum(x) as 42",
        "set variable x = 42",
        "select len(range(500000000))",
        ENDLESS,
        "select error('x')",
    ],
)
def test_nothing_of_a_query_is_there_for_the_next(arena, poison):
    before = rows_of(arena)

    assert arena.run(Probe("poison", poison, is_refused=False)).code is not None

    assert rows_of(arena) == before
    assert rows_of(arena, SqlQuestion("select sum(small) s from lab.gauges")) != b'[{"s":"42"}]'


def test_bombs_of_one_asker_do_not_keep_others_from_their_answers(arena):
    bomb = Probe("bomb", ENDLESS, is_refused=False)
    before = rows_of(arena)

    with ThreadPoolExecutor(6) as crowd:
        bombs = [crowd.submit(arena.run, bomb) for _ in range(6)]
        other = arena.readers.asker("service")
        rows = bytearray()
        arena.door.answer(other, HARMLESS, rows.extend, PATIENT)

    assert len(rows) > len(before)
    assert {one.result().code for one in bombs} == {"MP634"}


def test_the_door_says_when_to_come_back(arena, monkeypatch):
    small = Pool(PoolSize(spares=0, busy=1, share=1))
    monkeypatch.setattr(arena.door, "pool", small)
    try:
        with small.place("somebody", Limits(), 0), pytest.raises(ServingError) as caught:
            arena.door.answer(arena.asker, HARMLESS, bytearray().extend, Caps(1, 1, Limits(), 0))
    finally:
        small.close()

    assert caught.value.code == "MP635"
