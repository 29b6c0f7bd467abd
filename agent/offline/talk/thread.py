"""The decision about the last question of a thread, earlier ones taken into account.

Each question is read on its own; where that does not say all it means, it is read in the ways of `agent.offline.talk.ways`.
The questions of one message are taken like turns.
"""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from dataclasses import dataclass, field, replace

from agent.offline.decide import SURE, Choice, Decider, Decision, search_text
from agent.offline.gate import refuse
from agent.offline.reading.features import SOURCE
from agent.offline.reading.words import stem
from agent.offline.score import Question, is_salient
from agent.offline.talk.edits import edited, plainly
from agent.offline.talk.follow import asks_in_words, asks_itself, follows, names_new_result, refers_back
from agent.offline.talk.parts import asking_parts
from agent.offline.talk.refer import leans_back, turns_away
from agent.offline.talk.standing import Standing
from agent.offline.talk.taken import in_unit_asked, same_kind
from agent.offline.talk.ways import answering, followed, of_things

BLOCK = 8  # messages; at least so many earlier ones are read, and fewer than twice as many
SURE_BACK = 0.8  # of a result from before a question asked back
KEPT = 6  # results that may be compared with


@dataclass
class Thread:
    """What is known after some questions of a thread."""

    standing: Standing | None = None
    decision: Decision | None = None
    settled: Standing | None = None  # the last one that was answered with a number
    told: str = ""  # the last message, where it was answered with what was said
    lost: bool = False  # the last message was not understood
    topic: str = ""
    results: tuple[Choice, ...] = field(default=())


@dataclass(frozen=True)
class Read:
    """What is known after a message, and the decisions about its questions."""

    thread: Thread
    decisions: tuple[Decision, ...]


def decide_thread(decider: Decider, texts: tuple[str, ...]) -> Decision:
    """The decision about the last question, or about the first where the last message has several."""
    return decide_message(decider, texts)[0]


def decide_message(
    decider: Decider, texts: tuple[str, ...], known: MutableMapping[tuple[str, ...], Read] | None = None
) -> tuple[Decision, ...]:
    """Reads the messages in order; each may lean on those before it. One decision for each question of the last.

    What `known` holds of a beginning of the messages is not read again; what is read is put there.
    """
    texts = texts[_start(len(texts)) :]
    if not texts:
        raise ValueError("a request needs a user message")
    known = {} if known is None else known
    at = next((n for n in range(len(texts), 0, -1) if texts[:n] in known), 0)
    read = known[texts[:at]] if at else Read(Thread(), ())
    for n in range(at, len(texts)):
        thread = replace(read.thread)
        read = Read(thread, _message(decider, thread, texts[n]))
        known[texts[: n + 1]] = read
    return read.decisions


