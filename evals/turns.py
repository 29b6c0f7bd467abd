"""Conversations graded turn by turn: `python -m evals.turns FILE [FIRST LAST]` prints each turn that fails.

A file is a YAML list of `{id, turns: [{question, expected | status | gold_spans}]}`; FIRST and LAST are ids.
"""

from __future__ import annotations

import asyncio
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from agent.answer import Answer
from agent.graph import Agent
from agent.settings import Settings
from evals import grade
from evals.cases import EvalCase

BEHAVIOURS = {
    "clarify": "clarify",
    "invalid": "reject-input",
    "out_of_scope": "out-of-scope",
    "refused": "refuse",
}


@dataclass(frozen=True, slots=True)
class TurnResult:
    """One turn of a conversation: what was asked, whether the answer was right, and what was seen."""

    conversation: str
    question: str
    passed: bool
    seen: str
    answer: Answer


def turn_case(name: str, row: dict[str, Any]) -> EvalCase:
    """One turn as a case: a number, a place in a source, or a status."""
    status = row.get("status", "answered")
    return EvalCase(
        id=name,
        kind="conversation",
        question=row["question"],
        expected=row.get("expected"),
        gold_spans=row.get("gold_spans", []),
        expected_behaviour=None if status == "answered" else BEHAVIOURS[status],
    )


async def converse(agent: Agent, conversation: dict[str, Any]) -> list[TurnResult]:
    """The turns of one conversation, in one thread that is deleted afterwards."""
    thread = f"turns-{uuid.uuid4().hex}"
    results: list[TurnResult] = []
    try:
        for k, row in enumerate(conversation["turns"], 1):
            case = turn_case(f"{conversation['id']}/{k}", row)
            answer = await agent.ask(case.question, thread=thread)
            checks = [check(case, answer) for check in (grade.status, grade.number, grade.citation)]
            verdicts = [v for v in checks if v is not None]
            seen = "; ".join(v.reason for v in verdicts)
            results.append(TurnResult(case.id, case.question, all(v.passed for v in verdicts), seen, answer))
    finally:
        agent.threads.delete(thread)
    return results


async def graded(conversations: list[dict[str, Any]], settings: Settings) -> list[TurnResult]:
    """All turns of all conversations, one after another."""
    agent = Agent(settings.model_copy(update={"provider": "offline"}))
    try:
        return [r for c in conversations for r in await converse(agent, c)]
    finally:
        agent.close()


def main(arguments: list[str]) -> int:
    rows = yaml.safe_load(Path(arguments[0]).read_text(encoding="utf-8"))
    first, last = arguments[1:3] if len(arguments) > 2 else ("", "~")
    results = asyncio.run(graded([c for c in rows if first <= c["id"] <= last], Settings()))
    for r in results:
        if not r.passed:
            runs = [(t.tool, t.input) for t in r.answer.tool_calls]
            print(f"{r.conversation} {r.question!r}: {r.seen}\n    {runs}\n    {r.answer.text[:160]!r}")
    right = sum(r.passed for r in results)
    print(f"{right} of {len(results)} turns right ({right / max(1, len(results)):.1%})")
    return 0 if right == len(results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
