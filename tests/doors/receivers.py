"""Endpoints that webhooks call, well-behaved or not, and who calls them."""

from __future__ import annotations

import json
import random
import sqlite3
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import monotonic
from typing import Any

from fastapi.testclient import TestClient

from meshport.publishing.store import ReleaseStore
from meshport.serving.app import create_app
from meshport.serving.webhooks.deliverer import Deliverer
from meshport.serving.webhooks.desk import WebhookDesk
from meshport.serving.webhooks.sending import Sender
from meshport.settings import Settings
from tests.building import LOOPBACK, settings_at
from tests.doors.lab import GAUGE_ROWS, GAUGES
from tests.doors.readers import SITES, Readers

HOST = "127.0.0.1"
ROWS = SITES.format(rows=GAUGE_ROWS)
PATIENCE = 30


@dataclass(frozen=True)
class Call:
    """One request to an endpoint."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        """The CloudEvent in it."""
        found: dict[str, Any] = json.loads(self.body)
        return found


@dataclass
class Receiver:
    """An endpoint that answers as `answers` say, one after the other, then with 204."""

    answers: list[Any] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    came: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    """One for each call."""
    go_on: threading.Event = field(default_factory=threading.Event)
    """Lets those go on that are held."""
    url: str = ""

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Take a call and answer it."""
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        self.calls.append(Call(handler.path, dict(handler.headers), body))
        wanted = self.answers.pop(0) if self.answers else 204
        self.came.release()
        if callable(wanted):
            wanted(handler, self)
            return
        status, headers = wanted if isinstance(wanted, tuple) else (wanted, {})
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()


def hang(_handler: BaseHTTPRequestHandler, receiver: Receiver) -> None:
    """Say nothing until the test lets go."""
    receiver.go_on.wait(PATIENCE)


def drip(handler: BaseHTTPRequestHandler, receiver: Receiver) -> None:
    """Send a head that never ends, byte by byte, each in time."""
    handler.wfile.write(b"HTTP/1.1 204 No Content\r\nX-Slow: ")
    try:
        while not receiver.go_on.wait(0.02):
            handler.wfile.write(b".")
            handler.wfile.flush()
    except OSError:
        return


def pour(handler: BaseHTTPRequestHandler, _receiver: Receiver) -> None:
    """Answer with ten megabytes."""
    handler.send_response(200)
    handler.end_headers()
    try:
        for _ in range(160):
            handler.wfile.write(b"x" * 65_536)
    except OSError:
        return


def babble(handler: BaseHTTPRequestHandler, _receiver: Receiver) -> None:
    """Answer with something that is no HTTP."""
    handler.wfile.write(b"220 smtp.example.com ESMTP\r\n")


@contextmanager
def receiving(*answers: Any, tls: tuple[Path, Path] | None = None) -> Iterator[Receiver]:
    """An endpoint on this machine until the block ends; `tls` is its certificate and key."""
    receiver = Receiver(list(answers))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            receiver.answer(self)

        def log_message(self, *_arguments: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_arguments: Any) -> None:
            pass

    server = Server((HOST, 0), Handler)
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    receiver.url = f"http://{HOST}:{server.server_port}/hook?tenant=7"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield receiver
    finally:
        receiver.go_on.set()
        server.shutdown()
        thread.join(PATIENCE)
        server.server_close()


class Hooks:
    """The readers' laboratory with a server that takes webhooks, and one who delivers."""

    def __init__(self, readers: Readers, *hosts: str) -> None:
        self.readers = readers
        self.hosts = hosts or (HOST,)
        self.app = create_app(self.settings, lambda: readers.now)
        self.client = readers.opened.enter_context(TestClient(self.app, base_url=LOOPBACK))
        self.deliverer = self.new_deliverer()
        self.since = self.desk.look()

    def begin(self) -> Hooks:
        """As if nothing had happened before."""
        for one in self.desk.subscriptions.all():
            self.desk.remove(one)
        self.since = self.desk.look()
        return self

    @property
    def settings(self) -> Settings:
        """Those of a server whose operator allows these hosts."""
        lab = self.readers.lab
        return replace(settings_at(lab.home, lab.root), webhook_hosts=self.hosts)

    @property
    def desk(self) -> WebhookDesk:
        """The server's."""
        found: WebhookDesk = self.app.state.webhooks
        return found

    def new_deliverer(self) -> Deliverer:
        """One as another process would have it."""
        return Deliverer(self.desk, Sender(self.hosts, seconds=10.0), random.Random(7))

    def sent(self, by: str | None) -> Any:
        """Sends a request as somebody: `sent("service")("GET", "/webhooks")`."""

        def send(method: str, path: str, **more: Any) -> Any:
            headers = self.readers.sent_by(by) | more.pop("headers", {})
            return self.client.request(method, path, headers=headers, **more)

        return send

    def add(self, url: str, by: str = "service", **more: Any) -> dict[str, Any]:
        """A webhook on the gauges."""
        answer = self.sent(by)("POST", "/webhooks", json={"port": str(GAUGES), "url": url, **more})
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def publish(self, count: int) -> None:
        """Another release, an hour later."""
        self.later(hours=1)
        assert self.readers.lab.publish(count, self.readers.now, ROWS)

    @property
    def version(self) -> int:
        """The number of the last release's version."""
        return ReleaseStore(self.readers.lab.home).of("lab").pointer().number

    def later(self, **time: float) -> None:
        """Let time go by."""
        self.readers.now += timedelta(**time)

    def deliver(self, deliverer: Deliverer | None = None) -> None:
        """Send what is due, and write down what came of it."""
        one = deliverer or self.deliverer
        one.tick()
        ends = monotonic() + PATIENCE
        while one.under_way:
            assert monotonic() < ends
            one.wait(0.05)
            one.tick()

    @contextmanager
    def full_disk(self) -> Iterator[None]:
        """Nothing can be written down about deliveries."""
        with closing(sqlite3.connect(self.readers.lab.home / "events.sqlite")) as con:
            con.execute(
                "create trigger no_room before update on delivery "
                "begin select raise(abort, 'database or disk is full'); end"
            )
            con.commit()
            try:
                yield
            finally:
                con.execute("drop trigger no_room")
                con.commit()

    def deliveries(self, webhook: dict[str, Any], by: str = "service") -> list[dict[str, Any]]:
        """What it was sent, the oldest first."""
        found = self.sent(by)("GET", f"/webhooks/{webhook['webhook']}/deliveries").json()
        return list(reversed(found["deliveries"]))


def wait_until(is_so: Callable[[], Any]) -> None:
    """Return when it is so."""
    ends = monotonic() + PATIENCE
    while not is_so():
        assert monotonic() < ends
        threading.Event().wait(0.01)
