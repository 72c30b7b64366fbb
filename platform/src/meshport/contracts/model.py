"""A data contract as the rest of meshport sees it: frozen values in our words.

ODCS says object and property, we say table and column; this module and `read.py` are where the
two vocabularies meet (Open Data Contract Standard 3.0.0 to 3.2.0).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from meshport.contracts.threshold import Threshold
from meshport.errors import Place


class Severity(StrEnum):
    """What a broken clause does: an error keeps the release back, a warning is shown."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class QualityRule:
    """One entry of `quality` (ODCS 3.2, section Data Quality)."""

    id: str
    kind: str
    """`library`, `sql`, `text` or `custom`."""
    description: str
    metric: str | None
    arguments: Mapping[str, Any]
    query: str | None
    threshold: Threshold | None
    dimension: str | None
    severity: Severity
    place: Place


@dataclass(frozen=True)
class Reference:
    """Where a relationship points: a table, by name or id, of this or of another contract."""

    file: str | None
    """The other contract's file as written, relative to this one; None: this contract."""
    table: str
    columns: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.file or ''}#{self.table}({', '.join(self.columns)})"


@dataclass(frozen=True)
class Relationship:
    """A foreign key (ODCS 3.1, section Relationships)."""

    id: str
    columns: tuple[str, ...]
    target: Reference
    place: Place


@dataclass(frozen=True)
class Column:
    """The smallest promised thing: a type, a meaning, a classification."""

    id: str
    name: str
    logical_type: str | None
    physical_type: str | None
    options: Mapping[str, Any]
    required: bool
    unique: bool
    key_position: int | None
    """Position in the primary key, from 1; None outside of it."""
    classification: str | None
    description: str
    business_name: str | None
    allowed_values: tuple[Any, ...]
    quality: tuple[QualityRule, ...]
    examples: tuple[Any, ...]
    tags: tuple[str, ...]
    synonyms: tuple[str, ...]
    custom: Mapping[str, Any]
    unread: tuple[str, ...]
    """Keys of the column that promise something meshport only passes on."""
    place: Place

    @property
    def is_personal(self) -> bool:
        """Whether it is marked as personal data, by tag or by property."""
        is_tagged = any(tag.lower().startswith("pii") for tag in self.tags)
        return is_tagged or bool(self.custom.get("pii"))

    @property
    def unit(self) -> str | None:
        """The unit of measure, from `customProperties.unit`."""
        unit = self.custom.get("unit")
        return str(unit) if unit is not None else None


@dataclass(frozen=True)
class Table:
    """One table of a contract; a port's contract has exactly one."""

    id: str
    name: str
    physical_name: str
    description: str
    grain: str
    columns: tuple[Column, ...]
    relationships: tuple[Relationship, ...]
    quality: tuple[QualityRule, ...]
    place: Place

    @property
    def key(self) -> tuple[str, ...]:
        """The names of the primary key's columns, in order."""
        keyed = [column for column in self.columns if column.key_position is not None]
        return tuple(c.name for c in sorted(keyed, key=lambda column: column.key_position or 0))

    def column(self, name_or_id: str) -> Column | None:
        """The column of that name or, failing that, of that id."""
        by_name = (column for column in self.columns if column.name == name_or_id)
        by_id = (column for column in self.columns if column.id == name_or_id)
        return next(by_name, next(by_id, None))


@dataclass(frozen=True)
class ServiceLevel:
    """One service level objective (ODCS 3.2, section Service-Level Agreement)."""

    id: str
    name: str
    """ODCS calls it `property`, for example `freshness`."""
    value: Any
    unit: str | None
    elements: tuple[tuple[str, str], ...]
    """The (table, column) pairs it is measured on."""
    driver: str | None
    description: str
    schedule: str | None
    custom: Mapping[str, Any]
    place: Place

    @property
    def target(self) -> str:
        """The promise as one would say it, for example `48 h`."""
        return f"{self.value} {self.unit}" if self.unit else str(self.value)


@dataclass(frozen=True)
class SupportChannel:
    """Where the owner answers."""

    channel: str
    tool: str | None
    url: str | None
    scope: str | None


@dataclass(frozen=True)
class TeamMember:
    """Somebody who answers for the contract."""

    username: str
    name: str | None
    role: str | None


@dataclass(frozen=True)
class Contract:
    """What one output port promises under one major version."""

    id: str
    version: str
    status: str
    name: str
    domain: str
    purpose: str
    usage: str
    limitations: str
    tables: tuple[Table, ...]
    service_levels: tuple[ServiceLevel, ...]
    team_name: str | None
    team: tuple[TeamMember, ...]
    support: tuple[SupportChannel, ...]
    tags: tuple[str, ...]
    custom: Mapping[str, Any]
    file: str
    text: bytes = field(repr=False)
    sha256: str

    @property
    def table(self) -> Table:
        """The one table of a port's contract."""
        return self.tables[0]

    @property
    def major(self) -> int:
        """The major version; 0 where the version is not SemVer."""
        head = self.version.lstrip("v").split(".")[0]
        return int(head) if head.isdigit() else 0

    def find_table(self, name_or_id: str) -> Table | None:
        """The table of that name or, failing that, of that id."""
        by_name = (table for table in self.tables if table.name == name_or_id)
        by_id = (table for table in self.tables if table.id == name_or_id)
        return next(by_name, next(by_id, None))
