"""Running cases: offline, through mocked providers at the wire, or live; in parallel, with every step kept."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, Field

from agent.answer import Answer
from agent.graph import Agent
from agent.settings import Settings
from evals import grade
from evals.attack import Range, planted
from evals.cases import EvalCase
from evals.mocked import Behaviour, Provider, Recorder, Turn, played, settings_for

Way = Literal["offline", "anthropic", "openai", "live"]
Recordings = dict[tuple[str, int], list[Turn]]
"""The turns to play, by case and the place of the question in it: what the offline reader did."""


class Outcome(BaseModel):
    """One case run once: what was answered, how each check went. `error` is the run's, recorded, not raised."""

    case: str
    kind: str
    way: str
    question: str
    passed: bool
    checks: dict[str, tuple[bool, str]] = Field(default_factory=dict)
    answer: Answer | None = None
    error: str | None = None
    elapsed_ms: float = 0.0


Progress = Callable[[], None]


def _checks() -> Any:
    """The checks of `grade`, as one evaluator of pydantic-evals (imported here: it takes a second)."""
    from pydantic_evals.evaluators import EvaluationReason, Evaluator, EvaluatorContext

    class Checks(Evaluator[EvalCase, Answer, None]):
        def evaluate(self, ctx: EvaluatorContext[EvalCase, Answer, None]) -> dict[str, EvaluationReason]:
            seen = {name: check(ctx.inputs, ctx.output) for name, check in grade.CHECKS.items()}
            return {name: EvaluationReason(v.passed, v.reason) for name, v in seen.items() if v is not None}

    return Checks()


class Runner:
    """Runs cases on agents that share one home, and so one index."""

    def __init__(
        self,
        settings: Settings,
        way: Way = "offline",
        behaviour: Behaviour = "good",
        recordings: Recordings | None = None,
    ) -> None:
        self.settings, self.way, self.behaviour = settings, way, behaviour
        self._recordings: Recordings = {} if recordings is None else recordings
        self.agent = Agent(settings if way == "live" else settings.model_copy(update={"provider": "offline"}))
        self._range: Range | None = None
        self._actor: Agent | None = (
            None  # one for all mocked questions: a client and a graph take time to make
        )
        self._rehearsals: Agent | None = None
        self._recorder = Recorder(self.agent.models[0]) if way in ("anthropic", "openai") else None

    async def run(
        self,
        cases: Sequence[EvalCase],
        *,
        epochs: int = 1,
        parallel: int = 4,
        progress: Progress | None = None,
    ) -> list[Outcome]:
        """Every case `epochs` times. Mocked ways run one at a time: a mocked wire belongs to one question."""
        from pydantic_evals import Case, Dataset

        cases = [planted(case) for case in cases]
        attacks = [case for case in cases if case.kind == "injection"]
        if attacks:
            self._range = Range(self.settings, attacks)

        async def task(case: EvalCase) -> Answer:
            try:
                return await self._answer(case)
            finally:
                if progress:
                    progress()

        dataset = Dataset[EvalCase, Answer, None](
            name=self.way, cases=[Case(name=c.id, inputs=c) for c in cases], evaluators=[_checks()]
        )
        report = await dataset.evaluate(
            task,
            max_concurrency=parallel if self.way in ("offline", "live") else 1,
            progress=False,
            repeat=epochs,
        )
        good = [
            self._outcome(row.inputs, row.output, row.assertions, row.task_duration) for row in report.cases
        ]
        bad = [self._base(row.inputs, passed=False, error=row.error_message) for row in report.failures]
        return sorted(good + bad, key=lambda o: o.case)

    def close(self) -> None:
        self.agent.close()
        if self._range is not None:
            self._range.close()

    def _base(self, case: EvalCase, **rest: Any) -> Outcome:
        question = " → ".join(case.asked())
        return Outcome(case=case.id, kind=case.kind, way=self.way, question=question, **rest)

    def _outcome(
        self, case: EvalCase, answer: Answer, assertions: Mapping[str, Any], took_s: float
    ) -> Outcome:
        checks = {name: (bool(a.value), a.reason or "") for name, a in assertions.items()}
        return self._base(
            case, passed=grade.passed(case, answer), checks=checks, answer=answer, elapsed_ms=took_s * 1000
        )

    async def _answer(self, case: EvalCase) -> Answer:
        if case.kind == "injection" and self._range is not None:
            return await self._range.attack(case)
        thread = f"eval-{self.way}-{uuid.uuid4().hex}" if case.turns else None
        try:
            answer: Answer | None = None
            for place, question in enumerate(case.asked()):
                answer = await self._ask((case.id, place), question, thread)
            assert answer is not None  # asked() is never empty
            return answer
        finally:
            if thread is not None:
                self.agent.threads.delete(thread)

    async def _ask(self, place: tuple[str, int], question: str, thread: str | None) -> Answer:
        if self.way == "offline" or self.way == "live":
            return await self.agent.ask(question, thread=thread)
        return await self._mocked(self.way, place, question, thread)

    async def _mocked(
        self, provider: Provider, place: tuple[str, int], question: str, thread: str | None
    ) -> Answer:
        """The offline reader's turns, recorded, then played by the provider's mocked API to a fresh agent."""
        if place not in self._recordings:
            self._recordings[place] = await self._rehearsed(question, thread)
        with played(provider, self._recordings[place], self.behaviour):
            actor = self._actor or Agent(
                settings_for(self.settings, provider, self.behaviour), threads=self.agent.threads
            )
            actor.toolbox = self.agent.toolbox
            self._actor = actor
            return await actor.ask(question, thread=thread)

    async def _rehearsed(self, question: str, thread: str | None) -> list[Turn]:
        """What the offline reader does with a question."""
        recorder = self._recorder
        assert recorder is not None  # a mocked way has one
        recorder.turns = []
        if self._rehearsals is None:
            self._rehearsals = Agent(self.agent.settings, models=[recorder], threads=self.agent.threads)
            self._rehearsals.toolbox = self.agent.toolbox
        # the rehearsal must see the thread and not add to it
        history = self.agent.threads.history(thread) if thread else None
        await self._rehearsals.ask(question, history=history)
        return recorder.turns
