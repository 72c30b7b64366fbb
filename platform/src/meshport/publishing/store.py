"""The releases of all domains on disk, and the one pointer per domain that says which is current.

store/<domain>/
    pointer.json                     current release and every move of the pointer
    releases/<release>/manifest.json what the release holds; kept for ever
    releases/<release>/lease         held shared by every reader
    releases/<release>/expired       its data is no longer kept
    releases/<release>/walked        touched by who is on the way through its pages
    files/<ab>/<sha256>.parquet      immutable, named by content, shared by releases
    scopes/<sha256>-<value>.parquet  the rows of a file inside a scope; made anew when missing
    contracts/<sha256>.odcs.yaml     the contracts that releases were held against; kept for ever
    candidates/<run>/                what a publish is working on; swept by the next
    refusal.json                     why the last attempt was kept back
    lock                             held by the one who publishes
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from meshport.errors import Place, PublishError
from meshport.publishing.durable import secret_at, write_atomically
from meshport.publishing.lock import shared_lease
from meshport.publishing.manifest import Manifest, PortRelease, parse_manifest

WALK_SECONDS = 900
"""For how long a release waits for the next page to be asked for."""
_RELEASE = re.compile(r"(?P<domain>[a-z][a-z0-9_]{0,99})-[0-9]{6,9}-[0-9a-f]{8}")


@dataclass(frozen=True)
class Move:
    """One move of a domain's pointer; `number` counts from 1 and never goes back."""

    number: int
    act: str
    release: str
    at: str
    reason: str | None = None


@dataclass(frozen=True)
class Pointer:
    """Where a domain stands: the moves so far, the last one last."""

    moves: tuple[Move, ...]

    @property
    def current(self) -> str | None:
        """The current release; None before the first."""
        return self.moves[-1].release if self.moves else None

    @property
    def number(self) -> int:
        """The number of the last move, 0 before the first."""
        return self.moves[-1].number if self.moves else 0


