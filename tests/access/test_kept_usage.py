"""What was counted of the audit is kept, and reading anew would always count the same."""

from __future__ import annotations

import random
import shutil
from dataclasses import replace
from datetime import timedelta

import pytest

from meshport.access.audit import Audit
from meshport.access.principal import Kind, Principal
from meshport.access.usage import actual_readers
from tests.access.test_audit import READ, rewrite
from tests.building import NOW

ANNA = Principal("anna@example.com", Kind.PERSON)
COLUMNS = ("order_id", "status", "ordered_at", "state")
PORTS = ("orders.orders.v1", "orders.payments.v1")


def read(audit, at, columns=("order_id",), **known):
    audit.record(replace(READ, at=at.isoformat(), columns=columns, **known))


def told(home, now):
    found = {(one.consumer, one.kind, one.port): one.columns for one in actual_readers(home, now)}
    assert all(found.values())
    return found


def told_anew(home, now):
    """The same by a mesh that has kept nothing."""
    cache, aside = home / "cache", home / "aside"
    cache.rename(aside)
    found = told(home, now)
    shutil.rmtree(cache, ignore_errors=True)
    aside.rename(cache)
    return found


@pytest.mark.parametrize("seed", range(3))
def test_what_is_kept_and_what_is_new_is_what_reading_anew_finds(tmp_path, seed):
    chance, audit, now = random.Random(seed), Audit(tmp_path), NOW
    for _ in range(10):
        for _ in range(chance.randrange(6)):
            now += timedelta(hours=chance.randrange(200))
            seen = chance.sample(COLUMNS, chance.randrange(1, 4))
            who = chance.choice(({"who": "mailer"}, {"who": audit.who(ANNA), "kind": "person"}))
            verdict = chance.choice(("allowed", "unchanged", "MP704"))
            read(audit, now, seen, port=chance.choice(PORTS), verdict=verdict, **who)
        if chance.random() < 0.4:
            audit.prune(now, timedelta(days=chance.choice((0, 10, 80, 95))))
        read(audit, now)  # there is something to tell
        asked_at = now - timedelta(days=chance.choice((0, 0, 0, 30)))

        assert told(tmp_path, asked_at) == told_anew(tmp_path, asked_at)


def test_lines_that_were_counted_are_not_read_again(tmp_path):
    audit = Audit(tmp_path)
    for _ in range(5):
        read(audit, NOW)
    before = told(tmp_path, NOW)
    rewrite(audit, "update audit set line = 'not to be read' where id < 5")
    read(audit, NOW)

    ((reader, columns),) = told(tmp_path, NOW).items()

    assert list(before) == [reader]
    assert columns["order_id"].count == before[reader]["order_id"].count + 1 == 6


def test_an_audit_of_another_home_is_counted_anew(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    for home, columns in ((first, ("order_id",)), (second, ("status",))):
        for _ in range(3):
            read(Audit(home), NOW, columns)
        assert told(home, NOW)
    shutil.copytree(first / "cache", second / "cache", dirs_exist_ok=True)

    assert told(second, NOW) == told_anew(second, NOW)


def test_what_is_kept_is_for_nobody_else_and_may_be_lost(tmp_path):
    read(Audit(tmp_path), NOW)
    before = told(tmp_path, NOW)
    (kept,) = (tmp_path / "cache").glob("usage-*.sqlite")
    assert kept.stat().st_mode & 0o077 == 0
    kept.write_bytes(b"broken")

    assert told(tmp_path, NOW) == before
