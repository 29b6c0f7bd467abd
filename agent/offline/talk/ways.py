"""The ways a follow-up can be meant, each tried by reading what it would say in full.

Values put into the earlier reading or into the earlier text, both texts read as one, an amount it points to written
out, the earlier result used in a new question, two results compared. Each is read and run like a question, so how sure
it is says which one is meant.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from agent.offline.decide import LIKELY, SURE, Choice, Decider, Decision
from agent.offline.doubt import said_ignored
from agent.offline.fitting.near import Words
from agent.offline.reading.features import Wanted
from agent.offline.reading.measure import parse_unit, without_counts
from agent.offline.score import Question
from agent.offline.talk.chains import at_the_meter, compared, for_one, once_more, raised, told
from agent.offline.talk.edits import edited, plainly, with_amounts
from agent.offline.talk.follow import asks_itself, follows, merge, refers_back

CHAINED = 0.85  # a result told again says less than the texts it came from
TOLD = 0.6  # and a question about it is answered only when it is surer than `SURE`
WORTH = 0.3  # an earlier text with a new value in it is read as it was before: less sure than `SURE` will do


@dataclass(frozen=True)
class Standing:
    """What a follow-up may lean on: the question as it stands, its decision, and the results so far.

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

    def asked(self) -> list[Question]:
        """The question, and those whose results it is about, the last first."""
        return [self.decision.question, *(self.origin.asked() if self.origin is not None else [])]

    @property
    def asked_back(self) -> bool:
        return self.decision.kind in ("clarify", "invalid", "absent")


Way = Callable[[Decider, Question, Standing], "Standing | None"]


def followed(decider: Decider, question: Question, standing: Standing) -> Standing | None:
    """The follow-up in the way it is most surely meant; None when it leans on nothing."""
    asks = asks_itself(question)
    ways: tuple[Way, ...] = (_joined, _merged, _edited)
    if standing.asked_back:
        if asks and not _linked(decider, question, standing):
            return None
        return _first(ways, decider, question, standing)
    about = _about_results(decider, question, standing)
    if about is not None:
        return about
    if not asks:
        ways = (_edited, _merged, _at_the_meter, _joined, _chained)
        return _first(ways, decider, question, standing)
    if not _linked(decider, question, standing):
        return None
    ways = (_merged, _edited, _referred, _chained, _joined)
    found = [s for way in ways if (s := way(decider, question, standing)) is not None]
    return max(found, key=lambda s: _surety(s) * (CHAINED if s.origin is not None else 1.0), default=None)


def _first(
    ways: tuple[Way, ...], decider: Decider, question: Question, standing: Standing
) -> Standing | None:
    return next((s for way in ways if (s := way(decider, question, standing)) is not None), None)


def answering(decider: Decider, question: Question, standing: Standing, alone: Standing) -> Standing:
    """What answers a question asked back: the surest of both texts read as one and of the values put in."""
    computes = alone.decision.kind in ("calculate", "mixed")
    found = _joined(decider, question, standing)
    if found is None and not computes and _surety(standing) >= LIKELY:
        found = _merged(decider, question, standing)
    found = found or _edited(decider, question, standing)
    if found is None or (computes and _surety(alone) > _surety(found) + 0.1):
        return alone
    return found


def _surety(standing: Standing) -> float:
    return standing.choice.sure if standing.choice is not None else 0.0


def _linked(decider: Decider, question: Question, standing: Standing) -> bool:
    """Whether anything ties the question to the earlier one: a word that points back, one of its own words, its unit."""
    if follows(question) >= 1.0 or refers_back(question.text):
        return True
    before = {s for s, _ in standing.decision.question.features.stems}
    if standing.text:
        before |= {s for s, _ in decider.reader.read(standing.text).features.stems}
    choice = standing.choice
    if choice is not None and choice.want is not None:
        before |= set(choice.want.name_stems)
    return any(s in before for s, _ in question.features.stems)


def _about_results(decider: Decider, question: Question, standing: Standing) -> Standing | None:
    """Two results compared, one shared out, the same step once more, or the last one in another unit."""
    if standing.choice is None:
        return None
    before, asked = standing.choice, standing.decision.question
    choice = compared(decider, question, standing.results) or for_one(
        decider, question, before, standing.asked()
    )
    choice = (
        choice
        or once_more(decider, question, before)
        or (None if asks_itself(question) else raised(decider, question, before))
    )
    if choice is None and _only_a_unit(question, before):
        choice = before
    if choice is None:
        return None
    if choice is not before and (choice.want is before.want or not asks_itself(question)):
        question = _wanting(question, asked.features.wanted)
    return replace(
        standing, decision=Decision("calculate", question, choice, followed=True), text="", origin=standing
    )


def _at_the_meter(decider: Decider, question: Question, standing: Standing) -> Standing | None:
    choice = at_the_meter(decider, question, standing.choice) if standing.choice is not None else None
    if choice is None:
        return None
    q = _wanting(question, standing.decision.question.features.wanted)
    return replace(
        standing, decision=Decision("calculate", q, choice, followed=True), text="", origin=standing
    )


def _only_a_unit(question: Question, before: Choice) -> bool:
    """ "In months?", after so many years."""
    wanted, value = question.features.wanted, before.value
    if not wanted.explicit or wanted.unit is None or value is None:
        return False
    if question.reading.mentions or question.precisions or question.reading.quantities:
        return False
    return (
        len(question.features.stems) <= 2
        and bool(wanted.unit.dims)
        and wanted.unit.dims == parse_unit(value[1]).dims
    )


