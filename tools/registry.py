"""The calculators: found by entry point, described by their own models, run through one door.

`run` is the only way in for every front end. It turns what people type into what a query model takes (units,
catalogue names, ranges), validates, calls, and turns the typed result into Figures.
"""

from __future__ import annotations

import inspect
import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from tools.contract import CalculatorRun, Figure, Source
from tools.errors import InputError, MissingInput, PluginError, RackrateError, UnknownName
from tools.units import parse_quantity

if TYPE_CHECKING:
    from tools.catalog import Catalog

GROUP = "rackrate.calculators"
EXAMPLES = Path(__file__).with_name("examples")
RESERVED = frozenset({"formula", "assumptions", "taken", "warnings", "sources", "figures", "table", "chart"})
MAX_RANGES = 4  # 2**4 corner runs at most


class Calculator:
    """One calculator, as everything but its author sees it."""

    def __init__(self, name: str, function: Callable[..., Any]) -> None:
        self.name = name
        self.function = function
        hints = inspect.get_annotations(function, eval_str=True)
        parameters = list(inspect.signature(function).parameters)
        if not parameters or not _is_model(hints.get(parameters[0])) or not _is_model(hints.get("return")):
            raise PluginError(
                f"calculator {name}: expected f(query: QueryModel) -> ResultModel with pydantic models"
            )
        self.query_model: type[BaseModel] = hints[parameters[0]]
        self.result_model: type[BaseModel] = hints["return"]
        self.takes_catalog = "catalog" in parameters[1:]

    @cached_property
    def description(self) -> str:
        """The docstring of the function: the first paragraph is the one-line description."""
        return inspect.cleandoc(self.function.__doc__ or self.query_model.__doc__ or self.name)

    @property
    def summary(self) -> str:
        return self.description.split("\n\n")[0].replace("\n", " ")

    @cached_property
    def input_schema(self) -> dict[str, Any]:
        return self.query_model.model_json_schema()

    @cached_property
    def output_schema(self) -> dict[str, Any]:
        return self.result_model.model_json_schema(mode="serialization")

    @cached_property
    def examples(self) -> list[dict[str, Any]]:
        """Worked questions: those of the query model, then those of ``tools/examples/<name>.yaml``."""
        extra = self.query_model.model_config.get("json_schema_extra")
        own: list[Any] = list(extra.get("examples", [])) if isinstance(extra, dict) else []  # type: ignore[arg-type]
        return own + _more_examples(self.name)

    @cached_property
    def fields(self) -> dict[str, dict[str, Any]]:
        """The contract's extra keys of each input field (`unit`, `entity`, `words`, …)."""
        return _extras(self.query_model)

    @cached_property
    def outputs(self) -> dict[str, dict[str, Any]]:
        """The contract's extra keys of each output field that is not reserved."""
        return {k: v for k, v in _extras(self.result_model).items() if k not in RESERVED}


def _more_examples(name: str) -> list[dict[str, Any]]:
    """Further worked questions of a built-in calculator, kept beside the code since there are many."""
    path = EXAMPLES / f"{name}.yaml"
    if not path.exists():
        return []
    import yaml

    rows: list[dict[str, Any]] = yaml.load(
        path.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    )
    return rows or []


def _is_model(hint: Any) -> bool:
    return inspect.isclass(hint) and issubclass(hint, BaseModel)


def _extras(model: type[BaseModel]) -> dict[str, dict[str, Any]]:
    return {
        name: dict(field.json_schema_extra) if isinstance(field.json_schema_extra, dict) else {}
        for name, field in model.model_fields.items()
    }


@lru_cache(maxsize=1)
def _points() -> dict[str, list[EntryPoint]]:
    found: dict[str, list[EntryPoint]] = {}
    for point in entry_points(group=GROUP):
        same = found.setdefault(point.name, [])
        if all(point.value != other.value for other in same):  # an editable install may be listed twice
            same.append(point)
    return found


@lru_cache(maxsize=256)
def _load(name: str) -> Calculator:
    points = _points()[name]
    if len(points) > 1:
        raise PluginError(
            f"calculator {name}: declared {len(points)} times ({', '.join(p.value for p in points)})"
        )
    try:
        return Calculator(name, points[0].load())
    except PluginError:
        raise
    except Exception as error:
        raise PluginError(f"calculator {name}: {type(error).__name__}: {error}") from error


def get(name: str) -> Calculator:
    """The calculator of that name. UnknownName offers the nearest; PluginError when it is broken."""
    if name not in _points():
        raise UnknownName("tool", name, nearest_names(name, _points()))
    return _load(name)


def calculators() -> dict[str, Calculator]:
    """Every calculator that loads, by name."""
    return _loaded()[0]


def broken() -> dict[str, str]:
    """Every calculator that does not load, and why."""
    return _loaded()[1]


@lru_cache(maxsize=1)
def _loaded() -> tuple[dict[str, Calculator], dict[str, str]]:
    good: dict[str, Calculator] = {}
    bad: dict[str, str] = {}
    for name in sorted(_points()):
        try:
            good[name] = _load(name)
        except PluginError as error:
            bad[name] = str(error)
    return good, bad


