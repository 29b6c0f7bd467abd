"""The number ledger against sentences labelled by hand, and against each form a number takes."""

from __future__ import annotations

import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from agent.answer import Answer, ToolResult
from agent.ledger import check, names_in, open_mentions
from agent.ledger_numbers import Mention, find_numbers
from knowledge.citation import Citation
from tools.contract import Figure

HERE = Path(__file__).parent
PARTS = ("first", "later", "third", "tune", "held", "last", "final", "plain", "again")


def labelled_sets() -> dict[str, list[tuple[dict[str, Any], list[str]]]]:
    """Part → (context, marked sentences): the first sets by the prefix of their names, the fresh ones by their part."""
    old = yaml.safe_load((HERE / "ledger_cases.yaml").read_text(encoding="utf-8"))
    fresh = yaml.safe_load((HERE / "ledger_fresh.yaml").read_text(encoding="utf-8"))
    sets: dict[str, list[tuple[dict[str, Any], list[str]]]] = {part: [] for part in PARTS}
    for name, texts in old["cases"].items():
        part = name.split("_")[0] if "_" in name else "first"
        sets[part].append((old["contexts"][name.split("_")[-1]], texts))
    for part, groups in fresh["cases"].items():
        sets[part] += [(fresh["contexts"][name], texts) for name, texts in groups.items()]
    return sets


SETS = labelled_sets()
MARKED = re.compile(r"<(?P<good>[^<>]+)>|\{(?P<bad>[^{}]+)\}")


@dataclass
class Labelled:
    """One sentence, its marks taken out: spans that are supported, spans that are not."""

    text: str
    good: list[tuple[int, int]]
    bad: list[tuple[int, int]]


def labelled(marked: str) -> Labelled:
    out, at, good, bad = "", 0, list[tuple[int, int]](), list[tuple[int, int]]()
    for match in MARKED.finditer(marked):
        out += marked[at : match.start()]
        inner = match["good"] or match["bad"]
        (good if match["good"] else bad).append((len(out), len(out) + len(inner)))
        out, at = out + inner, match.end()
    return Labelled(out + marked[at:], good, bad)


def answer_in(context: dict[str, Any], text: str) -> Answer:
    figures = [
        Figure(**dict(zip(("name", "value", "unit", "low", "high"), f, strict=False)))
        for f in context.get("figures", ())
    ]
    run = ToolResult(
        tool=context.get("tool", "none"),
        input=context.get("input", {}),
        figures=figures,
        formula=context.get("formula", ""),
        assumptions=context.get("assumptions", []),
    )
    cited = [
        Citation(source="talk", title="Talk", start="00:01:00", text=t) for t in context.get("citations", ())
    ]
    return Answer(
        question=context["question"],
        status="answered",
        text=text,
        tool_calls=[run] if figures else [],
        citations=cited,
        provider="test",
    )


def touches(mention: Mention, spans: list[tuple[int, int]]) -> bool:
    return any(mention.start < end and start < mention.end for start, end in spans)


def sentences(part: str | None = None) -> int:
    """How many sentences a part (or the whole) has."""
    return sum(len(texts) for name in PARTS if part in (None, name) for _, texts in SETS[name])


def outcomes(part: str | None = None) -> list[tuple[str, Labelled, list[Mention], list[Mention]]]:
    """Every case of a part (or of the whole): its marked text, labels, what was found and what was flagged."""
    rows = []
    for context, texts in (group for name in PARTS if part in (None, name) for group in SETS[name]):
        for marked in texts:
            case = labelled(marked)
            answer = answer_in(context, case.text)
            found = find_numbers(case.text, names_in(answer.tool_calls))
            rows.append((marked, case, found, open_mentions(found, answer)))
    return rows


