"""The decision about the last question of a thread, earlier ones taken into account.

Each question is read on its own and, where it leans on what was asked before, in the ways a follow-up can be meant:
values put into the earlier reading or into the earlier text, both texts read as one, the earlier result used in a new
question, two results compared. Each is read and run like a question, so how sure it is says which one is meant.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from agent.offline.decide import LIKELY, SURE, Choice, Decider, Decision, search_text
from agent.offline.doubt import said_ignored
from agent.offline.fitting.near import Words
from agent.offline.gate import refuse
from agent.offline.reading.features import SOURCE, Wanted
from agent.offline.reading.measure import parse_unit, without_counts
from agent.offline.reading.words import stem
from agent.offline.score import Question, is_salient
from agent.offline.talk.chains import at_the_meter, compared, for_one, once_more, raised, told
from agent.offline.talk.edits import edited, plainly, with_amounts
from agent.offline.talk.follow import (
    asks_in_words,
    asks_itself,
    follows,
    merge,
    names_new_result,
    refers_back,
)
from agent.offline.talk.parts import asking_parts

MAX_BACK = 8  # earlier questions that are re-read
KEPT = 6  # results that may be compared with
CHAINED = 0.85  # a result told again says less than the texts it came from
TOLD = 0.6
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


@dataclass
class Thread:
    """What is known after some questions of a thread."""

    standing: Standing | None = None
    decision: Decision | None = None
    topic: str = ""
    results: tuple[Choice, ...] = field(default=())


def decide_thread(decider: Decider, texts: tuple[str, ...]) -> Decision:
    """The decision about the last question, or about the first where the last message has several."""
    return decide_message(decider, texts)[0]


def decide_message(decider: Decider, texts: tuple[str, ...]) -> tuple[Decision, ...]:
    """Reads the messages in order; each may lean on the one before it. One decision for each question of the last."""
    thread = Thread()
    decisions: tuple[Decision, ...] = ()
    for text in texts[-MAX_BACK:]:
        decisions = _message(decider, thread, text)
    if not decisions:
        raise ValueError("a request needs a user message")
    return decisions


def _message(decider: Decider, thread: Thread, text: str) -> tuple[Decision, ...]:
    """The questions of one message as turns of the thread, where each comes out; else the message as one question."""
    parts = asking_parts(text)
    if len(parts) > 1 and refuse(text) is None:
        apart = replace(thread)
        decisions = tuple(take(decider, apart, part) for part in parts)
        if _computed(decisions[0]) and all(_comes_out(d) for d in decisions):
            thread.standing, thread.decision = apart.standing, apart.decision
            thread.topic, thread.results = apart.topic, apart.results
            return decisions
    return (take(decider, thread, text),)


def _computed(decision: Decision) -> bool:
    return decision.kind in ("calculate", "mixed") and decision.choice is not None and decision.choice.ok


def _comes_out(decision: Decision) -> bool:
    """Whether a part is answered: with a number, or with what was said where it asks for that."""
    f = decision.question.features
    if f.where_said or f.strong_source:
        return decision.kind == "narrative" and f.explain and not f.where_said and len(f.stems) > 2
    return _computed(decision) or (decision.kind == "narrative" and f.source and f.explain)


def take(decider: Decider, thread: Thread, text: str) -> Decision:
    """The decision about one more question; what it leaves for the next is kept in `thread`."""
    told_before = thread.decision is not None and thread.decision.kind == "narrative"
    standing = _one(decider, thread, text)
    decision = standing.decision
    if told_before and decision.kind == "clarify" and decision.question.features.explain:
        decision = replace(decision, kind="narrative", search=search_text(text))
    thread.decision = decision
    if decision.kind in ("calculate", "mixed") and decision.choice is not None and decision.choice.ok:
        thread.results = (*thread.results, decision.choice)[-KEPT:]
    if decision.kind in ("calculate", "mixed", "clarify", "invalid", "absent") and (
        decision.choice is not None or decision.kind == "clarify"
    ):
        thread.standing = replace(standing, decision=decision, results=thread.results)
    if decision.search or not decision.followed:
        thread.topic = decision.search or search_text(text)
    return decision


def _one(decider: Decider, thread: Thread, text: str) -> Standing:
    question = decider.reader.read(text)
    if refuse(text) is not None or thread.standing is None:
        return Standing(_on_topic(decider.decide(question), thread.topic), text)
    choices = decider.choices(question)
    alone = Standing(_on_topic(decider.decide(question, choices), thread.topic), text)
    if thread.standing.asked_back and not asks_in_words(question):
        return _answering(decider, question, thread.standing, alone)
    if _stands_alone(question, choices, alone.decision, thread.standing):
        return alone
    return _followed(decider, question, thread) or alone


def _answering(decider: Decider, question: Question, standing: Standing, alone: Standing) -> Standing:
    """What answers a question asked back: the surest of both texts read as one and of the values put in."""
    computes = alone.decision.kind in ("calculate", "mixed")
    found = _joined(decider, question, standing)
    if found is None and not computes and _surety(standing) >= LIKELY:
        found = _merged(decider, question, standing)
    found = found or _edited(decider, question, standing)
    if found is None or (computes and _surety(alone) > _surety(found) + 0.1):
        return alone
    return found


def _stands_alone(question: Question, choices: list[Choice], decision: Decision, standing: Standing) -> bool:
    """Whether a question needs nothing of the thread: it asks by itself and is read surely, or asks for words."""
    f = question.features
    numbers = sum(1 for i in range(len(question.reading.quantities)) if is_salient(question, i))
    if (f.where_said or f.strong_source) and (not numbers or f.explain):
        return True
    if f.source and f.explain and not numbers:
        return True
    named = question.reading.mentions or question.precisions
    if decision.kind == "narrative" and f.explain and not f.asks_number and not numbers and not named:
        return True
    best = choices[0] if choices else None
    if best is None or not best.ok or decision.kind not in ("calculate", "mixed"):
        return False
    leaning = follows(question)
    own = asks_itself(question) or names_new_result(question, best, standing.choice)
    if not own:
        return best.sure >= 0.6 and numbers >= 2 and leaning < 0.6
    return best.sure >= (SURE if leaning < 1.0 and not refers_back(question.text) else 0.85)


Way = Callable[[Decider, Question, Standing], "Standing | None"]


def _followed(decider: Decider, question: Question, thread: Thread) -> Standing | None:
    """The follow-up in the way it is most surely meant; None when it leans on nothing."""
    standing = thread.standing
    if standing is None:
        return None
    asks = asks_itself(question)
    ways: tuple[Way, ...] = (_joined, _merged, _edited)
    if standing.asked_back:
        if asks and not _linked(decider, question, standing):
            return None
        return _first(ways, decider, question, standing)
    about = _about_results(decider, question, thread)
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


def _about_results(decider: Decider, question: Question, thread: Thread) -> Standing | None:
    """Two results compared, one shared out, the same step once more, or the last one in another unit."""
    standing = thread.standing
    if standing is None or standing.choice is None:
        return None
    before, asked = standing.choice, standing.decision.question
    choice = compared(decider, question, thread.results) or for_one(
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
    if decision.kind not in ("calculate", "mixed"):
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


_SAYING = frozenset(
    stem(w)
    for w in (
        *SOURCE,
        "number",
        "figure",
        "exactly",
        "minute",
        "moment",
        "part",
        "point",
        "time",
        "stamp",
        "timestamp",
        "give",
        "gave",
    )
)


def _on_topic(decision: Decision, topic: str) -> Decision:
    """A question for words that hardly says of what, searched for with the words of the question before it."""
    q = decision.question
    if decision.kind != "narrative" or not topic:
        return decision
    own = [s for s, _ in q.features.stems if s not in _SAYING]
    brief = follows(q) >= 1.2 and len(q.features.stems) <= 3
    if not brief and not (q.features.source and len(own) <= 1 and not q.reading.mentions):
        return decision
    return replace(decision, search=f"{topic} {search_text(q.text)}")
