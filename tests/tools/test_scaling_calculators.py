"""scaling_spend, training_run, cluster_reliability, rollout_compute, interconnect: worked values and round trips."""

from __future__ import annotations

import contextlib
import itertools
import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools import registry
from tools.catalog import load
from tools.errors import FactAbsent, InputError

OURS = ("scaling_spend", "training_run", "cluster_reliability", "rollout_compute", "interconnect")
DILOCO = Path(__file__).parents[3] / "shared" / "scaling" / "diloco_table4_gbps.csv"


def ask(tool: str, wanted: str, **given: Any) -> float:
    run = registry.run(tool, given)
    return next(f.value for f in run.figures if f.name == wanted)


@pytest.mark.parametrize("tool", OURS)
def test_every_example_answers_what_it_asks(tool: str) -> None:
    calculator = registry.get(tool)
    assert len(calculator.examples) >= 4
    for example in calculator.examples:
        run = registry.run(tool, example["input"])
        figure = next((f for f in run.figures if f.name == example["want"]), None)
        assert figure is not None, example["question"]
        assert math.isfinite(figure.value)
        assert run.formula, example["question"]


WORKED = [
    # a step of ten, and four runs from 30 million to 30 billion dollars
    ("scaling_spend", "next_usd", {"start_usd": "$300M", "factor": 10}, 3e9),
    ("scaling_spend", "total_usd", {"runs_usd": [30e6, 300e6, 3e9, 30e9]}, 33.33e9),
    ("scaling_spend", "total_usd", {"start_usd": 30e6, "end_usd": 30e9}, 33.33e9),
    ("scaling_spend", "total_usd", {"start_usd": 30e6, "factor": 10, "n_runs": 4}, 33.33e9),
    ("scaling_spend", "end_usd", {"start_usd": 30e6, "factor": 10, "n_runs": 4}, 30e9),
    ("scaling_spend", "last_share_percent", {"runs_usd": [30e6, 300e6, 3e9, 30e9]}, 90.009),
    ("scaling_spend", "decades", {"start_usd": 30e6, "end_usd": 30e9}, 3.0),
    ("scaling_spend", "end_usd", {"start_usd": 10e6, "steps": 2}, 1e9),
    ("scaling_spend", "start_usd", {"end_usd": 30e9, "steps": 3, "factor": 10}, 30e6),
    ("scaling_spend", "years", {"start_usd": 1e8, "end_usd": 1e10, "growth_per_year": 10}, 2.0),
    # the Chinchilla rule: 1.4T tokens and 5.88e23 FLOP for 70B; 563B for 3.8e25 FLOP
    ("scaling_spend", "flop", {"params": "70B", "tokens_per_param": 20}, 5.88e23),
    ("scaling_spend", "tokens", {"params": "70B"}, 1.4e12),
    ("scaling_spend", "params", {"flop": 3.8e25}, 562.7e9),
    ("scaling_spend", "tokens_per_param", {"params": 405e9, "tokens": 15.6e12}, 38.52),
    # Kaplan: ten times the compute takes 10.9 % off the loss; halving at an exponent of 0.05 takes 2^20
    ("scaling_spend", "loss_drop_percent", {"compute_factor": 10, "law": "kaplan"}, 10.875),
    ("scaling_spend", "compute_factor", {"loss_drop_percent": 50, "loss_exponent": 0.05}, 2.0**20),
    # Sardana's 13B model that serves 2T tokens
    ("scaling_spend", "adjusted_params", {"params": 13e9, "inference_tokens": 2e12}, 6.9686e9),
    ("scaling_spend", "saving_percent", {"params": 13e9, "inference_tokens": 2e12}, 17.447),
    # Muennighoff: what repeated tokens are worth, and the best number of epochs
    ("scaling_spend", "token_worth_percent", {"unique_tokens": 1e11, "epochs": 4}, 93.1),
    ("scaling_spend", "token_worth_percent", {"unique_tokens": 1e11, "epochs": 40}, 37.9),
    ("scaling_spend", "epochs", {"flop": 1e22, "unique_tokens": 25e9}, 9.493),
    # $50M of H100 at $2 and 40 % MFU is 25M chip-hours and 3.56e25 FLOP
    ("scaling_spend", "chip_hours", {"budget_usd": 50e6, "chip": "h100", "usd_per_chip_hour": 2, "mfu": 0.4}, 25e6),
    ("scaling_spend", "flop", {"budget_usd": 50e6, "chip": "h100", "usd_per_chip_hour": 2, "mfu": 0.4}, 3.5604e25),
    # Llama 3.1 405B: 3.8e25 FLOP, 30.84M H100-hours, 16,384 chips
    ("training_run", "flop", {"params": 405e9, "tokens": 15.6e12}, 3.7908e25),
    ("training_run", "mfu", {"flop": 3.8e25, "chip_hours": 30.84e6, "chip": "h100"}, 0.3461),
    ("training_run", "days", {"chip_hours": 30.84e6, "n_chips": 16384}, 78.43),
    ("training_run", "usd", {"chip_hours": 2.788e6, "usd_per_chip_hour": "$2/hr"}, 5.576e6),
    ("training_run", "usd", {"chip_hours": 30.84e6, "usd": 2, "chip": "h100"}, 61.68e6),
    ("training_run", "n_chips", {"flop": 1e25, "days": 60, "chip": "h100", "mfu": 0.4}, 4877),
    ("training_run", "energy_mwh", {"chip_hours": 50e6, "watts_per_chip": 1400}, 70_000),
    # 5 % of 100,000; Llama 3's 419 interruptions in 54 days on 16,384 chips
    ("cluster_reliability", "failed_chips", {"n_chips": 100_000, "failure_percent": 5}, 5000),
    ("cluster_reliability", "replacement_usd", {"n_chips": 1e5, "failure_percent": 5, "usd_per_chip": 3e4}, 150e6),
    ("cluster_reliability", "mtbf_hours", {"failures": 419, "days": 54}, 3.0931),
    ("cluster_reliability", "chip_mtbf_hours", {"failures": 419, "days": 54, "n_chips": 16384}, 50_677),
    ("cluster_reliability", "annual_failure_percent", {"failures": 220, "days": 54, "n_chips": 16384}, 9.076),
    ("cluster_reliability", "failures", {"n_chips": 1e5, "annual_failure_percent": 9, "days": 365}, 9000),
    ("cluster_reliability", "goodput_percent", {"failures": 419, "days": 54, "checkpoint_s": 60, "restart_s": 600}, 85.3),
    # 100 generated, 2 trained on; 200 generated, 2 kept
    ("rollout_compute", "generation_to_training", {"samples_generated": 100, "samples_trained": 2}, 16.6667),
    ("rollout_compute", "generation_share_percent", {"samples_generated": 100, "samples_trained": 2}, 94.34),
    ("rollout_compute", "acceptance_percent", {"samples_generated": 200, "samples_trained": 2}, 1.0),
    ("rollout_compute", "forward_to_backward", {}, 0.5),
    ("rollout_compute", "total_flop", {"params": 70e9, "tokens_generated": 1e9, "reference_model": True}, 8.4e20),
    # the 4x4x4 torus of a Trainium2 UltraServer, the 16x16 of a TPU v5e pod
    ("interconnect", "chips", {"dims": "4x4x4"}, 64),
    ("interconnect", "links", {"dims": [4, 4, 4]}, 192),
    ("interconnect", "diameter_hops", {"dims": [4, 4, 4]}, 6),
    ("interconnect", "bisection_links", {"dims": [4, 4, 4]}, 32),
    ("interconnect", "links", {"dims": [16, 16]}, 512),
    ("interconnect", "links", {"dims": [4, 4, 4], "topology": "mesh"}, 144),
    ("interconnect", "diameter_hops", {"topology": "hypercube", "n_chips": 64}, 6),
    ("interconnect", "chips_per_rack", {"n_chips": 64, "racks": 2}, 32),
    ("interconnect", "domain_ratio", {"domain_chips": 8000, "other_domain_chips": 72}, 111.1),
    ("interconnect", "chips", {"side": 16, "topology": "3d_torus"}, 4096),
    ("interconnect", "domain_ratio", {"n_chips": 72, "chip": "tpu-v5p", "other_chip": "gb200"}, 124.44),
    ("interconnect", "domain_ratio", {"n_chips": 8960, "other_domain_chips": 72}, 124.44),
    ("interconnect", "domain_ratio", {"n_chips": 8960, "domain_chips": 72, "other_chip": "gb200"}, 124.44),
    ("interconnect", "latency_ms", {"distance_km": 1000}, 4.897),
]  # fmt: skip


