"""Questions about the results so far: two compared or added up, one shared out among what was counted, more or less of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from agent.offline.decide import ARITHMETIC, Choice, Decider
from agent.offline.fitting.frame import Fill, Frame
from agent.offline.reading.measure import parse_unit, without_counts
from agent.offline.reading.reading import Quantity
from agent.offline.reading.words import stem
from agent.offline.reading.written_units import spelled_unit
from agent.offline.score import Question, is_salient
from agent.offline.talk.chains import arithmetic
from agent.offline.talk.counterparts import around
from agent.offline.talk.follow import refers_back

_PER_ONE = re.compile(
    r"^\W*(?:(?:no|and|so|i|mean|meant|sorry|but|ok|okay|rather|what|about|how|just|that|is|it|as|a|,)\b\W*)*"
    r"(?:per|for (?:each|one|every|a single)|for just one|each|a) ([a-z]+)(?: (?:please|instead|then|i mean))?\W*$",
    re.I,
)
_OVER = re.compile(
    r"^\W*(?:(?:and|so|then|if)\b\W*)*(?:on|over|across|with|split (?:over|across)|spread (?:over|across)) ([\d,]+) [a-z]+,? ((?:what|how much|that is)?.*\bper [a-z]+\W*)$",
    re.I,
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
    asked = f.ratio or f.percent or f.difference or bool(_SAVED.search(question.text))
    if (
        not asked
        or len(results) < 2
        or any(is_salient(question, i) for i in range(len(question.reading.quantities)))
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


def _other(question: Question, results: Sequence[Choice]) -> Choice | None:
    """The result to compare with: of the thing named, else the one before the last."""
    named = {str(v) for m in question.reading.mentions for v in m.kinds.values()}
    earlier = results[:-1]
    if named:
        return next(
            (r for r in reversed(earlier) if named & {str(v) for v in r.frame.arguments.values()}), None
        )
    return earlier[-1]


def for_one(decider: Decider, question: Question, before: Choice, asked: Sequence[Question]) -> Choice | None:
    """ "No, per GPU": the same with one of the things that were counted, or the result shared out among them."""
    over = _OVER.match(question.text)
    match = _PER_ONE.match(over.group(2) if over is not None else question.text)
    unit = spelled_unit(match.group(1)) if match is not None else ""
    if not unit or not before.ok or before.value is None:
        return None
    dims = parse_unit(unit).dims
    of = "" if parse_unit(before.value[1]).has("USD") else unit
    if over is not None:
        n = float(over.group(1).replace(",", ""))
        return arithmetic(decider, "a / b", {"a": before.value, "b": (n, of)}) if n > 0 else None
    frame = before.frame
    counts = [
        n
        for n in frame.fills
        if n in frame.spec.by_name and (u := frame.spec.by_name[n].unit) is not None and u.dims == dims
    ]
    if len(counts) == 1 and frame.spec.name != ARITHMETIC and dims:
        fills = {n: replace(f, origin="thread", quantities=()) for n, f in frame.fills.items()}
        fills[counts[0]] = Fill(1)
        trial = decider.trials(frame.spec.name, {n: f.value for n, f in fills.items()})
        if trial.kind == "ok":
            return Choice(Frame(frame.spec, fills), trial, 0.0, before.want, sure=0.9)
    counted = (
        [q for q in a.reading.quantities if q.unit.dims == dims and dims and q.value > 0] for a in asked
    )
    amounts = next((rows for rows in counted if rows), [])
    if len(amounts) != 1:
        return None
    return arithmetic(decider, "a / b", {"a": before.value, "b": (amounts[0].value, of)})


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
    return arithmetic(decider, " + ".join(names), dict(zip(names, alike, strict=False)), _plain_unit(last[1]))


_AS_PART = re.compile(
    r"\b(?:as (?:an? |the )?|what |which |how many )?(percent(?:age)?|percents|share|fraction|part|multiple|%) (?:is (?:that|it) )?of (?:the|our|my|its|their) ([a-z]{4,})\b",
    re.I,
)


def share_of(
    decider: Decider, question: Question, before: Choice, asked: Sequence[Question]
) -> Choice | None:
    """ "As a share of the revenue?": the result over an amount that was stated with that word."""
    match = _AS_PART.search(question.text)
    if match is None or before.value is None or _amounts(question):
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


_MANY = re.compile(
    r"^\W*(?:(?:and|so|now|then|what|how|about|for|with|times|if|i|we|have|buy|make|that)\b\W*)*[\d.,]+ ?(?:k|m|thousand|million|billion)? (?:of (?:them|those|these)|such [a-z]+|times that)\W*$",
    re.I,
)


def times_many(
    decider: Decider, question: Question, before: Choice, asked: Sequence[Question]
) -> Choice | None:
    """ "For 1,000 of them", after what one costs, earns or draws."""
    amounts = _amounts(question)
    if len(amounts) != 1 or before.value is None or not _MANY.match(question.text):
        return None
    unit = parse_unit(before.value[1])
    counted = _how_many(before, asked, "") is not None or unit.has("token")
    if counted or not (unit.has("USD") or unit.dims == parse_unit("MW").dims):
        return None
    return arithmetic(decider, "a * n", {"a": before.value, "n": (amounts[0].value, "")}, _unit(before))


def part_of(decider: Decider, question: Question, before: Choice) -> Choice | None:
    """ "A 15 % tax on that?", "5 % of that": the share of the result."""
    amounts = _amounts(question)
    if len(amounts) != 1 or amounts[0].unit_text != "percent" or before.value is None:
        return None
    if (
        not _OF_IT.match(question.text)
        or before.value[1] == "percent"
        or re.search(r"\boff\b", question.text)
    ):
        return None
    return arithmetic(
        decider, "a * b", {"a": before.value, "b": (amounts[0].value, "percent")}, _unit(before)
    )


_SIGN = re.compile(
    r"^\W*(?:(?:and|now|then|ok|okay|so|but|what if (?:we|i)|if (?:we|i))\b\W*)*"
    r"(?:(plus|add|adding|on top of that|with)|(minus|less|subtract(?:ing)?|take off|taking off|deduct(?:ing)?|net of|after paying|after))\b",
    re.I,
)
_MORE = re.compile(
    r"^\W*(?:(?:and|now|then|ok|okay)\b\W*)*(?:plus|add|another)\b|\b(on top|extra|added)\b", re.I
)
_LESS = re.compile(
    r"^\W*(?:(?:and|now|then|ok|okay)\b\W*)*(?:minus|less|take off|subtract)\b|\boff (that|it)\b|\b(discount|rebate)\b",
    re.I,
)
_PUE = re.compile(r"\bpue\b", re.I)
_APIECE = re.compile(r"^\s*(?:each|apiece|a head|per head|per person|a person|per seat|a seat)\b", re.I)
_PER_TIME = re.compile(r"\b(?:yearly|annual(?:ly)?|per year|a year)\b", re.I)


def raised(decider: Decider, question: Question, before: Choice, asked: Sequence[Question]) -> Choice | None:
    """ "Plus 10 % for networking", "minus $2M of staff", "less $40 a head": the result with so much more or less."""
    amounts = _amounts(question)
    if before.value is None or len(amounts) != 1 or before.value[1] == "percent":
        return None
    sign = "-" if _LESS.search(question.text) else "+" if _MORE.search(question.text) else ""
    if amounts[0].unit_text == "percent":
        values = {"a": before.value, "b": (amounts[0].value, "percent")}
        return arithmetic(decider, f"a * (1 {sign} b)", values, _unit(before)) if sign else None
    match = _SIGN.match(question.text)
    if match is None or (match.group(1) or "").lower() == "with":
        return None
    return _by_amount(decider, question, amounts[0], before, asked, "+" if match.group(1) else "-")


def _by_amount(
    decider: Decider, question: Question, q: Quantity, before: Choice, asked: Sequence[Question], sign: str
) -> Choice | None:
    """The result plus or minus an amount of its kind; one said of each, or of a month, times how many there are."""
    if before.value is None or not without_counts(parse_unit(before.value[1])):
        return None
    result, mine = dict(parse_unit(before.value[1]).dims), dict(q.unit.dims)
    counted = [n for n, p in mine.items() if p == -1 and n in ("chip", "person", "server", "rack", "request")]
    each = bool(counted) or "each" in q.marks or bool(_APIECE.match(question.text[q.end :]))
    per_time = mine.get("s", 0) < result.get("s", 0)
    mine.pop(counted[0], None) if counted else None
    if {k: p for k, p in mine.items() if k != "s"} != {k: p for k, p in result.items() if k != "s"}:
        return None
    unit = q.unit_text.replace(f"/{counted[0]}", "") if counted else q.unit_text
    unit = unit if mine.get("s", 0) or not result.get("s", 0) else f"{unit}/{before.value[1].split('/')[-1]}"
    values, term = {"a": before.value, "b": (abs(q.value), unit)}, "b"
    if each:
        n = _how_many(before, asked, counted[0] if counted else "")
        if n is None:
            return None
        values["n"], term = (n, ""), term + " * n"
    if per_time:
        time = _how_long(asked)
        if time is None:
            return None
        values["t"], term = time, term + " * t"
    return arithmetic(decider, f"a {sign} {term}", values, _unit(before))


def _how_many(before: Choice, asked: Sequence[Question], thing: str) -> float | None:
    """How many of a thing the result is of, or the questions count; of the one thing counted where it is not named."""
    things = (thing,) if thing else _COUNTED
    kept = [
        fill.value
        for n, fill in before.frame.fills.items()
        if (f := before.frame.spec.by_name.get(n)) is not None
        and f.unit is not None
        and f.unit.dims in tuple(((t, 1),) for t in things)
    ]
    if len(kept) == 1 and isinstance(kept[0], int | float):
        return float(kept[0])
    for a in asked:
        kin = [
            q
            for i, q in enumerate(a.reading.quantities)
            if is_salient(a, i)
            and len(q.unit.dims) == 1
            and q.unit.dims[0][1] == 1
            and (q.unit.dims[0][0] == thing if thing else q.unit.dims[0][0] in _COUNTED)
        ]
        if len({q.value for q in kin}) == 1:
            return kin[0].value
    return None


_COUNTED = ("chip", "person", "server", "rack")


def _how_long(asked: Sequence[Question]) -> tuple[float, str] | None:
    for a in asked:
        times = [q for q in a.reading.quantities if q.unit.dims == (("s", 1),) and q.value > 0]
        if len(times) == 1:
            return times[0].value, times[0].unit_text
        if _PER_TIME.search(a.text):
            return 1.0, "year"
    return None


def at_the_meter(
    decider: Decider, question: Question, before: Choice, asked: Sequence[Question]
) -> Choice | None:
    """ "With a PUE of 1.3": the power of the machines times it; what a site feeds divided by it."""
    amounts = _amounts(question)
    if len(amounts) != 1 or amounts[0].marked or not 1 <= amounts[0].value < 4 or before.value is None:
        return None
    if not _PUE.search(question.text):
        return None
    values = {"a": before.value, "b": (amounts[0].value, "")}
    power = parse_unit("MW").dims
    if parse_unit(before.value[1]).dims == power:
        return arithmetic(decider, "a * b", values, _unit(before))
    fed = not without_counts(parse_unit(before.value[1])) and before.value[1] != "percent"
    sites = [q for a in asked for q in a.reading.quantities if q.unit.dims == power]
    if not fed or len({q.unit_text for q in sites}) < 2 or "pue" in before.frame.fills:
        return None  # "how many racks in 26 MW": fewer, where part of the site's power is lost
    return arithmetic(decider, "a / b", values, _unit(before))


def _amounts(question: Question) -> list[Quantity]:
    return [q for i, q in enumerate(question.reading.quantities) if is_salient(question, i)]


def _unit(choice: Choice) -> str:
    return _plain_unit(choice.value[1]) if choice.value is not None else ""


def _plain_unit(unit: str) -> str:
    return "" if unit == "dimensionless" else unit
