"""Interconnect: torus and switch topologies, collective times, scale-up domains, training over several sites.

Ring collectives (Patarasuk and Yuan 2009): all-reduce 2 (n−1)/n S/B + 2 (n−1) l; all-gather, reduce-scatter and
all-to-all (n−1)/n S/B + (n−1) l, B what a chip sends one way. Sites that synchronise every H steps of t seconds need
W = bits × N / (H t (1/CU − 1) + ⅔ t) bit/s to keep the compute utilisation CU (held against Streaming DiLoCo,
arXiv:2501.18512, table 4). Light in fibre: 4.9 µs a kilometre (refractive index 1.468).
"""

from __future__ import annotations

import math
import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from tools.catalog import Catalog
from tools.contract import Query, Result, Source, entity, quantity
from tools.errors import FactAbsent, InputError, MissingInput
from tools.scaling.topology import Network, Topology, grid, hypercube, ring, switched
from tools.units import format_quantity

FIBRE_INDEX = 1.468
LIGHT_KM_PER_S = 299_792.458
MAX_CHIPS = 10**9
DILOCO = Source(
    title="Douillard et al. 2025, Streaming DiLoCo with overlapping communication, table 4",
    url="https://arxiv.org/abs/2501.18512", as_of="2025-01",
)  # fmt: skip

Collective = Literal["all_reduce", "all_gather", "reduce_scatter", "all_to_all"]

_EXAMPLES: list[dict[str, Any]] = [
    {"question": "how many chips in an 8x8x8 torus?", "input": {"dims": [8, 8, 8]}, "want": "chips"},
    {
        "question": "links of a 16 by 16 two-dimensional torus",
        "input": {"dims": [16, 16], "topology": "torus"}, "want": "links",
    },
    {
        "question": "number of chips in a 2D torus with 16 on each side",
        "input": {"side": 16, "topology": "2d_torus"}, "want": "chips",
    },
    {"question": "hop diameter of a 12x12x12 torus", "input": {"dims": [12, 12, 12]}, "want": "diameter_hops"},
    {
        "question": "bisection links of a 8x4x4 mesh without wraparound",
        "input": {"dims": [8, 4, 4], "topology": "mesh"}, "want": "bisection_links",
    },
    {
        "question": "64 chips spread over 2 racks, chips in each rack?",
        "input": {"n_chips": 64, "racks": 2}, "want": "chips_per_rack",
    },
    {
        "question": "how many times bigger is an 8,960 chip pod than a 72 GPU NVLink domain?",
        "input": {"domain_chips": 8960, "other_domain_chips": 72}, "want": "domain_ratio",
    },
    {
        "question": "time of an all-reduce of 1 GB over 8 H100s on NVLink",
        "input": {"message_bytes": 1e9, "n_chips": 8, "chip": "h100-sxm", "collective": "all_reduce"},
        "want": "collective_s",
    },
    {
        "question": "how long does light take through 80 km of fiber, in microseconds?",
        "input": {"distance_km": 80}, "want": "latency_ms",
    },
    {
        "question": "one-way fibre delay over 1,200 km",
        "input": {"distance_km": 1200}, "want": "latency_ms",
    },
    {
        "question": "Gbit/s between sites for 100B params, 5 second steps, synced every 100 steps, 90% busy",
        "input": {"params": 100e9, "step_s": 5, "sync_every_steps": 100, "compute_utilization": 0.9},
        "want": "site_bandwidth_gbit_per_s",
    },
]  # fmt: skip


def _dims(value: Any) -> Any:
    """`"4x4x4"` or `"16 by 16"` as a list of axis lengths."""
    if isinstance(value, str) and re.fullmatch(r"\s*\d+(\s*(?:x|×|\*|by)\s*\d+)*\s*", value, re.IGNORECASE):
        return [int(part) for part in re.findall(r"\d+", value)]
    return value


Axes = Annotated[list[Annotated[int, Field(ge=1, le=100_000)]], BeforeValidator(_dims)]


