"""Query and result of `scaling_spend`."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from tools.contract import Result, entity, quantity
from tools.serving.compute_rate import ComputeQuery

_EXAMPLES: list[dict[str, Any]] = [
    {
        "question": "Our last pre-training run cost $80M, what would the following order of magnitude cost?",
        "input": {"start_usd": 80e6, "factor": 10}, "want": "next_usd",
    },
    {
        "question": "starting from a $40M run, what does the run two tenfold steps later cost?",
        "input": {"start_usd": 40e6, "factor": 10, "steps": 2}, "want": "end_usd",
    },
    {
        "question": "five runs, the first costs $2M and each is 10x the one before: what do they cost in total?",
        "input": {"start_usd": 2e6, "factor": 10, "n_runs": 5}, "want": "total_usd",
    },
    {
        "question": "add up runs of $5M, $50M and $500M",
        "input": {"runs_usd": [5e6, 50e6, 500e6]}, "want": "total_usd",
    },
    {
        "question": "how many tenfold steps lie between a $20 million and a $20 billion training budget?",
        "input": {"start_usd": 20e6, "end_usd": 20e9, "factor": 10}, "want": "steps",
    },
    {
        "question": "how many decades from $1M to $10B of spend",
        "input": {"start_usd": 1e6, "end_usd": 10e9}, "want": "decades",
    },
    {
        "question": "if training spend grows 3x a year, how many years from $100M to $10B?",
        "input": {"start_usd": 100e6, "end_usd": 10e9, "growth_per_year": 3}, "want": "years",
    },
    {
        "question": "how many tokens should a 13B model see to be Chinchilla-optimal?",
        "input": {"params": 13e9, "law": "chinchilla-20"}, "want": "tokens",
    },
    {
        "question": "training FLOPs of a compute-optimal 30B model with 20 tokens per parameter",
        "input": {"params": 30e9, "tokens_per_param": 20}, "want": "flop",
    },
    {
        "question": "best model size for 1e24 FLOP at 20 tokens a parameter",
        "input": {"flop": 1e24, "tokens_per_param": 20}, "want": "params",
    },
    {
        "question": "I have $50 million, H100s at $2 an hour and 40% MFU. What is the optimal parameter count?",
        "input": {"budget_usd": 50e6, "chip": "h100-sxm", "usd_per_chip_hour": 2, "mfu": 0.4}, "want": "params",
    },
    {
        "question": "what loss does the Hoffmann law give a 70B model trained on 1.4T tokens?",
        "input": {"params": 70e9, "tokens": 1.4e12, "law": "hoffmann-2022"}, "want": "loss",
    },
    {
        "question": "compute needed to reach a loss of 2.0 by Besiroglu's fit",
        "input": {"loss": 2.0, "law": "besiroglu-2024"}, "want": "flop",
    },
    {
        "question": "By how many percent does 10x more compute cut the loss in Kaplan's law?",
        "input": {"compute_factor": 10, "law": "kaplan-2020"}, "want": "loss_drop_percent",
    },
    {
        "question": "what multiple of compute cuts the reducible loss in half at an exponent of 0.1?",
        "input": {"loss_drop_percent": 50, "loss_exponent": 0.1}, "want": "compute_factor",
    },
    {
        "question": "How much more compute halves the reducible loss if the exponent is 0.05?",
        "input": {"loss_drop_percent": 50, "loss_exponent": 0.05}, "want": "compute_factor",
    },
    {
        "question": "1e22 FLOP but only 25B unique tokens: how many epochs are best?",
        "input": {"flop": 1e22, "unique_tokens": 25e9}, "want": "epochs",
    },
    {
        "question": "what is a token worth when 100B unique tokens are repeated for 4 epochs?",
        "input": {"unique_tokens": 100e9, "epochs": 4}, "want": "token_worth_percent",
    },
    {
        "question": "A 13B model will serve 2T tokens: what size would have been cheaper over its life?",
        "input": {"params": 13e9, "inference_tokens": 2e12}, "want": "adjusted_params",
    },
]  # fmt: skip


class ScalingSpendQuery(ComputeQuery):
    """A budget, a size, a loss or a ladder of budgets."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, json_schema_extra={"examples": _EXAMPLES})  # type: ignore[dict-item]

    budget_usd: float | None = quantity(
        "Money for one training run", "USD", default=None, above=0,
        words=("budget", "money", "dollars to spend", "spend on training", "with $"),
        ask="What is the training budget, compute, size or number of tokens?",
    )  # fmt: skip
    flop: float | None = quantity(
        "Training compute", "FLOP", default=None, above=0,
        words=("FLOP", "FLOPs", "compute", "compute budget", "training compute"),
    )  # fmt: skip
    params: float | None = quantity(
        "Model parameters", "param", default=None, min=1e3,
        words=("parameters", "params", "model size", "param model", "B model"),
    )  # fmt: skip
    model: str | None = entity(
        "Model whose size is meant", "model", default=None, words=("model", "llama", "a model like")
    )
    tokens: float | None = quantity(
        "Training tokens", "token", default=None, min=1e5,
        words=("training tokens", "tokens", "trained on", "data set", "data"),
    )  # fmt: skip
    tokens_per_param: float | None = quantity(
        "Training tokens for each parameter", "token/param", default=None, above=0, max=1e6,
        words=("tokens per parameter", "trained on tokens per parameter", "tokens per param", "tokens a parameter", "token to parameter ratio"),
    )  # fmt: skip
    rule_tokens_per_param: float | None = quantity(
        "Tokens per parameter of a rule that the run is held against (20 unless said)", "token/param", default=None,
        above=0, max=1e6, words=("rule", "rule of thumb", "against the rule", "Chinchilla rule", "compared with the rule"),
    )  # fmt: skip
    loss: float | None = quantity(
        "Target loss in nats per token", "dimensionless", default=None, above=0,
        words=("loss", "target loss", "reach a loss", "nats"),
    )  # fmt: skip
    chip_hours: float | None = quantity(
        "Chip-hours of the run", "chip*hour", default=None, above=0,
        words=("chip-hours", "GPU-hours", "GPU hours", "accelerator hours"),
    )  # fmt: skip
    law: str | None = entity(
        "Published scaling law to go by", "law", default=None,
        words=("law", "scaling law", "according to", "by the law of"),
    )  # fmt: skip
    start_usd: float | None = quantity(
        "Cost of the run the ladder starts from", "USD", default=None, above=0,
        words=("after a run of", "last run", "previous run", "current run", "from", "starting at", "today's",
               "first run", "follows", "what follows"),
    )  # fmt: skip
    end_usd: float | None = quantity(
        "Cost of the run the ladder ends at", "USD", default=None, above=0,
        words=("to", "up to", "until", "reach", "final run", "biggest run"),
    )  # fmt: skip
    factor: float | None = quantity(
        "How many times dearer each step is (10 unless said)", "dimensionless", default=None, above=1,
        words=("next", "times", "x", "tenfold", "order of magnitude", "each step", "step up", "10x"),
    )  # fmt: skip
    steps: float | None = quantity(
        "Number of steps of the ladder", "dimensionless", default=None, above=0, max=60,
        words=("steps", "jumps", "generations", "rounds", "number of steps"),
    )  # fmt: skip
    n_runs: int | None = quantity(
        "Number of runs of the ladder, the first and the last counted", "dimensionless", default=None, min=2, max=61,
        words=("runs", "number of runs", "runs in all", "of so many runs"),
    )  # fmt: skip
    runs_usd: list[float] | None = quantity(
        "Costs of several runs, to be added up", "USD", default=None,
        words=("runs at", "runs of", "a run each at", "ladder of runs", "runs costing", "ladder"),
    )  # fmt: skip
    growth_per_year: float | None = quantity(
        "How many times spend grows in a year", "dimensionless", default=None, above=0,
        words=("a year", "per year", "annual growth", "every year", "yearly"),
    )  # fmt: skip
    years: float | None = quantity(
        "Years of growth", "year", default=None, above=0, words=("years", "over", "after years", "within")
    )
    compute_factor: float | None = quantity(
        "How many times more compute", "dimensionless", default=None, above=0,
        words=("times more compute", "more compute", "x the compute", "scale up compute", "bigger cluster"),
    )  # fmt: skip
    start_chips: float | None = quantity(
        "Chips before the cluster grows", "chip", default=None, above=0,
        words=("from GPUs", "cluster today", "grows from", "chips before"),
    )  # fmt: skip
    end_chips: float | None = quantity(
        "Chips after the cluster has grown", "chip", default=None, above=0,
        words=("to GPUs", "grows to", "chips after", "cluster reaches"),
    )  # fmt: skip
    start_flop: float | None = quantity(
        "Training compute of the smaller run", "FLOP", default=None, above=0,
        words=("from FLOP", "compute before", "earlier run's compute"),
    )  # fmt: skip
    end_flop: float | None = quantity(
        "Training compute of the larger run", "FLOP", default=None, above=0,
        words=("to FLOP", "compute after", "later run's compute"),
    )  # fmt: skip
    loss_drop_percent: float | None = quantity(
        "By how much the (reducible) loss should fall", "percent", default=None, above=0, below=100,
        words=("cut the loss", "lower the loss by", "loss falls by", "reduce loss", "halve the loss"),
    )  # fmt: skip
    loss_exponent: float | None = quantity(
        "Exponent of the loss in compute, instead of a law's (its sign does not matter: loss falls)",
        "dimensionless", default=None, min=-1, max=1,
        words=("exponent", "alpha", "slope", "compute exponent", "to the power", "loss goes as compute to the", "power law"),
    )  # fmt: skip
    unique_tokens: float | None = quantity(
        "Unique training tokens that exist", "token", default=None, above=0,
        words=("unique tokens", "unique data", "distinct tokens", "fresh tokens", "only have"),
    )  # fmt: skip
    epochs: float | None = quantity(
        "Passes over the unique tokens", "dimensionless", default=None, min=1,
        words=("epochs", "passes", "repeats", "times over the data"),
    )  # fmt: skip
    inference_tokens: float | None = quantity(
        "Tokens the model will serve over its life", "token", default=None, above=0,
        words=("inference tokens", "tokens served", "will serve", "lifetime inference", "inference demand"),
    )  # fmt: skip


