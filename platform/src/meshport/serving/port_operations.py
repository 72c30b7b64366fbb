"""How one reads a port, in the words of OpenAPI: derived from its contract, without a server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from meshport.contracts.model import Column
from meshport.products.mesh import Port
from meshport.serving.rows.query import DEFAULT_LIMIT, FORMATS, MAX_LIMIT
from meshport.serving.rows.schema import row_schema

FORM = "application/x-www-form-urlencoded"
PROBLEM: dict[str, Any] = {
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


_REFUSALS = ("400", "401", "403", "410", "422", "429")
_ROW_HEADERS = {
    name: {"description": said, "schema": {"type": "string"}}
    for name, said in {
        "ETag": "Changes when the rows do (RFC 9110)",
        "Link": "`next`: the page after this one",
        "Content-Range": "Which rows these are and of how many; `Prefer: count=exact` counts",
        "Meshport-Release": "The release they are from",
        "Meshport-Access": "As which class they were read, and why",
        "RateLimit": "What is left of the reader's quota",
        "Server-Timing": "How long policy, plan and execution took",
        "Deprecation": "Since when the port is deprecated, if it is (RFC 9745)",
        "Sunset": "When it is gone, if that is known (RFC 8594)",
    }.items()
}


def port_operation(port: Port, part: str, summary: str) -> dict[str, Any]:
    """How to read a part of a port's documents."""
    media = {"contract": "application/yaml", "schema": "application/schema+json"}
    content: dict[str, Any] = {media.get(part, "application/json"): {"schema": {}}}
    is_old = port.is_deprecated or port.contract.status in ("deprecated", "retired")
    return {
        **({"deprecated": True} if is_old else {}),
        "summary": summary,
        "operationId": f"{port.id.domain}_{port.id.model}_{part}",
        "tags": [f"{port.id.domain}.{port.id.port}"],
        "responses": {
            "200": answer(summary, content),
            "404": PROBLEM,
            "503": PROBLEM,
        },
    }


def rows_operation(
    port: Port, columns: Sequence[Column], types: Mapping[str, str]
) -> dict[str, Any]:
    """How to read a port's rows: these columns, with the native types that are known."""
    row = row_schema(port.contract, columns, types)
    del row["$schema"]
    # `select` may leave columns out and rename them.
    del row["additionalProperties"]
    array = {"type": "array", "items": {**row, "required": []}}
    operation = port_operation(port, "rows", f"{port.contract.name}: rows")
    pinned = f"`{port.id.path}@{{release}}/rows` reads one release for as long as it is kept."
    operation["description"] = f"{port.contract.purpose} {pinned}"
    operation["parameters"] = [*_paging(), *map(_filter, columns)]
    operation["responses"]["200"]["headers"] = _ROW_HEADERS
    operation["responses"]["200"]["content"] = {
        "application/json": {"schema": array},
        "application/x-ndjson": {"schema": {"type": "string"}},
        "text/csv": {"schema": {"type": "string"}},
        "application/vnd.apache.parquet": {"schema": {"type": "string", "format": "binary"}},
        "application/vnd.apache.arrow.stream": {"schema": {"type": "string", "format": "binary"}},
    }
    operation["responses"]["304"] = {"description": "The client has these very rows"}
    operation["responses"] |= dict.fromkeys(_REFUSALS, PROBLEM)
    return operation


def rows_by_form(rows: dict[str, Any]) -> dict[str, Any]:
    """The same question in a body, for more than fits into an address.

    QUERY (RFC 10008) means the same and is safe besides; OpenAPI 3.1 has no word for it.
    """
    form = {"type": "object", "additionalProperties": {"type": "string"}}
    responses = {code: said for code, said in rows["responses"].items() if code != "304"}
    return {
        **{name: rows[name] for name in ("tags", "description", "deprecated") if name in rows},
        "summary": f"{rows['summary']}, asked with a body; QUERY is the same",
        "operationId": f"{rows['operationId']}_by_form",
        "requestBody": {"required": True, "content": {FORM: {"schema": form}}},
        "responses": {**responses, "413": PROBLEM, "415": PROBLEM},
    }


def explain_operation(port: Port, rows: dict[str, Any]) -> dict[str, Any]:
    """How to ask how a question to the rows would be answered."""
    said = f"{port.contract.name}: policy, files, bytes and plan of a question to `rows`"
    operation = port_operation(port, "explain", said)
    operation["parameters"] = rows["parameters"]
    operation["responses"] |= dict.fromkeys(_REFUSALS, PROBLEM)
    return operation


def answer(description: str, content: dict[str, Any]) -> dict[str, Any]:
    """A response."""
    return {"description": description, "content": content}


def _paging() -> list[dict[str, Any]]:
    limit = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
    text = {"type": "string"}
    return [
        _query("select", text, "Columns as a,new_name:b,c::text, separated by commas"),
        _query("order", text, "Columns to sort by, as a.asc,b.desc.nullsfirst; else nulls last"),
        _query("limit", limit, "Rows on a page"),
        _query("cursor", text, "From the `next` link of the page before"),
        _query("format", {"type": "string", "enum": list(FORMATS)}, "Instead of `Accept`"),
        *(
            _query(name, text, f"Nested conditions: {name}=(a.eq.1,b.is.null)")
            for name in ("and", "or", "not.and", "not.or")
        ),
    ]


def _filter(column: Column) -> dict[str, Any]:
    said = f"{column.description} Filter as eq.…, not.gte.…, in.(…), like.*…*, is.null"
    return _query(column.name, {"type": "string"}, said.strip())


def _query(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema, "description": description}


PAGING = frozenset(one["name"] for one in _paging())
"""The parameters that name no column."""
