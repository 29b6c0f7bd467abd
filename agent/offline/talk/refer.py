"""Words of a follow-up that point back, written out: "at that growth", "those", "each"."""

from __future__ import annotations

import re

from agent.offline.reading.words import stem
from agent.offline.score import Question, is_salient
from agent.offline.talk.counterparts import around
from agent.offline.talk.phrases import pace_said

_RATE = re.compile(r" ?(?:/|(?:per|an?|each|every) )(?:year|month|hour|day|quarter|yr|hr)\b", re.I)
_REFERRED = re.compile(r"\b(?:that|this|the same|those|these|such an?) ([a-z]{4,})\b(?: rate)?", re.I)
_PACE = frozenset({"pace", "rate", "growth", "speed", "clip"})


def with_amounts(old: Question, text: str) -> str:
    """ "Years to double at that growth": the words that point back with the amount they point to."""

    def amount(match: re.Match[str]) -> str:
        word = match.group(1).lower()
        pace = pace_said(old.text) if word in _PACE else ""
        if pace:
            return pace
        for i, q in enumerate(old.reading.quantities):
            if is_salient(old, i) and any(s[:4] == stem(word)[:4] for s in around(old.reading, q)):
                start = q.start - (old.text[q.start - 1 : q.start] == "$")
                rate = _RATE.match(old.text[q.end :])
                said = old.text[start : q.end].strip() + (rate.group() if rate is not None else "")
                return f"{said} {match.group(1)}"
        return match.group()

    return _REFERRED.sub(amount, text)


_PLURAL = re.compile(
    r"\b(?:(?:all )?(?:of )?)(?:those|these|them|they|that many|this many|the lot)\b(?: (?:gpus|chips|cards|accelerators|servers|racks|people|engineers|users|machines))?",
    re.I,
)
_ITS = re.compile(r"\b(?:their|its)\b", re.I)
_IT = re.compile(
    r"\b(?:it|that one|this one|that (?:gpu|chip|card|model|cluster)|the (?:cluster|fleet))\b", re.I
)
_POINTS = re.compile(r"\b(that|those|these|them|they|their|its|it|this)\b", re.I)
_ONE_MORE = re.compile(
    r"\b(that|this|it)\b(?! (the|a|an|we|i|you|he|they|is|are|was|has|have|can|will)\b)", re.I
)


_AWAY = re.compile(
    r"^\W*(?:(?:and|ok|okay|now|so|fine|thanks|good)\b\W*)*(?:(?:on )?(?:an?|some|one) ?(?:other|different|new|separate|unrelated)? ?(?:thing|topic|subject|question|matter)(?: altogether| entirely)?(?: now)?|"
    r"(?:something|anything) (?:else|different|new|unrelated)(?: altogether| entirely)?|different (?:thing|topic|question|subject)|new (?:topic|question|subject)|next (?:topic|question|subject)|unrelated(?:ly)?|separately|"
    r"other (?:topic|question)|another (?:topic|question|thing|matter)|changing (?:the )?(?:topic|subject)|change of (?:topic|subject)|completely different)\b",
    re.I,
)


def turns_away(text: str) -> bool:
    """Whether a question says that it is about something else: "unrelated: …", "different thing, …"."""
    return bool(_AWAY.search(text))


def leans_back(question: Question) -> bool:
    """Whether a question points to something that it does not itself name: "at 120 kW each, how many MW is that?"."""
    numbers = [q for i, q in enumerate(question.reading.quantities) if is_salient(question, i)]
    if question.reading.mentions or any(
        len(q.unit.dims) == 1 and q.unit.dims[0][0] in COUNTED and "each" not in q.marks for q in numbers
    ):
        return False
    plural = _PLURAL.search(question.text)
    if plural is not None or any("each" in q.marks for q in numbers):
        return True
    return len(numbers) <= 1 and bool(_ONE_MORE.search(question.text))


COUNTED = frozenset({"chip", "person", "server", "rack", "request"})


def things(old: Question) -> str:
    """What the earlier question is about: "512 B200s", "one H100", or the one thing it counts; "" where there are several."""
    mentions = {m.text.lower(): m for m in old.reading.mentions}
    counts = [
        q
        for i, q in enumerate(old.reading.quantities)
        if len(q.unit.dims) == 1 and q.unit.dims[0] in ((c, 1) for c in COUNTED) and q.value > 0
    ]
    if len(mentions) > 1 or (mentions and len(counts) > 1):
        return ""
    if mentions:
        m = next(iter(mentions.values()))
        name = old.text[m.start : m.end]
        near = [q for q in counts if -3 <= m.start - q.end <= 2 or q.start <= m.start <= q.end]
        if near and near[0].value != 1:
            return f"{near[0].value:.12g} {name}"
        return name
    return old.text[counts[0].start : counts[0].end].strip() if len(counts) == 1 else ""


def with_things(old: Question, new: Question) -> list[str]:
    """The question with what it is about written out: in the place of "those", or before it."""
    phrase, text = things(old), new.text
    if not phrase or new.reading.mentions:
        return []
    found = []
    for pattern in (_PLURAL, _IT):
        if pattern.search(text):
            found.append(pattern.sub(phrase, text, count=1))
            break
    bare = _ITS.sub("the", text)
    return [*found, f"{phrase}: {bare}"]
