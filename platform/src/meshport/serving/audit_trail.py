"""What is decided for a request, noted until its answer leaves.

The trail of a request is found by whatever runs for it, so that no door has to hand it on: each
decision of `identity.Asker` is noted, and a door tells with `tell` what it knows besides. What is
decided after the answer has begun, or outside of any request, is written down at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from meshport.access.audit import ALLOWED, UNCHANGED, Audit, Entry, query_hash
from meshport.access.authorize import Grant
from meshport.access.principal import NOBODY, Principal
from meshport.errors import MeshportError, each_of
from meshport.names import PortId

_REFUSALS = (
    "MP701", "MP702", "MP703", "MP704", "MP705", "MP706", "MP707", "MP731", "MP740", "MP742",
)  # fmt: skip
"""Codes that are written down even where nothing was decided about a port."""
_ASIDE = ("explain", "metadata", "version")
"""What is asked about data without reading it: the door's name says so."""


@dataclass(frozen=True)
class Reading:
    """What a door knows of a read besides the decision; what it does not know is None."""

    release: str | None = None
    columns: Sequence[str] | None = None
    """Those that were asked for, in the rows or to find them."""
    rows: int | None = None
    query: str | None = None
    """What was asked; only a hash of it is kept."""


@dataclass
class _Note:
    """One decision about a port; `code` is there where it may not be read."""

    port: str
    principal: Principal
    grant: Grant | None = None
    code: str | None = None
    reading: Reading = field(default_factory=Reading)

    def is_like(self, other: _Note) -> bool:
        """Whether both were decided in the same way."""
        rules = [one.grant.rule if one.grant else one.code for one in (self, other)]
        return self.port == other.port and rules[0] == rules[1]

    def is_followed_by(self, other: _Note) -> bool:
        """Whether the other one says the same and more: of the port first, then of a release.

        What was not to be read may be read openly, and what was may show nothing of a release.
        """
        if self.port != other.port or self.reading.release is not None:
            return False
        if self.code:
            return self.is_like(other) or other.code is None
        return self.is_like(other) or (bool(other.code) and other.reading.release is not None)

    def known(self) -> dict[str, Any]:
        grant, reading = self.grant, self.reading
        known: dict[str, Any] = {"release": reading.release}
        if grant is not None:
            known |= {"rule": grant.rule, "access_class": grant.reader.name, "scope": grant.scope}
            # Without an agreement it is what somebody wrote into a header.
            known["purpose"] = grant.purpose[:80] if grant.purpose else None
        if reading.query is not None:
            known["query_hash"] = query_hash(reading.query)
        return known


class Trail:
    """The decisions of one request or of one piece of work."""

    def __init__(self, audit: Audit, door: str, now: Callable[[], datetime]) -> None:
        self.audit = audit
        self.door = door
        self.now = now
        self.principal = NOBODY
        self._code: str | None = None
        self._is_closed = False
        self._notes: list[_Note] = []

    def asked_by(self, principal: Principal) -> None:
        """Who asks, as far as it is known."""
        self.principal = principal

    def answered_with(self, error: MeshportError) -> None:
        """The error that the answer tells."""
        self._code = each_of(error)[0].code

    def decided(self, asker: Principal, grant: Grant, reading: Reading) -> None:
        """A port may be read, or a release of it; raises AccessError MP790 if it is too late to
        wait and cannot be written."""
        self._put(_Note(str(grant.port), asker, grant, reading=reading))

    def refused(self, asker: Principal, port: PortId, about: Reading, code: str) -> None:
        """A port may not be read; raises as `decided`."""
        self._put(_Note(str(port), asker, code=code, reading=about))

    def tell(self, port: PortId, reading: Reading) -> None:
        """What is known of the read of a port that was decided about."""
        told = {key: value for key, value in vars(reading).items() if value is not None}
        for note in self._notes:
            is_of_it = note.reading.release in (None, reading.release)
            if note.port == str(port) and note.code is None and is_of_it:
                note.reading = replace(note.reading, **told)

    def closed(self, status: int, size: int | None = None) -> list[Entry]:
        """The entries of all that was noted, as the answer turned out; from now on nothing waits.

        None where that was before; `size` is the number of bytes that leave.
        """
        if self._is_closed:
            return []
        self._is_closed = True
        # An agent is told of an error in an answer that is well for HTTP.
        failed = self._code or (f"HTTP {status}" if status >= 400 else None)
        if not self._notes and failed in _REFUSALS:
            return [self.audit.entry(self.principal, self.now(), door=self.door, verdict=failed)]
        verdict = failed or (UNCHANGED if status == 304 else ALLOWED)
        return [self._entry(note, note.code or verdict, size) for note in self._notes]

    def _put(self, note: _Note) -> None:
        if self._is_closed:
            self.audit.record(self._entry(note, note.code or ALLOWED, None))
            return
        release = note.reading.release
        for known in self._notes:
            if known.is_like(note) and release in (None, known.reading.release):
                # What a door told of it is nearer to what is read than all that is seen.
                columns = known.reading.columns or note.reading.columns
                known.reading = replace(known.reading, columns=columns)
                return
        self._notes = [known for known in self._notes if not known.is_followed_by(note)]
        self._notes.append(note)

    def _entry(self, note: _Note, verdict: str, size: int | None) -> Entry:
        reading, known = note.reading, note.known()
        if verdict in (ALLOWED, UNCHANGED):
            known["columns"] = reading.columns
        if verdict == ALLOWED:
            known |= {"rows": reading.rows, "bytes": size}
        about = {"door": self.door, "verdict": verdict, "port": note.port, **known}
        return self.audit.entry(note.principal, self.now(), **about)


_CURRENT: ContextVar[Trail | None] = ContextVar("trail", default=None)


def trail_of(audit: Audit, now: Callable[[], datetime]) -> Trail:
    """The trail of what runs now; outside of everything one that writes at once."""
    found = _CURRENT.get()
    if found is None:
        found = Trail(audit, "background", now)
        found.closed(200)
    return found


def tell(port: PortId, reading: Reading) -> None:
    """What a door knows of a read that it was allowed; nothing happens outside of a request."""
    found = _CURRENT.get()
    if found is not None:
        found.tell(port, reading)


def answered_with(error: MeshportError) -> None:
    """The error that a request is answered with."""
    found = _CURRENT.get()
    if found is not None:
        found.answered_with(error)


@contextmanager
def following(trail: Trail) -> Iterator[Trail]:
    """Note in this trail what is decided in the block."""
    token = _CURRENT.set(trail)
    try:
        yield trail
    finally:
        _CURRENT.reset(token)


@contextmanager
def apart(trail: Trail) -> Iterator[None]:
    """The same for work that no request waits for: it is written down where the block ends.

    Raises AccessError MP790 where it cannot be written; what was read is then not to be used.
    """
    with following(trail):
        try:
            yield
        except MeshportError as error:
            trail.answered_with(error)
            trail.audit.record(*trail.closed(500))
            raise
    trail.audit.record(*trail.closed(200))


def door_of(path: str) -> str:
    """What the audit calls the door at an address: `rows`, `sql`, `delta-sharing/metadata`."""
    first, *rest = path.strip("/").split("/")
    door, below = first.partition(".")[0] or "home", rest
    if first == "ports":
        door, below = (rest[3], rest[4:]) if len(rest) > 3 else ("port", [])
    aside = below[-1] if below and below[-1] in _ASIDE else ""
    return f"{door[:40]}/{aside}" if aside else door[:40]
