"""Webhooks in the OpenAPI document."""

from __future__ import annotations

from typing import Any

from meshport.serving.events.event import SENT
from meshport.serving.limits import MOST_OVERLAP_HOURS, OVERLAP_HOURS
from meshport.serving.webhooks.subscriptions import Standing

_TEXT: dict[str, Any] = {"type": "string"}
_ID: dict[str, Any] = {"name": "webhook", "in": "path", "required": True, "schema": _TEXT}
_STATE: dict[str, Any] = {
    "name": "state",
    "in": "query",
    "schema": {**_TEXT, "enum": [one.value for one in Standing]},
    "description": "Only those that stand there",
}
_WANTED = {
    "type": "object",
    "required": ["port", "url"],
    "additionalProperties": False,
    "properties": {
        "port": {**_TEXT, "description": "<domain>.<port>.v<major>", "maxLength": 200},
        "url": {**_TEXT, "format": "uri", "description": "An https address", "maxLength": 2000},
        "events": {
            "type": "array",
            "maxItems": 20,
            "items": {**_TEXT, "enum": [one.value for one in SENT]},
            "description": "All of them if there are none",
        },
        "purpose": {**_TEXT, "description": "That of the agreement", "maxLength": 200},
    },
}
_AGAIN = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "after": {
            "type": "integer",
            "minimum": 0,
            "maximum": 2**53 - 1,
            "description": "The number of an event; without it, what was given up is sent again",
        }
    },
}
_ROTATION = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "overlap_hours": {
            "type": "integer",
            "minimum": 0,
            "maximum": MOST_OVERLAP_HOURS,
            "default": OVERLAP_HOURS,
            "description": "So long calls carry the old secret's signature too; 0 ends it now",
        }
    },
}


def webhook_paths(problem: dict[str, Any]) -> dict[str, Any]:
    """The paths of webhooks; `problem` is how the document describes an error."""

    def operation(
        name: str, summary: str, *parameters: dict[str, Any], body: Any = None, status: str = "200"
    ) -> dict[str, Any]:
        content = {"content": {"application/json": {"schema": {"type": "object"}}}}
        said = {"description": summary, **(content if status != "204" else {})}
        refused = dict.fromkeys(("401", "403", "404"), problem)
        sent = dict.fromkeys(("400", "409", "413", "415", "422", "429", "503"), problem)
        schema = {"application/json": {"schema": body}}
        return {
            "operationId": name,
            "summary": summary,
            "tags": ["webhooks"],
            "parameters": list(parameters),
            **({"requestBody": {"required": True, "content": schema}} if body else {}),
            "responses": {status: said, **refused, **sent},
        }

    add = operation("webhook_add", "Be called; the answer holds the secret once", body=_WANTED,
                    status="201")  # fmt: skip
    rotate = operation("webhook_rotate", "A new secret, shown once", _ID, body=_ROTATION)
    again = operation("webhook_replay", "Have events sent again", _ID, body=_AGAIN)
    return {
        "/webhooks": {"get": operation("webhooks", "One's webhooks"), "post": add},
        "/webhooks/{webhook}": {
            "get": operation("webhook", "One webhook", _ID),
            "delete": operation("webhook_remove", "Remove it", _ID, status="204"),
        },
        "/webhooks/{webhook}/deliveries": {
            "get": operation("webhook_deliveries", "What it was sent", _ID, _STATE)
        },
        "/webhooks/{webhook}/test": {
            "post": operation("webhook_test", "Send an event that means nothing, now", _ID)
        },
        "/webhooks/{webhook}/replay": {"post": again},
        "/webhooks/{webhook}/rotate": {"post": rotate},
    }
