"""Agents that read a mesh: the official client over HTTP, one connection each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
from anyio.from_thread import BlockingPortal, start_blocking_portal
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, ListToolsResult

from meshport.serving.app import create_app
from meshport.serving.limits import Limits
from tests.building import settings_at
from tests.doors.readers import Readers
from tests.doors.server import listening


@dataclass
class Agent:
    """A client that is connected; `call` waits for its answers."""

    client: Client
    portal: BlockingPortal

    def call(self, tool: str, **arguments: Any) -> CallToolResult:
        """What the tool answers, held against its schema by the client."""
        return self.portal.call(lambda: self.client.call_tool(tool, arguments))

    def told(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The values of an answer that is no error."""
        answer = self.call(tool, **arguments)
        assert not answer.is_error, answer.content
        return dict(answer.structured_content)

    def refused(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """What an error says."""
        answer = self.call(tool, **arguments)
        assert answer.is_error, answer.structured_content
        return dict(answer.structured_content)

    def tools(self) -> ListToolsResult:
        """The list of tools."""
        return self.portal.call(self.client.list_tools)


@dataclass
class Agents:
    """Whoever connects to one server, in a thread of its own."""

    address: str
    portal: BlockingPortal
    opened: ExitStack
    connected: dict[Any, Agent] = field(default_factory=dict)

    def agent(self, headers: dict[str, str], mode: str = "auto") -> Agent:
        """One who sends these headers with everything."""
        key = (*sorted(headers.items()), mode)
        if key not in self.connected:
            http = httpx2.AsyncClient(headers=headers, timeout=60)
            transport = streamable_http_client(f"{self.address}/mcp", http_client=http)
            client = Client(transport, mode=mode)
            for one in (http, client):
                self.opened.enter_context(self.portal.wrap_async_context_manager(one))
            self.connected[key] = Agent(client, self.portal)
        return self.connected[key]


@contextmanager
def agents_at(address: str) -> Iterator[Agents]:
    """Clients of the server at that address, until the block ends."""
    with start_blocking_portal() as portal, ExitStack() as opened:
        yield Agents(address, portal, opened)


@contextmanager
def agents_of(readers: Readers, **limits: int) -> Iterator[Agents]:
    """Clients of a server over the laboratory."""
    settings = settings_at(readers.lab.home, readers.lab.root)
    # A minute for a query: a slow machine is no wrong answer.
    allowed = Limits(statement=60.0, **limits)
    app = create_app(settings, lambda: readers.now, limits=allowed)
    with listening(app) as port, agents_at(f"http://127.0.0.1:{port}") as agents:
        yield agents
