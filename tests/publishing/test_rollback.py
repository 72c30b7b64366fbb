"""Going back: the pointer moves to an earlier release, and the move is recorded."""

from __future__ import annotations

from datetime import timedelta

import pytest

from meshport.errors import PublishError
from meshport.publishing.retention import expire
from meshport.publishing.rollback import roll_back
from tests.building import NOW
from tests.publishing.shop import PARTS, THINGS, Shop, things

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path)


def published(shop, *counts):
    return [shop.publish(things(n), [("p1", "t000000")] * (n > 1)).manifest.release for n in counts]


def refused_with(store, to):
    with pytest.raises(PublishError) as caught:
        roll_back(store, to, LATER)
    return caught.value.code


def test_going_back_shows_all_ports_as_they_were_and_is_recorded(shop):
    first, second = published(shop, 1, 2)

    move = roll_back(shop.store, None, LATER, "wrong prices")

    assert shop.rows(THINGS) == list(things(1))
    assert shop.rows(PARTS) == []
    assert (move.act, move.release, move.number, move.reason) == (
        "rollback",
        first,
        3,
        "wrong prices",
    )
    assert move.at == LATER.isoformat()
    assert shop.store.pointer().moves[-1] == move
    assert shop.rows(THINGS, second) == list(things(2))  # what was left is still there


def test_going_back_again_goes_further_back(shop):
    releases = published(shop, 1, 2, 3)

    back = [roll_back(shop.store, None, LATER).release for _ in range(2)]

    assert back == [releases[1], releases[0]]


def test_going_back_never_leads_to_a_release_that_was_rolled_back(shop):
    """Release 2 was bad; release 3 was published over release 1."""
    first, bad = published(shop, 1, 2)
    roll_back(shop.store, None, LATER)
    published(shop, 3)

    assert roll_back(shop.store, None, LATER).release == first
    assert shop.store.pointer().current != bad


def test_a_named_release_is_made_current_older_or_newer(shop):
    first, second, third = published(shop, 1, 2, 3)

    assert roll_back(shop.store, first, LATER).release == first
    assert roll_back(shop.store, third, LATER).release == third
    assert shop.rows(THINGS) == list(things(3))
    assert shop.store.releases() == [first, second, third]


def test_publishing_after_going_back_continues_the_numbers_and_names_its_parent(shop):
    first, _ = published(shop, 1, 2)
    roll_back(shop.store, None, LATER)

    manifest = shop.publish(things(4)).manifest

    assert (manifest.sequence, manifest.parent) == (3, first)
    assert shop.rows(THINGS) == list(things(4))
    assert [m.act for m in shop.store.pointer().moves] == [
        "publish",
        "publish",
        "rollback",
        "publish",
    ]


def test_there_is_nothing_to_go_back_to_before_the_second_release(shop):
    assert refused_with(shop.store, None) == "MP405"
    (only,) = published(shop, 1)

    assert refused_with(shop.store, None) == "MP405"
    assert refused_with(shop.store, only) == "MP405"  # it is the current one already
    assert shop.store.pointer().current == only


def test_what_retention_took_is_passed_over_and_cannot_be_named(shop):
    releases = published(shop, 1, 2, 3)
    roll_back(shop.store, releases[0], LATER)
    expire(shop.store, keep=1)  # the first is current, the third is the newest
    fourth = shop.publish(things(4)).manifest

    assert fourth.parent == releases[0]
    assert refused_with(shop.store, releases[1]) == "MP404"
    assert roll_back(shop.store, None, LATER).release == releases[0]


@pytest.mark.parametrize("release", ["shop-000009-00000000", "desk-000001-00000000", "..", ""])
def test_an_unknown_release_moves_nothing(shop, release):
    published(shop, 1, 2)
    before = shop.store.pointer()

    assert refused_with(shop.store, release or "nonsense") == "MP403"
    assert shop.store.pointer() == before


def test_a_release_that_never_became_current_cannot_be_gone_back_to(shop, monkeypatch):
    published(shop, 1)

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("meshport.publishing.store.DomainStore.move", killed)
        with pytest.raises(KeyboardInterrupt):
            shop.publish(things(2))
    (left,) = {p.name for p in shop.store.folder.glob("releases/*")} - {*shop.store.releases()}

    assert refused_with(shop.store, left) == "MP403"
