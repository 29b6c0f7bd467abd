"""Numbers, units, ranges and names as people write them."""

from __future__ import annotations

import pytest

from agent.offline.reading.entities import EntityFinder
from agent.offline.reading.precisions import find_precisions
from agent.offline.reading.quantities import read_quantities
from agent.offline.reading.reading import Quantity, Reading
from agent.offline.reading.words import stem, tokenize


class Names:
    """A small catalogue."""

    def entity_names(self, kind: str) -> dict[str, str]:
        return {
            "chip": {
                "h100": "h100-sxm",
                "h200": "h200",
                "trainium2": "trainium2",
                "trn2": "trainium2",
                "a100": "a100",
                "b200": "b200",
            },
            "model": {
                "llama 3.1 405b": "llama-3.1-405b",
                "405b": "llama-3.1-405b",
                "8b": "llama-3.1-8b",
                "mixtral 8x7b": "mixtral-8x7b",
            },
            "api_model": {"gpt-4o": "gpt-4o"},
        }.get(kind, {})


FINDER = EntityFinder(Names())


def read(text: str) -> Reading:
    tokens = tokenize(text)
    reading = Reading(text, tokens, FINDER.find(text, tokens))
    reading.quantities = read_quantities(reading)
    return reading


def only(text: str) -> Quantity:
    (quantity,) = read(text).quantities
    return quantity


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("12k tokens", 12_000, "token"),
        ("1,024 GPUs", 1024, "chip"),
        ("1.5M GPUs", 1.5e6, "chip"),
        ("forty thousand dollars", 40_000, "USD"),
        ("half a million chips", 500_000, "chip"),
        ("two and a half million tokens", 2.5e6, "token"),
        ("$2/hr", 2, "USD/hour"),
        ("two dollars an hour", 2, "USD/hour"),
        ("$15/M", 15, "USD/Mtoken"),
        ("$0.60 per million tokens", 0.6, "USD/Mtoken"),
        ("6 cents per kWh", 6, "cent/kWh"),
        ("8xH100", 8, "chip"),
        ("10 pct", 10, "percent"),
        ("70%", 70, "percent"),
        ("3.35 TB/s", 3.35, "TB/second"),
        ("1.4 kW", 1.4, "kW"),
        ("3.5M GPU-hours", 3.5e6, "chip*hour"),
        ("30.84M H100 hours", 30.84e6, "chip*hour"),
        ("a 7B model", 7e9, "param"),
        ("1e25 FLOP", 1e25, "FLOP"),
        ("20 tokens per param", 20, "token/param"),
        ("2*7e9 flops/token", 14e9, "FLOP/token"),
        ("-4096 tokens", -4096, "token"),
        ("8B people", 8e9, "person"),
        ("six to one", 6, "dimensionless"),
        ("a million tokens costs $0.50", 0.5, "USD/Mtoken"),
        ("a 5k Trainium2", 5000, "USD"),
    ],
)
def test_a_quantity_and_its_unit(text: str, value: float, unit: str) -> None:
    quantity = only(text)
    assert quantity.value == pytest.approx(value)
    assert quantity.unit_text == unit


@pytest.mark.parametrize("text", ["fp8 weights", "GPT-4", "24/7", "per $1000", "6ND", "no one"])
def test_what_is_no_quantity(text: str) -> None:
    masked = text
    for p in find_precisions(text):
        masked = masked[: p.start] + " " * (p.end - p.start) + masked[p.end :]
    assert read(masked).quantities == []


def test_a_range_is_one_quantity_and_a_change_is_two() -> None:
    assert (only("50 to 70 percent").low, only("50 to 70 percent").high) == (50, 70)
    first, second = read("P/E goes from 120 to 30").quantities
    assert ("from" in first.marks, "to" in second.marks) == (True, True)


def test_a_list_shares_its_unit() -> None:
    assert {q.unit_text for q in read("runs at 30M, 300M, 3B and 30B dollars").quantities} == {"USD"}
    assert [q.unit_text for q in read("500 input and 11000 output tokens").quantities] == ["token", "token"]


def test_axes_of_a_torus_are_no_product() -> None:
    assert [q.value for q in read("a 4x4x8 torus").quantities] == [4, 4, 8]


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("H100s", "h100-sxm"),
        ("Trn2", "trainium2"),
        ("trainum2 chips", "trainium2"),
        ("Llama-3.1-405B", "llama-3.1-405b"),
        ("mixtrl 8x7b", "mixtral-8x7b"),
    ],
)
def test_names_with_plurals_and_typos(text: str, entry: str) -> None:
    (mention,) = read(text).mentions
    assert entry in mention.kinds.values()


@pytest.mark.parametrize("text", ["a 100 MW site", "training is expensive", "$8B of revenue", "8B people"])
def test_what_names_nothing(text: str) -> None:
    assert read(text).mentions == []


def test_a_precision_belongs_to_the_words_beside_it() -> None:
    said = [(p.value.lower(), p.of) for p in find_precisions("FP8 weights with bf16 KV cache")]
    assert said == [("fp8", "weights"), ("bf16", "kv")]
    assert find_precisions("FP8 weights and cache")[0].of == "both"


def test_words_of_one_meaning_share_a_stem() -> None:
    assert stem("GPUs") == stem("accelerators")
    assert stem("utilisation") == stem("utilization")
    assert stem("yearly") == stem("annual")
