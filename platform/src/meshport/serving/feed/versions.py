"""The versions of a port: what readers had after each move of its domain's pointer.

A version's number is that of the move. So numbers never go back, also where a rollback does, and
going back is a change like any other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from meshport.errors import PublishError, ServingError
from meshport.names import PortId
from meshport.publishing.manifest import PortRelease
from meshport.publishing.store import DomainStore


@dataclass(frozen=True)
class Version:
    """One version: its number, the release that readers had, and since when."""

    number: int
    release: str
    at: datetime

    @property
    def milliseconds(self) -> int:
        """When, in milliseconds since 1970, UTC."""
        return int(self.at.timestamp() * 1000)


class Versions:
    """The versions of one port, as its domain's pointer knows them at one moment."""

    def __init__(self, store: DomainStore, port: PortId) -> None:
        self.store = store
        self.port = port
        self._all = list(_in_order(store))

    @property
    def latest(self) -> Version:
        """What readers have now; raises ServingError MP611 where the port is in no release."""
        if not self._all or self._part(self._all[-1]) is None:
            hint = f"publish it: meshport run {self.port.domain}"
            raise ServingError("MP611", f"{self.port} has no release yet", hint=hint)
        return self._all[-1]

    def numbered(self, number: int) -> Version:
        """The version of that number; raises ServingError MP612, PublishError MP404."""
        if not 1 <= number <= len(self._all):
            fact = f"{self.port} has no version {number}"
            raise ServingError("MP612", fact, hint=f"the latest is {len(self._all)}")
        return self._readable(self._all[number - 1])

    def as_of(self, moment: datetime) -> Version:
        """What readers had at a moment; raises ServingError MP612, PublishError MP404."""
        before = [one for one in self._all if one.at <= moment]
        if not before:
            raise ServingError("MP612", f"{self.port} had no version at {moment.isoformat()}")
        return self._readable(before[-1])

    def since(self, moment: datetime) -> Version | None:
        """The first version at or after a moment; None where there is none yet."""
        return next((one for one in self._all if one.at >= moment), None)

    def oldest_kept(self) -> Version:
        """The oldest version from which on every one is kept."""
        oldest = self.latest
        for one in reversed(self._all):
            if not self.store.has_data(one.release) or self._part(one) is None:
                break
            oldest = one
        return oldest

    def between(self, first: int, last: int) -> list[Version]:
        """The versions of these numbers and those in between, whether they are kept or not."""
        return self._all[max(0, first - 1) : last]

    def before(self, version: Version) -> Version | None:
        """The version that it replaced; None where the port had no release then.

        Raises PublishError MP404 where the data of either is no longer kept.
        """
        self._require_data(version)
        if version.number == 1:
            return None
        found = self._all[version.number - 2]
        if self._part(found) is None:
            return None
        self._require_data(found)
        return found

    def _readable(self, version: Version) -> Version:
        if self._part(version) is None:
            raise ServingError("MP612", f"version {version.number} does not hold {self.port}")
        self._require_data(version)
        return version

    def _require_data(self, version: Version) -> None:
        if not self.store.has_data(version.release):
            fact = f"the data of version {version.number} ({version.release}) is no longer kept"
            oldest = self.oldest_kept().number
            hint = f"the oldest that is kept is {oldest}; changes from 0 on begin with all its rows"
            raise PublishError("MP404", fact, hint=hint)

    def _part(self, version: Version) -> PortRelease | None:
        return self.store.manifest(version.release).port(self.port)


def _in_order(store: DomainStore) -> Iterator[Version]:
    """All moves; a clock that was set back does not take a version before the one it replaced."""
    last: datetime | None = None
    for move in store.pointer().moves:
        at = datetime.fromisoformat(move.at)
        last = max(at, last) if last else at
        yield Version(move.number, move.release, last)
