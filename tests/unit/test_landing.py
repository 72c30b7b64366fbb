"""Landing: what a source file holds arrives typed; what is broken is kept aside or refused."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from meshport.errors import ProductError
from meshport.sources import Extract
from meshport.sources.landing import land, landed_from, read_landed
from meshport.warehouse import connect_memory

SALES = Extract(
    table="sales",
    file="shop_sales",
    columns={"id": "VARCHAR", "pieces": "INTEGER", "sold_at": "TIMESTAMP", "note": "VARCHAR"},
    is_ordered=True,
)
NOTES = Extract("notes", "shop_notes", {"id": "VARCHAR", "note": "VARCHAR"}, is_optional=True)
HEADER = b"id,pieces,sold_at,note\n"


def plain(*numbers: int) -> bytes:
    return b"".join(b"s%d,%d,2026-01-01 08:30:00,fine\n" % (n, n) for n in numbers)


def quoted(*numbers: int) -> bytes:
    """Records over two lines each, with marks and commas in the text."""
    return b"".join(b's%d,%d,2026-01-01 08:30:00,"a ""b"",\nc"\n' % (n, n) for n in numbers)


WHOLE = HEADER + plain(*range(40)) + quoted(*range(40, 60)) + plain(*range(60, 100))
LINES = WHOLE.count(b"\n")


@pytest.fixture
def con():
    connection = connect_memory()
    yield connection
    connection.close()


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., Path]:
    """Write a source file; the result is its folder."""

    def write(content: bytes, name: str = "shop_sales.csv") -> Path:
        (tmp_path / name).write_bytes(content)
        return tmp_path

    return write


def rows(con: Any, table: str = "raw.sales") -> list[tuple[Any, ...]]:
    return con.execute(f"from {table}").fetchall()


def refusal(con: Any, folder: Path, *extracts: Extract) -> ProductError:
    with pytest.raises(ProductError) as caught:
        land(con, extracts or [SALES], folder)
    return caught.value


def test_a_whole_file_lands_row_by_row_in_its_order(con, put):
    (landed,) = land(con, [SALES], put(WHOLE))

    assert (landed.rows, landed.unreadable, landed.size) == (100, 0, len(WHOLE))
    assert landed.sha256 == hashlib.sha256(WHOLE).hexdigest()
    assert [row[0] for row in rows(con)] == [f"s{n}" for n in range(100)]
    assert rows(con)[40][3] == 'a "b",\nc'
    assert read_landed(con) == [landed]


ODD = {
    "byte-order mark": lambda text: b"\xef\xbb\xbf" + text,
    "no line end at the end": lambda text: text.removesuffix(b"\n"),
    "line ends of Windows": lambda text: text.replace(b"\n", b"\r\n"),
    "blank line": lambda text: text.replace(b"s7,", b"\ns7,"),
    "quoted header": lambda text: text.replace(HEADER, b'"id","pieces","sold_at","note"\n'),
    "one more column": lambda text: text.replace(b"\n", b",x\n").replace(b"note,x", b"note,more"),
    "a nameless column": lambda text: text.replace(b"\n", b",x\n").replace(b"note,x", b"note,"),
    "repeated columns": lambda text: text.replace(b"\n", b",x,x\n"),
    "other order": lambda text: text.replace(b"id,pieces,", b"pieces,id,").replace(b"\ns", b"\n"),
}


@pytest.mark.parametrize("change", ODD.values(), ids=ODD)
def test_harmless_oddities_land_like_the_plain_file(con, put, change):
    text = HEADER + b"".join(b"s%d,%d,2026-01-01 08:30:00,fine\n" % (n, n) for n in range(50))

    (landed,) = land(con, [SALES], put(change(text)))

    assert (landed.rows, landed.unreadable) == (50, 0)
    assert [row[1] for row in rows(con)] == list(range(50))
    assert {row[3] for row in rows(con)} == {"fine"}


CUT = {
    "within a record": (WHOLE[:-20], LINES),
    "within a record over two lines": (HEADER + quoted(1, 2)[:-18], 4),
    "within a quoted text": (WHOLE + b's1,1,2026-01-01 08:30:00,"half', LINES + 1),
    "at a line break of a quoted text": (WHOLE + b's1,1,2026-01-01 08:30:00,"half\n', LINES + 1),
    "by a mark that swallows others": (
        HEADER + quoted(1) + b's2,2,2026-01-01 08:30:00,"half\n' + plain(*range(50)) + quoted(3),
        4,
    ),
    # Read by several threads at once, most of what the mark swallowed would look whole.
    "by a mark at the top of a large file": (
        HEADER + b's0,0,2026-01-01 08:30:00,"half\n' + plain(7) * 300_000,
        2,
    ),
}


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz"])
@pytest.mark.parametrize(("content", "line"), CUT.values(), ids=CUT)
def test_a_file_that_was_cut_off_is_refused_with_the_line(con, put, content, line, suffix):
    packed = gzip.compress(content, 1) if suffix == ".csv.gz" else content

    error = refusal(con, put(packed, f"shop_sales{suffix}"))

    assert error.code == "MP213"
    assert str(error.place) == f"shop_sales{suffix}:{line}"
    assert "again" in error.hint


PACKED = gzip.compress(WHOLE)
BROKEN = {
    "empty": ("shop_sales.csv", b"", "MP215", "no header"),
    "semicolons": ("shop_sales.csv", WHOLE.replace(b",", b";"), "MP215", "id;pieces"),
    "tabs": ("shop_sales.csv", WHOLE.replace(b",", b"\t"), "MP215", "id\\tpieces"),
    "latin-1 in the header": (
        "shop_sales.csv",
        WHOLE.replace(b"note", b"not\xe9"),
        "MP212",
        "utf-8",
    ),
    "UTF-16": ("shop_sales.csv", WHOLE.decode().encode("utf-16"), "MP212", "utf-8"),
    "a packed file without its suffix": ("shop_sales.csv", gzip.compress(WHOLE), "MP212", "utf-8"),
    "a suffix without packing": ("shop_sales.csv.gz", WHOLE, "MP212", "gzip"),
    "a packed file cut off": ("shop_sales.csv.gz", PACKED[:-9], "MP212", "ended before"),
    "a packed file damaged": ("shop_sales.csv.gz", PACKED[:40] + b"\xff" * 99, "MP212", "unpacked"),
    "another checksum": ("shop_sales.csv.gz", PACKED[:-8] + b"abcd" + PACKED[-4:], "MP212", "CRC"),
    "a column twice": ("shop_sales.csv", WHOLE.replace(b"sold_at", b"note"), "MP211", "`sold_at`"),
    "a column twice among all": ("shop_sales.csv", HEADER[:-1] + b",note\n", "MP212", "`note`"),
    "no Parquet": ("shop_sales.parquet", WHOLE, "MP212", "cannot be read"),
}


@pytest.mark.parametrize(("name", "content", "code", "said"), BROKEN.values(), ids=BROKEN)
def test_a_file_that_cannot_be_read_is_refused_by_name(con, put, name, content, code, said):
    error = refusal(con, put(content, name))

    assert error.code == code
    assert error.place.file == name
    assert said in error.fact


@pytest.mark.parametrize(
    ("new", "hint"),
    [(b"remark", "remark"), (b"Note", "did you mean `Note`"), (b"x", "known here")],
)
def test_a_column_gone_or_renamed_is_a_broken_promise_that_names_it(con, put, new, hint):
    error = refusal(con, put(WHOLE.replace(b"note", new, 1)))

    assert (error.code, str(error.place)) == ("MP211", "shop_sales.csv:1")
    assert error.breaks_promise
    assert "`note`" in error.fact
    assert hint in error.hint


UNREADABLE = {
    "no number": (b"s0,few,2026-01-01 08:30:00,fine", "pieces"),
    "no instant": (b"s0,1,2026-13-01 08:30:00,fine", "sold_at"),
    "a number too large": (b"s0,99999999999,2026-01-01 08:30:00,fine", "pieces"),
    "fields missing": (b"s0,1", "sold_at"),
    "fields to spare": (b"s0,1,2026-01-01 08:30:00,fine,x", "Expected Number of Columns"),
    "latin-1": ("s0,1,2026-01-01 08:30:00,São".encode("latin-1"), "note"),
    "a mark not doubled": (b's0,1,2026-01-01 08:30:00,"a" b', "note"),
}


@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize(("bad", "reason"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_row_that_cannot_be_read_is_kept_aside_with_its_line_and_reason(
    con, put, bad, reason, end
):
    text = HEADER + quoted(1, 2) + bad + b"\n" + plain(3)

    (landed,) = land(con, [SALES], put(text.replace(b"\n", end)))

    assert (landed.rows, landed.unreadable) == (3, 1)
    ((line, why, kept),) = rows(con, "raw_unreadable.sales")
    assert line == 6
    assert why.partition(":")[0] == reason
    assert kept.encode()[:20] == bad[:20]


def test_a_file_of_another_encoding_lands_no_row_it_could_not_read(con, put):
    text = HEADER + b"".join(b"s%d,1,2026-01-01 08:30:00,S\xe3o\n" % n for n in range(50))

    (landed,) = land(con, [SALES], put(text))

    assert (landed.rows, landed.unreadable) == (0, 50)


@pytest.mark.parametrize(
    "name",
    [
        "shop_sale.csv",
        "shop_sales (1).csv",
        "Shop_Sales.CSV",
        "shop_sales.csv.zip",
        "shopsales.parquet",
    ],
)
def test_a_misnamed_file_is_named_where_the_extract_is_missing(con, put, name):
    put(b"id,n\n", "other_things.csv")

    error = refusal(con, put(WHOLE, name))

    assert (error.code, error.place.file) == ("MP210", "shop_sales")
    assert f"the nearest name in it is {name}" in error.hint


def test_where_nothing_is_near_the_hint_says_what_is_there(con, put, tmp_path):
    assert "empty" in refusal(con, tmp_path).hint
    assert "it holds z.csv" in refusal(con, put(b"id,n\n", "z.csv")).hint


def test_an_extract_in_two_forms_is_refused_with_both_names(con, put):
    put(WHOLE)

    error = refusal(con, put(gzip.compress(WHOLE), "shop_sales.csv.gz"))

    assert error.code == "MP214"
    assert "shop_sales.csv and shop_sales.csv.gz" in error.fact


def test_an_absent_optional_extract_is_an_empty_table_with_its_columns(con, put):
    _, landed = land(con, [SALES, NOTES], put(WHOLE))

    assert (landed.file, landed.rows, landed.unreadable) == (None, 0, 0)
    assert con.execute("select id, note from raw.notes").fetchall() == []


def test_a_header_alone_is_a_table_without_rows(con, put):
    (landed,) = land(con, [SALES], put(HEADER))

    assert (landed.rows, landed.unreadable, rows(con)) == (0, 0, [])


def test_extracts_land_together_or_not_at_all(con, put):
    before = land(con, [SALES, NOTES], put(WHOLE))
    put(b"id;note\n", "shop_notes.csv")

    assert refusal(con, put(HEADER), SALES, NOTES).code == "MP215"

    assert len(rows(con)) == 100
    assert read_landed(con) == before


def test_landing_again_replaces_what_was_there_and_what_was_unreadable(con, put, tmp_path):
    land(con, [SALES], put(HEADER + b"s0,few,2026-01-01 08:30:00,fine\n" + plain(1)))
    (landed,) = land(con, [SALES], put(HEADER + plain(5, 6)))

    assert (landed.rows, landed.unreadable) == (2, 0)
    assert [row[0] for row in rows(con)] == ["s5", "s6"]
    assert landed_from(con) == str(tmp_path)
