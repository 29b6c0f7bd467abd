"""The fault table (evals/faults.py), row by row: through the real SDKs and the whole graph.

`rackrate eval --way mocked` runs the same rows and prints how long each took; so does `pytest -s` here.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from agent.graph import Agent
from agent.providers import attempts
from agent.settings import Settings
from evals import faults
from evals.faults import Fault
from evals.mocked import Provider

ROWS = faults.rows()
NAMED_BY_THE_ISSUE = 14


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    agent = Agent(Settings(home=tmp_path_factory.mktemp("faults") / "home", provider="offline"))
    agent.warm()
    yield agent
    agent.close()


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "FIRST_PAUSE_S", 0.01)


TABLE: list[str] = []


@pytest.fixture(scope="module", autouse=True)
def _table() -> Iterator[None]:
    yield
    print("\n" + "\n".join(TABLE))


@pytest.mark.parametrize(("fault", "provider"), ROWS, ids=[f"{p}: {f.name}" for f, p in ROWS])
async def test_fault_ends_in_an_answer_that_says_so(base: Agent, fault: Fault, provider: Provider) -> None:
    seen = await faults.run(fault, provider, base, base.models[0])
    TABLE.append(f"{seen.seconds:8.2f} s  {provider}: {fault.name}")
    assert faults.complaint(fault, seen) is None


def test_a_row_can_fail(base: Agent) -> None:
    """The checks are no formality: an answer that says nothing of the fault is complained of."""
    answer = base.ask_now(faults.QUESTION)
    for fault in faults.FAULTS:
        if fault.name != "wrong number, mended":
            assert faults.complaint(fault, faults.Seen(answer, "openai", 9, 0.1)), fault.name
    slow = faults.Seen(answer, "openai", 1, faults.DEADLINE_S + 1)
    assert "took" in (faults.complaint(faults.FAULTS[0], slow) or "")


def test_every_fault_of_the_list_is_there() -> None:
    asked = [
        "429 with Retry-After 120", "529", "error event in mid-stream", "truncated stream", "truncated tool JSON",
        "tool input is", "unknown tool", "20 parallel calls", "endless tool loop", "hang", "DNS failure", "invalid key",
        "wrong number", "a passage it never saw",
    ]  # fmt: skip
    assert len(asked) == NAMED_BY_THE_ISSUE
    for words in asked:
        assert any(words in fault.name for fault in faults.FAULTS), words
