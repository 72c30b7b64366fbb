"""Errors as `application/problem+json` (RFC 9457): our code, the place, the fact and a hint."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from meshport.errors import MeshportError, each_of
from meshport.serving import pages
from meshport.serving.negotiation import form_wanted

MEDIA_TYPE = "application/problem+json"
TYPE_BASE = "/errors#"

_STATUS = {
    "MP403": HTTPStatus.NOT_FOUND,
    "MP404": HTTPStatus.GONE,
    "MP601": HTTPStatus.BAD_REQUEST,
    "MP602": HTTPStatus.BAD_REQUEST,
    "MP603": HTTPStatus.BAD_REQUEST,
    "MP604": HTTPStatus.BAD_REQUEST,
    "MP610": HTTPStatus.NOT_FOUND,
    "MP611": HTTPStatus.SERVICE_UNAVAILABLE,
}


def problem(request: Request, status: int, **members: Any) -> Response:
    """A problem document, as a page for browsers; members that are None are left out."""
    title = HTTPStatus(status).phrase
    content = {"type": "about:blank", "title": title, "status": status, **members}
    content = {name: value for name, value in content.items() if value is not None}
    headers = {"Cache-Control": "no-store", "Vary": "Accept"}
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = "30"
    if form_wanted(request, None) == "html":
        answer = pages.problem_page(content)
        answer.headers.update(headers)
        return answer
    return Response(json.dumps(content), status, headers, MEDIA_TYPE)


def status_of(error: MeshportError) -> HTTPStatus:
    """The status that an error is answered with."""
    code = each_of(error)[0].code
    # A mesh whose files are being edited will be readable again.
    is_mesh = code.startswith(("MP1", "MP2"))
    broken = HTTPStatus.SERVICE_UNAVAILABLE if is_mesh else HTTPStatus.INTERNAL_SERVER_ERROR
    return _STATUS.get(code, broken)


def _members(error: MeshportError) -> dict[str, str | None]:
    first = each_of(error)[0]
    return {
        "type": f"{TYPE_BASE}{first.code.lower()}",
        "code": first.code,
        "detail": first.fact,
        "place": str(first.place) if first.place else None,
        "hint": first.hint,
    }


def install(app: FastAPI) -> None:
    """Answer every error of the app with a problem document."""

    @app.exception_handler(MeshportError)
    def ours(request: Request, error: MeshportError) -> Response:
        return problem(request, status_of(error), **_members(error))

    @app.exception_handler(HTTPException)
    def http(request: Request, error: HTTPException) -> Response:
        answer = problem(request, error.status_code)
        answer.headers.update(error.headers or {})
        return answer

    @app.exception_handler(Exception)
    def unforeseen(request: Request, _error: Exception) -> Response:
        # The server logs what it was; a reader has no use for it.
        return problem(request, HTTPStatus.INTERNAL_SERVER_ERROR)
