"""`meshport sample`: the built-in source extracts, as files."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from rich.progress import BarColumn, Progress, TextColumn

from meshport.cli.show import console, print_table
from meshport.errors import SettingsError
from meshport.sources.sample import SamplePlan, write_sample


def sample_command(folder: Path, scale: float, seed: int, until: date | None) -> None:
    """Write them; raises SettingsError MP905 for a scale or folder that cannot be used."""
    try:
        plan = SamplePlan(scale, seed, until) if until else SamplePlan(scale, seed)
        folder.mkdir(parents=True, exist_ok=True)
        with Progress(
            TextColumn("{task.description}"), BarColumn(24), console=console(stderr=True)
        ) as bar:
            task = bar.add_task("sample", total=10)
            written = write_sample(folder, plan, lambda *_: bar.advance(task))
    except (ValueError, OSError) as error:
        raise SettingsError("MP905", f"the sample cannot be written: {error}") from error
    rows = [(name, f"{count:,}") for name, count in written.items()]
    print_table(("file", "rows"), rows, numbers={1})
