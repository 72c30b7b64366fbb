"""How the doors declare what can be read: GET and HEAD, documented by `openapi.py`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from fastapi import APIRouter
from fastapi.responses import Response

Endpoint = TypeVar("Endpoint", bound=Callable[..., Response])
AsyncEndpoint = TypeVar("AsyncEndpoint", bound=Callable[..., Awaitable[Response]])


class DoorRouter(APIRouter):
    """A router whose resources answer HEAD as they answer GET (RFC 9110, section 9.3.2)."""

    def reads(self, *paths: str) -> Callable[[Endpoint], Endpoint]:
        """Register what answers reading these paths."""

        def register(endpoint: Endpoint) -> Endpoint:
            for path in paths:
                route = self.api_route(path, methods=["GET", "HEAD"], include_in_schema=False)
                route(endpoint)
            return endpoint

        return register

    def answers(
        self, path: str, methods: Sequence[str]
    ) -> Callable[[AsyncEndpoint], AsyncEndpoint]:
        """Register what reads its requests itself, which FastAPI does more slowly."""

        def register(endpoint: AsyncEndpoint) -> AsyncEndpoint:
            self.add_route(path, endpoint, methods=list(methods), include_in_schema=False)
            return endpoint

        return register
