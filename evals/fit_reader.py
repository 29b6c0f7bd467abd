"""Fit the weights of the offline reader's evidence (agent/offline/weights.yaml).

Every question of the strangers' development files and every worked example (asked of a reader that has not read it)
gives its readings, each with its evidence and whether it comes to the right number. The weights maximise the
likelihood that a right reading is taken, or none where none is right: a multinomial logit whose "none" has log-odds 0.

``python -m evals.fit_reader [--write] [--cases FILE …]`` prints the share right, wrong and asked back in five-fold
cross-validation, then the weights; `--write` puts them into the reader.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml

from agent.offline import evidence
from agent.offline.choices import Choice
from agent.offline.decide import SURE, Decider
from agent.offline.model import OfflineModel
from evals.cases import EvalCase, load
from evals.descent import descend
from evals.grade import in_unit
from evals.leave_one_out import readers_without
from tools.catalog import load as load_catalog
from tools.contract import Figure

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

DEVELOPMENT = Path(__file__).with_name("strangers")
FOLDS, STEPS, RATE, RIDGE = 5, 1200, 0.08, 0.02
EXAMPLES_WEIGH = 0.6  # a worked example against a stranger's question
NOT_ASKED_OF = frozenset({"missing", "invalid"})


@dataclass(frozen=True)
class Asked:
    """One question's readings: their evidence, and which of them are right."""

    source: str
    rows: list[dict[str, float]]
    right: list[bool]


def ask(decider: Decider, case: EvalCase, source: str) -> Asked:
    """The readings of a stranger's question, those marked that answer as expected."""
    choices = decider.choices(decider.reader.read(case.question), closely=True)
    return Asked(source, [c.evidence for c in choices], [_right(case, c) for c in choices])


def _right(case: EvalCase, choice: Choice) -> bool:
    if case.kind == "refuse":
        wanted = {"clarify": NOT_ASKED_OF, "reject-input": NOT_ASKED_OF, "out-of-scope": {"absent"}}
        return choice.trial.kind in wanted.get(str(case.expected_behaviour), frozenset())
    if case.expected is None or choice.value is None or not choice.ok:
        return False
    value, unit = choice.value
    got = in_unit(Figure(name="value", value=value, unit=unit), case.expected.unit)
    close = max(case.expected.rel_tol, 1e-9) * abs(case.expected.value)
    return got is not None and min(abs(got - case.expected.value), abs(-got - case.expected.value)) <= close


def examples() -> Iterator[Asked]:
    """Every worked example, asked of a reader that has read only the other folds."""
    for model, case in readers_without():
        decider = model.decider()
        choices = decider.choices(decider.reader.read(case.question), closely=True)
        right = [c.ok and c.value is not None and case.same(c.value) for c in choices]
        yield Asked("examples", [c.evidence for c in choices], right)


def strangers(paths: Sequence[Path]) -> Iterator[Asked]:
    decider = OfflineModel(load_catalog()).decider()
    for path in paths:
        for case in load(path):
            if case.kind in ("calculator", "mixed", "narrative", "refuse"):
                yield ask(decider, case, path.stem)


def _fixed(row: Mapping[str, float]) -> float:
    """What the weights that are set, not fitted, come to."""
    return sum(evidence.FIXED.get(name, 0.0) * value for name, value in row.items())


