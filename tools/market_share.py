"""Market shares: with and without one player, parts of a whole, concentration, HBM demand by maker."""

from __future__ import annotations

from typing import Any

from tools.catalog import Catalog, Chip
from tools.contract import Figure, Source
from tools.errors import FactAbsent, InputError, MissingInput
from tools.money.share_query import MarketShareQuery, MarketShareResult, Player
from tools.solve import Relations, Rule, answer, product, total
from tools.units import format_number, format_quantity

_KINDS = ("usd", "count")


def _part_of_whole(kind: str) -> tuple[Rule, ...]:
    part, rest, whole = f"part_{kind}", f"rest_{kind}", f"total_{kind}"
    return (*total(whole, part, rest), *product(part, whole, "share_percent", scale=0.01))


RELATIONS = Relations(
    # One player owns the excluded part of the market, where the first has nothing:
    # share of all = share of the rest × (1 − the excluded player's share).
    Rule(
        "excluded_share_percent",
        ("share_excluding_percent", "share_including_percent"),
        lambda without, everything: 100 * (1 - everything / without),
        "1 − {share_including_percent} / {share_excluding_percent}",
    ),
    Rule(
        "share_including_percent",
        ("share_excluding_percent", "excluded_share_percent"),
        lambda without, x: without * (1 - x / 100),
        "{share_excluding_percent} × (1 − {excluded_share_percent})",
    ),
    Rule(
        "share_excluding_percent",
        ("share_including_percent", "excluded_share_percent"),
        lambda everything, x: everything / (1 - x / 100),
        "{share_including_percent} / (1 − {excluded_share_percent})",
    ),
    Rule(
        "everyone_else_percent",
        ("share_including_percent", "excluded_share_percent"),
        lambda a, b: 100 - a - b,
        "100 % − {share_including_percent} − {excluded_share_percent}",
    ),
    *(_part_of_whole(kind) for kind in _KINDS),
    # three players: the part, a second and a third
    *total("rest_usd", "second_usd", "third_usd"),
    product("part_over_rest", "part_usd", per=("rest_usd",)),
    # two players of one market
    total("combined_share_percent", "share_percent", "rival_share_percent"),
    Rule(
        "others_percent", ("combined_share_percent",), lambda s: 100 - s, "100 % − {combined_share_percent}"
    ),
    product("share_of_two_percent", "share_percent", per=("combined_share_percent",), scale=100.0)[:1],
    product("share_ratio", "share_percent", per=("rival_share_percent",))[:1],
    Rule("one_in", ("share_percent",), lambda s: 100 / s, "1 / {share_percent}"),
    Rule("rest_percent", ("share_percent",), lambda s: 100 - s, "100 % − {share_percent}"),
    # a share that moves while the market grows
    Rule(
        "share_change_points",
        ("share_percent", "new_share_percent"),
        lambda a, b: b - a,
        "{new_share_percent} − {share_percent}",
    ),
    product("new_total_usd", "total_usd", "market_factor"),
    Rule("market_factor", ("market_growth_percent",), lambda g: 1 + g / 100, "1 + {market_growth_percent}"),
    Rule("market_growth_percent", ("market_factor",), lambda f: 100 * (f - 1), "{market_factor} − 1"),
    product("new_part_usd", "new_total_usd", "new_share_percent", scale=0.01),
    Rule(
        "part_growth_percent",
        ("part_usd", "new_part_usd"),
        lambda a, b: 100 * (b / a - 1),
        "{new_part_usd} / {part_usd} − 1",
    ),
    Rule(
        "new_part_usd",
        ("part_usd", "part_growth_percent"),
        lambda a, g: a * (1 + g / 100),
        "{part_usd} × (1 + {part_growth_percent})",
    ),
    Rule(
        "new_share_percent",
        ("share_percent", "part_growth_percent", "market_growth_percent"),
        lambda s, g, m: s * (1 + g / 100) / (1 + m / 100),
        "{share_percent} × (1 + {part_growth_percent}) / (1 + {market_growth_percent})",
    ),
    Rule(
        "part_growth_percent",
        ("share_percent", "new_share_percent", "market_growth_percent"),
        lambda s, n, m: 100 * (n / s * (1 + m / 100) - 1),
        "{new_share_percent} / {share_percent} × (1 + {market_growth_percent}) − 1",
    ),
)


