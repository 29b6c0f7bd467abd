"""Subtitles: SubRip (.srt) and WebVTT (.vtt)."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

from knowledge.document import Document, Segment
from knowledge.loaders.plain import read_text, seconds

_STAMP = r"((?:\d{1,3}:)?\d{1,2}:\d{2}[.,]\d{1,3})"
_CUE = re.compile(rf"^\s*{_STAMP}\s*-->\s*{_STAMP}")
_TAG = re.compile(r"<[^>]*>|\{\\[^}]*\}")


def load(path: Path) -> Document | None:
    """Read an .srt or .vtt file, or a text file that opens like one; ValueError when it holds no cue."""
    named = path.suffix.lower() in {".srt", ".vtt"}
    if not named and path.suffix.lower() not in {"", ".txt"}:
        return None
    text = read_text(path)
    if text is None:
        if named:
            raise ValueError("binary content")
        return None
    lines = text.splitlines()
    if not named and not (text.startswith("WEBVTT") or any(_CUE.match(line) for line in lines[:3])):
        return None
    segments = _segments(lines)
    if not segments:
        raise ValueError("no cue with a time stamp")
    return Document(segments=segments)


def _segments(lines: list[str]) -> list[Segment]:
    segments: list[Segment] = []
    cue: tuple[float, float] | None = None
    words: list[str] = []
    for line in [*lines, ""]:
        match = _CUE.match(line)
        if match:
            cue, words = (seconds(match[1]), seconds(match[2])), []
        elif line.strip() and cue:
            words.append(unescape(_TAG.sub("", line)).strip())
        elif cue:
            _append(segments, " ".join(w for w in words if w), *cue)
            cue = None
    return segments


def _append(segments: list[Segment], text: str, start: float, end: float) -> None:
    """Add a cue; rolling captions repeat the line before, which is dropped."""
    if segments and text and text.startswith(segments[-1].text):
        text = text[len(segments[-1].text) :].strip()
    if text:
        segments.append(Segment(text, start, max(start, end)))
