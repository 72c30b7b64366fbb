"""Shares, schemas and tables by name: a domain, a port and a major version; only what is seen."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from fastapi import Request

from meshport.contracts.lifecycle import is_over
from meshport.errors import AccessError, Place, PublishError, ServingError
from meshport.names import PortId
from meshport.products.mesh import Port
from meshport.serving.delta.request import whole_number
from meshport.serving.identity import Asker

MOST = 500


def share_item(asker: Asker, share: str) -> dict[str, Any]:
    """A share as listings show it."""
    product = asker.doors.catalog.mesh.products[share]
    about = product.descriptor
    shown = {"displayName": about.name, "comment": about.description.purpose}
    return {"name": share, "id": _id(f"urn:mesh:{share}"), **shown}


def schema_item(port: PortId) -> dict[str, Any]:
    """The schema that a port is in."""
    return {"name": port.port, "share": port.domain}


def table_item(port: PortId) -> dict[str, Any]:
    """A port as listings show it."""
    return {
        "name": f"v{port.major}",
        "schema": port.port,
        "share": port.domain,
        "shareId": _id(f"urn:mesh:{port.domain}"),
        "id": table_id(port),
        "accessModes": ["url"],
    }


def table_id(port: PortId) -> str:
    """The same for the same port, for ever."""
    return _id(port.urn)


def visible(asker: Asker, share: str | None = None, schema: str | None = None) -> list[Port]:
    """The ports of which the asker sees something; names in any case.

    Raises ServingError MP610 where a share or schema is named of which nothing is seen.
    """
    ports = [port for port in asker.doors.catalog.mesh.ports if _is_in(port.id, share, schema)]
    found = [port for port in ports if _is_seen(asker, port)]
    if share is not None and not found:
        name = share if schema is None else f"{share}.{schema}"
        raise ServingError("MP610", f"nothing is shared with you as `{name[:80]}`")
    return sorted(found, key=lambda port: port.id)


def port_named(asker: Asker, share: str, schema: str, table: str) -> Port:
    """The port of that name, in any case; raises ServingError MP610."""
    wanted = f"{share}.{schema}.{table}".lower()
    for port in asker.doors.catalog.mesh.ports:
        if str(port.id) == wanted:
            return port
    hint = "a table is named like its port, for example orders.orders.v1"
    raise ServingError("MP610", f"there is no table `{wanted[:120]}`", hint=hint)


def page_of(request: Request, asker: Asker, items: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The page of a listing that a request asks for; raises ServingError MP602, MP603."""
    most = whole_number(request.query_params, "maxResults")
    size = MOST if most is None else min(most, MOST)
    # The list stands where rows have their port, the asker where they have their release.
    cursors, listing = asker.doors.cursors, (request.url.path.lower(), asker.principal.name)
    after = ""
    token = request.query_params.get("pageToken")
    if token:
        try:
            cursor = cursors.read(token)
            cursor.require(*listing, None)
        except ServingError as error:
            raise ServingError("MP603", error.fact, Place("?pageToken"), "start again") from error
        after = cursor.last_key[0] or ""
    rest = sorted((item for item in items if _key(item) > after), key=_key)
    found: dict[str, Any] = {"items": rest[:size]}
    if len(rest) > size:
        last = _key(rest[size - 1]) if size else after
        found["nextPageToken"] = cursors.write(*listing, "", (last,))
    return found


def _key(item: dict[str, Any]) -> str:
    return f"{item.get('schema', '')}\n{item['name']}"


def _is_in(port: PortId, share: str | None, schema: str | None) -> bool:
    is_in_share = share is None or port.domain == share.lower()
    return is_in_share and (schema is None or port.port == schema.lower())


def _is_seen(asker: Asker, port: Port) -> bool:
    if is_over(port.contract, asker.doors.now().date()):
        return False
    try:
        with asker.doors.catalog.store.of(port.id.domain).reading() as manifest:
            part = manifest.port(port.id) if manifest else None
            return part is not None and bool(asker.browsing.sight(port, part).columns)
    except AccessError as error:
        if error.code in ("MP704", "MP705"):
            return False
        if error.code == "MP703":
            return True  # the table itself says that a purpose has to be named
        raise
    except PublishError:
        return False  # one damaged domain does not hide the others


def _id(urn: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, urn))
