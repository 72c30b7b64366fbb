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


@dataclass(frozen=True)
class Sender:
    """What the tools have to send so that they see what the reader sees."""

    base_url: str
    has_token: bool = False
    purpose: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        """The headers; the token is taken from the environment."""
        token = {"Authorization": "Bearer $TOKEN"} if self.has_token else {}
        return {**token, **({"Meshport-Purpose": self.purpose} if self.purpose else {})}


def snippets(port: PortId, sender: Sender, columns: list[Column]) -> list[Snippet]:
    """curl, Python, DuckDB and pyiceberg over what the reader may see; each runs as it is."""
    if not columns:
        return []
    url = f"{sender.base_url}{port.path}/rows"
    first = ",".join(column.name for column in columns[:4])
    question = f"{url}?select={first}&limit=5"
    flags = "".join(f'-H "{name}: {value}" ' for name, value in sender.headers.items())
    python = (
        f"import json, {_imports(sender)}\n\n"
        f'url = "{question}"\n'
        f"{_opened(sender)}"
        "for row in json.load(answer):\n"
        "    print(row)"
    )
    duckdb = (
        f"import duckdb, {_imports(sender)}\n\n"
        f'url = "{url}?format=parquet"\n'
        f"{_opened(sender)}"
        f'with open("{port.port}.parquet", "wb") as file:\n'
        "    file.write(answer.read())\n"
        f'duckdb.sql("{_question(port, columns)}").show()'
    )
    return [
        Snippet("curl", "sh", f'curl -sS {flags}"{question}"'),
        Snippet("Python", "python", python),
        Snippet("DuckDB, all rows", "python", duckdb),
        Snippet("pyiceberg, all rows", "python", _iceberg(port, sender)),
    ]


def _iceberg(port: PortId, sender: Sender) -> str:
    """Python that loads the port as an Iceberg table."""
    known = 'token=os.environ["TOKEN"]' if sender.has_token else 'auth={"type": "noop"}'
    purpose = f', **{{"header.Meshport-Purpose": "{sender.purpose}"}}' if sender.purpose else ""
    return (
        ("import os\n\n" if sender.has_token else "")
        + "from pyiceberg.catalog.rest import RestCatalog\n\n"
        f'uri = "{sender.base_url}/iceberg"\n'
        f'catalog = RestCatalog("mesh", uri=uri, {known}{purpose})\n'
        f'print(catalog.load_table("{port}").scan().to_arrow())'
    )


def _imports(sender: Sender) -> str:
    return "os, urllib.request" if sender.has_token else "urllib.request"


def _opened(sender: Sender) -> str:
    """Python that opens `url` as `answer`."""
    if not sender.headers:
        return "answer = urllib.request.urlopen(url)\n"
    given = [f'"{name}": "{value}"' for name, value in sender.headers.items()]
    headers = ", ".join(given).replace('"Bearer $TOKEN"', '"Bearer " + os.environ["TOKEN"]')
    return (
        f"headers = {{{headers}}}\n"
        "answer = urllib.request.urlopen(urllib.request.Request(url, headers=headers))\n"
    )


def _question(port: PortId, columns: list[Column]) -> str:
    """A first question worth asking: counts by the column with few values, else all rows."""
    few = next((c for c in columns if c.allowed_values or c.name.endswith("state")), None)
    source = f"'{port.port}.parquet'"
    if few is None:
        return f"select count(*) from {source}"
    return f"select {few.name}, count(*) from {source} group by all order by 2 desc"
