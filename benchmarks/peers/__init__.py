"""Other tools, each in an environment of its own, given the same files in the same run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ENVIRONMENTS = Path(__file__).resolve().parents[2] / ".meshport" / "peers"
DATACONTRACT = "datacontract-cli==1.2.8"
DATACONTRACT_DUCKDB = "datacontract-cli[duckdb]==1.2.8"
DATASETTE = "datasette==0.65.5"
ROAPI = "roapi==0.12.7"


def command_of(requirement: str, command: str) -> Path | None:
    """A peer's command; None where it cannot be had."""
    python = python_with(requirement)
    return python.with_name(command) if python else None


def python_with(requirement: str) -> Path | None:
    """A Python that has the peer, installed at first use; None where it cannot be had."""
    folder = ENVIRONMENTS / requirement.replace("==", "-")
    python = folder / "bin" / "python"
    if (folder / "ready").exists():
        return python
    uv = str(Path(sys.executable).with_name("uv"))
    try:
        subprocess.run(
            [uv, "venv", "-q", "--clear", "--python", sys.executable, folder], check=True
        )
        install = [uv, "pip", "install", "-q", "--python", str(python), requirement]
        subprocess.run(install, check=True, timeout=600)
    except (OSError, subprocess.SubprocessError) as error:
        print(f"  {requirement} cannot be installed here: {error}")
        return None
    (folder / "ready").touch()
    return python
