"""A refused attempt: what is recorded, what readers see, and what clears it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from meshport.errors import ManyFaultsError, Place, ProductError, PublishError
from meshport.publishing.refusal import by_error
from meshport.publishing.rollback import roll_back
from tests.building import NOW, column
from tests.publishing.shop import THINGS, Shop, files_of, things


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path)


def test_a_refusal_says_when_why_and_which_rows_and_the_old_release_stays(shop):
    release = shop.publish(things(3)).manifest.release
    before = files_of(shop.store)

    outcome = shop.publish([*things(9), ("minus", -1)], now=NOW + timedelta(hours=1))

    assert outcome.manifest is None
    found = shop.store.refusal()
    assert found == outcome.refusal
    assert found["at"] == "2026-11-01T07:00:00+00:00"
    assert found["reason"] == "a check of the contract is broken: shop.things.v1 size__minimum"
    assert found["breaks_promise"] is True
    (check,) = found["checks"]
    assert (check["port"], check["clause"]) == (
        "shop.things.v1",
        "schema.things.properties.size.logicalTypeOptions.minimum",
    )
    assert (check["failed_rows"], check["sample_keys"]) == (1, [{"thing_id": "minus"}])
    assert shop.store.pointer().current == release
    assert shop.rows(THINGS) == list(things(3))
    assert files_of(shop.store) == before | {"refusal.json"}


def test_one_broken_port_keeps_all_ports_of_the_domain_back(shop):
    shop.publish(things(3), [("p1", "t000001")])

    outcome = shop.publish(things(4), [("p1", "nowhere")])

    assert {check["port"] for check in outcome.refusal["checks"]} == {"shop.parts.v1"}
    assert shop.rows(THINGS) == list(things(3))


def test_several_broken_checks_are_counted_and_the_first_ones_named(shop):
    outcome = shop.publish([("much-too-long", -1)], [("also-too-long", "nowhere")])

    assert len(outcome.refusal["checks"]) == 4
    assert outcome.refusal["reason"].startswith("4 checks of the contract broken: shop.")
    assert outcome.refusal["reason"].endswith(" and 1 more")


def test_a_refusal_before_the_first_release_leaves_nothing_to_read(shop):
    shop.publish([("minus", -1)])

    assert shop.store.current() is None
    assert shop.store.refusal()["checks"]


def test_the_next_good_publish_clears_the_refusal(shop):
    shop.publish([("minus", -1)])
    shop.publish(things(3))

    assert shop.store.refusal() is None


def test_a_newer_refusal_replaces_the_older(shop):
    shop.publish([("minus", -1)])
    shop.publish([("much-too-long", 1)])

    assert [check["id"] for check in shop.store.refusal()["checks"]] == ["thing_id__length"]


def test_going_back_settles_the_refusal_like_every_move(shop):
    shop.publish(things(1))
    shop.publish(things(2))
    shop.publish([("minus", -1)])
    roll_back(shop.store, None, NOW)

    assert shop.store.refusal() is None


def test_a_check_that_could_not_run_refuses_but_breaks_no_promise(shop):
    odd = column("thing_id", "VARCHAR(8)", logicalTypeOptions={"pattern": "(?=x)"})
    shop.write_contract(THINGS, odd, column("size", "INTEGER"))

    outcome = shop.publish(things(3))

    assert outcome.manifest is None
    assert [check["status"] for check in outcome.refusal["checks"]] == ["error"]
    assert outcome.refusal["breaks_promise"] is False


def test_a_model_that_built_no_table_refuses_with_its_name(shop):
    shop.publish(things(3))

    with pytest.raises(PublishError) as caught:
        shop.publish(things(4), models={"things_v1": ""})

    assert caught.value.code == "MP410"
    found = shop.store.refusal()
    assert found["reason"].startswith("MP410: the dbt model things_v1 built no table")
    assert (found["checks"], found["breaks_promise"]) == ([], True)
    assert shop.rows(THINGS) == list(things(3))


def test_the_refusal_by_errors_holds_the_first_and_tells_whether_a_promise_broke():
    missing = ProductError("MP210", "none of a.csv is there", Place("a"), "put it there")
    gone = ProductError("MP211", "the column b is gone", Place("b.csv", 1))

    one = by_error(missing, NOW, "run")
    both = by_error(ManyFaultsError([missing, gone]), NOW, "run")

    assert one["reason"] == "MP210 (a): none of a.csv is there"
    assert (one["hint"], one["checks"], one["breaks_promise"]) == ("put it there", [], False)
    assert both["reason"].startswith(one["reason"])
    assert both["breaks_promise"] is True
