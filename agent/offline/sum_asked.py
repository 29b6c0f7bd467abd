"""What a word problem asks for: a percentage, how many times, or an amount, of what, and what is to be done for it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent.offline import sum_words as say
from agent.offline.features import Features
from agent.offline.measure import Unit, parse_unit
from agent.offline.reading import Reading
from agent.offline.words import STOP, Token, stem
from agent.offline.written_units import denominators, spelled_unit

_ASKING = frozenset("what what's whats which how give compute calculate find convert".split())
_ENDS = frozenset(".;:?!")
_PER_LEAD = frozenset({"per", "each", "every"})
_PERCENT = frozenset("% percent percentage pct".split())


@dataclass(frozen=True, slots=True)
class Asked:
    """`kind`: percent, points, ratio, unit or open; `unit` for the kind "unit"; `per` when one of a thing is asked for."""

    kind: str
    unit: Unit | None
    unit_text: str
    per: str
    one: frozenset[str]  # things of which one is spoken of: "does a subscriber get", "per card"
    per_cost: bool  # "performance per dollar"
    over: str  # the time whose amount is asked for: "the yearly bill"
    words: frozenset[str]  # of the asking clause
    every: frozenset[str]  # of the whole question
    labels: frozenset[str]  # stems of what the asking clause names
    sure: bool  # whether the text says the kind itself

    def says(self, words: frozenset[str]) -> bool:
        return bool(self.words & words)

    def mentions(self, words: frozenset[str]) -> bool:
        return bool(self.every & words)


def read_asked(reading: Reading, features: Features) -> Asked:
    start, end, focused = _clause(reading)
    clause = [t.low.removesuffix("'s") for t in reading.tokens[start:end]]
    words, every = frozenset(clause), frozenset(t.low for t in reading.tokens)
    labels = frozenset(
        stem(t.text)
        for i, t in enumerate(reading.tokens[start:end], start)
        if t.is_word and t.low not in STOP and not _in_number(reading, i)
    )
    per = _per(reading, start, end)
    kind, unit_text, sure = _kind(reading, features, clause, words)
    amount, _, span = unit_text.rpartition("/")
    if amount.endswith("USD") and span == "year" and _span_of_time(reading, span):
        unit_text, per = amount, span
    if amount in ("token", "USD", "request", "cent") and _amount_of(span, amount):
        unit_text, per = amount, span
    over = next((t for w, t in _OVER_A.items() if w in words), "") or ("hour" if {"one", "hour"} <= words else "")
    if per and not over and unit_text and _amount_of(per, unit_text):
        over, per = per, ""
    if over == "" and per in ("year", "month", "day", "week") and _span_of_time(reading, per):
        over, per = per, ""
    unit = parse_unit(unit_text) if unit_text else None
    if per and not _amount_of(per, unit_text) and unit is not None and unit.dims and not any(p < 0 for _, p in unit.dims) and per != unit_text:
        unit_text = f"{unit_text}/{per}"
        unit = parse_unit(unit_text)
    per_cost = _PER_COST.search(reading.text) is not None
    one = frozenset() if words & say.TOTAL else frozenset(n for k in range(start, end - 1) if reading.tokens[k].low in _ONE and reading.tokens[k + 1].low != "of" for n in _things(reading.tokens[k + 1].low))
    if _EACH_GETS.search(reading.text):
        one |= frozenset(n for q in reading.quantities[-1:] for n, p in q.unit.dims if p == 1 and len(q.unit.dims) == 1)
    if not focused and kind == "open":
        words = frozenset()  # the whole text: what it says is not what it asks
    return Asked(kind, unit, unit_text, per, one, per_cost, over, words, every, labels if focused else frozenset(), sure)


_CHIP_HOURS = re.compile(r"^(?:how many )?(?:gpu|chip|card|accelerator) ?-? ?hours\b")
_PER_COST = re.compile(r"(?:\bper|/) ?(?:tco|dollar|\$|watt|unit of (?:cost|power))", re.I)
_EACH_GETS = re.compile(r"\beach (?:of them )?(?:get|gets|have|has|receive|receives)\b", re.I)
_ONE = frozenset({"a", "an", "one", "each", "every", "per"})


def _things(word: str) -> tuple[str, ...]:
    if not word.isalpha() or word.endswith("s"):
        return ()
    return tuple(n for n, _ in parse_unit(spelled_unit(word) or "dimensionless").dims) + (f"#{stem(word)}",)


def _span_of_time(reading: Reading, per: str) -> bool:
    """ "For a year", "over a month": how long it goes on."""
    lows = [t.low for t in reading.tokens]
    return any(lows[k - 2] in ("for", "over", "in") and lows[k - 1] in ("a", "one", "each") and lows[k] == per for k in range(2, len(lows)))


def _amount_of(per: str, unit_text: str) -> bool:
    """ "Tokens per day", "dollars per week" are counted over that time; only money a year and tokens a second are rates."""
    if parse_unit(per).dims != (("s", 1),):
        return False
    return (
        not (per == "year" and "USD" in unit_text) and per not in ("second", "hour") and "/" not in unit_text
    )


def _in_number(reading: Reading, i: int) -> bool:
    return any(q.first <= i < q.last for q in reading.quantities)


def _clause(reading: Reading) -> tuple[int, int, bool]:
    """The tokens of the asking clause: from the asking word, else the last part of the text without numbers."""
    tokens = reading.tokens
    asks = [
        i
        for i, t in enumerate(tokens)
        if t.low in _ASKING and not (t.low == "which" and i and tokens[i - 1].low == "of")
    ]
    if asks:
        i = asks[-1] if tokens[asks[-1]].low not in ("give",) or len(asks) == 1 else asks[-2]
        end = next((k for k in range(i, len(tokens)) if tokens[k].text in _ENDS), len(tokens))
        start = i
        while (
            start
            and tokens[start - 1].text not in ".;:?!,"
            and i - start < 3
            and not _in_number(reading, start - 1)
        ):
            start -= 1
        return start, end, True
    return _closing(reading)


def _closing(reading: Reading) -> tuple[int, int, bool]:
    tokens = reading.tokens
    end = len(tokens) - (bool(tokens) and tokens[-1].text in _ENDS)
    start = next((k + 1 for k in range(end - 1, -1, -1) if tokens[k].text in ".;:?!"), 0)
    if any(_in_number(reading, k) for k in range(start, end)):
        start = next((k + 1 for k in range(end - 1, -1, -1) if tokens[k].text in ".,;:?!" or _dash(tokens, k)), 0)
    if all(_in_number(reading, k) for k in range(start, end)):
        return 0, end, False
    if not {stem(t.text) for t in tokens[start:end] if t.is_word and t.low not in STOP} - _ONLY_UNITS:
        return 0, end, False
    return start, end, not any(_in_number(reading, k) for k in range(start, end))


def _dash(tokens: list[Token], k: int) -> bool:
    """A dash between parts of the sentence, not one that joins two words."""
    return tokens[k].text in "-–—" and k > 0 and tokens[k - 1].end < tokens[k].start


def _kind(reading: Reading, features: Features, clause: list[str], words: frozenset[str]) -> tuple[str, str, bool]:
    wanted = features.wanted
    if say.ORDERS.search(reading.text):
        return "orders", "", True
    if reading.quantities and all("times" in q.marks for q in reading.quantities) and wanted.unit_text != "percent":
        return "ratio", "", True
    text = " ".join(clause)
    if "points" in words and words & _PERCENT | {"points"} and "percentage points" in text:
        return "points", "percent", True
    if (
        wanted.unit_text == "percent"
        or features.percent
        or (words & _PERCENT and not _percent_is_given(reading, clause))
    ):
        return "percent", "percent", True
    if wanted.unit_text == "dimensionless" and wanted.explicit:
        return "ratio", "", True
    if words & {"ratio", "multiple", "factor", "times"} and not {"total", "altogether"} & words or re.search(r"\bx (dearer|cheaper|more|faster|larger|bigger|smaller)", text):
        if not any("times" in q.marks for q in reading.quantities) or words & {"ratio", "factor", "many", "multiple"}:
            return "ratio", "", True
    if words & {"count", "number"} and not wanted.explicit:
        thing = next(
            (
                u
                for w in clause
                if (u := spelled_unit(w)) in ("chip", "server", "rack", "person", "request", "core")
            ),
            "",
        )
        if thing:
            return "unit", thing, True
    own = _unit_named(reading, clause)
    if own and (wanted.unit is None or not wanted.explicit or wanted.unit.dims != parse_unit(own).dims):
        return "unit", own, True
    if (
        wanted.unit is not None
        and wanted.unit.dims
        and (wanted.explicit or not words & {"share", "discount", "multiple", "ratio"})
    ):
        if (
            wanted.unit_text == "USD"
            and not wanted.explicit
            and not say.MONEY & words
            and "much" not in words
        ):
            return "open", "", False
        if wanted.unit_text == "USD" and not wanted.explicit and not _about_money(reading, features):
            return "open", "", False
        return "unit", wanted.unit_text, wanted.explicit
    if words & {"share", "discount", "cagr", "stake", "percentage", "yield"} or (
        words & {"growth", "increase"} and words & {"annual", "yearly", "rate"}
    ):
        return "percent", "percent", True
    if words & {"ratio", "multiple", "factor"} or (features.ratio and "times" in words):
        return "ratio", "", True
    if words & say.MONEY and _about_money(reading, features):
        return "unit", "USD", False
    if {"many", "how"} <= words:
        magnitude = bool(_MAGNITUDES & words)
        return (
            ("unit", "USD", False) if magnitude and _about_money(reading, features) else ("count", "", True)
        )
    return "open", "", False


_ONLY_UNITS = frozenset(stem(w) for w in "percent percentage pct usd dollars million millions billion billions".split())
_MAGNITUDES = frozenset("thousand thousands million millions billion billions trillion trillions bn".split())


def _about_money(reading: Reading, features: Features) -> bool:
    return any(q.unit.has("USD") for q in reading.quantities) or not any(
        q.unit.dims for q in reading.quantities
    )


def _percent_is_given(reading: Reading, clause: list[str]) -> bool:
    """Whether the percent sign of the clause belongs to a number of it."""
    return any(q.unit_text == "percent" for q in reading.quantities)


def _unit_named(reading: Reading, clause: list[str]) -> str:
    """ "in kilograms", "how many GPU-hours", "how many hours", "MJ": a unit that stands alone in the clause."""
    if _CHIP_HOURS.search(" ".join(clause)) and not any("chip*hour" in q.unit_text for q in reading.quantities):
        return "chip*hour"
    for k, word in enumerate(clause):
        after = clause[k + 1] if k + 1 < len(clause) else ""
        if word in ("many", "in", "to", "into", "give", "number") and after:
            rest = clause[k + 1 :]
            if after in ("gpu", "card", "chip", "gpus", "chips") and [w for w in rest[1:3] if w != "-"][
                :1
            ] in (["hours"], ["hour"]):
                return "chip*hour"
            if after in ("kilograms", "kg", "kilos"):
                return "kg"
            if after in ("mj", "gj", "kj"):
                return after[0].upper().replace("K", "k") + "J"
    return ""


def _per(reading: Reading, start: int, end: int) -> str:
    """ "… per card?", "dollars each week", "does a subscriber get": what one of is asked for."""
    tokens = reading.tokens
    for k in range(end - 1, start, -1):
        if tokens[k - 1].low in ("per",) and not _in_number(reading, k):
            _, unit = denominators(reading, k - 1, "x")
            if unit != "x":
                return unit.removeprefix("x/")
    if tokens[start].low == "per" and start + 1 < len(tokens):
        _, unit = denominators(reading, start, "x")
        if unit != "x":
            return unit.removeprefix("x/")
    words = frozenset(t.low for t in tokens[start:end])
    for k in range(start, end - 1):
        if tokens[k].low in ("a", "each", "every") and tokens[k + 1].low in (
            "year",
            "month",
            "week",
            "day",
            "hour",
            "quarter",
        ):
            if k + 2 < len(tokens) and tokens[k + 2].low in ("ago", "earlier", "later", "before", "from"):
                continue
            return spelled_unit(tokens[k + 1].text)
    return next((unit for word, unit in _RATES.items() if word in words), "")


_RATES = {"annualised": "year", "annualized": "year"}
_OVER_A = {
    "yearly": "year",
    "annual": "year",
    "annually": "year",
    "monthly": "month",
    "daily": "day",
    "quarterly": "quarter_year",
}


__all__ = ["Asked", "read_asked", "spelled_unit"]
