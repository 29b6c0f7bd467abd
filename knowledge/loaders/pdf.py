"""PDF by page, with pypdf."""

from __future__ import annotations

import logging
import re
from pathlib import Path

from knowledge.document import Document, Segment

_HYPHEN = re.compile(r"(\w)-\n(\w)")


def load(path: Path) -> Document | None:
    """Read a PDF; pages are 1-based. ValueError when it is broken, encrypted or holds no text."""
    with path.open("rb") as file:
        head = file.read(1024)
    if b"%PDF-" not in head:
        if path.suffix.lower() == ".pdf":
            raise ValueError("it does not start as a PDF does")
        return None
    from pypdf import PdfReader  # 0.3 s, needed for PDF only
    from pypdf.errors import PyPdfError

    logging.getLogger("pypdf").setLevel(logging.ERROR)  # its warnings would reach the terminal
    try:
        reader = PdfReader(path)
        if reader.is_encrypted and not reader.decrypt(""):
            raise ValueError("it is encrypted")
        pages = [_clean(page.extract_text() or "") for page in reader.pages]
        title = str((reader.metadata and reader.metadata.title) or "")
    except (PyPdfError, KeyError, TypeError, AttributeError, RecursionError, IndexError) as error:
        raise ValueError(f"broken PDF: {error}") from error
    segments = [
        Segment(paragraph, page=number)
        for number, text in enumerate(pages, 1)
        for paragraph in text.split("\n\n")
        if paragraph.strip()
    ]
    if not segments:
        raise ValueError("no text in it; a scan needs text recognition first")
    return Document(title.strip(), segments)


def _clean(text: str) -> str:
    """Undo hyphenation at line ends and join lines, keeping blank lines as paragraph marks."""
    text = _HYPHEN.sub(r"\1\2", text.replace("\x00", ""))
    return "\n\n".join(" ".join(part.split()) for part in re.split(r"\n\s*\n", text))
