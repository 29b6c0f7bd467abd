"""Old servers folded into new ones: cores, power freed, and the AI servers or chips that the power feeds."""

from __future__ import annotations

import math

from pydantic import ConfigDict

from tools.catalog import Catalog
from tools.contract import Query, Result, Source, entity, quantity
from tools.errors import FactAbsent
from tools.solve import Default, Relations, Rule, answer, product


def _needed(wanted_w: float, freed_w: float) -> float:
    """Swaps that free `wanted_w`; ValueError when a swap frees nothing."""
    if freed_w <= 0:
        raise ValueError("no power is freed")
    return wanted_w / freed_w


RELATIONS = Relations(
    # a new server replaces as many old ones as it has their work: cores × gain per core
    product("servers_per_new", "new_cores", "per_core_gain", per=("old_cores",)),
    product("core_ratio", "new_cores", per=("old_cores",)),
    Rule("per_core_gain", ("per_core_gain_percent",), lambda p: 1 + p / 100, "1 + {per_core_gain_percent}"),
    Rule("per_core_gain_percent", ("per_core_gain",), lambda g: 100 * (g - 1), "{per_core_gain} − 1"),
    product("old_servers", "new_servers", "servers_per_new"),
    product("old_w_replaced", "servers_per_new", "old_server_w"),
    Rule(
        "freed_w_per_new_server",
        ("old_w_replaced", "new_server_w"),
        lambda old, new: old - new,
        "{old_w_replaced} − {new_server_w}",
    ),
    Rule(
        "freed_w_per_new_server",
        ("freed_w_per_old_server", "servers_per_new"),
        lambda each, n: each * n,
        "{freed_w_per_old_server} × {servers_per_new}",
    ),
    Rule(
        "new_server_w",
        ("old_w_replaced", "freed_w_per_new_server"),
        lambda old, freed: old - freed,
        "{old_w_replaced} − {freed_w_per_new_server}",
    ),
    Rule(
        "old_w_replaced",
        ("new_server_w", "freed_w_per_new_server"),
        lambda new, freed: new + freed,
        "{new_server_w} + {freed_w_per_new_server}",
    ),
    product("freed_w_per_old_server", "freed_w_per_new_server", per=("servers_per_new",)),
    product("saving_percent", "freed_w_per_new_server", per=("old_w_replaced",), scale=100.0),
    product("freed_mw", "new_servers", "freed_w_per_new_server", scale=1e-6),
    Rule(
        "swaps_per_ai_server",
        ("ai_server_w", "freed_w_per_new_server"),
        _needed,
        "{ai_server_w} / {freed_w_per_new_server}",
    ),
    product("old_servers_per_ai_server", "swaps_per_ai_server", "servers_per_new"),
    product("freed_mw", "ai_servers", "ai_server_w", scale=1e-6),
    product("freed_mw", "ai_chips", "w_per_chip_all_in", scale=1e-6),
    product("chips_per_swap", "freed_w_per_new_server", per=("w_per_chip_all_in",)),
)

FEW_SERVERS = 64  # this few old servers with no number of new ones go into one
_ONE_NEW = Default("new_servers", 1.0, "The old servers go into one new server (number not stated).")
_SAME_CORES = Default("per_core_gain", 1.0, "A new core does the work of one old core (gain not stated).")
_OLD_W = Default("old_server_w", 400.0, "An old server draws 400 W (not stated).")
_NEW_W = Default("new_server_w", 1000.0, "A new server draws 1,000 W (not stated).")


