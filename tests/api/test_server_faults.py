"""What is lost when a part is killed: nothing that was answered, nothing twice, and no hands are needed after."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from running import running
from servers import Server, chroma, postgres, redis, replica, started

import knowledge.base
from knowledge import KnowledgeBase

Found = dict[str, Any]


def question(number: int) -> str:
    """A calculator question of its own for each number."""
    return f"what is {number + 2} times 37?"


async def stream(client: httpx.AsyncClient, base: str, thread: str, asked: str) -> str:
    """Whether a stream came to its `answer`, or was `cut`."""
    last = ""
    try:
        body = {"question": asked, "thread": thread}
        async with client.stream("POST", f"{base}/v1/ask/stream", json=body) as response:
            async for line in response.aiter_lines():
                last = line.removeprefix("event: ") if line.startswith("event: ") else last
                if last == "answer" and line.startswith("data: "):
                    assert json.loads(line.removeprefix("data: "))["status"] == "answered"
                    return "answer"
    except httpx.TransportError:
        return "cut"
    return "cut"


async def test_a_replica_killed_amid_a_hundred_streams_loses_no_answer_and_repeats_none(
    tmp_path: Path,
) -> None:
    with postgres() as database:
        one, two = (replica(tmp_path / name, database_url=database.url) for name in ("one", "two"))
        with started(one, two):
            ends = await _streams_with_a_kill(one, two)
            cut = [number for number, end in enumerate(ends) if end == "cut"]
            assert cut
            assert all(
                number % 2 == 0 for number in cut
            )  # those of the other replica all came to their answer
            finished = 0
            async with httpx.AsyncClient(timeout=60) as client:
                for number, end in enumerate(ends):
                    where = f"{two.url}/v1/threads/s{number}"
                    kept: Found = (await client.get(where)).json()
                    answers = len(kept.get("answers", ()))
                    interrupted = kept.get("interrupted", [])
                    if end == "answer":  # what its asker was shown is kept, once
                        assert (answers, interrupted) == (1, [])
                    elif kept.get("status") != 404:  # 404: killed before the question was read
                        assert answers + len(interrupted) == 1
                    if interrupted:
                        finished += 1
                        resumed: Found = (await client.post(f"{where}/resume")).json()
                        assert [a["question"] for a in resumed["answers"]] == [question(number)]
                        assert resumed["interrupted"] == resumed["running"] == []
            assert finished
            one.start()
            async with httpx.AsyncClient(timeout=30) as client:
                assert (await client.get(f"{one.url}/v1/threads/s1")).json()["answers"]


async def _streams_with_a_kill(one: Server, two: Server) -> list[str]:
    """A hundred streams, half at each replica; the first is killed when a quarter has come to an end."""
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(timeout=120, limits=limits) as client:
        ended = 0

        async def ask(number: int) -> str:
            nonlocal ended
            end = await stream(client, (one, two)[number % 2].url, f"s{number}", question(number))
            ended += 1
            if ended == 25:
                await asyncio.to_thread(one.kill)
            return end

        return list(await asyncio.gather(*(ask(number) for number in range(100))))


async def test_a_worker_killed_under_load_costs_each_client_a_question_at_most_and_is_replaced(
    tmp_path: Path,
) -> None:
    server = replica(tmp_path, workers=2)
    with started(server):
        first = _workers(server, 2)
        async with asyncio.TaskGroup() as clients:
            asking = [
                clients.create_task(_asking(server.url, number, first[0] if number == 0 else None))
                for number in range(12)
            ]
        lost = [task.result() for task in asking]
        assert max(lost) <= 1
        second = _workers(server, 2)
        assert first[0] not in second
        assert first[1] in second


async def _asking(base: str, client: int, kill: int | None) -> int:
    """Twenty questions, one after another; how many came to no answer. A worker is killed amid them."""
    lost = 0
    async with httpx.AsyncClient(timeout=60) as http:
        for number in range(20):
            if kill is not None and number == 5:
                os.kill(kill, signal.SIGKILL)
            asked = question(100 * client + number)
            try:
                response = await http.post(f"{base}/v1/ask", json={"question": asked})
            except httpx.TransportError:
                lost += 1
                continue
            assert response.json()["status"] == "answered"
    return lost


def _workers(server: Server, count: int) -> list[int]:
    """The worker processes, when there are so many."""
    deadline = time.monotonic() + 60
    while len(found := _children(server.pid)) != count:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return found


def _children(process: int) -> list[int]:
    """Its worker processes, without the one that multiprocessing keeps for itself."""
    listed = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [int(c) for c in listed if "spawn_main" in Path(f"/proc/{c}/cmdline").read_text()]


async def test_a_database_restarted_under_load_costs_no_kept_answer_and_needs_no_hands(
    tmp_path: Path,
) -> None:
    with postgres() as database:
        service = replica(tmp_path / "home", database_url=database.url)
        with started(service):
            said: Counter[int] = Counter()
            kept: dict[str, str] = {}
            end = asyncio.Event()

            async def client(number: int) -> None:
                async with httpx.AsyncClient(timeout=60) as http:
                    count = 0
                    while not end.is_set():
                        thread, asked = f"c{number}-{count}", question(number * 100 + count)
                        body = {"question": asked, "thread": thread}
                        response = await http.post(f"{service.url}/v1/ask", json=body)
                        said[response.status_code] += 1
                        if response.status_code == 200 and not response.json()["warnings"]:
                            kept[thread] = asked
                        count += 1
                        await asyncio.sleep(0.05)

            clients = [asyncio.create_task(client(number)) for number in range(12)]
            await _until(lambda: said[200] >= 20)
            await asyncio.to_thread(database.crash)
            await _until(lambda: said[503] >= 10)
            await asyncio.to_thread(database.start)
            before = said[200]
            await _until(lambda: said[200] >= before + 30)
            end.set()
            await asyncio.gather(*clients)
            assert set(said) == {200, 503}, said  # told, never a fault of ours
            async with httpx.AsyncClient(timeout=60) as http:
                for thread, asked in kept.items():
                    found: Found = (await http.get(f"{service.url}/v1/threads/{thread}")).json()
                    assert [a["question"] for a in found["answers"]] == [asked]
                    assert found["interrupted"] == found["running"] == []


async def _until(met: Any, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir()
    text = "The zebra cluster of the Quagga site is cooled with glacier water and draws nine megawatts."
    (folder / "zebra.md").write_text(f"# Quagga\n\n{text}\n")
    return folder


def test_a_chroma_server_that_goes_and_comes_back(
    tmp_path: Path, documents: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large index needs its server: without it passages are found by words, and the answer says so."""
    monkeypatch.setattr(knowledge.base, "EXACT_LIMIT", 0)
    monkeypatch.setattr(knowledge.base, "CHROMA_REST_S", 0.1)
    server = chroma(tmp_path / "chroma")
    with started(server):
        base = KnowledgeBase(tmp_path / "home", chroma_url=server.url)
        report = base.add(documents)
        base.close()
        assert report.notes == []
        with running(tmp_path / "home", chroma_url=server.url) as address:

            def ask() -> Found:
                body = {"question": "what was said about the zebra cluster of the Quagga site?"}
                answer: Found = httpx.post(f"{address}/v1/ask", json=body, timeout=60).json()
                assert answer["status"] == "answered"
                assert "glacier" in json.dumps(answer["citations"])
                return answer

            assert not [w for w in ask()["warnings"] if "Chroma" in w]
            server.kill()
            assert [w for w in ask()["warnings"] if "Chroma" in w and "words only" in w]
            assert httpx.get(f"{address}/readyz").status_code == 200
            server.start()
            time.sleep(0.2)
            assert not [w for w in ask()["warnings"] if "Chroma" in w]


