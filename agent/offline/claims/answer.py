"""From a reading on claims to a decision: whether the claims are looked at, and whether their reading is the answer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from agent.offline.against import unread
from agent.offline.claims.asked import HOLDS, SPEAKS
from agent.offline.claims.places import Place, says_again
from agent.offline.claims.reading import ClaimReader, ranked_claims
from agent.offline.claims.scores import ClaimReading
from agent.offline.claims.values import Amount, all_claims, claim_names
from agent.offline.decide import Choice, Decider, Decision, search_text
from agent.offline.fitting.frame import Fill, Frame
from agent.offline.reading.features import Features
from agent.offline.reading.measure import parse_unit
from agent.offline.reading.words import stems
from agent.offline.score import is_salient

LEAST = 3.2  # a reading on claims weaker than this is no answer
CLOSE = (
    1.0  # a reading this near the best that comes to what the question alone surely comes to speaks for that
)
HELD = 2.0
AGREES = 0.85
TOLD = 0.72  # of a question's words, by weight: a passage with so many of them answers it
ALONE = 5.0  # where nobody's words are asked for, it must be at least this good
_LOCATES = re.compile(
    # "where did it start?" asks for a level, "where did he say it?" for a place
    r"\bwhere (?!(is|was|did|does|do|will|would) (it|this|that|the \w+) (start|begin|land|end|trade|stand|come|go|sit|settle)s?\b)"
    r"(is|was|were|are|did|does|do|in the|he|she|they|it|that|this|dylan|brad|bill|exactly)\b|"
    r"\bwhen (exactly )?((is|was|were|are|did|does|do) )?(he|she|they|it|that|this|dylan|brad|bill|somebody|someone|anyone)\b|"
    r"\bwhereabouts\b|\btime ?stamps?\b|\bpassages?\b|\bquot(e|es|ed|ing)\b|\bcit(e|es|ed|ation)\b|"
    r"\bsource please\b|\b(and|\+|with|plus) (the )?source\b|\bpoint me\b|\bwho (said|says|claim(s|ed)|mention(s|ed)|was it)\b|\breferences?\b|\bremarks?\b|\bhis statement\b|\bthe (bit|spot|place|moment|minute)\b",
    re.I,
)


_COMPARES = re.compile(r"\b(vs\.?|versus|against|compared (to|with)|relative to|ahead of)(?=\W)", re.I)


@dataclass
class ClaimChoice(Choice):
    """A choice that rests on figures of claims."""

    reading: ClaimReading | None = None


@lru_cache(maxsize=8)
def reader_of(decider: Decider) -> ClaimReader:
    """The reader of claims that goes with a decider."""
    return ClaimReader(decider)


def read_all_claims(decider: Decider) -> None:
    """Work out the derivations of every claim ahead of the first question on one."""
    derivations = reader_of(decider).derivations
    for claim in all_claims():
        derivations.of(claim)


def reads_claims(decider: Decider, decision: Decision) -> bool:
    """Whether a question may be one on what was said: it asks for somebody's words, or nothing else answers it."""
    if decision.kind in ("refuse", "live") or decision.followed:
        return False
    f = decision.question.features
    if asks_for_words(decision.question.text, f) or f.check or f.source:
        return True
    if decision.kind == "narrative" or any(s in claim_names() for s, _ in f.stems):
        return True
    return decision.from_claims or _explains(decision) or _bare(decision) or _lacks_numbers(decision)


def _lacks_numbers(decision: Decision) -> bool:
    """A question asked back that states no number, or one that was not read ("that million-chip cluster"): a claim may have it."""
    question = decision.question
    salient = any(is_salient(question, i) for i in range(len(question.reading.quantities)))
    return decision.kind == "clarify" and question.features.asks_number and (not salient or unread(question))


def _explains(decision: Decision) -> bool:
    """A question without a number that asks how or why: rather what was said of it than a question back."""
    question = decision.question
    salient = any(is_salient(question, i) for i in range(len(question.reading.quantities)))
    return decision.kind == "clarify" and question.features.explain and not salient


def _bare(decision: Decision) -> bool:
    """A question back to one that brings no number and nothing of the asker's own: "what share of X comes from Y"."""
    question = decision.question
    if decision.kind != "clarify" or _OWN.search(question.text):
        return False
    return not any(is_salient(question, i) for i in range(len(question.reading.quantities)))


