"""`meshport audit`: what a person learns from it at the terminal, and what a program does."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from meshport.access.audit import Audit
from meshport.access.principal import Kind, Principal
from meshport.cli.audit import Wanted
from tests.access.test_audit import READ, rewrite
from tests.building import NOW, meshport

ANNA = Principal("anna@example.com", Kind.PERSON)
ROBOT = Principal("robot", Kind.AGENT, acts_for=ANNA.name)
MAILER = Principal("mailer", Kind.SERVICE)


@pytest.fixture
def audit(tmp_path):
    kept = Audit(tmp_path)
    day = timedelta(days=1)
    port = {"port": "customers.customers.v1", "door": "rows"}
    kept.record(kept.operated("command line", "token created", MAILER, NOW))
    kept.record(kept.entry(MAILER, NOW + day, **port, rows=1234, rule="openly served"))
    kept.record(kept.entry(ANNA, NOW + day, **port, verdict="MP704"))
    kept.record(kept.entry(ROBOT, NOW + 2 * day, door="sql", port=READ.port, verdict="unchanged"))
    kept.record(kept.entry(MAILER, NOW + 3 * day, act="approve", consumer=kept.who(ANNA),
                           rule="agreement 3"))  # fmt: skip
    return kept


def listed(audit, **wanted):
    asked = {"port": None, "who": None, "verdict": None, "since": None, "limit": 50, **wanted}
    return [line["id"] for line in Wanted(**asked).of(audit)]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, [5, 4, 3, 2, 1]),
        ({"limit": 2}, [5, 4]),
        ({"port": "customers.customers.v1"}, [3, 2]),
        ({"who": "mailer"}, [5, 2, 1]),
        ({"who": "anna@example.com"}, [5, 4, 3]),
        ({"who": "nobody-of-that-name"}, []),
        ({"verdict": "refused"}, [3]),
        ({"verdict": "MP704"}, [3]),
        ({"verdict": "unchanged"}, [4]),
        ({"since": datetime(2026, 11, 3)}, [5, 4]),
    ],
)
def test_lines_are_found_by_port_consumer_verdict_and_day(audit, wanted, found):
    assert listed(audit, **wanted) == found


def test_the_command_prints_the_lines_as_one_document(audit):
    home = audit.state.file.parent
    options = ("--who", "anna@example.com", "--since", "2026-11-02", "--format", "json")

    answer = meshport("audit", "list", *options, MESHPORT_HOME=home)

    assert answer.returncode == 0, answer.stderr
    assert [line["id"] for line in json.loads(answer.stdout)] == [5, 4, 3]


def test_the_table_names_services_and_shows_persons_as_hashes(audit):
    shown = meshport("audit", "list", MESHPORT_HOME=audit.state.file.parent).stdout

    person = audit.pseudonym(ANNA.name)[:12]
    assert f"approve for person {person}, agreement 3" in shown
    assert "1,234" in shown
    assert "token created for mailer" in shown
    assert "anna" not in shown


def test_a_whole_chain_is_verified_and_a_broken_one_named_by_its_line(audit):
    home = audit.state.file.parent
    whole = meshport("audit", "verify", MESHPORT_HOME=home)
    head = whole.stdout.strip()
    again = meshport("audit", "verify", "--head", head, MESHPORT_HOME=home)
    rewrite(audit, "delete from audit where id = 5")
    cut = meshport("audit", "verify", "--head", head, MESHPORT_HOME=home)
    rewrite(audit, "update audit set line = replace(line, 'MP704', 'allowed') where id = 3")
    broken = meshport("audit", "verify", MESHPORT_HOME=home)

    assert (whole.returncode, again.returncode) == (0, 0)
    assert (cut.returncode, broken.returncode) == (1, 1)
    assert f"MP791\nthe head {head} is not in the chain" in cut.stderr
    assert "MP791\nline 3 of the audit" in broken.stderr
    assert "hint:" in broken.stderr


def test_an_audit_that_cannot_be_read_is_neither_whole_nor_broken(audit):
    home = audit.state.file.parent
    with closing(sqlite3.connect(audit.state.file)) as con:
        con.execute("pragma wal_checkpoint(truncate)")
    audit.state.close()
    audit.state.file.write_bytes(b"x" * 8192)

    answer = meshport("audit", "verify", MESHPORT_HOME=home)

    assert (answer.returncode, "MP790" in answer.stderr) == (2, True)


def test_old_lines_are_let_go(audit):
    home = audit.state.file.parent
    audit.record(replace(READ, at="2999-01-01T00:00:00+00:00"))

    gone = meshport("audit", "prune", "--days", "1", MESHPORT_HOME=home)

    assert (gone.returncode, "lines older than 1 days are gone" in gone.stderr) == (0, True)
    assert listed(audit)[0] == 6
    assert audit.verify().broken_at is None
