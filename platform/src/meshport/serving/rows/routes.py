"""…/rows: the rows of a port, filtered, sorted and paged, in the reader's format."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from meshport.access.authorize import Grant
from meshport.errors import MeshportError
from meshport.products.mesh import Port
from meshport.publishing.manifest import Manifest
from meshport.serving.audit_trail import Reading, tell
from meshport.serving.cursor import Cursor
from meshport.serving.identity import Asker, asker_of
from meshport.serving.port_operations import FORM
from meshport.serving.problems import answer_to
from meshport.serving.quota import counted
from meshport.serving.releases import in_release
from meshport.serving.router import DoorRouter
from meshport.serving.rows.answer import Answer, Timing
from meshport.serving.rows.asking import (
    METHODS,
    Parameters,
    parameters_of,
    question_of,
)
from meshport.serving.rows.door import RowDoor
from meshport.serving.rows.explain import explanation
from meshport.serving.rows.views import View
from meshport.serving.state import doors_of

router = DoorRouter()
PATH = "/ports/{domain}/{name}/{version}/rows"
_OURS = "bearer mpt_"
"""How a token of meshport's own begins, which is looked up without asking another server."""


@router.answers(PATH, METHODS)
async def rows(request: Request) -> Response:
    """Rows of the current release, or of the one pinned by `@release` or a cursor."""
    return await _answered(request, lambda answer, leases: answer.respond(leases))


@router.answers(f"{PATH}/explain", METHODS)
async def explain(request: Request) -> Response:
    """How the same question to `…/rows` would be answered: policy, files, bytes and plan."""
    return await _answered(request, lambda answer, _leases: explanation(answer))


@router.answers(PATH, ["OPTIONS"])
@router.answers(f"{PATH}/explain", ["OPTIONS"])
async def options(_request: Request) -> Response:
    """The methods that rows answer, and the form in which a body asks."""
    headers = {"Allow": ", ".join([*METHODS, "OPTIONS"]), "Accept-Query": FORM}
    return Response(status_code=204, headers=headers)


@dataclass
class _Said:
    """What every answer says of reader and port, a problem too."""

    timing: Timing = field(default_factory=Timing)
    headers: dict[str, str] = field(default_factory=lambda: {"Accept-Query": FORM})
    links: list[str] = field(default_factory=list)

    def put_on(self, response: Response) -> Response:
        """The response with it."""
        response.headers.update(self.headers)
        if self.links:
            own = response.headers.get("Link")
            response.headers["Link"] = ", ".join([*([own] if own else []), *self.links])
        if self.timing.steps:
            response.headers["Server-Timing"] = self.timing.header
        return response


async def _answered(
    request: Request, respond: Callable[[Answer, ExitStack], Awaitable[Response]]
) -> Response:
    said = _Said()
    try:
        with ExitStack() as leases:
            response = await respond(await _asked(request, said, leases), leases)
    except MeshportError as error:
        response = answer_to(request, error)
    return said.put_on(response)


async def _asked(request: Request, said: _Said, leases: ExitStack) -> Answer:
    """Who asks what of which release, which the leases then hold; raises what stands against it."""
    doors, door = doors_of(request), doors_of(request).rows
    catalog = await doors.fresh_catalog()
    door.views.follow(catalog)
    asker = await _asker(request)
    counted(request, asker)
    domain, name, version = (request.path_params[part] for part in ("domain", "name", "version"))
    major, _, pinned = version.partition("@")
    port = doors.port(domain, name, major)
    life = door.views.life_of(catalog, port)
    said.headers |= life.headers
    said.links += life.links
    life.require(doors.now())
    parameters = await parameters_of(request, door.limits)
    cursor = _cursor(door, parameters, port, pinned or None)
    reading = catalog.store.of(domain).reading(cursor.release if cursor else pinned or None)
    grant = asker.grant(port)
    view = await _view(asker, port, leases.enter_context(reading), grant)
    said.timing.step("policy")
    question = question_of(door.views, view, request, parameters)
    return Answer(door, request, view, grant, question, cursor, bool(pinned), said.timing)


async def _asker(request: Request) -> Asker:
    sent = request.headers.get("Authorization")
    if sent is None or sent[: len(_OURS)].lower() == _OURS:
        return asker_of(request)
    # A company's token may take a look at its issuer's keys.
    return await run_in_threadpool(asker_of, request)


def _cursor(door: RowDoor, given: Parameters, port: Port, pinned: str | None) -> Cursor | None:
    sent = next((text for name, text in given if name == "cursor"), None)
    if sent is None:
        return None
    cursor = door.cursors.read(sent)
    cursor.require(str(port.id), pinned, None)
    return cursor


async def _view(asker: Asker, port: Port, reading: Manifest | None, grant: Grant) -> View:
    """What the grant shows of the release; raises ServingError MP611, AccessError MP704, MP705."""
    manifest, part = in_release(port.id, reading)
    views, key = asker.doors.rows.views, (port.id, manifest.release, grant.key)
    found = views.find(key)
    if found is not None:
        tell(port.id, Reading(manifest.release))
        return found
    store = asker.doors.catalog.store.of(port.id.domain)

    def make() -> View:
        return View(key, store, port, manifest, part, asker.sight(port, part, grant))

    # The files of a scope are made when they are first read.
    return views.keep(make() if grant.scope is None else await run_in_threadpool(make))
