"""One attempt to send one event: signed, bounded in time, never led elsewhere.

Signatures are those of Standard Webhooks 1.0. The only importer of standardwebhooks.
"""

from __future__ import annotations

import http.client
import json
import secrets
import socket
import ssl
import threading
from base64 import b64encode
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from standardwebhooks import Webhook

from meshport.errors import ServingError
from meshport.serving.events.event import MEDIA_TYPE
from meshport.serving.webhooks.endpoint import Endpoint, Resolve, addresses, endpoint, resolved

SECONDS = 15.0
"""How long an attempt may take, from the first packet to the last header."""
_TRIED = 3
"""So many addresses of one name are tried."""
MAX_WAIT = 24 * 3600.0
"""The longest that an endpoint can ask us to wait."""


@dataclass(frozen=True)
class Message:
    """What is sent, to whom; `id` is the same for every attempt."""

    url: str
    secrets: Sequence[str]
    """It is signed with each of them."""
    id: str
    body: dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What came of it: the endpoint's status, or why there is none."""

    status: int | None = None
    error: str | None = None
    wait: float | None = None
    """Seconds that the endpoint asks us to wait."""

    @property
    def is_delivered(self) -> bool:
        """Whether the endpoint took it: 2xx and nothing else."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        """Whether the endpoint wants nothing any more."""
        return self.status == http.client.GONE

    @property
    def words(self) -> str | None:
        """What went wrong; of what the endpoint said only the status, for it may be anybody's."""
        if self.status is None or self.is_delivered:
            return self.error
        if 300 <= self.status < 400:
            return f"it answered {self.status}; redirects are not followed"
        return f"it answered {self.status}"


def new_secret() -> str:
    """A secret to sign with, as Standard Webhooks writes them."""
    return f"whsec_{b64encode(secrets.token_bytes(32)).decode()}"


@dataclass
class Sender:
    """Sends from this machine; `allowed` are hosts that may be in a private network."""

    allowed: Collection[str] = ()
    seconds: float = SECONDS
    resolve: Resolve = resolved
    _open: set[_Pinned] = field(default_factory=set)
    _is_closed: bool = False

    def send(self, message: Message, now: datetime) -> Outcome:
        """Try once."""
        try:
            to = endpoint(message.url, self.allowed)
            found = addresses(to, self.resolve)
        except ServingError as error:
            return Outcome(error=error.fact)
        except OSError:
            return Outcome(error="its host is not known")
        body = json.dumps(message.body, ensure_ascii=False, separators=(",", ":"))
        headers = _signed(message, body, now)
        try:
            answer = self._exchange(to, found, body.encode(), headers)
        except TimeoutError:
            return Outcome(error=f"it did not answer within {self.seconds:g} s")
        except ssl.SSLError:
            return Outcome(error="its certificate or its TLS cannot be relied on")
        except (OSError, http.client.HTTPException, ValueError) as error:
            return Outcome(error=f"the connection failed: {type(error).__name__}")
        return Outcome(answer.status, wait=_wait(answer.headers.get("Retry-After"), now))

    def close(self) -> None:
        """End every attempt that is under way."""
        self._is_closed = True
        for one in list(self._open):
            one.hang_up()

    def _exchange(
        self, to: Endpoint, found: list[str], message: bytes, headers: dict[str, str]
    ) -> http.client.HTTPResponse:
        con = _Pinned(to, _connected(found, to.port, self.seconds), self.seconds)
        is_late = threading.Event()

        def end() -> None:
            is_late.set()
            con.hang_up()

        # A socket's timeout is for each packet: who sends byte by byte would hold us for ever.
        limit = threading.Timer(self.seconds, end)
        limit.daemon = True
        limit.start()
        self._open.add(con)
        try:
            if self._is_closed:
                raise TimeoutError
            con.request("POST", to.target, message, headers)
            answer = con.getresponse()
        except (OSError, http.client.HTTPException, ValueError):
            if is_late.is_set():
                raise TimeoutError from None
            raise
        finally:
            limit.cancel()
            self._open.discard(con)
            con.close()
        if is_late.is_set():  # what we cut off looks like an end
            raise TimeoutError
        return answer


class _Pinned(http.client.HTTPConnection):
    """A connection over a socket that leads to the address that was judged."""

    def __init__(self, to: Endpoint, raw: socket.socket, seconds: float) -> None:
        super().__init__(to.host, to.port, timeout=seconds)
        self._to = to
        self.sock = raw
        if to.is_tls:
            self.default_port = http.client.HTTPS_PORT

    def request(self, *arguments: Any, **options: Any) -> None:
        """Speak TLS where the address says so, with the name and not the address; then ask."""
        if self._to.is_tls:
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(
                self.sock, server_hostname=self._to.host, do_handshake_on_connect=False
            )
            self.sock.do_handshake()
        super().request(*arguments, **options)

    def connect(self) -> None:
        """Never again: another connection would have to be judged anew."""
        raise http.client.CannotSendRequest

    def hang_up(self) -> None:
        """End the connection, whoever waits for it."""
        with suppress(OSError, AttributeError):
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)


def _connected(found: list[str], port: int, seconds: float) -> socket.socket:
    """A connection to the first of these addresses that takes it; raises OSError."""
    tried = found[:_TRIED]
    for address in tried[:-1]:
        with suppress(OSError):
            return socket.create_connection((address, port), timeout=seconds / len(tried))
    return socket.create_connection((tried[-1], port), timeout=seconds / len(tried))


def _signed(message: Message, body: str, now: datetime) -> dict[str, str]:
    # The library takes whatever moment for one in UTC.
    at = now.astimezone(UTC)
    signatures = (Webhook(secret).sign(message.id, at, body) for secret in message.secrets)
    return {
        "Content-Type": f"{MEDIA_TYPE}; charset=utf-8",
        "User-Agent": "meshport",
        "Connection": "close",
        "webhook-id": message.id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _wait(said: str | None, now: datetime) -> float | None:
    """The seconds in `Retry-After` (RFC 9110, section 10.2.3), bounded; None where it says none."""
    if said is None:
        return None
    if said.strip().isdigit():
        return min(float(said.strip()[:9]), MAX_WAIT)
    try:
        until = parsedate_to_datetime(said)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max((until - now).total_seconds(), 0.0), MAX_WAIT)