def scores(part: str | None = None) -> tuple[dict[str, float], list[str]]:
    """Precision and recall of finding numbers and of flagging unsupported ones, and every miss."""
    hit = stray = missed = right = false = silent = 0
    misses: list[str] = []
    rows = outcomes(part)
    for marked, case, found, flagged in rows:
        spans = case.good + case.bad
        for mention in found:
            inside = touches(mention, spans)
            hit, stray = hit + inside, stray + (not inside)
            if not inside:
                misses.append(f"no quantity, but found: {mention.text!r} in {marked!r}")
        for start, end in spans:
            if not any(touches(m, [(start, end)]) for m in found):
                missed += 1
                misses.append(f"not found: {case.text[start:end]!r} in {marked!r}")
        for mention in flagged:
            wrong = touches(mention, case.bad)
            right, false = right + wrong, false + (not wrong)
            if not wrong:
                misses.append(f"supported, but flagged: {mention.text!r} in {marked!r}")
        for span in case.bad:
            if not any(touches(m, [span]) for m in flagged):
                silent += 1
                misses.append(f"unsupported, but passed: {case.text[span[0] : span[1]]!r} in {marked!r}")
    rates = {
        "found_precision": hit / (hit + stray),
        "found_recall": 1 - missed / sum(len(c.good) + len(c.bad) for _, c, _, _ in rows),
        "flag_precision": right / (right + false),
        "flag_recall": right / (right + silent),
    }
    return rates, misses


def test_set_is_large_enough() -> None:
    assert sentences() >= 300


def test_labelled_sentences() -> None:
    rates, misses = scores()
    assert min(rates.values()) >= 0.97, (rates, misses)


FORMS = [
    ("$1.2M", 1.2e6),
    ("1.2 million dollars", 1.2e6),
    ("US$30B", 30e9),
    ("12k", 12_000),
    ("1,234.5", 1234.5),
    ("1 234", None),
    ("10^25 FLOP", 1e25),
    ("2.1e24", 2.1e24),
    ("3 × 10^21", 3e21),
    ("2^16", 65_536),
    ("forty thousand dollars", 40_000),
    ("two hundred and fifty GPUs", 250),
    ("three quarters of it", 0.75),
    ("twice as fast", 2),
    ("fivefold growth", 5),
    ("−5 %", -5),
    ("$0.37 per million tokens", 0.37),
    ("15–20%", 15),
]


@pytest.mark.parametrize(("text", "value"), FORMS)
def test_forms_of_numbers(text: str, value: float | None) -> None:
    found = find_numbers(text)
    assert found
    if value is not None:
        assert found[0].value == pytest.approx(value)


@pytest.mark.parametrize(
    "text",
    [
        "H100, GPT-4o, Llama 3.1 405B, Mixtral 8x7B, TPU v5e, MI300X, FP8, bf16, HBM3e, GB200 NVL72, PCIe 5.0",
        "on 2024-12-03, in December 2024, Q3 2025, FY26, 3 March 2024, since 2023, the 1990s, 2024–2026",
        "at 00:49:02, 49:02, 5 pm; see [1], table 3, step 2, page 12, §4, #7, 1st, v0.7.2, 24/7",
        "https://example.org/a/1234?b=56 and the id bg2-2024-12",
        "two of them, the three ways, one user, both, last quarter, a quarter's shipments",
        "",
    ],
)
def test_names_dates_and_marks_are_left_alone(text: str) -> None:
    assert [m.text for m in find_numbers(text)] == []


@pytest.mark.parametrize(
    "text",
    ["9" * 5000, "1," * 5000, "a hundred " * 2000, "$" * 9000, "10^" * 4000, "1–" * 4000, "\x00" * 999],
)
def test_odd_texts_are_quick_and_raise_nothing(text: str) -> None:
    started = time.perf_counter()
    find_numbers(text[:20_000])
    assert time.perf_counter() - started < 3


def test_numbers_of_a_failed_call_support_only_themselves() -> None:
    run = ToolResult(
        tool="margin",
        input={"gross_margin_percent": 100},
        error="gross_margin_percent is 100; allowed: below 100",
    )
    answer = Answer(
        question="?",
        status="invalid",
        text="A margin of 100 % cannot be, 250 % neither.",
        tool_calls=[run],
        provider="x",
    )
    assert check(answer).unsupported == ["250 %"]


def test_earlier_turns_and_limits_count_as_known() -> None:
    answer = Answer(
        question="and now?", status="answered", text="It was 77 GB, at most 4096 chips.", provider="x"
    )
    assert check(answer).unsupported == ["77 GB", "4096 chips"]
    assert check(answer, ["It is 77 GB."], [4096.0]).unsupported == []


if __name__ == "__main__":
    for name in sys.argv[1:] or PARTS:
        measured, wrong = scores(name)
        print(name, sentences(name), "sentences", {k: round(v, 3) for k, v in measured.items()})
        print("\n".join(wrong))
