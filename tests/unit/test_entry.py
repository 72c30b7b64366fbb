"""What the catalog says of a port: everyone's columns, nobody's values of the others."""

from __future__ import annotations

import json
import shutil

import pytest

from meshport.catalog.entry import Catalog
from meshport.names import PortId
from tests.building import NOW, ROOT, column
from tests.publishing.shop import THINGS, Shop, things

OWNERS = {"things_v1": "select thing_id, 'ana@example.com' as owner from raw.things"}


@pytest.fixture
def shop(tmp_path):
    """The shop's things have owners, who are persons and who should be unique."""
    shop = Shop(tmp_path)
    shutil.copytree(ROOT / "catalog", shop.root / "catalog")
    promise(shop, "warning")
    return shop


def promise(shop, severity):
    rule = {"id": "own", "type": "library", "metric": "duplicateValues", "mustBe": 0}
    shop.write_contract(
        THINGS,
        column("thing_id", "VARCHAR(8)", primaryKey=True, classification="public"),
        column("owner", "VARCHAR", classification="restricted",
               quality=[{**rule, "severity": severity}]),
    )  # fmt: skip


def entry_of(shop, port=THINGS):
    catalog = Catalog.read(shop.root, shop.home)
    return catalog.entry(catalog.mesh.find(port), NOW)


def test_columns_of_open_classes_are_served_and_the_others_withheld_and_said_so(shop):
    shop.publish(things(2), models=OWNERS)

    entry = entry_of(shop)

    assert [c.name for c in entry.visible] == ["thing_id"]
    assert [c.name for c in entry.hidden] == ["owner"]
    access = entry.as_json()["access"]
    assert (access["columns_served"], access["columns_withheld"]) == (1, 1)
    assert {c["name"]: c["is_served"] for c in entry.as_json()["columns"]} == {
        "thing_id": True,
        "owner": False,
    }


def test_no_value_of_a_withheld_column_shows_in_a_warning_of_the_release(shop):
    """The check found the values that stand twice; its examples are e-mail addresses."""
    manifest = shop.publish(things(2), models=OWNERS).manifest
    (kept,) = [c for c in manifest.ports[str(THINGS)].checks if c.id == "quality__own"]
    assert kept.sample_keys == [{"owner": "ana@example.com"}]

    entry = entry_of(shop)

    (shown,) = entry.checks_by_column["owner"][-1:]
    assert (shown.id, shown.failed_rows, shown.sample_keys) == ("quality__own", 1, [])
    assert "ana@" not in json.dumps(entry.as_json())


def test_no_value_of_a_withheld_column_shows_in_a_refusal(shop):
    promise(shop, "error")
    outcome = shop.publish(things(2), models=OWNERS)
    assert "ana@" in json.dumps(outcome.refusal)

    entry = entry_of(shop)

    assert entry.as_json()["refused"]["checks"][0]["id"] == "quality__own"
    assert "ana@" not in json.dumps(entry.as_json())
    assert "ana@" not in json.dumps(entry.status.refusal)


@pytest.mark.xdist_group("built")
def test_no_column_of_a_person_is_served_by_the_mesh_as_it_is(built):
    catalog = Catalog.read(ROOT, built)
    entry = catalog.entry(catalog.mesh.find(PortId("customers", "customers", 1)), NOW)

    hidden = {c.name for c in entry.hidden}

    assert {"full_name", "email", "phone", "birth_on", "has_marketing_consent"} <= hidden
    assert {"customer_id", "city", "state"} <= {c.name for c in entry.visible}


@pytest.mark.xdist_group("built")
def test_a_port_names_those_who_are_built_from_it_and_the_states_of_all_are_known(built):
    catalog = Catalog.read(ROOT, built)
    entry = catalog.entry(catalog.mesh.find(PortId("logistics", "shipments", 1)), NOW)

    assert "customers.customer_360.v1" in entry.as_json()["consumers"]
    assert set(catalog.states(NOW)) == {port.id for port in catalog.mesh.ports}
    assert set(catalog.states(NOW).values()) <= {"healthy", "late"}


def test_the_worst_port_speaks_for_its_product(shop):
    catalog = Catalog.read(shop.root, shop.home)
    product = catalog.mesh.products["shop"]
    assert catalog.product_entry(product, NOW).state == "unpublished"

    shop.publish(things(1), models=OWNERS)
    assert catalog.product_entry(product, NOW).state == "healthy"

    shop.publish([("much-too-long", 1)], models=OWNERS)
    assert catalog.product_entry(product, NOW).state == "refused"
