"""Where the gate finds the base of a change, and what it says where there is none to be found."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from meshport.errors import SettingsError
from meshport.gate.run import GateRun
from tests.building import meshport
from tests.gate.conftest import ORDERS, TODAY, Branch, rules_of
from tests.gate.test_gate import WORDS, bump

WHOLE = "clone the whole history (fetch-depth: 0)"


def gate(root: Path, against: str, **variables: object):
    return meshport("contract", "gate", "--against", against, cwd=root, **variables)


def clone(branch: Branch, target: Path, *options: str) -> Path:
    source = f"file://{branch.root}"
    subprocess.run(["git", "clone", "-q", *options, source, target], check=True)
    return target


@pytest.fixture(scope="session")
def changed_mesh(merged_mesh, tmp_path_factory):
    """A change of words two commits after the mesh was merged, beside a branch of other origin."""
    root = tmp_path_factory.mktemp("changed") / "mesh"
    branch = Branch(Path(shutil.copytree(merged_mesh, root)), merged_mesh.parent / "cache")
    branch.git("checkout", "-q", "main")
    branch.write("NOTES.md", "a note\n")
    branch.git("add", "-A")
    branch.git("commit", "-qm", "a note")
    branch.git("checkout", "-q", "--orphan", "rewritten")
    branch.git("commit", "-qm", "another beginning")
    branch.git("checkout", "-q", "main")
    branch.git("checkout", "-q", "-B", "change")
    branch.replace(ORDERS, *WORDS)
    bump(branch, "1.0.1")
    branch.generate()
    branch.git("commit", "-qam", "other words")
    return branch


@pytest.fixture
def changed(changed_mesh, tmp_path):
    return Branch(Path(shutil.copytree(changed_mesh.root, tmp_path / "mesh")), changed_mesh.cache)


def test_a_clone_without_the_common_ancestor_cannot_tell_and_says_how_to_get_it(changed, tmp_path):
    shallow = clone(changed, tmp_path / "shallow", "--depth", "1", "-b", "change")
    subprocess.run(
        ["git", "fetch", "-q", "--depth", "1", "origin", "main:main"], cwd=shallow, check=True
    )

    done = gate(shallow, "main")

    assert done.returncode == 2
    assert done.stderr.startswith("MP912\n")
    assert WHOLE in done.stderr
    assert done.stdout == ""


def test_a_clone_that_lacks_published_versions_cannot_tell_either(changed, tmp_path):
    options = ("--depth", "2", "--no-single-branch", "-b", "change")
    shallow = clone(changed, tmp_path / "shallow", *options)
    assert subprocess.check_output(["git", "merge-base", "HEAD", "origin/main"], cwd=shallow)

    done = gate(shallow, "origin/main")
    subprocess.run(["git", "fetch", "-q", "--unshallow"], cwd=shallow, check=True)
    whole = gate(shallow, "origin/main")

    assert (done.returncode, WHOLE in done.stderr) == (2, True)
    assert (whole.returncode, whole.stderr) == (0, "")


def test_where_no_contract_changed_a_cut_off_clone_is_enough(changed, tmp_path):
    shallow = clone(changed, tmp_path / "shallow", "--depth", "1", "-b", "change")

    assert gate(shallow, "HEAD").returncode == 0


@pytest.mark.parametrize(
    ("reference", "code", "hint"),
    [
        ("nowhere", "MP911", "known here: change, main"),
        ("--output=x", "MP911", "fetch the base branch"),
        ("HEAD:contracts", "MP911", "fetch the base branch"),
        ("rewritten", "MP912", "was `rewritten` rewritten? rebase onto it"),
    ],
)
def test_a_base_that_is_none_is_refused_with_a_way_out(changed_mesh, reference, code, hint):
    with pytest.raises(SettingsError) as caught:
        GateRun(changed_mesh.root, reference, TODAY).report()

    assert caught.value.code == code
    assert hint in caught.value.hint
    assert not (changed_mesh.root / "x").exists()


def test_a_branch_that_goes_on_meanwhile_does_not_move_the_base(changed):
    changed.git("checkout", "-q", "main")
    changed.replace("contracts/orders/payments.v1.odcs.yaml", "name: Payments", "name: Money")
    changed.git("commit", "-qam", "somebody else's change")
    changed.git("checkout", "-q", "change")

    report = changed.report()

    assert [one.id for one in report.contracts] == ["orders.orders"]
    assert report.exit_code == 0, report.problems


def test_a_number_that_somebody_else_took_meanwhile_is_not_taken_again(changed):
    changed.git("checkout", "-q", "main")
    changed.replace(ORDERS, "State of the order", "Condition of the order")
    bump(changed, "1.0.1")
    changed.git("commit", "-qam", "somebody else's words")
    changed.git("checkout", "-q", "change")

    report = changed.report()

    assert "VER01" in rules_of(report)
    assert any("version: 1.0.2" in (problem.hint or "") for problem in report.problems)


def test_a_mesh_in_a_folder_of_a_repository_has_its_own_base(changed, tmp_path):
    outer = tmp_path / "outer"
    outer.mkdir()
    inner = Branch(outer / "mesh", changed.cache)
    clone(changed, inner.root, "-b", "main")
    subprocess.run(["rm", "-rf", inner.root / ".git"], check=True)
    whole = Branch(outer, changed.cache)
    whole.git("init", "-q", "-b", "main")
    whole.git("add", "-A")
    whole.git("commit", "-qm", "mesh and more")
    inner.replace(ORDERS, *WORDS)

    report = inner.report()

    assert [one.difference.required_version for one in report.contracts] == ["1.0.1"]
    assert report.exit_code == 1
