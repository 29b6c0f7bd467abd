"""`rackrate serve` and `rackrate keys`: the HTTP service and the keys that may call it."""

from __future__ import annotations

from typing import Any

import click

from api.http.keys import SCOPES, new_key

APPLICATION = "api.http.app:from_environment"


@click.command("serve")
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to bind; beyond loopback, keys are needed.",
)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535))
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes.")
def command(host: str, port: int, workers: int) -> None:
    """HTTP API, OpenAI-compatible chat, MCP and the web page.

    Example: rackrate serve --port 8000, then open http://127.0.0.1:8000/
    """
    import os

    import uvicorn

    from agent.settings import settings
    from api.http.service import checked_keys

    checked_keys(settings(), host)  # a misconfiguration is one line here, not a worker's traceback
    os.environ["RACKRATE_SERVE_HOST"] = host
    how: dict[str, Any] = {"host": host, "port": port, "timeout_graceful_shutdown": 25, "log_level": "info"}
    how |= {"factory": True, "access_log": False, "server_header": False}
    if workers == 1:
        uvicorn.run(APPLICATION, **how)
        return
    from api.http import workers as processes

    # a worker that computes on a busy machine is slow to say that it lives: killing it would lose its answers
    how["timeout_worker_healthcheck"] = 60
    processes.run(uvicorn.Config(APPLICATION, workers=workers, **how))


@click.group("keys")
def keys() -> None:
    """API keys of the service: made here, kept only as hashes."""


@keys.command("new")
@click.argument("name")
@click.option("--scopes", default="ask", show_default=True, help=f"Joined by +, out of {', '.join(SCOPES)}.")
def new(name: str, scopes: str) -> None:
    """Make a key and print it once.

    Example: rackrate keys new dashboard --scopes read
    """
    secret, entry = new_key(name, scopes.split("+"))
    click.echo(f"key (shown once): {secret}")
    click.echo(f"RACKRATE_API_KEYS entry: {entry}")
