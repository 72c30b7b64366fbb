"""One reader's feed of one port: read it page by page, by request or as a stream."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from fastapi.concurrency import run_in_threadpool

from meshport.access.authorize import Grant, authorize
from meshport.errors import ServingError
from meshport.names import PortId
from meshport.products.mesh import Port
from meshport.publishing.store import DomainStore
from meshport.serving.audit_trail import Reading, tell
from meshport.serving.feed.asking import Wanted
from meshport.serving.feed.history import History
from meshport.serving.feed.part import ADDED, Part, beginning, next_part
from meshport.serving.feed.position import Position, Positions, begin_anew
from meshport.serving.identity import Asker, confirmed
from meshport.serving.lifecycle import Lifecycle
from meshport.serving.rows.export import Export
from meshport.serving.rows.query import PAGED, RowQuery
from meshport.serving.rows.reader import Page, too_large

Watch = Callable[[], Awaitable[bool]]


@dataclass(frozen=True)
class Changes:
    """Some changes in the form asked for, and where the reader is after them."""

    body: bytes | Path
    """A file is the caller's to remove."""
    rows: int
    part: Part

    @property
    def position(self) -> Position:
        """How far they go."""
        return self.part.after(self.rows)

    @property
    def has_more(self) -> bool:
        """Whether more could be read at once."""
        return self.part.has_more_after(self.rows)


@dataclass(frozen=True)
class Feed:
    """A reader and a port; `grant` is what it may see since it began to read."""

    asker: Asker
    port_id: PortId
    grant: Grant

    @property
    def port(self) -> Port:
        """The port as its contract is now; raises ServingError MP610."""
        return self.asker.doors.port(*self.port_id.path.split("/")[2:])

    @property
    def store(self) -> DomainStore:
        """Where the port's domain has its releases."""
        return self.asker.doors.catalog.store.of(self.port_id.domain)

    @property
    def positions(self) -> Positions:
        """What writes and reads its positions."""
        return Positions(self.asker.doors.cursors, self.grant)

    def begin(self, wanted: Wanted) -> Position:
        """Where it wants to begin; raises ServingError MP603, MP611, MP612, MP650, MP651."""
        if wanted.cursor is not None:
            return self.positions.read(wanted.cursor)
        with ExitStack() as leases:
            return beginning(History(self.asker, self.port, leases), wanted.after)

    async def next(self, position: Position, wanted: Wanted, is_wanted: Watch) -> Changes:
        """What comes after a position; none where it has everything.

        Raises AccessError MP702 to MP705 and ServingError MP611, MP640, MP642 to MP644, MP650,
        MP651.
        """
        with ExitStack() as leases:
            history = History(self.asker, self.port, leases)
            part = await run_in_threadpool(next_part, history, position)
            found = await self._read(part, wanted, is_wanted)
        if found.has_more:
            self._keep(part)
        return found

    def tell(self, found: Changes) -> None:
        """Have the audit know what is read."""
        columns = [name for name in found.part.source.types if name not in ADDED]
        tell(self.port_id, Reading(found.part.release, columns, found.rows))

    async def require_still(self) -> None:
        """Raise what stands against reading on: AccessError MP701 to MP703, ServingError MP610,
        MP640, MP651."""
        doors, now = self.asker.doors, self.asker.doors.now()
        await doors.fresh_catalog()
        principal = confirmed(doors, self.asker.principal)
        Lifecycle(doors.catalog, self.port).require(now)
        grant = authorize(doors.policy, principal, self.port_id, self.asker.purpose, now)
        if grant.key != self.grant.key:
            raise begin_anew("MP651", "you see other rows or columns by now", self.port_id)

    async def _read(self, part: Part, wanted: Wanted, is_wanted: Watch) -> Changes:
        engine, source = self.asker.doors.rows.engine, part.source
        select = RowQuery.all_of(source.types).select
        query = RowQuery(select, limit=wanted.limit, format=wanted.format)
        rows = part.rows if wanted.limit is None else min(wanted.limit, part.rows)
        if wanted.format in PAGED:
            page: Page = await engine.ask(lambda: engine.reader.page(source, query), is_wanted)
            return Changes(page.body, page.rows, part)
        most = self.asker.doors.limits.export_bytes
        export = Export(engine.reader, source, query, most)

        async def is_of_use() -> bool:
            return export.has_room() and await is_wanted()

        try:
            return Changes(await engine.export(export.make, is_of_use), rows, part)
        except ServingError as error:
            raise too_large(most) if export.was_too_large else error from error

    def _keep(self, part: Part) -> None:
        """Tell retention that somebody is on the way through these releases."""
        moves = self.store.pointer().moves
        for number in (part.base, part.version):
            if number and self.store.has_data(moves[number - 1].release):
                self.asker.doors.rows.walks.mark(self.store, moves[number - 1].release)
