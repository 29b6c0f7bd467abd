"""Charts in a terminal: a Vega-Lite specification as a small plot of characters.

It reads the part of Vega-Lite that calculators use: inline data, one mark (bar, line, point, area) or layers of
them, x and y with a field, a title and perhaps a log scale, and colour by a series.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from api.charts import mark_of

if TYPE_CHECKING:
    from rich.text import Text

PALETTE = ("cyan", "yellow", "magenta", "green", "red", "blue", "white")


@dataclass(slots=True)
class Plot:
    """What of a specification a terminal can show."""

    kind: str  # "bar", "line" or "point"
    title: str
    x_title: str
    y_title: str
    log_x: bool
    log_y: bool
    series: dict[str, list[tuple[Any, float]]] = field(default_factory=dict)


def read_spec(spec: Mapping[str, Any]) -> Plot | None:
    """What a terminal can show of a specification; None when that is nothing."""
    layers = [layer for layer in spec.get("layer", ()) if isinstance(layer, Mapping)] or [spec]
    main = next((la for la in layers if mark_of(la) in ("line", "bar", "point", "area", "circle")), None)
    if main is None:
        return None
    encoding = {**dict(spec.get("encoding") or {}), **dict(main.get("encoding") or {})}
    data = main.get("data") or spec.get("data") or {}
    x, y = encoding.get("x") or {}, encoding.get("y") or {}
    if not (isinstance(x, Mapping) and isinstance(y, Mapping) and x.get("field") and y.get("field")):
        return None
    kind = mark_of(main)
    flat = kind == "bar" and y.get("type") in ("nominal", "ordinal")
    if flat:  # horizontal bars: the names are on y
        x, y = y, x
    kind = {"area": "line", "circle": "point"}.get(kind, kind)
    plot = Plot(kind, _title(spec.get("title")), _title(x.get("title"), x), _title(y.get("title"), y),
                _is_log(x), _is_log(y))  # fmt: skip
    colour = (encoding.get("color") or {}).get("field")
    for row in data.get("values") or ():
        at, value = row.get(x["field"]), row.get(y["field"])
        if (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and math.isfinite(value)
            and at is not None
        ):
            name = str(row.get(colour, "")) if colour and kind != "bar" else ""
            plot.series.setdefault(name, []).append((at, float(value)))
    if kind == "bar" and str(x.get("sort", "")).startswith("-"):
        plot.series = {k: sorted(v, key=lambda p: -p[1]) for k, v in plot.series.items()}
    return plot if plot.series else None


def _title(value: Any, axis: Mapping[str, Any] | None = None) -> str:
    if isinstance(value, Mapping):
        value = value.get("text")
    if isinstance(value, list):
        value = " ".join(str(v) for v in value)
    return str(
        value if value is not None else (axis or {}).get("field", "") if axis and "title" not in axis else ""
    )


def _is_log(axis: Mapping[str, Any]) -> bool:
    scale = axis.get("scale")
    return isinstance(scale, Mapping) and scale.get("type") in ("log", "symlog")


def draw(spec: Mapping[str, Any], width: int) -> Text | None:
    """The specification as terminal text at most `width` columns wide; None when it cannot be shown."""
    plot = read_spec(spec)
    if plot is None or width < 24:
        return None
    if plot.kind == "bar":
        return _bars(plot, width)
    points = [p for series in plot.series.values() for p in series]
    if not all(isinstance(at, int | float) for at, _ in points):
        return _bars(plot, width)
    return _curves(plot, width)


def short(value: float) -> str:
    """A number short enough for an axis: 1.2k, 30M, 0.004."""
    for step, letter in ((1e15, "P"), (1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= step * 0.9995:
            return f"{value:.1e}".replace("e+", "e") if abs(value) >= 1e18 else f"{value / step:.3g}{letter}"
    return f"{value:.3g}"


def _bars(plot: Plot, width: int) -> Text:
    from rich.text import Text

    rows = [(str(at), value) for series in plot.series.values() for at, value in series][:16]
    label = min(max(len(name) for name, _ in rows), max(8, width // 3))
    number = max(len(short(value)) for _, value in rows)
    room = max(4, width - label - number - 3)
    largest = max(abs(value) for _, value in rows) or 1.0
    text = Text()
    for name, value in rows:
        eighths = round(abs(value) / largest * room * 8)
        bar = "█" * (eighths // 8) + ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")[eighths % 8]
        text.append(f"{_cut(name, label):>{label}} ", "dim")
        text.append(bar or "▏", PALETTE[0] if value >= 0 else "red")
        text.append(f" {short(value)}\n")
    if plot.y_title:
        text.append(" " * (label + 1) + _cut(plot.y_title, room + number), "dim italic")
    return text


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: max(1, width - 1)] + "…"


@dataclass(frozen=True, slots=True)
class _Axis:
    low: float
    high: float
    log: bool

    @classmethod
    def over(cls, values: Sequence[float], log: bool) -> _Axis:
        log = log and min(values) > 0
        low, high = min(values), max(values)
        if not log and 0 < low < 0.4 * high:
            low = 0.0
        if low == high:
            low, high = (low / 2, high * 2) if log else (low - 1, high + 1)
        return cls(low, high, log)

    def place(self, value: float) -> float:
        """Where a value lies, from 0 to 1."""
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def at(self, share: float) -> float:
        if self.log:
            return self.low * math.exp(math.log(self.high / self.low) * share)
        return self.low + (self.high - self.low) * share


_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))


class _Canvas:
    """A grid of braille characters: 2 × 4 dots each."""

    def __init__(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        self.cells = [[0] * columns for _ in range(rows)]
        self.colours = [[""] * columns for _ in range(rows)]

    def dot(self, x: float, y: float, colour: str) -> None:
        """A dot at (x, y), each from 0 to 1, y upwards."""
        column = round(x * (self.columns * 2 - 1))
        row = round((1 - y) * (self.rows * 4 - 1))
        self.cells[row // 4][column // 2] |= _DOTS[row % 4][column % 2]
        self.colours[row // 4][column // 2] = colour

    def line(self, a: tuple[float, float], b: tuple[float, float], colour: str) -> None:
        steps = max(1, int(max(abs(b[0] - a[0]) * self.columns * 2, abs(b[1] - a[1]) * self.rows * 4)))
        for i in range(steps + 1):
            t = i / steps
            self.dot(a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, colour)

    def mark(self, x: float, y: float, colour: str) -> None:
        """A thick dot."""
        dx, dy = 1 / (self.columns * 2 - 1), 1 / (self.rows * 4 - 1)
        for i, j in ((0, 0), (dx, 0), (0, dy), (dx, dy)):
            self.dot(min(1, x + i), min(1, y + j), colour)


def _curves(plot: Plot, width: int) -> Text:
    from rich.text import Text

    points = [p for series in plot.series.values() for p in series]
    xs = _Axis.over([float(at) for at, _ in points], plot.log_x)
    ys = _Axis.over([value for _, value in points], plot.log_y)
    rows = 9 if width >= 60 else 7
    ticks = {rows - 1: ys.low, rows // 2: ys.at(1 - (rows // 2) / (rows - 1)), 0: ys.high}
    gutter = max(len(short(v)) for v in ticks.values())
    canvas = _Canvas(max(8, min(64, width - gutter - 3)), rows)
    for index, series in enumerate(plot.series.values()):
        _draw_series(canvas, plot, series, (xs, ys), PALETTE[index % len(PALETTE)])
    text = Text()
    if plot.y_title:
        text.append(_cut(plot.y_title, width) + "\n", "dim italic")
    for row in range(rows):
        text.append(f"{short(ticks[row]) if row in ticks else '':>{gutter}} ", "dim")
        text.append("┤" if row in ticks else "│", "dim")
        for cell, colour in zip(canvas.cells[row], canvas.colours[row], strict=True):
            text.append(chr(0x2800 + cell) if cell else " ", colour or None)
        text.append("\n")
    text.append(" " * (gutter + 1) + "└" + "─" * canvas.columns + "\n", "dim")
    text.append(" " * (gutter + 2) + _ruler(xs, canvas.columns, plot.x_title) + "\n", "dim")
    if len(plot.series) > 1:
        for index, name in enumerate(plot.series):
            text.append("  ● ", PALETTE[index % len(PALETTE)])
            text.append(_cut(name, 28), "dim")
        text.append("\n")
    text.rstrip()
    return text


def _draw_series(
    canvas: _Canvas, plot: Plot, series: list[tuple[Any, float]], axes: tuple[_Axis, _Axis], colour: str
) -> None:
    xs, ys = axes
    placed = [
        (xs.place(float(at)), ys.place(value))
        for at, value in series
        if not ((xs.log and at <= 0) or (ys.log and value <= 0))
    ]
    if plot.kind == "line":
        for a, b in itertools.pairwise(placed):
            canvas.line(a, b, colour)
    if plot.kind == "point" or len(placed) == 1:
        for x, y in placed:
            canvas.mark(x, y, colour)


def _ruler(axis: _Axis, columns: int, title: str) -> str:
    """The x axis: its ends, and the title between them."""
    is_date = title.lower() in ("year", "date", "quarter") and axis.low > 1900 and axis.high < 2200
    left, right = (_quarter(end) if is_date else short(end) for end in (axis.low, axis.high))
    room = columns - len(left) - len(right) - 2
    middle = _cut(title, room) if room >= 4 else ""
    return f"{left} {middle:^{max(0, room)}} {right}"


def _quarter(year: float) -> str:
    """A point of time in years as people write it: 2024.125 is 2024-Q1."""
    return f"{math.floor(year)}-Q{math.floor(year % 1 * 4) + 1}"