def market_share(query: MarketShareQuery, catalog: Catalog) -> MarketShareResult:
    """Market shares: a share with and without one player, and that player's own share; part, rest and whole.

    Share of all = share without the player × (1 − the player's share), any two give the third: 98 % without and 70 %
    with a player give the player's share, 62 % and a player of 20 % struck out give the share of what is left.
    Revenue or counts give shares and back, two players their part of a joint total; a share that moves in a growing
    market; several makers give shares, concentration (HHI) and HBM demand by maker.
    """
    if query.players:
        return _players(query.players, catalog)
    _check_together(query)
    result = answer(
        RELATIONS, query, MarketShareResult, ask_first=("excluded_share_percent", "share_percent")
    )
    if result.excluded_share_percent is not None:
        result.assumptions.append("The player left out uses none of the vendor's product in its own part.")
    return result


def _check_together(query: MarketShareQuery) -> None:
    """Two players of one market hold at most all of it."""
    rival, share = query.rival_share_percent, query.share_percent
    if rival is not None and share is not None and share + rival > 100.5:
        allowed = f"at most {format_number(100 - share)} % beside a share of {format_number(share)} %"
        raise InputError("rival_share_percent", rival, allowed)


def _players(players: list[Player], catalog: Catalog) -> MarketShareResult:
    """Shares of several makers by what they all give: HBM, revenue, units or shares."""
    hbm = [_hbm_gb(player, catalog) for player in players]
    if all(gb is not None for gb, _ in hbm):
        sizes, what, unit = [float(gb or 0) for gb, _ in hbm], "HBM GB", "GB"
    else:
        sizes, what, unit = _sizes(players)
    whole = sum(sizes)
    if whole <= 0:
        raise InputError("players", whole, "players with more than nothing in all")
    warnings = _check_shares(whole) if unit == "percent" else []
    shares = sizes if unit == "percent" else [100 * size / whole for size in sizes]
    hhi = sum(share**2 for share in shares)
    names = [player.name for player in players]
    return MarketShareResult(
        hhi=hhi,
        effective_players=1e4 / hhi,
        hbm_total_gb=whole if unit == "GB" else None,
        total_usd=whole if unit == "USD" else None,
        formula=f"{what}: {' + '.join(format_number(s) for s in sizes)} = {format_quantity(whole, unit)}; "
        f"HHI = {' + '.join(f'{share:.1f}²' for share in shares)} = {format_number(hhi)}",
        figures=[
            Figure(name=f"share of {n}", value=v, unit="percent") for n, v in zip(names, shares, strict=True)
        ],
        table={
            "columns": ["maker", what, "share %"],
            "rows": [list(row) for row in zip(names, sizes, shares, strict=True)],
        },
        chart=_chart(names, shares),
        warnings=warnings,
        sources=[source for _, found in hbm for source in found],
    )


def _check_shares(whole: float) -> list[str]:
    """Stated shares may leave some of the market unnamed, never more than fill it."""
    if whole > 100.5:
        raise InputError("players", f"shares of {format_number(whole)} %", "shares of at most 100 % together")
    if whole < 99.5:
        return [
            f"The shares named leave {format_number(100 - whole)} % of the market out; the index counts only them."
        ]
    return []


def _sizes(players: list[Player]) -> tuple[list[float], str, str]:
    """The one measure that every player gives."""
    for name, what, unit in (
        ("revenue_usd", "revenue USD", "USD"),
        ("units", "units", "dimensionless"),
        ("share_percent", "share", "percent"),
    ):
        values = [getattr(player, name) for player in players]
        if all(value is not None for value in values):
            return [float(value) for value in values], what, unit
    lacking = next((p.name for p in players if p.revenue_usd is None), players[0].name)
    raise MissingInput("players", f"revenue, units or share of every player ({lacking} lacks it)")


def _hbm_gb(player: Player, catalog: Catalog) -> tuple[float | None, list[Source]]:
    """HBM that a player's units carry, GB; None when its chip or its units are unknown."""
    if player.units is None or (player.hbm_gb_per_chip is None and player.chip is None):
        return None, []
    if player.hbm_gb_per_chip is not None:
        return player.units * player.hbm_gb_per_chip, []
    chip: Chip = catalog.chip(str(player.chip))
    if chip.memory_bytes is None:
        raise FactAbsent(f"no source gives the memory of {chip.name}")
    return player.units * chip.memory_bytes / 1e9, chip.sources("memory_bytes")


def _chart(names: list[str], shares: list[float]) -> dict[str, Any]:
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "title": "Shares of the market",
        "data": {"values": [{"maker": n, "share": s} for n, s in zip(names, shares, strict=True)]},
        "mark": "bar",
        "encoding": {
            "x": {"field": "share", "type": "quantitative", "title": "share, %"},
            "y": {"field": "maker", "type": "nominal", "sort": "-x", "title": None},
        },
    }


__all__ = ["MarketShareQuery", "MarketShareResult", "Player", "market_share"]
