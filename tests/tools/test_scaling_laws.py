"""Published laws against published and worked values, and the inverses against each other."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools import _core
from tools.catalog.laws import Law, law, law_names, load_laws
from tools.errors import InputError, UnknownName

ORACLES = Path(__file__).parents[3] / "shared" / "scaling" / "oracles.json"
LAWS = sorted(load_laws())


@pytest.fixture(scope="module")
def oracles() -> dict:
    if not ORACLES.exists():
        pytest.skip("the shared oracles are not beside this checkout")
    return json.loads(ORACLES.read_text())


def test_every_law_has_a_dated_source() -> None:
    for entry in load_laws().values():
        assert entry.source.title
        assert entry.source.url
        assert entry.source.as_of


def test_aliases_are_unambiguous() -> None:
    seen: dict[str, str] = {}
    for entry in load_laws().values():
        for alias in entry.aliases:
            assert seen.setdefault(alias, entry.id) == entry.id


@pytest.mark.parametrize("said", ["Chinchilla", "hoffmann_2022", "BESIROGLU", "Llama 3", "kaplan 2020"])
def test_names_as_people_write_them(said: str) -> None:
    assert law(said).id in load_laws()


def test_unknown_law_names_the_nearest() -> None:
    with pytest.raises(UnknownName) as caught:
        law("besirglu")
    assert "besiroglu-2024" in caught.value.nearest


def test_names_include_every_id() -> None:
    assert set(law_names().values()) == set(load_laws())


def test_llama_3_refit_gives_its_papers_run() -> None:
    best = law("llama-3-2024").optimum(3.8e25)
    assert best.tokens == pytest.approx(16.1e12, rel=0.01)
    assert best.params == pytest.approx(393.3e9, rel=0.01)


def test_chinchilla_rule_of_the_llama_3_budget() -> None:
    best = law("chinchilla").optimum(3.8e25)
    assert best.params == pytest.approx(563e9, rel=0.001)
    assert best.tokens == pytest.approx(20 * best.params)


def test_kaplan_a_tenth_less_loss_for_ten_times_the_compute() -> None:
    kaplan = law("kaplan")
    before, after = kaplan.optimum(1e22).loss, kaplan.optimum(1e23).loss
    assert before is not None
    assert after is not None
    assert 1 - after / before == pytest.approx(0.109, abs=0.001)


def test_kaplan_optimum_matches_its_petaflop_day_form() -> None:
    assert law("kaplan").optimum(8.64e19).params == pytest.approx(1.3e9, rel=1e-6)


@pytest.mark.parametrize("name", LAWS)
@given(power=st.floats(18.0, 27.0))
def test_inverses_round_trip(name: str, power: float) -> None:
    entry = load_laws()[name]
    flop = 10.0**power
    best = entry.optimum(flop)
    assert best.flop == pytest.approx(flop, rel=1e-9)
    assert entry.flop_for(params=best.params) == pytest.approx(flop, rel=1e-6)
    assert entry.flop_for(tokens=best.tokens) == pytest.approx(flop, rel=1e-6)
    assert best.loss is not None
    assert entry.flop_for_loss(best.loss) == pytest.approx(flop, rel=1e-3)


@pytest.mark.parametrize("name", LAWS)
def test_more_compute_is_never_worse(name: str) -> None:
    losses = [load_laws()[name].optimum(10.0**power).loss for power in range(18, 28)]
    assert all(a > b for a, b in itertools.pairwise(losses))


@pytest.mark.parametrize("flop", [0.0, -1.0, math.inf, math.nan])
def test_a_compute_that_cannot_be(flop: float) -> None:
    with pytest.raises(InputError):
        law("besiroglu").optimum(flop)


def test_a_loss_below_the_floor_cannot_be_bought() -> None:
    with pytest.raises(InputError, match="irreducible"):
        law("hoffmann").flop_for_loss(1.6)


def _sardana(oracles: dict, index: int) -> dict:
    return oracles["sardana"][index]


@pytest.mark.shared
def test_sardana_sizes(oracles: dict) -> None:
    entry = law("sardana-2023")
    assert entry.parameters is not None
    flop_form = _sardana(oracles, 0)
    params, tokens, _ = _core.law_inference_adjusted(entry.parameters, flop_form["loss"], flop_form["D_inf"])
    assert params == pytest.approx(flop_form["N"], rel=1e-3)
    assert tokens == pytest.approx(flop_form["D"], rel=1e-3)
    money = _sardana(oracles, 1)
    costs = (1.40 / (312e12 * 0.5), 0.60 / (624e12 * 0.4), 0.60 / (624e12 * 0.2))
    params, tokens, _ = _core.law_inference_adjusted(
        entry.parameters, money["loss"], money["reqs"] * money["inp"], money["reqs"] * money["out"], costs
    )
    assert params == pytest.approx(money["N"], rel=2e-3)
    assert tokens == pytest.approx(money["D"], rel=2e-3)


@pytest.mark.shared
def test_muennighoff_losses(oracles: dict) -> None:
    entry = law("muennighoff-2023")
    assert entry.parameters is not None
    assert entry.half_lives is not None
    worked = oracles["muennighoff"]
    for params, tokens, name in ((6.34e9, 242e9, "L_6_34B_242B_25B"), (8.67e9, 178e9, "L_8_67B_178B_25B")):
        loss = _core.law_repeated_loss(entry.parameters, entry.half_lives, params, tokens, 25e9)
        assert loss == pytest.approx(worked[name], rel=1e-9)


@pytest.mark.shared
def test_the_stored_minimum_is_the_oracles(oracles: dict) -> None:
    entry: Law = law("besiroglu-2024-minimum")
    assert entry.parameters == pytest.approx(
        [oracles["besiroglu_fit"][k] for k in ("A", "B", "E", "alpha", "beta")]
    )
