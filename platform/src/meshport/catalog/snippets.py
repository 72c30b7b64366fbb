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
    url = f"{base_url}{port.path}/rows"
    names = [column.name for column in columns]
    first = ",".join(names[:4])
    file = f"{port.port}.parquet"
    python = (
        "import json, urllib.request\n\n"
        f'url = "{url}?select={first}&limit=5"\n'
        "rows = json.load(urllib.request.urlopen(url))\n"
        "for row in rows:\n"
        "    print(row)"
    )
    duckdb = f'curl -sS "{url}?format=parquet" -o {file}\nduckdb -c "{_question(port, columns)}"'
    return [
        Snippet("curl", "sh", f'curl -sS "{url}?select={first}&limit=5"'),
        Snippet("Python", "python", python),
        Snippet("DuckDB", "sh", duckdb),
    ]


def _question(port: PortId, columns: list[Column]) -> str:
    """A first question worth asking: counts by the column with few values, else all rows."""
    few = next((c for c in columns if c.allowed_values or c.name.endswith("state")), None)
    source = f"'{port.port}.parquet'"
    if few is None:
        return f"select count(*) from {source}"
    return f"select {few.name}, count(*) from {source} group by all order by 2 desc"
