"""Compute of learning from one's own samples: reinforcement learning with rollouts, and synthetic data.

Forward 2ND, backward 4ND, so a trained token costs 6ND (Kaplan et al. 2020). Reinforcement learning over T
tokens: T (2N generate + 2N score + 2N reference + 6N × epochs). Synthetic data: 2 N_teacher T / acceptance
+ 6 N_student T. Generation is bound by memory, so it is never priced at the MFU of training.
"""

from __future__ import annotations

import math
from typing import Any

from pydantic import ConfigDict

from tools.contract import Query, Result, Source, quantity
from tools.errors import InputError
from tools.serving.compute_rate import chip_hours_text
from tools.solve import Relations, Rule, Solution, product, units_of

FORWARD_FLOP, TRAIN_FLOP = 2.0, 6.0
KAPLAN = Source(
    title="Kaplan et al. 2020, Scaling Laws for Neural Language Models, table 1",
    url="https://arxiv.org/abs/2001.08361", as_of="2020-01",
    says="2 FLOP per parameter and token forward, twice that backward",
)  # fmt: skip

_EXAMPLES: list[dict[str, Any]] = [
    {
        "question": "we sample 64 answers a prompt and train on 4 of them: generation compute over training compute?",
        "input": {"samples_generated": 64, "samples_trained": 4}, "want": "generation_to_training",
    },
    {
        "question": "200 rollouts, 2 kept. What percent yield is that?",
        "input": {"samples_generated": 200, "samples_trained": 2}, "want": "acceptance_percent",
    },
    {
        "question": "what share of the FLOPs is inference when 100 samples are generated and 2 trained on?",
        "input": {"samples_generated": 100, "samples_trained": 2}, "want": "generation_share_percent",
    },
    {
        "question": "how many candidates must be generated to keep 10,000 at 5% acceptance?",
        "input": {"samples_trained": 10000, "acceptance_percent": 5}, "want": "samples_generated",
    },
    {
        "question": "what fraction of training FLOPs is the forward pass?",
        "input": {}, "want": "forward_share_percent",
    },
    {
        "question": "how many times more compute does the backward pass need than the forward pass",
        "input": {}, "want": "backward_to_forward",
    },
    {
        "question": "RL compute for a 70B policy over 1B rollout tokens with a reference model, 2 epochs",
        "input": {"params": 70e9, "tokens_generated": 1e9, "reference_model": True, "epochs": 2}, "want": "total_flop",
    },
    {
        "question": "FLOPs of a 405B teacher making 50B accepted synthetic tokens (20% pass) for an 8B student",
        "input": {"teacher_params": 405e9, "params": 8e9, "tokens_trained": 50e9, "acceptance_percent": 20},
        "want": "total_flop",
    },
]  # fmt: skip


