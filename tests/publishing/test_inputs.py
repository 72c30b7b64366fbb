"""Pinned inputs: a release is made from exact upstream releases, and says from which."""

from __future__ import annotations

import hashlib
from contextlib import ExitStack

import pytest

from meshport.errors import ProductError, PublishError
from meshport.names import PortId
from meshport.publishing.inputs import pin_inputs, pinned_releases
from meshport.publishing.receipt import receipt
from meshport.publishing.retention import expire
from meshport.publishing.store import ReleaseStore
from meshport.warehouse import connect_memory
from tests.building import column
from tests.publishing.shop import PARTS, SALES, THINGS, Shop, things


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path)


@pytest.fixture
def con():
    opened = connect_memory(threads=1)
    yield opened
    opened.close()


def test_a_release_is_made_from_the_pinned_inputs_even_if_upstream_publishes_meanwhile(shop, con):
    pinned = shop.publish(things(3)).manifest.release
    with ExitStack() as leases:
        shop.pin_for_desk(con, leases)
        shop.publish(things(1))

        manifest = shop.publish_desk(con).manifest

    # Three sales refer to three things; in the release that is current now there is one thing.
    assert manifest.ports[str(SALES)].rows == 3
    assert [(one.port, one.release) for one in manifest.inputs] == [("shop.things.v1", pinned)]
    (check,) = [c for c in manifest.ports[str(SALES)].checks if c.id == "reference__sold"]
    assert check.status == "passed"


def test_all_inputs_from_one_domain_are_of_one_release(shop, con):
    """Each look at the store is followed by another publish of the shop."""
    shop.publish(things(1), [("p1", "t000000")])

    class Busy(ReleaseStore):
        def of(self, domain):
            part = super().of(domain)
            seen = part.current()
            shop.publish(things(seen.sequence + 1), [("p1", "t000000")])
            return part

    with ExitStack() as leases:
        pinned = pin_inputs(con, Busy(shop.home), [THINGS, PARTS], leases)

        assert len(set(pinned.values())) == 1
        assert pinned_releases(con) == pinned


def test_a_pinned_release_keeps_its_files_while_the_lease_lasts(shop, con):
    release = shop.publish(things(3)).manifest.release
    with ExitStack() as leases:
        shop.pin_for_desk(con, leases)
        shop.publish(things(1))
        assert expire(shop.store, keep=1) == []
        assert con.execute("select count(*) from inputs.shop__things_v1").fetchall() == [(3,)]
    assert expire(shop.store, keep=1) == [release]


def test_what_was_made_from_a_release_whose_data_is_gone_is_refused_and_said(shop, con):
    shop.publish(things(3))
    with ExitStack() as leases:
        shop.pin_for_desk(con, leases)
    shop.publish(things(1))
    expire(shop.store, keep=1)

    with pytest.raises(PublishError) as caught:
        shop.publish_desk(con)

    assert caught.value.code == "MP404"
    assert (
        shop.releases.of("desk").refusal()["reason"].startswith("MP404: the data of release shop-")
    )


def test_an_input_without_release_names_the_run_that_makes_one(shop, con):
    with pytest.raises(ProductError) as caught, ExitStack() as leases:
        shop.pin_for_desk(con, leases)

    assert (caught.value.code, caught.value.hint) == (
        "MP220",
        "publish it first: meshport run shop",
    )


def test_an_input_that_its_release_does_not_hold_has_no_release_yet(shop, con):
    shop.publish(things(3))

    with pytest.raises(ProductError) as caught, ExitStack() as leases:
        pin_inputs(con, shop.releases, [PortId("shop", "things", 2)], leases)

    assert caught.value.code == "MP220"


def test_an_input_that_the_product_gave_up_is_neither_read_nor_named(shop, con):
    """The warehouse remembers its pin; its data may be gone long since."""
    shop.publish(things(3))
    with ExitStack() as leases:
        shop.pin_for_desk(con, leases)
    shop.publish(things(1))
    expire(shop.store, keep=1)
    shop.write_descriptor("desk", (SALES,))
    shop.write_contract(SALES, column("sale_id", "VARCHAR", primaryKey=True))
    con.execute("create or replace table output_ports.sales_v1 as select 's1' as sale_id")

    assert shop.publish_desk(con).manifest.inputs == []


def test_an_input_is_named_with_the_contract_version_that_its_release_was_held_against(shop, con):
    shop.publish(things(3))
    with ExitStack() as leases:
        shop.pin_for_desk(con, leases)
        contract = shop.root / THINGS.contract_path
        contract.write_text(contract.read_text().replace("version: 1.0.0", "version: 1.7.0"))

        manifest = shop.publish_desk(con).manifest

    assert [one.contract_version for one in manifest.inputs] == ["1.0.0"]


def test_a_receipt_walks_over_upstream_releases_and_survives_their_data(shop, con):
    first = shop.publish(things(3)).manifest
    with ExitStack() as leases:
        shop.pin_for_desk(con, leases)
        desk = shop.publish_desk(con).manifest
    shop.publish(things(1))
    expire(shop.store, keep=1)

    found = receipt(shop.releases, desk.release)

    (upstream,) = found.upstream
    assert (found.manifest.release, upstream.manifest.release) == (desk.release, first.release)
    source = next(one for one in upstream.as_json()["sources"] if one["table"] == "things")
    assert (source["file"], len(source["sha256"]), source["rows"]) == ("things.csv", 64, 3)
    assert source["bytes"] == len("thing_id,size\n") + 3 * len("t000000,0\n")


def test_a_receipt_says_which_upstream_manifest_is_lost(shop, con):
    first = shop.publish(things(3)).manifest
    with ExitStack() as leases:
        shop.pin_for_desk(con, leases)
        desk = shop.publish_desk(con).manifest
    (shop.store.folder / "releases" / first.release / "manifest.json").unlink()

    found = receipt(shop.releases, desk.release)

    assert (found.upstream, found.lost) == ((), (first.release,))


def test_a_receipt_of_an_unknown_release_is_told_as_such(shop):
    with pytest.raises(PublishError) as caught:
        receipt(shop.releases, "shop-000001-00000000")

    assert caught.value.code == "MP403"


@pytest.mark.xdist_group("built")
def test_a_receipt_leads_from_customers_to_the_files_of_every_source(built, sample):
    store = ReleaseStore(built)
    found = receipt(store, store.of("customers").current().release)

    files, domains, waiting = {}, set(), [found]
    while waiting:
        one = waiting.pop()
        domains.add(one.manifest.domain)
        files |= {s.file: (s.bytes, s.sha256) for s in one.manifest.sources if s.file}
        waiting += one.upstream
        assert {up.manifest.release for up in one.upstream} == {
            i.release for i in one.manifest.inputs
        }
        assert one.lost == ()
    assert domains == {"customers", "logistics", "orders", "catalog"}
    assert files == {
        path.name: (path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())
        for path in sample.iterdir()
    }
