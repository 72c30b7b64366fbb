"""How far somebody has read a port's changes, as a signed text that only they can use."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from meshport.access.authorize import Grant
from meshport.errors import ServingError
from meshport.names import PortId
from meshport.serving.cursor import CursorCodec


@dataclass(frozen=True)
class Position:
    """All of a version is read, or of the difference `digest` that leads to it the first `rows`."""

    version: int
    digest: str | None = None
    rows: int = 0
    base: int = 0
    """The version that this difference begins with; 0 is nothing."""


class Positions:
    """Writes and reads the positions of one reader in one port."""

    def __init__(self, cursors: CursorCodec, grant: Grant) -> None:
        self._cursors = cursors
        self._grant = grant

    def write(self, one: Position) -> str:
        """The position as text for addresses and event ids."""
        parts = (str(one.version), self._sight, one.digest, str(one.base))
        return self._cursors.write(str(self._grant.port), "", self._reader, parts, one.rows)

    def read(self, text: str) -> Position:
        """The position in a text.

        Raises ServingError MP603 where it is somebody else's or another port's, MP651 where what
        its reader sees of the port is not what it was.
        """
        cursor = self._cursors.read(text)
        cursor.require(str(self._grant.port), "", self._reader)
        version, sight, digest, base = cursor.last_key
        if sight != self._sight:
            raise begin_anew("MP651", "you see other rows or columns by now", self._grant.port)
        return Position(int(version or 0), digest, cursor.seen, int(base or 0))

    @property
    def _reader(self) -> str:
        return f"changes for {self._grant.principal.name}"

    @property
    def _sight(self) -> str:
        return hashlib.sha256(repr(self._grant.key).encode()).hexdigest()[:16]


def begin_anew(code: str, fact: str, port: PortId) -> ServingError:
    """The error after which one has to read a port from the beginning."""
    return ServingError(code, fact, hint=f"begin anew with all rows: {port.path}/changes")
