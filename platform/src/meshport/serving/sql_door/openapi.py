"""The SQL door in the OpenAPI document. OpenAPI 3.1 has no word for QUERY; POST stands for it."""

from __future__ import annotations

from typing import Any

from meshport.serving.negotiation import ROW_MEDIA
from meshport.serving.rows.query import FORMATS
from meshport.serving.sql_door.request import MEDIA

_TEXT: dict[str, Any] = {"type": "string"}
_AS_JSON = {
    "type": "object",
    "required": ["sql"],
    "properties": {"sql": _TEXT, "format": {**_TEXT, "enum": list(FORMATS)}},
    "additionalProperties": False,
}
_BODY = {
    "required": True,
    "content": dict(zip(MEDIA, ({"schema": _TEXT}, {"schema": _AS_JSON}), strict=True)),
}
_LATER: dict[str, Any] = {
    "name": "Prefer",
    "in": "header",
    "schema": _TEXT,
    "description": "`respond-async` answers 202 and where the job is (RFC 7240)",
}
_FORMAT: dict[str, Any] = {
    "name": "format",
    "in": "query",
    "schema": {**_TEXT, "enum": list(FORMATS)},
    "description": "Instead of `Accept`",
}
_QUERY: dict[str, Any] = {
    "name": "query",
    "in": "query",
    "required": True,
    "schema": _TEXT,
    "description": "One SELECT over tables named `<domain>.<port>`",
}
_JOB: dict[str, Any] = {"name": "job", "in": "path", "required": True, "schema": _TEXT}


def sql_paths(problem: dict[str, Any]) -> dict[str, Any]:
    """The paths of the door; `problem` is how the document describes an error."""
    binary = {**_TEXT, "format": "binary"}
    rows = {media: {"schema": _schema(form, binary)} for media, form in ROW_MEDIA.items()}
    json = {"application/json": {"schema": {"type": "object"}}}
    wrong = dict.fromkeys(("400", "401", "403", "413", "422", "429", "503"), problem)
    with_body = {**wrong, "415": problem}
    queued = {"202": _answer("The query is answered later", json)}
    answered = {"200": _answer("The rows", rows), **queued}
    explained = {"200": _answer("What would be read, and how", json)}
    gone = dict.fromkeys(("401", "404", "409", "410", "429"), problem)
    asked, sent = [_QUERY, _FORMAT, _LATER], [_FORMAT, _LATER]
    return {
        "/sql": {
            "get": _operation("sql", "The rows of one SELECT", asked, {**answered, **wrong}),
            "post": {
                **_operation("sql_in_body", "The same, in the body", sent, answered | with_body),
                "requestBody": _BODY,
            },
        },
        "/sql/explain": {
            "get": _operation("sql_plan", "What a query would read", [_QUERY], explained | wrong),
            "post": {
                **_operation(
                    "sql_plan_in_body", "The same, in the body", [], explained | with_body
                ),
                "requestBody": _BODY,
            },
        },
        "/sql/jobs/{job}": {
            "get": _operation(
                "sql_job", "How a query stands", [_JOB], {"200": _answer("Its state", json), **gone}
            )
        },
        "/sql/jobs/{job}/result": {
            "get": _operation(
                "sql_result", "Its rows", [_JOB], {"200": _answer("The rows", rows), **gone}
            )
        },
    }


def _schema(form: str, binary: dict[str, str]) -> dict[str, Any]:
    if form == "json":
        return {"type": "array", "items": {"type": "object"}}
    return binary if form in ("parquet", "arrow") else dict(_TEXT)


def _operation(
    id_: str, summary: str, parameters: list[dict[str, Any]], responses: dict[str, Any]
) -> dict[str, Any]:
    return {
        "operationId": id_,
        "summary": summary,
        "tags": ["sql"],
        "parameters": parameters,
        "responses": responses,
    }


def _answer(description: str, content: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": content}
