"""A port as one reader's Iceberg table: where it lies, and the versions it holds."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property

from meshport.errors import PublishError
from meshport.names import PortId
from meshport.serving.feed.history import History, Seen
from meshport.serving.feed.versions import Version

BUCKET = "iceberg"
"""The bucket of all objects. It is also the door's own path, so that clients need no other."""
FOLDER = "objects"
DATA, METADATA = "data", "metadata"
MOST = 200
"""So many of the newest versions are looked at."""


@dataclass(frozen=True)
class Shown:
    """A version, and what its reader sees of it, as files that may be handed out."""

    version: Version
    seen: Seen


class Table:
    """One port for one asker; what it shows stays leased as long as its history."""

    def __init__(self, history: History) -> None:
        self.history = history
        # What is only counted or named is no read, and the audit is not told of it.
        self._overview = History(history.asker.browsing, history.port, history.leases)
        self.port: PortId = history.port.id
        self.grant = history.asker.grant(history.port)

    @property
    def prefix(self) -> str:
        """What the keys of its objects begin with: readers who see other cells have another."""
        reader, scope = self.grant.key
        view = reader
        if scope is not None:
            view += f"-{hashlib.sha256(json.dumps(sorted(scope)).encode()).hexdigest()[:16]}"
        return f"{FOLDER}/{self.port.domain}/{self.port.model}/{view}"

    @property
    def location(self) -> str:
        """The common parent of its metadata and data."""
        return f"s3://{BUCKET}/{self.prefix}"

    @cached_property
    def current(self) -> Shown:
        """What readers have now.

        Raises AccessError MP702 to MP706, ServingError MP611, MP640.
        """
        version = self.history.versions.latest
        seen = self._overview.seen(version.release)
        seen.require_whole_files()
        return Shown(version, seen)

    @cached_property
    def shown(self) -> list[Shown]:
        """The versions that are kept and that the reader may have as files, the oldest first."""
        number = self.current.version.number
        before = self.history.versions.between(number - MOST + 1, number - 1)
        found = [self._shown(version) for version in before]
        return [*(one for one in found if one), self.current]

    def numbered(self, number: int) -> Shown | None:
        """The version of that number, to be read; None where it is not shown."""
        found = next((one for one in self.shown if one.version.number == number), None)
        return self.opened(found) if found else None

    def opened(self, shown: Shown) -> Shown:
        """A version of which more is going to be read than that it is there.

        Raises AccessError MP702 to MP706, ServingError MP640 and PublishError MP404.
        """
        seen = self.history.seen(shown.version.release)
        seen.require_whole_files()
        return Shown(shown.version, seen)

    def before(self, shown: Shown) -> Shown | None:
        """The version shown before it."""
        number = shown.version.number
        earlier = [one for one in self.shown if one.version.number < number]
        return earlier[-1] if earlier else None

    def _shown(self, version: Version) -> Shown | None:
        if not self.history.store.has_data(version.release):
            return None
        try:
            seen = self._overview.seen_or_nothing(version.release)
        except PublishError:  # retention was faster, or the release is damaged
            return None
        return Shown(version, seen) if seen and seen.sight.is_whole_file else None
