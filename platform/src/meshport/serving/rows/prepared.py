"""Rows kept ready for those who ask again, in a folder per release and sight.

They are made in the background from the files that this sight may open and nothing else; losing
them costs time and nothing else.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections import Counter, OrderedDict
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from meshport.errors import MeshportError
from meshport.publishing.lock import exclusive
from meshport.serving.limits import Limits
from meshport.serving.rows.lines import Lines
from meshport.serving.rows.preparing import LINES, MADE, TABLE, UNFIT, Task
from meshport.serving.rows.query import RowQuery
from meshport.serving.rows.reader import RowReader
from meshport.serving.rows.source import RowSource
from meshport.serving.rows.statements import json_lines, table_rows
from meshport.serving.rows.views import View
from meshport.warehouse import ENGINE_VERSION, EngineError

_LOG = logging.getLogger("meshport.serving")
_OPEN = 64
# Before 3.38 SQLite cannot take a value out of JSON as it is written there.
_CAN_SELECT = sqlite3.sqlite_version_info >= (3, 38)


@dataclass(frozen=True)
class Ready:
    """The rows of one sight of one release: as lines, and as a table that the engine has open."""

    name: str
    lines: Lines
    source: RowSource


class PreparedRows:
    """The prepared rows of one home; they are made one table at a time."""

    def __init__(self, limits: Limits, reader: RowReader, encoding: str) -> None:
        self._limits = limits
        self._reader = reader
        self._encoding = f"{encoding} {ENGINE_VERSION}"
        self._ready: OrderedDict[str, Ready] = OrderedDict()
        self._asked: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._maker = ThreadPoolExecutor(1, "prepare")
        self._process: subprocess.Popen[bytes] | None = None
        self._is_closed = False

    def find(self, view: View) -> Ready | None:
        """The prepared rows of a view; None as long as there are none."""
        ready = self._ready.get(view.content)
        if ready is not None or not self._is_worth_it(view):
            return ready
        self._asked[view.content] += 1
        is_there = self._asked[view.content] == 1 and self._folder(view).exists()
        if is_there or self._asked[view.content] == self._limits.prepared_after:
            self._maker.submit(self._prepare, view)
        return None

    def drop(self, view: View) -> None:
        """Forget rows that cannot be read; this process does not make them again."""
        with self._lock:
            spoilt = self._ready.pop(view.content, None)
        if spoilt is not None:
            _LOG.warning("prepared rows of %s cannot be read", view.port.id)
            self._asked[view.content] = self._limits.prepared_after
            shutil.rmtree(self._folder(view), ignore_errors=True)

    def close(self) -> None:
        """Stop what is being made, and give the files back."""
        with self._lock:
            self._is_closed = True
            if self._process is not None:
                self._process.terminate()
        self._maker.shutdown(wait=True, cancel_futures=True)
        for ready in self._ready.values():
            ready.lines.close()

    def _is_worth_it(self, view: View) -> bool:
        limits = self._limits
        is_large = limits.prepared_from <= view.rows <= limits.prepared_rows
        return is_large and _CAN_SELECT and not self._is_closed

    def _folder(self, view: View) -> Path:
        name = hashlib.sha256(f"{self._encoding}:{view.content}".encode()).hexdigest()[:32]
        return view.store.made_from(view.manifest.release) / name

    def _prepare(self, view: View) -> None:
        folder = self._folder(view)
        try:
            # The release stays while its rows are read.
            with view.store.reading(view.manifest.release), exclusive(folder.parents[1] / "lock"):
                if not folder.exists():
                    self._make(view, folder)
            if folder.exists():
                self._open(view, folder)
        except (OSError, sqlite3.Error, EngineError, MeshportError) as error:
            _LOG.warning("rows of %s are not prepared: %s", view.port.id, error)

    def _make(self, view: View, folder: Path) -> None:
        folder.parent.mkdir(parents=True, exist_ok=True)
        for same in folder.parents[1].glob(f"*/{folder.name}"):
            # A release with the same rows has them ready.
            with suppress(OSError):
                shutil.copytree(same, folder, copy_function=os.link)
                return
        _remove_unfinished(folder)
        source = replace(view.source, relation=MADE, is_sorted=True)
        lines = json_lines(source, RowQuery.all_of(source.types))
        rows = table_rows(view.source)
        task = Task(rows.sql, lines.sql, str(folder), self._limits.prepared_bytes // 2)
        with self._lock:
            if self._is_closed:
                return
            self._process = subprocess.Popen(
                [sys.executable, "-m", "meshport.serving.rows.preparing"], stdin=subprocess.PIPE
            )
        self._process.communicate(task.to_json())
        code, self._process = self._process.returncode, None
        _remove_unfinished(folder)
        if code not in (0, UNFIT) and not self._is_closed:
            _LOG.warning("rows of %s are not prepared: exit code %s", view.port.id, code)
        self._make_room(folder)

    def _make_room(self, newest: Path) -> None:
        """Remove what was opened longest ago, until everything fits."""
        folders = sorted(newest.parents[1].glob("*/*/"), key=lambda one: one.stat().st_mtime_ns)
        sizes = {one: sum(file.stat().st_size for file in one.iterdir()) for one in folders}
        size = sum(sizes.values())
        for one in folders:
            if size > self._limits.prepared_bytes and one != newest:
                size -= sizes[one]
                shutil.rmtree(one, ignore_errors=True)

    def _open(self, view: View, folder: Path) -> None:
        with suppress(OSError):
            os.utime(folder)
        relation = self._reader.attach(folder / TABLE, folder.name)
        source = replace(view.source, relation=relation, is_sorted=True, is_table=True)
        with self._lock:
            self._ready[view.content] = Ready(folder.name, Lines(folder / LINES), source)
            if len(self._ready) <= _OPEN:
                return
            _, oldest = self._ready.popitem(last=False)
        self._reader.detach(oldest.name)


def _remove_unfinished(folder: Path) -> None:
    """Remove what a process that was stopped has left."""
    for left in folder.parent.glob(f"{folder.name}.*"):
        shutil.rmtree(left, ignore_errors=True)
