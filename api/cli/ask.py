"""`rackrate ask`: one question, or a file of them."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from agent.answer import Answer
    from agent.graph import Agent


def as_of_date(ctx: click.Context, param: click.Parameter | None, value: str | None) -> str | None:
    """A date option: YYYY, YYYY-MM or YYYY-MM-DD."""
    if value is None:
        return None
    parts = value.split("-")
    try:
        date(*(int(part) for part in (*parts, "1", "1")[:3]))
        if len(parts) > 3 or len(parts[0]) != 4:
            raise ValueError
    except (ValueError, TypeError):
        raise click.UsageError(f"as-of is {value[:40]!r}; allowed: a date such as 2026-03-01", ctx) from None
    return value


@click.command("ask")
@click.argument("question", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the Answer as JSON and nothing else.")
@click.option(
    "--provider", help="offline, anthropic, openai or a plugin's; default: by the keys that are set."
)
@click.option("--thread", help="Continue (or start) a thread, for follow-ups.")
@click.option("--as-of", callback=as_of_date, help="Use prices and facts as of this date.")
@click.option(
    "--chart", type=click.Path(path_type=Path), help="Write the answer's chart: FILE.png or FILE.svg."
)
@click.option("--from", "source", type=click.Path(path_type=Path), help="A JSONL file of questions.")
@click.option("--to", "target", type=click.Path(path_type=Path), help="Where their answers go; resumes.")
@click.option(
    "--processes",
    type=click.IntRange(1, 64),
    help="With --from: how many answer at once; default: one a core.",
)
def command(
    question: str | None,
    as_json: bool,
    provider: str | None,
    thread: str | None,
    as_of: str | None,
    chart: Path | None,
    source: Path | None,
    target: Path | None,
    processes: int | None,
) -> int:
    """Answer one QUESTION ('-' reads it from standard input), or with --from and --to a file of them."""
    _check_usage(question, source, target, chart)
    if source and target:
        from api.cli.batch import answer_file

        return answer_file(_agent(provider), source, target, as_of=as_of, processes=processes)
    if question == "-":
        question = sys.stdin.buffer.read().decode("utf-8", "replace")
    agent = _agent(provider)
    answer = agent.ask_now(question or "", thread=thread, as_of=as_of)
    if as_json:
        click.echo(answer.model_dump_json())
    if _at_the_door(answer):
        click.echo(f"rackrate: {answer.warnings[0]}", err=True)
        return 2
    if not as_json:
        from api.cli.render import print_answer

        print_answer(answer, note=offline_note(provider, answer))
    if chart is not None:
        from api.charts import write_chart

        write_chart(answer, chart)
    return 0


def _check_usage(question: str | None, source: Path | None, target: Path | None, chart: Path | None) -> None:
    if (source is None) != (target is None):
        raise click.UsageError("--from and --to go together")
    if source is None and question is None:
        raise click.UsageError("question is missing; allowed: a question, or --from FILE --to FILE")
    if source is not None and target is not None and source.resolve() == target.resolve():
        raise click.UsageError(f"to is {str(target)!r}; allowed: another file than the questions")
    if source is not None and question is not None:
        raise click.UsageError("give a question or --from, not both")
    if chart is not None and chart.suffix.lower() not in (".png", ".svg"):
        raise click.UsageError(f"chart is {str(chart)!r}; allowed: a file that ends in .png or .svg")


def _agent(provider: str | None) -> Agent:
    from api.cli.session import open_agent

    return open_agent(provider)


def _at_the_door(answer: Answer) -> bool:
    """Whether the question itself was bad input (empty, too long): the graph did not run."""
    return (
        answer.status == "invalid" and bool(answer.warnings) and answer.warnings[0].startswith("question is ")
    )


def offline_note(provider: str | None, answer: Answer) -> str | None:
    if provider or answer.provider != "offline":
        return None
    return "no key set: answered by the built-in offline model"
