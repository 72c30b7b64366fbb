"""Land a domain's extracts in its private warehouse, typed, with every unreadable row kept aside.

Tables: `raw.<table>` (the rows), `raw_unreadable.<table>` (line, reason, text), and
`meshport.landed` (what was read: one row per extract).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from meshport.contracts.schema import name_hint
from meshport.errors import MeshportError, Place, ProductError
from meshport.sources.extract import Extract, read_header, require_whole
from meshport.sources.unreadable import keep_unreadable
from meshport.sql_text import literal, quote
from meshport.warehouse import (
    Connection,
    EngineError,
    NativeColumn,
    describe,
    disk_error,
    has_table,
    parquet_scan,
)


@dataclass(frozen=True)
class Landed:
    """What one extract brought in. `file` is None where an optional extract was absent."""

    table: str
    file: str | None
    size: int
    sha256: str
    rows: int
    unreadable: int


def land(
    con: Connection,
    extracts: Sequence[Extract],
    folder: Path,
    on_table: Callable[[Landed], None] = lambda _landed: None,
) -> list[Landed]:
    """Replace the raw tables by what the source folder holds now, all or none.

    Raises ProductError MP210 to MP216: a file missing, unreadable, cut off or of other columns.
    """
    files = {extract.table: extract.find(folder) for extract in extracts}
    con.execute("begin")
    try:
        for schema in ("raw", "raw_unreadable", "meshport"):
            con.execute(f"create schema if not exists {schema}")
        landed = []
        for extract in extracts:
            landed.append(_land_one(con, extract, files[extract.table]))
            on_table(landed[-1])
        _record(con, landed, folder)
        con.execute("commit")
    except EngineError as error:
        con.execute("rollback")
        raise disk_error(error, "landing the extracts") or error from error
    except BaseException:
        con.execute("rollback")
        raise
    return landed


def read_landed(con: Connection) -> list[Landed]:
    """What the last landing brought into this warehouse."""
    if not has_table(con, "meshport", "landed"):
        return []
    columns = ", ".join(quote(name) for name in Landed.__dataclass_fields__)
    return [
        Landed(*row) for row in con.execute(f"select {columns} from meshport.landed").fetchall()
    ]


def landed_from(con: Connection) -> str:
    """The folder that the last landing read."""
    if not has_table(con, "meshport", "landed"):
        return ""
    rows = con.execute("select distinct folder from meshport.landed").fetchall()
    return str(rows[0][0]) if rows else ""


def _land_one(con: Connection, extract: Extract, file: Path | None) -> Landed:
    if file is None:
        columns = ", ".join(f"{quote(n)} {t}" for n, t in extract.columns.items())
        con.execute(f"create or replace table raw.{quote(extract.table)} ({columns})")
        _keep_unreadable(con, extract, "select 0, '', '' where false")
        return Landed(extract.table, None, 0, "", 0, 0)
    # Only where order matters is it worth what it costs: a third of the time of loading.
    con.execute(f"set preserve_insertion_order = {'true' if extract.is_ordered else 'false'}")
    if file.suffix == ".parquet":
        _load_parquet(con, extract, file)
    else:
        _load_csv(con, extract, file)
    rows, unreadable = (
        con.execute(f"select count(*) from {schema}.{quote(extract.table)}").fetchall()[0][0]
        for schema in ("raw", "raw_unreadable")
    )
    return Landed(extract.table, file.name, file.stat().st_size, _sha256(file), rows, unreadable)


def _load_csv(con: Connection, extract: Extract, file: Path) -> None:
    require_whole(file)
    header = read_header(file)
    _require_columns(extract, header, Place(file.name, 1))
    types = ", ".join(
        f"{literal(name)}: {literal(extract.columns.get(name, 'VARCHAR'))}"
        for name in _distinct(extract, header)
    )
    kept = ", ".join(quote(name) for name in extract.columns)
    for table in ("reject_errors", "reject_scans"):
        con.execute(f"drop table if exists temp.{table}")
    # Rejected lines are stored, not fatal: the quarantine budget decides whether they are too many.
    try:
        con.execute(
            f"create or replace table raw.{quote(extract.table)} as select {kept} "
            f"from read_csv({literal(str(file))}, auto_detect = false, header = true, "
            f"columns = {{{types}}}, delim = ',', quote = '\"', escape = '\"', nullstr = '', "
            "strict_mode = true, store_rejects = true)"
        )
    except EngineError as error:
        raise _unreadable(error, file) from error
    keep_unreadable(con, extract.table, file)


def _distinct(extract: Extract, header: Sequence[str]) -> list[str]:
    """The header's names; columns nobody reads are numbered, they may be nameless or repeated."""
    return [
        name if name in extract.columns else f"column {number}"
        for number, name in enumerate(header, 1)
    ]


