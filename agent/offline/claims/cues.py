"""What a question wants done with two numbers: words for a ratio, a share, a fall, what is left, a sum, for each."""

from __future__ import annotations

import re
from collections.abc import Mapping

from agent.offline.claims.asked import Asked
from agent.offline.score import Question

_WORDS: Mapping[str, re.Pattern[str]] = {
    name: re.compile(pattern, re.I)
    for name, pattern in {
        "ratio": r"\bhow many times\b|\btimes\b(?! (?:square|series|new))|\bmultiples?\b|\bratio\b|\bfactor\b|\bby how much\b|[a-z]fold\b|\brelative to\b|\bhow many x\b|\bdivided? by\b|\bmultipl(y|ied)\b",
        "down": r"\b(cheaper|lower|less|fewer|drop(s|ped)?|falls?|fell|fallen|shrinks?|shrunk|shrank|declin\w+|below|discount|reduc\w+|off|cuts?|compress\w+|decreas\w+|markdown|under list|smaller|shorter|slower|down)\b",
        "up": r"\b(higher|more|increas\w+|rises?|rose|risen|grows?|grown|grew|growing|dearer|bigger|larger|exceeds?|extra|additional|pricier|longer|faster|up by|above|premium|mark-?up|gain|raise[ds]?)\b",
        "differs": r"\b(difference|gap|separates?|apart|shortfall|short of|missing|minus|exceeds?|extra|points|how (much|many)(?! times)( \w+)? (more|less|cheaper|dearer|longer|shorter|fewer|bigger|larger|higher|lower)|by how (much|many)|how far (above|below|apart|ahead|behind)|width|spread between|adds how (much|many)|subtract\w*|net of|ahead by|less the|more than\W*$)\b",
        "adds": r"\b(together|both|combined|altogether|in all|sum|add(ed)?( up)?|in total|plus|all (two|three))\b",
        "left": r"\b(left|leaves?|rest|remain\w*|others|(all|any|every|the) other (?!one|end|way|hand|side)|else|everybody|everyone|(not|n['’]t|never) (\w+ )?(matter|survive|make it|nvidia|count|fail|kept|pass|google|hyperscalers?|apple|relevant)|go(es)? (away|under|bust)|gone|still (to|owed)|unaccounted|complement)\b",
        "each": r"\b(per|each|apiece|a piece|split|spread|divid\w+|average[ds]?|evenly|shared? (out|among|between)|on average|equally)\b",
        "yearly": r"\b(per|a|each|every|one) year(?!\w)|\b(year|annual|annually|yearly|per annum|averaged)\b|\b(per|a|each|every|one) (month|day|hour|quarter)\b|\bmonthly\b",
        "buys": r"\bhow many( \w+){0,4} (would|does|do|can|could|fit|make|it take|to (reach|pay|fill|match|make|cover|get|fund)|are in|is that|go into|for (the|that|a|one))\b|\bhow many (of|such|trips|rounds|worlds|racks|campuses|sites)\b|\bbuys?\b|\bper one\b|\bfit in(to)?\b|\bmake(s)? up\b|\bequals?\b|\bwould it take\b",
        "costs": r"\b(costs?|price[ds]?|pay|paid|buy(ing)?|bill|spend|payroll|worth|purchase|dollars?|budget|come to|capex|invoice|outlay)\b|\$",
        "saves": r"\b(save[ds]?|savings?|instead( of)?|cheaper|difference|less than|extra|more (than|expensive)|rather than|over (nvidia|trainium))\b",
        "grows": r"\b(grow(s|n|ing)?|grew|growth|rises? by|next year|compound\w*|up (by )?\d+)\b",
        "becomes": r"\b(becomes?|turns? (in)?to|what do(es)?|works? out|ends? up|doubled|tripled|tenfold|made|comes? to|goes to|now|would|at)\b",
        "powers": r"\b(compound\w*|after|over \w+ years|steps?|in \w+ years|for \w+ years|generations?|jumps?)\b",
        "logs": r"\b(how (many|long)|until|take[sn]?|need(s|ed)?|orders? of magnitude|decades?|doublings?)\b",
        "decades": r"\b(orders? of magnitude|decades?|powers? of (ten|10)|tenfold (steps|jumps))\b",
        "doublings": r"\b(doublings?|doubl\w+ how (many|often))\b",
        "ends_with": r"\b(to (end up|be left|finish|still have|have)( with)?|in order to have|so (that|as)|must (i|we) (order|buy)|gross up|needs? to (start|order|buy)|list price|before the (discount|cut|drop))\b",
        "points": r"\b(percentage points?|percent points?|points)\b",
    }.items()
}  # fmt: skip

