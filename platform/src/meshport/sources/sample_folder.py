"""The built-in sample on disk: written once per plan, and found there afterwards."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from meshport.sources.sample import SamplePlan, write_sample

KEPT = 2


def sample_folder(
    home: Path, plan: SamplePlan, on_file: Callable[[str, int], None] | None = None
) -> Path:
    """The folder with this plan's extracts below the home; written if it is not there."""
    parent = home / "sample"
    folder = parent / f"scale-{plan.scale:g}_seed-{plan.seed}_until-{plan.until}"
    if not folder.is_dir():
        parent.mkdir(parents=True, exist_ok=True)
        # Written beside and moved whole, so that a killed run leaves no half sample behind.
        unfinished = Path(tempfile.mkdtemp(dir=parent, prefix=".unfinished-"))
        try:
            write_sample(unfinished, plan, on_file)
            unfinished.rename(folder)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
        _forget_older(folder)
    return folder


def _forget_older(folder: Path) -> None:
    """Keep the newest few samples: one that moves with the day would fill the disk."""
    others = [path for path in folder.parent.iterdir() if path.is_dir() and path != folder]
    for path in sorted(others, key=lambda path: path.stat().st_mtime, reverse=True)[KEPT - 1 :]:
        shutil.rmtree(path, ignore_errors=True)
