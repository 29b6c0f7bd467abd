"""The API side of `token_cost`: a request's bill, volumes, and what a budget buys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tools.errors import MissingInput
from tools.money.api_prices import ApiQuote, api_quote
from tools.serving.charts import bars
from tools.serving.served import Notes
from tools.units import format_number

if TYPE_CHECKING:
    from tools.catalog import Catalog
    from tools.token_cost import TokenCostQuery, TokenCostResult

MTOK = 1e6
DAYS_PER_YEAR, DAYS_PER_MONTH = 365.0, 30.0


@dataclass(frozen=True, slots=True)
class Prices:
    """USD per million tokens."""

    input: float | None
    output: float | None
    cached: float | None


def api_side(query: TokenCostQuery, catalog: Catalog, result: TokenCostResult, notes: Notes) -> list[str]:
    """Fill a request's cost, volumes and budgets from token prices; returns the formula texts."""
    prices = _in_batch(query, _prices(query, catalog, result, notes), notes)
    lines = _request(query, prices, result, notes) + _behind(query, prices, result)
    lines += volumes(
        query, result, prices.output if prices.output is not None else _prompt_price(query, prices)
    )
    lines += _budget(query, prices, result)
    return lines


def _in_batch(query: TokenCostQuery, prices: Prices, notes: Notes) -> Prices:
    """What is left of every price when the batch interface gives a discount on all tokens."""
    off = query.batch_discount_percent
    if off is None:
        return prices
    notes.assumptions.append(f"Every token at the batch price, {off:g} % below the one stated")
    left = [None if p is None else p * (1 - off / 100) for p in (prices.input, prices.output, prices.cached)]
    return Prices(*left)


def _prompt_price(query: TokenCostQuery, prices: Prices) -> float | None:
    """A million prompt tokens, the share from the cache at its own price; USD."""
    share = query.cached_fraction
    if share is None or prices.input is None or prices.cached is None:
        return prices.input
    return (1 - share) * prices.input + share * prices.cached


def _prices(query: TokenCostQuery, catalog: Catalog, result: TokenCostResult, notes: Notes) -> Prices:
    _doubt_order(query, notes)
    part, cached = _cached_part(query), query.usd_per_mtok_cached
    if part is not None and cached is None and query.usd_per_mtok_input is not None:
        cached = part * query.usd_per_mtok_input
    given = Prices(query.usd_per_mtok_input, query.usd_per_mtok_output, cached)
    if query.api_model is None:
        return given
    quote = api_quote(catalog, query.api_model, query.as_of)
    notes.sources.extend(quote.sources)
    notes.assumptions.append(quote.says())
    result.usd_per_mtok_input, result.usd_per_mtok_output = quote.input, quote.output
    result.usd_per_mtok_cached = quote.cached_input
    result.tokens_per_usd = MTOK / quote.output if quote.output else None
    return Prices(
        given.input if given.input is not None else quote.input,
        given.output if given.output is not None else quote.output,
        given.cached if given.cached is not None else _listed_cached(part, quote),
    )


def _listed_cached(part: float | None, quote: ApiQuote) -> float | None:
    return quote.cached_input if part is None else part * quote.input


def _doubt_order(query: TokenCostQuery, notes: Notes) -> None:
    """Providers charge more for output than for input, and less for cached input: say when it is the other way."""
    full, written, cached = query.usd_per_mtok_input, query.usd_per_mtok_output, query.usd_per_mtok_cached
    if full is not None and written is not None and written < full:
        notes.warnings.append("Output is priced below input here, which hardly any provider does")
    if full is not None and cached is not None and cached > full:
        notes.warnings.append("Cached input is priced above fresh input here")


def _cached_part(query: TokenCostQuery) -> float | None:
    """What a cached token costs, as a part of the input price: stated, or what the discount leaves."""
    if query.cached_price_fraction is not None:
        return query.cached_price_fraction
    if query.cached_discount_percent is not None:
        return 1.0 - query.cached_discount_percent / 100.0
    return None


