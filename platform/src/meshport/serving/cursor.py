"""Opaque page cursors: signed, tied to one question and pinned to one release."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from meshport.errors import Place, ServingError


@dataclass(frozen=True)
class Cursor:
    """Where a page ended, and of which question in which port."""

    port: str
    release: str
    question: str
    last_key: tuple[str | None, ...]

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
        file = home / "cursor.key"
        if not file.is_file():
            home.mkdir(parents=True, exist_ok=True)
            try:
                handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(handle, "wb") as stream:
                    stream.write(secrets.token_bytes(32))
            except FileExistsError:
                pass  # another process was first; its key is as good
        return cls(file.read_bytes())

    def write(
        self, port: str, release: str, question: str, last_key: tuple[str | None, ...]
    ) -> str:
        """The cursor as text for a URL."""
        parts = [port, release, _digest(question), list(last_key)]
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
        port, release, question, last_key = json.loads(body)
        return Cursor(port, release, question, tuple(last_key))

    def _sign(self, body: bytes) -> bytes:
        return hmac.new(self._key, body, hashlib.sha256).digest()[:16]


def _digest(question: str) -> str:
    return hashlib.sha256(question.encode()).hexdigest()[:16]


def _invalid(fact: str) -> ServingError:
    hint = "follow the link in the answer's `Link` header, or start without a cursor"
    return ServingError("MP603", f"the cursor cannot be used: {fact}", Place("?cursor"), hint)
