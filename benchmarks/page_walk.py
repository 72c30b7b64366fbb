"""Walks through a port, page by page, while releases are published."""

from __future__ import annotations

import json
import os
import re
import tempfile
import threading
from pathlib import Path

from benchmarks.load import Client
from benchmarks.rest_port import ROWS, Shop, key_of
from benchmarks.rest_servers import meshport


def walk(releases: int) -> tuple[int, int]:
    """Walks through a port while releases are published; rows seen twice, and rows never seen.

    One walk lasts as long as all the publishing; others begin and end meanwhile.
    """
    rows, twice, missed, walks = 10_000, 0, 0, 0
    with tempfile.TemporaryDirectory(prefix="meshport-walk-") as folder:
        shop = Shop(Path(folder))
        shop.publish(rows)
        with meshport(shop, workers=os.cpu_count() or 1) as server:
            published = threading.Thread(target=_publish_all, args=(shop, rows, releases))
            long = _Walk(Client(server.port))
            long.step()
            published.start()
            while published.is_alive():
                short = _Walk(Client(server.port))
                while short.step():
                    pass
                walks += 1
                if walks % 5 == 0 and len(long.keys) < rows - 500:
                    long.step()
                twice, missed = twice + short.twice, missed + short.missed(rows)
            published.join()
            while long.step():
                pass
    twice, missed = twice + long.twice, missed + long.missed(rows)
    told = f"{walks + 1} walks of {rows:,} rows while {releases} releases were published"
    print(f"  {told}: {twice} rows twice, {missed} missed   aim: 0 and 0")
    return twice, missed


def _publish_all(shop: Shop, rows: int, releases: int) -> None:
    for number in range(1, releases + 1):
        shop.publish(rows, start=number * 7)


class _Walk:
    """A walk, page by page; all its rows have to be those of the release it began in."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.target: str | None = f"{ROWS}?limit=500&select=order_id"
        self.keys: list[str] = []

    def step(self) -> bool:
        """Read a page; whether there is one after it."""
        assert self.target
        head, _, body = self.client.ask(self.target).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        self.keys += [row["order_id"] for row in json.loads(body)]
        following = re.search(r'link: <(\S+)>; rel="next"', head.decode())
        self.target = following[1] if following else None
        return self.target is not None

    @property
    def twice(self) -> int:
        return len(self.keys) - len(set(self.keys))

    def missed(self, rows: int) -> int:
        first = int(self.keys[0][1:])
        return len({key_of(number) for number in range(first, first + rows)} - set(self.keys))
