"""What the ledger skips for speed it skips rightly: a gated pattern finds what the pattern finds, sizes rule out no support."""

from __future__ import annotations

import itertools
import re

import pytest
from test_ledger import SETS, answer_in, labelled

from agent import ledger, ledger_masks, ledger_words
from agent.ledger_numbers import find_numbers
from agent.ledger_sought import Sought

SENTENCES = [
    (context, labelled(text).text) for part in SETS.values() for context, texts in part for text in texts
]
GATED = [
    *ledger_masks._HIDDEN,
    *(found for found in vars(ledger_words).values() if isinstance(found, Sought)),
]


@pytest.mark.parametrize(
    ("pattern", "flags", "needs"),
    [
        (r"\b(?:[Ww]eek|[Dd]ay)s? \d+", 0, ("Day", "Week", "day", "week")),
        (r"\d{1,3}\s?nm\b|\d+N", 0, ("N", "nm")),
        (r"(?:half|third)\s(?:of\s)?an?\s(?P<scale>million)", re.IGNORECASE, ("million",)),
        (r"\d+(?= filing| report)", 0, ("filing", "report")),
        (r"(?<!per )(?:GPU)?\d", 0, ()),  # nothing that stands in every match
        (r"(?i:Table)\s\d", 0, ("table",)),
        (r"a+b?", 0, ("a",)),
    ],
)
def test_the_words_a_pattern_needs(pattern: str, flags: int, needs: tuple[str, ...]) -> None:
    assert Sought(pattern, flags).needs == needs


def test_gated_patterns_find_what_the_patterns_find() -> None:
    assert len(SENTENCES) > 500
    assert sum(bool(one.needs) for one in GATED) > 30
    found = 0
    for one, (_, text) in itertools.product(GATED, SENTENCES):
        matches = [m.span() for m in one.pattern.finditer(text)]
        assert [m.span() for m in one.finditer(text)] == matches
        found += len(matches)
    assert found > 500


def test_a_number_ruled_out_by_its_size_supports_nothing() -> None:
    ruled_out = supported = 0
    for context, text in SENTENCES:
        known = [e for stage in ledger._stages(answer_in(context, text), ()) for e in stage]
        for mention in find_numbers(text):
            for reading in (mention, *mention.others):
                least, most = ledger._sizes(reading)
                for evidence in known:
                    may = ledger._may_support(evidence, reading, least, most)
                    supports = ledger._supports(evidence, reading)
                    assert may or not supports, (evidence, reading)
                    ruled_out, supported = ruled_out + (not may), supported + supports
    assert min(ruled_out, supported) > 500
