"""`rackrate ask`: one question, a batch that can be killed, threads across processes, bad input in one line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.cli import run

SUM = "what is 3 dollars an hour times 720 hours?"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, and no keys."""
    for name in ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "RACKRATE_PROVIDER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RACKRATE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def ask(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    status = run(["ask", *argv])
    out, err = capsys.readouterr()
    assert "Traceback" not in out + err
    return status, out, err


def test_json_is_the_answer_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = ask(capsys, "--json", SUM)
    answer = json.loads(out)
    assert (status, err) == (0, "")
    assert answer["provider"] == "offline"
    assert answer["headline"]["value"] == pytest.approx(2160)
    assert set(answer) >= {
        "question",
        "status",
        "text",
        "figures",
        "tool_calls",
        "citations",
        "ledger",
        "thread",
    }


def test_terminal_shows_headline_and_says_offline(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = ask(capsys, SUM)
    assert status == 0
    assert "2,160" in out
    assert "no key set" in out


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ([], "question is missing"),
        ([""], "question is ''"),
        (["   "], "question is ''"),
        (["x" * 1_000_000], "1,000,000 characters"),
        (["x", "--as-of", "yesterday"], "as-of is 'yesterday'"),
        (["x", "--as-of", "2026-13"], "as-of"),
        (["x", "--provider", "nobody"], "provider is 'nobody'"),
        (["x", "--chart", "picture.bmp"], ".png or .svg"),
        (["x", "--from", "q"], "go together"),
        (["--from", "/nowhere/q.jsonl", "--to", "a.jsonl"], "/nowhere/q.jsonl"),
        (["x", "--wrong"], "--wrong"),
        (["--from", "q.jsonl", "--to", "./q.jsonl"], "another file"),
    ],
)
def test_bad_usage_is_one_line_and_two(
    capsys: pytest.CaptureFixture[str], argv: list[str], said: str
) -> None:
    status, out, err = ask(capsys, *argv)
    assert status == 2
    assert out == ""
    assert said in err
    assert err.count("\n") == 1


def test_bad_thread_or_home_is_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, _, err = ask(capsys, SUM, "--thread", "no good name")
    assert (status, err.count("\n")) == (1, 1)
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("RACKRATE_HOME", str(tmp_path / "file"))
    status, out, _ = ask(capsys, SUM, "--json")  # no thread wanted: the home is not needed
    assert status == 0
    assert json.loads(out)["headline"]["value"] == pytest.approx(2160)
    status, _, err = ask(capsys, SUM, "--thread", "t")
    assert (status, err.count("\n")) == (1, 1)
    assert "threads" in err


def test_bad_setting_is_one_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RACKRATE_MAX_ROUNDS", "many")
    status, _, err = ask(capsys, SUM)
    assert status == 2
    assert "RACKRATE_MAX_ROUNDS is 'many'" in err


def test_thread_goes_on_in_another_process(capsys: pytest.CaptureFixture[str]) -> None:
    first = "how many bytes of KV cache does one token of llama 3.1 70b need in bf16?"
    ask(capsys, "--json", "--thread", "t", first)
    code = "import sys; from api.cli import main; main(['ask', '--json', '--thread', 't', 'and in fp8?'])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    answer = json.loads(done.stdout)
    assert answer["thread"] == "t"
    assert answer["headline"]["value"] == pytest.approx(163_840)


