"""Speech transcripts: one ``[00:00:00.000 --> 00:00:01.900] text`` line for each utterance."""

from __future__ import annotations

import re
from pathlib import Path

from knowledge.document import Document, Segment
from knowledge.loaders.plain import read_text, seconds

_STAMP = r"(\d{1,3}:\d{2}(?::\d{2})?(?:[.,]\d{1,3})?)"
_LINE = re.compile(rf"^\s*\[{_STAMP}\s*-->\s*{_STAMP}\]\s*(.*)$")


def load(path: Path) -> Document | None:
    """Read a time-stamped transcript; None when fewer than half of the first lines carry a stamp."""
    if path.suffix.lower() not in {"", ".txt", ".text", ".log", ".md", ".transcript"}:
        return None
    text = read_text(path)
    if text is None:
        return None
    lines = [line for line in text.splitlines() if line.strip()]
    first = lines[:20]
    if not first or sum(bool(_LINE.match(line)) for line in first) * 2 < len(first):
        return None
    return Document(segments=_segments(lines))


def _segments(lines: list[str]) -> list[Segment]:
    segments: list[Segment] = []
    for line in lines:
        match = _LINE.match(line)
        if match:
            start, end = seconds(match[1]), seconds(match[2])
            segments.append(Segment(match[3].strip(), start, max(start, end)))
        elif segments:  # a wrapped line belongs to the utterance above it
            last = segments[-1]
            segments[-1] = Segment(f"{last.text} {line.strip()}", last.start, last.end)
    return segments
