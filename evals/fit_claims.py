"""Fit the weights of readings on claims (agent/offline/claims/weights.yaml).

A question on what was said has rivals: the readings on claims, what its own numbers come to, and no number at all. Each
has its evidence; the weights maximise the likelihood of a rival that comes to the right number (or of "no number" where
none does) over the strangers' development files. The questions that the project was given are never among them.

``python -m evals.fit_claims [--write] [--cases tests/agent/claim_cases.yaml …]`` prints right, wrong and no number in five-fold cross-validation
at the share from which the reader answers, then the weights.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml

from agent.offline.claims import weights as kept
from agent.offline.claims.answer import SURE, reader_of, reads_claims
from agent.offline.claims.asked import read_asked
from agent.offline.claims.weighing import none_evidence, own_evidence, own_figure
from agent.offline.claims.weights import named
from agent.offline.decide import Decider, search_text
from agent.offline.model import OfflineModel
from agent.offline.reading.measure import parse_unit
from agent.offline.talk.thread import decide_thread
from evals.cases import EvalCase, load
from evals.descent import descend
from evals.fit_reader import DEVELOPMENT
from evals.grade import in_unit
from knowledge.base import KnowledgeBase
from tools.catalog import load as load_catalog
from tools.contract import Figure

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

RUN = 14  # readings are tried, more than in an answer
FOLDS, STEPS, RATE, RIDGE = 5, 400, 0.12, 2e-4
WEIGH = {"mixed": 1.0, "narrative": 0.6, "calculator": 0.35}
SAME = 2e-3  # relative; the same number


@dataclass(frozen=True)
class Rivals:
    """One question's rivals, the last of them no number: their evidence, what they come to, and which are right."""

    kind: str
    rows: list[dict[str, float]]
    values: list[tuple[float, str] | None]
    right: list[bool]


def rivals(decider: Decider, knowledge: KnowledgeBase, case: EvalCase) -> Rivals | None:
    """The rivals of a question; None where claims would not be looked at, or nothing can be learnt."""
    decision = decide_thread(decider, (case.question,))
    if decision.kind in ("refuse", "live"):
        return None
    question = decision.question
    found = knowledge.search(decision.search or search_text(question.text), top=5)
    citations = [c.model_dump() for c in found]
    readings = reader_of(decider).readings(question, citations, run=RUN)
    rows = [named(r.parts) for r in readings]
    values: list[tuple[float, str] | None] = [(r.value, r.unit) for r in readings]
    own = own_figure(decision)
    if own is not None:
        rows.append(own_evidence(decision, citations))
        values.append(own)
    rows.append(none_evidence(decision, read_asked(question)))
    values.append(None)
    right = [value is not None and _right(case, value) for value in values]
    if case.kind == "calculator" and (own is None or not any(right) or not reads_claims(decider, decision)):
        return None
    right[-1] = not any(right)
    return Rivals(str(case.kind), rows, values, right)


def _right(case: EvalCase, value: tuple[float, str]) -> bool:
    if case.expected is None:
        return False
    for unit in (value[1], value[1].removesuffix("/year"), value[1].removesuffix("/rack")):
        got = in_unit(Figure(name="value", value=value[0], unit=unit or "dimensionless"), case.expected.unit)
        close = max(case.expected.rel_tol, 0.01) * abs(case.expected.value)
        if got is not None and abs(abs(got) - abs(case.expected.value)) <= close:
            return True
    return False


class Fit:
    """The likelihood over a set of questions, all rivals in one matrix."""

    def __init__(self, asked: Sequence[Rivals], names: Sequence[str]) -> None:
        column = {name: k for k, name in enumerate(names)}
        self.of = np.repeat(np.arange(len(asked)), [len(a.rows) for a in asked])
        self.x = np.zeros((len(self.of), len(names)))
        for r, row in enumerate(row for a in asked for row in a.rows):
            for name, value in row.items():
                self.x[r, column[name]] = value
        self.right = np.array([right for a in asked for right in a.right], dtype=bool)
        self.weigh = np.array([WEIGH.get(a.kind, 0.0) for a in asked])

    def shares(self, w: Array) -> Array:
        """The probability of each rival of its question."""
        z, n = self.x @ w, len(self.weigh)
        top = np.full(n, -np.inf)
        np.maximum.at(top, self.of, z)
        odds = np.exp(z - top[self.of])
        return np.asarray(odds / np.bincount(self.of, odds, n)[self.of], dtype=np.float64)

    def gradient(self, w: Array) -> Array:
        """Of the mean negative log-likelihood with a ridge."""
        p = self.shares(w)
        right = np.bincount(self.of, p * self.right, len(self.weigh))
        pull = np.where(self.right, p / np.maximum(right[self.of], 1e-300), 0.0)
        return np.asarray(self.x.T @ ((p - pull) * self.weigh[self.of]) / len(self.weigh) + 2 * RIDGE * w)


