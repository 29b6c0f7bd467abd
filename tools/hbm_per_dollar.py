"""Chips compared by memory, bandwidth and FLOP/s, as they are and per dollar.

Per dollar of purchase price, of total cost (price + running cost over its years) or of rent. With two chips the
ratios are first over second, and the break-even price is what the one that gives less per dollar would have to
cost to give as much.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tools.catalog import Catalog
from tools.contract import Query, Result, entity, quantity
from tools.errors import MissingInput
from tools.finite import finite
from tools.money.chip_value import ChipValue, chip_chart, chip_figures, chip_values
from tools.serving.precision import Precision, precision_field
from tools.serving.served import Notes
from tools.units import format_number

if TYPE_CHECKING:
    pass

EXAMPLES: list[Any] = [
    {"question": "HBM gigabytes per thousand dollars of an H200 that costs $32k",
     "input": {"chip_a": "h200", "usd_per_chip": 32000}, "want": "gb_per_kusd"},
    {"question": "how many times the memory per dollar do I get from an MI300X at 15,000 dollars against a B200 "
                 "at 35,000?",
     "input": {"chip_a": "mi300x", "usd_per_chip": 15000, "chip_b": "b200", "other_usd_per_chip": 35000},
     "want": "gb_per_usd_ratio"},
    {"question": "H200 at 31k or B200 at 38k: which one has more memory per dollar, and by what factor?",
     "input": {"chip_a": "h200", "usd_per_chip": 31000, "chip_b": "b200", "other_usd_per_chip": 38000},
     "want": "gb_per_usd_advantage"},
    {"question": "MI355X vs MI300X memory",
     "input": {"chip_a": "mi355x", "chip_b": "mi300x"}, "want": "capacity_ratio"},
    {"question": "memory ratio of an L40S to an A100 80GB",
     "input": {"chip_a": "l40s", "chip_b": "a100-sxm"}, "want": "capacity_ratio"},
    {"question": "which is best in GB per dollar: A100 80GB ($12k), H200 ($30k) or MI325X ($18k)?",
     "input": {"chip_a": "a100-sxm", "chip_b": "h200", "chip_c": "mi325x", "prices_usd": [12000, 30000, 18000]},
     "want": "best_gb_per_kusd"},
    {"question": "bandwidth per dollar: TPU v5e costing 3k versus H100 costing 30k",
     "input": {"chip_a": "tpu-v5e", "usd_per_chip": 3000, "chip_b": "h100-sxm", "other_usd_per_chip": 30000},
     "want": "bandwidth_per_usd_ratio"},
    {"question": "compare the memory capacity of B200 with A100 80GB, how many times bigger",
     "input": {"chip_a": "b200", "chip_b": "a100-sxm-80gb"}, "want": "capacity_ratio"},
    {"question": "HBM capacity of MI355X relative to B200",
     "input": {"chip_a": "mi355x", "chip_b": "b200"}, "want": "capacity_ratio"},
    {"question": "fp8 flops per dollar of an MI300X at $14k vs an H200 at $31k, ratio",
     "input": {"chip_a": "mi300x", "chip_b": "h200", "precision": "fp8", "usd_per_chip": 14000,
               "other_usd_per_chip": 31000}, "want": "flops_per_usd_ratio"},
    {"question": "GB/s of bandwidth for each dollar of a $14,000 MI300X",
     "input": {"chip_a": "mi300x", "usd_per_chip": 14000}, "want": "gbps_per_usd"},
    {"question": "B200 vs H200, how many times the memory bandwidth",
     "input": {"chip_a": "b200", "chip_b": "h200"}, "want": "bandwidth_ratio"},
    {"question": "which gives more HBM per dollar today, an MI300X or an H200?",
     "input": {"chip_a": "mi300x", "chip_b": "h200", "per_dollar": True}, "want": "gb_per_usd_ratio"},
    {"question": "memory bandwidth of H200 relative to H100",
     "input": {"chip_a": "h200", "chip_b": "h100-sxm"}, "want": "bandwidth_ratio"},
    {"question": "bf16 compute of an MI300X against an H100, as a ratio",
     "input": {"chip_a": "mi300x", "chip_b": "h100-sxm", "precision": "bf16"}, "want": "flops_ratio"},
    {"question": "TFLOPS per thousand dollars in fp8 for an H100 at 25k",
     "input": {"chip_a": "h100-sxm", "usd_per_chip": 25000, "precision": "fp8"}, "want": "tflops_per_kusd"},
    {"question": "what would an H100 have to cost to match the GB per dollar of a $6,000 Trainium2?",
     "input": {"chip_a": "trainium2", "usd_per_chip": 6000, "chip_b": "h100-sxm"}, "want": "break_even_usd"},
    {"question": "rank H100, H200 and MI300X by memory per rental dollar",
     "input": {"chip_a": "h100-sxm", "chip_b": "h200", "chip_c": "mi300x", "basis": "rental"}, "want": "gb_per_usd_hour"},
    {"question": "200,000 TPU v5p equal how many H100 in bf16 compute",
     "input": {"chip_a": "tpu-v5p", "n_chips": 200000, "chip_b": "h100-sxm"},
     "want": "equivalent_chips_flops"},
    {"question": "price of a $38k GPU over that of a $4.5k accelerator",
     "input": {"usd_per_chip": 38000, "other_usd_per_chip": 4500}, "want": "price_ratio"},
]  # fmt: skip


class HbmPerDollarQuery(Query):
    """One chip, two to compare, or several to rank, with prices given or from the catalogue."""

    model_config = ConfigDict(json_schema_extra={"examples": EXAMPLES})

    chip_a: str | None = entity("The (first) chip", "chip", default=None, words=("chip", "GPU", "first chip"))
    chip_b: str | None = entity(
        "The chip it is compared with",
        "chip",
        default=None,
        words=("versus", "against", "compared with", "than"),
    )
    chip_c: str | None = entity("A third chip to rank", "chip", default=None, words=("and", "rank"))
    chip_d: str | None = entity("A fourth chip to rank", "chip", default=None, words=("and", "rank"))
    more_chips: list[str] | None = Field(None, description="Further chips to rank, by name")
    usd_per_chip: float | None = quantity(
        "Purchase price of the (first) chip", "USD/chip", default=None, above=0,
        words=("price", "costs", "at", "costing", "per chip", "each"),
    )  # fmt: skip
    other_usd_per_chip: float | None = quantity(
        "Purchase price of the chip it is compared with", "USD/chip", default=None, above=0,
        words=("price", "costs", "at", "costing"),
    )  # fmt: skip
    prices_usd: list[float] | None = Field(
        None,
        description="Purchase prices of three or more chips, in their order",
        json_schema_extra={"unit": "USD/chip", "words": ["prices", "costs", "priced"]},
    )
    usd_per_server: float | None = quantity(
        "Purchase price of a server with several of the (first) chip", "USD/server", default=None, above=0,
        words=("server costs", "a box costs", "node costs", "server price", "the whole machine costs"),
    )  # fmt: skip
    chips_per_server: float | None = quantity(
        "Chips in that server", "chip", default=None, above=0,
        words=("GPUs in the server", "per server", "eight-GPU", "chips in the box", "GPU server"),
    )  # fmt: skip
    usd_per_chip_hour: float | None = quantity(
        "Rent of the (first) chip",
        "USD/chip/hour",
        default=None,
        above=0,
        words=("rent", "per hour", "rents at"),
    )
    other_usd_per_chip_hour: float | None = quantity(
        "Rent of the chip it is compared with", "USD/chip/hour", default=None, above=0,
        words=("rent", "per hour", "rents at"),
    )  # fmt: skip
    memory_gb: float | None = quantity(
        "Memory of the (first) chip, instead of the catalogue's", "GB", default=None, above=0,
        words=("memory", "HBM", "capacity"),
    )  # fmt: skip
    other_memory_gb: float | None = quantity(
        "Memory of the chip it is compared with, instead of the catalogue's", "GB", default=None, above=0,
        words=("memory", "HBM", "capacity"),
    )  # fmt: skip
    bandwidth_gb_per_s: float | None = quantity(
        "Memory bandwidth of the (first) chip, instead of the catalogue's", "GB/s", default=None, above=0,
        words=("bandwidth",),
    )  # fmt: skip
    other_bandwidth_gb_per_s: float | None = quantity(
        "Memory bandwidth of the chip it is compared with, instead of the catalogue's", "GB/s", default=None,
        above=0, words=("bandwidth",),
    )  # fmt: skip
    basis: Literal["purchase", "rental", "total"] | None = Field(
        None,
        description="Dollars of purchase price, of rent per hour, or of total cost over the years of use",
        json_schema_extra={"words": ["purchase price", "rental", "total cost of ownership"]},
    )
    per_dollar: bool | None = Field(
        None,
        description="Compare per dollar at the catalogue's prices where the question names none",
        json_schema_extra={"words": ["per dollar", "per $", "for the money", "for your money", "per k$", "per buck",
                                     "dollar", "cost-effective", "value"]},
    )  # fmt: skip
    running_usd_per_chip_hour: float | None = quantity(
        "Running cost of a chip (power, space, staff), for the total cost", "USD/chip/hour", default=None, min=0,
        words=("running cost", "opex", "operating cost"),
    )  # fmt: skip
    years: float | None = quantity(
        "Years of use, for the total cost", "year", default=None, above=0, max=50, words=("years", "lifetime")
    )
    precision: Precision | None = precision_field(
        "Number format of the FLOP/s compared", ("FLOPS", "compute", "TFLOPS")
    )
    n_chips: float | None = quantity(
        "Number of first chips, to be matched by second chips", "chip", default=None, above=0,
        words=("chips", "equal how many", "equivalent"),
    )  # fmt: skip
    as_of: str | None = Field(
        None,
        description="Date of the catalogue prices (YYYY-MM-DD)",
        json_schema_extra={"words": ["as of", "in"]},
    )


class RankedChip(BaseModel):
    """One row of the ranking."""

    chip: str
    usd: float | None
    gb_per_kusd: float | None
    gbps_per_usd: float | None
    tflops_per_kusd: float | None


class HbmPerDollarResult(Result):
    """Ratios are first over second. Per-dollar numbers are of the first chip."""

    gb_per_usd_ratio: float | None = quantity(
        "HBM capacity per dollar, first chip over second", "dimensionless", default=None, role="headline",
        words=("HBM per dollar", "GB per dollar", "gigabytes per dollar", "capacity per dollar", "memory per dollar", "times better", "memory for the money", "how many times"),
    )  # fmt: skip
    gb_per_usd_advantage: float | None = quantity(
        "Memory per dollar of the better chip over the other's", "dimensionless", default=None, role="detail",
        words=("which has more memory per dollar", "by what factor", "better value", "which is better", "wins by"),
    )  # fmt: skip
    bandwidth_per_usd_advantage: float | None = quantity(
        "Bandwidth per dollar of the better chip over the other's", "dimensionless", default=None, role="detail",
        words=("which has more bandwidth per dollar", "times better in bandwidth per dollar", "bandwidth per dollar by what factor", "how many times more bandwidth for the money"),
    )  # fmt: skip
    flops_per_usd_advantage: float | None = quantity(
        "FLOP/s per dollar of the better chip over the other's", "dimensionless", default=None, role="detail",
        words=("which has more compute per dollar", "times better in FLOPS per dollar", "compute per dollar by what factor"),
    )  # fmt: skip
    usd_per_chip: float | None = quantity(
        "Price of one chip of the server priced", "USD/chip", default=None, role="headline",
        words=("price per chip", "per GPU", "each GPU costs", "price of one GPU"),
    )  # fmt: skip
    gbps_per_usd_hour: float | None = quantity(
        "Memory bandwidth rented for a dollar an hour, first chip", "GB*hour/s/USD", default=None, role="detail",
        words=("bandwidth per rental dollar", "bandwidth for a dollar an hour"),
    )  # fmt: skip
    gb_per_usd: float | None = quantity(
        "Memory for one dollar of the first chip", "GB/USD", default=None, role="detail",
        words=("GB for one dollar", "memory for a single dollar"),
    )  # fmt: skip
    usd_per_gb: float | None = quantity(
        "Price of a gigabyte of memory on the first chip", "USD/GB", default=None, role="detail",
        words=("dollars per GB", "price per gigabyte", "cost of a GB of HBM", "paid per GB"),
    )  # fmt: skip
    bandwidth_per_usd_ratio: float | None = quantity(
        "Bandwidth per dollar, first chip over second", "dimensionless", default=None, role="headline",
        words=("memory bandwidth per dollar", "bandwidth per dollar", "GB/s per dollar", "TB/s per dollar", "times better", "how many times"),
    )  # fmt: skip
    flops_per_usd_ratio: float | None = quantity(
        "FLOP/s per dollar, first chip over second", "dimensionless", default=None, role="headline",
        words=("FLOPS per dollar", "compute per dollar", "TFLOPS per dollar", "flops for the money", "times better", "how many times"),
    )  # fmt: skip
    gb_per_kusd: float | None = quantity(
        "Memory for a thousand dollars of the first chip", "GB/kUSD", default=None, role="headline",
        words=("GB per thousand dollars", "GB per $1000", "GB per dollar", "per k$"),
    )  # fmt: skip
    gbps_per_usd: float | None = quantity(
        "Memory bandwidth for a dollar of the first chip", "GB/s/USD", default=None, role="headline",
        words=("GB/s per dollar", "GB/s", "bandwidth for a dollar"),
    )  # fmt: skip
    tflops_per_kusd: float | None = quantity(
        "TFLOP/s for a thousand dollars of the first chip", "TFLOP/s/kUSD", default=None, role="headline",
        words=("TFLOPS per thousand dollars", "TFLOPS per k$", "FLOPS per dollar of one chip"),
    )  # fmt: skip
    gb_per_usd_hour: float | None = quantity(
        "Memory rented for a dollar an hour, first chip", "GB*hour/USD", default=None, role="headline",
        words=("GB per rental dollar", "memory per dollar an hour", "rental dollar", "per rented dollar"),
    )  # fmt: skip
    capacity_ratio: float | None = quantity(
        "Memory capacity, first chip over second", "dimensionless", default=None, role="headline",
        words=("memory capacity", "HBM capacity ratio", "memory ratio", "HBM", "memory", "VRAM", "more HBM"),
    )  # fmt: skip
    bandwidth_ratio: float | None = quantity(
        "Memory bandwidth, first chip over second", "dimensionless", default=None, role="detail",
        words=("memory bandwidth", "bandwidth ratio", "times the bandwidth", "bandwidth", "how much faster is the memory", "faster memory", "memory speed"),
    )  # fmt: skip
    flops_ratio: float | None = quantity(
        "FLOP/s, first chip over second", "dimensionless", default=None, role="detail",
        words=("compute ratio", "FLOPS ratio", "TFLOPS compared", "more compute", "times the flops", "bf16 compute", "fp8 compute", "bf16 flops"),
    )  # fmt: skip
    price_ratio: float | None = quantity(
        "Price of the dearer chip over the cheaper", "dimensionless", default=None, role="headline",
        words=("price ratio", "times dearer", "times more expensive", "price gap as a ratio", "price over", "price of one over the other", "over that of"),
    )  # fmt: skip
    price_gap_usd: float | None = quantity(
        "Price of the dearer chip minus the cheaper", "USD/chip", default=None, role="detail",
        words=("price gap", "price difference", "cheaper by", "dollar gap", "gap in dollars"),
    )  # fmt: skip
    break_even_usd: float | None = quantity(
        "Price at which the chip with less memory per dollar would match the other", "USD/chip", default=None,
        role="detail", words=("break-even price", "would match", "what price makes equal", "what price makes it match", "have to cost", "match the GB per dollar", "how cheap", "same GB per dollar", "equal the HBM per dollar", "price that would give the same"),
    )  # fmt: skip
    break_even_bandwidth_usd: float | None = quantity(
        "Price at which the chip with less bandwidth per dollar would match the other", "USD/chip", default=None,
        role="detail", words=("match the bandwidth per dollar", "bandwidth break-even", "tie on bandwidth per dollar", "have to cost for the bandwidth", "bandwidth per dollar equal", "price for the same bandwidth per dollar"),
    )  # fmt: skip
    equivalent_chips_flops: float | None = quantity(
        "Second chips with the FLOP/s of the number of first chips", "chip", default=None, role="detail",
        words=("equivalent chips", "equal how many", "equivalent in compute", "H100 equivalents", "match in flops", "same compute"),
    )  # fmt: skip
    equivalent_chips_memory: float | None = quantity(
        "Second chips with the memory of the number of first chips", "chip", default=None, role="detail",
        words=("equivalent in memory", "have the memory of how many", "memory of how many", "same memory"),
    )  # fmt: skip
    best_gb_per_kusd: float | None = quantity(
        "Memory for a thousand dollars of the best chip compared", "GB/kUSD", default=None, role="detail",
        words=("best in GB per dollar", "best memory per dollar", "winner", "which is best"),
    )  # fmt: skip
    best_chip: str | None = None
    ranking: list[RankedChip] = Field(default_factory=list)


def hbm_per_dollar(query: HbmPerDollarQuery, catalog: Catalog) -> HbmPerDollarResult:
    """Memory, bandwidth and FLOP/s of chips, per dollar and as they are: ranking, ratios, break-even price.

    By purchase price (of a chip, or of a server with so many), rent or total cost; prices as given in the question or from the dated catalogue.
    """
    query = _whose_memory(query, catalog)
    notes = Notes()
    query = _of_server(query, catalog, notes)
    if not query.chip_a and query.usd_per_server is not None and query.usd_per_chip is not None:
        return _server_alone(query)
    values, unit = chip_values(query, catalog, notes)
    result = HbmPerDollarResult()
    lines = _one(values[0], unit, result)
    if len(values) == 2:
        lines += _two(values[0], values[1], query, unit, result)
    _rank(values, unit, result)
    result.formula = "; ".join([*lines, *([result.formula] if len(values) > 2 and result.formula else [])])
    if query.usd_per_server is not None:
        result.usd_per_chip = query.usd_per_chip
    result.assumptions, result.warnings = notes.assumptions, notes.warnings
    result.sources = list(dict.fromkeys(notes.sources))
    return finite(result)


def _whose_memory(query: HbmPerDollarQuery, catalog: Catalog) -> HbmPerDollarQuery:
    """The query with two capacities that are just each other's given to the chip that has them ("96 GB vs 80 GB")."""
    said = (query.memory_gb, query.other_memory_gb)
    if query.chip_a is None or query.chip_b is None or None in said or said[0] == said[1]:
        return query
    known = [catalog.chip(name).memory_bytes for name in (query.chip_b, query.chip_a)]
    if any(
        size is None or abs(size / 1e9 - float(gb or 0)) > 0.5 for size, gb in zip(known, said, strict=True)
    ):
        return query
    return query.model_copy(update={"memory_gb": said[1], "other_memory_gb": said[0]})


