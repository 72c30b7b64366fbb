"""The application: catalog pages, API and rows in one process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from meshport import __version__
from meshport.serving import ports_routes, problems, products_routes, rows_routes
from meshport.serving.openapi import port_paths
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
        title="meshport",
        version=__version__,
        description="Data products of the mesh. Row models come from the contracts.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.state.doors = doors
    problems.install(app)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.include_router(rows_routes.router)
    app.include_router(ports_routes.router)
    app.include_router(products_routes.router)
    plain = app.openapi

    def openapi() -> dict[str, object]:
        # Contracts change while the server runs, so the ports' part is made at each request.
        document = dict(plain())
        document["paths"] = {**document["paths"], **port_paths(doors.catalog)}
        return document

    setattr(app, "openapi", openapi)  # noqa: B010  FastAPI's documented way to extend it
    return app
