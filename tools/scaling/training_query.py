"""Query and result of `training_run`."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field

from tools.contract import Result, entity, quantity
from tools.serving.compute_rate import ComputeQuery

_EXAMPLES: list[dict[str, Any]] = [
    {
        "question": "how many H100 hours to train an 8B model on 15T tokens at 40% MFU?",
        "input": {"params": 8e9, "tokens": 15e12, "chip": "h100-sxm", "mfu": 0.4}, "want": "chip_hours",
    },
    {
        "question": "days to train 70B parameters on 15 trillion tokens with 16k H100s at 38% MFU",
        "input": {"params": 70e9, "tokens": 15e12, "chip": "h100-sxm", "n_chips": 16000, "mfu": 0.38},
        "want": "days",
    },
    {
        "question": "30.84 million GPU hours on 16384 GPUs is how many days?",
        "input": {"chip_hours": 30.84e6, "n_chips": 16384}, "want": "days",
    },
    {
        "question": "What MFU is 3.8e25 FLOP in 30.84M H100 hours?",
        "input": {"flop": 3.8e25, "chip_hours": 30.84e6, "chip": "h100-sxm"}, "want": "mfu",
    },
    {
        "question": "rental bill of 2.788M H800 hours at $2",
        "input": {"chip_hours": 2.788e6, "usd_per_chip_hour": 2}, "want": "usd",
    },
    {
        "question": "bill for 5 million H100 hours at $2.50",
        "input": {"chip_hours": 5e6, "usd_per_chip_hour": 2.5, "chip": "h100-sxm"}, "want": "usd",
    },
    {
        "question": "how many GPUs to finish 1e25 FLOP in 60 days on H100 with MFU 0.4",
        "input": {"flop": 1e25, "days": 60, "chip": "h100-sxm", "mfu": 0.4}, "want": "n_chips",
    },
    {
        "question": "FLOPs to train a 405B model on 15.6T tokens",
        "input": {"params": 405e9, "tokens": 15.6e12}, "want": "flop",
    },
    {
        "question": "energy in GWh of 50 million chip-hours at 1.4 kW each",
        "input": {"chip_hours": 50e6, "watts_per_chip": 1400}, "want": "energy_mwh",
    },
    {
        "question": "how many tokens can 1,024 H100s get through in 30 days for a 7B model at 45% utilisation?",
        "input": {"params": 7e9, "n_chips": 1024, "days": 30, "chip": "h100-sxm", "mfu": 0.45}, "want": "tokens",
    },
    {
        "question": "training throughput in tokens per second per GPU of llama 3.1 70B on H100",
        "input": {"model": "llama-3.1-70b", "chip": "h100-sxm"}, "want": "tokens_per_s_per_chip",
    },
]  # fmt: skip


class TrainingRunQuery(ComputeQuery):
    """A training run, known in part."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, json_schema_extra={"examples": _EXAMPLES})  # type: ignore[dict-item]

    model: str | None = entity(
        "Model that is trained", "model", default=None, words=("model", "train", "pretrain", "training of")
    )
    params: float | None = quantity(
        "Parameters at work for a token (the active ones of a mixture of experts)", "param", default=None, above=0,
        words=("parameters", "params", "model size", "param model", "active parameters"),
        ask="How many parameters has the model, or which model is it?",
    )  # fmt: skip
    tokens: float | None = quantity(
        "Training tokens", "token", default=None, min=1e5,
        words=("training tokens", "tokens", "trained on", "on T tokens"), ask="On how many tokens is it trained?",
    )  # fmt: skip
    flop: float | None = quantity(
        "Training compute",
        "FLOP",
        default=None,
        above=0,
        words=("FLOP", "FLOPs", "compute", "training compute"),
    )
    n_chips: float | None = quantity(
        "Chips of the cluster", "chip", default=None, above=0,
        words=("chips", "GPUs", "cluster of", "on how many GPUs", "accelerators"), ask="On how many chips?",
    )  # fmt: skip
    chip_hours: float | None = quantity(
        "Chip-hours of the run", "chip*hour", default=None, above=0,
        words=("chip-hours", "GPU-hours", "GPU hours", "accelerator hours", "H100 hours"),
    )  # fmt: skip
    days: float | None = quantity(
        "Length of the run", "day", default=None, above=0,
        words=("days", "weeks", "months", "duration", "finish in", "take", "training time"),
    )  # fmt: skip
    tokens_per_s_per_chip: float | None = quantity(
        "Training throughput of one chip", "token/s/chip", default=None, above=0,
        words=("tokens per second per GPU", "tokens/s per chip", "training throughput"),
    )  # fmt: skip
    usd: float | None = quantity(
        "Rent of the whole run",
        "USD",
        default=None,
        above=0,
        words=("budget", "total cost", "cost", "spend", "whole run"),
    )
    usd_per_chip: float | None = quantity(
        "Purchase price of one chip with its share of the server", "USD/chip", default=None, min=100,
        words=("purchase price", "price per GPU", "cost of a chip", "capex per GPU", "bought at"),
    )  # fmt: skip
    lifetime_years: float | None = quantity(
        "Years over which bought chips are written off (4 unless said)", "year", default=None, above=0,
        words=("depreciated over", "amortised over", "useful life", "write-off"),
    )  # fmt: skip
    watts_per_chip: float | None = quantity(
        "Power of one chip with server, network and cooling", "W/chip", default=None, above=0,
        words=("watts per GPU", "kW each", "all-in power", "power per chip"),
    )  # fmt: skip
    usd_per_mwh: float | None = quantity(
        "Price of electricity", "USD/MWh", default=None, above=0,
        words=("electricity price", "power price", "per MWh", "per kWh", "cents per kWh"),
    )  # fmt: skip
    kg_co2_per_kwh: float | None = quantity(
        "Carbon intensity of the electricity", "kg/kWh", default=None, above=0,
        words=("carbon intensity", "kg CO2 per kWh", "grid intensity"),
    )  # fmt: skip
    goodput: float | None = quantity(
        "Share of wall time that is kept work, when the days should count failures", "dimensionless", default=None,
        above=0, max=1, words=("goodput", "uptime", "effective training time"),
    )  # fmt: skip
    sequence_length: float | None = quantity(
        "Tokens of one training sequence (8,192 unless said)", "token", default=None, min=1,
        words=("sequence length", "context length in training", "seq len"),
    )  # fmt: skip


