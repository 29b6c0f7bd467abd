"""What a word problem asks for: a percentage, how many times, or an amount, of what, and what is to be done for it."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

from agent.offline.reading.features import Features
from agent.offline.reading.measure import Unit, parse_unit
from agent.offline.reading.reading import Reading
from agent.offline.reading.words import stem
from agent.offline.reading.written_units import spelled_unit
from agent.offline.sums import words as say
from agent.offline.sums.clause import Clause, asked_one, asked_per, counted_over, find_clause, goes_on_for

_PERCENT = frozenset({"%", "percent", "percentage", "pct"})
_PERCENT_NOUNS = frozenset({"share", "discount", "cagr", "stake", "percentage", "yield"})
_RATIO_NOUNS = frozenset({"ratio", "multiple", "factor"})
_TIMES_MORE = re.compile(r"\bx (dearer|cheaper|more|faster|larger|bigger|smaller)")
_CHIP_HOURS = re.compile(
    r"^(?:how many )?(?:gpu|chip|card|accelerator)s? ?-? ?hours\b|\bmany (?:gpu|chip|card)s? -? ?hours?\b"
)
_PER_COST = re.compile(r"(?:\bper|/) ?(?:tco|dollar|\$|watt|unit of (?:cost|power))", re.I)
_TIMES = frozenset({"year", "month", "week", "day"})
_THINGS = frozenset({"chip", "server", "rack", "person", "request", "core"})
_MAGNITUDES = frozenset(
    ["thousand", "thousands", "million", "millions", "billion", "billions", "trillion", "trillions", "bn"]
)
_OVER_A = {
    "yearly": "year", "annual": "year", "annually": "year", "monthly": "month", "daily": "day", "quarterly": "quarter_year",
}  # fmt: skip
_SELDOM = {"kilograms": "kg", "kg": "kg", "kilos": "kg", "mj": "MJ", "gj": "GJ", "kj": "kJ"}


@dataclass(frozen=True, slots=True)
class Asked:
    """`kind`: percent, points, ratio, orders, count, unit or open; `unit` for the kind "unit"."""

    kind: str
    unit: Unit | None
    unit_text: str
    per: str  # the unit of what one of is asked for: "per card", "a year"
    one: frozenset[str]  # things of which one is spoken of: "does a subscriber get", "each card"
    per_cost: bool  # "performance per dollar"
    over: str  # the time whose amount is asked for: "the yearly bill"
    words: frozenset[str]  # of the asking clause
    every: frozenset[str]  # of the whole question
    labels: frozenset[str]  # stems of what the asking clause names
    sure: bool  # whether the text says the kind itself
    left_out: frozenset[str] = frozenset()  # stems of what the text says to leave out: "without the reserve"
    of_rest: bool = (
        False  # what is asked about is what the text says of the rest: "the rest upfront: how much upfront"
    )
    counted: tuple[str, str] | None = None  # of a row of things: "the next two", "the first three"

    def says(self, words: frozenset[str]) -> bool:
        return bool(self.words & words)

    def mentions(self, words: frozenset[str]) -> bool:
        return bool(self.every & words)


def read_asked(reading: Reading, features: Features) -> Asked:
    """What is asked, from the asking clause and the unit that the features found."""
    clause = find_clause(reading)
    said = clause.words(reading)
    words = frozenset(said)
    kind, unit_text, sure = _kind(reading, features, said)
    unit_text, per, over = _times(reading, words, unit_text, asked_per(reading, clause))
    unit = parse_unit(unit_text) if unit_text else None
    if per and unit is not None and unit.dims and all(p > 0 for _, p in unit.dims) and per != unit_text:
        unit_text = f"{unit_text}/{per}"
        unit = parse_unit(unit_text)
    told = words if clause.focused or kind != "open" else frozenset[str]()  # a whole text asks nothing
    labels = clause.labels(reading) if clause.focused else frozenset[str]()
    return Asked(
        kind, unit, unit_text, per, _one(reading, clause, words), _PER_COST.search(reading.text) is not None, over,
        told, frozenset(t.low for t in reading.tokens), labels, sure,
        _left_out(reading.text), bool(labels & _said_of_rest(reading, clause)), _counted(" ".join(said)),
    )  # fmt: skip


_LEFT_OUT = re.compile(
    r"\b(?:without|ignor(?:e|ing)|except(?: for)?|leav(?:e|ing) out|not counting|(?:aside|apart) from|drop(?:ping)?|remov(?:e|ing)|(?:strip|tak)(?:e|ing|ping)? out(?: of)?)"
    r" (?:the )?([\w']+)|\b(?:strip|tak|leav|set|put|cut)(?:e|ing|ping|ting)? (?:the )?([\w']+) (?:out|aside|away)\b",
    re.I,
)
_INCLUDED = re.compile(r"\b(including|included)\b", re.I)
_COUNTED = re.compile(r"\b(next|first) (two|three|four|five|six|[2-6])\b", re.I)


_THE_REST = frozenset(["rest", "remainder", "balance", "others"])
_PLAIN = frozenset(stem(w) for w in ["much", "many", "what", "total", "percent", "share", "number", "each"])


def _said_of_rest(reading: Reading, clause: Clause) -> frozenset[str]:
    """The stems of what is told of the rest, before the asking clause: "…, the rest is chips"."""
    tokens, out = reading.tokens, set[str]()
    for k, token in enumerate(tokens[: clause.start]):
        if token.low not in _THE_REST or (k > 1 and "of" in (tokens[k - 1].low, tokens[k - 2].low)):
            continue
        for t in tokens[k + 1 : min(k + 7, clause.start)]:
            if t.text in ".,;:?!":
                break
            out.add(stem(t.text) if t.is_word else "")
    return frozenset(out) - _PLAIN - {""}


def _left_out(text: str) -> frozenset[str]:
    if _INCLUDED.search(text):
        return frozenset()  # "90 % without them …; and with them included?"
    return frozenset(stem((a or b).lower().removesuffix("'s")) for a, b in _LEFT_OUT.findall(text))


def _counted(said: str) -> tuple[str, str] | None:
    found = _COUNTED.search(said)
    return (found[1].lower(), found[2].lower()) if found else None


def _one(reading: Reading, clause: Clause, words: frozenset[str]) -> frozenset[str]:
    return asked_one(reading, clause) if not words & say.TOTAL else frozenset()


def _times(reading: Reading, words: frozenset[str], unit_text: str, per: str) -> tuple[str, str, str]:
    """The unit, what it is per, and the time over which it is counted."""
    amount, _, span = unit_text.rpartition("/")
    kept_up = amount.endswith("USD") and span == "year" and goes_on_for(reading, span)
    if kept_up or (amount in ("token", "USD", "request", "cent") and counted_over(span, amount)):
        unit_text, per = amount, span
    over = next((t for w, t in _OVER_A.items() if w in words), "")
    if over and per in ("day", "week", "month", "year"):
        per = ""
    over = over or ("hour" if {"one", "hour"} <= words else "")
    if per and not over and unit_text and counted_over(per, unit_text):
        return unit_text, "", per
    if not over and per in ("year", "month", "day", "week") and goes_on_for(reading, per):
        return unit_text, "", per
    if not over and not per:
        over = next((p for p in ("year", "month", "week", "day") if goes_on_for(reading, p)), "")
    return unit_text, per, over


def _kind(reading: Reading, features: Features, said: list[str]) -> tuple[str, str, bool]:
    """The kind, its unit, and whether the text itself says so."""
    words = frozenset(said)
    found = _plain_number(reading, features, said, words) or _named_unit(reading, features, said, words)
    if found is not None:
        return found
    growth = words & {"growth", "increase"} and words & {"annual", "yearly", "rate"}
    shares = words & _PERCENT_NOUNS - ({"share"} if "share price" in " ".join(said) else set())
    if shares or growth:
        return "percent", "percent", True
    if words & _RATIO_NOUNS or (features.ratio and "times" in words):
        return "ratio", "", True
    if words & say.MONEY and _about_money(reading):
        return "unit", "USD", False
    if {"many", "how"} <= words:
        money = words & _MAGNITUDES and _about_money(reading)
        return ("unit", "USD", False) if money else ("count", "", True)
    return "open", "", False


def _plain_number(
    reading: Reading, features: Features, said: list[str], words: frozenset[str]
) -> tuple[str, str, bool] | None:
    """Percentages, points, multiples and powers of ten."""
    text, wanted = " ".join(said), features.wanted
    factors = [q for q in reading.quantities if "times" in q.marks]
    if say.ORDERS.search(reading.text):
        return "orders", "", True
    if factors and len(factors) == len(reading.quantities) and wanted.unit_text != "percent":
        return "ratio", "", True
    if "percentage points" in text:
        return "points", "percent", True
    given = any(q.unit_text == "percent" for q in reading.quantities)
    if wanted.unit_text == "percent" or features.percent or (words & _PERCENT and not given):
        return "percent", "percent", True
    if wanted.unit_text == "dimensionless" and wanted.explicit:
        return "ratio", "", True
    multiple = words & (_RATIO_NOUNS | {"times"}) and not words & {"total", "altogether"}
    if (multiple or _TIMES_MORE.search(text)) and (not factors or words & (_RATIO_NOUNS | {"many"})):
        return "ratio", "", True
    return None


def _named_unit(
    reading: Reading, features: Features, said: list[str], words: frozenset[str]
) -> tuple[str, str, bool] | None:
    """An amount in a unit that the clause names, or that the features found."""
    wanted = features.wanted
    if wanted.unit_text in _TIMES and not {wanted.unit_text, f"{wanted.unit_text}s"} & words:
        return None  # "in year one" asks for no years
    if words & {"count", "number"} and not wanted.explicit:
        thing = next((u for w in said if (u := spelled_unit(w)) in _THINGS), "")
        if thing:
            return "unit", thing, True
    described = _described(reading)
    if described is not None:
        return described
    own = _seldom_read(reading, said)
    if own and (wanted.unit is None or not wanted.explicit or wanted.unit.dims != parse_unit(own).dims):
        return "unit", own, True
    if wanted.unit is None or not wanted.unit.dims:
        return None
    text = _as_said(wanted.unit_text, said)
    top = text.partition("/")[0]
    if top in _THINGS | {"token"} and not any(spelled_unit(w) == top for w in said):
        return None  # counted among the givens
    if text != wanted.unit_text:
        return ("unit", text, wanted.explicit) if text else None
    if not wanted.explicit and words & (_RATIO_NOUNS | {"share", "discount"}):
        return None
    if wanted.unit_text == "USD" and not wanted.explicit:
        money = (words & say.MONEY or "much" in words) and _about_money(reading)
        return ("unit", "USD", False) if money else ("open", "", False)
    return "unit", wanted.unit_text, wanted.explicit


def _as_said(unit_text: str, said: list[str]) -> str:
    """The unit without what the clause does not speak of: a price "per hour" among the givens is no hour asked for."""
    top, *below = unit_text.split("/")
    units = [spelled_unit(w) for w in said] + [
        "Mtoken" if w in ("million", "m", "mtok") else "" for w in said
    ]
    if said[:2] == ["per", said[-1]] and len(said) == 2:
        return ""  # "per card?": of one, and nothing is said of what
    return "/".join([top, *(b for b in below if any(u and (u in b or b in u) for u in units))])


def _described(reading: Reading) -> tuple[str, str, bool] | None:
    """ "How many 16-core parts", "how many 40 kW racks": what is counted stands behind the number that describes it."""
    for q in reading.quantities:
        if (
            q.first
            and q.marked
            and q.value > 1
            and reading.tokens[q.first - 1].low == "many"
            and q.last < len(reading.tokens)
        ):
            thing = spelled_unit(reading.tokens[q.last].text)
            return ("unit", thing, True) if thing in _THINGS else ("count", "", True)
    return None


def _about_money(reading: Reading) -> bool:
    qs = reading.quantities
    return any(q.unit.has("USD") for q in qs) or not any(q.unit.dims for q in qs)


def _seldom_read(reading: Reading, said: list[str]) -> str:
    """ "In kilograms", "how many GPU-hours", "give MJ": units that the features do not look for."""
    if _CHIP_HOURS.search(" ".join(said)) and not any("chip*hour" in q.unit_text for q in reading.quantities):
        return "chip*hour"
    after = (b for a, b in itertools.pairwise(said) if a in ("many", "in", "to", "into", "give"))
    return next((_SELDOM[w] for w in after if w in _SELDOM), "")


__all__ = ["Asked", "read_asked"]
