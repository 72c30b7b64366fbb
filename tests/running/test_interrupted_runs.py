"""A run that ends before its time says so, and leaves what was published."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from meshport.publishing.store import ReleaseStore
from tests.building import ROOT, run_here

pytestmark = pytest.mark.xdist_group("built")


@pytest.mark.parametrize("step", ["building", "checking and publishing"])
def test_an_interrupted_run_ends_as_such_and_readers_keep_what_they_had(home, sample, step):
    before = ReleaseStore(home).of("catalog").current().release
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MESHPORT_")}
    run = subprocess.Popen(
        [sys.executable, "-m", "meshport.cli.main", "run", "catalog", "--source", str(sample)],
        cwd=ROOT,
        env={**kept, "MESHPORT_HOME": str(home)},
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    with run:
        assert run.stderr is not None
        assert any(step in line for line in run.stderr)
        run.send_signal(signal.SIGINT)
        said = run.stderr.read()

    assert run.returncode == 130, said
    assert "interrupted" in said
    assert ReleaseStore(home).of("catalog").current().release == before


class Breaker:
    """Progress that, once a domain is published, lets Dagster note no end of a step any more."""

    def __init__(self, home):
        self.folder = home / "dagster/history"

    def step(self, domain, what, detail=""):
        if what == "done":
            newest = max(self.folder.glob("*-*.db"), key=lambda file: file.stat().st_mtime_ns)
            with closing(sqlite3.connect(newest)) as con:
                con.execute(
                    "create trigger no_end before insert on event_logs when "
                    "new.dagster_event_type in ('STEP_SUCCESS', 'STEP_FAILURE') "
                    "begin select raise(abort, 'no more room'); end"
                )


def test_a_run_that_fails_outside_of_every_step_does_not_pass_for_one_that_went_well(home, sample):
    outcome = run_here(home, sample, "catalog", progress=Breaker(home))

    assert outcome.exit_code == 2
    assert ["no more room" in said for said in outcome.unexpected] == [True]
