"""Keys to the objects of one table, for one reader: short-lived, scoped, and kept nowhere.

A session token says what it opens and for whom, and is signed; the secret key follows from it. So a
server that restarts knows the keys that it handed out, and there is no list of them to steal.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from meshport.publishing.durable import secret_at
from meshport.serving.delta.links import Link, LinkCodec
from meshport.serving.iceberg.signature import unsigned

LIFETIME = timedelta(hours=1)
"""Of which every object asks again whether the reader may: this is for keys that were lost."""
REGION = "us-east-1"
"""Clients want to be told one."""


@dataclass(frozen=True)
class Key:
    """A key as S3 has them."""

    id: str
    secret: str
    token: str
    expires_at: int
    """In seconds since 1970."""


class KeyRing:
    """Makes keys, and knows them again, with a secret that only this mesh's home has."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._links = LinkCodec(self._derived("token"))

    @classmethod
    def at_home(cls, home: Path) -> KeyRing:
        """The ring of a meshport home; makes its secret, readable by its owner only."""
        return cls(secret_at(home / "object.key"))

    def key(self, link: Link) -> Key:
        """The key that opens what the link leads to: all objects of a table."""
        token = self._links.write(link)
        secret = self._derived(f"secret {token}").hex()
        return Key(_id(token), secret, token, link.expires_at)

    def opened(self, token: str, key_id: str, now: datetime) -> tuple[Key, Link]:
        """The key behind a session token, and what it opens; raises AccessError MP707."""
        link = self._links.read(token, now)
        key = self.key(link)
        # A token that is read is one that we wrote, but base64 has several ways to write it.
        if not hmac.compare_digest(f"{key.id} {key.token}", f"{key_id} {token}"):
            raise unsigned("the access key does not belong to the session token")
        return key, link

    def _derived(self, what: str) -> bytes:
        return hmac.new(self._secret, what.encode(), hashlib.sha256).digest()


def _id(token: str) -> str:
    return "MESH" + hashlib.sha256(token.encode()).hexdigest()[:16].upper()
