"""Markdown and plain text: paragraphs, with Markdown headings as locator."""

from __future__ import annotations

import re
from pathlib import Path

from knowledge.document import Document, Segment
from knowledge.loaders.plain import read_text

_HEADING = re.compile(r"^(#{1,6})\s+(.+?)\s*#*\s*$")
_MARKDOWN = frozenset({".md", ".markdown", ".mdx", ".rst", ".txt", ""})


def load(path: Path) -> Document | None:
    """Read any file that is text; None when it is binary."""
    text = read_text(path)
    if text is None:
        return None
    trail: dict[int, str] = {}
    title = ""
    segments: list[Segment] = []
    for block in re.split(r"\n\s*\n", text.replace("\r\n", "\n")):
        lines = []
        for line in block.split("\n"):
            heading = _HEADING.match(line) if path.suffix.lower() in _MARKDOWN else None
            if not heading:
                lines.append(line)
                continue
            _flush(segments, lines, trail)
            lines = []
            level = len(heading[1])
            title = title or heading[2]
            trail = {k: v for k, v in trail.items() if k < level} | {level: heading[2]}
        _flush(segments, lines, trail)
    return Document(title, segments)


def _flush(segments: list[Segment], lines: list[str], trail: dict[int, str]) -> None:
    paragraph = " ".join(" ".join(lines).split())
    if paragraph:
        segments.append(Segment(paragraph, locator=" › ".join(trail[k] for k in sorted(trail))))
