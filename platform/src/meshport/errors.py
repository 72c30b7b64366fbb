"""What can go wrong, each with a code, a place, the fact and a way out.

MeshportError
├── ContractError    MP1xx  a contract cannot be read or promises something impossible
├── ProductError     MP2xx  a data product, its sources or its dbt project is broken
├── CheckError       MP3xx  a check could not run
├── PublishError     MP4xx  a release could not be made, read or moved
├── CatalogError     MP5xx  the catalog's own words are broken
├── ServingError     MP6xx  a request cannot be answered
├── AccessError      MP7xx  a request may not be answered
└── SettingsError    MP9xx  the environment or the command line is wrong
"""

from __future__ import annotations

from dataclasses import dataclass

from meshport.error_codes import CODES


@dataclass(frozen=True)
class Place:
    """Where in a file something stands; line and column count from 1."""

    file: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        parts = [self.file, self.line, self.column]
        return ":".join(str(part) for part in parts if part is not None)


class MeshportError(Exception):
    """Something a person can act on. `code` is never reused for another meaning."""

    def __init__(
        self, code: str, fact: str, place: Place | None = None, hint: str | None = None
    ) -> None:
        super().__init__(fact)
        self.code = code
        self.fact = fact
        self.place = place
        self.hint = hint

    @property
    def breaks_promise(self) -> bool:
        """Whether it means that a promise is broken, not just that nobody can tell."""
        return CODES[self.code].breaks_promise

    def __str__(self) -> str:
        head = f"{self.code} {self.place}" if self.place else self.code
        lines = [head, self.fact]
        if self.hint:
            lines += ["", f"hint: {self.hint}"]
        return "\n".join(lines)

    def __reduce__(self) -> tuple[type[MeshportError], tuple[object, ...]]:
        # The default would hand the fact alone to __init__ and lose code, place and hint
        # where Dagster carries an error from one process to another.
        return type(self), (self.code, self.fact, self.place, self.hint)


class ContractError(MeshportError):
    """A contract cannot be read or promises something impossible."""


class ProductError(MeshportError):
    """A data product, its sources or its dbt project is broken."""


class CheckError(MeshportError):
    """A check could not run; never to be taken for a pass."""


class PublishError(MeshportError):
    """A release could not be made, read or moved."""


class CatalogError(MeshportError):
    """The catalog's own words are broken."""


class ServingError(MeshportError):
    """A request cannot be answered."""


class AccessError(MeshportError):
    """A request may not be answered."""


class SettingsError(MeshportError):
    """The environment or the command line is wrong."""


class ManyFaultsError(MeshportError):
    """Several faults found in one pass, so that a person mends them in one go."""

    def __init__(self, errors: list[MeshportError]) -> None:
        first = errors[0]
        super().__init__(first.code, first.fact, first.place, first.hint)
        self.errors = errors

    def __str__(self) -> str:
        return "\n\n".join(str(error) for error in self.errors)

    def __reduce__(self) -> tuple[type[MeshportError], tuple[object, ...]]:
        return ManyFaultsError, (self.errors,)


def each_of(error: MeshportError) -> list[MeshportError]:
    """The single faults behind an error, one or many."""
    return error.errors if isinstance(error, ManyFaultsError) else [error]