class RolloutComputeQuery(Query):
    """Samples made, samples learned from, and the models that do both."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, json_schema_extra={"examples": _EXAMPLES})  # type: ignore[dict-item]

    samples_generated: float | None = quantity(
        "Samples (rollouts, candidates, trajectories) generated, each one sequence", "request", default=None, above=0,
        words=("generate", "samples", "rollouts", "candidates", "trajectories", "generated", "sampled", "answers", "tries", "tried", "drawn", "attempts"),
        ask="How many samples are generated, and how many are trained on?",
    )  # fmt: skip
    samples_trained: float | None = quantity(
        "Samples that are kept and trained on, each one sequence", "request", default=None, above=0,
        words=("train on", "trained on", "kept", "keep", "learned from", "used for training", "accepted", "gradient on", "gradients on", "used in the update", "learn from", "update on"),
    )  # fmt: skip
    acceptance_percent: float | None = quantity(
        "Share of the generated samples that is kept", "percent", default=None, above=0, max=100,
        words=("acceptance", "acceptance rate", "yield", "pass rate", "kept share", "survive"),
    )  # fmt: skip
    tokens_per_sample: float | None = quantity(
        "Tokens of one sample", "token/request", default=None, above=0,
        words=("tokens per sample", "tokens each", "tokens a rollout", "length of a sample"),
    )  # fmt: skip
    tokens_generated: float | None = quantity(
        "Tokens generated in all", "token", default=None, above=0,
        words=("tokens generated", "rollout tokens", "generated tokens", "to write", "writing", "writes"),
    )  # fmt: skip
    tokens_trained: float | None = quantity(
        "Tokens trained on, each pass counted once", "token", default=None, above=0,
        words=("tokens trained on", "accepted tokens", "kept tokens", "synthetic tokens"),
    )  # fmt: skip
    params: float | None = quantity(
        "Parameters of the model that learns", "param", default=None, above=0,
        words=("parameters", "params", "policy", "student", "model size"),
    )  # fmt: skip
    teacher_params: float | None = quantity(
        "Parameters of the model that generates, when it is another", "param", default=None, above=0,
        words=("teacher", "generator", "larger model"),
    )  # fmt: skip
    epochs: float | None = quantity(
        "Training passes over the kept samples (1 unless said)", "dimensionless", default=None, above=0,
        words=("epochs", "passes", "updates per sample", "times over"),
    )  # fmt: skip
    reference_model: bool = False
    score_pass: bool | None = None
    forward_flop: float | None = quantity(
        "FLOP per parameter and token of a forward pass (2 unless said)", "FLOP/param/token", default=None, above=0,
        words=("forward", "forward pass FLOP", "for generating", "to sample", "to generate"),
    )  # fmt: skip
    train_flop: float | None = quantity(
        "FLOP per parameter and token of a forward and a backward pass (6 unless said)", "FLOP/param/token",
        default=None, above=0, words=("fwd+bwd", "forward plus backward", "training pass FLOP", "for training", "to train", "training", "update"),
    )  # fmt: skip
    peak_tflops: float | None = quantity(
        "Dense peak of one chip", "TFLOP/s/chip", default=None, above=0, words=("peak", "TFLOP/s per chip")
    )
    training_mfu: float | None = quantity(
        "Utilisation of the training passes", "dimensionless", default=None, above=0, max=1,
        words=("training MFU", "MFU"),
    )  # fmt: skip
    generation_mfu: float | None = quantity(
        "Utilisation of the generation, bound by memory (0.05 where DeepSeek R1-Zero's figures point)",
        "dimensionless", default=None, above=0, max=1, words=("generation MFU", "decode MFU", "rollout utilisation"),
    )  # fmt: skip


class RolloutComputeResult(Result):
    """Where the compute of learning from samples goes."""

    generation_to_training: float | None = quantity(
        "Generation FLOP over training FLOP", "dimensionless", default=None, role="headline",
        words=("ratio", "generation to training", "generation over training", "times more", "inference to training"),
    )  # fmt: skip
    samples_generated: float | None = quantity(
        "Samples to generate", "sample", default=None, role="headline",
        words=("samples needed", "how many rollouts", "candidates needed"),
    )  # fmt: skip
    samples_trained: float | None = quantity(
        "Samples kept", "sample", default=None, words=("samples kept", "how many are kept", "survivors")
    )
    acceptance_percent: float | None = quantity(
        "Share of the samples that is kept",
        "percent",
        default=None,
        words=("yield", "acceptance rate", "percent kept"),
    )
    generation_share_percent: float | None = quantity(
        "Generation's share of all FLOP", "percent", default=None, role="headline",
        words=("inference share", "generation share", "share of compute that is inference", "percent of all FLOPs is generation",
               "percentage of total compute", "what share is sampling", "goes on generating"),
    )  # fmt: skip
    training_share_percent: float | None = quantity(
        "The training passes' share of all FLOP", "percent", default=None,
        words=("share of the training passes", "percent spent on gradients", "update share", "share of the compute that is learning"),
    )  # fmt: skip
    forwards_per_update: float | None = quantity(
        "Forward passes for each sample trained on", "dimensionless", default=None,
        words=("forward passes per update", "forwards per backward", "forward passes"),
    )  # fmt: skip
    total_flop: float | None = quantity(
        "All FLOP", "FLOP", default=None, role="headline",
        words=("total FLOP", "total compute", "all compute", "FLOPs"),
    )  # fmt: skip
    generation_flop: float | None = quantity(
        "FLOP of generation",
        "FLOP",
        default=None,
        role="headline",
        words=(
            "generation FLOP",
            "rollout FLOP",
            "inference FLOP",
            "teacher compute",
            "compute to generate",
            "generation compute",
        ),
    )
    scoring_flop: float | None = quantity(
        "FLOP of scoring by the policy and the reference model", "FLOP", default=None,
        words=("scoring FLOP", "reference FLOP"),
    )  # fmt: skip
    training_flop: float | None = quantity(
        "FLOP of training passes", "FLOP", default=None, words=("training FLOP", "update FLOP")
    )
    tokens_generated: float | None = quantity(
        "Tokens generated", "token", default=None, words=("tokens to generate",)
    )
    chip_hours: float | None = quantity(
        "Chip-hours, generation and training each at its own utilisation", "chip*hour", default=None,
        words=("GPU-hours", "chip-hours"),
    )  # fmt: skip
    forward_share_percent: float | None = quantity(
        "Forward pass as a share of a training step", "percent", default=None, role="headline",
        words=("forward share", "fraction of training that is forward"),
    )  # fmt: skip
    parity_samples: float | None = quantity(
        "Samples generated for each one trained on at which both cost the same", "dimensionless", default=None,
        words=("samples per sample trained on", "cost the same", "break even", "generation equals training",
               "where they are equal"),
    )  # fmt: skip
    backward_to_forward: float | None = quantity(
        "Backward pass over forward pass", "dimensionless", default=None,
        words=("backward to forward", "backward over forward"),
    )  # fmt: skip
    forward_to_backward: float | None = quantity(
        "Forward pass over backward pass", "dimensionless", default=None,
        words=("forward to backward", "forward over backward"),
    )  # fmt: skip


RELATIONS = Relations(
    Rule("acceptance_percent", ("samples_trained", "samples_generated"), lambda k, g: 100 * k / g,
         "{samples_trained} / {samples_generated}"),
    Rule("samples_generated", ("samples_trained", "acceptance_percent"), lambda k, a: 100 * k / a,
         "{samples_trained} / {acceptance_percent}"),
    Rule("samples_trained", ("samples_generated", "acceptance_percent"), lambda g, a: g * a / 100,
         "{samples_generated} × {acceptance_percent}"),
    Rule("acceptance_percent", ("tokens_trained", "tokens_generated"), lambda k, g: 100 * k / g,
         "{tokens_trained} / {tokens_generated}"),
    product("tokens_generated", "samples_generated", "tokens_per_sample"),
    product("tokens_trained", "samples_trained", "tokens_per_sample"),
    Rule("tokens_generated", ("tokens_trained", "acceptance_percent"), lambda k, a: 100 * k / a,
         "{tokens_trained} / {acceptance_percent}"),
    Rule("tokens_trained", ("tokens_generated", "acceptance_percent"), lambda g, a: g * a / 100,
         "{tokens_generated} × {acceptance_percent}"),
    Rule("forwards_per_update", ("acceptance_percent",), lambda a: 100 / a, "1 / {acceptance_percent}"),
    Rule("forward_share_percent", ("forward_flop", "train_flop"), lambda f, t: 100 * f / t,
         "{forward_flop} / {train_flop}"),
    Rule("parity_samples", ("forward_flop", "train_flop", "epochs"), lambda f, t, e: t * e / f,
         "{train_flop} × {epochs} / {forward_flop}"),
    Rule("backward_to_forward", ("forward_flop", "train_flop"), lambda f, t: (t - f) / f,
         "({train_flop} − {forward_flop}) / {forward_flop}"),
    Rule("forward_to_backward", ("forward_flop", "train_flop"), lambda f, t: f / (t - f),
         "{forward_flop} / ({train_flop} − {forward_flop})"),
    product("generation_flop", "forward_flop", "generator_params", "tokens_generated"),
    product("training_flop", "train_flop", "params", "tokens_trained", "epochs"),
    Rule("generation_to_training", ("generation_flop", "training_flop"), lambda g, t: g / t,
         "{generation_flop} / {training_flop}"),
    Rule("generation_to_training", ("acceptance_percent", "forward_flop", "train_flop", "epochs", "size_ratio"),
         lambda a, f, t, e, s: 100 / a * f * s / (t * e),
         "{forward_flop} × samples generated / ({train_flop} × samples trained on)"),
    Rule("total_flop", ("generation_flop", "scoring_flop", "training_flop"), lambda g, s, t: g + s + t,
         "{generation_flop} + {scoring_flop} + {training_flop}"),
    Rule("chip_hours",
         ("generation_flop", "scoring_flop", "training_flop", "peak_tflops", "generation_mfu", "training_mfu"),
         lambda g, s, t, p, gm, tm: (g / gm + (s + t) / tm) / (3600e12 * p),
         "({generation_flop} / {generation_mfu} + ({scoring_flop} + {training_flop}) / {training_mfu})"
         " / {peak_tflops}"),
)  # fmt: skip
_UNITS = units_of(RolloutComputeQuery, RolloutComputeResult)


def rollout_compute(query: RolloutComputeQuery) -> RolloutComputeResult:
    """Reinforcement learning and synthetic data: generation FLOP against training FLOP, rollouts, acceptance.

    Ratio of forward passes (2ND) to training passes (6ND) when many samples are generated and few are trained
    on, the inference share of training, samples needed at an acceptance rate, and the total compute of an RL run
    or of a teacher's synthetic data.
    """
    if (query.samples_trained or 0.0) > (query.samples_generated or math.inf):
        raise InputError(
            "samples_trained", query.samples_trained, "at most the samples generated (use epochs)"
        )
    if query.forward_flop is not None and (query.train_flop or math.inf) < query.forward_flop:
        raise InputError("train_flop", query.train_flop, "at least the forward pass, which is part of it")
    known, assumptions = _known(query)
    solution = RELATIONS.solve(known)
    _score(query, solution, known)
    solution = RELATIONS.solve(known)
    result = RolloutComputeResult(
        **{n: v for n, v in _answers(query, solution).items() if n in RolloutComputeResult.model_fields},
        assumptions=assumptions, sources=[KAPLAN],
    )  # fmt: skip
    if result.generation_to_training is not None:
        ratio = result.generation_to_training
        result.generation_share_percent = 100.0 * ratio / (1.0 + ratio)
        result.training_share_percent = 100.0 - result.generation_share_percent
    wanted = [n for n in _FORMULA_ORDER if getattr(result, n, None) is not None] or ["forward_share_percent"]
    result.formula = chip_hours_text(solution.formula(_UNITS, wanted))
    if result.total_flop is not None and query.peak_tflops is None:
        result.warnings.append(
            "FLOP, not time: generation is bound by memory, far below training's utilisation"
        )
    return result


_FORMULA_ORDER = (
    "generation_to_training", "acceptance_percent", "samples_generated", "samples_trained", "total_flop",
    "generation_flop", "chip_hours",
)  # fmt: skip


def _known(query: RolloutComputeQuery) -> tuple[dict[str, float], list[str]]:
    known = {n: getattr(query, n) for n in RELATIONS.names() if getattr(query, n, None) is not None}
    assumptions = []
    if query.forward_flop is None and query.train_flop is None:
        assumptions.append("Forward 2 and forward plus backward 6 FLOP per parameter and token")
    known.setdefault("forward_flop", FORWARD_FLOP)
    known.setdefault("train_flop", TRAIN_FLOP)
    known.setdefault("epochs", 1.0)
    if query.params is not None or query.teacher_params is not None:
        known["generator_params"] = float(query.teacher_params or query.params or 0.0)
        if query.params is not None:
            known["size_ratio"] = known["generator_params"] / query.params
    else:
        known["size_ratio"] = 1.0
    if query.reference_model and query.acceptance_percent is None and query.tokens_trained is None:
        known.setdefault("acceptance_percent", 100.0)  # reinforcement learning learns from every rollout
    return known, assumptions


def _score(query: RolloutComputeQuery, solution: Solution, known: dict[str, float]) -> None:
    """FLOP of scoring each generated token: once by the policy (RL), once by the reference model."""
    scored = query.score_pass if query.score_pass is not None else query.reference_model
    passes = float(scored) + float(query.reference_model)
    tokens = solution.get("tokens_generated")
    if passes == 0.0:
        known["scoring_flop"] = 0.0
    elif tokens is not None and query.params is not None:
        known["scoring_flop"] = passes * known["forward_flop"] * query.params * tokens


def _answers(query: RolloutComputeQuery, solution: Solution) -> dict[str, float]:
    """What was found; the constants of a pass only where nothing else was asked."""
    found = solution.found()
    if solution.get("scoring_flop"):
        found["scoring_flop"] = solution.values["scoring_flop"]
    return found
