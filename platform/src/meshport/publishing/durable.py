"""Writing files so that a reader sees the old or the new one whole, whenever the power goes."""

from __future__ import annotations

import hashlib
import os
import secrets
from contextlib import suppress
from pathlib import Path

UNFINISHED = ".unfinished-"
"""What the name of a file begins with that a killed process may have left half written."""


def write_atomically(file: Path, content: bytes) -> None:
    """Replace a file in one step; on any failure the old content stays."""
    # Not tempfile: its files are for their owner alone, and readers may be another user.
    temporary = file.with_name(f"{UNFINISHED}{secrets.token_hex(8)}")
    try:
        with temporary.open("xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, file)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(file.parent)


def secret_at(file: Path) -> bytes:
    """The 32 random bytes kept in a file that only its owner reads; made at first use."""
    if not file.is_file():
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary = file.with_name(f"{UNFINISHED}{secrets.token_hex(8)}")
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as stream:
            stream.write(secrets.token_bytes(32))
            stream.flush()
            os.fsync(stream.fileno())
        with suppress(FileExistsError):  # another process was first; its key is as good
            os.link(temporary, file)
        temporary.unlink()
        sync_folder(file.parent)
    return file.read_bytes()


def sync_file(file: Path) -> None:
    """Wait until the file's content is on the disk."""
    handle = os.open(file, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """Wait until the folder's entries are on the disk."""
    sync_file(folder)


def sha256_of(file: Path) -> str:
    """The file's SHA-256 in hex."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
