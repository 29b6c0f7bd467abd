"""Slack events under faults: replayed, redelivered, their replica killed, their database away, clocks that differ."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from running import serving
from servers import Postgres, Server, postgres, replica, started
from slack_sdk.signature import SignatureVerifier
from slack_standin import SECRET, Slack, event_body

SLACK = {"slack_signing_secret": SECRET, "slack_bot_token": "xoxb-1", "slack_lease_s": "2"}


@pytest.fixture(scope="module")
def database() -> Iterator[Postgres]:
    with postgres() as server:
        yield server


@pytest.fixture(scope="module")
def stand_in() -> Iterator[tuple[Slack, str]]:
    slack = Slack()
    with serving(slack.application()) as address:
        yield slack, address


@pytest.fixture(scope="module")
def replicas(
    tmp_path_factory: pytest.TempPathFactory, database: Postgres, stand_in: tuple[Slack, str]
) -> Iterator[list[Server]]:
    shared = {"database_url": database.url, "slack_api_url": f"{stand_in[1]}/api/", **SLACK}
    both = [replica(_home(tmp_path_factory, name), **shared) for name in ("one", "two")]
    with started(*both):
        yield both


def _home(factory: pytest.TempPathFactory, name: str) -> Path:
    return factory.mktemp(name)


@pytest.fixture
def slack(stand_in: tuple[Slack, str]) -> Slack:
    stand_in[0].calls.clear()
    return stand_in[0]


def request(event_id: str, number: int, *, age_s: float = 0) -> tuple[str, dict[str, str]]:
    """The body and headers of a mention as Slack sends it."""
    event = {"type": "app_mention", "user": "U7", "channel": "C1", "ts": f"{number}.5", "text": f"<@U0BOT> what is {number} times 3?"}  # fmt: skip
    body, stamp = json.dumps(event_body(event_id, event)), str(int(time.time() - age_s))
    signature = SignatureVerifier(SECRET).generate_signature(timestamp=stamp, body=body) or ""
    headers = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": signature}
    return body, {**headers, "Content-Type": "application/json"}


def posted(slack: Slack) -> Counter[str]:
    """How often each question's thread was answered."""
    return Counter(str(message["thread_ts"]) for message in slack.of("chat.postMessage"))


def send(client: httpx.Client, server: Server, sent: tuple[str, dict[str, str]]) -> int:
    """The status Slack would see; 0 when there is none."""
    body, headers = sent
    with suppress(httpx.TransportError):
        return client.post(f"{server.url}/slack/events", content=body, headers=headers).status_code
    return 0


def test_a_thousand_replays_are_answered_once(replicas: list[Server], slack: Slack) -> None:
    """Half of them fresh copies of one request, half copies whose time stamp is old: valid signatures all."""
    fresh, stale = request("EvR", 1), request("EvR", 1, age_s=301)
    with httpx.Client(timeout=60) as client, ThreadPoolExecutor(16) as pool:
        sent = [fresh, stale] * 500
        statuses = list(pool.map(lambda i: send(client, replicas[i // 2 % 2], sent[i]), range(len(sent))))
    assert Counter(statuses[::2]) == {200: 500}
    assert Counter(statuses[1::2]) == {401: 500}
    slack.wait("chat.postMessage")
    time.sleep(1)
    assert posted(slack) == {"1.5": 1}


@pytest.mark.parametrize(("skew_s", "status"), [(290, 200), (-290, 200), (310, 401), (-310, 401)])
def test_clocks_may_differ_by_five_minutes(
    replicas: list[Server], slack: Slack, skew_s: int, status: int
) -> None:
    with httpx.Client(timeout=60) as client:
        assert send(client, replicas[0], request(f"EvS{skew_s}", 1000 + skew_s, age_s=skew_s)) == status
    if status == 200:
        slack.wait("chat.postMessage")


def test_a_replica_killed_with_events_in_hand_loses_none_and_answers_none_twice(
    replicas: list[Server], slack: Slack
) -> None:
    one, two = replicas
    events = [request(f"EvK{number}", number) for number in range(100, 140)]
    with httpx.Client(timeout=60) as client, ThreadPoolExecutor(16) as pool:
        sending = [pool.submit(send, client, one, event) for event in events]
        slack.until(lambda: len(slack.of("chat.postMessage")) >= 5)
        one.kill()
        statuses = [future.result() for future in sending]
        for event, status in zip(events, statuses, strict=True):
            if status != 200:  # Slack sends again what was not acknowledged
                assert send(client, two, event) == 200
    wanted = {f"{number}.5" for number in range(100, 140)}
    slack.until(lambda: posted(slack).keys() >= wanted, seconds=90)
    time.sleep(3)  # longer than the lease: nobody takes over what was finished
    one.start()
    assert posted(slack) == dict.fromkeys(wanted, 1)


def test_events_sent_while_the_database_is_away_are_refused_and_answered_when_sent_again(
    replicas: list[Server], slack: Slack, database: Postgres
) -> None:
    event = request("EvD", 500)
    with httpx.Client(timeout=60) as client:
        database.crash()
        assert send(client, replicas[0], event) >= 500  # not acknowledged: Slack keeps it
        database.start()
        assert send(client, replicas[1], event) == 200
        assert send(client, replicas[0], event) == 200
    slack.wait("chat.postMessage")
    time.sleep(1)
    assert posted(slack) == {"500.5": 1}
