"""GET /ports/…: a port and its parts (contract, schema, checks, releases, lineage, receipt)."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from meshport.catalog.lineage import around
from meshport.errors import ServingError
from meshport.products.mesh import Port
from meshport.publishing.manifest import Manifest, PortRelease
from meshport.publishing.receipt import receipt
from meshport.serving import pages
from meshport.serving.negotiation import form_wanted, split_suffix
from meshport.serving.row_schema import row_schema
from meshport.serving.state import Doors, doors_of
from meshport.serving.validators import entity_tag, is_fresh

router = APIRouter()
_REVALIDATE = "public, max-age=0, must-revalidate"


@router.get("/ports/{domain}/{name}/{version}", include_in_schema=False)
def port(request: Request, domain: str, name: str, version: str) -> Response:
    """The port: contract summary, release, service levels, what is served."""
    doors = doors_of(request)
    major, suffix = split_suffix(version)
    found = doors.port(domain, name, major.partition("@")[0])
    entry = doors.catalog.entry(found, doors.now())
    form = form_wanted(request, suffix)
    if form == "json":
        return json_answer(entry.as_json(), {"Vary": "Accept"})
    return pages.port_page(request, doors, entry, form)


@router.get("/ports/{domain}/{name}/{version}/contract", include_in_schema=False)
def contract(request: Request, domain: str, name: str, version: str) -> Response:
    """The contract, byte for byte as it was published; before the first release, as it is."""
    doors, found, part = _look_up(request, domain, name, version)
    if part is None:
        text, digest = found.contract.text, found.contract.sha256
    else:
        text = (doors.catalog.store.of(domain).folder / part.contract.path).read_bytes()
        digest = part.contract.sha256
    tag = f'"{digest}"'
    headers = {"ETag": tag, "Cache-Control": _REVALIDATE}
    if is_fresh(request, tag):
        return Response(status_code=304, headers=headers)
    return Response(text, 200, headers, "application/yaml")


@router.get("/ports/{domain}/{name}/{version}/schema", include_in_schema=False)
def schema(request: Request, domain: str, name: str, version: str) -> Response:
    """JSON Schema of the rows, with the columns that are served."""
    doors, found, _ = _look_up(request, domain, name, version)
    columns = doors.catalog.scale.served_openly(found.contract.table.columns)
    return _tagged(request, row_schema(found.contract, columns), "application/schema+json")


@router.get("/ports/{domain}/{name}/{version}/checks", include_in_schema=False)
def checks(request: Request, domain: str, name: str, version: str) -> Response:
    """Every check of the release and how it came out, and what the last refusal said."""
    doors, found, part = _look_up(request, domain, name, version)
    refused = doors.catalog.entry(found, doors.now()).status.as_json()["refused"]
    return json_answer(
        {
            "port": str(found.id),
            "checks": [check.model_dump() for check in part.checks] if part else [],
            "quarantine": part.quarantine.model_dump(exclude={"files"}) if part else None,
            "refused": refused,
        }
    )


@router.get("/ports/{domain}/{name}/{version}/releases", include_in_schema=False)
def releases(request: Request, domain: str, name: str, version: str) -> Response:
    """Every release of the port, newest first, and every move of the domain's pointer."""
    doors, found, _ = _look_up(request, domain, name, version)
    store = doors.catalog.store.of(domain)
    pointer = store.pointer()
    listed = []
    for release in reversed(store.releases()):
        manifest = store.manifest(release)
        part = manifest.port(found.id)
        if part:
            listed.append(
                {
                    "release": release,
                    "published_at": manifest.published_at.isoformat(),
                    "rows": part.rows,
                    "quarantined": part.quarantine.rows,
                    "contract_version": part.contract_version,
                    "is_current": release == pointer.current,
                    "has_data": store.has_data(release),
                }
            )
    moves = [vars(move) for move in reversed(pointer.moves)]
    return json_answer({"port": str(found.id), "releases": listed, "moves": moves})


@router.get("/ports/{domain}/{name}/{version}/lineage", include_in_schema=False)
def lineage(request: Request, domain: str, name: str, version: str) -> Response:
    """The ports this one is built from and those built from it."""
    doors, found, _ = _look_up(request, domain, name, version)
    graph = around(doors.catalog.mesh, found.id)
    return json_answer(
        {
            "port": str(found.id),
            "ports": [str(one) for one in graph.ports],
            "edges": [{"from": str(up), "to": str(down)} for up, down in graph.edges],
        }
    )


@router.get("/ports/{domain}/{name}/{version}/receipt", include_in_schema=False)
def port_receipt(request: Request, domain: str, name: str, version: str) -> Response:
    """The release walked back to its sources."""
    doors, found, _ = _look_up(request, domain, name, version)
    manifest = _manifest(doors, found, version.partition("@")[2])
    if manifest is None:
        raise ServingError("MP611", f"{found.id} has no release yet")
    return json_answer(receipt(doors.catalog.store, manifest.release).as_json())


def json_answer(content: Any, headers: dict[str, str] | None = None) -> Response:
    """A JSON document that is computed at each request."""
    body = json.dumps(content, ensure_ascii=False, indent=1)
    return Response(body, 200, {"Cache-Control": "no-cache", **(headers or {})}, "application/json")


def _tagged(request: Request, content: Any, media_type: str) -> Response:
    body = json.dumps(content, ensure_ascii=False, indent=1)
    tag = entity_tag(body)
    headers = {"ETag": tag, "Cache-Control": _REVALIDATE}
    if is_fresh(request, tag):
        return Response(status_code=304, headers=headers)
    return Response(body, 200, headers, media_type)


def _look_up(
    request: Request, domain: str, name: str, version: str
) -> tuple[Doors, Port, PortRelease | None]:
    doors = doors_of(request)
    major, _, pinned = version.partition("@")
    found = doors.port(domain, name, major)
    manifest = _manifest(doors, found, pinned)
    return doors, found, manifest.port(found.id) if manifest else None


def _manifest(doors: Doors, port: Port, pinned: str) -> Manifest | None:
    store = doors.catalog.store.of(port.id.domain)
    return store.manifest(pinned) if pinned else store.current()
