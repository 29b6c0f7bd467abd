"""The claims ledger: every claim that carries a calculation, computed again by its calculator.

A check names a calculator, its input, the result field to look at, what was said, and the rule that compares
the two. Nothing is looked up: the verdict follows from the run.

================  ==================================================================================
verdict           when
================  ==================================================================================
``reproduced``    the computed value agrees, from the claim's own figures, the catalogue and dated facts
``plausible``     it agrees in part or in order of magnitude, or only with an assumption (named)
``inconsistent``  it parts from what was said
``not_checkable`` nothing was said that a calculation could be held against; what it implies is computed
================  ==================================================================================

A claims file of one's own has the same shape as the built-in one (docs/knowledge.md).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from knowledge import pack
from tools import registry
from tools.contract import CalculatorRun, Figure
from tools.errors import InputError, RackrateError, UnknownName
from tools.solve import label
from tools.units import convert, format_quantity

if TYPE_CHECKING:
    from tools.catalog import Catalog

Verdict = Literal["reproduced", "plausible", "inconsistent", "not_checkable"]
Rule = Literal["within", "at_least", "at_most", "above", "below", "order", "computes"]
Outcome = Literal["agrees", "partly", "parts"]
ORDER_DECADES = 0.5  # what counts as the same order of magnitude: a factor of about three


class Said(BaseModel):
    """What was said: a value, a range (an open end left out), or the value of another run (`from`)."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    unit: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    text: str | None = Field(
        None, description="What the value stands for, where it is not a figure that was spoken"
    )
    of: str | None = Field(None, alias="from")


class Limit(BaseModel):
    """A bound that the computed value must respect for the claim to be possible."""

    model_config = ConfigDict(extra="forbid")
    high: float
    unit: str
    what: str


class Run(BaseModel):
    """One run of a calculator; in `also`, what is left out is taken from the check itself."""

    model_config = ConfigDict(extra="forbid")
    calculator: str | None = None
    input: dict[str, Any] = Field(default_factory=dict)
    result: str


class Check(Run):
    """How one claim is computed again."""

    unit: str | None = Field(None, description="Unit of the result, where the calculator gives none")
    said: Said | None = None
    rule: Rule = "within"
    tolerance: float = Field(0.1, ge=0, description="Relative")
    limit: Limit | None = None
    facts: dict[str, str] = Field(default_factory=dict, description="Inputs from a dated source, and which")
    assumed: dict[str, str] = Field(default_factory=dict, description="Inputs chosen for the check, and why")
    also: dict[str, Run] = Field(default_factory=dict, description="Further runs that the note mentions")
    note: str = ""


@dataclass(frozen=True, slots=True)
class LedgerClaim:
    """A claim and its check; `check` None when it carries no calculation."""

    id: str
    claim: str
    start: str | None
    speaker: str | None
    check: Check | None


class ClaimCheck(BaseModel):
    """One line of the ledger, as `claims check --json` prints it."""

    id: str
    verdict: Verdict
    said: dict[str, Any] | None
    computed: Figure | None
    calculator: str | None
    note: str
    claim: str
    start: str | None = None
    speaker: str | None = None
    inputs: dict[str, dict[str, Any]] = Field(default_factory=dict)
    formula: str = ""


def load_claims(path: Path | None = None) -> list[LedgerClaim]:
    """The built-in claims, or those of a file. Raises tools.errors.InputError for a file that cannot be read."""
    if path is None:
        checks = pack.read_yaml(pack.CHECKS)
        return [_claim(entry, checks.get(entry["id"])) for entry in pack.read_yaml(pack.CLAIMS)["claims"]]
    content = _read(path)
    entries = content.get("claims") if isinstance(content, Mapping) else content
    if not isinstance(entries, list) or not all(isinstance(e, Mapping) and "id" in e for e in entries):
        raise InputError("file", str(path), "a YAML or JSON list of claims, each with an id")
    return [_claim(entry, entry.get("compute")) for entry in entries]


def _read(path: Path) -> Any:
    import yaml

    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(getattr(error, "strerror", None) or error).split())
        raise InputError("file", str(path), f"a readable YAML or JSON file ({reason[:120]})") from error


def _claim(entry: Mapping[str, Any], spec: Any) -> LedgerClaim:
    identifier = str(entry["id"])
    try:
        check = None if spec is None else Check.model_validate(spec)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, ("compute", *first["loc"])))
        raise InputError(f"{identifier}.{where}", first.get("input"), first["msg"]) from error
    text = str(entry.get("claim") or "")
    start, speaker = (str(entry[key]) if entry.get(key) else None for key in ("start", "speaker"))
    return LedgerClaim(identifier, text, start, speaker, check)


