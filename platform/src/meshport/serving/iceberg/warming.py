"""Loads pyiceberg ahead of the first table, where tables are read at all.

It takes a second and up to 130 MB in each process, and holds up all others for a
moment. So a server begins a while after its start, and only where somebody read a table of
one of the releases that are kept.
"""

from __future__ import annotations

import importlib
import threading
from pathlib import Path

DELAY = 3.0
"""Seconds after the start, in which a server answers whoever waited for it."""


def warming(home: Path) -> threading.Timer:
    """What loads it; it has been started where that pays, and is to be cancelled at the end."""
    timer = threading.Timer(DELAY, importlib.import_module, [f"{__package__}.metadata"])
    if is_read(home):
        timer.start()
    return timer


def is_read(home: Path) -> bool:
    """Whether somebody read a table of one of the releases that are kept."""
    return any(home.glob("cache/rows/*/iceberg-*"))
