"""Shared by the knowledge tests: a data folder, and the documents of ../shared when present."""

from __future__ import annotations

from pathlib import Path

import pytest

from knowledge import KnowledgeBase

REPOSITORY = Path(__file__).resolve().parents[2]
SHARED = REPOSITORY.parent / "shared"


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
