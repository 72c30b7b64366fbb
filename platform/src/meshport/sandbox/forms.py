"""How a result is written: the same as rows are at the ports' own doors."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from meshport.sandbox.question import CSV, NDJSON
from meshport.sql_text import quote
from meshport.value_sql import TIMES, is_exact, is_rounded_in_json, json_value, text_value

Columns = Sequence[tuple[str, str]]
_NEVER_QUOTED = {*TIMES, "DOUBLE", "FLOAT", "BOOLEAN", "DATE", "TIME", "UUID"}


@dataclass(frozen=True)
class TextForm:
    """The SQL of each row's text, and what stands around the rows."""

    line: str
    before: bytes = b""
    after: bytes = b""
    skipped: int = 0
    """How many bytes of the first row are left out: the separator that nothing comes before."""


def text_form(form: str, columns: Columns) -> TextForm:
    """How these columns, which the SQL names by their place, are written as JSON, NDJSON or CSV."""
    if form == CSV:
        head = ",".join(_csv_text(name) for name, _ in columns)
        return TextForm(f"{_csv_line(columns)} || chr(10)", f"{head}\n".encode())
    values = [
        f"{quote(name)} := {json_value(f'#{place}', native, is_text=is_rounded_in_json(native))}"
        for place, (name, native) in enumerate(columns, 1)
    ]
    line = f"to_json(struct_pack({', '.join(values)}))::varchar"
    if form == NDJSON:
        return TextForm(f"{line} || chr(10)")
    return TextForm(f"',' || {line}", b"[", b"]", skipped=1)


def _csv_line(columns: Columns) -> str:
    values = [_csv_value(f"#{place}", native) for place, (_, native) in enumerate(columns, 1)]
    return " || ',' || ".join(values)


def _csv_value(column: str, native: str) -> str:
    text = text_value(column, native)
    if native in _NEVER_QUOTED or is_exact(native):
        return f"coalesce({text}, '')"
    quoted = f"""'"' || replace({text}, '"', '""') || '"'"""
    # An empty text is quoted, a null is nothing: so that one can be told from the other.
    is_quoted = f"""{text} = '' or regexp_matches({text}, '[",\\n\\r]')"""
    return f"case when {text} is null then '' when {is_quoted} then {quoted} else {text} end"


def _csv_text(text: str) -> str:
    is_plain = text and not re.search(r'[",\n\r]', text)
    return text if is_plain else '"' + text.replace('"', '""') + '"'
