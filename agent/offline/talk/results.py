"""Questions about the results so far: two compared or added up, the last one as a share, a multiple or the rest of an amount."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent.offline.decide import Choice, Decider
from agent.offline.reading.measure import parse_unit
from agent.offline.reading.reading import Quantity
from agent.offline.reading.words import stem
from agent.offline.score import Question, is_salient
from agent.offline.talk.apiece import converted, for_one, raised, times_many
from agent.offline.talk.chains import amounts_of, arithmetic, once_more, plain_unit, unit_of
from agent.offline.talk.counterparts import around
from agent.offline.talk.follow import asks_itself, refers_back


def about(
    decider: Decider, question: Question, results: Sequence[Choice], before: Choice, asked: Sequence[Question]
) -> Choice | None:
    """What a question about the last result (or several) comes to; None when it is not about results."""
    return (
        compared(decider, question, results)
        or together(decider, question, results, asked)
        or share_of(decider, question, before, asked)
        or for_one(decider, question, before, asked)
        or once_more(decider, question, before)
        or part_of(decider, question, before)
        or times_many(decider, question, before, asked)
        or rest(decider, question, before, asked)
        or times_of(decider, question, before)
        or converted(decider, question, before, asked)
        or stated_ratio(decider, question, asked)
        or (None if asks_itself(question) else raised(decider, question, before, asked))
    )


_FEWER = re.compile(r"\b(more|less|fewer|cheaper|better|worse|dearer|higher|lower|bigger|larger|smaller|faster|slower|longer|shorter|as (much|many)|apart|difference|gap)\b", re.I)  # fmt: skip

_EARLIER = re.compile(
    r"\b(before|earlier|previous|first|last (one|time|answer)|the two|both|compared)\b", re.I
)

_SAVED = re.compile(
    r"\bhow much(?: [a-z]+)? (?:do|does|would|will|did) (?:i|we|that|it|they|you) save\b|\bwhat(?:'s| is| are)? the (?:saving|savings|difference|gap)\b|\b(?:saving|difference)\?$",
    re.I,
)


def compared(decider: Decider, question: Question, results: Sequence[Choice]) -> Choice | None:
    """ "How many times more is that?": the last result against the one before, or against the one of the thing named."""
    f = question.features
    apart = f.difference or bool(_SAVED.search(question.text) or _HOW_MUCH_MORE.search(question.text))
    asked = f.ratio or f.percent or apart
    if (
        not asked
        or len(results) < 2
        or any(
            is_salient(question, i) and not _in_name(question, q)
            for i, q in enumerate(question.reading.quantities)
        )
    ):
        return None
    other = _other(question, results)
    named = bool(question.reading.mentions) or bool(
        _EARLIER.search(question.text) or _SAVED.search(question.text)
    )
    if other is None or not (named or (_FEWER.search(question.text) and refers_back(question.text))):
        return None
    a, b = results[-1].value, other.value
    if a is None or b is None or not a[0] or not b[0] or parse_unit(a[1]).dims != parse_unit(b[1]).dims:
        return None
    values = {"a": a, "b": b}
    high, low = ("a", "b") if a[0] * parse_unit(a[1]).factor >= b[0] * parse_unit(b[1]).factor else ("b", "a")
    if f.ratio and not (f.percent and not re.search(r"\btimes\b", question.text)):
        return arithmetic(decider, f"{high} / {low}" if _FEWER.search(question.text) else "a / b", values)
    if f.percent:
        return arithmetic(decider, f"({high} - {low}) / b", values, "percent")
    return arithmetic(decider, f"{high} - {low}", values, a[1] if a[1] != "dimensionless" else "")


_HOW_MUCH_MORE = re.compile(
    r"\bhow (?:many|much) (?:more|less|fewer|cheaper|dearer|bigger|smaller|higher|lower|longer|faster)\b",
    re.I,
)


def _in_name(question: Question, q: Quantity) -> bool:
    """Whether a number belongs to a name: "the 8B"."""
    return any(m.start <= q.start < m.end for m in question.reading.mentions)


def _other(question: Question, results: Sequence[Choice]) -> Choice | None:
    """The result to compare with: of the thing named, else the one before the last."""
    named = {str(v) for m in question.reading.mentions for v in m.kinds.values()}
    earlier = results[:-1]
    if named:
        return next(
            (r for r in reversed(earlier) if named & {str(v) for v in r.frame.arguments.values()}), None
        )
    return earlier[-1]


_TOGETHER = re.compile(
    r"^\W*(?:(?:and|so|what|what's|whats|is|are|how|much|many|the|of|do|does|would|it|they|that|come|comes|to|for|total|sum|bill|cost|now|then|i|have|need|if|take|we)\b\W*)*"
    r"\b(?P<which>both|the two|those two|all (?:two|three|four|five|of (?:them|these|those))|the (?:three|four)|all together|altogether|combined|them all|all)\b"
    r"(?: (?:of (?:them|these|those)|together|combined|added( up)?|in (?:total|all|sum)|come to|cost))*\W*$",
    re.I,
)

_HOW_MANY = {"two": 2, "both": 2, "three": 3, "four": 4, "five": 5}


def together(
    decider: Decider, question: Question, results: Sequence[Choice], asked: Sequence[Question]
) -> Choice | None:
    """ "Both together?": the last results added up, or the result and the one amount of its kind it came from."""
    match = _TOGETHER.match(question.text)
    if match is None or not results or results[-1].value is None:
        return None
    last = results[-1].value
    dims = parse_unit(last[1]).dims
    alike: list[tuple[float, str]] = []
    for r in reversed(results):
        if r.value is None or parse_unit(r.value[1]).dims != dims:
            break
        alike.append(r.value)
    word = match["which"].lower().split()
    n = next((_HOW_MANY[w] for w in word if w in _HOW_MANY), len(alike))
    if len(alike) < n and len(alike) == n - 1:
        kin = [q for q in asked[0].reading.quantities if q.unit.dims == dims and dims]
        alike += [(kin[0].value, kin[0].unit_text)] if len(kin) == 1 else []
    if len(alike) < max(n, 2):
        return None
    names = "abcdefgh"[: min(n, 8)]
    return arithmetic(decider, " + ".join(names), dict(zip(names, alike, strict=False)), plain_unit(last[1]))


_AS_PART = re.compile(
    r"\b(?:as (?:an? |the )?|what |which |how many )?(percent(?:age)?|percents|share|fraction|part|multiple|%) (?:is (?:that|it) )?of (?:the|our|my|its|their) ([a-z]{4,})\b",
    re.I,
)


def share_of(
    decider: Decider, question: Question, before: Choice, asked: Sequence[Question]
) -> Choice | None:
    """ "As a share of the revenue?": the result over an amount that was stated with that word."""
    match = _AS_PART.search(question.text)
    if match is None or before.value is None or amounts_of(question):
        return None
    dims, word = parse_unit(before.value[1]).dims, stem(match.group(2))
    for a in asked:
        kin = [
            q
            for i, q in enumerate(a.reading.quantities)
            if is_salient(a, i) and q.unit.dims == dims and dims and word in around(a.reading, q)
        ]
        if len(kin) == 1:
            values = {"a": before.value, "b": (kin[0].value, kin[0].unit_text)}
            return arithmetic(decider, "a / b", values, "" if match.group(1) == "multiple" else "percent")
    return None


_OF_IT = re.compile(
    r"^\W*(?:(?:and|so|what|how much|would|does|do)\b\W*)*an? [\d.,]+ ?(?:%|percent) (?:[a-z]+ ){1,2}(?:add|cost|save|be|come to|take off|bring|make)(?: (?:us|me|to that|in))?\W*$|"
    r"^\W*(?:(?:and|so|then|ok|now|but|what's|what is|what would|how much is|a|an|the|be|is)\b\W*)*\$?[\d.,]+ ?(?:%|percent|per cent) (?:[a-z]+ )?(?:of|on|off?) (?:that|it|this|those)\W*$",
    re.I,
)


def part_of(decider: Decider, question: Question, before: Choice) -> Choice | None:
    """ "A 15 % tax on that?", "5 % of that": the share of the result."""
    amounts = amounts_of(question)
    if len(amounts) != 1 or amounts[0].unit_text != "percent" or before.value is None:
        return None
    if (
        not _OF_IT.match(question.text)
        or before.value[1] == "percent"
        or re.search(r"\boff\b", question.text)
    ):
        return None
    return arithmetic(
        decider, "a * b", {"a": before.value, "b": (amounts[0].value, "percent")}, unit_of(before)
    )


_LEFT = re.compile(
    r"^\W*(?:(?:and|so|then|ok|but|now)\b\W*)*(?:how (?:many|much)|what|which)(?: of (?:them|those|it|that))?(?: [a-z]+)?(?: (?:is|are|'s|would be|stay|stays|do|does|can|still))*"
    r" (?:left(?: over)?|remain(?:s|ing)?|up|working|work|alive|healthy|survive|surviving|fine|ok|running|usable|over|for the (?:others?|rest)|the (?:rest|others?))\b[^\d]*$",
    re.I,
)


def rest(decider: Decider, question: Question, before: Choice, asked: Sequence[Question]) -> Choice | None:
    """ "How many are left?", after a share of a whole: the whole without it."""
    if before.value is None or not _LEFT.match(question.text) or amounts_of(question):
        return None
    for a in asked:
        shares = [q for q in a.reading.quantities if q.unit_text == "percent"]
        if len(shares) != 1:
            continue
        part = before.value[0] * parse_unit(before.value[1]).factor
        for q in a.reading.quantities:
            whole = q.value * q.unit.factor
            if q is not shares[0] and abs(whole * shares[0].value / 100 - part) < 1e-6 * abs(part):
                unit = q.unit_text if q.unit.dims == parse_unit(before.value[1]).dims else unit_of(before)
                return arithmetic(
                    decider, "w - a", {"w": (q.value, unit), "a": before.value}, unit_of(before)
                )
    return None


def stated_ratio(decider: Decider, question: Question, asked: Sequence[Question]) -> Choice | None:
    """ "Tokens a second per GPU?", where both were stated: the one over the other."""
    wanted = question.features.wanted
    if not wanted.explicit or wanted.unit is None or amounts_of(question) or question.reading.mentions:
        return None
    if not any(p < 0 and n in ("chip", "person", "server", "rack", "request") for n, p in wanted.unit.dims):
        return None
    for a in asked:
        stated = amounts_of(a)
        pairs = [
            (x, y)
            for x in stated
            for y in stated
            if x is not y and (x.unit / y.unit).dims == wanted.unit.dims and x.unit.dims
        ]
        if len(pairs) == 1:
            (x, y) = pairs[0]
            return arithmetic(
                decider, "a / b", {"a": (x.value, x.unit_text), "b": (y.value, y.unit_text)}, wanted.unit_text
            )
    return None


def times_of(decider: Decider, question: Question, before: Choice) -> Choice | None:
    """ "How many times the 80 GB of an H100 is that?": the result over a stated amount."""
    amounts = amounts_of(question)
    if (
        len(amounts) != 1
        or before.value is None
        or not question.features.ratio
        or not refers_back(question.text)
    ):
        return None
    dims = parse_unit(before.value[1]).dims
    if not dims or amounts[0].unit.dims != dims or _FEWER.search(question.text):
        return None
    return arithmetic(decider, "a / b", {"a": before.value, "b": (amounts[0].value, amounts[0].unit_text)})
