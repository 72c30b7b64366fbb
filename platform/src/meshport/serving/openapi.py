"""The OpenAPI document (3.1): paths and row models, derived from the contracts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from meshport import __version__
from meshport.catalog.entry import Catalog, PortEntry
from meshport.serving.feed.openapi import changes_operation
from meshport.serving.port_operations import (
    PROBLEM,
    answer,
    explain_operation,
    port_operation,
    rows_by_form,
    rows_operation,
)
from meshport.serving.rows.schema import row_schema
from meshport.serving.sql_door.openapi import sql_paths
from meshport.serving.webhooks.openapi import webhook_paths

_SUMMARIES = {
    "contract": "The contract, byte for byte",
    "schema": "JSON Schema of a row",
    "checks": "Every check and how it came out",
    "releases": "Releases, newest first",
    "lineage": "Ports upstream and downstream",
    "receipt": "The release walked back to its sources",
}


_CATALOG = {
    "/products": "All data products: descriptors and state",
    "/products/{domain}": "One data product: descriptor and state",
    "/search": "Ports and columns by words, the best first, each with why it was found",
    "/glossary": "Words of the business with the columns that carry them",
    "/errors": "What every error code means and how to get out of it",
    "/asyncapi.json": "The AsyncAPI document: streams of changes and events of all ports",
    "/healthz": "Whether the server can read the mesh",
}
_PARAMETERS: dict[str, dict[str, Any]] = {
    "/products/{domain}": {"name": "domain", "in": "path", "required": True},
    "/search": {"name": "q", "in": "query", "description": "Words to look for"},
}


def openapi_document(catalog: Catalog, now: datetime) -> dict[str, Any]:
    """The document of the mesh as it is now; contracts change while the server runs."""
    paths = {path: {"get": _catalog_operation(path)} for path in _CATALOG}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "meshport",
            "version": __version__,
            "description": "Data products of the mesh. Row models come from the contracts.",
        },
        "paths": {
            **paths,
            **sql_paths(PROBLEM),
            **webhook_paths(PROBLEM),
            **_port_paths(catalog, now),
        },
    }


def _catalog_operation(path: str) -> dict[str, Any]:
    answers = {"200": answer(_CATALOG[path], {"application/json": {"schema": {}}})}
    if "{" in path:
        answers["404"] = PROBLEM
    given = _PARAMETERS.get(path)
    return {
        "summary": _CATALOG[path],
        "operationId": path.split("/")[1].partition(".")[0] if "{" not in path else "product",
        "tags": ["catalog"],
        "parameters": [{**given, "schema": {"type": "string"}}] if given else [],
        "responses": answers,
    }


def _port_paths(catalog: Catalog, now: datetime) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for port in catalog.mesh.ports:
        paths[port.id.path] = {
            "get": port_operation(port, "port", f"{port.contract.name}: the port")
        }
        entry = catalog.entry(port, now)
        rows, types = _rows(entry), _types(entry)
        row = row_schema(port.contract, entry.visible, types)
        paths[f"{port.id.path}/changes"] = {"get": changes_operation(rows, row, PROBLEM)}
        paths[f"{port.id.path}/rows"] = {"get": rows, "post": rows_by_form(rows)}
        paths[f"{port.id.path}/rows/explain"] = {"get": explain_operation(port, rows)}
        for part, summary in _SUMMARIES.items():
            said = f"{port.contract.name}: {summary}"
            paths[f"{port.id.path}/{part}"] = {"get": port_operation(port, part, said)}
    return paths


def _rows(entry: PortEntry) -> dict[str, Any]:
    return rows_operation(entry.port, entry.visible, _types(entry))


def _types(entry: PortEntry) -> dict[str, str]:
    release = entry.status.release
    return {column.name: column.type for column in release.columns} if release else {}
