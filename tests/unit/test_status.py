"""The state of a port: what is published, whether the promises hold now, what was refused."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from meshport.catalog.status import mesh_status, port_status
from meshport.cli.status import status_command
from meshport.contracts.duration import seconds_of
from meshport.names import PortId
from meshport.products.mesh import load_mesh
from meshport.publishing.rollback import roll_back
from tests.building import NOW, ROOT, column, environment
from tests.publishing.shop import PARTS, THINGS, Shop, things

MADE = NOW - timedelta(hours=5)
LEVELS = [
    {"id": "fresh", "property": "freshness", "value": 6, "unit": "h", "element": "things.made_at"},
    {"id": "often", "property": "frequency", "value": 1, "unit": "d", "element": "things.thing_id"},
    {"id": "up", "property": "availability", "value": 99.5, "unit": "percent"},
    {"id": "kept", "property": "retention", "value": 2, "unit": "y", "element": "things.made_at"},
]
MODEL = {
    "things_v1": f"select thing_id, size, timestamptz '{MADE.isoformat()}' as made_at "
    "from raw.things"
}


@pytest.fixture
def shop(tmp_path):
    shop = Shop(tmp_path)
    shop.write_contract(
        THINGS,
        column("thing_id", "VARCHAR(8)", primaryKey=True, required=True),
        column("size", "INTEGER", logicalTypeOptions={"minimum": 0}),
        column("made_at", "TIMESTAMPTZ"),
        slaProperties=LEVELS,
    )
    return shop


def status_of(shop, now=NOW, port=THINGS):
    return port_status(load_mesh(shop.root).find(port), shop.releases, now)


def levels(status):
    return {level.id: (level.measured, level.is_met) for level in status.service_levels}


def test_the_status_of_a_published_port_has_exactly_the_promised_shape(shop):
    manifest = shop.publish([*things(99), ("minus", -1)], models=MODEL).manifest

    found = json.loads(json.dumps(status_of(shop).as_json()))

    assert found == {
        "id": "shop.things.v1",
        "domain": "shop",
        "contract_version": "1.0.0",
        "release": manifest.release,
        "published_at": "2026-11-01T06:00:00+00:00",
        "rows": 99,
        "quarantined": 1,
        "checks": {"passed": 12, "failed": 0, "not_enforced": 3},
        "slo": [
            level("fresh", "freshness", "6 h", "5 h", True),
            level("often", "frequency", "1 d", "0 s", True),
            level("up", "availability", "99.5 percent", None, None),
            level("kept", "retention", "2 y", None, None),
        ],
        "refused": None,
    }


def level(name, kind, target, measured, met):
    return {"id": name, "property": kind, "target": target, "measured": measured, "met": met}


def test_before_the_first_release_nothing_is_measured(shop):
    status = status_of(shop)

    assert status.state == "unpublished"
    assert set(levels(status).values()) == {(None, None)}
    found = status.as_json()
    assert (found["release"], found["published_at"], found["rows"]) == (None, None, 0)
    assert found["checks"] == {"passed": 0, "failed": 0, "not_enforced": 0}


def test_a_promise_is_measured_at_the_moment_of_asking_and_met_up_to_its_limit(shop):
    shop.publish(things(3), models=MODEL)

    at_limit, after = (status_of(shop, MADE + timedelta(hours=6, seconds=s)) for s in (0, 1))

    assert levels(at_limit)["fresh"] == ("6 h", True)
    assert levels(after)["fresh"] == ("6 h 1 s", False)
    assert (at_limit.state, after.state) == ("healthy", "late")


def test_a_release_that_is_not_renewed_in_time_is_late(shop):
    shop.publish(things(3), models=MODEL)

    status = status_of(shop, NOW + timedelta(days=1, hours=1))

    assert levels(status)["often"] == ("1 d 1 h", False)


def test_a_clock_that_jumped_back_shows_no_negative_age(shop):
    shop.publish(things(3), models=MODEL)

    assert levels(status_of(shop, NOW - timedelta(days=9)))["fresh"] == ("0 s", True)


def test_the_release_is_measured_by_what_was_in_it_when_it_was_published(shop):
    """Rolling back brings the older rows' age back with them."""
    shop.publish(things(3), models=MODEL)
    newer = MODEL["things_v1"].replace(MADE.isoformat(), NOW.isoformat())
    shop.publish(things(3), models={"things_v1": newer})
    assert levels(status_of(shop))["fresh"] == ("0 s", True)

    roll_back(shop.store, None, NOW)

    assert levels(status_of(shop))["fresh"] == ("5 h", True)


def test_a_refusal_shows_at_every_port_of_the_domain_with_the_checks_of_that_port(shop):
    release = shop.publish(things(3), models=MODEL).manifest.release
    shop.publish([("minus", -1)], models=MODEL)

    things_, parts = (status_of(shop, port=port) for port in (THINGS, PARTS))

    assert things_.state == parts.state == "refused"
    shown = things_.as_json()
    assert shown["release"] == release
    assert set(shown["refused"]) == {"at", "reason", "checks"}
    assert [check["id"] for check in shown["refused"]["checks"]] == ["size__minimum"]
    assert parts.as_json()["refused"]["checks"] == []
    assert parts.as_json()["refused"]["reason"] == shown["refused"]["reason"]


def test_a_port_that_the_current_release_does_not_hold_yet_is_unpublished(shop):
    shop.publish(things(3), models=MODEL)
    added = PortId("shop", "extras", 1)
    shop.write_contract(added, column("extra_id", "VARCHAR(8)", primaryKey=True))
    shop.write_descriptor("shop", (THINGS, PARTS, added))

    assert status_of(shop, port=added).state == "unpublished"
    assert status_of(shop).state == "healthy"


def test_a_damaged_store_of_one_domain_does_not_hide_the_state_of_the_others(shop):
    shop.publish(things(3), models=MODEL)
    desk = shop.releases.of("desk").folder
    desk.mkdir()
    (desk / "pointer.json").write_text("{")

    found = {str(one.port.id): one for one in mesh_status(load_mesh(shop.root), shop.releases, NOW)}

    assert found["shop.things.v1"].state == "healthy"
    broken = found["desk.sales.v1"]
    assert (broken.state, broken.release) == ("refused", None)
    assert broken.refusal["reason"].startswith("MP402 (store/desk/pointer.json): ")


@pytest.mark.xdist_group("built")
def test_the_status_command_prints_every_port_of_the_mesh(built, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    with environment(MESHPORT_HOME=str(built)):
        assert status_command(as_json=True) == 0

    found = json.loads(capsys.readouterr().out)["ports"]

    assert [one["id"] for one in found] == [str(port.id) for port in load_mesh(ROOT).ports]
    for one in found:
        assert set(one) == {"id", "domain", "contract_version", "release", "published_at", "rows",
                            "quarantined", "checks", "slo", "refused"}  # fmt: skip
        assert one["rows"] >= 0
        assert one["checks"]["failed"] == 0
        assert one["slo"]


def test_what_is_no_duration_has_no_limit():
    assert [seconds_of(value, "h") for value in (2, 0.5, "2", True, None)] == [
        7200,
        1800,
        None,
        None,
        None,
    ]
    assert seconds_of(2, "fortnights") is None
