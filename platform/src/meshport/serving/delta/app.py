"""The door as an application of its own, for its errors have the protocol's shape."""

from __future__ import annotations

import json
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from meshport.errors import MeshportError, each_of
from meshport.serving.audit_trail import answered_with
from meshport.serving.delta import files, profile, routes
from meshport.serving.delta.links import LinkCodec
from meshport.serving.problems import status_of
from meshport.serving.state import Doors

PATH = "/delta-sharing"


def delta_sharing_app(doors: Doors) -> FastAPI:
    """The door over the doors' common state."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.state.doors = doors
    app.state.links = LinkCodec.at_home(doors.settings.home)
    for part in (routes, files, profile):
        app.include_router(part.router)
    _answer_errors(app)
    return app


def _answer_errors(app: FastAPI) -> None:
    @app.exception_handler(MeshportError)
    def ours(_request: Request, error: MeshportError) -> Response:
        answered_with(error)
        first = each_of(error)[0]
        status = status_of(error)
        if first.code == "MP611":
            # Nobody is told to come again: clients of the protocol would wait for minutes.
            status = HTTPStatus.NOT_FOUND
        message = f"{first.fact} ({first.hint})" if first.hint else first.fact
        return _error(status, first.code, message)

    @app.exception_handler(HTTPException)
    def http(_request: Request, error: HTTPException) -> Response:
        status = HTTPStatus(error.status_code)
        answer = _error(status, status.name, status.phrase)
        answer.headers.update(error.headers or {})
        return answer

    @app.exception_handler(Exception)
    def unforeseen(_request: Request, _error_raised: Exception) -> Response:
        status = HTTPStatus.INTERNAL_SERVER_ERROR
        return _error(status, status.name, status.phrase)


def _error(status: HTTPStatus, code: str, message: str) -> Response:
    headers = {"Cache-Control": "no-store"}
    if status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="meshport"'  # RFC 6750, section 3
    if status in (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS):
        headers["Retry-After"] = "30"
    content = {"errorCode": code, "message": message}
    return Response(json.dumps(content), status, headers, "application/json")
