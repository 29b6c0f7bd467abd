"""A result and how many it is of: shared out, for many, so much more of each, in other things, at the meter."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from agent.offline.decide import ARITHMETIC, Choice, Decider
from agent.offline.fitting.frame import Fill, Frame
from agent.offline.reading.measure import parse_unit, without_counts
from agent.offline.reading.reading import Quantity
from agent.offline.reading.written_units import spelled_unit
from agent.offline.score import Question, is_salient
from agent.offline.talk.chains import amounts_of, arithmetic, unit_of
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


_MANY = re.compile(
    r"^\W*(?:(?:and|so|now|then|what|how|about|for|with|times|if|i|we|have|buy|make|that)\b\W*)*[\d.,]+ ?(?:k|m|thousand|million|billion)? (?:of (?:them|those|these)|such [a-z]+|times that)\W*$",
    re.I,
)


def times_many(
    decider: Decider, question: Question, before: Choice, asked: Sequence[Question]
) -> Choice | None:
    """ "For 1,000 of them", after what one costs, earns or draws."""
    amounts = amounts_of(question)
    if len(amounts) != 1 or before.value is None or not _MANY.match(question.text):
        return None
    unit = parse_unit(before.value[1])
    counted = _how_many(before, asked, "") is not None or unit.has("token")
    if counted or not (unit.has("USD") or unit.dims == parse_unit("MW").dims):
        return None
    return arithmetic(decider, "a * n", {"a": before.value, "n": (amounts[0].value, "")}, unit_of(before))


def converted(
    decider: Decider, question: Question, before: Choice, asked: Sequence[Question]
) -> Choice | None:
    """ "How many GPUs is that?", of racks that hold 72 GPUs each: one count made another by what was stated."""
    unit = question.features.wanted.unit
    if before.value is None or unit is None or amounts_of(question) or question.reading.mentions:
        return None
    if not question.features.wanted.explicit or not refers_back(question.text):
        return None
    mine, other = parse_unit(before.value[1]).dims, unit.dims
    if mine == other or any(len(d) != 1 or d[0][1] != 1 for d in (mine, other)):
        return None
    per = tuple(sorted(((other[0][0], 1), (mine[0][0], -1))))
    for a in asked:
        kin = [
            q
            for q in a.reading.quantities
            if q.unit.dims == per or (q.unit.dims == other and _of_one(a, q, mine[0][0]))
        ]
        if len({q.value for q in kin}) == 1:
            values = {"a": (before.value[0], ""), "b": (kin[0].value, question.features.wanted.unit_text)}
            return arithmetic(decider, "a * b", values, question.features.wanted.unit_text)
    return None


def _of_one(asked: Question, q: Quantity, thing: str) -> bool:
    """Whether a count is said of one of another thing: "a rack has 72 GPUs", "72-GPU racks"."""
    near = asked.reading.tokens[max(0, q.first - 3) : q.last + 3]
    return any(spelled_unit(t.text) == thing for t in near)


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

_APIECE = re.compile(r"^\s*(?:each|apiece|a head|per head|per person|a person|per seat|a seat)\b", re.I)


def raised(decider: Decider, question: Question, before: Choice, asked: Sequence[Question]) -> Choice | None:
    """ "Plus 10 % for networking", "minus $2M of staff", "less $40 a head": the result with so much more or less."""
    amounts = amounts_of(question)
    if before.value is None or len(amounts) != 1 or before.value[1] == "percent":
        return None
    sign = "-" if _LESS.search(question.text) else "+" if _MORE.search(question.text) else ""
    if amounts[0].unit_text == "percent":
        values = {"a": before.value, "b": (amounts[0].value, "percent")}
        return arithmetic(decider, f"a * (1 {sign} b)", values, unit_of(before)) if sign else None
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
    return arithmetic(decider, f"a {sign} {term}", values, unit_of(before))


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


_PER_TIME = re.compile(r"\b(?:yearly|annual(?:ly)?|per year|a year)\b", re.I)

_PUE = re.compile(r"\bpue\b", re.I)


def at_the_meter(
    decider: Decider, question: Question, before: Choice, asked: Sequence[Question]
) -> Choice | None:
    """ "With a PUE of 1.3": the power of the machines times it; what a site feeds divided by it."""
    amounts = amounts_of(question)
    if len(amounts) != 1 or amounts[0].marked or not 1 <= amounts[0].value < 4 or before.value is None:
        return None
    if not _PUE.search(question.text):
        return None
    values = {"a": before.value, "b": (amounts[0].value, "")}
    power = parse_unit("MW").dims
    if parse_unit(before.value[1]).dims == power:
        return arithmetic(decider, "a * b", values, unit_of(before))
    fed = not without_counts(parse_unit(before.value[1])) and before.value[1] != "percent"
    sites = [q for a in asked for q in a.reading.quantities if q.unit.dims == power]
    if not fed or len({q.unit_text for q in sites}) < 2 or "pue" in before.frame.fills:
        return None  # "how many racks in 26 MW": fewer, where part of the site's power is lost
    return arithmetic(decider, "a / b", values, unit_of(before))
