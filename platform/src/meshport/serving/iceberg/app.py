"""The door as an application of its own: errors in the shape of the catalog, or of S3."""

from __future__ import annotations

import json
from http import HTTPStatus
from xml.sax.saxutils import escape

from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from meshport.errors import MeshportError, each_of
from meshport.serving.audit_trail import answered_with
from meshport.serving.iceberg import oauth, objects, routes
from meshport.serving.iceberg.keys import KeyRing
from meshport.serving.iceberg.table import BUCKET
from meshport.serving.problems import status_of
from meshport.serving.state import Doors

PATH = f"/{BUCKET}"
_TYPES = {
    HTTPStatus.BAD_REQUEST: "BadRequestException",
    HTTPStatus.UNAUTHORIZED: "NotAuthorizedException",
    HTTPStatus.FORBIDDEN: "ForbiddenException",
    HTTPStatus.NOT_FOUND: "NoSuchTableException",
    HTTPStatus.GONE: "NoSuchTableException",
    HTTPStatus.NOT_ACCEPTABLE: "UnsupportedOperationException",
    HTTPStatus.SERVICE_UNAVAILABLE: "ServiceUnavailableException",
}
_S3_CODES = {
    HTTPStatus.BAD_REQUEST: "InvalidRequest",
    HTTPStatus.FORBIDDEN: "AccessDenied",
    HTTPStatus.NOT_FOUND: "NoSuchKey",
    HTTPStatus.METHOD_NOT_ALLOWED: "MethodNotAllowed",
    HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE: "InvalidRange",
    HTTPStatus.SERVICE_UNAVAILABLE: "SlowDown",
}
_CLOCK = "MP708"


def iceberg_app(doors: Doors) -> FastAPI:
    """The door over the doors' common state."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.doors = doors
    app.state.keys = KeyRing.at_home(doors.settings.home)
    for part in (oauth, routes, objects):
        app.include_router(part.router)
    _answer_errors(app)
    return app


def _answer_errors(app: FastAPI) -> None:
    @app.exception_handler(MeshportError)
    def ours(request: Request, error: MeshportError) -> Response:
        answered_with(error)
        first = each_of(error)[0]
        status = status_of(error)
        if first.code == "MP611":
            # Nobody is told to come again: clients would wait for minutes.
            status = HTTPStatus.NOT_FOUND
        message = f"{first.fact} ({first.hint})" if first.hint else first.fact
        return _error(request, status, f"{first.code}: {message}", first.code)

    @app.exception_handler(HTTPException)
    def http(request: Request, error: HTTPException) -> Response:
        status = HTTPStatus(error.status_code)
        message = status.phrase
        if not _is_object(request) and request.method not in ("GET", "HEAD"):
            status, message = HTTPStatus.NOT_ACCEPTABLE, "the catalog is for reading"
        return _error(request, status, message)

    @app.exception_handler(Exception)
    def unforeseen(request: Request, _error_raised: Exception) -> Response:
        status = HTTPStatus.INTERNAL_SERVER_ERROR
        return _error(request, status, status.phrase)


def _is_object(request: Request) -> bool:
    return not request.url.path.startswith(f"{PATH}/v1/")


def _error(request: Request, status: HTTPStatus, message: str, code: str = "") -> Response:
    if _is_object(request):
        return _s3_error(request, status, message, code)
    headers = {"Cache-Control": "no-store"}
    if status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="meshport"'  # RFC 6750, section 3
    if status in (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS):
        headers["Retry-After"] = "30"
    kind = _TYPES.get(status, "RuntimeException")
    if status == HTTPStatus.NOT_FOUND and "/tables/" not in request.url.path:
        kind = "NoSuchNamespaceException"
    content = {"error": {"message": message, "type": kind, "code": status.value}}
    return Response(json.dumps(content), status, headers, "application/json")


def _s3_error(request: Request, status: HTTPStatus, message: str, code: str) -> Response:
    if status is HTTPStatus.UNAUTHORIZED:
        status = HTTPStatus.FORBIDDEN
    if status is HTTPStatus.GONE:
        status = HTTPStatus.NOT_FOUND
    kind = "RequestTimeTooSkewed" if code == _CLOCK else _S3_CODES.get(status, "InternalError")
    body = f"<Error><Code>{kind}</Code><Message>{escape(message)}</Message></Error>"
    headers = {"Cache-Control": "no-store"}
    content = "" if request.method == "HEAD" else f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'
    return Response(content, status, headers, "application/xml")
