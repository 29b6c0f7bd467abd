"""Turns that are worked on: begun before the work, whole or not there, interrupted when their process is gone."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import ScriptedModel, calls, says

from agent.answer import Answer
from agent.chat import ChatRequest, Event, Message
from agent.errors import AgentError, ThreadError
from agent.graph import Agent
from agent.settings import Settings
from agent.threads import Threads
from agent.turns import new_token, owner_gone

MakeAgent = Callable[..., Agent]


def _answer(text: str = "x") -> Answer:
    return Answer(question="q", status="answered", text=text, provider="p")


@pytest.fixture
def threads(home: Path) -> Threads:
    return Threads(home / "t.sqlite")


def test_a_turn_is_unanswered_until_it_is_whole(threads: Threads) -> None:
    turn = threads.begin("t", "q", 60)
    assert threads.answers("t") == []
    assert threads.history("t") == []
    assert threads.last("t") is None
    (left,) = threads.unanswered("t")
    assert (left.question, left.interrupted) == ("q", False)
    assert threads.finish(turn, [Message("user", "q")], _answer())
    assert threads.unanswered("t") == []
    assert [a.text for a in threads.answers("t")] == ["x"]
    assert not threads.finish(turn, [Message("user", "q")], _answer("again"))  # once whole, it stays


def test_turns_keep_the_order_in_which_they_were_asked(threads: Threads) -> None:
    first, second = threads.begin("t", "1", 60), threads.begin("t", "2", 60)
    threads.finish(second, [Message("user", "2")], _answer("two"))
    assert threads.history("t", before=second.number) == []
    threads.finish(first, [Message("user", "1")], _answer("one"))
    assert [a.text for a in threads.answers("t")] == ["one", "two"]


def test_a_deleted_thread_stays_deleted(threads: Threads) -> None:
    turn = threads.begin("t", "q", 60)
    assert threads.delete("t") == 1
    threads.begin("t", "another", 60)
    assert not threads.finish(turn, [Message("user", "q")], _answer())
    assert threads.answers("t") == []


def test_a_lease_that_ran_out_is_an_interruption_and_a_renewed_one_is_none(threads: Threads) -> None:
    turn = threads.begin("t", "q", -1)
    assert threads.unanswered("t")[0].interrupted
    threads.renew([turn], 60)
    assert not threads.unanswered("t")[0].interrupted


def test_one_of_many_takes_an_interrupted_turn(threads: Threads) -> None:
    left = threads.begin("t", "q", -1)
    taken = [threads.take(left, 60) for _ in range(5)]
    assert sum(turn is not None for turn in taken) == 1
    (mine,) = [turn for turn in taken if turn]
    assert mine.run == left.run
    assert not threads.finish(left, [], _answer())  # whoever lost it cannot write into it
    assert threads.finish(mine, [], _answer())


def test_asking_again_takes_the_place_of_the_interrupted_question(threads: Threads) -> None:
    threads.begin("t", "q", -1)
    threads.begin("t", "another", -1)
    threads.begin("t", "q", 60)
    assert [(one.question, one.interrupted) for one in threads.unanswered("t")] == [
        ("another", True),
        ("q", False),
    ]


def test_a_process_that_ended_is_seen_at_once_and_others_are_believed() -> None:
    assert not owner_gone(new_token())
    code = "from agent.turns import new_token; print(new_token())"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert owner_gone(ended.stdout.strip())
    host, process, _, rest = new_token().split("/", 3)
    assert owner_gone(f"{host}/{process}/1/{rest}")  # the same number, begun at another time
    assert not owner_gone(f"elsewhere/{process}/1/{rest}")
    assert not owner_gone("")
    assert os.getpid() == int(process)


def test_a_file_of_the_first_version_is_brought_up_to_date(home: Path) -> None:
    home.mkdir()
    with sqlite3.connect(home / "t.sqlite") as old:
        old.execute(
            "CREATE TABLE turns (thread TEXT NOT NULL, turn INTEGER NOT NULL, asked_at TEXT NOT NULL, question TEXT "
            "NOT NULL, messages TEXT NOT NULL, answer TEXT NOT NULL, PRIMARY KEY (thread, turn)) WITHOUT ROWID"
        )
        row = ("t", 1, "2026-01-01", "q", "[]", _answer("old").model_dump_json())
        old.execute("INSERT INTO turns VALUES (?, ?, ?, ?, ?, ?)", row)
    threads = Threads(home / "t.sqlite")
    assert [a.text for a in threads.answers("t")] == ["old"]
    assert threads.begin("t", "next", 60).number == 2


class Hanging(ScriptedModel):
    """Plays its turns, then hangs."""

    def __init__(self, *turns: Any) -> None:
        super().__init__(*turns, says("never"))
        self.hangs = asyncio.Event()

    async def stream(self, request: ChatRequest) -> AsyncIterator[Event]:
        if len(self.requests) == len(self.turns) - 1:
            self.hangs.set()
            await asyncio.sleep(3600)
        async for event in super().stream(request):
            yield event

    async def cut_off(self, agent: Agent, question: str, **how: str) -> None:
        """Ask, and cancel once the model hangs."""
        asking = asyncio.create_task(agent.ask(question, **how))
        await asyncio.wait_for(self.hangs.wait(), 30)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking


async def test_a_failure_leaves_no_turn_and_a_cancelled_answer_an_interrupted_one(
    make_agent: MakeAgent,
) -> None:
    agent = make_agent(ScriptedModel(RuntimeError("broken")))
    with pytest.raises(AgentError):
        await agent.ask("q", thread="t")
    assert agent.threads.unanswered("t") == []
    model = Hanging()
    await model.cut_off(make_agent(model), "q", thread="t")
    assert [one.interrupted for one in agent.threads.unanswered("t")] == [True]


async def test_a_disk_that_cannot_take_the_turn_costs_the_thread_and_says_so(
    make_agent: MakeAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = make_agent(ScriptedModel(says("fine")))

    def full(*_: object) -> None:
        raise ThreadError("cannot write threads in x: database or disk is full")

    monkeypatch.setattr(agent.threads, "begin", full)
    monkeypatch.setattr(agent.threads, "append", full)
    answer = await agent.ask("q", thread="t")
    assert answer.text == "fine"
    assert any("disk is full" in warning for warning in answer.warnings)


async def test_a_key_pasted_into_a_question_is_not_kept(make_agent: MakeAgent, home: Path) -> None:
    key = "sk-abcdefghij0123456789"
    agent = make_agent(ScriptedModel(says("fine")))
    await agent.ask(f"my key is {key}, what is 2 + 2?", thread="t")
    agent.close()
    kept = b"".join((home / name).read_bytes() for name in os.listdir(home) if "sqlite" in name)
    assert b"what is 2 + 2" in kept
    assert key.encode() not in kept


async def test_an_answer_cut_off_goes_on_from_its_checkpoint(home: Path) -> None:
    """The first model asks for a calculation, then its process is gone; the calculation is not asked for again."""
    asked = calls(("arithmetic", {"expression": "6 * 7"}))

    model = Hanging(asked)
    cut = Agent(Settings(home=home), models=[model])
    await model.cut_off(cut, "six times seven?", thread="t", as_of="2026-01")
    cut.close()

    finishing = ScriptedModel(says("42.", headline_call="c1"))
    agent = Agent(Settings(home=home), models=[finishing])
    assert [one.interrupted for one in agent.threads.unanswered("t")] == [True]
    (answer,) = await agent.resume("t")
    assert (answer.text, answer.headline and answer.headline.value) == ("42.", 42)
    assert len(finishing.requests) == 1
    assert [m.role for m in finishing.requests[0].messages] == ["system", "user", "assistant", "tool"]
    assert finishing.requests[0].as_of == "2026-01"
    assert [a.text for a in agent.threads.answers("t")] == ["42."]
    assert await agent.resume("t") == []
    assert await agent.checkpoints.sweep(list) == 0  # a whole answer leaves none behind
    agent.close()


async def test_checkpoints_that_cannot_be_written_cost_no_answer(make_agent: MakeAgent, home: Path) -> None:
    (home / "checkpoints.sqlite").mkdir(parents=True)
    agent = make_agent(ScriptedModel(says("fine")))
    assert (await agent.ask("q", thread="t")).text == "fine"
    agent.close()


async def test_checkpoints_nobody_will_go_on_with_are_swept(home: Path) -> None:
    for name in ("kept", "deleted"):
        model = Hanging()
        agent = Agent(Settings(home=home), models=[model])
        await model.cut_off(agent, "q", thread=name)
    agent.threads.delete("deleted")
    assert await agent.checkpoints.sweep(agent.threads.open_runs) == 1
    assert await agent.checkpoints.sweep(agent.threads.open_runs) == 0
    agent.close()


async def test_the_offline_reader_keeps_no_checkpoints(home: Path) -> None:
    agent = Agent(Settings(home=home, provider="offline"))
    await agent.ask("what is 2 times 3?", thread="t")
    agent.close()
    assert not (home / "checkpoints.sqlite").exists()
