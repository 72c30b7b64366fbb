"""`meshport contract gate --against HEAD` over a generated mesh: cold, and after one change.

python -m benchmarks.gate_speed [--quick]
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.generated_mesh import PORTS, write_mesh
from benchmarks.measure import ROOT, Times, run_once
from meshport.contracts.policies import FOLDER as POLICIES
from meshport.orchestration.dbt_files import derived_files
from meshport.products.mesh import load_mesh

AIMS = {"cold, nothing kept": 20, "nothing changed": 3,
        "one contract changed": 3, "one model changed": 3}  # fmt: skip
CONTRACT = "contracts/area_003/area_003_port_1.v1.odcs.yaml"
MODEL = "domains/area_003/dbt/models/staging/stg_1.sql"


def measure(runs: int, domains: int = 200) -> dict[str, Times]:
    """Print the figures; the result is the times by what had changed since the run before."""
    with tempfile.TemporaryDirectory(prefix="meshport-gate-") as folder:
        mesh = _Repository(Path(folder), domains)
        changes: dict[str, Callable[[int], object]] = {
            "cold, nothing kept": lambda _: shutil.rmtree(mesh.home, ignore_errors=True),
            "nothing changed": lambda _: None,
            "one contract changed": mesh.change_contract,
            "one model changed": mesh.change_model,
        }
        times = {name: Times() for name in changes}
        for number in range(runs):
            for name, change in changes.items():
                change(number)
                mesh.gate(times[name])
                mesh.git("checkout", "--quiet", ".")
    ports = domains * PORTS
    print(f"\nGate over {domains} domains, {ports:,} contracts, {3 * ports:,} dbt models")
    for name, one in times.items():
        aim = f" (aim: at most {AIMS[name]} s)" if domains == 200 else ""
        print(f"  {name:20} {one}{aim}")
    print(f"  load of the machine at the end: {os.getloadavg()[0]:.1f}")
    return times


class _Repository:
    """The generated mesh, committed, with a state folder beside it."""

    def __init__(self, folder: Path, domains: int) -> None:
        self.root, self.home = folder / "mesh", folder / "home"
        write_mesh(self.root, domains)
        shutil.copytree(ROOT / POLICIES, self.root / POLICIES)
        for product in load_mesh(self.root).require().products.values():
            for file, text in derived_files(product, ()).items():
                if file.parent.name == "output_ports":
                    file.write_text(text)
        self.git("init", "--quiet")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "the mesh")

    def git(self, *arguments: str) -> None:
        name = ["-c", "user.name=bench", "-c", "user.email=bench@example.com"]
        subprocess.run(["git", *name, *arguments], cwd=self.root, check=True)

    def gate(self, into: Times) -> None:
        """One run; 1 is an answer too: somebody breaks."""
        command = [sys.executable, "-m", "meshport.cli.main", "contract", "gate"]
        given = {"MESHPORT_HOME": str(self.home)}
        run_once([*command, "--against", "HEAD"], given, into, self.root, answers=(0, 1))

    def change_contract(self, number: int) -> None:
        """A narrower type: consumers break, another one in every run."""
        self._edit(CONTRACT, "DECIMAL(12,2)", f"DECIMAL({11 - number % 5},2)")

    def change_model(self, number: int) -> None:
        """Another value in one column, another one in every run."""
        self._edit(MODEL, "coalesce(net_amount, gross_amount)", f"net_amount + {number + 1}")

    def _edit(self, file: str, old: str, new: str) -> None:
        text = (self.root / file).read_text()
        assert old in text, f"{old} is not in {file}"
        (self.root / file).write_text(text.replace(old, new, 1))


if __name__ == "__main__":
    measure(1, 20) if "--quick" in sys.argv else measure(5)
