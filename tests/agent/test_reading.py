"""What is read from a sentence before any calculator is looked at: numbers with units, the unit asked for, formats."""

from __future__ import annotations

import pytest
from reading_harness import cases, misread, read_all

from agent.offline.reading.numbers import read_number
from agent.offline.reading.precisions import find_precisions
from agent.offline.reading.words import tokenize

MOST_MISREAD = 0.09


def test_most_sentences_are_read_rightly() -> None:
    faults = {case["ask"]: found for case, question in read_all() if (found := misread(case, question))}
    shown = "\n".join(f"{ask}: {', '.join(found)}" for ask, found in faults.items())
    assert len(faults) <= MOST_MISREAD * len(cases()), shown


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a hundred and forty", 140),
        ("two point seven", 2.7),
        ("sixty-odd thousand", 60_000),
        ("three-fifty an hour", 3.5),
        ("three fifty cards", 350),
        ("4 x 10^22 FLOP", 4e22),
        ("six times ten to the twenty-third", 6e23),
        ("a couple of hundred", 200),
        ("seven eighths of", 0.875),
        ("two and a quarter million", 2.25e6),
        ("2 500 000 users", 2.5e6),
        ("1.250.000", 1.25e6),
        ("3,5 million", 3.5e6),
        ("4/16 per M", 4),
        ("1/40 of", 0.025),
    ],
)
def test_numbers_as_people_write_them(text: str, value: float) -> None:
    number = read_number(tokenize(text), 0)
    assert number is not None
    assert number.value == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one byte per weight, two bytes a value in the cache", [("8 bit", "weights"), ("16 bit", "kv")]),
        ("weights and cache in eight-bit", [("8 bit", "both")]),
        ("the model in bf16 with an fp8 cache", [("bf16", "weights"), ("fp8", "kv")]),
        ("FP8 (kv cache as well)", [("FP8", "both")]),
    ],
)
def test_formats_in_words(text: str, expected: list[tuple[str, str]]) -> None:
    assert [(p.value, p.of) for p in find_precisions(text)] == expected
