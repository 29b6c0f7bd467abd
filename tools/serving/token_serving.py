"""The self-hosted side of `token_cost`: chips, their rent and their tokens per second.

USD per million tokens = chips × USD per chip-hour / (3600 × tokens per second × utilisation) × 1e6.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from tools import drawing
from tools.contract import Source
from tools.errors import FactAbsent, InputError, MissingInput
from tools.money.api_prices import api_quote
from tools.money.token_prices import MTOK, volumes
from tools.serving.charts import curve
from tools.serving.served import Notes, fewest_chips, resolve_model
from tools.serving_performance import (
    ASSUMED_INPUT,
    ASSUMED_OUTPUT,
    ServingPerformanceQuery,
    serving_performance,
)
from tools.units import format_number

if TYPE_CHECKING:
    from tools.catalog import Catalog
    from tools.token_cost import TokenCostQuery, TokenCostResult

SECONDS_PER_HOUR = 3600.0
SECONDS_PER_DAY = 86_400.0
CHART_BATCHES = (1, 4, 16, 64, 256)


def served_side(query: TokenCostQuery, catalog: Catalog, result: TokenCostResult, notes: Notes) -> list[str]:
    """Fill the cost of a million tokens, its inverses and the price with a margin; returns formula texts."""
    if query.cost_usd_per_mtok is not None:
        cost = query.cost_usd_per_mtok
        result.tokens_per_usd = MTOK / cost
        lines = _with_margin(query, cost, result) + _amounts(query, cost, result)
        return lines + _reach(query, cost, _rent_per_hour(query, catalog, notes), result)
    query = _on_enough_chips(query, catalog, notes)
    sized = _chips_needed(query, result)
    rent = _rent_per_hour(query, catalog, notes)
    if sized and rent is None:
        return sized
    target = _target(query)
    if target is not None and (rent is None) != (_rate_given(query) is None):
        return _inverse(query, target, rent, result)
    rate = _rate(query, catalog, result, notes)
    if rent is None:
        raise MissingInput("usd_per_chip_hour", "the rent of a chip for an hour")
    share = query.utilisation or 1.0
    cost = rent / (SECONDS_PER_HOUR * rate * share) * MTOK
    result.usd_per_hour, result.output_tokens_per_s = rent, rate
    result.usd_per_mtok_output, result.tokens_per_usd = cost, MTOK / cost if cost else None
    _interval(result, rent, share, rate)
    at = f" × {share:g}" if share != 1.0 else ""
    lines = [
        f"${format_number(rent)}/hour / ({format_number(rate)} tokens/s{at} × 3600) × 1e6 = "
        f"${format_number(cost, 5)} per million output tokens"
    ]
    if query.target_usd_per_mtok is not None:
        lines += _inverse(query, _kept(query, query.target_usd_per_mtok), rent, result)
    _sold(query, rate * share, rent, result)
    return sized + lines + _with_margin(query, cost, result) + _amounts(query, cost, result)


def _on_enough_chips(query: TokenCostQuery, catalog: Catalog, notes: Notes) -> TokenCostQuery:
    """The query on the fewest chips that hold its model, where nobody said how many and one does not."""
    if query.n_chips is not None or query.chip is None or _rate_given(query) is not None:
        return query
    if query.model is None and query.params is None:
        return query
    serving = _serving_query(query)
    served, chip = resolve_model(serving, catalog, Notes(), kv=False), catalog.chip(query.chip)
    context = (serving.input_tokens or ASSUMED_INPUT) + (serving.output_tokens or ASSUMED_OUTPUT)
    n_chips = fewest_chips(served, chip, serving.batch or 0.0, context)
    if n_chips == 1 or query.usd_per_server_hour is not None:
        return query
    notes.assumptions.append(
        f"On {n_chips} × {chip.name}, the fewest that hold the weights (no number given)"
    )
    notes.taken["n_chips"] = n_chips
    return query.model_copy(update={"n_chips": float(n_chips)})


def _chips_needed(query: TokenCostQuery, result: TokenCostResult) -> list[str]:
    """Chips for a day's tokens, from what one chip makes."""
    each = query.tokens_per_s_per_chip
    day = query.tokens_per_day
    if day is None and query.requests_per_day is not None and query.output_tokens is not None:
        day = query.requests_per_day * (query.output_tokens + (query.reasoning_tokens or 0.0))
    if each is None or day is None or query.n_chips is not None:
        return []
    needed = day / SECONDS_PER_DAY / (each * (query.utilisation or 1.0))
    result.chips_needed = float(math.ceil(needed * (1 - 1e-12)))
    return [
        f"{day:,.0f} tokens a day / 86,400 s / {format_number(each)} tokens/s a chip = {format_number(needed)} chips"
    ]


