"""Move a domain's pointer back to an earlier release; recorded like every move."""

from __future__ import annotations

from datetime import datetime

from meshport.errors import PublishError
from meshport.publishing.lock import exclusive
from meshport.publishing.store import DomainStore, Move


def roll_back(store: DomainStore, to: str | None, at: datetime, reason: str | None = None) -> Move:
    """Make an earlier release current again; without `to`, the one it was published over.

    Raises PublishError: MP403 no such release, MP404 its data is gone, MP405 nothing earlier.
    """
    with exclusive(store.folder / "lock"):
        pointer = store.pointer()
        target = to or _previous(store)
        if target is None or pointer.current is None:
            raise PublishError("MP405", f"{store.domain} has no earlier release to go back to")
        if target == pointer.current:
            raise PublishError("MP405", f"{target} is the current release already")
        if target not in store.releases():
            raise PublishError("MP403", f"{store.domain} never published `{target}`")
        with store.reading(target):
            return store.move("rollback", target, at, reason).moves[-1]


def _previous(store: DomainStore) -> str | None:
    """The nearest release with data that the current one was published over.

    Not simply the one before it by number: that may be one which was rolled back.
    """
    manifest = store.current()
    while manifest and manifest.parent:
        if store.has_data(manifest.parent):
            return manifest.parent
        manifest = store.manifest(manifest.parent)
    return None
