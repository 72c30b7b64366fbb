"""Open somebody's data for a check: Parquet or CSV files, a folder of them, or a DuckDB file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from meshport.checks.table import TableSource
from meshport.contracts.model import Contract, Table
from meshport.errors import CheckError, Place
from meshport.sql_text import literal, quote
from meshport.warehouse import Connection, EngineError, connect_memory, parquet_scan

_SUFFIXES = (".parquet", ".csv", ".csv.gz")
_DATABASES = (".duckdb", ".db", ".ddb")


@dataclass(frozen=True)
class OpenedData:
    """A connection, the table sources in it, and the Parquet files behind them if there are any."""

    con: Connection
    sources: dict[str, TableSource]
    files: dict[str, list[Path]]


@contextmanager
def opened(contract: Contract, path: Path) -> Iterator[OpenedData]:
    """The contract's tables in the data at `path`; raises CheckError MP301 to MP303."""
    con = connect_memory()
    try:
        yield _open(con, contract, path)
    except EngineError as error:
        said = str(error).splitlines()[0]
        raise CheckError("MP302", f"the data cannot be read: {said}", Place(str(path))) from error
    finally:
        con.close()


def source_of(con: Connection, path: Path, name: str) -> TableSource:
    """One Parquet or CSV file as a table source; CSV is loaded as text under `name`."""
    if path.name.endswith(".parquet"):
        return TableSource(parquet_scan([path]))
    # Read once into memory: several statements would parse the text several times.
    con.execute(
        f"create or replace table {quote(name)} as "
        f"from read_csv({literal(str(path))}, all_varchar = true, header = true, nullstr = '')"
    )
    return TableSource(quote(name), is_text=True)


def _open(con: Connection, contract: Contract, path: Path) -> OpenedData:
    if not path.exists():
        raise CheckError("MP301", "there is no such file or folder", Place(str(path)))
    if path.suffix in _DATABASES:
        return OpenedData(con, dict(_in_database(con, contract, path)), {})
    files = {t.name: f for t in contract.tables if (f := _file_of(contract, t, path))}
    if not files:
        names = ", ".join(table.name for table in contract.tables) or "none"
        raise CheckError(
            "MP303",
            f"no data for any table of the contract ({names})",
            Place(str(path)),
            "give a Parquet, CSV or DuckDB file, or a folder with one file per table",
        )
    sources = {name: source_of(con, file, name) for name, file in files.items()}
    parquet = {name: [file] for name, file in files.items() if file.suffix == ".parquet"}
    return OpenedData(con, sources, parquet)


def _file_of(contract: Contract, table: Table, path: Path) -> Path | None:
    if path.is_dir():
        names = [n + suffix for n in (table.name, table.physical_name) for suffix in _SUFFIXES]
        return next((file for n in names if (file := path / n).is_file()), None)
    is_only_one = len(contract.tables) == 1
    return path if is_only_one or path.name.split(".")[0] == table.name else None


def _in_database(
    con: Connection, contract: Contract, path: Path
) -> Iterator[tuple[str, TableSource]]:
    con.execute(f"attach {literal(str(path))} as data (read_only)")
    found = con.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = 'data' "
        "union all select schema_name, view_name from duckdb_views() where database_name = 'data'"
    ).fetchall()
    for table in contract.tables:
        for schema, name in sorted(found, key=lambda pair: pair[0] != "main"):
            if name in (table.physical_name, table.name):
                yield table.name, TableSource(f"data.{quote(schema)}.{quote(name)}")
                break