def test_without_its_store_rate_limits_are_off_and_on_again_when_it_is_back(tmp_path: Path) -> None:
    server = redis(tmp_path)
    with started(server):
        url = f"redis://127.0.0.1:{server.port}/0"
        with running(tmp_path / "home", rate_limit="3/minute", limits_url=url) as address:

            def statuses(count: int) -> list[int]:
                return [httpx.get(f"{address}/v1/tools", timeout=30).status_code for _ in range(count)]

            assert statuses(4) == [200, 200, 200, 429]
            server.kill()
            assert statuses(4) == [200] * 4
            server.start()  # empty again
            assert statuses(4) == [200, 200, 200, 429]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if made.returncode != 0:
        pytest.skip(f"no small file system can be mounted: {made.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_costs_the_threads_not_the_answers_until_there_is_room_again(small_disk: Path) -> None:
    with running(small_disk) as address:

        def ask(number: int, thread: str | None) -> Found:
            body = {"question": question(number), "thread": thread}
            response = httpx.post(f"{address}/v1/ask", json=body, timeout=60)
            assert response.status_code == 200, response.text
            answer: Found = response.json()
            assert answer["status"] == "answered"
            return answer

        assert ask(1, "before")["warnings"] == []
        filler = small_disk / "filler"
        _fill(filler)
        degraded = [ask(number, f"full{number}") for number in range(2, 6)]
        assert all("Thread not kept" in " ".join(answer["warnings"]) for answer in degraded[-2:])
        assert ask(7, None)["warnings"] == []
        assert httpx.get(f"{address}/v1/threads/before").json()["answers"]  # what is there can be read
        filler.unlink()
        assert ask(8, "after")["warnings"] == []
        for number, answer in enumerate(degraded, 2):  # kept, or said not to be: nothing between
            found = httpx.get(f"{address}/v1/threads/full{number}").json()
            assert bool(found.get("answers")) == (not answer["warnings"])
        assert len(httpx.get(f"{address}/v1/threads/after").json()["answers"]) == 1


def _fill(path: Path) -> None:
    """Write until nothing more goes in."""
    with path.open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue
