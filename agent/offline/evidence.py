"""What speaks for and against one reading of a question, as numbers, and how much each of them counts.

A reading is a calculator with its filled fields and the result that is taken for the one asked for (or a plain sum),
after it was run. Its evidence is a handful of numbers that mean the same for every calculator, plugins included; their
weighted sum is the log-odds of the reading against "none of them". The weights are fitted by `evals.fit_reader` on the
calculators' own worked examples, each asked of a reader that has not read it, and on questions by people who have not
seen the reader; the odds are therefore a measure of how far a reading can be trusted.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from agent.offline.against import against
from agent.offline.doubt import cancels
from agent.offline.reading.measure import without_counts
from agent.offline.score import Question, is_salient

if TYPE_CHECKING:
    from agent.offline.choices import Choice

NOT_OK = ("missing", "invalid", "unknown", "absent", "unit", "broken")
# what cannot be so, whatever else is said for a reading; too seldom met for its weight to be fitted
FIXED = {
    "turned": -2.5,
    "kept": -3.0,
    "minute": -4.0,
    "names_left": -1.5,
    "dropped_negative": -3.0,
    "factor_dropped": -3.5,
    "sum_unread": -4.5,
    "overfull": -3.5,
    "ignored": -1.5,
    "backwards": -2.5,
    "rate_unsaid": -1.5,
}
FAULTS = ("unit", "echo", "inverse", "absurd", "same")


def evidence(question: Question, choice: Choice, best_route: float) -> dict[str, float]:
    """The evidence of one choice; `best_route` is the best routing score (words and examples) of any calculator."""
    found = before_run(question, choice, best_route)
    found |= _of_run(question, choice)
    return {name: value for name, value in found.items() if value}


def before_run(question: Question, choice: Choice, best_route: float) -> dict[str, float]:
    """What is known before the calculator runs: a run hardly ever speaks for a reading, so the odds are near their most."""
    parts, frame = choice.frame.parts, choice.frame
    found = dict(_of_question(question))
    left = [i for i in frame.unused if is_salient(question, i)]
    found["left_over"] = float(len(left))
    found["names_left"] = float(len(frame.unused_names))
    if choice.sum is not None:
        found |= {
            "sum": 1.0,
            "sum_clarity": choice.sum.clarity,
            "sum_unread": float(choice.sum.unread)
            + _size_unread(question, choice)
            + _count_unread(question, choice),
            "sum_names": float(bool(question.reading.mentions)),
            "sum_sourced": float(question.features.source),
        }
    else:
        route = parts.get("words", 0.0) + parts.get("example", 0.0)
        fits = [f.fit for f in frame.fills.values() if f.quantities]
        found |= {
            "words": parts.get("words", 0.0),
            "example": parts.get("example", 0.0),
            "behind": best_route - route,
            "fill": parts.get("fill", 0.0),
            "weak_fills": float(sum(1 for f in fits if f < 2.2)),
            "strong_fills": float(sum(1 for f in fits if f >= 4.0)),
            "worst_fill": min(fits, default=2.5),
            "mean_fill": sum(fits) / len(fits) if fits else 2.5,
            "unsaid": float("unsaid" in parts),
            "pattern": frame.alike,
            "disorder": float(frame.disorder),
            "want": min(choice.wanted, 6.0),
            "want_lost": min(choice.lost, 4.0),
            "no_numbers": float(not fits),
        }
    return found


def _size_unread(question: Question, choice: Choice) -> float:
    """1 where a sum uses so much per parameter of a named model whose size it does not have."""
    if choice.sum is None or not any("model" in m.kinds for m in question.reading.mentions):
        return 0.0
    used = [question.reading.quantities[i] for i in choice.sum.used]
    each = any(dict(q.unit.dims).get("param", 0) < 0 for q in used)
    return float(each and not any(dict(q.unit.dims).get("param", 0) > 0 for q in used))


_COUNT_ASKED = re.compile(
    r"\bhow many (more |further |extra |such )?(runs|generations|rounds|steps|jumps|doublings|years|months|days|swaps)\b",
    re.I,
)


def _count_unread(question: Question, choice: Choice) -> float:
    """1 where a count is asked for ("how many more runs") and a sum comes to money."""
    money = choice.value is not None and "USD" in choice.value[1]
    return float(choice.sum is not None and money and bool(_COUNT_ASKED.search(question.text)))


def _of_run(question: Question, choice: Choice) -> dict[str, float]:
    """What the run adds: how the result stands to what is asked, what it ignores and assumes, or why none came out."""
    frame, found = choice.frame, dict[str, float]()
    if choice.ok:
        found |= _asked(question, choice)
        found["idle"] = float(
            sum(
                1
                for n in choice.idle
                if not frame.spec.by_name[n].aside
                and not cancels(question, choice, frame.fills[n].quantities)
            )
        )
        found["assumed"] = float(min(choice.trial.assumed, 4))
        found["warned"] = float(min(choice.trial.warned, 3))
        compares = question.features.compares
        found["pair_asked" if compares else "pair"] = float(bool(frame.pairs))
        found["negative"] = float(
            choice.value is not None and choice.value[0] < 0 and not _fall_asked(choice, question)
        )
        found["factor_dropped"] = float(_factor_dropped(question, choice))
        found["reported"] = float(_reported(question, choice))
        if choice.sum is None:
            found["ignored"] = float(
                min(2, sum(1 for fault in choice.faults if fault.startswith("ignored ")))
            )
        for fault in FAULTS:
            found[f"fault_{fault}"] = float(fault in choice.faults)
    else:
        found[choice.trial.kind] = 1.0
    found |= against(question, choice)
    found["checked"] = choice.checked
    return found


_FALL = re.compile(r"\b(cut|drop|fall|decline|decrease|reduction|discount)\b", re.I)


def _fall_asked(choice: Choice, question: Question) -> bool:
    """Whether how far something falls is asked for, and the result is a change: below nothing is what is expected."""
    change = choice.want is not None and "change" in choice.want.name.split("_")
    return (
        change and any(s in question.features.wanted.near for s in ("cut", "fall", "declin", "decreas"))
    ) or (change and bool(_FALL.search(question.text.split("?")[0].split(".")[-1])))


def _of_question(question: Question) -> Mapping[str, float]:
    """What makes any calculation of this question more or less likely than none."""
    memo, key = question.words.memo, ("of question",)
    if key not in memo:
        memo[key] = _read_question(question)
    found: Mapping[str, float] = memo[key]
    return found


def _read_question(question: Question) -> dict[str, float]:
    f = question.features
    numbers = sum(1 for i in range(len(question.reading.quantities)) if is_salient(question, i))
    return {
        "bias": 1.0,
        "source_asked": float(f.source),
        "speaker_named": float(f.strong_source),
        "speaker_without_numbers": float(f.strong_source and numbers == 0),
        "check": float(f.check or f.where_said),
        "explain": float(f.explain and not f.asks_number),
        "number_asked": float(f.asks_number),
        "numbers_none": float(numbers == 0),
        "numbers_one": float(numbers == 1),
        "things_named": float(bool(question.reading.mentions)),
    }


def _factor_dropped(question: Question, choice: Choice) -> bool:
    """Whether "the cost doubled" is left out of the reading, though its word stands beside one the calculator knows."""
    used = {
        i for name, fill in choice.frame.fills.items() if name not in choice.idle for i in fill.quantities
    }
    if choice.sum is not None:
        used |= set(choice.sum.used)
    return any("verbal" in q.marks and i not in used for i, q in enumerate(question.reading.quantities))


def _reported(question: Question, choice: Choice) -> int:
    """How many fields hold what somebody else is said to have claimed."""
    quantities = question.reading.quantities
    return sum(
        1 for f in choice.frame.fills.values() if any("reported" in quantities[i].marks for i in f.quantities)
    )


def _asked(question: Question, choice: Choice) -> dict[str, float]:
    """How the unit of the result stands to the unit asked for."""
    wanted, want = question.features.wanted, choice.want
    if want is None or want.unit is None or wanted.unit is None or choice.sum is not None:
        return {}
    if wanted.unit.dims == want.unit.dims:
        if not wanted.unit.dims and (wanted.unit_text == "percent") != (want.unit_text == "percent"):
            return {"asked_kin": 1.0}
        return {"asked" if wanted.explicit else "asked_softly": 1.0}
    if {wanted.unit.dims, want.unit.dims} == {(("person", 1),), (("request", 1),)}:
        return {"asked_softly": 1.0}
    if without_counts(wanted.unit) == without_counts(want.unit) and without_counts(want.unit):
        return {"asked_kin": 1.0}
    return {"asked_else" if wanted.explicit else "asked_else_softly": 1.0}


def log_odds(found: Mapping[str, float]) -> float:
    """The weighted sum of the evidence."""
    return math.fsum((WEIGHTS.get(name, 0.0) + FIXED.get(name, 0.0)) * value for name, value in found.items())


def _load() -> dict[str, float]:
    text = Path(__file__).with_name("weights.yaml").read_text(encoding="utf-8")
    return {str(name): float(weight) for name, weight in yaml.safe_load(text)["weights"].items()}


WEIGHTS = _load()
