"""The signing keys of an issuer (RFC 7517), from a file or an address, kept for a while.

A token that names an unknown key makes us look again, but not more often than once in
`LOOK_AGAIN`: who sends tokens at random makes nobody's server busy.
"""

from __future__ import annotations

import json
import threading
import urllib.request
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.client import HTTPException
from pathlib import Path
from time import monotonic
from typing import Any

from meshport.errors import AccessError
from meshport.settings import OidcSettings, is_safe_address

KEEP = timedelta(minutes=10)
"""So long keys count without looking again; a key that the issuer took back counts no longer."""
TRUST = timedelta(hours=12)
"""So long they count while the issuer does not answer."""
LOOK_AGAIN = timedelta(seconds=30)
_SECONDS = 5.0
_MAX_BYTES = 1_000_000
_HANDLERS = (
    urllib.request.ProxyHandler,
    urllib.request.HTTPHandler,
    urllib.request.HTTPSHandler,
    urllib.request.HTTPErrorProcessor,
    urllib.request.HTTPDefaultErrorHandler,
)
_DISCOVERY = "/.well-known/openid-configuration"

Jwk = dict[str, Any]


@dataclass(frozen=True)
class _Reading:
    """What was read, when; `tried_at` is later where looking again failed."""

    keys: tuple[Jwk, ...] = ()
    read_at: datetime | None = None
    tried_at: datetime | None = None
    failure: str | None = None

    def is_read_within(self, age: timedelta, now: datetime) -> bool:
        return self.read_at is not None and now - self.read_at < age

    def may_look(self, now: datetime) -> bool:
        return self.tried_at is None or now - self.tried_at >= LOOK_AGAIN

    def named(self, kid: str | None) -> list[Jwk]:
        """The keys of that name; without a name all of them."""
        return [key for key in self.keys if kid is None or key.get("kid") == kid]


class IssuerKeys:
    """An issuer's keys; safe to share between threads."""

    def __init__(self, settings: OidcSettings) -> None:
        self.settings = settings
        self._reading = _Reading()
        self._lock = threading.Lock()

    def named(self, kid: str | None, now: datetime) -> list[Jwk]:
        """The keys of that name, none where the issuer has no such key.

        Raises AccessError MP741 where the issuer would have to be asked and does not answer.
        """
        reading = self._reading
        found = reading.named(kid)
        if found and reading.is_read_within(KEEP, now):
            return found
        # Who has a key that will do does not wait for somebody who is looking already.
        if self._lock.acquire(blocking=not (found and reading.is_read_within(TRUST, now))):
            try:
                if self._reading.may_look(now):
                    self._look(now)
            finally:
                self._lock.release()
        reading = self._reading
        found = reading.named(kid)
        if reading.failure and not (found and reading.is_read_within(TRUST, now)):
            fact = f"the issuer's keys cannot be read: {reading.failure}"
            raise AccessError("MP741", fact, hint="try again in a minute")
        return found

    def _look(self, now: datetime) -> None:
        before = self._reading
        try:
            keys = tuple(_keys_in(self._document()))
        except (OSError, ValueError, RecursionError, HTTPException) as error:
            failure = str(error) or type(error).__name__
            self._reading = _Reading(before.keys, before.read_at, now, failure[:200])
        else:
            self._reading = _Reading(keys, now, now)

    def _document(self) -> Any:
        address = self.settings.jwks
        if address and "://" not in address:
            return json.loads(Path(address).read_bytes())
        return _fetch(address or self._discovered())

    def _discovered(self) -> str:
        """Where the issuer says its keys are (OpenID Connect Discovery 1.0, section 4)."""
        issuer = self.settings.issuer
        document = _fetch(issuer.rstrip("/") + _DISCOVERY)
        if not isinstance(document, dict) or document.get("issuer") != issuer:
            raise ValueError(f"what is at {issuer} says that it is another issuer")
        address = document.get("jwks_uri")
        if not isinstance(address, str) or not is_safe_address(address):
            raise ValueError(f"{issuer} names no https address for its keys")
        return address


def _keys_in(document: Any) -> list[Jwk]:
    keys = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(keys, list):
        raise ValueError("what was read is no set of keys")  # noqa: TRY004  as all others here
    return [key for key in keys if isinstance(key, dict)]


def _fetch(address: str) -> Any:
    """The JSON at an address; raises OSError, ValueError, HTTPException, within seconds."""
    deadline = monotonic() + _SECONDS
    # All but the handler of redirects: an address that was checked leads nowhere else.
    opener = urllib.request.OpenerDirector()
    for handler in _HANDLERS:
        opener.add_handler(handler())
    with opener.open(address, timeout=_SECONDS) as answer:
        parts: list[bytes] = []
        while part := answer.read1(65_536):
            parts.append(part)
            if monotonic() > deadline or sum(map(len, parts)) > _MAX_BYTES:
                raise ValueError(f"{address} answers too slowly or too much")
    return json.loads(b"".join(parts))
