"""GET /ports/…: a port and its parts (contract, schema, checks, releases, lineage, receipt)."""

from __future__ import annotations

import json
from typing import Any

from fastapi import Request
from fastapi.responses import Response

from meshport.catalog.lineage import around
from meshport.publishing.receipt import receipt
from meshport.serving import pages
from meshport.serving.identity import VARIES_BY, asker_of
from meshport.serving.negotiation import form_wanted, split_suffix
from meshport.serving.port_access import page_grant
from meshport.serving.releases import asked, in_release
from meshport.serving.router import DoorRouter
from meshport.serving.rows.schema import row_schema
from meshport.serving.state import doors_of
from meshport.serving.validators import entity_tag, is_fresh

router = DoorRouter()
_REVALIDATE = "private, max-age=0, must-revalidate"


@router.reads("/ports/{domain}/{name}/{version}")
def port(request: Request, domain: str, name: str, version: str) -> Response:
    """The port: contract summary, release, service levels, what is served."""
    doors = doors_of(request)
    major, suffix = split_suffix(version)
    found = doors.port(domain, name, major)
    asker, grant = page_grant(request, found)
    entry = doors.catalog.entry(found, doors.now(), grant)
    form = form_wanted(request, suffix)
    if form == "json":
        return json_answer(entry.as_json(), {"Vary": f"Accept, {VARIES_BY}"})
    return pages.port_page(request, asker, entry, form)


@router.reads("/ports/{domain}/{name}/{version}/contract")
def contract(request: Request, domain: str, name: str, version: str) -> Response:
    """The contract, byte for byte as it was published; before the first release, as it is."""
    sought = asked(request, domain, name, version)
    part = sought.part
    if part is None:
        text, digest = sought.port.contract.text, sought.port.contract.sha256
    else:
        store = sought.doors.catalog.store.of(domain)
        text, digest = (store.folder / part.contract.path).read_bytes(), part.contract.sha256
    tag = f'"{digest}"'
    headers = {"ETag": tag, "Cache-Control": _REVALIDATE}
    if is_fresh(request, tag):
        return Response(status_code=304, headers=headers)
    return Response(text, 200, headers, "application/yaml")


@router.reads("/ports/{domain}/{name}/{version}/schema")
def schema(request: Request, domain: str, name: str, version: str) -> Response:
    """JSON Schema of the rows, with the columns that are served."""
    sought = asked(request, domain, name, version)
    reader = asker_of(request).grant(sought.port).reader
    columns = sought.doors.catalog.served(sought.port, sought.part, reader)
    projection = sought.part.projections.get(reader.name) if sought.part else None
    types = sought.part.types(projection) if sought.part and projection else {}
    found = row_schema(sought.port.contract, columns, types)
    return _tagged(request, found, "application/schema+json")


@router.reads("/ports/{domain}/{name}/{version}/checks")
def checks(request: Request, domain: str, name: str, version: str) -> Response:
    """Every check of the release and how it came out, and what the last refusal said."""
    sought = asked(request, domain, name, version)
    doors, found, part = sought.doors, sought.port, sought.part
    grant = asker_of(request).open_grant(found)
    refused = doors.catalog.entry(found, doors.now(), grant).status.as_json()["refused"]
    shown = doors.catalog.shown_checks(found, part.checks, grant.reader) if part else []
    return json_answer(
        {
            "port": str(found.id),
            "checks": [check.model_dump() for check in shown],
            "quarantine": part.quarantine.model_dump(exclude={"files"}) if part else None,
            "refused": refused,
        },
        {"Vary": VARIES_BY},
    )


@router.reads("/ports/{domain}/{name}/{version}/releases")
def releases(request: Request, domain: str, name: str, version: str) -> Response:
    """Every release of the port, newest first, and every move of the domain's pointer."""
    sought = asked(request, domain, name, version)
    doors, found = sought.doors, sought.port
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


@router.reads("/ports/{domain}/{name}/{version}/lineage")
def lineage(request: Request, domain: str, name: str, version: str) -> Response:
    """The ports this one is built from and those built from it."""
    sought = asked(request, domain, name, version)
    found = sought.port
    graph = around(sought.doors.catalog.mesh, found.id)
    return json_answer(
        {
            "port": str(found.id),
            "ports": [str(one) for one in graph.ports],
            "edges": [{"from": str(up), "to": str(down)} for up, down in graph.edges],
        }
    )


@router.reads("/ports/{domain}/{name}/{version}/receipt")
def port_receipt(request: Request, domain: str, name: str, version: str) -> Response:
    """The release walked back to its sources."""
    sought = asked(request, domain, name, version)
    manifest, _ = in_release(sought.port.id, sought.manifest)
    return json_answer(receipt(sought.doors.catalog.store, manifest.release).as_json())


def json_answer(content: Any, headers: dict[str, str] | None = None) -> Response:
    """A JSON document that is computed at each request."""
    body = json.dumps(content, ensure_ascii=False, indent=1)
    cache = {"Cache-Control": "private, no-cache"}
    return Response(body, 200, {**cache, **(headers or {})}, "application/json")


def _tagged(request: Request, content: Any, media_type: str) -> Response:
    body = json.dumps(content, ensure_ascii=False, indent=1)
    tag = entity_tag(body)
    headers = {"ETag": tag, "Cache-Control": _REVALIDATE}
    if is_fresh(request, tag):
        return Response(status_code=304, headers=headers)
    return Response(body, 200, headers, media_type)
