"""Market shares: with and without one player, parts of a whole, concentration, HBM demand by maker."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from tools.catalog import Catalog, Chip
from tools.contract import Figure, Query, Result, Source, entity, quantity
from tools.errors import FactAbsent, InputError, MissingInput
from tools.solve import Relations, Rule, answer, product, total
from tools.units import format_number, format_quantity

_KINDS = ("usd", "count")


def _part_of_whole(kind: str) -> tuple[Rule, ...]:
    part, rest, whole = f"part_{kind}", f"rest_{kind}", f"total_{kind}"
    return (*total(whole, part, rest), *product(part, whole, "share_percent", scale=0.01))


def _together(a: float, b: float) -> float:
    """Two shares of one market, percent: at most all of it."""
    if a + b > 100.5:
        raise ValueError("more than the whole market")
    return a + b


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
    Rule(
        "combined_share_percent",
        ("share_percent", "rival_share_percent"),
        _together,
        "{share_percent} + {rival_share_percent}",
    ),
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


class Player(BaseModel):
    """One maker: its revenue, units or share; chips and HBM per chip for HBM demand."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)
    name: str = Field(description="Maker", max_length=80)
    revenue_usd: float | None = quantity("Revenue", "USD", default=None, min=0)
    units: float | None = quantity("Units sold", "dimensionless", default=None, min=0)
    share_percent: float | None = quantity(
        "Share, when that is what is known", "percent", default=None, min=0, max=100
    )
    chip: str | None = entity("Chip, for its HBM capacity", "chip", default=None)
    hbm_gb_per_chip: float | None = quantity("HBM of one chip", "GB", default=None, above=0)


