"""Site power, chips, racks and energy: how many chips a site feeds, what power chips need, what energy costs."""

from __future__ import annotations

import math

from pydantic import ConfigDict

from tools.catalog import Catalog
from tools.contract import Query, Result, Source, entity, quantity
from tools.errors import FactAbsent
from tools.solve import Default, Relations, Rule, answer, product

EPOCH_COSTS = Source(
    title="Epoch AI, training cost trends: power and cost model",
    url="https://github.com/epoch-research/training-cost-trends",
    as_of="2025-06",
    says="servers draw 1.457 times the TDP of their accelerators; PUE 1.1 at hyperscalers, 1.25 elsewhere; "
    "US industrial electricity 0.0826 USD/kWh (2025)",
)
SERVER_FACTOR = 1.457
PUE = 1.1
HOURS_PER_YEAR = 8760.0
HIGHEST_USUAL_PUE = 2.0
USD_PER_MWH = 82.6
FEWEST_IN_A_RACK = 32  # systems of fewer chips are servers, several to a rack

RELATIONS = Relations(
    product("server_w_per_chip", "tdp_w", "server_factor"),
    product("w_per_chip_all_in", "server_w_per_chip", "pue"),
    product("site_power_mw", "chips", "w_per_chip_all_in", scale=1e-6),
    Rule("chips_per_mw", ("w_per_chip_all_in",), lambda w: 1e6 / w, "1 MW / {w_per_chip_all_in}"),
    Rule("w_per_chip_all_in", ("chips_per_mw",), lambda n: 1e6 / n, "1 MW / {chips_per_mw}"),
    product("it_power_mw", "site_power_mw", per=("pue",)),
    product("it_power_mw", "racks", "rack_power_kw", scale=1e-3),
    product("chips", "racks", "chips_per_rack"),
    Rule(
        "server_w_per_chip",
        ("rack_power_kw", "chips_per_rack"),
        lambda kw, n: 1e3 * kw / n,
        "{rack_power_kw} / {chips_per_rack}",
    ),
    Rule(
        "chips_per_rack",
        ("rack_power_kw", "server_w_per_chip"),
        lambda kw, w: 1e3 * kw / w,
        "{rack_power_kw} / {server_w_per_chip}",
    ),
    product("average_power_mw", "site_power_mw", "load_percent", scale=0.01),
    product("energy_mwh", "average_power_mw", "hours"),
    product("energy_cost_usd", "energy_mwh", "usd_per_mwh"),
    Rule(
        "energy_cost_usd_per_year",
        ("average_power_mw", "usd_per_mwh"),
        lambda mw, p: mw * HOURS_PER_YEAR * p,
        "{average_power_mw} × 8,760 h × {usd_per_mwh}",
    ),
    product("chips", "servers", "chips_per_server"),
    Rule(
        "server_w_per_chip",
        ("server_power_kw", "chips_per_server"),
        lambda kw, n: 1e3 * kw / n,
        "{server_power_kw} / {chips_per_server}",
    ),
    product("it_power_mw", "servers", "server_power_kw", scale=1e-3),
    product("cooling_mw", "it_power_mw", "overhead_share"),
    Rule("overhead_share", ("pue",), lambda p: p - 1, "{pue} − 1"),
    product("energy_usd_per_chip_hour", "w_per_chip_all_in", "load_percent", "usd_per_mwh", scale=1e-8),
)

_FULL_LOAD = Default("load_percent", 100.0, "The site draws its full power all the time (load not stated).")
_YEAR = Default("hours", 8760.0, "Energy is for one year of 8,760 hours.")
_ONE_CHIP = Default("chips", 1.0, "For one chip (number not stated).")
_PUE = Default("pue", PUE, f"PUE {PUE} (a hyperscale site; not stated).")
_PRICE = Default(
    "usd_per_mwh", USD_PER_MWH, f"Electricity at ${USD_PER_MWH}/MWh (US industrial, 2025; not stated)."
)
_ENERGY = ("usd_per_mwh", "energy_mwh", "energy_cost_usd", "hours", "load_percent")


