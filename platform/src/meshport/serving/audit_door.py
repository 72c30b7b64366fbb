"""Nothing leaves the server that is not written down: the audit stands between doors and readers.

It knows nothing of the doors. What they decided is on the request's trail; where that cannot be
written, the answer is a problem and nothing of what the door had to say leaves.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Sequence
from contextlib import suppress
from time import monotonic
from typing import Any

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from meshport.access.audit import Audit, Entry
from meshport.errors import AccessError
from meshport.serving.audit_trail import Trail, door_of, following
from meshport.serving.problems import answer_to
from meshport.serving.state import Doors

_LOG = logging.getLogger(__name__)
_DAY_SECONDS = 86_400.0
_GONE = 499
Written = asyncio.Future[None]


class AuditDoor:
    """ASGI middleware around the whole application, mounted ones included."""

    def __init__(self, app: ASGIApp, doors: Doors) -> None:
        self.app = app
        self.doors = doors
        # Most of the time nobody else writes; where somebody does, one thread waits for all.
        self._at_once = Audit(doors.settings.home, patience=0)
        self._waiting: dict[asyncio.AbstractEventLoop, list[tuple[Sequence[Entry], Written]]] = {}
        self._writing: set[asyncio.Task[None]] = set()
        self._pruned_at = float("-inf")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and its answer once it is written down."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        trail = Trail(self.doors.access.audit, door_of(scope["path"]), self.doors.now)
        is_held_back = False

        async def answer(message: Message) -> None:
            nonlocal is_held_back
            if message["type"] == "http.response.start":
                try:
                    await self._write(trail.closed(message["status"], _size(scope, message)))
                except AccessError as error:
                    is_held_back = True
                    await answer_to(Request(scope), error)(scope, receive, send)
            if not is_held_back:
                await send(message)

        with following(trail):
            try:
                await self.app(scope, receive, answer)
            except Exception:
                # The server answers it without us; what was decided was decided all the same.
                await self._write(trail.closed(500))
                raise
            # Who went away before there was an answer had asked all the same.
            await self._write(trail.closed(_GONE))

    async def _write(self, entries: Sequence[Entry]) -> None:
        if not entries:
            return
        self._prune_daily()
        loop = asyncio.get_running_loop()
        waiting = self._waiting.get(loop)
        if waiting is None:
            # It begins at the loop's next turn: what is answered in this one is written in one go.
            waiting = self._waiting[loop] = []
            writing = loop.create_task(self._write_waiting(loop))
            self._writing.add(writing)  # the loop itself does not hold it
            writing.add_done_callback(self._writing.discard)
        written = loop.create_future()
        waiting.append((entries, written))
        await written

    async def _write_waiting(self, loop: asyncio.AbstractEventLoop) -> None:
        """Write what waits, until nothing does."""
        waiting = self._waiting[loop]
        while waiting:
            some = waiting[:]
            waiting.clear()
            fault = await self._fault_of([entry for entries, _ in some for entry in entries])
            for _, written in some:
                if written.done():  # who waited was told to stop
                    continue
                written.set_exception(fault) if fault else written.set_result(None)
        del self._waiting[loop]

    async def _fault_of(self, entries: Sequence[Entry]) -> Exception | None:
        """Write entries, all or none; why it cannot be done."""
        try:
            with suppress(AccessError):
                self._at_once.record(*entries)
                return None
            # Others write as well, or it fails again: either is for a thread to find out.
            await run_in_threadpool(self.doors.access.audit.record, *entries)
        except Exception as error:  # noqa: BLE001  those who wait have to be told of any
            return error
        return None

    def _prune_daily(self) -> None:
        if monotonic() - self._pruned_at > _DAY_SECONDS:
            self._pruned_at = monotonic()
            threading.Thread(target=self._prune, daemon=True).start()

    def _prune(self) -> None:
        try:
            self.doors.access.audit.prune(self.doors.now())
        except AccessError as error:
            _LOG.error("the audit cannot be pruned: %s", error)


def _size(scope: Scope, message: Message) -> int | None:
    """How many bytes leave, where the answer says so before."""
    if scope["method"] == "HEAD":
        return 0
    headers: Sequence[tuple[bytes, bytes]] | Any = message.get("headers", ())
    return next((int(v) for name, v in headers if name.lower() == b"content-length"), None)
