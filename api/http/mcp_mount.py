"""``/mcp/``: the MCP server inside the service, behind the same keys and limits."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Request

from api.http.guard import allowed, caller
from api.http.problems import Problem, problem_response
from api.http.service import Service


class Guarded:
    """The MCP server's ASGI application; a request without the `ask` scope never reaches it."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self._allowed = allowed("ask")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        try:
            await self._allowed(request, await caller(request))
        except Problem as problem:
            refusal = problem_response(
                request, problem.status, problem.detail, problem.headers, **problem.extra
            )
            await refusal(scope, receive, send)
            return
        await self._inner(scope, receive, send)

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """The MCP server's own start and end: a mounted application gets none from its parent."""
        async with self._inner.router.lifespan_context(self._inner):
            yield


def application(service: Service) -> Guarded:
    """Stateless, so that any worker or replica may answer any request. Hosts are checked by the service."""
    from api.mcp import create_mcp

    server = create_mcp(service.agent)
    return Guarded(server.http_app(path="/", stateless_http=True, host_origin_protection=False))
