"""Differences as files that are made once: immutable, named by what they tell apart, bounded."""

from __future__ import annotations

import os
import secrets
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from meshport.publishing.durable import UNFINISHED
from meshport.serving.feed.difference import Snapshot, digest_of, write_difference
from meshport.warehouse import EngineError, connect_memory, disk_error, parquet_scan

LIMIT_BYTES = 2_000_000_000
KEPT_SECONDS = 20 * 60
"""What was asked for so recently is not removed: somebody may be about to open it."""


@dataclass(frozen=True)
class Difference:
    """A difference as a Parquet file; `digest` is the same for the same rows."""

    digest: str
    file: Path
    rows: int

    @property
    def bytes(self) -> int:
        """The file's size."""
        return self.file.stat().st_size


@dataclass
class Differences:
    """The differences kept in a folder; whatever is removed is made again when it is asked for."""

    folder: Path
    limit_bytes: int = LIMIT_BYTES
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _rows: dict[str, int] = field(default_factory=dict)

    @classmethod
    def at_home(cls, home: Path) -> Differences:
        """Those of a meshport home."""
        return cls(home / "cache" / "differences")

    def between(self, old: Snapshot | None, new: Snapshot | None) -> Difference:
        """The difference of two releases, which the caller keeps leased; None is one without rows.

        Raises PublishError MP420 where the disk refuses.
        """
        digest = digest_of(old, new)
        file = self.folder / f"{digest}.parquet"
        # One at a time: it takes the memory of a join, and who waits may find it made.
        with self._turn:
            try:
                os.utime(file)
            except FileNotFoundError:
                self._rows[digest] = self._make(old, new, file)
            if digest not in self._rows:  # another process, or an earlier one, made it
                self._rows[digest] = _count(file)
            return Difference(digest, file, self._rows[digest])

    def _make(self, old: Snapshot | None, new: Snapshot | None, file: Path) -> int:
        self.folder.mkdir(parents=True, exist_ok=True)
        unfinished = self.folder / f"{UNFINISHED}{secrets.token_hex(8)}"
        con = connect_memory()
        try:
            # Where memory does not suffice.
            con.execute("set temp_directory = ?", [str(self.folder / "spill")])
            rows = write_difference(con, old, new, unfinished)
            os.replace(unfinished, file)
        except (EngineError, OSError) as error:
            raise disk_error(error, "writing a difference") or error from error
        finally:
            con.close()
            unfinished.unlink(missing_ok=True)
        self._make_room()
        return rows

    def _make_room(self) -> None:
        """Remove what was not asked for the longest, down to the limit."""
        with os.scandir(self.folder) as entries:
            found = sorted(
                (one.stat().st_mtime, one.stat().st_size, one.path)
                for one in entries
                if one.is_file()
            )
        total = sum(size for _, size, _ in found)
        for used, size, path in found:
            is_recent = time.time() - used < KEPT_SECONDS
            is_leftover = UNFINISHED in path
            if is_recent or (total <= self.limit_bytes and not is_leftover):
                continue
            Path(path).unlink(missing_ok=True)
            total -= size


def _count(file: Path) -> int:
    con = connect_memory(threads=1)
    try:
        counted = con.execute(f"select count(*) from {parquet_scan([file])}").fetchall()
        return int(counted[0][0])
    finally:
        con.close()
