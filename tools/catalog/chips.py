"""A chip of the catalogue: plain numbers in base units, each backed by a sourced fact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tools.catalog.facts import Fact, Facts, SourceTable, si_value
from tools.errors import FactAbsent

if TYPE_CHECKING:
    from tools.contract import Source

PRECISIONS = ("fp32", "tf32", "fp16", "bf16", "fp8", "fp6", "fp4", "int8")
# Attribute names people and calculators use for a fact, and the fact each stands for.
FACT_OF_ATTRIBUTE = {
    "memory_bytes": "memory",
    "memory_gb": "memory",
    "capacity": "memory",
    "device_memory_bytes": "device_memory",
    "bandwidth_bytes_per_s": "bandwidth",
    "memory_bandwidth": "bandwidth",
    "scale_up_bytes_per_s": "scale_up",
    "tdp_w": "tdp",
    "nic_bytes_per_s": "nic",
    "server_power_w": "server_power",
    "peak_flops": "peak_bf16",
    **{precision: f"peak_{precision}" for precision in PRECISIONS},
}
_PLAIN = (
    "nvidia amd intel google aws amazon meta microsoft apple instinct geforce tesla hopper blackwell ultra grace "
    "ampere ada generation superchip gpu gpus chip chips card cards accelerator accelerators ai ml r tm server "
    "edition workstation hgx dgx mgx sxm sxm2 sxm3 sxm4 sxm5 sxm6 oam hbm hbm2 hbm2e hbm3 hbm3e hbm4 gddr6 gddr6x "
    "gddr7 nvlink tensor core cloud dlc nps1 nps4 spx liquid air cooled"
)
_PLAIN_WORDS = frozenset(_PLAIN.split())


@dataclass(frozen=True, slots=True)
class Chip:
    """One accelerator (per GPU, TPU chip, Trainium chip).

    `memory_bytes` is the vendor's label in decimal GB, which people compute with; `device_memory_bytes`
    what the device reports. `peak_flops` are dense FLOP/s (OP/s for int8). `scale_up_bytes_per_s` is one
    way, per chip. What nobody sourced is None; `fact(name)` then raises FactAbsent.
    """

    id: str
    name: str
    vendor: str
    family: str
    status: str
    aliases: tuple[str, ...]
    release_date: str | None
    memory_bytes: float | None
    device_memory_bytes: float | None
    memory_type: str | None
    bandwidth_bytes_per_s: float | None
    peak_flops: Mapping[str, float]
    scale_up_bytes_per_s: float | None
    scale_up_domain: int | None
    link: str | None
    nic_bytes_per_s: float | None
    tdp_w: float | None
    chips_per_server: int | None
    server_power_w: float | None
    facts: Mapping[str, Fact] = field(repr=False)

    def fact(self, name: str) -> Fact:
        """The sourced fact behind an attribute (`"memory_bytes"`, `"bf16"`, `"tdp_w"`) or of that name.

        Raises:
            FactAbsent: nobody sourced it.
        """
        wanted = FACT_OF_ATTRIBUTE.get(name, name)
        found = self.facts.get(wanted)
        if found is None and wanted in ("peak_fp16", "peak_bf16"):
            found = self.facts.get("peak_bf16" if wanted == "peak_fp16" and "bf16" in self.peak_flops else "")
        if found is None:
            raise FactAbsent(f"no source gives the {wanted.replace('_', ' ')} of {self.name}")
        return found

    def sources(self, *names: str) -> list[Source]:
        """The sources of the named facts, each once; facts that are absent are left out."""
        unique: dict[tuple[str, str | None], Source] = {}
        for name in names or tuple(self.facts):
            try:
                source = self.fact(name).source
            except FactAbsent:
                continue
            unique.setdefault((source.title, source.as_of), source)
        return list(unique.values())

    def peak(self, precision: str) -> float:
        """Dense peak FLOP/s at a precision.

        Raises:
            FactAbsent: the chip has no such rate, or nobody sourced it.
        """
        rate = self.peak_flops.get(precision)
        if rate is None:
            raise FactAbsent(f"no source gives a dense {precision} rate of {self.name}")
        return rate


def chip_word(chip: Chip, word: str) -> bool:
    """Whether a word beside a chip's name leaves it the same chip: a maker, a form factor, its own size."""
    number = word.rstrip("gib")
    if number != word and number.isdigit():
        memory = chip.facts.get("memory")
        sizes = (memory.value, memory.low, memory.high, *(o.value for o in memory.others)) if memory else ()
        return float(number) in [float(s) for s in sizes if s is not None]
    if word.endswith("w") and word[:-1].isdigit():
        return chip.tdp_w == float(word[:-1])
    return word in _PLAIN_WORDS or word == chip.family or word in chip.name.lower()


def make_chip(raw: Mapping[str, Any], table: SourceTable) -> Chip:
    """A chip from one entry of a `kind: chips` document."""
    given: Mapping[str, Mapping[str, Any]] = raw.get("facts", {})
    number = {name: si_value(fact) for name, fact in given.items() if fact.get("unit")}
    peaks = {p: number[f"peak_{p}"] for p in PRECISIONS if f"peak_{p}" in number}
    if "bf16" in peaks:
        # Matrix units of every chip here run fp16 and bf16 at one rate; sources often print only bf16.
        peaks.setdefault("fp16", peaks["bf16"])
    return Chip(
        id=raw["id"],
        name=raw["name"],
        vendor=raw.get("vendor", "unknown"),
        family=raw.get("family", ""),
        status=raw.get("status", "shipping"),
        aliases=tuple(raw.get("aliases", ())),
        release_date=_text(given, "release_date"),
        memory_bytes=number.get("memory"),
        device_memory_bytes=number.get("device_memory"),
        memory_type=_text(given, "memory_type"),
        bandwidth_bytes_per_s=number.get("bandwidth"),
        peak_flops=peaks,
        scale_up_bytes_per_s=number.get("scale_up"),
        scale_up_domain=_count(number, "scale_up_domain"),
        link=_text(given, "link"),
        nic_bytes_per_s=number.get("nic"),
        tdp_w=number.get("tdp"),
        chips_per_server=_count(number, "chips_per_server"),
        server_power_w=number.get("server_power"),
        facts=Facts(lambda: {name: Fact(name, fact, table) for name, fact in given.items()}),
    )


def _text(given: Mapping[str, Mapping[str, Any]], name: str) -> str | None:
    return str(given[name]["value"]) if name in given else None


def _count(number: Mapping[str, float], name: str) -> int | None:
    return int(number[name]) if name in number else None
