"""What was said and whether it holds: the claims that a search found, each computed again by the claims ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from agent.claims import carries_check, check_claim
from agent.offline.claims.asked import HOLDS
from agent.offline.decide import Decision

MOST = 3  # claims computed again in one answer
_WORDS = {
    "reproduced": "Holds",
    "plausible": "Plausible",
    "inconsistent": "Does not hold",
    "not_checkable": "Cannot be checked",
}


def to_check(decision: Decision, citations: Sequence[Mapping[str, Any]]) -> list[str]:
    """The claims to compute again: those found first that carry a calculation, where the question asks whether they
    hold; of others those that do not hold, which nobody should be told without a word."""
    if decision.kind != "narrative":
        return []
    asked = bool(HOLDS.search(decision.question.text))
    found = dict.fromkeys(str(c.get("claim_id") or "") for c in citations[:MOST])
    return [claim for claim in found if carries_check(claim) and (asked or not _holds(claim))]


@lru_cache(maxsize=1024)
def _holds(claim: str) -> bool:
    return check_claim(claim).verdict != "inconsistent"


def told(checked: Mapping[str, Any]) -> str:
    """The verdict on a claim in a line; nothing where the check could not be run."""
    verdict = str(checked.get("verdict", ""))
    if verdict not in _WORDS:
        return ""
    note = " ".join(str(checked.get("note", "")).split())
    return f"**{_WORDS[verdict]}**: {note[:1].lower() + note[1:] if note[1:2].islower() else note}"
