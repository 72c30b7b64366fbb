"""One quota for each reader, whatever door it asks.

A door counts a question once, where it finds out who asks. Files that an answer led to are counted
apart: who may ask no more can still take what it asked for.
"""

from __future__ import annotations

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from meshport.serving.identity import Asker, asker_of, client_of
from meshport.serving.rates import Rates

_LEFT = "allowance"
"""Under this name what is left stands in the state of a request."""


def counted_asker(request: Request) -> Asker:
    """Who sent the request, which counts; raises as `asker_of`, and ServingError MP641."""
    asker = asker_of(request)
    counted(request, asker)
    return asker


def counted(request: Request, asker: Asker) -> None:
    """Count a question; raises ServingError MP641 where the asker's quota is used up."""
    _count(request, asker, asker.doors.rates)


def fetched(request: Request, asker: Asker) -> None:
    """Count a fetch of a file, whole or in part; raises as `counted`."""
    _count(request, asker, asker.doors.fetches)


def quota_name(request: Request, asker: Asker) -> str:
    """Whose quota a request counts against: strangers are told apart by where they come from."""
    if asker.principal.is_known:
        return asker.principal.name
    return f"@{client_of(request)}"


def _count(request: Request, asker: Asker, rates: Rates) -> None:
    allowance = rates.take(quota_name(request, asker))
    setattr(request.state, _LEFT, allowance)
    allowance.require()


class QuotaHeaders:
    """ASGI middleware: every answer to what was counted says what is left, an error too."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and its answer with what is left."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        state = scope.setdefault("state", {})

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start" and _LEFT in state:
                said = {name.lower().encode(): v for name, v in state[_LEFT].headers.items()}
                others = [one for one in message["headers"] if one[0] not in said]
                others += ((name, value.encode()) for name, value in said.items())
                message = {**message, "headers": others}
            await send(message)

        await self.app(scope, receive, answer)
