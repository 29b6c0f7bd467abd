"""The fitted constants of the serving model: reading them, and putting one engine's and chip's together.

``catalog/serving_constants.yaml`` holds global constants, a few factors per engine family, chip family and
link, and the intervals of the residuals. A factor multiplies the global constants named in `ENGINE_FACTORS`,
`FAMILY_FACTORS` and `LINK_FACTORS`. What was never measured gets factor 1 and a wider interval.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools import _core

if TYPE_CHECKING:
    from tools.catalog import Chip

DATA = Path(__file__).parents[1] / "catalog" / "serving_constants.yaml"

ENGINE_FACTORS: dict[str, tuple[str, ...]] = {
    "speed": ("bandwidth_share", "flop_share"),
    "prefill": ("prefill_speed",),
    "cache": ("cache_bandwidth",),
    "overhead": ("layer_s", "moe_layer_s", "host_step_s", "host_sequence_s"),
    "wait": ("wait", "steps_waited", "request_s"),
    "interference": ("interference",),
}
FAMILY_FACTORS: dict[str, tuple[str, ...]] = {
    "bandwidth": ("bandwidth_share",),
    "flop": ("flop_share",),
}
LINK_FACTORS: dict[str, tuple[str, ...]] = {
    "latency": ("collective_latency_s",),
    "share": ("link_share",),
}
GROUPS = {"engines": ENGINE_FACTORS, "families": FAMILY_FACTORS, "links": LINK_FACTORS}

# Fewer rows than this do not make an engine or a chip family known.
FEW_ROWS = 6

# Engine names as people and benchmarks write them -> family. The first match wins.
_ENGINES: tuple[tuple[str, str], ...] = (  # the first that fits
    (r"llama\.?cpp|ollama|gguf", "llama-cpp"),
    (r"neuronx?\b.*transformers|transformers.*neuron", "neuronx"),
    (r"nxd|neuron", "nxd"),
    (r"jetstream|maxtext", "jetstream"),
    (r"mango|llmboost", "vllm"),
    (r"sglang", "sglang"),
    (r"atom", "atom"),
    (r"vllm", "vllm"),
    (r"tensor-?rt|trt|dynamo|nim\b", "trtllm"),
    (r"pytorch|transformers|openvino", "pytorch"),
)


@dataclass(frozen=True, slots=True)
class Constants:
    """Everything the file holds; `values` in the order of `_core.Tuning.NAMES`."""

    values: tuple[float, ...]
    groups: Mapping[str, Mapping[str, Mapping[str, float]]]
    rows_of: Mapping[str, int]
    intervals: Mapping[str, tuple[float, float]]
    widen_unknown: float
    fitted_on: str | None
    rows: int

    def factors(self, group: str, member: str | None) -> Mapping[str, float]:
        """Factors of one engine, family or link; empty when it was never measured."""
        return self.groups.get(group, {}).get(member or "", {})

    def known(self, engine: str | None, family: str) -> bool:
        """Whether enough rows were fitted on such an engine and on such a chip."""
        return min(self.rows_of.get(engine or "", 0), self.rows_of.get(family, 0)) >= FEW_ROWS

    def combined(self, engine: str | None, family: str, link: str) -> list[float]:
        """The constants of one combination, in the order of `_core.Tuning.NAMES`."""
        at = {name: i for i, name in enumerate(_core.Tuning.NAMES)}
        values = list(self.values)
        for group, member in (("engines", engine), ("families", family), ("links", link)):
            for factor, value in self.factors(group, member).items():
                for name in GROUPS[group].get(factor, ()):
                    values[at[name]] *= value
        return values


@lru_cache(maxsize=1)
def load(path: Path = DATA) -> Constants:
    """Read the file; the compiled-in values where there is none (before a first calibration)."""
    return parse(_read(path) if path.exists() else {})


def _read(path: Path) -> dict[str, Any]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    raw = yaml.load(path.read_text("utf-8"), Loader=loader)
    return raw if isinstance(raw, dict) else {}


def parse(raw: Mapping[str, Any]) -> Constants:
    """Constants from the file's mapping."""
    defaults = dict(zip(_core.Tuning.NAMES, _core.Tuning().values(), strict=True))
    given = {name: float(entry["value"]) for name, entry in raw.get("global", {}).items()}
    groups = {
        group: {
            member: {k: float(v) for k, v in entry.items() if k in factors}
            for member, entry in raw.get(group, {}).items()
        }
        for group, factors in GROUPS.items()
    }
    about = raw.get("about", {})
    return Constants(
        values=tuple(given.get(name, default) for name, default in defaults.items()),
        groups=groups,
        rows_of={
            member: int(entry.get("rows", 0))
            for group in ("engines", "families")
            for member, entry in raw.get(group, {}).items()
        },
        intervals={k: (float(v["low"]), float(v["high"])) for k, v in raw.get("intervals", {}).items()},
        widen_unknown=float(about.get("widen_unknown", 1.5)),
        fitted_on=about.get("fitted_on"),
        rows=int(about.get("rows", 0)),
    )


