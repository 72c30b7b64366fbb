"""The audit: a chain that shows every change, names nobody, and forgets what is old enough."""

from __future__ import annotations

import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest

from meshport.access.audit import Audit, Entry, query_hash
from meshport.access.principal import DEMO, Kind, Principal
from meshport.errors import AccessError
from tests.building import NOW

READ = Entry(
    at=NOW.isoformat(), who="mailer", kind="service", acts_for=None, credential="a1", door="rows",
    verdict="allowed", rule="openly served", port="orders.orders.v1", columns=["order_id"], rows=3,
)  # fmt: skip


@pytest.fixture
def audit(tmp_path):
    kept = Audit(tmp_path)
    for number in range(5):
        kept.record(replace(READ, at=(NOW + timedelta(days=number)).isoformat(), rows=number))
    return kept


def rewrite(audit, *statements):
    """What somebody with the file and no scruples does."""
    with closing(sqlite3.connect(audit.state.file)) as con:
        for (trigger,) in con.execute("select name from sqlite_master where type = 'trigger'"):
            con.execute(f"drop trigger {trigger}")
        for statement in statements:
            con.execute(statement)
        con.commit()


def test_lines_come_back_as_they_were_written(audit):
    newest, *_ = list(audit.entries())

    assert (newest["id"], newest["who"], newest["rows"], newest["door"]) == (5, "mailer", 4, "rows")
    assert "scope" not in newest
    assert (audit.verify().lines, audit.verify().broken_at) == (5, None)


@pytest.mark.parametrize(
    ("statement", "broken_at"),
    [
        ("update audit set line = replace(line, '\"rows\": 1', '\"rows\": 9') where id = 2", 2),
        ("delete from audit where id = 3", 3),
        ("delete from audit where id = 1", 1),
        ("update audit set id = 9 where id = 4", 4),
        ("update audit set hash = 'x' where id = 5", 5),
    ],
)
def test_a_line_that_was_changed_or_taken_out_is_found(audit, statement, broken_at):
    rewrite(audit, statement)

    assert audit.verify().broken_at == broken_at


def test_a_chain_cut_at_its_end_has_another_head(audit):
    head = audit.verify().head
    rewrite(audit, "delete from audit where id = 5")

    assert audit.verify().head != head


@pytest.mark.parametrize(
    "statement", ["update audit set line = ''", "delete from audit", "delete from anchor"]
)
def test_the_file_refuses_to_forget(audit, statement):
    audit.prune(NOW + timedelta(days=1), keep=timedelta(0))

    con = sqlite3.connect(audit.state.file)
    with closing(con), pytest.raises(sqlite3.IntegrityError, match="never changed"):
        con.execute(statement)


def test_old_lines_go_and_the_rest_of_the_chain_still_holds(audit):
    assert audit.prune(NOW + timedelta(days=2), keep=timedelta(0)) == 2

    assert [entry["id"] for entry in audit.entries()] == [5, 4, 3]
    assert (audit.verify().lines, audit.verify().broken_at) == (3, None)
    audit.record(READ)
    assert audit.prune(NOW + timedelta(days=90), keep=timedelta(0)) == 4
    audit.record(READ)
    assert (audit.verify().lines, audit.verify().broken_at) == (1, None)


def test_persons_are_hashed_with_a_key_and_services_are_named(audit, tmp_path):
    anna, mailer = Principal("anna@example.com", Kind.PERSON), Principal("mailer", Kind.SERVICE)

    assert audit.who(mailer) == "mailer"
    assert audit.who(anna) == audit.pseudonym("anna@example.com") == Audit(tmp_path).who(anna)
    assert "anna" not in audit.who(anna)
    assert audit.who(DEMO) == "demo"
    assert Audit(tmp_path / "other").who(anna) != audit.who(anna)


def test_many_who_write_at_once_make_one_chain(audit, tmp_path):
    def write(_number: int) -> None:
        Audit(tmp_path).record(READ)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(40)))

    assert (audit.verify().lines, audit.verify().broken_at) == (45, None)


def test_lines_of_one_answer_are_written_together_or_not_at_all(audit):
    audit.record(READ, replace(READ, port="orders.payments.v1"))

    with pytest.raises(TypeError):
        audit.record(READ, replace(READ, rows=object()))

    assert [line["id"] for line in audit.entries()][:3] == [7, 6, 5]
    assert audit.verify().broken_at is None


def test_a_head_that_was_noted_is_found_again_until_somebody_cuts_the_chain(audit):
    noted = audit.verify().head
    audit.record(READ)

    assert audit.verify(noted).has_head
    assert not audit.verify("0" * 63 + "1").has_head
    rewrite(audit, "delete from audit where id > 4")
    assert (audit.verify(noted).has_head, audit.verify(noted).broken_at) == (False, None)


def test_a_broken_chain_is_not_pruned(audit):
    rewrite(audit, "update audit set line = replace(line, '\"rows\": 1', '\"rows\": 9')")

    with pytest.raises(AccessError, match="line 2") as raised:
        audit.prune(NOW + timedelta(days=90), keep=timedelta(0))

    assert raised.value.code == "MP791"
    assert len(list(audit.entries())) == 5


def test_only_lines_since_a_moment_are_listed(audit):
    assert [line["id"] for line in audit.entries(since=NOW + timedelta(days=3))] == [5, 4]


def test_a_query_is_told_apart_but_not_told():
    assert query_hash("email=eq.a@b.c") != query_hash("email=eq.a@b.d")
    assert "email" not in json.dumps(query_hash("email=eq.a@b.c"))
