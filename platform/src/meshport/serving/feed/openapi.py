"""The change feed in the OpenAPI document."""

from __future__ import annotations

from typing import Any

from meshport.serving.feed.asking import DEFAULT_LIMIT
from meshport.serving.rows.query import FORMATS, MAX_LIMIT

CHANGE_TYPES = ("insert", "update_preimage", "update_postimage", "delete")
_TEXT: dict[str, Any] = {"type": "string"}
_AFTER = "The version that is known: its number, 0 for none, `now` for what there is"
_LIMIT = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
_PARAMETERS: list[dict[str, Any]] = [
    {"name": name, "in": "query", "schema": schema, "description": said}
    for name, schema, said in (
        ("cursor", _TEXT, "Where the last answer ended: its header `Meshport-Cursor`"),
        ("after", {**_TEXT, "pattern": "^([0-9]{1,9}|now)$"}, f"{_AFTER}; not beside a cursor"),
        ("limit", _LIMIT, "Changes on a page"),
        ("format", {**_TEXT, "enum": list(FORMATS)}, "Instead of `Accept`"),
    )
]
_HEADERS = {
    name: {"description": said, "schema": _TEXT}
    for name, said in {
        "Meshport-Cursor": "Where this answer ends; signed, for this reader and port alone",
        "Link": "`next`: what more there is already",
    }.items()
}
_REFUSALS = ("400", "401", "403", "404", "410", "422", "429", "503")


def change_schema(row: dict[str, Any]) -> dict[str, Any]:
    """JSON Schema of a change, from that of a row."""
    added = {
        "_change_type": {**_TEXT, "enum": list(CHANGE_TYPES)},
        "_commit_version": {"type": "integer", "minimum": 1},
        "_commit_timestamp": {**_TEXT, "format": "date-time"},
    }
    kept = {name: value for name, value in row.items() if name not in ("$schema", "title")}
    # A column that a later release added is null in the changes before.
    columns = {name: _or_null(schema) for name, schema in row["properties"].items()}
    required = list(added)
    return {**kept, "properties": {**columns, **added}, "required": required}


def changes_operation(rows: dict[str, Any], row: dict[str, Any], problem: Any) -> dict[str, Any]:
    """How to read a port's changes, like its rows; `row` is the schema of one of those."""
    content = rows["responses"]["200"]["content"]
    array = {"type": "array", "items": change_schema(row)}
    return {
        **{name: rows[name] for name in ("tags", "deprecated") if name in rows},
        "summary": rows["summary"].replace(": rows", ": changes from release to release"),
        "description": "All rows as inserts, then what changed; a cursor goes on where an answer "
        "ended. With `Accept: text/event-stream` the same as server-sent events.",
        "operationId": rows["operationId"].removesuffix("_rows") + "_changes",
        "parameters": _PARAMETERS,
        "responses": {
            "200": {
                "description": "The changes",
                "headers": _HEADERS,
                "content": {
                    **content,
                    "application/json": {"schema": array},
                    "text/event-stream": {"schema": _TEXT},
                },
            },
            **dict.fromkeys(_REFUSALS, problem),
        },
    }


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    kind = schema.get("type")
    nullable = kind if isinstance(kind, list) else [kind]
    found = {**schema, "type": [*dict.fromkeys([*nullable, "null"])]} if kind else dict(schema)
    if "enum" in schema and None not in schema["enum"]:
        found["enum"] = [*schema["enum"], None]
    return found
