"""The agent's part of the error tree (the rest is in tools/errors.py).

RackrateError
└── AgentError          a question could not be worked on at all (exit status 1)
    ├── ProviderError   a chat model that is unknown, has no key, or failed
    └── ThreadError     a thread that cannot be read or written
"""

from __future__ import annotations

from tools.errors import RackrateError


class AgentError(RackrateError):
    """A question could not be worked on."""


class ProviderError(AgentError):
    """A chat model that is unknown, has no key, or failed on the way."""


class ThreadError(AgentError):
    """A thread that cannot be read or written."""
