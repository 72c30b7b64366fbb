"""The Delta Sharing door over real HTTP, and what the official client needs to find it."""

from __future__ import annotations

import json
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import uvicorn
from fastapi import FastAPI
from starlette.testclient import TestClient

from meshport.access.consumers import Consumer
from meshport.access.principal import Kind
from meshport.access.register import AccessRegister
from meshport.names import PortId
from meshport.serving.app import create_app
from tests.access.conftest import Office
from tests.building import copy_home, settings_at
from tests.doors.lab import GAUGES, Lab
from tests.doors.server import wait_for


@contextmanager
def live(app: FastAPI) -> Iterator[str]:
    """The app's address on a port of its own, until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(app, log_level="warning", ws="none", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            wait_for(f"{address}/healthz")
            yield address
        finally:
            server.should_exit = True
            thread.join(timeout=30)


def write_profile(folder: Path, address: str, secret: str) -> Path:
    """A profile file as the door hands it out."""
    content = {
        "shareCredentialsVersion": 1,
        "endpoint": f"{address}/delta-sharing/",
        "bearerToken": secret,
    }
    file = folder / f"{secret[-12:].strip('-_')}.share"
    file.write_text(json.dumps(content))
    return file


def shared_gauges(lab: Lab, opened: ExitStack, folder: Path) -> str:
    """A door over the laboratory as it is now, and the gauges' address for somebody inside."""
    register, now = AccessRegister.at_home(lab.home), datetime.now(UTC)
    if "ana" not in {one.name for one in register.consumers.all()}:
        one = Consumer("ana", Kind.PERSON, None, None, "", is_disabled=False)
        register.consumers.add(one, "test", now)
    address = opened.enter_context(live(create_app(settings_at(lab.home, lab.root))))
    profile = write_profile(folder, address, register.tokens.create("ana", now).secret)
    return f"{profile}#{GAUGES}"


def rows_over_rest(client: TestClient, port: PortId, release: str | None = None) -> pd.DataFrame:
    """All rows as the REST door shows them, typed as the client types them."""
    import pyarrow as pa

    pinned = f"@{release}" if release else ""
    answer = client.get(f"{port.path}{pinned}/rows?format=arrow")
    assert answer.status_code == 200, answer.text
    return pa.ipc.open_stream(answer.content).read_all().to_pandas(date_as_object=True)


def rows_of(frame: pd.DataFrame) -> Counter[tuple[Any, ...]]:
    """The rows and how often each is there; whole numbers are ints, whatever pandas made of them
    because of a null beside them."""
    columns = [frame[name].astype(object) for name in frame.columns if not name.startswith("_")]
    return Counter(tuple(map(_cell, row)) for row in zip(*columns, strict=True))


def _cell(value: Any) -> Any:
    if pd.isna(value):
        return None
    return int(value) if isinstance(value, float) and value.is_integer() else value


def replay(
    changes: pd.DataFrame, start: Counter[tuple[Any, ...]] | None = None
) -> Counter[tuple[Any, ...]]:
    """What is there after every change was made to `start`, version by version.

    A row that is taken away has to be there.
    """
    held = Counter(start or {})
    for _, version in changes.groupby("_commit_version", sort=True):
        is_old = version["_change_type"].isin(["delete", "update_preimage"])
        held.subtract(rows_of(version[is_old]))
        assert not any(count < 0 for count in held.values())
        held.update(rows_of(version[~is_old]))
    return +held


def json_lines(text: str) -> list[dict[str, Any]]:
    """The lines of an answer."""
    return [json.loads(line) for line in text.splitlines()]


DOOR = "/delta-sharing"


def office_over(built: Path, folder: Path, opened: ExitStack) -> Office:
    """Consumers of every kind over a copy of the built mesh, and a clock that can be moved."""
    return Office(copy_home(built, folder / "home"), opened)


def link_of(client: TestClient, port: PortId) -> str:
    """The link to a table's only file."""
    table = f"{DOOR}/shares/{port.domain}/schemas/{port.port}/tables/v{port.major}"
    answer = client.post(f"{table}/query", json={})
    assert answer.status_code == 200, answer.text
    (file,) = (line["file"] for line in json_lines(answer.text) if "file" in line)
    return str(file["url"]).removeprefix(str(client.base_url))


def changed_by(client: TestClient, version: int) -> str:
    """The link to what a version of the gauges changed."""
    table = f"{DOOR}/shares/lab/schemas/gauges/tables/v1"
    answer = client.get(f"{table}/changes?startingVersion={version}")
    (change,) = (line["cdf"] for line in json_lines(answer.text) if "cdf" in line)
    return str(change["url"]).removeprefix(str(client.base_url))


def followed(client: TestClient, link: str, **headers: str) -> Any:
    """A link as clients follow it: without a token, unless one is given."""
    request = client.build_request("GET", link, headers=headers)
    if "Authorization" not in headers:
        del request.headers["authorization"]
    return client.send(request)


def refused(answer: Any, status: int, code: str) -> bool:
    """Whether the answer is that error, in the protocol's shape."""
    assert (answer.status_code, answer.json()["errorCode"]) == (status, code)
    assert set(answer.json()) == {"errorCode", "message"}
    return True
