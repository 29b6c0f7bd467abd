"""A file of questions to a file of answers, safe to kill at any moment and run again."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from api.cli.processes import Work, count_for, spread
from tools.errors import InputError

if TYPE_CHECKING:
    from agent.answer import Answer
    from agent.graph import Agent

AT_ONCE = 8  # questions of different threads that wait for a hosted model at the same time


@dataclass(frozen=True, slots=True)
class Line:
    """One question of the file."""

    id: Any
    question: str
    thread: str | None = None
    as_of: str | None = None


def read_questions(path: Path) -> list[Line]:
    """The questions of a JSONL file. InputError names the line that is not `{"id", "question"[, "thread"]}`."""
    lines: list[Line] = []
    seen: set[str] = set()
    for number, text in enumerate(_text(path).split("\n"), 1):
        if not text.strip():
            continue
        where = f"{path} line {number}"
        try:
            row = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise InputError(where, text[:60], f'JSON: {{"id", "question"[, "thread"]}} ({error})') from error
        if not isinstance(row, dict) or "id" not in row or not isinstance(row.get("question"), str):
            raise InputError(where, text[:60], 'an object {"id", "question"[, "thread"]}')
        if _key(row["id"]) in seen:
            raise InputError(where, row["id"], "an id that no earlier line has")
        seen.add(_key(row["id"]))
        thread = row.get("thread")
        lines.append(
            Line(row["id"], row["question"], None if thread is None else str(thread), row.get("as_of"))
        )
    return lines


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError("from", str(path), f"a UTF-8 file of JSON lines ({error.reason})") from error
    except OSError as error:
        raise InputError("from", str(path), f"a file that can be read ({error.strerror})") from error


def _key(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def answered(path: Path) -> dict[str, int]:
    """The ids already in the answers file; a torn last line (a killed run's) is cut off."""
    if not path.exists():
        return {}
    done: dict[str, int] = {}
    good = 0
    try:
        with path.open("rb") as file:
            for raw in file:
                row = _row(raw)
                if row is None:
                    if file.read(1):  # not the last line: this is no answers file of ours
                        raise InputError("to", str(path), "a file of answers to go on with, or a new file")
                    break
                done[_key(row["id"])] = good
                good += len(raw)
        if good < path.stat().st_size:
            os.truncate(path, good)
    except OSError as error:
        raise InputError("to", str(path), f"a file that can be written ({error.strerror})") from error
    return done


def _row(raw: bytes) -> dict[str, Any] | None:
    """An answer line, or None for one that was cut short."""
    if not raw.endswith(b"\n"):
        return None
    try:
        row = json.loads(raw)
    except ValueError:
        return None
    return row if isinstance(row, dict) and "id" in row else None


def answer_file(
    agent: Agent, source: Path, target: Path, *, as_of: str | None = None, processes: int | None = None
) -> int:
    """Answer every question that has no answer yet; 1 when some could not be worked on.

    The offline model's questions are shared out over `processes`; by default one a core, where there are enough.
    """
    lines = read_questions(source)
    done = answered(target)
    left = [line for line in lines if _key(line.id) not in done]
    try:
        file = target.open("ab")
    except OSError as error:
        raise InputError("to", str(target), f"a file that can be written ({error.strerror})") from error
    with file, _progress(len(lines), len(lines) - len(left)) as bar:
        begun = {line.thread for line in lines if line.thread and _key(line.id) in done}
        number = count_for(len(left), agent.settings, processes)
        with spread(agent.settings, number, as_of) if number > 1 else _here(agent, as_of) as work:
            at_once = 2 * number if number > 1 else 1 if _computes(agent) else AT_ONCE
            faults = asyncio.run(_answer_all(left, file, bar, begun, work, at_once))
    if faults:
        click.echo(f"rackrate: {faults} of {len(lines)} questions could not be worked on", err=True)
    return 1 if faults else 0


def _computes(agent: Agent) -> bool:
    return agent.models[0].provider == "offline"


@contextmanager
def _here(agent: Agent, as_of: str | None) -> Iterator[Work]:
    """What answers a line in this process."""
    from agent import heap

    agent.warm()
    heap.settle()  # this process does nothing else
    yield partial(_row_here, agent, as_of)


async def _row_here(agent: Agent, as_of: str | None, line: Line, begun: bool) -> tuple[bytes, bool]:
    return await answer_row(agent, line, begun, as_of)


async def _answer_all(
    left: list[Line], file: Any, bar: Any, begun: set[str], work: Work, at_once: int
) -> int:
    """Lines of one thread in order, threads side by side; one write of a whole line per answer."""
    gate = asyncio.Semaphore(at_once)

    async def one(lines: list[Line]) -> int:
        faults = 0
        for place, line in enumerate(lines):
            async with gate:
                row, failed = await work(line, place == 0 and line.thread in begun)
            file.write(row)
            file.flush()
            bar.update(1)
            faults += failed
        return faults

    return sum(await asyncio.gather(*(one(group) for group in _by_thread(left))))


async def answer_row(agent: Agent, line: Line, begun: bool, as_of: str | None) -> tuple[bytes, bool]:
    """The line of the answers file, and whether the question could not be worked on; `begun`: its thread has answers."""
    kept = _kept(agent, line) if begun else None
    answer, failed = (kept, False) if kept else await _answer(agent, line, as_of)
    row = {"id": line.id, **answer.model_dump(mode="json")}
    return json.dumps(row, ensure_ascii=False).encode() + b"\n", failed


def _by_thread(lines: list[Line]) -> Iterator[list[Line]]:
    groups: dict[str, list[Line]] = {}
    for index, line in enumerate(lines):
        groups.setdefault(f"thread {line.thread}" if line.thread else f"line {index}", []).append(line)
    yield from groups.values()


def _kept(agent: Agent, line: Line) -> Answer | None:
    """The answer a killed run kept in the thread but had not yet written to the file."""
    from agent.admit import clean

    last = agent.threads.last(line.thread) if line.thread else None
    return last if last and last.question == clean(line.question) else None


async def _answer(agent: Agent, line: Line, as_of: str | None) -> tuple[Answer, bool]:
    """The Answer of a line; a fault becomes an Answer that says so, and the batch goes on."""
    from agent.answer import Answer
    from tools.errors import RackrateError

    try:
        return await agent.ask(line.question, thread=line.thread, as_of=line.as_of or as_of), False
    except RackrateError as error:
        model = agent.models[0]
        return Answer(
            question=line.question[:500],
            status="out_of_scope",
            text="This question could not be worked on.",
            warnings=[f"Fault: {error}"],
            provider=model.provider,
            model=model.model,
            thread=line.thread,
        ), True


def _progress(total: int, done: int) -> Any:
    """A progress bar on stderr, where people are looking."""
    bar: Any = click.progressbar(
        length=total, label="answering", file=sys.stderr, show_pos=True, item_show_func=None, width=30
    )
    bar.update(done)
    return bar
