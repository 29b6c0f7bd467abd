"""Socket Mode: events come over a socket that this process opens, so nothing here is reachable from outside."""

from __future__ import annotations

import asyncio
import logging

from agent.graph import Agent
from api.slack.app import SlackApp
from api.slack.store import SqlStore

log = logging.getLogger("rackrate.slack")


async def serve(agent: Agent) -> None:
    """Answer until cancelled. The socket reconnects by itself."""
    from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler

    settings = agent.settings
    token = settings.slack_app_token
    store = SqlStore(settings)
    app = SlackApp(settings, agent, store)
    await asyncio.to_thread(agent.warm)
    handler = AsyncSocketModeHandler(app.bolt, token.get_secret_value() if token else None)
    watch = asyncio.create_task(app.keep_taking_over())
    try:
        await handler.start_async()  # type: ignore[no-untyped-call]
    finally:
        watch.cancel()
        await handler.close_async()  # type: ignore[no-untyped-call]
        await store.close()
