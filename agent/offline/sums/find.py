"""Plain arithmetic where wording and units make the relation clear; the honest fallback, never a guess.

The stated numbers are read like a formula: neighbours are joined first (`sum_rules.py`), every stretch of the text
keeps its few clearest values, and what covers all numbers and has the unit asked for is the sum meant. How clear it
is comes from the joins; two different values that are about as clear make each other unclear.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, replace

from agent.offline.reading.features import Features
from agent.offline.reading.measure import parse_unit
from agent.offline.reading.reading import Reading
from agent.offline.reading.written_units import spelled_unit
from agent.offline.sums import words as say
from agent.offline.sums.answers import accepted
from agent.offline.sums.asked import Asked, read_asked
from agent.offline.sums.cues import unread
from agent.offline.sums.dims import literal, plain_unit, without_things
from agent.offline.sums.item import Item, Problem
from agent.offline.sums.patterns import wholes
from agent.offline.sums.roles import leaves
from agent.offline.sums.rules import joined
from agent.offline.sums.shares import only_shares
from agent.offline.sums.stated import all_read
from agent.offline.sums.terms import Term, read_terms

MOST = 6  # numbers that are joined


KEPT_VALUES = 6  # values a stretch of text keeps


UNREAD = 0.45  # what is left of the clarity when the text states a number that is not used


LEAST = 0.54  # below it two of three readings are wrong, above it one of forty
SCALE = 1.1  # the clarity of a reading all of whose joins are certain
MOST_CLEAR = 1.0  # more is only said against other readings


@dataclass(frozen=True)
class Sum:
    """An expression for the `arithmetic` calculator, the unit of its result and how clear the wording is (0 … 1.2)."""

    expression: str
    unit: str | None
    used: tuple[int, ...]
    clarity: float
    why: str
    unread: int = 0  # how many operations that the text speaks of it does not have


def find_sum(reading: Reading, features: Features, salient: list[int]) -> Sum | None:
    """The clearest arithmetic reading of the quantities, or None: also where a number cannot be divided by (0) or is too large."""
    try:
        return _found(reading, features, salient)
    except ArithmeticError:
        return None


def _found(reading: Reading, features: Features, salient: list[int]) -> Sum | None:
    written = _written_out(reading, salient)
    if written is not None:
        return written
    if not salient or len(salient) > MOST:
        return None
    asked = read_asked(reading, features)
    orders = asked.kind == "orders"
    if asked.kind == "open" and _EXPLAIN.search(reading.text):
        return None
    law = say.LAWS.search(reading.text) or (
        (len(reading.quantities) > 2 or all(q.unit_text == "percent" for q in reading.quantities))
        and say.LAWS_OF_MORE.search(reading.text)
    )
    if law and not orders and not asked.left_out:
        return None
    if lacks_subject(reading, asked) or _said_twice(reading) or _both_ways(reading):
        return None
    salient = [i for i in salient if not describes(reading, i, asked)]
    terms = read_terms(reading, salient, _money(reading, asked, features))
    if not terms or len(terms) > MOST:
        return None
    known = all_read(reading, terms)
    if len(terms) == 1 and terms[0].kind != "growth":
        found = _converted(terms[0], asked, features) if known else None
        return found if found is None or not unread(reading, asked, tuple(terms), found.expression) else None
    problem = Problem(tuple(terms), tuple(_gap(reading, a, b) for a, b in itertools.pairwise(terms)), asked)
    found = _clearest(problem, salient)
    if found is not None and "/hour" in (found.unit or "") and _OVER_TIME.search(reading.text):
        return None  # a bill over a time of which the sum knows nothing
    if found is not None and any(
        reading.quantities[t.index].low != reading.quantities[t.index].high for t in terms
    ):
        known = False  # a range is no number
    if found is not None and not known:
        found = replace(found, clarity=UNREAD * found.clarity)
    if found is not None:
        found = replace(found, unread=unread(reading, asked, problem.terms, found.expression))
    return found if found is not None and found.clarity >= LEAST else None


_SAME = re.compile(
    r"\b(plus|then|and|on top of|before|with)\b[^.;?,]{0,24}\b(?:the|those|these) same \$?(\d[\d.,]*)", re.I
)


def _both_ways(reading: Reading) -> bool:
    """Tokens in and tokens out with a price of each: which price is of which, only the subject says."""
    prices = sum(1 for q in reading.quantities if q.unit.has("USD") and q.unit.has("token"))
    amounts = sum(1 for q in reading.quantities if q.unit.dims == (("token", 1),))
    return prices > 1 and amounts > 1


def _said_twice(reading: Reading) -> bool:
    """Whether a number is added once more ("7k of thinking, then the same 500"): what it is added to only the subject says."""
    match = _SAME.search(reading.text)
    return match is not None and reading.text.count(match[2].rstrip(".,")) > 1


_OVER_TIME = re.compile(
    r"\b(for|over|during|after|in|through) (a|an|one|the) (whole |full |entire |single )?(day|week|month|quarter|year)\b",
    re.I,
)
_SUBJECT = re.compile(
    r"\b(memory|hbm|bandwidth|flops?|tflops|teraflops|compute|capacity|gigabytes|gb|throughput|performance|tokens?)\b[\w /]{0,14} per\b",
    re.I,
)


_MEASURES = {
    "flops": "FLOP",
    "flop": "FLOP",
    "bandwidth": "byte",
    "memory": "byte",
    "hbm": "byte",
    "tflops": "FLOP",
    "compute": "FLOP",
}


def lacks_subject(reading: Reading, asked: Asked) -> bool:
    """Whether a comparison is of something whose numbers the text does not give: "memory per dollar of A at $3 and B at $4"."""
    units = {n for q in reading.quantities for n, _ in q.unit.dims}
    named = _SUBJECT.search(reading.text)
    if (asked.words if asked.kind != "open" else asked.every) & {
        "flops",
        "flop",
        "tflops",
    } and "FLOP" not in units:
        return True
    if (
        "compute" in asked.words
        and asked.kind in ("ratio", "open", "percent")
        and not units & {"FLOP", "USD"}
        and not any("times" in q.marks for q in reading.quantities)
    ):
        return True
    if asked.kind not in ("ratio", "open", "percent"):
        return False
    if (
        named
        and asked.kind != "percent"
        and units <= {"USD", "s", "chip", "J"}
        and units
        and not any("times" in q.marks for q in reading.quantities)
    ):
        return True
    models = sum(1 for m in reading.mentions if "model" in m.kinds)
    if (
        asked.kind == "ratio"
        and models > 1
        and "USD" not in units
        and not any("times" in q.marks for q in reading.quantities)
    ):
        return True
    lacks = any(word in asked.words and base not in units for word, base in _MEASURES.items())
    return lacks and (not units or (asked.kind == "open" and units <= {"chip", "server", "rack"}))


def describes(reading: Reading, i: int, asked: Asked) -> bool:
    """ "How many 8-GPU boxes of 11 kW …", "an 8b model": what a thing is, where things are counted."""
    q, lows = reading.quantities[i], [t.low for t in reading.tokens]
    if "params" in q.marks and lows[q.last : q.last + 1] == ["model"]:
        others = {n for k, p in enumerate(reading.quantities) if k != i for n, _ in p.unit.dims}
        wanted = {n for n, _ in asked.unit.dims} if asked.unit is not None else set()
        return "token" in wanted and not others & {"param", "FLOP", "byte"}
    if q.unit_text != "chip" or spelled_unit(lows[q.last] if q.last < len(lows) else "") != "server":
        return False
    return "many" in lows[max(0, q.first - 3) : q.first] and not any(
        w in lows[q.last + 1 :] for w in ("gpu", "chip", "card")
    )


def _gap(reading: Reading, a: Term, b: Term) -> tuple[str, ...]:
    return tuple(t.low for t in reading.tokens[a.last : b.first] if t.text != "$")


def _money(reading: Reading, asked: Asked, features: Features) -> bool:
    """Whether large bare amounts are money: money is asked for or spoken of, and nothing else is."""
    return (
        bool(asked.every & say.MONEY)
        or asked.unit_text.startswith("USD")
        or (asked.kind in ("open", "unit") and any(q.unit.dims == (("s", 1),) for q in reading.quantities))
    )


def _chart(problem: Problem) -> list[Item]:
    """What the whole text comes to, by joining neighbours."""
    n = len(problem.terms)
    cells: dict[tuple[int, int], list[Item]] = {(k, k): leaves(k, problem) for k in range(n)}
    for length in range(2, n + 1):
        for i in range(n - length + 1):
            j = i + length - 1
            made = (
                item
                for m in range(i, j)
                for a in cells[(i, m)]
                for b in cells[(m + 1, j)]
                for item in joined(a, b, problem)
            )
            cells[(i, j)] = _best(made)
    return cells[(0, n - 1)]


def _best(made: object) -> list[Item]:
    """The clearest item for each value and unit, the few clearest of those."""
    found: dict[tuple[str, object, str], Item] = {}
    for item in made:  # type: ignore[attr-defined]
        key = (f"{item.value:.9g}", item.dims, item.kind)
        if key not in found or item.weight > found[key].weight:
            found[key] = item
    return sorted(found.values(), key=lambda i: -i.weight)[:KEPT_VALUES]


def _clearest(problem: Problem, salient: list[int]) -> Sum | None:
    items = [*([] if only_shares(problem) else _chart(problem)), *wholes(problem)]
    answers = [a for item in items if (a := accepted(item, problem)) is not None]
    if not answers:
        return None
    if problem.asked.says(say.STRONGLY_APART) and problem.asked.kind in ("unit", "open"):
        answers = [
            replace(
                a,
                weight=a.weight
                * (1.0 if a.item.kind in ("sum", "ratio") or "-" in a.item.written(True) else 0.6),
            )
            for a in answers
        ]
    if problem.asked.says(say.LEFT_OVER) and problem.asked.kind in ("unit", "open", "count"):
        answers = [
            replace(
                a, weight=a.weight * (1.0 if " - " in a.item.written(True) or "/" in a.item.form else 0.5)
            )
            for a in answers
        ]
    answers.sort(key=lambda a: -a.weight)
    best = answers[0]
    rival = next(
        (a.weight for a in answers[1:] if abs(a.value - best.value) > 1e-6 * abs(best.value or 1)), 0.0
    )
    if (
        problem.asked.kind in ("unit", "open")
        and (problem.asked.over or problem.asked.per in ("year", "month", "day"))
        and not any("s" in dict(t.dims) or t.period for t in problem.terms)
    ):
        best = replace(best, weight=0.5 * best.weight)  # a year's worth of what is not said to be of any time
    clarity = SCALE * min(best.weight, MOST_CLEAR) * _doubt(rival / best.weight)
    used = tuple(sorted({*salient, *(t.index for t in problem.terms)}))
    return Sum(best.item.written(best.plain), best.unit, used, round(clarity, 4), best.item.form)


def _doubt(closeness: float) -> float:
    """What the next reading costs: nothing when it is far behind, half when it is as clear."""
    return 1.0 if closeness < 0.7 else 1.0 - 0.5 * min(1.0, (closeness - 0.7) / 0.22)


def _converted(term: Term, asked: Asked, features: Features) -> Sum | None:
    """One number in another unit: "3 tons in kilograms", "12 dollars an hour, per year"."""
    if (
        not term.dims
        or term.bare
        or len(features.stems) > 8
        or asked.says(say.BEFORE - {"were", "was", "list"})
    ):
        return None
    period = asked.over or asked.per
    if (
        period
        and parse_unit(period).dims == (("s", 1),)
        and ("s", -1) in term.dims
        and ("USD", 1) in term.dims
    ):
        rate = plain_unit(term.unit_text).rsplit("/", 1)[0]
        if without_things(term.dims) == (("USD", 1), ("s", -1)) and without_things(term.dims) == term.dims:
            if asked.over:
                return Sum(f"{term.plain} * (1 {period})", rate, (term.index,), 0.92, "a rate for a time")
            return Sum(term.plain, f"{rate}/{period}", (term.index,), 0.92, "a rate for a time")
    if asked.kind != "unit" or asked.unit is None:
        return None
    text = asked.unit_text.replace("tonne", "metric_ton").replace("quarter_year", "quarter")
    core = without_things(term.dims)
    if (
        core
        and core != term.dims
        and core == asked.unit.dims
        and (asked.per or term.value >= 1e-3 * asked.unit.factor)
    ):
        return Sum(term.plain, text, (term.index,), 0.85, "unit conversion")
    if asked.unit.dims == term.dims and asked.unit_text != term.unit_text:
        return Sum(term.full, text, (term.index,), 0.92, "unit conversion")
    return None


_EXPLAIN = re.compile(
    r"^\W*(why|how come|explain|summari[sz]e|describe|who|where|when|tell me)\b|\b(opinion|argument|reasons?|thoughts)\b",
    re.I,
)


_PLAIN = re.compile(r"^[\d\s.,()+*/^x×÷kKmMbB$%-]+$")


_LEAD = re.compile(r"^\W*(what('s| is)|how much is|calculate|compute|evaluate|work out)\s+", re.I)


def _written_out(reading: Reading, salient: list[int]) -> Sum | None:
    """`8 * 7`, `300k / 8`, `2^10`, `square root of 2`: a formula, not a word problem."""
    text = _LEAD.sub("", reading.text.strip(" ?=!.")).strip()
    if _PLAIN.match(text) and re.search(r"\d", text) and re.search(r"[+*/^x×÷-]", text[1:]):
        expression = re.sub(r"(?<=[\d\s)kKmMbB])[x×](?=[\s\d(])", "*", text)
        expression = expression.replace("÷", "/").replace("$", "").replace(",", "")
        return Sum(expression, None, tuple(range(len(reading.quantities))), 1.1, "as written")
    power = re.search(r"^(\d[\d.,]*) (?:to the power of|to the power|raised to) (\d[\d.]*)$", text, re.I)
    if power:
        return Sum(
            f"{power[1].replace(',', '')} ^ {power[2]}",
            None,
            tuple(range(len(reading.quantities))),
            1.1,
            "power",
        )
    if re.search(r"\b(square root|sqrt) of\b", text, re.I) and len(salient) == 1:
        q = reading.quantities[salient[0]]
        return Sum(f"sqrt({literal(q.value, q.unit_text)})", None, tuple(salient), 1.0, "square root")
    return _said_in_words(reading)


_BETWEEN = {
    "times": "*", "multiplied by": "*", "divided by": "/", "over": "/", "plus": "+", "minus": "-", "less": "-",
}  # fmt: skip


def _said_in_words(reading: Reading) -> Sum | None:
    """ "What is 3 dollars an hour times 720 hours": two numbers, the word of a sum between them, and nothing else."""
    if len(reading.quantities) != 2:
        return None
    a, b = reading.quantities
    sign = _BETWEEN.get(" ".join(reading.text[a.end : b.start].lower().replace("$", " ").split()))
    around = f"{reading.text[: a.start].rstrip(' $')} {reading.text[b.end :]}".strip(" ?=!.")
    if sign is None or (_LEAD.sub("", f"{around} ").strip() and around):
        return None
    expression = f"({literal(a.value, a.unit_text)}) {sign} ({literal(b.value, b.unit_text)})"
    return Sum(expression, None, (0, 1), 1.1, "said in words")


__all__ = ["KEPT_VALUES", "LEAST", "MOST", "SCALE", "UNREAD", "Sum", "describes", "find_sum", "lacks_subject"]
