"""What a release says of itself: written once, never changed, enough to read and to explain it."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, PrivateAttr, ValidationError

from meshport.errors import Place, PublishError
from meshport.names import PortId
from meshport.products.descriptor import Descriptor

FULL = "full"
"""The projection with every column; access classes add theirs beside it."""


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StoredFile(_Record):
    """An immutable file in the domain's part of the store; the path is relative to that."""

    path: str
    sha256: str
    bytes: int
    rows: int


class NativeColumn(_Record):
    """A column as it was written."""

    name: str
    type: str


class MaskedColumn(_Record):
    """A column that a projection shows through a mask, and the type that leaves."""

    name: str
    mask: str
    type: str


class Projection(_Record):
    """The files that hold these columns of a port."""

    columns: list[str]
    files: list[StoredFile]
    masked: list[MaskedColumn] = []

    @property
    def rows(self) -> int:
        """How many rows it holds."""
        return sum(file.rows for file in self.files)

    def content_hash(self) -> str:
        """The same for the same rows in the same columns, whatever release they are in."""
        parts = [*self.columns, *(file.sha256 for file in self.files)]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


class Quarantine(_Record):
    """The rows that could not meet the contract, and why."""

    rows: int
    budget_percent: float
    by_reason: dict[str, int]
    files: list[StoredFile]


class CheckOutcome(_Record):
    """A check's result as it was at publishing."""

    id: str
    table: str
    column: str | None
    clause: str
    status: str
    severity: str
    failed_rows: int
    sample_keys: list[dict[str, Any]]
    message: str


class ServiceLevelMeasure(_Record):
    """What a service level was measured on; `watermark` is in seconds since 1970, UTC."""

    id: str
    property: str
    target: str
    limit_seconds: float | None
    column: str | None
    measures_youngest: bool
    watermark: float | None


class PortRelease(_Record):
    """One port's part of a release."""

    port: str
    contract_version: str
    contract: StoredFile
    schema_hash: str
    columns: list[NativeColumn]
    key: list[str]
    rows: int
    projections: dict[str, Projection]
    quarantine: Quarantine
    checks: list[CheckOutcome]
    service_levels: list[ServiceLevelMeasure]
    _release: str = PrivateAttr("")

    @property
    def release(self) -> str:
        """The release that it is a part of; empty before there is one."""
        return self._release

    @property
    def full(self) -> Projection:
        """The projection with every column."""
        return self.projections[FULL]

    def types(self, projection: Projection) -> dict[str, str]:
        """The native types of a projection's columns, in order."""
        native = {column.name: column.type for column in self.columns}
        native |= {column.name: column.type for column in projection.masked}
        return {name: native[name] for name in projection.columns}


class InputRelease(_Record):
    """An upstream release that was read."""

    port: str
    contract_version: str
    release: str


class SourceAccount(_Record):
    """A source extract and where its rows went."""

    table: str
    file: str | None
    sha256: str
    bytes: int
    becomes: str | None
    rows: int
    published: int
    quarantined: int
    superseded: int

    @property
    def is_balanced(self) -> bool:
        """Whether every row is accounted for; a lookup has nothing to account for."""
        accounted = self.published + self.quarantined + self.superseded
        return self.becomes is None or self.rows == accounted


class Manifest(_Record):
    """A whole release of one domain."""

    format: int = 1
    release: str
    domain: str
    sequence: int
    parent: str | None
    published_at: datetime
    run_id: str
    code_revision: str | None
    meshport: str
    inputs: list[InputRelease]
    source_folder: str
    sources: list[SourceAccount]
    descriptor: Descriptor
    ports: dict[str, PortRelease]

    def model_post_init(self, _context: Any) -> None:
        """Have the parts know what they are parts of."""
        for part in self.ports.values():
            part._release = self.release

    def port(self, port: PortId) -> PortRelease | None:
        """The port's part, None where the release does not hold it."""
        return self.ports.get(str(port))

    def files(self) -> set[str]:
        """The paths of all data files of the release, contracts apart."""
        found: set[str] = set()
        for port in self.ports.values():
            for projection in port.projections.values():
                found |= {file.path for file in projection.files}
            found |= {file.path for file in port.quarantine.files}
        return found


def sealed(draft: dict[str, Any]) -> Manifest:
    """A manifest whose release id names the domain, the sequence and the content."""
    unnamed = Manifest.model_validate({**draft, "release": ""})
    digest = hashlib.sha256(unnamed.model_dump_json().encode()).hexdigest()
    release = f"{unnamed.domain}-{unnamed.sequence:06d}-{digest[:8]}"
    return Manifest.model_validate({**draft, "release": release})


def parse_manifest(text: bytes, place: Place) -> Manifest:
    """The manifest in a file's text; raises PublishError MP402 where it is damaged."""
    try:
        return Manifest.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "all of it"
        fact = f"the manifest is damaged: {where}: {first['msg']}"
        raise PublishError("MP402", fact, place) from error


def schema_hash(columns: list[NativeColumn]) -> str:
    """A fingerprint of names, order and native types."""
    text = json.dumps([[column.name, column.type] for column in columns])
    return hashlib.sha256(text.encode()).hexdigest()
