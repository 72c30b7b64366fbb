"""Queries that nobody waits for: the same answers, later, for who asked and nobody else."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from time import monotonic

import pytest

from tests.doors.readers import PERSON

pytestmark = pytest.mark.xdist_group("sql_door")
ALL = "select * from lab.gauges order by gauge_id"
NEVER_ENDS = "select count(*) from range(1000000) a, range(1000000) b, range(1000000) c"


def wait_for_job(client, started, headers):
    deadline = monotonic() + 60
    while True:
        job = client.get(started.headers["location"], headers=headers)
        if job.json()["status"] in ("done", "failed"):
            return job
        assert job.headers["retry-after"] == "1"
        assert monotonic() < deadline, job.text


@pytest.mark.parametrize("format_", ["json", "csv", "parquet"])
def test_a_job_has_the_answer_that_waiting_would_have_had(readers, sql_server, ask, format_):
    headers = readers.sent_by("service")
    later = {"prefer": "respond-async, wait=1", **headers}

    started = sql_server.post("/sql", json={"sql": ALL, "format": format_}, headers=later)

    assert started.status_code == 202
    assert started.headers["preference-applied"] == "respond-async"
    job = wait_for_job(sql_server, started, headers)
    assert (job.json()["status"], job.json()["rows"]) == ("done", 100)
    assert job.json()["truncated"] is None
    result = sql_server.get(job.json()["result"], headers=headers)
    at_once = ask(ALL, "service", format=format_)
    assert result.content == at_once.content
    for header in ("content-type", "meshport-access", "meshport-rows", "meshport-query-hash"):
        assert result.headers[header] == at_once.headers[header]


def test_a_job_that_cannot_be_answered_says_why(readers, sql_server):
    headers = readers.sent_by(PERSON)
    sql = {"sql": "select * from lab.people"}
    started = sql_server.post("/sql", json=sql, headers={"prefer": "respond-async", **headers})

    job = wait_for_job(sql_server, started, headers).json()

    assert (job["status"], job["problem"]["code"]) == ("failed", "MP632")
    result = sql_server.get(f"/sql/jobs/{job['id']}/result", headers=headers)
    assert (result.status_code, result.json()["code"]) == (409, "MP637")


def test_a_job_is_there_for_nobody_but_who_asked(readers, sql_server):
    started = sql_server.post(
        "/sql",
        json={"sql": "select 1"},
        headers={"prefer": "respond-async", **readers.sent_by("service")},
    )
    wait_for_job(sql_server, started, readers.sent_by("service"))
    address = started.headers["location"]

    for path in (address, f"{address}/result", "/sql/jobs/nonsense", "/sql/jobs/" + "x" * 24):
        answer = sql_server.get(path, headers=readers.sent_by("highest"))
        assert (answer.status_code, answer.json()["code"]) == (404, "MP636")


def test_every_server_over_the_home_has_the_result_until_its_time_is_over(own_readers):
    first, second = own_readers.client(PERSON), own_readers.client(PERSON)
    started = first.post("/sql", json={"sql": ALL}, headers={"prefer": "respond-async"})
    done = wait_for_job(first, started, {}).json()

    assert len(second.get(done["result"]).json()) == 100

    own_readers.now += timedelta(minutes=16)
    assert second.get(done["result"]).json()["code"] == "MP636"
    second.post("/sql", json={"sql": ALL}, headers={"prefer": "respond-async"})
    assert not (own_readers.lab.home / "sql-jobs" / done["id"]).exists()


def test_a_job_whose_server_is_gone_is_not_waited_for(own_readers):
    client = own_readers.client(PERSON)
    started = client.post("/sql", json={"sql": NEVER_ENDS}, headers={"prefer": "respond-async"})
    file = own_readers.lab.home / "sql-jobs" / started.json()["id"] / "job.json"
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()

    deadline = monotonic() + 60
    while (kept := json.loads(file.read_text()))["status"] == "waiting":
        assert monotonic() < deadline
    file.write_text(json.dumps({**kept, "server": gone.pid}))

    job = client.get(started.headers["location"]).json()
    assert (job["status"], job["problem"]["detail"]) == (
        "failed",
        "the server ended before the query did",
    )


def test_a_result_is_gone_when_the_access_is(own_readers):
    agreement = own_readers.agree(PERSON, "restricted")
    client = own_readers.client(PERSON)
    started = client.post("/sql", json={"sql": ALL}, headers={"prefer": "respond-async"})
    result = wait_for_job(client, started, {}).json()["result"]
    assert "secret.example" in client.get(result).text

    own_readers.revoke(agreement)

    assert (client.get(result).status_code, client.get(result).json()["code"]) == (410, "MP638")
    assert "secret.example" not in client.post("/sql", json={"sql": ALL}).text


def test_one_asker_cannot_queue_jobs_without_end_nor_see_a_result_too_early(own_readers):
    client = own_readers.client(PERSON)
    later = {"prefer": "respond-async"}

    jobs = [client.post("/sql", json={"sql": NEVER_ENDS}, headers=later) for _ in range(5)]

    assert [job.status_code for job in jobs] == [202, 202, 202, 202, 429]
    assert (jobs[-1].json()["code"], jobs[-1].headers["retry-after"]) == ("MP639", "5")
    early = client.get(f"{jobs[0].headers['location']}/result")
    assert (early.status_code, early.json()["code"]) == (409, "MP637")


def test_who_finds_every_worker_busy_is_told_when_to_come_back(own_readers):
    client = own_readers.client(PERSON, executing=1)
    client.post("/sql", json={"sql": NEVER_ENDS}, headers={"prefer": "respond-async"})

    answer, deadline = client.get("/sql?query=select 1"), monotonic() + 60
    while answer.status_code == 200:  # until the job has the worker
        assert monotonic() < deadline
        answer = client.get("/sql?query=select 1")

    assert (answer.status_code, answer.json()["code"]) == (503, "MP635")
    assert answer.headers["retry-after"] == "1"