class DomainStore:
    """One domain's releases; reading needs no lock, moving the pointer needs the domain's."""

    def __init__(self, folder: Path, domain: str) -> None:
        self.folder = folder
        self.domain = domain
        self._pointer = folder / "pointer.json"

    def pointer(self) -> Pointer:
        """Where the domain stands now; raises PublishError MP402 where that cannot be read."""
        try:
            stat = self._pointer.stat()
            # Every move replaces the file: the same file holds the same moves.
            return _read_pointer(self._pointer, stat.st_ino, stat.st_mtime_ns, stat.st_size)
        except FileNotFoundError:
            return Pointer(())
        except (ValueError, KeyError, TypeError) as error:
            place = Place(f"store/{self.domain}/pointer.json")
            raise PublishError("MP402", f"the pointer is damaged: {error}", place) from error

    def move(self, act: str, release: str, at: datetime, reason: str | None = None) -> Pointer:
        """Make `release` the current one for every reader, in one step."""
        before = self.pointer()
        move = Move(before.number + 1, act, release, at.isoformat(), reason)
        after = Pointer((*before.moves, move))
        content = json.dumps({"moves": [asdict(m) for m in after.moves]}, indent=1)
        write_atomically(self._pointer, content.encode())
        return after

    def manifest(self, release: str) -> Manifest:
        """A release's manifest.

        Raises PublishError: MP403 there is no such release, MP402 its manifest is damaged.
        """
        file = self._file(release, "manifest.json")
        if not _RELEASE.fullmatch(release) or not os.path.isfile(file):
            raise PublishError("MP403", f"there is no release `{release[:80]}` of {self.domain}")
        return _read_manifest(file)

    def current(self) -> Manifest | None:
        """The current release's manifest; None before the first."""
        release = self.pointer().current
        return self.manifest(release) if release else None

    def releases(self) -> list[str]:
        """The ids of all releases that were ever current, oldest first."""
        moved = {move.release for move in self.pointer().moves}
        written = {path.parent.name for path in self.folder.glob("releases/*/manifest.json")}
        return sorted(moved & written)

    def has_data(self, release: str) -> bool:
        """Whether the release's files are still there; retention takes them, not the manifest."""
        return not os.path.exists(self._file(release, "expired"))

    def expiry_mark(self, release: str) -> Path:
        """The file whose presence says that retention has taken the release's data."""
        return Path(self._file(release, "expired"))

    def mark_walked(self, release: str) -> None:
        """Note that a reader is on the way through a release, page by page, holding no lease."""
        Path(self._file(release, "walked")).touch()

    def is_walked(self, release: str) -> bool:
        """Whether a reader was on its way through a release a short while ago."""
        try:
            walked_at = os.stat(self._file(release, "walked")).st_mtime
        except FileNotFoundError:
            return False
        # Files know the machine's time and no other.
        return time.time() - walked_at < WALK_SECONDS

    def made_from(self, release: str) -> Path:
        """The folder for what doors make of a release's data to be quick; it goes with the data."""
        return self.folder.parent.parent / "cache" / "rows" / release

    def paths(self, port: PortRelease) -> list[Path]:
        """The data files with every column of a port: for who builds on it, not for consumers."""
        return [self.folder / file.path for file in port.full.files]

    def masking_key(self) -> bytes:
        """What keyed hashes of masked columns are made with, the same for the whole store."""
        return secret_at(self.folder.parent / "masking.key")

    @contextmanager
    def reading(self, release: str | None = None) -> Iterator[Manifest | None]:
        """The current or named release, safe from retention until the block ends.

        Raises PublishError: MP403 there is none of that id, MP404 its data is gone.
        """
        wanted = release or self.pointer().current
        if wanted is None:
            yield None
            return
        manifest: Manifest | None = self.manifest(wanted)
        with ExitStack() as lease:
            lease.enter_context(shared_lease(self._file(wanted, "lease")))
            if not self.has_data(wanted):
                if release or self.pointer().current == wanted:
                    raise PublishError("MP404", f"the data of release {wanted} is no longer kept")
                # The pointer moved on, and retention came, before the lease was held.
                manifest = lease.enter_context(self.reading())
            yield manifest

    def record_refusal(self, refusal: dict[str, Any]) -> None:
        """Remember why the last attempt was kept back; a later move of the pointer settles it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        content = json.dumps({**refusal, "after_move": self.pointer().number}, indent=1)
        write_atomically(self.folder / "refusal.json", content.encode())

    def refusal(self) -> dict[str, Any] | None:
        """Why the last attempt was kept back; None where the last attempt was published."""
        try:
            found: dict[str, Any] = json.loads((self.folder / "refusal.json").read_bytes())
        except (FileNotFoundError, ValueError):
            return None
        return found if found.pop("after_move", None) == self.pointer().number else None

    def _file(self, release: str, name: str) -> str:
        # Text: every read asks for three of them, and paths take long to put together.
        return f"{self.folder}/releases/{release}/{name}"


class ReleaseStore:
    """The whole store below a meshport home."""

    def __init__(self, home: Path) -> None:
        self.folder = home / "store"
        self._domains: dict[str, DomainStore] = {}

    def of(self, domain: str) -> DomainStore:
        """One domain's part."""
        found = self._domains.get(domain)
        if found is None:
            found = self._domains[domain] = DomainStore(self.folder / domain, domain)
        return found

    def find(self, release: str) -> Manifest:
        """A release by its id alone; raises PublishError MP403."""
        named = _RELEASE.fullmatch(release)
        if named is None or not (self.folder / named["domain"]).is_dir():
            known = sorted(path.name for path in self.folder.glob("*") if path.is_dir())
            hint = f"domains with releases: {', '.join(known) or 'none'}"
            raise PublishError("MP403", f"there is no release `{release[:80]}`", hint=hint)
        return self.of(named["domain"]).manifest(release)


@lru_cache(maxsize=256)
def _read_pointer(file: Path, *_stamp: int) -> Pointer:
    moves = json.loads(file.read_bytes())["moves"]
    return Pointer(tuple(Move(**move) for move in moves))


@lru_cache(maxsize=256)
def _read_manifest(file: str) -> Manifest:
    # A manifest never changes, so reading it once per process is enough.
    return parse_manifest(Path(file).read_bytes(), Place("/".join(Path(file).parts[-5:])))
