"""What people see in a terminal: the headline first and large, then why, a small table, a plot, where it is from.

Everything fits the terminal's width; on a pipe it is plain text without colour.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from api.charts import charts
from api.cli.markdown import blocks, grid, has_table, inline
from api.cli.plot import draw
from tools.units import format_quantity

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from agent.answer import Answer
    from knowledge.citation import Citation
    from tools.contract import CalculatorRun, Figure
    from tools.registry import Calculator
    from tools.sensitivity import Sensitivity

WIDEST = 92  # longer lines are hard to read
INDENT = 2
LARGE_FROM = 46  # columns a large headline needs
STATUS = {
    "clarify": ("yellow", "One question first"),
    "invalid": ("red", "That cannot be"),
    "out_of_scope": ("yellow", "Outside what I can compute or cite"),
    "refused": ("yellow", "Not something I do"),
}
# Three rows a digit, drawn with half blocks.
_LARGE = {
    "0": ("█▀█", "█ █", "▀▀▀"), "1": ("▀█ ", " █ ", "▀▀▀"), "2": ("▀▀█", "█▀▀", "▀▀▀"), "3": ("▀▀█", " ▀█", "▀▀▀"),
    "4": ("█ █", "▀▀█", "  ▀"), "5": ("█▀▀", "▀▀█", "▀▀▀"), "6": ("█▀▀", "█▀█", "▀▀▀"), "7": ("▀▀█", "  █", "  ▀"),
    "8": ("█▀█", "█▀█", "▀▀▀"), "9": ("█▀█", "▀▀█", "▀▀▀"), ".": (" ", " ", "▀"), ",": (" ", " ", "▄"),
    "-": ("  ", "▀▀", "  "), "$": ("▄█▄", "▀█▄", "▄█▀"), "%": ("▀ █", "▄▀ ", "▀ ▀"), "–": ("  ", "▀▀", "  "),
}  # fmt: skip


def console() -> Console:
    """Standard output, never wider than reads well."""
    from rich.console import Console

    out = Console(highlight=False, soft_wrap=False)
    out.width = max(20, min(out.width, WIDEST))
    return out


def print_answer(answer: Answer, *, note: str | None = None, out: Console | None = None) -> None:
    """One Answer."""
    out = out or console()
    _print(answer_parts(answer, out.width - INDENT, note, large=out.is_terminal), out)


def _print(parts: Sequence[RenderableType], out: Console) -> None:
    """The parts, set in from the edge in a terminal."""
    from rich.padding import Padding

    for part in parts:
        out.print(Padding(part, (0, 0, 0, INDENT)) if out.is_terminal and part != "" else part)


def answer_parts(
    answer: Answer, width: int, note: str | None = None, *, large: bool = True
) -> list[RenderableType]:
    """The parts of an answer from top to bottom, blank lines included. On a pipe nothing is drawn `large`."""
    from agent.headline import opening

    parts: list[RenderableType] = [""]
    stated = opening(answer.text, answer.headline)
    parts += _top(answer, width if large else 0, stated)
    for block in blocks(_told_once(answer, stated, large and width >= LARGE_FROM)):
        parts += [block, ""]
    if answer.status == "answered":
        parts += _table(answer)
        parts += _chart(answer, width)
        parts += _levers(answer)
    parts += _lists(answer, width)
    parts.append(_foot(answer, note))
    return parts


_LISTED = re.compile(r"^\W*(?:assum\w*|sources?)\b[^:.]{0,60}:", re.IGNORECASE)


def _told_once(answer: Answer, stated: tuple[str, str] | None, large: bool) -> str:
    """The text without paragraphs that only say what is shown anyway: the headline, assumptions, sources."""
    paragraphs = answer.text.split("\n\n")
    listed = bool(answer.assumptions or answer.citations or any(run.sources for run in answer.tool_calls))
    if stated:
        paragraphs.pop(0)
    kept = [p for p in paragraphs if not (listed and _LISTED.match(p))]
    if large and answer.headline is not None and len(kept) > 1 and _is_headline(kept[0], answer.headline):
        kept.pop(0)
    return "\n\n".join(kept) or ("" if stated else answer.text)


def _is_headline(paragraph: str, figure: Figure) -> bool:
    return paragraph.startswith(f"**{format_quantity(figure.value, figure.unit)}**") and len(paragraph) < 160


def _top(answer: Answer, width: int, stated: tuple[str, str] | None = None) -> list[RenderableType]:
    from rich.text import Text

    if answer.status in STATUS:
        style, said = STATUS[answer.status]
        return [Text(f"▌ {said}", style=f"bold {style}"), ""]
    if answer.headline is None:
        return []
    what, amount = stated or (_label(answer), None)
    return [*headline(answer.headline, width, what, amount), ""]


def _label(answer: Answer) -> str:
    """What the headline is, in the words of the calculator's own field."""
    from tools import registry
    from tools.errors import RackrateError

    name = answer.headline.name if answer.headline else ""
    if name == "value":
        return ""
    for run in answer.tool_calls:
        if run.error or not any(figure.name == name for figure in run.figures):
            continue
        try:
            field = registry.get(run.tool).result_model.model_fields.get(name)
        except RackrateError:
            break
        said = (field.description or "").rstrip(".") if field else ""
        return said if 0 < len(said) <= 70 and "`" not in said else name.replace("_", " ")
    return name.replace("_", " ")


