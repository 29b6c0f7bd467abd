"""The last result said in another unit: "in months?", "in millions please"."""

from __future__ import annotations

import re

from agent.offline.decide import Choice
from agent.offline.reading.measure import parse_unit
from agent.offline.reading.wanted import Wanted
from agent.offline.reading.written_units import spelled_unit
from agent.offline.score import Question

_SCALE = re.compile(
    r"^\W*(?:(?:and|now|ok|okay|so|sorry|please|pls|no|i|mean|meant|say|give|express|put|write|show|tell|me|us|it|that|this|the|same|answer|number|figure|"
    r"what|what's|whats|as|in|how|many|much|is|would|be|convert|convert(?:ed)?|to|into|again|can|could|you)\b\W*)*"
    r"\b(?P<scale>thousands?|millions?|billions?|trillions?|mil|bn|k)\b(?: of)?(?: (?:(?:us )?dollars?|usd|\$|gpus?|chips?|tokens?|hours?|gpu[- ]hours?|bucks))?"
    r"(?:\W*(?:please|pls|instead|then|rather|is (?:that|it)|would that be))*\W*$",
    re.I,
)
_UNIT = re.compile(
    r"^\W*(?:(?:and|now|ok|okay|so|sorry|please|pls|no|i|mean|meant|say|give|express|put|write|show|tell|me|us|it|that|this|the|same|answer|what|what's|whats|how|many|much|is|would|be|convert|again|can|could|you|as)\b\W*)*"
    r"(?:in|as|to|into) (?P<unit>[a-z]+)(?:\W*(?:please|pls|instead|then|rather|though|is (?:that|it)|would that be))*\W*$",
    re.I,
)
_PREFIX = {"thousand": "k", "k": "k", "million": "M", "mil": "M", "billion": "G", "bn": "G", "trillion": "T"}


def in_scale(question: Question, before: Choice) -> Wanted | None:
    """ "In millions please": the unit of the last result with the scale named before it."""
    match, value = _SCALE.match(question.text), before.value
    if (
        match is None
        or value is None
        or question.reading.quantities
        or value[1] in ("percent", "dimensionless", "")
    ):
        return None
    scale = _PREFIX[match["scale"].lower().removesuffix("s")]
    unit = re.sub(r"^[kMGT](?=(USD|chip|token|FLOP|param|request|person)\b)", "", value[1])
    text = f"{scale}{unit}"
    return Wanted(parse_unit(text), text, explicit=True)


def only_a_unit(question: Question, before: Choice) -> Wanted | None:
    """ "In months?", after so many years."""
    wanted, value = question.features.wanted, before.value
    match = _UNIT.match(question.text)
    named = spelled_unit(match["unit"]) if match is not None else ""
    if (
        named
        and value is not None
        and parse_unit(named).dims == parse_unit(value[1]).dims
        and parse_unit(named).dims
    ):
        return Wanted(parse_unit(named), named, explicit=True)
    if not wanted.explicit or wanted.unit is None or value is None:
        return None
    if question.reading.mentions or question.precisions or question.reading.quantities:
        return None
    alike = bool(wanted.unit.dims) and wanted.unit.dims == parse_unit(value[1]).dims
    return wanted if alike and len(question.features.stems) <= 2 else None
