"""What is kept: PostgreSQL for replicas, and word of an answer that a killed process left unfinished."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from running import free_port, running

from agent.answer import Answer
from agent.chat import ChatRequest, Done, Event, TextDelta, ToolCall
from agent.graph import Agent
from agent.settings import Settings
from agent.threads_postgres import PostgresThreads
from api.slack.store import SqlStore

SUM = "what is 6 times 7?"
CACHE = "How many tokens can one H200 cache for Llama 3.1 8B in bf16?"


@pytest.fixture
def postgres() -> Iterator[str]:
    """The URL of an empty database in a real PostgreSQL."""
    given = os.environ.get("RACKRATE_TEST_POSTGRES_URL")
    pytest.importorskip("psycopg", reason="the extra `postgres` is not installed")
    name = f"rackrate_{uuid.uuid4().hex[:8]}"
    if given is None and (shutil.which("psql") is None or os.geteuid() != 0):
        pytest.skip(
            "no PostgreSQL to start a database in (set RACKRATE_TEST_POSTGRES_URL to use one elsewhere)"
        )
    admin = given or "postgres"
    command = ["psql", given, "-qc"] if given else ["su", "postgres", "-c"]

    def sql(statement: str) -> subprocess.CompletedProcess[str]:
        last = statement if given else f'psql -qc "{statement}"'
        return subprocess.run([*command, last], capture_output=True, text=True, cwd="/", check=False)

    made = sql(f"CREATE DATABASE {name}")
    if made.returncode != 0:
        pytest.skip(f"PostgreSQL does not answer: {made.stderr.strip()[:120]}")
    if given:
        yield f"{given.rsplit('/', 1)[0]}/{name}"
    else:
        sql(f"CREATE ROLE {name} LOGIN PASSWORD '{name}'")
        sql(f"ALTER DATABASE {name} OWNER TO {name}")
        yield f"postgresql://{name}:{name}@127.0.0.1/{name}"
    sql(f"DROP DATABASE {name} WITH (FORCE)")
    if admin == "postgres":
        sql(f"DROP ROLE {name}")


def test_two_replicas_on_postgres_share_threads_and_keep_them_straight(postgres: str, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    with (
        running(one, database_url=postgres) as first,
        running(two, database_url=postgres) as second,
        ThreadPoolExecutor(8) as pool,
    ):

        def ask(at: str, question: str, thread: str) -> dict[str, object]:
            body = {"question": question, "thread": thread}
            response = httpx.post(f"{at}/v1/ask", json=body, timeout=60)
            answer: dict[str, object] = response.json()
            assert response.status_code == 200, answer
            assert answer["warnings"] == []
            return answer

        ask(first, CACHE, "t")
        follow = ask(second, "and on an H100?", "t")
        assert "h100" in str(follow["tool_calls"])
        list(pool.map(lambda i: ask((first, second)[i % 2], f"what is {i} times 3?", f"p{i % 3}"), range(24)))
        for number in range(3):
            kept = httpx.get(f"{second}/v1/threads/p{number}").json()
            questions = [a["question"] for a in kept["answers"]]
            assert sorted(questions) == sorted(f"what is {i} times 3?" for i in range(24) if i % 3 == number)
            assert kept["interrupted"] == []
        assert httpx.delete(f"{first}/v1/threads/t").status_code == 204
        assert httpx.get(f"{second}/v1/threads/t").status_code == 404


def test_turns_in_postgres_are_begun_taken_over_and_finished_once(postgres: str) -> None:
    threads = PostgresThreads(postgres.replace("postgresql://", "postgresql+psycopg://"))
    answer = Answer(question="q", status="answered", text="x", provider="p")
    turn, late = threads.begin("t", "q", 60, "2026-01"), threads.begin("t", "late", -1)
    assert (turn.number, late.number) == (1, 2)
    assert [(one.question, one.as_of, one.interrupted) for one in threads.unanswered("t")] == [
        ("q", "2026-01", False),
        ("late", None, True),
    ]
    threads.renew([late], 60)
    assert not threads.unanswered("t")[1].interrupted
    threads.abandon(late, forget=False)
    with ThreadPoolExecutor(8) as pool:
        taken = [one for one in pool.map(lambda _: threads.take(late, 60), range(8)) if one]
    assert len(taken) == 1
    assert sorted(threads.open_runs()) == sorted([turn.run, late.run])
    assert not threads.finish(late, [], answer)
    assert threads.finish(taken[0], [], answer)
    threads.abandon(turn, forget=True)
    assert threads.unanswered("t") == []
    assert len(threads.answers("t")) == 1
    threads.begin("t", "again", -1)
    threads.begin("t", "again", 60)  # takes the place of the interrupted one
    assert [one.interrupted for one in threads.unanswered("t")] == [False]
    threads.close()


class Script:
    """Asks for a calculation, then says what came of it; hangs between the two when it is told to."""

    provider, model = "scripted", "script-1"

    def __init__(self, hang: bool) -> None:
        self.hang, self.hangs = hang, asyncio.Event()

    async def stream(self, request: ChatRequest) -> AsyncIterator[Event]:
        if request.messages[-1].role == "user":
            yield ToolCall("c1", "arithmetic", {"expression": "6 * 7"})
            yield Done("tool_use")
            return
        if self.hang:
            self.hangs.set()
            await asyncio.sleep(3600)
        yield TextDelta("42.")
        yield ToolCall("r", "report", {"status": "answered", "headline_call": "c1"})
        yield Done("end_turn")


async def test_a_paid_answer_cut_off_goes_on_at_another_replica(postgres: str, tmp_path: Path) -> None:
    one, two = (Settings(home=tmp_path / name, database_url=postgres) for name in ("one", "two"))
    cut = Script(hang=True)
    agent = Agent(one, models=[cut])
    asking = asyncio.create_task(agent.ask("six times seven?", thread="t"))
    await asyncio.wait_for(cut.hangs.wait(), 60)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    agent.close()
    other = Agent(two, models=[Script(hang=False)])
    (answer,) = await other.resume("t")
    assert (answer.text, len(answer.tool_calls)) == ("42.", 1)
    assert await other.checkpoints.sweep(list) == 0
    other.close()


def test_slack_events_on_postgres_are_taken_once(postgres: str, tmp_path: Path) -> None:
    async def play() -> int:
        stores = [SqlStore(Settings(home=tmp_path, database_url=postgres)) for _ in range(2)]
        taken = await asyncio.gather(*(stores[i % 2].claim_event("Ev1") for i in range(40)))
        for store in stores:
            await store.close()
        return sum(taken)

    assert asyncio.run(play()) == 1


def test_a_database_that_is_not_there_costs_the_thread_not_the_process(tmp_path: Path) -> None:
    gone = f"postgresql://nobody:secret-word@127.0.0.1:{free_port()}/none"
    with running(tmp_path, database_url=gone) as base:
        plain = httpx.post(f"{base}/v1/ask", json={"question": SUM}, timeout=60)
        threaded = httpx.post(f"{base}/v1/ask", json={"question": SUM, "thread": "t"}, timeout=60)
    assert plain.json()["status"] == "answered"
    assert threaded.status_code == 503
    assert "secret-word" not in threaded.text


def test_an_answer_cut_off_by_a_kill_is_told_of_at_the_next_read_and_finished_on_demand(
    tmp_path: Path,
) -> None:
    port = free_port()
    environment = {**os.environ, "RACKRATE_HOME": str(tmp_path), "RACKRATE_PROVIDER": "offline"}
    slow = (
        "import asyncio, uvicorn; from agent.settings import Settings; from agent.toolbox import Toolbox\n"
        "from api.http.app import create_app\n"
        "async def hang(*_, **__): await asyncio.sleep(60)\n"
        "app = create_app(Settings())\n"
        "app.state.service._rehearse = lambda _: asyncio.sleep(0)\n"
        "Toolbox.run = hang\n"
        f"uvicorn.run(app, port={port}, log_level='warning')"
    )
    process = subprocess.Popen([sys.executable, "-c", slow], env=environment)
    try:
        _wait(f"http://127.0.0.1:{port}/healthz")
        body = {"question": SUM, "thread": "cut"}
        with pytest.raises(httpx.TimeoutException):
            httpx.post(f"http://127.0.0.1:{port}/v1/ask", json=body, timeout=2)
        # the client is gone, the server works on
        found = httpx.get(f"http://127.0.0.1:{port}/v1/threads/cut").json()
        assert found == {"thread": "cut", "answers": [], "running": [SUM], "interrupted": []}
        process.send_signal(signal.SIGKILL)
    finally:
        process.kill()
        process.wait()
    with running(tmp_path) as base:
        found = httpx.get(f"{base}/v1/threads/cut").json()
        assert found == {"thread": "cut", "answers": [], "running": [], "interrupted": [SUM]}
        resumed = httpx.post(f"{base}/v1/threads/cut/resume", timeout=60).json()
        assert [answer["status"] for answer in resumed["answers"]] == ["answered"]
        assert resumed["interrupted"] == resumed["running"] == []
        assert httpx.post(f"{base}/v1/threads/cut/resume", timeout=60).json() == resumed  # nothing is left
        assert httpx.delete(f"{base}/v1/threads/cut").status_code == 204
        assert httpx.get(f"{base}/v1/threads/cut").status_code == 404


def _wait(url: str) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        try:
            if httpx.get(url).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("the service did not start")