def engine_family(
    engine: str | None, chip_family: str = "", version: str = "", regime: str = ""
) -> str | None:
    """Family of an engine by its name, version and chip: ``trtllm-1``, ``sglang-cuda``, ``vllm-rocm`` …

    None when no name is given or nobody measured such an engine.
    """
    name = (engine or "").lower()
    base = _engine_base(name)
    if base == "trtllm":
        return _trtllm_era(name, version, regime)
    if base == "vllm" and version == "nightly" and _platform(chip_family) == "cuda":
        return "vllm-nightly"  # one study of two mixtures of experts new to the engine, slow in prefill
    if base == "vllm" and chip_family.startswith("blackwell"):
        return "vllm-cuda"
    if base in ("sglang", "vllm"):
        return f"{base}-{_platform(chip_family)}"
    return base


@lru_cache(maxsize=256)  # asked for every point of a sweep
def _engine_base(name: str) -> str | None:
    return next((family for pattern, family in _ENGINES if re.search(pattern, name)), None)


def _platform(chip_family: str) -> str:
    if chip_family == "blackwell":
        return "blackwell"
    families = {"cdna": "rocm", "tpu": "tpu", "gaudi": "gaudi", "neuron": "neuron", "xe": "xpu"}
    return next((name for start, name in families.items() if chip_family.startswith(start)), "cuda")


def _trtllm_era(name: str, version: str, regime: str) -> str:
    """TensorRT-LLM by era: its speed moved a few per cent a release, its scheduler more."""
    if regime.startswith("mlperf"):
        return "trtllm-mlperf"
    if regime == "server":
        return "trtllm-server"
    found = re.search(r"(\d+)\.(\d+)", version or name)
    if not found:
        return "trtllm-1"
    major, minor = int(found[1]), int(found[2])
    if major == 0:
        return "trtllm-0.9" if minor < 10 else "trtllm-0.14" if minor < 20 else "trtllm-0.20"
    return "trtllm-1"


FAMILIES = {
    "inferentia": "neuron",
    "trainium": "neuron",
    "cdna2": "cdna",
    "cdna3": "cdna",
    "cdna4": "cdna4",
    "volta": "ampere",
}


def chip_family(chip: Chip) -> str:
    """Family of a chip for the constants: its architecture, graphics-memory cards apart."""
    family = (chip.family or "unknown").lower()
    if family in ("ampere", "ada", "blackwell") and (chip.bandwidth_bytes_per_s or 0.0) < _gddr_below(family):
        return f"{family}-gddr"
    return FAMILIES.get(family, family)


def _gddr_below(family: str) -> float:
    return 1.2e12 if family == "ampere" else 2.5e12


def link_kind(chip: Chip, group: int) -> str:
    """The link a group of chips talks over; ``none`` for a single chip."""
    if group <= 1:
        return "none"
    return str(chip.link or "pcie").lower()


def interval(
    constants: Constants, metric: str, regime: str, *, unknown: bool, near_limit: bool = False
) -> tuple[float, float]:
    """Factors (low, high) of the 10-90 % interval around a prediction.

    From the residuals of rows left out in cross-validation, by metric and regime; wider for an engine or a
    chip family nobody measured, and next to the memory limit, where time to first token is a cliff.
    """
    for key in (f"{metric}|{regime}", metric, "all"):
        if key in constants.intervals:
            low, high = constants.intervals[key]
            break
    else:
        low, high = 0.6, 1.6
    power = (constants.widen_unknown if unknown else 1.0) * (1.5 if near_limit else 1.0)
    return math.exp(math.log(low) * power), math.exp(math.log(high) * power)
