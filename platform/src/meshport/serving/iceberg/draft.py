"""A file of metadata on its way: written in memory, under the location that it will have."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

from pyiceberg.io import InputFile, OutputFile

from meshport.errors import PublishError
from meshport.publishing.durable import write_atomically

_SYNC = 16


class Draft(OutputFile):
    """What pyiceberg writes to instead of a file."""

    def __init__(self, location: str, written: bytes = b"") -> None:
        super().__init__(location)
        self._buffer = io.BytesIO()
        self.written = written

    @property
    def name(self) -> str:
        """The last part of the location."""
        return self.location.rpartition("/")[2]

    def create(self, overwrite: bool = False) -> Draft:  # noqa: ARG002  there is never one before
        """Itself, to be written to."""
        return self

    def write(self, content: bytes) -> int:
        """Append to it."""
        return self._buffer.write(content)

    def tell(self) -> int:
        """How much was written."""
        return self._buffer.tell()

    def close(self) -> None:
        """Nothing more comes."""
        content = self._buffer.getvalue()
        # Avro parts its blocks with random bytes, which stand at the very end too. For the same
        # metadata to be the same bytes wherever it is made, they follow from the location.
        mark = hashlib.sha256(self.location.encode()).digest()[:_SYNC]
        self.written = content.replace(content[-_SYNC:], mark)

    def __enter__(self) -> Draft:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __len__(self) -> int:
        return len(self.written)

    def exists(self) -> bool:
        """It is not there before it is written."""
        return False

    def to_input_file(self) -> InputFile:
        """Nobody reads a draft."""
        raise NotImplementedError

    def save(self, folder: Path) -> Path:
        """The finished file; raises PublishError MP420 where the disk refuses."""
        file = folder / self.name
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_atomically(file, self.written)
        except OSError as error:
            raise PublishError("MP420", f"{file.name} cannot be written: {error}") from error
        return file
