"""Whether what a word problem comes to is of the kind and unit asked for, and in which unit it is given."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from agent.offline.reading.measure import Unit, parse_unit
from agent.offline.sums import words as say
from agent.offline.sums.asked import Asked
from agent.offline.sums.dims import is_count, plain_unit, without_things
from agent.offline.sums.item import Item, Problem


@dataclass(frozen=True, slots=True)
class Answer:
    item: Item
    unit: str | None
    plain: bool
    weight: float
    value: float


def accepted(item: Item, problem: Problem) -> Answer | None:
    """The reading as an answer to what is asked, or None when it is of another kind."""
    asked = problem.asked
    if item.kind in ("percent", "growth") or item.value == 0:
        return None
    if "throughput" in asked.words and asked.kind in ("unit", "open") and ("token", 1) not in item.dims:
        return None
    if asked.kind in ("percent", "points"):
        return _as_percent(item)
    if asked.kind == "orders":
        return Answer(item, None, True, item.weight, item.value) if item.form.startswith("log") else None
    if asked.kind == "ratio" and _a_number(item) and 0 < item.value < 1 and asked.says(_TIMES_LESS):
        turned = replace(item, form=f"1 / ({item.form or '{0}'})", value=1 / item.value)
        return Answer(turned, None, True, item.weight, turned.value)  # "how many times cheaper" is above one
    if asked.kind == "ratio":
        return (
            Answer(item, None, True, _multiple_weight(item, problem), item.value) if _a_number(item) else None
        )
    if asked.kind == "unit" and asked.unit is not None:
        return _in_unit(item, problem, asked.unit, asked.unit_text)
    return _open(item, problem)


_GREATER = frozenset(["more", "cheaper", "dearer", "bigger", "larger", "faster", "higher", "better", "greater", "grown", "costlier", "longer", "stronger", "ahead"])  # fmt: skip


def _multiple_weight(item: Item, problem: Problem) -> float:
    """How many times more, cheaper or faster is more than once."""
    less = abs(item.value) < 1 and problem.asked.says(_GREATER) and problem.asked.says(_TIMES_ASKED)
    return item.weight * (0.5 if less else 1.0)


_TIMES_ASKED = frozenset(["times", "factor", "multiple"])
_TIMES_LESS = frozenset(["cheaper", "fewer", "smaller", "lower", "less", "shorter", "lighter"])


def _a_number(item: Item) -> bool:
    return not item.dims and (item.kind in ("ratio", "factor") or (item.kind == "count" and "/" in item.form))


def _as_percent(item: Item) -> Answer | None:
    if item.dims or item.kind not in ("ratio", "change", "part"):
        return None
    unlikely = item.kind == "ratio" and item.value > 1.0
    return Answer(item, "percent", True, item.weight * (0.6 if unlikely else 1.0), item.value)


def _in_unit(item: Item, problem: Problem, unit: Unit, text: str) -> Answer | None:
    """The unit asked for; with fewer or more things counted when nothing else tells them apart."""
    if item.kind in ("ratio", "change", "part"):
        return None
    if is_count(unit.dims) and abs(item.value) < 1:
        return None  # less than one of them is no count
    clean = text.replace("tonne", "metric_ton").replace("quarter_year", "quarter")
    if item.dims == unit.dims:
        if is_count(unit.dims):
            return Answer(_whole(item, problem.asked), clean, True, item.weight, item.value)
        things = without_things(unit.dims) != unit.dims
        spare = things and _drops(unit)
        return Answer(
            item, _plain_text(clean) if spare else clean, not things or spare, item.weight, item.value
        )
    if is_count(unit.dims) and without_things(item.dims) == (("s", -1),) and problem.asked.over:
        return Answer(_through(item, problem.asked.over), clean, True, item.weight * 0.95, item.value)
    if is_count(unit.dims) and not item.dims and item.kind in ("count", "amount"):
        return Answer(_whole(item, problem.asked), clean, True, item.weight * 0.97, item.value)
    core = without_things(item.dims)
    if core and core == without_things(unit.dims):
        spare = any(p < 0 and not without_things(((n, 1),)) for n, p in item.dims) and not _drops(unit)
        one_of = (
            problem.asked.per
            or problem.asked.says(frozenset({"each", "apiece", "per", "one"}))
            or _speaks_of_one(item, problem.asked)
        )
        if (
            spare
            and unit.dims == (("s", -1), ("token", 1))
            and len(item.dims) == 3
            and _speaks_of_one(item, problem.asked)
        ):
            return Answer(
                item,
                f"{clean}/{next(n for n, p in item.dims if p < 0 and n != 's')}",
                False,
                item.weight * 0.95,
                item.value,
            )
        weight = item.weight * (0.45 if spare and not one_of else 0.9)
        if (thing := _one_unsaid(item, unit)) and item.form:
            return Answer(_of_one(item, thing), clean, True, weight, item.value)
        return Answer(item, _plain_text(clean), True, weight, item.value)
    return _over_time(item, problem, unit, clean)


def _one_unsaid(item: Item, unit: Unit) -> str:
    """The thing that a rate of tokens is asked for one of, where the givens are of one of them without saying so."""
    if _drops(unit) or not unit.has("s") or any(not without_things(((n, 1),)) for n, _ in item.dims):
        return ""
    below = [n for n, p in unit.dims if p == -1 and not without_things(((n, 1),))]
    return below[0] if len(below) == 1 else ""


def _of_one(item: Item, thing: str) -> Item:
    form = f"({item.form})" if item.loose or " - " in item.form or " + " in item.form else item.form
    return replace(item, form=f"{form} / (1 {thing})")


def _speaks_of_one(item: Item, asked: Asked) -> bool:
    """ "How many does a subscriber get": the asking clause names one of the counted."""
    return any(n in asked.one for n, p in item.dims if p < 0)


def _drops(unit: Unit) -> bool:
    """Money or memory "per card" is dollars or gigabytes of one; a rate of tokens per card keeps it."""
    return not unit.has("token") and any(
        p < 0 for n, p in unit.dims if n != "s" and not without_things(((n, 1),))
    )


def _plain_text(text: str) -> str:
    return plain_unit(text) or text


def _over_time(item: Item, problem: Problem, unit: Unit, text: str) -> Answer | None:
    """A rate where an amount of a year, month or day is asked for."""
    per = problem.asked.per or problem.asked.over
    core, wanted = without_things(item.dims), without_things(unit.dims)
    priced = (
        problem.asked.says(frozenset(["price", "rate", "cost", "charge", "fee", "tariff"]))
        and not problem.asked.over
    )
    if (
        priced
        and not problem.asked.sure
        and wanted == (("USD", 1),)
        and ("USD", 1) in core
        and all(p < 0 for n, p in core if n != "USD")
    ):
        return Answer(
            item, _own_unit(item, problem), True, item.weight * 0.9, item.value
        )  # a price per so much
    if not per or parse_unit(per).dims != (("s", 1),):
        return None
    core, wanted = without_things(item.dims), without_things(unit.dims)
    if core == (Unit(1.0, wanted) / Unit(1.0, (("s", 1),))).dims:
        if problem.asked.over == "year" and not problem.asked.sure and _spread_over_years(item, problem):
            return Answer(item, f"{_plain_text(text)}/year", True, item.weight * 0.95, item.value)
        if problem.asked.over:
            return Answer(
                _through(item, problem.asked.over), _plain_text(text), True, item.weight * 0.95, item.value
            )
        return Answer(item, f"{_plain_text(text)}/{per}", True, item.weight * 0.95, item.value)
    return None


def _spread_over_years(item: Item, problem: Problem) -> bool:
    """An amount written off over years is so much a year, every year."""
    money = any(t.dims == (("USD", 1),) for t in problem.terms)
    return money and "/" in item.form and any(t.unit_text == "year" for t in problem.terms)


def _whole(item: Item, asked: Asked) -> Item:
    """Things that are needed come in whole numbers, and so do those that fit."""
    if asked.says(say.NEEDED) and not asked.says(frozenset({"million", "millions"})):
        return replace(item, form=f"ceil({item.form})", value=math.ceil(item.value - 1e-9))
    if asked.says(frozenset({"fit", "fits", "full", "whole"})) and item.form:
        return replace(item, form=f"floor({item.form})", value=math.floor(item.value + 1e-9))
    return item


def _through(item: Item, period: str) -> Item:
    """A rate kept up for a year, month or day."""
    form = item.form or "{0}"
    if item.loose or " - " in form or " + " in form:
        form = f"({form})"
    return replace(item, form=f"{form} * (1 {period.replace('quarter_year', 'quarter')})")


def _open(item: Item, problem: Problem) -> Answer | None:
    """Nothing says what is asked: the result's own unit, less clear than one that was asked for."""
    asked = problem.asked
    if item.kind in ("change", "part"):
        return None
    if asked.kind == "open" and asked.over and without_things(item.dims) == (("USD", 1), ("s", -1)):
        return Answer(_through(item, asked.over), "USD", True, item.weight * 0.9, item.value)
    if asked.kind == "count" and asked.over and item.dims == (("s", -1),):
        return Answer(_through(item, asked.over), None, True, item.weight * 0.95, item.value)
    if asked.kind == "count":
        if item.dims and not is_count(item.dims):
            return None
        return Answer(item, None, True, item.weight * 0.95, item.value)
    factor = 0.9 if _joined_by_words(item) else 0.8
    if (
        not asked.words
        and not any(t.kind == "factor" for t in problem.terms)
        and not any(w.isalpha() for gap in problem.gaps for w in gap)
    ):
        factor *= 0.5  # numbers in a row
    if item.kind == "sum" and not asked.mentions(
        say.TOTAL | say.STRONGLY_APART | say.LEFT | {"plus", "+", "minus", "-"}
    ):
        factor *= 0.6
    unit = _own_unit(item, problem)
    thing = next((n for n, p in item.dims if p < 0 and n in asked.one), "")
    if thing and unit and without_things(item.dims) == (("s", -1), ("token", 1)):
        return Answer(item, f"{unit}/{thing}", False, item.weight * factor, item.value)
    if not item.dims and item.form == "{0} * {1}" and item.weight < 0.96:
        factor = 0.5
    if asked.per:
        below = parse_unit(asked.per).dims
        if not any(p < 0 and (n, 1) in below for n, p in item.dims):
            factor *= 0.6
        elif ("token", 1) in item.dims and unit and is_count(below):
            return Answer(item, f"{unit}/{asked.per}", False, item.weight * 0.9, item.value)
        else:
            factor = 0.9
    return Answer(item, unit, True, item.weight * factor, item.value)


def _joined_by_words(item: Item) -> bool:
    return item.weight >= 0.96


def _own_unit(item: Item, problem: Problem) -> str | None:
    core = without_things(item.dims)
    for t in problem.terms:
        if without_things(t.dims) == core and core:
            return plain_unit(t.unit_text).replace("quarter_year", "quarter") or None
    if core == (("USD", 1),):
        return "USD"
    return None


__all__ = ["Answer", "accepted"]