def check_claims(claims: Iterable[LedgerClaim], catalog: Catalog | None = None) -> list[ClaimCheck]:
    """Compute every claim again. A check that cannot run makes that claim not checkable, and says why."""
    if catalog is None:
        from tools.catalog import load

        catalog = load()
    return [_checked(claim, catalog)[0] for claim in claims]


def check_claim(identifier: str, catalog: Catalog | None = None) -> ClaimCheck:
    """One built-in claim computed again, as for a citation's `claim_id`. Raises UnknownName."""
    return run_check(identifier, catalog)[0]


def run_check(identifier: str, catalog: Catalog | None = None) -> tuple[ClaimCheck, CalculatorRun | None]:
    """`check_claim` with the calculator's run, None when the claim carries no calculation. Raises UnknownName."""
    claims = _built_in()
    if identifier not in claims:
        raise UnknownName("id", identifier, registry.nearest_names(identifier, claims))
    if catalog is None:
        from tools.catalog import load

        catalog = load()
    return _checked(claims[identifier], catalog)


def carries_check(identifier: str) -> bool:
    """Whether a built-in claim carries a calculation."""
    claim = _built_in().get(identifier)
    return claim is not None and claim.check is not None


@lru_cache(maxsize=1)
def _built_in() -> dict[str, LedgerClaim]:
    return {claim.id: claim for claim in load_claims()}


def _checked(claim: LedgerClaim, catalog: Catalog) -> tuple[ClaimCheck, CalculatorRun | None]:
    check = claim.check
    about = {"id": claim.id, "claim": claim.claim, "start": claim.start, "speaker": claim.speaker}
    if check is None:
        note = "No calculation: an argument, a forecast or an account of events."
        return ClaimCheck(
            **about, verdict="not_checkable", said=None, computed=None, calculator=None, note=note
        ), None
    try:
        run = _run(check, check, catalog)
        computed = _figure(run, check.result, check.unit)
        also = {name: _also(check, other, catalog) for name, other in check.also.items()}
        said = _said(check, also)
        verdict = _verdict(check, computed, said)
        note = _note(check, computed, said, also)
    except RackrateError as error:
        note = f"Could not be computed: {error}"
        return ClaimCheck(
            **about, verdict="not_checkable", said=None, computed=None, calculator=check.calculator, note=note
        ), None
    return ClaimCheck(
        **about,
        verdict=verdict,
        said=None if said is None else said.model_dump(exclude_none=True, exclude={"of"}),
        computed=computed,
        calculator=check.calculator,
        note=note,
        inputs=_inputs(check, run),
        formula=run.formula,
    ), run


# ---- running


def _run(check: Check, run: Run, catalog: Catalog) -> CalculatorRun:
    merged = {**check.input, **run.input}
    given = {key: value for key, value in merged.items() if value is not None}
    return registry.run(run.calculator or check.calculator or "", given, catalog=catalog)


def _also(check: Check, other: Run, catalog: Catalog) -> Figure:
    return _figure(_run(check, other, catalog), other.result, check.unit)


def _figure(run: CalculatorRun, name: str, unit: str | None) -> Figure:
    """The result field as a figure; the first row of the calculator's figures that has the name."""
    found = next((figure for figure in run.figures if figure.name == name), None)
    if found is not None:
        return found.model_copy(update={"unit": unit}) if unit and run.tool == "arithmetic" else found
    value = run.output.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError("result", name, f"a number that {run.tool} gives for this input")
    return Figure(name=name, value=float(value), unit=unit or "dimensionless")


def _said(check: Check, also: Mapping[str, Figure]) -> Said | None:
    if check.said is None or check.said.of is None:
        return check.said
    if check.said.of not in also:
        raise InputError("said.from", check.said.of, "the name of a run under `also`")
    return check.said.model_copy(update={"value": also[check.said.of].value})


def _inputs(check: Check, run: CalculatorRun) -> dict[str, dict[str, Any]]:
    """Each input with its origin: the claim, the catalogue, a dated fact or an assumption."""
    fields = registry.get(run.tool).input_schema.get("properties", {})
    found: dict[str, dict[str, Any]] = {}
    for key, value in check.input.items():
        origin, says = "claim", None
        if key in check.assumed:
            origin, says = "assumed", check.assumed[key]
        elif key in check.facts:
            origin, says = "fact", check.facts[key]
        elif "entity" in fields.get(key, {}):
            origin = "catalogue"
        found[key] = {"value": value, "origin": origin} | ({"says": says} if says else {})
    return found