_OWN = re.compile(r"\b(my|our|ours|we|i|us|me|it|its|this|that|they|them|you|your)\b", re.I)


def _told(decider: Decider, decision: Decision, citations: Sequence[Mapping[str, Any]]) -> bool:
    """Whether something that was said has nearly all of the question's words, rare ones weighing more."""
    question, library = decision.question, decider.reader.library
    asked = {s for s, _ in question.features.stems} | {
        s for m in question.reading.mentions for s in stems(m.text)
    }
    whole = sum(library.idf(s) for s in asked)
    if not whole:
        return False
    said = (set(stems(f"{c.get('text', '')} {c.get('title') or ''}")) for c in citations[:3])
    return max((sum(library.idf(s) for s in asked & s_) for s_ in said), default=0.0) >= TOLD * whole


def asks_for_words(text: str, f: Features) -> bool:
    """Whether somebody's words are plainly asked for or leaned on: "they" and "bill" alone may be anybody's."""
    return f.strong_source or f.where_said or bool(_LOCATES.search(text) or SPEAKS.search(text))


def settled(decider: Decider, decision: Decision, citations: Sequence[Mapping[str, Any]]) -> Decision:
    """The decision once the claims are there: on them, or as it was with what was said beside it."""
    memo = decision.question.words.memo
    found = "|".join(f"{c.get('claim_id')} {c.get('start')} {c.get('score')}" for c in citations)
    key = ("settled", repr(id(decision)), found)
    if key not in memo:  # a turn comes here at every step
        memo[key] = (_settled(decider, decision, citations), decision)
    done: Decision = memo[key][0]
    return done


def _settled(decider: Decider, decision: Decision, citations: Sequence[Mapping[str, Any]]) -> Decision:
    question = decision.question
    if _asks_whether(decision) and relevant(citations):
        return replace(
            decision,
            kind="narrative",
            from_claims=False,
            search=decision.search or search_text(question.text),
        )
    words = asks_for_words(question.text, question.features) or question.features.check
    if _bare(decision) and not words and not question.features.asks_number:
        told = relevant(citations) and _told(decider, decision, citations)
        search = decision.search or search_text(question.text)
        return replace(decision, kind="narrative", search=search, problem="") if told else decision
    reading = _chosen(decider, decision, citations, words)
    search = decision.search or search_text(question.text)
    if reading is None and _bare(decision) and relevant(citations) and _told(decider, decision, citations):
        return replace(decision, kind="narrative", search=search, problem="")
    if reading is not None:
        choice = as_choice(reading)
        return replace(
            decision, kind="mixed", choice=choice, rival=None, from_claims=True, search=search, problem=""
        )
    if decision.from_claims:
        return replace(decision, kind="narrative", from_claims=False, search=search)
    if decision.kind == "calculate" and words:
        return replace(decision, kind="mixed", search=search)
    if _explains(decision) and relevant(citations):
        return replace(decision, kind="narrative", search=search, problem="")
    if decision.kind in ("clarify", "invalid") and words:
        return replace(decision, search=search)
    return decision


def _asks_whether(decision: Decision) -> bool:
    """Whether the question is on what was said as a whole, and brings or asks for no number."""
    question = decision.question
    if decision.kind == "calculate" or question.features.asks_number or not HOLDS.search(question.text):
        return False
    return not any(is_salient(question, i) for i in range(len(question.reading.quantities)))


