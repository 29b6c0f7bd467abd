"""How well the offline reader understands questions it has not seen: every worked example, asked of a reader without it.

The examples are dealt into folds; the questions of one fold are asked of a reader that has read only the others, so
neither the example itself nor its words help. A question is right when the calculator and the wanted result come to
the value that the example's own input gives (another calculator that reaches the same value in the same kind of unit
is right too, and counted apart).

``python -m evals.leave_one_out [CALCULATOR …] [--folds N] [--failures]``
"""

from __future__ import annotations

import argparse
import logging
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent.offline.decide import Choice
from agent.offline.model import OfflineModel
from agent.offline.reading.measure import parse_unit, without_counts
from tools import registry
from tools.catalog import Catalog, load

log = logging.getLogger("rackrate.evals")
FOLDS = 10
CLOSE = 5e-3


@dataclass(frozen=True)
class Row:
    """One example asked: `verdict` is right, other (right, by another way), field, value, calculator or none."""

    calculator: str
    question: str
    want: str
    expected: float
    verdict: str
    got: str
    seconds: float


class _Without:
    """A calculator whose examples are only some of its own."""

    def __init__(self, calculator: registry.Calculator, examples: Sequence[Mapping[str, Any]]) -> None:
        self.name, self.description = calculator.name, calculator.description
        self.input_schema = {k: v for k, v in calculator.input_schema.items() if k != "examples"}
        self.output_schema = calculator.output_schema
        self.examples = list(examples)


@dataclass(frozen=True)
class HeldOut:
    """An example that the reader beside it has not read, and what its own input comes to."""

    calculator: str
    question: str
    want: str
    expected: tuple[float, str]

    def same(self, got: tuple[float, str]) -> bool:
        return _same(got, self.expected)


def readers_without(folds: int = FOLDS, only: Sequence[str] = ()) -> Iterator[tuple[OfflineModel, HeldOut]]:
    """Every example with a wanted result, beside a reader that has not read its fold."""
    catalog = load()
    calculators = registry.calculators()
    for fold in range(folds):
        readable = {
            n: _Without(c, [e for k, e in enumerate(c.examples) if k % folds != fold])
            for n, c in calculators.items()
        }
        model = OfflineModel(catalog, readable)
        for name, calculator in calculators.items():
            for example in calculator.examples[fold::folds] if not only or name in only else ():
                held = _held_out(catalog, name, example)
                if held is not None:
                    yield model, held


def _held_out(catalog: Catalog, name: str, example: Mapping[str, Any]) -> HeldOut | None:
    if not example.get("want") or example.get("compare"):  # a comparison is of several runs, not this one
        return None
    try:
        run = registry.run(name, example["input"], catalog=catalog)
        wanted = next(f for f in run.figures if f.name == example["want"])
    except Exception as error:  # tests/tools/test_examples.py is loud about it
        log.warning("%s: example %r gives no result: %s", name, example["question"], error)
        return None
    return HeldOut(name, example["question"], example["want"], (wanted.value, wanted.unit))


def ask_all(folds: int = FOLDS, only: Sequence[str] = ()) -> Iterator[Row]:
    """Every example with a wanted result, asked of a reader that has not read its fold."""
    for model, held in readers_without(folds, only):
        yield _ask(model, held)


def _ask(model: OfflineModel, held: HeldOut) -> Row:
    start = time.perf_counter()
    decision = model.decide(held.question)
    seconds = time.perf_counter() - start
    choice = decision.choice if decision.kind in ("calculate", "mixed") else None
    verdict = _verdict(choice, held.calculator, held.want, *held.expected)
    return Row(
        held.calculator,
        held.question,
        held.want,
        held.expected[0],
        verdict,
        _shown(decision.kind, choice),
        seconds,
    )


def _verdict(choice: Choice | None, name: str, want: str, value: float, unit: str) -> str:
    if choice is None or choice.want is None:
        return "none"
    figure = choice.trial.figures.get(choice.want.name)
    if figure is None and "value" in choice.trial.output:
        figure = (
            float(choice.trial.output["value"]),
            str(choice.trial.output.get("unit") or "dimensionless"),
        )
    same = figure is not None and _same(figure, (value, unit))
    if choice.frame.spec.name != name:
        return "other" if same else "calculator"
    if same:
        return "right" if choice.want.name == want else "other"
    return "value" if choice.want.name == want else "field"


def _same(got: tuple[float, str], expected: tuple[float, str]) -> bool:
    """Equal up to units and to the sign that words carry ("a fall of 40 %")."""
    mine, theirs = parse_unit(got[1]), parse_unit(expected[1])
    if without_counts(mine) != without_counts(theirs):
        return False
    a, b = abs(got[0] * mine.factor), abs(expected[0] * theirs.factor)
    return abs(a - b) <= CLOSE * max(a, b, 1e-300)


def _shown(kind: str, choice: Choice | None) -> str:
    if choice is None:
        return kind
    want = choice.want.name if choice.want is not None else "-"
    figure = choice.trial.figures.get(want)
    return f"{kind} {choice.frame.spec.name}.{want} = {figure[0] if figure else '?'} {choice.frame.arguments}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print accuracy by calculator, the speed, and (asked for) every failure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("calculators", nargs="*")
    parser.add_argument("--folds", type=int, default=FOLDS)
    parser.add_argument("--failures", action="store_true")
    options = parser.parse_args(arguments)
    rows = list(ask_all(options.folds, options.calculators))
    by_name: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_name[row.calculator].append(row)
    for name, of_one in sorted(by_name.items()):
        print(_line(name, of_one))
        for row in of_one if options.failures else ():
            if row.verdict not in ("right", "other"):
                print(
                    f"   {row.verdict:10} {row.question}\n{'':14}want {row.want} = {row.expected:.6g}; got {row.got}"
                )
    print(_line("all", rows))
    times = sorted(row.seconds for row in rows)
    print(
        f"milliseconds a question: p50 {1e3 * times[len(times) // 2]:.1f}, p95 {1e3 * times[int(0.95 * len(times))]:.1f}"
    )
    return 0


def _line(name: str, rows: Sequence[Row]) -> str:
    good = sum(row.verdict in ("right", "other") for row in rows)
    why = {
        v: sum(row.verdict == v for row in rows) for v in ("other", "field", "value", "calculator", "none")
    }
    detail = ", ".join(f"{count} {verdict}" for verdict, count in why.items() if count)
    return f"{name:22} {good:4}/{len(rows):<4} {good / len(rows):6.1%}  {detail}"


if __name__ == "__main__":
    raise SystemExit(main())
