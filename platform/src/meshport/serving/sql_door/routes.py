"""/sql: a query in, rows out; its plan; and queries that are answered later."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from typing import Annotated, Any, BinaryIO, TypeVar, cast

from fastapi import Depends, Request
from fastapi.responses import FileResponse, Response, StreamingResponse
from starlette.background import BackgroundTask

from meshport.serving.identity import VARIES_BY, asker_of
from meshport.serving.negotiation import ROW_MEDIA
from meshport.serving.quota import counted_asker, fetched
from meshport.serving.router import DoorRouter
from meshport.serving.sql_door.door import Caps, SqlAnswer, SqlQuestion
from meshport.serving.sql_door.explain import explanation
from meshport.serving.sql_door.jobs import KEPT, Job
from meshport.serving.sql_door.request import (
    MEDIA,
    is_job_wanted,
    question_in_body,
    question_in_query,
)
from meshport.serving.sql_door.running import sql_lifespan, sql_service

MEDIA_TYPES = {form: media for media, form in reversed(ROW_MEDIA.items())}
_IN_MEMORY = 1 << 20
_CHUNK = 1 << 18
_HEADERS = {
    "Accept-Query": ", ".join(MEDIA),
    "Cache-Control": "private, no-store",
    "Vary": f"Accept, Prefer, {VARIES_BY}",
}
Endpoint = TypeVar("Endpoint", bound=Callable[..., Response])
InBody = Annotated[SqlQuestion, Depends(question_in_body)]
InQuery = Annotated[SqlQuestion, Depends(question_in_query)]


router = DoorRouter(lifespan=sql_lifespan)


def _takes_body(path: str) -> Callable[[Endpoint], Endpoint]:
    """Register what answers QUERY (RFC 10008), and POST for clients that do not know it."""
    return router.api_route(path, methods=["QUERY", "POST"], include_in_schema=False)


@router.reads("/sql")
def sql(request: Request, question: InQuery) -> Response:
    """The rows of one SELECT over the ports that the asker may read, as `?query=`."""
    return _answered(request, question)


@_takes_body("/sql")
def sql_in_body(request: Request, question: InBody) -> Response:
    """The same for a query in the body."""
    return _answered(request, question)


@router.reads("/sql/explain")
def explain(request: Request, question: InQuery) -> Response:
    """What a query would read, under which policy, and how; nothing is read."""
    return _explained(request, question)


@_takes_body("/sql/explain")
def explain_in_body(request: Request, question: InBody) -> Response:
    """The same for a query in the body."""
    return _explained(request, question)


@router.reads("/sql/jobs/{job}")
def job(request: Request, job: str) -> Response:
    """How a query stands that was sent with `Prefer: respond-async`."""
    jobs = sql_service(request).jobs
    found = jobs.find(counted_asker(request), job)
    return _json(_status(found, jobs.caps), 200, {} if found.is_ended else {"Retry-After": "1"})


@router.reads("/sql/jobs/{job}/result")
def job_result(request: Request, job: str) -> Response:
    """The rows of such a query, once it is done."""
    jobs = sql_service(request).jobs
    asker = asker_of(request)
    fetched(request, asker)
    found, answer, file = jobs.result(asker, job)
    return FileResponse(file, 200, _about(answer, jobs.caps), MEDIA_TYPES[found.format])


def _answered(request: Request, question: SqlQuestion) -> Response:
    asker, service = counted_asker(request), sql_service(request)
    if is_job_wanted(request):
        started = service.jobs.start(asker, question)
        headers = {"Location": f"/sql/jobs/{started.id}", "Retry-After": "1"}
        headers["Preference-Applied"] = "respond-async"
        return _json(_status(started, service.jobs.caps), 202, headers)
    body = cast(BinaryIO, tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY))  # noqa: SIM115
    try:
        answer = service.door.answer(asker, question, body.write)
        size = body.tell()
        body.seek(0)
    except BaseException:
        body.close()
        raise
    headers = {**_about(answer, service.door.caps), "Content-Length": str(size)}
    media = MEDIA_TYPES[question.format]
    done = BackgroundTask(body.close)
    if size <= _IN_MEMORY:
        return Response(body.read(), 200, headers, media, done)
    return StreamingResponse(_chunks(body), 200, headers, media, done)


def _explained(request: Request, question: SqlQuestion) -> Response:
    service = sql_service(request)
    plan = service.door.explain(counted_asker(request), question.sql)
    return _json(explanation(plan, service.door.caps, service.pool.seen().get("layers", ())))


def _chunks(body: BinaryIO) -> Iterator[bytes]:
    while chunk := body.read(_CHUNK):
        yield chunk


def _about(answer: SqlAnswer, caps: Caps) -> dict[str, str]:
    """What an answer says of itself: what was read, as whom, how much, and whether that is all."""
    ports = {one.port: one for one in answer.tables}.values()
    access = [f"{one.port}={one.access_class}; {one.rule}" for one in ports]
    timings = [f"{name};dur={1000 * seconds:.1f}" for name, seconds in answer.seconds.items()]
    about = {
        "Meshport-Releases": ", ".join(f"{one.port}={one.release}" for one in ports),
        "Meshport-Access": ", ".join(access),
        "Meshport-Query-Hash": answer.fingerprint,
        "Meshport-Rows": str(answer.rows),
        "Meshport-Truncated": _truncated(answer, caps) or "false",
        "Server-Timing": ", ".join(timings),
    }
    return {**_HEADERS, **{name: said for name, said in about.items() if said}}


def _truncated(answer: SqlAnswer, caps: Caps) -> str | None:
    return f"{answer.cut}={getattr(caps, answer.cut):d}" if answer.cut else None


def _status(job: Job, caps: Caps) -> dict[str, Any]:
    about: dict[str, Any] = {"id": job.id, "status": job.status, "format": job.format}
    if job.answer:
        about |= {
            "result": f"/sql/jobs/{job.id}/result",
            "kept_seconds": int(KEPT.total_seconds()),
            "rows": job.answer.rows,
            "bytes": job.answer.bytes,
            "truncated": _truncated(job.answer, caps),
            "releases": {one.port: one.release for one in job.answer.tables},
            "query_hash": job.answer.fingerprint,
        }
    if job.problem:
        about["problem"] = job.problem
    return about


def _json(content: dict[str, Any], status: int = 200, headers: Any = None) -> Response:
    text = json.dumps(content)
    return Response(text, status, {**_HEADERS, **(headers or {})}, "application/json")
