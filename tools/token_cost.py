"""What tokens cost: by an API's list price, by prices given, or served on chips of one's own.

API: (input − cached) × input price + cached × cached price + (output + reasoning) × output price, reasoning
tokens being billed as output; the cached part may be a share of the prompt, its price a part of the input price.
Two models: the dearer request over the cheaper. Self-hosted: chips × USD per chip-hour / (3600 × tokens per second). With a margin:
price = cost / (1 − margin); a price with a margin to keep leaves price × (1 − margin) for the cost, which gives
the throughput or the rent needed.
"""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field

from tools.catalog import Catalog
from tools.contract import Query, Result, entity, quantity
from tools.errors import MissingInput
from tools.finite import finite
from tools.money.token_compare import compared
from tools.money.token_prices import api_side
from tools.serving.precision import Precision, precision_field
from tools.serving.served import Notes
from tools.serving.token_serving import against_list, served_side
from tools.solve import units_of

EXAMPLES: list[Any] = [
    {"question": "what does a prompt of 2,000 tokens with an 800 token reply cost at $3 per million in and $15 "
                 "per million out",
     "input": {"input_tokens": 2000, "output_tokens": 800, "usd_per_mtok_input": 3, "usd_per_mtok_output": 15},
     "want": "usd_per_request"},
    {"question": "900 prompt tokens and 250 completion tokens at $2 / 1M prompt and $8 / 1M completion, cost?",
     "input": {"input_tokens": 900, "output_tokens": 250, "usd_per_mtok_input": 2, "usd_per_mtok_output": 8},
     "want": "usd_per_request"},
    {"question": "what does a million tokens cost on a 4x H100 node billed at $11 per hour doing 7,000 tok/s",
     "input": {"usd_per_server_hour": 11, "tokens_per_s": 7000}, "want": "usd_per_mtok_output"},
    {"question": "what do 20,000 such requests come to: 2k in, 500 out, at $1 in and $4 out per million?",
     "input": {"n_requests": 20000, "input_tokens": 2000, "output_tokens": 500, "usd_per_mtok_input": 1,
               "usd_per_mtok_output": 4}, "want": "usd_total"},
    {"question": "price of a GPT-4o call with 3k tokens in and 1k out",
     "input": {"api_model": "gpt-4o", "input_tokens": 3000, "output_tokens": 1000}, "want": "usd_per_request"},
    {"question": "monthly bill for 50,000 requests a day of 1,500 in and 400 out at 0.15 and 0.60 dollars per "
                 "million",
     "input": {"requests_per_day": 50000, "input_tokens": 1500, "output_tokens": 400,
               "usd_per_mtok_input": 0.15, "usd_per_mtok_output": 0.6}, "want": "usd_per_month"},
    {"question": "2 million calls a month of 600 in and 250 out at $0.50 and $1.50 per million, what do I pay?",
     "input": {"requests_per_month": 2e6, "input_tokens": 600, "output_tokens": 250, "usd_per_mtok_input": 0.5,
               "usd_per_mtok_output": 1.5}, "want": "usd_per_month"},
    {"question": "how many tokens does one dollar buy when a $3/hr GPU writes 900 tokens a second",
     "input": {"usd_per_chip_hour": 3, "tokens_per_s_per_chip": 900}, "want": "tokens_per_usd"},
    {"question": "$ per million generated tokens when four H200 at 3 dollars an hour each make 9,000 tokens/s",
     "input": {"chip": "h200", "n_chips": 4, "usd_per_chip_hour": 3, "tokens_per_s": 9000},
     "want": "usd_per_mtok_output"},
    {"question": "I rent a GPU for $2.50 an hour and it does 1,800 tok/s, what is a million tokens at 60 % "
                 "utilisation?",
     "input": {"n_chips": 1, "usd_per_chip_hour": 2.5, "tokens_per_s": 1800, "utilisation": 0.6},
     "want": "usd_per_mtok_output"},
    {"question": "serving cost is $0.40 per million tokens; what price gives a 65 % gross margin",
     "input": {"cost_usd_per_mtok": 0.4, "gross_margin_percent": 65}, "want": "price_usd_per_mtok"},
    {"question": "my node of 8 costs $18 an hour and makes 15,000 tok/s that I sell at $0.80 per million; gross "
                 "margin?",
     "input": {"usd_per_server_hour": 18, "tokens_per_s": 15000, "sale_usd_per_mtok": 0.8},
     "want": "gross_margin_percent"},
    {"question": "GPUs needed for 3 billion tokens a day when one makes 1,500 tokens a second",
     "input": {"tokens_per_day": 3e9, "tokens_per_s_per_chip": 1500}, "want": "chips_needed"},
    {"question": "a billion tokens daily at 40 cents per million: what is that a year?",
     "input": {"tokens_per_day": 1e9, "usd_per_mtok_output": 0.4}, "want": "usd_per_year"},
    {"question": "how many times cheaper than GPT-4o's output price are my 4 H100 at $2 an hour making 6,000 tok/s?",
     "input": {"api_model": "gpt-4o", "n_chips": 4, "chip": "h100-sxm", "usd_per_chip_hour": 2,
               "tokens_per_s": 6000}, "want": "list_over_own"},
    {"question": "from what daily token volume does renting 8 GPUs at $2.50 with 10,000 tok/s beat an API at $4 per "
                 "million output tokens",
     "input": {"n_chips": 8, "usd_per_chip_hour": 2.5, "tokens_per_s": 10000, "usd_per_mtok_output": 4},
     "want": "break_even_tokens_per_day"},
    {"question": "if Claude Sonnet 4 is sold with a 65% gross margin, what does a million output tokens cost to "
                 "serve?",
     "input": {"api_model": "claude-sonnet-4", "gross_margin_percent": 65}, "want": "implied_cost_usd_per_mtok"},
    {"question": "how many tokens per second must 8 GPUs at $2 make to reach 20 cents per million tokens",
     "input": {"n_chips": 8, "usd_per_chip_hour": 2, "target_usd_per_mtok": 0.2}, "want": "tokens_per_s_needed"},
    {"question": "at 5,000 tok/s on one chip, what hourly rent keeps a million tokens at $0.10?",
     "input": {"n_chips": 1, "tokens_per_s": 5000, "target_usd_per_mtok": 0.1},
     "want": "usd_per_chip_hour_allowed"},
    {"question": "a call costs $0.04, how many calls can I make with 500 dollars?",
     "input": {"usd_per_request": 0.04, "budget_usd": 500}, "want": "requests_for_budget"},
    {"question": "how many output tokens does $100 buy at 60 dollars per million",
     "input": {"budget_usd": 100, "usd_per_mtok_output": 60}, "want": "tokens_for_budget"},
    {"question": "what does Llama 70B in fp8 cost per million output tokens on 4 H100 at $2 an hour, batch 64",
     "input": {"model": "llama-3.3-70b", "weight_precision": "fp8", "chip": "h100-sxm", "n_chips": 4,
               "usd_per_chip_hour": 2, "batch": 64}, "want": "usd_per_mtok_output"},
    {"question": "cost of 400 in, 600 out plus 9,000 hidden reasoning tokens on o1",
     "input": {"api_model": "o1", "input_tokens": 400, "output_tokens": 600, "reasoning_tokens": 9000},
     "want": "usd_per_request"},
]  # fmt: skip


