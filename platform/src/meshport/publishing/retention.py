"""What is taken away: leftovers of a killed publish, and the data of releases nobody needs."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from meshport.publishing.durable import UNFINISHED
from meshport.publishing.lock import unleased
from meshport.publishing.manifest import Manifest
from meshport.publishing.scopes import FOLDER
from meshport.publishing.store import DomainStore

KEEP = 10
"""Releases whose data stays, besides the current one and those being read."""


def sweep(store: DomainStore) -> list[str]:
    """Remove what a publish that died left behind; only for the holder of the domain's lock.

    The result names what was removed. Manifests that never became current go too.
    """
    removed = []
    published = {move.release for move in store.pointer().moves}
    for folder in (*store.folder.glob("candidates/*"), *store.folder.glob("releases/*")):
        if folder.parent.name == "candidates" or folder.name not in published:
            shutil.rmtree(folder, ignore_errors=True)
            removed.append(folder.name)
    wanted = {path for manifest in _with_data(store) for path in manifest.files()}
    for file in store.folder.glob("files/*/*"):
        if str(file.relative_to(store.folder)) not in wanted:
            file.unlink(missing_ok=True)
            removed.append(file.name)
    kept = {Path(path).stem for path in wanted}
    for file in store.folder.glob(f"{FOLDER}/*.parquet"):
        if file.name.partition("-")[0] not in kept:
            file.unlink(missing_ok=True)
            removed.append(file.name)
    for file in store.folder.rglob(f"{UNFINISHED}*"):
        file.unlink(missing_ok=True)
        removed.append(file.name)
    return removed


def expire(store: DomainStore, keep: int = KEEP) -> list[str]:
    """Delete the data of all but the newest `keep` releases; never of one that is being read.

    The result names the releases that lost their data; their manifests stay for receipts.
    """
    current = store.pointer().current
    releases = [release for release in store.releases() if store.has_data(release)]
    expired = []
    for release in releases[: max(0, len(releases) - keep)]:
        with unleased(store.folder / "releases" / release / "lease") as is_free:
            is_read = not is_free or release == current or store.is_walked(release)
            if not is_read:
                # Marked first: a reader that comes now is told, whatever is deleted already.
                store.expiry_mark(release).touch()
                shutil.rmtree(store.made_from(release), ignore_errors=True)
                expired.append(release)
    if expired:
        sweep(store)
    return expired


def _with_data(store: DomainStore) -> Iterator[Manifest]:
    for release in store.releases():
        if store.has_data(release):
            yield store.manifest(release)