def nearest_names(name: str, known: Mapping[str, Any] | list[str], limit: int = 3) -> list[str]:
    """Known names most like `name`, best first."""
    from rapidfuzz import process

    return [match for match, _, _ in process.extract(str(name), list(known), limit=limit, score_cutoff=50)]


def run(name: str, raw_input: Mapping[str, Any], *, catalog: Catalog | None = None) -> CalculatorRun:
    """Run a calculator on what was typed. Raises tools.errors.InputError and its kin, never pydantic's.

    A number in a field with a unit may be text ("12k", "$2/hr"); a range (``{"low": 2, "high": 3}``) gives
    ranges out, from the corners of the box of inputs.
    """
    calculator = get(name)
    if catalog is None:
        from tools.catalog import load

        catalog = load()
    prepared = prepare(calculator, raw_input, catalog)
    ranges = {k: v for k, v in prepared.items() if isinstance(v, _Range)}
    if len(ranges) > MAX_RANGES:
        raise InputError("ranges", len(ranges), f"at most {MAX_RANGES} inputs given as ranges")
    middle = {k: v.middle if isinstance(v, _Range) else v for k, v in prepared.items()}
    done = _call(calculator, middle, catalog)
    if ranges:
        corners = [
            _call(calculator, {**middle, **dict(zip(ranges, ends, strict=True))}, catalog)
            for ends in itertools.product(*((r.low, r.high) for r in ranges.values()))
        ]
        done = _with_ranges(done, corners, ranges)
    return done


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run comes to, without the papers: results by name, numbers with their units, how much was assumed and warned of."""

    output: Mapping[str, Any]
    figures: Mapping[str, tuple[float, str]]
    assumed: int
    warned: int


def outcome(name: str, raw_input: Mapping[str, Any], *, catalog: Catalog) -> Outcome:
    """`run` for somebody who tries many inputs: the same errors and numbers, a third of the time. No ranges."""
    calculator = get(name)
    prepared = prepare(calculator, raw_input, catalog)
    middle = {k: v.middle if isinstance(v, _Range) else v for k, v in prepared.items()}
    _, result = _result(calculator, middle, catalog)
    output = dict(result.__dict__)
    figures: dict[str, tuple[float, str]] = {}
    for field, extra in calculator.outputs.items():
        value = output.get(field)
        if (
            "unit" in extra
            and isinstance(value, int | float)
            and not isinstance(value, bool)
            and not _bounds(field, calculator)
        ):
            figures[field] = (value, str(extra["unit"]))
    for figure in output.get("figures") or ():
        known = figure if isinstance(figure, Figure) else Figure.model_validate(figure)
        figures[known.name] = (known.value, known.unit)
    return Outcome(output, figures, len(output.get("assumptions") or ()), len(output.get("warnings") or ()))


class _Range(BaseModel):
    low: float
    high: float

    @property
    def middle(self) -> float:
        return (self.low + self.high) / 2


def prepare(calculator: Calculator, raw_input: Mapping[str, Any], catalog: Catalog) -> dict[str, Any]:
    """The raw input with units converted and catalogue names made ids; fields checked to exist."""
    fields = calculator.fields
    unknown = [key for key in raw_input if key not in fields]
    if unknown and calculator.query_model.model_config.get("extra") != "allow":
        raise InputError(
            unknown[0], raw_input[unknown[0]], f"a field of {calculator.name}: {', '.join(fields)}"
        )
    return {
        key: _value(key, value, fields.get(key, {}), catalog)
        for key, value in raw_input.items()
        if value is not None
    }


def _value(key: str, value: Any, extra: Mapping[str, Any], catalog: Catalog) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        raise InputError(key, value, "a finite number")
    if isinstance(value, int) and abs(value) > 10**300:
        raise InputError(key, f"{str(value)[:12]}…", "a finite number")
    if isinstance(value, list | tuple):
        return [_value(key, item, extra, catalog) for item in value]
    if isinstance(value, Mapping) and set(value) == {"low", "high"} and "unit" in extra:
        low, high = (_value(key, value[end], extra, catalog) for end in ("low", "high"))
        if not all(isinstance(end, int | float) for end in (low, high)) or low > high:
            raise InputError(key, dict(value), "a range of numbers, low first")
        return _Range(low=low, high=high)
    if isinstance(value, str) and "unit" in extra:
        number = parse_quantity(value, extra["unit"], key)
        if not math.isfinite(number):
            raise InputError(key, value, "a finite number")
        return number
    if isinstance(value, str) and extra.get("entity") == "chip":
        return catalog.chip(value).id
    if isinstance(value, str) and extra.get("entity") == "model":
        return catalog.model(value).id
    return value


def _call(calculator: Calculator, values: Mapping[str, Any], catalog: Catalog) -> CalculatorRun:
    return _as_run(calculator, *_result(calculator, values, catalog))


def _result(
    calculator: Calculator, values: Mapping[str, Any], catalog: Catalog
) -> tuple[BaseModel, BaseModel]:
    """The validated query and what the calculator makes of it."""
    try:
        query = calculator.query_model.model_validate({k: _whole(v) for k, v in values.items()})
    except ValidationError as error:
        raise _input_error(calculator, error) from error
    try:
        result = (
            calculator.function(query, catalog) if calculator.takes_catalog else calculator.function(query)
        )
    except ValidationError as error:  # a result that cannot be: the plugin's fault, not the caller's
        raise PluginError(f"calculator {calculator.name}: {error.errors()[0]['msg']}") from error
    except (OverflowError, ZeroDivisionError) as error:
        raise InputError(
            "input", dict(values), f"values {calculator.name} can compute with ({error})"
        ) from error
    except RackrateError:
        raise
    return query, result


def _whole(value: Any) -> Any:
    """A float that is whole as an int, so that `12000.0` fits an int field."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value


