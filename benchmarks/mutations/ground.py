"""The mesh before any change: a git repository, a sample, everything published, and dbt's graph."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path

from meshport.names import PortId
from meshport.orchestration.dbt_files import derived_files, stale_files
from meshport.products.mesh import Mesh, load_mesh
from meshport.publishing.manifest import PortRelease
from meshport.publishing.store import ReleaseStore
from meshport.sources.sample import SamplePlan, write_sample
from meshport.sql_text import literal, quote
from meshport.warehouse import open_warehouse, parquet_scan
from tests.building import copy_mesh, domains_of, run_there

SCALE = 0.01


@dataclass(frozen=True)
class Node:
    """A dbt model of one domain."""

    domain: str
    name: str
    """With the version, as its file is called."""


@dataclass(frozen=True)
class Ground:
    """What every mutation starts from; nothing in it is changed."""

    mesh: Path
    sample: Path
    home: Path
    tables: Path
    """Every model's rows as they were built, `<domain>/<model>.parquet`."""

    @classmethod
    def lay(cls, folder: Path, sample: Path | None = None, home: Path | None = None) -> Ground:
        """Publish the mesh below `folder`, from a sample or a home of one's own if given."""
        ground = cls(
            copy_mesh(folder / "mesh"),
            sample or folder / "sample",
            home or folder / "home",
            folder / "tables",
        )
        git(ground.mesh, "init", "-q")
        git(ground.mesh, "add", "-A")
        git(ground.mesh, "commit", "-qm", "before")
        if sample is None:
            write_sample(ground.sample, SamplePlan(scale=SCALE))
        if home is None:
            outcome = run_there(ground.mesh, ground.home, ground.sample)
            assert outcome.exit_code == 0, outcome
        ground._keep_tables()
        return ground

    def copy(self, folder: Path) -> tuple[Path, Path]:
        """A mesh and a home to be changed."""
        skipped = shutil.ignore_patterns("dagster", "__pycache__", "cache")
        shutil.copytree(self.mesh, folder / "mesh", ignore=skipped)
        shutil.copytree(self.home, folder / "home", ignore=skipped)
        return folder / "mesh", folder / "home"

    @cached_property
    def products(self) -> Mesh:
        """Data products and contracts as they were."""
        return load_mesh(self.mesh).require()

    @cached_property
    def ports(self) -> list[PortId]:
        """Every port, upstream domains first."""
        return [port.id for port in self.products.ports]

    def downstream(self, domain: str) -> list[str]:
        """The domain and all that rely on it, directly or not, upstream first."""
        found = {domain}
        for name in self.products.publishing_order():
            if found & set(self.products.products[name].upstream):
                found.add(name)
        return [name for name in self.products.publishing_order() if name in found]

    def release(self, port: PortId) -> tuple[PortRelease, str]:
        """What a port published before, and SQL that reads it."""
        return release(self.home, port)

    def file_of(self, node: Node) -> Path:
        """The model's file, relative to the mesh."""
        return self._graph[0][node]

    def readers(self, nodes: Iterable[Node]) -> set[Node]:
        """The models that are built from these, directly or not, by dbt's own graph."""
        found, waiting = set(), list(nodes)
        for node in waiting:
            for reader in self._graph[1].get(node, ()):
                if reader not in found:
                    found.add(reader)
                    waiting.append(reader)
        return found

    @cached_property
    def _graph(self) -> tuple[Mapping[Node, Path], Mapping[Node, Collection[Node]]]:
        files: dict[Node, Path] = {}
        readers: dict[Node, set[Node]] = {}
        for domain in self.products.products:
            known = _models(self.home, domain)
            inputs = {port.input_name: port for port in self.ports}
            for node in known.values():
                me = Node(domain, node["alias"])
                files[me] = Path("domains", domain, "dbt", node["original_file_path"])
                for parent in node["depends_on"]["nodes"]:
                    if parent in known:
                        readers.setdefault(Node(domain, known[parent]["alias"]), set()).add(me)
                    elif ".inputs." in parent:
                        port = inputs[parent.rpartition(".")[2]]
                        readers.setdefault(node_of(port), set()).add(me)
        return files, readers

    def _keep_tables(self) -> None:
        for domain in self.products.products:
            con = open_warehouse(self.home / f"{domain}_warehouse.duckdb", read_only=True)
            (self.tables / domain).mkdir(parents=True)
            for node in _models(self.home, domain).values():
                file = self.tables / domain / f"{node['alias']}.parquet"
                table = f"{quote(node['schema'])}.{quote(node['alias'])}"
                con.execute(f"copy (from {table}) to {literal(str(file))} (format parquet)")
            con.close()


def node_of(port: PortId) -> Node:
    """The model that makes a port."""
    return Node(port.domain, port.model)


def release(home: Path, port: PortId) -> tuple[PortRelease, str]:
    """What a port's current release holds, and SQL that reads it."""
    store = ReleaseStore(home).of(port.domain)
    manifest = store.current()
    part = manifest.port(port) if manifest else None
    assert part is not None, f"{port} is not published"
    return part, parquet_scan(store.paths(part))


def generate(root: Path) -> None:
    """Write what follows from contracts and descriptors, for every domain that can be read."""
    with domains_of(root):
        for domain, product in load_mesh(root).products.items():
            extracts = import_module(f"domains.{domain}.sources").EXTRACTS
            files = derived_files(product, extracts)
            for file in stale_files(files):
                file.write_text(files[file])


def git(root: Path, *arguments: str) -> None:
    """A git command in the mesh's repository."""
    known = ["-c", "user.name=bench", "-c", "user.email=bench@example.com"]
    subprocess.run(["git", *known, *arguments], cwd=root, check=True, capture_output=True)


def _models(home: Path, domain: str) -> dict[str, dict]:
    manifest = json.loads((home / "dbt" / domain / "manifest.json").read_bytes())
    return {name: node for name, node in manifest["nodes"].items() if name.startswith("model.")}
