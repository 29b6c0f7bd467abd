"""What thinking costs: more tokens, fewer requests at once, a dearer answer.

cost factor = token factor × per-token factor; cost with thinking = cost without × cost factor. The token factor is (thinking + answer) / answer. The per-token
factor is what a smaller batch does to the cost of a token: with memory full and step time unchanged it is the
ratio of the batches that fit at the short and at the long context (an upper bound: a smaller batch also steps
faster). With list prices the per-token factor is their ratio.
"""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict

from tools.batch_size import BatchSizeQuery, batch_size
from tools.catalog import Catalog
from tools.contract import Result, Source, quantity
from tools.finite import finite
from tools.serving.charts import bars
from tools.serving.served import ChipQuery, ModelQuery, Notes
from tools.serving.thinking_speed import Batches, modelled_factor
from tools.solve import Default, Relations, Rule, Solution, fill, product, units_of

EXAMPLES: list[Any] = [
    {"question": "if a thinking model writes eight times the tokens and each token costs three times as much, how "
                 "much dearer is an answer?",
     "input": {"token_factor": 8, "per_token_factor": 3}, "want": "cost_factor"},
    {"question": "a reasoning model uses 9x the tokens at 2.5x the cost per token, total cost multiple?",
     "input": {"token_factor": 9, "per_token_factor": 2.5}, "want": "cost_factor"},
    {"question": "7,000 thinking tokens on top of 700 answer tokens: output multiple?",
     "input": {"thinking_tokens": 7000, "output_tokens": 700}, "want": "token_factor"},
    {"question": "tokens go up 6x and each one is 2x dearer: total multiple?",
     "input": {"token_factor": 6, "per_token_factor": 2}, "want": "cost_factor"},
    {"question": "an answer got 36x more expensive with 9x the tokens; what happened to the price of a token?",
     "input": {"cost_factor": 36, "token_factor": 9}, "want": "per_token_factor"},
    {"question": "20,000 thinking tokens before an 800 token answer: how many times the output?",
     "input": {"thinking_tokens": 20000, "output_tokens": 800}, "want": "token_factor"},
    {"question": "the reply grows from 900 to 9,900 tokens once the model thinks: how many times more output?",
     "input": {"output_tokens": 900, "total_output_tokens": 9900}, "want": "token_factor"},
    {"question": "cost of an answer with 15k reasoning tokens and 1k output at $12 per million, against without",
     "input": {"thinking_tokens": 15000, "output_tokens": 1000, "usd_per_mtok_output": 12},
     "want": "usd_with_thinking"},
    {"question": "how far does the batch of Llama 405B fp8 on 8 H100 fall when 8,000 thinking tokens are added to "
                 "a 3k context, fp8 cache",
     "input": {"model": "llama-3.1-405b", "chip": "h100-sxm", "n_chips": 8, "weight_precision": "fp8",
               "kv_precision": "fp8", "base_context_tokens": 3000, "thinking_tokens": 8000},
     "want": "batch_factor"},
    {"question": "compute included, how many times dearer is a token of Llama 405B fp8 on 8 H200 when 12k thinking "
                 "tokens come on top of a 3k context, by the serving model?",
     "input": {"model": "llama-3.1-405b", "chip": "h200", "n_chips": 8, "weight_precision": "fp8",
               "base_context_tokens": 3000, "thinking_tokens": 12000}, "want": "modelled_per_token_factor"},
    {"question": "users on 4 H200 with Llama 70B fp8 when everyone thinks for 30k tokens on top of 2k",
     "input": {"model": "llama-3.3-70b", "chip": "h200", "n_chips": 4, "weight_precision": "fp8",
               "base_context_tokens": 2000, "thinking_tokens": 30000}, "want": "batch_with_thinking"},
]  # fmt: skip

