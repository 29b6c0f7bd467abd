"""Shared by the knowledge tests: a small corpus of our own, and the documents of ../shared when present."""

from __future__ import annotations

from pathlib import Path

import pytest

from knowledge import KnowledgeBase

REPOSITORY = Path(__file__).resolve().parents[2]
SHARED = REPOSITORY.parent / "shared"
TOPICS = (
    "tides rise where the moon pulls the ocean, twice in a little more than a day",
    "bread dough rests overnight so that yeast can raise it slowly in the cold",
    "a lighthouse keeper trims the lamp and winds the clockwork of the lens",
    "glaciers carry boulders down the valley and leave them in long ridges",
    "bees tell each other of a meadow by a dance upon the comb",
    "a cello is tuned in fifths, an octave below the viola",
)


def transcript(topics: tuple[str, ...] = TOPICS, minutes: int = 6) -> str:
    """A made-up recording: one utterance every ten seconds, one topic a minute."""
    lines = []
    for at in range(0, minutes * 60, 10):
        topic = topics[at // 60 % len(topics)]
        start, end = (f"00:{s // 60:02d}:{s % 60:02d}.000" for s in (at, at + 10))
        lines.append(f"[{start} --> {end}]   {topic} ({at})")
    return "\n".join(lines) + "\n"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def base(home: Path) -> KnowledgeBase:
    return KnowledgeBase(home)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The material beside the repository; tests that use it are marked `shared`."""
    if not SHARED.is_dir():
        pytest.skip("../shared is not here: the source material is not part of the repository")
    return SHARED