def _of_server(query: HbmPerDollarQuery, catalog: Catalog, notes: Notes) -> HbmPerDollarQuery:
    """The query with the price of a server turned into that of one of its chips.

    Raises MissingInput when neither the question nor the catalogue says how many chips it has.
    """
    if query.usd_per_server is None or query.usd_per_chip is not None:
        return query
    chips = query.chips_per_server
    if chips is None and query.chip_a is not None:
        known = catalog.chip(query.chip_a).chips_per_server
        if known:
            chips = float(known)
            notes.assumptions.append(f"{known} chips in the server, as the chip is sold")
    if chips is None:
        raise MissingInput("chips_per_server", "how many chips has the server?")
    return query.model_copy(update={"usd_per_chip": query.usd_per_server / chips, "chips_per_server": chips})


def _server_alone(query: HbmPerDollarQuery) -> HbmPerDollarResult:
    """A server's price shared among its chips, whatever they are."""
    assert query.usd_per_server is not None
    return HbmPerDollarResult(
        usd_per_chip=query.usd_per_chip,
        formula=f"${query.usd_per_server:,.0f} / {query.chips_per_server:g} chips = ${query.usd_per_chip:,.2f} a chip",
    )


def _one(first: ChipValue, unit: str, result: HbmPerDollarResult) -> list[str]:
    if first.usd is None:
        return []
    if unit == "USD/chip/hour":
        result.gb_per_usd_hour = _over(first.memory_gb, first.usd)
        result.gbps_per_usd_hour = _over(first.bandwidth_gb_per_s, first.usd)
        return []
    result.gb_per_kusd = _over(first.memory_gb, first.usd / 1e3)
    result.gb_per_usd, result.usd_per_gb = (
        _over(first.memory_gb, first.usd),
        _over(first.usd, first.memory_gb),
    )
    result.gbps_per_usd = _over(first.bandwidth_gb_per_s, first.usd)
    result.tflops_per_kusd = _over(first.tflops, first.usd / 1e3)
    if result.gb_per_kusd is None:
        return []
    return [
        f"{first.name}: {first.memory_gb:g} GB / ${first.usd:,.0f} = {format_number(result.gb_per_kusd)} GB per k$"
    ]


