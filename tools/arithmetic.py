"""Plain arithmetic on stated numbers, with units: the question that is no more than a sum."""

from __future__ import annotations

import re

from pydantic import ConfigDict, Field

from tools.contract import Figure, Query, Result
from tools.errors import InputError
from tools.expression import Value, evaluate, number_and_unit
from tools.units import format_number, format_quantity

_TIMES_100 = re.compile(r"\*\s*100(?![\d.,]|\s*[A-Za-z])|(?<![\d.,])100\s*\*")


class ArithmeticQuery(Query):
    """An expression, the values of its names, and the unit wanted."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "question": "what is 3 dollars an hour times 720 hours times 16 machines?",
                    "input": {"expression": "3 USD/hour * 720 hour * 16"},
                },
                {
                    "question": "add up 12M, 45M and 1.2B dollars",
                    "input": {"expression": "sum(12M, 45M, 1.2B) USD"},
                },
                {
                    "question": "what percent of 1,200 is 75?",
                    "input": {"expression": "75 / 1200", "unit": "percent"},
                },
                {"question": "how many times larger is 9,000 than 36?", "input": {"expression": "9000 / 36"}},
                {"question": "12% of $450k", "input": {"expression": "12% of $450k"}},
                {
                    "question": "how many terabytes are 512 cards with 141 GB each",
                    "input": {"expression": "512 * 141 GB", "unit": "TB"},
                },
                {
                    "question": "how many decades (powers of ten) lie between 5 million and 50 billion?",
                    "input": {"expression": "log10(50B / 5M)"},
                },
                {
                    "question": "convert 3000 lb at 0.4536 kg each into tonnes",
                    "input": {"expression": "3000 * 0.4536 kg", "unit": "tonne"},
                },
            ]
        },
    )
    expression: str = Field(
        description="Arithmetic with + - * / ^, brackets, min max sum mean ceil floor round log log2 ln exp "
        "sqrt, percentages, units on the numbers (2 USD/hour) and names from `variables`",
        json_schema_extra={
            "words": ["calculate", "compute", "what is", "add", "times", "divided by", "ratio"]
        },
    )
    variables: dict[str, float | str] = Field(
        default_factory=dict,
        description='Values of the names in the expression: 12 or "2 USD/hour"',
        max_length=50,
    )
    unit: str | None = Field(
        None, description="Unit wanted for the answer, such as GB, USD/year, percent", max_length=60
    )


class ArithmeticResult(Result):
    """One number and its unit; the figure is called `value`."""

    value: float = Field(description="The result, in `unit`")
    unit: str = Field(description="Unit of the result")


def arithmetic(query: ArithmeticQuery) -> ArithmeticResult:
    """Evaluate an arithmetic expression on stated numbers, units included.

    For sums, differences, ratios, percentages, shares and unit conversions of numbers that the question (or
    an earlier result) already gives, when no other calculator knows the subject.
    """
    values = {name: _variable(name, given) for name, given in query.variables.items()}
    raw = evaluate(query.expression, values)
    value, unit = number_and_unit(raw, query.unit)
    assumptions = []
    if unit in ("percent", "%") and isinstance(raw, float) and _TIMES_100.search(query.expression):
        value, assumptions = raw, ["The factor 100 in the expression already makes it a percentage."]
    shown = query.expression.strip()
    where = ", ".join(f"{name} = {_said(given)}" for name, given in query.variables.items())
    return ArithmeticResult(
        value=value,
        unit=unit,
        assumptions=assumptions,
        formula=f"{shown}{f' with {where}' if where else ''} = {format_quantity(value, unit)}",
        figures=[Figure(name="value", value=value, unit=unit)],
    )


def _variable(name: str, given: float | str) -> Value:
    if not name.isidentifier():
        raise InputError("variables", name, "names of letters, digits and _")
    if isinstance(given, str):
        return evaluate(given)
    return float(given)


def _said(given: float | str) -> str:
    return given if isinstance(given, str) else format_number(given)


__all__ = ["ArithmeticQuery", "ArithmeticResult", "arithmetic"]
