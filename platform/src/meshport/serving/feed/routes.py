"""…/changes: what changed from release to release, by request or as a stream of events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response, StreamingResponse

from meshport.errors import MeshportError
from meshport.serving.asyncapi import asyncapi_document
from meshport.serving.feed.asking import Wanted, wanted_of
from meshport.serving.feed.feed import Changes, Feed
from meshport.serving.feed.streams import MEDIA_TYPE, Stream, Streams
from meshport.serving.identity import VARIES_BY
from meshport.serving.lifecycle import Lifecycle
from meshport.serving.negotiation import ROW_MEDIA, row_format_wanted
from meshport.serving.ports_routes import json_answer
from meshport.serving.problems import answer_to
from meshport.serving.quota import counted_asker, quota_name
from meshport.serving.router import DoorRouter
from meshport.serving.rows.answer import LeasedFile
from meshport.serving.state import doors_of

PATH = "/ports/{domain}/{name}/{version}/changes"
CURSOR = "Meshport-Cursor"
_MEDIA = {form: media for media, form in reversed(ROW_MEDIA.items())}
_HEADERS = {"Cache-Control": "private, no-store", "Vary": f"Accept, Last-Event-ID, {VARIES_BY}"}


@asynccontextmanager
async def feed_lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
    """From a server's start to its end; `stopping` is set by who ends it, before it waits."""
    limits = app.state.doors.limits
    app.state.streams = streams = Streams(limits.streams, limits.streams_each)
    yield {"stopping": streams.stopping}
    streams.stopping.set()


router = DoorRouter(lifespan=feed_lifespan)


@router.answers(PATH, ["GET", "HEAD"])
async def changes(request: Request) -> Response:
    """The changes after a cursor, or all rows and then what changed; a page, or a stream."""
    headers: dict[str, str] = {}
    try:
        answer = await _answered(request, headers)
    except MeshportError as error:
        answer = answer_to(request, error)
    answer.headers.update(headers)
    return answer


@router.reads("/asyncapi.json")
def asyncapi(request: Request) -> Response:
    """The AsyncAPI document of all ports."""
    doors = doors_of(request)
    return json_answer(asyncapi_document(doors.catalog, doors.now()))


async def _answered(request: Request, headers: dict[str, str]) -> Response:
    """The answer; `headers` is filled with what goes with every one, a problem too."""
    doors = doors_of(request)
    catalog = await doors.fresh_catalog()
    asker = await run_in_threadpool(counted_asker, request)
    port = doors.port(*(request.path_params[part] for part in ("domain", "name", "version")))
    life = Lifecycle(catalog, port)
    headers |= life.headers
    if life.links:
        headers["Link"] = ", ".join(life.links)
    life.require(doors.now())
    wanted = wanted_of(request.query_params.multi_items(), row_format_wanted(request))
    feed = Feed(asker, port.id, asker.grant(port))
    headers["Meshport-Access"] = f"{feed.grant.reader.name}; {feed.grant.rule}"
    if _wants_stream(request):
        return await _stream(request, feed, wanted, quota_name(request, asker))
    position = await run_in_threadpool(feed.begin, wanted)

    async def is_wanted() -> bool:
        return not await request.is_disconnected()

    found = await feed.next(position, wanted, is_wanted)
    feed.tell(found)
    return _page(request, feed, wanted, found, headers)


def _page(
    request: Request, feed: Feed, wanted: Wanted, found: Changes, headers: dict[str, str]
) -> Response:
    headers |= _HEADERS
    cursor = headers[CURSOR] = feed.positions.write(found.position)
    if found.has_more:
        limit = f"&limit={wanted.limit}" if "limit" in request.query_params else ""
        form = f"&format={wanted.format}" if "format" in request.query_params else ""
        address = f"{feed.port_id.path}/changes?cursor={cursor}{limit}{form}"
        own = f'<{address}>; rel="next"'
        headers["Link"] = ", ".join([own, *filter(None, [headers.get("Link")])])
    media = _MEDIA[wanted.format]
    if isinstance(found.body, Path):
        made = ExitStack()
        made.callback(found.body.unlink)
        return LeasedFile(made, found.body, media_type=media)
    return Response(found.body, media_type=media)


async def _stream(request: Request, feed: Feed, wanted: Wanted, reader: str) -> Response:
    """The stream; what stands against it is told before it begins."""
    streams: Streams = request.app.state.streams
    streams.require_room(reader)
    last = request.headers.get("last-event-id")
    if last:
        wanted = Wanted(last, None, wanted.limit, wanted.format)
    position = await run_in_threadpool(feed.begin, wanted)

    async def is_wanted() -> bool:
        return True  # who is gone takes the stream along

    await feed.next(position, Wanted(None, 0, 1, "ndjson"), is_wanted)
    headers = {**_HEADERS, "X-Accel-Buffering": "no"}
    if request.method == "HEAD":
        return Response(headers=headers, media_type=MEDIA_TYPE)
    stream = Stream(feed, streams, position, is_wanted)
    return StreamingResponse(stream.events(reader), headers=headers, media_type=MEDIA_TYPE)


def _wants_stream(request: Request) -> bool:
    accepted = request.headers.get("accept", "").split(",")
    return any(one.partition(";")[0].strip().lower() == MEDIA_TYPE for one in accepted)
