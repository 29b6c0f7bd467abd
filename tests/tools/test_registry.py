"""The one door: text in, typed values through, figures out; every bad input one clear line."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import BaseModel, Field

from tools import registry
from tools.contract import Query, Result, quantity
from tools.errors import InputError, MissingInput, PluginError, UnitError, UnknownName


class RentQuery(Query):
    """How much renting costs."""

    n_chips: int = quantity("Chips rented", "chip", above=0, ask="How many chips?")
    price: float = quantity("Rent", "USD/chip/hour", min=0)
    hours: float = quantity("Time", "hour", default=1.0, min=0)


class RentResult(Result):
    hours_paid: float = quantity("Chip-hours", "chip*hour")
    usd: float = quantity("Bill", "USD", role="headline")


def rent(query: RentQuery) -> RentResult:
    """Bill of a rental.

    Second paragraph.
    """
    hours = query.n_chips * query.hours
    return RentResult(hours_paid=hours, usd=hours * query.price, formula="n · h · p")


class PlainQuery(BaseModel):
    apples: float = Field(json_schema_extra={"unit": "dimensionless"})


class PlainResult(BaseModel):
    pears: float = Field(json_schema_extra={"unit": "dimensionless"})


def plain(query: PlainQuery) -> PlainResult:
    """A plugin that knows nothing of this project but pydantic."""
    return PlainResult(pears=2 * query.apples)


@pytest.fixture(autouse=True)
def _calculators(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"rent": registry.Calculator("rent", rent), "plain": registry.Calculator("plain", plain)}
    monkeypatch.setattr(registry, "_points", lambda: {name: [] for name in known})
    monkeypatch.setattr(registry, "_load", lambda name: known[name])


def run(name: str, **given: Any) -> Any:
    return registry.run(name, given, catalog=SimpleNamespace())  # type: ignore[arg-type]


def test_text_with_units_becomes_numbers_and_figures_come_out() -> None:
    done = run("rent", n_chips="1k", price="$2/hr", hours="1 day")
    assert done.input == {"n_chips": 1000, "price": 2.0, "hours": 24.0}
    assert [(f.name, f.value, f.unit) for f in done.figures] == [
        ("usd", 48_000.0, "USD"),
        ("hours_paid", 24_000.0, "chip*hour"),
    ]


def test_a_plugin_needs_only_pydantic() -> None:
    assert run("plain", apples=3).figures[0].value == 6


def test_ranges_in_give_ranges_out() -> None:
    usd = run("rent", n_chips=10, price={"low": 2, "high": 3}).figures[0]
    assert (usd.low, usd.value, usd.high) == (20, 25, 30)


@pytest.mark.parametrize(
    ("given", "kind", "says"),
    [
        ({"n_chips": 0, "price": 2}, InputError, r"n_chips is 0; allowed: above 0 in chip"),
        ({"n_chips": 2.5, "price": 2}, InputError, r"n_chips is 2.5; allowed: a whole number"),
        ({"n_chips": 1, "price": -1}, InputError, r"price is -1; allowed: at least 0"),
        ({"n_chips": 1, "price": float("inf")}, InputError, r"price is inf; allowed: a finite number"),
        ({"n_chips": 1, "price": float("nan")}, InputError, r"price is nan"),
        ({"n_chips": 10**400, "price": 1}, InputError, r"n_chips is .*; allowed: a finite number"),
        ({"n_chips": 1, "price": "1e999"}, InputError, r"price is '1e999'; allowed: a finite number"),
        (
            {"n_chips": 1, "price": "3 GB"},
            UnitError,
            r"price is '3 GB'; allowed: a quantity in USD/chip/hour",
        ),
        ({"n_chips": 1, "price": {"low": 3, "high": 2}}, InputError, r"a range of numbers, low first"),
        ({"price": 2}, MissingInput, r"n_chips is missing; allowed: How many chips\?"),
        ({"n_chips": 1, "price": 1, "speed": 3}, InputError, r"speed is 3; allowed: a field of rent"),
        ({"n_chips": [1], "price": 1}, InputError, r"n_chips is \[1\]"),
    ],
)
def test_bad_input_is_one_line_naming_field_value_and_what_is_allowed(
    given: dict[str, Any], kind: type[InputError], says: str
) -> None:
    with pytest.raises(kind, match=says) as caught:
        run("rent", **given)
    assert "\n" not in str(caught.value)


def test_an_unknown_calculator_offers_the_nearest() -> None:
    with pytest.raises(UnknownName, match="rent"):
        registry.get("rentt")


def test_what_is_not_a_calculator_is_a_plugin_error() -> None:
    with pytest.raises(PluginError, match="pydantic"):
        registry.Calculator("bad", lambda: None)
