"""Where tables are read, a server has loaded what that takes before the next one asks."""

from __future__ import annotations

import subprocess
import sys

import pytest

from meshport.serving.iceberg.warming import is_read
from tests.building import NOW
from tests.doors.iceberg import load, metadata_path, read
from tests.doors.lab import GAUGES

pytestmark = pytest.mark.xdist_group("iceberg")
SERVED = """
import sys, time
from datetime import datetime
from pathlib import Path
from fastapi.testclient import TestClient
from meshport.serving.app import create_app
from meshport.serving.iceberg import warming
from meshport.settings import Settings

root, home = Path(sys.argv[1]), Path(sys.argv[2])
ends = time.monotonic() + 100
for delay in (3600.0, 0.0):
    warming.DELAY = delay
    with TestClient(create_app(Settings(root, home, None, None))) as client:
        assert client.get("/healthz").status_code == 200
        while not delay and "meshport.serving.iceberg.metadata" not in sys.modules:
            assert time.monotonic() < ends
            time.sleep(0.01)
    print("pyiceberg" in sys.modules)
"""


def test_what_tables_take_is_loaded_a_while_after_the_start_where_tables_are_read(readers, lab):
    client = readers.client("service")
    loaded = load(client, GAUGES)
    assert read(client, loaded, metadata_path(loaded), NOW).status_code == 200
    command = [sys.executable, "-c", SERVED, str(readers.lab.root), str(readers.lab.home)]

    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)

    assert done.stdout.split() == ["False", "True"], "not at once, and then without being asked"
    assert is_read(readers.lab.home)
    assert not is_read(lab.home)
