"""The protocol: tools listed and called, errors told so that a model can mend what it asked.

The only importer of the MCP SDK. Revisions 2024-11-05 to 2026-07-28 of the protocol are spoken; no
call depends on another, so any process of a server can answer it.
"""

from __future__ import annotations

import json
import logging
from typing import Any

import mcp_types as types
from fastapi import Request
from mcp.server.caching import CacheHint
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.shared.exceptions import MCPError

from meshport import __version__
from meshport.errors import MeshportError, ServingError, each_of
from meshport.serving.agents.arguments import arguments_of, schema_of
from meshport.serving.agents.call import Call, Told
from meshport.serving.agents.cells import plain
from meshport.serving.agents.tools import INSTRUCTIONS, Tool, all_tools
from meshport.serving.audit_trail import answered_with
from meshport.serving.identity import Asker
from meshport.serving.quota import counted

_LOG = logging.getLogger(__name__)
_LISTED_FOR = CacheHint(ttl_ms=3_600_000, scope="public")
_MOST_WORDS = 600
Context = ServerRequestContext[Any, Request]


def session_manager(most_bytes: int) -> StreamableHTTPSessionManager:
    """What answers requests of at most so many bytes; it can be run once."""
    return StreamableHTTPSessionManager(
        _server(), json_response=True, stateless=True, max_request_body_size=most_bytes
    )


def _server() -> Server[Any]:
    tools = {tool.name: tool for tool in all_tools()}
    listed = [_listed(tool) for tool in tools.values()]

    async def list_tools(
        _context: Context, _page: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        return types.ListToolsResult(tools=listed)

    async def call_tool(
        context: Context, called: types.CallToolRequestParams
    ) -> types.CallToolResult:
        tool = tools.get(called.name)
        if tool is None or context.request is None:
            fact = f"unknown tool {plain(called.name, 80)}; there are {', '.join(tools)}"
            raise MCPError(types.INVALID_PARAMS, fact)
        return await _called(tool, context.request, called.arguments)

    schemas = {tool.name: schema_of(tool.takes) for tool in tools.values()}
    return Server(
        "meshport",
        version=__version__,
        title="meshport",
        instructions=INSTRUCTIONS,
        cache_hints={"tools/list": _LISTED_FOR},
        get_tool_input_schema=schemas.get,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


def _listed(tool: Tool) -> types.Tool:
    return types.Tool(
        name=tool.name,
        description=tool.description,
        input_schema=schema_of(tool.takes),
        output_schema=tool.gives,
        annotations=types.ToolAnnotations(
            read_only_hint=not tool.changes,
            destructive_hint=False,
            idempotent_hint=True,
            open_world_hint=False,
        ),
    )


async def _called(
    tool: Tool, request: Request, given: dict[str, Any] | None
) -> types.CallToolResult:
    try:
        call = await _call(request)
        return _result(await tool.run(call, arguments_of(tool.takes, given)))
    except MeshportError as error:
        return _failed(error)
    except Exception:  # noqa: BLE001  the protocol has no other way to say that it failed
        # What it was is for the log: it may quote what the asker must not see.
        _LOG.exception("the tool %s failed", tool.name)
        return _failed(ServingError("MP647", "the server could not answer"))


async def _call(request: Request) -> Call:
    """Who asks, within its quota; raises ServingError MP641."""
    asker: Asker = request.state.asker
    await asker.doors.fresh_catalog()
    counted(request, asker)
    return Call(request, asker)


def _result(told: Told) -> types.CallToolResult:
    # The same once more as text, for clients that hand on nothing else (2025-06-18, tools).
    text = json.dumps(told.content, ensure_ascii=False, separators=(",", ":"))
    return types.CallToolResult(
        content=[_text(told.words), _text(text)], structured_content=told.content
    )


def _failed(error: MeshportError) -> types.CallToolResult:
    answered_with(error)
    first = each_of(error)[0]
    where = str(first.place).lstrip("?") if first.place else None
    said = {"code": first.code, "fact": first.fact, "where": where, "hint": first.hint}
    shown = {name: plain(text, _MOST_WORDS) for name, text in said.items() if text}
    words = f"{shown['code']}: {shown['fact']}"
    if "hint" in shown:
        words += f" ({shown['hint']})"
    return types.CallToolResult(content=[_text(words)], structured_content=shown, is_error=True)


def _text(words: str) -> types.TextContent:
    return types.TextContent(text=words)
