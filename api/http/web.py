"""The web page: static files under a strict policy, and the Vega bundle made once from vl-convert."""

from __future__ import annotations

import asyncio
import hashlib
from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter, Request, Response

from api.http.guard import service_of
from api.http.problems import Problem

router = APIRouter(include_in_schema=False)

FOLDER = Path(__file__).parents[1] / "web"
MEDIA = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def _frame_policy(origin: str) -> str:
    """For the chart's sandboxed frame, whose own origin is opaque: the host is named instead of 'self'.

    Vega compiles expressions ('unsafe-eval'); the sandbox keeps that away from the page, its storage and its keys.
    """
    return (
        f"default-src 'none'; script-src {origin} 'unsafe-eval'; style-src {origin} 'unsafe-inline'; img-src data: blob:; "
        "sandbox allow-scripts; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
    )


@lru_cache(maxsize=64)
def _file(name: str) -> tuple[bytes, str, str]:
    """A file of the page: its bytes, media type and entity tag. KeyError when it is none of them."""
    known = {path.name: path for path in FOLDER.iterdir() if path.suffix in MEDIA}
    body = known[name].read_bytes()
    return body, MEDIA[known[name].suffix], f'"{hashlib.sha256(body).hexdigest()[:16]}"'


def _serve(request: Request, body: bytes, media_type: str, tag: str, policy: str) -> Response:
    headers = {"ETag": tag, "Cache-Control": "no-cache", "Content-Security-Policy": policy}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)


@router.get("/")
async def page(request: Request) -> Response:
    return _serve(request, *_file("index.html"), PAGE_POLICY)


@router.get("/static/vega.js")
async def vega(request: Request) -> Response:
    """Vega, Vega-Lite and vega-embed as one script; needed by a frame of opaque origin, hence the CORS header."""
    body = await asyncio.to_thread(vega_bundle, service_of(request).settings.home / "cache")
    response = _serve(request, body, MEDIA[".js"], f'"{hashlib.sha256(body).hexdigest()[:16]}"', PAGE_POLICY)
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


@router.get("/static/{name}")
async def static(name: str, request: Request) -> Response:
    try:
        body, media_type, tag = _file(name)
    except KeyError as error:
        raise Problem(404, f"no file {name!r}") from error
    if not name.startswith("chart"):
        return _serve(request, body, media_type, tag, PAGE_POLICY)
    origin = f"{request.url.scheme}://{request.headers.get('host', request.url.netloc)}"
    response = _serve(request, body, media_type, tag, _frame_policy(origin))
    if name != "chart.html":
        response.headers["Access-Control-Allow-Origin"] = "*"
    return response


@lru_cache(maxsize=1)
def vega_bundle(folder: Path) -> bytes:
    """The bundle, made once (seconds) and kept in the data folder; made again when it cannot be kept."""
    from importlib.metadata import version

    import vl_convert

    path = folder / f"vega-{version('vl-convert-python')}.js"
    try:
        return path.read_bytes()
    except OSError:
        body = str(vl_convert.javascript_bundle()).encode()  # type: ignore[call-arg]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_bytes(body)
        part.replace(path)
    except OSError:
        pass
    return body
