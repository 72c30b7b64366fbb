"""What a check is: one clause of a contract made executable, and what came out of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from meshport.contracts.model import Reference, Severity
from meshport.contracts.threshold import NONE, Threshold
from meshport.errors import Place


class Status(StrEnum):
    """How a check came out; `error` means that it could not run and is never a pass."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    NOT_ENFORCED = "not_enforced"


@dataclass(frozen=True)
class TypeRule:
    """The column is there and has the promised native type, or one of the logical type's."""

    physical_type: str | None
    logical_type: str | None


@dataclass(frozen=True)
class ZoneRule:
    """The timestamp carries a zone, or carries none."""

    is_zoned: bool


@dataclass(frozen=True)
class UndeclaredRule:
    """The table has no column that the contract does not name."""

    declared: frozenset[str]


@dataclass(frozen=True)
class RowRule:
    """Rows for which `violation` (SQL over the table's columns) is true break the clause."""

    violation: str
    columns: tuple[str, ...]
    threshold: Threshold = NONE

    @property
    def concerns_single_rows(self) -> bool:
        """Whether each offending row is at fault by itself, so that it can be set aside."""
        return self.threshold.means_none


@dataclass(frozen=True)
class AggregateRule:
    """A number computed over the whole table, in the same scan as the row rules."""

    expression: str
    columns: tuple[str, ...]
    threshold: Threshold


@dataclass(frozen=True)
class AgeRule:
    """The youngest or oldest value of a time column is at most so many seconds old."""

    column: str
    measures_youngest: bool
    limit_seconds: float


@dataclass(frozen=True)
class UniqueRule:
    """No two rows share these values; rows with a null in them are left out (SQL's UNIQUE)."""

    columns: tuple[str, ...]
    threshold: Threshold = NONE


@dataclass(frozen=True)
class ReferenceRule:
    """Every value, nulls apart, stands in the other table."""

    columns: tuple[str, ...]
    target: Reference


@dataclass(frozen=True)
class SqlRule:
    """A query of the contract's own, run in the sandbox."""

    query: str
    threshold: Threshold


@dataclass(frozen=True)
class NotEnforced:
    """A clause nobody checks, and why."""

    why: str


Rule = (
    TypeRule
    | ZoneRule
    | UndeclaredRule
    | RowRule
    | AggregateRule
    | AgeRule
    | UniqueRule
    | ReferenceRule
    | SqlRule
    | NotEnforced
)


@dataclass(frozen=True)
class CheckSpec:
    """One clause of a contract, ready to be run. `id` is unique within the contract."""

    id: str
    table: str
    column: str | None
    clause: str
    severity: Severity
    rule: Rule
    description: str
    place: Place

    @property
    def is_blocking(self) -> bool:
        """Whether a failure keeps the release back."""
        return self.severity is Severity.ERROR


@dataclass(frozen=True)
class CheckResult:
    """What one check found. `sample_keys` are keys of offending rows, never other columns."""

    spec: CheckSpec
    status: Status
    message: str
    failed_rows: int = 0
    sample_keys: tuple[dict[str, Any], ...] = ()
    measured: Any = field(default=None)

    @property
    def breaks_promise(self) -> bool:
        """Whether the result keeps a release back: an error does as much as a failure."""
        return self.spec.is_blocking and self.status in (Status.FAILED, Status.ERROR)

    def as_json(self) -> dict[str, Any]:
        """The form that commands, manifests and the API show."""
        return {
            "id": self.spec.id,
            "table": self.spec.table,
            "column": self.spec.column,
            "clause": self.spec.clause,
            "status": self.status.value,
            "severity": self.spec.severity.value,
            "failed_rows": self.failed_rows,
            "sample_keys": list(self.sample_keys),
            "message": self.message,
        }
