"""What people see in a terminal."""

from __future__ import annotations

from typing import Any

import click


def print_answer(answer: Any, *, note: str | None = None) -> None:
    click.echo(answer.text)


def print_run(run: Any) -> None:
    click.echo(run.model_dump_json(indent=1))


def print_tools(summaries: dict[str, str], broken: dict[str, str]) -> None:
    for name, summary in summaries.items():
        click.echo(f"{name}: {summary}")


def print_calculator(calculator: Any) -> None:
    click.echo(calculator.description)
