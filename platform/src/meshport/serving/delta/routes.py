"""The protocol's addresses: shares, schemas, tables, and the files behind links."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import Response
from starlette.requests import ClientDisconnect

from meshport.errors import Place, ServingError
from meshport.serving.delta import answers, listing
from meshport.serving.delta.actions import Lines
from meshport.serving.delta.answers import Answer, wanted_version
from meshport.serving.delta.request import (
    Capabilities,
    capabilities_of,
    moment,
    pin_in,
    query_in,
    range_in,
)
from meshport.serving.delta.shared_files import SharedFiles
from meshport.serving.feed.history import History
from meshport.serving.identity import VARIES_BY
from meshport.serving.quota import counted_asker
from meshport.serving.router import DoorRouter

router = DoorRouter()
MAX_BODY = 1_000_000
VERSION = "Delta-Table-Version"
_TABLE = "/shares/{share}/schemas/{schema}/tables/{table}"
_HEADERS = {"Cache-Control": "private, no-store", "Vary": VARIES_BY}


@router.reads("/shares")
def shares(request: Request) -> Response:
    """The shares of which the asker sees something."""
    asker = counted_asker(request)
    names = {port.id.domain for port in listing.visible(asker)}
    return _json(listing.page_of(request, asker, [listing.share_item(asker, n) for n in names]))


@router.reads("/shares/{share}")
def share(request: Request, share: str) -> Response:
    """One share."""
    asker = counted_asker(request)
    ports = listing.visible(asker, share)
    return _json({"share": listing.share_item(asker, ports[0].id.domain)})


@router.reads("/shares/{share}/schemas")
def schemas(request: Request, share: str) -> Response:
    """The schemas of a share, one for each port name."""
    asker = counted_asker(request)
    ports = {port.id.port: port.id for port in listing.visible(asker, share)}
    return _json(listing.page_of(request, asker, map(listing.schema_item, ports.values())))


@router.reads("/shares/{share}/schemas/{schema}/tables")
def tables(request: Request, share: str, schema: str) -> Response:
    """The tables of a schema, one for each major version."""
    asker = counted_asker(request)
    ports = listing.visible(asker, share, schema)
    return _json(listing.page_of(request, asker, [listing.table_item(p.id) for p in ports]))


@router.reads("/shares/{share}/all-tables")
def all_tables(request: Request, share: str) -> Response:
    """The tables of all schemas of a share."""
    asker = counted_asker(request)
    ports = listing.visible(asker, share)
    return _json(listing.page_of(request, asker, [listing.table_item(p.id) for p in ports]))


@router.reads(f"{_TABLE}/version")
@router.api_route(_TABLE, methods=["HEAD"])
def version(request: Request, share: str, schema: str, table: str) -> Response:
    """The latest version, or the first one since `startingTimestamp`, in a header."""
    with ExitStack() as leases:
        found = _history(request, leases, (share, schema, table))
        latest = found.versions.latest
        since = moment(request.query_params, "startingTimestamp")
        wanted = found.versions.since(since) if since else latest
        if wanted is None:
            raise ServingError("MP612", f"{found.port.id} has no version since then")
        found.seen(latest.release)
    return Response(headers={**_table_headers(found), VERSION: str(wanted.number)})


@router.reads(f"{_TABLE}/metadata")
def metadata(request: Request, share: str, schema: str, table: str) -> Response:
    """The protocol and the schema, of the latest or of a named version."""
    pin = pin_in(request.query_params)
    with ExitStack() as leases:
        found = _history(request, leases, (share, schema, table))
        wanted = wanted_version(found, pin)
        capabilities = capabilities_of(request)
        number = wanted.number if pin.is_pinned else None
        lines = Lines(found.port, capabilities).head(found.seen(wanted.release), number)
    return _lines(found, Answer(wanted.number, lines), capabilities)


async def body_of(request: Request) -> bytes:
    """The body, up to a megabyte; raises ServingError MP602."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY:
                fact = f"the body is longer than {MAX_BODY:,} bytes"
                raise ServingError("MP602", fact, Place("body"))
    except ClientDisconnect as error:
        raise ServingError("MP602", "the body broke off", Place("body")) from error
    return bytes(body)


@router.post(f"{_TABLE}/query")
def query(
    request: Request, share: str, schema: str, table: str, body: Annotated[bytes, Depends(body_of)]
) -> Response:
    """The files of a version, or with `startingVersion` those that came and went since."""
    wanted = query_in(body)
    with ExitStack() as leases:
        found = _history(request, leases, (share, schema, table))
        capabilities = capabilities_of(request)
        files, lines = shared_files(request, found), Lines(found.port, capabilities)
        is_followed = wanted.starting_version is not None
        answer = (answers.files_since if is_followed else answers.snapshot)(wanted, lines, files)
    return _lines(found, answer, capabilities)


@router.reads(f"{_TABLE}/changes")
def changes(request: Request, share: str, schema: str, table: str) -> Response:
    """The change data feed from version to version."""
    wanted = range_in(request.query_params)
    with ExitStack() as leases:
        found = _history(request, leases, (share, schema, table))
        capabilities = capabilities_of(request)
        lines = Lines(found.port, capabilities)
        answer = answers.changes(wanted, lines, shared_files(request, found))
    return _lines(found, answer, capabilities)


def shared_files(request: Request, history: History) -> SharedFiles:
    """The files of a port, with links that lead to where the request came."""
    return SharedFiles(history, request.app.state.links, address_of(request))


def address_of(request: Request) -> str:
    """Where the door is, as the client sees it."""
    return f"{str(request.base_url).rstrip('/')}{request.scope['root_path']}"


def _history(request: Request, leases: ExitStack, name: tuple[str, str, str]) -> History:
    asker = counted_asker(request)
    return History(asker, listing.port_named(asker, *name), leases)


def _json(content: dict[str, Any]) -> Response:
    media = "application/json; charset=utf-8"
    return Response(json.dumps(content), 200, _HEADERS, media)


def _lines(history: History, answer: Answer, capabilities: Capabilities) -> Response:
    body = "".join(f"{json.dumps(line, separators=(',', ':'))}\n" for line in answer.lines)
    headers = {**_table_headers(history), VERSION: str(answer.version), **capabilities.echo}
    return Response(body, 200, headers, "application/x-ndjson; charset=utf-8")


def _table_headers(history: History) -> dict[str, str]:
    """What goes with every answer about a table, among it how long its port is promised."""
    links = ", ".join(history.lifecycle.links)
    return {**_HEADERS, **history.lifecycle.headers, **({"Link": links} if links else {})}
