"""The corpus of hostile SQL, and a place to run it where everything that happens is seen."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import yaml

from meshport.errors import MeshportError
from meshport.sandbox.pool import Pool, PoolSize
from meshport.sandbox.question import Limits
from meshport.serving.limits import Limits as ServerLimits
from meshport.serving.sql_door.door import Caps, SqlDoor, SqlQuestion, at_once
from tests.doors.lab import GAUGES, files_of
from tests.doors.readers import PERSON, Readers

CORPUS = Path(__file__).with_name("hostile_sql.yaml")
SECONDS = 0.25
"""What a query may take that may have an answer."""
MEMORY_MB = 512
_AT_ONCE = 4
# What only somebody sees who got out: other people's rows, hidden columns, files, the engine's own
# tables and the paths in them.
_LEAKS = re.compile(
    r"@secret\.example|\btown \d|owner_email|\bwide\b|root:x?:|\.parquet|allowed_paths|read_parquet"
)


@dataclass(frozen=True)
class Probe:
    """One query; `is_refused` where it may have no answer at all."""

    group: str
    text: str
    is_refused: bool


@dataclass(frozen=True)
class Outcome:
    """What a probe came to."""

    probe: Probe
    code: str | None
    """None: there was an answer."""
    said: str
    rows: bytes
    seconds: float


def probes() -> Iterator[Probe]:
    """Every probe of the corpus, with its places still to be filled."""
    for group in yaml.safe_load(CORPUS.read_text()):
        for written in group["probes"]:
            yield Probe(group["group"], _text(written), group["expect"] == "refused")


def _text(written: Any) -> str:
    if isinstance(written, str):
        return written
    times = written["times"]
    opening = written["before"] + written["part"] * times
    return opening + written.get("middle", "") + written.get("closing", "") * times


class Arena:
    """A door with short limits, in front of a mesh whose every file is watched."""

    def __init__(self, folder: Path, opened: ExitStack) -> None:
        self.readers = Readers(folder, opened)
        self.pool = Pool(PoolSize(spares=_AT_ONCE, busy=_AT_ONCE, share=_AT_ONCE))
        opened.callback(self.pool.close)
        self.door = SqlDoor(self.pool, at_once(ServerLimits()))
        self.asker = self.readers.asker(PERSON)
        self.listener = opened.enter_context(socket.create_server(("127.0.0.1", 0)))
        self.listener.setblocking(False)
        home = self.readers.lab.home
        full = files_of(home, GAUGES)[0]
        own = next(f for f in sorted(home.glob("store/lab/files/*/*.parquet")) if str(f) != full)
        self.places = {
            "{full}": full,
            "{own}": str(own),
            "{home}": str(home),
            "{out}": str(home / "out"),
            "{port}": str(self.listener.getsockname()[1]),
        }
        self.before = self.files()

    def run_all(self, probes: Iterable[Probe]) -> list[Outcome]:
        """Send them, several at once."""
        with ThreadPoolExecutor(_AT_ONCE) as crowd:
            return list(crowd.map(self.run, probes))

    def run(self, probe: Probe) -> Outcome:
        """Send one."""
        # What is refused is refused however long it takes; a slow machine is no hostile one.
        limits = Limits(60 if probe.is_refused else SECONDS, MEMORY_MB)
        caps = Caps(rows=2_000, bytes=1_000_000, limits=limits, wait_seconds=60)
        rows = bytearray()
        started = monotonic()
        try:
            self.door.answer(self.asker, SqlQuestion(self._sent(probe)), rows.extend, caps)
        except MeshportError as error:
            said = f"{error.fact} {error.hint or ''}"
            return Outcome(probe, error.code, said, bytes(rows), monotonic() - started)
        return Outcome(probe, None, "", bytes(rows), monotonic() - started)

    def leaks(self, outcome: Outcome) -> list[str]:
        """What came out that the query itself did not bring along."""
        text = outcome.rows.decode(errors="replace") + outcome.said
        paths = [str(self.readers.lab.home)] * (str(self.readers.lab.home) in text)
        sent = self._sent(outcome.probe)
        return [one for one in {*_LEAKS.findall(text), *paths} if one not in sent]

    def files(self) -> dict[str, tuple[int, int]]:
        """Every file of the mesh with its size and when it changed; the state of access apart."""
        found = (
            f for f in self.readers.folder.rglob("*") if f.is_file() and "sqlite" not in f.name
        )
        return {str(f): (f.stat().st_size, f.stat().st_mtime_ns) for f in found}

    def was_called(self) -> bool:
        """Whether anybody called over the network."""
        try:
            self.listener.accept()
        except BlockingIOError:
            return False
        return True

    def _sent(self, probe: Probe) -> str:
        text = probe.text
        for name, place in self.places.items():
            text = text.replace(name, place)
        return text
