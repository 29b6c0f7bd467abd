"""The Bolt application: acknowledge first, work after; each event answered once, whatever Slack redelivers."""

from __future__ import annotations

import asyncio
import html
import json
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from agent.answer import Answer, ToolResult
from agent.graph import Agent
from agent.levers import headline_run
from agent.settings import Settings
from api.charts import charts, png, title_of
from api.slack import blocks
from tools import registry
from tools.errors import InputError, RackrateError

if TYPE_CHECKING:
    from slack_bolt.async_app import AsyncApp

log = logging.getLogger("rackrate.slack")

_MENTION = re.compile(r"<@[A-Z0-9]+(?:\|[^>]*)?>")
MAX_AT_ONCE = 8


class Store(Protocol):
    """What must be shared by replicas."""

    async def claim_event(self, event_id: str, work: dict[str, Any] | None = None) -> bool:
        """True for the first replica that asks about an event, False ever after."""
        ...

    async def finish_event(self, event_id: str) -> None:
        """The event has been answered."""
        ...

    async def abandoned(self) -> list[tuple[str, dict[str, Any]]]:
        """Events a replica took and never finished, with their work."""
        ...

    async def keep_feedback(self, *, user: str, thread: str, turn: int, verdict: str) -> None: ...

    async def close(self) -> None: ...


