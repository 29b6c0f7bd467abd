"""Two hosted models beside each other: the prices of their tokens and the cost of a request to each.

ratio = dearer / cheaper, so it is 1 or more whichever is named first. A request to the second model has the
tokens of the first where it is given none of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.money.api_prices import api_quote
from tools.serving.served import Notes
from tools.units import format_number

if TYPE_CHECKING:
    from tools.catalog import Catalog
    from tools.token_cost import TokenCostQuery, TokenCostResult

MTOK = 1e6


def compared(query: TokenCostQuery, catalog: Catalog, result: TokenCostResult, notes: Notes) -> list[str]:
    """Fill the ratios of prices and of request costs, where a second model or price is named; formula texts."""
    price_in, price_out = _other_prices(query, catalog, notes)
    first_in = _first(query.usd_per_mtok_input, result.usd_per_mtok_input)
    first_out = _first(query.usd_per_mtok_output, result.usd_per_mtok_output)
    if price_in is None and price_out is None and not _other_tokens(query):
        return []
    result.input_price_ratio = _dearer(first_in, price_in)
    result.output_price_ratio = _dearer(first_out, price_out)
    lines = (
        [f"output price: {format_number(result.output_price_ratio)}x"] if result.output_price_ratio else []
    )
    return lines + _requests(query, (_first(price_in, first_in), _first(price_out, first_out)), result)


def _other_prices(query: TokenCostQuery, catalog: Catalog, notes: Notes) -> tuple[float | None, float | None]:
    """USD per million input and output tokens of the second model: as given, else its list price."""
    given = (query.other_usd_per_mtok_input, query.other_usd_per_mtok_output)
    if query.other_api_model is None:
        return given
    quote = api_quote(catalog, query.other_api_model, query.as_of)
    notes.sources.extend(quote.sources)
    notes.assumptions.append(quote.says())
    return _first(given[0], quote.input), _first(given[1], quote.output)


def _other_tokens(query: TokenCostQuery) -> bool:
    return query.other_input_tokens is not None or query.other_output_tokens is not None


def _requests(
    query: TokenCostQuery, prices: tuple[float | None, float | None], result: TokenCostResult
) -> list[str]:
    """The second request's cost and the ratio, where the first one's is known and every price is."""
    prompt = _first(query.other_input_tokens, query.input_tokens) or 0.0
    written = (query.output_tokens or 0.0) + (query.reasoning_tokens or 0.0)
    answer = _first(query.other_output_tokens, written or None) or 0.0
    if result.usd_per_request is None or (prompt and prices[0] is None) or (answer and prices[1] is None):
        return []
    other = (prompt * (prices[0] or 0.0) + answer * (prices[1] or 0.0)) / MTOK
    result.other_usd_per_request = other
    result.request_cost_ratio = _dearer(result.usd_per_request, other)
    result.saving_usd_per_request = abs(result.usd_per_request - other)
    if result.request_cost_ratio is None:
        return []
    return [
        f"the other request: ({prompt:,.0f} × ${prices[0] or 0:g} + {answer:,.0f} × ${prices[1] or 0:g}) / 1e6 = "
        f"${format_number(other, 6)}; dearer / cheaper = {format_number(result.request_cost_ratio)}x"
    ]


def _first(*values: float | None) -> float | None:
    """The first that is known."""
    return next((value for value in values if value is not None), None)


def _dearer(one: float | None, other: float | None) -> float | None:
    return max(one, other) / min(one, other) if one and other else None
