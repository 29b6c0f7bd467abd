"""A citation: the passage that supports a sentence, to the minute or the page."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Citation(BaseModel):
    """Where something was said. `start`/`end` are `HH:MM:SS` for audio, `page` is 1-based for paged text."""

    model_config = ConfigDict(extra="forbid")
    source: str
    title: str
    start: str | None = None
    end: str | None = None
    page: int | None = None
    locator: str = ""
    claim_id: str | None = None
    text: str
    as_of: str | None = None
    score: float = 0.0
    speaker: str | None = None
