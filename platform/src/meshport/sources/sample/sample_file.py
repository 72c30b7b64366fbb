"""One file of the sample: its name, its columns and the safe way to put it into a folder."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from meshport.sources.sample.fields import Column, csv_lines

_ROWS_PER_WRITE = 100_000


@dataclass(frozen=True)
class SampleFile:
    """One CSV file; its columns are equally long and a null is an empty field."""

    name: str
    columns: Mapping[str, Column]

    @property
    def row_count(self) -> int:
        """Data rows, the header apart."""
        return len(next(iter(self.columns.values())))

    def write(self, folder: Path) -> None:
        """Put the whole file into the folder at once; an OSError leaves what was there."""
        with _replacing(folder / self.name) as file:
            file.write((",".join(self.columns) + "\n").encode())
            for first in range(0, self.row_count, _ROWS_PER_WRITE):
                count = min(_ROWS_PER_WRITE, self.row_count - first)
                file.write(csv_lines(list(self.columns.values()), first, count))


@dataclass(frozen=True)
class Dictionary:
    """A two-column file of a source that writes a byte-order mark, CRLF and no last line end."""

    name: str
    header: tuple[str, str]
    entries: tuple[tuple[str, str], ...]

    @property
    def row_count(self) -> int:
        """Data rows, the header apart."""
        return len(self.entries)

    def write(self, folder: Path) -> None:
        """Put the whole file into the folder at once; an OSError leaves what was there."""
        lines = (",".join(pair) for pair in (self.header, *self.entries))
        with _replacing(folder / self.name) as file:
            file.write("\r\n".join(lines).encode("utf-8-sig"))


@contextmanager
def _replacing(target: Path) -> Iterator[BinaryIO]:
    """A file beside the target that takes the target's place when everything was written."""
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
