"""Relations: every direction, contradictions, defaults that never displace what was given."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from tools.contract import quantity
from tools.errors import InputError, MissingInput
from tools.solve import Default, Relations, Rule, answer, bisect, label, product, total, unit_of

POSITIVE = st.floats(1e-6, 1e9)


class Trip(BaseModel):
    distance_km: float | None = quantity("Distance", "km", default=None, above=0, ask="How far?")
    speed_km_h: float | None = quantity("Speed", "km/hour", default=None, above=0)
    hours: float | None = quantity("Time", "hour", default=None, above=0)


class TripResult(BaseModel):
    distance_km: float | None = quantity("Distance", "km", default=None)
    speed_km_h: float | None = quantity("Speed", "km/hour", default=None)
    hours: float | None = quantity("Time", "hour", default=None)
    formula: str = ""
    assumptions: list[str] = Field(default_factory=list)


TRIP = Relations(product("distance_km", "speed_km_h", "hours"))


@given(POSITIVE, POSITIVE)
def test_a_product_is_solved_for_each_of_its_factors(speed: float, hours: float) -> None:
    distance = TRIP.solve({"speed_km_h": speed, "hours": hours}).values["distance_km"]
    assert distance == pytest.approx(speed * hours)
    for unknown, value in (("speed_km_h", speed), ("hours", hours)):
        known = {"distance_km": distance, "speed_km_h": speed, "hours": hours}
        del known[unknown]
        assert TRIP.solve(known).values[unknown] == pytest.approx(value)


@given(POSITIVE, POSITIVE, st.floats(0.01, 100))
def test_scale_and_constant_cancel_in_the_inverse(a: float, b: float, constant: float) -> None:
    relations = Relations(product("c", "a", per=("b",), scale=0.01, constant=constant))
    c = relations.solve({"a": a, "b": b}).values["c"]
    assert c == pytest.approx(0.01 * constant * a / b)
    assert relations.solve({"c": c, "b": b}).values["a"] == pytest.approx(a)
    assert relations.solve({"c": c, "a": a}).values["b"] == pytest.approx(b)


@given(st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=3))
def test_a_sum_gives_any_missing_part(parts: list[float]) -> None:
    relations = Relations(total("whole", "a", "b", "c"))
    values = dict(zip("abc", parts, strict=True))
    whole = relations.solve(values).values["whole"]
    assert whole == pytest.approx(math.fsum(parts))
    for missing in "abc":
        known = {"whole": whole, **{k: v for k, v in values.items() if k != missing}}
        assert relations.solve(known).values[missing] == pytest.approx(values[missing], abs=1e-6)


def test_quantities_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(InputError, match="give"):
        TRIP.solve({"distance_km": 100, "speed_km_h": 10, "hours": 3})


def test_a_contradiction_in_what_follows_is_refused_too() -> None:
    chain = Relations(product("b", "a", constant=2.0), product("c", "b", constant=3.0))
    assert chain.solve({"a": 1, "c": 6}).values["b"] == 2
    with pytest.raises(InputError, match="give"):
        chain.solve({"a": 1, "c": 60})


def test_a_default_contradicts_nobody() -> None:
    relations = Relations(product("b", "a", "share"), product("c", "b", constant=3.0))
    assert relations.solve({"a": 1, "c": 60}, [Default("share", 1, "")]).values["share"] == 20


def test_what_was_said_and_not_needed_is_warned_of() -> None:
    class Result(TripResult):
        warnings: list[str] = Field(default_factory=list)

    more = Relations(product("distance_km", "speed_km_h", "hours"), product("other", "fuel"))

    class Query(Trip):
        fuel: float | None = quantity("Fuel", "dimensionless", default=None)

    assert answer(more, Query(speed_km_h=10, hours=3, fuel=None), Result).warnings == []
    lonely = Relations(product("distance_km", "speed_km_h", "hours"), product("other", "fuel", "rate"))
    assert answer(lonely, Query(speed_km_h=10, hours=3, fuel=7), Result).warnings == [
        "Fuel (7) was not needed."
    ]


def test_quantities_that_agree_up_to_rounding_are_accepted() -> None:
    assert TRIP.solve({"distance_km": 100, "speed_km_h": 33.3, "hours": 3}).found() == {}


def test_a_default_never_displaces_what_follows_from_the_input() -> None:
    default = Default("speed_km_h", 50, "Speed 50.")
    solved = TRIP.solve({"distance_km": 100, "hours": 4}, [default])
    assert solved.values["speed_km_h"] == 25
    assert solved.assumptions() == []
    assumed = TRIP.solve({"hours": 4}, [default])
    assert assumed.values["distance_km"] == 200
    assert assumed.assumptions() == ["Speed 50."]
    assert "speed_km_h" not in assumed.found()


def test_answer_fills_the_result_and_shows_the_numbers() -> None:
    result = answer(TRIP, Trip(speed_km_h=10, hours=3), TripResult)
    assert result.distance_km == 30
    assert result.speed_km_h is None, "what was given is not repeated"
    assert result.formula == "distance km = 10 km/hour × 3 hours = 30 km"


def test_what_is_missing_is_asked_for_in_the_field_s_own_words() -> None:
    with pytest.raises(MissingInput, match="How far"):
        answer(TRIP, Trip(hours=3), TripResult, ask_first=("speed_km_h",))
    with pytest.raises(MissingInput):
        answer(TRIP, Trip(), TripResult)


def test_a_result_outside_the_limits_of_its_field_is_refused() -> None:
    relations = Relations(Rule("hours", ("distance_km",), lambda d: d - 5))
    with pytest.raises(InputError, match="above 0"):
        relations.solve_query(Trip(distance_km=2))


def test_a_rule_that_has_no_value_is_told_as_such() -> None:
    relations = Relations(Rule("hours", ("distance_km",), lambda d: math.log(0 * d)))
    with pytest.raises(InputError, match="exists"):
        answer(relations, Trip(distance_km=2), TripResult)


def test_an_overflow_names_the_input() -> None:
    relations = Relations(Rule("hours", ("distance_km",), lambda d: d**d))
    with pytest.raises(InputError, match="finite"):
        relations.solve({"distance_km": 1e6})


@pytest.mark.parametrize(
    ("name", "words", "unit"),
    [
        ("gross_margin_percent", "gross margin", "percent"),
        ("net_usd_per_chip_year", "net", "USD/chip/year"),
        ("site_power_mw", "site power", "MW"),
        ("chips_per_mw", "chips per mw", "dimensionless"),
        ("payback_years", "payback", "year"),
        ("chips", "chips", "dimensionless"),
    ],
)
def test_names_carry_their_unit(name: str, words: str, unit: str) -> None:
    assert label(name) == words
    assert unit_of(name) == unit


def test_bisection_finds_a_root_and_refuses_an_interval_without_one() -> None:
    assert bisect(lambda x: x * x - 2, 0, 2) == pytest.approx(math.sqrt(2))
    with pytest.raises(ValueError, match="sign"):
        bisect(lambda x: x * x + 1, 0, 2)