@pytest.mark.parametrize(("tool", "wanted", "given_", "value"), WORKED)
def test_worked_values(tool: str, wanted: str, given_: dict[str, Any], value: float) -> None:
    assert ask(tool, wanted, **given_) == pytest.approx(value, rel=1e-3)


BAD = [
    ("scaling_spend", {}),
    ("scaling_spend", {"params": 0}),
    ("scaling_spend", {"params": 70e9, "tokens": 20}),
    ("scaling_spend", {"flop": -1e20}),
    ("scaling_spend", {"flop": math.inf}),
    ("scaling_spend", {"params": 7e9, "law": "moore"}),
    ("scaling_spend", {"params": 7e9, "mfu": 1.5}),
    ("scaling_spend", {"loss": 0.1, "law": "besiroglu"}),
    ("scaling_spend", {"runs_usd": [1e6, -1]}),
    ("scaling_spend", {"start_usd": 1e6, "factor": 1}),
    ("scaling_spend", {"budget_usd": "5 tokens"}),
    ("training_run", {}),
    ("training_run", {"n_chips": 0, "days": 3}),
    ("training_run", {"params": 7e9, "tokens": 1e12, "chip": "abacus"}),
    ("training_run", {"flop": 1e25, "params": 1e9, "tokens": 1e9}),
    ("cluster_reliability", {}),
    ("cluster_reliability", {"n_chips": -5}),
    ("cluster_reliability", {"n_chips": 100, "failure_percent": 101}),
    ("cluster_reliability", {"mtbf_hours": 0}),
    ("rollout_compute", {"samples_generated": 2, "samples_trained": 100}),
    ("rollout_compute", {"samples_trained": 2, "acceptance_percent": 0}),
    ("interconnect", {}),
    ("interconnect", {"dims": [4, 0, 4]}),
    ("interconnect", {"dims": "4xbanana"}),
    ("interconnect", {"dims": [100000, 100000]}),
    ("interconnect", {"n_chips": 63, "topology": "hypercube"}),
    ("interconnect", {"distance_km": -3}),
    ("interconnect", {"params": 1e9}),
]  # fmt: skip