def _behind(query: TokenCostQuery, prices: Prices, result: TokenCostResult) -> list[str]:
    """What a price leaves for the cost of serving at a gross margin."""
    if query.gross_margin_percent is None or prices.output is None:
        return []
    result.implied_cost_usd_per_mtok = prices.output * (1.0 - query.gross_margin_percent / 100.0)
    return [
        f"cost = ${prices.output:g} × (1 − {query.gross_margin_percent:g} %) = "
        f"${format_number(result.implied_cost_usd_per_mtok)} per million"
    ]


def _request(query: TokenCostQuery, prices: Prices, result: TokenCostResult, notes: Notes) -> list[str]:
    """One request: uncached input, cached input, output and reasoning, each at its price."""
    tokens = (query.input_tokens, query.output_tokens, query.reasoning_tokens, query.cached_input_tokens)
    if all(count is None for count in tokens):
        return _known_request(query, result)
    fresh = query.input_tokens or 0.0
    cached = _cached_tokens(query)
    if cached > fresh > 0:
        notes.assumptions.append(f"{fresh:,.0f} input tokens beside the {cached:,.0f} cached ones")
    else:
        fresh = max(0.0, fresh - cached)
    written = (query.output_tokens or 0.0) + (query.reasoning_tokens or 0.0)
    parts = [
        _part(fresh, prices.input, "usd_per_mtok_input", "a million input tokens"),
        _part(cached, _cached_price(cached, prices, notes), "usd_per_mtok_cached", "a million cached tokens"),
        _part(written, prices.output, "usd_per_mtok_output", "a million output tokens"),
    ]
    total = sum(cost for cost, _ in parts)
    result.usd_per_request = result.usd_total = total
    if query.n_requests is not None:
        result.usd_total = total * query.n_requests
    everything = fresh + cached + written
    result.usd_per_mtok_blended = total / everything * MTOK if everything else None
    if query.reasoning_tokens and total:
        result.reasoning_share = query.reasoning_tokens * (prices.output or 0.0) / MTOK / total
    _show(query, fresh, cached, prices, parts, result)
    times = (
        f" × {query.n_requests:,.0f} requests = ${format_number(result.usd_total, 6)}"
        if query.n_requests
        else ""
    )
    return [f"({' + '.join(text for _, text in parts if text)}) / 1e6 = ${format_number(total, 6)}{times}"]


def _cached_tokens(query: TokenCostQuery) -> float:
    """Tokens read from the cache: their number, or their share of the prompt."""
    if query.cached_input_tokens is not None:
        return query.cached_input_tokens
    return (query.cached_fraction or 0.0) * (query.input_tokens or 0.0)


def _known_request(query: TokenCostQuery, result: TokenCostResult) -> list[str]:
    """A request whose cost was given: what a number of them comes to."""
    if query.usd_per_request is None:
        return []
    result.usd_per_request = query.usd_per_request
    if query.n_requests is None:
        return []
    result.usd_total = query.usd_per_request * query.n_requests
    return [f"{query.n_requests:,.0f} × ${query.usd_per_request:g} = ${format_number(result.usd_total, 6)}"]


def _part(tokens: float, price: float | None, field: str, what: str) -> tuple[float, str]:
    if not tokens:
        return 0.0, ""
    if price is None:
        raise MissingInput(field, f"the price of {what}")
    return tokens * price / MTOK, f"{tokens:,.0f} × ${price:g}"


def _cached_price(cached: float, prices: Prices, notes: Notes) -> float | None:
    if cached and prices.cached is None and prices.input is not None:
        notes.assumptions.append("Cached tokens at the full input price (no cached price is known)")
        return prices.input
    return prices.cached


