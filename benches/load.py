"""Load on a running service: answers a second, latency, open streams, memory over time, threads kept straight.

    python benches/load.py --serve --workers 2 --seconds 20 --streams 500
    python benches/load.py http://127.0.0.1:8000 http://127.0.0.1:8001 --threads --kinds calculator

Prints one JSON line a measurement. With `--serve` the service is started here (offline, a home of its own), ended
at the end, and its processes' memory and CPU time are read. The client shares the machine's cores with the service:
it speaks HTTP/1.1 over kept connections itself and parses only an answer's status, at some 0.1 ms a request.

`--rate` sends at a fixed rate (open loop, at most `--clients` at once), which is how latency at a load below
the highest is measured; without it each client sends its next question when the last is answered.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from load_questions import KINDS, repeated, unique


@dataclass
class Tally:
    """What came of one load."""

    times: list[float] = field(default_factory=list)
    said: Counter[str] = field(default_factory=Counter)
    asked: dict[str, list[str]] = field(default_factory=dict)  # thread → questions in order


class Connection:
    """One kept HTTP/1.1 connection."""

    def __init__(self, base: str) -> None:
        parts = urlsplit(base)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        """Status and whole body of one request; once more when a kept connection had been closed for its idleness."""
        kept = self._streams is not None
        try:
            return await self._sent(method, path, body)
        except (ConnectionError, asyncio.IncompleteReadError) as error:
            self.close()
            if not kept or getattr(error, "partial", b""):
                raise
            return await self._sent(method, path, body)

    async def _sent(self, method: str, path: str, body: Any) -> tuple[int, bytes]:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port, limit=1 << 22)
        reader, writer = self._streams
        payload = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(payload)}\r\n"
        writer.write(f"{head}Content-Type: application/json\r\n\r\n".encode() + payload)
        answer = (await reader.readuntil(b"\r\n\r\n")).lower()
        status = int(answer[9:12])
        if b"transfer-encoding: chunked" in answer:
            return status, await self._chunks(reader)
        length = int(answer.partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
        return status, await reader.readexactly(length)

    async def _chunks(self, reader: asyncio.StreamReader) -> bytes:
        parts: list[bytes] = []
        while size := int((await reader.readuntil(b"\r\n")).strip(), 16):
            parts.append((await reader.readexactly(size + 2))[:-2])
        await reader.readexactly(2)
        return b"".join(parts)

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


def main() -> None:
    args = _arguments()
    with _service(args) as (bases, processes):
        for kind in args.kinds.split(","):
            for how in args.questions.split(","):
                questions = {"unique": unique, "repeated": repeated}[how](kind, args.seed)
                watch = Watch(processes)
                tally, took = asyncio.run(_load(bases, questions, args, watch))
                row = {"kind": kind, "questions": how, "clients": args.clients, "rate": args.rate}
                row |= {"answers": len(tally.times), "per_s": round(len(tally.times) / took, 1)}
                row |= quantiles(tally.times) | {"said": dict(tally.said)} | watch.report(len(tally.times))
                if args.threads:
                    row["threads"] = asyncio.run(_crooked(bases, tally))
                print(json.dumps(row), flush=True)
        if args.streams:
            watch = Watch(processes)
            row = asyncio.run(_streams(bases, args.streams, args.seed))
            print(json.dumps({"kind": "streams", **row, **watch.report(args.streams)}), flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("bases", nargs="*", help="addresses of replicas; none with --serve")
    parser.add_argument("--serve", action="store_true", help="start the service here")
    parser.add_argument("--workers", type=int, default=2, help="its worker processes")
    parser.add_argument("--replicas", type=int, default=1, help="services started, each with its workers")
    parser.add_argument("--database", help="its RACKRATE_DATABASE_URL")
    parser.add_argument("--documents", help="a folder or file indexed before it starts")
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--answers", type=int, help="stop after this many instead of --seconds")
    parser.add_argument("--rate", type=float, help="questions a second (open loop)")
    parser.add_argument("--questions", default="unique,repeated", help="unique, repeated or both")
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--threads", action="store_true", help="ask in threads, five questions each")
    parser.add_argument("--streams", type=int, default=0, help="event streams opened at once")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


async def _load(
    bases: list[str], questions: Iterator[str], args: argparse.Namespace, watch: Watch
) -> tuple[Tally, float]:
    """Clients that ask until the time is over or the answers are enough."""
    tally, begun = Tally(), time.perf_counter()
    end = begun + (args.seconds if args.answers is None else 1e9)
    most = args.answers or 10**9
    sent = 0
    run = f"{os.getpid()}-{time.monotonic_ns()}"

    async def client(number: int) -> None:
        nonlocal sent
        connections = [Connection(base) for base in bases]
        count = 0
        while time.perf_counter() < end and sent < most:
            due = begun + sent / args.rate if args.rate else None
            sent += 1
            if due is not None:
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
            body: dict[str, Any] = {"question": next(questions)}
            if args.threads:
                body["thread"] = f"load-{run}-{number}-{count // 5}"
                tally.asked.setdefault(body["thread"], []).append(body["question"])
            began = time.perf_counter() if due is None else due
            chosen = connections[(number + count) % len(connections)]
            try:
                status, answer = await chosen.send("POST", "/v1/ask", body)
            except (OSError, EOFError):
                tally.said["lost"] += 1
                chosen.close()
                continue
            tally.times.append(time.perf_counter() - began)
            tally.said[_status(answer) if status == 200 else str(status)] += 1
            count += 1
        for connection in connections:
            connection.close()

    watching = asyncio.create_task(watch.go_on())
    await asyncio.gather(*(client(number) for number in range(args.clients)))
    watching.cancel()
    return tally, time.perf_counter() - begun


def _status(answer: bytes) -> str:
    """The Answer's `status`, which stands right after its question."""
    at = answer.index(b'"status":"') + 10
    return answer[at : answer.index(b'"', at)].decode()


