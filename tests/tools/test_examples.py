"""Every worked question of every calculator runs, and the result it asks for comes out."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import Any

import pytest

from tools import registry
from tools.catalog import load

FEWEST = 15


def _rows() -> list[Any]:
    return [
        pytest.param(name, example, id=f"{name}-{k}")
        for name, calculator in registry.calculators().items()
        for k, example in enumerate(calculator.examples)
    ]


@pytest.mark.parametrize(("name", "example"), _rows())
def test_example_runs_and_gives_what_it_asks_for(name: str, example: dict[str, Any]) -> None:
    run = registry.run(name, example["input"], catalog=load())
    if want := example.get("want"):
        values = {f.name: f.value for f in run.figures}
        assert want in values, f"{want} is null or no result of {name}"
        assert math.isfinite(values[want])


@pytest.mark.parametrize("name", sorted(p.stem for p in registry.EXAMPLES.glob("*.yaml")))
def test_enough_examples_and_each_once(name: str) -> None:
    questions = [e["question"] for e in registry.get(name).examples]
    assert len(questions) >= FEWEST
    twice = [q for q, n in Counter(re.sub(r"\W+", " ", q.lower()) for q in questions).items() if n > 1]
    assert not twice


def test_examples_of_the_folder_belong_to_a_calculator() -> None:
    strays = {p.stem for p in registry.EXAMPLES.glob("*.yaml")} - set(registry.calculators())
    assert not strays


@pytest.mark.parametrize("name", sorted(p.stem for p in registry.EXAMPLES.glob("*.yaml")))
def test_examples_ask_for_more_than_one_result(name: str) -> None:
    wanted = {e["want"] for e in registry.get(name).examples if e.get("want")}
    assert len(wanted) >= 3 or name == "arithmetic"
