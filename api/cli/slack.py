"""`rackrate slack`: the Slack app in Socket Mode, which needs no public address."""

from __future__ import annotations

import click


@click.command("slack")
@click.option("--provider", help="Chat model; default as for `ask`.")
def command(provider: str | None) -> None:
    """Answer in Slack over a socket that this process opens.

    Needs RACKRATE_SLACK_BOT_TOKEN (xoxb-…) and RACKRATE_SLACK_APP_TOKEN (xapp-…); docs/slack.md has the steps.

    Example: rackrate slack
    """
    import asyncio

    from api.cli.session import open_agent
    from api.slack.socket import serve

    agent = open_agent(provider)
    for name in ("slack_bot_token", "slack_app_token"):
        if getattr(agent.settings, name) is None:
            raise click.UsageError(f"RACKRATE_{name.upper()} is not set; docs/slack.md says where to find it")
    try:
        asyncio.run(serve(agent))
    finally:
        agent.close()
