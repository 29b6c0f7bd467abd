"""The HTTP service, met as clients meet it: over a socket."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from running import free_port, running

from api.http import guard
from api.http.keys import new_key

CACHE = "How many tokens can one H200 cache for Llama 3.1 8B in bf16?"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An open service on loopback."""
    with running(tmp_path_factory.mktemp("open")) as address:
        yield address


@pytest.fixture(scope="module")
def client(base: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=base, timeout=60) as made:
        yield made


@pytest.fixture(scope="module")
def keys() -> dict[str, str]:
    return {}


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory, keys: dict[str, str]) -> Iterator[httpx.Client]:
    """A service with keys of each scope and a rate limit of six a minute for each."""
    entries = []
    for name, scope in (("ann", "ask"), ("bob", "ask"), ("eve", "read"), ("tim", "read")):
        keys[name], entry = new_key(name, [scope])
        entries.append(str(entry))
    home = tmp_path_factory.mktemp("locked")
    with (
        running(home, api_keys=",".join(entries), rate_limit="6/minute") as address,
        httpx.Client(base_url=address, timeout=60) as made,
    ):
        yield made


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def problem(response: httpx.Response, status: int) -> dict[str, Any]:
    """The problem details of a refusal, in the one shape."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    assert body["request_id"] == response.headers["x-request-id"]
    return body


def events_of(response: httpx.Response) -> list[tuple[str, Any]]:
    """The events of a stream: name and data."""
    found = []
    for block in response.read().decode().split("\n\n"):
        if block:
            event, data = block.split("\n", 1)
            found.append((event.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


def test_ask_gives_the_answer_of_the_contract(client: httpx.Client) -> None:
    response = client.post("/v1/ask", json={"question": CACHE})
    answer = response.json()
    assert response.status_code == 200
    assert answer["status"] == "answered"
    assert answer["headline"]["unit"] == "token"
    expected = (141e9 - answer["tool_calls"][0]["output"]["weight_bytes"]) / 131_072
    assert answer["headline"]["value"] == pytest.approx(expected, rel=1e-6)
    assert answer["ledger"]["unsupported"] == []
    assert answer["thread"] is None


def test_a_stream_tells_each_step_and_ends_with_the_answer(client: httpx.Client) -> None:
    with client.stream("POST", "/v1/ask/stream", json={"question": CACHE, "thread": "s1"}) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        events = events_of(response)
    names = [name for name, _ in events]
    assert names[-1] == "answer"
    assert names.count("answer") == 1
    assert names.index("tool_call") < names.index("tool_result") < names.index("text")
    assert set(names) <= {"status", "tool_call", "tool_result", "citation", "text", "answer"}
    answer = events[-1][1]
    assert answer["thread"] == "s1"
    assert "".join(data["delta"] for name, data in events if name == "text") == answer["text"]


def test_a_follow_up_in_a_thread_knows_what_came_before(client: httpx.Client) -> None:
    first = client.post("/v1/ask", json={"question": CACHE, "thread": "f1"}).json()
    second = client.post("/v1/ask", json={"question": "and on an H100?", "thread": "f1"}).json()
    assert second["tool_calls"][0]["input"]["chip"].startswith("h100")
    assert second["headline"]["value"] < first["headline"]["value"]
    kept = client.get("/v1/threads/f1").json()
    assert [a["question"] for a in kept["answers"]] == [CACHE, "and on an H100?"]
    assert kept["thread"] == kept["answers"][0]["thread"] == "f1"
    assert client.delete("/v1/threads/f1").status_code == 204
    problem(client.get("/v1/threads/f1"), 404)
    problem(client.delete("/v1/threads/f1"), 404)


def test_every_calculator_is_listed_and_runs_with_text_for_numbers(client: httpx.Client) -> None:
    tools = {tool["name"]: tool for tool in client.get("/v1/tools").json()}
    assert {"batch_size", "token_cost", "arithmetic"} <= set(tools)
    assert tools["kv_cache"]["output_schema"]["properties"]
    run = client.post("/v1/tools/kv_cache", json={"model": "llama 3.1 8b", "context_tokens": "2k"}).json()
    figures = {f["name"]: f["value"] for f in run["figures"]}
    assert run["tool"] == "kv_cache"
    assert 131_072 in figures.values()


@pytest.mark.parametrize(
    ("tool", "body", "status", "field"),
    [
        ("kv_cach", {}, 404, "tool"),
        ("kv_cache", {"model": "no-such-model"}, 422, "model"),
        (
            "batch_size",
            {"model": "llama-3.1-8b", "chip": "h100", "n_chips": 0, "context_tokens": 1},
            422,
            "n_chips",
        ),
    ],
)
def test_bad_tool_input_is_a_problem_that_names_the_field(
    client: httpx.Client, tool: str, body: dict[str, Any], status: int, field: str
) -> None:
    found = problem(client.post(f"/v1/tools/{tool}", json=body), status)
    assert found["field"] == field
    assert found["allowed"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "question"),
        ({"question": 5}, "question"),
        ({"question": "x", "thread": "../../etc"}, "thread"),
        ({"question": "x", "as_of": "yesterday"}, "as_of"),
        ({"question": "x", "colour": "red"}, "colour"),
    ],
)
def test_a_body_that_is_not_a_question_names_the_field(
    client: httpx.Client, body: dict[str, Any], field: str
) -> None:
    assert problem(client.post("/v1/ask", json=body), 422)["field"] == field


def test_what_is_not_there_is_a_problem_too(client: httpx.Client) -> None:
    problem(client.get("/v1/nothing"), 404)
    problem(client.post("/healthz"), 405)
    problem(client.post("/v1/ask", content=b"{not json", headers={"content-type": "application/json"}), 422)


def test_impossible_questions_are_answers_not_errors(client: httpx.Client) -> None:
    response = client.post(
        "/v1/ask", json={"question": "what fits on 0 H100s for Llama 3.1 8B at 2k context?"}
    )
    assert (response.status_code, response.json()["status"]) == (200, "invalid")


def test_knowledge_search_cites_to_the_minute(client: httpx.Client) -> None:
    found = client.post("/v1/knowledge/search", json={"query": "neoclouds", "top": 2}).json()
    assert 1 <= len(found) <= 2
    assert found[0]["title"]
    assert found[0]["start"]
    assert problem(client.post("/v1/knowledge/search", json={"query": ""}), 422)["field"] == "query"


@pytest.mark.parametrize(
    ("kind", "name"), [("chips", "h100-sxm"), ("models", "llama-3.1-8b"), ("prices", "h100-sxm")]
)
def test_the_catalogue_is_listed(client: httpx.Client, kind: str, name: str) -> None:
    rows = client.get(f"/v1/catalog/{kind}").json()
    assert name in [row.get("id") or row.get("chip") for row in rows]


def test_an_entry_has_a_source_for_each_fact(client: httpx.Client) -> None:
    entry = client.get("/v1/catalog/entry/h100").json()
    assert len(entry["facts"]) > 5
    assert all(fact["source"] for fact in entry["facts"])
    problem(client.get("/v1/catalog/entry/no-such-chip"), 422)
    problem(client.get("/v1/catalog/nothing"), 422)


def test_claims_are_computed_again(client: httpx.Client) -> None:
    claims = client.get("/v1/claims").json()
    assert len(claims) > 20
    assert {c["verdict"] for c in claims} <= {"reproduced", "plausible", "inconsistent", "not_checkable"}


def test_health_readiness_and_metrics(client: httpx.Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ready"}
    client.post("/v1/ask", json={"question": CACHE})
    text = client.get("/metrics").text
    assert 'rackrate_answers_total{provider="offline",status="answered"}' in text
    assert 'route="/v1/ask",status="200"' in text
    client.get("/v1/threads/metrics-probe")
    assert "metrics-probe" not in client.get("/metrics").text


def test_request_ids_are_kept_or_made(client: httpx.Client) -> None:
    assert client.get("/healthz", headers={"X-Request-ID": "abc-1"}).headers["x-request-id"] == "abc-1"
    made = client.get("/healthz", headers={"X-Request-ID": "no spaces <b>"}).headers["x-request-id"]
    assert len(made) == 32
    assert client.get("/healthz").headers["x-content-type-options"] == "nosniff"


def test_openapi_describes_every_route_with_examples(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    assert {
        "/v1/ask", "/v1/ask/stream", "/v1/threads/{thread}", "/v1/tools", "/v1/tools/{name}",
        "/v1/knowledge/search", "/v1/chat/completions", "/v1/models", "/healthz", "/readyz", "/metrics",
    } <= set(document["paths"])  # fmt: skip
    assert document["components"]["schemas"]["AskBody"]["examples"]
    assert document["components"]["schemas"]["Problem"]["properties"]["detail"]
    refusal = document["paths"]["/v1/ask"]["post"]["responses"]["422"]["content"]
    assert list(refusal) == ["application/problem+json"]


def test_no_other_origin_may_read_answers(client: httpx.Client) -> None:
    headers = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"}
    assert "access-control-allow-origin" not in client.options("/v1/ask", headers=headers).headers
    assert "access-control-allow-origin" not in client.get("/v1/tools", headers=headers).headers


def test_a_large_body_is_refused_declared_or_not(client: httpx.Client) -> None:
    large = b'{"question": "' + b"x" * guard.BODY_LIMIT + b'"}'
    headers = {"content-type": "application/json"}
    problem(client.post("/v1/ask", content=large, headers=headers), 413)
    problem(client.post("/v1/ask", content=iter([large]), headers=headers), 413)


def test_a_slow_body_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard.BodyLimit.__init__, "__defaults__", (guard.BODY_LIMIT, 0.5))
    with running(tmp_path) as address:
        host, port = address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=10) as slow:
            slow.sendall(
                b"POST /v1/ask HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 90\r\n\r\n{"
            )
            began = time.monotonic()
            head = slow.recv(4096).decode()
        assert head.startswith("HTTP/1.1 408")
        assert time.monotonic() - began < 5
        assert httpx.get(f"{address}/healthz").status_code == 200


def test_without_a_valid_key_nothing_is_answered(locked: httpx.Client) -> None:
    for headers in ({}, bearer("rr_wrong"), {"X-API-Key": ""}, {"Authorization": "Basic abc"}):
        refused = locked.post("/v1/ask", json={"question": CACHE}, headers=headers)
        problem(refused, 401)
        assert refused.headers["www-authenticate"] == "Bearer"
    problem(locked.get("/metrics"), 401)
    assert locked.get("/healthz").status_code == 200


def test_a_key_may_do_what_its_scope_says(locked: httpx.Client, keys: dict[str, str]) -> None:
    assert locked.get("/v1/models", headers={"X-API-Key": keys["eve"]}).status_code == 200
    refused = problem(locked.post("/v1/ask", json={"question": CACHE}, headers=bearer(keys["eve"])), 403)
    assert refused["scope"] == "ask"
    assert locked.post("/v1/ask", json={"question": CACHE}, headers=bearer(keys["ann"])).status_code == 200


def test_threads_are_private_to_their_key(locked: httpx.Client, keys: dict[str, str]) -> None:
    question = {"question": CACHE, "thread": "mine"}
    assert locked.post("/v1/ask", json=question, headers=bearer(keys["ann"])).status_code == 200
    assert locked.get("/v1/threads/mine", headers=bearer(keys["ann"])).status_code == 200
    problem(locked.get("/v1/threads/mine", headers=bearer(keys["bob"])), 404)
    problem(locked.delete("/v1/threads/mine", headers=bearer(keys["bob"])), 404)
    assert locked.post("/v1/threads/mine/resume", headers=bearer(keys["bob"])).status_code in (403, 404)
    asked = {"question": "and on an H100?", "thread": "mine"}  # a thread of that name is begun, not joined
    assert locked.post("/v1/ask", json=asked, headers=bearer(keys["ann"])).json()["status"] == "answered"
    assert len(locked.get("/v1/threads/mine", headers=bearer(keys["ann"])).json()["answers"]) == 2


def test_a_key_has_its_own_rate(locked: httpx.Client, keys: dict[str, str]) -> None:
    answers = [locked.get("/v1/models", headers=bearer(keys["tim"])) for _ in range(8)]
    assert [a.status_code for a in answers] == [200] * 6 + [429] * 2
    problem(answers[-1], 429)
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60


async def test_a_rate_store_that_is_gone_limits_nobody() -> None:
    pytest.importorskip("redis", reason="the extra `redis` is not installed")
    limiter = guard.Limiter("1/minute", f"redis://127.0.0.1:{free_port()}/0")
    assert [await limiter.wait_s("ann") for _ in range(3)] == [None, None, None]


async def test_a_rate_is_counted_in_redis_for_all_replicas(tmp_path: Path) -> None:
    pytest.importorskip("redis", reason="the extra `redis` is not installed")
    server = shutil.which("redis-server")
    if server is None:
        pytest.skip("no redis-server here")
    port = free_port()
    start = [server, "--port", str(port), "--save", "", "--dir", str(tmp_path)]
    process = subprocess.Popen(start)  # noqa: ASYNC220 - a moment, before anything else runs
    try:
        one, two = (guard.Limiter("2/minute", f"redis://127.0.0.1:{port}/0") for _ in range(2))
        await asyncio.to_thread(_wait_for, port)
        assert [await one.wait_s("ann"), await two.wait_s("ann")] == [None, None]
        wait_s = await one.wait_s("ann")
        assert wait_s is not None
        assert 0 < wait_s <= 60
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_what_moves_a_result_is_told_by_the_service(client: httpx.Client) -> None:
    body = {"input": {"site_power_mw": 300, "w_per_chip_all_in": 1300}, "figure": "chips"}
    found = client.post("/v1/tools/datacenter_power/sensitivity", json=body).json()
    assert [lever["field"] for lever in found["levers"]] == ["w_per_chip_all_in", "site_power_mw"]
    assert found["levers"][0]["less"]["percent"] == pytest.approx(25, abs=0.01)
    nothing = client.post("/v1/tools/arithmetic/sensitivity", json={"input": {"expression": "2*3"}})
    assert (nothing.status_code, nothing.json()) == (200, None)
    problem(client.post("/v1/tools/no_such/sensitivity", json={"input": {}}), 404)
    problem(client.post("/v1/tools/margin/sensitivity", json={"input": {"revenue_usd": "x"}}), 422)


def test_rents_have_a_history_with_sources_and_a_chart(client: httpx.Client) -> None:
    found = client.get("/v1/catalog/prices/h100").json()
    assert found["chip"] == "h100-sxm"
    quarters = [row["as_of"] for row in found["history"]]
    assert quarters == sorted(quarters)
    assert all(row["sources"] for row in found["history"])
    assert len(found["chart"]["data"]["values"]) == len(quarters)
    problem(client.get("/v1/catalog/prices/no-such-chip"), 422)
