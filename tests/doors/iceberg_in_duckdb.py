"""A DuckDB that has the Iceberg extension, in an environment and a process of its own.

The extension is made for DuckDB 1.5.5 and not yet for 2.0.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

DUCKDB = "1.5.5"
_READ = """
import json, sys
import duckdb, duckdb_extension_httpfs, duckdb_extension_avro, duckdb_extension_iceberg
from pathlib import Path

con = duckdb.connect(config={"allow_unsigned_extensions": "true"})
for package in (duckdb_extension_httpfs, duckdb_extension_avro, duckdb_extension_iceberg):
    (file,) = Path(package.__path__[0]).rglob("*.duckdb_extension")
    con.execute(f"load '{file}'")
con.execute("set TimeZone = 'UTC'")
for line in sys.stdin:
    endpoint, secret, question = json.loads(line)
    try:
        con.execute("detach database if exists mesh")
        if secret:
            con.execute(f"create or replace secret known (type iceberg, token '{secret}')")
        known = "secret known" if secret else "authorization_type 'none'"
        con.execute(f"attach 'mesh' as mesh (type iceberg, endpoint '{endpoint}', {known})")
        rows = con.execute(question).fetchall()
        answer = [[None if v is None else str(v) for v in row] for row in rows]
    except duckdb.Error as error:
        answer = str(error)
    print(json.dumps(answer), flush=True)
"""


class IcebergInDuckDB:
    """Asks one catalog, attached as `mesh`."""

    def __init__(self, process: subprocess.Popen[str], address: str) -> None:
        self._process = process
        self._endpoint = f"{address}/iceberg"

    def ask(self, secret: str | None, question: str) -> Any:
        """The rows of an answer, every value as text, or the words of an error."""
        self._process.stdin.write(json.dumps([self._endpoint, secret, question]) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


@contextmanager
def iceberg_in_duckdb(address: str) -> Iterator[IcebergInDuckDB]:
    """Skips the test where the extension cannot be had."""
    uv = Path(sys.executable).with_name("uv")
    packages = ["", "-extension-httpfs", "-extension-avro", "-extension-iceberg"]
    wanted = [part for one in packages for part in ("--with", f"duckdb{one}=={DUCKDB}")]
    alone = ["--quiet", "--no-project", "--isolated", "--python", sys.executable]
    python = [str(uv), "run", *alone, *wanted, "python", "-c"]
    try:
        subprocess.run([*python, ""], capture_output=True, timeout=120, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"DuckDB {DUCKDB} with its iceberg extension is not to be had here: {error}")
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([*python, _READ], **pipes) as process:
        try:
            yield IcebergInDuckDB(process, address)
        finally:
            process.kill()
