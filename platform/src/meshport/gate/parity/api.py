"""What the API says of a port, derived from its contract without any release (PAR05)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from meshport.contracts.access_class import AccessClass, access_classes, view_of
from meshport.contracts.classification import Classifications
from meshport.contracts.json_type import JSON_TYPE
from meshport.contracts.model import Column
from meshport.errors import Place
from meshport.gate.problem import error
from meshport.products.mesh import Mesh, Port
from meshport.reports.result import Problem
from meshport.serving.port_operations import PAGING, rows_operation
from meshport.sql.native_type import NativeType, native_type

_DERIVED = "the API follows from the contract alone: mend what comes between the two"
_ONE_MEANING = "let logicalType and physicalType mean the same"
# What the JSON of rows holds, by family of the engine's types.
_JSON = {
    "text": "string", "uuid": "string", "boolean": "boolean", "float": "number", "list": "array",
    "date": "string", "time": "string", "timestamp": "string", "zoned timestamp": "string",
    "enum": "string", "struct": "object",
}  # fmt: skip
_FORMATS = {"date": "date", "time": "time", "timestamp": None, "zoned timestamp": "date-time"}
# A number of JSON is a double to most readers: exact to 15 digits.
_EXACT_BITS, _EXACT_DIGITS = 32, 15


def problems(mesh: Mesh, scale: Classifications) -> Iterator[Problem]:
    """PAR05: the API describes exactly the columns that are served, as what they are."""
    reader = _anyone(scale)
    for product in mesh.products.values():
        for port in product.ports:
            served = [one for one in port.contract.table.columns if view_of(one, reader, scale)]
            for fact, place, hint in _faults(port, served, rows_operation(port, served, {}), scale):
                yield error("PAR05", f"the API of {port.id}: {fact}", place, hint)


def _anyone(scale: Classifications) -> AccessClass:
    """The class of those who need not ask, whose view the API describes."""
    is_open = {step.name for step in scale.steps if step.is_served_openly}
    classes = access_classes(scale)
    return next((one for one in reversed(classes) if one.name in is_open), classes[0])


def _faults(
    port: Port, served: Sequence[Column], operation: dict[str, Any], scale: Classifications
) -> Iterator[tuple[str, Place, str]]:
    columns, whole = port.contract.table.columns, Place(port.contract.file)
    in_clear = {column.name for column in scale.served_openly(columns)}
    row = operation["responses"]["200"]["content"]["application/json"]["schema"]["items"]
    filters = {one["name"] for one in operation["parameters"]}
    for column in columns:
        said = row["properties"].get(column.name)
        if said is None and column.name in in_clear:
            yield f"`{column.name}` is missing", column.place, _DERIVED
        elif said is not None and column not in served:
            yield f"`{column.name}` is withheld, and described", column.place, _DERIVED
        elif said is not None and column.name in in_clear:
            yield from ((fact, column.place, _ONE_MEANING) for fact in _unfit(column, said))
    for name in sorted((filters ^ set(row["properties"])) - PAGING):
        yield f"`{name}` is served or a filter, and not both", whole, _DERIVED
    is_old = port.is_deprecated or port.contract.status in ("deprecated", "retired")
    if is_old is not operation.get("deprecated", False):
        yield f"it does not say that the port is {port.contract.status}", whole, _DERIVED


def _unfit(column: Column, said: dict[str, Any]) -> Iterator[str]:
    """Where the schema of a column does not fit the values that the engine would serve."""
    native = native_type(column.physical_type) if column.physical_type else None
    wanted = _json_type(native, column) if native is not None else None
    if native is None or wanted is None:
        return
    kinds = said["type"] if isinstance(said["type"], list) else [said["type"]]
    if kinds[0] != wanted:
        yield f"`{column.name}` is {kinds[0]}, {column.physical_type} comes as {wanted}"
    elif ("null" in kinds) is column.required:
        yield f"`{column.name}` {'may' if 'null' in kinds else 'can never'} be null"
    elif native.family in _FORMATS and said.get("format") != _FORMATS[native.family]:
        form = _FORMATS[native.family] or "no format"
        yield f"`{column.name}` has the format {said.get('format')}, it comes with {form}"


def _json_type(native: NativeType, column: Column) -> str | None:
    if native.family == "integer":
        number, is_exact = "integer", (native.bits or 0) <= _EXACT_BITS
    elif native.family == "decimal":
        number, is_exact = "number", (native.precision or 0) <= _EXACT_DIGITS
    else:
        return _JSON.get(native.family)
    # A column may say which of the two it is to be.
    is_number = {"number": True, "string": False}.get(str(column.custom.get(JSON_TYPE)), is_exact)
    return number if is_number else "string"
