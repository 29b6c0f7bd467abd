"""What a loader returns: a document as a list of segments, each with its place.

Typing is structural, so that a loader plugin need not import this project: any object with these attributes
will do. A loader is ``load(path) -> document | None``, where None means "not a format of mine", and a
`ValueError` with one readable sentence means "mine, but broken".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


class SegmentLike(Protocol):
    """A line, paragraph or page part. `start`/`end` are seconds; `page` is 1-based; `locator` a heading."""

    @property
    def text(self) -> str: ...
    @property
    def start(self) -> float | None: ...
    @property
    def end(self) -> float | None: ...
    @property
    def page(self) -> int | None: ...
    @property
    def locator(self) -> str: ...


class DocumentLike(Protocol):
    """A title (may be empty: the file name is then used) and the segments in reading order."""

    @property
    def title(self) -> str: ...
    @property
    def segments(self) -> Sequence[SegmentLike]: ...


class Loader(Protocol):
    """The entry point of the group ``rackrate.loaders``."""

    def __call__(self, path: Path, /) -> DocumentLike | None: ...


@dataclass(frozen=True, slots=True)
class Segment:
    """The segment that the built-in loaders make."""

    text: str
    start: float | None = None
    end: float | None = None
    page: int | None = None
    locator: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """The document that the built-in loaders make."""

    title: str = ""
    segments: list[Segment] = field(default_factory=list)
