"""The compiled serving model through Python: physics, monotonicity, batches, refusals, speed."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools import _core

HALF = (2.0, "bf16")
EIGHT = (1.0, "fp8")


def h100() -> _core.Chip:
    return _core.Chip(
        memory_bytes=85.9e9, bandwidth=3.35e12, fp16=989e12, fp8=1979e12, link=450e9, domain=8, network=50e9
    )


def dense_70b() -> _core.Model:
    return _core.Model(
        layers=80, hidden=8192, heads=64, kv_heads=8, head_dim=128, attention_params=12.1e9,
        dense_params=56.4e9, head_params=1.05e9, embedding_params=1.05e9, full_layers=80,
    )  # fmt: skip


def deepseek() -> _core.Model:
    return _core.Model(
        layers=61, hidden=7168, heads=128, kv_heads=128, head_dim=192, attention_params=11.4e9,
        dense_params=3.9e9, expert_params=654e9, head_params=0.93e9, embedding_params=0.93e9, moe_layers=58,
        experts=256, experts_per_token=8, full_layers=61, latent_rank=512, rope_dim=64,
    )  # fmt: skip


def plan(chips: float = 8, tp: float = 8, fmt: tuple[float, str] = EIGHT, **more: object) -> _core.Plan:
    formats = {"attention": fmt, "dense": fmt, "expert": fmt, "head": HALF}
    return _core.Plan(chips=chips, tp=tp, kv_bytes=1.0, **formats, **more)  # type: ignore[arg-type]


def deployment(**more: object) -> _core.Deployment:
    return _core.Deployment(h100(), dense_70b(), plan(**more))  # type: ignore[arg-type]


def run(
    made: _core.Deployment, batch: float = 32, prompt: float = 1000, answer: float = 500
) -> _core.Estimate:
    return made.estimate(
        _core.Tuning(), input_tokens=prompt, output_tokens=answer, load="closed", count=batch
    )


def test_decode_reads_every_weight_at_least_once() -> None:
    found = run(deployment(), batch=1)
    bytes_per_chip = (12.1e9 + 56.4e9 + 2 * 1.05e9) / 8
    assert found.decode_step_s > bytes_per_chip / 3.35e12
    assert found.decode_step_s < 20 * bytes_per_chip / 3.35e12


def test_latent_cache_is_kept_whole_under_tensor_parallelism() -> None:
    split = _core.Deployment(h100(), deepseek(), plan(chips=16, tp=16, ep=16))
    ranked = _core.Deployment(h100(), deepseek(), plan(chips=16, tp=1, ep=16, attention_dp=True))
    per_token = 61 * (512 + 64)
    assert split.cache_bytes_per_chip(1000) == pytest.approx(per_token * 1000)
    assert split.ranks() == 1
    assert ranked.ranks() == 16
    assert ranked.room(_core.Tuning(), 4096) > 5 * split.room(_core.Tuning(), 4096)


def test_experts_touched_follow_even_routing() -> None:
    assert deepseek().touched_share(1) == pytest.approx(8 / 256)
    assert deepseek().touched_share(64) == pytest.approx(1 - (1 - 8 / 256) ** 64)


def test_pipeline_makes_one_pass_per_token_and_shares_prefill() -> None:
    flat, piped = deployment(chips=8, tp=8), deployment(chips=16, tp=8, pp=2)
    assert run(piped, batch=2).decode_step_s == pytest.approx(run(flat, batch=1).decode_step_s, rel=0.01)
    assert run(piped, batch=64).prefill_amortised_s == pytest.approx(
        run(flat, batch=64).prefill_amortised_s / 2, rel=0.05
    )


def test_prefill_of_joining_requests_delays_tokens() -> None:
    found = run(deployment(), batch=64, prompt=8000, answer=100)
    assert found.tpot_s > 1.2 * found.decode_step_s


def test_more_clients_than_room_only_queue() -> None:
    made = deployment(chips=2, tp=2)
    room = made.room(_core.Tuning(), 9000)
    within, beyond = (run(made, batch=room * k, prompt=8000, answer=1000) for k in (1.0, 3.0))
    assert beyond.batch == pytest.approx(room)
    assert beyond.output_tokens_per_s == pytest.approx(within.output_tokens_per_s, rel=1e-6)
    assert beyond.ttft_s > 5 * within.ttft_s
    assert beyond.limited_by == "memory capacity"


def test_batch_rows_equal_single_estimates_and_bad_rows_are_nan() -> None:
    made = [deployment(), deployment(chips=4, tp=4)]
    tuning = np.array([_core.Tuning().values()])
    work = np.array([[1000.0, 500.0, 1.0, 32.0, 1.0], [1000.0, 500.0, 0.0, math.nan, 0.0]])
    found = _core.estimate_batch(made, tuning, work)
    single = run(made[0])
    assert found[0, :4] == pytest.approx(
        [single.ttft_s, single.tpot_s, single.output_tokens_per_s, single.requests_per_s]
    )
    assert np.isnan(found[1]).all()


@pytest.mark.parametrize(
    ("field", "make"),
    [
        ("bandwidth", lambda: _core.Chip(memory_bytes=1e9, bandwidth=-1.0, fp16=1e12)),
        ("n_chips", lambda: plan(chips=0)),
        ("compute", lambda: plan(fmt=(1.0, "fp7"))),
        ("batch", lambda: run(deployment(), batch=0)),
        ("input_tokens", lambda: run(deployment(), prompt=-5)),
        ("output_tokens", lambda: run(deployment(), answer=math.inf)),
        ("tuning", lambda: _core.Tuning([1.0, 2.0])),
    ],
)
def test_what_cannot_be_is_refused_by_name(field: str, make: object) -> None:
    with pytest.raises(_core.CoreError) as caught:
        make()  # type: ignore[operator]
    assert caught.value.args[0] == field


@settings(max_examples=300, deadline=None)
@given(
    batch=st.floats(1, 4096),
    prompt=st.floats(1, 200_000),
    answer=st.floats(1, 20_000),
    more=st.floats(1, 8),
    chips=st.sampled_from([1, 2, 4, 8, 16]),
)
def test_time_grows_with_batch_and_context(
    batch: float, prompt: float, answer: float, more: float, chips: int
) -> None:
    made, tuning = deployment(chips=chips, tp=chips), _core.Tuning()

    def step(count: float, length: float) -> float:
        return made.estimate(
            tuning, input_tokens=length, output_tokens=answer, load="static", count=count
        ).decode_step_s

    slack = 1 - 1e-9
    assert step(batch * more, prompt) >= step(batch, prompt) * slack
    assert step(batch, prompt * more) >= step(batch, prompt) * slack
    assert made.room(tuning, prompt * more) <= made.room(tuning, prompt) / slack


def test_one_estimate_is_quick() -> None:
    made, tuning = deployment(), _core.Tuning()
    best = math.inf
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(2000):
            made.estimate(tuning, input_tokens=1000, output_tokens=500, load="closed", count=32)
        best = min(best, (time.perf_counter() - start) / 2000)
    assert best < 15e-6
