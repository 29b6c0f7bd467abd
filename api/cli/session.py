"""Opening an agent for a command."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from agent.graph import Agent


def open_agent(provider: str | None = None) -> Agent:
    """An agent with this process's settings; a bad setting or provider is bad usage."""
    from pydantic import ValidationError

    from agent.errors import AgentError
    from agent.graph import Agent
    from agent.settings import Settings

    try:
        settings = Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"]).upper()
        name = name if name.startswith(("RACKRATE_", "ANTHROPIC_", "OPENAI_")) else f"RACKRATE_{name}"
        raise click.UsageError(f"{name} is {str(first['input'])[:60]!r}; allowed: {first['msg']}") from None
    if provider:
        settings = settings.model_copy(update={"provider": provider})
    try:
        agent = Agent(settings)
        _ = agent.models
    except AgentError as error:
        raise click.UsageError(str(error)) from None
    return agent
