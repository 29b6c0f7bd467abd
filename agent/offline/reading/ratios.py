"""Numbers that are so many to one: old machines for each new one, "one in thirty", the chips of an NVL72 rack."""

from __future__ import annotations

import re
from dataclasses import replace

from agent.offline.reading.measure import NUMBER, parse_unit
from agent.offline.reading.reading import Quantity, Reading
from agent.offline.reading.written_units import UNIT_WORDS

_LINKS = frozenset(["into", "for", "with", "by", "become", "becomes", "to", "per", "onto", "replaced"])
_ONE = frozenset(["one", "1", "a", "every", "each", "single", "per", "new"])
_BETWEEN = frozenset(
    [
        "old",
        "older",
        "of",
        "them",
        "those",
        "these",
        "are",
        "get",
        "gets",
        "ageing",
        "legacy",
        "existing",
        "retired",
        "are",
    ]
)
_NEW = frozenset(["new", "newer", "modern", "fresh"])


def into_one(reading: Reading, found: list[Quantity]) -> list[Quantity]:
    """ "Six old 400 W servers for one new one", "ten of them per new server": how many old ones a new one replaces."""
    return [_to_one(q) if _is_to_one(reading, found, q) else q for q in found]


def _to_one(q: Quantity) -> Quantity:
    marks = (q.marks - {"unsaid", "each"}) | {"times"}
    return replace(q, unit=NUMBER, unit_text="dimensionless", marks=marks)


def _is_to_one(reading: Reading, found: list[Quantity], q: Quantity) -> bool:
    if q.unit_text not in ("", "server") or not 1 < q.value <= 100 or not float(q.value).is_integer():
        return False
    tokens = reading.tokens
    numbered = {i for p in found if p is not q and p.marked for i in range(p.first, p.last)}
    for k in range(q.last, min(q.last + 9, len(tokens) - 1)):
        low = tokens[k].low
        if low in _LINKS and tokens[k + 1].low in _ONE:
            return _new_machine(reading, k + 1)
        if not (k in numbered or low in "()," or low in _BETWEEN or UNIT_WORDS.get(low) == "server"):
            return False
    return False


def _new_machine(reading: Reading, k: int) -> bool:
    """Whether a new machine, or just "one", stands at `k`: "one new one", "a new server", "every new box"."""
    words = [t.low for t in reading.tokens[k : k + 5]]
    if any(w in _NEW or UNIT_WORDS.get(w) == "server" for w in words[:3]):
        return True
    after = words[1] if len(words) > 1 else "."
    return words[0] in ("one", "1") and (
        not after[:1].isalpha() or after in ("of", "and", "that", "which", "onto")
    )


_RACK = re.compile(r"\bNVL ?-?(\d{2,3})\b", re.I)
_RACKS = re.compile(r"\bracks?\b", re.I)


def chips_of_rack(reading: Reading, found: list[Quantity]) -> list[Quantity]:
    """The 72 of "NVL72", where chips are counted in racks and nothing else says how many a rack holds."""
    match = _RACK.search(reading.text)
    if match is None or not _RACKS.search(reading.text) or not any(q.unit_text == "chip" for q in found):
        return found
    if any(q.unit.has("rack") for q in found):
        return found
    first = next((i for i, t in enumerate(reading.tokens) if t.end > match.start()), None)
    if first is None or any(q.first <= first < q.last for q in found):
        return found
    unit = parse_unit("chip/rack")
    last = next((i for i, t in enumerate(reading.tokens) if t.start >= match.end()), len(reading.tokens))
    named = Quantity(
        float(match[1]),
        unit,
        "chip/rack",
        match.start(),
        match.end(),
        first,
        last,
        marks=frozenset({"unsaid"}),
    )
    return sorted([*found, named], key=lambda q: q.first)


__all__ = ["chips_of_rack", "into_one"]
