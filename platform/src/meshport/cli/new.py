"""`meshport new domain` and `meshport new port`."""

from __future__ import annotations

from meshport.cli.generate import generate_command
from meshport.cli.show import say
from meshport.errors import ProductError
from meshport.names import PortId
from meshport.scaffold import files
from meshport.settings import current_settings


def new_domain_command(name: str) -> None:
    """Write the domain's files and what follows from them; raises ProductError MP250, MP251."""
    root = current_settings().root
    written = files.new_domain(root, name)
    generate_command(check=False)
    say(f"{len(written)} files written. Next:")
    say(f"  promise   contracts/{name}/{name}.v1.odcs.yaml")
    say(f"  sources   domains/{name}/sources.py")
    say(f"  logic     domains/{name}/dbt/models/")
    say(f"  try it    meshport run {name}")


def new_port_command(port: str) -> None:
    """Write the port's files and what follows from them; raises ProductError MP250 to MP252."""
    domain, dot, name = port.partition(".")
    if not dot:
        raise ProductError("MP250", f"`{port}` names no domain", hint="write DOMAIN.PORT")
    id_ = PortId(domain, name, 1)
    files.new_port(current_settings().root, id_)
    generate_command(check=False)
    say(f"port {id_} written. Next:")
    say(f"  promise   {id_.contract_path}")
    say(f"  logic     domains/{domain}/dbt/models/output_ports/{id_.model}.sql")
    say(f"  try it    meshport run {domain}")
