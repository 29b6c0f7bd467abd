"""Liveness, readiness and metrics."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from api.http.guard import Reader, service_of
from api.http.problems import Problem

router = APIRouter(tags=["operations"])


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """The process runs."""
    return {"status": "ok"}


@router.get("/readyz")
async def readyz(request: Request) -> dict[str, str]:
    """The process can answer; 503 while it starts and while it ends."""
    if not service_of(request).ready:
        raise Problem(503, "not ready")
    return {"status": "ready"}


@router.get("/metrics", response_class=Response)
async def metrics(request: Request, _: Reader) -> Response:
    """Prometheus metrics of this process."""
    return Response(service_of(request).metrics.text(), media_type="text/plain; version=0.0.4")
