"""Namespaces and tables by name: a domain, and a port with its major version."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastapi import Request

from meshport.errors import Place, ServingError
from meshport.products.mesh import Port
from meshport.serving.delta.listing import visible
from meshport.serving.delta.request import whole_number
from meshport.serving.identity import Asker

__all__ = ["page_of", "port_named", "table_item", "visible"]
SEPARATOR = "\x1f"
"""What stands between the levels of a namespace in addresses."""
MOST = 1000


def port_named(asker: Asker, name: str, table: str) -> Port:
    """The port behind a name: `orders` and `orders_v1`, or any way to part the port's id.

    Raises ServingError MP610.
    """
    wanted = f"{name.replace(SEPARATOR, '.')}.{table}".lower()
    for port in asker.doors.catalog.mesh.ports:
        if wanted in (f"{port.id.domain}.{port.id.model}", str(port.id)):
            return port
    hint = "a table is named like its port, for example orders.orders_v1"
    raise ServingError("MP610", f"there is no table `{wanted[:120]}`", hint=hint)


def table_item(port: Port) -> dict[str, Any]:
    """A port as listings show it."""
    return {"namespace": [port.id.domain], "name": port.id.model}


def page_of(
    request: Request, asker: Asker, names: Iterable[str]
) -> tuple[list[str], dict[str, str]]:
    """The names on the page that a request asks for, and what leads to the next.

    All of them where it asks for no page; raises ServingError MP602, MP603.
    """
    given = request.query_params
    size = whole_number(given, "pageSize")
    if size == 0:
        raise ServingError("MP602", "a page of nothing has no end", Place("pageSize"), "1 or more")
    cursors, about = asker.doors.cursors, (request.url.path.lower(), asker.principal.name)
    after = ""
    if given.get("pageToken"):
        cursor = cursors.read(given["pageToken"])
        cursor.require(*about, None)
        after = cursor.last_key[0] or ""
    rest = sorted(name for name in names if name > after)
    is_paged = size is not None or "pageToken" in given
    most = min(size or MOST, MOST) if is_paged else len(rest)
    if len(rest) <= most:
        return rest, {}
    return rest[:most], {"next-page-token": cursors.write(*about, "", (rest[most - 1],))}
