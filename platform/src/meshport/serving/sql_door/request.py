"""What a request to the SQL door asks for, from its body, its parameters and its headers."""

from __future__ import annotations

import json
import re

from fastapi import Request
from starlette.requests import ClientDisconnect

from meshport.errors import Place, ServingError
from meshport.serving.negotiation import row_format_wanted
from meshport.serving.rows.query import FORMATS
from meshport.serving.sql_door.door import SqlQuestion

MAX_SQL = 65_536
MEDIA = ("application/sql", "application/json")
_MEMBERS = {"sql", "format"}


async def question_in_body(request: Request) -> SqlQuestion:
    """The question in the body: SQL as it is, or JSON with `sql` and `format`.

    Raises ServingError MP602, MP645 for another media type, MP646 for more than 64 KiB.
    """
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            _require_short(len(body))
    except ClientDisconnect as error:
        raise ServingError("MP602", "the body broke off", Place("body")) from error
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media not in MEDIA:
        raise ServingError("MP645", "the body is no SQL", hint=f"send it as {' or '.join(MEDIA)}")
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise ServingError("MP602", "the body is not UTF-8", Place("body")) from error
    return _question(request, *(_members(text) if media == MEDIA[1] else (text, None)))


def question_in_query(request: Request) -> SqlQuestion:
    """The question in `?query=`; raises ServingError MP602, MP646 for more than 64 KiB."""
    sql = request.query_params.get("query")
    if sql is None:
        hint = "GET /sql?query=select 1, or POST it as application/sql"
        raise ServingError("MP602", "there is no query", Place("?query"), hint)
    _require_short(len(sql.encode(errors="replace")))
    return _question(request, sql, None)


def is_job_wanted(request: Request) -> bool:
    """Whether the asker would rather come back for the answer (RFC 7240)."""
    said = ",".join(request.headers.getlist("prefer")).lower()
    return "respond-async" in re.split(r"[\s,;]+", said)


def _require_short(length: int) -> None:
    if length > MAX_SQL:
        raise ServingError("MP646", "the query is too long", hint=f"at most {MAX_SQL:,} bytes")


def _members(text: str) -> tuple[str, str | None]:
    hint = 'send {"sql": "select …"}'
    try:
        sent = json.loads(text)
        json.dumps(sent, ensure_ascii=False).encode()  # not for half a character (\ud800)
    except (ValueError, RecursionError) as error:
        raise ServingError("MP602", "the body is not JSON", Place("body"), hint) from error
    if not isinstance(sent, dict) or not isinstance(sent.get("sql"), str):
        raise ServingError("MP602", "the body has no text `sql`", Place("body"), hint)
    unknown = sorted(set(sent) - _MEMBERS)
    if unknown:
        raise ServingError("MP602", f"unknown member `{unknown[0][:80]}`", Place("body"), hint)
    return sent["sql"], sent.get("format")


def _question(request: Request, sql: str, format_: str | None) -> SqlQuestion:
    wanted = request.query_params.get("format") or format_ or row_format_wanted(request)
    if wanted not in FORMATS:
        fact = f"there is no format `{str(wanted)[:40]}`"
        raise ServingError("MP602", fact, Place("?format"), f"formats: {', '.join(FORMATS)}")
    return SqlQuestion(sql, wanted)