REASONING = Relations(
    Rule("total_output_tokens", ("output_tokens", "thinking_tokens"), lambda o, t: o + t,
         "{output_tokens} + {thinking_tokens}"),
    Rule("thinking_tokens", ("total_output_tokens", "output_tokens"), lambda t, o: t - o,
         "{total_output_tokens} − {output_tokens}"),
    product("token_factor", "total_output_tokens", per=("output_tokens",)),
    Rule("thinking_tokens", ("token_factor", "output_tokens"), lambda f, o: (f - 1) * o,
         "({token_factor} − 1) × {output_tokens}"),
    product("batch_factor", "batch_without_thinking", per=("batch_with_thinking",)),
    Rule("per_token_factor", ("batch_factor",), lambda b: b, "{batch_factor} (fewer requests share each step)"),
    Rule("per_token_factor", ("usd_per_mtok_output", "plain_usd_per_mtok_output"), lambda a, b: a / b,
         "{usd_per_mtok_output} / {plain_usd_per_mtok_output}"),
    product("cost_factor", "token_factor", "per_token_factor"),
    product("usd_with_thinking", "usd_without_thinking", "cost_factor"),
    product("extra_usd", "thinking_tokens", "usd_per_mtok_output", scale=1e-6),
    product("usd_without_thinking", "output_tokens", "plain_usd_per_mtok_output", scale=1e-6),
    product("usd_with_thinking", "total_output_tokens", "usd_per_mtok_output", scale=1e-6),
)  # fmt: skip


class ReasoningCostQuery(ModelQuery, ChipQuery):
    """Thinking tokens and what they multiply; or a model on chips, for what they do to the batch."""

    model_config = ConfigDict(json_schema_extra={"examples": EXAMPLES})

    output_tokens: float | None = quantity(
        "Tokens of the answer itself", "token", default=None, above=0,
        words=("output", "answer", "visible", "without thinking", "before"),
    )  # fmt: skip
    thinking_tokens: float | None = quantity(
        "Thinking tokens before the answer", "token", default=None, min=0,
        words=("thinking", "reasoning", "chain of thought", "hidden", "thinks for", "extra"),
    )  # fmt: skip
    base_context_tokens: float | None = quantity(
        "Context (prompt plus answer) without the thinking", "token", default=None, above=0,
        words=("base context", "context", "without thinking", "short context", "on top of"),
    )  # fmt: skip
    long_context_tokens: float | None = quantity(
        "Context with the thinking",
        "token",
        default=None,
        above=0,
        words=("long context", "with thinking", "vs"),
    )
    total_output_tokens: float | None = quantity(
        "Output tokens with the thinking", "token", default=None, above=0,
        words=("output goes to", "rises to", "grows to", "total output", "becomes", "jumps to"),
    )  # fmt: skip
    token_factor: float | None = quantity(
        "How many times as many tokens", "dimensionless", default=None, above=0,
        words=("times the tokens", "times as many tokens", "more tokens", "token factor"),
    )  # fmt: skip
    per_token_factor: float | None = quantity(
        "How many times as dear each token is", "dimensionless", default=None, above=0,
        words=("each", "per token", "the cost per token", "fewer users", "times per token", "each token costs", "each is dearer"),
    )  # fmt: skip
    batch_factor: float | None = quantity(
        "How many times fewer requests run at once with the thinking", "dimensionless", default=None, above=0,
        words=("times fewer users", "batch shrinks", "fewer users per server", "fewer requests at once", "concurrency falls",
               "as many users", "as many requests at once", "as many people share", "half the users"),
    )  # fmt: skip
    batch_without_thinking: float | None = quantity(
        "Requests at once without the thinking", "request", default=None, above=0,
        words=("users before", "batch before", "from users", "concurrent without thinking"),
    )  # fmt: skip
    batch_with_thinking: float | None = quantity(
        "Requests at once with the thinking", "request", default=None, above=0,
        words=("users after", "batch after", "to users", "down to", "concurrent with thinking"),
    )  # fmt: skip
    usd_without_thinking: float | None = quantity(
        "Cost of one answer without thinking, when it is known", "USD", default=None, above=0,
        words=("plain query costs", "a normal answer costs", "costs without thinking", "ordinary answer costs", "costs today"),
    )  # fmt: skip
    usd_with_thinking: float | None = quantity(
        "Cost of one answer with thinking, when it is known", "USD", default=None, above=0,
        words=("reasoning query costs", "costs with thinking", "thinking answer costs", "costs once it thinks"),
    )  # fmt: skip
    cost_factor: float | None = quantity(
        "How many times as dear the answer is", "dimensionless", default=None, above=0,
        words=("times the cost", "answer more expensive", "query costs", "cost factor", "in all"),
    )  # fmt: skip
    usd_per_mtok_output: float | None = quantity(
        "Price of a million output tokens of the thinking model", "USD/Mtoken", default=None, min=0,
        words=("per million", "output price", "price"),
    )  # fmt: skip
    plain_usd_per_mtok_output: float | None = quantity(
        "Price of a million output tokens of the plain model", "USD/Mtoken", default=None, above=0,
        words=("plain model", "without thinking price", "against"),
    )  # fmt: skip


