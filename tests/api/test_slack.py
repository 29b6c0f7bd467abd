"""The Slack app against a stand-in for Slack: what it posts, how fast it acknowledges, what it refuses."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from running import running, serving
from slack_standin import PRIVATE, SECRET, Slack, event_body, send_event, send_form, send_interaction, signed

from agent.settings import Settings
from api.slack.blocks import mrkdwn
from api.slack.store import SqlStore

FITS = "how many concurrent requests fit for Llama 3.1 8B in bf16 on one H100 at 8k context?"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("slack")


@pytest.fixture(scope="module")
def stand_in() -> Iterator[tuple[Slack, str]]:
    slack = Slack()
    with serving(slack.application()) as address:
        yield slack, address


@contextmanager
def replica(home: Path, api: str) -> Iterator[str]:
    with running(
        home, slack_signing_secret=SECRET, slack_bot_token="xoxb-1", slack_api_url=f"{api}/api/"
    ) as address:
        yield address


@pytest.fixture(scope="module")
def base(home: Path, stand_in: tuple[Slack, str]) -> Iterator[str]:
    with replica(home, stand_in[1]) as address:
        yield address


@pytest.fixture
def slack(stand_in: tuple[Slack, str]) -> Slack:
    stand_in[0].calls.clear()
    stand_in[0].files.clear()
    return stand_in[0]


def mention(text: str, ts: str, **more: str) -> dict[str, str]:
    return {
        "type": "app_mention",
        "user": "U1",
        "text": f"<@U0BOT> {text}",
        "channel": "C1",
        "ts": ts,
        **more,
    }


def words(message: dict[str, Any]) -> str:
    return json.dumps(message.get("blocks", message.get("text")), ensure_ascii=False)


def test_a_mention_is_acknowledged_at_once_and_answered_in_its_thread(base: str, slack: Slack) -> None:
    began = time.monotonic()
    response = send_event(base, "Ev1", mention(FITS, "1.1"))
    assert response.status_code == 200
    assert time.monotonic() - began < 3
    (message,) = slack.wait("chat.postMessage")
    assert (message["channel"], message["thread_ts"]) == ("C1", "1.1")
    kinds = [block["type"] for block in message["blocks"]]
    assert kinds[0] == "header"
    assert kinds[-1] == "actions"
    assert len(message["blocks"]) <= 50
    assert message["text"]


def test_a_follow_up_in_the_thread_knows_what_came_before(base: str, slack: Slack) -> None:
    send_event(base, "Ev2", mention(FITS, "2.1"))
    (first,) = slack.wait("chat.postMessage")
    send_event(base, "Ev3", mention("and on an H200?", "2.2", thread_ts="2.1"))
    second = slack.wait("chat.postMessage", 2)[1]
    assert second["thread_ts"] == "2.1"
    assert "H200" in words(second)
    assert second["blocks"][0] != first["blocks"][0]


def test_a_direct_message_is_answered_and_channel_talk_is_not(base: str, slack: Slack) -> None:
    talk = {
        "type": "message",
        "user": "U1",
        "text": FITS,
        "channel": "C1",
        "ts": "3.0",
        "channel_type": "channel",
    }
    send_event(base, "Ev4", talk)
    send_event(base, "Ev5", {**talk, "channel": "D1", "channel_type": "im", "subtype": "message_changed"})
    send_event(base, "Ev6", {**talk, "channel": "D1", "channel_type": "im", "ts": "3.1"})
    (message,) = slack.wait("chat.postMessage")
    assert message["channel"] == "D1"
    time.sleep(0.5)
    assert len(slack.of("chat.postMessage")) == 1


def test_a_command_is_acknowledged_and_answered(base: str, slack: Slack) -> None:
    fields = {
        "command": "/rackrate",
        "channel_id": "C2",
        "team_id": "T1",
        "user_id": "U1",
        "user_name": "ann",
    }
    assert send_form(base, {**fields, "text": FITS, "trigger_id": "t.1"}).status_code == 200
    asked, answer = slack.wait("chat.postMessage", 2)
    assert FITS.split("?")[0] in asked["text"]
    assert answer["blocks"][0]["type"] == "header"
    empty = send_form(base, {**fields, "text": "", "trigger_id": "t.2"})
    assert "Ask a question" in empty.text


def test_a_command_where_the_app_may_not_post_is_answered_to_the_asker(
    base: str, slack: Slack, stand_in: tuple[Slack, str]
) -> None:
    fields = {
        "command": "/rackrate", "channel_id": PRIVATE, "team_id": "T1", "user_id": "U1", "user_name": "ann",
        "text": FITS, "trigger_id": "t.3", "response_url": f"{stand_in[1]}/respond",
    }  # fmt: skip
    assert send_form(base, fields).status_code == 200
    (told,) = slack.wait("respond")
    assert told["response_type"] == "ephemeral"
    assert told["blocks"][0]["type"] == "header"


def test_an_example_of_the_home_tab_is_asked_in_a_direct_message(base: str, slack: Slack) -> None:
    pressed = {
        "type": "block_actions", "user": {"id": "U7"}, "team": {"id": "T1"}, "api_app_id": "A1",
        "trigger_id": "t.4", "view": {"id": "V0", "type": "home"},
        "actions": [{"action_id": "ask_example", "block_id": "b", "type": "button", "value": FITS, "action_ts": "1"}],
    }  # fmt: skip
    assert send_interaction(base, pressed).status_code == 200
    asked, answer = slack.wait("chat.postMessage", 2)
    assert asked["channel"] == answer["channel"] == "D7"
    assert answer["thread_ts"]


def test_a_mention_without_a_question_is_helped(base: str, slack: Slack) -> None:
    send_event(base, "Ev30", mention("", "30.1"))
    (message,) = slack.wait("chat.postMessage")
    assert "Ask a question" in message["text"]


def test_the_home_tab_shows_examples(base: str, slack: Slack) -> None:
    send_event(base, "Ev7", {"type": "app_home_opened", "user": "U1", "channel": "D1", "tab": "home"})
    (published,) = slack.wait("views.publish")
    assert published["user_id"] == "U1"
    assert "/rackrate" in words(published["view"])


def button(message: dict[str, Any], action: str) -> dict[str, Any]:
    """What Slack sends when somebody presses a button of a message."""
    pressed = next(e for e in message["blocks"][-1]["elements"] if e["action_id"] == action)
    return {
        "type": "block_actions", "user": {"id": "U7"}, "team": {"id": "T1"}, "api_app_id": "A1",
        "trigger_id": "t.9", "channel": {"id": message["channel"]},
        "message": {"ts": "9.9", "thread_ts": message["thread_ts"]},
        "actions": [{**pressed, "block_id": "b", "type": "button", "action_ts": "1"}],
    }  # fmt: skip


def test_feedback_is_stored_once_a_person(base: str, slack: Slack, home: Path) -> None:
    send_event(base, "Ev8", mention(FITS, "8.1"))
    (message,) = slack.wait("chat.postMessage")
    for count, action in enumerate(("feedback_up", "feedback_down"), 1):
        assert send_interaction(base, button(message, action)).status_code == 200
        slack.wait("chat.postEphemeral", count)

    async def kept() -> list[dict[str, Any]]:
        store = SqlStore(Settings(home=home))
        try:
            return await store.feedback()
        finally:
            await store.close()

    (row,) = [row for row in asyncio.run(kept()) if row["thread"].endswith("8.1")]
    assert (row["person"], row["turn"], row["verdict"]) == ("U7", 0, "down")


def standing(element: dict[str, Any]) -> dict[str, Any]:
    """What Slack says stands in a field nobody touched."""
    if element["type"] == "static_select":
        return {"selected_option": element["initial_option"]}
    return {"value": element["initial_value"]}


def test_assumptions_are_edited_in_a_form_and_run_again(base: str, slack: Slack) -> None:
    send_event(base, "Ev9", mention(FITS, "9.1"))
    (message,) = slack.wait("chat.postMessage")
    send_interaction(base, button(message, "open_assumptions"))
    (opened,) = slack.wait("views.open")
    view = opened["view"]
    assert len(view["private_metadata"]) < 3000
    values = {b["block_id"]: {"value": standing(b["element"])} for b in view["blocks"]}
    cache = next(b for b in view["blocks"] if b["block_id"] == "kv_precision")
    assert cache["label"]["text"].endswith("assumed")
    assert cache["element"]["initial_option"]["value"] == "bf16"
    assert values["chip"]["value"]["value"].startswith("h100")

    def submit(**changed: str) -> Any:
        state = {**values, **{name: {"value": {"value": text}} for name, text in changed.items()}}
        sent = {**view, "id": "V1", "state": {"values": state}}
        return send_interaction(
            base, {"type": "view_submission", "user": {"id": "U7"}, "team": {"id": "T1"}, "view": sent}
        )

    refused = submit(n_chips="0").json()
    assert refused["response_action"] == "errors"
    assert "n_chips" in refused["errors"]
    assert submit(n_chips="4").status_code == 200
    again = slack.wait("chat.postMessage", 2)[1]
    assert again["thread_ts"] == "9.1"
    assert "n chips = 4" in words(again)
    assert "was " in words(again)
    assert "kv" not in again["blocks"][0]["text"]["text"].lower(), "what was assumed is not given"
    assert again["blocks"][-1]["elements"][0]["action_id"] == "open_assumptions"


def test_a_chart_is_posted_into_the_thread(base: str, slack: Slack) -> None:
    send_event(base, "Ev10", mention("rank H100, H200, MI300X and Trainium2 by HBM per dollar", "10.1"))
    slack.wait("files.completeUploadExternal", seconds=60)
    assert slack.files
    assert slack.files[0][:8] == b"\x89PNG\r\n\x1a\n"
    assert slack.of("files.completeUploadExternal")[0]["thread_ts"] == "10.1"


def test_slacks_rate_limit_is_waited_for(base: str, slack: Slack) -> None:
    slack.busy = 1
    send_event(base, "Ev11", mention("what is 2 times 3?", "11.1"))
    (message,) = slack.wait("chat.postMessage")
    assert "6" in words(message)


def test_redelivered_events_are_answered_once_by_two_replicas(
    base: str, home: Path, slack: Slack, stand_in: tuple[Slack, str]
) -> None:
    with replica(home, stand_in[1]) as other, ThreadPoolExecutor(16) as pool:
        event = mention("what is 6 times 7?", "12.1")
        sent = [pool.submit(send_event, (base, other)[i % 2], "Ev12", event) for i in range(200)]
        assert {future.result().status_code for future in sent} == {200}
        slack.wait("chat.postMessage")
        time.sleep(1)
    assert len(slack.of("chat.postMessage")) == 1


def test_what_a_killed_replica_left_is_taken_over_once(tmp_path: Path) -> None:
    async def play() -> tuple[list[Any], list[Any], list[Any]]:
        killed, one, other = (SqlStore(Settings(home=tmp_path)) for _ in range(3))
        assert await killed.claim_event("Ev1", {"question": "?"})
        assert await killed.claim_event("Ev2", {"question": "!"})
        await killed.finish_event("Ev2")
        early = await one.abandoned()
        late = await asyncio.gather(one.abandoned(lease_s=-1), other.abandoned(lease_s=-1))
        assert not await one.claim_event("Ev1")
        await one.finish_event("Ev1")
        after = await one.abandoned(lease_s=-1)
        for store in (killed, one, other):
            await store.close()
        return early, [event for taken in late for event in taken], after

    early, late, after = asyncio.run(play())
    assert early == []
    assert ("Ev1", {"question": "?"}) in late
    assert {event for event, _ in late} == {"Ev1"}
    assert after == []


@pytest.mark.parametrize("how", [{"secret": "forged"}, {"age_s": 400}, {"age_s": -400}])
def test_forged_and_stale_signatures_are_refused(base: str, slack: Slack, how: dict[str, Any]) -> None:
    assert send_event(base, "Ev13", mention(FITS, "13.1"), **how).status_code == 401
    time.sleep(0.3)
    assert slack.of("chat.postMessage") == []


def test_slack_may_use_the_services_public_name(base: str) -> None:
    challenge = json.dumps({"type": "url_verification", "challenge": "c-1", "token": "x"})
    response = signed(base, challenge, host="bot.example.com")
    assert response.status_code == 200
    assert "c-1" in response.text


def test_without_secrets_there_is_no_slack_route(tmp_path: Path) -> None:
    with running(tmp_path) as address:
        assert signed(address, "{}").status_code == 404


async def test_socket_mode_answers_what_comes_over_the_socket(tmp_path: Path) -> None:
    from agent.graph import Agent
    from api.slack.socket import serve

    slack = Slack()
    body = event_body("Ev20", mention("what is 5 times 5?", "20.1"))
    slack.envelopes.append({"type": "events_api", "envelope_id": "env-1", "payload": body})
    with serving(slack.application()) as api:
        settings = Settings(
            home=tmp_path, provider="offline", slack_bot_token="xoxb-1", slack_app_token="xapp-1",
            slack_api_url=f"{api}/api/",
        )  # fmt: skip
        agent = Agent(settings)
        running_bot = asyncio.create_task(serve(agent))
        try:
            (message,) = await asyncio.to_thread(slack.wait, "chat.postMessage")
        finally:
            running_bot.cancel()
            await asyncio.gather(running_bot, return_exceptions=True)
            agent.close()
    assert slack.acknowledged == ["env-1"]
    assert "25" in words(message)


def test_nothing_a_question_says_is_markup_of_slacks() -> None:
    text = mrkdwn("<!channel> <@U1> <http://x|y> & **bold**")
    assert text == "&lt;!channel&gt; &lt;@U1&gt; &lt;http://x|y&gt; &amp; *bold*"


def test_the_manifest_asks_for_what_the_app_uses() -> None:
    import api.slack

    manifest = yaml.safe_load((Path(api.slack.__file__).parent / "manifest.yaml").read_text())
    assert {"app_mention", "message.im", "app_home_opened"} <= set(
        manifest["settings"]["event_subscriptions"]["bot_events"]
    )
    assert {"app_mentions:read", "chat:write", "commands", "files:write", "im:history"} <= set(
        manifest["oauth_config"]["scopes"]["bot"]
    )
    assert manifest["features"]["slash_commands"][0]["command"] == "/rackrate"
