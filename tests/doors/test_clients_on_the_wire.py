"""Clients that send too much, too slowly, or stop taking what they asked for, over real sockets."""

from __future__ import annotations

import os
import signal
import socket
import urllib.error
import urllib.request
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from time import monotonic
from typing import ClassVar

import pytest

from meshport.cli.server import BoundedProtocol
from meshport.publishing.lock import unleased
from meshport.publishing.store import ReleaseStore
from meshport.serving.app import create_app
from tests.building import NOW, settings_at
from tests.doors.lab import GAUGE_ROWS, ROWS, Lab
from tests.doors.server import address_of, listening, start, stop, wait_for

pytestmark = pytest.mark.xdist_group("doors")

# Twelve megabytes that no codec makes small.
_HASHES = " || ".join(f"md5(gauge_id || '{n}')" for n in range(20))
NOISE = f"select * replace ({_HASHES} as note) from ({GAUGE_ROWS})"


class Hasty(BoundedProtocol):
    to_send = 0.5
    to_take = 0.5
    lost: ClassVar[set[int]] = set()

    def connection_lost(self, exc):
        self.lost.add(self.client[1])
        super().connection_lost(exc)


@pytest.fixture(scope="module")
def noisy(tmp_path_factory):
    with ExitStack() as opened:
        lab = Lab(tmp_path_factory.mktemp("noisy"), opened)
        assert lab.publish(20_000, gauges=NOISE)
        yield lab


def app_of(lab):
    return create_app(settings_at(lab.home, lab.root), lambda: NOW, is_demo=True)


@pytest.fixture(scope="module")
def hasty(noisy):
    with listening(app_of(noisy), Hasty) as port:
        yield port


@pytest.fixture(scope="module")
def patient(noisy):
    with listening(app_of(noisy)) as port:
        yield port


def connect(port, size=None):
    connection = socket.socket()
    if size:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
    connection.settimeout(60)
    connection.connect(("127.0.0.1", port))
    return connection


def request(target, *headers, method="GET"):
    return "\r\n".join(
        [f"{method} {target} HTTP/1.1", "Host: localhost", *headers, "", ""]
    ).encode()


def everything(connection):
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)


def is_well(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{ROWS}?limit=1", timeout=60) as answer:
        return answer.status == 200


def is_free(lab):
    """Whether nobody holds the current release."""
    store = ReleaseStore(lab.home).of("lab")
    with unleased(store.folder / "releases" / store.pointer().current / "lease") as found:
        return found


def until(condition, seconds=60):
    deadline = monotonic() + seconds
    while not condition():
        assert monotonic() < deadline


@pytest.mark.parametrize(
    "sent",
    [
        request(ROWS, *(f"X-{n}: a" for n in range(200))),
        request(ROWS, "X: " + "a" * 300_000),
        request(ROWS, *("Accept: text/html" for _ in range(5_000))),
        request(f"{ROWS}?note=eq.{'a' * 300_000}"),
    ],
    ids=["many", "large", "the same", "address"],
)
def test_a_flood_of_headers_is_refused_and_the_connection_closed(patient, sent):
    with connect(patient) as connection:
        connection.sendall(sent)
        answer = everything(connection)

    assert answer.startswith(b"HTTP/1.1 431 ")
    assert is_well(patient)


def test_headers_within_bounds_are_read(patient):
    sent = request(ROWS, "Connection: close", *(f"X-{n}: {'a' * 1000}" for n in range(90)))
    with connect(patient) as connection:
        connection.sendall(sent)

        assert everything(connection).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n",
        request(ROWS, "Content-Length: 10", method="QUERY"),
        request(ROWS, "Content-Length: 10", method="POST") + b"limit",
    ],
    ids=["nothing", "a word", "no end", "no body", "half a body"],
)
def test_who_does_not_finish_a_request_is_hung_up_on(hasty, sent):
    with connect(hasty) as connection:
        connection.sendall(sent)
        try:
            answer = everything(connection)
        except ConnectionResetError:
            answer = b""

    assert not answer.startswith(b"HTTP/1.1 200")
    assert is_well(hasty)


def test_a_kept_connection_may_wait_and_ask_again(patient):
    with closing(HTTPConnection("127.0.0.1", patient, timeout=60)) as connection:
        sockets = set()
        for _ in range(3):
            connection.request("GET", f"{ROWS}?limit=1&select=gauge_id")
            answer = connection.getresponse()
            assert (answer.status, answer.read()[:2]) == (200, b"[{")
            sockets.add(connection.sock)

    assert len(sockets) == 1


@pytest.mark.parametrize("asked", ["format=parquet", "format=csv", "limit=10000"])
def test_a_download_that_nobody_takes_is_cut_and_holds_nothing(noisy, hasty, asked):
    with connect(hasty, size=4096) as connection:
        connection.sendall(request(f"{ROWS}?{asked}"))
        head = connection.recv(1_000)
        if asked == "format=parquet":
            assert not is_free(noisy)

        until(lambda: connection.getsockname()[1] in Hasty.lost)

        size = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
        assert len(everything(connection)) < size
    until(lambda: is_free(noisy))
    assert is_well(hasty)


@pytest.mark.parametrize("asked", ["format=parquet", "format=csv", "order=note.desc&limit=10000"])
def test_downloads_that_are_broken_off_free_their_slots_and_the_release(noisy, patient, asked):
    for _ in range(8):  # more than may run at once
        with connect(patient, size=4096) as connection:
            connection.sendall(request(f"{ROWS}?{asked}"))
            connection.recv(100)

    until(lambda: is_free(noisy))
    with urllib.request.urlopen(f"http://127.0.0.1:{patient}{ROWS}?format=csv&limit=5") as answer:
        assert answer.status == 200


@pytest.fixture
def two(noisy):
    """Two processes behind one address, the one that started them, and what it says."""
    process = start("serve", "--port", "0", "--workers", "2", home=noisy.home, root=noisy.root)
    try:
        yield process, address_of(process)
    finally:
        stop(process)


def children_of(process):
    with open(f"/proc/{process.pid}/task/{process.pid}/children") as children:
        return [int(child) for child in children.read().split() if is_worker(int(child))]


def is_worker(process):
    try:
        with open(f"/proc/{process}/cmdline", "rb") as line:
            return b"spawn_main" in line.read()
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_process_that_dies_is_replaced_while_the_other_serves(two):
    process, address = two
    until(lambda: len(children_of(process)) == 2)
    first, second = children_of(process)

    os.kill(first, signal.SIGKILL)

    until(lambda: len({*children_of(process)} - {first, second}) == 1)
    for _ in range(10):
        wait_for(f"{address}/healthz")
    assert second in children_of(process)


def test_no_process_outlives_the_one_that_was_started(two):
    process, address = two
    until(lambda: len(children_of(process)) == 2)
    workers = children_of(process)

    process.kill()

    until(lambda: not any(map(is_worker, workers)))
    with pytest.raises(urllib.error.URLError, match="refused"):
        urllib.request.urlopen(f"{address}/healthz", timeout=10)