def headline(
    figure: Figure, width: int, label: str | None = None, amount: str | None = None
) -> list[RenderableType]:
    """A figure large, its unit beside it and its name beside or below; in one bold line where there is no room.

    `amount` is the figure as the text writes it, when that says more than its unit does (`9.6×`).
    """
    from rich.text import Text

    written = amount or format_quantity(figure.value, figure.unit)
    match = re.match(r"^(?P<number>-?\$?[\d.,]+)(?P<rest>.*)$", written)
    name = label or (
        "" if figure.name == "value" else figure.name.replace("_", " ")
    )  # a plain sum has no name
    between = ""
    if figure.low is not None and figure.high is not None and figure.low != figure.high:
        ends = (format_quantity(figure.low, figure.unit), format_quantity(figure.high, figure.unit))
        between = f"{ends[0]} to {ends[1]}"
    large = _large(match["number"]) if match and not re.match(r"e-?\d", match["rest"]) else None
    rest = match["rest"].strip() if match else ""
    if large is None or len(large[0]) + max(len(rest), len(between)) + 5 > width or width < LARGE_FROM:
        line = Text().append(written, "bold cyan").append(f"  {name}" if name else "", "dim")
        return [line.append(f"  {between}", "dim") if between else line]
    fits = len(large[0]) + len(name) + 5 <= width
    beside = (between, rest, name if fits else "")
    lines: list[RenderableType] = []
    for row, (text, style) in enumerate(zip(beside, ("dim", "bold", "dim"), strict=True)):
        lines.append(Text().append(large[row], "bold cyan").append(f"   {text}", style))
    return lines if fits else [*lines, Text(name, style="dim")]


def _large(number: str) -> list[str] | None:
    if any(char not in _LARGE for char in number):
        return None
    return [" ".join(_LARGE[char][row] for char in number) for row in range(3)]


def _table(answer: Answer) -> list[RenderableType]:
    """The table of the calculation that holds the headline, unless the text brought one."""
    from agent.levers import headline_run

    if has_table(answer.text):
        return []
    runs = [r for r in answer.tool_calls if r.table and not r.error]
    holder = headline_run(answer)
    chosen = holder if holder in runs else runs[0] if runs else None
    return [table(chosen.table), ""] if chosen and chosen.table else []


def _levers(answer: Answer) -> list[RenderableType]:
    """What would change the headline most, one input a line."""
    from agent.levers import levers_of

    found = levers_of(answer)
    return [lever_grid(found), ""] if found else []


def lever_grid(found: Sensitivity) -> RenderableType:
    """Each input with what the result does when it alone moves."""
    from tools.sensitivity import percent, shown_input

    rows = []
    for lever in found.levers:
        base = "" if lever.base is None else f" ({shown_input(lever.base, lever.unit)})"
        moved = [c for c in (lever.less, lever.more, *lever.instead) if c is not None]
        cells = [f"{shown_input(c.input, lever.unit)}: {percent(c.percent)}" for c in moved]
        rows.append([lever.label + base, *cells])
    width = max(len(row) for row in rows)
    return grid(["what would change it most", *("",) * (width - 1)], rows, set(range(1, width)))


def table(spec: Mapping[str, Any], rows: int = 14) -> RenderableType:
    """`{"columns", "rows"}` as a rich table, the numbers of a column with like decimals; long ones are cut and say so."""
    columns, found = [str(c) for c in spec.get("columns", ())], list(spec.get("rows", ()))
    numeric = {
        i
        for i in range(len(columns))
        if found and all(isinstance(r[i], int | float | None) for r in found if i < len(r))
    }
    places = {i: _decimals([r[i] for r in found if i < len(r)]) for i in numeric}
    shown = [[_cell(v, places.get(i)) for i, v in enumerate(row)] for row in found[:rows]]
    if len(found) > rows:
        shown.append([f"… {len(found) - rows} more"])
    return grid(columns, shown, numeric)


