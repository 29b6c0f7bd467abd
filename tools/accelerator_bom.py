"""Bill of materials of an accelerator: parts, HBM share, price and margin, merchant chip against own silicon."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict

from tools.catalog import Catalog
from tools.contract import Query, Result, Source, entity, quantity
from tools.errors import FactAbsent
from tools.solve import Default, Relations, Rule, answer, product

_PARTS = ("hbm_usd", "logic_usd", "packaging_usd", "other_usd")

RELATIONS = Relations(
    product("hbm_usd", "hbm_gb", "usd_per_gb_hbm"),
    product("hbm_gb", "hbm_stacks", "gb_per_stack"),
    product("logic_usd", "dies", "usd_per_die"),
    # what the foundry and packager get, together
    Rule("silicon_usd", ("logic_usd", "packaging_usd"), lambda a, b: a + b, "{logic_usd} + {packaging_usd}"),
    product("hbm_over_silicon", "hbm_usd", per=("silicon_usd",)),
    Rule("cost_usd", _PARTS, lambda *v: sum(v), "{hbm_usd} + {logic_usd} + {packaging_usd} + {other_usd}"),
    Rule(
        "other_usd",
        ("cost_usd", *_PARTS[:3]),
        lambda c, *v: c - sum(v),
        "{cost_usd} − {hbm_usd} − {logic_usd} − {packaging_usd}",
    ),
    product("hbm_usd", "cost_usd", "hbm_share_percent", scale=0.01),
    Rule("non_hbm_usd", ("cost_usd", "hbm_usd"), lambda c, h: c - h, "{cost_usd} − {hbm_usd}"),
    # selling it
    Rule(
        "gross_margin_percent",
        ("price_usd", "cost_usd"),
        lambda p, c: 100 * (1 - c / p),
        "1 − {cost_usd} / {price_usd}",
    ),
    Rule(
        "price_usd",
        ("cost_usd", "gross_margin_percent"),
        lambda c, m: c / (1 - m / 100),
        "{cost_usd} / (1 − {gross_margin_percent})",
    ),
    Rule(
        "cost_usd",
        ("price_usd", "gross_margin_percent"),
        lambda p, m: p * (1 - m / 100),
        "{price_usd} × (1 − {gross_margin_percent})",
    ),
    product("price_multiple", "price_usd", per=("cost_usd",)),
    Rule("gross_profit_usd", ("price_usd", "cost_usd"), lambda p, c: p - c, "{price_usd} − {cost_usd}"),
    product("total_cost_usd", "chips", "cost_usd"),
    product("total_price_usd", "chips", "price_usd"),
    product("total_gross_profit_usd", "chips", "gross_profit_usd"),
    # own silicon: the same cost with a design partner's margin, and development spread over the volume
    Rule(
        "own_unit_usd",
        ("own_cost_usd", "partner_margin_percent"),
        lambda c, m: c / (1 - m / 100),
        "{own_cost_usd} / (1 − {partner_margin_percent})",
    ),
    Rule(
        "saving_per_chip_usd",
        ("price_usd", "own_unit_usd"),
        lambda p, o: p - o,
        "{price_usd} − {own_unit_usd}",
    ),
    product("saving_percent", "saving_per_chip_usd", per=("price_usd",), scale=100.0),
    product("merchant_over_own", "price_usd", per=("own_unit_usd",)),
    product("break_even_chips", "development_usd", per=("saving_per_chip_usd",)),
    product("saving_usd", "chips", "saving_per_chip_usd"),
    Rule(
        "saving_after_development_usd",
        ("saving_usd", "development_usd"),
        lambda s, d: s - d,
        "{saving_usd} − {development_usd}",
    ),
    # one generation against another
    product("cost_ratio", "cost_usd", per=("earlier_cost_usd",)),
    product("hbm_cost_ratio", "hbm_usd", per=("earlier_hbm_usd",)),
    product("earlier_hbm_share_percent", "earlier_hbm_usd", per=("earlier_cost_usd",), scale=100.0),
    Rule(
        "hbm_share_change_points",
        ("hbm_share_percent", "earlier_hbm_share_percent"),
        lambda a, b: a - b,
        "{hbm_share_percent} − {earlier_hbm_share_percent}",
    ),
)


class AcceleratorBomQuery(Query):
    """Parts, cost, price and margin of a chip; own silicon; an earlier generation."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "question": "144 GB at $14 per GB in a chip that costs $5,000 to make: what share is HBM?",
                    "input": {"hbm_gb": 144, "usd_per_gb_hbm": 14, "cost_usd": 5000},
                    "want": "hbm_share_percent",
                },
                {
                    "question": "add up a BOM: HBM $2,500, two dies at $280, packaging $1,000, test and rest $700",
                    "input": {
                        "hbm_usd": 2500,
                        "dies": 2,
                        "usd_per_die": 280,
                        "packaging_usd": 1000,
                        "other_usd": 700,
                    },
                    "want": "cost_usd",
                },
                {
                    "question": "memory is 1,900 of a 4,750 dollar build cost, what share?",
                    "input": {"hbm_usd": 1900, "cost_usd": 4750},
                    "want": "hbm_share_percent",
                },
                {
                    "question": "BOM total: HBM 2,000, dies 500, packaging 900, other 600",
                    "input": {"hbm_usd": 2000, "logic_usd": 500, "packaging_usd": 900, "other_usd": 600},
                    "want": "cost_usd",
                },
                {
                    "question": "a custom chip made for $2,000 with Marvell's 55% margin: what is paid per chip?",
                    "input": {"own_cost_usd": 2000, "partner_margin_percent": 55},
                    "want": "own_unit_usd",
                },
                {
                    "question": "it takes 3,600 to build and is priced at 18,000: gross margin",
                    "input": {"cost_usd": 3600, "price_usd": 18000},
                    "want": "gross_margin_percent",
                },
                {
                    "question": "a part costs 5,800 dollars to build, what does it sell for at 80% gross margin",
                    "input": {"cost_usd": 5800, "gross_margin_percent": 80},
                    "want": "price_usd",
                },
                {
                    "question": "margin on an accelerator sold at $25k with a BOM of $4k",
                    "input": {"price_usd": 25000, "cost_usd": 4000},
                    "want": "gross_margin_percent",
                },
                {
                    "question": "own chip made for $3,000, design partner's margin 60%, merchant GPU $30,000: saving?",
                    "input": {"own_cost_usd": 3000, "partner_margin_percent": 60, "price_usd": 30000},
                    "want": "saving_percent",
                },
                {
                    "question": "how many chips repay $1.5B of development when each saves 12 thousand dollars",
                    "input": {"development_usd": 1.5e9, "saving_per_chip_usd": 12000},
                    "want": "break_even_chips",
                },
                {
                    "question": "build cost goes from 3,000 to 6,300 dollars a generation later: how many times?",
                    "input": {"earlier_cost_usd": 3000, "cost_usd": 6300},
                    "want": "cost_ratio",
                },
                {
                    "question": "dollars of HBM in a B200 at 15 dollars a gigabyte",
                    "input": {"chip": "b200", "usd_per_gb_hbm": 15},
                    "want": "hbm_usd",
                },
            ]
        }
    )
    chip: str | None = entity("Chip, for its HBM capacity and published build cost", "chip", default=None)
    hbm_gb: float | None = quantity(
        "HBM capacity of one chip",
        "GB",
        default=None,
        above=0,
        max=20000,
        words=("GB of HBM", "memory", "HBM capacity"),
    )
    usd_per_gb_hbm: float | None = quantity(
        "HBM price per GB",
        "USD/GB",
        default=None,
        above=0,
        words=("per GB", "a gigabyte", "HBM price"),
        ask="What does a GB of HBM cost?",
    )
    hbm_stacks: float | None = quantity(
        "HBM stacks on one chip", "dimensionless", default=None, above=0, max=64, words=("stacks",)
    )
    gb_per_stack: float | None = quantity(
        "GB in one HBM stack", "GB", default=None, above=0, words=("GB per stack",)
    )
    hbm_usd: float | None = quantity(
        "Cost of the HBM",
        "USD",
        default=None,
        min=0,
        words=(
            "HBM",
            "HBM cost",
            "memory cost",
            "memory is",
        ),
    )
    dies: float | None = quantity(
        "Logic dies in the package",
        "dimensionless",
        default=None,
        above=0,
        max=64,
        words=(
            "number of dies",
            "dies in the package",
        ),
    )
    usd_per_die: float | None = quantity(
        "Cost of one logic die", "USD", default=None, above=0, words=("per die", "die cost", "dies at")
    )
    logic_usd: float | None = quantity(
        "Cost of the logic dies",
        "USD",
        default=None,
        min=0,
        words=(
            "logic",
            "silicon",
            "dies",
            "wafer cost",
        ),
    )
    packaging_usd: float | None = quantity(
        "Cost of packaging (CoWoS)", "USD", default=None, min=0, words=("packaging", "CoWoS", "interposer")
    )
    other_usd: float | None = quantity(
        "Substrate, assembly, test, yield loss and the rest",
        "USD",
        default=None,
        min=0,
        words=("test", "assembly", "other", "rest", "substrate", "yield loss"),
    )
    cost_usd: float | None = quantity(
        "Cost to make one chip: the whole bill of materials",
        "USD",
        default=None,
        above=0,
        words=(
            "make",
            "build",
            "BOM",
            "bill of materials",
            "manufacturing",
            "COGS",
        ),
        ask="What does the chip cost to make?",
    )
    hbm_share_percent: float | None = quantity(
        "HBM as a share of the cost",
        "percent",
        default=None,
        above=0,
        max=100,
        words=("HBM share", "share of HBM"),
    )
    price_usd: float | None = quantity(
        "Selling price of the merchant chip",
        "USD",
        default=None,
        above=0,
        words=(
            "sells",
            "sold",
            "selling",
            "merchant",
            "ASP",
            "priced",
        ),
    )
    gross_margin_percent: float | None = quantity(
        "Gross margin on the chip", "percent", default=None, below=100, words=("margin", "gross margin")
    )
    chips: float | None = quantity(
        "Number of chips", "chip", default=None, above=0, words=("chips", "units", "volume", "shipments")
    )
    own_cost_usd: float | None = quantity(
        "Cost to make one chip of one's own",
        "USD",
        default=None,
        above=0,
        words=(
            "own chip",
            "own silicon",
            "custom chip",
            "in-house",
        ),
    )
    partner_margin_percent: float | None = quantity(
        "Gross margin of the design partner on that cost",
        "percent",
        default=None,
        min=0,
        below=100,
        words=(
            "design partner",
            "partner",
            "Broadcom",
            "Marvell",
            "Alchip",
            "ASIC vendor",
        ),
    )
    own_unit_usd: float | None = quantity(
        "What one chip of one's own costs in all",
        "USD",
        default=None,
        above=0,
        words=("own chip costs in all",),
    )
    development_usd: float | None = quantity(
        "Development cost of one's own chip",
        "USD",
        default=None,
        above=0,
        words=("development", "NRE", "design cost", "tape-out"),
    )
    saving_per_chip_usd: float | None = quantity(
        "Saved on each chip", "USD", default=None, words=("each saves", "saving per chip")
    )
    earlier_cost_usd: float | None = quantity(
        "Cost to make the earlier generation",
        "USD",
        default=None,
        above=0,
        words=("earlier", "previous generation", "from", "old generation"),
    )
    earlier_hbm_usd: float | None = quantity(
        "HBM cost of the earlier generation",
        "USD",
        default=None,
        above=0,
        words=("earlier HBM", "HBM before"),
    )


