"""describe_product: what one has to know of a port before asking it, on four kilobytes.

Where a contract says more than fits, descriptions get shorter first, then columns are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi.concurrency import run_in_threadpool

from meshport.access.authorize import Grant
from meshport.catalog.entry import PortEntry
from meshport.contracts.model import Column
from meshport.errors import AccessError
from meshport.products.mesh import Port
from meshport.serving.agents.arguments import Describe
from meshport.serving.agents.call import Call, Told, about, limits_of
from meshport.serving.agents.cells import counted, plain, shortened, size_of
from meshport.serving.agents.examples import examples
from meshport.serving.agents.joins import Join, joins_of
from meshport.serving.lifecycle import Lifecycle

MOST_BYTES = 4_096
_LENGTHS = (
    *((400, meaning, 8) for meaning in (120, 80, 60, 45)),
    *((300, meaning, 8) for meaning in (60, 45, 30, 0)),
    *((150, 0, values) for values in (8, 4, 0)),
)
"""How long texts are, how long meanings of columns, how many values: the first that fits."""


async def describe(call: Call, wanted: Describe) -> Told:
    """The brief; raises ServingError MP610, AccessError MP702."""
    return await run_in_threadpool(_described, call.with_purpose(wanted.purpose), wanted.id)


def _described(call: Call, id_: str) -> Told:
    port = call.port(id_)
    grant = call.lenient_grant(port)
    entry = call.doors.catalog.entry(port, call.doors.now(), grant)
    content = _fitted(_Brief(call, entry, joins_of(call, entry)))
    columns = counted(len(entry.visible), "column")
    words = f"{port.id}: {columns} for class {grant.reader.name}."
    if not entry.visible:
        words = f"{port.id}: nothing of it is for class {grant.reader.name}; see notes."
    return Told(content, words)


@dataclass(frozen=True)
class _Brief:
    call: Call
    entry: PortEntry
    joins: Sequence[Join]

    def content(self, text: int, meaning: int, values: int) -> dict[str, Any]:
        """The brief with texts of that length."""
        port, contract = self.entry.port, self.entry.port.contract
        return {
            "id": str(port.id),
            "name": plain(contract.name, 100),
            "purpose": shortened(contract.purpose, text),
            "grain": plain(contract.table.grain, 120),
            "key": [name for name in contract.table.key if name in self._names],
            "columns": [self._column(column, meaning, values) for column in self.entry.visible],
            "measures": list(self._measures()),
            "joins": [join.as_json() for join in self.joins],
            "caveats": [shortened(one, text) for one in self._caveats()],
            "freshness": self._freshness(),
            "access": about(self.entry.grant),
            "notes": list(self._notes()),
            "examples": examples(self.entry, self.joins),
        }

    @property
    def _names(self) -> set[str]:
        return {column.name for column in self.entry.visible}

    def _column(self, column: Column, meaning: int, values: int) -> dict[str, Any]:
        said: dict[str, Any] = {"name": column.name, "type": plain(str(column.physical_type), 60)}
        if column.unit:
            said["unit"] = plain(column.unit, 40)
        if column.name in self.entry.masked:
            said["masked"] = self.entry.masked[column.name]
        if column.allowed_values and values:
            said["values"] = [plain(str(one), 40) for one in column.allowed_values[:values]]
        if meaning:
            said["about"] = shortened(column.description, meaning)
        return said

    def _measures(self) -> Iterator[dict[str, Any]]:
        for column in self.entry.visible:
            aggregation = column.custom.get("aggregation")
            if aggregation:
                yield {"column": column.name, "aggregation": plain(str(aggregation), 40)}

    def _caveats(self) -> Iterator[str]:
        contract = self.entry.port.contract
        yield from (text for text in (contract.usage, contract.limitations) if text)
        failed = self.entry.status.checks["failed"]
        if failed:
            yield f"{counted(failed, 'check')} of the current release failed as warnings."
        headers = Lifecycle(self.call.doors.catalog, self.entry.port).headers
        if headers:
            yield f"Deprecated: {', '.join(f'{name} {said}' for name, said in headers.items())}."

    def _freshness(self) -> dict[str, Any]:
        status = self.entry.status
        manifest = status.manifest
        levels = [
            {
                "promise": f"{one.name} {plain(one.target, 40)}",
                "now": one.measured,
                "met": one.is_met,
            }
            for one in status.service_levels
            if one.is_met is not None
        ]
        return {
            "state": status.state,
            "published_at": manifest.published_at.isoformat() if manifest else None,
            "release": manifest.release if manifest else None,
            "contract_version": self.entry.port.contract.version,
            "rows_visible": rows_seen(self.call, self.entry.port, self.entry.grant),
            "promises": levels[:3],
        }

    def _notes(self) -> Iterator[str]:
        entry = self.entry
        if entry.hidden:
            beyond = f"beyond class {entry.grant.reader.name} and not there for you"
            yield f"{counted(len(entry.hidden), 'more column')}: {beyond}."
        if not entry.visible:
            yield "Nothing can be read as you are now; ask with request_access."
        if entry.status.release is None:
            yield "Nothing is published yet."
        if entry.status.refusal:
            yield "The latest attempt to publish was refused: rows are those of the release before."
        yield from limits_of(entry.grant, entry.port)


def _fitted(brief: _Brief) -> dict[str, Any]:
    """The fullest brief that fits."""
    for lengths in _LENGTHS:
        content = brief.content(*lengths)
        if size_of(content) <= MOST_BYTES:
            return content
    return _fewer(content)


def _fewer(content: dict[str, Any]) -> dict[str, Any]:
    """The brief with as many columns as there is room for."""
    columns, measures = content["columns"], content["measures"]
    while columns and size_of(content) > MOST_BYTES:
        columns = columns[: len(columns) - max(1, len(columns) // 10)]
        left = {one["name"] for one in columns}
        rest = len(content["columns"]) - len(columns)
        content = {
            **content,
            "columns": columns,
            "measures": [one for one in measures if one["column"] in left],
            "columns_left_out": content.get("columns_left_out", 0) + rest,
        }
    return content


def rows_seen(call: Call, port: Port, grant: Grant) -> int:
    """How many rows of the current release the grant shows."""
    manifest = call.doors.catalog.store.of(port.id.domain).current()
    part = manifest.port(port.id) if manifest else None
    if part is None:
        return 0
    try:
        return call.asker.sight(port, part, grant).rows
    except AccessError:
        return 0
