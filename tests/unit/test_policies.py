"""Every house rule is a file whose query finds its bad example, and nothing in its good one."""

from __future__ import annotations

import pytest

from meshport.contracts.classification import read_classifications
from meshport.contracts.policies import EXAMPLE, FOLDER, breaches, read_policies
from meshport.contracts.read import contract_of, read_contract
from meshport.errors import CatalogError
from meshport.yaml_file import dump_yaml, parse_yaml, read_yaml
from tests.building import ROOT, copy_mesh, edit, meshport

POLICIES = read_policies(ROOT)
SCALE = read_classifications(ROOT)
EXAMPLE_KEYS = read_yaml(ROOT / FOLDER / EXAMPLE).value


def laid_over(keys):
    return contract_of(parse_yaml(dump_yaml({**EXAMPLE_KEYS, **keys}).encode(), "example"))


def broken_by(contract) -> set[str]:
    return {breach.policy.id for breach in breaches([contract], POLICIES, SCALE)}


def test_the_example_keeps_every_policy():
    assert broken_by(laid_over({})) == set()


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.id)
def test_a_policy_lets_its_good_example_pass(policy):
    assert broken_by(laid_over(policy.good)) == set()


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.id)
def test_a_policy_finds_its_bad_example_and_no_other_does(policy):
    assert broken_by(laid_over(policy.bad)) == {policy.id}


def test_every_contract_of_the_mesh_keeps_every_policy():
    files = sorted((ROOT / "contracts").rglob("*.odcs.yaml"))
    contracts = [read_contract(file, file.name) for file in files]

    assert breaches(contracts, POLICIES, SCALE) == []


def test_a_breach_is_found_at_its_line_with_a_hint(tmp_path):
    root = copy_mesh(tmp_path / "mesh")
    file = root / "contracts/orders/orders.v1.odcs.yaml"
    edit(file, "classification: confidential", "classification: confidental")
    line = file.read_text().split("classification: confidental")[0].count("\n")

    linted = meshport("contract", "lint", "contracts/orders", cwd=root)

    assert linted.returncode == 1
    assert "MP111 contracts/orders/orders.v1.odcs.yaml:" in linted.stdout
    assert "did you mean `confidential`?" in linted.stdout
    assert abs(int(linted.stdout.split("odcs.yaml:")[1].split("\n")[0]) - line) < 10


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("query: |", "qeury: |"), "did you mean `query`?"),
        (("from contracts", "from contract_list"), "cannot run"),
        (("as message", "as text"), "returns"),
        (("query: |", "query: |\n  select * from read_text('/etc/hostname');"), "cannot run"),
        (("title: Version and status are known ones\n", ""), "lacks title"),
    ],
)  # fmt: skip
def test_a_broken_policy_is_named_instead_of_passing(tmp_path, change, said):
    root = copy_mesh(tmp_path / "mesh")
    edit(root / FOLDER / "version-and-status.yaml", *change)

    with pytest.raises(CatalogError) as caught:
        breaches([laid_over({})], read_policies(root), SCALE)

    assert caught.value.code == "MP506"
    assert said in str(caught.value)


def test_a_policy_of_severity_warning_is_shown_and_keeps_nothing_back(tmp_path):
    root = copy_mesh(tmp_path / "mesh")
    edit(root / FOLDER / "owner.yaml", "title:", "severity: warning\ntitle:")
    edit(root / "contracts/orders/orders.v1.odcs.yaml", "scope: interactive", "scope: issues")

    linted = meshport("contract", "lint", "contracts/orders/orders.v1.odcs.yaml", cwd=root)

    assert linted.returncode == 0
    assert "no channel on which the owner answers" in linted.stdout
