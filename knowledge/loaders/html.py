"""HTML by heading: the headings above a paragraph are its locator."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from knowledge.document import Document, Segment
from knowledge.loaders.plain import read_text

if TYPE_CHECKING:
    from bs4 import BeautifulSoup

_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_BLOCKS = ("p", "li", "pre", "blockquote", "td", "th", "dt", "dd", "figcaption")
_NOISE = ("script", "style", "noscript", "template", "nav", "svg", "form", "footer", "aside")


def load(path: Path) -> Document | None:
    """Read an HTML page; ValueError when it holds no text."""
    named = path.suffix.lower() in {".html", ".htm", ".xhtml"}
    if not named and path.suffix:
        return None
    text = read_text(path)
    if text is None:
        if named:
            raise ValueError("binary content")
        return None
    head = text[:512].lstrip().lower()
    if not named and not head.startswith(("<!doctype html", "<html")):
        return None
    from bs4 import BeautifulSoup  # 0.1 s, needed for HTML only

    soup = BeautifulSoup(text, "html.parser")
    for tag in soup(list(_NOISE)):
        tag.decompose()
    title = soup.title.get_text(" ", strip=True) if soup.title else ""
    return Document(title, _segments(soup))


def _segments(soup: BeautifulSoup) -> list[Segment]:
    trail: dict[int, str] = {}
    segments: list[Segment] = []
    for tag in soup.find_all([*_HEADINGS, *_BLOCKS]):
        text = " ".join(tag.get_text(" ", strip=True).split())
        if not text:
            continue
        if tag.name in _HEADINGS:
            level = int(tag.name[1])
            trail = {k: v for k, v in trail.items() if k < level} | {level: text}
        elif not tag.find(list(_BLOCKS)):  # only the innermost block, so that nothing is read twice
            segments.append(Segment(text, locator=" › ".join(trail[k] for k in sorted(trail))))
    if not segments:
        body = " ".join((soup.body or soup).get_text(" ", strip=True).split())
        segments = [Segment(body)] if body else []
    return segments
