"""Whatever is done in whatever order, the current release is whole, and so is every leased one."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from meshport.errors import PublishError
from meshport.publishing.retention import expire
from meshport.publishing.rollback import roll_back
from meshport.warehouse import connect_memory, parquet_scan
from tests.building import NOW
from tests.publishing.shop import PARTS, THINGS, Shop, things

counts = st.integers(1, 5)
# Where a publish can die with files in the store that nobody can see yet.
MOMENTS = (
    "meshport.publishing.store.DomainStore.move",
    "meshport.publishing.release.ReleaseWriter._keep_contract",
    "meshport.publishing.release.ReleaseWriter._adopt",
)


class Releases(RuleBasedStateMachine):
    """The store beside a model of it: rows and parent of each release, and who is current."""

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="meshport-sequences-"))
        self.shop = Shop(self.folder)
        self.con = connect_memory(threads=1)
        self.expected: dict[str, tuple[int, int]] = {}
        self.parent: dict[str, str | None] = {}
        self.current: str | None = None
        self.leases: list[tuple[str, ExitStack]] = []

    def teardown(self):
        for _, lease in self.leases:
            lease.close()
        self.con.close()
        shutil.rmtree(self.folder)

    def has_data(self, release):
        return self.shop.store.has_data(release)

    @rule(owned=counts, parts=counts)
    def publish(self, owned, parts):
        manifest = self.shop.publish(things(owned), rows_of_parts(parts)).manifest
        self.expected[manifest.release] = (owned, parts)
        self.parent[manifest.release] = self.current
        self.current = manifest.release

    @rule()
    def publish_what_is_refused(self):
        outcome = self.shop.publish([("bad", -1)])
        assert outcome.manifest is None
        assert self.shop.store.refusal()["run_id"] == outcome.refusal["run_id"]

    @rule(moment=st.sampled_from(MOMENTS))
    def die_while_publishing(self, moment):
        with patch(moment, side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
            self.shop.publish(things(9))

    @precondition(lambda self: self.current)
    @rule()
    def go_back(self):
        wanted = self.parent[self.current]
        while wanted and not self.has_data(wanted):
            wanted = self.parent[wanted]
        self.roll_back(None, wanted, None if wanted else "MP405")

    @precondition(lambda self: self.expected)
    @rule(data=st.data())
    def go_back_to(self, data):
        wanted = data.draw(st.sampled_from(sorted(self.expected)))
        fault = None if self.has_data(wanted) else "MP404"
        self.roll_back(wanted, wanted, "MP405" if wanted == self.current else fault)

    def roll_back(self, to, wanted, fault):
        if fault is None:
            assert roll_back(self.shop.store, to, NOW).release == wanted
            self.current = wanted
            return
        with pytest.raises(PublishError) as caught:
            roll_back(self.shop.store, to, NOW)
        assert caught.value.code == fault

    @precondition(lambda self: self.current)
    @rule(data=st.data())
    def lease(self, data):
        kept = [release for release in sorted(self.expected) if self.has_data(release)]
        release = data.draw(st.sampled_from([None, *kept]))
        lease = ExitStack()
        manifest = lease.enter_context(self.shop.store.reading(release))
        assert manifest.release == (release or self.current)
        self.leases.append((manifest.release, lease))

    @precondition(lambda self: self.leases)
    @rule(data=st.data())
    def end_a_lease(self, data):
        _, lease = self.leases.pop(data.draw(st.integers(0, len(self.leases) - 1)))
        lease.close()

    @rule(keep=st.integers(1, 3))
    def retain(self, keep):
        expired = expire(self.shop.store, keep)
        safe = {self.current, *(release for release, _ in self.leases)}
        safe |= set(self.shop.store.releases()[-keep:])
        assert not safe & set(expired)

    @invariant()
    def the_current_release_and_every_leased_one_are_whole(self):
        store = self.shop.store
        assert store.pointer().current == self.current
        assert store.releases() == sorted(self.expected)
        for release in {self.current, *(release for release, _ in self.leases)} - {None}:
            with store.reading(release) as manifest:
                found = tuple(self.rows(manifest, port) for port in (THINGS, PARTS))
            assert found == self.expected[release]

    def rows(self, manifest, port):
        scan = parquet_scan(self.shop.store.paths(manifest.ports[str(port)]))
        return self.con.execute(f"select count(columns(*)) from {scan}").fetchall()[0][0]


def rows_of_parts(count):
    return [(f"p{n}", "t000000") for n in range(count)]


TestReleases = Releases.TestCase
TestReleases.settings = settings(
    max_examples=6, stateful_step_count=12, deadline=None, derandomize=True
)
