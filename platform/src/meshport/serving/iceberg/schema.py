"""The columns of a table in Iceberg's words, with ids that follow from their names."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from pyiceberg.schema import Schema
from pyiceberg.table.name_mapping import create_mapping_from_schema
from pyiceberg.types import (
    BinaryType,
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    IcebergType,
    IntegerType,
    ListType,
    LongType,
    MapType,
    NestedField,
    StringType,
    StructType,
    TimestampType,
    TimestamptzType,
    TimeType,
    UUIDType,
)

from meshport.errors import ServingError
from meshport.sql.native_type import NativeType, native_type

_PLAIN = {
    "text": StringType(), "enum": StringType(), "json": StringType(), "boolean": BooleanType(),
    "date": DateType(), "time": TimeType(), "timestamp": TimestampType(),
    "zoned timestamp": TimestamptzType(), "binary": BinaryType(), "uuid": UUIDType(),
}  # fmt: skip
_INTEGERS = {
    (8, True): IntegerType(), (16, True): IntegerType(), (32, True): IntegerType(),
    (64, True): LongType(), (8, False): IntegerType(), (16, False): IntegerType(),
    (32, False): LongType(),
}  # fmt: skip
_MICROSECONDS = 6
_HINT = "read the port through …/rows"


def table_schema(types: Mapping[str, str], described: Mapping[str, str]) -> Schema:
    """The schema of a table with these native types; `described` are comments by column.

    Raises ServingError MP613 for a type that the format has no word for.
    """
    fields = [
        NestedField(
            field_id=field_id(name),
            name=name,
            field_type=_type(name, native_type(native)),
            # What a contract requires is kept, but the files do not say so, and readers compare.
            required=False,
            doc=described.get(name) or None,
        )
        for name, native in types.items()
    ]
    try:
        return Schema(*fields, schema_id=_schema_id(types))
    except ValueError as error:  # two names have one id: one table in a million
        raise ServingError("MP613", f"the table has no schema: {error}", hint=_HINT) from error


def field_id(path: str) -> int:
    """The id of a column, or of a part of one: the same for the same name, for ever.

    It follows from the name alone, so it tells nothing of columns that are withheld.
    """
    # Above 2^31 - 200 the format keeps ids for itself, and 0 is no id.
    return int.from_bytes(hashlib.sha256(path.encode()).digest()[:4]) % (2**31 - 201) + 1


def name_mapping(schemas: Iterable[Schema]) -> str:
    """Which ids the names in our files stand for, which hold none; the newest schema last."""
    fields = {field.field_id: field for schema in schemas for field in schema.fields}
    mapping = create_mapping_from_schema(Schema(*fields.values()))
    return mapping.model_dump_json()


def _schema_id(types: Mapping[str, str]) -> int:
    return field_id("\n".join(f"{name} {native}" for name, native in types.items()))


def _type(path: str, native: NativeType | None) -> IcebergType:
    inner = {part: (f"{path}.{part}", one) for part, one in native.fields} if native else {}
    match native:
        case NativeType(family="list"):
            element = inner["element"]
            return ListType(field_id(element[0]), _type(*element), element_required=False)
        case NativeType(family="map"):
            key, value = inner["key"], inner["value"]
            return MapType(
                field_id(key[0]), _type(*key), field_id(value[0]), _type(*value),
                value_required=False,
            )  # fmt: skip
        case NativeType(family="struct"):
            return StructType(
                *(
                    NestedField(field_id(one[0]), part, _type(*one), required=False)
                    for part, one in inner.items()
                )
            )
        case NativeType(family="decimal", precision=int(precision), scale=int(scale)):
            return DecimalType(precision, scale)
        case NativeType(family="float", bits=bits):
            return DoubleType() if bits == 64 else FloatType()
        case NativeType(family="integer", bits=int(bits), is_signed=is_signed) if (
            bits,
            is_signed,
        ) in _INTEGERS:
            return _INTEGERS[bits, is_signed]
        case NativeType(family=family, precision=digits) if (
            family in _PLAIN and (digits or 0) <= _MICROSECONDS
        ):
            return _PLAIN[family]
    raise ServingError("MP613", f"the format has no word for the type of `{path}`", hint=_HINT)
