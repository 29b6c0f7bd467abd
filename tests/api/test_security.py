"""What an attacker tries first: keys, names as paths, other origins, markup and formulas, addresses in uploads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from running import running

from agent.settings import Settings
from api.http import guard
from api.http.app import create_app
from api.http.keys import ApiKey, digest_of, find, new_key, parse_keys
from tools.errors import InputError


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with (
        running(tmp_path_factory.mktemp("open")) as address,
        httpx.Client(base_url=address, timeout=60) as made,
    ):
        yield made


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.5", "rackrate.example.com"])
def test_beyond_loopback_it_does_not_start_without_keys(tmp_path: Path, host: str) -> None:
    with pytest.raises(InputError, match="RACKRATE_API_KEYS"):
        create_app(Settings(home=tmp_path, provider="offline"), host=host)


def test_a_page_elsewhere_cannot_use_a_loopback_service_under_its_own_name(client: httpx.Client) -> None:
    refused = client.get("/v1/tools", headers={"Host": "rebound.example.com"})
    assert refused.status_code == 421
    assert client.get("/v1/tools", headers={"Host": "localhost:8000"}).status_code == 200
    assert client.get("/v1/tools", headers={"Host": "[::1]:8000"}).status_code == 200


def test_keys_are_kept_as_hashes_and_found_only_whole() -> None:
    secret, entry = new_key("ann", ["ask"])
    other_secret, other = new_key("bob", ["read"])
    keys = parse_keys(f"{entry}, {other}")
    assert secret not in str(entry)
    assert find(keys, secret) == entry
    assert find(keys, other_secret) == other
    for wrong in (secret[:-1], secret + "x", entry.digest, digest_of(entry.digest), ""):
        assert find(keys, wrong) is None


@pytest.mark.parametrize(
    "entry", ["ann", "ann:ask", "ann:root:" + "0" * 64, "a/b:ask:" + "0" * 64, "ann:ask:short"]
)
def test_a_key_setting_that_does_not_parse_is_refused_without_being_shown(entry: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_keys(entry)
    assert entry not in str(caught.value)


def test_a_scope_includes_those_below_it_and_none_above() -> None:
    asker = ApiKey("a", frozenset({"ask"}), "")
    assert [asker.may(scope) for scope in ("read", "ask", "admin")] == [True, True, False]


@pytest.mark.parametrize(
    "name",
    ["..%2f..%2fetc%2fpasswd", "%2e%2e%2f%2e%2e%2fx", "a%00b", "..%5c..%5cx", "x" * 300, "%F0%9F%98%80"],
)
def test_names_in_paths_are_names_never_paths(client: httpx.Client, name: str) -> None:
    for path in (f"/v1/threads/{name}", f"/static/{name}", f"/v1/tools/{name}"):
        response = client.get(path)
        assert response.status_code in (404, 405, 422), path
        assert "root:" not in response.text
    assert client.get(f"/v1/catalog/entry/{name}").status_code in (404, 422)


def test_only_the_pages_own_files_are_served(client: httpx.Client) -> None:
    assert client.get("/static/main.js").status_code == 200
    for name in ("app.py", "__init__.py", "manifest.yaml", "index.html/../main.js.bak"):
        assert client.get(f"/static/{name}").status_code == 404


def test_the_page_lets_nothing_foreign_run(client: httpx.Client) -> None:
    policy = client.get("/").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    chart = client.get("/static/chart.html").headers["content-security-policy"]
    assert "sandbox allow-scripts;" in chart
    assert "connect-src" not in chart  # so default-src 'none' forbids every connection
    html = client.get("/").text
    assert not re.search(r"<script(?![^>]*src=)", html)
    assert not re.search(r"\son\w+=", html)


def test_markup_in_a_question_is_text_in_json(client: httpx.Client) -> None:
    asked = "<script>alert(1)</script> how many GB in 3 TB?"
    response = client.post("/v1/ask", json={"question": asked})
    assert response.headers["content-type"].startswith("application/json")
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.json()["question"] == asked


@pytest.mark.parametrize(
    "question", ["x\x00y", "\ud800".encode("utf-16", "surrogatepass").hex(), "\u202e3 + 4", "a" * 30_000]
)
def test_odd_characters_never_break_the_service(client: httpx.Client, question: str) -> None:
    response = client.post("/v1/ask", json={"question": question, "thread": "odd"})
    assert response.status_code == 200
    assert response.json()["status"] in ("answered", "clarify", "invalid", "out_of_scope", "refused")


def test_there_is_no_way_to_make_the_service_fetch_an_address(client: httpx.Client) -> None:
    """Documents are added on the machine itself; over HTTP nothing takes a URL or a path."""
    paths = client.get("/openapi.json").json()["paths"]
    assert not [p for p in paths if "knowledge" in p and p != "/v1/knowledge/search"]
    for url in ("http://169.254.169.254/latest/meta-data/", "file:///etc/passwd"):
        found = client.post("/v1/knowledge/search", json={"query": url}).text
        assert "root:" not in found
        assert client.post("/v1/knowledge/add", json={"path": url}).status_code == 404


def test_deeply_nested_and_huge_input_is_refused_not_crashed_on(client: httpx.Client) -> None:
    headers = {"content-type": "application/json"}
    deep = b'{"question": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    assert client.post("/v1/ask", content=deep, headers=headers).status_code in (400, 422)
    huge = client.post("/v1/tools/arithmetic", json={"expression": "9**9**9**9"})
    assert huge.status_code == 422
    assert client.get("/healthz").status_code == 200
    assert guard.BODY_LIMIT <= 1_000_000


def test_a_fault_shows_no_insides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from agent.graph import Agent

    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret-inside")

    with running(tmp_path) as address:
        monkeypatch.setattr(Agent, "ask", broken)
        response = httpx.post(f"{address}/v1/ask", json={"question": "x"})
    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert "secret-inside" not in response.text
    assert response.json()["request_id"]
