"""Workers that wait: how many there are, for whom, and with what open."""

from __future__ import annotations

import os
import signal
from time import monotonic, sleep

import pytest

from meshport.sandbox.gate import TableName
from meshport.sandbox.pool import BusyError, Pool, PoolSize
from meshport.sandbox.question import NDJSON, Limits, Shape, TableFiles
from meshport.sandbox.workers import EndedError
from meshport.warehouse import connect_memory

LIMITS = Limits()
QUERY = "select count(*) as n from lab.gauges"
OTHER = "select max(gauge_id) as n from lab.gauges"


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    file = tmp_path_factory.mktemp("files") / "gauges.parquet"
    connect_memory().execute(f"copy (select range as gauge_id from range(9)) to '{file}'")
    return [TableFiles("lab", "gauges", [str(file)], ["gauge_id"])]


@pytest.fixture
def pool():
    one = Pool(PoolSize(spares=1, ready=2))
    yield one
    one.close()


def answered(place, tables, query=QUERY):
    rows = bytearray()
    place.over(tables).answer(query, Shape(NDJSON, 10, 1000), rows.extend)
    return bytes(rows)


def asked(pool, tables, asker="anna"):
    """What a query is answered, once the next one of the asker finds its tables open."""
    with pool.place(asker, LIMITS, 5) as place:
        rows = answered(place, tables)
    deadline = monotonic() + 20
    while not pool.ready.has(asker, LIMITS, tables):
        assert monotonic() < deadline
        sleep(0.001)
    return rows


def test_who_finds_every_worker_busy_is_sent_away_at_once():
    pool = Pool(PoolSize(spares=0, busy=2, share=1))
    try:
        with pool.place("anna", LIMITS, 0), pool.place("ben", LIMITS, 0):
            for asker in ("anna", "carla"):
                with pytest.raises(BusyError), pool.place(asker, LIMITS, 0):
                    pass
        with pool.place("carla", LIMITS, 0) as free:
            assert free.ask("select 1").tables == ()
    finally:
        pool.close()


@pytest.mark.parametrize("is_known", [True, False])
def test_the_next_query_over_the_same_tables_has_a_fresh_worker_that_has_them_open(
    pool, tables, is_known
):
    with pool.place("anna", LIMITS, 5) as first:
        assert answered(first, tables) == b'{"n":"9"}\n'
    asked(pool, tables)

    with pool.place("anna", LIMITS, 5) as place:
        if is_known:
            place.expect(OTHER, [TableName("lab", "gauges")])
        else:
            assert place.ask(OTHER).tables == (TableName("lab", "gauges"),)
        assert place.worker.tables == tables
        taken = place.worker
        assert answered(place, tables, OTHER) == b'{"n":"8"}\n'
        assert place.worker is taken
        assert taken.pid != first.worker.pid


def test_what_is_open_for_one_asker_is_open_for_nobody_else(pool, tables):
    asked(pool, tables)

    with pool.place("ben", LIMITS, 5) as place:
        place.expect(QUERY, [TableName("lab", "gauges")])
        assert place.worker is None
        place.ask(QUERY)
        assert place.worker.tables is None


def test_a_query_over_other_tables_has_a_worker_that_has_just_those_open(pool, tables):
    mine = [TableFiles("lab", "gauges", [], ["gauge_id"], {"gauge_id": "BIGINT"})]
    asked(pool, tables)

    with pool.place("anna", LIMITS, 5) as place:
        place.expect(QUERY, [TableName("lab", "gauges")])
        opened = place.worker
        assert answered(place, mine) == b'{"n":"0"}\n'
        assert place.worker is not opened
        assert not opened.is_waiting


def test_a_query_with_other_limits_has_a_worker_that_has_those(pool, tables):
    asked(pool, tables)
    narrow = Limits(seconds=5, memory_mb=256)

    with pool.place("anna", narrow, 5) as place:
        place.expect(QUERY, [TableName("lab", "gauges")])
        assert place.worker is None
        assert answered(place, tables) == b'{"n":"9"}\n'
        assert place.worker.limits == narrow


def test_a_ready_worker_that_died_is_not_handed_out(pool, tables):
    asked(pool, tables)
    worker = pool.ready.take("anna", LIMITS, lambda _: True)
    pool.ready.put("anna", worker)
    os.kill(worker.pid, signal.SIGKILL)
    deadline = monotonic() + 20
    while worker.is_waiting:
        assert monotonic() < deadline

    with pool.place("anna", LIMITS, 5) as place:
        place.expect(QUERY, [TableName("lab", "gauges")])
        assert place.worker is None
        assert answered(place, tables) == b'{"n":"9"}\n'


def test_at_most_so_many_are_ready_and_the_latest_are(pool, tables):
    for asker in ("anna", "ben", "carla"):
        asked(pool, tables, asker)

    ready = [pool.ready.has(asker, LIMITS, tables) for asker in ("anna", "ben", "carla")]
    assert ready == [False, True, True]


def test_a_query_that_fails_is_no_reason_to_open_its_tables_again(pool, tables):
    with pytest.raises(EndedError), pool.place("anna", LIMITS, 5) as place:
        answered(place, tables, "select no_such_column from lab.gauges")
    asked(pool, tables, "ben")  # whatever came before is done by then

    assert not pool.ready.has("anna", LIMITS, tables)
