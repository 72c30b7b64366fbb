"""What was released stays readable while somebody edits, or breaks, the files behind it."""

from __future__ import annotations

import json

import pytest

from meshport.products.mesh import load_mesh
from meshport.publishing.released import released_product, standing_mesh
from meshport.publishing.store import ReleaseStore
from tests.building import ROOT, copy_mesh, meshport

pytestmark = pytest.mark.xdist_group("built")


@pytest.fixture
def broken_root(tmp_path):
    root = copy_mesh(tmp_path / "mesh")
    (root / "contracts/logistics/shipments.v1.odcs.yaml").write_text("kind: [\n")
    return root


def test_a_released_product_is_the_one_that_was_published(built):
    product = load_mesh(ROOT).products["customers"]
    released = released_product(ROOT, ReleaseStore(built), "customers")

    assert released.descriptor == product.descriptor
    assert [port.id for port in released.ports] == [port.id for port in product.ports]
    assert released.inputs.keys() == product.inputs.keys()


def test_a_broken_contract_hides_no_port_that_was_released(built, broken_root):
    mesh = load_mesh(broken_root)
    standing = standing_mesh(mesh, ReleaseStore(built))

    assert "logistics" not in mesh.products
    assert {port.id for port in standing.ports} == {port.id for port in load_mesh(ROOT).ports}
    assert set(standing.broken) == {"logistics", "customers"}


def test_a_domain_without_readable_release_takes_no_other_along(home, broken_root):
    (ReleaseStore(home).of("logistics").folder / "pointer.json").write_text("{")

    standing = standing_mesh(load_mesh(broken_root), ReleaseStore(home))

    assert "logistics" not in standing.products
    assert {"catalog", "orders"} <= set(standing.products)


def test_the_status_lists_the_ports_of_a_domain_whose_files_are_broken(built, broken_root):
    done = meshport("status", "--format", "json", cwd=broken_root, MESHPORT_HOME=built)
    found = json.loads(done.stdout)

    assert done.returncode == 2
    assert "logistics.shipments.v1" in {port["id"] for port in found["ports"]}
    assert {"logistics", "customers"} == {one["domain"] for one in found["broken"]}
