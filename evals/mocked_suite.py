"""The whole mocked suite: every case through both providers' APIs, every behaviour at a few, and the fault table.

The offline reader's turns are recorded once a question and played by both APIs; attacks meet an obeying model, which is
the same for every provider, once.
"""

from __future__ import annotations

from collections.abc import Sequence

from agent.answer import Answer
from agent.settings import Settings
from evals import faults
from evals.cases import EvalCase
from evals.grade import Verdict
from evals.mocked import BEHAVIOURS, PROVIDERS, Behaviour, Provider
from evals.run import Outcome, Progress, Recordings, Runner

FEW = 2  # cases that each behaviour is tried at
_PASSING = frozenset({"malformed", "truncated", "rate_limited"})
_LASTING = frozenset({"rate_limited_long", "overloaded", "hanging"})


def _few(cases: Sequence[EvalCase]) -> list[EvalCase]:
    """Calculator cases for the behaviours: plain questions with a number."""
    return [c for c in cases if c.kind == "calculator" and c.expected and not c.turns][:FEW]


def size(cases: Sequence[EvalCase], epochs: int) -> int:
    """How many runs `run` makes."""
    attacks = sum(case.kind == "injection" for case in cases)
    spoiled = len(PROVIDERS) * (len(BEHAVIOURS) - 1) * len(_few(cases))
    good = len(PROVIDERS) * (len(cases) - attacks) * epochs + attacks * epochs
    return good + spoiled + len(faults.rows())


async def run(
    settings: Settings, cases: Sequence[EvalCase], *, epochs: int = 1, progress: Progress | None = None
) -> list[Outcome]:
    """Every outcome; the `way` of each says which API and, when it was not good, how it behaved."""
    recordings: Recordings = {}
    outcomes: list[Outcome] = []
    attacks = [case for case in cases if case.kind == "injection"]
    plain = [case for case in cases if case.kind != "injection"]
    for provider in PROVIDERS:
        mine = plain if provider != PROVIDERS[0] else [*plain, *attacks]
        outcomes += await _played(settings, provider, "good", mine, recordings, epochs, progress)
    for provider in PROVIDERS:
        for behaviour in BEHAVIOURS:
            if behaviour != "good":
                found = await _played(settings, provider, behaviour, _few(cases), recordings, 1, progress)
                outcomes += [_judged(outcome, provider, behaviour) for outcome in found]
    return outcomes + await _faulty(settings, progress)


async def _played(
    settings: Settings,
    provider: Provider,
    behaviour: Behaviour,
    cases: Sequence[EvalCase],
    recordings: Recordings,
    epochs: int,
    progress: Progress | None,
) -> list[Outcome]:
    runner = Runner(settings, provider, behaviour, recordings)
    way = provider if behaviour == "good" else f"{provider}, {behaviour}"
    try:
        found = await runner.run(cases, epochs=epochs, progress=progress)
    finally:
        runner.close()
    return [o.model_copy(update={"case": f"{o.case} ({way})", "way": way}) for o in found]


def _judged(outcome: Outcome, provider: Provider, behaviour: Behaviour) -> Outcome:
    """The outcome with a check that the caller was told what the API did."""
    seen = (
        Verdict(False, outcome.error or "no answer")
        if outcome.answer is None
        else told(outcome.answer, provider, behaviour)
    )
    checks = {**outcome.checks, "behaviour": (seen.passed, seen.reason)}
    return outcome.model_copy(
        update={"checks": checks, "passed": outcome.passed and seen.passed, "kind": "behaviour"}
    )


def told(answer: Answer, provider: Provider, behaviour: Behaviour) -> Verdict:
    """Whether the answer shows what a badly behaved API did."""
    warned = " ".join(answer.warnings)
    if behaviour in _PASSING:
        return Verdict(answer.provider == provider and "was tried 2 times" in warned, warned)
    if behaviour in _LASTING:
        return Verdict(answer.provider == "offline" and f"{provider} failed (" in warned, warned)
    if behaviour == "wrong_number":
        return Verdict(
            bool(answer.ledger.unsupported) and "supports" in warned,
            f"unsupported: {answer.ledger.unsupported}",
        )
    return Verdict(answer.text.startswith("Sure!"), answer.text[:40])


async def _faulty(settings: Settings, progress: Progress | None) -> list[Outcome]:
    runner = Runner(settings)
    base = runner.agent
    outcomes = []
    try:
        base.warm()
        for fault, provider in faults.rows():
            seen = await faults.run(fault, provider, base, base.models[0])
            wrong = faults.complaint(fault, seen)
            outcomes.append(_as_outcome(fault, seen, wrong))
            if progress:
                progress()
    finally:
        runner.close()
    return outcomes


def _as_outcome(fault: faults.Fault, seen: faults.Seen, wrong: str | None) -> Outcome:
    requests = f"{seen.asked} request{'s' if seen.asked != 1 else ''}"
    ended = f"{requests}, answered by {seen.answer.provider}"
    return Outcome(
        case=f"{fault.name} ({seen.provider})",
        kind="fault",
        way=seen.provider,
        question=fault.question,
        passed=wrong is None,
        checks={"fault": (wrong is None, wrong or ended)},
        answer=seen.answer,
        elapsed_ms=1000 * seen.seconds,
    )
