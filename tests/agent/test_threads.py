"""Threads: kept across processes, safe to share, one line when the home folder cannot be used."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import ScriptedModel, calls, says

from agent.answer import Answer
from agent.chat import Message, ToolCall
from agent.errors import AgentError, ThreadError
from agent.graph import Agent
from agent.settings import Settings
from agent.threads import Threads

MakeAgent = Callable[..., Agent]


def _turn(text: str) -> tuple[list[Message], Answer]:
    said = Message(
        "assistant", text, (ToolCall("c", "arithmetic", {"expression": "1"}, {"expression": "question"}),)
    )
    answer = Answer(question="q", status="answered", text=text, provider="offline")
    return [Message("user", "q"), said, Message("tool", call_id="c", result={"output": {"value": 1}})], answer


def test_messages_come_back_as_they_were(home: Path) -> None:
    messages, answer = _turn("eins ✓")
    Threads(home / "t.sqlite").append("a", messages, answer)
    again = Threads(home / "t.sqlite")
    assert again.history("a") == messages
    assert again.answers("a") == [answer]
    assert again.history("b") == []


def test_only_the_last_turns_are_shown_oldest_first(home: Path) -> None:
    threads = Threads(home / "t.sqlite")
    for i in range(5):
        threads.append("a", [Message("user", str(i))], _turn(str(i))[1])
    assert [m.text for m in threads.history("a", turns=3)] == ["2", "3", "4"]
    assert threads.names() == ["a"]
    assert threads.delete("a") == 5
    assert threads.history("a") == []


@pytest.mark.parametrize("name", ["", "a b", "x" * 201, "../\n", "é;DROP"])
def test_odd_names_are_refused(home: Path, name: str) -> None:
    with pytest.raises(ThreadError, match="allowed"):
        Threads(home / "t.sqlite").history(name)


def test_writers_in_several_processes_lose_nothing(home: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from agent.threads import Threads; from agent.answer import Answer;"
        "from agent.chat import Message;"
        "t = Threads(Path(sys.argv[1]));"
        "[t.append('a', [Message('user', sys.argv[2] + str(i))],"
        " Answer(question='q', status='answered', text='x', provider='p')) for i in range(20)]"
    )
    path = home / "t.sqlite"
    writers = [subprocess.Popen([sys.executable, "-c", code, str(path), name]) for name in ("p", "q")]
    assert [w.wait(60) for w in writers] == [0, 0]
    texts = [m.text for m in Threads(path).history("a", turns=100)]
    assert sorted(texts) == sorted([f"{n}{i}" for n in ("p", "q") for i in range(20)])
    assert [t for t in texts if t[0] == "p"] == [f"p{i}" for i in range(20)]


async def test_follow_up_sees_earlier_calls_and_results(make_agent: MakeAgent, home: Path) -> None:
    first = make_agent(
        ScriptedModel(calls(("arithmetic", {"expression": "6 * 7"})), says("42.", headline_call="c1"))
    )
    await first.ask("six times seven?", thread="t-1")
    model = ScriptedModel(says("As before, 42."))
    answer = await make_agent(model).ask("and again?", thread="t-1")  # another agent, as in another process
    seen = model.requests[0].messages
    assert [m.role for m in seen] == ["system", "user", "assistant", "tool", "assistant", "tool", "user"]
    assert seen[2].tool_calls[0].arguments == {"expression": "6 * 7"}
    assert answer.thread == "t-1"
    assert answer.ledger.unsupported == []  # a number of an earlier turn is known
    assert len(first.threads.answers("t-1")) == 2


async def test_thread_that_cannot_be_kept_still_answers(
    make_agent: MakeAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = make_agent(ScriptedModel(says("fine")))

    def full(*_: object) -> None:
        raise ThreadError("cannot write threads in x: disk full")

    monkeypatch.setattr(agent.threads, "finish", full)
    answer = await agent.ask("x", thread="t")
    assert answer.text == "fine"
    assert any("disk full" in warning for warning in answer.warnings)


def test_damaged_file_is_one_line(home: Path) -> None:
    home.mkdir()
    (home / "t.sqlite").write_bytes(b"this is no database at all" * 100)
    with pytest.raises(ThreadError, match="sqlite"):
        Threads(home / "t.sqlite").history("a")


def test_home_that_is_a_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ThreadError, match="file"):
        Threads(tmp_path / "file" / "t.sqlite").history("a")


def test_kill_while_writing_leaves_whole_turns(home: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from agent.threads import Threads; from agent.answer import Answer;"
        "from agent.chat import Message;"
        "t = Threads(Path(sys.argv[1])); i = 0\n"
        "while True:\n"
        "    t.append('a', [Message('user', str(i))], Answer(question='q', status='answered', text='x', provider='p'))\n"
        "    print(i, flush=True); i += 1\n"
    )
    path = home / "t.sqlite"
    writer = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    for line in writer.stdout:
        if int(line) >= 25:
            break
    writer.kill()
    writer.wait(10)
    texts = [m.text for m in Threads(path).history("a", turns=10_000)]
    assert texts == [str(i) for i in range(len(texts))]
    assert len(texts) >= 26
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_read_only_home_is_one_line(tmp_path: Path) -> None:
    home = Path("/proc/rackrate") if os.geteuid() == 0 else tmp_path  # root may write to any real folder
    tmp_path.chmod(0o500)
    with pytest.raises(ThreadError, match="cannot read threads"):
        Threads(home / "new" / "t.sqlite").history("a")


def test_database_url_is_heeded(tmp_path: Path) -> None:
    place = tmp_path / "elsewhere" / "t.db"
    settings = Settings(home=tmp_path / "home", database_url=f"sqlite:///{place}")
    agent = Agent(settings, models=[ScriptedModel(says("fine"))])
    agent.ask_now("x", thread="t")
    agent.close()
    assert place.exists()
    with pytest.raises(AgentError, match="RACKRATE_DATABASE_URL"):
        Agent(Settings(home=tmp_path, database_url="mysql://root:secret@host/db"))


# Written in parts, so that no scanner takes the test for a leak.
PASTED = ["sk-" + "ant-api03-" + "Zq7" * 12, "sk-" + "proj-4f" + "aB3" * 10, "xox" + "b-1234567890-abcdefABCDEF12",
          "AKIA" + "QWERTYUIOP123456"]  # fmt: skip


def _kept_in(home: Path) -> bytes:
    return b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())


@pytest.mark.parametrize("key", PASTED)
async def test_a_pasted_key_is_removed_before_anything_reads_or_keeps_it(
    make_agent: MakeAgent, home: Path, key: str
) -> None:
    model = ScriptedModel(calls(("arithmetic", {"expression": "2*3"})), says("It is 6."))
    agent = make_agent(model)
    answer = await agent.ask(f"My key is {key}. What is 2*3?", thread="k")
    agent.close()
    assert any("secret key" in warning for warning in answer.warnings)
    assert key not in answer.model_dump_json()
    assert all(key not in m.text for request in model.requests for m in request.messages)
    kept = _kept_in(home)
    assert answer.question.encode() in kept
    assert key.encode() not in kept


async def test_a_key_in_a_message_of_the_answer_is_not_kept(make_agent: MakeAgent, home: Path) -> None:
    key = PASTED[0]
    model = ScriptedModel(calls(("arithmetic", {"expression": key})), says(f"It is {key}."))
    agent = make_agent(model)
    await agent.ask("What is 2*3?", thread="k")
    agent.close()
    assert key.encode() not in _kept_in(home)
