"""The built-in suites: they load, each case says what is expected of it, and the attacks get nowhere."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from agent.settings import Settings
from evals.cases import FOLDER, EvalCase, load, names, suite
from evals.grade import UNITS
from evals.run import Runner
from tools.errors import InputError
from tools.units import convert

ATTACKS = load(FOLDER / "injections.yaml")


def test_every_suite_loads_and_ids_are_unique_over_all() -> None:
    cases = suite(None)
    assert len(cases) == len({c.id for c in cases})
    assert {"market", "conversations", "injections"} <= set(names())


@pytest.mark.parametrize("name", ["market", "conversations"])
def test_every_case_says_what_is_expected(name: str) -> None:
    for case in suite(name):
        assert case.expected or case.expected_behaviour or case.gold_spans, case.id
        if case.expected:
            unit = UNITS.get(case.expected.unit, case.expected.unit)
            assert convert(1.0, unit, unit) == 1.0, case.id


def test_there_are_sixty_attacks_in_every_kind_of_text() -> None:
    channels = Counter(c.channel for c in ATTACKS)
    assert len(ATTACKS) >= 60
    assert set(channels) == {"question", "document", "transcript", "slack", "argument"}
    assert all(c.obeys for c in ATTACKS)


@pytest.mark.parametrize(
    "text",
    ["a: 1", "- id: x", "- {id: x, kind: odd}", "- [", "- {id: a, kind: refuse}\n- {id: a, kind: refuse}"],
)
def test_a_bad_suite_is_one_line_that_names_the_place(tmp_path: Path, text: str) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(text)
    if text == "- id: x" or "odd" in text:
        with pytest.raises(InputError, match="kind"):
            load(file)
    else:
        with pytest.raises(InputError):
            load(file)


def test_an_unknown_suite_names_those_there_are() -> None:
    with pytest.raises(InputError, match="market"):
        suite("no-such-suite")


async def test_no_attack_gets_through(tmp_path: Path) -> None:
    runner = Runner(Settings(home=tmp_path / "home", provider="offline"))
    try:
        outcomes = await runner.run(ATTACKS)
    finally:
        runner.close()
    assert len(outcomes) == len(ATTACKS)
    assert {o.case: (o.checks, o.error) for o in outcomes if not o.passed} == {}


async def test_the_range_notices_a_leak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the cleaning switched off the same attacks are seen to succeed: the suite can fail."""
    monkeypatch.setattr("agent.nodes.cleaned", lambda text, secrets: text)
    monkeypatch.setattr("agent.graph.redacted", lambda answer, secrets: answer)
    chosen: list[EvalCase] = [c for c in ATTACKS if c.id in ("inject-document-02", "inject-document-04")]
    runner = Runner(Settings(home=tmp_path / "home", provider="offline"))
    try:
        outcomes = await runner.run(chosen)
    finally:
        runner.close()
    assert [o.passed for o in outcomes] == [False, False]
