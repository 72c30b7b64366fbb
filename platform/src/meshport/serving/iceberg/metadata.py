"""A table as its readers find it, with a snapshot for every version that is kept.

In the words of the format's specification, checked and written by pyiceberg. It follows from
releases and the contract, so nothing has to be remembered: files are written when they are first
asked for, kept with the release's data, and looked up by name.
"""

from __future__ import annotations

import hashlib
import uuid
from pathlib import Path
from typing import Any

from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC
from pyiceberg.schema import Schema
from pyiceberg.table.metadata import TableMetadataV2
from pyiceberg.table.sorting import UNSORTED_SORT_ORDER

from meshport.serving.iceberg.draft import Draft
from meshport.serving.iceberg.manifests import Manifests
from meshport.serving.iceberg.schema import name_mapping, table_schema
from meshport.serving.iceberg.table import Shown, Table


class Metadata:
    """Everything that a table's readers need besides its data."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self._manifests = Manifests(table)
        columns = table.history.port.contract.table.columns
        self._described = {column.name: column.description for column in columns}

    def document(self, upto: Shown) -> Draft:
        """The table as it was at a version; raises ServingError MP613."""
        content = TableMetadataV2.model_validate(self._content(upto)).model_dump_json().encode()
        digest = hashlib.sha256(content).hexdigest()[:32]
        name = f"{upto.version.number:06d}-{digest}.metadata.json"
        return Draft(self._manifests.url(name), content)

    def file(self, name: str, number: int) -> Path | None:
        """The file of that name about that version, None where there is none.

        Raises ServingError MP613 and PublishError MP420.
        """
        shown = self.table.numbered(number)
        if shown is None:
            return None
        makers = dict(self._manifests.makers(shown, self.table.before(shown)))
        if name not in makers:
            document = self.document(shown)
            makers = {document.name: lambda: document}
        if name not in makers:
            return None
        folder = self._folder(shown)
        kept = folder / name
        return kept if kept.is_file() else makers[name]().save(folder)

    def _folder(self, shown: Shown) -> Path:
        view = hashlib.sha256(self.table.prefix.encode()).hexdigest()[:32]
        return self.table.history.store.made_from(shown.version.release) / f"iceberg-{view}"

    def _content(self, current: Shown) -> dict[str, Any]:
        number, table = current.version.number, self.table
        shown = [one for one in table.shown if one.version.number <= number]
        schemas = {schema.schema_id: schema for schema in map(self._schema, shown)}
        return {
            "format-version": 2,
            "table-uuid": uuid.uuid5(uuid.NAMESPACE_URL, f"{table.port.urn} {table.prefix}"),
            "location": table.location,
            "last-sequence-number": number,
            "last-updated-ms": current.version.milliseconds,
            "last-column-id": max(schema.highest_field_id for schema in schemas.values()),
            "schemas": list(schemas.values()),
            "current-schema-id": self._schema(current).schema_id,
            "partition-specs": [UNPARTITIONED_PARTITION_SPEC],
            "default-spec-id": UNPARTITIONED_PARTITION_SPEC.spec_id,
            "last-partition-id": 999,  # where ids of partition fields begin, less one
            "sort-orders": [UNSORTED_SORT_ORDER],
            "default-sort-order-id": UNSORTED_SORT_ORDER.order_id,
            "properties": self._properties(list(schemas.values())),
            "current-snapshot-id": number,
            "snapshots": [self._snapshot(one) for one in shown],
            "snapshot-log": [
                {"snapshot-id": one.version.number, "timestamp-ms": one.version.milliseconds}
                for one in shown
            ],
            "refs": {
                **{one.version.release: _ref("tag", one) for one in shown},
                "main": _ref("branch", current),
            },
        }

    def _schema(self, shown: Shown) -> Schema:
        return table_schema(shown.seen.sight.types, self._described)

    def _properties(self, schemas: list[Schema]) -> dict[str, str]:
        return {
            "schema.name-mapping.default": name_mapping(schemas),
            "comment": self.table.history.port.contract.purpose or "",
            "meshport.port": str(self.table.port),
            "meshport.access-class": self.table.grant.reader.name,
        }

    def _snapshot(self, shown: Shown) -> dict[str, Any]:
        before = self.table.before(shown)
        summary = {
            "operation": "overwrite" if before else "append",
            **_counts("added", shown),
            **(_counts("deleted", before) if before else {}),
            **_counts("total", shown),
            "meshport.release": shown.version.release,
        }
        parent = {"parent-snapshot-id": before.version.number} if before else {}
        return {
            "snapshot-id": shown.version.number,
            **parent,
            "sequence-number": shown.version.number,
            "timestamp-ms": shown.version.milliseconds,
            "manifest-list": self._manifests.list_url(shown, before),
            "summary": summary,
            "schema-id": self._schema(shown).schema_id,
        }


def _counts(verb: str, shown: Shown) -> dict[str, str]:
    sight = shown.seen.sight
    return {
        f"{verb}-data-files": str(len(sight.files)),
        f"{verb}-records": str(sight.rows),
        f"{verb}-files-size": str(sum(file.bytes for file in sight.files)),
    }


def _ref(kind: str, shown: Shown) -> dict[str, Any]:
    return {"snapshot-id": shown.version.number, "type": kind}
