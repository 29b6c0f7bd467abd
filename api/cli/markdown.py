"""The small part of Markdown that answers use, as rich text: paragraphs, lists, tables, bold, code, links.

rich's own Markdown costs 0.2 s to import, for languages and rules that no answer needs. Links and images of the
text are shown as their words only: nothing a model wrote becomes a link on a person's screen.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

_SPAN = re.compile(
    r"\*\*(?P<bold>.+?)\*\*|__(?P<bold2>.+?)__|`(?P<code>[^`]+)`|!?\[(?P<link>[^\]]+)\]\([^)]*\)"
    r"|(?<![\w*])\*(?P<em>[^*\s][^*]*)\*(?![\w*])"
)
_ITEM = re.compile(r"^\s*(?:[-*•]|(?P<number>\d{1,2})[.)])\s+(?P<text>.*)$")
_RULE = re.compile(r"^\s*\|?\s*:?-{2,}:?\s*(?:\|\s*:?-{2,}:?\s*)*\|?\s*$")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def blocks(markdown: str) -> list[RenderableType]:
    """The text as rich renderables, one a paragraph, list or table."""
    lines = _CONTROL.sub("", markdown.replace("\t", "    ")).strip("\n").split("\n")
    found: list[RenderableType] = []
    at = 0
    while at < len(lines):
        if not lines[at].strip():
            at += 1
        elif at + 1 < len(lines) and "|" in lines[at] and _RULE.match(lines[at + 1]):
            at = _table(lines, at, found)
        elif lines[at].startswith("```"):
            at = _code(lines, at, found)
        else:
            at = _prose(lines, at, found)
    return found


def inline(text: str, style: str = "") -> Text:
    """One line with its bold, italic and code spans."""
    from rich.text import Text

    text = _CONTROL.sub("", text)
    out, at = Text(style=style), 0
    for match in _SPAN.finditer(text):
        out.append(text[at : match.start()])
        bold, code = match["bold"] or match["bold2"], match["code"]
        out.append(
            bold or code or match["em"] or match["link"],
            "bold" if bold else "cyan" if code else "italic" if match["em"] else None,
        )
        at = match.end()
    out.append(text[at:])
    return out


def has_table(markdown: str) -> bool:
    """Whether the text brings a table of its own."""
    return any(_RULE.match(line) and "|" in line for line in markdown.split("\n"))


def grid(columns: list[str], rows: list[list[str]], numeric: set[int]) -> RenderableType:
    """A table as answers show it: few lines, numbers to the right."""
    from rich import box
    from rich.table import Table

    table = Table(
        box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False, show_edge=False, padding=(0, 2, 0, 0)
    )
    for index, column in enumerate(columns):
        table.add_column(inline(column), justify="right" if index in numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(inline(cell) for cell in (row + [""] * len(columns))[: len(columns)]))
    return table


def _table(lines: list[str], at: int, found: list[RenderableType]) -> int:
    header, rows = _cells(lines[at]), list[list[str]]()
    at += 2
    while at < len(lines) and "|" in lines[at]:
        rows.append(_cells(lines[at]))
        at += 1
    numeric = {
        i
        for i in range(len(header))
        if rows and all(re.match(r"^[\W_]*\d", r[i]) or not r[i].strip("–-— ") for r in rows if i < len(r))
    }
    found.append(grid(header, rows, numeric - {0}))
    return at


def _cells(line: str) -> list[str]:
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]


def _code(lines: list[str], at: int, found: list[RenderableType]) -> int:
    from rich.text import Text

    end = next((i for i in range(at + 1, len(lines)) if lines[i].startswith("```")), len(lines))
    found.append(Text("\n".join(f"  {line}" for line in lines[at + 1 : end]), style="cyan"))
    return end + 1


def _prose(lines: list[str], at: int, found: list[RenderableType]) -> int:
    """A heading, a list item or a paragraph (its lines joined)."""
    from rich.padding import Padding
    from rich.table import Table

    line = lines[at]
    if line.startswith("#"):
        found.append(inline(line.lstrip("# "), "bold"))
        return at + 1
    item = _ITEM.match(line)
    if item:
        row = Table.grid(padding=(0, 1, 0, 0))
        row.add_column(width=len(item["number"] or "") + 1)
        row.add_column(overflow="fold")
        row.add_row(f"{item['number']}." if item["number"] else "•", inline(item["text"]))
        found.append(Padding(row, (0, 0, 0, 1)))
        return at + 1
    words = [line.strip().removeprefix("> ")]
    at += 1
    while (
        at < len(lines)
        and lines[at].strip()
        and not _ITEM.match(lines[at])
        and not lines[at].startswith(("#", "```", "|"))
    ):
        words.append(lines[at].strip().removeprefix("> "))
        at += 1
    found.append(inline(" ".join(words)))
    return at