class ReasoningCostResult(Result):
    """Factors and batches; quantities that were given are not repeated."""

    cost_factor: float | None = quantity(
        "How many times as dear the answer is", "dimensionless", default=None, role="headline",
        words=("cost factor", "times the cost", "how much dearer", "more expensive", "per answer", "per query", "how much dearer is an answer", "total multiple", "total factor"),
    )  # fmt: skip
    per_token_factor: float | None = quantity(
        "How many times as dear each token is", "dimensionless", default=None, role="headline",
        words=("per token", "price of a token", "each token"),
    )  # fmt: skip
    token_factor: float | None = quantity(
        "How many times as many output tokens", "dimensionless", default=None, role="headline",
        words=("token factor", "times the output", "output multiple", "times as many tokens", "more tokens"),
    )  # fmt: skip
    modelled_per_token_factor: float | None = quantity(
        "How many times as dear each token is by the serving model, steps and arithmetic included",
        "dimensionless", default=None, role="detail",
        words=("by the serving model", "compute included", "modelled", "roofline"),
    )  # fmt: skip
    batch_factor: float | None = quantity(
        "How many times fewer requests run at once", "dimensionless", default=None, role="detail",
        words=("batch falls", "times fewer", "fewer users", "batch ratio"),
    )  # fmt: skip
    batch_without_thinking: float | None = quantity(
        "Requests at once at the short context", "request", default=None, role="detail",
        words=("users without thinking", "batch before"),
    )  # fmt: skip
    batch_with_thinking: float | None = quantity(
        "Requests at once with the thinking", "request", default=None, role="detail",
        words=("users with thinking", "batch after", "users when everyone thinks"),
    )  # fmt: skip
    thinking_tokens: float | None = quantity(
        "Thinking tokens",
        "token",
        default=None,
        role="headline",
        words=("thinking tokens", "how much thinking"),
    )
    extra_usd: float | None = quantity(
        "Cost of the thinking tokens alone, for one answer", "USD", default=None, role="detail",
        words=("cost of the thinking", "what the extra tokens cost", "thinking alone costs", "extra tokens"),
    )  # fmt: skip
    usd_with_thinking: float | None = quantity(
        "Output cost of one answer with thinking", "USD", default=None, role="headline",
        words=("cost with thinking", "cost of an answer", "dollars with reasoning", "with thinking", "thinking included"),
    )  # fmt: skip
    usd_without_thinking: float | None = quantity(
        "Output cost of one answer without thinking", "USD", default=None, role="detail",
        words=("cost without thinking", "without thinking"),
    )  # fmt: skip


def reasoning_cost(query: ReasoningCostQuery, catalog: Catalog) -> ReasoningCostResult:
    """Cost of reasoning: thinking tokens multiply the output, cut the batch and raise the cost of an answer.

    cost factor = token factor × per-token factor, solved for whichever is not given; with a model on chips the
    per-token factor is how many times fewer requests fit at the longer context.
    """
    notes = Notes()
    known: dict[str, float | None] = {
        name: getattr(query, name) for name in REASONING.names() if name in ReasoningCostQuery.model_fields
    }
    _check_said(known, notes)
    formulas = _batches(query, catalog, known, notes)
    solution = REASONING.solve(known, _defaults(query, known))
    REASONING.require(solution, query, "cost_factor", "per_token_factor", "token_factor", "thinking_tokens",
                      "usd_with_thinking", "batch_factor")  # fmt: skip
    more: dict[str, Any] = {}
    for name in ("batch_without_thinking", "batch_with_thinking"):
        more[name] = known.get(name)
    more["modelled_per_token_factor"] = _modelled(query, catalog, known, notes)
    if solution.get("batch_factor") is not None:
        notes.assumptions.append(
            "Memory full and step time unchanged, so the cost of a token rises as the batch falls: an upper bound"
        )
    return finite(
        fill(ReasoningCostResult, solution, units_of(ReasoningCostQuery, ReasoningCostResult),
                formula=formulas, assumptions=notes.assumptions, warnings=notes.warnings,
                sources=list(dict.fromkeys(notes.sources)), chart=_chart(solution), **more)
    )  # fmt: skip


