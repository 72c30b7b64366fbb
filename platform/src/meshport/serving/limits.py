"""How much one reader may ask for, and how much one process takes on at once: all in one place."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

_CORES = os.cpu_count() or 2
_MIB = 2**20

OVERLAP_HOURS, MOST_OVERLAP_HOURS = 24, 168
"""How long a webhook's secret counts after it was replaced, unless said otherwise, and at most."""


@dataclass(frozen=True)
class Limits:
    """The limits of one server process; times are in seconds, sizes in bytes."""

    requests: int = 12_000
    """What one principal may ask in a window of time; it comes back evenly."""
    fetches: int = 60_000
    """How often it may fetch files, or parts of them, that answers led to, in the same window.

    Readers of Parquet fetch a file in hundreds of parts; this is for those who never stop.
    """
    wrong_tokens: int = 300
    """What one address may send of tokens that are not valid, in the same window."""
    window: int = 60
    executing: int = 2 * _CORES
    """Questions that the engine answers at once."""
    exporting: int = _CORES
    """Whole tables that it writes at once."""
    waiting: int = 32 * _CORES
    """Questions that wait for their turn; those after them are sent away."""
    wait: float = 2.0
    statement: float = 10.0
    export: float = 300.0
    page_bytes: int = 32 * _MIB
    export_bytes: int = 4096 * _MIB
    streams: int = 400
    """Streams of changes that are open at once."""
    streams_each: int = 8
    """Those of one principal."""
    body_bytes: int = 128 * 1024
    body: float = 10.0
    agent_bytes: int = 20_000
    """What one answer to an agent may take of its context."""
    agent_rows: int = 500
    prepared_from: int = 5_000
    prepared_rows: int = 2_000_000
    """Tables with as many rows are prepared, smaller and larger ones are not."""
    prepared_bytes: int = 2048 * _MIB
    """What prepared rows of all tables may take on the disk."""
    prepared_after: int = 3
    """How often rows of a table are asked for before they are prepared."""

    def shared_by(self, workers: int) -> Limits:
        """Each worker's part, where several processes share one machine."""
        if workers == 1:
            return self
        return replace(
            self,
            requests=max(1, self.requests // workers),
            fetches=max(1, self.fetches // workers),
            wrong_tokens=max(1, self.wrong_tokens // workers),
            executing=max(1, self.executing // workers),
            exporting=max(1, self.exporting // workers),
            waiting=max(1, self.waiting // workers),
            streams=max(1, self.streams // workers),
        )