class DatacenterPowerQuery(Query):
    """Any of site power, chips, watts per chip, racks and energy."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "question": "a 300 MW campus, 1.3 kW per accelerator all in: how many accelerators?",
                    "input": {"site_power_mw": 300, "w_per_chip_all_in": 1300},
                    "want": "chips",
                },
                {
                    "question": "how many megawatts does a cluster of 150,000 H100s draw?",
                    "input": {"chips": 150000, "chip": "h100-sxm"},
                    "want": "site_power_mw",
                },
                {
                    "question": "power draw in MW of 40,000 GPUs at 1300 W all-in",
                    "input": {"chips": 40000, "w_per_chip_all_in": 1300},
                    "want": "site_power_mw",
                },
                {
                    "question": "chips per megawatt for a 1000 W part, server factor 1.457, PUE 1.2",
                    "input": {"tdp_w": 1000, "server_factor": 1.457, "pue": 1.2},
                    "want": "chips_per_mw",
                },
                {
                    "question": "yearly electricity bill of a 50 MW site at $60 per MWh",
                    "input": {"site_power_mw": 50, "usd_per_mwh": 60},
                    "want": "energy_cost_usd",
                },
                {
                    "question": "how many 72-GPU racks of 132 kW fit under 500 MW at PUE 1.25",
                    "input": {"site_power_mw": 500, "rack_power_kw": 132, "chips_per_rack": 72, "pue": 1.25},
                    "want": "racks",
                },
                {
                    "question": "TWh used in a year by 1 GW running at 80% load",
                    "input": {"site_power_mw": 1000, "load_percent": 80},
                    "want": "energy_mwh",
                },
                {
                    "question": "200k cards on a 280 MW site: watts per card?",
                    "input": {"chips": 200000, "site_power_mw": 280},
                    "want": "w_per_chip_all_in",
                },
                {
                    "question": "running a 1.2 kW card for a year at 9 cents per kWh costs how much?",
                    "input": {"w_per_chip_all_in": 1200, "usd_per_mwh": 90, "hours": 8760},
                    "want": "energy_cost_usd",
                },
                {
                    "question": "what does electricity add to an hour of a 1.4 kW card at 8 cents a kWh",
                    "input": {"w_per_chip_all_in": 1400, "usd_per_mwh": 80},
                    "want": "energy_usd_per_chip_hour",
                },
            ]
        }
    )
    site_power_mw: float | None = quantity(
        "Power of the site at the meter",
        "MW",
        default=None,
        above=0,
        words=(
            "site",
            "campus",
            "data centre",
            "data center",
            "facility",
            "power capacity",
            "utility",
            "at the meter",
            "at the fence",
        ),
        ask="How much power does the site have, or how many chips are there?",
    )
    chips: float | None = quantity(
        "Number of chips (GPUs, accelerators)",
        "chip",
        default=None,
        above=0,
        words=("chips", "GPUs", "accelerators", "cards", "cluster of", "XPUs"),
        ask="How many chips?",
    )
    w_per_chip_all_in: float | None = quantity(
        "Power of one chip all in: server, network and cooling",
        "W",
        default=None,
        min=1,
        max=200000,
        words=(
            "all in",
            "all-in",
            "per GPU",
            "per chip",
            "all-in power",
            "everything included",
        ),
        ask="How many watts per chip, all in (or which chip)?",
    )
    chip: str | None = entity("The chip, for its catalogue power", "chip", default=None, words=("of", "chip"))
    tdp_w: float | None = quantity(
        "TDP of the bare chip", "W", default=None, above=0, words=("TDP", "board power", "part")
    )
    server_factor: float | None = quantity(
        "Server power over the chips' TDP",
        "dimensionless",
        default=None,
        min=1,
        max=10,
        words=("server factor", "overhead factor"),
    )
    server_w_per_chip: float | None = quantity(
        "Power of server and network per chip, before cooling",
        "W",
        default=None,
        above=0,
        words=(
            "IT power per chip",
            "server power per GPU",
            "IT load per accelerator",
            "share of the server",
            "before cooling",
        ),
    )
    pue: float | None = quantity(
        "Power usage effectiveness: site power over IT power",
        "dimensionless",
        default=None,
        min=1,
        max=5,
        words=("PUE", "power usage effectiveness"),
    )
    it_power_mw: float | None = quantity(
        "IT power: what is left for racks",
        "MW",
        default=None,
        above=0,
        words=("IT power", "IT load", "critical power", "critical IT", "MW of IT", "for IT"),
    )
    racks: float | None = quantity(
        "Number of racks", "rack", default=None, above=0, words=("racks", "NVL72s")
    )
    rack_power_kw: float | None = quantity(
        "Power of one rack", "kW/rack", default=None, above=0, words=("per rack", "rack power", "kW rack")
    )
    chips_per_rack: float | None = quantity(
        "Chips in one rack", "chip", default=None, above=0, words=("per rack", "GPUs per rack", "NVL72")
    )
    servers: float | None = quantity(
        "Number of servers",
        "server",
        default=None,
        above=0,
        words=("servers", "nodes", "boxes", "HGX servers"),
    )
    server_power_kw: float | None = quantity(
        "Power of one server, before cooling", "kW/server", default=None, above=0,
        words=("per server", "server power", "a server draws", "kW server", "each box", "node draws"),
    )  # fmt: skip
    chips_per_server: float | None = quantity(
        "Chips in one server", "chip", default=None, above=0,
        words=("GPUs per server", "8-GPU server", "chips in a server", "GPUs in each box", "per node"),
    )  # fmt: skip
    chips_per_mw: float | None = quantity(
        "Chips per megawatt of site power",
        "chip/MW",
        default=None,
        above=0,
        words=("chips per MW", "per megawatt"),
    )
    load_percent: float | None = quantity(
        "Average draw as a share of full power",
        "percent",
        default=None,
        above=0,
        max=100,
        words=("load", "utilisation", "utilization", "load factor", "capacity factor"),
    )
    hours: float | None = quantity(
        "Time the energy is counted over",
        "hour",
        default=None,
        above=0,
        words=("for", "over", "a year", "a month", "a day"),
    )
    usd_per_mwh: float | None = quantity(
        "Electricity price",
        "USD/MWh",
        default=None,
        min=0,
        words=("electricity", "power price", "per MWh", "per kWh", "cents a kWh", "tariff"),
    )
    energy_mwh: float | None = quantity(
        "Energy used", "MWh", default=None, above=0, words=("energy", "MWh", "TWh", "GWh")
    )
    energy_cost_usd: float | None = quantity(
        "Electricity bill",
        "USD",
        default=None,
        min=0,
        words=("electricity bill", "power bill", "energy cost", "electricity cost"),
    )


class DatacenterPowerResult(Result):
    """What followed; a quantity that was given is not repeated."""

    chips: float | None = quantity(
        "Chips the site feeds",
        "chip",
        default=None,
        role="headline",
        words=("how many GPUs", "chips", "accelerators", "cards"),
    )
    site_power_mw: float | None = quantity(
        "Power needed at the meter",
        "MW",
        default=None,
        role="headline",
        words=("power", "megawatts", "gigawatts", "draw", "MW", "GW"),
    )
    chips_per_mw: float | None = quantity(
        "Chips per megawatt", "chip/MW", default=None, words=("per MW", "per megawatt")
    )
    w_per_chip_all_in: float | None = quantity(
        "Power of one chip, all in",
        "W",
        default=None,
        role="headline",
        words=("watts per chip", "per GPU", "all in"),
    )
    energy_cost_usd: float | None = quantity(
        "Electricity bill over the time",
        "USD",
        default=None,
        role="headline",
        words=(
            "electricity bill",
            "energy cost",
            "power bill",
            "electricity for a year",
            "yearly bill",
            "annual electricity",
            "over a year",
        ),
    )
    energy_cost_usd_per_year: float | None = quantity(
        "Electricity bill of a year", "USD/year", default=None, role="detail",
        words=("per year", "dollars per year", "dollars a year"),
    )  # fmt: skip
    servers: float | None = quantity(
        "Servers", "server", default=None, words=("how many servers", "servers", "nodes", "boxes")
    )
    cooling_mw: float | None = quantity(
        "Power that is not IT: cooling, conversion, lights", "MW", default=None,
        words=("cooling power", "overhead power", "lost to cooling", "not IT"),
    )  # fmt: skip
    energy_mwh: float | None = quantity(
        "Energy over the time",
        "MWh",
        default=None,
        words=("energy", "MWh", "TWh", "GWh", "electricity use", "MWh used", "used in a year"),
    )
    racks: float | None = quantity("Racks", "rack", default=None, words=("racks", "how many racks"))
    chips_per_rack: float | None = quantity("Chips in one rack", "chip", default=None, words=("per rack",))
    rack_power_kw: float | None = quantity("Power of one rack", "kW", default=None, words=("rack power",))
    it_power_mw: float | None = quantity(
        "IT power", "MW", default=None, words=("IT power", "critical power", "IT load")
    )
    server_w_per_chip: float | None = quantity(
        "Server power per chip, before cooling", "W", default=None, words=("server power per chip",)
    )
    pue: float | None = quantity("Power usage effectiveness", "dimensionless", default=None, words=("PUE",))
    average_power_mw: float | None = quantity("Average draw", "MW", default=None, words=("average power",))
    usd_per_mwh: float | None = quantity(
        "Electricity price", "USD/MWh", default=None, words=("electricity price",)
    )
    energy_usd_per_chip_hour: float | None = quantity(
        "Electricity per chip-hour",
        "USD/chip/hour",
        default=None,
        words=("electricity per hour", "power cost per chip-hour", "per GPU-hour"),
    )


def datacenter_power(query: DatacenterPowerQuery, catalog: Catalog) -> DatacenterPowerResult:
    """Data-centre power: site MW or GW ↔ chips, watts per chip all in, racks, PUE, energy in MWh and dollars.

    How many chips a site can power, what power a cluster needs, chips per megawatt, racks at a power each,
    energy and the electricity bill per year. A chip's power may be stated all in, or follow from its TDP, the
    server factor and PUE.
    """
    sources: list[Source] = []
    defaults: list[Default] = []
    asks_energy = any(getattr(query, name) is not None for name in _ENERGY)
    stated = query.w_per_chip_all_in or query.chips_per_mw or (query.chips and query.site_power_mw)
    if not stated and (query.chip or query.chips or query.tdp_w or not asks_energy):
        defaults, sources = _chip_power(query, catalog)
    if asks_energy and stated and query.chips is None and query.site_power_mw is None and query.racks is None:
        defaults.append(_ONE_CHIP)
    if asks_energy:
        defaults += [_FULL_LOAD, _YEAR]
    if asks_energy and query.energy_cost_usd is None:
        defaults.append(_PRICE)
    result = answer(
        RELATIONS, query, DatacenterPowerResult, defaults=defaults, ask_first=("chips", "site_power_mw")
    )
    _add_sources(result, sources)
    _whole_counts(result)
    if query.pue is not None and query.pue > HIGHEST_USUAL_PUE:
        result.warnings.append(f"A PUE of {query.pue:g} is far above what data centres reach (1.1 to 1.6)")
    return result


def _chip_power(query: DatacenterPowerQuery, catalog: Catalog) -> tuple[list[Default], list[Source]]:
    """Power per chip before cooling, from the named chip (an H100 when none is named), and PUE."""
    if query.rack_power_kw and query.chip and query.chips_per_rack is None:
        return [*_rack_of(query, catalog), _PUE], []
    if query.server_w_per_chip or query.rack_power_kw or query.server_power_kw:
        return [_PUE], []
    if query.tdp_w:
        factor = Default(
            "server_factor", SERVER_FACTOR, f"Servers draw {SERVER_FACTOR} times the chips' TDP (not stated)."
        )
        return [factor, _PUE], []
    chip = catalog.chip(query.chip or "h100-sxm")
    if query.chip is None and query.chips is None and query.site_power_mw is None:
        return [], []
    named = "" if query.chip else " (no chip or power per chip stated)"
    if chip.server_power_w and chip.chips_per_server:
        watts = chip.server_power_w / chip.chips_per_server
        says = f"{chip.name}: {watts:,.0f} W a chip in its {chip.chips_per_server}-chip system{named}."
        return [Default("server_w_per_chip", watts, says, fact=query.chip is not None), _PUE], chip.sources(
            "server_power_w", "chips_per_server"
        )
    if chip.tdp_w is None:
        raise FactAbsent(f"no source gives the power of {chip.name}")
    says = f"{chip.name}: TDP {chip.tdp_w:,.0f} W, servers {SERVER_FACTOR} times that{named}."
    return [
        Default("server_w_per_chip", chip.tdp_w * SERVER_FACTOR, says, fact=query.chip is not None),
        _PUE,
    ], chip.sources("tdp_w")


def _rack_of(query: DatacenterPowerQuery, catalog: Catalog) -> list[Default]:
    """The chips of a rack of the system named, where the chip is sold by the rack (GB200 NVL72: 72)."""
    chip = catalog.chip(str(query.chip))
    per_rack = chip.chips_per_server
    if not per_rack or per_rack < FEWEST_IN_A_RACK:
        return []
    says = f"{per_rack:,.0f} chips in a rack of {chip.name}."
    return [Default("chips_per_rack", float(per_rack), says, fact=True)]


def _add_sources(result: DatacenterPowerResult, chip_sources: list[Source]) -> None:
    text = " ".join(result.assumptions)
    result.sources += chip_sources
    if "PUE" in text or "Electricity" in text or str(SERVER_FACTOR) in text:
        result.sources.append(EPOCH_COSTS)


def _whole_counts(result: DatacenterPowerResult) -> None:
    """Only whole racks can be installed: say so when the count is small enough to matter."""
    if result.racks is not None and result.racks < 1000 and not result.racks.is_integer():
        result.warnings.append(f"Only {math.floor(result.racks):,} whole racks fit.")


__all__ = ["DatacenterPowerQuery", "DatacenterPowerResult", "datacenter_power"]
