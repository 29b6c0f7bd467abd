"""What a fleet of chips can serve: tokens per second in all, per person, per watt, and the physical ceiling.

tokens/s = chips × dense FLOP/s × utilisation / FLOP per token, with 2 FLOP per (active) parameter and token for
a forward pass (Kaplan et al. 2020, arXiv:2001.08361). At utilisation 1 that is a ceiling no software passes;
prompts, attention and memory traffic only lower it.
"""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field

from tools.catalog import Catalog
from tools.contract import Query, Result, Source, entity, quantity
from tools.errors import FactAbsent
from tools.serving.charts import bars
from tools.serving.precision import Precision, compute_precision, precision_field
from tools.serving.served import Notes
from tools.solve import Default, Relations, Rule, Solution, fill, product, units_of

EXAMPLES: list[Any] = [
    {"question": "if 300,000 H200 all ran an 8 billion parameter model in fp8, how many tokens a second would "
                 "each of 330 million people get at most?",
     "input": {"n_chips": 300000, "chip": "h200", "params": 8e9, "precision": "fp8", "people": 330e6},
     "want": "tokens_per_s_per_person"},
    {"question": "tokens per second of one million B200 serving a 70B model in fp8 at 20 % utilisation",
     "input": {"n_chips": 1e6, "chip": "b200", "params": 70e9, "precision": "fp8", "utilisation": 0.2},
     "want": "tokens_per_s"},
    {"question": "compute ceiling in tokens/s per GPU for a 13B dense model on H100 at bf16",
     "input": {"chip": "h100-sxm", "params": 13e9, "precision": "bf16"}, "want": "tokens_per_s_per_chip"},
    {"question": "how many H100s would give 5 billion people 20 tokens per second each with a 3B model in fp8",
     "input": {"chip": "h100-sxm", "params": 3e9, "precision": "fp8", "people": 5e9,
               "tokens_per_s_per_person": 20}, "want": "n_chips"},
    {"question": "what utilisation would 600k H100 need for 8 billion people to get 30 tokens a minute of a 7B",
     "input": {"chip": "h100-sxm", "params": 7e9, "n_chips": 600000, "people": 8e9, "precision": "fp8",
               "tokens_per_s_per_person": 0.5}, "want": "utilisation"},
    {"question": "what fraction of their fp8 peak must 400k H200 reach to hand 5 billion people 40 tokens a minute "
                 "each from an 8B model",
     "input": {"chip": "h200", "params": 8e9, "n_chips": 400000, "people": 5e9, "precision": "fp8",
               "tokens_per_s_per_person": 0.6666666667}, "want": "utilisation"},
    {"question": "can 800k H100 really hand 6 billion people 60 tok/s each of a 13B model? tokens/s per person at "
                 "the fp8 ceiling",
     "input": {"chip": "h100-sxm", "params": 13e9, "n_chips": 800000, "people": 6e9, "precision": "fp8"},
     "want": "tokens_per_s_per_person"},
    {"question": "could 900k H200 write 20 tokens a second for everyone on earth with a 4B model in fp8?",
     "input": {"chip": "h200", "params": 4e9, "n_chips": 900000, "precision": "fp8", "everyone": True,
               "tokens_per_s_per_person": 20}, "want": "utilisation"},
    {"question": "total tokens per second to hand 60 tok/s to each of 3 billion people",
     "input": {"tokens_per_s_per_person": 60, "people": 3e9}, "want": "tokens_per_s"},
    {"question": "GPUs for 2e11 tokens/s in total when each one does 12,000 tok/s",
     "input": {"tokens_per_s": 2e11, "tokens_per_s_per_chip": 12000}, "want": "n_chips"},
    {"question": "3 million H200, 30B model, fp8, 6 billion people: tokens per second each at full peak",
     "input": {"n_chips": 3e6, "chip": "h200", "params": 30e9, "precision": "fp8", "people": 6e9},
     "want": "tokens_per_s_per_person"},
    {"question": "tokens/s every chip must make when 400,000 chips serve 8e9 people with 50 tokens/s",
     "input": {"n_chips": 400000, "people": 8e9, "tokens_per_s_per_person": 50},
     "want": "tokens_per_s_per_chip"},
    {"question": "tokens a day for each person on earth from 1.5M H100 with a 7B model at 10 % of peak fp8",
     "input": {"n_chips": 1.5e6, "chip": "h100-sxm", "params": 7e9, "utilisation": 0.1, "people": 8.2e9,
               "precision": "fp8"}, "want": "tokens_per_day_per_person"},
    {"question": "tokens per joule of an H100 running a 7B model flat out in fp8 at 700 W",
     "input": {"chip": "h100-sxm", "params": 7e9, "precision": "fp8", "watts_per_chip": 700},
     "want": "tokens_per_joule"},
]  # fmt: skip

