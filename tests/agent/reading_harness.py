"""Compares what is read from a sentence (quantities, unit asked for, names, formats) with what is written in
`reading_cases.yaml`. Run it to see the misreadings: ``python tests/agent/reading_harness.py``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from agent.offline.model import OfflineModel
from agent.offline.reading.measure import Unit, parse_unit
from agent.offline.reading.reading import Quantity
from agent.offline.score import Question, is_salient
from tools.catalog import load

CASES = Path(__file__).parent / "reading_cases.yaml"
Expected = tuple[float, str]


def cases() -> list[dict[str, Any]]:
    return list(yaml.safe_load(CASES.read_text()))


def read_all() -> Iterator[tuple[dict[str, Any], Question]]:
    reader = OfflineModel(load())._decider(()).reader
    for case in cases():
        yield case, reader.read(case["ask"])


def misread(case: dict[str, Any], question: Question) -> list[str]:
    """What differs: numbers not found, numbers found that do not count, the unit asked for, names, formats."""
    faults: list[str] = []
    left = list(enumerate(question.reading.quantities))
    for value, unit in case["read"]:
        hit = next((row for row in left if _same(row[1], float(value), str(unit))), None)
        if hit is None:
            faults.append(f"not read: {float(value):g} {unit}")
        else:
            left.remove(hit)
    faults += [
        f"read: {q.value:g} {q.unit_text}"
        for i, q in left
        if is_salient(question, i) and not _size_of_name(question, q)
    ]
    wanted = question.features.wanted
    if not any(_wants(wanted.unit, wanted.unit_text, u) for u in case["want"].split("|")):
        faults.append(f"want {wanted.unit_text!r}, not {case['want']}")
    named = {m.text.lower() for m in question.reading.mentions}
    faults += [f"not named: {n}" for n in case.get("names", []) if n.lower() not in named]
    formats = {
        f"{p.value.lower()} {p.of}".strip().replace("bits", "bit").replace(" bit", "-bit")
        for p in question.precisions
    }
    faults += [f"no format: {f} in {sorted(formats)}" for f in case.get("formats", []) if f not in formats]
    return faults


def _size_of_name(question: Question, q: Quantity) -> bool:
    """ "70b" is kept as a model's name and as a number: which it is, a calculator's fields decide."""
    return "params" in q.marks and any(m.start == q.start and m.bare_size for m in question.reading.mentions)


def _same(q: Quantity, value: float, units: str) -> bool:
    if q.low is not None and q.low != q.high:
        return False
    return any(_alike(q.value, q.unit, value, parse_unit(u)) for u in units.split("|"))


def _alike(a: float, unit: Unit, b: float, other: Unit) -> bool:
    return unit.dims == other.dims and abs(a * unit.factor - b * other.factor) <= 1e-3 * abs(b * other.factor)


def _wants(unit: Unit | None, text: str, expected: str) -> bool:
    if unit is None:
        return not expected
    other = parse_unit(expected)
    return unit.dims == other.dims and (unit.factor == other.factor or text == expected)


def main() -> None:
    wrong = 0
    for case, question in read_all():
        faults = misread(case, question)
        wrong += bool(faults)
        if faults:
            print(case["ask"], *faults, sep="\n    ")
    print(f"{wrong} of {len(cases())} sentences misread")


if __name__ == "__main__":
    main()
