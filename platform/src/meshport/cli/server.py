"""Runs the application in one process or in several behind one socket, and bounds its clients.

The only importer of uvicorn. What a client may send and how slowly it may send or take is bounded
here, before anything of ours sees a request.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.supervisors import Multiprocess

MOST_CONNECTIONS = 2_000
"""What one process keeps open."""


class BoundedProtocol(HttpToolsProtocol):
    """HTTP/1.1 with bounds on the size of a request's head and on slow clients."""

    most_headers = 100
    most_head = 256 * 1024
    """Bytes that address and headers may take together."""
    to_send = 30.0
    """Seconds for a whole request, from the connection or from its first byte."""
    to_take = 60.0
    """Seconds in which a client has to take something of what waits for it."""
    _size = 0
    _is_too_large = False
    _is_answered = False
    _sending: asyncio.TimerHandle | None = None
    _taking: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has come; it has to say what it wants."""
        super().connection_made(transport)
        self._sending = self.loop.call_later(self.to_send, transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """A client is gone."""
        for timer in (self._sending, self._taking):
            if timer:
                timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes of a request; after a refusal they are read and thrown away."""
        if not self._is_answered:
            super().data_received(data)

    def on_message_begin(self) -> None:
        """A request begins."""
        self._size = 0
        if self._sending is None:
            self._sending = self.loop.call_later(self.to_send, self.transport.abort)
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """A request was sent whole."""
        if self._sending:
            self._sending.cancel()
            self._sending = None
        super().on_message_complete()

    def on_url(self, url: bytes) -> None:
        """A piece of the address."""
        self._size += len(url)
        if self._size <= self.most_head:
            super().on_url(url)
        else:
            self._refuse()

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header."""
        self._size += len(name) + len(value)
        if self._size <= self.most_head and len(self.headers) < self.most_headers:
            super().on_header(name, value)
        else:
            self._refuse()

    def shutdown(self) -> None:
        """The server ends: streams, which would never be done, are told."""
        stopping = self.app_state.get("stopping")
        if stopping:
            stopping.set()
        super().shutdown()

    def pause_writing(self) -> None:
        """What waits to be taken is enough."""
        self._taking = self.loop.call_later(self.to_take, self.transport.abort)
        super().pause_writing()

    def resume_writing(self) -> None:
        """The client has taken some of it."""
        if self._taking:
            self._taking.cancel()
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """What cannot be parsed is answered and the connection closed; RFC 6585, section 5."""
        if not self._is_too_large:
            super().send_400_response(msg)
            return
        self.transport.write(
            b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
            b"connection: close\r\ncontent-length: 0\r\n\r\n"
        )
        # Closed with bytes unread, TCP resets the connection and the answer is lost; the client
        # has until its time to send is over to hang up.
        self._is_answered = True
        self.transport.write_eof()

    def _refuse(self) -> None:
        self._is_too_large = True
        raise ValueError("the head of the request is too large")


def run(make_app: Callable[[], Any], listener: socket.socket, workers: int) -> None:
    """Serve until told to stop by SIGINT or SIGTERM."""
    settings: dict[str, Any] = {
        "factory": True,
        "http": BoundedProtocol,
        "log_level": "warning",
        "access_log": False,
        "server_header": False,
        "limit_concurrency": MOST_CONNECTIONS,
        "timeout_graceful_shutdown": 10,
    }
    make_app = partial(_settled, make_app)
    if workers > 1:
        app = partial(_worker, make_app, os.getpid())
        Multiprocess(uvicorn.Config(app, workers=workers, **settings), [listener]).run()
        return
    # A service manager's way to say Ctrl-C; uvicorn passes on what it was told to end by.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        uvicorn.Server(uvicorn.Config(make_app, **settings)).run(sockets=[listener])
    except KeyboardInterrupt:
        return


def _settled(make_app: Callable[[], Any]) -> Any:
    """The app; what is there when it is made stays, and no search for cycles looks at it again."""
    app = make_app()
    gc.collect()
    gc.freeze()
    return app


def _worker(make_app: Callable[[], Any], parent: int) -> Any:
    """The app of one of several processes, which ends with its parent however that ends."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()
    return make_app()