FLOP_PER_PARAM = 2.0
SECONDS_PER_DAY = 86_400.0
POPULATION_YEAR = 2025
FORWARD = Source(
    title="Kaplan et al., Scaling Laws for Neural Language Models", url="https://arxiv.org/abs/2001.08361",
    as_of="2020-01", says="A forward pass takes about 2 FLOP per parameter and token",
)  # fmt: skip

FLEET = Relations(
    product("flop_per_token", "params", constant=FLOP_PER_PARAM),
    product("ceiling_tokens_per_s_per_chip", "peak_tflops", per=("flop_per_token",), scale=1e12),
    product("tokens_per_s_per_chip", "ceiling_tokens_per_s_per_chip", "utilisation"),
    product("tokens_per_s", "tokens_per_s_per_chip", "n_chips"),
    product("tokens_per_s_per_person", "tokens_per_s", per=("people",)),
    Rule("ceiling_tokens_per_s_per_person", ("ceiling_tokens_per_s_per_chip", "n_chips", "people"),
         lambda c, n, p: c * n / p, "{ceiling_tokens_per_s_per_chip} × {n_chips} / {people}"),
    product("fleet_flop_per_s", "n_chips", "peak_tflops", scale=1e12),
    Rule("tokens_per_day_per_person", ("tokens_per_s_per_person",), lambda t: t * SECONDS_PER_DAY,
         "{tokens_per_s_per_person} × 86,400"),
    Rule("tokens_per_year", ("tokens_per_s",), lambda t: t * SECONDS_PER_DAY * 365, "{tokens_per_s} × 31.536e6"),
    product("power_w", "n_chips", "watts_per_chip"),
    product("tokens_per_joule", "tokens_per_s_per_chip", per=("watts_per_chip",)),
)  # fmt: skip


class FleetSupplyQuery(Query):
    """Chips, a model and people; leave out the one that is asked for."""

    model_config = ConfigDict(json_schema_extra={"examples": EXAMPLES})

    n_chips: float | None = quantity(
        "Chips in the fleet", "chip", default=None, above=0,
        words=("chips", "GPUs", "shipped", "fleet", "a quarter's shipments", "installed"),
    )  # fmt: skip
    chip: str | None = entity("Accelerator of the fleet", "chip", default=None, words=("chip", "GPU", "on"))
    model: str | None = entity("Model that is served", "model", default=None, words=("model", "serving"))
    params: float | None = quantity(
        "(Active) parameters of the model served", "param", default=None, above=0,
        words=("parameters", "param model", "model size"),
    )  # fmt: skip
    flop_per_token: float | None = quantity(
        "Arithmetic of one token",
        "FLOP/token",
        default=None,
        above=0,
        words=("FLOP per token", "flops/token"),
    )
    precision: Precision | None = precision_field(
        "Number format of the arithmetic", ("in", "peak", "precision")
    )
    peak_tflops: float | None = quantity(
        "Dense peak of one chip, instead of the catalogue's", "TFLOP/s/chip", default=None, above=0,
        words=("TFLOPS", "peak", "ceiling", "per chip peak"),
    )  # fmt: skip
    utilisation: float | None = quantity(
        "Fraction of the peak that becomes tokens", "dimensionless", default=None, above=0,
        words=("utilisation", "MFU", "of peak", "efficiency"),
    )  # fmt: skip
    everyone: bool | None = Field(
        None,
        description="Shared by everyone on Earth (the catalogue's world population)",
        json_schema_extra={
            "words": ["everyone on earth", "everybody on earth", "every human", "person on earth", "humanity",
                      "people on the planet", "world population", "whole world"]
        },
    )  # fmt: skip
    quarter: str | None = Field(
        None,
        description="Quarter whose shipments of the chip are the fleet (2024-Q4)",
        json_schema_extra={"words": ["shipped in", "shipments of"]},
    )
    people: float | None = quantity(
        "People who share the fleet", "person", default=None, above=0,
        words=("people", "humans", "population", "everyone", "users on Earth", "persons"),
    )  # fmt: skip
    tokens_per_s_per_person: float | None = quantity(
        "Tokens a second for each person", "token/s/person", default=None, above=0,
        words=("tokens per second each", "to each", "per person", "for everybody", "per human", "for everyone", "hand", "everybody", "people get", "gets", "give each"),
    )  # fmt: skip
    tokens_per_s: float | None = quantity(
        "Tokens a second of the whole fleet", "token/s", default=None, above=0,
        words=("tokens per second in all", "total tokens per second"),
    )  # fmt: skip
    tokens_per_s_per_chip: float | None = quantity(
        "Tokens a second of one chip", "token/s/chip", default=None, above=0,
        words=("tokens per second per GPU", "per chip", "pushes", "a GPU does", "card makes", "chip does"),
    )  # fmt: skip
    watts_per_chip: float | None = quantity(
        "Power of one chip, all in",
        "W/chip",
        default=None,
        above=0,
        words=("watts", "power per chip", "kW each"),
    )


