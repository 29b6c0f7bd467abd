"""What is drawn in a terminal: nothing too wide, nothing lost, nothing a model wrote becomes a link."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from agent.answer import Answer, Ledger, ToolResult
from api.charts import NoChart, write_chart, write_spec
from api.cli.markdown import blocks, inline
from api.cli.plot import draw, read_spec, short
from api.cli.render import headline, print_answer
from knowledge.citation import Citation
from tools.contract import Figure

LINE = {
    "title": "Requests by context",
    "data": {"values": [{"x": 10**i, "y": 10.0 ** (5 - i), "s": s} for i in range(1, 5) for s in ("a", "b")]},
    "mark": {"type": "line"},
    "encoding": {
        "x": {"field": "x", "type": "quantitative", "title": "context", "scale": {"type": "log"}},
        "y": {"field": "y", "type": "quantitative", "title": "requests", "scale": {"type": "log"}},
        "color": {"field": "s", "type": "nominal"},
    },
}
BARS = {
    "data": {
        "values": [
            {"n": "H100", "v": 2.0},
            {"n": "a very long name of a chip", "v": 9.6},
            {"n": "loss", "v": -1},
        ]
    },
    "mark": "bar",
    "encoding": {
        "x": {"field": "v", "type": "quantitative"},
        "y": {"field": "n", "type": "nominal", "sort": "-x"},
    },
}


def shown(answer: Answer, width: int = 80, *, terminal: bool = True) -> str:
    out = Console(
        file=io.StringIO(), width=width, force_terminal=terminal, color_system=None, highlight=False
    )
    print_answer(answer, out=out)
    text = out.file.getvalue()  # type: ignore[attr-defined]
    assert isinstance(text, str)
    return text


def answer(**changed: Any) -> Answer:
    figure = Figure(name="max_requests", value=54, unit="request", low=50, high=60)
    run = ToolResult(
        tool="batch_size",
        input={"chip": "h100-sxm"},
        figures=[figure, Figure(name="free_gb", value=170.1, unit="GB")],
        formula="floor(170.15 GB / 3.097 GB) = 54",
        sources=[{"title": "NVIDIA H100 data sheet", "as_of": "2024-03", "url": "https://example.org"}],
        table={
            "columns": ["context (tokens)", "requests"],
            "rows": [[3000, 219], [12000, 54], [24000, None]],
        },
        chart=LINE,
    )
    given: dict[str, Any] = {
        "question": "?", "status": "answered", "text": "**54 requests** fit.\n\nBecause memory is the limit.",
        "headline": figure, "figures": run.figures, "tool_calls": [run], "assumptions": ["10 % kept free"],
        "warnings": ["Take care"], "ledger": Ledger(checked=3), "provider": "offline", "elapsed_ms": 12.3,
    }  # fmt: skip
    return Answer(**{**given, **changed})


@pytest.mark.parametrize("width", [20, 30, 40, 60, 80, 120, 400])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    for line in shown(answer(), width).splitlines():
        assert cell_len(line) <= width


def test_everything_that_matters_is_there() -> None:
    text = shown(answer(), terminal=False)
    for wanted in ("54 requests", "50 requests to 60 requests", "memory is the limit", "219", "12,000", "10 % kept free",
                   "Take care", "NVIDIA H100 data sheet (2024-03)", "offline", "12 ms", "3 of 3 numbers traced"):  # fmt: skip
        assert wanted in text
    assert (
        text.index("54 requests")
        < text.index("memory is the limit")
        < text.index("219")
        < text.index("data sheet")
    )


def test_large_headline_only_where_there_is_room() -> None:
    figure = Figure(name="usd_total", value=541900.8, unit="USD")
    assert len(headline(figure, 80)) == 3
    assert len(headline(figure, 40)) == 1
    assert len(headline(Figure(name="flop", value=1e25, unit="FLOP"), 80)) == 1  # no large letters


def test_what_is_shown_anyway_is_not_told_twice() -> None:
    said = "**54 requests** fit.\n\nAssumed, since nobody said: 10 % kept free.\n\nSources: NVIDIA H100 data sheet."
    text = shown(answer(text=said), terminal=False)
    assert text.count("10 % kept free") == 1
    assert text.count("data sheet") == 1


@pytest.mark.parametrize("status", ["clarify", "invalid", "out_of_scope", "refused"])
def test_other_statuses_show_their_text_and_no_table(status: Any) -> None:
    text = shown(answer(status=status, headline=None, text="Which chip?"), terminal=False)
    assert "Which chip?" in text
    assert "219" not in text


def test_passages_are_cited_by_time() -> None:
    cited = Citation(
        source="s", title="Talk", start="00:01:02", end="00:01:20", text="Words said.", as_of="2024-12"
    )
    text = shown(answer(citations=[cited]), terminal=False)
    assert "00:01:02–00:01:20" in text
    assert "Talk, 2024-12" in text


def test_markup_and_escapes_of_a_model_stay_text() -> None:
    evil = "[bold red]x[/] [click](https://evil.example) ![i](https://evil.example/p.png) \x1b]8;;https://evil.example\x07y"
    text = shown(answer(text=evil))
    assert "[bold red]x[/]" in text
    assert "evil.example/p.png" not in text
    assert "\x1b]8" not in text


def test_markdown_of_all_kinds() -> None:
    source = "# Head\n\ntext **bold** `code` *em*\nnext line\n\n- a\n- b\n\n1. one\n\n| a | b |\n|---|--:|\n| x | 1,5 |\n\n```\nraw\n```"
    out = Console(file=io.StringIO(), width=60, color_system=None)
    for block in blocks(source):
        out.print(block)
    text = out.file.getvalue()  # type: ignore[attr-defined]
    for wanted in ("Head", "text bold code em next line", "• a", "1. one", "x", "1,5", "raw"):
        assert wanted in text
    assert "**" not in text
    assert str(inline("a * b * c = 2*3*4")) == "a * b * c = 2*3*4"


@pytest.mark.parametrize("width", [24, 40, 72])
@pytest.mark.parametrize("spec", [LINE, BARS])
def test_plots_fit_their_width(spec: dict[str, Any], width: int) -> None:
    drawn = draw(spec, width)
    assert drawn is not None
    assert all(cell_len(line) <= width for line in drawn.plain.splitlines())


def test_bars_are_sorted_and_proportional() -> None:
    drawn = draw(BARS, 60)
    assert drawn is not None
    lines = drawn.plain.splitlines()
    assert "9.6" in lines[0]
    assert lines[0].count("█") == pytest.approx(lines[1].count("█") * 4.8, rel=0.1)


def test_falling_line_falls() -> None:
    one = {**LINE, "data": {"values": [v for v in LINE["data"]["values"] if v["s"] == "a"]}}  # type: ignore[index]
    drawn = draw(one, 50)
    assert drawn is not None
    rows = [
        line.split("│")[-1].split("┤")[-1] for line in drawn.plain.splitlines() if "│" in line or "┤" in line
    ]
    firsts = [len(row) - len(row.lstrip()) for row in rows if row.strip()]
    assert firsts == sorted(firsts)


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"mark": "arc"},
        {"mark": "line", "encoding": {}},
        {"mark": "bar", "data": {"values": []}, "encoding": {"x": {"field": "a"}, "y": {"field": "b"}}},
        {"mark": "line", "data": {"values": [{"a": 1, "b": None}, {"a": 2, "b": float("nan")}]},
         "encoding": {"x": {"field": "a"}, "y": {"field": "b"}}},
    ],
)  # fmt: skip
def test_specs_that_cannot_be_drawn_are_left_out(spec: dict[str, Any]) -> None:
    assert read_spec(spec) is None
    assert draw(spec, 60) is None


def test_one_point_and_one_value_are_drawn() -> None:
    spec = {
        "mark": "line",
        "data": {"values": [{"a": 5, "b": 7}]},
        "encoding": {"x": {"field": "a"}, "y": {"field": "b"}},
    }
    assert draw(spec, 60) is not None


def test_short_numbers() -> None:
    assert [short(v) for v in (0, 0.0042, 999, 1000, 12_345, 2.5e6, 3e10, 1e25)] == [
        "0", "0.0042", "999", "1k", "12.3k", "2.5M", "30B", "1.0e25",
    ]  # fmt: skip


def test_charts_are_written_and_faults_are_one_line(tmp_path: Path) -> None:
    write_chart(answer(), tmp_path / "c.svg")
    assert "Requests by context" in (tmp_path / "c.svg").read_text()
    write_spec(BARS, tmp_path / "b.png")
    assert (tmp_path / "b.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(NoChart, match="none"):
        write_chart(answer(tool_calls=[]), tmp_path / "n.png")
    with pytest.raises(NoChart) as caught:
        write_spec({"mark": {"type": "nonsense"}, "encoding": 5}, tmp_path / "x.png")
    assert "\n" not in str(caught.value)
    json.dumps(LINE)