def _start(messages: int) -> int:
    """Where reading begins: it moves on by whole blocks, so that most messages continue one that was read."""
    return max(0, (messages - 1) // BLOCK - 1) * BLOCK


def _message(decider: Decider, thread: Thread, text: str) -> tuple[Decision, ...]:
    """The questions of one message as turns of the thread, where each comes out; else the message as one question."""
    parts = asking_parts(text)
    if len(parts) > 1 and refuse(text) is None:
        apart = replace(thread)
        decisions = tuple(take(decider, apart, part) for part in parts)
        if _computed(decisions[0]) and all(_comes_out(d) for d in decisions):
            thread.standing, thread.decision = apart.standing, apart.decision
            thread.topic, thread.results, thread.settled = apart.topic, apart.results, apart.settled
            thread.told, thread.lost = apart.told, apart.lost
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
    text = _OPENER.sub("", text) or text
    standing = _one(decider, thread, text)
    if thread.told and standing.decision.kind == "clarify":
        standing = _on_what_was_said(decider, thread, standing)
    decision = standing.decision
    thread.decision = decision
    thread.lost = _lost(decision)
    thread.told = text if _answered_in_words(decision) else ""
    if decision.kind in ("calculate", "mixed") and decision.choice is not None and decision.choice.ok:
        thread.results = (*thread.results, decision.choice)[-KEPT:]
    if (
        decision.kind in ("calculate", "mixed", "clarify", "invalid", "absent")
        and (decision.choice is not None or decision.kind == "clarify")
        and (thread.standing is None or not _lost(decision))
    ):
        thread.standing = replace(standing, decision=decision, results=thread.results)
    if _computed(decision):
        thread.settled = thread.standing
    if (decision.search or not decision.followed) and not (
        decision.kind == "clarify" and leans_back(decision.question)
    ):
        thread.topic = decision.search or search_text(text)
    return decision


PLAINLY = (
    0.8  # a fragment that is read so surely by itself, though into another kind of result, is no follow-up
)
LOST = 0.35  # less sure of what a follow-up is about: it leaves the thread as it was


def _lost(decision: Decision) -> bool:
    """Whether a follow-up was not understood at all: the next may still lean on what was said before it."""
    sure = decision.choice.sure if decision.choice is not None else 0.0
    return decision.kind == "clarify" and sure < LOST and follows(decision.question) >= 1.0


_OPENER = re.compile(
    r"^\W*(?:(?:ok(?:ay)?|fine|thanks|thank you|great|cool|right|alright|all right|hm+|got it|i see|good|nice|sure|well|interesting|wow)(?: then)?[,.!;:]+\s*)+",
    re.I,
)


def _on_what_was_said(decider: Decider, thread: Thread, standing: Standing) -> Standing:
    """A follow-up to an answer in words: its number with what was said ("so how many of our 8,000 is that?"), or more words."""
    q, decision = standing.decision.question, standing.decision
    numbers = any(is_salient(q, i) for i in range(len(q.reading.quantities)))
    if not numbers:
        if not q.features.explain and follows(q) < 1.2:
            return standing
        search = search_text(q.text) if q.features.explain else f"{thread.topic} {search_text(q.text)}"
        return replace(standing, decision=replace(decision, kind="narrative", search=search))
    told = decider.reader.read(thread.told)
    about = of_things(decider, q, told)
    if about is not None:
        return about
    if sum(is_salient(q, i) for i in range(len(q.reading.quantities))) != 1:
        return standing
    text = f"what was said about {thread.topic.rstrip(' ?.!')}: {_JOINT.sub('', q.text)}"
    return _from_claims(decider, text, thread.topic)


def _from_claims(decider: Decider, text: str, search: str) -> Standing:
    joined = decider.decide(decider.reader.read(text))
    return Standing(replace(joined, kind="mixed", from_claims=True, search=search), text)


def _claims_again(decider: Decider, question: Question, standing: Standing) -> Standing | None:
    """ "And of 10,000?", after a number worked out from what was said: the same with the new value."""
    text = edited(decider.reader.read(plainly(standing.text)), question)
    return _from_claims(decider, text, standing.decision.search) if text is not None else None


_JOINT = re.compile(r"^\W*(?:(?:so|and|then|but|ok|okay|now)\b,?\s*)+", re.I)


def _answered_in_words(decision: Decision) -> bool:
    return decision.kind == "narrative" or (
        decision.kind == "mixed" and (decision.from_claims or not _computed(decision))
    )


def _one(decider: Decider, thread: Thread, text: str) -> Standing:
    """One more question in the way it is meant; what only changes one before it is not answered with something else."""
    found = _meant(decider, thread, text)
    q, before = found.decision.question, thread.standing
    if thread.lost and found.origin is not None and found.sure < SURE_BACK:
        return Standing(decider.decide(decider.reader.read(text)), text)
    if found.decision.followed or before is None or not _computed(found.decision) or asks_itself(q):
        return found
    if turns_away(text) or _of_kind_asked(found, before):
        return found
    if follows(q) < 1.0 and found.decision.choice is not None and found.sure >= PLAINLY:
        return found
    return replace(found, decision=replace(found.decision, kind="clarify", problem=_UNPLACED))


_UNPLACED = "I could not put that into the question before. Please ask it once more in full."


def _of_kind_asked(found: Standing, before: Standing) -> bool:
    """Whether a result is of the kind of the one before it, or of the kind that was asked for in vain."""
    if before.choice is not None and before.choice.ok and not before.asked_back:
        return same_kind(found, before)
    asked = before.decision.question
    return found.choice is None or in_unit_asked(asked, found.choice)


def _meant(decider: Decider, thread: Thread, text: str) -> Standing:
    question = decider.reader.read(text)
    if refuse(text) is not None or thread.standing is None:
        return Standing(_on_topic(decider.decide(question), thread.topic), text)
    choices = decider.choices(question)
    alone = Standing(_on_topic(decider.decide(question, choices), thread.topic), text)
    if thread.standing.asked_back:
        return _after_asking(decider, thread, question, choices, alone)
    if turns_away(text):
        return alone
    if thread.standing.decision.from_claims:
        return _claims_again(decider, question, thread.standing) or alone
    whole = alone.decision.kind in ("calculate", "mixed") and not alone.decision.from_claims
    if _stands_alone(question, choices, alone.decision, thread.standing):
        back = followed(decider, question, thread.standing) if leans_back(question) else None
        return back if back is not None and back.sure >= SURE else alone
    return followed(decider, question, thread.standing, whole=whole) or alone


def _after_asking(
    decider: Decider, thread: Thread, question: Question, choices: list[Choice], alone: Standing
) -> Standing:
    """What follows a question that was asked back: what was missing, a new question, or more on the last number."""
    asked, settled = thread.standing, thread.settled
    if asked is None or turns_away(question.text):
        return alone
    if not asks_in_words(question):
        found = answering(decider, question, asked, alone)
    elif _stands_alone(question, choices, alone.decision, asked):
        found = alone
    else:
        found = followed(decider, question, asked, whole=_computed(alone.decision)) or alone
    if (
        _computed(found.decision)
        or alone.decision.kind in ("refuse", "narrative", "mixed")
        or settled is None
    ):
        return found
    back = followed(decider, question, settled, whole=True)
    if back is None or not _computed(back.decision):
        return found
    return back if back.sure >= (SURE if back.origin is None else SURE_BACK) else found


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


_PLACE = re.compile(
    r"^\W*(?:and |so |ok |but )*(?:where|when|at (?:what|which) (?:minute|point|time)|which (?:part|minute))(?: exactly)? (?:was|is|were|did|does|do|in the (?:show|episode|talk|podcast))"
    r"(?: (?:that|it|this|he|she|they|dylan|in|the|show|episode|talk|podcast|said|say|says|about|again|exactly))*\W*$",
    re.I,
)


def _on_topic(decision: Decision, topic: str) -> Decision:
    """A question for words that hardly says of what, searched for with the words of the question before it."""
    q = decision.question
    if decision.kind != "narrative" or not topic:
        return decision
    own = [s for s, _ in q.features.stems if s not in _SAYING]
    brief = (follows(q) >= 1.2 and len(q.features.stems) <= 3) or _PLACE.match(q.text) is not None
    if not brief and not (q.features.source and len(own) <= 1 and not q.reading.mentions):
        return decision
    return replace(decision, search=f"{topic} {search_text(q.text)}")
