"""What a turn at a provider costs, by genai-prices (dated list prices, no network)."""

from __future__ import annotations

import logging

from agent.chat import Done

log = logging.getLogger("rackrate.agent")
_UNPRICED: set[tuple[str, str]] = set()


def usd(provider: str, model: str | None, turn: Done) -> float:
    """USD of one turn. 0 for the offline model, and for a model the price library does not know (logged once)."""
    if provider == "offline" or model is None or not (turn.input_tokens or turn.output_tokens):
        return 0.0
    from genai_prices import Usage, calc_price

    usage = Usage(
        input_tokens=turn.input_tokens,
        output_tokens=turn.output_tokens,
        cache_read_tokens=turn.cache_read_tokens or None,
        cache_write_tokens=turn.cache_write_tokens or None,
    )
    try:
        return float(calc_price(usage, model_ref=model, provider_id=provider).total_price)
    except LookupError:
        if (provider, model) not in _UNPRICED:
            _UNPRICED.add((provider, model))
            log.warning("no list price is known for %s of %s; its cost is not counted", model, provider)
        return 0.0
