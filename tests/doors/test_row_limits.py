"""One question takes bounded time and room, and too many of them at once are sent away."""

from __future__ import annotations

import asyncio
import tempfile
import threading
from contextlib import ExitStack

import pytest
from fastapi.testclient import TestClient

from meshport.access.consumers import Consumer
from meshport.access.principal import Kind
from meshport.access.register import AccessRegister
from meshport.errors import ServingError
from meshport.serving.app import create_app
from meshport.serving.limits import Limits
from meshport.serving.rates import Rates
from meshport.serving.rows.engine import Engine, Turns
from tests.building import LOOPBACK, NOW, settings_at
from tests.doors.lab import ROWS, Lab

pytestmark = pytest.mark.xdist_group("doors")
FOR_EVER = "select count(*) from range(1000000000000) t(n) where n % 7 = 3"


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """Fifty thousand gauges."""
    with ExitStack() as opened:
        lab = Lab(tmp_path_factory.mktemp("large"), opened)
        assert lab.publish(50_000)
        yield lab


@pytest.fixture
def serve(large):
    """Opens servers over them, with limits of one's own."""
    with ExitStack() as opened:

        def open_(**limits):
            settings = settings_at(large.home, large.root)
            app = create_app(settings, lambda: NOW, is_demo=True, limits=Limits(**limits))
            return opened.enter_context(TestClient(app, base_url=LOOPBACK))

        yield open_


async def always():
    return True


async def never():
    return False


def run(answer):
    """What a coroutine returns, or the code of the error that it raises."""

    async def outcome():
        try:
            return await answer
        except ServingError as error:
            return error.code

    return asyncio.run(outcome())


@pytest.fixture
def engine():
    opened = Engine(Limits(statement=0.2, export=0.2, executing=2, waiting=1, wait=0.2))
    yield opened
    opened.close()


def endless(engine):
    with engine.reader.answering() as con:
        con.execute(FOR_EVER).fetchall()


@pytest.mark.parametrize("kind", ["ask", "export"])
def test_a_question_without_an_end_is_interrupted_when_its_time_is_up(engine, kind):
    ask = getattr(engine, kind)

    assert run(ask(lambda: endless(engine), always)) == "MP643"
    assert run(ask(lambda: engine.reader.connection().execute("select 1").fetchall(), always))


def test_a_question_that_nobody_waits_for_is_interrupted_long_before(engine):
    engine.limits = Limits(statement=3600)

    assert run(engine.ask(lambda: endless(engine), never)) == "MP643"


def test_the_interrupt_of_one_question_does_not_hit_another(engine):
    async def several():
        asked = [engine.ask(lambda: endless(engine), always) for _ in range(2)]
        first, second = await asyncio.gather(*asked, return_exceptions=True)
        after = [await engine.ask(lambda: answers(engine), always) for _ in range(20)]
        return first.code, second.code, after

    assert asyncio.run(several()) == ("MP643", "MP643", [42] * 20)


def answers(engine):
    return engine.reader.connection().execute("select 42").fetchall()[0][0]


def test_who_comes_when_all_slots_and_places_in_line_are_taken_is_sent_away():
    async def crowd():
        turns, held = Turns(slots=1, waiting=1, seconds=60), asyncio.Event()

        async def stay():
            async with turns.one():
                await held.wait()
                return "served"

        async def come():
            try:
                return await stay()
            except ServingError as error:
                return error.code

        guests = [asyncio.create_task(come()) for _ in range(3)]
        third = await guests[2]
        held.set()
        return [await guests[0], await guests[1], third, await come()]

    assert asyncio.run(crowd()) == ["served", "served", "MP642", "served"]


def test_who_waits_too_long_is_sent_away_and_takes_no_slot_along():
    async def slow():
        turns = Turns(slots=1, waiting=5, seconds=0.05)
        async with turns.one():
            waited = await asyncio.gather(*(take(turns) for _ in range(3)))
        return waited, await take(turns)

    async def take(turns):
        try:
            async with turns.one():
                return "served"
        except ServingError as error:
            return error.code

    assert asyncio.run(slow()) == (["MP642"] * 3, "served")


def test_who_gives_up_waiting_takes_no_slot_along():
    async def impatient():
        turns = Turns(slots=1, waiting=5, seconds=60)

        async def take():
            async with turns.one():
                return "served"

        async with turns.one():
            waiting = asyncio.create_task(take())
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        return await take()

    assert asyncio.run(impatient()) == "served"