class TokenCostQuery(Query):
    """Tokens and a price (of an API, given, or from chips); leave out what is asked for."""

    model_config = ConfigDict(json_schema_extra={"examples": EXAMPLES})

    input_tokens: float | None = quantity(
        "Prompt tokens of one request",
        "token",
        default=None,
        min=0,
        words=("input", "prompt", "in", "input tokens", "prompt tokens"),
    )
    output_tokens: float | None = quantity(
        "Answer tokens of one request", "token", default=None, min=0,
        words=("output", "answer", "out", "generated", "output tokens", "reply", "completion tokens"),
    )  # fmt: skip
    cached_input_tokens: float | None = quantity(
        "Part of the prompt that is read from the provider's cache", "token", default=None, min=0,
        words=("cached", "cache hit", "cached input"),
    )  # fmt: skip
    cached_fraction: float | None = quantity(
        "Share of the prompt that is read from the provider's cache", "dimensionless", default=None, min=0, max=1,
        words=("cached", "cache hit", "hit rate", "cache hit rate", "of the prompt is cached", "of it cached"),
    )  # fmt: skip
    reasoning_tokens: float | None = quantity(
        "Thinking tokens of one request, billed as output", "token", default=None, min=0,
        words=("reasoning", "thinking", "hidden", "chain of thought"),
    )  # fmt: skip
    usd_per_mtok_input: float | None = quantity(
        "Price of a million input tokens", "USD/Mtoken", default=None, min=0,
        words=("at", "bill", "per million in", "input price", "input", "per M input", "prompt", "1M prompt", "the rest", "the others", "uncached", "full price"),
    )  # fmt: skip
    usd_per_mtok_output: float | None = quantity(
        "Price of a million output tokens", "USD/Mtoken", default=None, min=0,
        words=("at", "bill", "per million out", "output price", "output", "per M output", "completion", "1M completion"),
    )  # fmt: skip
    usd_per_mtok_cached: float | None = quantity(
        "Price of a million cached input tokens", "USD/Mtoken", default=None, min=0,
        words=("cached price", "cached", "cache read", "per million cached", "cache hit", "billed at", "hits cost", "prompt cache at"),
    )  # fmt: skip
    cached_price_fraction: float | None = quantity(
        "Price of a cached input token as a part of the full input price (0.5: half price)", "dimensionless",
        default=None, min=0, max=1,
        words=("of the input price", "of the full price", "cached at half price", "of the normal rate", "of the price",
               "of the input rate", "cached cost a fraction", "half that for cached"),
    )  # fmt: skip
    cached_discount_percent: float | None = quantity(
        "Discount on cached input tokens", "percent", default=None, min=0, max=100,
        words=("discount", "off for cached", "cheaper when cached", "cache discount", "off the input price"),
    )  # fmt: skip
    batch_discount_percent: float | None = quantity(
        "Discount of the batch interface, on all tokens", "percent", default=None, min=0, below=100,
        words=("batch discount", "batch API", "batch is half price", "through batch", "off in batch", "batch price"),
    )  # fmt: skip
    other_api_model: str | None = entity(
        "Hosted model that the first is compared with", "api_model", default=None,
        words=("versus", "compared with", "than", "against"),
    )  # fmt: skip
    other_usd_per_mtok_input: float | None = quantity(
        "Price of a million input tokens at the model compared with", "USD/Mtoken", default=None, min=0,
        words=("the other's input price", "versus in", "compared with in"),
    )  # fmt: skip
    other_usd_per_mtok_output: float | None = quantity(
        "Price of a million output tokens at the model compared with", "USD/Mtoken", default=None, min=0,
        words=("the other's output price", "versus out", "compared with out"),
    )  # fmt: skip
    other_input_tokens: float | None = quantity(
        "Prompt tokens of a request to the model compared with", "token", default=None, min=0,
        words=("the other's prompt",),
    )  # fmt: skip
    other_output_tokens: float | None = quantity(
        "Answer tokens of a request to the model compared with, thinking included", "token", default=None, min=0,
        words=("the other answers in", "the other writes", "the other emits"),
    )  # fmt: skip
    usd_per_request: float | None = quantity(
        "Cost of one request, when it is known", "USD/request", default=None, above=0,
        words=("query costs", "a call costs", "per query", "per call", "each request costs"),
    )  # fmt: skip
    n_requests: float | None = quantity(
        "Number of requests in all", "request", default=None, above=0,
        words=("requests", "calls", "queries", "such requests", "API calls"),
    )  # fmt: skip
    requests_per_day: float | None = quantity(
        "Requests a day", "request/day", default=None, above=0,
        words=("per day", "a day", "daily"),
    )  # fmt: skip
    requests_per_month: float | None = quantity(
        "Requests a month", "request/month", default=None, above=0,
        words=("per month", "a month", "monthly"),
    )  # fmt: skip
    days: float | None = quantity(
        "Days that the bill covers", "day", default=None, above=0,
        words=("days", "day month", "over days", "for days", "week", "quarter of days"),
    )  # fmt: skip
    tokens_per_day: float | None = quantity(
        "Output tokens a day", "token/day", default=None, above=0,
        words=("tokens per day", "tokens a day", "daily tokens"),
    )  # fmt: skip
    tokens_per_month: float | None = quantity(
        "Output tokens a month", "token/month", default=None, above=0,
        words=("tokens per month", "tokens a month", "monthly tokens"),
    )  # fmt: skip
    budget_usd: float | None = quantity(
        "Money to spend on tokens",
        "USD",
        default=None,
        above=0,
        words=("budget", "buys", "for", "spend", "with"),
    )
    api_model: str | None = entity(
        "Hosted model, at its list price", "api_model", default=None,
        words=("API", "list price", "GPT", "Claude", "Gemini", "call"),
    )  # fmt: skip
    as_of: str | None = Field(
        None, description="Date of the list price (YYYY-MM-DD)", json_schema_extra={"words": ["as of", "in"]}
    )
    n_chips: float | None = quantity(
        "Chips that serve", "chip", default=None, above=0, words=("chips", "GPUs", "rent", "accelerators")
    )
    chip: str | None = entity("Accelerator that serves", "chip", default=None, words=("chip", "GPU", "on"))
    usd_per_chip_hour: float | None = quantity(
        "Rent of one chip for one hour", "USD/chip/hour", default=None, min=0,
        words=("each per hour", "rent", "per GPU-hour", "per chip-hour", "an hour each"),
    )  # fmt: skip
    usd_per_server_hour: float | None = quantity(
        "Rent of a whole server for one hour", "USD/server/hour", default=None, min=0,
        words=("server per hour", "node billed per hour", "machine an hour", "box", "instance", "node"),
    )  # fmt: skip
    n_servers: float | None = quantity(
        "Servers rented", "server", default=None, above=0, words=("servers", "nodes", "machines")
    )
    tokens_per_s: float | None = quantity(
        "Output tokens per second of all chips together", "token/s", default=None, above=0,
        words=("tok/s total", "throughput", "tokens per second", "tok/s"),
    )  # fmt: skip
    tokens_per_s_per_chip: float | None = quantity(
        "Output tokens per second of one chip", "token/s/chip", default=None, above=0,
        words=("tok/s per GPU", "tokens per second each", "per chip"),
    )  # fmt: skip
    utilisation: float | None = quantity(
        "Fraction of the time the chips serve at that rate", "dimensionless", default=None, above=0, max=1,
        words=("utilisation", "utilization", "busy", "of the time", "load"),
    )  # fmt: skip
    cost_usd_per_mtok: float | None = quantity(
        "Cost of serving a million tokens, when it is known", "USD/Mtoken", default=None, above=0,
        words=("serving cost", "costs me", "cost to serve"),
    )  # fmt: skip
    gross_margin_percent: float | None = quantity(
        "Gross margin of the seller", "percent", default=None, below=100, min=-1000,
        words=("gross margin", "margin", "mark-up"),
    )  # fmt: skip
    sale_usd_per_mtok: float | None = quantity(
        "Price a million tokens made on the chips are sold at", "USD/Mtoken", default=None, above=0,
        words=("sell", "sold at", "selling at", "charge", "customers pay", "revenue"),
    )  # fmt: skip
    target_usd_per_mtok: float | None = quantity(
        "Cost of a million tokens to be reached", "USD/Mtoken", default=None, above=0,
        words=("to reach", "target", "keeps", "break even at", "get to", "below"),
    )  # fmt: skip
    model: str | None = entity(
        "Open-weights model served on the chips",
        "model",
        default=None,
        words=("serve", "self-hosted", "running"),
    )
    params: float | None = quantity(
        "Parameter count of the model served, when it is not in the catalogue", "param", default=None, above=0,
        words=("parameters", "params"),
    )  # fmt: skip
    weight_precision: Precision | None = precision_field(
        "Number format of the weights", ("weights", "precision")
    )
    kv_precision: Precision | None = precision_field("Number format of the KV cache", ("KV cache",))
    batch: float | None = quantity(
        "Requests served at once", "request", default=None, min=1, words=("batch", "concurrent", "batch size")
    )
    engine: str | None = Field(
        None, description="Serving engine", json_schema_extra={"words": ["vllm", "sglang", "trt-llm"]}
    )


