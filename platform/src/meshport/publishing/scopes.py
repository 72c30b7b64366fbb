"""The rows inside a scope as files of their own: made when a scope is first read, then kept.

An agreement can be limited to values of the port's scope column. Its reader may open the files of
these values and no others. They follow from an immutable file, so they are immutable too.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from meshport.publishing.durable import UNFINISHED, sha256_of, sync_file
from meshport.publishing.manifest import StoredFile
from meshport.publishing.store import DomainStore
from meshport.sql_text import literal, quote
from meshport.warehouse import EngineError, connect_memory, disk_error, parquet_scan

FOLDER = "scopes"


def scoped_files(
    store: DomainStore, whole: Iterable[StoredFile], column: str, values: Iterable[str]
) -> list[StoredFile]:
    """The files with the rows of these values, by value; for the holder of a lease.

    Raises PublishError MP420 where the disk refuses.
    """
    made = [
        _stored(store.folder, _file_of(store, file, column, value))
        for value in sorted(set(values))
        for file in whole
    ]
    return [file for file in made if file.rows]


def _file_of(store: DomainStore, source: StoredFile, column: str, value: str) -> Path:
    name = hashlib.sha256(f"{column}\n{value}".encode()).hexdigest()[:32]
    target = store.folder / FOLDER / f"{source.sha256}-{name}.parquet"
    if target.is_file():
        return target
    target.parent.mkdir(exist_ok=True)
    unfinished = target.with_name(f"{UNFINISHED}{secrets.token_hex(8)}")
    rows = (
        f"from {parquet_scan([store.folder / source.path])} "
        f"where cast({quote(column)} as varchar) = {literal(value)}"
    )
    con = connect_memory()
    try:
        con.execute(f"copy ({rows}) to {literal(str(unfinished))} (format parquet)")
    except EngineError as error:
        unfinished.unlink(missing_ok=True)
        raise disk_error(error, "making the rows of a scope") or error from error
    finally:
        con.close()
    sync_file(unfinished)
    unfinished.chmod(0o444)
    unfinished.replace(target)
    return target


@lru_cache(maxsize=4096)
def _stored(folder: Path, file: Path) -> StoredFile:
    con = connect_memory()
    try:
        counted = con.execute(f"select count(*) from {parquet_scan([file])}").fetchall()
    finally:
        con.close()
    path, size = str(file.relative_to(folder)), file.stat().st_size
    return StoredFile(path=path, sha256=sha256_of(file), bytes=size, rows=int(counted[0][0]))
