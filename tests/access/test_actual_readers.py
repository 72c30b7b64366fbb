"""Who really reads a column is among those whom a change of it hits, registered or not."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from meshport.access.audit import Audit
from meshport.access.consumers import Consumer
from meshport.access.principal import Kind, Principal
from meshport.access.register import AccessRegister
from meshport.access.usage import PEOPLE, actual_readers
from meshport.lineage.actual_reads import Reads
from meshport.names import PortId
from tests.building import NOW, meshport

PAYMENTS = PortId("orders", "payments", 1)
BOARD = Principal("finance_dashboard", Kind.SERVICE)
"""Registered in catalog/consumers for other columns of the payments."""
REPORT = Principal("report", Kind.SERVICE)
ANNA, BERTA = (Principal(f"{name}@example.com", Kind.PERSON) for name in ("anna", "berta"))


def read(audit, who, *columns, at=NOW, **known):
    about = {"door": "rows", "port": str(PAYMENTS), "columns": columns, **known}
    audit.record(audit.entry(who, at, **about))


@pytest.fixture
def home(tmp_path):
    register = AccessRegister.at_home(tmp_path)
    for one, contact in ((ANNA, None), (REPORT, ANNA.name), (BOARD, None)):
        register.consumers.add(
            Consumer(one.name, one.kind, None, contact, "", is_disabled=False), "test", NOW
        )
    return tmp_path


def found(home, now=NOW):
    return {one.consumer: one for one in actual_readers(home, now)}


def test_reads_are_counted_by_consumer_and_column_with_the_day_of_the_last(home):
    audit = Audit(home)
    read(audit, REPORT, "order_id", at=NOW - timedelta(days=91))
    read(audit, REPORT, "order_id", "paid_amount", at=NOW - timedelta(days=3))
    read(audit, REPORT, "order_id", verdict="unchanged")

    one = found(home)["report"]

    assert (one.port, one.kind, one.contact) == (PAYMENTS, "service", ANNA.name)
    assert one.columns == {
        "order_id": Reads(2, "2026-11-01"),
        "paid_amount": Reads(1, "2026-10-29"),
    }


def test_persons_are_counted_together_and_named_nowhere(home):
    audit = Audit(home)
    read(audit, ANNA, "order_id")
    read(audit, BERTA, "order_id")

    assert set(found(home)) == {PEOPLE}
    assert found(home)[PEOPLE].columns == {"order_id": Reads(2, "2026-11-01")}


@pytest.mark.parametrize(
    "known",
    [
        {"verdict": "MP704"},
        {"door": "rows/explain"},
        {"door": "delta-sharing/metadata"},
        {"door": "port"},
    ],
)
def test_what_showed_no_rows_to_rely_on_is_no_use_of_a_column(home, known):
    read(Audit(home), REPORT, "order_id", **known)

    assert found(home) == {}


def test_a_home_that_nobody_reads_from_has_no_readers_and_gets_no_audit(tmp_path):
    assert actual_readers(tmp_path, NOW) == []
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def hits(home):
    """Whom dropping a column hits, by name, as `meshport impact` says it."""
    audit, now = Audit(home), datetime.now(UTC)
    read(audit, REPORT, "installment_count", at=now)
    read(audit, BOARD, "installment_count", "paid_amount", at=now)
    read(audit, BOARD, "installment_count", at=now)
    read(audit, ANNA, "installment_count", at=now)

    def ask(column):
        target = f"{PAYMENTS}.{column}"
        arguments = ("impact", target, "--change", "drop", "--format", "json")
        answer = meshport(*arguments, MESHPORT_HOME=home)
        return {one["consumer"]: one for one in json.loads(answer.stdout)["consumers"]}

    return ask


def test_impact_names_who_really_reads_a_column_but_is_registered_for_others(hits):
    told = hits("installment_count")

    assert told["finance_dashboard"]["effect"] == "breaks"
    (step,) = told["finance_dashboard"]["path"]
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    assert step["file"] == f"audit: not registered, read 2 times, last on {today}"
    assert told["report"]["owner"] == {"team": "not registered", "contact": ANNA.name}
    assert told["report"]["effect"] == told[PEOPLE]["effect"] == "breaks"
    assert "once" in told["report"]["path"][0]["file"]


def test_who_is_registered_for_a_column_is_told_as_before(hits):
    told = hits("paid_amount")

    assert told["finance_dashboard"]["path"][0]["file"].startswith("catalog/consumers/")
    assert "report" not in told or told["report"]["effect"] == "unaffected"
