"""The lines of an answer: protocol, metadata and files, in Parquet's or in Delta's own format."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from meshport.errors import ServingError
from meshport.products.mesh import Port
from meshport.serving.delta.listing import table_id
from meshport.serving.delta.request import DELTA, Capabilities
from meshport.serving.delta.schema import needed_features, schema_string
from meshport.serving.feed.history import Seen
from meshport.serving.feed.versions import Version

Line = dict[str, Any]
_CHANGE_FEED = "enableChangeDataFeed"
_HOLDS_ROWS = ("file", "add")


@dataclass(frozen=True)
class SharedFile:
    """A file in an answer; `kind` is Parquet's word: file, add, cdf or remove."""

    kind: str
    url: str
    id: str
    bytes: int
    expires_at: int
    rows: int
    version: Version | None = None


class Lines:
    """Writes the lines of one answer."""

    def __init__(self, port: Port, capabilities: Capabilities) -> None:
        self.port = port
        self.is_delta = capabilities.format == DELTA
        self.features = capabilities.features

    def head(self, seen: Seen, version: int | None = None) -> list[Line]:
        """Protocol and metadata; raises ServingError MP613 where the reader lacks a feature."""
        return [self._protocol(seen), self.metadata(seen, version)]

    def metadata(self, seen: Seen, version: int | None = None) -> Line:
        """The table as a release holds it; `version` is told where time travel asks for it."""
        contract = self.port.contract
        columns = {column.name: column for column in contract.table.columns}
        delta = {
            "id": table_id(self.port.id),
            "name": str(self.port.id),
            "description": contract.purpose,
            "format": {"provider": "parquet"},
            "schemaString": schema_string(seen.sight.types, columns, self.is_delta),
            "partitionColumns": [],
        }
        files = seen.sight.files
        about: Line = {
            "accessModes": ["url"],
            "size": sum(file.bytes for file in files),
            "numFiles": len(files),
        }
        if version is not None:
            about["version"] = version
        if self.is_delta:
            delta["format"] = {"provider": "parquet", "options": {}}
            delta["configuration"] = {f"delta.{_CHANGE_FEED}": "true"}
            return {"metaData": {**about, "deltaMetadata": delta}}
        return {"metaData": {**delta, **about, "configuration": {_CHANGE_FEED: "true"}}}

    def file(self, one: SharedFile) -> Line:
        """A file."""
        expiry = {"expirationTimestamp": one.expires_at * 1000}
        when: Line = {}
        if one.version:
            when = {"version": one.version.number, "timestamp": one.version.milliseconds}
        if self.is_delta:
            action = {"deltaSingleAction": _delta_action(one)}
            return {"file": {"id": one.id, "size": one.bytes, **when, **expiry, **action}}
        about: Line = {"url": one.url, "id": one.id, "partitionValues": {}, "size": one.bytes}
        if one.kind in _HOLDS_ROWS:
            about["stats"] = _stats(one)
        return {one.kind: {**about, **when, **expiry}}

    def _protocol(self, seen: Seen) -> Line:
        if not self.is_delta:
            return {"protocol": {"minReaderVersion": 1}}
        needed = needed_features(seen.sight.types)
        missing = [one for one in needed if one.lower() not in self.features]
        if missing:
            fact = f"reading {self.port.id} takes the reader feature {', '.join(missing)}"
            raise ServingError("MP613", fact, hint="ask for responseformat=parquet")
        if not needed:
            return {"protocol": {"deltaProtocol": {"minReaderVersion": 1, "minWriterVersion": 4}}}
        versions = {"minReaderVersion": 3, "minWriterVersion": 7}
        features = {"readerFeatures": needed, "writerFeatures": [*needed, "changeDataFeed"]}
        return {"protocol": {"deltaProtocol": {**versions, **features}}}


def _delta_action(one: SharedFile) -> Line:
    """A file as an action of Delta's log."""
    where: Line = {"path": one.url, "partitionValues": {}, "size": one.bytes}
    moment = one.version.milliseconds if one.version else 0
    if one.kind == "cdf":
        return {"cdc": {**where, "dataChange": False}}
    if one.kind == "remove":
        about = {"deletionTimestamp": moment, "extendedFileMetadata": True}
        return {"remove": {**where, "dataChange": True, **about}}
    return {"add": {**where, "modificationTime": moment, "dataChange": True, "stats": _stats(one)}}


def _stats(one: SharedFile) -> str:
    return json.dumps({"numRecords": one.rows})
