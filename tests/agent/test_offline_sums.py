"""Word problems: the numbers of a text read like a formula, or left alone where the text does not say the relation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from agent.offline.model import OfflineModel
from agent.offline.reading.measure import parse_unit
from agent.offline.score import Question, is_salient
from agent.offline.sums.dims import without_things
from agent.offline.sums.find import Sum, find_sum
from tools.arithmetic import ArithmeticQuery, arithmetic
from tools.catalog import load

FILES = ("sums_cases.yaml", "sums_relations.yaml")
CASES = [c for f in FILES for c in yaml.safe_load((Path(__file__).parent / f).read_text(encoding="utf-8"))]
SURE = 0.54  # a sum at least this clear stands as an answer
PRECISION, COVERAGE = 0.95, 0.85


@pytest.fixture(scope="module")
def reader() -> Any:
    return OfflineModel(load())._decider(()).reader


def ask(reader: Any, text: str) -> Sum | None:
    question: Question = reader.read(text)
    salient = [i for i in range(len(question.reading.quantities)) if is_salient(question, i)]
    return find_sum(question.reading, question.features, salient)


def computed(found: Sum) -> tuple[float, str]:
    result = arithmetic(ArithmeticQuery(expression=found.expression, unit=found.unit))
    return result.value, result.unit


def right(found: Sum, case: dict[str, Any]) -> bool:
    """Equal in the expected unit; things counted may go unsaid, and a year's bill may be said per year."""
    value, unit = computed(found)
    got, want = parse_unit(unit), parse_unit(case["unit"])
    dims, wanted = without_things(got.dims), without_things(want.dims)
    if sorted((dims, wanted)) == [(("USD", 1),), (("USD", 1), ("s", -1))]:
        return value == pytest.approx(case["value"], rel=2e-3)
    return dims == wanted and value * got.factor == pytest.approx(case["value"] * want.factor, rel=2e-3)


@pytest.fixture(scope="module")
def answers(reader: Any) -> list[tuple[dict[str, Any], Sum | None]]:
    found = ((c, ask(reader, c["question"])) for c in CASES)
    return [(c, s if s is not None and stands(s) else None) for c, s in found]


def stands(found: Sum) -> bool:
    """Whether a sum would be answered: it is clear, and has every operation that the text speaks of."""
    return found.clarity >= SURE and not found.unread


def test_what_is_answered_is_right(answers: list[tuple[dict[str, Any], Sum | None]]) -> None:
    given = [(c, s) for c, s in answers if s is not None]
    wrong = [f"{c['question']}: {s.expression}" for c, s in given if "none" in c or not right(s, c)]
    assert len(wrong) <= (1 - PRECISION) * len(given), "\n".join(wrong)


def test_most_word_problems_are_answered(answers: list[tuple[dict[str, Any], Sum | None]]) -> None:
    plain = [(c, s) for c, s in answers if "none" not in c]
    missed = [c["question"] for c, s in plain if s is None or not right(s, c)]
    assert len(missed) <= (1 - COVERAGE) * len(plain), "\n".join(missed)


SPOKEN = (
    "the first hall has 20 MW, the second 50% more than the first. both together in MW?",
    "6 trays of 40 cards, one is missing. how many cards?",
    "a $600 bill split by four people, how much is that?",
    "our fleet doubled to 900 cards. how many were there before?",
    "for every 5 cards we sell we keep 1 spare. how many cards for 400 sold?",
    "we ordered 300 cards, or rather 400, at $25k each. total?",
    "8 sites of 30 MW, each of the others half of that. total MW?",
)


@pytest.mark.parametrize("text", SPOKEN)
def test_a_sum_without_an_operation_that_is_spoken_of_is_no_answer(reader: Any, text: str) -> None:
    found = ask(reader, text)
    assert found is None or not stands(found), found


def test_there_are_enough_cases_of_both_kinds() -> None:
    assert len(CASES) >= 250
    assert sum("none" in c for c in CASES) >= 50


UNSAID = (
    "how many cards does 25 MW feed",
    "we pay $3 per GPU hour, what's the yearly bill for the fleet?",
    "12 and 40",
    "HBM per dollar of an H100 at $30k versus a $12k MI300X, ratio?",
    "loss falls as compute to the -0.05; 8x compute, how many percent lower is the loss",
    "a lab keeps half of its 3 clusters and pays 20 million for a third of them: how much",
)


@pytest.mark.parametrize("text", UNSAID)
def test_nothing_is_made_of_numbers_whose_relation_is_unsaid(reader: Any, text: str) -> None:
    found = ask(reader, text)
    assert found is None or found.clarity < SURE


def test_a_number_that_is_not_used_takes_the_clarity_away(reader: Any) -> None:
    whole = ask(reader, "a server at 6 kW runs for 100 hours at 10 cents per kWh. what does that cost?")
    part = ask(
        reader, "a server at 6 kW runs for 100 hours at 10 cents per kWh, a quarter paid up front. cost?"
    )
    assert whole is not None
    assert whole.clarity >= SURE
    assert part is None or part.clarity < SURE


def test_counts_and_what_each_has_are_multiplied_before_they_are_taken_away(reader: Any) -> None:
    found = ask(reader, "900 hosts drawing 400 W each make way for 100 new ones at 700 W. freed power in kW?")
    assert found is not None
    assert computed(found) == (pytest.approx(290.0), "kW")


def test_the_same_text_gives_the_same_sum(reader: Any) -> None:
    text = "30 users each streaming 20 tok/s off one 4-GPU server: tokens per second per GPU?"
    assert ask(reader, text) == ask(reader, text)


@pytest.mark.parametrize(
    ("expression", "value"), [("floor(6 MW / 40 kW)", 150), ("ceil(1000 token/day / (1 token/minute))", 1)]
)
def test_a_ratio_of_like_units_is_rounded_as_a_number(expression: str, value: float) -> None:
    assert arithmetic(ArithmeticQuery(expression=expression)).value == value


def test_nothing_can_be_divided_by_and_nothing_breaks() -> None:
    model = OfflineModel(load())
    for text in (
        "what is 6 times 3?",
        "0 of 0 GPUs fail, what percent?",
        "from 0 to 5, how many times more?",
    ):
        assert model.decide(text, "what is 3 times 3?", "what is 0 times 3?").kind
