"""Passages: within their limits, nothing lost, times in order."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.chunks import MAX_SECONDS, MAX_TOKENS, approximate_tokens, passages
from knowledge.document import Segment

words = st.lists(st.text("abcdefgh", min_size=1, max_size=12), min_size=1, max_size=60).map(" ".join)
timed = st.lists(st.tuples(words, st.floats(0.5, 90)), min_size=1, max_size=40)
untimed = st.lists(
    st.tuples(words, st.integers(1, 3), st.sampled_from(["", "A", "A › B"])), min_size=1, max_size=40
)


def speech(lines: list[tuple[str, float]]) -> list[Segment]:
    segments, at = [], 0.0
    for text, length in lines:
        segments.append(Segment(text, at, at + length))
        at += length
    return segments


@given(timed)
@settings(max_examples=60, deadline=None)
def test_speech_passages_hold_the_limits_and_lose_no_word(lines: list[tuple[str, float]]) -> None:
    found = passages(speech(lines))
    assert [w for p in found for w in p.text.split()]
    assert {w for text, _ in lines for w in text.split()} == {w for p in found for w in p.text.split()}
    for p in found:
        assert p.start is not None
        assert p.end is not None
        assert approximate_tokens(p.text) <= MAX_TOKENS + 2
        single = max(length for _, length in lines)
        assert p.end - p.start <= max(MAX_SECONDS, single) + 1e-6
    starts = [p.start or 0.0 for p in found]
    assert starts == sorted(starts)


@given(untimed)
@settings(max_examples=60, deadline=None)
def test_text_passages_never_cross_a_page_or_heading(parts: list[tuple[str, int, str]]) -> None:
    segments = [Segment(text, page=page, locator=locator) for text, page, locator in parts]
    for p in passages(segments):
        here = " ".join(s.text for s in segments if (s.page, s.locator) == (p.page, p.locator)).split()
        assert set(p.text.split()) <= set(here)


def test_windows_overlap_by_a_third() -> None:
    found = passages(speech([(f"word{i}", 10.0) for i in range(18)]))
    assert [(p.start, p.end) for p in found] == [(0, 60), (40, 100), (80, 140), (120, 180)]


def test_a_word_without_spaces_is_cut() -> None:
    found = passages([Segment("x" * 20_000)])
    assert len(found) > 1
    assert sum(len(p.text.replace(" ", "")) for p in found) >= 20_000