class SlackApp:
    """The handlers. `ask` answers one question; it is the service's, so that metrics and limits apply."""

    def __init__(
        self,
        settings: Settings,
        agent: Agent,
        store: Store,
        ask: Callable[..., Awaitable[Answer]] | None = None,
    ) -> None:
        self._agent, self._store = agent, store
        self._ask = ask or agent.ask
        self._gate = asyncio.Semaphore(MAX_AT_ONCE)
        self.bolt = self._make(settings)

    def _make(self, settings: Settings) -> AsyncApp:
        from slack_bolt.async_app import AsyncApp
        from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
        from slack_sdk.web.async_client import AsyncWebClient

        if settings.slack_bot_token is None:
            raise InputError("RACKRATE_SLACK_BOT_TOKEN", None, "the bot token of the Slack app (xoxb-…)")
        client = AsyncWebClient(
            token=settings.slack_bot_token.get_secret_value(),
            base_url=settings.slack_api_url or AsyncWebClient.BASE_URL,
        )
        client.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=3))
        secret = settings.slack_signing_secret
        bolt = AsyncApp(
            client=client,
            token=client.token,
            signing_secret=secret.get_secret_value() if secret else None,
            request_verification_enabled=secret is not None,
        )
        bolt.event("app_mention")(self._on_message)
        bolt.event("message")(self._on_message)
        bolt.event("app_home_opened")(self._on_home)
        bolt.command("/rackrate")(self._on_command)
        for action in ("feedback_up", "feedback_down"):
            bolt.action(action)(self._on_feedback)
        bolt.action("ask_example")(self._on_example)
        bolt.action("open_assumptions")(self._on_open)
        bolt.view("edit_assumptions")(self._on_edited)
        return bolt

    async def _on_message(self, event: Mapping[str, Any], body: Mapping[str, Any], client: Any) -> None:
        if event.get("type") == "message" and (event.get("channel_type") != "im" or event.get("subtype")):
            return  # channel talk that does not mention us, edits, joins
        if event.get("type") == "app_mention" and str(event["channel"]).startswith("D"):
            return  # a mention in a direct message comes as a message, too
        if event.get("bot_id"):
            return
        question = html.unescape(_MENTION.sub("", str(event.get("text", "")))).strip()
        event_id = str(body.get("event_id") or f"ts/{event['ts']}")
        work = {
            "channel": event["channel"],
            "root": event.get("thread_ts") or event["ts"],
            "team": body.get("team_id", "team"),
            "question": question,
        }
        if question:
            await self._work_on(event_id, work, client)
        elif await self._store.claim_event(event_id):
            await client.chat_postMessage(
                channel=work["channel"], thread_ts=work["root"], text=blocks.help_text()
            )

    async def _on_command(self, ack: Any, command: Mapping[str, Any], client: Any, respond: Any) -> None:
        question = html.unescape(str(command.get("text", ""))).strip()
        if not question or question.lower() == "help":
            await ack(blocks.help_text())
            return
        from slack_sdk.errors import SlackApiError

        await ack()
        if not await self._store.claim_event(f"command/{command.get('trigger_id', '')}"):
            return
        asked = blocks.escaped(f"{command.get('user_name', 'Somebody')} asks: {question}")
        channel, team = command["channel_id"], command.get("team_id", "team")
        try:
            said = await client.chat_postMessage(channel=channel, text=asked)
        except SlackApiError as error:
            log.info("a command is answered by its response address: %s", error.response.get("error"))
            await self._respond(respond, f"slack/{team}/{channel}/{command.get('trigger_id', '')}", question)
            return
        await self._answer(client, channel, said["ts"], team, question)

    async def _respond(self, respond: Any, thread: str, question: str) -> None:
        """Answer a command where the app may not post (a private channel it was not invited to): to the asker alone."""
        async with self._gate:
            try:
                answer = await self._ask(question, thread=thread, as_of=None)
            except RackrateError as error:
                await respond(text=f":warning: {blocks.escaped(str(error))}", response_type="ephemeral")
                return
        shown = blocks.answer_blocks(answer, thread, 0)[:-1]  # a form needs a channel to post to
        await respond(text=blocks.fallback(answer), blocks=shown, response_type="ephemeral")

    async def _on_example(
        self, ack: Any, body: Mapping[str, Any], action: Mapping[str, Any], client: Any
    ) -> None:
        """A question of the home tab, asked in the person's direct messages."""
        await ack()
        question, event = str(action["value"]), f"example/{body.get('trigger_id', '')}"
        if not await self._store.claim_event(event):
            return
        opened = await client.conversations_open(users=body["user"]["id"])
        channel = opened["channel"]["id"]
        said = await client.chat_postMessage(channel=channel, text=blocks.escaped(f"You asked: {question}"))
        team = (body.get("team") or {}).get("id", "team")
        await self._answer(client, channel, said["ts"], team, question)

    async def _on_home(self, event: Mapping[str, Any], client: Any) -> None:
        await client.views_publish(user_id=event["user"], view=blocks.home_view())

    async def _on_feedback(
        self, ack: Any, body: Mapping[str, Any], action: Mapping[str, Any], client: Any
    ) -> None:
        await ack()
        about = json.loads(action["value"])
        verdict = "up" if action["action_id"] == "feedback_up" else "down"
        await self._store.keep_feedback(user=body["user"]["id"], verdict=verdict, **about)
        await client.chat_postEphemeral(
            channel=body["channel"]["id"], user=body["user"]["id"], text="Thank you, noted.",
            thread_ts=body.get("message", {}).get("thread_ts"),
        )  # fmt: skip

    async def _on_open(
        self, ack: Any, body: Mapping[str, Any], action: Mapping[str, Any], client: Any
    ) -> None:
        await ack()
        about = json.loads(action["value"])
        calls = await self._calls(about)
        if not calls:
            return
        message = body.get("message", {})
        root = message.get("thread_ts") or message.get("ts")
        private = {**about, "channel": body["channel"]["id"], "root": root}
        view = blocks.assumptions_modal(calls[0], private)
        await client.views_open(trigger_id=body["trigger_id"], view=view)

    async def _on_edited(self, ack: Any, view: Mapping[str, Any], client: Any) -> None:
        private = json.loads(view["private_metadata"])
        calls = await self._calls(private)
        if not calls:
            await ack()
            return
        call = calls[0]
        given = blocks.form_values(view["state"]["values"])
        after = _edited(call, given)
        try:
            run = registry.run(call.tool, after, catalog=self._agent.toolbox.catalog)
        except RackrateError as error:
            field = getattr(error, "field", None)
            block = field if field in given else next(iter(given), "")
            await ack(response_action="errors", errors={block: str(error)[:150]})
            return
        await ack()
        changed = {name: value for name, value in after.items() if call.input.get(name) != value}
        about = {name: private[name] for name in ("thread", "turn")}
        await client.chat_postMessage(
            channel=private["channel"], thread_ts=private["root"], text="Run again with other inputs.",
            blocks=blocks.run_blocks(run, changed, call, about),
        )  # fmt: skip

    async def _calls(self, about: Mapping[str, Any]) -> list[ToolResult]:
        """The calculations of an answer that a button belongs to, the headline's first."""
        answers = await asyncio.to_thread(self._agent.threads.answers, about["thread"])
        if about["turn"] >= len(answers):
            return []
        answer = answers[about["turn"]]
        holder = headline_run(answer)
        return sorted((c for c in answer.tool_calls if not c.error), key=lambda call: call is not holder)

    async def take_over(self) -> int:
        """Answer what a killed replica left unanswered; how many there were."""
        left = await self._store.abandoned()
        for event_id, work in left:
            await self._finish(event_id, work, self.bolt.client)
        return len(left)

    async def keep_taking_over(self, every_s: float = 60.0) -> None:
        """`take_over` until cancelled; a database that is away is tried again."""
        while True:
            try:
                await self.take_over()
            except Exception as error:
                log.warning("abandoned events were not looked for: %s", type(error).__name__)
            await asyncio.sleep(every_s)

    async def _work_on(self, event_id: str, work: dict[str, Any], client: Any) -> None:
        if await self._store.claim_event(event_id, work):
            await self._finish(event_id, work, client)

    async def _finish(self, event_id: str, work: dict[str, Any], client: Any) -> None:
        await self._answer(client, work["channel"], work["root"], work["team"], work["question"])
        await self._store.finish_event(event_id)

    async def _answer(self, client: Any, channel: str, root: str, team: str, question: str) -> None:
        thread = f"slack/{team}/{channel}/{root}"
        async with self._gate:
            try:
                answer = await self._ask(question, thread=thread, as_of=None)
            except RackrateError as error:
                text = f":warning: {blocks.escaped(str(error))}"
                await client.chat_postMessage(channel=channel, thread_ts=root, text=text)
                return
            except Exception:
                log.exception("a Slack question failed")
                text = ":warning: Something went wrong here. Please ask again."
                await client.chat_postMessage(channel=channel, thread_ts=root, text=text)
                return
        turn = max(0, len(await asyncio.to_thread(self._agent.threads.answers, thread)) - 1)
        await client.chat_postMessage(
            channel=channel, thread_ts=root, text=blocks.fallback(answer), blocks=blocks.answer_blocks(answer, thread, turn),
            unfurl_links=False, unfurl_media=False,
        )  # fmt: skip
        await self._post_chart(client, channel, root, answer)

    async def _post_chart(self, client: Any, channel: str, root: str, answer: Answer) -> None:
        drawn = next(iter(charts(answer)), None)
        if drawn is None or answer.status != "answered":
            return
        title = title_of(drawn)
        try:
            picture = await asyncio.to_thread(png, drawn)
            await client.files_upload_v2(
                channel=channel, thread_ts=root, filename="rackrate.png", title=title, alt_txt=title, content=picture
            )  # fmt: skip
        except Exception as error:  # the answer stands without its picture
            log.warning("a chart was not posted: %s: %s", type(error).__name__, error)


def _edited(call: ToolResult, given: Mapping[str, str | None]) -> dict[str, Any]:
    """The input of a form: what was assumed is left to the calculator unless it was changed."""
    after: dict[str, Any] = {}
    for name, text in given.items():
        if text is None:
            continue
        value = _typed(text, call.input.get(name, call.taken.get(name)))
        if name in call.input or value != call.taken.get(name):
            after[name] = value
    return after


def _typed(text: str, before: Any) -> Any:
    """What was typed, as the kind of value that stood there; text with a unit stays text."""
    if isinstance(before, bool | list | dict):
        try:
            return json.loads(text)
        except json.JSONDecodeError:
            return text
    if isinstance(before, int | float):
        try:
            number = float(text)
        except ValueError:
            return text
        return int(number) if number.is_integer() else number
    return text
