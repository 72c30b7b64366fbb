"""What the REST door of one running server keeps: engine, prepared rows, views."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import monotonic

from meshport.publishing.store import WALK_SECONDS, DomainStore
from meshport.serving.cursor import CursorCodec
from meshport.serving.limits import Limits
from meshport.serving.rows.engine import Engine
from meshport.serving.rows.prepared import PreparedRows
from meshport.serving.rows.views import Views
from meshport.serving.validators import ENCODING


class Walks:
    """Tells retention, not too often, which releases readers are on the way through."""

    def __init__(self) -> None:
        self._marked_at: dict[str, float] = {}

    def mark(self, store: DomainStore, release: str) -> None:
        """A page with one after it was read."""
        now = monotonic()
        if now - self._marked_at.get(release, -WALK_SECONDS) > WALK_SECONDS / 10:
            self._marked_at[release] = now
            store.mark_walked(release)


@dataclass
class RowDoor:
    """The state of the door; nothing of it outlives the process but the prepared rows."""

    limits: Limits
    cursors: CursorCodec
    views: Views = field(default_factory=Views)

    def __post_init__(self) -> None:
        self.engine = Engine(self.limits)
        self.prepared = PreparedRows(self.limits, self.engine.reader, ENCODING)
        self.walks = Walks()

    def close(self) -> None:
        """Give back what the process holds."""
        self.prepared.close()
        self.engine.close()