async def _crooked(bases: list[str], tally: Tally) -> dict[str, int]:
    """Reads every thread back from the other replica than the last one asked: whole and in order?"""
    connections = [Connection(base) for base in bases]
    crooked = 0
    for number, (thread, asked) in enumerate(tally.asked.items()):
        _, body = await connections[number % len(bases)].send("GET", f"/v1/threads/{thread}")
        kept = [answer["question"] for answer in json.loads(body).get("answers", ())]
        crooked += kept != asked
    return {"read": len(tally.asked), "crooked": crooked}


async def _streams(bases: list[str], count: int, seed: int) -> dict[str, Any]:
    """Event streams opened together; each must end with its answer. `open_peak` had begun and not ended."""
    questions, times, open_now, peak = unique("calculator", seed + 1), list[float](), 0, 0

    async def one(number: int) -> None:
        nonlocal open_now, peak
        began = time.perf_counter()
        connection = Connection(bases[number % len(bases)])
        open_now += 1
        peak = max(peak, open_now)
        status, text = await connection.send("POST", "/v1/ask/stream", {"question": next(questions)})
        open_now -= 1
        connection.close()
        if status != 200 or text.rpartition(b"event: ")[2].partition(b"\n")[0] != b"answer":
            raise RuntimeError(f"a stream ended without its answer: {status} {text[-200:]!r}")
        times.append(time.perf_counter() - began)

    begun = time.perf_counter()
    await asyncio.gather(*(one(number) for number in range(count)))
    took = time.perf_counter() - begun
    return {"streams": count, "open_peak": peak, "per_s": round(count / took, 1), **quantiles(times)}


def quantiles(times: list[float]) -> dict[str, float]:
    """p50, p90 and p99 in milliseconds."""
    ranked = sorted(times)
    at = {f"p{q}_ms": ranked[min(len(ranked) - 1, int(len(ranked) * q / 100))] for q in (50, 90, 99)}
    return {name: round(value * 1000, 1) for name, value in at.items()}


