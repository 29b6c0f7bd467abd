"""Load on a running service: answers a second, latency, open streams, memory.

    rackrate serve --port 8000 &
    python benches/load.py http://127.0.0.1:8000 --clients 50 --seconds 20 --process "$!"

Prints one JSON line a kind of question. The client shares the machine's cores with the service.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

KINDS: dict[str, Callable[[int], str]] = {
    "calculator": lambda i: f"How many tokens can {1 + i % 64} H200 cache for Llama 3.1 8B in bf16?",
    "knowledge": lambda i: ("what was said about neoclouds?", "what was said about Trainium?")[i % 2],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("base")
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--streams", type=int, default=0, help="event streams opened at once")
    parser.add_argument("--threads", action="store_true", help="each client asks in a thread of its own")
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--process", type=int, help="process whose memory is read")
    args = parser.parse_args()
    for kind in args.kinds.split(","):
        before = memory_mb(args.process)
        measured = asyncio.run(load(args.base, KINDS[kind], args.clients, args.seconds, args.threads))
        print(json.dumps({"kind": kind, **measured, "rss_mb": [before, memory_mb(args.process)]}), flush=True)
    if args.streams:
        print(json.dumps({"kind": "streams", **asyncio.run(streams(args.base, args.streams))}), flush=True)


async def load(
    base: str, question: Callable[[int], str], clients: int, seconds: float, threads: bool
) -> dict[str, Any]:
    """Clients that ask one question after another until the time is over."""
    import aiohttp

    times: list[float] = []
    faults: dict[str, int] = {}
    end = time.perf_counter() + seconds

    async def client(session: aiohttp.ClientSession, number: int) -> None:
        count = 0
        while time.perf_counter() < end:
            body: dict[str, Any] = {"question": question(number * 997 + count)}
            if threads:
                body["thread"] = f"load-{number}-{count // 5}"
            began = time.perf_counter()
            async with session.post(f"{base}/v1/ask", json=body) as response:
                answer = await response.json()
            times.append(time.perf_counter() - began)
            said = str(answer.get("status"))
            if said != "answered":
                faults[said] = faults.get(said, 0) + 1
            count += 1

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        began = time.perf_counter()
        await asyncio.gather(*(client(session, number) for number in range(clients)))
        took = time.perf_counter() - began
    return {"answers": len(times), "per_s": round(len(times) / took, 1), **quantiles(times), "faults": faults}


async def streams(base: str, count: int) -> dict[str, Any]:
    """Event streams opened together; each must end with its answer."""
    import aiohttp

    async def one(session: aiohttp.ClientSession, number: int) -> float:
        began = time.perf_counter()
        body = {"question": KINDS["calculator"](number)}
        async with session.post(f"{base}/v1/ask/stream", json=body) as response:
            text = await response.text()
        if text.rsplit("event: ", 1)[-1].split("\n", 1)[0] != "answer":
            raise RuntimeError("a stream ended without its answer")
        return time.perf_counter() - began

    timeout = aiohttp.ClientTimeout(total=300)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout) as session:
        times = await asyncio.gather(*(one(session, number) for number in range(count)))
    return {"streams": count, **quantiles(list(times))}


def quantiles(times: list[float]) -> dict[str, float]:
    """p50, p90 and p99 in milliseconds."""
    ranked = sorted(times)
    at = {f"p{q}_ms": ranked[min(len(ranked) - 1, int(len(ranked) * q / 100))] for q in (50, 90, 99)}
    return {name: round(value * 1000, 1) for name, value in at.items()}


def memory_mb(process: int | None) -> float | None:
    """Resident memory of a process."""
    if process is None:
        return None
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return round(pages * 4096 / 1e6, 1)


if __name__ == "__main__":
    main()