class TokenCostResult(Result):
    """Costs; what was not asked for or cannot be known is absent."""

    usd_total: float | None = quantity(
        "Cost of all requests named (of the day or month, when that is what is named)", "USD", default=None, role="headline",
        words=("total", "cost", "in all", "bill", "altogether"),
    )  # fmt: skip
    usd_per_request: float | None = quantity(
        "Cost of one request", "USD", default=None, role="headline",
        words=("per request", "per call", "a call", "one query", "cost of the call", "an API call"),
    )  # fmt: skip
    request_cost_ratio: float | None = quantity(
        "Cost of the dearer of two requests over the cheaper", "dimensionless", default=None, role="headline",
        words=("times dearer is the call", "times as expensive a call", "call costs times", "request cost ratio", "cheaper per call"),
    )  # fmt: skip
    output_price_ratio: float | None = quantity(
        "Output price of the dearer of two models over the cheaper", "dimensionless", default=None, role="headline",
        words=("price ratio", "times the price per token", "output price ratio", "times dearer per token", "list price ratio"),
    )  # fmt: skip
    input_price_ratio: float | None = quantity(
        "Input price of the dearer of two models over the cheaper", "dimensionless", default=None, role="detail",
        words=("input price ratio", "times dearer per input token"),
    )  # fmt: skip
    other_usd_per_request: float | None = quantity(
        "Cost of one request to the model compared with", "USD", default=None, role="detail",
        words=("the other call costs", "cost of the other request"),
    )  # fmt: skip
    saving_usd_per_request: float | None = quantity(
        "What the cheaper of two requests saves", "USD", default=None, role="detail",
        words=("saved per call", "saving per request", "difference per call", "cheaper by"),
    )  # fmt: skip
    usd_per_day: float | None = quantity(
        "Cost of one day", "USD", default=None, role="headline", words=("per day", "a day", "daily")
    )
    usd_per_month: float | None = quantity(
        "Cost of one month (30 days)", "USD", default=None, role="headline",
        words=("per month", "a month", "monthly", "bill per month", "monthly bill", "for the month", "month look like", "a thirty-day month"),
    )  # fmt: skip
    usd_per_year: float | None = quantity(
        "Cost of one year",
        "USD",
        default=None,
        role="headline",
        words=("per year", "a year", "yearly", "annual"),
    )
    tokens_for_budget: float | None = quantity(
        "Output tokens the money buys", "token", default=None, role="headline",
        words=("how many tokens", "tokens for", "buys"),
    )  # fmt: skip
    requests_for_budget: float | None = quantity(
        "Requests the money buys", "request", default=None, role="headline",
        words=("how many requests", "how many calls", "queries for"),
    )  # fmt: skip
    tokens_per_s_needed: float | None = quantity(
        "Output tokens per second of all chips that reach the target cost", "token/s", default=None,
        role="headline", words=("throughput needed", "tokens per second needed", "how fast", "must make"),
    )  # fmt: skip
    usd_per_chip_hour_allowed: float | None = quantity(
        "Rent of a chip at which the target cost is reached", "USD/chip/hour", default=None, role="headline",
        words=("hourly rent allowed", "price per hour at most", "can I pay an hour", "break-even rent"),
    )  # fmt: skip
    price_usd_per_mtok: float | None = quantity(
        "Price of a million output tokens with the margin", "USD/Mtoken", default=None, role="headline",
        words=("price with margin", "selling price", "charge", "price per million"),
    )  # fmt: skip
    gross_margin_percent: float | None = quantity(
        "Gross margin at the price the tokens are sold at", "percent", default=None, role="headline",
        words=("gross margin", "margin", "profit share", "what gross margin"),
    )  # fmt: skip
    chips_needed: float | None = quantity(
        "Chips that make the tokens a day", "chip", default=None, role="headline",
        words=("how many GPUs", "chips needed", "how many chips", "GPUs needed"),
    )  # fmt: skip
    usd_per_mtok_output: float | None = quantity(
        "Cost of a million output tokens", "USD/Mtoken", default=None, role="headline",
        words=("per million output tokens", "cost per million tokens", "per Mtok", "$/M tokens", "a million tokens"),
    )  # fmt: skip
    usd_per_mtok_output_low: float | None = quantity("Low end", "USD/Mtoken", default=None, role="detail")
    usd_per_mtok_output_high: float | None = quantity("High end", "USD/Mtoken", default=None, role="detail")
    usd_per_mtok_input: float | None = quantity(
        "List price of a million input tokens", "USD/Mtoken", default=None, role="detail",
        words=("input price", "per million input tokens"),
    )  # fmt: skip
    usd_per_mtok_cached: float | None = quantity(
        "List price of a million cached input tokens", "USD/Mtoken", default=None, role="detail",
        words=("cached price",),
    )  # fmt: skip
    usd_per_mtok_blended: float | None = quantity(
        "Cost of a million tokens, input and output together", "USD/Mtoken", default=None, role="detail",
        words=("blended", "input and output together", "average price"),
    )  # fmt: skip
    tokens_per_usd: float | None = quantity(
        "Output tokens for a dollar", "token/USD", default=None, role="detail",
        words=("tokens per dollar", "tokens for a dollar", "tokens for one dollar", "tokens does one dollar buy"),
    )  # fmt: skip
    usd_per_hour: float | None = quantity(
        "Rent of all chips for one hour",
        "USD/hour",
        default=None,
        role="detail",
        words=("per hour", "hourly cost"),
    )
    output_tokens_per_s: float | None = quantity(
        "Output tokens per second of all chips", "token/s", default=None, role="detail", words=("throughput",)
    )
    list_usd_per_mtok_output: float | None = quantity(
        "List price of a million output tokens that serving oneself is compared with", "USD/Mtoken", default=None,
        role="detail", words=("API price", "list price"),
    )  # fmt: skip
    list_over_own: float | None = quantity(
        "List price over the cost of serving oneself (above 1: own chips are cheaper)", "dimensionless",
        default=None, role="headline",
        words=("cheaper than the API", "self-hosting saves", "API price over own cost", "versus the API"),
    )  # fmt: skip
    break_even_tokens_per_day: float | None = quantity(
        "Output tokens a day from which renting the chips is cheaper than the list price", "token/day",
        default=None, role="detail",
        words=("break-even volume", "from how many tokens a day", "worth self-hosting", "break even", "daily token volume", "beat an API"),
    )  # fmt: skip
    implied_cost_usd_per_mtok: float | None = quantity(
        "Cost of serving a million output tokens that the price leaves at the margin named", "USD/Mtoken",
        default=None, role="headline",
        words=("implied serving cost", "cost at that margin", "can cost at most", "what it costs them", "cost to serve at that margin", "what does it cost to serve"),
    )  # fmt: skip
    revenue_usd_per_hour: float | None = quantity(
        "Revenue an hour at the price the tokens are sold at", "USD/hour", default=None, role="detail",
        words=("revenue per hour", "earns an hour", "hourly revenue"),
    )  # fmt: skip
    reasoning_share: float | None = quantity(
        "Part of the request's cost that is thinking", "dimensionless", default=None, role="detail",
        words=("share of reasoning", "thinking share"),
    )  # fmt: skip