class LawOptimum(BaseModel):
    """What one published law says of the same question."""

    law: str
    name: str
    params: float
    tokens: float
    flop: float
    loss: float | None
    tokens_per_param: float


class ScalingSpendResult(Result):
    """Every number that follows; what was not asked about is absent."""

    end_usd: float | None = quantity(
        "Cost of the last run of the ladder", "USD", default=None, role="headline",
        words=("final run", "last run costs", "end up at", "cost after", "run after next", "after steps", "steps later", "generations on", "two steps later"),
    )  # fmt: skip
    next_usd: float | None = quantity(
        "Cost of the next step", "USD", default=None, role="headline",
        words=("next step", "next run", "next 10x", "next costs", "following run", "next jump"),
    )  # fmt: skip
    start_usd: float | None = quantity(
        "Cost of the first run", "USD", default=None, words=("first run", "start")
    )
    years: float | None = quantity(
        "Years to grow from start to end", "year", default=None, role="headline",
        words=("years", "how long", "when", "how many years"),
    )  # fmt: skip
    steps: float | None = quantity(
        "Steps from start to end", "dimensionless", default=None, role="headline",
        words=("steps", "jumps", "tenfold steps", "how many steps"),
    )  # fmt: skip
    total_usd: float | None = quantity(
        "Sum of all runs of the ladder", "USD", default=None, role="headline",
        words=("total", "sum", "all together", "total spent", "cumulative", "add up"),
    )  # fmt: skip
    decades: float | None = quantity(
        "Orders of magnitude from start to end", "dimensionless", default=None,
        words=("decades", "orders of magnitude", "powers of ten"),
    )  # fmt: skip
    overall_factor: float | None = quantity(
        "End as a multiple of the start",
        "dimensionless",
        default=None,
        words=("overall factor", "how many times"),
    )
    factor: float | None = quantity(
        "Factor of each step", "dimensionless", default=None, words=("factor per step",)
    )
    growth_per_year: float | None = quantity(
        "Growth in a year",
        "dimensionless",
        default=None,
        words=("growth per year", "a year", "annual growth"),
    )
    last_share_percent: float | None = quantity(
        "Share of the total that the last run takes", "percent", default=None,
        words=("share of the last run", "last step share", "percent of the total", "biggest run's share"),
    )  # fmt: skip
    loss_drop_percent: float | None = quantity(
        "Fall of the loss (of its reducible part, for a law with a floor)", "percent", default=None,
        role="headline", words=("loss drop", "loss falls", "improvement", "cut the loss", "lower loss"),
    )  # fmt: skip
    compute_factor: float | None = quantity(
        "How many times more compute it takes", "dimensionless", default=None, role="headline",
        words=("times more compute", "how much more compute", "compute multiple"),
    )  # fmt: skip
    over_rule_factor: float | None = quantity(
        "Training tokens over those that the rule of tokens per parameter asks for", "dimensionless", default=None,
        role="detail", words=("times over the rule", "times over", "overtrained", "times more than the rule", "over Chinchilla"),
    )  # fmt: skip
    rule_tokens: float | None = quantity(
        "Tokens that the rule of tokens per parameter asks for", "token", default=None,
        words=("tokens by the rule", "Chinchilla tokens"),
    )  # fmt: skip
    adjusted_params: float | None = quantity(
        "Size that makes training plus serving cheapest at the same loss", "param", default=None,
        role="headline", words=("inference-adjusted size", "cheapest size over its life", "smaller model"),
    )  # fmt: skip
    adjusted_tokens: float | None = quantity(
        "Training tokens of that size",
        "token",
        default=None,
        words=("inference-adjusted tokens", "train it on"),
    )
    saving_percent: float | None = quantity(
        "What that size saves of training plus serving compute", "percent", default=None,
        words=("saving", "saves", "cheaper by"),
    )  # fmt: skip
    saved_flop: float | None = quantity("The saving in compute", "FLOP", default=None, words=("FLOP saved",))
    epochs: float | None = quantity(
        "Passes over the unique tokens", "dimensionless", default=None, role="headline",
        words=("epochs", "passes", "repeats", "how many epochs"),
    )  # fmt: skip
    token_worth_percent: float | None = quantity(
        "Worth of a seen token against a fresh one, on average", "percent", default=None, role="headline",
        words=("worth", "value per token", "worth of a repeated token"),
    )  # fmt: skip
    effective_tokens: float | None = quantity(
        "Unique tokens that the repeated ones are worth", "token", default=None,
        words=("effective tokens", "worth of fresh tokens", "equivalent unique tokens"),
    )  # fmt: skip
    params: float | None = quantity(
        "Parameters (compute-optimal unless given)", "param", default=None, role="headline",
        words=("parameters", "model size", "optimal size", "how big a model", "param count"),
    )  # fmt: skip
    params_low: float | None = quantity("Smallest size any law gives", "param", default=None, role="detail")
    params_high: float | None = quantity("Largest size any law gives", "param", default=None, role="detail")
    tokens: float | None = quantity(
        "Training tokens (compute-optimal unless given)", "token", default=None, role="headline",
        words=("tokens", "training tokens", "optimal tokens", "how much data", "dataset size"),
    )  # fmt: skip
    tokens_low: float | None = quantity("Fewest tokens any law gives", "token", default=None, role="detail")
    tokens_high: float | None = quantity("Most tokens any law gives", "token", default=None, role="detail")
    flop: float | None = quantity(
        "Training compute, 6 × parameters × tokens", "FLOP", default=None, role="headline",
        words=("FLOP", "FLOPs", "compute", "training compute", "training FLOPs"),
    )  # fmt: skip
    loss: float | None = quantity(
        "Loss the law gives, nats per token", "dimensionless", default=None, role="headline",
        words=("loss", "expected loss", "nats per token"),
    )  # fmt: skip
    loss_after: float | None = quantity(
        "Loss after the next step", "dimensionless", default=None, words=("loss after", "next loss")
    )
    usd: float | None = quantity(
        "Cost of the run at the price of a chip-hour (rent)",
        "USD",
        default=None,
        words=("cost", "price", "dollars"),
    )
    usd_low: float | None = quantity("Cost at the lowest rent", "USD", default=None, role="detail")
    usd_high: float | None = quantity("Cost at the highest rent", "USD", default=None, role="detail")
    chip_hours: float | None = quantity(
        "Chip-hours of the run", "chip*hour", default=None, words=("chip-hours", "GPU-hours", "GPU hours")
    )
    tokens_per_param: float | None = quantity(
        "Tokens for each parameter",
        "token/param",
        default=None,
        words=("tokens per parameter", "ratio of tokens", "tokens a parameter"),
    )
    optimal_params: float | None = quantity(
        "Compute-optimal size for the same compute",
        "param",
        default=None,
        words=("optimal size for that compute",),
    )
    optimal_tokens: float | None = quantity(
        "Compute-optimal tokens for the same compute",
        "token",
        default=None,
        words=("optimal tokens for that compute",),
    )
    law: str | None = Field(None, description="The law the answer goes by")
    laws: list[LawOptimum] = Field(
        default_factory=list, description="The same question by every published law"
    )