class Fit:
    """The likelihood over a set of questions and its gradient, in one matrix of readings."""

    def __init__(self, asked: Sequence[Asked], names: Sequence[str]) -> None:
        column = {name: k for k, name in enumerate(names)}
        self.of = np.repeat(np.arange(len(asked)), [len(a.rows) for a in asked])
        self.x = np.zeros((len(self.of), len(names)))
        for r, row in enumerate(row for a in asked for row in a.rows):
            for name, value in row.items():
                if name in column:
                    self.x[r, column[name]] = value
        self.fixed = np.array([_fixed(row) for a in asked for row in a.rows])
        self.right = np.array([right for a in asked for right in a.right], dtype=bool)
        self.none = np.array([not any(a.right) for a in asked])
        self.weigh = np.array([EXAMPLES_WEIGH if a.source == "examples" else 1.0 for a in asked])
        self.scale = np.maximum(np.abs(self.x).max(axis=0), 1e-9)

    def gradient(self, w: Array) -> Array:
        """Of the mean negative log-likelihood with a ridge."""
        p, right = self._shares(w)
        pull = np.where(self.right, p / np.maximum(right[self.of], 1e-300), 0.0)
        mean = self.x.T @ ((p - pull) * self.weigh[self.of]) / len(self.none)
        return np.asarray(mean + RIDGE * w * self.scale / len(w))

    def _shares(self, w: Array) -> tuple[Array, Array]:
        """The probability of each reading, and of all right ones (or none) of each question."""
        z, n = self.x @ w + self.fixed, len(self.none)
        top = np.zeros(n)
        np.maximum.at(top, self.of, z)
        odds, none = np.exp(z - top[self.of]), np.exp(-top)
        whole = none + np.bincount(self.of, odds, n)
        p = odds / whole[self.of]
        right = np.bincount(self.of, p * self.right, n) + np.where(self.none, none / whole, 0.0)
        return p, np.asarray(right, dtype=np.float64)

    def outcome(self, w: Array) -> tuple[int, int, int]:
        """How many questions are read rightly, wrongly, and not surely enough to be answered."""
        p, _ = self._shares(w)
        right = np.bincount(self.of, p * self.right, len(self.none))
        wrong = np.zeros(len(self.none))
        np.maximum.at(wrong, self.of, np.where(self.right, 0.0, p))
        taken = np.maximum(right, wrong) >= SURE
        good = int((taken & (right >= wrong)).sum())
        return good, int(taken.sum()) - good, int((~taken).sum())


def fit(asked: Sequence[Asked], names: Sequence[str]) -> Array:
    """The weights by Adam; the problem is small and nearly convex."""
    problem = Fit(asked, names)
    return descend(problem.gradient, len(names), steps=STEPS, rate=RATE, slower=5, floor=1e-9)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--write", action="store_true", help="put the weights into the reader")
    parser.add_argument("--cases", type=Path, nargs="*", default=[], help="further question files")
    options = parser.parse_args(arguments)
    files = [*sorted(DEVELOPMENT.glob("development_*.yaml")), *options.cases]
    asked = [a for a in [*strangers(files), *examples()] if a.rows]
    names = sorted({name for a in asked for row in a.rows for name in row} - set(evidence.FIXED))
    fold = np.random.default_rng(0).integers(0, FOLDS, len(asked))
    for source in sorted({a.source for a in asked}):
        counts = np.zeros(3, dtype=int)
        for k in range(FOLDS):
            rest = [a for a, f in zip(asked, fold, strict=True) if f != k]
            mine = [a for a, f in zip(asked, fold, strict=True) if f == k and a.source == source]
            if mine:
                counts += Fit(mine, names).outcome(_cached(k, rest, names))
        print(f"{source:16} right {counts[0]:5}  wrong {counts[1]:4}  not sure {counts[2]:4}")
    weights = {n: round(float(x), 3) for n, x in zip(names, fit(asked, names), strict=True) if abs(x) > 1e-3}
    text = yaml.safe_dump({"weights": weights}, sort_keys=True)
    print(text)
    if options.write:
        Path(evidence.__file__).with_name("weights.yaml").write_text(text, encoding="utf-8")
    return 0


_FITTED: dict[int, Any] = {}


def _cached(k: int, rest: Sequence[Asked], names: Sequence[str]) -> Array:
    if k not in _FITTED:
        _FITTED[k] = fit(rest, names)
    found: Array = _FITTED[k]
    return found


if __name__ == "__main__":
    raise SystemExit(main())
