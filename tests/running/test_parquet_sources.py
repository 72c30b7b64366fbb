"""Parquet extracts: the same rows as from CSV, and refused where they are broken."""

from __future__ import annotations

import gzip
from pathlib import Path

import duckdb
import pytest

from meshport.errors import ProductError
from meshport.sources import Extract
from meshport.sources.landing import land
from meshport.warehouse import connect_memory

SALES = Extract(
    table="sales",
    file="shop_sales",
    columns={"id": "VARCHAR", "pieces": "INTEGER", "sold_at": "TIMESTAMP", "note": "VARCHAR"},
    is_ordered=True,
)
LINES = [
    "id,pieces,sold_at,note,more",
    *(f"s{n},{n},2026-01-01 08:30:00,fine,x" for n in range(99)),
]
MANY = "select 's' || i as id, i as pieces, now() as sold_at, uuid() as note from range(9000) t(i)"


@pytest.fixture
def con():
    connection = connect_memory()
    yield connection
    connection.close()


def write(file: Path, query: str) -> Path:
    duckdb.execute(f"copy ({query}) to '{file}' (format parquet, row_group_size 2048)")
    return file


def refusal(con, folder: Path) -> ProductError:
    with pytest.raises(ProductError) as caught:
        land(con, [SALES], folder)
    return caught.value


def test_the_same_rows_land_from_every_form_of_a_file(con, tmp_path):
    bad = ["s0,few,2026-01-01 08:30:00,fine,x", "s0,1,once,fine,x"]
    text = "\n".join([*LINES, *bad]) + "\n"
    folders = [tmp_path / form for form in ("csv", "gz", "parquet")]
    for folder in folders:
        folder.mkdir()
    (folders[0] / "shop_sales.csv").write_text(text)
    (folders[1] / "shop_sales.csv.gz").write_bytes(gzip.compress(text.encode()))
    scan = f"from read_csv('{folders[0]}/shop_sales.csv', all_varchar = true)"
    write(folders[2] / "shop_sales.parquet", scan)

    found = []
    for folder in folders:
        (landed,) = land(con, [SALES], folder)
        unreadable = con.execute("from raw_unreadable.sales").fetchall()
        reasons = [reason.partition(":")[0] for _, reason, _ in unreadable]
        rows = con.execute("from raw.sales").fetchall()
        found.append((landed.rows, landed.unreadable, reasons, rows))

    assert found[0][:3] == (99, 2, ["pieces", "sold_at"])
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("kept", [0.99, 0.5, 0.001], ids=["the end", "half", "nearly all"])
def test_a_file_that_was_cut_off_is_refused(con, tmp_path, kept):
    file = write(tmp_path / "shop_sales.parquet", MANY)
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * kept)])

    error = refusal(con, tmp_path)

    assert (error.code, error.place.file) == ("MP212", "shop_sales.parquet")


def test_a_file_with_damaged_pages_is_refused(con, tmp_path):
    file = write(tmp_path / "shop_sales.parquet", MANY)
    whole = file.read_bytes()
    half = len(whole) // 2
    file.write_bytes(whole[:4] + bytes(half) + whole[4 + half :])

    assert refusal(con, tmp_path).code == "MP212"


def test_a_file_without_a_column_is_a_broken_promise(con, tmp_path):
    write(tmp_path / "shop_sales.parquet", "select 's' as id, 1 as pieces, 'x' as notes")

    error = refusal(con, tmp_path)

    assert (error.code, error.breaks_promise) == ("MP211", True)
    assert "`sold_at`, `note`" in error.fact


def test_rows_keep_the_files_order_also_after_an_extract_whose_order_means_nothing(con, tmp_path):
    write(tmp_path / "shop_sales.parquet", MANY)
    (tmp_path / "shop_notes.csv").write_text("id,note\n1,a\n")
    notes = Extract("notes", "shop_notes", {"id": "VARCHAR", "note": "VARCHAR"})

    land(con, [notes, SALES], tmp_path)

    setting = con.execute("select current_setting('preserve_insertion_order')").fetchall()
    assert setting == [(True,)]
    pieces = con.execute("select pieces from raw.sales order by rowid").fetchall()
    assert pieces == [(n,) for n in range(9000)]
