"""What the market-share calculator is asked and answers: see `tools.market_share`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from tools.contract import Query, Result, entity, quantity


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
            "part of that player",
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