class Watch:
    """Memory (MB, over time) and CPU time of the service's processes and of this one."""

    def __init__(self, processes: list[int]) -> None:
        self._processes = [p for one in processes for p in family(one)]
        self._cpu, self._own = sum(map(cpu_s, self._processes)), time.process_time()
        self._memory = [self._megabytes()]

    async def go_on(self, every_s: float = 5.0) -> None:
        while True:
            await asyncio.sleep(every_s)
            self._memory.append(self._megabytes())

    def report(self, answers: int) -> dict[str, Any]:
        """`rss_mb` at up to ten moments; `cpu_ms` of the service and of the client an answer."""
        own = time.process_time() - self._own
        if not self._processes:
            return {"client_cpu_ms": round(own / answers * 1e3, 2)}
        self._memory.append(self._megabytes())
        step = max(1, len(self._memory) // 10)
        served = sum(map(cpu_s, self._processes)) - self._cpu
        return {
            "rss_mb": [*self._memory[:-1:step], self._memory[-1]],
            "cpu_ms": round(served / answers * 1e3, 2),
            "client_cpu_ms": round(own / answers * 1e3, 2),
        }

    def _megabytes(self) -> float:
        return round(sum(map(memory_mb, self._processes)), 1)


def memory_mb(process: int) -> float:
    """Resident memory of a process, pages shared with others counted in part."""
    rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
    return int(rollup.partition("Pss:")[2].split()[0]) / 1e3


def cpu_s(process: int) -> float:
    """User and system seconds of a process."""
    parts = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


def family(process: int) -> list[int]:
    """A process and its descendants."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [process, *(p for child in children for p in family(int(child)))]


@contextmanager
def _service(args: argparse.Namespace) -> Iterator[tuple[list[str], list[int]]]:
    """The addresses to load, and the processes to watch where they were started here."""
    if not args.serve:
        yield args.bases, []
        return
    with tempfile.TemporaryDirectory() as home:
        running: list[subprocess.Popen[bytes]] = []
        bases = []
        try:
            for number in range(args.replicas):
                port = 18_000 + os.getpid() % 1000 + number
                folder = f"{home}/{number}" if args.database else home
                running.append(_started(args, folder, port))
                bases.append(f"http://127.0.0.1:{port}")
            for process in running:
                _wait(process, args.workers)
            yield bases, [process.pid for process in running]
        finally:
            for process in running:
                process.terminate()
            for process in running:
                process.wait(40)


def _started(args: argparse.Namespace, home: str, port: int) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "RACKRATE_HOME": home, "RACKRATE_PROVIDER": "offline"}
    if args.database:
        environment["RACKRATE_DATABASE_URL"] = args.database
    rackrate = [sys.executable, "-c", "from api.cli import main; main()"]
    if args.documents:
        add = [*rackrate, "knowledge", "add", args.documents]
        subprocess.run(add, env=environment, check=True, stdout=sys.stderr)
    command = [*rackrate, "serve", "--port", str(port), "--workers", str(args.workers)]
    return subprocess.Popen(command, env=environment, stdout=sys.stderr, stderr=subprocess.PIPE)


def _wait(process: subprocess.Popen[bytes], workers: int) -> None:
    """Until every worker says that it is ready: kept connections stay with the workers that were there first."""
    ready = threading.Semaphore(0)

    def read() -> None:
        for line in process.stderr or ():
            sys.stderr.write(line.decode(errors="replace"))
            if b"Application startup complete" in line:
                ready.release()

    threading.Thread(target=read, daemon=True).start()
    for _ in range(workers):
        if not ready.acquire(timeout=120):
            raise RuntimeError("the service did not start")
    time.sleep(0.5)  # it is said just before they listen


if __name__ == "__main__":
    main()
