"""What the bill-of-materials calculator is asked and answers: see `tools.accelerator_bom`."""

from __future__ import annotations

from pydantic import ConfigDict

from tools.contract import Query, Result, entity, quantity


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
        "Cost of one logic die", "USD", default=None, above=0, words=("per die", "each die", "dies at")
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
            "die",
            "logic dies",
            "compute die",
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
        words=("test", "assembly", "other", "rest", "substrate", "yield loss", "everything else", "else"),
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
            "manufacture",
            "COGS",
            "cost of goods",
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
    partner_markup_percent: float | None = quantity(
        "What the design partner adds to that cost, as a share of the cost",
        "percent",
        default=None,
        min=0,
        words=("markup", "partner adds", "markup on cost", "cost plus", "on top of cost", "adds on top"),
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
    hbm_price_rise_percent: float | None = quantity(
        "Rise of the HBM price (negative: it falls)",
        "percent",
        default=None,
        above=-100,
        words=(
            "hike",
            "HBM price rises",
            "HBM gets dearer",
            "price increase of HBM",
            "memory price goes up",
            "raise HBM prices",
            "surcharge",
            "push through",
            "raise",
            "increase",
            "dearer",
            "goes up",
        ),
    )
    hbm_price_fall_percent: float | None = quantity(
        "Fall of the HBM price",
        "percent",
        default=None,
        above=0,
        below=100,
        words=(
            "HBM price falls",
            "HBM gets cheaper",
            "memory price drops",
            "HBM price cut",
            "cheaper",
            "drop",
            "lower",
            "goes down",
        ),
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

    new_cost_usd: float | None = quantity(
        "Cost to make one chip after the HBM price changed",
        "USD",
        default=None,
        role="headline",
        words=("new BOM", "new cost", "BOM after", "bill of materials afterwards"),
    )
    cost_rise_percent: float | None = quantity(
        "Rise of the whole cost with the HBM price",
        "percent",
        default=None,
        words=("cost rises by", "BOM goes up by", "increase of the cost", "how much dearer"),
    )
    new_hbm_usd: float | None = quantity(
        "Cost of the HBM after its price changed", "USD", default=None, words=("new HBM cost",)
    )
    new_gross_margin_percent: float | None = quantity(
        "Gross margin after the HBM price changed, at the same selling price",
        "percent",
        default=None,
        words=("new margin", "margin afterwards", "margin left"),
    )

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
        "Selling price",
        "USD",
        default=None,
        role="headline",
        words=(
            "price",
            "sell for",
            "selling price",
            "priced",
        ),
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
        "Other parts together",
        "USD",
        default=None,
        words=(
            "everything else",
            "remainder",
        ),
    )
    other_usd: float | None = quantity("Other parts", "USD", default=None, words=("other", "rest"))
    price_multiple: float | None = quantity(
        "Price over cost", "dimensionless", default=None, words=("times cost", "markup")
    )
    profit_per_chip_usd: float | None = quantity(
        "Profit per chip", "USD", default=None, words=("profit per chip",)
    )
    total_cost_usd: float | None = quantity("Cost of all chips", "USD", default=None, words=("total cost",))
    total_price_usd: float | None = quantity(
        "Price of all chips", "USD", default=None, words=("total revenue", "total price")
    )
    total_profit_usd: float | None = quantity(
        "Profit on all chips", "USD", default=None, words=("total profit",)
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