class MarketShareQuery(Query):
    """Two of the three shares of a decomposition; part and whole; or the players of a market."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "question": "a vendor has 95% leaving out one firm and 60% counting it: that firm's share?",
                    "input": {"share_excluding_percent": 95, "share_including_percent": 60},
                    "want": "excluded_share_percent",
                },
                {
                    "question": "using 94 without and 61 with, work out that player's share of all workloads",
                    "input": {"share_excluding_percent": 94, "share_including_percent": 61},
                    "want": "excluded_share_percent",
                },
                {
                    "question": "in-house silicon is 20%, the vendor has 90% of the remainder: overall share?",
                    "input": {"excluded_share_percent": 20, "share_excluding_percent": 90},
                    "want": "share_including_percent",
                },
                {
                    "question": "6B of sales in a market where everybody else sells 114B: share",
                    "input": {"part_usd": 6e9, "rest_usd": 114e9},
                    "want": "share_percent",
                },
                {
                    "question": "12 of 300 plants matter, what percent is that?",
                    "input": {"part_count": 12, "total_count": 300},
                    "want": "share_percent",
                },
                {
                    "question": "one vendor sold $3B while the rest of the market sold $57B, its share in percent?",
                    "input": {"part_usd": 3e9, "rest_usd": 57e9},
                    "want": "share_percent",
                },
                {
                    "question": "of 60 providers only 9 are left, what percentage?",
                    "input": {"part_count": 9, "total_count": 60},
                    "want": "share_percent",
                },
                {
                    "question": "40 percent of a 28 billion dollar quarter in dollars",
                    "input": {"share_percent": 40, "total_usd": 28e9},
                    "want": "part_usd",
                },
                {
                    "question": "concentration (HHI) of a market split 55, 30 and 15",
                    "input": {
                        "players": [
                            {"name": "a", "share_percent": 55},
                            {"name": "b", "share_percent": 30},
                            {"name": "c", "share_percent": 15},
                        ]
                    },
                    "want": "hhi",
                },
                {
                    "question": "HBM demand if one maker ships 500k B200 and another 200k MI300X",
                    "input": {
                        "players": [
                            {"name": "nvidia", "units": 500000, "chip": "b200"},
                            {"name": "amd", "units": 200000, "chip": "mi300x"},
                        ]
                    },
                    "want": "hbm_total_gb",
                },
                {
                    "question": "share slips from 5% to 4%, market grows 60% from $100B: sales growth of that player?",
                    "input": {
                        "share_percent": 5,
                        "new_share_percent": 4,
                        "total_usd": 100e9,
                        "market_growth_percent": 60,
                    },
                    "want": "part_growth_percent",
                },
            ]
        }
    )
    share_excluding_percent: float | None = quantity(
        "Share of the market with one player left out",
        "percent",
        default=None,
        above=0,
        max=100,
        words=(
            "without",
            "excluding",
            "ex",
            "left out",
            "outside",
            "except",
            "leaving aside",
            "not",
            "what remains",
            "of what's left",
            "of the remainder",
        ),
        ask="What is the share with that player left out?",
    )
    share_including_percent: float | None = quantity(
        "Share of the whole market, that player counted",
        "percent",
        default=None,
        min=0,
        max=100,
        words=(
            "with",
            "including",
            "included",
            "overall",
            "of everything",
            "all in",
            "counted",
            "counting",
            "once",
        ),
        ask="What is the share with that player counted?",
    )
    excluded_share_percent: float | None = quantity(
        "Share of the player that is left out",
        "percent",
        default=None,
        min=0,
        below=100,
        words=(
            "own silicon",
            "in-house",
            "captive",
            "the excluded player",
            "struck out",
            "of all workloads",
            "of all AI work",
            "uses none",
            "runs none of it",
            "giant",
        ),
    )
    share_percent: float | None = quantity(
        "Share of a part in the whole",
        "percent",
        default=None,
        min=0,
        max=100,
        words=("share", "percent of", "portion", "fraction"),
    )
    part_usd: float | None = quantity(
        "Revenue of the part",
        "USD",
        default=None,
        min=0,
        words=(
            "sales of",
            "revenue of",
            "its revenue",
            "sells",
            "sold",
        ),
    )
    rest_usd: float | None = quantity(
        "Revenue of everybody else",
        "USD",
        default=None,
        min=0,
        words=(
            "everybody else",
            "rest",
            "others",
            "competitors",
        ),
    )
    total_usd: float | None = quantity(
        "Revenue of the whole market",
        "USD",
        default=None,
        above=0,
        words=("market size", "total", "whole market", "out of", "of a market", "market"),
    )
    part_count: float | None = quantity(
        "Count of the part",
        "dimensionless",
        default=None,
        min=0,
        max=1e8,
        words=("of them", "survive", "matter", "that many"),
    )
    rest_count: float | None = quantity(
        "Count of the rest", "dimensionless", default=None, min=0, max=1e8, words=("the other", "the rest")
    )
    total_count: float | None = quantity(
        "Count of the whole",
        "dimensionless",
        default=None,
        above=0,
        max=1e8,
        words=("of", "out of", "in total"),
    )
    rival_share_percent: float | None = quantity(
        "Share of a second player",
        "percent",
        default=None,
        min=0,
        max=100,
        words=("rival", "second player", "runner-up", "competitor has"),
    )
    second_usd: float | None = quantity(
        "Revenue of a second player",
        "USD",
        default=None,
        min=0,
        words=("second player sells", "runner-up", "rival", "next to it"),
    )
    third_usd: float | None = quantity(
        "Revenue of a third player",
        "USD",
        default=None,
        min=0,
        words=("third player sells", "everyone else together", "remaining vendors"),
    )
    part_growth_percent: float | None = quantity(
        "Growth of the part's revenue",
        "percent",
        default=None,
        above=-100,
        words=("its sales grow", "the player grows", "own growth"),
    )
    new_share_percent: float | None = quantity(
        "Share afterwards",
        "percent",
        default=None,
        min=0,
        max=100,
        words=("falls to", "rises to", "new share", "next year"),
    )
    market_growth_percent: float | None = quantity(
        "Growth of the whole market",
        "percent",
        default=None,
        above=-100,
        words=("market grows", "market growth"),
    )
    new_total_usd: float | None = quantity(
        "Whole market afterwards", "USD", default=None, above=0, words=("market next year", "market then")
    )
    new_part_usd: float | None = quantity(
        "Revenue of the part afterwards",
        "USD",
        default=None,
        min=0,
        words=("sales next year", "sells next year"),
    )
    players: list[Player] | None = Field(
        None,
        description="The makers of a market: revenue, units or share of each; chip or HBM per chip for HBM demand",
        max_length=100,
        json_schema_extra={"words": ["players", "makers", "split", "HHI", "concentration"]},
    )


class MarketShareResult(Result):
    """What followed; a quantity that was given is not repeated."""

    excluded_share_percent: float | None = quantity(
        "Share of the player that was left out",
        "percent",
        default=None,
        role="headline",
        words=(
            "its share",
            "own silicon share",
            "share of the excluded",
            "share of that player",
            "share it holds",
            "share of all workloads",
            "infer",
        ),
    )
    share_including_percent: float | None = quantity(
        "Share of the whole market",
        "percent",
        default=None,
        role="headline",
        words=(
            "overall share",
            "share of everything",
            "overall",
            "in all",
            "of everything",
            "share of the whole",
            "whole pie",
            "share of the total",
        ),
    )
    share_excluding_percent: float | None = quantity(
        "Share with that player left out", "percent", default=None, role="headline", words=("share without",)
    )
    everyone_else_percent: float | None = quantity(
        "Share of everybody else in the whole market: neither of the two",
        "percent",
        default=None,
        words=(
            "everyone else",
            "others",
            "neither",
            "left over for others",
            "belong to neither",
            "nobody of the two",
        ),
    )
    combined_share_percent: float | None = quantity(
        "Share of the two together",
        "percent",
        default=None,
        words=("both together", "combined share", "joint share"),
    )
    share_of_two_percent: float | None = quantity(
        "Share of the first in what the two hold together",
        "percent",
        default=None,
        words=("of their joint total", "between the two", "of the two alone", "head to head"),
    )
    others_percent: float | None = quantity(
        "Share of everybody but the two", "percent", default=None, words=("outside the two", "all others")
    )
    share_ratio: float | None = quantity(
        "Share of the first over the second",
        "dimensionless",
        default=None,
        words=("times the share", "how many times as big a share"),
    )
    part_over_rest: float | None = quantity(
        "The part over the rest",
        "dimensionless",
        default=None,
        words=("times the rest", "times as much as the others", "how many times larger"),
    )
    part_growth_percent: float | None = quantity(
        "Growth of the part's revenue",
        "percent",
        default=None,
        role="headline",
        words=("sales growth", "growth of that player"),
    )
    share_percent: float | None = quantity(
        "Share", "percent", default=None, role="headline", words=("share", "percent", "portion")
    )
    new_share_percent: float | None = quantity(
        "Share afterwards", "percent", default=None, role="headline", words=("new share",)
    )
    part_usd: float | None = quantity(
        "Revenue of the part", "USD", default=None, role="headline", words=("in dollars", "revenue", "sales")
    )
    total_usd: float | None = quantity(
        "Revenue of the whole",
        "USD",
        default=None,
        role="headline",
        words=("market size", "whole market", "total", "total market", "market size in dollars"),
    )
    rest_usd: float | None = quantity(
        "Revenue of the rest", "USD", default=None, words=("the rest", "others")
    )
    part_count: float | None = quantity(
        "Count of the part", "dimensionless", default=None, role="headline", words=("how many",)
    )
    total_count: float | None = quantity(
        "Count of the whole", "dimensionless", default=None, role="headline", words=("how many in total",)
    )
    rest_count: float | None = quantity(
        "Count of the rest", "dimensionless", default=None, words=("the rest", "gone")
    )
    one_in: float | None = quantity("One in how many", "dimensionless", default=None, words=("one in",))
    rest_percent: float | None = quantity(
        "Share of the rest", "percent", default=None, words=("the rest", "remaining share")
    )
    share_change_points: float | None = quantity(
        "Change of the share, percentage points", "percent", default=None, words=("points", "share change")
    )
    new_part_usd: float | None = quantity(
        "Revenue of the part afterwards", "USD", default=None, words=("sales afterwards", "revenue next year")
    )
    new_total_usd: float | None = quantity(
        "Whole market afterwards", "USD", default=None, words=("market afterwards",)
    )
    market_growth_percent: float | None = quantity(
        "Growth of the whole market", "percent", default=None, words=("market growth",)
    )
    hbm_total_gb: float | None = quantity(
        "HBM needed in all",
        "GB",
        default=None,
        role="headline",
        words=("HBM demand", "HBM needed", "memory demand"),
    )
    hhi: float | None = quantity(
        "Herfindahl-Hirschman index (10,000 is a monopoly)",
        "dimensionless",
        default=None,
        role="headline",
        words=("HHI", "concentration", "Herfindahl"),
    )
    effective_players: float | None = quantity(
        "Equal-sized players of the same concentration",
        "dimensionless",
        default=None,
        words=("effective number", "equal players"),
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
    result = answer(
        RELATIONS, query, MarketShareResult, ask_first=("excluded_share_percent", "share_percent")
    )
    if result.excluded_share_percent is not None:
        result.assumptions.append("The player left out uses none of the vendor's product in its own part.")
    return result


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
