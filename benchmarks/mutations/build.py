"""Build the mesh with a change in it, and find out whose own build or checks fail.

A domain publishes all its ports or none. So that each port is observed for itself, a port that
fails is put back to the rows it had, its checks are taken away, and the build goes on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.mutations.ground import Ground, Node, generate, node_of
from meshport.names import PortId
from meshport.sql_text import literal
from meshport.yaml_file import dump_yaml, read_yaml
from tests.building import run_there

CUT_OFF = "cut off from"
"""How the reason begins why a port breaks that is built from one that breaks."""
_MOST_RUNS = 8
# A promise without these asks nothing of other tables.
_OF_OTHERS = ("quality", "relationships")
# A check that a busy machine did not finish says nothing about the change.
_BUSY = ("more memory than it may", "longer than")


class NotPublishedError(Exception):
    """The producer's own checks keep the change back: it reaches nobody."""


@dataclass
class Building:
    """One mesh with a change in it, and what fails when it is built."""

    ground: Ground
    root: Path
    home: Path
    changed: frozenset[PortId]
    gone: frozenset[PortId] = frozenset()
    broken: dict[PortId, str] = field(default_factory=dict)
    """Port → why it is not published any more."""

    def run(self) -> Mapping[PortId, str]:
        """Build until everything that is left is published; raises NotPublishedError."""
        waiting = self.ground.downstream(min(self.changed).domain)
        for _ in range(_MOST_RUNS):
            outcome = run_there(self.root, self.home, self.ground.sample, *waiting)
            by_name = {one.domain: one for one in outcome.domains}
            stuck = [name for name in waiting if by_name[name].state != "published"]
            if not stuck:
                return {**self.broken, **self._cut_off()}
            self._put_back(stuck[0], by_name[stuck[0]].refusal)
            waiting = [name for name in waiting if name in stuck]
        raise AssertionError(f"{stuck} cannot be built: {by_name[stuck[0]].refusal}")

    def _put_back(self, domain: str, refusal: dict[str, Any]) -> None:
        """Let what failed of a domain be as it was before the change."""
        failed = self._failed(domain, refusal)
        assert failed, f"{domain}: {refusal}"
        for node, why in failed.items():
            rows = literal(str(self.ground.tables / domain / f"{node.name}.parquet"))
            (self.root / self.ground.file_of(node)).write_text(
                f"select * from read_parquet({rows})\n"
            )
            port = next((p for p in self.ground.ports if node_of(p) == node), None)
            if port in self.changed:
                raise NotPublishedError(f"{port}: {why}")
            if port is not None:
                self.broken[port] = why
                _ask_less(self.root / port.contract_path)

    def _failed(self, domain: str, refusal: dict[str, Any]) -> dict[Node, str]:
        """The models that cannot be built, or whose rows are refused, each with the reason."""
        if refusal["checks"]:
            found = {}
            for check in refusal["checks"]:
                assert not any(words in check["message"] for words in _BUSY), check
                node = node_of(PortId.parse(check["port"]))
                found.setdefault(node, f"its check {check['id']}: {check['message']}")
            return found
        if refusal["reason"].startswith(("MP231", "MP232")):
            return self._not_built(domain)
        return self._without_input(domain, refusal["reason"])

    def _not_built(self, domain: str) -> dict[Node, str]:
        file = self.home / "dbt" / domain / "run_results.json"
        found = {}
        for result in json.loads(file.read_bytes())["results"]:
            if result["status"] not in ("success", "pass"):
                name = ".".join(result["unique_id"].split(".")[2:]).replace(".", "_")
                said = (result["message"] or f"{CUT_OFF} a model that fails").strip()
                found[Node(domain, name)] = said
        return found

    def _without_input(self, domain: str, reason: str) -> dict[Node, str]:
        """A domain that names what is gone cannot be loaded: who is built from it goes along."""
        nodes = self.ground.readers(map(node_of, self.gone))
        if self.gone:
            _forget_inputs(self.root / f"domains/{domain}/data_product.odps.yaml", self.gone)
            generate(self.root)
        return {node: reason for node in nodes if node.domain == domain}

    def _cut_off(self) -> dict[PortId, str]:
        """Ports that are built from one that is no longer published: nothing new reaches them."""
        found: dict[PortId, str] = {}
        for cause in [*self.broken, *self.gone]:
            readers = self.ground.readers([node_of(cause)])
            for port in self.ground.ports:
                if node_of(port) in readers and port not in {*self.broken, *self.changed}:
                    found.setdefault(port, f"{CUT_OFF} {cause}")
        return found


def _ask_less(contract: Path) -> None:
    """Leave only the clauses that a table can keep by itself."""

    def without(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: without(inner) for key, inner in value.items() if key not in _OF_OTHERS}
        return [without(inner) for inner in value] if isinstance(value, list) else value

    contract.write_text(dump_yaml(without(read_yaml(contract, contract.name).value)))


def _forget_inputs(descriptor: Path, gone: frozenset[PortId]) -> None:
    value = read_yaml(descriptor, descriptor.name).value
    names = {port.contract_id for port in gone}
    value["inputPorts"] = [p for p in value["inputPorts"] if p["contractId"] not in names]
    for port in value["outputPorts"]:
        listed = [one for one in port.get("inputContracts", ()) if one["id"] not in names]
        if "inputContracts" in port:
            port["inputContracts"] = listed
    descriptor.write_text(dump_yaml(value))
