"""Ready-to-paste ways of reading a port with tools that consumers already have."""

from __future__ import annotations

from dataclasses import dataclass

from meshport.contracts.model import Column
from meshport.names import PortId


@dataclass(frozen=True)
class Snippet:
    """A few lines for one tool."""

    tool: str
    language: str
    text: str


def snippets(port: PortId, base_url: str, columns: list[Column]) -> list[Snippet]:
    """curl, Python and DuckDB over the columns that the reader may see; each runs as it is."""
    if not columns:
        return []
    url = f"{base_url}{port.path}/rows"
    first = ",".join(column.name for column in columns[:4])
    question = f"{url}?select={first}&limit=5"
    python = (
        "import json, urllib.request\n\n"
        f'url = "{question}"\n'
        "for row in json.load(urllib.request.urlopen(url)):\n"
        "    print(row)"
    )
    duckdb = (
        "import duckdb, urllib.request\n\n"
        f'url = "{url}?format=parquet"\n'
        f'urllib.request.urlretrieve(url, "{port.port}.parquet")\n'
        f'duckdb.sql("{_question(port, columns)}").show()'
    )
    return [
        Snippet("curl", "sh", f'curl -sS "{question}"'),
        Snippet("Python", "python", python),
        Snippet("DuckDB, all rows", "python", duckdb),
    ]


def _question(port: PortId, columns: list[Column]) -> str:
    """A first question worth asking: counts by the column with few values, else all rows."""
    few = next((c for c in columns if c.allowed_values or c.name.endswith("state")), None)
    source = f"'{port.port}.parquet'"
    if few is None:
        return f"select count(*) from {source}"
    return f"select {few.name}, count(*) from {source} group by all order by 2 desc"