def _sold(query: TokenCostQuery, rate: float, rent: float, result: TokenCostResult) -> None:
    """Revenue and gross margin at a sale price; `rate` is tokens per second really served."""
    if query.sale_usd_per_mtok is None:
        return
    result.revenue_usd_per_hour = rate * SECONDS_PER_HOUR * query.sale_usd_per_mtok / MTOK
    result.gross_margin_percent = 100.0 * (1.0 - rent / result.revenue_usd_per_hour)


def _rent_per_hour(query: TokenCostQuery, catalog: Catalog, notes: Notes) -> float | None:
    """USD an hour of all chips; from the catalogue where only the chip is named; None when nothing is known."""
    if query.usd_per_server_hour is not None and query.usd_per_chip_hour is not None:
        notes.warnings.append("Rent is given for a chip and for a server; the server's is used")
    if query.usd_per_server_hour is not None:
        return query.usd_per_server_hour * (query.n_servers or 1.0)
    each = query.usd_per_chip_hour
    if each is None and query.chip is not None:
        each = _catalogue_rent(query.chip, query.as_of, catalog, notes)
    if each is None:
        return None
    if query.n_chips is None and query.tokens_per_s_per_chip is None:
        notes.assumptions.append("One chip (no number was given)")
        notes.taken["n_chips"] = 1
    return each * (query.n_chips or 1.0)


def _catalogue_rent(chip: str, as_of: str | None, catalog: Catalog, notes: Notes) -> float | None:
    try:
        price = catalog.rental_price(chip, as_of=as_of)
    except FactAbsent:
        return None
    notes.sources.extend(price.sources)
    notes.assumptions.append(
        f"${price.value:,.2f} per chip-hour, the catalogue's price of {price.as_of}"
        f"{price.spread and f' ({price.spread})'}"
    )
    notes.taken["usd_per_chip_hour"] = float(price.value)
    return float(price.value)


def _rate_given(query: TokenCostQuery) -> float | None:
    if query.tokens_per_s is not None:
        return query.tokens_per_s
    if query.tokens_per_s_per_chip is not None:
        return query.tokens_per_s_per_chip * (query.n_chips or 1.0)
    return None


def _rate(query: TokenCostQuery, catalog: Catalog, result: TokenCostResult, notes: Notes) -> float:
    """Output tokens per second of all chips: as given, else by the serving model."""
    given = _rate_given(query)
    if given is not None:
        return given
    if query.model is None and query.params is None:
        raise MissingInput("tokens_per_s", "tokens per second, or the model that is served")
    with drawing.numbers_only():
        found = serving_performance(_serving_query(query), catalog)
    notes.assumptions.extend(found.assumptions)
    notes.taken |= found.taken
    notes.warnings.extend(found.warnings)
    notes.sources.extend(Source.model_validate(s) for s in found.sources)
    if found.output_tokens_per_s is None:
        raise FactAbsent(f"no throughput can be estimated: {'; '.join(found.warnings) or 'shape unknown'}")
    result.usd_per_mtok_output_low = found.output_tokens_per_s_high
    result.usd_per_mtok_output_high = found.output_tokens_per_s_low
    result.chart = _chart(query, catalog) if drawing.wanted() else None
    return found.output_tokens_per_s


def _serving_query(query: TokenCostQuery, **changes: Any) -> ServingPerformanceQuery:
    fields = (
        "model",
        "params",
        "chip",
        "weight_precision",
        "kv_precision",
        "input_tokens",
        "batch",
        "engine",
    )
    given = {name: getattr(query, name) for name in fields}
    given["n_chips"] = int(query.n_chips) if query.n_chips is not None else 1
    given["output_tokens"] = ((query.output_tokens or 0.0) + (query.reasoning_tokens or 0.0)) or None
    given["input_tokens"] = query.input_tokens or None
    try:
        return ServingPerformanceQuery(**(given | changes))
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(str(first["loc"][0]), first["input"], first["msg"]) from error


def _interval(result: TokenCostResult, rent: float, share: float, rate: float) -> None:
    """Rates kept in the low/high fields become costs."""
    for name in ("usd_per_mtok_output_low", "usd_per_mtok_output_high"):
        at = getattr(result, name)
        if at is not None:
            setattr(result, name, rent / (SECONDS_PER_HOUR * at * share) * MTOK)