def _two(
    first: ChipValue, second: ChipValue, query: HbmPerDollarQuery, unit: str, result: HbmPerDollarResult
) -> list[str]:
    result.capacity_ratio = _over(first.memory_gb, second.memory_gb)
    result.bandwidth_ratio = _over(first.bandwidth_gb_per_s, second.bandwidth_gb_per_s)
    result.flops_ratio = _over(first.tflops, second.tflops)
    lines = [
        f"{what}: {format_number(a)} / {format_number(b)} = {format_number(a / b)}x"
        for what, a, b in (
            ("memory, GB", first.memory_gb, second.memory_gb),
            ("bandwidth, GB/s", first.bandwidth_gb_per_s, second.bandwidth_gb_per_s),
            ("dense TFLOP/s", first.tflops, second.tflops),
        )
        if a and b
    ]
    if query.n_chips is not None:
        result.equivalent_chips_flops = _times(query.n_chips, result.flops_ratio)
        result.equivalent_chips_memory = _times(query.n_chips, result.capacity_ratio)
    return lines + _per_dollar(first, second, unit, result)


def _per_dollar(first: ChipValue, second: ChipValue, unit: str, result: HbmPerDollarResult) -> list[str]:
    if first.usd is None or second.usd is None:
        _match_price(first, second, result)
        return []
    cheaper, dearer = sorted((first.usd, second.usd))
    result.price_ratio = dearer / cheaper
    result.price_gap_usd = dearer - cheaper if unit == "USD/chip" else None
    relative = first.usd / second.usd
    result.gb_per_usd_ratio = _times(result.capacity_ratio, 1 / relative)
    result.gb_per_usd_advantage = _above_one(result.gb_per_usd_ratio)
    result.bandwidth_per_usd_ratio = _times(result.bandwidth_ratio, 1 / relative)
    result.flops_per_usd_ratio = _times(result.flops_ratio, 1 / relative)
    result.bandwidth_per_usd_advantage = _above_one(result.bandwidth_per_usd_ratio)
    result.flops_per_usd_advantage = _above_one(result.flops_per_usd_ratio)
    if unit == "USD/chip":
        _break_even(first, second, result)
    lines = [
        f"price: {format_number(dearer)} / {format_number(cheaper)} = {format_number(dearer / cheaper)}x"
    ]
    if result.gb_per_usd_ratio is not None:
        lines.append(
            f"GB per $: ({first.memory_gb:g}/{format_number(first.usd)}) / ({second.memory_gb:g}/"
            f"{format_number(second.usd)}) = {format_number(result.gb_per_usd_ratio)}x"
        )
    if result.bandwidth_per_usd_ratio is not None:
        lines.append(f"GB/s per $: {format_number(result.bandwidth_per_usd_ratio)}x")
    return lines


