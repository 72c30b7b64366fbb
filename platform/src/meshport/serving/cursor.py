"""Opaque page cursors: signed, tied to one question and pinned to one release."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from pathlib import Path

from meshport.errors import Place, ServingError
from meshport.publishing.durable import secret_at


@dataclass(frozen=True)
class Cursor:
    """Where a page ended, and of which question in which port."""

    port: str
    release: str
    question: str
    last_key: tuple[str | None, ...]
    seen: int = 0
    """How many rows came before."""

    def require(self, port: str, release: str | None, question: str | None) -> None:
        """Raise ServingError MP603 where the cursor is another port's, release's or question's.

        None leaves a part open.
        """
        if self.port != port:
            raise _invalid(f"it belongs to {self.port}")
        if release is not None and self.release != release:
            raise _invalid(f"it belongs to the release {self.release}")
        if question is not None and self.question != _digest(question):
            raise _invalid("it belongs to another question (other filters, columns or order)")


class CursorCodec:
    """Writes and reads cursors with a key that only this mesh's home has."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    @classmethod
    def at_home(cls, home: Path) -> CursorCodec:
        """The codec of a meshport home; makes its key, readable by its owner only, at first use."""
        return cls(secret_at(home / "cursor.key"))

    def write(
        self,
        port: str,
        release: str,
        question: str,
        last_key: tuple[str | None, ...],
        seen: int = 0,
    ) -> str:
        """The cursor as text for a URL."""
        parts = (port, release, _digest(question), last_key, seen)
        body = json.dumps(parts, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self._sign(body) + body).decode().rstrip("=")

    def read(self, text: str) -> Cursor:
        """The cursor written in the text; raises ServingError MP603 where it is not one of ours."""
        try:
            raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except ValueError as error:
            raise _invalid("it is not one that this server wrote") from error
        signature, body = raw[:16], raw[16:]
        if not hmac.compare_digest(signature, self._sign(body)):
            raise _invalid("it is not one that this server wrote")
        try:
            port, release, question, last_key, seen = json.loads(body)
        except ValueError as error:
            raise _invalid("another version of this server wrote it") from error
        return Cursor(port, release, question, tuple(last_key), seen)

    def _sign(self, body: bytes) -> bytes:
        return hmac.new(self._key, body, hashlib.sha256).digest()[:16]


def _digest(question: str) -> str:
    return hashlib.sha256(question.encode()).hexdigest()[:16]


def _invalid(fact: str) -> ServingError:
    hint = "follow the link in the answer's `Link` header, or start without a cursor"
    return ServingError("MP603", f"the cursor cannot be used: {fact}", Place("?cursor"), hint)
