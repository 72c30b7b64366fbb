"""What a request asks for, and by whom: read once, whichever method it came by."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import parse_qsl

from fastapi import HTTPException, Request

from meshport.errors import ServingError
from meshport.serving.limits import Limits
from meshport.serving.negotiation import row_format_wanted
from meshport.serving.port_operations import FORM
from meshport.serving.rows.lines import is_in_lines, is_looked_up, key_asked
from meshport.serving.rows.query import RowQuery, parse_row_query
from meshport.serving.rows.source import RowSource
from meshport.serving.rows.views import View, Views

SAFE = ("GET", "HEAD", "QUERY")
METHODS = (*SAFE, "POST")
"""POST asks as QUERY does (RFC 10008), for clients that know only the older methods."""
_KEPT = 1_000
"""Longer questions are read anew each time."""

Parameters = list[tuple[str, str]]


@dataclass(frozen=True)
class Question:
    """A checked query, and what is known of it before it is answered."""

    query: RowQuery
    is_in_lines: bool
    """Whether prepared lines hold all that it wants to see."""
    is_looked_up: bool
    """Whether they answer it without the engine."""
    key: str | None
    """The key of the one row that is asked for."""

    @cached_property
    def canonical(self) -> str:
        """The same for the same question."""
        return self.query.canonical


async def parameters_of(request: Request, limits: Limits) -> Parameters:
    """The parameters in the address and, of QUERY and POST, in the body.

    Raises ServingError MP645 for another form, MP646 for too long a body.
    """
    given = request.query_params.multi_items()
    if request.method in ("QUERY", "POST"):
        given += parse_qsl(await _body(request, limits), keep_blank_values=True)
    return given


async def _body(request: Request, limits: Limits) -> str:
    body = bytearray()
    try:
        async with asyncio.timeout(limits.body):
            async for part in request.stream():
                body += part
                if len(body) > limits.body_bytes:
                    most = f"at most {limits.body_bytes // 1024} KiB"
                    raise ServingError("MP646", "the body is too long", hint=most)
    except TimeoutError as error:
        raise HTTPException(408) from error
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if body and media != FORM:
        fact = f"the body is `{media[:80]}`"
        raise ServingError("MP645", fact, hint=f"send it as {FORM}")
    return body.decode(errors="replace")


def question_of(views: Views, view: View, request: Request, parameters: Parameters) -> Question:
    """The question that the parameters ask of a view; raises ServingError MP601, MP602, MP604."""
    form = row_format_wanted(request)

    def read() -> Question:
        query = parse_row_query(parameters, view.source.types, form)
        return _known(view.source, query)

    text = request.scope["query_string"]
    if request.method in ("QUERY", "POST") or len(text) > _KEPT:
        return read()
    return views.question((view.key, text, form), read)


def _known(source: RowSource, query: RowQuery) -> Question:
    key = key_asked(source, query) if query.filters else None
    return Question(query, is_in_lines(query), is_looked_up(source, query), key)


def preferences(request: Request) -> Mapping[str, str]:
    """What `Prefer` asks for (RFC 7240), by name in lower case."""
    found: dict[str, str] = {}
    for one in ",".join(request.headers.getlist("prefer")).split(","):
        name, _, value = one.partition(";")[0].partition("=")
        found.setdefault(name.strip().lower(), value.strip().strip('"').lower())
    return found
