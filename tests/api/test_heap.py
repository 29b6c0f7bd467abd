"""A process that only serves leaves what it has loaded out of its collections; one that does more is left alone."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.settings import Settings
from api.http.app import create_app
from api.http.service import worked_questions


@pytest.fixture(autouse=True)
def collector() -> Iterator[None]:
    before = gc.get_threshold()
    gc.unfreeze()  # a batch answered in this process has settled its heap
    gc.set_threshold(700, 10, 10)
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


@pytest.mark.parametrize("alone", [True, False])
def test_what_a_warm_worker_has_loaded_is_looked_through_no_more(tmp_path: Path, alone: bool) -> None:
    before = gc.get_threshold()
    app = create_app(Settings(home=tmp_path, provider="offline"), alone=alone)

    async def started() -> tuple[int, tuple[int, int, int]]:
        async with app.router.lifespan_context(app):
            return gc.get_freeze_count(), gc.get_threshold()

    frozen, threshold = asyncio.run(started())
    assert (frozen > 100_000) is alone
    assert (threshold != before) is alone


def test_a_worker_rehearses_a_question_of_every_calculator() -> None:
    questions = worked_questions()
    assert len(questions) >= 25
    assert len(set(questions)) == len(questions)