class InterconnectQuery(Query):
    """A network, or two sites."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, json_schema_extra={"examples": _EXAMPLES})  # type: ignore[dict-item]

    dims: Axes | None = Field(
        None, min_length=1, max_length=10, description="Chips along each axis of a torus or mesh, as in 4x4x4",
        json_schema_extra={"words": ["torus", "mesh", "dimensions", "axes", "shape", "3D torus", "2D torus"]},
    )  # fmt: skip
    topology: Topology | Literal["2d_torus", "3d_torus"] | None = Field(
        None, description="Kind of network: torus unless said",
        json_schema_extra={
            "words": ["torus", "mesh", "ring", "hypercube", "switch", "NVSwitch", "topology", "2D torus", "3D torus"]
        },
    )  # fmt: skip
    side: int | None = quantity(
        "Chips along each axis, when all are equal", "chip", default=None, min=1, max=1000,
        words=("per side", "chips per side", "per dimension", "per axis", "a side", "on each axis", "on each side"),
    )  # fmt: skip
    dimensions: int | None = quantity(
        "Number of axes, when all are equal", "dimensionless", default=None, min=1, max=30,
        words=("dimensional", "-D", "number of dimensions", "dimensions"),
    )  # fmt: skip
    n_chips: int | None = quantity(
        "Chips of the network", "chip", default=None, min=1, max=MAX_CHIPS,
        words=("chips", "GPUs", "accelerators", "over how many GPUs"), ask="How many chips, or what shape of torus?",
    )  # fmt: skip
    chips_per_rack: float | None = quantity(
        "Chips in each rack",
        "chip/rack",
        default=None,
        above=0,
        words=("per rack", "in a rack", "a rack holds"),
    )
    racks: int | None = quantity(
        "Racks the chips fill", "rack", default=None, min=1, words=("racks", "over racks")
    )
    chip: str | None = entity(
        "Accelerator whose scale-up link is meant",
        "chip",
        default=None,
        words=("chip", "GPU", "NVLink of", "domain of"),
    )
    other_chip: str | None = entity(
        "Accelerator to compare the scale-up domain with",
        "chip",
        default=None,
        words=("against", "compared with", "versus"),
    )
    domain_chips: float | None = quantity(
        "Chips of a scale-up domain", "chip", default=None, above=0,
        words=("domain", "scale-up domain", "pod", "world size", "coherent domain"),
    )  # fmt: skip
    other_domain_chips: float | None = quantity(
        "Chips of the scale-up domain compared with", "chip", default=None, above=0,
        words=("against", "than", "versus", "compared with"),
    )  # fmt: skip
    link_gb_per_s: float | None = quantity(
        "Bandwidth of one link, one way", "GB/s", default=None, above=0,
        words=("link bandwidth", "per link", "GB/s a link", "bandwidth"),
    )  # fmt: skip
    chip_gb_per_s: float | None = quantity(
        "Bandwidth of one chip into the network, one way", "GB/s/chip", default=None, above=0,
        words=("per GPU", "per GPU each way", "bus bandwidth", "of bandwidth per chip", "GB/s per chip", "injection bandwidth"),
    )  # fmt: skip
    collective_ms: float | None = quantity(
        "Time of the collective, when it is known (asks for the bandwidth)", "ms", default=None, above=0,
        words=("must finish in", "takes", "within", "done in"),
    )  # fmt: skip
    hop_latency_us: float | None = quantity(
        "Latency of one hop",
        "microsecond",
        default=None,
        min=0,
        words=("latency per hop", "hop latency", "per hop"),
    )
    collective: Collective | None = Field(
        None, description="Collective operation: all_reduce unless said",
        json_schema_extra={"words": ["all-reduce", "allreduce", "all-gather", "reduce-scatter", "all-to-all"]},
    )  # fmt: skip
    message_bytes: float | None = quantity(
        "Bytes each chip puts into the collective", "byte", default=None, above=0,
        words=("message", "buffer", "gradient", "of data", "all-reduce of", "payload"),
    )  # fmt: skip
    distance_km: float | None = quantity(
        "Length of fibre between two sites", "kilometer", default=None, above=0,
        words=("distance", "apart", "kilometres", "km", "fiber", "fibre", "fiber length", "between two sites", "kilometres apart", "over fibre"),
    )  # fmt: skip
    params: float | None = quantity(
        "Parameters that the sites train together", "param", default=None, above=0,
        words=("parameters", "params", "model size"),
    )  # fmt: skip
    message_params: float | None = quantity(
        "Parameters whose gradient goes into the collective", "param", default=None, above=0,
        words=("gradient of", "gradients of", "all-reduce of parameters", "parameters to all-reduce"),
    )  # fmt: skip
    step_s: float | None = quantity(
        "Time of one training step", "second", default=None, above=0,
        words=("step", "step time", "seconds a step", "per step"), ask="How long is a training step?",
    )  # fmt: skip
    sync_every_steps: float | None = quantity(
        "Steps between two synchronisations (1: every step)", "dimensionless", default=None, min=1, max=100_000,
        words=("sync every", "synchronise every", "inner steps", "outer step every", "steps between syncs"),
    )  # fmt: skip
    compute_utilization: float | None = quantity(
        "Share of the time the sites compute (0.95 unless said)", "dimensionless", default=None, above=0, below=1,
        words=("compute utilisation", "compute utilization", "utilisation", "utilization", "busy"),
    )  # fmt: skip
    bits_per_param: float | None = quantity(
        "Bits exchanged for each parameter (16 unless said)", "bit", default=None, above=0, max=64,
        words=("bits per parameter", "bits", "gradient bits"),
    )  # fmt: skip
    site_bandwidth_gbit_per_s: float | None = quantity(
        "Bandwidth between the sites", "Gbit/s", default=None, above=0,
        words=("bandwidth between sites", "Gbit/s", "fibre capacity", "link between sites"),
    )  # fmt: skip


class InterconnectResult(Result):
    """Counts, times and bandwidths of the network asked about."""

    site_bandwidth_gbit_per_s: float | None = quantity(
        "Bandwidth the sites need between them", "Gbit/s", default=None, role="headline",
        words=("bandwidth needed", "Gbit/s", "between sites", "inter-site bandwidth"),
    )  # fmt: skip
    compute_utilization: float | None = quantity(
        "Share of the time the sites compute", "dimensionless", default=None, role="headline",
        words=("compute utilisation", "compute utilization", "busy share"),
    )  # fmt: skip
    latency_ms: float | None = quantity(
        "Light in fibre, one way", "millisecond", default=None, role="headline",
        words=("latency", "one-way latency", "fiber latency", "fibre latency", "light in fiber", "delay"),
    )  # fmt: skip
    round_trip_ms: float | None = quantity(
        "Light in fibre, there and back",
        "millisecond",
        default=None,
        words=("round trip", "RTT", "there and back"),
    )
    collective_s: float | None = quantity(
        "Time of the collective", "second", default=None, role="headline",
        words=("all-reduce time", "collective time", "how long", "time of an all-reduce"),
    )  # fmt: skip
    chip_gb_per_s: float | None = quantity(
        "Bandwidth of a chip that the time stated takes, one way", "GB/s", default=None, role="headline",
        words=("bandwidth needed per GPU", "bus bandwidth", "how many GB/s", "algorithm bandwidth"),
    )  # fmt: skip
    sent_gb: float | None = quantity(
        "Gigabytes each chip sends in the collective", "GB", default=None, role="detail",
        words=("each chip sends", "data sent per GPU", "traffic per chip", "wire bytes"),
    )  # fmt: skip
    racks: float | None = quantity(
        "Racks the chips fill",
        "rack",
        default=None,
        role="headline",
        words=("how many racks", "racks needed"),
    )
    domain_ratio: float | None = quantity(
        "How many times larger the domain is", "dimensionless", default=None, role="headline",
        words=("times bigger", "times larger", "domain ratio", "ratio of domains"),
    )  # fmt: skip
    domain_chips: float | None = quantity(
        "Chips of the scale-up domain", "chip", default=None, role="headline",
        words=("scale-up domain", "domain size", "world size"),
    )  # fmt: skip
    chips_per_rack: float | None = quantity(
        "Chips in each rack",
        "chip/rack",
        default=None,
        role="headline",
        words=("chips per rack", "GPUs a rack"),
    )
    chips: int | None = quantity(
        "Chips of the network", "chip", default=None, role="headline",
        words=("chips", "how many chips", "nodes", "GPUs", "size"),
    )  # fmt: skip
    links: int | None = quantity(
        "Links between chips",
        "link",
        default=None,
        words=("links", "how many links", "cables", "connections"),
    )
    diameter_hops: int | None = quantity(
        "Hops between the two chips farthest apart", "hop", default=None,
        words=("diameter", "hop diameter", "hops", "worst-case hops", "farthest", "max hops", "longest path", "worst-case hop count", "farthest apart"),
    )  # fmt: skip
    average_hops: float | None = quantity(
        "Mean hops between two chips",
        "hop",
        default=None,
        words=("average hops", "mean hops", "average distance"),
    )
    links_per_chip: float | None = quantity(
        "Links at each chip",
        "link/chip",
        default=None,
        words=("links per chip", "neighbours", "degree", "ports"),
    )
    bisection_links: float | None = quantity(
        "Links cut when the network is halved", "link", default=None,
        words=("bisection", "bisection links", "bisection width", "cross the middle", "links across the middle"),
    )  # fmt: skip
    bisection_gb_per_s: float | None = quantity(
        "Bandwidth across the middle, one way",
        "GB/s",
        default=None,
        words=("bisection bandwidth", "bandwidth across"),
    )


def interconnect(query: InterconnectQuery, catalog: Catalog) -> InterconnectResult:
    """Networks of chips: torus (4x4x4), mesh, ring or switch; scale-up domains; training over several sites.

    Chips, links, hop diameter and bisection of a torus; the time of an all-reduce or the bandwidth it takes; how much larger one scale-up
    domain is than another; chips per rack; fibre latency over a distance; bandwidth between sites that
    synchronise every so many steps.
    """
    result = InterconnectResult()
    _add_sites(result, query)
    _add_distance(result, query)
    _add_domain(result, query, catalog)
    network = _network(query)
    if network is not None:
        _add_network(result, query, network)
    if _message_bytes(query) is not None:
        _add_collective(result, query, catalog, network)
    own = type(result).model_fields.keys() - Result.model_fields.keys()
    if all(getattr(result, name) is None for name in own):
        raise MissingInput(
            "dims", "a torus shape such as 4x4x4, a number of chips, a distance or sites to train over"
        )
    return result


def _say(result: InterconnectResult, text: str) -> None:
    result.formula = f"{result.formula}; {text}" if result.formula else text


# --- topology ------------------------------------------------------------------------------------------------


def _network(query: InterconnectQuery) -> Network | None:
    dims = _given_dims(query)
    if dims is not None and math.prod(dims) > MAX_CHIPS:
        raise InputError("dims", list(dims), f"a network of at most {MAX_CHIPS:,} chips")
    if dims is not None and query.n_chips not in (None, math.prod(dims)):
        raise InputError("n_chips", query.n_chips, f"{math.prod(dims)}, which the shape gives")
    if query.topology == "hypercube":
        return hypercube(query.dimensions or _log2(query, dims))
    if dims is not None and query.topology not in ("ring", "switch"):
        return grid(dims, closed=query.topology != "mesh")
    chips = query.n_chips or (math.prod(dims) if dims else None)
    if chips is None or query.topology is None:
        return None
    if query.topology not in ("ring", "switch"):
        raise MissingInput("dims", "the shape of the torus or mesh, such as 4x4x4")
    return ring(chips) if query.topology == "ring" else switched(chips)


def _given_dims(query: InterconnectQuery) -> tuple[int, ...] | None:
    if query.dims:
        return tuple(query.dims)
    axes = query.dimensions or {"2d_torus": 2, "3d_torus": 3}.get(query.topology or "")
    return (query.side,) * axes if query.side is not None and axes is not None else None


def _log2(query: InterconnectQuery, dims: tuple[int, ...] | None) -> int:
    chips = query.n_chips or (math.prod(dims) if dims else 0)
    power = chips.bit_length() - 1
    if chips < 1 or 2**power != chips:
        raise InputError("n_chips", query.n_chips, "a power of two, for a hypercube")
    return power


def _add_network(result: InterconnectResult, query: InterconnectQuery, network: Network) -> None:
    result.chips, result.links = network.chips, network.links
    result.diameter_hops, result.average_hops = network.diameter_hops, network.average_hops
    result.links_per_chip, result.bisection_links = network.links_per_chip, network.bisection_links
    shape = " × ".join(str(k) for k in network.dims)
    _say(result, f"{shape} = {network.chips:,} chips ({network.kind}); {network.links:,} links; "
                 f"diameter {network.diameter_hops} hops; bisection {network.bisection_links:g} links")  # fmt: skip
    if query.topology is None and query.dims:
        result.assumptions.append("A torus: every axis is closed")
    if query.link_gb_per_s is not None:
        result.bisection_gb_per_s = network.bisection_links * query.link_gb_per_s
    if query.racks:
        result.chips_per_rack = network.chips / query.racks


# --- scale-up domains and collectives ------------------------------------------------------------------------


def _add_domain(result: InterconnectResult, query: InterconnectQuery, catalog: Catalog) -> None:
    if query.chips_per_rack is not None:
        _add_racks(result, query)
    elif query.racks and query.n_chips:
        result.chips_per_rack = query.n_chips / query.racks
        _say(result, f"{query.n_chips:,} chips / {query.racks} racks = {result.chips_per_rack:g} a rack")
    first = query.domain_chips or _domain_of(
        query.chip, catalog, result, needed=_message_bytes(query) is None
    )
    second = query.other_domain_chips or _domain_of(query.other_chip, catalog, result, needed=True)
    whole_network = query.dims or query.topology or query.racks or query.message_bytes
    both_named = first is not None and second is not None and query.n_chips in (first, second)
    if query.n_chips and not whole_network and not both_named and (query.domain_chips or second):
        first, second = float(query.n_chips), query.domain_chips or second  # so many chips against a domain
    if first is not None and query.domain_chips is None and query.n_chips is None:
        result.domain_chips = first
    if first is not None and second is not None:
        result.domain_ratio = first / second
        _say(result, f"{first:,.0f} / {second:,.0f} = {first / second:.4g} times")


def _domain_of(
    name: str | None, catalog: Catalog, result: InterconnectResult, *, needed: bool
) -> float | None:
    if name is None or not needed:
        return None
    chip = catalog.chip(name)
    if chip.scale_up_domain is None:
        raise FactAbsent(f"no sourced scale-up domain of {chip.name}")
    result.sources += chip.sources("scale_up_domain")[:1]
    return float(chip.scale_up_domain)


def _add_collective(
    result: InterconnectResult, query: InterconnectQuery, catalog: Catalog, network: Network | None
) -> None:
    n = network.chips if network else query.n_chips
    if n is None:
        raise MissingInput("n_chips", "how many chips take part in the collective?")
    message = _message_bytes(query)
    assert message is not None
    kind = query.collective or "all_reduce"
    rounds = 2 if kind == "all_reduce" else 1
    sent = rounds * (n - 1) / n * message
    result.sent_gb = sent / 1e9
    hops_s = rounds * (n - 1) * (query.hop_latency_us or 0.0) * 1e-6
    head = "2 × " if rounds == 2 else ""
    shown = f"{kind}: {head}({n} − 1)/{n} × {format_quantity(message / 1e9, 'GB')}"
    if query.collective_ms is not None and query.chip_gb_per_s is None and query.link_gb_per_s is None:
        left_s = query.collective_ms * 1e-3 - hops_s
        if left_s <= 0:
            raise InputError(
                "collective_ms", query.collective_ms, f"more than the {hops_s * 1e3:g} ms of hops"
            )
        result.chip_gb_per_s = sent / left_s / 1e9
        _say(result, f"{shown} / {left_s * 1e3:.4g} ms = {result.chip_gb_per_s:.4g} GB/s")
    else:
        per_chip = _bytes_per_s(query, catalog, network, result)
        result.collective_s = sent / per_chip + hops_s
        _say(result, f"{shown} / {per_chip / 1e9:,.0f} GB/s = {result.collective_s * 1e3:.4g} ms")
    if query.hop_latency_us is None:
        result.assumptions.append("Bandwidth alone: no latency per hop, the whole link bandwidth reached")


def _message_bytes(query: InterconnectQuery) -> float | None:
    """Bytes each chip puts in: as given, else a gradient of so many parameters."""
    if query.message_bytes is not None or query.message_params is None:
        return query.message_bytes
    return query.message_params * (query.bits_per_param or 16.0) / 8.0


def _add_racks(result: InterconnectResult, query: InterconnectQuery) -> None:
    """Racks and chips, whichever is asked for, at a number of chips in each rack."""
    each = query.chips_per_rack or 1.0
    if query.n_chips:
        result.racks = float(math.ceil(query.n_chips / each * (1 - 1e-12)))
        _say(result, f"{query.n_chips:,} chips / {each:g} a rack = {result.racks:,.0f} racks")
    elif query.racks:
        result.chips = round(query.racks * each)
        _say(result, f"{query.racks:,} racks × {each:g} = {result.chips:,} chips")


def _bytes_per_s(
    query: InterconnectQuery, catalog: Catalog, network: Network | None, result: InterconnectResult
) -> float:
    """One-way bandwidth of a chip into the network, bytes/s."""
    if query.chip_gb_per_s is not None:
        return query.chip_gb_per_s * 1e9
    if query.link_gb_per_s is not None:
        # a ring collective sends one way round, so a ring's second link carries nothing more of it
        links = 1.0 if network is None or query.topology == "ring" else network.links_per_chip
        return query.link_gb_per_s * 1e9 * links
    if query.chip is None:
        raise MissingInput("link_gb_per_s", "over which chip's links, or at what bandwidth?")
    chip = catalog.chip(query.chip)
    if chip.scale_up_bytes_per_s is None:
        raise FactAbsent(f"no sourced scale-up bandwidth of {chip.name}")
    result.sources += chip.sources("scale_up_bytes_per_s")[:1]
    return chip.scale_up_bytes_per_s


# --- several sites -------------------------------------------------------------------------------------------


def _add_distance(result: InterconnectResult, query: InterconnectQuery) -> None:
    if query.distance_km is None:
        return
    result.latency_ms = 1e3 * query.distance_km * FIBRE_INDEX / LIGHT_KM_PER_S
    result.round_trip_ms = 2.0 * result.latency_ms
    way = f"{query.distance_km:,.0f} km × {FIBRE_INDEX} / {LIGHT_KM_PER_S:,.0f} km/s"
    _say(result, f"{way} = {result.latency_ms:.3g} ms")
    result.assumptions.append("Light in glass only: routers and amplifiers come on top")


def _add_sites(result: InterconnectResult, query: InterconnectQuery) -> None:
    if query.params is None:
        return
    if query.step_s is None:
        raise MissingInput("step_s", "How long is a training step?")
    bits = query.params * (query.bits_per_param or 16.0)
    sync, step_s = query.sync_every_steps or 1.0, query.step_s
    if query.site_bandwidth_gbit_per_s is not None:
        waiting_s = max(0.0, bits / (query.site_bandwidth_gbit_per_s * 1e9) - 2 / 3 * step_s)
        result.compute_utilization = 1.0 / (1.0 + waiting_s / (sync * step_s))
        _say(result, f"1 / (1 + ({bits:.3g} bit / W − ⅔ t) / (H t)) = {result.compute_utilization:.3g}")
    else:
        share = query.compute_utilization or 0.95
        slack_s = sync * step_s * (1.0 / share - 1.0) + 2 / 3 * step_s
        result.site_bandwidth_gbit_per_s = bits / slack_s / 1e9
        _say(result, f"{bits:.3g} bit / ({sync:g} × {step_s:g} s × (1/{share:g} − 1) + ⅔ × {step_s:g} s) "
                     f"= {result.site_bandwidth_gbit_per_s:.4g} Gbit/s")  # fmt: skip
        if query.compute_utilization is None:
            result.assumptions.append("The sites compute 95 % of the time")
    result.sources.append(DILOCO)
    if query.sync_every_steps is None:
        result.assumptions.append("Synchronised after every step")
