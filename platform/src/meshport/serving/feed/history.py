"""A port's history as one asker sees it: what a release shows, and what a version changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from meshport.access.authorize import Sight
from meshport.errors import AccessError, ServingError
from meshport.products.mesh import Port
from meshport.publishing.manifest import PortRelease
from meshport.serving.feed.difference import Snapshot
from meshport.serving.feed.difference_cache import Difference
from meshport.serving.feed.versions import Version, Versions
from meshport.serving.identity import Asker
from meshport.serving.lifecycle import Lifecycle

_UNSEEN = ("MP612", "MP704", "MP705")


@dataclass(frozen=True)
class Seen:
    """What the asker sees of one release, whose lease is held."""

    release: str
    part: PortRelease
    sight: Sight
    folder: Path

    @property
    def snapshot(self) -> Snapshot:
        """The same for whoever compares releases."""
        return Snapshot.of(self.sight, self.part, self.folder)

    def require_whole_files(self) -> None:
        """Raise AccessError MP706 where the files hold a column that is withheld by now."""
        if not self.sight.is_whole_file:
            hint = "wait for the next release, or read the port through …/rows"
            fact = f"{self.part.port} was reclassified since the release {self.release} was made"
            raise AccessError("MP706", fact, hint=hint)


@dataclass(frozen=True)
class Step:
    """A version, what is seen of it, and what was seen before it; None is nothing at all."""

    version: Version
    old: Seen | None
    new: Seen | None

    @property
    def seen(self) -> Seen | None:
        """What there is to see on either side, the new one first."""
        return self.new or self.old

    @property
    def is_same(self) -> bool:
        """Whether both sides hold the same cells, told without reading them."""
        hashes = [one.sight.content_hash if one else None for one in (self.old, self.new)]
        return hashes[0] == hashes[1]


class History:
    """A port for one asker; what it shows stays leased until `leases` are closed."""

    def __init__(self, asker: Asker, port: Port, leases: ExitStack) -> None:
        self.asker = asker
        self.port = port
        self.leases = leases
        self.store = asker.doors.catalog.store.of(port.id.domain)
        self.lifecycle = Lifecycle(asker.doors.catalog, port)
        self._seen: dict[str, Seen | None] = {}

    @cached_property
    def versions(self) -> Versions:
        """Its versions, as they are when they are first asked for."""
        return Versions(self.store, self.port.id)

    def seen(self, release: str) -> Seen:
        """What is seen of a release.

        Raises AccessError MP702 to MP705, ServingError MP612, MP640 and PublishError MP404.
        """
        self.lifecycle.require(self.asker.doors.now())
        manifest = self.leases.enter_context(self.store.reading(release))
        part = manifest.port(self.port.id) if manifest else None
        if part is None:
            raise ServingError("MP612", f"the release {release} does not hold {self.port.id}")
        return Seen(release, part, self.asker.sight(self.port, part), self.store.folder)

    def seen_or_nothing(self, release: str | None) -> Seen | None:
        """What is seen of a release, None where that is nothing: no release, no port, no column."""
        if release is None:
            return None
        if release not in self._seen:
            try:
                self._seen[release] = self.seen(release)
            except (AccessError, ServingError) as error:
                if error.code not in _UNSEEN:
                    raise
                self._seen[release] = None
        return self._seen[release]

    def steps(self, versions: Iterable[Version], *, from_nothing: bool = False) -> Iterator[Step]:
        """What each version changed; `from_nothing`: the first one as if nothing was before it.

        Raises AccessError MP702, MP703 and PublishError MP404.
        """
        for version in versions:
            before = None if from_nothing else self.versions.before(version)
            from_nothing = False
            old = self.seen_or_nothing(before.release if before else None)
            yield Step(version, old, self.seen_or_nothing(version.release))

    def difference(self, old: Seen | None, new: Seen | None) -> Difference:
        """The rows that changed from one release to another, as a file; raises PublishError MP420.

        One of the two is not None.
        """
        was, now = (one.snapshot if one else None for one in (old, new))
        return self.asker.doors.differences.between(was, now)