# ---- comparing


def _verdict(check: Check, computed: Figure, said: Said | None) -> Verdict:
    if check.limit is not None:
        top = convert(
            computed.high if computed.high is not None else computed.value, computed.unit, check.limit.unit
        )
        return "plausible" if top <= check.limit.high else "inconsistent"
    if check.rule == "computes":
        return "plausible" if check.assumed else "reproduced"
    if said is None:
        return "not_checkable"
    outcome = compare(_span(computed, said.unit), _span_said(said), check.rule, check.tolerance)
    if outcome == "parts":
        return "inconsistent"
    return "plausible" if outcome == "partly" or check.assumed else "reproduced"


def _span(figure: Figure, unit: str) -> tuple[float, float]:
    low = figure.value if figure.low is None else figure.low
    high = figure.value if figure.high is None else figure.high
    return convert(low, figure.unit, unit), convert(high, figure.unit, unit)


def _span_said(said: Said) -> tuple[float, float]:
    if said.value is not None:
        return said.value, said.value
    return (-math.inf if said.low is None else said.low), (math.inf if said.high is None else said.high)


def compare(
    computed: tuple[float, float], said: tuple[float, float], rule: Rule, tolerance: float = 0.0
) -> Outcome:
    """Hold a computed range against what was said (both low and high, in one unit)."""
    low, high = computed
    least, most = _widened(said[0], -tolerance), _widened(said[1], tolerance)
    if rule == "order":
        return "partly" if _decades_apart(computed, said) <= ORDER_DECADES else "parts"
    if rule == "at_least":
        return _by(low >= least, high >= least)
    if rule == "above":
        return _by(low > said[0], high > said[0])
    if rule == "at_most":
        return _by(high <= most, low <= most)
    if rule == "below":
        return _by(high < said[0], low < said[0])
    inside = least <= low and high <= most
    around = low <= said[0] and said[1] <= high
    return _by(inside or around, low <= most and high >= least)


def _widened(bound: float, share: float) -> float:
    return bound if math.isinf(bound) else bound + share * abs(bound)


def _by(whole: bool, part: bool) -> Outcome:
    return "agrees" if whole else "partly" if part else "parts"


def _decades_apart(one: tuple[float, float], other: tuple[float, float]) -> float:
    if min(one[0], one[1]) <= 0 or other[1] <= 0:
        return math.inf
    if one[1] < other[0]:
        return math.log10(other[0] / one[1])
    return math.log10(one[0] / other[1]) if one[0] > other[1] else 0.0


# ---- telling


def _note(check: Check, computed: Figure, said: Said | None, also: Mapping[str, Figure]) -> str:
    """The note with computed numbers put in, and the assumptions it rests on."""
    words = {"computed": show(computed)}
    if said is not None:
        low, high = _span_said(said)
        words["said"] = words["said_text"] = _show_span(low, high, said.unit)
        nearest = convert(computed.value, computed.unit, said.unit) if _comparable(computed, said) else 0.0
        if said.value is not None and nearest:
            words["ratio"] = f"{said.value / nearest:.3g}"
    words |= {name: show(figure) for name, figure in also.items()}
    try:
        text = check.note.format_map(words) if check.note else f"Computed: {words['computed']}."
    except (KeyError, IndexError, ValueError) as error:
        raise InputError("note", check.note, f"braces around {', '.join(sorted(words))}") from error
    assumed = "; ".join(f"{label(key)}: {why}" for key, why in check.assumed.items())
    return f"{text} Assumed: {assumed}." if assumed else text


def _comparable(computed: Figure, said: Said) -> bool:
    from tools.units import compatible

    return compatible(computed.unit, said.unit)


def show(figure: Figure) -> str:
    """A figure for people: three digits, a range where there is one."""
    low = figure.value if figure.low is None else figure.low
    high = figure.value if figure.high is None else figure.high
    return _show_span(low, high, figure.unit)


def _show_span(low: float, high: float, unit: str) -> str:
    if math.isinf(high):
        return f"at least {_show(low, unit)}"
    if math.isinf(low):
        return f"at most {_show(high, unit)}"
    return _show(low, unit) if low == high else f"{_show(low, unit)} to {_show(high, unit)}"


def _show(value: float, unit: str) -> str:
    whole = float(value).is_integer() and abs(value) < 1e6
    return format_quantity(value if whole else float(f"{value:.3g}"), unit)
