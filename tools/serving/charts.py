"""Vega-Lite specifications of the serving and price calculators: ranking bars and curves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
WIDTH = 460


def bars(title: str, label: str, value: str, rows: Iterable[tuple[str, float]]) -> dict[str, Any]:
    """Horizontal bars, longest first. `label` and `value` are axis titles; rows are (name, number)."""
    return {
        "$schema": SCHEMA,
        "title": title,
        "width": WIDTH,
        "data": {"values": [{"name": name, "value": number} for name, number in rows]},
        "mark": {"type": "bar", "tooltip": True},
        "encoding": {
            "y": {"field": "name", "type": "nominal", "sort": "-x", "title": label},
            "x": {"field": "value", "type": "quantitative", "title": value},
        },
    }


def curve(
    title: str,
    x: str,
    y: str,
    points: Iterable[tuple[float, float]],
    *,
    log_x: bool = True,
    log_y: bool = False,
) -> dict[str, Any]:
    """One line with points. `x` and `y` are axis titles with their units."""
    return curves(title, x, y, [("", points)], log_x=log_x, log_y=log_y)


def curves(
    title: str,
    x: str,
    y: str,
    series: Sequence[tuple[str, Iterable[tuple[float, float]]]],
    *,
    log_x: bool = True,
    log_y: bool = False,
) -> dict[str, Any]:
    """Several lines, told apart by colour when more than one."""
    values = [{"series": name, "x": at, "y": number} for name, points in series for at, number in points]
    encoding: dict[str, Any] = {
        "x": {"field": "x", "type": "quantitative", "title": x, "scale": _scale(log_x)},
        "y": {"field": "y", "type": "quantitative", "title": y, "scale": _scale(log_y)},
    }
    if len(series) > 1:
        encoding["color"] = {"field": "series", "type": "nominal", "title": None}
    return {
        "$schema": SCHEMA,
        "title": title,
        "width": WIDTH,
        "data": {"values": values},
        "mark": {"type": "line", "point": True, "tooltip": True},
        "encoding": encoding,
    }


def _scale(log: bool) -> dict[str, Any]:
    return {"type": "log", "nice": False, "padding": 8} if log else {"type": "linear"}
