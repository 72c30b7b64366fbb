"""A repository of one's own to change: the mesh, merged to main, and a branch on top."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from meshport.gate.run import GateRun
from meshport.reports.result import Report
from tests.building import copy_mesh, meshport

TODAY = date(2026, 11, 21)
ORDERS = "contracts/orders/orders.v1.odcs.yaml"


@dataclass(frozen=True)
class Branch:
    """A working tree on a branch that leaves main where the mesh was merged."""

    root: Path
    cache: Path
    """Lineage of the models that no test changes."""

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", *arguments],
            cwd=self.root,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def replace(self, file: str, old: str, new: str) -> None:
        path = self.root / file
        text = path.read_text()
        assert old in text, f"{old!r} is not in {file}"
        path.write_text(text.replace(old, new, 1))

    def write(self, file: str, text: str) -> None:
        (self.root / file).parent.mkdir(parents=True, exist_ok=True)
        (self.root / file).write_text(text)

    def generate(self) -> None:
        """Let the files that follow from the contracts follow."""
        assert meshport("generate", cwd=self.root).returncode == 0

    def merge(self) -> None:
        """Let main have what the working tree holds, and go on from there."""
        self.git("add", "-A")
        self.git("commit", "-qm", "change")
        self.git("branch", "-f", "main", "HEAD")

    def report(self, today: date = TODAY, **options: object) -> Report:
        return GateRun(self.root, "main", today, self.cache, **options).report()


def rules_of(report: Report) -> set[str]:
    """The rules of everything red or to look at."""
    found = {finding.rule for one in report.contracts for finding in one.difference.findings}
    return found | {problem.rule for problem in report.problems}


@pytest.fixture(scope="session")
def merged_mesh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = copy_mesh(tmp_path_factory.mktemp("repository") / "mesh")
    branch = Branch(root, root.parent / "cache")
    branch.git("init", "-q", "-b", "main")
    branch.git("add", "-A")
    branch.git("commit", "-qm", "the mesh")
    branch.git("checkout", "-q", "-b", "change")
    return root


@pytest.fixture
def branch(merged_mesh: Path, tmp_path: Path) -> Branch:
    copied = Path(shutil.copytree(merged_mesh, tmp_path / "mesh"))
    return Branch(copied, merged_mesh.parent / "cache")


Change = Callable[[Branch], None]
