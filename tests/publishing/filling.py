"""A publisher on a disk that fills up: python -m tests.publishing.filling FOLDER.

FOLDER/home is a small file system of its own. With no page of it left, then one, then two, …, a
release is published until one fits. One JSON line tells what became of each attempt.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from meshport.errors import MeshportError
from tests.publishing.shop import PARTS, THINGS, Shop, things

_PAGE = os.sysconf("SC_PAGE_SIZE")


def leave_free(folder: Path, pages: int) -> Path:
    """Fill the file system of the folder up to so many pages."""
    ballast = folder / "ballast"
    left = os.statvfs(folder)
    size = left.f_bavail * left.f_bsize - pages * _PAGE
    with ballast.open("wb") as stream:
        os.posix_fallocate(stream.fileno(), 0, size)
    return ballast


def attempt(shop: Shop, pages: int) -> dict[str, Any]:
    """Publish with so much room, and look at what readers see afterwards."""
    ballast = leave_free(shop.home, pages)
    error = hint = None
    try:
        shop.publish(things(10_000), [("p1", "t000000")])
    except MeshportError as raised:
        error, hint = raised.code, raised.hint
    ballast.unlink()
    rows = [len(shop.rows(port)) for port in (THINGS, PARTS)]
    return {"pages": pages, "error": error, "hint": hint, "rows": rows}


if __name__ == "__main__":
    shop = Shop(Path(sys.argv[1]))
    shop.publish(things(3))
    for pages in range(200):
        found = attempt(shop, pages)
        print(json.dumps(found), flush=True)
        if found["error"] is None:
            break
