"""Who may call, how often, how much: keys, rate limits, body and time limits, request ids."""

from __future__ import annotations

import asyncio
import logging
import re
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, FastAPI, Request

from agent import logs
from api.http.keys import LOCAL, LOOPBACK, ApiKey, find
from api.http.problems import Problem, problem_response

if TYPE_CHECKING:
    from api.http.service import Service

log = logging.getLogger("rackrate.http")

BODY_LIMIT = 1_000_000  # bytes
BODY_TIME_S = 15.0
_REQUEST_ID = re.compile(r"[\w.-]{1,64}")


def service_of(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


# Asynchronous, though it waits for nothing: FastAPI runs a plain function in a thread.
async def caller(request: Request) -> ApiKey:
    """The key a request carries (`Authorization: Bearer …` or `X-API-Key`); `local` where keys are off."""
    service = service_of(request)
    if not service.keys:
        return LOCAL
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    secret = secret.strip() if scheme.lower() == "bearer" else request.headers.get("x-api-key", "")
    key = find(service.keys, secret) if secret else None
    if key is None:
        raise Problem(401, "a valid API key is needed", {"WWW-Authenticate": "Bearer"})
    return key


def allowed(scope: str) -> Callable[..., Awaitable[ApiKey]]:
    """A dependency: the caller, who has this scope and is within its rate limit."""

    async def check(request: Request, key: Annotated[ApiKey, Depends(caller)]) -> ApiKey:
        if not key.may(scope):
            raise Problem(403, f"the key {key.name} lacks the scope {scope}", scope=scope)
        wait_s = await service_of(request).limiter.wait_s(key.name)
        if wait_s is not None:
            raise Problem(
                429, f"rate limit of key {key.name} reached", {"Retry-After": str(max(1, round(wait_s)))}
            )
        request.state.key = key.name
        return key

    return check


Reader = Annotated[ApiKey, Depends(allowed("read"))]
Asker = Annotated[ApiKey, Depends(allowed("ask"))]
Admin = Annotated[ApiKey, Depends(allowed("admin"))]


class Limiter:
    """Requests a key may make, by the `limits` library: memory, or Redis shared by replicas.

    When the store is gone, requests are let through (an outage of Redis must not be ours) and it is logged.
    """

    def __init__(self, rate: str | None, url: str | None) -> None:
        self._rate: Any = None
        if rate:
            from limits import parse
            from limits.aio.strategies import MovingWindowRateLimiter
            from limits.storage import storage_from_string

            self._rate = parse(rate)
            # limits would take coredis by default; redis-py is what the extra installs
            chosen = {"implementation": "redispy"} if url and url.startswith("redis") else {}
            store: Any = storage_from_string(f"async+{url}" if url else "async+memory://", **chosen)
            self._window = MovingWindowRateLimiter(store)
        self._complained = 0.0

    async def wait_s(self, name: str) -> float | None:
        """None when the call may go on, else the seconds until the next may."""
        if self._rate is None:
            return None
        try:
            async with asyncio.timeout(1.0):
                if await self._window.hit(self._rate, name):
                    return None
                stats = await self._window.get_window_stats(self._rate, name)
                return max(0.0, stats.reset_time - time.time())
        except Exception as error:
            if time.monotonic() - self._complained > 30:
                self._complained = time.monotonic()
                log.warning("rate limits are off: their store fails (%s)", type(error).__name__)
            return None


class BodyLimit:
    """ASGI middleware: a body larger or slower than allowed is refused before anyone reads it."""

    def __init__(self, app: Any, limit: int = BODY_LIMIT, time_s: float = BODY_TIME_S) -> None:
        self.app, self.limit, self.time_s = app, limit, time_s

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "DELETE", "OPTIONS"):
            await self.app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > self.limit:
            await self._refuse(scope, receive, send, 413, f"a body may have {self.limit} bytes at most")
            return
        try:
            body = await self._read(receive)
        except TimeoutError:
            await self._refuse(scope, receive, send, 408, f"the body must arrive within {self.time_s:g} s")
            return
        if body is None:
            await self._refuse(scope, receive, send, 413, f"a body may have {self.limit} bytes at most")
            return
        replayed = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay() -> Any:
            return replayed.pop() if replayed else await receive()

        await self.app(scope, replay, send)

    async def _read(self, receive: Any) -> bytes | None:
        """The whole body; None when it is larger than allowed."""
        parts: list[bytes] = []
        size = 0
        async with asyncio.timeout(self.time_s):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return b"".join(parts)
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                if size > self.limit:
                    return None
                if not message.get("more_body"):
                    return b"".join(parts)

    async def _refuse(self, scope: Any, receive: Any, send: Any, status: int, detail: str) -> None:
        response = problem_response(Request(scope), status, detail, {"Connection": "close"})
        await response(scope, receive, send)


class Dress:
    """ASGI middleware: a request id, security headers, counts and times on every response.

    Plain ASGI, as Starlette's function middleware would buffer each event of a stream through a task of its own.
    """

    def __init__(self, app: Any, service: Service) -> None:
        self.app, self.service = app, service

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        logs.request_id.set(request_id)
        began = time.perf_counter()
        status = 500

        async def dressed(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = message.setdefault("headers", [])
                present = {name.lower() for name, _ in headers}
                headers += [(name, value) for name, value in _SAFE if name not in present]
                headers.append((b"x-request-id", request_id.encode()))
                self.service.metrics.seen(scope, status, time.perf_counter() - began)
            await send(message)

        signed = scope["path"] == "/slack/events"  # comes from Slack, under whatever name it knows
        if not self.service.keys and not signed and _host(scope) not in LOOPBACK:
            refused = problem_response(Request(scope), 421, "without API keys only loopback names are served")
            await refused(scope, receive, dressed)
            return
        await self.app(scope, receive, dressed)


_SAFE = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"))


def _host(scope: Any) -> str:
    """The host a request names, without its port. A page elsewhere can make a browser call a loopback address
    under the page's own name (DNS rebinding), which only this tells apart."""
    named = next((v for k, v in scope["headers"] if k == b"host"), b"").decode("latin-1")
    return re.sub(r":\d+$", "", named).strip("[]").lower()


def _request_id(scope: Any) -> str:
    """The caller's own id where it is a plain word, else a fresh one."""
    given = next((v for k, v in scope["headers"] if k == b"x-request-id"), b"").decode("latin-1")
    return given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def install(app: FastAPI, service: Service) -> None:
    """The middleware; what is added last meets a request first, so that refused bodies have ids too."""
    app.add_middleware(BodyLimit)
    app.add_middleware(Dress, service=service)
