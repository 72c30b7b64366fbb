"""The declaration of one source extract, and finding its file in a folder."""

from __future__ import annotations

import csv
import io
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from meshport.contracts.schema import nearest
from meshport.errors import Place, ProductError
from meshport.sources.unreadable import open_bytes

SUFFIXES = (".csv", ".csv.gz", ".parquet")


@dataclass(frozen=True)
class Extract:
    """One table of a source system, as it is exported to files.

    `columns` maps the source's column names to DuckDB types. `becomes` names the dbt model in
    which every row ends up, `key` maps the source's key to that model's columns: from the two
    follows the proof that no row got lost. A lookup, which only completes other rows, has none.
    """

    table: str
    file: str
    columns: Mapping[str, str]
    becomes: str | None = None
    key: Mapping[str, str] = field(default_factory=dict)
    is_optional: bool = False
    is_ordered: bool = False
    """Whether the order of the rows means something: raw rowids then follow the file."""

    def find(self, folder: Path) -> Path | None:
        """The extract's file; None where an optional one is absent.

        Raises ProductError: MP210 it is missing, MP214 it is there in two forms.
        """
        found = [path for s in SUFFIXES if (path := folder / (self.file + s)).is_file()]
        if len(found) > 1:
            names = " and ".join(path.name for path in found)
            raise ProductError("MP214", f"both {names} are in the source folder", Place(self.file))
        if not found and not self.is_optional:
            raise self._missing(folder)
        return found[0] if found else None

    def _missing(self, folder: Path) -> ProductError:
        names = ", ".join(self.file + suffix for suffix in SUFFIXES)
        here = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
        near = nearest(f"{self.file}.csv", here)
        hint = f"it holds {', '.join(here[:12])}" if here else "the folder is empty or not there"
        if near:
            hint = f"the nearest name in it is {near}; rename that file if it is the one"
        return ProductError(
            "MP210", f"none of {names} is in the source folder", Place(self.file), hint
        )


def require_whole(file: Path) -> None:
    """Unpack a gzip file to its end: the engine does not compare the checksum that stands there.

    Raises ProductError MP212 where the file is damaged or cut off; other files are left alone.
    """
    if file.suffix != ".gz":
        return
    try:
        with open_bytes(file) as stream:
            while stream.read(1 << 20):
                pass
    except (OSError, EOFError, zlib.error) as error:
        raise ProductError(
            "MP212", f"the file cannot be unpacked: {error}", Place(file.name), "export it again"
        ) from error


def read_header(file: Path) -> list[str]:
    """The column names in a CSV file's first record; a byte-order mark is not part of them.

    Raises ProductError: MP212 unreadable, MP215 not comma-separated text.
    """
    try:
        with open_bytes(file) as stream:
            first = stream.readline(1_000_000)
        header = next(csv.reader(io.StringIO(first.decode("utf-8-sig"))), [])
    except (OSError, csv.Error, UnicodeDecodeError) as error:
        raise ProductError(
            "MP212", f"the file cannot be read: {error}", Place(file.name)
        ) from error
    if len(header) < 2:
        raise ProductError(
            "MP215",
            f"the first line is one single field: {header[0][:80]!r}"
            if header
            else "no header line",
            Place(file.name, 1),
            "fields are separated by commas, the first line names the columns",
        )
    return header
