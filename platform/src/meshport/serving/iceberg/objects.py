"""The objects of tables, as far as reading clients of S3 need them: GET, HEAD and one range.

Every request is signed with a key that was handed out with its table, and asks for the access
again. What it names is looked up among what its reader sees; no path of ours is made from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from fastapi import Request
from fastapi.responses import Response
from starlette.background import BackgroundTask

from meshport.errors import Place, ServingError
from meshport.names import PortId
from meshport.serving.delta.files import LargeFileResponse, require_one_range
from meshport.serving.delta.links import Link
from meshport.serving.feed.history import History
from meshport.serving.iceberg.keys import KeyRing
from meshport.serving.iceberg.signature import Sent, Signature, unsigned
from meshport.serving.iceberg.table import BUCKET, DATA, FOLDER, METADATA, Shown, Table
from meshport.serving.identity import Asker, confirmed
from meshport.serving.quota import fetched
from meshport.serving.router import DoorRouter
from meshport.serving.state import doors_of

router = DoorRouter()
_PATH = re.compile(
    rf"/{BUCKET}/(?P<table>{FOLDER}/[a-z0-9_]+/[a-z0-9_]+/[a-z0-9_-]+)/(?:"
    rf"{DATA}/(?P<data>[0-9a-f]{{64}})\.parquet|"
    rf"{METADATA}/(?P<metadata>(?P<number>\d{{6,12}})-[0-9a-f]{{32}}(?:-[a-z]+\.avro|\.metadata\.json))"
    r")",
    re.ASCII,
)
_ACTIONS = ("", "x-id=GetObject", "x-id=HeadObject")
"""The queries of reading an object; any other asks for something else than its content."""
_MAX_PATH = 1024


@router.reads("/objects/{path:path}")
def read(request: Request) -> Response:
    """An object, as long as the one whose key signed the request sees it."""
    sent = _sent(request)
    link = _link(request, sent)
    found = _PATH.fullmatch(sent.path)
    if found is None:
        raise ServingError("MP610", "there is no such object")
    if found["table"] != link.content:
        raise unsigned("the key is for another table, or for another view of it")
    with ExitStack() as leases:
        path = _looked_up(_table(request, link, leases), found)
        require_one_range(request, path.stat().st_size)
        tag = f'"{found["data"] or found["metadata"]}"'  # names tell the content
        headers = {"ETag": tag, "Cache-Control": "private, no-store"}
        done = BackgroundTask(leases.pop_all().close)
        return LargeFileResponse(path, 200, headers, "application/octet-stream", done)


def _link(request: Request, sent: Sent) -> Link:
    """What the key opens that a request is signed with; raises AccessError MP707, MP708."""
    now = doors_of(request).now()
    signature = Signature.of(sent, now)
    ring: KeyRing = request.app.state.keys
    key, link = ring.opened(sent.header("x-amz-security-token"), signature.key_id, now)
    signature.require(sent, key.secret)
    return link


def _sent(request: Request) -> Sent:
    """The request as it was signed; raises ServingError MP602 for one that reads no object."""
    raw = request.scope["raw_path"].split(b"?")[0]
    query = request.scope["query_string"].decode("latin-1")
    if len(raw) > _MAX_PATH or not raw.isascii() or query not in _ACTIONS:
        raise ServingError("MP602", "only reading an object is served", Place("address"))
    headers: dict[str, list[str]] = {}
    for name, value in request.headers.items():
        headers.setdefault(name.lower(), []).append(value)
    return Sent(request.method, raw.decode("ascii"), query, headers)


def _table(request: Request, link: Link, leases: ExitStack) -> Table:
    doors = doors_of(request)
    asker = Asker(doors, confirmed(doors, link.principal), link.purpose)
    fetched(request, asker)
    port = doors.catalog.mesh.find(PortId.parse(link.port))
    if port is None:
        raise unsigned("the port is gone")
    table = Table(History(asker, port, leases))
    if table.prefix != link.content:
        raise unsigned("your access is not what it was")
    return table


def _looked_up(table: Table, found: re.Match[str]) -> Path:
    """The file behind a name; raises ServingError MP610 where the reader sees none of that name."""
    path: Path | None
    if found["data"]:
        path = _data(table, found["data"])
    else:
        # Loading pyiceberg takes a second, and most servers are never asked; see warming.py.
        from meshport.serving.iceberg.metadata import Metadata  # noqa: PLC0415

        path = Metadata(table).file(found["metadata"], int(found["number"]))
    if path is None:
        raise ServingError("MP610", "there is no such object, or no longer")
    return path


def _data(table: Table, sha256: str) -> Path | None:
    holding = (one for one in _newest_first(table) if _file(one, sha256))
    newest = next(holding, None)
    return _file(table.opened(newest), sha256) if newest else None


def _file(shown: Shown, sha256: str) -> Path | None:
    found = (file.path for file in shown.seen.sight.files if file.sha256 == sha256)
    path = next(found, None)
    return shown.seen.folder / path if path else None


def _newest_first(table: Table) -> Iterator[Shown]:
    yield table.current  # most read nothing else, and need not wait for a look at the others
    yield from reversed(table.shown)