@pytest.mark.parametrize(("tool", "given_"), BAD)
def test_input_that_cannot_be_is_one_clear_line(tool: str, given_: dict[str, Any]) -> None:
    with pytest.raises(InputError) as caught:
        registry.run(tool, given_)
    assert "\n" not in str(caught.value)
    assert caught.value.field


@given(params=st.floats(1e6, 1e13), tokens=st.floats(1e8, 1e15), mfu=st.floats(0.05, 1.0))
@settings(max_examples=40, deadline=None)
def test_training_run_inverts(params: float, tokens: float, mfu: float) -> None:
    chip_hours = ask("training_run", "chip_hours", params=params, tokens=tokens, mfu=mfu, chip="h100-sxm")
    back = ask("training_run", "tokens", params=params, chip_hours=chip_hours, mfu=mfu, chip="h100-sxm")
    assert back == pytest.approx(tokens, rel=1e-6)
    again = ask("training_run", "mfu", params=params, tokens=tokens, chip_hours=chip_hours, chip="h100-sxm")
    assert again == pytest.approx(mfu, rel=1e-6)


@given(start=st.floats(1e3, 1e10), factor=st.floats(1.01, 100), steps=st.integers(1, 8))
@settings(max_examples=40, deadline=None)
def test_ladder_inverts(start: float, factor: float, steps: int) -> None:
    end = (
        ask("scaling_spend", "end_usd", start_usd=start, factor=factor, steps=steps)
        if steps > 1
        else start * factor
    )
    assert ask("scaling_spend", "steps", start_usd=start, end_usd=end, factor=factor) == pytest.approx(
        steps, rel=1e-6
    )