def against_list(query: TokenCostQuery, catalog: Catalog, result: TokenCostResult, notes: Notes) -> list[str]:
    """The cost of serving oneself beside a list price, where both are known."""
    own = result.usd_per_mtok_output
    if own is None or result.usd_per_hour is None:
        return []
    price = query.usd_per_mtok_output
    if query.api_model is not None:
        quote = api_quote(catalog, query.api_model, query.as_of)
        notes.sources.extend(quote.sources)
        notes.assumptions.append(quote.says())
        price = quote.output
    if not price or not own:
        return []
    result.list_usd_per_mtok_output, result.list_over_own = price, price / own
    result.break_even_tokens_per_day = result.usd_per_hour * 24.0 / price * MTOK
    return [
        f"list ${price:g} / own ${format_number(own)} = {format_number(price / own)}x; the rent of a day buys "
        f"{format_number(result.break_even_tokens_per_day)} tokens at the list price"
    ]


def _target(query: TokenCostQuery) -> float | None:
    """The cost of a million tokens to reach: the target named, else any price named beside chips alone."""
    price = query.target_usd_per_mtok
    if price is None and query.model is None and query.params is None:
        price = query.sale_usd_per_mtok or query.usd_per_mtok_output or query.usd_per_mtok_input
    return None if price is None else _kept(query, price)


def _kept(query: TokenCostQuery, price: float) -> float:
    """What a price leaves for the cost when a gross margin is to be kept; the price itself without one."""
    return price * (1.0 - (query.gross_margin_percent or 0.0) / 100.0)


def _reach(query: TokenCostQuery, cost: float, rent: float | None, result: TokenCostResult) -> list[str]:
    """What a known cost of a million tokens implies of the rent or the throughput beside it."""
    if (rent is None) == (_rate_given(query) is None):
        return []
    return _inverse(query, cost, rent, result)


def _inverse(query: TokenCostQuery, target: float, rent: float | None, result: TokenCostResult) -> list[str]:
    """The throughput, or the rent, that reaches a target cost of a million tokens."""
    if target <= 0:
        raise InputError("target_usd_per_mtok", target, "a cost above 0")
    rate, share = _rate_given(query), query.utilisation or 1.0
    if rent is not None:
        result.tokens_per_s_needed = rent / (SECONDS_PER_HOUR * target * share) * MTOK
        return [f"${format_number(rent)}/hour / (3600 × ${target:g}) × 1e6 = "
                f"{format_number(result.tokens_per_s_needed)} tokens/s needed"]  # fmt: skip
    if rate is None:
        raise MissingInput("tokens_per_s", "tokens per second, or the rent of a chip for an hour")
    hourly = target / MTOK * rate * share * SECONDS_PER_HOUR
    result.usd_per_chip_hour_allowed = hourly / (query.n_chips or 1.0)
    return [
        f"{format_number(rate)} tokens/s × 3600 × ${target:g} / 1e6 = ${format_number(hourly)}/hour in all"
    ]


def _with_margin(query: TokenCostQuery, cost: float, result: TokenCostResult) -> list[str]:
    if query.gross_margin_percent is None:
        return []
    result.price_usd_per_mtok = cost / (1.0 - query.gross_margin_percent / 100.0)
    return [f"price = ${format_number(cost)} / (1 − {query.gross_margin_percent:g} %) = "
            f"${format_number(result.price_usd_per_mtok)} per million"]  # fmt: skip


def _amounts(query: TokenCostQuery, cost: float, result: TokenCostResult) -> list[str]:
    """Requests, volumes and budgets at the cost of a million output tokens (prompts are in the rate)."""
    lines = []
    written = (query.output_tokens or 0.0) + (query.reasoning_tokens or 0.0)
    if written:
        result.usd_per_request = result.usd_total = written * cost / MTOK
        if query.n_requests is not None:
            result.usd_total = result.usd_per_request * query.n_requests
        lines.append(f"{written:,.0f} output tokens = ${format_number(result.usd_per_request, 5)} a request")
    if query.budget_usd is not None and cost:
        result.tokens_for_budget = query.budget_usd / cost * MTOK
    return lines + volumes(query, result, cost)


def _chart(query: TokenCostQuery, catalog: Catalog) -> dict[str, Any] | None:
    """Cost of a million output tokens (per dollar of hourly rent) against the batch."""
    points = []
    for batch in CHART_BATCHES:
        with drawing.numbers_only():
            found = serving_performance(_serving_query(query, batch=float(batch)), catalog)
        if found.output_tokens_per_s and found.served_requests and found.served_requests >= 0.999 * batch:
            points.append((float(batch), MTOK / (SECONDS_PER_HOUR * found.output_tokens_per_s)))
    title = "Cost of a million output tokens for each $1/hour of rent"
    return curve(title, "requests at once", "USD", points, log_y=True) if len(points) > 1 else None
