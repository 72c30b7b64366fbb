"""The door as an application of its own, for its errors have the protocol's shape."""

from __future__ import annotations

import json

from fastapi import FastAPI, Request
from fastapi.responses import Response

from meshport.serving.delta import files, profile, routes
from meshport.serving.delta.links import LinkCodec
from meshport.serving.foreign_errors import Fault, answer_errors
from meshport.serving.problems import headers_of
from meshport.serving.state import Doors

PATH = "/delta-sharing"


def delta_sharing_app(doors: Doors) -> FastAPI:
    """The door over the doors' common state."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.state.doors = doors
    app.state.links = LinkCodec.at_home(doors.settings.home)
    for part in (routes, files, profile):
        app.include_router(part.router)
    answer_errors(app, _error)
    return app


def _error(_request: Request, fault: Fault) -> Response:
    status, code = fault.status, fault.code or fault.status.name
    content = {"errorCode": code, "message": fault.message}
    headers = {**headers_of(status, fault.code), **fault.headers}
    return Response(json.dumps(content), status, headers, "application/json")