class FleetSupplyResult(Result):
    """What follows; quantities that were given are not repeated."""

    tokens_per_s_per_person: float | None = quantity(
        "Tokens a second for each person", "token/s/person", default=None, role="headline",
        words=("tokens per second per person", "tokens per second each", "each person", "per human", "for everybody", "for every one", "per head", "for each of the people"),
    )  # fmt: skip
    ceiling_tokens_per_s_per_person: float | None = quantity(
        "Tokens a second for each person with every chip at its full dense peak: the physical ceiling",
        "token/s/person", default=None, role="headline",
        words=("most per person", "ceiling per person", "really", "at most", "physical ceiling per person"),
    )  # fmt: skip
    n_chips: float | None = quantity(
        "Chips it takes", "chip", default=None, role="headline",
        words=("how many chips", "how many GPUs", "chips needed"),
    )  # fmt: skip
    utilisation: float | None = quantity(
        "Fraction of the peak it takes (above 1: past the physical ceiling)", "dimensionless", default=None,
        role="headline", words=("utilisation needed", "share of peak", "percent of peak", "fraction of their peak", "what utilisation", "what fraction of peak"),
    )  # fmt: skip
    tokens_per_s: float | None = quantity(
        "Tokens a second of the whole fleet", "token/s", default=None, role="headline",
        words=("total tokens per second", "fleet throughput", "tokens per second in all"),
    )  # fmt: skip
    tokens_per_s_per_chip: float | None = quantity(
        "Tokens a second of one chip", "token/s/chip", default=None, role="headline",
        words=("per GPU", "per chip", "each GPU must make", "tokens per second per GPU"),
    )  # fmt: skip
    ceiling_tokens_per_s_per_chip: float | None = quantity(
        "Tokens a second of one chip at its full dense peak: the physical ceiling", "token/s/chip", default=None,
        role="detail", words=("compute ceiling", "physical ceiling", "at full peak", "maximum per GPU"),
    )  # fmt: skip
    over_ceiling: float | None = quantity(
        "What is asked for over what the full peak allows", "dimensionless", default=None, role="detail",
        words=("times past the ceiling", "exceeds by", "over the ceiling", "shortfall factor", "what multiple of the ceiling", "times the ceiling"),
    )  # fmt: skip
    params: float | None = quantity(
        "Largest model that still gives the tokens asked for", "param", default=None, role="headline",
        words=("largest model", "model size"),
    )  # fmt: skip
    people: float | None = quantity(
        "People the fleet serves",
        "person",
        default=None,
        role="headline",
        words=("how many people", "people served"),
    )
    tokens_per_day_per_person: float | None = quantity(
        "Tokens that each person gets in a day", "token", default=None, role="detail",
        words=("tokens a day", "per day per person", "daily tokens", "tokens per day", "in one day", "every day"),
    )  # fmt: skip
    tokens_per_year: float | None = quantity(
        "Tokens a year of the whole fleet",
        "token/year",
        default=None,
        role="detail",
        words=("tokens a year",),
    )
    fleet_flop_per_s: float | None = quantity(
        "Dense peak of the whole fleet", "FLOP/s", default=None, role="detail",
        words=("fleet FLOPS", "exaflops of the fleet"),
    )  # fmt: skip
    flop_per_token: float | None = quantity(
        "Arithmetic of one token", "FLOP/token", default=None, role="detail", words=("FLOP per token",)
    )
    power_w: float | None = quantity(
        "Power of the whole fleet",
        "W",
        default=None,
        role="detail",
        words=("power", "fleet power", "gigawatts"),
    )
    tokens_per_joule: float | None = quantity(
        "Tokens for one joule", "token/J", default=None, role="detail",
        words=("tokens per joule", "tokens per watt-second", "per watt", "energy efficiency"),
    )  # fmt: skip
    possible: bool | None = Field(None, description="False when it takes more than the full dense peak")