class TrainingRunResult(Result):
    """Every number of the run that follows."""

    chip_hours: float | None = quantity(
        "Chip-hours of the run", "chip*hour", default=None, role="headline",
        words=("chip-hours", "GPU-hours", "GPU hours", "accelerator hours"),
    )  # fmt: skip
    lost_chip_hours: float | None = quantity(
        "Chip-hours lost to failures and restarts", "chip*hour", default=None, role="detail",
        words=("wasted", "lost", "GPU-hours lost", "burned for nothing", "thrown away", "idle", "wasted GPU hours"),
    )  # fmt: skip
    days: float | None = quantity(
        "Days on the cluster", "day", default=None, role="headline",
        words=("days", "weeks", "how long", "duration", "training time", "finish"),
    )  # fmt: skip
    n_chips: float | None = quantity(
        "Chips needed",
        "chip",
        default=None,
        role="headline",
        words=("how many GPUs", "chips needed", "cluster size"),
    )
    mfu: float | None = quantity(
        "Model FLOP utilisation", "dimensionless", default=None, role="headline",
        words=("MFU", "utilisation", "utilization", "efficiency"),
    )  # fmt: skip
    mfu_low: float | None = quantity(
        "Lower end of the utilisation (10 %)",
        "dimensionless",
        default=None,
        role="detail",
    )
    mfu_high: float | None = quantity(
        "Upper end of the utilisation (90 %)",
        "dimensionless",
        default=None,
        role="detail",
    )
    flop: float | None = quantity(
        "Training compute, 6 × parameters × tokens", "FLOP", default=None, role="headline",
        words=("FLOP", "FLOPs", "compute", "training compute"),
    )  # fmt: skip
    tokens: float | None = quantity(
        "Tokens trained on",
        "token",
        default=None,
        role="headline",
        words=("tokens", "how many tokens", "training tokens"),
    )
    params: float | None = quantity(
        "Parameters",
        "param",
        default=None,
        role="headline",
        words=("parameters", "model size", "how big a model"),
    )
    tokens_per_s_per_chip: float | None = quantity(
        "Tokens a second that one chip trains on", "token/s/chip", default=None, role="headline",
        words=("tokens per second per GPU", "tokens/s per chip", "throughput per chip"),
    )  # fmt: skip
    tokens_per_s_per_chip_low: float | None = quantity(
        "Lower end of the speed (10 %)", "token/s/chip", default=None, role="detail"
    )
    tokens_per_s_per_chip_high: float | None = quantity(
        "Upper end of the speed (90 %)", "token/s/chip", default=None, role="detail"
    )
    tokens_per_s: float | None = quantity(
        "Tokens a second of the cluster",
        "token/s",
        default=None,
        words=("cluster throughput", "tokens per second in total"),
    )
    usd: float | None = quantity(
        "Cost at a rent per chip-hour", "USD", default=None, role="headline",
        words=("cost", "rental bill", "price", "dollars", "rent cost", "cloud cost"),
    )  # fmt: skip
    usd_low: float | None = quantity(
        "Lower end of the cost (10 %): rents and speed", "USD", default=None, role="detail"
    )
    usd_high: float | None = quantity(
        "Upper end of the cost (90 %): rents and speed", "USD", default=None, role="detail"
    )
    usd_per_chip_hour: float | None = quantity(
        "Rent of a chip-hour that the cost implies", "USD/chip/hour", default=None,
        words=("implied price per GPU-hour", "rent per chip-hour"),
    )  # fmt: skip
    amortised_usd: float | None = quantity(
        "Cost by write-off of bought chips over their life, with electricity", "USD", default=None,
        words=("amortised cost", "amortized", "depreciation plus energy", "own hardware cost"),
    )  # fmt: skip
    purchase_usd: float | None = quantity(
        "Price of buying the whole cluster", "USD", default=None,
        words=("purchase cost", "buy the cluster", "hardware acquisition", "capex"),
    )  # fmt: skip
    energy_mwh: float | None = quantity(
        "Electricity of the run", "MWh", default=None, role="headline",
        words=("energy", "electricity", "MWh", "GWh", "power used"),
    )  # fmt: skip
    site_mw: float | None = quantity(
        "Power of the cluster with cooling",
        "MW",
        default=None,
        words=("megawatts", "power draw", "site power", "MW"),
    )
    electricity_usd: float | None = quantity(
        "Cost of the electricity",
        "USD",
        default=None,
        words=("electricity cost", "energy bill", "power bill", "electric bill"),
    )
    emissions_t: float | None = quantity(
        "Carbon dioxide of the electricity",
        "metric_ton",
        default=None,
        words=("CO2", "carbon", "emissions", "tonnes"),
    )
    tokens_per_param: float | None = quantity(
        "Training tokens for each parameter", "token/param", default=None, words=("tokens per parameter",)
    )
    cost_method: str | None = Field(None, description="How `usd` was reached")
