"""`rackrate tools`: the calculators, their schemas, one run. Starts in well under 0.6 s: no agent, no LangGraph."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from tools import registry
from tools.errors import InputError


@click.group("tools")
def command() -> None:
    """The calculators: list, show, run."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else.")
def list_(as_json: bool) -> None:
    """Every calculator and what it answers."""
    found = registry.calculators()
    if as_json:
        _print_json([{"name": c.name, "description": c.summary} for c in found.values()])
        return
    from api.cli.render import print_tools

    print_tools({c.name: c.summary for c in found.values()}, registry.broken())


@command.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else.")
def show(name: str, as_json: bool) -> None:
    """What one calculator takes and gives: fields, units, limits, examples."""
    calculator = registry.get(name)
    if as_json:
        _print_json(
            {
                "name": calculator.name,
                "description": calculator.description,
                "input_schema": calculator.input_schema,
                "output_schema": calculator.output_schema,
                "examples": calculator.examples,
            }
        )
        return
    from api.cli.render import print_calculator

    print_calculator(calculator)


@command.command("run")
@click.argument("name")
@click.option("--input", "text", required=True, help="The input as JSON; '-' reads it from standard input.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else.")
def run_(name: str, text: str, as_json: bool) -> None:
    """Run one calculator. Values may be typed as people do: "12k", "$2/hr", "H100"."""
    registry.get(name)
    done = registry.run(name, _object(sys.stdin.read() if text == "-" else text))
    if as_json:
        _print_json(done.model_dump(mode="json"))
        return
    from api.cli.render import print_run

    print_run(done)


def _object(text: str) -> dict[str, Any]:
    """The input as an object; InputError names where the JSON breaks."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError("input", text, f"a JSON object ({error})") from error
    if not isinstance(value, dict):
        raise InputError("input", text, "a JSON object")
    return value


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None))
