"""Errors of the doors whose protocols have shapes of their own for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from meshport.errors import MeshportError, each_of
from meshport.serving.audit_trail import answered_with
from meshport.serving.problems import status_of


@dataclass(frozen=True)
class Fault:
    """What went wrong, before it has the shape of a protocol."""

    status: HTTPStatus
    message: str
    code: str | None = None
    """Our code; None for what the framework found, or what nobody foresaw."""
    headers: Mapping[str, str] = field(default_factory=dict)


def answer_errors(app: FastAPI, shaped: Callable[[Request, Fault], Response]) -> None:
    """Have an application answer all errors in the shape of its protocol."""

    @app.exception_handler(MeshportError)
    def ours(request: Request, error: MeshportError) -> Response:
        answered_with(error)
        first = each_of(error)[0]
        status = status_of(error)
        if first.code == "MP611":
            # Nobody is told to come again: clients of the protocols would wait for minutes.
            status = HTTPStatus.NOT_FOUND
        message = f"{first.fact} ({first.hint})" if first.hint else first.fact
        return shaped(request, Fault(status, message, first.code))

    @app.exception_handler(HTTPException)
    def http(request: Request, error: HTTPException) -> Response:
        status = HTTPStatus(error.status_code)
        return shaped(request, Fault(status, status.phrase, headers=error.headers or {}))

    @app.exception_handler(Exception)
    def unforeseen(request: Request, _error_raised: Exception) -> Response:
        status = HTTPStatus.INTERNAL_SERVER_ERROR
        return shaped(request, Fault(status, status.phrase))