def _break_even(first: ChipValue, second: ChipValue, result: HbmPerDollarResult) -> None:
    """The price at which the worse of the two per dollar would be as good as the better."""
    assert first.usd is not None
    assert second.usd is not None
    for name, ratio in (
        ("break_even_usd", result.gb_per_usd_ratio),
        ("break_even_bandwidth_usd", result.bandwidth_per_usd_ratio),
    ):
        if ratio is not None:
            setattr(result, name, second.usd / ratio if ratio >= 1 else first.usd * ratio)


def _match_price(first: ChipValue, second: ChipValue, result: HbmPerDollarResult) -> None:
    """One price known: what the other chip would have to cost to give as much per dollar."""
    known, unknown = (first, second) if first.usd is not None else (second, first)
    if known.usd is None:
        return
    result.break_even_usd = _times(known.usd, _over(unknown.memory_gb, known.memory_gb))
    result.break_even_bandwidth_usd = _times(
        known.usd, _over(unknown.bandwidth_gb_per_s, known.bandwidth_gb_per_s)
    )


def _rank(values: list[ChipValue], unit: str, result: HbmPerDollarResult) -> None:
    rows = sorted(values, key=lambda v: -(v.memory_gb or 0.0) / v.usd if v.usd else 0.0)
    for row in rows:
        usd = row.usd
        result.ranking.append(
            RankedChip(
                chip=row.id or row.name,
                usd=usd,
                gb_per_kusd=_over(row.memory_gb, usd and usd / 1e3),
                gbps_per_usd=_over(row.bandwidth_gb_per_s, usd),
                tflops_per_kusd=_over(row.tflops, usd and usd / 1e3),
            )
        )
    priced = [row for row in rows if row.usd and row.memory_gb]
    result.best_chip = (priced[0].id or priced[0].name) if len(priced) > 1 else None
    if result.best_chip is not None:
        result.best_gb_per_kusd = result.ranking[0].gb_per_kusd if unit == "USD/chip" else None
        result.formula = f"best: {priced[0].name}; {_worked(priced, unit)}"
    result.table = _table(result.ranking, unit)
    if len(values) > 1:
        result.figures = chip_figures(values, unit)
        result.chart = chip_chart(values, unit)


