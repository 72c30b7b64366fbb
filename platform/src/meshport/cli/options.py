"""Choices and options that several commands share."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Optional

import typer


class Format(StrEnum):
    """How a command prints its result."""

    TEXT = "text"
    JSON = "json"


class CheckFormat(StrEnum):
    """How results of checks are printed."""

    TEXT = "text"
    JSON = "json"
    OORS = "oors"


class ReportFormat(StrEnum):
    """How a report of changes is printed."""

    TEXT = "text"
    JSON = "json"
    JUNIT = "junit"
    SARIF = "sarif"
    MARKDOWN = "markdown"
    GITHUB = "github"
    OMDS = "omds"


class ChangeKind(StrEnum):
    """What could happen to a port or a column."""

    DROP = "drop"
    RENAME = "rename"
    RETYPE = "retype"
    NULLABLE = "nullable"
    VALUES = "values"
    ROWS = "rows"


FormatOption = Annotated[Format, typer.Option("--format", help="text or json")]
CheckOption = Annotated[
    CheckFormat, typer.Option("--format", help="text, json or oors (Bitol RFC 0018)")
]
ReportOption = Annotated[
    ReportFormat, typer.Option("--format", help="for people, programs and CI systems")
]
DayOption = Annotated[Optional[datetime], typer.Option(formats=["%Y-%m-%d"], help="default: now")]