class AcceleratorBomResult(Result):
    """What followed; a quantity that was given is not repeated."""

    saving_percent: float | None = quantity(
        "Saving of own silicon on the merchant price",
        "percent",
        default=None,
        role="headline",
        words=("saving", "cheaper", "percent saved"),
    )
    break_even_chips: float | None = quantity(
        "Chips that repay the development",
        "chip",
        default=None,
        role="headline",
        words=("break even", "how many chips repay", "volume needed"),
    )
    cost_ratio: float | None = quantity(
        "Cost over the earlier generation's",
        "dimensionless",
        default=None,
        role="headline",
        words=("how many times", "cost ratio", "times more"),
    )
    gross_margin_percent: float | None = quantity(
        "Gross margin", "percent", default=None, role="headline", words=("margin", "gross margin")
    )
    price_usd: float | None = quantity(
        "Selling price", "USD", default=None, role="headline", words=("price", "sell for")
    )
    hbm_share_percent: float | None = quantity(
        "HBM share of the cost",
        "percent",
        default=None,
        role="headline",
        words=("HBM share", "share of HBM", "share"),
    )
    cost_usd: float | None = quantity(
        "Cost to make one chip",
        "USD",
        default=None,
        role="headline",
        words=("cost", "bill of materials", "BOM", "build cost", "add up"),
    )
    hbm_usd: float | None = quantity(
        "Cost of the HBM",
        "USD",
        default=None,
        role="headline",
        words=("HBM cost", "dollars of HBM", "memory cost"),
    )
    usd_per_gb_hbm: float | None = quantity(
        "HBM price per GB", "USD/GB", default=None, words=("per GB", "HBM price")
    )
    hbm_gb: float | None = quantity("HBM of one chip", "GB", default=None, words=("GB of HBM",))
    logic_usd: float | None = quantity("Cost of the logic dies", "USD", default=None, words=("logic", "dies"))
    silicon_usd: float | None = quantity(
        "Logic and packaging together (the foundry's part)",
        "USD",
        default=None,
        words=("foundry", "TSMC", "silicon and packaging"),
    )
    hbm_over_silicon: float | None = quantity(
        "HBM cost over the foundry's part",
        "dimensionless",
        default=None,
        words=("HBM against TSMC", "HBM over foundry"),
    )
    non_hbm_usd: float | None = quantity(
        "Everything but HBM", "USD", default=None, words=("without HBM", "the rest")
    )
    other_usd: float | None = quantity("Other parts", "USD", default=None, words=("other", "rest"))
    price_multiple: float | None = quantity(
        "Price over cost", "dimensionless", default=None, words=("times cost", "markup")
    )
    gross_profit_usd: float | None = quantity(
        "Gross profit per chip", "USD", default=None, words=("gross profit", "profit per chip")
    )
    total_cost_usd: float | None = quantity("Cost of all chips", "USD", default=None, words=("total cost",))
    total_price_usd: float | None = quantity(
        "Price of all chips", "USD", default=None, words=("total revenue", "total price")
    )
    total_gross_profit_usd: float | None = quantity(
        "Gross profit of all chips", "USD", default=None, words=("total gross profit",)
    )
    own_unit_usd: float | None = quantity(
        "One chip of one's own, partner's margin included",
        "USD",
        default=None,
        words=(
            "own chip price",
            "own silicon",
            "pay per chip",
            "custom chip",
        ),
    )
    saving_per_chip_usd: float | None = quantity(
        "Saved on each chip", "USD", default=None, words=("saving per chip",)
    )
    merchant_over_own: float | None = quantity(
        "Merchant price over own silicon",
        "dimensionless",
        default=None,
        words=("times more expensive", "merchant over own"),
    )
    saving_usd: float | None = quantity("Saved on all chips", "USD", default=None, words=("total saving",))
    saving_after_development_usd: float | None = quantity(
        "Saved on all chips after development", "USD", default=None, words=("after development", "after NRE")
    )
    hbm_cost_ratio: float | None = quantity(
        "HBM cost over the earlier generation's", "dimensionless", default=None, words=("HBM cost growth",)
    )
    earlier_hbm_share_percent: float | None = quantity(
        "HBM share of the earlier generation", "percent", default=None, words=("earlier HBM share",)
    )
    hbm_share_change_points: float | None = quantity(
        "Change of the HBM share, percentage points",
        "percent",
        default=None,
        words=("share change", "points"),
    )


