"""http.md: every route with its parameters, from the server's routes and its OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from itertools import groupby
from pathlib import Path
from typing import Any

from meshport.catalog.entry import Catalog
from meshport.error_codes import CODES
from meshport.errors import MeshportError
from meshport.products.mesh import Port
from meshport.reference.markdown import code, first_sentence, page, table
from meshport.serving import ports_routes, products_routes
from meshport.serving.api_guide import FORMATS, OPERATORS, RULES
from meshport.serving.feed import routes as feed_routes
from meshport.serving.negotiation import FORMS
from meshport.serving.openapi import openapi_document
from meshport.serving.problems import status_of
from meshport.serving.rows import routes as rows_routes
from meshport.serving.sql_door import routes as sql_routes
from meshport.serving.webhooks import routes as webhook_routes

_ROUTERS = (
    products_routes.router,
    ports_routes.router,
    rows_routes.router,
    feed_routes.router,
    sql_routes.router,
    webhook_routes.router,
)
_GENERIC = "/ports/{domain}/{name}/{version}"
_SHOWN = "/ports/{domain}/{port}/v{major}"

_FORMS = f"""\
GET only reads, HEAD the same for the headers alone; rows and SQL also take QUERY and POST.
Pages have several forms ({", ".join(FORMS)}): `Accept` chooses one, so does a suffix on the last
part of the path, as in `/products/orders.md` or `/ports/orders/orders/v1.json`. `/openapi.json`
describes every port of the mesh, its row model included."""


def http_page(root: Path, port: Port | None) -> str:
    """The page; what ports have in common is read off `port`."""
    # Neither what is published nor the day matters: the routes follow from the mesh's files.
    catalog = Catalog.read(root, home=root / "nothing")
    paths = openapi_document(catalog, datetime.fromtimestamp(0, UTC))["paths"]
    return page(
        "HTTP",
        "the routes in platform/src/meshport/serving/",
        _FORMS,
        *(_route(route, paths, port) for route in _routes()),
        "## Filters",
        "A filter is a query parameter named like a column.",
        table(("operator", "example", "meaning"), [(n, code(e), m) for n, e, m in OPERATORS]),
        "## Formats",
        table(
            ("`format`", "`Accept`", "comes", "what"),
            [(code(name), code(media), comes, what) for name, media, comes, what in FORMATS],
        ),
        *(f"## {title}\n\n{text}" for title, text in RULES),
        "## Statuses",
        table(("code", "status", "means"), _statuses()),
    )


@dataclass(frozen=True)
class _Route:
    """A method of a resource, and what it does."""

    method: str
    path: str
    about: str


def _routes() -> Iterator[_Route]:
    """Every resource once; paths with a suffix are other forms of it, QUERY is GET with a body."""
    found = (route for router in _ROUTERS for route in router.routes)
    routes = [(_method(r.methods), r.path, r.endpoint) for r in found]  # type: ignore[attr-defined]
    shown = [route for route in routes if route[0]]
    for endpoint, same in groupby(shown, key=lambda route: route[2]):
        method, path, _ = next(same)
        yield _Route(method, path, first_sentence(endpoint.__doc__))


def _method(methods: set[str]) -> str:
    """The method that stands for a route; none where it only asks as another one does."""
    if "QUERY" in methods and "GET" not in methods:
        return ""
    return next((one for one in ("GET", "POST", "DELETE") if one in methods), "")


def _route(route: _Route, paths: dict[str, Any], port: Port | None) -> str:
    path = route.path
    concrete = path.replace(_GENERIC, port.id.path) if port else path
    given = paths.get(concrete, {}).get(route.method.lower(), {}).get("parameters", [])
    columns = {column.name for column in port.contract.table.columns} if port else set()
    own = [one for one in given if one["name"] not in columns]
    rows = [(code(one["name"]), one["in"], _meaning(one)) for one in own]
    if len(own) < len(given):
        rows.append(("any served column", "query", "A filter, see [Filters](#filters)"))
    parts = [f"## {route.method} {path.replace(_GENERIC, _SHOWN)}", route.about]
    return "\n\n".join(filter(None, [*parts, table(("parameter", "in", "meaning"), rows)]))


def _meaning(parameter: dict[str, Any]) -> str:
    schema = parameter["schema"]
    said = [parameter.get("description", ""), schema["type"]]
    said += [f"one of {', '.join(schema['enum'])}"] if "enum" in schema else []
    said += [f"at most {schema['maximum']:,}"] if "maximum" in schema else []
    said += [f"default {schema['default']}"] if schema.get("default") else []
    return ", ".join(part for part in said if part)


def _statuses() -> Iterator[tuple[str, str, str]]:
    yield "MP1xx, MP2xx", _status("MP101"), "A file of the mesh cannot be read or is being edited"
    for one in CODES.values():
        status = _status(one.code)
        if not one.code.startswith(("MP1", "MP2")) and not status.startswith("500"):
            yield f"[{one.code}](errors.md#{one.code.lower()})", status, one.title
    yield "any other", _status("MP901"), "The server cannot do its work"


def _status(error_code: str) -> str:
    status: HTTPStatus = status_of(MeshportError(error_code, ""))
    return f"{status.value} {status.phrase}"
