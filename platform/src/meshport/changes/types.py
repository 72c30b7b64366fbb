"""What a change of a column's type is: the logical matrix, and the physical lattice of DuckDB.

A relation here is one of value sets; that typed readers see another type although every value
fits is said by the cases of the rules. Facts about Parquet were measured with DuckDB.
"""

from __future__ import annotations

from collections.abc import Iterator

from meshport.changes.judgement import Change, Judgement, shown
from meshport.changes.relation import Relation, combined, of_containment
from meshport.sql.native_type import NativeType, native_type

_EXACT_IN_JSON = 2**53 - 1
_TEMPORAL = {"timestamp", "zoned timestamp"}


def logical_type(change: Change) -> Iterator[Judgement]:
    """TYP00: the matrix of logical types; only integers are numbers, all else is incomparable."""
    old, new = change.old, change.new
    if old is None or new is None:
        relation = Relation.STRENGTHENED if old is None else Relation.WEAKENED
        yield Judgement("TYP21", relation, str(change))
    elif (old, new) == ("integer", "number"):
        yield Judgement("TYP00", Relation.WEAKENED, f"{change}; fractions may come")
    elif (old, new) == ("number", "integer"):
        yield Judgement("TYP00", Relation.STRENGTHENED, str(change), "narrowed")
    else:
        yield Judgement("TYP00", Relation.INCOMPARABLE, str(change))


def physical_type(change: Change) -> Iterator[Judgement]:
    """TYP01 to TYP21, unless the change of the logical type says it all."""
    if change.before.clauses.get("logicalType") != change.after.clauses.get("logicalType"):
        return
    old = native_type(str(change.old), change.around.old_dialect) if change.old else None
    new = native_type(str(change.new), change.around.new_dialect) if change.new else None
    if old is None or new is None:
        yield Judgement("TYP21", _stated(change), str(change))
    elif old != new:
        yield from compare_types(old, new, str(change))


def compare_types(old: NativeType, new: NativeType, message: str) -> Iterator[Judgement]:
    """The findings of one physical type against another; equal types give none."""
    if old == new:
        return
    pair = (old.family, new.family)
    if new.family == "integer" and (new.bits or 0) > 64:
        yield Judgement("TYP03", Relation.WEAKENED, message)
    elif pair == ("integer", "integer"):
        yield _integers(old, new, message)
    elif pair == ("decimal", "decimal"):
        yield _decimals(old, new, message)
    elif pair == ("float", "float"):
        widened = (new.bits or 0) > (old.bits or 0)
        relation = Relation.WEAKENED if widened else Relation.STRENGTHENED
        yield Judgement("TYP08", relation, message)
    elif pair == ("text", "text"):
        yield _texts(old, new, message)
    elif pair == ("decimal", "float"):
        yield Judgement("TYP07", Relation.INCOMPARABLE, message)
    elif pair == ("float", "decimal"):
        yield Judgement("TYP09", Relation.INCOMPARABLE, message)
    elif set(pair) == _TEMPORAL:
        yield Judgement("TYP13", Relation.INCOMPARABLE, message)
    elif old.family == new.family and old.family in _TEMPORAL:
        finer = (new.precision or 0) > (old.precision or 0)
        relation = Relation.WEAKENED if finer else Relation.STRENGTHENED
        yield Judgement("TYP14", relation, message)
    elif set(pair) == {"uuid", "text"}:
        to_text = new.family == "text"
        yield Judgement("TYP15", Relation.WEAKENED if to_text else Relation.STRENGTHENED, message)
    elif set(pair) == {"enum", "text"} or pair == ("enum", "enum"):
        yield from _enums(old, new, message)
    elif old.family == new.family and old.family in ("struct", "list", "map"):
        yield from _nested(old, new, message)
    else:
        yield Judgement("TYP20", Relation.INCOMPARABLE, message)


def _stated(change: Change) -> Relation:
    if change.old is None:
        return Relation.STRENGTHENED
    return Relation.WEAKENED if change.new is None else Relation.UNKNOWN


def _integers(old: NativeType, new: NativeType, message: str) -> Judgement:
    (old_low, old_high), (new_low, new_high) = old.integer_range, new.integer_range
    relation = of_containment(
        new_in_old=old_low <= new_low and new_high <= old_high,
        old_in_new=new_low <= old_low and old_high <= new_high,
    )
    if relation is not Relation.WEAKENED:
        return Judgement("TYP02", relation, message)
    passes = new_high > _EXACT_IN_JSON >= old_high
    return Judgement("TYP01", relation, message, "past 2^53" if passes else "within 2^53")


def _decimals(old: NativeType, new: NativeType, message: str) -> Judgement:
    old_scale, new_scale = old.scale or 0, new.scale or 0
    old_whole = (old.precision or 0) - old_scale
    new_whole = (new.precision or 0) - new_scale
    relation = of_containment(
        new_in_old=new_scale <= old_scale and new_whole <= old_whole,
        old_in_new=old_scale <= new_scale and old_whole <= new_whole,
    )
    if relation is not Relation.WEAKENED:
        return Judgement("TYP06", relation, message)
    return Judgement("TYP05" if new_scale > old_scale else "TYP04", relation, message)


def _texts(old: NativeType, new: NativeType, message: str) -> Judgement:
    bound = float("inf")
    old_length = old.length if old.length is not None else bound
    new_length = new.length if new.length is not None else bound
    relation = of_containment(
        new_in_old=new_length <= old_length, old_in_new=old_length <= new_length
    )
    if old.is_padded != new.is_padded:
        return Judgement("TYP12", relation, message)
    return Judgement("TYP10" if relation is Relation.WEAKENED else "TYP11", relation, message)


def _enums(old: NativeType, new: NativeType, message: str) -> Iterator[Judgement]:
    """As sets of values (TYP16): a text type without further clauses accepts any."""
    old_values, new_values = set(old.values), set(new.values)
    if new.family == "text" or (old.family == "enum" and new_values - old_values):
        yield Judgement("DOM01", Relation.WEAKENED, message)
    if old.family == "text" or (new.family == "enum" and old_values - new_values):
        yield Judgement("DOM02", Relation.STRENGTHENED, message)


def _nested(old: NativeType, new: NativeType, message: str) -> Iterator[Judgement]:
    """TYP17 and FLD009: fields by name, their types by the same rules."""
    if old.length != new.length:
        yield Judgement("TYP17", Relation.INCOMPARABLE, f"{message}; another size")
    old_fields, new_fields = dict(old.fields), dict(new.fields)
    gone = [name for name in old_fields if name not in new_fields]
    come = [name for name in new_fields if name not in old_fields]
    if gone:
        yield Judgement("TYP17", Relation.WEAKENED, f"{message}; without {shown(tuple(gone))}")
    if come:
        yield Judgement("TYP17", Relation.STRENGTHENED, f"{message}; with {shown(tuple(come))}")
    for name in (name for name in old_fields if name in new_fields):
        inner = list(compare_types(old_fields[name], new_fields[name], message))
        if inner and (old.family, name) == ("map", "key"):
            yield Judgement("FLD009", combined(one.relation for one in inner), message)
        else:
            yield from inner
    if not (gone or come) and [*old_fields] != [*new_fields]:
        yield Judgement("TYP17", Relation.EQUAL, f"{message}; reordered", "reordered")
