"""Files behind links: whole, in part, or their headers alone; the access is asked for again."""

from __future__ import annotations

import re
from contextlib import ExitStack

from fastapi import Request
from fastapi.responses import FileResponse, Response
from starlette.background import BackgroundTask

from meshport.errors import Place, ServingError
from meshport.names import PortId
from meshport.serving.delta.links import invalid_link
from meshport.serving.delta.routes import shared_files
from meshport.serving.feed.history import History
from meshport.serving.identity import VARIES_BY, Asker, asker_of, confirmed
from meshport.serving.quota import fetched
from meshport.serving.router import DoorRouter
from meshport.serving.state import doors_of
from meshport.serving.validators import is_fresh

router = DoorRouter()
PARQUET = "application/vnd.apache.parquet"
_RANGE = re.compile(r"bytes=(?:\d{1,18}-\d{0,18}|-\d{1,18})", re.ASCII)


class LargeFileResponse(FileResponse):
    """A file in steps that are few for large ones; a client that goes away ends it."""

    chunk_size = 1024 * 1024


@router.reads("/files/{token}")
def file(request: Request, token: str) -> Response:
    """The file behind a link, as long as the one it was made for still sees it."""
    doors = doors_of(request)
    link = request.app.state.links.read(token, doors.now())
    if (
        "Authorization" in request.headers
        and asker_of(request).principal.name != link.principal.name
    ):
        raise invalid_link("it was made for somebody else")
    asker = Asker(doors, confirmed(doors, link.principal), link.purpose)
    fetched(request, asker)
    port = doors.catalog.mesh.find(PortId.parse(link.port))
    if port is None:
        raise invalid_link("the port is gone")
    tag = f'"{link.content}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": VARIES_BY}
    with ExitStack() as leases:
        path = shared_files(request, History(asker, port, leases)).path_of(link)
        require_one_range(request, path.stat().st_size)
        if is_fresh(request, tag):
            return Response(status_code=304, headers=headers)
        name = f"{port.id.port}.v{port.id.major}.parquet"
        done = BackgroundTask(leases.pop_all().close)
        return LargeFileResponse(path, 200, headers, PARQUET, done, name)


def require_one_range(request: Request, size: int) -> None:
    """Raise ServingError MP614 for several ranges, or one that is outside of the file."""
    sent = request.headers.getlist("range")
    if not sent:
        return
    if len(sent) > 1 or not _RANGE.fullmatch(sent[0].replace(" ", "")):
        fact = f"`{sent[0][:40]}` is not one range of bytes"
        raise ServingError("MP614", fact, Place("Range"), "write bytes=0-1023")
    first, _, last = sent[0].partition("=")[2].partition("-")
    start, end = int(first or 0), int(last or size)
    is_within = start < size and end >= start if first else end > 0
    if not is_within:
        fact = f"the range is outside of the file, which has {size:,} bytes"
        raise ServingError("MP614", fact, Place("Range"))