def _check_said(known: dict[str, float | None], notes: Notes) -> None:
    """A cost factor given beside both its parts is something said, to be checked: compute it and compare."""
    said, tokens, each = known["cost_factor"], known["token_factor"], known["per_token_factor"]
    if said is None or tokens is None or each is None:
        return
    known["cost_factor"] = None
    if abs(said - tokens * each) > 0.01 * said:
        notes.warnings.append(f"{tokens:g} × {each:g} is {tokens * each:g}, not the {said:g} that was said")


def _defaults(query: ReasoningCostQuery, known: dict[str, float | None]) -> list[Default]:
    defaults = []
    if known["usd_per_mtok_output"] is not None and known["plain_usd_per_mtok_output"] is None:
        price = known["usd_per_mtok_output"]
        defaults.append(
            Default("plain_usd_per_mtok_output", price, "The same price a token without thinking")
        )
    if query.model is None and query.params is None and known["cost_factor"] is None:
        defaults.append(
            Default("per_token_factor", 1.0, "Each token costs the same with and without thinking")
        )
    return defaults


def _batches(
    query: ReasoningCostQuery, catalog: Catalog, known: dict[str, float | None], notes: Notes
) -> str:
    """Batches that fit at the short and the long context, by `batch_size`; "" when no model is named."""
    base, longer = _contexts(query)
    if (query.model is None and query.params is None) or base is None or longer is None:
        return ""
    shared = {name: getattr(query, name) for name in ModelQuery.model_fields | ChipQuery.model_fields}
    found = batch_size(BatchSizeQuery(**shared, context_tokens=base, other_context_tokens=longer), catalog)
    known["batch_without_thinking"], known["batch_with_thinking"] = (
        found.max_requests,
        found.other_max_requests,
    )
    for name in ("batch_without_thinking", "batch_with_thinking"):
        if not known[name]:
            known[name] = None
    notes.assumptions.extend(found.assumptions)
    notes.warnings.extend(found.warnings)
    notes.sources.extend(Source.model_validate(source) for source in found.sources)
    return found.formula


def _modelled(
    query: ReasoningCostQuery, catalog: Catalog, known: dict[str, float | None], notes: Notes
) -> float | None:
    """The per-token factor by the serving model, where both batches are known."""
    base, longer = _contexts(query)
    fits, fits_long = known.get("batch_without_thinking"), known.get("batch_with_thinking")
    if not (base and longer and fits and fits_long):
        return None
    return modelled_factor(query, Batches(base, longer, fits, fits_long), catalog, notes)


def _contexts(query: ReasoningCostQuery) -> tuple[float | None, float | None]:
    base = query.base_context_tokens
    thinking = query.thinking_tokens
    longer = query.long_context_tokens
    if longer is not None and not (base is not None and thinking is not None and longer <= base):
        return (min(base, longer), max(base, longer)) if base is not None else (base, longer)
    return base, None if base is None or thinking is None else base + thinking


def _chart(solution: Solution) -> dict[str, Any] | None:
    steps = (
        ("token_factor", "tokens"),
        ("per_token_factor", "cost of a token"),
        ("cost_factor", "cost of an answer"),
    )
    rows = [(label, solution.values[name]) for name, label in steps if solution.values.get(name)]
    return bars("What thinking multiplies", "", "times", rows) if len(rows) > 1 else None
