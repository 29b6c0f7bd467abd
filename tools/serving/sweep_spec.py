"""What a sweep runs over: lists, multiplied out, fastest last.

A list may be written out or be `{"from": 1, "to": 1024, "count": 128, "scale": "log"}`; counted things (chips,
tokens, requests) are then distinct whole numbers, exactly as many as were asked for.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tools.catalog import Catalog
from tools.errors import InputError, MissingInput
from tools.serving.precision import NAMES as PRECISIONS
from tools.serving.precision import canonical

MAX_LIST = 10_000_000
MAX_ROWS = 10**11
MAX_SPEC_BYTES = 64 * 1024 * 1024
WHOLE = ("n_chips", "tensor_parallel", "input_tokens", "output_tokens", "batch")
REQUIRED = ("model", "chip", "n_chips", "input_tokens", "output_tokens", "batch")
OPTIONAL = ("tensor_parallel", "precision", "kv_precision", "usd_per_chip_hour")
COLUMNS = (
    "model", "chip", "n_chips", "tensor_parallel", "precision", "kv_precision", "input_tokens", "output_tokens",
    "batch", "usd_per_chip_hour",
)  # fmt: skip
_LIMITS = {"n_chips": 1e7, "tensor_parallel": 1e6, "input_tokens": 1e9, "output_tokens": 1e9, "batch": 1e9}


@dataclass(frozen=True, slots=True)
class Spec:
    """The expanded lists. `tensor_parallel` empty: chosen by memory; `usd_per_chip_hour` None: the catalogue's."""

    model: tuple[str, ...]
    chip: tuple[str, ...]
    n_chips: tuple[int, ...]
    tensor_parallel: tuple[int, ...]
    precision: tuple[str, ...]
    kv_precision: tuple[str, ...]
    input_tokens: tuple[int, ...]
    output_tokens: tuple[int, ...]
    batch: tuple[int, ...]
    usd_per_chip_hour: tuple[float, ...] | None

    @property
    def outer(self) -> tuple[int, ...]:
        """Lengths of the lists that make a deployment."""
        lists = (
            self.model,
            self.chip,
            self.n_chips,
            self.tensor_parallel or (0,),
            self.precision,
            self.kv_precision,
        )
        return tuple(len(values) for values in lists)

    @property
    def grid(self) -> int:
        """Workloads of one deployment."""
        return len(self.input_tokens) * len(self.output_tokens) * len(self.batch)

    @property
    def prices(self) -> int:
        return len(self.usd_per_chip_hour) if self.usd_per_chip_hour is not None else 1

    @property
    def rows_per_deployment(self) -> int:
        return self.grid * self.prices

    @property
    def rows(self) -> int:
        return math.prod(self.outer) * self.rows_per_deployment

    def digest(self, *also: str) -> str:
        """A name for this sweep: its lists and what else decides its rows."""
        text = json.dumps([asdict(self), *also], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def read_spec(path: Path, catalog: Catalog) -> Spec:
    """The spec in a JSON file. InputError names the field that cannot be."""
    try:
        if path.stat().st_size > MAX_SPEC_BYTES:
            raise InputError("SPEC.json", str(path), "a file of at most 64 MiB")
        raw = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise InputError("SPEC.json", str(path), f"a readable file ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise InputError("SPEC.json", str(path), "a JSON object") from error
    return make_spec(raw, catalog)


def make_spec(raw: Any, catalog: Catalog) -> Spec:
    """The spec of a JSON object: names resolved, ranges expanded, every value checked."""
    if not isinstance(raw, Mapping):
        raise InputError("SPEC.json", raw, "a JSON object of lists")
    unknown = [key for key in raw if key not in COLUMNS]
    if unknown:
        raise InputError(str(unknown[0]), raw[unknown[0]], f"one of the fields {', '.join(COLUMNS)}")
    for name in REQUIRED:
        if raw.get(name) is None:
            raise MissingInput(name, "a list, or a range from, to, count, scale")
    prices = raw.get("usd_per_chip_hour")
    spec = Spec(
        model=_names("model", raw["model"], catalog),
        chip=_names("chip", raw["chip"], catalog),
        precision=_precisions("precision", raw.get("precision") or ["bf16"]),
        kv_precision=_precisions("kv_precision", raw.get("kv_precision") or ["bf16"]),
        usd_per_chip_hour=_floats("usd_per_chip_hour", prices) if prices is not None else None,
        **{name: _whole(name, raw.get(name) or []) for name in WHOLE},
    )
    if spec.rows > MAX_ROWS:
        raise InputError("SPEC.json", f"{spec.rows:,} rows", f"at most {MAX_ROWS:,} rows")
    return spec


def _items(name: str, value: Any) -> list[Any]:
    items = value if isinstance(value, list) else [value]
    if len(items) > MAX_LIST or not items:
        raise InputError(name, f"{len(items)} values", f"1 to {MAX_LIST:,} values")
    try:
        return list(dict.fromkeys(items))  # a value listed twice would double its rows
    except TypeError as error:
        raise InputError(name, items, "a list of plain values") from error


def _names(name: str, value: Any, catalog: Catalog) -> tuple[str, ...]:
    find = catalog.model if name == "model" else catalog.chip
    for item in _items(name, value):
        if not isinstance(item, str):
            raise InputError(name, item, "a name")
    return tuple(dict.fromkeys(find(item).id for item in _items(name, value)))


def _precisions(name: str, value: Any) -> tuple[str, ...]:
    found = [canonical(item) for item in _items(name, value)]
    for item, given in zip(found, _items(name, value), strict=True):
        if item not in PRECISIONS:
            raise InputError(name, given, ", ".join(PRECISIONS))
    return tuple(dict.fromkeys(found))


def _floats(name: str, value: Any) -> tuple[float, ...]:
    numbers = (
        _range(name, value) if isinstance(value, Mapping) else [_number(name, v) for v in _items(name, value)]
    )
    return tuple(dict.fromkeys(numbers))


def _whole(name: str, value: Any) -> tuple[int, ...]:
    if value == [] and name == "tensor_parallel":
        return ()
    if isinstance(value, Mapping):
        return _distinct(name, _range(name, value))
    numbers = [_number(name, v) for v in _items(name, value)]
    wrong = next((n for n in numbers if not n.is_integer() or n > _LIMITS[name]), None)
    if wrong is not None:
        raise InputError(name, wrong, f"whole numbers from 1 to {_LIMITS[name]:,.0f}")
    return tuple(dict.fromkeys(int(n) for n in numbers))


def _number(name: str, value: Any) -> float:
    good = isinstance(value, int | float) and not isinstance(value, bool)
    if not good or not math.isfinite(value) or value <= 0:
        raise InputError(name, value, "positive finite numbers")
    return float(value)


def _range(name: str, value: Mapping[str, Any]) -> list[float]:
    extra = set(value) - {"from", "to", "count", "scale"}
    if extra or not {"from", "to", "count"} <= set(value):
        raise InputError(name, dict(value), 'a list or {"from", "to", "count", "scale": "linear" or "log"}')
    low, high = _number(name, value["from"]), _number(name, value["to"])
    count, scale = value["count"], value.get("scale", "linear")
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= MAX_LIST:
        raise InputError(f"{name}.count", count, f"a whole number from 1 to {MAX_LIST:,}")
    if scale not in ("linear", "log"):
        raise InputError(f"{name}.scale", scale, "linear or log")
    if low > high:
        raise InputError(f"{name}.from", low, f"at most {high:g}, where the range ends")
    if count == 1:
        return [low]
    if scale == "log":
        return [low * (high / low) ** (i / (count - 1)) for i in range(count)]
    return [low + (high - low) * i / (count - 1) for i in range(count)]


def _distinct(name: str, values: list[float]) -> tuple[int, ...]:
    """The range as whole numbers, each a little moved where rounding would make two the same."""
    low, high, count = round(values[0]), round(values[-1]), len(values)
    if high > _LIMITS[name] or low < 1:
        raise InputError(name, values[-1] if low >= 1 else values[0], f"from 1 to {_LIMITS[name]:,.0f}")
    if count > high - low + 1:
        raise InputError(f"{name}.count", count, f"at most {high - low + 1}, the whole numbers of the range")
    chosen: list[int] = []
    for i, value in enumerate(values):
        least = chosen[-1] + 1 if chosen else low
        chosen.append(min(max(round(value), least), high - (count - 1 - i)))
    return tuple(chosen)
