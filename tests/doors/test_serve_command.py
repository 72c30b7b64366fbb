"""`meshport serve` as a process: what it says, how it ends, and raw HTTP against it."""

from __future__ import annotations

import json
import signal
import socket
import urllib.request

import pytest

from tests.building import meshport
from tests.doors.server import address_of, serving, start, stop

pytestmark = pytest.mark.xdist_group("doors")


@pytest.fixture(scope="module")
def server(small_lab):
    with serving(small_lab.home, small_lab.root) as address:
        yield address


def raw(address, request):
    """What comes back for these bytes, until the server closes."""
    host, _, port = address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(request)
        parts = iter(lambda: connection.recv(65536), b"")
        return b"".join(parts)


def request(method, target, *headers):
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost", "Connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode()


def test_a_port_that_is_taken_is_said_with_a_way_out(small_lab):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        ended = meshport("serve", "--port", port, cwd=small_lab.root, MESHPORT_HOME=small_lab.home)

    assert ended.returncode == 2
    assert "MP620" in ended.stderr
    assert f"127.0.0.1:{port}" in ended.stderr
    assert f"meshport serve --port {port + 1}" in ended.stderr
    assert "meshport serves" not in ended.stderr
    assert ended.stdout == ""


@pytest.mark.parametrize(
    "arguments", [("--host", "203.0.113.7"), ("--host", "no such host"), ("--port", "70000")]
)
def test_an_address_that_cannot_be_had_is_said(small_lab, arguments):
    ended = meshport(
        *("serve", *arguments),
        cwd=small_lab.root,
        MESHPORT_HOME=small_lab.home,
        MESHPORT_OIDC_ISSUER="https://login.example.com",
        MESHPORT_OIDC_AUDIENCE="meshport",
    )

    assert ended.returncode == 2
    assert ended.stderr.startswith("MP620\ncannot listen on ")
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--host", "0.0.0.0"), "there is no consumer yet"),
        (("--host", "0.0.0.0", "--demo"), "could play anybody"),
    ],
)
def test_it_does_not_open_to_others_where_nobody_can_be_told_from_anybody(
    small_lab, arguments, why
):
    ended = meshport("serve", *arguments, cwd=small_lab.root, MESHPORT_HOME=small_lab.home)

    assert ended.returncode == 2
    assert ended.stderr.startswith("MP621\n")
    assert why in ended.stderr


@pytest.mark.parametrize("signal_", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_when_told_to(small_lab, signal_):
    process = start("serve", "--port", "0", home=small_lab.home, root=small_lab.root)
    address_of(process)

    ended, said = stop(process, signal_)

    assert ended == 0
    assert said.endswith("stopped\n")
    assert "Traceback" not in said


def test_it_serves_several_readers_over_real_http(server):
    with urllib.request.urlopen(f"{server}/ports/lab/gauges/v1/rows?limit=1000") as answer:
        assert len(json.load(answer)) == 100
        assert answer.headers["server"] is None


def test_head_sends_no_body_over_the_wire(server):
    answer = raw(server, request("HEAD", "/ports/lab/gauges/v1/rows?format=csv"))

    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert body == b""


def test_a_client_that_has_the_rows_gets_no_body(server):
    with urllib.request.urlopen(f"{server}/ports/lab/gauges/v1/rows") as first:
        etag = first.headers["etag"]

    answer = raw(server, request("GET", "/ports/lab/gauges/v1/rows", f"If-None-Match: {etag}"))

    assert answer.startswith(b"HTTP/1.1 304")
    assert answer.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    "sent",
    [
        request("GET", "/ports/lab/gauges/v1/rows?note=eq." + "a" * 200_000),
        request("GET", "/static/../../../../etc/passwd"),
        request("GET", "/static/%2e%2e/%2e%2e/app.py"),
        request("GET", "//etc/passwd"),
        request("GET", "/ports/lab/gauges/v1/rows?note=eq.\x00"),
        request("GET", "/ports/lab/gauges/v1/rows?note=eq.%ff%fe&limit=1"),
        request("GET", "/products/%ff%c0%af"),
        request("GET", "http://elsewhere.example/products"),
        request("GET", "/products", "Accept: " + "text/html," * 5000),
        request("GET", "/ports/lab/gauges/v1/rows?limit=1", "If-None-Match: " + '"a",' * 5000),
        request("BREW", "/products"),
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
        b"nonsense\r\n\r\n",
    ],
    ids=range(14),
)
def test_no_bytes_bring_the_server_down(server, sent):
    answer = raw(server, sent)

    assert answer == b"" or answer[9:10] in b"234"
    with urllib.request.urlopen(f"{server}/healthz") as health:
        assert health.status == 200
