"""Queries that nobody waits for: they run one after the other, and their results stay a while.

sql-jobs/<job>/
    job.json    who asked, how it stands, what was read for it
    result      the rows, once it is done

Any process that serves the same home can tell how a job stands. A result belongs to who asked, and
only as long as the asker still sees what was read for it.
"""

from __future__ import annotations

import json
import logging
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from meshport.errors import AccessError, MeshportError, ServingError
from meshport.names import PortId
from meshport.publishing.durable import write_atomically
from meshport.serving.audit_trail import Reading, Trail, apart, tell
from meshport.serving.identity import Asker
from meshport.serving.sql_door.door import (
    Caps,
    ReadTable,
    SqlAnswer,
    SqlDoor,
    SqlQuestion,
)
from meshport.serving.sql_door.tables import NOT_FOR_THIS_CLASS

KEPT = timedelta(minutes=15)
_LOG = logging.getLogger(__name__)
_ID = re.compile(r"[A-Za-z0-9_-]{24}")
_WAITING, _WAITING_EACH = 32, 4
_ENDED = ("done", "failed")


@dataclass(frozen=True)
class Job:
    """One query and how it stands: `waiting`, `running`, `done` or `failed`."""

    id: str
    principal: str
    format: str
    server: int
    """The process that runs it."""
    changed_at: str
    status: str = "waiting"
    answer: SqlAnswer | None = None
    problem: dict[str, str | None] | None = None

    @property
    def is_ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.status in _ENDED


class Jobs:
    """The jobs of one meshport home, and the thread that runs those asked for here."""

    def __init__(self, door: SqlDoor, home: Path, caps: Caps, now: Callable[[], datetime]) -> None:
        self.door = door
        self.caps = caps
        self.now = now
        self.folder = home / "sql-jobs"
        self._runner = ThreadPoolExecutor(1, "sql-jobs")
        self._forget_old()

    def start(self, asker: Asker, question: SqlQuestion) -> Job:
        """A new job; raises ServingError MP639 where too many are waiting."""
        self._forget_old()
        waiting = [one for one in self._all() if not one.is_ended]
        mine = [one for one in waiting if one.principal == asker.principal.name]
        if len(waiting) >= _WAITING or len(mine) >= _WAITING_EACH:
            raise ServingError("MP639", f"{len(mine)} of your queries wait already")
        about = (asker.principal.name, question.format, os.getpid(), self.now().isoformat())
        job = self._kept(Job(secrets.token_urlsafe(18), *about))
        self._runner.submit(self._run, job, asker, question)
        return job

    def find(self, asker: Asker, id_: str) -> Job:
        """The asker's own job; raises ServingError MP636 for any other."""
        job = self._read(id_) if _ID.fullmatch(id_) else None
        is_over = job is None or (job.is_ended and self.now() > _until(job))
        if job is None or is_over or job.principal != asker.principal.name:
            raise ServingError("MP636", f"there is no job `{id_[:40]}`")
        return job

    def result(self, asker: Asker, id_: str) -> tuple[Job, SqlAnswer, Path]:
        """A finished job with its answer and its rows.

        Raises ServingError MP636, MP637 (there is none yet, or never) and MP638 (the asker does not
        see any more what was read for it).
        """
        job = self.find(asker, id_)
        if job.answer is None:
            hint = f"see /sql/jobs/{job.id}"
            raise ServingError("MP637", f"the job is {job.status}", hint=hint)
        if not all(_is_still_seen(asker, table) for table in job.answer.tables):
            raise ServingError("MP638", "what was read for it is not yours to read any more")
        for table in job.answer.tables:
            told = Reading(table.release, table.read, job.answer.rows, job.answer.fingerprint)
            tell(PortId.parse(table.port), told)
        return job, job.answer, self.folder / job.id / "result"

    def close(self) -> None:
        """Drop what waits here; what is done stays."""
        self._runner.shutdown(wait=False, cancel_futures=True)

    def _run(self, job: Job, asker: Asker, question: SqlQuestion) -> None:
        job = self._kept(replace(job, status="running"))
        try:
            trail = Trail(asker.doors.access.audit, "sql", self.now)
            with apart(trail), (self.folder / job.id / "result").open("wb") as file:
                answer = self.door.answer(asker, question, file.write, self.caps)
            ended = replace(job, status="done", answer=answer)
        except MeshportError as error:
            ended = replace(job, status="failed", problem=_problem(error))
        except Exception:  # noqa: BLE001  whoever asks for the job has to learn that it ended
            _LOG.exception("a job broke")
            broken = ServingError("MP633", "the engine could not run it")
            ended = replace(job, status="failed", problem=_problem(broken))
        self._kept(replace(ended, changed_at=self.now().isoformat()))

    def _kept(self, job: Job) -> Job:
        folder = self.folder / job.id
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_atomically(folder / "job.json", json.dumps(asdict(job)).encode())
        return job

    def _read(self, id_: str) -> Job | None:
        try:
            job = _job(json.loads((self.folder / id_ / "job.json").read_bytes()))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if job.is_ended or _is_alive(job.server):
            return job
        error = ServingError("MP633", "the server ended before the query did")
        return replace(job, status="failed", problem=_problem(error))

    def _all(self) -> Iterator[Job]:
        with suppress(FileNotFoundError):
            for path in self.folder.iterdir():
                job = self._read(path.name)
                if job:
                    yield job

    def _forget_old(self) -> None:
        for job in list(self._all()):
            if job.is_ended and self.now() > _until(job):
                shutil.rmtree(self.folder / job.id, ignore_errors=True)


def _until(job: Job) -> datetime:
    return datetime.fromisoformat(job.changed_at) + KEPT


def _job(kept: dict[str, Any]) -> Job:
    answer = kept["answer"]
    if answer:
        answer = SqlAnswer(**{**answer, "tables": tuple(map(_table, answer["tables"]))})
    return Job(**{**kept, "answer": answer})


def _table(kept: dict[str, Any]) -> ReadTable:
    scope = tuple(kept["scope"]) if kept["scope"] is not None else None
    columns = {name: tuple(kept[name]) for name in ("columns", "read")}
    return ReadTable(**{**kept, "scope": scope, **columns})


def _problem(error: MeshportError) -> dict[str, str | None]:
    return {"code": error.code, "detail": error.fact, "hint": error.hint}


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _is_still_seen(asker: Asker, table: ReadTable) -> bool:
    """Whether the asker sees now, in the release that was read, all that was seen then.

    Raises AccessError MP702, MP703 (which purpose?).
    """
    catalog, id_ = asker.doors.catalog, PortId.parse(table.port)
    port = catalog.mesh.find(id_)
    part = catalog.store.of(id_.domain).manifest(table.release).port(id_)
    if port is None or part is None:
        return False
    try:
        now = asker.sight(port, part)
    except AccessError as error:
        if error.code not in NOT_FOR_THIS_CLASS:
            raise
        return False
    then = (table.access_class, table.scope, table.columns)
    return (now.grant.reader.name, now.grant.scope, tuple(now.columns)) == then
