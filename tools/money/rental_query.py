"""What the rental calculator is asked and answers: see `tools.rental_economics`."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from tools.contract import Query, Result, entity, quantity


class RentalEconomicsQuery(Query):
    """A rent, a bill, a purchase, a contract: whatever is known."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "question": "what do 256 cards at $1.90 an hour come to over 6 months?",
                    "input": {"chips": 256, "usd_per_chip_hour": 1.9, "hours": 4380},
                    "want": "bill_usd",
                },
                {
                    "question": "monthly bill for 64 GPUs at 2.4 dollars per hour",
                    "input": {"chips": 64, "usd_per_chip_hour": 2.4},
                    "want": "monthly_bill_usd",
                },
                {
                    "question": "a $28,000 accelerator is rented out at $1.75/hr, 60% busy: how long to earn it back?",
                    "input": {
                        "capex_usd_per_chip": 28000,
                        "usd_per_chip_hour": 1.75,
                        "utilisation_percent": 60,
                    },
                    "want": "payback_years",
                },
                {
                    "question": "hourly rent that pays back a $35k GPU in 2 years at 75% utilization, 30 cents opex",
                    "input": {
                        "capex_usd_per_chip": 35000,
                        "payback_years": 2,
                        "utilisation_percent": 75,
                        "opex_usd_per_chip_hour": 0.3,
                    },
                    "want": "usd_per_chip_hour",
                },
                {
                    "question": "list is $6.50 an hour but deals clear at $2.60: how big is the discount",
                    "input": {"list_usd_per_chip_hour": 6.5, "usd_per_chip_hour": 2.6},
                    "want": "discount_percent",
                },
                {
                    "question": "three years of 2,000 chips at $3/hr, 20% up front: how much is the prepayment?",
                    "input": {"chips": 2000, "usd_per_chip_hour": 3, "hours": 26280, "prepay_percent": 20},
                    "want": "prepay_usd",
                },
                {
                    "question": "break-even price per hour: $30k card, 4 years, $0.35/h opex, 80% utilisation",
                    "input": {
                        "capex_usd_per_chip": 30000,
                        "life_years": 4,
                        "opex_usd_per_chip_hour": 0.35,
                        "utilisation_percent": 80,
                    },
                    "want": "break_even_usd_per_chip_hour",
                },
                {
                    "question": "IRR of a $32k card rented at $2.20/h for 5 years, 85% sold, 10% resale value",
                    "input": {
                        "capex_usd_per_chip": 32000,
                        "usd_per_chip_hour": 2.2,
                        "life_years": 5,
                        "utilisation_percent": 85,
                        "residual_percent": 10,
                    },
                    "want": "irr_percent",
                },
                {
                    "question": "how many cards can I rent for six months with $4M at $1.80 an hour",
                    "input": {"bill_usd": 4e6, "usd_per_chip_hour": 1.8, "hours": 4380},
                    "want": "chips",
                },
                {
                    "question": "internal rate of return: buy at $36,000, rent out at $2.40/h for 6 years, 80% busy",
                    "input": {
                        "capex_usd_per_chip": 36000,
                        "usd_per_chip_hour": 2.4,
                        "life_years": 6,
                        "utilisation_percent": 80,
                    },
                    "want": "irr_percent",
                },
                {
                    "question": "sticker price 5 dollars, deals close at 3: percent off?",
                    "input": {"list_price_usd": 5, "paid_price_usd": 3},
                    "want": "discount_percent",
                },
                {
                    "question": "rent fell from $6/hr to $2.40/hr, what percent cheaper?",
                    "input": {"list_usd_per_chip_hour": 6, "usd_per_chip_hour": 2.4},
                    "want": "discount_percent",
                },
                {
                    "question": "hourly cost of owning a $28k chip for 5 years with 25 cents running cost",
                    "input": {"capex_usd_per_chip": 28e3, "life_years": 5, "opex_usd_per_chip_hour": 0.25},
                    "want": "break_even_usd_per_chip_hour",
                },
                {
                    "question": "renting at $1.70/h rather than $2.90/h on 500 chips for a year saves how much?",
                    "input": {
                        "chips": 500,
                        "usd_per_chip_hour": 1.7,
                        "list_usd_per_chip_hour": 2.9,
                        "hours": 8760,
                    },
                    "want": "saving_usd",
                },
                {
                    "question": "revenue one GPU brings in a year at $2.15/hr and 70 percent occupancy",
                    "input": {"usd_per_chip_hour": 2.15, "utilisation_percent": 70},
                    "want": "revenue_usd_per_chip_year",
                },
            ]
        }
    )
    chips: float | None = quantity(
        "Number of chips rented or owned",
        "chip",
        default=None,
        above=0,
        words=("GPUs", "chips", "cards", "accelerators", "of them"),
        ask="How many chips?",
    )
    usd_per_chip_hour: float | None = quantity(
        "Rent per chip-hour actually paid",
        "USD/chip/hour",
        default=None,
        above=0,
        words=(
            "rent",
            "rental",
            "per hour",
            "market rate",
            "rents at",
            "rate",
            "hourly rate",
            "charges",
        ),
        ask="At what rent per chip-hour?",
    )
    chip: str | None = entity(
        "The chip, for its catalogue rent and price when none is stated", "chip", default=None
    )
    hours: float | None = quantity(
        "How long chips are rented: any length of time",
        "hour",
        default=None,
        above=0,
        words=(
            "contract",
            "term",
            "rental period",
            "duration",
            "non stop",
            "round the clock",
        ),
    )
    utilisation_percent: float | None = quantity(
        "Share of hours the chip is rented or used",
        "percent",
        default=None,
        above=0,
        max=100,
        words=(
            "utilisation",
            "utilization",
            "occupancy",
            "busy",
            "sold",
            "load",
            "used",
            "of the time",
            "rented of the time",
            "rented out",
            "rented",
            "of hours",
        ),
    )
    owned_usd_per_chip_hour: float | None = quantity(
        "Cost of owning a chip for each hour of the year, whether it is rented out or idle",
        "USD/chip/hour",
        default=None,
        above=0,
        words=("owning costs", "whether busy or idle", "rented or not", "every hour on the clock",
               "each hour of the year"),
    )  # fmt: skip
    break_even_utilisation_percent: float | None = quantity(
        "Share of hours that must be rented out for costs to be met",
        "percent",
        default=None,
        above=0,
        max=100,
        words=("break-even utilisation", "break even at"),
    )
    bill_usd: float | None = quantity(
        "The whole bill",
        "USD",
        default=None,
        min=1,
        words=("bill", "total cost", "contract value", "budget", "spend"),
    )
    prepay_percent: float | None = quantity(
        "Share paid in advance",
        "percent",
        default=None,
        min=0,
        max=100,
        words=("prepay", "up front", "upfront", "in advance", "deposit", "prepayment"),
    )
    prepay_usd: float | None = quantity(
        "Amount paid in advance", "USD", default=None, min=0, words=("prepayment", "deposit of")
    )
    list_usd_per_chip_hour: float | None = quantity(
        "List (or earlier) rent per chip-hour, to compare with",
        "USD/chip/hour",
        default=None,
        above=0,
        words=(
            "list",
            "list price",
            "on-demand",
            "quoted",
            "used to",
            "original",
            "old contract",
            "locked in",
            "locked at",
            "instead",
            "went from",
        ),
    )
    rent_usd: float | None = quantity(
        "Rent of a chip in dollars, the hour unsaid",
        "USD",
        default=None,
        above=0,
        max=100,
        words=("rents at", "rented at", "market is now", "market rate", "rents for", "going rate", "now at"),
    )
    list_price_usd: float | None = quantity(
        "List price of anything, to compare with",
        "USD",
        default=None,
        above=0,
        words=("list", "list price", "sticker"),
    )
    paid_price_usd: float | None = quantity(
        "Price actually paid for it",
        "USD",
        default=None,
        above=0,
        words=("market", "street price", "actually paid", "deal"),
    )
    discount_percent: float | None = quantity(
        "Discount off the list rent",
        "percent",
        default=None,
        below=100,
        words=("discount", "off", "cheaper", "below list", "reduction"),
    )
    capex_usd_per_chip: float | None = quantity(
        "Purchase price of one chip",
        "USD",
        default=None,
        min=1,
        max=5e6,
        words=(
            "buy",
            "bought",
            "purchase price",
            "capex",
            "bought for",
            "pays for itself",
            "recover",
            "repays",
        ),
        ask="What does the chip cost to buy?",
    )
    capex_usd: float | None = quantity(
        "Purchase price of all chips",
        "USD",
        default=None,
        min=1,
        words=("total capex", "cluster costs", "investment", "box costs", "server costs", "set us back"),
    )
    opex_usd: float | None = quantity(
        "Running cost of a chip in dollars an hour, the hour unsaid",
        "USD",
        default=None,
        above=0,
        max=20,
        words=("opex", "running cost", "operating cost", "hosting"),
    )
    opex_usd_per_chip_hour: float | None = quantity(
        "Running cost per chip-hour: hosting, staff, network, power unless stated apart",
        "USD/chip/hour",
        default=None,
        min=0,
        words=(
            "opex",
            "running cost",
            "hosting",
            "whether rented or not",
            "rented or not",
            "busy or idle",
            "colocation",
            "operating cost",
            "upkeep",
        ),
    )
    opex_usd_while_rented: float | None = quantity(
        "Running cost of each hour that is rented out, none while idle",
        "USD/chip/hour",
        default=None,
        min=0,
        words=("each rented hour costs", "only while rented"),
    )  # fmt: skip
    w_per_chip_all_in: float | None = quantity(
        "Power per chip, all in", "W", default=None, min=0, words=("watts", "kW", "power draw", "all in")
    )
    usd_per_mwh: float | None = quantity(
        "Electricity price",
        "USD/MWh",
        default=None,
        min=0,
        words=("electricity", "per kWh", "per MWh", "cents a kWh"),
    )
    payback_years: float | None = quantity(
        "Payback time",
        "year",
        default=None,
        above=0,
        words=("payback", "pay back", "pays for itself", "earn back", "recoup"),
        ask="In what time should it pay back?",
    )
    life_years: float | None = quantity(
        "Useful life",
        "year",
        default=None,
        above=0,
        max=50,
        words=(
            "life",
            "lifetime",
            "useful life",
            "depreciated",
            "amortised",
            "written off",
        ),
    )
    residual_percent: float | None = quantity(
        "Value left at the end, share of the purchase price",
        "percent",
        default=None,
        min=0,
        below=100,
        words=("residual", "resale", "salvage", "left over"),
    )
    gross_margin_percent: float | None = quantity(
        "Gross margin of renting out", "percent", default=None, below=100, words=("margin", "gross margin")
    )
    rent_decline_percent: float | None = quantity(
        "Yearly erosion of the rent",
        "percent",
        default=None,
        min=0,
        below=100,
        words=(
            "erosion",
            "decline",
            "falling",
        ),
    )
    target_irr_percent: float | None = quantity(
        "Internal rate of return wanted",
        "percent",
        default=None,
        above=-100,
        max=1000,
        words=("target IRR", "required return", "want a return", "hurdle rate"),
    )
    as_of: str | None = Field(
        None, description="Date of the catalogue price, such as 2024-12", pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$"
    )


