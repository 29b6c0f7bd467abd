"""``POST /slack/events``: Slack's events, commands and buttons, where its secrets are set."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import APIRouter, Request, Response

from api.http.service import Service
from api.slack.app import SlackApp


class SlackEvents:
    """The Slack app inside the service."""

    def __init__(self, service: Service) -> None:
        from slack_bolt.adapter.fastapi.async_handler import AsyncSlackRequestHandler

        from api.slack.store import SqlStore

        self._store = SqlStore(service.settings)
        self.app = SlackApp(service.settings, service.agent, self._store, service.ask)
        self._handler = AsyncSlackRequestHandler(self.app.bolt)
        self.router = APIRouter(tags=["slack"])
        self.router.add_api_route(
            "/slack/events", self._events, methods=["POST"], include_in_schema=False, response_model=None
        )

    async def _events(self, request: Request) -> Response:
        """Signature and time stamp are checked by Bolt; the answer follows after the acknowledgement."""
        return await self._handler.handle(request)

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.app.keep_taking_over())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await self._store.close()


def slack_events(service: Service) -> SlackEvents | None:
    """None where the signing secret or the bot token is not set."""
    settings = service.settings
    if settings.slack_signing_secret is None or settings.slack_bot_token is None:
        return None
    return SlackEvents(service)