def _decimals(values: Sequence[Any]) -> int | None:
    """Decimals that give a column's middle value three figures; None where its values are too far apart."""
    sizes = sorted(abs(v) for v in values if isinstance(v, int | float) and not isinstance(v, bool) and v)
    if not sizes or all(float(size).is_integer() for size in sizes):
        return 0 if sizes and sizes[-1] < 1e15 else None
    if sizes[-1] / sizes[0] > 1e4 or sizes[-1] >= 1e15:
        return None
    return max(0, 2 - math.floor(math.log10(sizes[len(sizes) // 2])))


def _cell(value: Any, decimals: int | None) -> str:
    from tools.units import format_number

    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return format_number(float(value)) if decimals is None else f"{value:,.{decimals}f}"
    return "–" if value is None else str(value)


def _chart(answer: Answer, width: int) -> list[RenderableType]:
    for spec in charts(answer)[:1]:
        drawn = draw(spec, min(width - 2, 72))
        if drawn is not None:
            from rich.padding import Padding
            from rich.text import Text

            title = spec.get("title")
            head = Text(title if isinstance(title, str) else "", style="bold dim")
            return (
                [Padding(head, (0, 0, 0, 2)), Padding(drawn, (0, 0, 0, 2)), ""]
                if head
                else [Padding(drawn, (0, 0, 0, 2)), ""]
            )
    return []


def _lists(answer: Answer, width: int) -> list[RenderableType]:
    parts: list[RenderableType] = []
    parts += _section("Assumed", answer.assumptions, "dim", limit=8)
    parts += _section("Mind", answer.warnings, "yellow", limit=6)
    if answer.status == "answered":
        parts += _passages(answer)
    parts += _section("Sources", sources(answer.tool_calls, width), "dim", limit=6)
    return parts


def _section(title: str, lines: Sequence[str], style: str, limit: int) -> list[RenderableType]:
    from rich.table import Table

    if not lines:
        return []
    rows = Table.grid(padding=(0, 2, 0, 0))
    rows.add_column(width=7, style="bold dim", no_wrap=True)
    rows.add_column(overflow="fold")
    shown = list(lines[:limit]) + (
        [f"… {len(lines) - limit} more (--json has them)"] if len(lines) > limit else []
    )
    for index, line in enumerate(shown):
        rows.add_row(title if index == 0 else "", inline(line, style))
    return [rows, ""]


def _passages(answer: Answer) -> list[RenderableType]:
    """The passages found that the text does not quote anyway; where they stand, once for each source."""
    untold = [c for c in answer.citations if not (c.start and c.start in answer.text)]
    told_some = len(untold) < len(answer.citations)
    shown = untold[: 2 if told_some else 5]
    lines = [_cited(c) for c in shown]
    for title in dict.fromkeys(_titled(c) for c in shown):
        lines.append(f"*{title}*")
    return _section("More" if told_some else "Said", lines, "default", limit=8)


def _cited(citation: Citation) -> str:
    """A passage: where it stands, then what it says, in two lines or so."""
    where = citation.start or (f"page {citation.page}" if citation.page else citation.locator)
    if citation.start and citation.end:
        where = f"{citation.start}–{citation.end}"
    text = " ".join(citation.text.split())
    text = text if len(text) <= 220 else text[:217].rsplit(" ", 1)[0] + " …"
    return f"**{where}**  {text}" if where else text


def _titled(citation: Citation) -> str:
    year = (citation.as_of or "")[:4]
    return citation.title + (f", {citation.as_of}" if year and year not in citation.title else "")


def sources(runs: Sequence[Any], width: int) -> list[str]:
    """The sources of the facts used: title and date, each once."""
    found: dict[str, None] = {}
    for run in runs:
        for source in run.sources:
            said = source if isinstance(source, Mapping) else source.model_dump()
            title = " ".join(str(said.get("title") or said.get("url") or "").split())
            title = title if len(title) <= 110 else title[:108] + "…"
            dated = f" ({said['as_of']})" if said.get("as_of") else ""
            found[f"{title}{dated}"] = None
    return list(found)


def _foot(answer: Answer, note: str | None) -> RenderableType:
    from rich.text import Text

    bits = [answer.provider + (f" {answer.model}" if answer.model else "")]
    bits.append(f"{answer.elapsed_ms:,.0f} ms" if answer.elapsed_ms >= 1 else "under 1 ms")
    if answer.ledger.checked:
        good = answer.ledger.checked - len(answer.ledger.unsupported)
        bits.append(f"{good} of {answer.ledger.checked} numbers traced")
    if answer.usage.usd:
        bits.append(f"${answer.usage.usd:.4f}")
    if answer.thread:
        bits.append(f"thread {answer.thread}")
    if note:
        bits.append(note)
    return Text(" · ".join(bits), style="dim")


def print_run(run: CalculatorRun, out: Console | None = None) -> None:
    """One run of a calculator."""
    from rich.text import Text

    from tools.sensitivity import sensitivity

    out = out or console()
    out.print("")
    if run.figures:
        for line in headline(run.figures[0], out.width if out.is_terminal else 0):
            out.print(line)
        out.print("")
    if len(run.figures) > 1:
        rows = [[f.name.replace("_", " "), format_quantity(f.value, f.unit)] for f in run.figures[1:16]]
        out.print(grid(["also", ""], rows, {1}))
        out.print("")
    if run.table:
        out.print(table(run.table))
        out.print("")
    if run.formula:
        out.print(Text(run.formula, style="cyan"))
        out.print("")
    drawn = draw(run.chart, min(out.width - 2, 72)) if run.chart else None
    if drawn is not None:
        out.print(drawn)
        out.print("")
    moved = sensitivity(run.tool, run.input)
    if moved is not None:
        out.print(lever_grid(moved))
        out.print("")
    for title, lines, style in (("Assumed", run.assumptions, "dim"), ("Mind", run.warnings, "yellow"),
                                ("Sources", sources([run], out.width), "dim")):  # fmt: skip
        for part in _section(title, lines, style, limit=8):
            out.print(part)


def print_tools(summaries: Mapping[str, str], broken: Mapping[str, str]) -> None:
    """Every calculator in one line each."""
    out = console()
    out.print(
        grid(["calculator", "answers"], [[f"**{name}**", said] for name, said in summaries.items()], set())
    )
    for said in broken.values():
        out.print(f"broken: {said}", style="red", markup=False)


def print_calculator(calculator: Calculator) -> None:
    """What one calculator takes and gives."""
    out = console()
    out.print("")
    out.print(inline(calculator.name, "bold cyan"))
    for block in blocks(calculator.description):
        out.print(block)
    out.print("")
    required = set(calculator.input_schema.get("required", ()))
    properties = calculator.input_schema.get("properties", {})
    rows = [
        [
            f"**{name}**" + (" (needed)" if name in required else ""),
            _measure(p, calculator.fields.get(name, {})),
            _said(p),
        ]
        for name, p in properties.items()
    ]
    out.print(grid(["takes", "unit", ""], rows, set()))
    out.print("")
    results = calculator.output_schema.get("properties", {})
    rows = [
        [f"**{name}**", _measure(results.get(name, {}), extra), _said(results.get(name, {}))]
        for name, extra in calculator.outputs.items()
    ]
    out.print(grid(["gives", "unit", ""], rows, set()))
    if calculator.examples:
        out.print("")
        out.print(inline("for example", "bold"))
        for example in calculator.examples[:4]:
            out.print(inline(f'  rackrate ask "{example.get("question", "")}"', "dim"))


def _measure(schema: Mapping[str, Any], extra: Mapping[str, Any]) -> str:
    if extra.get("unit"):
        return "number" if extra["unit"] == "dimensionless" else str(extra["unit"])
    kind = str(next(iter(_kinds(schema)), ""))
    return str(extra.get("entity") or {"boolean": "yes or no", "string": "word"}.get(kind, kind))


def _kinds(schema: Mapping[str, Any]) -> list[Any]:
    """The types a field takes, null left out."""
    parts = [schema, *(part for part in schema.get("anyOf", ()) if isinstance(part, dict))]
    return [part["type"] for part in parts if part.get("type") not in (None, "null")]


def _said(schema: Mapping[str, Any]) -> str:
    """A field's description, the words it takes and its default."""
    said = str(schema.get("description") or "")
    options = next((part["enum"] for part in (schema, *schema.get("anyOf", ())) if "enum" in part), None)
    if options:
        said += f": {', '.join(str(option) for option in options)}"
    default = schema.get("default")
    return said if default in (None, "", [], {}) else f"{said} (default {default})"
