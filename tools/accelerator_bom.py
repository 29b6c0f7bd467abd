"""Bill of materials of an accelerator: parts, HBM share, price and margin, merchant chip against own silicon."""

from __future__ import annotations

from typing import Any

from tools.catalog import Catalog
from tools.contract import Source
from tools.errors import FactAbsent
from tools.money.bom_query import AcceleratorBomQuery, AcceleratorBomResult
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
    # memory gets dearer (or cheaper), everything else stays
    Rule(
        "hbm_price_rise_percent",
        ("hbm_price_fall_percent",),
        lambda f: -f,
        "−{hbm_price_fall_percent}",
        restates=True,
    ),
    Rule(
        "new_hbm_usd",
        ("hbm_usd", "hbm_price_rise_percent"),
        lambda h, r: h * (1 + r / 100),
        "{hbm_usd} × (1 + {hbm_price_rise_percent})",
    ),
    Rule("new_cost_usd", ("non_hbm_usd", "new_hbm_usd"), lambda n, h: n + h, "{non_hbm_usd} + {new_hbm_usd}"),
    product("cost_rise_percent", "hbm_share_percent", "hbm_price_rise_percent", scale=0.01)[:1],
    Rule(
        "new_gross_margin_percent",
        ("price_usd", "new_cost_usd"),
        lambda p, c: 100 * (1 - c / p),
        "1 − {new_cost_usd} / {price_usd}",
    ),
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
    Rule("profit_per_chip_usd", ("price_usd", "cost_usd"), lambda p, c: p - c, "{price_usd} − {cost_usd}"),
    product("total_cost_usd", "chips", "cost_usd"),
    product("total_price_usd", "chips", "price_usd"),
    product("total_profit_usd", "chips", "profit_per_chip_usd"),
    # own silicon: the same cost with a design partner's margin, and development spread over the volume
    Rule(
        "own_unit_usd",
        ("own_cost_usd", "partner_margin_percent"),
        lambda c, m: c / (1 - m / 100),
        "{own_cost_usd} / (1 − {partner_margin_percent})",
    ),
    Rule(
        "partner_margin_percent",
        ("partner_markup_percent",),
        lambda m: 100 * m / (100 + m),
        "{partner_markup_percent} / (100 % + {partner_markup_percent})",
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


def accelerator_bom(query: AcceleratorBomQuery, catalog: Catalog) -> AcceleratorBomResult:
    """What an accelerator costs to make: bill of materials, HBM share, price and margin, own silicon.

    Parts add up to the cost (or the cost gives the missing part); cost and price give the margin, in any
    direction; own silicon with a design partner's margin and development cost against a merchant chip, the
    saving per chip between two margins on one cost; what a rise of the HBM price does to the cost; one
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
    partner = query.partner_margin_percent is not None or query.partner_markup_percent is not None
    if query.own_cost_usd is not None:
        chosen.append(Default("partner_margin_percent", 0.0, "No design partner's margin (not stated)."))
    elif partner and query.cost_usd is not None:
        says = "The own chip costs the same to make (no other cost was named)."
        chosen.append(Default("own_cost_usd", query.cost_usd, says))
    if query.usd_per_die is not None:
        chosen.append(Default("dies", 1.0, "One logic die (number not stated)."))
    named = [n for n in _PARTS if getattr(query, n) is not None]
    named += [
        n
        for n, parts in (("logic_usd", query.usd_per_die), ("hbm_usd", query.usd_per_gb_hbm))
        if parts is not None
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
        "title": "What a chip costs to make, by part",
        "data": {"values": [{"part": shown, "USD": value} for shown, value in known.items()]},
        "mark": "bar",
        "encoding": {
            "x": {"field": "USD", "type": "quantitative", "title": "USD per chip"},
            "y": {"field": "part", "type": "nominal", "sort": "-x", "title": None},
        },
    }
    return {"columns": ["part", "USD", "share %"], "rows": rows}, chart


__all__ = ["AcceleratorBomQuery", "AcceleratorBomResult", "accelerator_bom"]
