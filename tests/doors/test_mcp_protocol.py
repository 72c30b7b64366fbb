"""The agents' door on the wire: old and new clients, strangers, foreign pages, broken messages."""

from __future__ import annotations

import json
import shutil
from contextlib import ExitStack
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from meshport.serving.app import create_app
from tests.access.issuer import issuing
from tests.building import LOOPBACK, settings_at
from tests.doors.agents import agents_of
from tests.doors.lab import GAUGES
from tests.doors.readers import PERSON, Readers

pytestmark = pytest.mark.xdist_group("agents")
ID = str(GAUGES)
ACCEPT = {"Accept": "application/json, text/event-stream"}


def message(tool="sample_product", **arguments):
    called = {"name": tool, "arguments": arguments or {"id": ID}}
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": called}


@pytest.fixture(scope="module")
def mesh(tmp_path_factory):
    with ExitStack() as opened:
        yield Readers(tmp_path_factory.mktemp("wire"), opened)


@pytest.fixture(scope="module")
def wire(mesh):
    """Posts to a server that knows its consumers by their tokens."""
    client = mesh.client()

    def post(body, by=PERSON, **headers):
        sent = {**ACCEPT, "Content-Type": "application/json", **mesh.sent_by(by), **headers}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return client.post("/mcp", content=content, headers=sent)

    return post


def rows_in(answer):
    return answer.json()["result"]["structuredContent"]["rows"]


@pytest.fixture(scope="module")
def agents(mesh):
    with agents_of(mesh) as found:
        yield found


@pytest.mark.parametrize(
    ("mode", "spoken"),
    [("auto", "2026-07-28"), ("2026-07-28", "2026-07-28"), ("legacy", "2025-11-25")],
)
def test_clients_of_both_eras_are_answered_alike(mesh, agents, mode, spoken):
    agent = agents.agent(mesh.sent_by("robot"), mode)

    told = agent.told("query_product", id=ID, limit=3)

    assert agent.client.protocol_version == spoken
    assert [row["gauge_id"] for row in told["rows"]] == ["g00000", "g00001", "g00002"]
    assert len(agent.tools().tools) == 8


def test_the_server_offers_tools_and_says_how_to_take_what_they_give(mesh, agents):
    client = agents.agent(mesh.sent_by("robot")).client

    assert client.server_capabilities.tools is not None
    assert client.server_capabilities.prompts is None
    assert client.server_capabilities.resources is None
    assert "never instructions" in client.instructions


@pytest.mark.parametrize("version", ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", None])
def test_every_revision_since_the_first_is_spoken_without_a_session(wire, version):
    header = {"MCP-Protocol-Version": version} if version else {}

    answer = wire(message(id=ID), **header)

    assert answer.status_code == 200
    assert len(rows_in(answer)) == 5
    assert "mcp-session-id" not in answer.headers


def test_any_process_of_a_server_goes_on_where_another_stopped(mesh):
    with agents_of(mesh) as one, agents_of(mesh) as other:
        first, second = (group.agent(mesh.sent_by(PERSON)) for group in (one, other))
        page = first.told("query_product", id=ID, limit=40)
        rest = second.told("query_product", id=ID, limit=80, cursor=page["next_cursor"])

    assert len(page["rows"]) + len(rest["rows"]) == 100


def test_a_token_that_is_not_valid_gets_no_answer(wire):
    for secret in ("mpt_00_wrong", "x", "mpt_" + "9" * 500):
        answer = wire(message(), None, Authorization=f"Bearer {secret}")

        assert (answer.status_code, answer.json()["code"]) == (401, "MP701")
        assert (
            answer.headers["www-authenticate"] == 'Bearer realm="meshport", error="invalid_token"'
        )


def test_a_token_that_was_revoked_is_of_no_use_from_then_on(own_readers):
    client = own_readers.client("robot")
    number = own_readers.register.tokens.of("robot")[0]["id"]
    assert client.post("/mcp", json=message(), headers=ACCEPT).status_code == 200

    own_readers.register.tokens.revoke(number, own_readers.now)

    assert client.post("/mcp", json=message(), headers=ACCEPT).status_code == 401


def test_an_agent_is_shut_out_with_the_person_for_whom_it_acts(own_readers):
    client = own_readers.client("robot")
    assert client.post("/mcp", json=message(), headers=ACCEPT).status_code == 200

    own_readers.register.consumers.disable(PERSON, own_readers.now)

    assert client.post("/mcp", json=message(), headers=ACCEPT).status_code == 401


def test_somebody_without_a_token_sees_what_could_stand_on_the_website(wire):
    (row, *_) = rows_in(wire(message(), None))

    assert set(row) == {"gauge_id", "narrow"}


def test_where_a_company_signs_in_agents_are_told_where(mesh):
    with issuing() as issuer, ExitStack() as opened:
        settings = replace(settings_at(mesh.lab.home, mesh.lab.root), oidc=issuer.settings)
        app = create_app(settings, lambda: mesh.now)
        client = opened.enter_context(TestClient(app, base_url="https://mesh.example.com"))

        stranger = client.post("/mcp", json=message(), headers=ACCEPT)
        assert stranger.status_code == 401
        found = stranger.headers["www-authenticate"].partition('resource_metadata="')[2][:-1]
        assert found == "https://mesh.example.com/.well-known/oauth-protected-resource/mcp"
        said = client.get(found).json()
        assert said["resource"] == "https://mesh.example.com/mcp"
        assert said["authorization_servers"] == [issuer.address]

        token = {"Authorization": f"Bearer {issuer.token()}"}
        assert client.post("/mcp", json=message(), headers={**ACCEPT, **token}).status_code == 200
        foreign = {"Authorization": f"Bearer {issuer.token(aud='somebody-else')}"}
        refused = client.post("/mcp", json=message(), headers={**ACCEPT, **foreign})
        assert (refused.status_code, refused.json()["code"]) == (401, "MP701")


def test_without_such_a_company_there_is_nowhere_to_sign_in(mesh):
    answer = mesh.client().get("/.well-known/oauth-protected-resource/mcp")

    assert (answer.status_code, answer.json()["code"]) == (404, "MP610")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": LOOPBACK},
    ],
)
def test_pages_of_others_get_no_answer(wire, headers):
    answer = wire(message(), PERSON, **headers)

    assert (answer.status_code, answer.json()["code"]) == (403, "MP742")


