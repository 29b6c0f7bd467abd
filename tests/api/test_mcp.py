"""The MCP server met by a real client, over standard input and output and over HTTP."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastmcp import Client
from fastmcp.client.transports import StdioTransport, StreamableHttpTransport
from fastmcp.exceptions import ToolError
from running import running

from api.http.keys import new_key
from tools import registry

Connect = Callable[[], Client[Any]]


@pytest.fixture(scope="module")
def keys() -> dict[str, str]:
    return {}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory, keys: dict[str, str]) -> Iterator[str]:
    entries = []
    for name, scope in (("ann", "ask"), ("eve", "read")):
        keys[name], entry = new_key(name, [scope])
        entries.append(str(entry))
    with running(tmp_path_factory.mktemp("mcp"), api_keys=",".join(entries)) as address:
        yield address


@pytest.fixture(params=["stdio", "http"])
def connect(request: pytest.FixtureRequest, tmp_path: Path) -> Connect:
    """Makes a client of the server, by either way in."""
    if request.param == "http":
        base, keys = request.getfixturevalue("base"), request.getfixturevalue("keys")
        return lambda: Client(StreamableHttpTransport(f"{base}/mcp/", auth=keys["ann"]))
    environment = {**os.environ, "RACKRATE_HOME": str(tmp_path)}
    start = ["-c", "from api.cli import main; main(['mcp'])"]
    return lambda: Client(StdioTransport(sys.executable, start, env=environment, keep_alive=False))


async def test_tools_resources_and_errors(connect: Connect) -> None:
    """One connection for all: a server on standard input and output takes seconds to start."""
    async with connect() as client:
        await _lists_every_calculator(client)
        await _runs_one(client)
        await _tells_errors(client)
        await _searches(client)
        await _reads_resources(client)


async def _lists_every_calculator(client: Client[Any]) -> None:
    tools = {tool.name: tool for tool in await client.list_tools()}
    assert set(tools) == {*registry.calculators(), "search_knowledge"}
    for name, tool in tools.items():
        described = tool.model_dump(by_alias=True)
        assert described["description"], name
        assert described["inputSchema"]["properties"], name
        assert described["outputSchema"]["properties"], name
    kv = tools["kv_cache"].model_dump(by_alias=True)["outputSchema"]["properties"]["output"]["properties"]
    assert "kv_bytes_per_token" in kv


async def _runs_one(client: Client[Any]) -> None:
    asked = {"model": "llama 3.1 8b", "context_tokens": "2k"}
    result = await client.call_tool("kv_cache", asked)
    content = result.structured_content
    assert content is not None
    assert content["tool"] == "kv_cache"
    assert 131_072 in {figure["value"] for figure in content["figures"]}
    assert "131072" in result.content[0].text


async def _tells_errors(client: Client[Any]) -> None:
    with pytest.raises(ToolError, match="no-such-model"):
        await client.call_tool("kv_cache", {"model": "no-such-model", "context_tokens": 1})
    with pytest.raises(ToolError, match="context_tokens"):
        await client.call_tool("kv_cache", {"model": "llama-3.1-8b", "context_tokens": -5})


async def _searches(client: Client[Any]) -> None:
    found = await client.call_tool("search_knowledge", {"query": "neoclouds", "top": 2})
    passages = (found.structured_content or {})["result"]
    assert 1 <= len(passages) <= 2
    assert passages[0]["title"]


async def _reads_resources(client: Client[Any]) -> None:
    listed = {str(resource.uri) for resource in await client.list_resources()}
    assert {"rackrate://catalogue/chips", "rackrate://catalogue/models", "rackrate://claims"} <= listed
    h100 = json.loads((await client.read_resource("rackrate://catalogue/h100-sxm"))[0].text)
    assert all(fact["source"] for fact in h100["facts"])
    claims = json.loads((await client.read_resource("rackrate://claims"))[0].text)
    one = json.loads((await client.read_resource(f"rackrate://claims/{claims[0]['id']}"))[0].text)
    assert one == claims[0]
    with pytest.raises(Exception, match="no-such-chip"):
        await client.read_resource("rackrate://catalogue/no-such-chip")


@pytest.mark.parametrize(("key", "status"), [(None, 401), ("wrong", 401), ("eve", 403)])
def test_over_http_the_keys_of_the_service_hold(
    base: str, keys: dict[str, str], key: str | None, status: int
) -> None:
    headers = {"Authorization": f"Bearer {keys.get(key, key)}"} if key else {}
    asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    refused = httpx.post(f"{base}/mcp/", json=asked, headers=headers)
    assert refused.status_code == status
    assert refused.headers["content-type"] == "application/problem+json"