def _merged(decider: Decider, question: Question, standing: Standing) -> Standing | None:
    """The new values put into the earlier reading."""
    if standing.choice is None:
        return None
    choice = merge(decider, decider.reader.read(plainly(question.text)), standing.choice)
    if choice is None or choice.sure < LIKELY or (asks_itself(question) and not _as_asked(question, choice)):
        return None
    asked = standing.decision.question.features.wanted
    q = question if question.features.wanted.unit is not None else _wanting(question, asked)
    decision = decider.decide(q, [choice])
    if decision.kind == "narrative" and choice.ok:
        decision = Decision("calculate", q, choice)
    return replace(
        standing,
        decision=replace(decision, followed=True),
        text=_said_at_once(decider, question, standing, choice),
    )


def _said_at_once(decider: Decider, question: Question, standing: Standing, choice: Choice) -> str:
    """A text that says the whole merged question, where one reads to the same result; else nothing."""
    if not standing.text:
        return ""
    new = decider.reader.read(plainly(question.text))
    for text in (
        edited(_asked(decider, standing), new, standing.fixed),
        _sentence(standing.text) + question.text,
    ):
        if text is None:
            continue
        choices = decider.choices(_wanting_as(decider.reader.read(text), question, standing))
        if choices and choices[0].ok and choices[0].value == choice.value:
            return text
    return ""


def _as_asked(question: Question, choice: Choice) -> bool:
    """Whether a result has the unit that the follow-up itself asks for, and nothing it says is left over."""
    return choice.ok and choice.sure >= 0.8 and _in_unit_asked(question, choice)


def _in_unit_asked(question: Question, choice: Choice) -> bool:
    """Whether a result can be given in the unit that the question names; counts of things are left to the reader."""
    wanted, value = question.features.wanted, choice.value
    if not wanted.explicit or wanted.unit is None or value is None:
        return True
    return without_counts(wanted.unit) == without_counts(parse_unit(value[1]))


def _asked(decider: Decider, standing: Standing) -> Question:
    return decider.reader.read(plainly(standing.text))


def _edited(decider: Decider, question: Question, standing: Standing) -> Standing | None:
    """The new values put into the earlier text; into that of the result it is about, where they belong there."""
    if not standing.text:
        return None
    new = decider.reader.read(plainly(question.text))
    text = edited(_asked(decider, standing), new, standing.fixed)
    if text is not None:
        q = _wanting_as(decider.reader.read(text), question, standing)
        found = _taken(decider, q, standing, WORTH)
        return (
            replace(found, text=text, origin=standing.origin, tail=standing.tail, fixed=standing.fixed)
            if found
            else None
        )
    if standing.origin is None:
        return None
    earlier = _edited(decider, question, standing.origin)
    return _chained(decider, decider.reader.read(standing.tail), earlier) if earlier is not None else None


def _joined(decider: Decider, question: Question, standing: Standing) -> Standing | None:
    """Both texts read as one."""
    if not standing.text:
        return None
    text = _sentence(standing.text) + question.text
    q = _wanting_as(decider.reader.read(text), question, standing)
    found = _taken(decider, q, standing, SURE)
    if found is None or found.choice is None:
        return None
    if (
        not standing.asked_back
        and standing.choice is not None
        and found.choice.value == standing.choice.value
    ):
        return None  # what was added changes nothing: it was not understood
    return replace(found, text=text)


def _referred(decider: Decider, question: Question, standing: Standing) -> Standing | None:
    """The question with the amount it points to written out: "at that growth", "for the same price"."""
    if not standing.text:
        return None
    text = with_amounts(_asked(decider, standing), question.text)
    if text == question.text:
        return None
    found = _taken(decider, decider.reader.read(text), standing, SURE)
    return replace(found, text=text) if found is not None else None


def _sentence(text: str) -> str:
    bare = text.rstrip()
    return bare + " " if bare.endswith((".", "?", "!", ";")) else bare + ". "


def _chained(decider: Decider, question: Question, standing: Standing) -> Standing | None:
    """The earlier result stated, then the new question."""
    if standing.choice is None or not standing.choice.ok:
        return None
    opening = told(standing.choice, standing.decision.question)
    if not opening:
        return None
    text = opening + question.text
    q = decider.reader.read(text)
    before = standing.decision.question.features.wanted
    q = _wanting(
        q, question.features.wanted if asks_itself(question) else replace(before, near={}, focus=frozenset())
    )
    found = _taken(decider, q, None, TOLD)
    if found is None:
        return None
    return replace(found, text=text, origin=standing, tail=question.text, fixed=len(opening))


def _taken(decider: Decider, question: Question, standing: Standing | None, bar: float) -> Standing | None:
    """The surest reading of a text made from a follow-up, when it comes out."""
    choices = [
        c for c in decider.choices(question) if _in_unit_asked(question, c) and not said_ignored(c.faults)
    ]
    best = choices[0] if choices else None
    if best is None or not best.ok or best.sure < bar:
        return None
    before = standing.choice.frame.arguments if standing is not None and standing.choice is not None else {}
    fills = {
        n: replace(f, origin="thread") if n in before and before[n] == f.value else f
        for n, f in best.frame.fills.items()
    }
    best.frame.fills = fills
    decision = decider.decide(question, choices)
    if decision.kind not in ("calculate", "mixed") or decision.from_claims:
        decision = Decision("calculate", question, best)
    return Standing(replace(decision, followed=True), question.text)


def _wanting(question: Question, wanted: Wanted) -> Question:
    """The question, with what is wanted taken from another."""
    features = replace(question.features, wanted=wanted)
    return replace(question, features=features, words=Words(question.reading, features))


def _wanting_as(whole: Question, new: Question, standing: Standing) -> Question:
    """What a text made of two wants: what the follow-up asks for, else what was asked before."""
    if asks_itself(new):
        return _wanting(whole, new.features.wanted) if new.features.wanted.unit is not None else whole
    return _wanting(whole, standing.decision.question.features.wanted)
