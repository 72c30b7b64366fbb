"""No route is forgotten: each leaves a line where it shows content of a port, or shows none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.doors.audited import DOORS, OPENLY, TABLE
from tests.doors.lab import GAUGES

pytestmark = pytest.mark.xdist_group("audit")
PORT, SHARE = "/ports/{domain}/{name}/{version}", "/delta-sharing/shares/{share}"
DELTA = f"{SHARE}/schemas/{{schema}}/tables/{{table}}"
ICEBERG = "/iceberg/v1/mesh/namespaces"

SHOWS_CONTENT = {
    f"{PORT}/rows": "json",
    f"{PORT}/rows/explain": "explain",
    f"{PORT}/changes": "feed",
    PORT: "page",
    f"{PORT}/schema": "schema",
    f"{PORT}/checks": "checks",
    "/sql": "SQL",
    "/sql/explain": "SQL explain",
    "/sql/jobs/{job}/result": "SQL later",
    DELTA: f"HEAD {TABLE}",
    f"{DELTA}/version": "version",
    f"{DELTA}/metadata": "metadata",
    f"{DELTA}/query": "query",
    f"{DELTA}/changes": "changes",
    "/delta-sharing/files/{token}": "a file",
    f"{ICEBERG}/{{namespace}}/tables/{{table}}": "Iceberg",
    f"{ICEBERG}/{{namespace}}/tables/{{table}}/credentials": (
        "GET /iceberg/v1/mesh/namespaces/lab/tables/gauges_v1/credentials"
    ),
    "/mcp": "agents",
}
"""Each with what asks it: one of the doors of the other test, or a request."""
SIGNED = {"/iceberg/objects/{path:path}"}
"""What takes signatures that only a client makes; tested with one."""
SHOWS_NONE = {
    # what is open to everybody: names, contracts, states, words
    "/", "/index.{suffix}", "/products", "/products.{suffix}", "/products/{domain}", "/search",
    "/search.{suffix}", "/glossary", "/glossary.{suffix}", "/errors", "/errors.{suffix}", "/api",
    "/api.{suffix}", "/openapi.json", "/asyncapi.json", "/llms.txt", "/healthz", "/static",
    f"{PORT}/contract", f"{PORT}/releases", f"{PORT}/lineage", f"{PORT}/receipt",
    # lists of what somebody could ask for
    "/delta-sharing/shares", SHARE, f"{SHARE}/schemas", f"{SHARE}/schemas/{{schema}}/tables",
    f"{SHARE}/all-tables", ICEBERG, f"{ICEBERG}/{{namespace}}", f"{ICEBERG}/{{namespace}}/tables",
    f"{ICEBERG}/{{namespace}}/views", "/iceberg/v1/config",
    # who one is, and one's own agreements and queries
    "/delta-sharing/profile", "/iceberg/v1/oauth/tokens", "/demo/login", "/access",
    "/access.{suffix}", "/access/purposes", "/access/requests", "/access/agreements",
    "/access/agreements/{number}", "/access/agreements/{number}/{act}", "/sql/jobs/{job}",
    "/.well-known/oauth-protected-resource/mcp",
    # who is called when something happens: events hold no row
    "/webhooks", "/webhooks/{webhook}", "/webhooks/{webhook}/deliveries",
    "/webhooks/{webhook}/test", "/webhooks/{webhook}/replay", "/webhooks/{webhook}/rotate",
}  # fmt: skip


def paths(routes: list[Any], before: str = "") -> Iterator[str]:
    """The paths of all routes, those of applications below others too."""
    for route in routes:
        inside = getattr(route, "original_router", None) or getattr(route, "app", None)
        below = getattr(inside, "routes", None)
        if below:
            yield from paths(below, before + getattr(route, "path", ""))
        else:
            yield before + route.path


@pytest.fixture
def lab(audited):
    return audited


def test_of_every_route_it_is_known_whether_it_shows_content_of_a_port(lab):
    found = set(paths(lab.client.app.routes))

    known = {*SHOWS_CONTENT, *SIGNED, *SHOWS_NONE}
    assert found - known == set(), "say of a new route whether it shows content of a port"
    assert known - found == set()
    assert not set(SHOWS_CONTENT) & SHOWS_NONE


@pytest.mark.parametrize("path", SHOWS_CONTENT)
def test_a_route_that_shows_content_of_a_port_leaves_a_line(lab, path):
    how = SHOWS_CONTENT[path]
    asked, options, _ = {**DOORS, **OPENLY}.get(how) or (how, {}, {})

    answer = lab.ask(asked, **options)

    assert answer.status_code in (200, 206), answer.text
    assert {line.get("port") for line in lab.fresh()} == {str(GAUGES)}