def test_chart_is_written(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    question = "how many requests fit on 8 H100 with llama 3.1 70b in fp8 at 8k context?"
    for name, magic in (("c.svg", b"<svg"), ("c.png", b"\x89PNG")):
        status, _, err = ask(capsys, question, "--json", "--chart", str(tmp_path / name))
        assert (status, err) == (0, "")
        assert (tmp_path / name).read_bytes().startswith(magic)
    status, _, err = ask(capsys, SUM, "--json", "--chart", str(tmp_path / "none.png"))
    assert (status, err.count("\n")) == (1, 1)
    assert "has none" in err


def questions(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" if not isinstance(row, str) else row for row in rows))
    return path


def answers(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_batch_answers_every_line_once(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    source = questions(
        tmp_path / "q.jsonl",
        [{"id": i, "question": f"what is {i} times 3?"} for i in range(5)]
        + [{"id": "refuse", "question": "should I buy nvidia stock?"}, {"id": "empty", "question": ""}, "\n"],
    )
    status, out, _ = ask(capsys, "--from", str(source), "--to", str(tmp_path / "a.jsonl"))
    assert (status, out) == (0, "")
    found = {row["id"]: row for row in answers(tmp_path / "a.jsonl")}
    assert [found[i]["headline"]["value"] for i in range(1, 5)] == [3.0, 6.0, 9.0, 12.0]
    assert found["refuse"]["status"] == "refused"
    assert found["empty"]["status"] == "invalid"


def test_batch_resumes_and_mends_a_torn_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    source = questions(
        tmp_path / "q.jsonl", [{"id": i, "question": f"what is {i} times 3?"} for i in range(1, 5)]
    )
    target = tmp_path / "a.jsonl"
    kept = json.dumps({"id": 2, "kept": True}) + "\n"
    target.write_text(kept + '{"id": 3, "question": "what is 3 ti')
    assert ask(capsys, "--from", str(source), "--to", str(target))[0] == 0
    assert sorted(row["id"] for row in answers(target)) == [1, 2, 3, 4]
    assert target.read_text().startswith(kept)
    before = target.read_bytes()
    assert ask(capsys, "--from", str(source), "--to", str(target))[0] == 0
    assert target.read_bytes() == before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("not json\n", "line 1"),
        ('{"id": 1}\n', "line 1"),
        ('{"id": 1, "question": "a"}\n{"id": 1, "question": "b"}\n', "line 2"),
        ('{"id": 1, "question": 5}\n', "line 1"),
        ("\x00\xff", "UTF-8"),
    ],
)
def test_bad_question_file_is_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "q.jsonl").write_bytes(text.encode("latin-1"))
    status, _, err = ask(capsys, "--from", str(tmp_path / "q.jsonl"), "--to", str(tmp_path / "a.jsonl"))
    assert status == 2
    assert said in err
    assert err.count("\n") == 1


def test_file_of_something_else_is_not_overwritten(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    source = questions(tmp_path / "q.jsonl", [{"id": 1, "question": "what is 2 times 3?"}])
    (tmp_path / "notes.txt").write_text("my notes\nof the year\n")
    status, _, err = ask(capsys, "--from", str(source), "--to", str(tmp_path / "notes.txt"))
    assert status == 2
    assert "notes.txt" in err
    assert (tmp_path / "notes.txt").read_text() == "my notes\nof the year\n"


@pytest.mark.parametrize("processes", [1, 2])
def test_threads_of_a_batch_are_answered_in_order(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, processes: int
) -> None:
    rows = [
        {
            "id": "a1",
            "question": "how many bytes of KV cache does one token of llama 3.1 70b need in bf16?",
            "thread": "a",
        },
        {
            "id": "b1",
            "question": "how many bytes of KV cache does one token of llama 3.1 8b need in bf16?",
            "thread": "b",
        },
        {"id": "a2", "question": "and in fp8?", "thread": "a"},
        {"id": "b2", "question": "and in fp8?", "thread": "b"},
    ]
    files = ["--from", str(questions(tmp_path / "q.jsonl", rows)), "--to", str(tmp_path / "a.jsonl")]
    ask(capsys, *files, "--processes", str(processes))
    found = {row["id"]: row["headline"]["value"] for row in answers(tmp_path / "a.jsonl")}
    assert found == pytest.approx({"a1": 327_680, "b1": 131_072, "a2": 163_840, "b2": 65_536})


def _wait(until: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not until() and time.monotonic() < end:
        time.sleep(0.005)


def children(pid: int) -> list[int]:
    """The processes that a process started, where the system tells."""
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in listed.read_text().split()] if listed.exists() else []


def alive(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rpartition(")")[2].split()[0] != "Z"


def test_killed_batch_goes_on_where_it_was(tmp_path: Path) -> None:
    source = questions(
        tmp_path / "q.jsonl", [{"id": i, "question": f"what is {i} times 3?"} for i in range(1, 121)]
    )
    target = tmp_path / "a.jsonl"
    argv = ["ask", "--from", str(source), "--to", str(target)]
    command = [sys.executable, "-c", f"from api.cli import main; main({argv!r})"]
    for reached in (1, 40):
        worker = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _wait(lambda n=reached: target.exists() and target.read_bytes().count(b"\n") >= n, 60)  # type: ignore[misc]
        others = children(worker.pid)
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait(10)
        _wait(lambda: not any(map(alive, others)), 30)  # noqa: B023
        assert not [pid for pid in others if alive(pid)], "its processes end with it"
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0
    found = answers(target)
    assert sorted(row["id"] for row in found) == list(range(1, 121))
    assert {row["id"]: row["headline"]["value"] for row in found} == {i: 3.0 * i for i in range(1, 121)}
