"""Expressions with units, evaluated safely: `2 USD/hour * 8760 hour`, `sum(30M, 300M, 3B)`, `20% of $300k`.

A small Pratt parser of our own: no `eval`, no integers that grow without bound (everything is a float or a
quantity), bounded length, depth and exponent. Plain numbers never load `pint`; the first unit does.

Grammar: ``+ - * / ^ ** ( )``, ``× ÷ · −``, postfix ``%``, the words ``of`` (times) and ``per`` (divided by),
functions, named variables, ``pi``. A number binds its unit, slashes included, tighter than any operator:
``40000 USD / 2 USD/hour`` is 20000 hours.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from tools.errors import InputError, MissingInput, UnitError

MAX_LENGTH = 2000
MAX_TOKENS = 400
MAX_DEPTH = 40
MAX_EXPONENT = 1000.0

# A plain float, or a pint quantity (typed loosely, so that this file does not import pint).
Value: TypeAlias = float | Any

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\w.]*\.\d)"
    r"|\.\d+(?:[eE][-+]?\d+)?)"
    r"|(?P<name>[A-Za-zµμ_][A-Za-z0-9_]*)|(?P<op>\*\*|[-+*/^(),%$]))"
)
_TYPOGRAPHY = str.maketrans({"×": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "∕": "/"})
_MAGNITUDES = {
    "k": 1e3, "K": 1e3, "M": 1e6, "m": 1e6, "mn": 1e6,
    "B": 1e9, "b": 1e9, "bn": 1e9, "T": 1e12, "t": 1e12, "tn": 1e12,
    "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12,
}  # fmt: skip
_BINDING = {"+": 10, "-": 10, "*": 20, "/": 20, "^": 40}
_UNARY = 30  # -2^2 is -4


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int
    glued: bool  # no space before it


def evaluate(expression: str, variables: Mapping[str, Value] | None = None) -> Value:
    """The value of an expression: a float, or a pint quantity.

    Raises InputError for what cannot be read or computed, MissingInput for a name without a value, UnitError
    for units that do not go together.
    """
    if not expression.strip():
        raise MissingInput("expression", "an expression such as 2 USD/hour * 8760 hour")
    if len(expression) > MAX_LENGTH:
        raise InputError("expression", expression, f"at most {MAX_LENGTH} characters")
    parser = _Parser(expression.translate(_TYPOGRAPHY), variables or {})
    try:
        value = parser.parse()
    except ZeroDivisionError as error:
        raise InputError("expression", expression, "no division by zero") from error
    except OverflowError as error:
        raise InputError("expression", expression, "a result below 1e308") from error
    if not math.isfinite(_magnitude(value)):
        raise InputError("expression", expression, "a finite result")
    return value


def quantity_of(value: float, unit: str) -> Value:
    """`value` in `unit`; a plain float when the unit is none."""
    from tools.units import normalise_unit, registry

    if unit in ("", "dimensionless"):
        return value
    if normalise_unit(unit) in _NUMBER_UNITS:
        return value / _NUMBER_UNITS[normalise_unit(unit)]
    try:
        return registry().Quantity(value, normalise_unit(unit))
    except Exception as error:
        raise UnitError("unit", unit, "a unit such as GB, USD/hour, token/s") from error


def number_and_unit(value: Value, unit: str | None = None) -> tuple[float, str]:
    """Magnitude and unit string of a value, in `unit` when asked for (UnitError when it does not fit)."""
    unit = None if unit is None or unit.strip().lower() in _RATIO_WORDS else unit.strip()
    if isinstance(value, float):
        return (value, "dimensionless") if unit is None else (_plain_in(value, unit), unit)
    if unit is None:
        reduced = value.to_reduced_units()
        return float(reduced.magnitude), _unit_text(reduced)
    from tools.units import convert

    return convert(float(value.magnitude), _unit_text(value), unit), unit


def _plain_in(value: float, unit: str) -> float:
    """A plain number is taken to be in the unit asked for, unless that unit is itself a number (percent)."""
    if unit in _NUMBER_UNITS:
        return value * _NUMBER_UNITS[unit]
    from tools.units import dimensions, normalise_unit

    dimensions(normalise_unit(unit))  # raises when nobody knows the unit
    return value


_NUMBER_UNITS = {"percent": 100.0, "%": 100.0, "ppm": 1e6}
_RATIO_WORDS = frozenset({"", "dimensionless", "x", "×", "times", "ratio", "1"})


def _unit_text(value: Any) -> str:
    """The unit as this project writes it: long names, but symbols where there is a prefix (`GB`, `kW`)."""
    text = re.sub(r"[A-Za-z_]+", lambda m: _short(m[0]), str(value.units).replace(" ", ""))
    return text or "dimensionless"


def _short(name: str) -> str:
    from tools.units import registry

    prefix = next((p for p in _PREFIXES if name.startswith(p) and len(name) > len(p)), None)
    return f"{registry().Unit(name):~}".strip() if prefix else name


_PREFIXES = (
    "kilo",
    "mega",
    "giga",
    "tera",
    "peta",
    "exa",
    "milli",
    "micro",
    "nano",
    "kibi",
    "mebi",
    "gibi",
    "tebi",
)


def _magnitude(value: Value) -> float:
    return float(getattr(value, "magnitude", value))


class _Parser:
    """One expression, read left to right by binding power."""

    def __init__(self, text: str, variables: Mapping[str, Value]) -> None:
        self.text, self.variables = text, variables
        self.tokens = self._tokens()
        self.at = 0
        self.depth = 0
        self.in_call = 0

    def parse(self) -> Value:
        value = self._expression(0)
        if self.at < len(self.tokens):
            self._fail(f"an operator before {self.tokens[self.at].text!r}")
        return value

    # reading

    def _tokens(self) -> list[_Token]:
        found, position, text = [], 0, self.text.rstrip()
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None or match.lastgroup is None:
                raise InputError(
                    "expression", self.text, f"no {text[position:].strip()[:1]!r} (at {position + 1})"
                )
            start = match.start(match.lastgroup)
            found.append(_Token(match.lastgroup, match[match.lastgroup], start, start == position))
            position = match.end()
            if len(found) > MAX_TOKENS:
                raise InputError("expression", self.text, f"at most {MAX_TOKENS} symbols")
        return found

    def _peek(self, ahead: int = 0) -> _Token | None:
        return self.tokens[self.at + ahead] if self.at + ahead < len(self.tokens) else None

    def _take(self) -> _Token:
        token = self._peek()
        if token is None:
            self._fail("a number at the end")
        self.at += 1
        return token  # type: ignore[return-value]

    def _expect(self, text: str) -> None:
        token = self._peek()
        if token is None or token.text != text:
            self._fail(f"{text!r}" + (f" before {token.text!r}" if token else " at the end"))
        self.at += 1

    def _fail(self, allowed: str) -> None:
        raise InputError("expression", self.text, allowed)

    # grammar

    def _expression(self, power: int) -> Value:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self._fail(f"at most {MAX_DEPTH} levels of brackets")
        value = self._operand()
        while (operator := self._operator()) is not None and _BINDING[operator] >= power:
            self.at += 1
            # ^ binds to the right, the others to the left
            right = self._expression(_UNARY if operator == "^" else _BINDING[operator] + 1)
            value = _combine(operator, value, right)
        self.depth -= 1
        return value

    def _operator(self) -> str | None:
        token = self._peek()
        if token is None:
            return None
        text = {"**": "^", "of": "*", "per": "/", "x": "*"}.get(token.text, token.text)
        if token.kind == "name" and (text == token.text or token.text in self.variables):
            return None
        return text if text in _BINDING else None

    def _operand(self) -> Value:
        token = self._take()
        if token.text in ("-", "+"):
            value = self._expression(_UNARY)
            return -value if token.text == "-" else value
        if token.text == "(":
            value = self._times_unit(self._bracket())
        elif token.text == "$":
            value = quantity_of(_magnitude(self._number(self._take())), self._unit_after("USD"))
        elif token.kind == "number":
            value = self._with_unit(self._number(token))
        elif token.kind == "name":
            value = self._named(token)
        else:
            self._fail(f"a number before {token.text!r}")
        while (after := self._peek()) is not None and after.text == "%":
            self.at += 1
            value = value / 100.0
        return value

    def _bracket(self) -> Value:
        outer, self.in_call = self.in_call, 0
        value = self._expression(0)
        self.in_call = outer
        self._expect(")")
        return value

    def _number(self, token: _Token) -> float:
        if token.kind != "number":
            self._fail(f"a number before {token.text!r}")
        if "," in token.text and self.in_call:
            self._fail(
                f"{token.text.replace(',', '')} or {token.text.replace(',', ', ')}: the comma is ambiguous"
            )
        value = float(token.text.replace(",", ""))
        after = self._peek()
        if after is not None and after.kind == "name" and after.text not in self.variables:
            scale = _MAGNITUDES.get(after.text)
            if scale is not None and (after.glued or len(after.text) > 2 or after.text in "KMBT"):
                self.at += 1
                value *= scale
        return value

    def _with_unit(self, number: float) -> Value:
        token = self._peek()
        if token is None or token.kind != "name" or not self._is_unit(token.text):
            return number
        self.at += 1
        return quantity_of(number, self._unit_after(token.text))

    def _times_unit(self, value: Value) -> Value:
        """`(12 + 30) USD` and `sum(1, 2) GB`."""
        unit = self._with_unit(1.0)
        return value if isinstance(unit, float) else value * unit

    def _unit_after(self, unit: str) -> str:
        """`unit` with what is divided or raised in the same breath: `USD` `/hour` `/chip`."""
        unit += self._unit_power()
        while (slash := self._peek()) is not None and slash.text in ("/", "per"):
            name = self._peek(1)
            if name is None or name.kind != "name" or not self._is_unit(name.text):
                break
            self.at += 2
            unit += "/" + name.text + self._unit_power()
        return unit

    def _unit_power(self) -> str:
        sign, exponent = self._peek(), self._peek(1)
        if (
            sign is None
            or sign.text not in ("^", "**")
            or exponent is None
            or exponent.text not in ("2", "3")
        ):
            return ""
        self.at += 2
        return f"**{exponent.text}"

    def _is_unit(self, name: str) -> bool:
        if name in self.variables or name in _FUNCTIONS or name in ("of", "per", "x"):
            return False
        from tools.units import dimensions, normalise_unit

        try:
            dimensions(normalise_unit(name))
        except UnitError:
            return False
        return True

    def _named(self, token: _Token) -> Value:
        after = self._peek()
        if token.text in _FUNCTIONS and after is not None and after.text == "(":
            self.at += 1
            return self._times_unit(_call(token.text, self._arguments(), self.text))
        if token.text in self.variables:
            return self.variables[token.text]
        if token.text == "pi":
            return math.pi
        if self._is_unit(token.text):
            return quantity_of(1.0, self._unit_after(token.text))
        raise MissingInput(token.text, f"a value for {token.text}")

    def _arguments(self) -> list[Value]:
        self.in_call += 1
        values = [self._expression(0)]
        while (token := self._peek()) is not None and token.text == ",":
            self.at += 1
            values.append(self._expression(0))
        self.in_call -= 1
        self._expect(")")
        return values


def _combine(operator: str, left: Value, right: Value) -> Value:
    if operator == "^":
        return _power(left, right)
    if operator == "*":
        return left * right
    if operator == "/":
        if _magnitude(right) == 0:
            raise ZeroDivisionError
        return left / right
    return _add(left, right if operator == "+" else -right)


def _add(left: Value, right: Value) -> Value:
    if isinstance(left, float) and isinstance(right, float):
        return left + right
    try:
        return left + right
    except Exception as error:
        raise UnitError("expression", f"{left} + {right}", "terms of one kind") from error


def _power(base: Value, exponent: Value) -> Value:
    power = _number_only(exponent, "exponent")
    if abs(power) > MAX_EXPONENT:
        raise InputError("exponent", power, f"between -{MAX_EXPONENT:g} and {MAX_EXPONENT:g}")
    if _magnitude(base) == 0 and power < 0:
        raise ZeroDivisionError
    if _magnitude(base) < 0 and not power.is_integer():
        raise InputError("base", _magnitude(base), "a base of at least 0 for a fractional exponent")
    return base**power


def _number_only(value: Value, what: str) -> float:
    if isinstance(value, float):
        return value
    try:
        return float(value.to("dimensionless").magnitude)
    except Exception as error:
        raise UnitError(what, str(value), "a plain number") from error


def _same_kind(values: list[Value]) -> list[Value]:
    for value in values[1:]:
        _add(values[0], value)  # raises when the units do not go together
    return values


def _total(values: list[Value]) -> Value:
    result = values[0]
    for value in values[1:]:
        result = _add(result, value)
    return result


def _rounded(how: Callable[[float], float]) -> Callable[[list[Value]], Value]:
    """Rounding in the unit the value is written in."""

    def apply(values: list[Value]) -> Value:
        value = _as_number(values[0])
        return (
            float(how(value))
            if isinstance(value, float)
            else value.__class__(float(how(value.magnitude)), value.units)
        )

    return apply


def _as_number(value: Value) -> Value:
    """MW per kW is a plain number: it is rounded as one."""
    if isinstance(value, float) or not value.dimensionless:
        return value
    return float(value.to("dimensionless").magnitude)


def _round(values: list[Value]) -> Value:
    digits = int(_number_only(values[1], "digits")) if len(values) > 1 else 0
    return _rounded(lambda x: round(x, max(-15, min(15, digits))))(values[:1])


def _plain(function: Callable[..., float]) -> Callable[[list[Value]], Value]:
    def apply(values: list[Value]) -> Value:
        numbers = [_number_only(v, "argument") for v in values]
        try:
            return float(function(*numbers))
        except ValueError as error:
            raise InputError("argument", numbers[0], "a value the function is defined for") from error

    return apply


def _sqrt(values: list[Value]) -> Value:
    return _power(values[0], 0.5)


# name: (fewest arguments, most arguments, function); log is base 10 unless a base is given
_FUNCTIONS: dict[str, tuple[int, int, Callable[[list[Value]], Value]]] = {
    "sum": (1, MAX_TOKENS, _total),
    "mean": (1, MAX_TOKENS, lambda v: _total(v) / float(len(v))),
    "avg": (1, MAX_TOKENS, lambda v: _total(v) / float(len(v))),
    "min": (1, MAX_TOKENS, lambda v: min(_same_kind(v))),
    "max": (1, MAX_TOKENS, lambda v: max(_same_kind(v))),
    "abs": (1, 1, lambda v: abs(v[0])),
    "ceil": (1, 1, _rounded(math.ceil)),
    "floor": (1, 1, _rounded(math.floor)),
    "round": (1, 2, _round),
    "sqrt": (1, 1, _sqrt),
    "log": (1, 2, _plain(lambda x, base=10.0: math.log10(x) if base == 10.0 else math.log(x, base))),
    "log10": (1, 1, _plain(math.log10)),
    "log2": (1, 1, _plain(math.log2)),
    "ln": (1, 1, _plain(math.log)),
    "exp": (1, 1, _plain(math.exp)),
}


def _call(name: str, values: list[Value], text: str) -> Value:
    fewest, most, function = _FUNCTIONS[name]
    if not fewest <= len(values) <= most:
        raise InputError(
            "expression",
            text,
            f"{name} with {fewest if fewest == most else f'{fewest} to {most}'} argument(s)",
        )
    return function(values)
