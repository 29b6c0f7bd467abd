"""Server consolidation: core ratios, power freed and AI servers fed, against hand-computed values."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.catalog import load
from tools.errors import InputError
from tools.registry import Calculator, run
from tools.server_consolidation import (
    ServerConsolidationQuery,
    ServerConsolidationResult,
    server_consolidation,
)

CORES = st.floats(1, 512)


def ask(**known: Any) -> ServerConsolidationResult:
    return server_consolidation(ServerConsolidationQuery(**known), load())


def test_examples_answer_what_they_ask() -> None:
    for example in Calculator("server_consolidation", server_consolidation).examples:
        assert getattr(ask(**example["input"]), example["want"]) is not None, example["question"]


SIX = {"servers_per_new": 6, "old_server_w": 400, "new_server_w": 1000}


@pytest.mark.parametrize(
    ("known", "field", "value"),
    [
        ({"old_cores": 24, "new_cores": 128}, "servers_per_new", 128 / 24),
        ({"old_cores": 24, "new_cores": 192}, "servers_per_new", 8),
        ({"old_cores": 24, "new_cores": 192}, "core_ratio", 8),
        ({"old_cores": 24, "new_cores": 128, "servers_per_new": 6}, "per_core_gain", 1.125),
        ({"old_cores": 24, "new_cores": 192, "servers_per_new": 6}, "per_core_gain", 0.75),
        (SIX, "freed_w_per_new_server", 1400),
        (SIX, "saving_percent", 58.3333),
        ({**SIX, "old_servers": 60000}, "freed_mw", 14),
        ({**SIX, "ai_server_w": 10200}, "swaps_per_ai_server", 7.2857),
        ({**SIX, "ai_server_w": 10200}, "old_servers_per_ai_server", 43.714),
        ({**SIX, "w_per_chip_all_in": 1400}, "chips_per_swap", 1),
        ({"freed_mw": 14, "w_per_chip_all_in": 1400}, "ai_chips", 10000),
    ],
)
def test_oracle_values(known: dict[str, float], field: str, value: float) -> None:
    assert getattr(ask(**known), field) == pytest.approx(value, rel=1e-4)


@given(CORES, CORES, st.floats(0.2, 5))
def test_ratio_and_gain_per_core_are_inverse(old: float, new: float, gain: float) -> None:
    if new * gain < old * 1.0001:
        with pytest.raises(InputError):
            ask(old_cores=old * 1.001, new_cores=new, per_core_gain=gain)
        return
    ratio = ask(old_cores=old, new_cores=new, per_core_gain=gain).servers_per_new
    assert ask(old_cores=old, new_cores=new, servers_per_new=ratio).per_core_gain == pytest.approx(
        gain, rel=1e-6
    )


@given(st.floats(3, 20), st.floats(3, 20))
def test_more_old_servers_per_new_free_more_power(a: float, b: float) -> None:
    few, many = sorted((a, b))
    if many - few < 1e-3:
        return
    less, more = (
        ask(servers_per_new=n, old_server_w=400, new_server_w=1000).freed_w_per_new_server
        for n in (few, many)
    )
    assert less is not None
    assert more is not None
    assert less < more


def test_the_ai_server_s_power_has_a_source() -> None:
    result = ask(**SIX)
    assert result.sources
    assert any("AI server" in line for line in result.assumptions)
    assert any("8 whole swaps" in line for line in result.warnings)


def test_a_swap_that_frees_nothing_is_said_so() -> None:
    result = ask(servers_per_new=2, old_server_w=400, new_server_w=1000)
    assert result.freed_w_per_new_server == -200
    assert any("no power is freed" in line for line in result.warnings)


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"old_cores": 24},
        {"old_cores": 0, "new_cores": 100},
        {"old_cores": -24, "new_cores": 100},
        {"old_cores": 24, "new_cores": "3 GB"},
        {"servers_per_new": 0},
        {"servers_per_new": 6, "old_cores": 24, "new_cores": 24, "per_core_gain": 1},
        {"old_cores": 24, "new_cores": 96, "chip": "warp-core"},
    ],
)
def test_bad_input_is_one_clear_error(bad: dict[str, Any]) -> None:
    with pytest.raises(InputError) as error:
        run("server_consolidation", bad)
    assert "\n" not in str(error.value)
