"""…/changes as server-sent events: told within a second, resumed without a gap, ended on time."""

from __future__ import annotations

import socket
import threading
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from time import monotonic

import httpx2
import pytest
import uvicorn

from meshport.cli.server import BoundedProtocol
from meshport.serving.app import create_app
from meshport.serving.feed import streams
from meshport.serving.limits import Limits
from tests.building import NOW, settings_at
from tests.doors.following import CHANGES, CURSOR, Follower, events_in
from tests.doors.lab import GAUGE_ROWS
from tests.doors.readers import SITES
from tests.doors.server import wait_for

pytestmark = pytest.mark.xdist_group("feed")
STREAM = {"Accept": "text/event-stream"}
PATIENCE = 30


class ImpatientProtocol(BoundedProtocol):
    to_take = 0.2


class Served:
    """A laboratory behind a real server, until the test ends."""

    def __init__(self, app, opened, protocol=BoundedProtocol) -> None:
        config = uvicorn.Config(app, http=protocol, log_level="critical")
        self.app, self.server = app, uvicorn.Server(config)
        listener = opened.enter_context(socket.create_server(("127.0.0.1", 0)))
        self.address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        run = {"target": self.server.run, "kwargs": {"sockets": [listener]}}
        self.thread = threading.Thread(**run)
        self.thread.start()
        opened.callback(self.stop)
        wait_for(f"{self.address}/healthz")

    @property
    def streams(self):
        return self.app.state.streams

    def stop(self):
        self.server.should_exit = True
        self.thread.join(60)

    @contextmanager
    def stream(self, asked="", **headers):
        with httpx2.stream(
            "GET",
            f"{self.address}{CHANGES}{asked}",
            headers={**STREAM, **headers},
            timeout=PATIENCE,
        ) as answer:
            assert answer.status_code == 200, answer.read()
            yield events_in(answer.iter_lines())

    def get(self, asked="", **headers):
        return httpx2.get(f"{self.address}{CHANGES}{asked}", headers=headers, timeout=PATIENCE)


@pytest.fixture
def opened():
    with ExitStack() as stack:
        yield stack


def served_lab(lab, opened, protocol=BoundedProtocol, **limits):
    app = create_app(settings_at(lab.home, lab.root), is_demo=True, limits=Limits(**limits))
    return Served(app, opened, protocol)


def served_readers(readers, opened):
    app = create_app(settings_at(readers.lab.home, readers.lab.root), lambda: readers.now)
    return Served(app, opened)


def test_a_stream_tells_what_is_there_and_then_what_comes(lab, opened):
    served, follower = served_lab(lab, opened), Follower(lab.client())
    with served.stream() as events:
        follower.apply([next(events).data for _ in range(100)])
        assert follower.held == Follower(follower.client).catch_up().held

        lab.publish(103, NOW + timedelta(hours=1))
        since = monotonic()
        follower.apply([next(events).data for _ in range(3)])

    # A look every 0.4 s; the rest is what a busy machine takes.
    assert monotonic() - since < 10
    assert follower.held == Follower(follower.client).catch_up().held


def test_who_comes_back_with_the_last_event_id_misses_nothing_and_hears_nothing_twice(lab, opened):
    served, follower, last = served_lab(lab, opened), Follower(lab.client()), {}
    lab.publish(104, NOW + timedelta(hours=1))
    for count in (1, 36, 40, 26, 1):
        with served.stream(**last) as events:
            told = [next(events) for _ in range(count)]
        follower.apply([one.data for one in told])
        last = {"Last-Event-ID": told[-1].id}

    assert follower.held == Follower(follower.client).catch_up().held
    # The id of an event is a cursor like any other.
    assert served.get(f"?cursor={last['Last-Event-ID']}").json() == []


def test_who_hears_of_no_change_still_moves_on(lab, opened):
    served = served_lab(lab, opened)
    with served.stream("?after=now") as events:
        lab.publish(100, NOW + timedelta(hours=1))
        moved = next(events)

    assert (moved.name, moved.data) == ("", None)
    assert moved.id == served.get("?after=now").headers[CURSOR]


def test_a_quiet_stream_gives_signs_of_life(lab, opened):
    served = served_lab(lab, opened)
    with served.stream("?after=now") as events:
        served.streams.heartbeat = streams.LOOK_SECONDS
        assert next(events).name == ":"
        assert next(events).name == ":"


def test_a_stream_ends_with_its_agreement(own_readers, opened):
    agreement = own_readers.agree("outlet", "internal")
    served = served_readers(own_readers, opened)
    with served.stream("?after=now", **own_readers.sent_by("outlet")) as events:
        own_readers.revoke(agreement)
        own_readers.lab.publish(101, NOW + timedelta(hours=1), SITES.format(rows=GAUGE_ROWS))
        told = list(events)

    assert [one.name for one in told] == ["end"]
    assert told[0].data["code"] == "MP651"


def test_a_stream_ends_when_its_token_is_revoked_or_its_agreement_runs_out(own_readers, opened):
    own_readers.agree("outlet", "internal", days=1)
    served = served_readers(own_readers, opened)
    sent = own_readers.sent_by("outlet")
    with served.stream("?after=now", **sent) as events:
        own_readers.now += timedelta(days=1)
        assert next(events).data["code"] == "MP651"
    with served.stream("?after=now", **sent) as events:
        own_readers.register.consumers.disable("outlet", own_readers.now)
        assert next(events).data["code"] == "MP701"


def test_a_server_that_ends_does_not_wait_for_its_streams(lab, opened):
    served = served_lab(lab, opened)
    with served.stream("?after=now") as events:
        threading.Thread(target=served.stop).start()
        told = list(events)

    assert [one.data["title"] for one in told] == ["The server ends"]
    served.thread.join(PATIENCE)
    assert not served.thread.is_alive()


def test_there_are_so_many_streams_for_one_reader_and_no_more(lab, opened):
    served = served_lab(lab, opened, streams_each=2)
    with served.stream("?after=now"), served.stream("?after=now"):
        refusal = served.get(**STREAM)
        assert (refusal.status_code, refusal.json()["code"]) == (429, "MP652")
        assert int(refusal.headers["Retry-After"]) > 0
        assert served.get().status_code == 200
    ends = monotonic() + PATIENCE
    while served.streams.open and monotonic() < ends:
        served.get("?after=now")
    with served.stream("?after=now"):
        pass


def test_who_does_not_take_what_is_sent_is_hung_up_on(lab, opened):
    lab.publish(100_000, NOW + timedelta(hours=1))
    served = served_lab(lab, opened, ImpatientProtocol)
    host, _, port = served.address.removeprefix("http://").partition(":")
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.settimeout(PATIENCE)
        slow.connect((host, int(port)))
        slow.sendall(
            f"GET {CHANGES} HTTP/1.1\r\nHost: {host}\r\nAccept: text/event-stream\r\n\r\n".encode()
        )
        ends = monotonic() + PATIENCE
        while not served.streams.open and monotonic() < ends:
            served.get("?after=now")
        while served.streams.open and monotonic() < ends:
            served.get("?after=now")
    assert not served.streams.open


@pytest.mark.parametrize("sent", ["nonsense", "ü", "A" * 200])
def test_a_last_event_id_that_is_not_ours_is_refused(small_door, sent):
    headers = {**STREAM, "Last-Event-ID": sent.encode()}

    answer = small_door.get(CHANGES, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (400, "MP603")


def test_a_head_opens_no_stream(small_door):
    answer = small_door.head(CHANGES, headers=STREAM)

    assert answer.headers["Content-Type"].startswith("text/event-stream")
