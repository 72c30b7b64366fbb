"""Every contract of a mesh, each read once, or taken from what an earlier run kept."""

from __future__ import annotations

import hashlib
from pathlib import Path

from meshport.contracts.model import Contract
from meshport.contracts.plain import contract_as_plain, contract_from_plain
from meshport.contracts.read import contract_of
from meshport.errors import ContractError, MeshportError, Place
from meshport.kept import Kept, Stage
from meshport.names import PortId
from meshport.yaml_file import parse_yaml, read_text

FOLDER = "contracts"
MADE_BY = ("meshport.contracts",)
"""The code that reads contracts."""

Contracts = dict[str, Contract | MeshportError]
"""Contracts, or why they cannot be read, by path relative to the mesh's root."""


def read_all(root: Path, kept_in: Path | None = None) -> Contracts:
    """Every contract below `root`, in the order of their paths.

    `kept_in` is a folder in which contracts are kept between runs, by content.
    """
    found: Contracts = {}
    with Kept(kept_in, FOLDER, MADE_BY).stage(FOLDER) as known:
        for file in sorted((root / FOLDER).rglob("*.odcs.yaml")):
            path = str(file.relative_to(root))
            try:
                port_of(root, file)
                found[path] = _read(read_text(file, path), path, known)
            except MeshportError as error:
                found[path] = error
    return found


def port_of(root: Path, file: Path) -> PortId:
    """The port whose contract a file of the mesh is, by its path.

    Raises ContractError MP104 where no port is called so, MP101 for a link out of the mesh.
    """
    path = str(file.relative_to(root))
    if not file.resolve().is_relative_to(root.resolve()):
        raise ContractError("MP101", "it leads out of the mesh", Place(path), "put the file here")
    domain, _, name = path.removeprefix(f"{FOLDER}/").partition("/")
    try:
        return PortId.parse(f"{domain}.{name.removesuffix('.odcs.yaml')}")
    except ContractError as error:
        hint = f"name it {FOLDER}/<domain>/<port>.v<major>.odcs.yaml"
        raise ContractError(
            "MP104", "the file is not named like a port", Place(path), hint
        ) from error


def _read(text: bytes, path: str, known: Stage) -> Contract:
    digest = hashlib.sha256(text).hexdigest()
    plain = known.find(path, digest)
    if plain is not None:
        return contract_from_plain(plain, path, text, digest)
    contract = contract_of(parse_yaml(text, path))
    known.keep(path, digest, contract_as_plain(contract))
    return contract