class RentalEconomicsResult(Result):
    """What followed; a quantity that was given is not repeated."""

    prepay_usd: float | None = quantity(
        "Amount paid in advance",
        "USD",
        default=None,
        role="headline",
        words=("prepayment", "upfront", "front", "deposit", "in advance"),
    )
    discount_percent: float | None = quantity(
        "Discount off list",
        "percent",
        default=None,
        role="headline",
        words=("discount", "cheaper", "percent off", "below list"),
    )
    irr_percent: float | None = quantity(
        "Internal rate of return, per year",
        "percent",
        default=None,
        words=("IRR", "rate of return", "return"),
    )
    payback_years: float | None = quantity(
        "Payback time",
        "year",
        default=None,
        role="headline",
        words=("payback", "pay back", "earn back", "years to pay back"),
    )
    required_usd_per_chip_hour: float | None = quantity(
        "Rent that earns the return wanted",
        "USD/chip/hour",
        default=None,
        role="headline",
        words=("required rent", "rent needed", "must charge"),
    )
    usd_per_chip_hour: float | None = quantity(
        "Rent per chip-hour",
        "USD/chip/hour",
        default=None,
        role="headline",
        words=(
            "rent",
            "per hour",
            "hourly price",
            "must rent at",
            "what do I pay per hour",
            "hourly rate needed",
            "price per hour",
        ),
    )
    utilisation_percent: float | None = quantity(
        "Utilisation",
        "percent",
        default=None,
        role="headline",
        words=("utilisation", "utilization", "occupancy"),
    )
    capex_usd_per_chip: float | None = quantity(
        "Purchase price per chip",
        "USD",
        default=None,
        role="headline",
        words=("purchase price", "can pay for", "worth", "capex"),
    )
    chips: float | None = quantity(
        "Number of chips", "chip", default=None, role="headline", words=("how many GPUs", "chips")
    )
    hours: float | None = quantity(
        "How long", "hour", default=None, role="headline", words=("how long", "hours")
    )
    bill_usd: float | None = quantity(
        "Bill for the time",
        "USD",
        default=None,
        role="headline",
        words=("bill", "cost", "total cost", "contract value", "amount"),
    )
    break_even_utilisation_percent: float | None = quantity(
        "Share of hours that must be rented out for costs to be met",
        "percent",
        default=None,
        role="detail",
        words=("break-even utilisation", "break-even utilization", "break-even occupancy", "utilization to break even",
               "percent of hours to break even", "must be sold"),
    )  # fmt: skip
    owned_usd_per_chip_hour: float | None = quantity(
        "Cost of owning a chip for each hour of the year", "USD/chip/hour", default=None, role="detail",
        words=("cost of owning by the hour", "ownership cost per hour"),
    )  # fmt: skip
    break_even_usd_per_chip_hour: float | None = quantity(
        "Rent at which costs are just met over the life",
        "USD/chip/hour",
        default=None,
        role="headline",
        words=("break-even", "break even", "cost per hour", "cost of owning"),
    )
    gross_margin_percent: float | None = quantity(
        "Gross margin of renting out", "percent", default=None, words=("margin", "gross margin")
    )
    revenue_usd_per_chip_year: float | None = quantity(
        "Revenue per chip and year",
        "USD/year",
        default=None,
        words=("revenue", "earns", "brings in", "income"),
    )
    net_usd_per_chip_year: float | None = quantity(
        "Revenue less running cost, per chip and year",
        "USD/year",
        default=None,
        words=("net", "profit per year"),
    )
    payback_months: float | None = quantity(
        "Payback time in months", "month", default=None, words=("months", "payback in months")
    )
    hourly_bill_usd: float | None = quantity(
        "Bill per hour", "USD/hour", default=None, words=("hourly bill", "bill per hour")
    )
    daily_bill_usd: float | None = quantity(
        "Bill per day", "USD", default=None, words=("daily bill", "a day")
    )
    monthly_bill_usd: float | None = quantity(
        "Bill per month of 730 hours",
        "USD",
        default=None,
        words=("monthly bill", "a month", "per month", "monthly"),
    )
    yearly_bill_usd: float | None = quantity(
        "Bill per year", "USD", default=None, words=("yearly bill", "annual bill", "a year", "per year")
    )
    remaining_usd: float | None = quantity(
        "Left to pay after the prepayment",
        "USD",
        default=None,
        words=("remaining", "rest", "left to pay", "still to pay"),
    )
    saving_usd: float | None = quantity(
        "Saved against the list (or the old) rent; overpaid when the old rent is still paid",
        "USD",
        default=None,
        words=("saving", "saved", "save", "overpay", "overpayment", "paid too much", "more than the market"),
    )
    list_bill_usd: float | None = quantity(
        "Bill at the list rent", "USD", default=None, words=("at list price", "list bill")
    )
    paid_price_usd: float | None = quantity(
        "Price after the discount", "USD", default=None, words=("price after",)
    )
    list_price_usd: float | None = quantity(
        "Price before the discount", "USD", default=None, words=("price before",)
    )
    list_usd_per_chip_hour: float | None = quantity(
        "List rent", "USD/chip/hour", default=None, words=("list price",)
    )
    list_ratio: float | None = quantity(
        "List rent over the rent paid", "dimensionless", default=None, words=("ratio", "times")
    )
    chip_hours: float | None = quantity(
        "Chip-hours", "chip*hour", default=None, words=("GPU-hours", "chip-hours")
    )
    capex_usd: float | None = quantity(
        "Purchase price of all chips", "USD", default=None, words=("total purchase price", "total capex")
    )
    capital_usd_per_chip_hour: float | None = quantity(
        "Capital cost per hour rented out",
        "USD/chip/hour",
        default=None,
        words=("capital cost", "depreciation per hour"),
    )
    running_usd_per_chip_hour: float | None = quantity(
        "Running cost per clock hour", "USD/chip/hour", default=None, words=("running cost", "opex")
    )
    life_years: float | None = quantity(
        "Years the chip must be rented out", "year", default=None, words=("life",)
    )
    npv_usd_per_chip: float | None = quantity(
        "Net present value per chip at the return wanted",
        "USD",
        default=None,
        words=("NPV", "net present value"),
    )
