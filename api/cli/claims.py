"""`rackrate claims`: the ledger of quantitative claims, each computed again by its calculator."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from agent.claims import ClaimCheck, LedgerClaim

_BAD_INPUT = 2
_MARKS = {"reproduced": "green", "plausible": "yellow", "inconsistent": "red", "not_checkable": "white"}
_file = click.option(
    "--file", "file", type=click.Path(path_type=Path), help="A claims file of your own (YAML or JSON)."
)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else.")


@click.group(name="claims")
def command() -> None:
    """The claims of the built-in pack (or of a file of yours) and what calculation makes of them."""


@command.command(name="list")
@_file
@_json
def list_claims(file: Path | None, as_json: bool) -> None:
    """Every claim: id, time, who made it, and the calculator that checks it."""
    claims = _load(file)
    if as_json:
        rows = [
            {
                "id": c.id,
                "claim": c.claim,
                "start": c.start,
                "speaker": c.speaker,
                "calculator": c.check.calculator if c.check else None,
            }
            for c in claims
        ]
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    for c in claims:
        calculator = c.check.calculator if c.check else "no calculation"
        click.echo(f"{c.id}  {c.start or ''}  {c.speaker or ''}  [{calculator}]\n    {c.claim}")


@command.command()
@click.argument("identifiers", nargs=-1, metavar="[ID]…")
@_file
@_json
def check(identifiers: tuple[str, ...], file: Path | None, as_json: bool) -> None:
    """Compute claims again: all that carry a calculation, or those named."""
    from agent.claims import check_claims

    claims = _chosen(_load(file), identifiers)
    checked = check_claims(claims)
    if as_json:
        click.echo(json.dumps([row.model_dump() for row in checked], ensure_ascii=False))
        return
    for row in checked:
        _print(row, full=bool(identifiers))
    if not identifiers:
        counts = {verdict: sum(row.verdict == verdict for row in checked) for verdict in _MARKS}
        click.echo(", ".join(f"{n} {verdict.replace('_', ' ')}" for verdict, n in counts.items()))


def _print(row: ClaimCheck, *, full: bool) -> None:
    verdict = click.style(row.verdict.replace("_", " "), fg=_MARKS[row.verdict], bold=True)
    click.echo(f"{verdict}  {row.id}" + (f"  {row.start}" if row.start else ""))
    _echo(row.claim)
    _echo(row.note)
    if full and row.calculator:
        for name, given in row.inputs.items():
            says = f": {given['says']}" if "says" in given else ""
            _echo(f"{name} = {given['value']} ({given['origin']}{says})")
        if row.formula:
            _echo(f"{row.calculator}: {row.formula}")
    if sys.stdout.isatty():
        click.echo()


def _echo(text: str) -> None:
    """A line set in; in a terminal broken at its width, on a pipe left whole for other programs."""
    if not sys.stdout.isatty():
        click.echo(f"    {text}")
        return
    width = max(30, min(shutil.get_terminal_size().columns, 92))
    click.echo(textwrap.fill(text, width, initial_indent="    ", subsequent_indent="    "))


def _load(file: Path | None) -> list[LedgerClaim]:
    from agent.claims import load_claims
    from tools.errors import InputError

    try:
        return load_claims(file)
    except InputError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(_BAD_INPUT)


def _chosen(claims: list[LedgerClaim], identifiers: tuple[str, ...]) -> list[LedgerClaim]:
    """The claims named, or all with a calculation; an unknown id is bad input and offers the nearest."""
    if not identifiers:
        return [claim for claim in claims if claim.check]
    by_id = {claim.id: claim for claim in claims}
    unknown = [identifier for identifier in identifiers if identifier not in by_id]
    if unknown:
        from tools.registry import nearest_names

        nearest = ", ".join(nearest_names(unknown[0], list(by_id))) or "see `claims list`"
        click.echo(f"error: id is {unknown[0]!r}; allowed: a claim's id; nearest: {nearest}", err=True)
        sys.exit(_BAD_INPUT)
    return [by_id[identifier] for identifier in identifiers]
