"""`rackrate chat`: a conversation with follow-ups."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Iterator

import click


@click.command("chat")
@click.option(
    "--provider", help="offline, anthropic, openai or a plugin's; default: by the keys that are set."
)
@click.option("--thread", help="Go on with a thread of that name.")
@click.option("--as-of", help="Use prices and facts as of this date.")
def command(provider: str | None, thread: str | None, as_of: str | None) -> int:
    """Ask, then ask on: "and on H200?" Ends with an empty line, `exit` or Ctrl-D."""
    from agent.errors import ThreadError
    from api.cli.ask import as_of_date, offline_note
    from api.cli.render import print_answer
    from api.cli.session import open_agent

    as_of = as_of_date(click.get_current_context(), None, as_of)
    agent = open_agent(provider)
    thread = thread or f"chat-{secrets.token_hex(4)}"
    kept: str | None = thread
    try:
        agent.threads.history(thread, 1)
    except ThreadError as error:
        kept = None
        click.echo(f"rackrate: {error}; follow-ups will not be understood", err=True)
    _greet(thread)
    first = True
    for question in _questions():
        answer = agent.ask_now(question, thread=kept, as_of=as_of)
        print_answer(answer, note=offline_note(provider, answer) if first else None)
        first = False
    agent.close()
    return 0


def _greet(thread: str) -> None:
    if sys.stdin.isatty():
        click.echo(
            f"Ask about AI compute. An empty line ends. This is thread {thread} (--thread {thread} goes on)."
        )


def _questions() -> Iterator[str]:
    """What is typed, line by line, until an empty line, `exit` or the end of input."""
    if sys.stdin.isatty():
        import readline  # noqa: F401  (line editing and history)
    while True:
        try:
            line = input("\n› " if sys.stdin.isatty() else "").strip()
        except EOFError:
            return
        if line.lower() in ("", "exit", "quit"):
            return
        yield line