def _load_parquet(con: Connection, extract: Extract, file: Path) -> None:
    scan = parquet_scan([file])
    try:
        found = {column.name: column for column in describe(con, scan)}
        _require_columns(extract, list(found), Place(file.name))
        misfits = [_misfit(extract, found[name]) for name in extract.columns]
        typed = ", ".join(
            f"try_cast({quote(n)} as {t}) as {quote(n)}" for n, t in extract.columns.items()
        )
        reason = f"concat_ws('; ', {', '.join(misfits)})"
        con.execute(
            f"create or replace table raw.{quote(extract.table)} as "
            f"select {typed} from {scan} where {reason} = ''"
        )
        _keep_unreadable(
            con,
            extract,
            f"select file_row_number + 1, {reason}, to_json(source)::varchar "
            f"from read_parquet({literal(str(file))}, file_row_number = true) source "
            f"where {reason} <> ''",
        )
    except EngineError as error:
        raise _unreadable(error, file) from error


def _misfit(extract: Extract, column: NativeColumn) -> str:
    """SQL for what is wrong with a value of the column; null where nothing is."""
    name, wanted = quote(column.name), extract.columns[column.name]
    if column.type == wanted:
        return "null"
    said = literal(f"{column.name}: the value does not fit {wanted}")
    return f"case when {name} is not null and try_cast({name} as {wanted}) is null then {said} end"


def _keep_unreadable(con: Connection, extract: Extract, rows: str) -> None:
    con.execute(
        f"create or replace table raw_unreadable.{quote(extract.table)} as "
        f"select * from ({rows}) as t(line, reason, text)"
    )


def _require_columns(extract: Extract, found: Sequence[str], place: Place) -> None:
    gone = [name for name in extract.columns if name not in found]
    if gone:
        unknown = [name for name in found if name not in extract.columns]
        hint = name_hint(gone[0], unknown or list(found))
        fact = f"the source no longer has the column {', '.join(f'`{name}`' for name in gone)}"
        raise ProductError("MP211", fact, place, hint)
    twice = sorted({name for name in extract.columns if found.count(name) > 1})
    if twice:
        fact = f"the file has more than one column {', '.join(f'`{name}`' for name in twice)}"
        raise ProductError("MP212", fact, place, "nobody could tell which of them is meant")


def _unreadable(error: EngineError, file: Path) -> MeshportError:
    fact = f"the file cannot be read: {str(error).splitlines()[0]}"
    return disk_error(error, f"landing {file.name}") or ProductError(
        "MP212", fact, Place(file.name)
    )


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _record(con: Connection, landed: Sequence[Landed], folder: Path) -> None:
    con.execute(
        'create or replace table meshport.landed ("table" varchar, file varchar, size bigint, '
        "sha256 varchar, rows bigint, unreadable bigint, folder varchar)"
    )
    for one in landed:
        con.execute(
            "insert into meshport.landed values (?, ?, ?, ?, ?, ?, ?)",
            [*asdict(one).values(), str(folder.resolve())],
        )
