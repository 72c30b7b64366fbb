"""Errors as `application/problem+json` (RFC 9457): our code, the place, the fact and a hint."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from meshport.errors import MeshportError, each_of
from meshport.serving.audit_trail import answered_with
from meshport.serving.identity import Asker, asker_of
from meshport.serving.negotiation import form_wanted
from meshport.serving.rendering import render_problem

MEDIA_TYPE = "application/problem+json"
TYPE_BASE = "/errors#"

_STATUS = {
    "MP403": HTTPStatus.NOT_FOUND,
    "MP404": HTTPStatus.GONE,
    "MP420": HTTPStatus.SERVICE_UNAVAILABLE,
    "MP601": HTTPStatus.BAD_REQUEST,
    "MP602": HTTPStatus.BAD_REQUEST,
    "MP603": HTTPStatus.BAD_REQUEST,
    "MP604": HTTPStatus.BAD_REQUEST,
    "MP610": HTTPStatus.NOT_FOUND,
    "MP611": HTTPStatus.SERVICE_UNAVAILABLE,
    "MP612": HTTPStatus.NOT_FOUND,
    "MP613": HTTPStatus.NOT_ACCEPTABLE,
    "MP614": HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
    "MP630": HTTPStatus.BAD_REQUEST,
    "MP631": HTTPStatus.BAD_REQUEST,
    "MP632": HTTPStatus.BAD_REQUEST,
    "MP633": HTTPStatus.BAD_REQUEST,
    "MP634": HTTPStatus.UNPROCESSABLE_ENTITY,
    "MP635": HTTPStatus.SERVICE_UNAVAILABLE,
    "MP636": HTTPStatus.NOT_FOUND,
    "MP637": HTTPStatus.CONFLICT,
    "MP638": HTTPStatus.GONE,
    "MP639": HTTPStatus.TOO_MANY_REQUESTS,
    "MP640": HTTPStatus.GONE,
    "MP641": HTTPStatus.TOO_MANY_REQUESTS,
    "MP642": HTTPStatus.SERVICE_UNAVAILABLE,
    "MP643": HTTPStatus.UNPROCESSABLE_ENTITY,
    "MP644": HTTPStatus.UNPROCESSABLE_ENTITY,
    "MP645": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "MP646": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "MP647": HTTPStatus.INTERNAL_SERVER_ERROR,
    "MP650": HTTPStatus.GONE,
    "MP651": HTTPStatus.GONE,
    "MP652": HTTPStatus.TOO_MANY_REQUESTS,
    "MP660": HTTPStatus.NOT_FOUND,
    "MP661": HTTPStatus.UNPROCESSABLE_ENTITY,
    "MP662": HTTPStatus.CONFLICT,
    "MP663": HTTPStatus.CONFLICT,
    "MP701": HTTPStatus.UNAUTHORIZED,
    "MP702": HTTPStatus.FORBIDDEN,
    "MP703": HTTPStatus.FORBIDDEN,
    "MP704": HTTPStatus.FORBIDDEN,
    "MP705": HTTPStatus.UNAUTHORIZED,
    "MP706": HTTPStatus.FORBIDDEN,
    "MP707": HTTPStatus.FORBIDDEN,
    "MP708": HTTPStatus.FORBIDDEN,
    "MP722": HTTPStatus.NOT_FOUND,
    "MP730": HTTPStatus.BAD_REQUEST,
    "MP731": HTTPStatus.NOT_FOUND,
    "MP732": HTTPStatus.CONFLICT,
    "MP733": HTTPStatus.BAD_REQUEST,
    "MP734": HTTPStatus.FORBIDDEN,
    "MP735": HTTPStatus.CONFLICT,
    "MP740": HTTPStatus.FORBIDDEN,
    "MP741": HTTPStatus.SERVICE_UNAVAILABLE,
    "MP742": HTTPStatus.FORBIDDEN,
    "MP790": HTTPStatus.SERVICE_UNAVAILABLE,
}

_RETRY_AFTER = {"MP635": "1", "MP639": "5", "MP642": "1"}
"""Seconds; a mesh that is being edited, or waits for its first release, takes longer."""


def headers_of(status: int, code: str | None = None) -> dict[str, str]:
    """What every error says in its headers: RFC 6750 section 3, RFC 9110 section 10.2.3."""
    headers = {"Cache-Control": "no-store"}
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="meshport"'
    if status in (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS):
        headers["Retry-After"] = _RETRY_AFTER.get(code or "", "30")
    return headers


def problem(request: Request, status: int, **members: Any) -> Response:
    """A problem document, as a page for browsers; members that are None are left out."""
    title = HTTPStatus(status).phrase
    content = {"type": "about:blank", "title": title, "status": status, **members}
    content = {name: value for name, value in content.items() if value is not None}
    headers = {**headers_of(status, members.get("code")), "Vary": "Accept"}
    if form_wanted(request, None) == "html":
        answer = render_problem(content, _asker(request))
        answer.headers.update(headers)
        return answer
    return Response(json.dumps(content), status, headers, MEDIA_TYPE)


def _asker(request: Request) -> Asker | None:
    try:
        return asker_of(request)
    except (MeshportError, AttributeError):  # a wrong token, or an app that knows nobody
        return None


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


def problem_of(error: MeshportError) -> dict[str, Any]:
    """The problem document of an error, for answers that have begun already."""
    status = status_of(error)
    found = {"title": status.phrase, "status": int(status), **_members(error)}
    return {name: value for name, value in found.items() if value is not None}


def answer_to(request: Request, error: MeshportError) -> Response:
    """What a request is told that an error of ours stands against."""
    answered_with(error)
    return problem(request, status_of(error), **_members(error))


def install(app: FastAPI) -> None:
    """Answer every error of the app with a problem document."""

    @app.exception_handler(MeshportError)
    def ours(request: Request, error: MeshportError) -> Response:
        return answer_to(request, error)

    @app.exception_handler(HTTPException)
    def http(request: Request, error: HTTPException) -> Response:
        answer = problem(request, error.status_code)
        answer.headers.update(error.headers or {})
        return answer

    @app.exception_handler(Exception)
    def unforeseen(request: Request, _error: Exception) -> Response:
        # The server logs what it was; a reader has no use for it.
        return problem(request, HTTPStatus.INTERNAL_SERVER_ERROR)
