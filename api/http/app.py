"""The application: middleware, problems, routes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from typing import Any

from fastapi import FastAPI

from agent import heap
from agent.graph import Agent
from agent.settings import Settings
from api.http import ask, facts, guard, health, mcp_mount, openai_chat, problems, tools, web
from api.http.service import Service
from api.http.slack_events import slack_events

DESCRIPTION = (
    "Answers compute-market questions with numbers traced to a calculation or a source. "
    "Errors are RFC 9457 problem details."
)


def create_app(
    settings: Settings, *, host: str = "127.0.0.1", agent: Agent | None = None, alone: bool = False
) -> FastAPI:
    """The service as an ASGI application. InputError when it would be open to the world without keys.

    `alone` says that the process is for nothing else: it may take a second longer to warm up, and its garbage
    collector is set for serving.
    """
    service = Service(settings, host=host, agent=agent)
    tools_for_llms = mcp_mount.application(service)
    slack = slack_events(service)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with tools_for_llms.lifespan(), slack.lifespan() if slack else nullcontext():
            await service.start(thorough=alone)
            if alone:
                heap.settle()
            yield
            await service.stop()

    app = FastAPI(
        title="rackrate",
        version="1",
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.state.service = service
    problems.install(app)
    guard.install(app, service)
    for module in (ask, tools, facts, openai_chat, health, web):
        app.include_router(module.router)
    if slack:
        app.include_router(slack.router)
    app.mount("/mcp", tools_for_llms)
    plain = app.openapi
    described: list[dict[str, Any]] = []

    def openapi() -> dict[str, Any]:
        if not described:
            described.append(problems.describe(plain()))
        return described[0]

    app.openapi = openapi  # type: ignore[method-assign]
    return app


def from_environment() -> FastAPI:
    """The application of a `serve` worker: settings from the environment."""
    import os

    return create_app(Settings(), host=os.environ.get("RACKRATE_SERVE_HOST", "127.0.0.1"), alone=True)
