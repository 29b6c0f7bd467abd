"""Questions through both SDKs against a mocked wire: the same figures as offline, and every behaviour ends as it must."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from agent.answer import Answer
from agent.providers import attempts
from agent.settings import Settings
from evals.cases import EvalCase, load, suite
from evals.mocked import Behaviour, Provider
from evals.run import Outcome, Runner, Way

SHARED = Path(__file__).parents[3] / "shared/claims/questions_public.yaml"
MARKET = [c for c in suite("market") if c.kind == "calculator"]
FEW = MARKET[:8]
MIXED = [c for c in suite("market") if c.kind in ("narrative", "mixed", "refuse")]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("eval") / "home"


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "FIRST_PAUSE_S", 0.02)


async def run(home: Path, cases: list[EvalCase], way: Way, behaviour: Behaviour = "good") -> list[Outcome]:
    runner = Runner(Settings(home=home, provider="offline"), way, behaviour)
    try:
        return await runner.run(cases)
    finally:
        runner.close()


def answers(outcomes: list[Outcome]) -> list[Answer]:
    found = [o.answer for o in outcomes]
    assert all(found), [o.error for o in outcomes if o.answer is None]
    return [a for a in found if a is not None]


def same(offline: list[Outcome], mocked: list[Outcome]) -> list[str]:
    """Cases whose figures, status or headline differ."""
    return [
        a.case
        for a, o, m in zip(offline, answers(offline), answers(mocked), strict=True)
        if (o.status, o.headline, o.figures) != (m.status, m.headline, m.figures)
    ]


@pytest.mark.parametrize("provider", get_args(Provider))
async def test_figures_are_those_of_offline(home: Path, provider: Way) -> None:
    cases = [*MARKET[8:24], *MIXED[::6]]
    mocked = await run(home, cases, provider)
    assert same(await run(home, cases, "offline"), mocked) == []
    refused_at_the_door = {a.usage.output_tokens for a in answers(mocked) if a.status == "refused"}
    assert {a.provider for a in answers(mocked)} == {provider}
    assert all(a.usage.output_tokens for a in answers(mocked) if a.status == "answered")
    assert refused_at_the_door <= {0, 77, 154}


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="the public questions are not here")
@pytest.mark.parametrize("provider", get_args(Provider))
async def test_public_questions_have_the_figures_of_offline(home: Path, provider: Way) -> None:
    cases = load(SHARED)
    assert same(await run(home, cases, "offline"), await run(home, cases, provider)) == []


@pytest.mark.parametrize("behaviour", ["malformed", "truncated", "rate_limited"])
@pytest.mark.parametrize("provider", get_args(Provider))
async def test_a_passing_fault_is_tried_again_and_said(
    home: Path, provider: Way, behaviour: Behaviour
) -> None:
    mocked = await run(home, FEW, provider, behaviour)
    assert same(await run(home, FEW, "offline"), mocked) == []
    for answer in answers(mocked):
        assert answer.provider == provider
        assert any("was tried 2 times" in w for w in answer.warnings)


@pytest.mark.parametrize("behaviour", ["rate_limited_long", "overloaded", "hanging"])
@pytest.mark.parametrize("provider", get_args(Provider))
async def test_a_lasting_fault_fails_over_to_offline_and_says_so(
    home: Path, provider: Way, behaviour: Behaviour
) -> None:
    cases = FEW[:3]
    mocked = await run(home, cases, provider, behaviour)
    assert same(await run(home, cases, "offline"), mocked) == []
    for answer in answers(mocked):
        assert answer.provider == "offline"
        assert any(f"{provider} failed (" in w for w in answer.warnings)
        assert answer.elapsed_ms < 20_000


@pytest.mark.parametrize("provider", get_args(Provider))
async def test_without_a_report_the_figure_stated_is_the_headline(home: Path, provider: Way) -> None:
    mocked = answers(await run(home, FEW, provider, "sloppy"))
    for offline, answer in zip(answers(await run(home, FEW, "offline")), mocked, strict=True):
        assert answer.text.startswith("Sure!")
        assert answer.status == "answered"
        if offline.headline:
            assert answer.headline is not None
            assert answer.headline.name == offline.headline.name


@pytest.mark.parametrize("provider", get_args(Provider))
async def test_a_wrong_number_is_mended_once_then_marked(home: Path, provider: Way) -> None:
    offline = answers(await run(home, FEW, "offline"))
    for right, wrong in zip(offline, answers(await run(home, FEW, provider, "wrong_number")), strict=True):
        if right.text == wrong.text or right.headline is None:
            continue
        assert wrong.ledger.unsupported, wrong.text
        assert any("supports" in w for w in wrong.warnings)
        assert wrong.headline == right.headline


@pytest.mark.parametrize("provider", get_args(Provider))
async def test_conversations_have_the_answers_of_offline(home: Path, provider: Way) -> None:
    """A follow-up's request holds the earlier turns: the script must not take their results for this turn's."""
    cases = suite("conversations")[:4]
    assert same(await run(home, cases, "offline"), await run(home, cases, provider)) == []


async def test_the_whole_suite_is_both_apis_every_behaviour_and_the_faults(home: Path) -> None:
    from evals import faults, mocked_suite
    from evals.mocked import BEHAVIOURS

    cases = [*FEW[:2], *suite("injections")[:2]]
    done: list[None] = []
    settings = Settings(home=home, provider="offline")
    outcomes = await mocked_suite.run(settings, cases, progress=lambda: done.append(None))
    assert len(outcomes) == len(done) == mocked_suite.size(cases, 1)
    assert [o.case for o in outcomes if not o.passed] == []
    assert len({o.case for o in outcomes}) == len(outcomes)
    ways = {o.way for o in outcomes if o.kind == "behaviour"}
    assert ways == {f"{p}, {b}" for p in get_args(Provider) for b in BEHAVIOURS if b != "good"}
    assert sum(o.kind == "fault" for o in outcomes) == len(faults.rows())


def test_a_behaviour_that_nobody_is_told_of_fails(home: Path) -> None:
    from evals.mocked import BEHAVIOURS
    from evals.mocked_suite import told

    quiet = Answer(question="?", status="answered", text="It is 5.", provider="openai")
    assert not any(told(quiet, "openai", b).passed for b in BEHAVIOURS if b != "good")