def fit(asked: Sequence[Rivals], names: Sequence[str]) -> Array:
    """The weights by Adam."""
    problem = Fit(asked, names)
    return descend(problem.gradient, len(names), steps=STEPS, rate=RATE, slower=3, floor=1e-6)


def outcome(one: Rivals, p: Array) -> str:
    """Of one question: right, wrong, or no number, as the reader would answer it."""
    groups: list[tuple[float, bool, tuple[float, str]]] = []
    for value, right, share in zip(one.values, one.right, p, strict=True):
        if value is None:
            continue
        k = next((k for k, g in enumerate(groups) if _same(g[2], value)), None)
        if k is None:
            groups.append((float(share), right, value))
        else:
            groups[k] = (groups[k][0] + float(share), groups[k][1] or right, groups[k][2])
    best = max(groups, default=None, key=lambda g: g[0])
    if best is None or best[0] < SURE or best[0] < p[-1]:
        return "no number"
    return "right" if best[1] else "wrong"


def _same(one: tuple[float, str], other: tuple[float, str]) -> bool:
    a, b = parse_unit(one[1]), parse_unit(other[1])
    p, q = abs(one[0]) * a.factor, abs(other[0]) * b.factor
    return a.dims == b.dims and abs(p - q) <= SAME * max(p, q, 1e-30)


def cases_of(file: Path) -> Sequence[EvalCase]:
    """The cases of a question file, or of a list of mixed questions that says which claim each is on."""
    rows = yaml.safe_load(file.read_text(encoding="utf-8"))
    if all("kind" in row for row in rows):
        return load(file)
    fields = ("id", "question", "expected")
    return [EvalCase.model_validate({k: row[k] for k in fields} | {"kind": "mixed"}) for row in rows]


def questions(files: Sequence[Path]) -> Iterator[Rivals]:
    decider = OfflineModel(load_catalog()).decider()
    with tempfile.TemporaryDirectory() as home:
        knowledge = KnowledgeBase(Path(home))
        for file in files:
            for case in cases_of(file):
                if case.kind in WEIGH and (found := rivals(decider, knowledge, case)) is not None:
                    yield found


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--write", action="store_true", help="put the weights into the reader")
    parser.add_argument("--cases", type=Path, nargs="*", default=[], help="further question files")
    options = parser.parse_args(arguments)
    asked = list(questions([*sorted(DEVELOPMENT.glob("development_*.yaml")), *options.cases]))
    names = sorted({name for a in asked for row in a.rows for name in row})
    print(yaml.safe_dump(_cross_validated(asked, names)))
    found = {n: round(float(x), 3) for n, x in zip(names, fit(asked, names), strict=True)}
    text = yaml.safe_dump({"weights": found}, sort_keys=True)
    print(text)
    if options.write:
        Path(kept.__file__).with_name("weights.yaml").write_text(text, encoding="utf-8")
    return 0


def _cross_validated(asked: Sequence[Rivals], names: Sequence[str]) -> dict[str, Any]:
    """By kind, how many are right, wrong and without a number when their fold is left out of the fit."""
    fold = np.random.default_rng(0).integers(0, FOLDS, len(asked))
    counts: dict[str, dict[str, int]] = {}
    for k in range(FOLDS):
        w = fit([a for a, f in zip(asked, fold, strict=True) if f != k], names)
        for one in (a for a, f in zip(asked, fold, strict=True) if f == k):
            said = outcome(one, Fit([one], names).shares(w))
            row = counts.setdefault(one.kind, {"right": 0, "wrong": 0, "no number": 0})
            row[said] += 1
    return counts


if __name__ == "__main__":
    raise SystemExit(main())
