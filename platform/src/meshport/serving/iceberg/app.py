"""The door as an application of its own: errors in the shape of the catalog, or of S3."""

from __future__ import annotations

import json
from http import HTTPStatus
from xml.sax.saxutils import escape

from fastapi import FastAPI, Request
from fastapi.responses import Response

from meshport.serving.foreign_errors import Fault, answer_errors
from meshport.serving.iceberg import oauth, objects, routes
from meshport.serving.iceberg.keys import KeyRing
from meshport.serving.iceberg.table import BUCKET
from meshport.serving.problems import headers_of
from meshport.serving.state import Doors

PATH = f"/{BUCKET}"
_TYPES = {
    HTTPStatus.BAD_REQUEST: "BadRequestException",
    HTTPStatus.UNAUTHORIZED: "NotAuthorizedException",
    HTTPStatus.FORBIDDEN: "ForbiddenException",
    HTTPStatus.NOT_FOUND: "NoSuchTableException",
    HTTPStatus.GONE: "NoSuchTableException",
    HTTPStatus.NOT_ACCEPTABLE: "UnsupportedOperationException",
    HTTPStatus.TOO_MANY_REQUESTS: "TooManyRequestsException",
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
    answer_errors(app, _error)
    return app


def _is_object(request: Request) -> bool:
    return not request.url.path.startswith(f"{PATH}/v1/")


def _error(request: Request, fault: Fault) -> Response:
    if _is_object(request):
        return _s3_error(request, fault)
    status, message = fault.status, fault.message
    if fault.code:
        message = f"{fault.code}: {message}"
    elif request.method not in ("GET", "HEAD") and status != HTTPStatus.INTERNAL_SERVER_ERROR:
        status, message = HTTPStatus.NOT_ACCEPTABLE, "the catalog is for reading"
    kind = _TYPES.get(status, "RuntimeException")
    if status == HTTPStatus.NOT_FOUND and "/tables/" not in request.url.path:
        kind = "NoSuchNamespaceException"
    content = {"error": {"message": message, "type": kind, "code": status.value}}
    return Response(json.dumps(content), status, headers_of(status), "application/json")


def _s3_error(request: Request, fault: Fault) -> Response:
    # S3 knows none of the first.
    others = {
        HTTPStatus.UNAUTHORIZED: HTTPStatus.FORBIDDEN,
        HTTPStatus.GONE: HTTPStatus.NOT_FOUND,
        HTTPStatus.TOO_MANY_REQUESTS: HTTPStatus.SERVICE_UNAVAILABLE,
    }
    status = others.get(fault.status, fault.status)
    skewed = "RequestTimeTooSkewed" if fault.code == _CLOCK else None
    kind = skewed or _S3_CODES.get(status, "InternalError")
    message = f"{fault.code}: {fault.message}" if fault.code else fault.message
    body = f"<Error><Code>{kind}</Code><Message>{escape(message)}</Message></Error>"
    content = "" if request.method == "HEAD" else f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'
    return Response(content, status, headers_of(status), "application/xml")
