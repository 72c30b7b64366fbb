"""`meshport dagster`: the four code locations in Dagster's own pages, over the same history."""

from __future__ import annotations

import os
import subprocess
import sys

from meshport.cli.show import say
from meshport.orchestration.run_history import prepare_dagster_home
from meshport.settings import current_settings


def dagster_command(port: int) -> None:
    """Run `dagster dev` until it ends; its exit code becomes ours."""
    settings = current_settings()
    home = prepare_dagster_home(settings)
    environment = {
        **os.environ,
        "DAGSTER_HOME": str(home),
        "MESHPORT_HOME": str(settings.home),
    }
    say(f"Dagster at http://127.0.0.1:{port}, history in {home}")
    command = [sys.executable, "-m", "dagster", "dev", "-w", "workspace.yaml", "-p", str(port)]
    sys.exit(subprocess.run(command, cwd=settings.root, env=environment, check=False).returncode)