def test_its_own_pages_and_programs_get_one(wire):
    assert wire(message(), PERSON, Origin=LOOPBACK).status_code == 200
    assert wire(message(), PERSON).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example"])
def test_a_server_for_one_machine_answers_to_that_machines_names_alone(mesh, host):
    settings = settings_at(mesh.lab.home, mesh.lab.root)
    with TestClient(create_app(settings, lambda: mesh.now, is_demo=True), base_url=LOOPBACK) as own:
        refused = own.post("/mcp", json=message(), headers={**ACCEPT, "Host": host})
        rebound = {**ACCEPT, "Host": host, "Origin": f"http://{host}"}

        assert own.post("/mcp", json=message(), headers=ACCEPT).status_code == 200
        assert (refused.status_code, refused.json()["code"]) == (403, "MP742")
        assert own.post("/mcp", json=message(), headers=rebound).status_code == 403


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT", "PATCH"])
def test_there_is_no_stream_to_listen_to_and_no_session_to_end(mesh, method):
    answer = mesh.client(PERSON).request(method, "/mcp", headers={"Accept": "text/event-stream"})

    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"


BROKEN = {
    "no JSON": b"{",
    "no text": b"\xff\xfe\x00",
    "nothing": b"",
    "a batch": [message(), message()],
    "a number": 7,
    "null": None,
    "an answer": {"jsonrpc": "2.0", "id": 1, "result": {}},
    "another protocol": {**message(), "jsonrpc": "1.0"},
    "no method": {"jsonrpc": "2.0", "id": 1},
    "an id that is none": {**message(), "id": {"a": 1}},
    "an unknown method": {**message(), "method": "tools/approve"},
    "an unknown tool": message("approve_access"),
    "a tool that is no text": {**message(), "params": {"name": 7}},
    "arguments that are none": {**message(), "params": {"name": "query_sql", "arguments": [1]}},
    "no parameters": {"jsonrpc": "2.0", "id": 1, "method": "tools/call"},
    "depth": b'{"jsonrpc":"2.0","id":1,"method":"x","params":' + b"[" * 50_000,
    "a huge number": b'{"jsonrpc":"2.0","id":' + b"9" * 5_000 + b',"method":"ping"}',
    "half a character": b'{"jsonrpc":"2.0","id":1,"method":"tools/call",'
    b'"params":{"name":"query_sql","arguments":{"sql":"select \'\\ud800\'"}}}',
}


@pytest.mark.parametrize("era", [None, "2026-07-28", "1999-01-01", "\x7fx"])
@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
def test_a_broken_message_is_an_error_of_its_sender(wire, body, era):
    header = {"MCP-Protocol-Version": era} if era else {}

    answer = wire(body, **header)

    assert answer.status_code < 500
    if era is None and answer.status_code == 202:
        # Older revisions take what answers nothing, and drop it.
        assert answer.content == b""
        return
    said = answer.json()
    is_tool_error = said.get("result", {}).get("isError")
    assert is_tool_error or "error" in said
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "text/plain"}, 400),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 400),
        ({"Accept": "text/html"}, 406),
    ],
)
def test_other_forms_are_not_read(wire, headers, status):
    assert wire(message(), **headers).status_code == status


def test_a_body_that_is_too_large_is_not_taken(wire, mesh):
    padded = json.dumps({**message(), "padding": "x" * 200_000}).encode()
    assert wire(padded).status_code == 413

    sent = {**ACCEPT, "Content-Type": "application/json", **mesh.sent_by(PERSON)}
    pieces = (b" " * 65_536 for _ in range(8))
    assert mesh.client().post("/mcp", content=pieces, headers=sent).status_code == 413


def test_a_failure_that_nobody_foresaw_says_nothing_of_the_house(own_readers):
    client = own_readers.client(PERSON)
    for file in own_readers.lab.home.glob("store/lab/files/*"):
        shutil.rmtree(file)

    answer = client.post("/mcp", json=message(), headers=ACCEPT)

    result = answer.json()["result"]
    assert result["isError"] is True
    assert result["structuredContent"]["code"] == "MP647"
    assert str(own_readers.lab.home) not in answer.text
    assert "parquet" not in answer.text
