"""A stand-in for Slack's Web API that records what arrives, and signs what it sends, as Slack does."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx
from fastapi import FastAPI, Request, Response, WebSocket
from slack_sdk.signature import SignatureVerifier

SECRET = "a-signing-secret"
BOT = "U0BOT"
PRIVATE = "G0PRIVATE"  # a channel the app was not invited to


@dataclass
class Slack:
    """What arrived: (method, arguments) in order, uploaded files, and how often to answer 429 first."""

    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    files: list[bytes] = field(default_factory=list)
    busy: int = 0
    envelopes: list[dict[str, Any]] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)

    def of(self, method: str) -> list[dict[str, Any]]:
        return [arguments for name, arguments in list(self.calls) if name == method]

    def wait(self, method: str, count: int = 1, seconds: float = 30) -> list[dict[str, Any]]:
        """The calls of a method, once there are this many."""
        self.until(lambda: len(self.of(method)) >= count, seconds)
        return self.of(method)

    def until(self, met: Callable[[], bool], seconds: float = 30) -> None:
        deadline = time.monotonic() + seconds
        while not met():
            assert time.monotonic() < deadline, [name for name, _ in self.calls]
            time.sleep(0.02)

    def application(self) -> FastAPI:
        app = FastAPI()

        @app.post("/upload")
        async def upload(request: Request) -> str:
            async with request.form() as form:
                parts = [await part.read() for part in form.values() if not isinstance(part, str)]
            self.files += parts or [await request.body()]
            return "OK"

        @app.websocket("/socket")
        async def socket(connection: WebSocket) -> None:
            await connection.accept()
            await connection.send_json({"type": "hello"})
            for envelope in self.envelopes:
                await connection.send_json(envelope)
            while True:
                self.acknowledged.append(json.loads(await connection.receive_text())["envelope_id"])

        @app.post("/respond")
        async def respond(request: Request) -> str:
            self.calls.append(("respond", await request.json()))
            return "ok"

        @app.get("/api/{method}")
        @app.post("/api/{method}")
        async def call(method: str, request: Request) -> Response:
            if method == "chat.postMessage" and self.busy > 0:
                self.busy -= 1
                return Response(json.dumps({"ok": False, "error": "ratelimited"}), 429, {"Retry-After": "1"})
            arguments = await _arguments(request)
            if method == "chat.postMessage" and arguments["channel"] == PRIVATE:
                return Response(
                    json.dumps({"ok": False, "error": "not_in_channel"}), media_type="application/json"
                )
            self.calls.append((method, arguments))
            return Response(
                json.dumps(self._answer(method, request, arguments)), media_type="application/json"
            )

        return app

    def _answer(self, method: str, request: Request, arguments: Mapping[str, Any]) -> dict[str, Any]:
        if method == "auth.test":
            return {
                "ok": True,
                "user_id": BOT,
                "bot_id": "B0BOT",
                "team_id": "T1",
                "team": "t",
                "user": "rackrate",
            }
        if method == "conversations.open":
            return {"ok": True, "channel": {"id": "D7"}}
        if method == "apps.connections.open":
            return {"ok": True, "url": f"ws://{request.headers['host']}/socket"}
        if method == "files.getUploadURLExternal":
            return {"ok": True, "upload_url": f"http://{request.headers['host']}/upload", "file_id": "F1"}
        if method == "files.completeUploadExternal":
            return {"ok": True, "files": [{"id": "F1", "title": "Chart"}]}
        if method == "conversations.replies":
            said = [m for m in self.of("chat.postMessage") if m.get("thread_ts") == arguments.get("ts")]
            return {"ok": True, "messages": [{"metadata": m.get("metadata") or {}} for m in said]}
        return {"ok": True, "ts": f"{time.time():.6f}", "channel": "C1", "message": {}}


async def _arguments(request: Request) -> dict[str, Any]:
    if request.method == "GET":
        return dict(request.query_params)
    if request.headers.get("content-type", "").startswith("application/json"):
        return {**request.query_params, **await request.json()}
    async with request.form() as form:
        return {**request.query_params, **{name: _json(str(value)) for name, value in form.items()}}


def _json(text: str) -> Any:
    return json.loads(text) if text[:1] in "[{" else text


def signed(
    base: str,
    body: str,
    *,
    kind: str = "application/json",
    secret: str = SECRET,
    age_s: float = 0,
    host: str = "",
) -> httpx.Response:
    """Send a body as Slack does."""
    stamp = str(int(time.time() - age_s))
    signature = SignatureVerifier(secret).generate_signature(timestamp=stamp, body=body) or ""
    headers = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": signature, "Content-Type": kind}
    if host:
        headers["Host"] = host
    return httpx.post(f"{base}/slack/events", content=body, headers=headers, timeout=30)


def event_body(event_id: str, event: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "event_callback", "team_id": "T1", "api_app_id": "A1", "event_id": event_id, "event_time": 1,
        "authorizations": [{"team_id": "T1", "user_id": BOT, "is_bot": True}], "event": dict(event),
    }  # fmt: skip


def send_event(base: str, event_id: str, event: Mapping[str, Any], **how: Any) -> httpx.Response:
    return signed(base, json.dumps(event_body(event_id, event)), **how)


def send_form(base: str, fields: Mapping[str, str]) -> httpx.Response:
    return signed(base, urlencode(fields), kind="application/x-www-form-urlencoded")


def send_interaction(base: str, payload: Mapping[str, Any]) -> httpx.Response:
    return send_form(base, {"payload": json.dumps(payload)})
