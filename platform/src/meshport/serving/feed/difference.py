"""The difference of two releases of a port as rows, in the words of Delta's change data feed.

Every row has a `_change_type`: `insert`, `delete`, or for a changed row both `update_preimage` and
`update_postimage`. Who applies the rows of a difference to the old release has the new one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from meshport.access.authorize import Sight
from meshport.publishing.manifest import PortRelease
from meshport.sql_text import literal, quote
from meshport.warehouse import Connection, parquet_scan

CHANGE_TYPE = "_change_type"
_ENCODING = "1"
"""Part of every digest: raise it when the same difference would be written differently."""
_PARQUET = "(format parquet, compression zstd, compression_level 1)"


@dataclass(frozen=True)
class Snapshot:
    """What somebody sees of one release of a port."""

    files: tuple[Path, ...]
    types: dict[str, str]
    """The columns that are seen and their native types, in order."""
    key: tuple[str, ...]
    """The columns that tell rows apart; empty where the key is withheld or masked."""
    content_hash: str
    access_class: str

    @classmethod
    def of(cls, seen: Sight, part: PortRelease, folder: Path) -> Snapshot:
        """The snapshot that a sight shows; `folder` is the domain's part of the store."""
        clear = set(seen.columns) - {one.name for one in seen.projection.masked}
        return cls(
            files=tuple(folder / file.path for file in seen.files),
            types=seen.types,
            key=tuple(part.key) if set(part.key) <= clear else (),
            content_hash=seen.content_hash,
            access_class=seen.grant.reader.name,
        )


def digest_of(old: Snapshot | None, new: Snapshot | None) -> str:
    """The same for the same difference as the same class sees it; names its file."""
    parts = [_ENCODING]
    for one in (old, new):
        parts += [one.content_hash, one.access_class, *one.key] if one else ["nothing"]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def write_difference(
    con: Connection, old: Snapshot | None, new: Snapshot | None, file: Path
) -> int:
    """Write the difference as Parquet, in the columns of `new`; the result is its number of rows.

    None is a port without rows. Rows are told apart by the key of `new`; without one a changed row
    is a delete and an insert. Changes come in the order of the key.
    """
    copied = con.execute(f"copy ({_difference(old, new)}) to {literal(str(file))} {_PARQUET}")
    return int(copied.fetchall()[0][0])


def _difference(old: Snapshot | None, new: Snapshot | None) -> str:
    if old is None or new is None:
        only, change = (new, "insert") if new else (old, "delete")
        if only is None:
            raise ValueError("no release on either side")
        return f"select *, {_named(change)} from {_rows(only, only, only.files)}"
    before, after = _without_shared_files(old, new)
    was, now = _rows(old, new, before), _rows(new, new, after)
    if new.key and new.key == old.key:
        return _by_key(was, now, new)
    return _by_whole_row(was, now)


def _without_shared_files(old: Snapshot, new: Snapshot) -> tuple[Sequence[Path], Sequence[Path]]:
    """Both releases' files without those that both have: files never change, so no row in them did.

    Not where the same file is seen through other columns.
    """
    if old.types != new.types:
        return old.files, new.files
    shared = set(old.files) & set(new.files)
    return (
        [file for file in old.files if file not in shared],
        [file for file in new.files if file not in shared],
    )


def _rows(one: Snapshot, new: Snapshot, files: Sequence[Path]) -> str:
    """The rows of a snapshot's files in the columns and types of the new one.

    A column that was not there yet is null in all of them.
    """
    if not files:
        nothing = ", ".join(f"cast(null as {t}) as {quote(n)}" for n, t in new.types.items())
        return f"(select {nothing} where false)"
    shown = ", ".join(_as_in_new(one, name, native) for name, native in new.types.items())
    return f"(select {shown} from {parquet_scan(files)})"


def _as_in_new(one: Snapshot, name: str, native: str) -> str:
    if one.types.get(name) == native:
        return quote(name)
    value = (
        f"try_cast({quote(name)} as {native})" if name in one.types else f"cast(null as {native})"
    )
    return f"{value} as {quote(name)}"


def _by_key(was: str, now: str, new: Snapshot) -> str:
    names = [quote(name) for name in new.types]
    key = [quote(name) for name in new.key]
    same = " and ".join(f"o.{one} is not distinct from n.{one}" for one in key)
    others = [one for one in names if one not in key]
    is_changed = " or ".join(f"o.{one} is distinct from n.{one}" for one in others) or "false"
    # Numbers as names in between: a port may have a column of any name.
    both = ", ".join(f"o.{one} as o{at}, n.{one} as n{at}" for at, one in enumerate(names))
    is_old = f"{CHANGE_TYPE} in ('delete', 'update_preimage')"
    shown = ", ".join(f"if({is_old}, o{at}, n{at}) as {one}" for at, one in enumerate(names))
    order = ", ".join(str(names.index(one) + 1) for one in key)
    return (
        f"select {shown}, {CHANGE_TYPE} from (select {both}, unnest({_KINDS}) as {CHANGE_TYPE} "
        f"from (select *, true as _is_there from {was}) o "
        f"full join (select *, true as _is_there from {now}) n on {same} "
        f"where o._is_there is null or n._is_there is null or {is_changed}) "
        f"order by {order}, {CHANGE_TYPE} = 'update_postimage'"
    )


_KINDS = """
case
    when o._is_there is null then ['insert']
    when n._is_there is null then ['delete']
    else ['update_preimage', 'update_postimage']
end
"""


def _by_whole_row(was: str, now: str) -> str:
    return (
        f"select *, {_named('delete')} from (select * from {was} except all select * from {now}) "
        "union all "
        f"select *, {_named('insert')} from (select * from {now} except all select * from {was}) "
        "order by all"
    )


def _named(change: str) -> str:
    return f"'{change}' as {CHANGE_TYPE}"
