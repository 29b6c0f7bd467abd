"""What a follow-up may lean on: the question as it stands, its decision, and the results so far."""

from __future__ import annotations

from dataclasses import dataclass, replace

from agent.offline.decide import Choice, Decision
from agent.offline.fitting.near import Words
from agent.offline.reading.features import Wanted
from agent.offline.score import Question


@dataclass(frozen=True)
class Standing:
    """The question as it stands.

    `text` is empty where no one text says the question. A question about an earlier result keeps that one as `origin`
    and its own words as `tail`; the first `fixed` characters of its text then tell the result.
    """

    decision: Decision
    text: str
    results: tuple[Choice, ...] = ()
    origin: Standing | None = None
    tail: str = ""
    fixed: int = 0

    @property
    def choice(self) -> Choice | None:
        return self.decision.choice

    @property
    def sure(self) -> float:
        return self.choice.sure if self.choice is not None else 0.0

    def asked(self) -> list[Question]:
        """The question, and those whose results it is about, the last first."""
        return [self.decision.question, *(self.origin.asked() if self.origin is not None else [])]

    @property
    def asked_back(self) -> bool:
        return self.decision.kind in ("clarify", "invalid", "absent")


def wanting(question: Question, wanted: Wanted) -> Question:
    """The question, with what is wanted taken from another."""
    features = replace(question.features, wanted=wanted)
    return replace(question, features=features, words=Words(question.reading, features))
