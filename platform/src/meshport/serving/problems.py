"""Errors as `application/problem+json` (RFC 9457): our code, the place, the fact and a hint."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from meshport.errors import MeshportError, each_of

MEDIA_TYPE = "application/problem+json"
TYPE_BASE = "/errors#"

_STATUS = {
    "MP104": HTTPStatus.NOT_FOUND,
    "MP403": HTTPStatus.NOT_FOUND,
    "MP404": HTTPStatus.GONE,
    "MP601": HTTPStatus.BAD_REQUEST,
    "MP602": HTTPStatus.BAD_REQUEST,
    "MP603": HTTPStatus.BAD_REQUEST,
    "MP604": HTTPStatus.BAD_REQUEST,
    "MP610": HTTPStatus.NOT_FOUND,
    "MP611": HTTPStatus.SERVICE_UNAVAILABLE,
}


def problem(status: int, title: str, **members: Any) -> Response:
    """A problem document; members that are None are left out."""
    content = {"type": "about:blank", "title": title, "status": status, **members}
    body = json.dumps({name: value for name, value in content.items() if value is not None})
    headers = {"Cache-Control": "no-store"}
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = "30"
    return Response(body, status, headers, MEDIA_TYPE)


def problem_of(error: MeshportError) -> Response:
    """The problem document of one of our errors."""
    first = each_of(error)[0]
    status = _STATUS.get(first.code, HTTPStatus.INTERNAL_SERVER_ERROR)
    return problem(
        status,
        HTTPStatus(status).phrase,
        type=f"{TYPE_BASE}{first.code.lower()}",
        code=first.code,
        detail=first.fact,
        place=str(first.place) if first.place else None,
        hint=first.hint,
    )


def install(app: FastAPI) -> None:
    """Answer every error of the app with a problem document."""

    @app.exception_handler(MeshportError)
    def ours(_request: Request, error: MeshportError) -> Response:
        return problem_of(error)

    @app.exception_handler(HTTPException)
    def http(_request: Request, error: HTTPException) -> Response:
        answer = problem(error.status_code, HTTPStatus(error.status_code).phrase)
        answer.headers.update(error.headers or {})
        return answer

    @app.exception_handler(RequestValidationError)
    def invalid(_request: Request, error: RequestValidationError) -> Response:
        faults = [
            {"place": ".".join(str(part) for part in item["loc"]), "detail": item["msg"]}
            for item in error.errors()
        ]
        return problem(HTTPStatus.BAD_REQUEST, "Bad Request", errors=faults)
