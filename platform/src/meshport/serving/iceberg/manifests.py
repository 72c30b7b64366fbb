"""The files that say which data a version holds: a list of manifests, and the manifests.

pyiceberg writes them. All of it follows from releases, which never change, and every file is named
by what it follows from. So a version has the same metadata, wherever and whenever it is made.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Literal

from pyiceberg import __version__
from pyiceberg.io.pyarrow import PyArrowFileIO, parquet_file_to_data_file
from pyiceberg.manifest import (
    DataFile,
    DataFileContent,
    FileFormat,
    ManifestEntry,
    ManifestEntryStatus,
    ManifestFile,
    ManifestWriter,
    write_manifest,
    write_manifest_list,
)
from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC
from pyiceberg.schema import Schema
from pyiceberg.table.metadata import TableMetadataV2
from pyiceberg.typedef import Record

from meshport.errors import ServingError
from meshport.publishing.manifest import StoredFile
from meshport.serving.iceberg.draft import Draft
from meshport.serving.iceberg.schema import table_schema
from meshport.serving.iceberg.table import DATA, METADATA, Shown, Table
from meshport.sql.native_type import native_type

ENCODING = "1"
"""To be raised when the same release would be described differently."""
_CODEC: Literal["deflate"] = "deflate"
_ADDED, _REMOVED, _SNAPSHOT = "added", "removed", "snapshot"
_FILE_PATH = 1
"""The place of the path in the record of a file, which has no other way to set it."""


class Manifests:
    """Those of one table."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def list_url(self, shown: Shown, before: Shown | None) -> str:
        """Where the list of a version's manifests lies."""
        return self.url(self._name(_SNAPSHOT, shown, before))

    def url(self, name: str) -> str:
        """Where a file of metadata lies."""
        return f"{self.table.location}/{METADATA}/{name}"

    def makers(
        self, shown: Shown, before: Shown | None
    ) -> Iterator[tuple[str, Callable[[], Draft]]]:
        """The files of a version by name, and what writes each.

        Writing raises ServingError MP613.
        """
        yield self._name(_SNAPSHOT, shown, before), lambda: self._list(shown, before)
        if shown.seen.sight.files:
            yield self._name(_ADDED, shown), lambda: self._added(shown)[0]
        if before and before.seen.sight.files:
            yield self._name(_REMOVED, shown, before), lambda: self._removed(shown, before)[0]

    def _name(self, kind: str, shown: Shown, before: Shown | None = None) -> str:
        seen = [one.seen.sight for one in (shown, before) if one]
        about = [
            ENCODING, __version__, self.table.location, shown.version.number,
            before.version.number if before else None, list(shown.seen.sight.types.items()),
            *(one.content_hash for one in seen),
        ]  # fmt: skip
        digest = hashlib.sha256(json.dumps(about).encode()).hexdigest()[:32]
        return f"{shown.version.number:06d}-{digest}-{kind}.avro"

    def _list(self, shown: Shown, before: Shown | None) -> Draft:
        number, parent = shown.version.number, before.version.number if before else None
        draft = Draft(self.list_url(shown, before))
        listed = []
        if shown.seen.sight.files:
            listed.append(self._added(shown)[1])
        if before and before.seen.sight.files:
            listed.append(self._removed(shown, before)[1])
        with write_manifest_list(2, draft, number, parent, number, _CODEC) as writer:
            writer.add_manifests(listed)
        return draft

    def _added(self, shown: Shown) -> tuple[Draft, ManifestFile]:
        """The manifest of what a version holds, all of it new, and its line in the list."""
        schema = table_schema(shown.seen.sight.types, {})
        draft = Draft(self.url(self._name(_ADDED, shown)))
        described = [self._described(shown, file, schema) for file in shown.seen.sight.files]
        with self._writer(draft, schema, shown) as writer:
            for data in described:
                added = ManifestEntryStatus.ADDED
                writer.add(ManifestEntry.from_args(status=added, data_file=data))
        return draft, writer.to_manifest_file()

    def _removed(self, shown: Shown, before: Shown) -> tuple[Draft, ManifestFile]:
        """The manifest of what the version before held, all of it gone, and its line."""
        schema = table_schema(shown.seen.sight.types, {})
        draft = Draft(self.url(self._name(_REMOVED, shown, before)))
        was = before.version.number
        with self._writer(draft, schema, shown) as writer:
            for file in before.seen.sight.files:
                entry = ManifestEntry.from_args(
                    status=ManifestEntryStatus.DELETED, snapshot_id=shown.version.number,
                    sequence_number=was, file_sequence_number=was, data_file=self._named(file),
                )  # fmt: skip
                writer.add_entry(entry)
        return draft, writer.to_manifest_file()

    def _writer(self, draft: Draft, schema: Schema, shown: Shown) -> ManifestWriter:
        return write_manifest(
            2, UNPARTITIONED_PARTITION_SPEC, schema, draft, shown.version.number, _CODEC
        )

    def _described(self, shown: Shown, file: StoredFile, schema: Schema) -> DataFile:
        """A file with its counts and bounds; raises ServingError MP613."""
        table = TableMetadataV2.model_validate(
            {
                "location": self.table.location,
                "schemas": [schema],
                "current-schema-id": schema.schema_id,
                "last-column-id": schema.highest_field_id,
                "partition-specs": [UNPARTITIONED_PARTITION_SPEC],
                "properties": dict(_uncompared(shown.seen.sight.types)),
            }
        )
        path = str(shown.seen.folder / file.path)
        try:
            data = parquet_file_to_data_file(PyArrowFileIO(), table, path)
        except (ValueError, TypeError) as error:
            fact = f"{self.table.port} holds what the format has no word for"
            raise ServingError("MP613", fact, hint="read the port through …/rows") from error
        data[_FILE_PATH] = self._data_url(file)
        return data

    def _named(self, file: StoredFile) -> DataFile:
        """A file that is gone; its counts and bounds were told when it was added."""
        return DataFile.from_args(
            content=DataFileContent.DATA, file_path=self._data_url(file),
            file_format=FileFormat.PARQUET, partition=Record(),
            record_count=file.rows, file_size_in_bytes=file.bytes,
            column_sizes={}, value_counts={}, null_value_counts={}, nan_value_counts={},
            lower_bounds={}, upper_bounds={},
        )  # fmt: skip

    def _data_url(self, file: StoredFile) -> str:
        return f"{self.table.location}/{DATA}/{file.sha256}.parquet"


def _uncompared(types: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Properties that ask for counts without bounds, of columns that pyiceberg cannot compare."""
    for name, native in types.items():
        found = native_type(native)
        if found and found.family == "json":
            yield f"write.metadata.metrics.column.{name}", "counts"
