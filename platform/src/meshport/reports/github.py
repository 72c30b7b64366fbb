"""The report as workflow commands of GitHub Actions, which become annotations of lines."""

from __future__ import annotations

from meshport.reports.escaping import command_data, command_property
from meshport.reports.remarks import Remark, remarks
from meshport.reports.result import Report


def render(report: Report) -> str:
    """One `::error`, `::warning` or `::notice` per finding and problem, the worst first.

    GitHub shows the first ten of each level of a step.
    """
    return "".join(f"{_command(one)}\n" for one in remarks(report) if not one.waiver)


def _command(remark: Remark) -> str:
    properties = {
        "file": remark.file,
        "line": remark.line,
        "col": remark.column,
        "title": f"{remark.rule}: {remark.title}",
    }
    written = ",".join(
        f"{name}={command_property(value)}" for name, value in properties.items() if value
    )
    lines = [remark.message, *([f"hint: {remark.hint}"] if remark.hint else [])]
    return f"::{remark.level.value} {written}::{command_data(*lines)}"
