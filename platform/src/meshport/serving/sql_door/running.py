"""The SQL door of one running server: its workers and its jobs, started by the first query."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request

from meshport.sandbox.pool import Pool, PoolSize
from meshport.serving.sql_door.door import SqlDoor, as_job, at_once
from meshport.serving.sql_door.jobs import Jobs
from meshport.serving.state import Doors


class SqlService:
    """What outlives a request."""

    def __init__(self, doors: Doors) -> None:
        limits = doors.limits
        busy = limits.executing
        self.pool = Pool(PoolSize(busy=busy, share=max(1, busy // 2)))
        self.door = SqlDoor(self.pool, at_once(limits))
        self.jobs = Jobs(self.door, doors.settings.home, as_job(limits), doors.now)

    def close(self) -> None:
        """End every process and drop every result."""
        self.jobs.close()
        self.pool.close()


class _Lazily:
    """A server that is never asked for SQL starts no process for it."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors
        self._lock = threading.Lock()
        self._service: SqlService | None = None

    def service(self) -> SqlService:
        with self._lock:
            if self._service is None:
                self._service = SqlService(self._doors)
            return self._service

    def close(self) -> None:
        with self._lock:
            if self._service is not None:
                self._service.close()


@asynccontextmanager
async def sql_lifespan(app: FastAPI) -> AsyncIterator[None]:
    """From a server's start to its end."""
    app.state.sql = _Lazily(app.state.doors)
    yield
    app.state.sql.close()


def sql_service(request: Request) -> SqlService:
    """The SQL door of the server that a request came to."""
    service: SqlService = request.app.state.sql.service()
    return service
