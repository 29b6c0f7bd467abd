"""The decision about the last question of a thread, earlier ones taken into account."""

from __future__ import annotations

from dataclasses import replace

from agent.offline.decide import LIKELY, SURE, Choice, Decider, Decision, search_text
from agent.offline.features import Wanted
from agent.offline.follow import follows, merge

MAX_BACK = 8  # earlier questions that are re-read


def decide_thread(decider: Decider, texts: tuple[str, ...]) -> Decision:
    """Reads the questions in order; each may lean on the frame of the one before it."""
    before: Choice | None = None
    decision: Decision | None = None
    topic = ""
    asked: Wanted | None = None
    for text in texts[-MAX_BACK:]:
        told = decision is not None and decision.kind == "narrative"
        decision = _one(decider, text, before, topic, asked)
        if told and decision.kind == "clarify" and decision.question.features.explain:
            decision = replace(decision, kind="narrative", search=search_text(text))
        asked = decision.question.features.wanted
        if decision.choice is not None and decision.kind in (
            "calculate",
            "mixed",
            "clarify",
            "invalid",
            "absent",
        ):
            before = decision.choice
        topic = decision.search or topic
    if decision is None:
        raise ValueError("a request needs a user message")
    return decision


def _one(decider: Decider, text: str, before: Choice | None, topic: str, asked: Wanted | None) -> Decision:
    question = decider.reader.read(text)
    if before is None:
        decision = decider.decide(question)
        if (
            decision.kind == "narrative"
            and topic
            and follows(question) >= 1.2
            and len(question.features.stems) <= 3
        ):
            return replace(decision, search=f"{topic} {search_text(text)}")
        return decision
    leaning = follows(question)
    choices = decider.choices(question)
    merged = merge(decider, question, before) if leaning > 0.3 else None
    if merged is not None:
        best = choices[0] if choices else None
        alone = best.sure if best is not None and best.ok else 0.0
        bar = {True: 0.85, False: SURE}[leaning >= 1.0]
        if merged.sure >= LIKELY and (alone < bar or leaning >= 1.7 or _same_tool(best, merged)):
            if question.features.wanted.unit is None and asked is not None:
                question = replace(question, features=replace(question.features, wanted=asked))
            decision = decider.decide(question, [merged])
            if decision.kind == "narrative" and merged.ok:
                decision = Decision("calculate", question, merged)
            return replace(decision, followed=True)
    return decider.decide(question, choices)


def _same_tool(best: Choice | None, merged: Choice) -> bool:
    """The question alone points to the same calculator, but fills less of it."""
    return (
        best is not None
        and best.frame.spec.name == merged.frame.spec.name
        and not set(merged.frame.fills) <= set(best.frame.fills)
    )
