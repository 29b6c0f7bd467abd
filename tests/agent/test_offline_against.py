"""What the words of a question say against a reading; questions that are not to be computed."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from reader_harness import ask, specs

from agent.offline.gate import refuse
from agent.offline.model import OfflineModel
from tools.catalog import load


@cache
def _model() -> OfflineModel:
    return OfflineModel(load())


def _asked(text: str) -> Any:
    return ask(_model(), specs(), load(), text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("margin is 75% today. price unchanged, the cost of serving climbs by a fifth. new gross margin?", 70.0),
        ("profit grows 30% while the P/E goes from 40 to 28: how many percent does the share price fall", 9.0),
        ("6,000 GPUs for 20 days at 85% goodput. how many GPU-hours were wasted?", 432000.0),
        ("of 40 start-ups 6 survive. which percentage disappears?", 85.0),
        ("share of bits: alpha 48%, beta 32, gamma the other 20. leave gamma out: what is alpha's share of the rest?", 60.0),
        ("a reply takes 8x the tokens and a quarter as many users share a server. how many times dearer is it?", 32.0),
        ("swap five old 420 W servers for one new 900 W one. for 25,000 old machines, how many 1.2 kW GPUs run on the power saved?", 5000.0),
        ("how many NVL72 racks for 14,400 GPUs?", 200.0),
        ("1M prompt tokens, half are cache hits at 20c per million, the rest at $1 per M, no output. dollars?", 0.6),
        ("a card costs $1.20 for every hour whether rented or not and rents out at $2.40. break-even utilization in percent?", 50.0),
        ("at what price would a B200 equal the gigabytes per dollar of an H100 that costs $24,000?", 57600.0),
        ("X has 30% of the market. Of what is left, Y takes 90 percent. Y overall?", 63.0),
        ("the multiple lost 40% and now stands at 18. what was it before?", 30.0),
        ("what price cut takes an 80% gross margin to 75% at the same cost, percent?", 20.0),
        ("rent went from $4.00 to $2.50 within 8 months: percent drop?", 37.5),
        ("months until 1000x if price performance improves 10x per year", 36.0),
        ("one card dies every 40,000 hours. 8,000 of them running 50 days, how many go down?", 240.0),
        ("16 rollouts, keep one and train on it. forward 2ND, update 6ND. generation in % of all compute", 84.2105263),
        ("each run costs 6x the one before. this one was $50M, what will the one after the next cost in $M?", 1.8e9),
        ("$30k card, rents at $2.00/hr, every rented hour costs me 25 cents, rented 70% of the time. payback in years?", 2.79563),
        ("gross margin 50%. price is frozen and the cost per call triples, what gross margin is left?", 50.0),
        ("80k cards, one in forty has to be swapped. at $20k each what does that cost in $M", 40e6),
    ],
)  # fmt: skip
def test_families_are_read(text: str, value: float) -> None:
    reply = _asked(text)
    if reply.status == "answered":  # asking back is no error, another number is
        assert reply.headline is not None
        assert abs(reply.headline[0]) == pytest.approx(value, rel=1e-3)
    else:
        assert reply.status == "clarify"


def _evidence(text: str) -> list[tuple[dict[str, Any], dict[str, float]]]:
    decider = _model().decider()
    choices = decider.choices(decider.reader.read(text))
    return [(c.frame.arguments, c.evidence) for c in choices]


def test_a_rise_in_a_field_of_falls_speaks_against_it() -> None:
    rows = _evidence("gross margin 70%, cost to serve rises by 20%, price held. gross margin then?")
    falls = [e for a, e in rows if a.get("cost_fall_percent") == 20]
    assert all(e.get("turned") for e in falls)


def test_a_field_that_suits_better_speaks_against_another() -> None:
    rows = _evidence("gross margin 70%, cost to serve rises by 20%, price held. gross margin then?")
    best = next(e for a, e in rows if a.get("cost_rise_percent") == 20)
    assert not best.get("bettered")


@pytest.mark.parametrize(
    "text", ["a pancake recipe for 5 people please", "good running shoes under 120 dollars?"]
)
def test_what_is_of_another_world_is_out_of_scope(text: str) -> None:
    assert _asked(text).status == "out_of_scope"


def test_a_decision_without_numbers_is_asked_about() -> None:
    assert _asked("is it cheaper to lease or to buy?").status == "clarify"


def test_a_share_that_cannot_be_is_said_to_be() -> None:
    assert _asked("what price multiple goes with a gross margin of 100%?").status in ("invalid", "clarify")


@pytest.mark.parametrize(
    "text",
    ["i have 30k saved, divide it between nvidia and amd for me", "pair trade: long micron, short intel, how much?"],
)  # fmt: skip
def test_savings_are_not_apportioned(text: str) -> None:
    found = refuse(text)
    assert found is not None
    assert found.kind == "advice"
