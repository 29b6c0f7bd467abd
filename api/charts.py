"""Charts of answers: which one to show, in the house style, as a PNG or SVG file. Needs no network."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools.errors import RackrateError

if TYPE_CHECKING:
    from agent.answer import Answer

STYLE = {
    "background": "white",
    "padding": 16,
    "width": 620,
    "height": 340,
    "config": {
        "font": "Inter, Helvetica, Arial, sans-serif",
        "title": {"anchor": "start", "fontSize": 16, "offset": 14},
        "axis": {"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal", "grid": True,
                 "labelOverlap": "greedy", "labelSeparation": 8, "gridColor": "#e6e8ec", "domainColor": "#9aa2ad",
                 "tickColor": "#9aa2ad", "labelColor": "#3d4550", "titleColor": "#3d4550"},
        "view": {"stroke": None},
        "mark": {"color": "#1769e0"},
        "line": {"strokeWidth": 2.5},
        "bar": {"cornerRadiusEnd": 3},
        "legend": {"labelFontSize": 12, "titleFontSize": 12, "orient": "bottom", "columns": 4},
        "range": {"category": ["#1769e0", "#e2651b", "#0f9d76", "#a23bd1", "#c8372d", "#6b7685", "#c29a0a"]},
    },
}  # fmt: skip


# What a log axis leaves blank stays blank.
SHORT_LABEL = "datum.label === '' || abs(datum.value) < 10000 ? datum.label : replace(format(datum.value, '.3~s'), 'G', 'B')"


class NoChart(RackrateError):
    """The answer has no chart, or its chart cannot be drawn."""


def charts(answer: Answer) -> list[dict[str, Any]]:
    """The charts of an answer: the headline's calculation first."""
    found = [run.chart for run in answer.tool_calls if run.chart and not run.error]
    wanted = answer.headline.name if answer.headline else None
    first = next(
        (r.chart for r in answer.tool_calls if r.chart and any(f.name == wanted for f in r.figures)), None
    )
    return [*([first] if first else []), *(c for c in found if c is not first)]


def write_chart(answer: Answer, path: Path) -> None:
    """The first chart of an answer as a PNG or SVG file. NoChart when it has none."""
    found = charts(answer)
    if not found:
        raise NoChart(f"chart: this answer has none, so {path} was not written")
    write_spec(found[0], path)


def png(spec: Mapping[str, Any]) -> bytes:
    """A Vega-Lite specification in the house style as a PNG of twice the pixels. NoChart when it cannot be drawn."""
    import vl_convert

    try:
        return bytes(vl_convert.vegalite_to_png(styled_spec(spec), scale=2))
    except ValueError as error:
        raise NoChart(f"chart: cannot be drawn ({str(error).splitlines()[0]})") from error


def title_of(spec: Mapping[str, Any]) -> str:
    """A chart's title in words, for those who cannot see it."""
    title = spec.get("title")
    text = title.get("text") if isinstance(title, Mapping) else title
    return " ".join(text) if isinstance(text, list) else str(text or "Chart")


def write_spec(spec: Mapping[str, Any], path: Path) -> None:
    """A Vega-Lite specification as PNG (twice the pixels, for sharp print) or SVG. Needs no network."""
    if path.suffix.lower() != ".svg":
        path.write_bytes(png(spec))
        return
    import vl_convert

    try:
        path.write_text(vl_convert.vegalite_to_svg(styled_spec(spec)), encoding="utf-8")
    except ValueError as error:
        raise NoChart(f"chart: cannot be drawn ({str(error).splitlines()[0]})") from error


def styled_spec(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The specification with the house style wherever it says nothing itself."""
    styled = {**STYLE, **spec}
    styled["config"] = {**STYLE["config"], **dict(spec.get("config") or {})}  # type: ignore[dict-item]
    if mark_of(spec) == "bar" and "height" not in spec:
        styled["height"] = {"step": 34}
    if isinstance(spec.get("encoding"), Mapping):
        styled["encoding"] = {name: _short_labels(part) for name, part in spec["encoding"].items()}
    return styled


def _short_labels(channel: Any) -> Any:
    """An axis of numbers with labels as people write them: 30B, not 30,000,000,000. An axis with a format keeps it."""
    if not isinstance(channel, Mapping) or channel.get("type") != "quantitative":
        return channel
    axis = channel.get("axis", {})
    if not isinstance(axis, Mapping) or "format" in axis or "labelExpr" in axis:
        return channel
    return {**channel, "axis": {**axis, "labelExpr": SHORT_LABEL}}


def mark_of(spec: Mapping[str, Any]) -> str:
    mark = spec.get("mark")
    return str(mark.get("type") if isinstance(mark, Mapping) else mark or "")
