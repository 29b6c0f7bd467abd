"""Errors as RFC 9457 problem details: one shape for every fault a client can meet."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException

from agent.errors import ThreadError
from tools.errors import FactAbsent, InputError, MissingInput, PluginError, RackrateError, UnknownName

log = logging.getLogger("rackrate.http")

MEDIA_TYPE = "application/problem+json"


class ProblemDetails(BaseModel):
    """RFC 9457 problem details; faults of an input also name its field, its value and what is allowed."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "type": "about:blank",
                    "title": "Unprocessable Content",
                    "status": 422,
                    "detail": "n_chips is 0; allowed: a whole number, at least 1",
                    "field": "n_chips",
                    "value": 0,
                    "allowed": "a whole number, at least 1",
                    "request_id": "8f14e45fceea467a9f2d6c1b0e6a3d11",
                }
            ]
        },
    )
    type: str = "about:blank"
    title: str
    status: int
    detail: str
    request_id: str | None = None
    field: str | None = None
    allowed: str | None = None


OPEN = frozenset({"/healthz", "/readyz"})  # what answers without a key


def describe(document: dict[str, Any]) -> dict[str, Any]:
    """The OpenAPI document with the problems each operation may answer with."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas["Problem"] = ProblemDetails.model_json_schema()
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemes = {
        "bearer": {"type": "http", "scheme": "bearer"},
        "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    }
    document["components"]["securitySchemes"] = schemes
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            statuses = [503] if path == "/readyz" else [] if path in OPEN else [401, 403, 429]
            statuses += [404] if "{" in path else []
            statuses += [422] if "{" in path or method == "post" else []
            statuses += [400, 408, 413] if method == "post" else []
            operation["responses"].pop("422", None)
            for status in statuses:
                phrase = HTTPStatus(status).phrase
                operation["responses"][str(status)] = {"description": phrase, "content": content}
            if path not in OPEN:
                operation["security"] = [{"bearer": []}, {"header": []}, {}]
    return document


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
    if request.url.path == "/v1/chat/completions":  # where OpenAI's clients look for words
        body["error"] = {"message": detail, "type": "invalid_request_error", "code": status}
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
