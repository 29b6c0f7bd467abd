"""Prometheus metrics of one process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent.answer import Answer


class Metrics:
    """Counters and histograms in a registry of their own, so that several apps can live in one process."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

        self.registry = CollectorRegistry()
        self._requests = Counter(
            "rackrate_http_requests_total", "Requests", ["route", "status"], registry=self.registry
        )
        self._seconds = Histogram(
            "rackrate_http_request_seconds", "Time to the response's head", ["route"], registry=self.registry
        )
        self._answers = Counter(
            "rackrate_answers_total", "Answers", ["status", "provider"], registry=self.registry
        )
        self._answer_seconds = Histogram(
            "rackrate_answer_seconds",
            "Time to a whole answer",
            ["provider"],
            buckets=(0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.5, 1, 3, 10, 30, 100),
            registry=self.registry,
        )
        self._unsupported = Counter(
            "rackrate_unsupported_numbers_total", "Numbers the ledger could not trace", registry=self.registry
        )
        self._usd = Counter(
            "rackrate_provider_usd_total", "Spent at providers", ["provider"], registry=self.registry
        )
        self.streams = Gauge("rackrate_open_streams", "Event streams open now", registry=self.registry)

    def seen(self, scope: Mapping[str, Any], status: int, seconds: float) -> None:
        """One response. Routes are counted by their pattern, so that ids in paths make no new series."""
        mounted = "/mcp/" if scope["path"].startswith("/mcp/") else "unmatched"
        route = getattr(scope.get("route"), "path", mounted)
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def answered(self, answer: Answer) -> None:
        self._answers.labels(answer.status, answer.provider).inc()
        self._answer_seconds.labels(answer.provider).observe(answer.elapsed_ms / 1000)
        self._unsupported.inc(len(answer.ledger.unsupported))
        self._usd.labels(answer.provider).inc(answer.usage.usd)

    def text(self) -> bytes:
        from prometheus_client import generate_latest

        return generate_latest(self.registry)
