"""The application: catalog pages, API and rows in one process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from meshport import __version__
from meshport.serving import (
    access_routes,
    demo,
    ports_routes,
    problems,
    products_routes,
)
from meshport.serving.agents import routes as agents_routes
from meshport.serving.audit_door import AuditDoor
from meshport.serving.delta import app as delta
from meshport.serving.feed import routes as feed_routes
from meshport.serving.iceberg import app as iceberg
from meshport.serving.iceberg.warming import warming
from meshport.serving.limits import Limits
from meshport.serving.openapi import openapi_document
from meshport.serving.quota import QuotaHeaders
from meshport.serving.rows import routes as rows_routes
from meshport.serving.sql_door import routes as sql_routes
from meshport.serving.state import Doors
from meshport.serving.webhooks import routes as webhook_routes
from meshport.settings import Settings

STATIC = Path(__file__).parent / "static"


def create_app(
    settings: Settings,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    *,
    is_demo: bool = False,
    has_login: bool = False,
    limits: Limits = Limits(),  # noqa: B008  it never changes
) -> FastAPI:
    """An app over the mesh and the releases that the settings name.

    `is_demo`: a request without a token counts as one of the company; for a server that listens to
    its own machine alone. `has_login`: and may play any consumer that is registered.
    """
    doors = Doors(settings, now, is_demo, has_login, limits)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        ahead = warming(settings.home)
        yield
        ahead.cancel()
        doors.rows.close()

    app = FastAPI(
        title="meshport", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None
    )
    app.state.doors = doors
    problems.install(app)
    app.add_middleware(AuditDoor, doors=doors)
    app.add_middleware(QuotaHeaders)
    app.include_router(rows_routes.router)  # asked most, looked at first
    app.mount(delta.PATH, delta.delta_sharing_app(doors))
    app.mount(iceberg.PATH, iceberg.iceberg_app(doors))
    app.include_router(sql_routes.router)
    app.include_router(agents_routes.router)
    app.include_router(feed_routes.router)
    app.include_router(webhook_routes.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    for routes in (access_routes, demo, ports_routes, products_routes):
        app.include_router(routes.router)

    def openapi() -> dict[str, Any]:
        return openapi_document(doors.catalog, doors.now())

    setattr(app, "openapi", openapi)  # noqa: B010  FastAPI's documented way to replace it
    return app
