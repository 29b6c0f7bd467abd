"""Reading a file as text: what every text-like loader shares."""

from __future__ import annotations

from pathlib import Path

# Control characters that no text file holds; tab, line feed, form feed and carriage return are fine.
_BINARY = frozenset(range(32)) - {9, 10, 12, 13, 27}


def read_text(path: Path) -> str | None:
    """The text of a file, or None when it is binary. UTF-8, UTF-16 with a mark, else Windows-1252."""
    raw = path.read_bytes()
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return raw.decode("utf-16")
        except UnicodeDecodeError:
            return None
    head = raw[:65536]
    if b"\0" in head or sum(byte in _BINARY for byte in head) > len(head) // 100:
        return None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    # Legacy text is mostly ASCII; a compressed file that holds no zero byte is not.
    if sum(byte > 127 for byte in head) > len(head) // 4:
        return None
    return raw.decode("cp1252", errors="replace")


def seconds(stamp: str) -> float:
    """``HH:MM:SS.mmm``, ``MM:SS,mmm`` or ``SS`` as seconds."""
    total = 0.0
    for part in stamp.replace(",", ".").split(":"):
        total = total * 60 + float(part)
    return total
