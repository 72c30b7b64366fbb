"""Records of a CSV file that the engine could not read: their lines, and whether they hide others.

The engine counts records where people count lines, and takes all that an open quotation mark
swallows for one record. So where something was unreadable, the file itself is asked.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator
from io import BufferedIOBase
from pathlib import Path

from meshport.errors import Place, ProductError
from meshport.sql_text import quote
from meshport.warehouse import Connection

_QUOTING = "error_type = 'UNQUOTED VALUE'"


def open_bytes(file: Path) -> BufferedIOBase:
    """The file's bytes, unpacked where it is gzip."""
    return gzip.open(file, "rb") if file.suffix == ".gz" else file.open("rb")


def keep_unreadable(con: Connection, table: str, file: Path) -> None:
    """Fill `raw_unreadable.<table>` (line, reason, text) with what the scan of `file` rejected.

    Raises ProductError MP213 where the file ends within a record, or where a quotation mark that
    is never closed took other records with it.
    """
    rejected = con.execute(
        f"select line, coalesce(min(byte_position) filter ({_QUOTING}), min(byte_position), "
        f"min(line_byte_position), 1), bool_or({_QUOTING}), any_value(error_message) "
        "from temp.reject_errors "
        "group by line order by 2"
    ).fetchall()
    lines = []
    walk = _lines_at(file, (position for _, position, _, _ in rejected))
    for (_, _, is_quoting, said), (line, rest) in zip(rejected, walk, strict=True):
        _refuse_cut_off(Place(file.name, line), rest, said, is_quoting)
        lines.append(line)
    con.execute(
        f"create or replace table raw_unreadable.{quote(table)} as "
        "select place.line, "
        "string_agg(coalesce(column_name || ': ', '') || error_message, '; ' order by column_idx) "
        "as reason, any_value(trim(csv_line, chr(10) || chr(13))) as text "
        "from temp.reject_errors error "
        "join (select unnest($1::bigint[]) as record, unnest($2::bigint[]) as line) place "
        "on place.record = error.line group by place.line order by place.line",
        [[record for record, _, _, _ in rejected], lines],
    )


def _refuse_cut_off(place: Place, rest: bytes, said: str, is_quoting: bool) -> None:
    """`rest` is the line from the fault on."""
    # One mark opens the value and those within it stand in pairs, so an odd number leaves it open.
    if is_quoting and rest.count(b'"') % 2:
        fact = "a quotation mark that opens here is not closed: what follows cannot be told apart"
        hint = "export it again: it was cut off, or a mark within a text is not doubled"
        raise ProductError("MP213", fact, place, hint)
    if not rest.endswith((b"\n", b"\r")):
        fact = f"the file ends in the middle of a record: {said[:200]}"
        raise ProductError("MP213", fact, place, "export it again, it was cut off")


def _lines_at(file: Path, positions: Iterable[int]) -> Iterator[tuple[int, bytes]]:
    """For each byte position (from 1, ascending): its line's number, and the line from there on."""
    with open_bytes(file) as stream:
        number = end = 0
        text = b""
        for position in positions:
            while position > end and (text_after := stream.readline()):
                text, number, end = text_after, number + 1, end + len(text_after)
            yield number, text[max(0, position - 1 - (end - len(text))) :]
