"""Errors as RFC 9457 problem details: one shape for every fault a client can meet."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from agent.errors import ThreadError
from tools.errors import FactAbsent, InputError, MissingInput, PluginError, RackrateError, UnknownName

log = logging.getLogger("rackrate.http")

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """A fault to tell the client about. `extra` members stand beside the standard ones."""

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None, **extra: Any) -> None:
        self.status, self.detail, self.headers, self.extra = status, detail, headers, extra
        super().__init__(detail)


def problem_response(
    request: Request, status: int, detail: str, headers: dict[str, str] | None = None, **extra: Any
) -> JSONResponse:
    title = HTTPStatus(status).phrase
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **extra}
    body["request_id"] = getattr(request.state, "request_id", None)
    return JSONResponse(body, status, headers, media_type=MEDIA_TYPE)


def status_of(error: RackrateError) -> int:
    """HTTP status of one of our errors: what the caller can mend is 4xx."""
    if isinstance(error, UnknownName):
        return 404 if error.field == "tool" else 422
    if isinstance(error, InputError | FactAbsent):
        return 422
    if isinstance(error, ThreadError):
        return 422 if "allowed" in str(error) else 503
    return 500


def members_of(error: RackrateError) -> dict[str, Any]:
    """The members that name what is wrong: field, value, allowed, nearest names."""
    if not isinstance(error, InputError):
        return {}
    members: dict[str, Any] = {"field": error.field, "allowed": error.allowed}
    if not isinstance(error, MissingInput):
        members["value"] = (
            error.value if isinstance(error.value, int | float | str | bool) else repr(error.value)
        )
    if isinstance(error, UnknownName):
        members["nearest"] = list(error.nearest)
    return members


def install(app: FastAPI) -> None:
    """Every error of the application leaves as a problem; an unforeseen one without its insides."""

    @app.exception_handler(Problem)
    async def _problem(request: Request, error: Problem) -> JSONResponse:
        return problem_response(request, error.status, error.detail, error.headers, **error.extra)

    @app.exception_handler(RackrateError)
    async def _ours(request: Request, error: RackrateError) -> JSONResponse:
        if isinstance(error, PluginError):
            log.error("%s", error)
        return problem_response(request, status_of(error), str(error), **members_of(error))

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"] if part != "body") or "body"
        return problem_response(request, 422, f"{field}: {first['msg']}", field=field)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        headers = dict(error.headers) if error.headers else None
        return problem_response(request, error.status_code, str(error.detail), headers)

    @app.exception_handler(Exception)
    async def _unforeseen(request: Request, error: Exception) -> JSONResponse:
        log.exception("unforeseen fault of %s %s", request.method, request.url.path, exc_info=error)
        return problem_response(request, 500, "internal error; the request id finds it in the log")