def accelerator_bom(query: AcceleratorBomQuery, catalog: Catalog) -> AcceleratorBomResult:
    """What an accelerator costs to make: bill of materials, HBM share, price and margin, own silicon.

    Parts add up to the cost (or the cost gives the missing part); cost and price give the margin, in any
    direction; own silicon with a design partner's margin and development cost against a merchant chip; one
    generation against another. A named chip brings its HBM capacity and published build-cost estimate.
    """
    facts, sources = _catalogue(query, catalog)
    result = answer(
        RELATIONS, query, AcceleratorBomResult, defaults=[*_defaults(query), *facts], ask_first=("cost_usd",)
    )
    used = [
        s
        for fact, found in zip(facts, sources, strict=True)
        if fact.says in result.assumptions
        for s in found
    ]
    result.sources = list(dict.fromkeys(used))
    result.table, result.chart = _parts(query, result)
    return result


def _defaults(query: AcceleratorBomQuery) -> list[Default]:
    """Parts nobody named are left out of a sum that was started, and that is said."""
    chosen = []
    if query.own_cost_usd is not None:
        chosen.append(Default("partner_margin_percent", 0.0, "No design partner's margin (not stated)."))
    named = [n for n in _PARTS if getattr(query, n) is not None]
    named += [
        n for n, parts in (("logic_usd", query.dies), ("hbm_usd", query.usd_per_gb_hbm)) if parts is not None
    ]
    if (
        query.cost_usd is None
        and query.price_usd is None
        and query.hbm_share_percent is None
        and len(set(named)) > 1
    ):
        chosen += [
            Default(n, 0.0, f"No {n.removesuffix('_usd')} cost was named.") for n in _PARTS if n not in named
        ]
    return chosen


