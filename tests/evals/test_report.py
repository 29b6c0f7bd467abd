"""The gate: what was broken against a baseline, and files that are none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evals import report as reports
from evals.run import Outcome
from tools.errors import InputError

BASELINE = Path(__file__).parents[2] / "evals/baseline.json"


def made(**passed: bool) -> reports.Report:
    outcomes = [
        Outcome(case=c, kind="calculator", way="offline", question="?", passed=p) for c, p in passed.items()
    ]
    return reports.make(outcomes, way="offline", behaviour="good", seconds=1.0)


def test_a_case_that_passed_and_fails_now_is_broken() -> None:
    change = reports.compare(made(a=False, b=True, c=False, d=True), {"a": True, "b": False, "c": False})
    assert (change.broken, change.mended, change.new) == (["a"], ["b"], ["d"])


def test_a_report_and_a_baseline_are_both_read(tmp_path: Path) -> None:
    whole, small = tmp_path / "r.json", tmp_path / "b.json"
    whole.write_text(made(a=True).model_dump_json())
    small.write_text(json.dumps({"a": True}))
    assert reports.read(whole) == reports.read(small) == {"a": True}


@pytest.mark.parametrize("text", ["", "[]", '{"a": "yes"}', "{"])
def test_what_is_neither_is_one_line(tmp_path: Path, text: str) -> None:
    file = tmp_path / "x.json"
    file.write_text(text)
    with pytest.raises(InputError, match="baseline"):
        reports.read(file)
    with pytest.raises(InputError, match="baseline"):
        reports.read(tmp_path / "absent.json")


def test_the_committed_baseline_knows_every_case_of_the_suites() -> None:
    from evals.cases import suite

    before = reports.read(BASELINE)
    assert set(before) == {case.id for case in suite(None)}
    assert all(ok for case, ok in before.items() if case.startswith("inject-"))


def test_the_page_shows_steps_faults_and_changes_and_runs_nothing() -> None:
    from agent.answer import Answer, ToolResult
    from evals.page import page

    call = ToolResult(tool="margin", input={"x": "<script>alert(1)</script>"}, formula="1 - 0.3 = 0.7")
    answer = Answer(
        question="?",
        status="answered",
        text="It is **70 %**.",
        tool_calls=[call],
        warnings=["mind"],
        provider="offline",
    )
    outcomes = [
        Outcome(
            case="a",
            kind="calculator",
            way="offline",
            question="what & why",
            passed=False,
            checks={"number": (False, "0.7, expected 0.9")},
            answer=answer,
        ),
        Outcome(
            case="hang (openai)",
            kind="fault",
            way="openai",
            question="?",
            passed=True,
            checks={"fault": (True, "1 request")},
            elapsed_ms=540,
        ),
    ]
    report = reports.make(outcomes, way="mocked", behaviour="good", seconds=1.0)
    shown = page(report, reports.compare(report, {"a": True}))
    for words in (
        "1 of 2",
        "1 - 0.3 = 0.7",
        "0.7, expected 0.9",
        "mind",
        "what &amp; why",
        "0.54 s",
        "1 broken (a)",
    ):
        assert words in shown
    assert "<script" not in shown