def test_a_server_whose_slots_are_taken_says_so_and_still_answers_what_costs_nothing(serve):
    client = serve(executing=1, waiting=0)
    etag = client.get(f"{ROWS}?limit=5").headers["etag"]
    is_over = threading.Event()
    held = client.portal.start_task_soon(
        client.app.state.doors.rows.engine.ask, is_over.wait, always
    )

    refused = client.get(f"{ROWS}?small=eq.1")
    known = client.get(f"{ROWS}?limit=5", headers={"if-none-match": etag})
    export = client.get(f"{ROWS}?format=csv&limit=5")
    is_over.set()
    held.result(timeout=60)

    assert (refused.status_code, refused.json()["code"]) == (503, "MP642")
    assert refused.headers["retry-after"] == "1"
    assert (known.status_code, export.status_code) == (304, 200)
    assert client.get(f"{ROWS}?small=eq.1").status_code == 200


def test_a_question_that_takes_too_long_is_told_so(serve):
    client = serve(statement=0.001)

    # An answer that is there when its time is looked at is given.
    asked = f"{ROWS}?order=note.desc,ratio,wide,narrow&limit=10000"
    answers = (client.get(asked) for _ in range(50))
    answer = next(one for one in answers if one.status_code != 200)

    assert (answer.status_code, answer.json()["code"]) == (422, "MP643")
    assert "parquet" in answer.json()["hint"]


@pytest.mark.parametrize("form", ["json", "ndjson"])
def test_a_page_that_is_too_large_is_refused_with_a_way_out(serve, form):
    client = serve(page_bytes=100_000)

    answer = client.get(f"{ROWS}?limit=10000&format={form}")

    assert (answer.status_code, answer.json()["code"]) == (422, "MP644")
    assert client.get(f"{ROWS}?limit=100&format={form}").status_code == 200


@pytest.mark.parametrize("form", ["csv", "parquet", "arrow"])
def test_an_export_that_is_too_large_is_refused_and_leaves_nothing(
    serve, form, tmp_path, monkeypatch
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    client = serve(export_bytes=20_000)

    answer = client.get(f"{ROWS}?format={form}&gauge_id=neq.none")

    assert (answer.status_code, answer.json()["code"]) == (422, "MP644")
    assert list(tmp_path.iterdir()) == []
    assert client.get(f"{ROWS}?format={form}&limit=10").status_code == 200


@pytest.mark.parametrize("form", ["csv", "arrow"])
def test_a_large_export_goes_through_a_file_that_is_then_gone(serve, form, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr("meshport.serving.rows.export.IN_MEMORY", 1_000)
    client = serve()

    answer = client.get(f"{ROWS}?format={form}&select=gauge_id,note")

    assert len(answer.content) > 500_000
    assert list(tmp_path.iterdir()) == []


def test_quotas_come_back_evenly_and_are_each_readers_own():
    now = [0.0]
    rates = Rates(10, 100, lambda: now[0])

    assert [rates.take("a").wait for _ in range(11)] == [0] * 10 + [10]
    assert rates.take("b").wait == 0
    now[0] = 9.5
    assert rates.take("a").wait == 1
    now[0] = 20.5
    assert [rates.take("a").wait for _ in range(3)] == [0, 0, 10]
    now[0] = 10_000
    assert rates.take("a").left == 9


def test_quotas_of_many_strangers_take_bounded_memory():
    rates = Rates(10, 60)

    for number in range(25_000):
        rates.take(f"@{number}")

    assert rates.known <= 10_000


def test_who_tries_tokens_is_sent_away_at_every_door_and_fills_no_audit(serve, large):
    client, register = serve(wrong_tokens=3), AccessRegister.at_home(large.home)
    doors = [f"{ROWS}?limit=1", "/access", "/sql?query=select 1", "/delta-sharing/shares",
             "/iceberg/v1/config", f"{ROWS[:-5]}/changes"]  # fmt: skip
    wrong = {"Authorization": "Bearer mpt_000000000000_wrong", "Accept": "*/*"}

    statuses = [client.get(doors[0], headers=wrong).status_code for _ in range(5)]
    told = [client.get(door, headers=wrong) for door in doors]
    told.append(client.post("/mcp", headers={**wrong, "Accept": "application/json"}, json={}))
    secret = {"grant_type": "client_credentials", "client_secret": "mpt_000000000000_wrong"}
    told.append(client.post("/iceberg/v1/oauth/tokens", data=secret))

    assert statuses == [401, 401, 401, 429, 429]
    assert {(one.status_code, "retry-after" in one.headers) for one in told} == {(429, True)}
    assert [one["verdict"] for one in register.audit.entries()].count("MP701") == 3

    register.consumers.add(Consumer("till", Kind.SERVICE, None, "ann", "", False), "test", NOW)
    right = {"Authorization": f"Bearer {register.tokens.create('till', NOW).secret}"}
    assert client.get(doors[0], headers=right).status_code == 200