def _catalogue(query: AcceleratorBomQuery, catalog: Catalog) -> tuple[list[Default], list[list[Source]]]:
    """HBM capacity and published build cost of the named chip."""
    if query.chip is None:
        return [], []
    chip = catalog.chip(query.chip)
    facts, sources = [], []
    if chip.memory_bytes is not None:
        gb = chip.memory_bytes / 1e9
        facts.append(Default("hbm_gb", gb, f"{chip.name} carries {gb:,.0f} GB of HBM.", fact=True))
        sources.append(chip.sources("memory_bytes"))
    try:
        cost = catalog.build_cost(chip)
    except FactAbsent:
        return facts, sources
    spread = f"estimates ${cost.low:,.0f} to ${cost.high:,.0f}, {cost.as_of}"
    says = f"{chip.name} costs ${cost.value:,.0f} to make ({spread})."
    facts.append(Default("cost_usd", cost.value, says, fact=True))
    sources.append(cost.sources)
    return facts, sources


def _parts(
    query: AcceleratorBomQuery, result: AcceleratorBomResult
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Table and chart of the parts, when at least two are known."""
    names = {"hbm_usd": "HBM", "logic_usd": "logic dies", "packaging_usd": "packaging", "other_usd": "other"}
    values = {shown: getattr(query, n) or getattr(result, n, None) for n, shown in names.items()}
    known = {shown: float(v) for shown, v in values.items() if v}
    if len(known) < 2:
        return None, None
    whole = query.cost_usd or result.cost_usd or sum(known.values())
    rows = [[shown, value, 100 * value / whole] for shown, value in known.items()]
    chart = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "data": {"values": [{"part": shown, "USD": value} for shown, value in known.items()]},
        "mark": "bar",
        "encoding": {
            "x": {"field": "USD", "type": "quantitative", "title": "USD per chip"},
            "y": {"field": "part", "type": "nominal", "sort": "-x", "title": None},
        },
    }
    return {"columns": ["part", "USD", "share %"], "rows": rows}, chart