def token_cost(query: TokenCostQuery, catalog: Catalog) -> TokenCostResult:
    """Cost of tokens in dollars: API list prices, prices given, or self-hosted from chips, rent and tokens/s.

    Per request, per million tokens, per day, month and year; with cached and reasoning tokens and a margin;
    inverse: tokens for a budget, throughput or rent needed for a target cost, or for a price and a margin; two
    models compared by price or by the cost of a call.
    """
    notes, result = Notes(), TokenCostResult()
    lines: list[str] = []
    if _by_chips(query):
        lines += served_side(query, catalog, result, notes)
        lines += against_list(query, catalog, result, notes)
    else:
        lines += api_side(query, catalog, result, notes)
        lines += compared(query, catalog, result, notes)
    _require(result)
    result.formula = "; ".join(lines)
    result.assumptions, result.warnings = notes.assumptions, notes.warnings
    result.taken = notes.taken
    result.sources = list(dict.fromkeys(notes.sources))
    return finite(result)


def _by_chips(query: TokenCostQuery) -> bool:
    fields = ("n_chips", "chip", "usd_per_chip_hour", "usd_per_server_hour", "tokens_per_s", "tokens_per_s_per_chip",
              "model", "params", "cost_usd_per_mtok", "target_usd_per_mtok")  # fmt: skip
    return any(getattr(query, name) is not None for name in fields)


def _require(result: TokenCostResult) -> None:
    """At least one number must have come out."""
    if all(getattr(result, name) is None for name in units_of(TokenCostResult)):
        raise MissingInput(
            "usd_per_mtok_output", "a price per million tokens, an API model, or chips and their rent"
        )
