"""`rackrate validate`: predict a file of measured rows. `rackrate calibrate`: fit the constants again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click


@click.command("validate")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="Where to write.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else.")
def command(file: Path, out: Path, as_json: bool) -> None:
    """Predict every measured row of FILE, and print how far off the predictions are.

    Adds the columns predicted, low, high (10-90 %) and reason (why a row has no prediction).
    """
    from tools.catalog import load
    from tools.serving import measured, validation

    header, raw = measured.read(file)
    made = validation.predict(raw, load())
    try:
        validation.write(out, header, raw, made)
    except OSError as error:
        from tools.errors import InputError

        raise InputError("out", str(out), f"a file that can be written ({error.strerror})") from error
    scores = validation.scores(raw, made)
    click.echo(json.dumps(scores) if as_json else _text(scores, out))


def _text(scores: dict[str, Any], out: Path) -> str:
    lines = [
        f"{scores['predicted']} of {scores['rows']} rows predicted, written to {out}",
        f"|ln(predicted/measured)|: median {_number(scores['median'])}, p90 {_number(scores['p90'])}, "
        f"mean of group medians {_number(scores['mean_of_group_medians'])}",
        f"10-90 % interval holds {_number(scores['interval_coverage'])} of the rows; "
        f"median high/low {_number(scores['median_high_over_low'])}",
    ]
    for name, groups in scores["by"].items():
        lines += ["", f"{name:28} rows  median     p90"]
        lines += [
            f"{key[:28]:28} {group['rows']:4}  {_number(group['median']):>6}  {_number(group['p90']):>6}"
            for key, group in groups.items()
        ]
    lines += ["", *(f"not predicted, {count} rows: {why}" for why, count in scores["not_predicted"].items())]
    return "\n".join(lines).rstrip()


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


@click.command("calibrate")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Default: the catalogue's file.")
@click.option("--date", required=True, help="Date of the fit, as YYYY-MM-DD, kept in the file.")
@click.option(
    "--full", is_flag=True, help="Leave out one pair and one chip at a time (minutes), not bunches."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else.")
def calibrate(file: Path, out: Path | None, date: str, full: bool, as_json: bool) -> None:
    """Fit the serving model's constants to the measured rows of FILE again (a developer's command).

    Reports the error in the sample, on rows kept back, and with whole (model, chip) pairs and whole chips left
    out, each refitted from the priors, so that a fit that memorises shows.
    """
    from tools.catalog import load
    from tools.serving import calibrate as fitting
    from tools.serving import constants as serving_constants
    from tools.serving import constants_file, measured

    _, raw = measured.read(file)
    rows = [r for r in measured.parse_all(raw, load()) if isinstance(r, measured.Row) and r.value]
    if len(rows) < 50:
        from tools.errors import InputError

        raise InputError("rows", len(rows), "at least 50 rows that can be predicted")
    fitted, _ = fitting.fit(rows)
    errors, intervals, widen = constants_file.errors_of(fitted, rows, full=full, progress=_progress(as_json))
    document = constants_file.document(fitted, rows, intervals, errors, widen, date)
    constants_file.write(document, out or serving_constants.DATA)
    if as_json:
        click.echo(json.dumps(document["about"]))
        return
    click.echo(
        f"{document['about']['constants']} constants fitted on {len(rows)} rows, {fitted.iterations} steps"
    )
    for name, by in errors.items():
        for metric, s in by.items():
            said = f"median {s['median']:.3f}  p90 {s['p90']:.3f}  groups {s['groups']:.3f}"
            click.echo(f"{name:20} {metric:20} {s['rows']:5.0f} rows  {said}")


def _progress(quiet: bool) -> Any:
    if quiet:
        return None
    return lambda done, total: click.echo(f"\rfold {done} of {total} ", nl=done == total, err=True)