def _chosen(
    decider: Decider, decision: Decision, citations: Sequence[Mapping[str, Any]], words: bool
) -> ClaimReading | None:
    """The best reading on claims, where it is better than what the question alone comes to."""
    own = _own(decision)
    named = not words and any(s in claim_names() for s, _ in decision.question.features.stems)
    if own is not None and not words and not named:
        return None
    readings = reader_of(decider).readings(decision.question, citations, strict=not words)
    best = next(iter(readings), None)
    if best is None or best.score < (LEAST if words else ALONE):
        return None
    if not relevant(citations, 0.5 if not (words or named) else 0.25 if best.score >= ALONE else 0.4):
        return None
    if named and not best.from_claim:
        return None
    if own is None:
        return best if words or best.from_claim else None
    if best.parts["checks"] >= HELD:
        return best  # the ledger holds a result against just the number that is to be checked
    sure = decision.choice is not None and not decision.choice.faults and decision.choice.sure >= AGREES
    compares = _COMPARES.search(decision.question.text) is not None
    near = (r for r in readings if sure and r.score > best.score - CLOSE)
    # of two compared the asker's numbers may be of one only: the other is what was said
    if any(_same(own, r) for r in (best, *near) if not (compares and r.from_claim < best.from_claim)):
        return None  # the asker's own numbers give it; the claim is only cited
    return best


def relevant(citations: Sequence[Mapping[str, Any]], least: float | None = None) -> bool:
    """Whether what was found bears on the question at all; `least`: what its score must be (the knowledge base's own)."""
    from knowledge import RELEVANT

    least = RELEVANT if least is None else least
    return any(float(c.get("score", 0.0)) >= least for c in citations[:3])


def _own(decision: Decision) -> tuple[float, str] | None:
    """What the question alone comes to, where that is an answer."""
    choice = decision.choice
    if choice is None or not choice.ok or decision.from_claims or decision.kind not in ("calculate", "mixed"):
        return None
    figure = choice.trial.figures.get(choice.want.name) if choice.want is not None else None
    return figure if figure is not None else next(iter(choice.trial.figures.values()), None)


def _same(own: tuple[float, str], reading: ClaimReading) -> bool:
    a, b = parse_unit(own[1]), parse_unit(reading.unit)
    one, other = abs(own[0]) * a.factor, abs(reading.value) * b.factor
    return a.dims == b.dims and abs(one - other) <= 2e-3 * max(one, other, 1e-30)


def as_choice(reading: ClaimReading) -> ClaimChoice:
    """The reading as a choice like any other, its values with where they come from."""
    spec = reading.derivation.spec
    frame = Frame(spec)
    for name, value in reading.arguments.items():
        members = tuple(p.quantity for p in reading.places if p.quantity >= 0 and p.slot.name == name)
        frame.fills[name] = Fill(value, reading.origins.get(name, "question"), members)
    frame.score = reading.score
    assert reading.trial is not None
    return ClaimChoice(
        frame, reading.trial, reading.score, spec.out_by_name.get(reading.result), reading=reading
    )


def cited_first(citations: Sequence[Mapping[str, Any]], reading: ClaimReading) -> list[Mapping[str, Any]]:
    """The citations, those of the claims whose figures were used before the others."""
    first = [c for c in citations if any(k in reading.derivation.claims for k in ranked_claims([c]))]
    return [*first, *(c for c in citations if c not in first)]


def taken_as(place: Place) -> str:
    """A value that neither the question nor the claim has, as an assumption."""
    from agent.offline.talk.say import shown

    low, high = place.low or 0.0, place.high or 0.0
    unit = place.slot.unit_text
    amount = shown(low, unit) if low == high else f"{shown(low, unit)} to {shown(high, unit)}"
    return f"{place.slot.name.replace('_', ' ')}: {amount}"


_VERDICTS = {
    "reproduced": "The two agree.",
    "plausible": "It is near, or holds under assumptions.",
    "inconsistent": "The two part.",
}


def verdict(decision: Decision) -> str:
    """What the claims ledger makes of a number that the question asks to check: said, computed, and whether they part."""
    from agent.claims import check_claim
    from agent.offline.talk.say import shown

    reading = decision.choice.reading if isinstance(decision.choice, ClaimChoice) else None
    f = decision.question.features
    if reading is None or not (f.check or f.yes_no):
        return ""
    said = reading.derivation.said
    if said is None or any(p.quantity >= 0 and not p.said_again for p in reading.places):
        return ""
    told = Amount(reading.derivation.claim, "said", said[0], said[0], said[1])
    if not any(says_again(q, told) for q in decision.question.reading.quantities):
        return ""
    found = check_claim(reading.derivation.claim).verdict
    if found not in _VERDICTS:
        return ""
    return f"Said: {shown(*said)}; computed: {shown(reading.value, reading.unit)}. {_VERDICTS[found]}"
