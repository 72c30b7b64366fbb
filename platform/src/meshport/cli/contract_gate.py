"""`meshport contract gate`: what a change of the mesh does to whom."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from importlib import import_module
from pathlib import Path

from meshport.access.usage import actual_readers
from meshport.cli.show import say
from meshport.errors import SettingsError
from meshport.gate.run import GateRun
from meshport.reports.result import Report
from meshport.settings import current_settings

FORMATS = ("text", "json", "junit", "sarif", "markdown", "github", "omds")


def gate_command(
    against: str, format_name: str, writes: Sequence[str], replay: bool, today: date | None
) -> int:
    """0 every promise is kept; 1 one is broken; 2 something could not be read or compared."""
    # What is read stays until the process ends: looking for dead objects among it is waste.
    gc.disable()
    files = [_target(text) for text in writes]
    settings = current_settings()
    run = GateRun(
        root=settings.root,
        reference=against,
        today=today or datetime.now(UTC).date(),
        cache=settings.home / "cache",
        is_replayed=replay,
        readers=tuple(actual_readers(settings.home, datetime.now(UTC))),
    )
    report = run.report()
    for form, file in files:
        file.write_text(render(report, form), encoding="utf-8")
        say(f"written: {file}")
    sys.stdout.write(render(report, format_name))
    return report.exit_code


def render(report: Report, format_name: str) -> str:
    """The report in one of the formats; each is a module of its own."""
    text: str = import_module(f"meshport.reports.{format_name}").render(report)
    return text


def _target(text: str) -> tuple[str, Path]:
    form, equals, path = text.partition("=")
    if not equals or form not in FORMATS or not path:
        hint = f"write FORMAT=FILE; formats: {', '.join(FORMATS)}"
        raise SettingsError("MP907", f"`{text}` names no format and file", hint=hint)
    return form, Path(path)
