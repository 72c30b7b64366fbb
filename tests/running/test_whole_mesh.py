"""The whole mesh in one run: every domain publishes, every source row is accounted for."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from meshport.errors import SettingsError
from meshport.publishing.receipt import receipt
from meshport.publishing.store import ReleaseStore
from tests.building import NOW, run_here

pytestmark = pytest.mark.xdist_group("whole_mesh")

DOMAINS = ("catalog", "customers", "logistics", "orders")


def records(file: Path) -> int:
    """Rows of a CSV file, counted by another reader than the one that landed them."""
    with file.open(newline="", encoding="utf-8-sig") as stream:
        return sum(1 for row in csv.reader(stream) if row) - 1


@pytest.mark.parametrize("domain", DOMAINS)
def test_every_row_of_every_source_file_is_published_in_quarantine_or_superseded(
    built, sample, domain
):
    manifest = ReleaseStore(built).of(domain).current()

    assert manifest.sources
    for account in manifest.sources:
        assert account.rows == records(sample / account.file)
        if account.becomes:
            accounted = account.published + account.quarantined + account.superseded
            assert accounted == account.rows
            assert account.published > 0


def test_every_file_of_the_source_folder_feeds_a_domain_that_publishes_its_rows(built, sample):
    store = ReleaseStore(built)

    read = {
        account.file
        for domain in DOMAINS
        for account in store.of(domain).current().sources
        if account.becomes
    }

    assert read == {file.name for file in sample.iterdir()}


@pytest.mark.parametrize("domain", DOMAINS)
def test_every_port_passes_its_blocking_checks_and_the_balance_of_its_source_rows(built, domain):
    for port in ReleaseStore(built).of(domain).current().ports.values():
        blocking = {c.id: c.status for c in port.checks if c.severity == "error"}
        assert blocking["source_rows_balance"] == "passed"
        assert Counter(blocking.values()).keys() <= {"passed", "not_enforced"}
        assert port.rows == sum(file.rows for file in port.full.files)
        kept = sum(file.rows for file in port.quarantine.files)
        assert port.quarantine.rows == kept


def test_the_samples_dirt_is_in_quarantine_for_the_reasons_it_was_made(built):
    reasons = {
        reason
        for domain in DOMAINS
        for port in ReleaseStore(built).of(domain).current().ports.values()
        for reason in port.quarantine.by_reason
    }

    assert reasons >= {"the person never ordered", "the point is not in Brazil", "method__enum"}


def test_a_run_of_one_domain_builds_on_the_releases_that_are_there(home, sample):
    store = ReleaseStore(home)
    before = {domain: store.of(domain).current().release for domain in DOMAINS}

    outcome = run_here(home, sample, "logistics")

    assert outcome.exit_code == 0
    assert [one.domain for one in outcome.domains] == ["logistics"]
    after = {domain: store.of(domain).current() for domain in DOMAINS}
    assert {d for d in DOMAINS if after[d].release != before[d]} == {"logistics"}
    inputs = {one.port.partition(".")[0]: one.release for one in after["logistics"].inputs}
    assert inputs == {"catalog": before["catalog"], "orders": before["orders"]}


def test_a_run_reads_the_release_that_its_upstream_published_last(home, sample):
    store = ReleaseStore(home)

    assert run_here(home, sample, "catalog", "orders").exit_code == 0

    catalog, orders = store.of("catalog").current(), store.of("orders").current()
    assert catalog.sequence == 2
    assert {one.release for one in orders.inputs} == {catalog.release}
    assert receipt(store, orders.release)


def test_a_domain_whose_upstream_has_no_release_is_told_what_to_run(tmp_path, sample):
    outcome = run_here(tmp_path / "home", sample, "logistics")

    (logistics,) = outcome.domains
    assert outcome.exit_code == 2
    assert logistics.refusal["reason"].startswith("MP220: the input catalog.sellers.v1 has no")
    assert logistics.refusal["hint"] == "publish it first: meshport run catalog"
    assert ReleaseStore(tmp_path / "home").of("logistics").current() is None


def test_a_name_that_is_no_domain_is_refused_before_anything_is_done(tmp_path, sample):
    with pytest.raises(SettingsError) as caught:
        run_here(tmp_path / "home", sample, "order")

    assert caught.value.code == "MP904"
    assert "orders" in caught.value.hint
    assert not (tmp_path / "home").exists()


def test_a_run_is_recorded_with_its_time_and_its_source_folder(built, sample):
    for domain in DOMAINS:
        manifest = ReleaseStore(built).of(domain).current()
        assert manifest.published_at == NOW
        assert manifest.source_folder == str(sample.resolve())
        assert manifest.run_id
