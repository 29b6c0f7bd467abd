"""`rackrate mcp`: the MCP server on standard input and output."""

from __future__ import annotations

import click


@click.command("mcp")
def command() -> None:
    """Serve the calculators and the knowledge base to an LLM client over standard input and output.

    Example, for a client's configuration: {"command": "rackrate", "args": ["mcp"]}
    """
    from api.cli.session import open_agent
    from api.mcp import create_mcp

    agent = open_agent("offline")  # no chat model is used: the client's own LLM calls the tools
    try:
        create_mcp(agent).run("stdio", show_banner=False)
    finally:
        agent.close()
