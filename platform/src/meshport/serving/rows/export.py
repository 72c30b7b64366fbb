"""Whole tables in the format asked for: in memory where they are small, else in a file."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from meshport.serving.rows.query import RowQuery
from meshport.serving.rows.reader import RowReader, too_large
from meshport.serving.rows.source import RowSource

IN_MEMORY = 4 * 2**20
"""Bytes up to which an export is sent without a file."""


@dataclass
class Export:
    """One export, which is made in a thread."""

    reader: RowReader
    source: RowSource
    query: RowQuery
    most_bytes: int
    file: Path | None = None
    """Where it is written, as soon as it is."""
    was_too_large: bool = False
    """Whether more was written than may be."""

    def has_room(self) -> bool:
        """Whether no more was written so far than may be."""
        file = self.file
        try:
            size = file.stat().st_size if file else 0
        except FileNotFoundError:
            size = 0
        self.was_too_large = self.was_too_large or size > self.most_bytes
        return not self.was_too_large

    def make(self) -> bytes | Path:
        """The export's bytes or its file, which is then the caller's to remove.

        Raises ServingError MP604, MP643, MP644.
        """
        if self.query.format == "arrow":
            most = min(IN_MEMORY, self.most_bytes)
            found = self.reader.arrow(self.source, self.query, most)
            if found is not None:
                return found
        handle, name = tempfile.mkstemp(prefix="meshport-rows-")
        os.close(handle)
        file = self.file = Path(name)
        try:
            self.reader.write(self.source, self.query, file)
            if not self.has_room():
                raise too_large(self.most_bytes)
            if file.stat().st_size <= IN_MEMORY:
                return file.read_bytes()
            self.file = None
            return file
        finally:
            if self.file:
                self.file.unlink()
