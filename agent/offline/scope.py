"""Questions that are not to be computed: of another world, of a decision without numbers, of a value that cannot be."""

from __future__ import annotations

import re
from collections.abc import Iterable

from agent.offline.reading.words import stem
from agent.offline.schema import Field, Library, Spec
from agent.offline.score import Question, is_salient

FOREIGN = 2.1  # of 7.5: how little of a question's words may be the best calculator's
KNOWN = 0.76  # and how many of them any calculator's
_EVERYDAY = frozenset(["", "USD", "person", "year", "month", "week", "day", "hour", "minute", "request"])
_DECISION = re.compile(
    r"\b(rent|renting|lease|leasing|buy|buying|own|owning|build|building|afford|colo|colocate)\b", re.I
)
_CHOICE = re.compile(
    r"\b(or|than|afford)\b.{0,40}$|\b(cheaper|better|dearer|more expensive|worth it|pays? off)\b", re.I
)
_BESIDE = frozenset(["of", "at", "is", "a", "an", "the", "=", ":", "was", "be"])


def foreign(question: Question, words: float, library: Library) -> bool:
    """Whether hardly a word of the question is of the trade and its numbers are of everyday things: recipes, boots, cats.

    `words` is how much of the question the best calculator knows, as `Frame.parts["words"]` has it.
    """
    if (
        not question.reading.quantities
        or words >= FOREIGN
        or question.reading.mentions
        or question.features.source
    ):
        return False
    if any(q.unit_text not in _EVERYDAY for q in question.reading.quantities):
        return False
    said = {s for s, _ in question.features.stems}
    return sum(1 for s in said if library.knows(s)) <= KNOWN * len(said)


def own_decision(question: Question) -> bool:
    """ "Rent or own, what pays off?", "can we afford it?": a decision of the asker's, and nothing to work it out from."""
    f, text = question.features, question.text
    words = sum(1 for t in question.reading.tokens if t.is_word)
    bare = not question.reading.mentions and not f.source and not f.strong_source and not f.where_said
    return bare and words <= 12 and bool(_DECISION.search(text)) and bool(_CHOICE.search(text))


def forbidden(question: Question, specs: Iterable[Spec]) -> tuple[Field, str] | None:
    """A percentage said right beside the whole name of a field that forbids it ("a gross margin of 100 %"), and as said."""
    for i, q in enumerate(question.reading.quantities):
        if q.unit_text != "percent" or 0 <= q.value < 100 or not (is_salient(question, i) or q.value == 100):
            continue
        beside = _beside(question, q.first, q.last)
        for spec in specs:
            for f in spec.fields:
                named = f.kind == "number" and bool(f.name_stems) and set(f.name_stems) <= beside
                if named and f.unit_text == "percent" and not f.allows(q.value):
                    return f, question.text[q.start : q.end].strip()
    return None


def _beside(question: Question, first: int, last: int) -> frozenset[str]:
    """The stems of the two words right before a number (past "of", "at", "is") and of the two right after it."""
    tokens = question.reading.tokens
    k = first - 1
    while k >= 0 and tokens[k].low in _BESIDE:
        k -= 1
    near = [*tokens[max(0, k - 1) : k + 1], *tokens[last : last + 2]]
    return frozenset(stem(t.text) for t in near if t.is_word)


__all__ = ["forbidden", "foreign", "own_decision"]