class ServerConsolidationQuery(Query):
    """Cores and watts of old and new servers, how many, and the AI server to feed."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "question": "how many 20-core boxes does a 160-core one replace, cores 1.25x as quick?",
                    "input": {"new_cores": 160, "old_cores": 20, "per_core_gain": 1.25},
                    "want": "servers_per_new",
                },
                {
                    "question": "fold five 450 W servers into one of 900 W: power freed",
                    "input": {"servers_per_new": 5, "old_server_w": 450, "new_server_w": 900},
                    "want": "freed_w_per_new_server",
                },
                {
                    "question": "eight 350 W servers replaced by one 900 W server free how many watts?",
                    "input": {"servers_per_new": 8, "old_server_w": 350, "new_server_w": 900},
                    "want": "freed_w_per_new_server",
                },
                {
                    "question": "one new 96-core server stands in for how many 16-core ones",
                    "input": {"new_cores": 96, "old_cores": 16},
                    "want": "servers_per_new",
                },
                {
                    "question": "10 old 350 W servers become 2 new 900 W ones: saving in percent",
                    "input": {"old_servers": 10, "new_servers": 2, "old_server_w": 350, "new_server_w": 900},
                    "want": "saving_percent",
                },
                {
                    "question": "what per-core speed-up makes a seven to one swap work from 28 to 144 cores?",
                    "input": {"servers_per_new": 7, "old_cores": 28, "new_cores": 144},
                    "want": "per_core_gain",
                },
                {
                    "question": "retire 60,000 old servers of 400 W six to one onto 1 kW machines: megawatts freed",
                    "input": {
                        "old_servers": 60000,
                        "servers_per_new": 6,
                        "old_server_w": 400,
                        "new_server_w": 1000,
                    },
                    "want": "freed_mw",
                },
                {
                    "question": "at 5:1, freeing 1.1 kW a swap, how many swaps feed a 12 kW AI server",
                    "input": {"servers_per_new": 5, "freed_w_per_new_server": 1100, "ai_server_w": 12000},
                    "want": "swaps_per_ai_server",
                },
                {
                    "question": "AI chips at 1.4 kW that 25 MW of freed power could run",
                    "input": {"freed_mw": 25, "w_per_chip_all_in": 1400},
                    "want": "ai_chips",
                },
            ]
        }
    )
    old_cores: float | None = quantity(
        "Cores of an old server (or its CPU)",
        "core",
        default=None,
        above=0,
        words=(
            "old cores",
            "old parts",
            "old servers",
            "ageing",
        ),
    )
    new_cores: float | None = quantity(
        "Cores of a new server (or its CPU)",
        "core",
        default=None,
        above=0,
        words=(
            "new cores",
            "new parts",
            "modern",
            "replacement",
        ),
    )
    per_core_gain: float | None = quantity(
        "Work of a new core over an old one",
        "dimensionless",
        default=None,
        above=0,
        max=100,
        words=("per-core gain", "faster cores", "per core", "IPC", "times as quick"),
    )
    per_core_gain_percent: float | None = quantity(
        "By how much a new core is faster than an old one", "percent", default=None, above=-100, max=10_000,
        words=("percent faster cores", "faster per core", "quicker per core", "more work per core", "each core faster", "per core uplift"),
    )  # fmt: skip
    servers_per_new: float | None = quantity(
        "Old servers that one new server replaces",
        "dimensionless",
        default=None,
        above=1,
        words=(
            "to one",
            "into one",
            "consolidation",
            "replaces",
            "fold",
            "six to one",
            "old servers per new",
            "into every new one",
        ),
        ask="How many old servers does a new one replace (or how many cores has each)?",
    )
    old_servers: float | None = quantity(
        "Number of old servers",
        "server",
        default=None,
        above=0,
        words=("old servers", "retire", "replaced", "existing servers"),
    )
    new_servers: float | None = quantity(
        "Number of new servers",
        "server",
        default=None,
        above=0,
        words=(
            "new servers",
            "swaps",
            "after swaps",
            "replacements done",
        ),
    )
    old_server_w: float | None = quantity(
        "Power of an old server",
        "W/server",
        default=None,
        above=0,
        words=(
            "old server power",
            "old servers draw",
            "old ones",
            "retired",
            "retire",
        ),
    )
    new_server_w: float | None = quantity(
        "Power of a new server",
        "W/server",
        default=None,
        above=0,
        words=(
            "new server power",
            "new server draws",
            "successor",
            "replacements draw",
            "new machines draw",
            "new ones take",
            "machines draw",
            "new",
            "becomes one",
            "new server",
        ),
    )
    freed_w_per_new_server: float | None = quantity(
        "Power freed by each new server put in",
        "W/server",
        default=None,
        words=("freed per swap", "freed each", "saved per swap"),
    )
    freed_mw: float | None = quantity(
        "Megawatts that come free in all",
        "MW",
        default=None,
        words=("power freed in all", "megawatts freed", "freed in total"),
    )
    ai_server_w: float | None = quantity(
        "Power of an AI server",
        "W/server",
        default=None,
        above=0,
        words=("AI server", "DGX", "8-GPU server", "GPU server"),
    )
    w_per_chip_all_in: float | None = quantity(
        "Power of one AI chip, all in",
        "W/chip",
        default=None,
        above=0,
        words=("per GPU", "per chip", "all in", "all-in", "AI chips at", "a GPU takes", "accelerators at"),
    )
    chip: str | None = entity("AI chip to feed, for its server's power", "chip", default=None)


class ServerConsolidationResult(Result):
    """What followed; a quantity that was given is not repeated."""

    freed_mw: float | None = quantity(
        "Power freed in all",
        "MW",
        default=None,
        role="headline",
        words=("power freed", "megawatts", "freed in total"),
    )
    ai_chips: float | None = quantity(
        "AI chips that the power feeds",
        "chip",
        default=None,
        role="headline",
        words=("GPUs", "AI chips", "accelerators"),
    )
    ai_servers: float | None = quantity(
        "AI servers that the power feeds",
        "server",
        default=None,
        role="headline",
        words=("AI servers", "GPU servers"),
    )
    swaps_per_ai_server: float | None = quantity(
        "New servers put in to feed one AI server",
        "dimensionless",
        default=None,
        role="headline",
        words=("swaps", "swaps per AI server"),
    )
    old_servers_per_ai_server: float | None = quantity(
        "Old servers retired to feed one AI server",
        "server",
        default=None,
        words=("old servers per AI server",),
    )
    per_core_gain: float | None = quantity(
        "Gain per core that is needed",
        "dimensionless",
        default=None,
        role="headline",
        words=("per-core gain", "speed-up per core", "faster each core"),
    )
    freed_w_per_new_server: float | None = quantity(
        "Power freed by each new server",
        "W",
        default=None,
        role="headline",
        words=("power freed", "watts freed", "freed"),
    )
    servers_per_new: float | None = quantity(
        "Old servers that one new server replaces",
        "dimensionless",
        default=None,
        role="headline",
        words=(
            "replaces",
            "consolidation ratio",
            "to one",
            "old servers",
            "fit into one",
            "replaced per new one",
            "stand in for",
        ),
    )
    per_core_gain_percent: float | None = quantity(
        "By how much each new core must be faster", "percent", default=None,
        words=("percent faster per core", "how much faster each core in percent"),
    )  # fmt: skip
    core_ratio: float | None = quantity(
        "Cores of the new server over the old",
        "dimensionless",
        default=None,
        words=("core ratio", "times the cores"),
    )
    saving_percent: float | None = quantity(
        "Share of the power that is freed", "percent", default=None, words=("saving", "percent of power")
    )
    freed_w_per_old_server: float | None = quantity(
        "Power freed by each old server retired", "W", default=None, words=("per old server",)
    )
    new_servers: float | None = quantity("New servers needed", "server", default=None, words=("new servers",))
    old_servers: float | None = quantity(
        "Old servers to retire", "server", default=None, words=("old servers to retire",)
    )
    new_server_w: float | None = quantity(
        "Power a new server may draw", "W", default=None, words=("new server power",)
    )
    old_server_w: float | None = quantity(
        "Power of an old server", "W", default=None, words=("old server power",)
    )
    new_cores: float | None = quantity("Cores a new server needs", "core", default=None, words=("new cores",))
    old_cores: float | None = quantity("Cores of an old server", "core", default=None, words=("old cores",))
    chips_per_swap: float | None = quantity(
        "AI chips fed by each new server put in", "chip", default=None, words=("GPUs per swap",)
    )


def server_consolidation(query: ServerConsolidationQuery, catalog: Catalog) -> ServerConsolidationResult:
    """Replacing old CPU servers: old servers per new one by cores, power freed, AI servers or chips it feeds.

    Cores old and new with a gain per core give the consolidation ratio (or the gain that a ratio needs); watts
    give the power freed per swap and in all; an AI server's watts give the swaps it takes to feed one.
    """
    query = _each_swap(query)
    facts, sources = _ai_power(query, catalog)
    result = answer(
        RELATIONS,
        query,
        ServerConsolidationResult,
        defaults=[*_defaults(query), *facts],
        ask_first=("servers_per_new",),
    )
    if any(fact.says in result.assumptions for fact in facts):
        result.sources = sources
    if result.freed_w_per_new_server is not None and result.freed_w_per_new_server <= 0:
        result.warnings.append("The new server draws more than the old ones it replaces: no power is freed.")
        result.ai_servers = result.ai_chips = result.chips_per_swap = None
    per_server = query.w_per_chip_all_in is None
    if per_server and result.swaps_per_ai_server is not None and result.swaps_per_ai_server > 1:
        result.warnings.append(f"One AI server takes {math.ceil(result.swaps_per_ai_server)} whole swaps.")
    return result


def _each_swap(query: ServerConsolidationQuery) -> ServerConsolidationQuery:
    """A few old servers beside many more new ones are those that each new one replaces."""
    old, new = query.old_servers, query.new_servers
    if old is None or new is None or query.servers_per_new is not None or not 1 < old <= FEW_SERVERS < new:
        return query
    return query.model_copy(update={"servers_per_new": old, "old_servers": None})


def _into_one(query: ServerConsolidationQuery) -> bool:
    """Whether a few old servers are named and no number of new ones: they go into one."""
    cores = query.old_cores is not None and query.new_cores is not None
    gain = query.per_core_gain is not None or query.per_core_gain_percent is not None
    few = query.old_servers is not None and 1 < query.old_servers <= FEW_SERVERS
    return few and not (cores and gain) and query.new_servers is None and query.servers_per_new is None


def _defaults(query: ServerConsolidationQuery) -> list[Default]:
    """Gain per core unless it is the unknown; the servers' power where power is the question."""
    chosen = []
    if _into_one(query):
        chosen.append(_ONE_NEW)
    elif query.servers_per_new is None or query.old_cores is None or query.new_cores is None:
        chosen.append(_SAME_CORES)
    # a few old servers with cores say how many go into one, not that power is asked for
    counted = (
        () if _into_one(query) and query.old_cores is not None else (query.old_servers, query.new_servers)
    )
    power = (
        *counted,
        query.freed_mw,
        query.chip,
        query.ai_server_w,
        query.w_per_chip_all_in,
    )
    if any(value is not None for value in (*power, query.old_server_w, query.new_server_w)):
        chosen += [_OLD_W, _NEW_W]
    return chosen


def _ai_power(query: ServerConsolidationQuery, catalog: Catalog) -> tuple[list[Default], list[Source]]:
    """Power of the server that the named AI chip sits in (an eight-chip H100 server when none is named)."""
    chip = catalog.chip(query.chip or "h100-sxm")
    if not chip.server_power_w or not chip.chips_per_server:
        wanted = (query.freed_mw, query.freed_w_per_new_server, query.old_server_w, query.new_server_w)
        if all(value is None for value in wanted):
            return [], []  # cores alone are compared: the chip named is the servers' own
        raise FactAbsent(f"no source gives the server power of {chip.name}")
    says = f"AI server: {chip.chips_per_server} × {chip.name}, {chip.server_power_w:,.0f} W, cooling not counted."
    return [Default("ai_server_w", chip.server_power_w, says)], chip.sources(
        "server_power_w", "chips_per_server"
    )
