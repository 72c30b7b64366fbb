"""The AsyncAPI document (3.0): every port's stream of changes and events, from its contract."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from meshport import __version__
from meshport.catalog.entry import Catalog
from meshport.products.mesh import Port
from meshport.serving.events.event import MEDIA_TYPE, SENT, EventType
from meshport.serving.feed.openapi import change_schema
from meshport.serving.rows.schema import row_schema

_TEXT: dict[str, Any] = {"type": "string"}
_CLOUD_EVENT = {
    "type": "object",
    "required": ["specversion", "id", "source", "type", "subject", "time", "data", "sequence"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {**_TEXT, "description": "Stays the same for every attempt; also the webhook-id"},
        "source": {**_TEXT, "description": "The path of the port"},
        "type": {**_TEXT, "enum": [one.value for one in SENT]},
        "subject": {**_TEXT, "description": "The release, the version or the agreement"},
        "time": {**_TEXT, "format": "date-time"},
        "datacontenttype": {"const": "application/json"},
        "dataschema": {**_TEXT, "description": "The contract and its version"},
        "sequence": {**_TEXT, "description": "Sorts as the events do"},
        "data": {"type": "object"},
    },
}
_WHAT = {
    EventType.RELEASE_PUBLISHED: "There is a new release; `changes` is where to read on.",
    EventType.RELEASE_REFUSED: "A release broke its contract; the one before is served on.",
    EventType.CONTRACT_DEPRECATED: "The port goes away one day.",
    EventType.ACCESS_GRANTED: "An agreement of yours was approved.",
    EventType.ACCESS_EXPIRING: "An agreement of yours ends within a fortnight.",
    EventType.ACCESS_EXPIRED: "An agreement of yours has ended.",
    EventType.ACCESS_REVOKED: "An agreement of yours was taken back.",
}
_SIGNATURE = {
    "type": "object",
    "required": ["webhook-id", "webhook-timestamp", "webhook-signature"],
    "properties": {
        "webhook-id": _TEXT,
        "webhook-timestamp": {**_TEXT, "description": "Seconds since 1970"},
        "webhook-signature": {**_TEXT, "description": "Standard Webhooks 1.0: v1,<HMAC-SHA256>"},
    },
}


def asyncapi_document(catalog: Catalog, now: datetime) -> dict[str, Any]:
    """The document of the mesh as it is now, with the columns that are served openly."""
    found: dict[str, Any] = {
        "asyncapi": "3.0.0",
        "info": {
            "title": "meshport",
            "version": __version__,
            "description": "What changes in the data products of the mesh. "
            "Models come from the contracts.",
        },
        "defaultContentType": "application/json",
        "channels": {},
        "operations": {},
        "components": {
            "messages": {_name(one): _event(one) for one in SENT},
            "schemas": {"CloudEvent": _CLOUD_EVENT},
        },
    }
    for port in catalog.mesh.ports:
        _put_changes(found, catalog, port, now)
        _put_events(found, port)
    return found


def _put_changes(found: dict[str, Any], catalog: Catalog, port: Port, now: datetime) -> None:
    entry = catalog.entry(port, now)
    release = entry.status.release
    types = {column.name: column.type for column in release.columns} if release else {}
    name = f"{port.id}.change"
    row = row_schema(port.contract, entry.visible, types)
    found["components"]["schemas"][name] = change_schema(row)
    found["components"]["messages"][name] = {
        "title": f"{port.contract.name}: a change",
        "contentType": "application/json",
        "payload": _ref("schemas", name),
    }
    found["channels"][f"{name}s"] = {
        "title": f"{port.contract.name}: changes",
        "address": f"{port.id.path}/changes",
        "description": "Server-sent events; the id of each is the cursor after it.",
        "messages": {"change": _ref("messages", name)},
        "tags": [{"name": str(port.id)}],
    }
    found["operations"][f"{name}s"] = {
        "action": "send",
        "summary": "All rows, then what changes, for as long as one listens.",
        "channel": _ref_to(f"#/channels/{name}s"),
        "bindings": {"http": {"method": "GET", "bindingVersion": "0.3.0"}},
    }


def _put_events(found: dict[str, Any], port: Port) -> None:
    name = f"{port.id}.events"
    found["channels"][name] = {
        "title": f"{port.contract.name}: events",
        # The address is the webhook's.
        "address": None,
        "description": f"What is sent to the webhooks of {port.id}.",
        "messages": {_name(one): _ref("messages", _name(one)) for one in SENT},
        "tags": [{"name": str(port.id)}],
    }
    found["operations"][name] = {
        "action": "send",
        "summary": "Sent at least once, signed, to every webhook that asks for it.",
        "channel": _ref_to(f"#/channels/{name}"),
        "bindings": {"http": {"method": "POST", "bindingVersion": "0.3.0"}},
    }


def _event(one: EventType) -> dict[str, Any]:
    return {
        "name": one.value,
        "title": one.value.removeprefix("meshport."),
        "summary": _WHAT[one],
        "contentType": MEDIA_TYPE,
        "headers": _SIGNATURE,
        "payload": {
            "allOf": [
                _ref("schemas", "CloudEvent"),
                {"type": "object", "properties": {"type": {"const": one.value}}},
            ]
        },
    }


def _name(one: EventType) -> str:
    return one.value.removeprefix("meshport.").replace(".", "_")


def _ref(kind: str, name: str) -> dict[str, str]:
    return _ref_to(f"#/components/{kind}/{name}")


def _ref_to(pointer: str) -> dict[str, str]:
    return {"$ref": pointer}
