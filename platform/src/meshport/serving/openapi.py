"""The ports' part of the OpenAPI document: paths and row models, derived from the contracts."""

from __future__ import annotations

from typing import Any

from meshport.catalog.entry import PARTS, Catalog
from meshport.products.mesh import Port
from meshport.serving.row_query import DEFAULT_LIMIT, FORMATS, MAX_LIMIT
from meshport.serving.row_schema import column_schema, row_schema

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


def port_paths(catalog: Catalog) -> dict[str, Any]:
    """The paths of every port."""
    paths: dict[str, Any] = {}
    for port in catalog.mesh.ports:
        paths[port.id.path] = {"get": _operation(port, "port", f"{port.contract.name}: the port")}
        paths[f"{port.id.path}/rows"] = {"get": _rows(port, catalog)}
        for part in PARTS:
            if part in _SUMMARIES:
                summary = f"{port.contract.name}: {_SUMMARIES[part]}"
                paths[f"{port.id.path}/{part}"] = {"get": _operation(port, part, summary)}
    return paths


def _operation(port: Port, part: str, summary: str) -> dict[str, Any]:
    media = {"contract": "application/yaml", "schema": "application/schema+json"}
    content: dict[str, Any] = {media.get(part, "application/json"): {"schema": {}}}
    return {
        "summary": summary,
        "operationId": f"{port.id.domain}_{port.id.model}_{part}",
        "tags": [f"{port.id.domain}.{port.id.port}"],
        "responses": {
            "200": {"description": summary, "content": content},
            "404": _PROBLEM,
            "503": _PROBLEM,
        },
    }


def _rows(port: Port, catalog: Catalog) -> dict[str, Any]:
    columns = catalog.scale.served_openly(port.contract.table.columns)
    row = row_schema(port.contract, columns)
    del row["$schema"]
    # `select` may leave columns out, so none of them is required of an answer.
    array = {"type": "array", "items": {**row, "required": []}}
    operation = _operation(port, "rows", f"{port.contract.name}: rows")
    operation["description"] = port.contract.purpose
    operation["parameters"] = [*_paging(), *(_filter(c.name, column_schema(c)) for c in columns)]
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


def _paging() -> list[dict[str, Any]]:
    limit = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
    return [
        _query("select", {"type": "string"}, "Columns, separated by commas"),
        _query("order", {"type": "string"}, "Columns to sort by, as a.asc,b.desc; nulls last"),
        _query("limit", limit, "Rows on a page"),
        _query("cursor", {"type": "string"}, "From the `next` link of the page before"),
        _query("format", {"type": "string", "enum": list(FORMATS)}, "Instead of `Accept`"),
    ]


def _filter(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    said = schema.get("description", "")
    return _query(
        name, {"type": "string"}, f"{said} Filter as eq.…, gte.…, in.(…), is.null".strip()
    )


def _query(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema, "description": description}
