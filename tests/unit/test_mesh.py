"""Descriptors, ports and who relies on whom; a broken domain does not hide the others."""

from __future__ import annotations

import json

import jsonschema_rs
import pytest

from meshport.errors import ManyFaultsError, MeshportError, each_of
from meshport.names import PortId
from meshport.products.mesh import depth, load_mesh, load_product, referenced_port
from meshport.yaml_file import read_yaml
from tests.building import ROOT, SHARED, copy_mesh, edit, needs_shared

ORDERS = "domains/orders/data_product.odps.yaml"


@pytest.fixture
def mesh_root(tmp_path):
    return copy_mesh(tmp_path / "mesh")


def fault_of(root, domain):
    with pytest.raises(MeshportError) as caught:
        load_product(root, domain)
    return each_of(caught.value)[0]


def test_domains_publish_upstream_first():
    order = load_mesh(ROOT).publishing_order()

    assert order.index("catalog") < order.index("orders") < order.index("logistics")
    assert order.index("logistics") < order.index("customers")


def test_depth_counts_the_domains_upstream():
    assert [depth(ROOT, d) for d in ("catalog", "orders", "logistics", "customers")] == [0, 1, 2, 3]


def test_a_port_knows_who_is_built_from_it():
    mesh = load_mesh(ROOT)

    consumers = [str(port.id) for port in mesh.consumers_of(PortId("orders", "order_lines", 1))]

    assert consumers == ["logistics.shipments.v1", "logistics.delivery_performance.v1"]


@needs_shared
@pytest.mark.parametrize("domain", ["catalog", "orders", "logistics", "customers"])
def test_our_descriptors_are_valid_against_the_official_odps_schema(domain):
    schema = json.loads((SHARED / "odcs/schema/odps-1.1.0.schema.json").read_text())
    descriptor = read_yaml(ROOT / f"domains/{domain}/data_product.odps.yaml").value

    assert list(jsonschema_rs.Draft201909Validator(schema).iter_errors(descriptor)) == []


def test_a_typo_in_a_descriptor_has_its_place_and_the_right_name(mesh_root):
    edit(mesh_root / ORDERS, "inputContracts:", "inputContracs:")

    fault = fault_of(mesh_root, "orders")

    assert fault.hint == "did you mean `inputContracts`?"
    assert str(fault.place).startswith(f"{ORDERS}:")


def test_a_broken_domain_does_not_hide_the_others(mesh_root):
    edit(mesh_root / "contracts/logistics/shipments.v1.odcs.yaml", "properties:", "propertys:")

    mesh = load_mesh(mesh_root)

    assert "logistics" in mesh.broken
    assert {"catalog", "orders"} <= set(mesh.products)


def test_all_broken_domains_are_told_at_once(mesh_root):
    for name in ("catalog/items", "orders/orders"):
        edit(mesh_root / f"contracts/{name}.v1.odcs.yaml", "kind: DataContract", "kind: Nonsense")

    with pytest.raises(ManyFaultsError) as caught:
        load_mesh(mesh_root).require()

    assert len(caught.value.errors) >= 2


@pytest.mark.parametrize(
    ("file", "old", "new", "code"),
    [
        (ORDERS, "contractId: orders.payments", "contractId: orders.paiments", "MP202"),
        (ORDERS, "domain: orders", "domain: shop", "MP203"),
        (ORDERS, "contractId: catalog.items,", "contractId: catalog.itemz,", "MP204"),
        (
            ORDERS,
            "catalog.sellers, version: 1.0.0}\n\n",
            "catalog.sellers, version: 1.9.0}\n\n",
            "MP204",
        ),
        (
            "contracts/orders/payments.v1.odcs.yaml",
            "id: orders.payments",
            "id: orders.pay",
            "MP203",
        ),
        ("contracts/orders/payments.v1.odcs.yaml", "version: 1.0.0", "version: 1.2.0", "MP203"),
    ],
)
def test_what_disagrees_between_descriptor_and_contract_is_refused(mesh_root, file, old, new, code):
    edit(mesh_root / file, old, new)

    assert fault_of(mesh_root, "orders").code == code


def test_a_contract_that_no_port_offers_is_refused(mesh_root):
    text = (mesh_root / "contracts/orders/payments.v1.odcs.yaml").read_text()
    (mesh_root / "contracts/orders/nobody_offers.v1.odcs.yaml").write_text(text)

    assert fault_of(mesh_root, "orders").code == "MP205"


def test_domains_in_a_circle_are_refused(mesh_root):
    edit(
        mesh_root / "domains/catalog/data_product.odps.yaml",
        "outputPorts:",
        "inputPorts:\n  - {name: o, contractId: orders.orders, version: 1.0.0}\n\noutputPorts:",
    )

    with pytest.raises(MeshportError) as caught:
        load_mesh(mesh_root).publishing_order()

    assert caught.value.code == "MP206"


def test_a_reference_out_of_the_contracts_folder_is_refused():
    port = load_mesh(ROOT).find(PortId("orders", "order_lines", 1))
    away = type(port.contract.table.relationships[0].target)("../../../etc/a.yaml", "t", ("c",))

    with pytest.raises(MeshportError) as caught:
        referenced_port(port.contract, away)

    assert caught.value.code == "MP208"


@pytest.mark.parametrize("name", ["nothing", "../orders", "Orders", ""])
def test_a_domain_that_is_not_there_is_named(name):
    assert fault_of(ROOT, name).code == "MP207"