def _input_error(calculator: Calculator, error: ValidationError) -> InputError:
    """Pydantic's first complaint as one line: field, value, what is allowed."""
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"]) or "input"
    top = str(first["loc"][0]) if first["loc"] else field
    extra = calculator.fields.get(top, {})
    unit = f" in {extra['unit']}" if extra.get("unit") not in (None, "dimensionless") else ""
    if first["type"] == "missing":
        return MissingInput(field, extra.get("ask") or _about(calculator, top))
    context = first.get("ctx", {})
    limits = {"greater_than": ("above", "gt"), "greater_than_equal": ("at least", "ge")}
    limits |= {"less_than": ("below", "lt"), "less_than_equal": ("at most", "le")}
    if first["type"] in limits:
        word, key = limits[first["type"]]
        return InputError(field, first["input"], f"{word} {context[key]:g}{unit}")
    if first["type"].startswith("int"):
        return InputError(field, first["input"], f"a whole number{unit}")
    if first["type"].startswith("float"):
        return InputError(field, first["input"], f"a finite number{unit}")
    return InputError(field, first["input"], first["msg"].removeprefix("Value error, "))


def _about(calculator: Calculator, field: str) -> str:
    info = calculator.query_model.model_fields.get(field)
    return (info.description if info and info.description else field).rstrip(".")


def _as_run(calculator: Calculator, query: BaseModel, result: BaseModel) -> CalculatorRun:
    output = result.model_dump(mode="json")
    extra_figures = [Figure.model_validate(f) for f in output.get("figures") or []]
    return CalculatorRun(
        tool=calculator.name,
        input=query.model_dump(mode="json", exclude_none=True),
        output={k: v for k, v in output.items() if k not in RESERVED},
        figures=_figures(calculator, output) + extra_figures,
        formula=output.get("formula") or "",
        assumptions=list(output.get("assumptions") or []),
        taken={k: v for k, v in (output.get("taken") or {}).items() if k in calculator.fields},
        sources=_unique([Source.model_validate(s) for s in output.get("sources") or []]),
        warnings=list(output.get("warnings") or []),
        table=output.get("table"),
        chart=output.get("chart"),
    )


def _unique(sources: list[Source]) -> list[Source]:
    return list(dict.fromkeys(sources))


def _figures(calculator: Calculator, output: Mapping[str, Any]) -> list[Figure]:
    """Figures of the typed result fields, headline first; `x_low`/`x_high` become the range of `x`."""
    figures: list[tuple[int, Figure]] = []
    for name, extra in calculator.outputs.items():
        value = output.get(name)
        if "unit" not in extra or isinstance(value, bool) or not isinstance(value, int | float):
            continue
        if _bounds(name, calculator):
            continue
        note = extra.get("note")
        figure = Figure(
            name=name,
            value=value,
            unit=extra["unit"],
            low=output.get(f"{name}_low"),
            high=output.get(f"{name}_high"),
            note=str(note) if note else None,
        )
        figures.append((0 if extra.get("role") == "headline" else 1, figure))
    return [figure for _, figure in sorted(figures, key=lambda pair: pair[0])]


def _bounds(name: str, calculator: Calculator) -> bool:
    """Whether a result is the low or high end of another's range."""
    stem = name.removesuffix("_low").removesuffix("_high")
    return stem != name and stem in calculator.outputs


def _with_ranges(
    middle: CalculatorRun, corners: list[CalculatorRun], ranges: Mapping[str, _Range]
) -> CalculatorRun:
    by_name = [{f.name: f for f in run.figures} for run in corners]
    figures = []
    for figure in middle.figures:
        values = [end for run in by_name if figure.name in run for end in _ends(run[figure.name])]
        figures.append(
            figure.model_copy(update={"low": min(values), "high": max(values)}) if values else figure
        )
    said = {name: {"low": r.low, "high": r.high} for name, r in ranges.items()}
    return middle.model_copy(update={"figures": figures, "input": middle.input | said})


def _ends(figure: Figure) -> list[float]:
    return [end for end in (figure.value, figure.low, figure.high) if end is not None]