def _show(
    query: TokenCostQuery, fresh: float, cached: float, prices: Prices, parts: list[tuple[float, str]],
    result: TokenCostResult,
) -> None:  # fmt: skip
    thinking = (query.reasoning_tokens or 0.0) * (prices.output or 0.0) / MTOK
    rows = [
        ("input", fresh, prices.input, parts[0][0]),
        ("cached input", cached, prices.cached, parts[1][0]),
        ("output", query.output_tokens or 0.0, prices.output, parts[2][0] - thinking),
        ("reasoning", query.reasoning_tokens or 0.0, prices.output, thinking),
    ]
    shown = [row for row in rows if row[1]]
    result.table = {
        "columns": ["part", "tokens", "USD per Mtoken", "USD"],
        "rows": [list(row) for row in shown],
    }
    if len(shown) > 1:
        result.chart = bars("Cost of one request", "", "USD", [(row[0], row[3]) for row in shown])


def volumes(query: TokenCostQuery, result: TokenCostResult, usd_per_mtok: float | None) -> list[str]:
    """Per day, month and year, from requests a day or from tokens a day at `usd_per_mtok`."""
    month, said = _a_month(query, result, usd_per_mtok)
    if month is not None:
        result.usd_per_month, result.usd_per_year, result.usd_per_day = (
            month,
            12 * month,
            month / DAYS_PER_MONTH,
        )
        result.usd_total = month
        return [
            f"{said} a month = ${format_number(month, 6)} a month, × 12 = ${format_number(12 * month, 6)} a year"
        ]
    day = None
    if query.requests_per_day is not None and result.usd_per_request is not None:
        day = query.requests_per_day * result.usd_per_request
        said = f"{query.requests_per_day:,.0f} requests"
    elif query.tokens_per_day is not None and usd_per_mtok is not None:
        day = query.tokens_per_day * usd_per_mtok / MTOK
        said = f"{query.tokens_per_day:,.0f} tokens"
    if day is None:
        return []
    result.usd_per_day, result.usd_per_year = day, day * DAYS_PER_YEAR
    result.usd_per_month = day * _days_of_month(query.days)
    result.usd_total = day * (query.days or 1.0)
    whole = f", × {query.days:g} days = ${format_number(result.usd_total, 6)}" if query.days else ""
    return [
        f"{said} a day = ${format_number(day, 6)} a day{whole}, × {_days_of_month(query.days):g} = "
        f"${format_number(result.usd_per_month, 6)} a month, × 365 = ${format_number(result.usd_per_year, 6)} a year"
    ]


def _days_of_month(days: float | None) -> float:
    """The days of a month that the question counts with: a number that a month can have, else 30."""
    return days if days is not None and 28 <= days <= 31 else DAYS_PER_MONTH


def _a_month(
    query: TokenCostQuery, result: TokenCostResult, usd_per_mtok: float | None
) -> tuple[float | None, str]:
    if query.requests_per_month is not None and result.usd_per_request is not None:
        return query.requests_per_month * result.usd_per_request, f"{query.requests_per_month:,.0f} requests"
    if query.tokens_per_month is not None and usd_per_mtok is not None:
        return query.tokens_per_month * usd_per_mtok / MTOK, f"{query.tokens_per_month:,.0f} tokens"
    return None, ""


def _budget(query: TokenCostQuery, prices: Prices, result: TokenCostResult) -> list[str]:
    price = prices.output if prices.output is not None else prices.input
    if price and result.usd_per_request is None:
        result.tokens_per_usd = MTOK / price
    if query.budget_usd is None:
        return []
    if result.usd_per_request:
        result.requests_for_budget = query.budget_usd / result.usd_per_request
        return [f"${query.budget_usd:,.2f} / ${format_number(result.usd_per_request, 6)} = "
                f"{format_number(result.requests_for_budget)} requests"]  # fmt: skip
    if not price:
        raise MissingInput("usd_per_mtok_output", "the price of a million tokens")
    result.tokens_for_budget = query.budget_usd / price * MTOK
    return [
        f"${query.budget_usd:,.2f} / ${price:g} per Mtoken = {format_number(result.tokens_for_budget)} tokens"
    ]
