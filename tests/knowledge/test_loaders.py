"""Each loader on a file made here; what is broken says so in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from knowledge import SourceError
from knowledge.loaders import load_document, names

SRT = "1\n00:00:01,000 --> 00:00:04,500\nFirst <i>line</i>\nwrapped\n\n2\n00:00:05,000 --> 00:00:06,000\nSecond\n"
VTT = "WEBVTT\n\nNOTE a remark\n\n01:05.000 --> 01:07.250 align:start\nShort stamps &amp; entities\n"
HTML = (
    "<!doctype html><html><head><title>Chip notes</title><style>p{}</style></head><body><nav>menu</nav>"
    "<h1>Memory</h1><p>Above.</p><h2>HBM</h2><ul><li>Stacked dies</li></ul><h2>DDR</h2><p>Cheap.</p></body></html>"
)


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def pdf(pages: list[str]) -> bytes:
    """A minimal PDF with one line of text a page."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", ""]
    kids = []
    for text in pages:
        stream = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET"
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
        font = "<< /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >>"
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font {font} >> "
            f"/Contents {len(objects)} 0 R >>"
        )
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    body, offsets = "%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += f"{number} 0 obj\n{content}\nendobj\n"
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    return (
        f"{body}xref\n0 {size}\n0000000000 65535 f \n{table}trailer << /Size {size} /Root 1 0 R >>\n"
        f"startxref\n{len(body)}\n%%EOF\n"
    ).encode()


def test_builtin_loaders_are_entry_points_and_text_is_asked_last() -> None:
    assert {"transcript", "subtitles", "pdf", "html", "text"} <= set(names())
    assert names()[-1] == "text"


def test_transcript_lines_carry_their_times(tmp_path: Path) -> None:
    path = write(
        tmp_path, "t.txt", "[00:00:00.000 --> 00:00:01.900]   hello\nwrapped\n[1:02:03.5 --> 1:02:04.0] bye\n"
    )
    name, document = load_document(path)
    assert name == "transcript"
    assert [(s.text, s.start, s.end) for s in document.segments] == [
        ("hello wrapped", 0.0, 1.9),
        ("bye", 3723.5, 3724.0),
    ]


def test_srt_joins_lines_and_drops_tags(tmp_path: Path) -> None:
    name, document = load_document(write(tmp_path, "a.srt", SRT))
    assert name == "subtitles"
    assert [(s.text, s.start, s.end) for s in document.segments] == [
        ("First line wrapped", 1.0, 4.5),
        ("Second", 5.0, 6.0),
    ]


def test_vtt_reads_short_stamps_and_skips_notes(tmp_path: Path) -> None:
    _, document = load_document(write(tmp_path, "a.vtt", VTT))
    assert [(s.text, s.start, s.end) for s in document.segments] == [("Short stamps & entities", 65.0, 67.25)]


def test_rolling_captions_are_not_doubled(tmp_path: Path) -> None:
    cues = "WEBVTT\n\n00:01.000 --> 00:02.000\none two\n\n00:02.000 --> 00:03.000\none two three\n"
    _, document = load_document(write(tmp_path, "roll.vtt", cues))
    assert " ".join(s.text for s in document.segments) == "one two three"


def test_html_keeps_headings_as_locator_and_drops_menus(tmp_path: Path) -> None:
    name, document = load_document(write(tmp_path, "a.html", HTML))
    assert (name, document.title) == ("html", "Chip notes")
    assert [(s.text, s.locator) for s in document.segments] == [
        ("Above.", "Memory"),
        ("Stacked dies", "Memory › HBM"),
        ("Cheap.", "Memory › DDR"),
    ]


def test_markdown_headings_become_locators(tmp_path: Path) -> None:
    name, document = load_document(write(tmp_path, "a.md", "# Top\n\nIntro\nline\n\n## Part\nBody\n"))
    assert (name, document.title) == ("text", "Top")
    assert [(s.text, s.locator) for s in document.segments] == [("Intro line", "Top"), ("Body", "Top › Part")]


def test_pdf_keeps_pages(tmp_path: Path) -> None:
    name, document = load_document(write(tmp_path, "a.pdf", pdf(["First page", "Second page"])))
    assert name == "pdf"
    assert [(s.text, s.page) for s in document.segments] == [("First page", 1), ("Second page", 2)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_text_encodings(tmp_path: Path, encoding: str) -> None:
    _, document = load_document(write(tmp_path, "e.txt", "Größe und Preis über alles".encode(encoding)))
    assert document.segments[0].text == "Größe und Preis über alles"


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("broken.pdf", b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog", "broken PDF"),
        ("fake.pdf", b"hello", "does not start"),
        ("empty.txt", b"", "empty"),
        ("blank.txt", b"  \n \n", "found none"),
        ("noise.bin", bytes(range(256)) * 40, "binary"),
        ("packed.dat", bytes((i * 97 + 131) % 255 + 1 for i in range(5000)), "binary"),
        ("scan.pdf", pdf([""]), "no text"),
        ("no.srt", b"just words\n", "no cue"),
    ],
)
def test_what_cannot_be_read_says_why_in_one_line(
    tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    with pytest.raises(SourceError, match=says) as caught:
        load_document(write(tmp_path, name, content)) if content else _check(write(tmp_path, name, content))
    assert "\n" not in str(caught.value)
    assert name in str(caught.value)


def _check(path: Path) -> None:
    from knowledge.loaders import check_file

    check_file(path)


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.txt"
    with path.open("wb") as file:
        file.truncate(65 * 2**20)
    with pytest.raises(SourceError, match="64 MiB"):
        _check(path)


def test_truncated_pdfs_never_raise_anything_else(tmp_path: Path) -> None:
    whole = pdf(["Some text here", "More"])
    lines = []
    for cut in range(10, len(whole), 23):
        try:
            load_document(write(tmp_path, "cut.pdf", whole[:cut]))
        except SourceError as error:
            lines.append(str(error))
    assert lines
    assert not any("\n" in line for line in lines)


PLUGIN = """
class Part:
    start = end = page = None
    def __init__(self, text): self.text, self.locator = text, "slide 1"
class Deck:
    title = "A deck"
    segments = [Part("Whales sing.")]
def load(path):
    return Deck() if path.suffix == ".deck" else None
"""


def test_a_plugin_loads_without_importing_this_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A third-party loader, and one that is broken, found by entry point."""
    from knowledge import loaders

    (tmp_path / "deck_plugin.py").write_text(PLUGIN)
    information = tmp_path / "deck_plugin-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: deck-plugin\nVersion: 1.0\n")
    entries = "[rackrate.loaders]\ndeck = deck_plugin:load\nruined = deck_plugin:absent\n"
    (information / "entry_points.txt").write_text(entries)
    monkeypatch.syspath_prepend(tmp_path)
    loaders._loaders.cache_clear()
    try:
        name, document = load_document(write(tmp_path, "talk.deck", b"\x00binary"))
        assert (name, document.title, document.segments[0].text) == ("deck", "A deck", "Whales sing.")
        assert "absent" in loaders.broken()["ruined"]
        assert load_document(write(tmp_path, "a.txt", "words"))[0] == "text"
    finally:
        loaders._loaders.cache_clear()
