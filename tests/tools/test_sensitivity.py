"""What moves a result most: exact where the formula is known, silent where nothing can be said."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, ConfigDict, Field

from tools import registry
from tools.errors import InputError, UnknownName
from tools.sensitivity import Change, Lever, percent, sensitivity, told

SERVED = {
    "model": "llama-3.1-405b", "chip": "h100-sxm", "n_chips": 8, "weight_precision": "fp8", "context_tokens": 12000,
}  # fmt: skip


def by_field(tool: str, given: dict[str, object], figure: str | None = None) -> dict[str, Lever]:
    found = sensitivity(tool, given, figure)
    assert found is not None
    return {lever.field: lever for lever in found.levers}


def test_a_product_moves_as_its_factors_and_a_quotient_against_its_divisor() -> None:
    levers = by_field("datacenter_power", {"site_power_mw": 300, "w_per_chip_all_in": 1300}, "chips")
    site, chip = levers["site_power_mw"], levers["w_per_chip_all_in"]
    assert (site.less, site.more) != (None, None)
    assert site.less is not None
    assert site.more is not None
    assert site.less.percent == pytest.approx(-20, abs=0.01)
    assert site.more.percent == pytest.approx(20, abs=0.01)
    assert chip.less is not None
    assert chip.less.percent == pytest.approx(25, abs=0.01)
    assert list(levers) == ["w_per_chip_all_in", "site_power_mw"], "the stronger first"


def test_choices_and_counts_are_tried_too() -> None:
    levers = by_field("batch_size", SERVED)
    assert [c.input for c in levers["kv_precision"].instead] == ["fp8", "fp4"]
    assert levers["kv_precision"].instead[0].percent > 95, "half the cache, twice the requests"
    assert not levers["kv_precision"].given
    chips = levers["n_chips"]
    assert chips.less is not None
    assert chips.more is not None
    assert (chips.less.input, chips.more.input) == (4, 16)


def test_each_change_is_what_the_calculator_gives() -> None:
    for lever in by_field("batch_size", SERVED).values():
        for change in (lever.less, lever.more, *lever.instead):
            if change is not None:
                again = registry.run("batch_size", {**SERVED, lever.field: change.input})
                assert again.output["max_requests"] == change.value


def test_what_follows_from_the_inputs_is_no_lever() -> None:
    levers = by_field("margin", {"revenue_usd": 100, "gross_margin_percent": 60}, "cost_usd")
    assert set(levers) == {"revenue_usd", "gross_margin_percent"}


def test_a_price_from_the_catalogue_is_a_lever() -> None:
    given = {
        "model": "llama-3.3-70b",
        "chip": "h100-sxm",
        "n_chips": 8,
        "batch": 32,
        "weight_precision": "fp8",
    }
    rent = by_field("token_cost", given, "usd_per_mtok_output")["usd_per_chip_hour"]
    assert not rent.given
    assert rent.more is not None
    assert rent.more.percent == pytest.approx(20, abs=0.5)


def test_every_example_of_every_calculator_can_be_asked() -> None:
    for name, calculator in registry.calculators().items():
        for example in calculator.examples[:6]:
            try:
                registry.run(name, example["input"])
            except InputError:
                continue
            found = sensitivity(name, example["input"], example.get("want"))
            if found is not None:
                swings = [lever.swing for lever in found.levers]
                assert swings == sorted(swings, reverse=True)
                assert all(told(lever) for lever in found.levers)


def test_nothing_to_say() -> None:
    assert sensitivity("arithmetic", {"expression": "2 * 3"}) is None
    assert sensitivity("batch_size", SERVED, "no_such_figure") is None


def test_bad_input_is_the_callers() -> None:
    with pytest.raises(UnknownName):
        sensitivity("no_such_tool", {})
    with pytest.raises(InputError):
        sensitivity("batch_size", {**SERVED, "n_chips": 0})


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")
    side_m: float = Field(gt=0, description="Side of the square", json_schema_extra={"unit": "m"})


class _Told(BaseModel):
    area: float = Field(json_schema_extra={"unit": "m**2"})


def _square(query: _Asked) -> _Told:
    """Area of a square."""
    return _Told(area=query.side_m**2)


def test_a_plugin_needs_nothing_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = registry.Calculator("square", _square)
    monkeypatch.setattr(registry, "get", lambda name: plugin)
    lever = by_field("square", {"side_m": 3.5})["side_m"]
    assert lever.less is not None
    assert lever.more is not None
    assert (lever.less.percent, lever.more.percent) == (pytest.approx(-36), pytest.approx(44))
    assert lever.label == "side of the square"


@pytest.mark.parametrize(
    ("value", "said"),
    [(24.4, "+24 %"), (-3.14, "−3.1 %"), (0.0, "±0 %"), (-0.02, "±0 %"), (1900, "×20"), (101, "+101 %")],
)
def test_changes_for_people(value: float, said: str) -> None:
    assert percent(value) == said


def test_a_lever_as_a_line() -> None:
    lever = Lever(
        field="x",
        label="context",
        unit="token",
        given=True,
        base=12000,
        less=Change(input=9600, value=1, percent=24),
    )
    assert told(lever) == "context (12,000 tokens): +24 % at 9,600 tokens"
