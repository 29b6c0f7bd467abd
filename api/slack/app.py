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
    from slack_bolt.response import BoltResponse

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

    async def renew(self) -> None:
        """What is worked on here still is."""
        ...

    async def still_mine(self, event_id: str) -> bool:
        """Whether an event is worked on here and nowhere else."""
        ...

    def let_go(self, event_id: str) -> None:
        """An event is worked on here no more."""
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
        self._every_s = settings.slack_lease_s / 4
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
        bolt.use(self._take)
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

    async def _take(
        self, body: Mapping[str, Any], next: Callable[[], Awaitable[None]]
    ) -> BoltResponse | None:
        """Before Slack is answered: an event is taken, once among replicas, with what is to be done.

        A kill after this loses nothing; a database that is away makes this fail, and Slack sends the event again.
        """
        work = _work(body)
        if work is not None and not await self._store.claim_event(_id_of(body), work):
            from slack_bolt.response import BoltResponse

            return BoltResponse(status=200, body="")
        await next()
        return None

    async def _on_message(self, body: Mapping[str, Any], client: Any) -> None:
        work = _work(body)
        if work is None:
            return
        if work["question"]:
            await self._finish(_id_of(body), work, client)
            return
        await client.chat_postMessage(
            channel=work["channel"], thread_ts=work["root"], text=blocks.help_text()
        )
        await self._store.finish_event(_id_of(body))

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
        await self._answer(client, channel, said["ts"], team, question, None)

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
        await self._answer(client, channel, said["ts"], team, question, None)

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
        await asyncio.gather(*(self._again(event_id, work) for event_id, work in left))
        return len(left)

    async def keep_taking_over(self) -> None:
        """Renew what is worked on here and take over what others left, until cancelled."""
        taking: asyncio.Task[int] | None = None
        while True:
            try:
                await self._store.renew()
                if taking is None or taking.done():
                    taking = asyncio.create_task(self.take_over())
                    taking.add_done_callback(_told)
            except Exception as error:  # a database that is away is tried again
                log.warning("events were not renewed: %s", type(error).__name__)
            await asyncio.sleep(self._every_s)

    async def _again(self, event_id: str, work: dict[str, Any]) -> None:
        if await self._posted(event_id, work):
            await self._store.finish_event(event_id)
        else:
            await self._finish(event_id, work, self.bolt.client)

    async def _posted(self, event_id: str, work: Mapping[str, Any]) -> bool:
        """Whether the replica that was killed had posted its answer, which Slack knows by the message's metadata."""
        try:
            said = await self.bolt.client.conversations_replies(
                channel=work["channel"], ts=work["root"], include_all_metadata=True, limit=200
            )
        except (
            Exception
        ) as error:  # without the scope to read a channel, an answer may come twice, never not at all
            log.warning("a thread was not looked at: %s", type(error).__name__)
            return False
        messages: list[dict[str, Any]] = said.get("messages", [])
        wanted = blocks.metadata(event_id)
        return any((message.get("metadata") or {}) == wanted for message in messages)

    async def _finish(self, event_id: str, work: dict[str, Any], client: Any) -> None:
        place = (work["channel"], work["root"], work["team"])
        try:
            if await self._answer(client, *place, work["question"], event_id):
                await self._store.finish_event(event_id)
        finally:  # when it failed, somebody takes it over once the lease has run out
            self._store.let_go(event_id)

    async def _answer(
        self, client: Any, channel: str, root: str, team: str, question: str, event_id: str | None
    ) -> bool:
        """Whether the answer was posted here; not when we were so slow that another replica took the event over."""
        thread = f"slack/{team}/{channel}/{root}"
        answer: Answer | None = None
        async with self._gate:
            try:
                answer = await self._ask(question, thread=thread, as_of=None)
            except RackrateError as error:
                said: dict[str, Any] = {"text": f":warning: {blocks.escaped(str(error))}"}
            except Exception:
                log.exception("a Slack question failed")
                said = {"text": ":warning: Something went wrong here. Please ask again."}
        if answer is not None:
            turn = max(0, len(await asyncio.to_thread(self._agent.threads.answers, thread)) - 1)
            said = {"text": blocks.fallback(answer), "blocks": blocks.answer_blocks(answer, thread, turn)}
        if event_id is not None:
            if not await self._store.still_mine(event_id):
                return False
            said["metadata"] = blocks.metadata(event_id)
        await client.chat_postMessage(
            channel=channel, thread_ts=root, unfurl_links=False, unfurl_media=False, **said
        )
        if answer is not None:
            await self._post_chart(client, channel, root, answer)
        return True

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


def _work(body: Mapping[str, Any]) -> dict[str, Any] | None:
    """What an event asks to be done; None for events that ask nothing of us."""
    event = body.get("event") or {}
    kind, channel = event.get("type"), str(event.get("channel", ""))
    if kind not in ("message", "app_mention") or event.get("bot_id"):
        return None
    if kind == "message" and (event.get("channel_type") != "im" or event.get("subtype")):
        return None  # channel talk that does not mention us, edits, joins
    if kind == "app_mention" and channel.startswith("D"):
        return None  # a mention in a direct message comes as a message, too
    return {
        "channel": channel,
        "root": event.get("thread_ts") or event["ts"],
        "team": body.get("team_id", "team"),
        "question": html.unescape(_MENTION.sub("", str(event.get("text", "")))).strip(),
    }


def _id_of(body: Mapping[str, Any]) -> str:
    return str(body.get("event_id") or f"ts/{body['event']['ts']}")


def _told(task: asyncio.Task[int]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.warning("abandoned events were not all answered: %s", type(error).__name__)


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
