"""The OpenAPI document (3.1): paths and row models, derived from the contracts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from meshport import __version__
from meshport.catalog.entry import Catalog, PortEntry
from meshport.contracts.model import Column
from meshport.products.mesh import Port
from meshport.serving.row_query import DEFAULT_LIMIT, FORMATS, MAX_LIMIT
from meshport.serving.row_schema import row_schema

_PROBLEM = {
    "description": "What is wrong, where, and what to do (RFC 9457)",
    "content": {
        "application/problem+json": {
            "schema": {
                "type": "object",
                "required": ["type", "title", "status"],
                "properties": {
                    "type": {"type": "string"},
                    "title": {"type": "string"},
                    "status": {"type": "integer"},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                    "place": {"type": "string"},
                    "hint": {"type": "string"},
                },
            }
        }
    },
}
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
        "paths": {**paths, **_port_paths(catalog, now)},
    }


def _catalog_operation(path: str) -> dict[str, Any]:
    answers = {"200": _answer(_CATALOG[path], {"application/json": {"schema": {}}})}
    if "{" in path:
        answers["404"] = _PROBLEM
    given = _PARAMETERS.get(path)
    return {
        "summary": _CATALOG[path],
        "operationId": path.split("/")[1] if "{" not in path else "product",
        "tags": ["catalog"],
        "parameters": [{**given, "schema": {"type": "string"}}] if given else [],
        "responses": answers,
    }


def _port_paths(catalog: Catalog, now: datetime) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for port in catalog.mesh.ports:
        paths[port.id.path] = {"get": _operation(port, "port", f"{port.contract.name}: the port")}
        paths[f"{port.id.path}/rows"] = {"get": _rows(catalog.entry(port, now))}
        for part, summary in _SUMMARIES.items():
            said = f"{port.contract.name}: {summary}"
            paths[f"{port.id.path}/{part}"] = {"get": _operation(port, part, said)}
    return paths


def _operation(port: Port, part: str, summary: str) -> dict[str, Any]:
    media = {"contract": "application/yaml", "schema": "application/schema+json"}
    content: dict[str, Any] = {media.get(part, "application/json"): {"schema": {}}}
    return {
        "summary": summary,
        "operationId": f"{port.id.domain}_{port.id.model}_{part}",
        "tags": [f"{port.id.domain}.{port.id.port}"],
        "responses": {
            "200": _answer(summary, content),
            "404": _PROBLEM,
            "503": _PROBLEM,
        },
    }


def _rows(entry: PortEntry) -> dict[str, Any]:
    port, release, columns = entry.port, entry.status.release, entry.visible
    types = {column.name: column.type for column in release.columns} if release else {}
    row = row_schema(port.contract, columns, types)
    del row["$schema"]
    # `select` may leave columns out, so none of them is required of an answer.
    array = {"type": "array", "items": {**row, "required": []}}
    operation = _operation(port, "rows", f"{port.contract.name}: rows")
    pinned = f"`{port.id.path}@{{release}}/rows` reads one release for as long as it is kept."
    operation["description"] = f"{port.contract.purpose} {pinned}"
    operation["parameters"] = [*_paging(), *map(_filter, columns)]
    operation["responses"]["200"]["content"] = {
        "application/json": {"schema": array},
        "application/x-ndjson": {"schema": {"type": "string"}},
        "text/csv": {"schema": {"type": "string"}},
        "application/vnd.apache.parquet": {"schema": {"type": "string", "format": "binary"}},
        "application/vnd.apache.arrow.stream": {"schema": {"type": "string", "format": "binary"}},
    }
    operation["responses"] |= {
        "304": {"description": "The client has these very rows"},
        "400": _PROBLEM,
        "410": _PROBLEM,
    }
    return operation


def _answer(description: str, content: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": content}


def _paging() -> list[dict[str, Any]]:
    limit = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
    return [
        _query("select", {"type": "string"}, "Columns, separated by commas"),
        _query("order", {"type": "string"}, "Columns to sort by, as a.asc,b.desc; nulls last"),
        _query("limit", limit, "Rows on a page"),
        _query("cursor", {"type": "string"}, "From the `next` link of the page before"),
        _query("format", {"type": "string", "enum": list(FORMATS)}, "Instead of `Accept`"),
    ]


def _filter(column: Column) -> dict[str, Any]:
    said = f"{column.description} Filter as eq.…, gte.…, in.(…), is.null"
    return _query(column.name, {"type": "string"}, said.strip())


def _query(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema, "description": description}
