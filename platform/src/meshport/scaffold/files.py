"""Write the files of a new domain or port from templates; all of them or none."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from string import Template

from meshport.errors import Place, ProductError
from meshport.names import PortId, is_name
from meshport.products.descriptor import DESCRIPTOR_FILE
from meshport.products.mesh import DataProduct, load_product

_RESERVED = {"platform", "meshport", "catalog_rules", "tests", "domains", "contracts"}


def new_domain(root: Path, domain: str) -> list[Path]:
    """Write a domain with one port of its own name; the result lists the files.

    Raises ProductError: MP250 the name cannot be used, MP251 it is taken.
    """
    _require_name(domain)
    if (root / "domains" / domain).exists() or (root / "contracts" / domain).exists():
        raise ProductError("MP251", f"the domain `{domain}` is there already")
    words = _words(PortId(domain, domain, 1), f"{domain.capitalize()} team", "owner@example.com")
    folder = root / "domains" / domain
    files = {
        folder / DESCRIPTOR_FILE: _fill("descriptor.yaml", words),
        folder / "definitions.py": _fill("definitions.py.txt", words),
        folder / "sources.py": _fill("sources.py.txt", words),
        folder / "README.md": _fill("readme.md", words),
        folder / "dbt" / "dbt_project.yml": _fill("dbt_project.yml", words),
        **_port_files(root, PortId(domain, domain, 1), words),
        root / "workspace.yaml": _with_location(root / "workspace.yaml", words),
    }
    return _write(files)


def new_port(root: Path, port: PortId) -> list[Path]:
    """Write a port's contract and dbt model and offer it in the descriptor.

    Raises ProductError: MP250, MP251, MP207 no such domain, MP252 the descriptor's shape is new.
    """
    _require_name(port.port)
    product = load_product(root, port.domain)
    if product.port(port.port, port.major):
        raise ProductError("MP251", f"the port {port} is there already")
    team = product.descriptor.team
    owner = team.members[0].username if team.members else "owner@example.com"
    words = _words(port, team.name, owner)
    descriptor = product.folder / DESCRIPTOR_FILE
    files = {
        **_port_files(root, port, words),
        descriptor: _with_output_port(descriptor, product, _fill("output_port.yaml", words)),
    }
    return _write(files)


def _words(port: PortId, team: str, owner: str) -> dict[str, str]:
    return {
        "domain": port.domain,
        "port": port.port,
        "key": f"{port.port.removesuffix('s')}_id",
        "title": port.port.replace("_", " ").capitalize(),
        "team": team,
        "owner": owner,
        "channel": f"{port.domain}-data",
    }


def _port_files(root: Path, port: PortId, words: dict[str, str]) -> dict[Path, str]:
    models = root / "domains" / port.domain / "dbt" / "models" / "output_ports"
    return {
        root / port.contract_path: _fill("contract.yaml", words),
        models / f"{port.model}.sql": _fill("model.sql", words),
    }


def _with_location(workspace: Path, words: dict[str, str]) -> str:
    text = workspace.read_text()
    return f"{text.rstrip()}\n{_fill('location.yaml', words)}"


def _with_output_port(file: Path, product: DataProduct, entry: str) -> str:
    """The descriptor's text with one more output port; comments and order stay."""
    lines = file.read_text().splitlines(keepends=True)
    start = next((i for i, line in enumerate(lines) if line.startswith("outputPorts:")), None)
    if start is None or lines[start].strip() != "outputPorts:":
        place = Place(f"domains/{product.domain}/{DESCRIPTOR_FILE}")
        raise ProductError("MP252", "no plain `outputPorts:` list to add to", place)
    end = next(
        (i for i in range(start + 1, len(lines)) if lines[i].strip() and lines[i][0] not in " #-"),
        len(lines),
    )
    while lines[end - 1].strip() == "":
        end -= 1
    return "".join([*lines[:end], entry, *lines[end:]])


def _require_name(name: str) -> None:
    if not is_name(name) or name in _RESERVED:
        hint = "lower-case letters, digits and underscores, starting with a letter"
        raise ProductError("MP250", f"`{name}` cannot be the name of a domain or port", hint=hint)


def _fill(template: str, words: dict[str, str]) -> str:
    source = resources.files("meshport.scaffold") / "templates" / template
    return Template(source.read_text()).substitute(words)


def _write(files: dict[Path, str]) -> list[Path]:
    for file, text in files.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return list(files)
