"""Move a domain's pointer back to an earlier release; recorded like every move."""

from __future__ import annotations

from datetime import datetime

from meshport.errors import PublishError
from meshport.publishing.lock import exclusive
from meshport.publishing.store import DomainStore, Move


def roll_back(store: DomainStore, to: str | None, at: datetime, reason: str | None = None) -> Move:
    """Make an earlier release current again; without `to`, the one that was current before.

    Raises PublishError: MP403 no such release, MP404 its data is gone, MP405 nothing earlier.
    """
    with exclusive(store.folder / "lock"):
        pointer = store.pointer()
        target = to or _previous(store)
        if target is None or pointer.current is None:
            raise PublishError("MP405", f"{store.domain} has no earlier release to go back to")
        if target == pointer.current:
            raise PublishError("MP405", f"{target} is the current release already")
        with store.reading(target):
            return store.move("rollback", target, at, reason).moves[-1]


def _previous(store: DomainStore) -> str | None:
    """The newest release that is older than the current one and still has its data."""
    current = store.pointer().current
    releases = [r for r in store.releases() if store.has_data(r)]
    if current not in releases:
        return releases[-1] if releases else None
    earlier = releases[: releases.index(current)]
    return earlier[-1] if earlier else None
