"""From a reading on claims to a decision: whether the claims are looked at, and whether their reading is the answer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from agent.offline.against import unread
from agent.offline.claims.asked import HOLDS, asks_for_words, read_asked
from agent.offline.claims.operands import names_figures
from agent.offline.claims.places import Place, says_again
from agent.offline.claims.reading import ClaimReader, ranked_claims
from agent.offline.claims.scores import ClaimReading
from agent.offline.claims.values import Amount, all_claims, claim_names
from agent.offline.claims.weighing import Weighed, own_figure, weigh
from agent.offline.decide import Choice, Decider, Decision, search_text
from agent.offline.fitting.frame import Fill, Frame
from agent.offline.reading.words import stems
from agent.offline.score import is_salient

SURE = 0.45  # a reading on claims at least this sure is an answer
ALONE = 0.85  # ... where nobody's words are asked for, and the claims are not needed for a number
FAILED = 0.9  # ... where nothing in the question plainly asks for what it works out
TOLD = 0.72  # of a question's words, by weight: a passage with so many of them answers it
FOUND = 0.25  # the score of what the search found from which figures are taken from it
PLAIN = 0.6  # what a question comes to on its own is plain from here
NAMED = 2.6  # so much of a claim's figures in a question, and the claims are looked at ...
HINTED = 1.7  # ... where what the question comes to on its own is not plain
MEANT = 0.2  # a reading this sure, and the number asked for is one to be worked out


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
    if decision.from_claims or _explains(decision) or _bare(decision) or _lacks_numbers(decision):
        return True
    sure = own_figure(decision) is not None and decision.choice is not None and decision.choice.sure >= PLAIN
    return names_figures(decision.question) >= (NAMED if sure else HINTED)


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


def _looked_up(
    decider: Decider, decision: Decision, citations: Sequence[Mapping[str, Any]]
) -> Decision | None:
    """The question answered with what was said, where that has its words."""
    if not relevant(citations) or not _told(decider, decision, citations):
        return None
    search = decision.search or search_text(decision.question.text)
    return replace(decision, kind="narrative", search=search, problem="", from_claims=False)


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
        return _looked_up(decider, decision, citations) or decision
    readings = reader_of(decider).readings(question, citations)
    found = weigh(decision, read_asked(question), readings, citations)
    search = decision.search or search_text(question.text)
    reading = _chosen(found, words) if relevant(citations, FOUND) else None
    if reading is not None:
        choice = as_choice(reading)
        return replace(
            decision, kind="mixed", choice=choice, rival=None, from_claims=True, search=search, problem=""
        )
    if _bare(decision) and (told := _looked_up(decider, decision, citations)) is not None:
        return told
    if _in_doubt(decision, found, words) and relevant(citations):
        return _looked_up(decider, decision, citations) or replace(
            decision, kind="clarify", from_claims=False, search=search, problem=_asked_back(found, citations)
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


def _chosen(found: Weighed, words: bool) -> ClaimReading | None:
    """The reading on claims that is sure enough, and not only what the asker's own numbers give."""
    best = found.best
    if best is None or best.own or best.sure < SURE or found.none > best.sure:
        return None
    if not words and best.sure < ALONE:
        return None
    asked_for = any(not r.parts["fails"] for r in best.readings)
    return best.readings[0] if asked_for or best.sure >= FAILED else None


def _in_doubt(decision: Decision, found: Weighed, words: bool) -> bool:
    """Whether a number is asked for that is to be worked out, and several are as likely."""
    own, best = own_figure(decision), found.best
    if not decision.question.features.asks_number or best is None:
        return False
    if own is not None:
        return words and found.own < SURE
    return best.sure >= MEANT and (words or decision.kind == "narrative" or _bare(decision))


def _asked_back(found: Weighed, citations: Sequence[Mapping[str, Any]]) -> str:
    """What was said, and a question that names the numbers it may be about."""
    from agent.offline.talk import say

    likely = [p for p in found.parties[:2] if p.sure >= MEANT / 2]
    told = " or ".join(say.shown(p.value, p.unit) for p in likely)
    ask = "Which figures do you want, and what should I do with them?"
    return f"What was said:\n\n{say.cited(citations, 2)}\n\n{ask} I can read this as {told}." if told else ask


def relevant(citations: Sequence[Mapping[str, Any]], least: float | None = None) -> bool:
    """Whether what was found bears on the question at all; `least`: what its score must be (the knowledge base's own)."""
    from knowledge import RELEVANT

    least = RELEVANT if least is None else least
    return any(float(c.get("score", 0.0)) >= least for c in citations[:3])


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