# op → what each cue is worth to it; "" is what it has without any
_WORTH: Mapping[str, Mapping[str, float]] = {
    "ratio": {"": -0.4, "ratio": 1.4, "buys": 1.2, "percent": -1.0, "differs": -0.8, "each": 0.2},
    "part": {"": -0.6, "percent": 1.8, "left": -0.9, "down": -1.0, "up": -0.6, "differs": -0.4},
    "fall": {"": -2.0, "percent": 1.6, "down": 1.8},
    "rise": {"": -2.0, "percent": 1.6, "up": 1.6, "down": -1.0, "left": -0.4},
    "less": {"": -1.6, "differs": 2.6, "points": 0.8, "ratio": -0.6},
    "sum": {"": -1.6, "adds": 3.2, "ratio": -0.8, "differs": -1.0},
    "left": {"": -1.4, "left": 2.4, "differs": -0.6, "points": -0.8},
    "scale": {"": 0.2, "becomes": 0.8, "costs": 0.2, "down": -0.8, "up": 0.3, "ratio": 0.2},
    "shrink": {"": -0.8, "becomes": 0.3, "down": 1.6},
    "share_of": {"": 0.8, "left": -0.9, "grows": -0.9, "costs": 0.2},
    "rest_of": {"": -1.4, "left": 2.4},
    "grown": {"": -1.4, "grows": 2.4, "up": 0.4},
    "cost": {"": -0.2, "costs": 1.4, "saves": -0.6, "each": -0.2},
    "each": {"": -1.2, "each": 2.4, "ratio": -0.4},
    "yearly": {"": -1.0, "yearly": 1.6, "each": 0.8, "ratio": -0.6},
    "saving": {"": -1.4, "saves": 2.8, "costs": 0.2},
    "each_ratio": {"": -1.0, "ratio": 1.2, "each": 1.0, "yearly": 1.0},
    "both_yearly": {"": -2.0, "adds": 2.0, "yearly": 1.0, "each": 0.4},
    "power": {"": -1.2, "powers": 1.6, "ratio": 0.6, "grows": 0.6},
    "until": {"": -1.2, "logs": 1.6},
    "decades": {"": -2.0, "decades": 3.6},
    "doublings": {"": -2.0, "doublings": 3.2},
    "product": {"": -0.2, "costs": 0.6, "becomes": 0.4},
    "price_ends": {"": -1.0, "ratio": 1.0, "costs": 1.2},
    "all": {"": -1.4, "adds": 2.6},
    "buys": {"": -0.2, "buys": 1.6, "costs": 0.2},
    "gross": {"": -2.4, "ends_with": 4.0},
    "period": {"": 0.6, "yearly": 1.0, "each": 0.4, "ratio": -0.8},
    "each_year": {"": -1.4, "yearly": 1.6, "ratio": 0.8},
    "convert": {"": 0.6, "ratio": -1.0, "percent": -0.6, "differs": -1.0, "adds": -1.0, "left": -0.5},
}  # fmt: skip


def read_cues(question: Question, asked: Asked) -> frozenset[str]:
    """The names of the cues the question has."""
    memo, key = question.words.memo, ("cues",)
    if key not in memo:
        memo[key] = _read_cues(question, asked)
    done: frozenset[str] = memo[key]
    return done


def _read_cues(question: Question, asked: Asked) -> frozenset[str]:
    found = {name for name, pattern in _WORDS.items() if pattern.search(question.text)}
    if asked.percent or asked.unit_text == "percent":
        found.add("percent")
    if asked.ratio:
        found.add("ratio")
    if asked.differs:
        found.add("differs")
    if question.features.total:
        found.add("adds")
    return frozenset(found)


def op_score(op: str, cues: frozenset[str]) -> float:
    """How much the question's words ask for an operation, −2 … 4."""
    worth = _WORTH[op]
    return worth[""] + sum(worth[c] for c in worth if c in cues)


_ORDERED = re.compile(
    r"\b(over(?! (the )?(next|last|past|time|years?|a|its|his|their|\w+ (years?|months?|racks|models)))|divided by|relative to|as an? (percent|percentage|share|fraction|multiple|part|ratio|%|proportion) of|as (percent|%) of)\b|"
    r"\bratio of\b.{3,60}?(?P<to>\bto\b)|\b(vs\.?|versus)\b(?=.*\bfirst (to|over) the second)",
    re.I,
)


def divider(question: Question) -> int | None:
    """The token that parts a ratio's first number from its second ("over", "as percent of"); None where none does."""
    memo, key = question.words.memo, ("divider",)
    if key not in memo:
        found = [(m.start("to") if m.group("to") else m.start()) for m in _ORDERED.finditer(question.text)]
        at = {t.start: i for i, t in enumerate(question.reading.tokens)}
        memo[key] = at.get(found[0]) if len(found) == 1 else None
    done: int | None = memo[key]
    return done
