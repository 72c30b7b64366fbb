"""POST /mcp, and how a client finds out where to sign in (RFC 9728)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from meshport.errors import AccessError, MeshportError, ServingError
from meshport.serving.agents import llms
from meshport.serving.identity import asker_of
from meshport.serving.origin import own_origin
from meshport.serving.ports_routes import json_answer
from meshport.serving.problems import answer_to
from meshport.serving.router import DoorRouter
from meshport.serving.state import doors_of
from meshport.settings import is_loopback

PATH = "/mcp"
METADATA = f"/.well-known/oauth-protected-resource{PATH}"


@asynccontextmanager
async def agents_lifespan(app: FastAPI) -> AsyncIterator[None]:
    """From a server's start to its end."""
    # The SDK is half of what a server imports; one that only starts others needs none of it.
    from meshport.serving.agents.server import session_manager  # noqa: PLC0415

    app.state.agents = session_manager(app.state.doors.limits.body_bytes)
    async with app.state.agents.run():
        yield


router = DoorRouter(lifespan=agents_lifespan)
router.include_router(llms.router)


class Door:
    """Looks at who asks, from where; the protocol is the SDK's."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        try:
            await _require_own(request)
            asker = await run_in_threadpool(asker_of, request)
            if not asker.principal.is_known and asker.doors.issuer:
                raise AccessError("MP705", "agents sign in here", hint="send a bearer token")
        except MeshportError as error:
            answer = answer_to(request, error)
            if answer.status_code == 401:
                answer.headers["WWW-Authenticate"] = _challenge(request)
            await answer(scope, receive, send)
            return
        request.state.asker = asker
        await request.app.state.agents.handle_request(scope, receive, send)


# There are no sessions, and nothing is sent but answers: the protocol has 405 for GET and DELETE.
router.routes.append(Route(PATH, Door(), methods=["POST"], include_in_schema=False))


@router.reads(METADATA)
def metadata(request: Request) -> Response:
    """Who issues tokens for this door; 404 where only meshport itself does."""
    oidc = doors_of(request).settings.oidc
    if oidc is None:
        fact = "tokens come from `meshport token create` alone"
        raise ServingError("MP610", fact, hint="ask the platform team for one")
    return json_answer(
        {
            "resource": f"{_base(request)}{PATH}",
            "resource_name": "meshport",
            "authorization_servers": [oidc.issuer],
            "bearer_methods_supported": ["header"],
        }
    )


async def _require_own(request: Request) -> None:
    """Raise AccessError MP742 for what a web page sent, or had sent by a name that is not ours.

    A server for its own machine alone knows its names; any other needs a token, which no page has.
    """
    await own_origin(request)
    if doors_of(request).is_demo and not is_loopback(request.url.hostname):
        fact = "this server answers on its own machine alone"
        raise AccessError("MP742", fact, hint="reach it as 127.0.0.1 or localhost")


def _challenge(request: Request) -> str:
    """RFC 6750, section 3, and RFC 9728, section 5.1."""
    realm = 'Bearer realm="meshport"'
    invalid = ', error="invalid_token"' if "Authorization" in request.headers else ""
    if doors_of(request).issuer is None:
        return realm + invalid
    return f'{realm}{invalid}, resource_metadata="{_base(request)}{METADATA}"'


def _base(request: Request) -> str:
    return str(request.base_url).rstrip("/")
