"""Writes rows in the forms that are read quickest; a process apart, so that readers feel nothing.

It reads its task as JSON from standard input and leaves a folder with two files: the rows as a
table of the engine, and each row as a line of JSON with its key in SQLite.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from meshport.sql_text import literal
from meshport.warehouse import connect_memory

TABLE, LINES = "rows.duckdb", "lines.sqlite"
MADE = "made.rows"
"""What the query for lines calls the table."""
SEPARATOR = "\x1f"
"""Between the parts of a key; a text that holds it cannot be prepared."""
UNFIT = 3
"""The exit code where rows cannot be told apart by their key as text, or take too much room."""
_BATCH = 5_000


@dataclass(frozen=True)
class Task:
    """Which rows to write where."""

    rows: str
    """The query for the table's rows, in their order."""
    lines: str
    """The query over the table for lines: JSON, and the parts of the key."""
    folder: str
    most_bytes: int

    def to_json(self) -> bytes:
        """The task as its process reads it."""
        return json.dumps(asdict(self)).encode()


def main() -> int:
    """Do the task; 0, or UNFIT where nothing was written."""
    os.nice(10)
    task = Task(**json.loads(sys.stdin.buffer.read()))
    unfinished = Path(f"{task.folder}.{os.getpid()}")
    try:
        unfinished.mkdir(mode=0o700)
        _write(task, unfinished)
        unfinished.replace(task.folder)
    except (sqlite3.IntegrityError, OverflowError):
        return UNFIT
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return 0


def _write(task: Task, folder: Path) -> None:
    with closing(connect_memory(threads=1)) as engine:
        engine.execute(f"attach {literal(str(folder / TABLE))} as made")
        engine.execute(f"create table {MADE} as {task.rows}")
        engine.execute("checkpoint made")
        _require_room(folder, task.most_bytes)
        with closing(sqlite3.connect(folder / LINES)) as lines:
            # Nobody sees the file before it is whole.
            lines.execute("pragma journal_mode = off")
            lines.execute("pragma synchronous = off")
            lines.execute("create table lines (position integer primary key, key text, line text)")
            for batch in _batches(engine.execute(task.lines)):
                lines.executemany("insert into lines (key, line) values (?, ?)", batch)
                _require_room(folder, task.most_bytes)
            lines.execute("create unique index keys on lines (key)")
            lines.commit()


def _batches(found: Any) -> Iterator[list[tuple[str, str]]]:
    while rows := found.fetchmany(_BATCH):
        yield [(_key(parts), line) for line, *parts in rows]


def _key(parts: list[str | None]) -> str:
    texts = [part for part in parts if part is not None and SEPARATOR not in part]
    if len(texts) < len(parts):
        raise OverflowError
    return SEPARATOR.join(texts)


def _require_room(folder: Path, most_bytes: int) -> None:
    if sum(file.stat().st_size for file in folder.iterdir()) > most_bytes:
        raise OverflowError


if __name__ == "__main__":
    sys.exit(main())
