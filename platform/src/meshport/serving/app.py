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
from meshport.serving import ports_routes, problems, products_routes, rows_routes
from meshport.serving.openapi import openapi_document
from meshport.serving.state import Doors
from meshport.settings import Settings

STATIC = Path(__file__).parent / "static"


def create_app(
    settings: Settings, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> FastAPI:
    """An app over the mesh and the releases that the settings name; it reads, it never writes."""
    doors = Doors(settings, now)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        doors.reader.close()

    app = FastAPI(
        title="meshport", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None
    )
    app.state.doors = doors
    problems.install(app)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    for routes in (rows_routes, ports_routes, products_routes):
        app.include_router(routes.router)

    def openapi() -> dict[str, Any]:
        return openapi_document(doors.catalog, doors.now())

    setattr(app, "openapi", openapi)  # noqa: B010  FastAPI's documented way to replace it
    return app
