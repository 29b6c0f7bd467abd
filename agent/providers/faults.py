"""What can go wrong at a provider, as one error whose kind decides what happens next.

=============  =======================================  ======  =========
kind           cause                                    retry   failover
=============  =======================================  ======  =========
rate_limited   429                                      yes     yes
overloaded     529, 500, 502, 503, mid-stream error     yes     yes
connection     DNS, refused, reset                      yes     yes
truncated      the stream ended before its last event   yes     yes
malformed      tool arguments that are no JSON object   yes     yes
timeout        our own deadline                         no      yes
auth           401, 403, no key                         no      yes
rejected       400, 404, 413, 422                       no      yes
=============  =======================================  ======  =========
"""

from __future__ import annotations

from typing import Any

from agent.errors import ProviderError

RETRIED = frozenset({"rate_limited", "overloaded", "connection", "truncated", "malformed"})


class ProviderFault(ProviderError):
    """A provider failed. `retry_after_s` is what the server asked for, if it did."""

    def __init__(self, provider: str, kind: str, detail: str, retry_after_s: float | None = None) -> None:
        self.provider, self.kind, self.retry_after_s = provider, kind, retry_after_s
        self.detail = detail.splitlines()[0][:200] if detail else kind
        super().__init__(f"{provider}: {kind.replace('_', ' ')}: {self.detail}")

    @property
    def retriable(self) -> bool:
        return self.kind in RETRIED


def fault_of(provider: str, error: Exception) -> ProviderFault:
    """The fault behind an SDK's exception. Both SDKs have the same tree, so names are enough."""
    if isinstance(error, ProviderFault):
        return error
    names = {cls.__name__ for cls in type(error).__mro__}
    status = getattr(error, "status_code", None)
    detail = f"{type(error).__name__}: {_message(error)}"
    if "APITimeoutError" in names or isinstance(error, TimeoutError):
        return ProviderFault(provider, "timeout", detail)
    if isinstance(status, int) and status >= 400:
        return ProviderFault(provider, _kind_of_status(status), f"HTTP {status}", _retry_after(error))
    if "APIConnectionError" in names:
        return ProviderFault(provider, "connection", _message(error.__cause__ or error))
    if "APIError" in names:  # an error event in the middle of a stream whose status was 200
        return ProviderFault(provider, _kind_of_event(error), detail)
    if names & {"TransportError", "RequestError", "RemoteProtocolError", "ConnectionError", "OSError"}:
        return ProviderFault(provider, "connection", detail)
    if names & {"JSONDecodeError", "ValidationError", "APIResponseValidationError"}:
        return ProviderFault(provider, "malformed", detail)
    if names & {"AnthropicError", "OpenAIError"}:  # raised before any request: no key, bad settings
        return ProviderFault(provider, "auth", detail)
    return ProviderFault(provider, "rejected", detail)


def _kind_of_status(status: int) -> str:
    if status == 429:
        return "rate_limited"
    if status in (401, 403):
        return "auth"
    return "overloaded" if status >= 500 or status == 408 else "rejected"


def _kind_of_event(error: Exception) -> str:
    said = f"{getattr(error, 'body', '')} {error}".lower()
    if "rate_limit" in said:
        return "rate_limited"
    if "authentication" in said or "permission" in said:
        return "auth"
    return "rejected" if "invalid_request" in said else "overloaded"


def _retry_after(error: Exception) -> float | None:
    headers: Any = getattr(getattr(error, "response", None), "headers", None) or {}
    try:
        return max(0.0, float(headers.get("retry-after", "")))
    except ValueError:
        return None


def _message(error: BaseException) -> str:
    """The exception's text without anything that could hold a key: SDK messages quote the response body only."""
    return str(error) or type(error).__name__