def fleet_supply(query: FleetSupplyQuery, catalog: Catalog) -> FleetSupplyResult:
    """A fleet's (a quarter's shipments') tokens per second, per person and per watt; the physical ceiling.

    chips × dense FLOP/s × utilisation / (2 × parameters), solved for whichever of chips, utilisation, model
    size, people or tokens is not given; says when what is asked for is past the compute ceiling.
    """
    notes = Notes()
    known = {n: getattr(query, n) for n in FLEET.names() if n in FleetSupplyQuery.model_fields}
    _facts(query, catalog, known, notes)
    _people_and_shipments(query, catalog, known, notes)
    solution = FLEET.solve(known, _defaults(known))
    FLEET.require(solution, query, "tokens_per_s_per_person", "tokens_per_s", "tokens_per_s_per_chip", "n_chips",
                  "utilisation", "people", "params", "fleet_flop_per_s")  # fmt: skip
    more = _ceiling(solution, notes)
    each, person = solution.get("tokens_per_s_per_chip"), solution.get("tokens_per_s_per_person")
    if each is not None and person is not None and each < person:
        notes.warnings.append("A chip makes less here than one person gets")
    units = units_of(FleetSupplyQuery, FleetSupplyResult)
    chart = _chart(solution)
    if solution.get("flop_per_token") is not None and known["flop_per_token"] is None:
        notes.sources.append(FORWARD)
    return fill(FleetSupplyResult, solution, units, assumptions=notes.assumptions, warnings=notes.warnings,
                sources=notes.sources, chart=chart, **more)  # fmt: skip


def _facts(query: FleetSupplyQuery, catalog: Catalog, known: dict[str, float | None], notes: Notes) -> None:
    if query.model is not None and known["params"] is None and known["flop_per_token"] is None:
        entry = catalog.model(query.model)
        if entry.params_active is None:
            raise FactAbsent(f"the size of {entry.name} is not public")
        known["params"] = float(entry.params_active)
        notes.sources.extend(entry.sources("params_active"))
        notes.assumptions.append(f"{entry.name}: {entry.params_active / 1e9:,.4g}B active parameters a token")
    if query.chip is not None and known["peak_tflops"] is None:
        chip = catalog.chip(query.chip)
        used = compute_precision(query.precision or "bf16", chip.peak_flops)
        if used is None:
            raise FactAbsent(f"the catalogue has no dense FLOP/s of {chip.name} for this precision")
        known["peak_tflops"] = float(chip.peak_flops[used]) / 1e12
        notes.sources.extend(chip.sources(used))
        named = "" if query.precision else ", no precision was named"
        notes.assumptions.append(f"{chip.name}: {known['peak_tflops']:,.5g} dense TFLOP/s in {used}{named}")
        if query.watts_per_chip is None and chip.tdp_w is not None:
            known["watts_per_chip"] = float(chip.tdp_w)
            notes.assumptions.append(
                f"{chip.tdp_w:,.0f} W a chip (its TDP alone; servers and cooling add to it)"
            )


def _people_and_shipments(
    query: FleetSupplyQuery, catalog: Catalog, known: dict[str, float | None], notes: Notes
) -> None:
    """The world's people where they are meant, and a quarter's shipments, from the catalogue's market facts."""
    if known["people"] is None and query.everyone:
        world = catalog.market.population(POPULATION_YEAR)
        known["people"] = float(world.value)
        notes.sources.append(world.source)
        notes.assumptions.append(f"{world.value / 1e9:.3g} billion people (world population {world.at})")
    if known["n_chips"] is None and query.quarter is not None and query.chip is not None:
        shipped = catalog.market.units(catalog.chip(query.chip).id, query.quarter)
        known["n_chips"] = float(shipped.value)
        notes.sources.append(shipped.source)
        between = f" ({shipped.low:,.0f} to {shipped.high:,.0f})" if shipped.low and shipped.high else ""
        notes.assumptions.append(f"{shipped.value:,.0f} chips shipped in {shipped.at}{between}, an estimate")


def _defaults(known: dict[str, float | None]) -> list[Default]:
    if known["utilisation"] is not None:
        return []
    return [
        Default("utilisation", 1.0, "Every chip at its full dense peak: the physical ceiling, not a forecast")
    ]


def _ceiling(solution: Solution, notes: Notes) -> dict[str, object]:
    """How what is asked for compares with the full dense peak."""
    needed, ceiling = solution.get("tokens_per_s_per_chip"), solution.get("ceiling_tokens_per_s_per_chip")
    if needed is None or not ceiling or "utilisation" not in solution.found():
        return {}
    over = needed / ceiling
    if over > 1:
        notes.warnings.append(f"Past the physical ceiling: it takes {over:.3g} times the full dense peak")
    return {"over_ceiling": over, "possible": over <= 1}


def _chart(solution: Solution) -> dict[str, object] | None:
    needed, ceiling = solution.get("tokens_per_s_per_chip"), solution.get("ceiling_tokens_per_s_per_chip")
    if needed is None or ceiling is None or needed == ceiling:
        return None
    rows = [("asked for or reached", needed), ("full dense peak", ceiling)]
    return bars("Tokens per second of one chip", "", "tokens/s", rows)
