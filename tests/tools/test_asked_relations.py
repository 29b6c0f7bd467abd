"""Relations that questions ask for, against sums worked out by hand: both ways round, and what cannot be."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools import registry
from tools.catalog import load
from tools.errors import FactAbsent, InputError, MissingInput

CATALOG = load(Path("/no-such-home"))
positive = st.floats(min_value=0.1, max_value=1e4)


def out(tool: str, **given_: Any) -> dict[str, Any]:
    return registry.run(tool, given_, catalog=CATALOG).output


# each expected value is written as the sum it comes from
ORACLE: list[tuple[str, dict[str, Any], str, float]] = [
    ("token_cost", {"input_tokens": 2000, "cached_input_tokens": 1500, "cached_price_fraction": 0.25,
                    "usd_per_mtok_input": 4}, "usd_per_request", (500 * 4 + 1500 * 1) / 1e6),
    ("token_cost", {"input_tokens": 8000, "cached_fraction": 0.6, "cached_discount_percent": 90, "output_tokens": 700,
                    "usd_per_mtok_input": 2, "usd_per_mtok_output": 8}, "usd_per_request",
     (3200 * 2 + 4800 * 0.2 + 700 * 8) / 1e6),
    ("token_cost", {"n_chips": 16, "usd_per_chip_hour": 3, "sale_usd_per_mtok": 2, "gross_margin_percent": 70},
     "tokens_per_s_needed", 16 * 3 / 3600 / (2 * 0.3) * 1e6),
    ("token_cost", {"requests_per_day": 1000, "days": 7, "output_tokens": 100, "usd_per_mtok_output": 10}, "usd_total", 7.0),
    ("token_cost", {"requests_per_day": 1000, "days": 31, "output_tokens": 100, "usd_per_mtok_output": 10},
     "usd_per_month", 31.0),
    ("token_cost", {"input_tokens": 800, "output_tokens": 600, "usd_per_mtok_input": 3, "usd_per_mtok_output": 12,
                    "other_output_tokens": 7000, "other_usd_per_mtok_input": 10, "other_usd_per_mtok_output": 40},
     "request_cost_ratio", (800 * 10 + 7000 * 40) / (800 * 3 + 600 * 12)),
    ("token_cost", {"usd_per_mtok_output": 0.5, "other_usd_per_mtok_output": 75}, "output_price_ratio", 150.0),
    ("kv_cache", {"layers": 80, "kv_heads": 64, "head_dim": 128, "other_kv_heads": 8}, "model_ratio", 8.0),
    ("kv_cache", {"kv_kib_per_token": 320, "context_tokens": 16000, "n_requests": 25}, "kv_gb_total",
     320 * 1024 * 16000 * 25 / 1e9),
    ("kv_cache", {"kv_kib_per_token": 160, "memory_gb": 40, "n_requests": 10}, "context_each_tokens",
     math.floor(40e9 / (160 * 1024) / 10)),
    ("serving_performance", {"batch": 192, "tpot_ms": 30, "n_chips": 8}, "tokens_per_s_per_chip", 192 / 0.03 / 8),
    ("serving_performance", {"tokens_per_s": 12000, "tokens_per_s_per_user": 40}, "served_requests", 300.0),
    ("serving_performance", {"output_tokens": 1500, "tpot_ms": 22}, "answer_s", 33.0),
    ("serving_performance", {"params": 32e9, "output_tokens": 5000}, "answer_flop", 2 * 32e9 * 5000),
    ("serving_performance", {"params": 32e9, "output_tokens": 5000, "flop_per_param": 3}, "answer_flop", 3 * 32e9 * 5000),
    ("serving_performance", {"weights_gb": 70, "tpot_ms": 20}, "bandwidth_needed_tb_per_s", 3.5),
    ("serving_performance", {"weights_gb": 405, "tpot_ms": 12, "bandwidth_tb_per_s": 4.8}, "chips_needed", 8.0),
    ("reasoning_cost", {"usd_without_thinking": 0.006, "token_factor": 9, "per_token_factor": 2.5},
     "usd_with_thinking", 0.006 * 22.5),
    ("reasoning_cost", {"token_factor": 8, "batch_without_thinking": 240, "batch_with_thinking": 60}, "cost_factor", 32.0),
    ("reasoning_cost", {"thinking_tokens": 12000, "usd_per_mtok_output": 40}, "extra_usd", 0.48),
    ("hbm_per_dollar", {"usd_per_server": 3.6e6, "chips_per_server": 72}, "usd_per_chip", 50_000.0),
    ("interconnect", {"message_bytes": 4e9, "n_chips": 32, "chip_gb_per_s": 200}, "collective_s", 2 * 31 / 32 * 4 / 200),
    ("interconnect", {"message_bytes": 4e9, "n_chips": 32, "link_gb_per_s": 200, "topology": "ring"}, "collective_s",
     2 * 31 / 32 * 4 / 200),
    ("interconnect", {"message_params": 70e9, "n_chips": 128, "chip_gb_per_s": 50}, "collective_s",
     2 * 127 / 128 * 140 / 50),
    ("interconnect", {"n_chips": 18432, "chips_per_rack": 72}, "racks", 256.0),
    ("datacenter_power", {"site_power_mw": 40, "pue": 1.2, "server_power_kw": 10, "chips_per_server": 8}, "chips",
     40e3 / 1.2 / 10 * 8),
    ("datacenter_power", {"site_power_mw": 15, "usd_per_mwh": 80}, "energy_cost_usd_per_year", 15 * 8760 * 80),
    ("datacenter_power", {"site_power_mw": 1500, "chip": "gb200", "rack_power_kw": 130, "pue": 1.2}, "chips",
     1500e3 / 1.2 / 130 * 72),
    ("server_consolidation", {"old_cores": 28, "new_cores": 224, "per_core_gain_percent": 20}, "servers_per_new", 9.6),
    ("server_consolidation", {"old_servers": 6, "old_cores": 24, "new_cores": 128}, "per_core_gain", 6 * 24 / 128),
    ("server_consolidation", {"old_servers": 5, "old_server_w": 450, "new_server_w": 900}, "freed_w_per_new_server",
     5 * 450 - 900),
    ("scaling_spend", {"start_chips": 50e3, "end_chips": 200e3, "loss_exponent": 0.06}, "loss_drop_percent",
     100 * (1 - 4**-0.06)),
    ("scaling_spend", {"compute_factor": 50, "loss_exponent": -0.06}, "loss_drop_percent", 100 * (1 - 50**-0.06)),
    ("scaling_spend", {"params": 3e9, "tokens": 9e12, "rule_tokens_per_param": 20}, "over_rule_factor", 150.0),
    ("cluster_reliability", {"failures": 210, "days": 30, "n_chips": 8192, "other_n_chips": 65536}, "other_mtbf_hours",
     30 * 24 / 210 / 8),
    ("cluster_reliability", {"failed_chips": 60, "n_chips": 8000, "days": 30}, "annual_failure_percent",
     100 * 60 / 8000 * 365 / 30),
    ("cluster_reliability", {"hours_per_chip_failure": 60000, "n_chips": 20000}, "mtbf_hours", 3.0),
    ("rollout_compute", {"samples_generated": 300, "samples_trained": 5}, "training_share_percent",
     100 * 30 / (600 + 30)),
    ("rollout_compute", {"teacher_params": 120e9, "tokens_trained": 5e9, "acceptance_percent": 10}, "generation_flop",
     2 * 120e9 * 5e9 / 0.1),
    ("fleet_supply", {"n_chips": 700e3, "tokens_per_s_per_chip": 12000, "people": 8e9}, "tokens_per_day_per_person",
     700e3 * 12000 / 8e9 * 86400),
    ("generation_gain", {"times_cheaper": 8, "years": 2.5}, "annual_decline_factor", 8 ** (1 / 2.5)),
    ("generation_gain", {"start_usd_per_mtok": 3, "end_usd_per_mtok": 0.45}, "fall_percent", 85.0),
    ("generation_gain", {"total_factor": 15, "part_factor": 3.2}, "other_part_factor", 15 / 3.2),
]  # fmt: skip


@pytest.mark.parametrize(("tool", "inputs", "result", "expected"), ORACLE)
def test_by_hand(tool: str, inputs: dict[str, Any], result: str, expected: float) -> None:
    assert out(tool, **inputs)[result] == pytest.approx(expected, rel=1e-9)


def test_a_second_chip_is_weighed_as_if_it_were_the_first() -> None:
    shared = {"model": "llama-3.1-70b", "n_chips": 2, "weight_precision": "fp8", "kv_precision": "fp8",
              "context_tokens": 9000, "reserve_fraction": 0.1}  # fmt: skip
    both = out("batch_size", chip="mi300x", other_chip="h200", **shared)
    alone = out("batch_size", chip="h200", **shared)
    assert both["other_max_requests"] == alone["max_requests"]
    assert both["batch_ratio"] == pytest.approx(both["max_requests"] / alone["max_requests"])
    assert out("batch_size", chip="h200", other_chip="mi300x", **shared)["batch_ratio"] == both["batch_ratio"]


def test_cached_share_and_cached_tokens_say_the_same() -> None:
    prices = {"usd_per_mtok_input": 3, "usd_per_mtok_output": 15, "usd_per_mtok_cached": 0.3}
    share = out("token_cost", input_tokens=20000, cached_fraction=0.8, output_tokens=1500, **prices)
    count = out("token_cost", input_tokens=20000, cached_input_tokens=16000, output_tokens=1500, **prices)
    assert share["usd_per_request"] == count["usd_per_request"] == pytest.approx(0.0393)


@given(batch=positive, step_ms=positive)
def test_step_rates_come_back(batch: float, step_ms: float) -> None:
    batch += 1.0
    rate = out("serving_performance", batch=batch, tpot_ms=step_ms)["output_tokens_per_s"]
    back = out("serving_performance", tokens_per_s=rate, tpot_ms=step_ms)
    assert back["served_requests"] == pytest.approx(batch)


@given(size=positive, chips=st.integers(2, 4096), bandwidth=positive)
def test_time_and_bandwidth_of_a_collective_come_back(size: float, chips: int, bandwidth: float) -> None:
    shared = {"message_bytes": size * 1e9, "n_chips": chips}
    took = out("interconnect", chip_gb_per_s=bandwidth, **shared)["collective_s"]
    assert out("interconnect", collective_ms=took * 1e3, **shared)["chip_gb_per_s"] == pytest.approx(
        bandwidth
    )


@given(price=positive, margin=st.floats(0, 95), chips=st.integers(1, 512))
def test_the_throughput_needed_earns_the_margin(price: float, margin: float, chips: int) -> None:
    rent = {"n_chips": chips, "usd_per_chip_hour": 2.0, "sale_usd_per_mtok": price}
    needed = out("token_cost", gross_margin_percent=margin, **rent)["tokens_per_s_needed"]
    assert out("token_cost", tokens_per_s=needed, **rent)["gross_margin_percent"] == pytest.approx(
        margin, abs=1e-6
    )


@pytest.mark.parametrize(
    ("tool", "inputs"),
    [
        ("token_cost", {"input_tokens": 100, "cached_fraction": 1.2, "usd_per_mtok_input": 3}),
        (
            "token_cost",
            {"n_chips": 8, "usd_per_chip_hour": 2, "target_usd_per_mtok": 1, "gross_margin_percent": 100},
        ),
        ("serving_performance", {"batch": 8, "tpot_ms": 0}),
        ("interconnect", {"message_bytes": 1e9, "n_chips": 8, "collective_ms": 0.01, "hop_latency_us": 1000}),
        ("server_consolidation", {"old_cores": 192, "new_cores": 24}),
        ("cluster_reliability", {"failed_chips": 8000, "n_chips": 60, "days": 30}),
        ("scaling_spend", {"compute_factor": 10, "loss_exponent": -1.5}),
        ("reasoning_cost", {"usd_without_thinking": -1, "token_factor": 2, "per_token_factor": 2}),
        ("training_run", {"params": 1e9, "tokens": 1e9, "flop_per_param": 2}),
    ],
)
def test_what_cannot_be_is_refused(tool: str, inputs: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        out(tool, **inputs)


def test_what_is_missing_is_named() -> None:
    with pytest.raises(MissingInput, match="chips_per_server"):
        out("hbm_per_dollar", usd_per_server=300_000)
    with pytest.raises(FactAbsent):
        out("server_consolidation", chip="xeon-6980p", freed_mw=1.0)


def test_cores_alone_need_no_power_of_the_chip_named() -> None:
    found = out("server_consolidation", chip="xeon-6980p", old_cores=24, new_cores=192)
    assert found["core_ratio"] == 8.0
