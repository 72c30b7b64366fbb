"""The catalog's addresses: what can be read, where it lies, and the keys to it."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

from fastapi import Request
from fastapi.responses import Response

from meshport.serving.delta.links import Link
from meshport.serving.feed.history import History
from meshport.serving.iceberg import names
from meshport.serving.iceberg.keys import LIFETIME, REGION, Key, KeyRing
from meshport.serving.iceberg.table import Table
from meshport.serving.identity import VARIES_BY, Asker
from meshport.serving.quota import counted_asker
from meshport.serving.router import DoorRouter
from meshport.serving.validators import entity_tag, is_fresh

router = DoorRouter()
PREFIX = "mesh"
DELEGATION = "X-Iceberg-Access-Delegation"
_NAMESPACES = f"/v1/{PREFIX}/namespaces"
_TABLES = f"{_NAMESPACES}/{{namespace}}/tables"
_TABLE = f"{_TABLES}/{{table}}"
SERVED = (
    "GET /v1/{prefix}/namespaces",
    "GET /v1/{prefix}/namespaces/{namespace}",
    "HEAD /v1/{prefix}/namespaces/{namespace}",
    "GET /v1/{prefix}/namespaces/{namespace}/tables",
    "GET /v1/{prefix}/namespaces/{namespace}/tables/{table}",
    "HEAD /v1/{prefix}/namespaces/{namespace}/tables/{table}",
    "GET /v1/{prefix}/namespaces/{namespace}/tables/{table}/credentials",
    "GET /v1/{prefix}/namespaces/{namespace}/views",
)
"""What is declared; clients ask for nothing else."""
_HEADERS = {"Cache-Control": "private, no-store", "Vary": VARIES_BY}


@router.get("/v1/config")
def config(request: Request) -> Response:
    """Where the catalog's addresses begin, and which there are."""
    counted_asker(request)  # a wrong token is told so at once
    return _json({"defaults": {}, "overrides": {"prefix": PREFIX}, "endpoints": SERVED})


@router.get(_NAMESPACES)
def namespaces(request: Request) -> Response:
    """The domains of which the asker sees something; none lies in another."""
    asker = counted_asker(request)
    parent = request.query_params.get("parent")
    if parent:
        names.visible(asker, parent)
    found = {} if parent else {port.id.domain for port in names.visible(asker)}
    page, more = names.page_of(request, asker, found)
    return _json({"namespaces": [[name] for name in page], **more})


@router.get(f"{_NAMESPACES}/{{namespace}}")
def namespace(request: Request, namespace: str) -> Response:
    """A domain."""
    asker = counted_asker(request)
    domain = names.visible(asker, namespace)[0].id.domain
    about = asker.doors.catalog.mesh.products[domain].descriptor
    properties = {"name": about.name, "comment": about.description.purpose or ""}
    return _json({"namespace": [domain], "properties": properties})


@router.head(f"{_NAMESPACES}/{{namespace}}")
def namespace_exists(request: Request, namespace: str) -> Response:
    """Whether the asker sees something of a domain."""
    names.visible(counted_asker(request), namespace)
    return Response(status_code=204, headers=_HEADERS)


@router.get(_TABLES)
def tables(request: Request, namespace: str) -> Response:
    """The ports of a domain of which the asker sees something."""
    asker = counted_asker(request)
    ports = {port.id.model: port for port in names.visible(asker, namespace)}
    page, more = names.page_of(request, asker, ports)
    return _json({"identifiers": [names.table_item(ports[name]) for name in page], **more})


@router.get(f"{_NAMESPACES}/{{namespace}}/views")
def views(request: Request, namespace: str) -> Response:
    """None: what a view would compute, a port has computed."""
    names.visible(counted_asker(request), namespace)
    return _json({"identifiers": []})


@router.get(_TABLE)
def table(request: Request, namespace: str, table: str) -> Response:
    """The table's metadata, and keys to its objects for a client that asks for them."""
    # Loading pyiceberg takes a second, and most servers are never asked; see warming.py.
    from meshport.serving.iceberg.metadata import Metadata  # noqa: PLC0415

    with ExitStack() as leases:
        found = _table(request, leases, namespace, table)
        document = Metadata(found).document(found.opened(found.current))
        lifecycle = found.history.lifecycle
    key = _key(request, found) if "vended-credentials" in _delegation(request) else None
    # A new one before the keys that came with the old one end.
    slot = int(found.history.asker.doors.now().timestamp() / LIFETIME.total_seconds() * 2)
    whose = found.history.asker.principal.name
    tag = entity_tag(document.location, whose, str(slot), str(key is not None))
    links = {"Link": ", ".join(lifecycle.links)} if lifecycle.links else {}
    headers = {
        **lifecycle.headers, **links, "ETag": tag, "Cache-Control": "private, no-cache",
        "Vary": f"{VARIES_BY}, {DELEGATION}",
    }  # fmt: skip
    if is_fresh(request, tag):
        return Response(status_code=304, headers=headers)
    answer = {"metadata-location": document.location, "metadata": json.loads(document.written)}
    opened = _opened(request, found, key) if key else {}
    credentials = _credentials(found, opened) if key else []
    return _json({**answer, "config": opened, "storage-credentials": credentials}, headers)


@router.head(_TABLE)
def table_exists(request: Request, namespace: str, table: str) -> Response:
    """Whether the asker could load a table."""
    with ExitStack() as leases:
        _ = _table(request, leases, namespace, table).current
    return Response(status_code=204, headers=_HEADERS)


@router.get(f"{_TABLE}/credentials")
def credentials(request: Request, namespace: str, table: str) -> Response:
    """New keys to the objects of a table."""
    with ExitStack() as leases:
        found = _table(request, leases, namespace, table)
        _ = found.current
    opened = _opened(request, found, _key(request, found))
    return _json({"storage-credentials": _credentials(found, opened)})


def _table(request: Request, leases: ExitStack, namespace: str, table: str) -> Table:
    asker = counted_asker(request)
    return Table(History(asker, names.port_named(asker, namespace, table), leases))


def _delegation(request: Request) -> set[str]:
    return {part.strip().lower() for part in request.headers.get(DELEGATION, "").split(",")}


def _key(request: Request, table: Table) -> Key:
    ring: KeyRing = request.app.state.keys
    asker: Asker = table.history.asker
    expires_at = int((asker.doors.now() + LIFETIME).timestamp())
    link = Link(
        port=str(table.port),
        release="",  # of whichever is kept
        content=table.prefix,
        before=None,
        access_class=table.grant.reader.name,
        principal=asker.principal,
        purpose=asker.purpose,
        expires_at=expires_at,
    )
    return ring.key(link)


def _opened(request: Request, table: Table, key: Key) -> dict[str, str]:
    """What a client has to know to open a table's objects."""
    here = urlsplit(str(request.base_url))
    refresh = f"{_NAMESPACES[1:]}/{table.port.domain}/tables/{table.port.model}/credentials"
    return {
        "s3.endpoint": f"{here.scheme}://{here.netloc}",
        "s3.path-style-access": "true",
        "s3.region": REGION,
        "client.region": REGION,
        "s3.access-key-id": key.id,
        "s3.secret-access-key": key.secret,
        "s3.session-token": key.token,
        "s3.session-token-expires-at-ms": str(key.expires_at * 1000),
        "client.refresh-credentials-endpoint": refresh,
    }


def _credentials(table: Table, opened: dict[str, str]) -> list[dict[str, Any]]:
    return [{"prefix": table.location, "config": opened}]


def _json(content: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    return Response(json.dumps(content), 200, headers or _HEADERS, "application/json")