@given(dims=st.lists(st.integers(1, 20), min_size=1, max_size=5))
@settings(max_examples=40, deadline=None)
def test_torus_counts_are_those_of_its_graph(dims: list[int]) -> None:
    from tools.scaling.topology import grid

    network = grid(tuple(dims), closed=True)
    assert network.chips == math.prod(dims)
    assert network.links <= len(dims) * network.chips
    assert network.diameter_hops >= network.average_hops * (network.chips - 1) / network.chips - 1e-9
    mesh = grid(tuple(dims), closed=False)
    assert mesh.links <= network.links
    assert mesh.diameter_hops >= network.diameter_hops


def test_torus_counts_by_walking_the_graph() -> None:
    from itertools import product as cells

    from tools.scaling.topology import grid

    for dims in ((3, 4), (2, 5), (4, 4, 2), (1, 6)):
        nodes = list(cells(*(range(k) for k in dims)))
        edges = {
            frozenset(
                (node, tuple((c + (i == axis)) % k for i, (c, k) in enumerate(zip(node, dims, strict=True))))
            )
            for node in nodes
            for axis in range(len(dims))
        }
        edges = {e for e in edges if len(e) == 2}
        network = grid(dims, closed=True)
        assert network.links == len(edges), dims
        steps = [sum(min(abs(a - b), k - abs(a - b)) for a, b, k in zip(p, q, dims, strict=True))
                 for p in nodes for q in nodes]  # fmt: skip
        assert network.diameter_hops == max(steps)
        assert network.average_hops == pytest.approx(sum(steps) / (len(nodes) * (len(nodes) - 1)))


def test_a_larger_cluster_fails_more_often() -> None:
    sizes = [1e3, 1e4, 1e5, 3e5, 1e6]
    shares = [ask("cluster_reliability", "goodput_percent", n_chips=n, days=30) for n in sizes]
    assert all(a > b > 0 for a, b in itertools.pairwise(shares))


def test_a_cost_names_its_method_and_its_sources() -> None:
    run = registry.run("training_run", {"params": 70e9, "tokens": 15e12, "chip": "h100-sxm"})
    assert run.output["cost_method"] == "rent per chip-hour"
    assert run.sources
    assert any("MFU" in line for line in run.assumptions)


def test_spread_over_laws_brackets_the_answer() -> None:
    run = registry.run("scaling_spend", {"flop": 1e24})
    params = next(f for f in run.figures if f.name == "params")
    assert params.low is not None
    assert params.high is not None
    assert params.low <= params.value <= params.high
    assert len(run.output["laws"]) >= 8


@pytest.mark.shared
def test_multi_site_bandwidth_is_the_diloco_tables() -> None:
    if not DILOCO.exists():
        pytest.skip("the shared table is not beside this checkout")
    import csv

    rows = [r for r in csv.DictReader(DILOCO.open()) if r["method"] in ("Data-Parallel", "Vanilla DiLoCo")]
    for row in rows:
        for share in (50, 80, 90, 95):
            got = ask("interconnect", "site_bandwidth_gbit_per_s", params=float(row["params"]),
                      step_s=float(row["step_s"]), sync_every_steps=float(row["H"]),
                      compute_utilization=share / 100)  # fmt: skip
            assert 0.97 <= got / float(row[f"cu{share}"]) <= 1.20


def test_every_chip_trains_or_says_why() -> None:
    for chip in load().chips:
        with contextlib.suppress(FactAbsent):
            run = registry.run("training_run", {"params": 8e9, "tokens": 1e12, "chip": chip})
            assert json.loads(run.model_dump_json())["output"]["chip_hours"] > 0
