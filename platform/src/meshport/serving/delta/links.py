"""Links to files: short-lived, signed, and good only while what they rest on lasts."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from meshport.access.principal import Kind, Principal
from meshport.errors import AccessError
from meshport.publishing.durable import secret_at

LIFETIME = timedelta(minutes=15)


@dataclass(frozen=True)
class Link:
    """Which file, for whom, at which class, for which purpose, until when (seconds since 1970)."""

    port: str
    release: str
    content: str
    """The file's SHA-256; for a difference its digest."""
    before: str | None
    """For a difference: the release it starts from, empty where it starts from nothing."""
    access_class: str
    principal: Principal
    purpose: str | None
    expires_at: int


class LinkCodec:
    """Writes and reads links with a key that only this mesh's home has."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    @classmethod
    def at_home(cls, home: Path) -> LinkCodec:
        """The codec of a meshport home; makes its key, readable by its owner only, at first use."""
        return cls(secret_at(home / "link.key"))

    def write(self, link: Link) -> str:
        """The link as a part of a path."""
        body = json.dumps({**vars(link), "principal": vars(link.principal)}).encode()
        return base64.urlsafe_b64encode(self._sign(body) + body).decode().rstrip("=")

    def read(self, text: str, now: datetime) -> Link:
        """The link; raises AccessError MP707 where it is not one of ours, or has expired."""
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars="-_", validate=True)
        except ValueError as error:
            raise invalid_link("it is not one that this server wrote") from error
        signature, body = raw[:32], raw[32:]
        if not hmac.compare_digest(signature, self._sign(body)):
            raise invalid_link("it is not one that this server wrote")
        parts = json.loads(body)
        who = parts["principal"]
        link = Link(**{**parts, "principal": Principal(**{**who, "kind": Kind(who["kind"])})})
        if now.timestamp() >= link.expires_at:
            raise invalid_link("it has expired")
        return link

    def _sign(self, body: bytes) -> bytes:
        return hmac.new(self._key, body, hashlib.sha256).digest()


def invalid_link(fact: str) -> AccessError:
    """MP707, with what is wrong."""
    return AccessError("MP707", f"the link cannot be used: {fact}", hint="ask for the table again")