def _worked(priced: list[ChipValue], unit: str) -> str:
    """Memory per dollar of each chip, the best first, with its numbers put in."""
    per, scale = ("GB per k$", 1e3) if unit == "USD/chip" else ("GB per $/hour", 1.0)
    each = (
        f"{row.name} {format_number(row.memory_gb)} / {format_number(row.usd / scale)} = "
        f"{format_number(row.memory_gb / row.usd * scale)}"
        for row in priced[:6]
        if row.memory_gb and row.usd
    )
    return f"{per}: {', '.join(each)}"


def _table(ranking: list[RankedChip], unit: str) -> dict[str, Any]:
    per = "$" if unit == "USD/chip" else "$/hour"
    columns = ["chip", unit, f"GB per k{per}", f"GB/s per {per}", f"TFLOP/s per k{per}"]
    rows = [
        [r.chip, r.usd, _round(r.gb_per_kusd), _round(r.gbps_per_usd), _round(r.tflops_per_kusd)]
        for r in ranking
    ]
    return {"columns": columns, "rows": rows}


def _above_one(ratio: float | None) -> float | None:
    """The larger over the smaller, whichever came first."""
    return max(ratio, 1 / ratio) if ratio else None


def _over(a: float | None, b: float | None) -> float | None:
    return a / b if a is not None and b else None


def _times(a: float | None, b: float | None) -> float | None:
    return a * b if a is not None and b is not None else None


def _round(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.5g}")
