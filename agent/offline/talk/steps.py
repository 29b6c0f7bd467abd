"""The next step of an answer: which calls to make, or the final text and its report."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from agent.chat import ToolCall
from agent.offline.claims.answer import (
    ClaimChoice,
    cited_first,
    reads_claims,
    relevant,
    settled,
    taken_as,
    verdict,
)
from agent.offline.claims.asked import read_asked
from agent.offline.claims.reading import ranked_claims
from agent.offline.claims.values import all_claims
from agent.offline.decide import ARITHMETIC, Choice, Decider, Decision, figure_of, readable, search_text
from agent.offline.score import Question
from agent.offline.side_by_side import PARTS, argument_sets, ranked
from agent.offline.talk import beside, held, say

TOP = 5


@dataclass(frozen=True)
class Turn:
    """The thread's questions, and what has been called and answered since the last one."""

    texts: tuple[str, ...]
    calls: tuple[ToolCall, ...]
    results: Mapping[str, Mapping[str, Any]]
    as_of: str | None = None
    can_search: bool = True
    part: int = 0  # which question of the last message

    @property
    def number(self) -> int:
        return len(self.texts)

    def result(self, call_id: str) -> Mapping[str, Any] | None:
        return self.results.get(call_id)


@dataclass(frozen=True)
class Step:
    calls: tuple[ToolCall, ...] = ()
    text: str = ""
    report: Mapping[str, Any] = field(default_factory=dict)


def next_step(decider: Decider, decision: Decision, turn: Turn) -> Step:
    """Calls first, then calls on their results, then words."""
    if turn.can_search and reads_claims(decider, decision):
        search = _search(turn, decision.search or search_text(decision.question.text))
        if turn.result(search.id) is None:
            return Step((search,))
        decision = settled(decider, decision, _citations(turn))
    elif decision.from_claims:
        decision = replace(decision, kind="narrative", from_claims=False)
    planned = _first_calls(decision, turn)
    missing = tuple(c for c in planned if turn.result(c.id) is None)
    if missing:
        return Step(missing)
    second = _second_calls(decider, decision, turn)
    missing = tuple(c for c in second if turn.result(c.id) is None)
    if missing:
        return Step(missing)
    return _write(decider, decision, turn)


def together(steps: Sequence[Step]) -> Step:
    """The steps of the questions of one message as one: all calls first, then all texts; the first number is the headline."""
    calls = tuple(c for step in steps for c in step.calls)
    if calls or len(steps) == 1:
        return Step(calls) if calls else steps[0]
    told = [s for s in steps if s.report.get("headline_call")] or list(steps)
    report = dict(told[0].report)
    for key in ("assumptions", "cited"):
        rows = [row for s in steps for row in s.report.get(key) or ()]
        if rows:
            report[key] = list(dict.fromkeys(rows))
    return Step(text="\n\n".join(s.text for s in steps), report=report)


def _id(turn: Turn, part: str) -> str:
    return f"q{turn.number}{f'.{turn.part}' if turn.part else ''}{part}"


def _first_calls(decision: Decision, turn: Turn) -> tuple[ToolCall, ...]:
    calls: list[ToolCall] = []
    if decision.kind in ("calculate", "mixed") and decision.choice is not None and not decision.from_claims:
        for part, arguments in zip(PARTS, argument_sets(decision.choice.frame), strict=False):
            calls.append(
                ToolCall(
                    _id(turn, part), decision.choice.frame.spec.name, arguments, _origins(decision.choice)
                )
            )
    if decision.search and decision.kind in ("mixed", "narrative", "live", "clarify") and turn.can_search:
        calls.append(_search(turn, decision.search))
    return tuple(calls)


def _search(turn: Turn, query: str) -> ToolCall:
    return ToolCall(_id(turn, "s"), "search_knowledge", {"query": query, "top": TOP})


def _origins(choice: Choice) -> dict[str, str]:
    return choice.frame.origins


def _second_calls(decider: Decider, decision: Decision, turn: Turn) -> tuple[ToolCall, ...]:
    if decision.from_claims and decision.choice is not None:
        choice = decision.choice
        call = ToolCall(_id(turn, "c"), choice.frame.spec.name, choice.frame.arguments, _origins(choice))
        return (call, *_uncited(decision, turn), *_reworded(decision, turn, "c"))
    if decision.kind == "narrative":
        return tuple(_check_call(turn, claim) for claim in held.to_check(decision, _citations(turn)))
    reworded = _reworded(decision, turn, "a")
    if reworded:
        return reworded
    return _compared_call(decision, turn)


def _check_call(turn: Turn, claim: str) -> ToolCall:
    return ToolCall(_id(turn, f"v {claim}"), "check_claim", {"id": claim}, {"id": "claim"})


def _uncited(decision: Decision, turn: Turn) -> tuple[ToolCall, ...]:
    """A search for the words of a claim whose figure is used and that the first search did not bring."""
    reading = decision.choice.reading if isinstance(decision.choice, ClaimChoice) else None
    if reading is None:
        return ()
    found = ranked_claims(_citations(turn)[:3])
    left = [c for c in reading.used if c not in found]
    return tuple(
        ToolCall(_id(turn, f"s{k}"), "search_knowledge", {"query": all_claims()[c].claim, "top": 1})
        for k, c in enumerate(left[:2], 1)
    )


def _reworded(decision: Decision, turn: Turn, part: str) -> tuple[ToolCall, ...]:
    """The result once more, in the plain unit or with the sign that the question asks for."""
    plain = _plain_unit(decision, turn, part)
    if plain is not None:
        said = {"expression": "a", "variables": {"a": f"{plain[0]:.15g} {plain[1]}"}, "unit": plain[1]}
        return (ToolCall(_id(turn, "p"), ARITHMETIC, said, {"expression": "question"}),)
    fall = _fall(decision, turn, part)
    if fall is not None:
        return (
            ToolCall(
                _id(turn, "n"),
                ARITHMETIC,
                {"expression": "0 - a", "variables": {"a": f"{fall:.15g} percent"}, "unit": "percent"},
                {"expression": "question"},
            ),
        )
    return ()


def _compared_call(decision: Decision, turn: Turn) -> tuple[ToolCall, ...]:
    """Two runs of one calculator compared."""
    if (
        decision.choice is None
        or len(argument_sets(decision.choice.frame)) != 2
        or decision.kind not in ("calculate", "mixed")
    ):
        return ()
    pair = _pair_figures(decision.choice, turn)
    if pair is None:
        return ()
    expression, unit = _comparison(decision.question, *pair)
    arguments: dict[str, Any] = {
        "expression": expression,
        "variables": {
            n: f"{v:.15g} {u}" if u not in ("", "dimensionless") else v
            for n, (v, u) in zip("ab", pair, strict=True)
        },
    }
    if unit:
        arguments["unit"] = unit
    return (ToolCall(_id(turn, "c"), ARITHMETIC, arguments, {"expression": "question"}),)


_FALLS = re.compile(
    r"\b(drop\w*|fall\w*|fell|compress\w*|declin\w*|decreas\w*|shrink\w*|cut|cheaper|lower|less|reduc\w+|down|los[et]\w*|discount)\b",
    re.I,
)


def _plain_unit(decision: Decision, turn: Turn, part: str = "a") -> tuple[float, str] | None:
    """A price of one chip, said in dollars: the figure and its unit without the thing it is for."""
    choice = decision.choice
    if (
        choice is None
        or choice.want is None
        or choice.frame.pairs
        or decision.kind not in ("calculate", "mixed")
    ):
        return None
    figure = figure_of(turn.result(_id(turn, part)) or {}, choice.want.name)
    if figure is None:
        return None
    value, unit = figure
    wanted = decision.question.features.wanted
    plain = {
        "USD/chip": "USD",
        "USD/server": "USD",
        "USD/request": "USD",
        "USD/person": "USD",
        "chip/rack": "chip",
        "chip/server": "chip",
        "USD/person/year": "USD/year",
    }.get(unit)
    if unit in ("USD/chip/hour", "USD/hour") and (
        (wanted.unit_text == "USD" and wanted.explicit) or re.search(r"\bUSD\W*$", decision.question.text)
    ):
        plain = "USD"
    if unit.endswith("USD/year") and _asks_amount(decision.question):
        plain = unit.removesuffix("/year")
    return (value, plain) if plain else None


def _asks_amount(question: Question) -> bool:
    """ "How many billions a year", "the yearly saving in $M": the amount of one year, said as money."""
    asked = read_asked(question)
    if asked.unit is None or asked.unit.dims != (("USD", 1),):
        return False
    return asked.magnitude or (asked.explicit and not question.features.per_year)


def _fall(decision: Decision, turn: Turn, part: str = "a") -> float | None:
    """A negative percentage where the question asks how big the fall is: said as a positive number."""
    choice = decision.choice
    if (
        choice is None
        or choice.want is None
        or choice.want.unit_text != "percent"
        or choice.frame.pairs
        or decision.kind not in ("calculate", "mixed")
    ):
        return None
    figure = figure_of(turn.result(_id(turn, part)) or {}, choice.want.name)
    if figure is None or figure[0] >= 0 or "margin" in choice.want.name or "return" in choice.want.name:
        return None
    return figure[0] if _FALLS.search(decision.question.text) else None


def _pair_figures(choice: Choice, turn: Turn) -> tuple[tuple[float, str], tuple[float, str]] | None:
    if choice.want is None:
        return None
    a, b = (figure_of(turn.result(_id(turn, part)) or {}, choice.want.name) for part in ("a", "b"))
    return (a, b) if a is not None and b is not None and a[0] and b[0] else None


def _comparison(question: Question, a: tuple[float, str], b: tuple[float, str]) -> tuple[str, str | None]:
    """How two results are compared: by difference, by percent, else by how many times the larger is the smaller."""
    high, low = ("a", "b") if a[0] >= b[0] else ("b", "a")
    f = question.features
    if f.percent and not f.ratio:
        return f"({high} - {low}) / {'a'}", "percent"
    if f.difference and not f.ratio:
        return f"{high} - {low}", a[1] or None
    return f"{high} / {low}", None


def _citations(turn: Turn) -> Sequence[Mapping[str, Any]]:
    result = turn.result(_id(turn, "s")) or {}
    return list(result.get("citations", ()))


def _all_citations(decision: Decision, turn: Turn) -> list[Mapping[str, Any]]:
    """What was found, the claims whose figures were used first."""
    rows = list(_citations(turn))
    reading = decision.choice.reading if isinstance(decision.choice, ClaimChoice) else None
    if reading is None:
        return rows
    for k in (1, 2):
        rows += (turn.result(_id(turn, f"s{k}")) or {}).get("citations", ())
    return cited_first(rows, reading)


def _write(decider: Decider, decision: Decision, turn: Turn) -> Step:
    writer = {
        "refuse": _refused, "invalid": _invalid, "clarify": _clarify, "absent": _absent, "live": _live, "narrative": _narrative,
    }.get(decision.kind)  # fmt: skip
    if writer is not None:
        return writer(decision, turn)
    return _calculated(decider, decision, turn)


def _report(status: str, **more: Any) -> dict[str, Any]:
    return {"status": status, **{k: v for k, v in more.items() if v is not None}}


def _refused(decision: Decision, turn: Turn) -> Step:
    return Step(text=decision.refusal.text if decision.refusal else "", report=_report("refused"))


def _invalid(decision: Decision, turn: Turn) -> Step:
    return Step(text=decision.problem, report=_report("invalid"))


def _absent(decision: Decision, turn: Turn) -> Step:
    text = f"That cannot be computed from public facts: {decision.problem.rstrip('.')}."
    return Step(text=text, report=_report("out_of_scope"))


def _clarify(decision: Decision, turn: Turn) -> Step:
    if decision.problem:
        return Step(text=decision.problem, report=_report("clarify"))
    if decision.choice is None:
        return Step(text="What would you like me to work out?", report=_report("clarify"))
    text, _ = say.ask_for(decision.choice)
    citations = _citations(turn) if decision.search else ()
    if citations and relevant(citations):
        text = f"{text}\n\nIf you mean what was said:\n\n{say.cited(citations, 2)}"
    return Step(text=text, report=_report("clarify"))


def _live(decision: Decision, turn: Turn) -> Step:
    lines = [
        "I have no live data: prices here are dated facts with sources, so I can't say what it costs at this moment."
    ]
    citations = _citations(turn)
    if relevant(citations):
        lines.append(f"The nearest dated statement:\n\n{say.cited(citations, 2)}")
    lines.append(
        "`rackrate catalog prices` shows the dated history, and I can compute with any price you name."
    )
    return Step(text="\n\n".join(lines), report=_report("out_of_scope"))


def _narrative(decision: Decision, turn: Turn) -> Step:
    citations = _citations(turn)
    if not relevant(citations):
        return Step(
            text="That is not in the knowledge base, and no calculator covers it. I can search documents you index with `rackrate knowledge add`, "
            "or work out capacity, cost, rents, margins, training budgets and power.",
            report=_report("out_of_scope"),
        )
    verdicts = {
        c: held.told(turn.result(_check_call(turn, c).id) or {}) for c in held.to_check(decision, citations)
    }
    report = _report("answered") | (
        {"headline_call": None} if verdicts else {}
    )  # no one number is the answer
    return Step(text=say.narrative(citations, verdicts), report=report)


def _calculated(decider: Decider, decision: Decision, turn: Turn) -> Step:
    choice = decision.choice
    citations = _all_citations(decision, turn)
    if choice is None:
        return _narrative(decision, turn)
    ids = (
        [_id(turn, "c")]
        if decision.from_claims
        else [_id(turn, p) for p, _ in zip(PARTS, argument_sets(choice.frame), strict=False)]
    )
    runs = [r for i in ids if (r := turn.result(i)) is not None]
    if len(ids) > 2:
        return _several(decider, decision, choice, ids, runs)
    failed = next((r["error"] for r in runs if "error" in r), None)
    if failed is not None:
        return _failure(failed)
    compared = turn.result(_id(turn, "c")) if choice.frame.pairs and not decision.from_claims else None
    call, run, want = (
        (_id(turn, "c"), compared, None)
        if compared is not None and "error" not in compared
        else (ids[0], runs[0], choice.want)
    )
    in_plain = turn.result(_id(turn, "p"))
    fallen = turn.result(_id(turn, "n"))
    if fallen is not None and "error" not in fallen:
        call, run, want = _id(turn, "n"), fallen, None
    if in_plain is not None and "error" not in in_plain:
        shown = next(iter(in_plain.get("figures", ())), None)
        text = _answer_text(decider, decision, choice, runs, run, _figure_named(run, want), want, citations)
        report = _report(
            "answered",
            headline_call=_id(turn, "p"),
            headline_name="value",
            headline_unit=say.headline_unit(decision.question, str(shown["unit"])) if shown else None,
            cited=_cited_ids(decision, citations),
        )
        return Step(text=text, report=report)
    name = want.name if want is not None else "value"
    figure = next((f for f in run.get("figures", ()) if f["name"] == name), None) or next(
        iter(run.get("figures", ())), None
    )
    text = _answer_text(decider, decision, choice, runs, run, figure, want, citations)
    unit = say.headline_unit(decision.question, str(figure["unit"])) if figure is not None else None
    report = _report(
        "answered",
        headline_call=call,
        headline_name=figure["name"] if figure else None,
        headline_unit=unit,
        assumptions=_assumed(decision),
        cited=_cited_ids(decision, citations),
    )
    return Step(text=text, report=report)


def _cited_ids(decision: Decision, citations: Sequence[Mapping[str, Any]]) -> list[str] | None:
    """The claims to name before the others."""
    if not isinstance(decision.choice, ClaimChoice):
        return None
    return [str(c["claim_id"]) for c in citations if c.get("claim_id")][:3] or None


def _figure_named(run: Mapping[str, Any], want: Any) -> Mapping[str, Any] | None:
    return next((f for f in run.get("figures", ()) if want is not None and f["name"] == want.name), None)


def _assumed(decision: Decision) -> list[str] | None:
    if isinstance(decision.choice, ClaimChoice) and decision.choice.reading is not None:
        return [taken_as(p) for p in decision.choice.reading.chosen] or None
    if decision.followed and decision.choice is not None:
        kept = [n.replace("_", " ") for n, f in decision.choice.frame.fills.items() if f.origin == "thread"]
        return [f"Kept from the question before: {', '.join(kept)}"] if kept else None
    return None


def _answer_text(
    decider: Decider,
    decision: Decision,
    choice: Choice,
    runs: Sequence[Mapping[str, Any]],
    run: Mapping[str, Any],
    figure: Mapping[str, Any] | None,
    want: Any,
    citations: Sequence[Mapping[str, Any]],
) -> str:
    if choice.frame.pairs and run not in runs and figure is not None:
        parts = [beside.two(decider, decision, choice, runs, figure)]
    elif run not in runs and figure is not None:
        first = next(
            (
                f
                for f in runs[0].get("figures", ())
                if choice.want is not None and f["name"] == choice.want.name
            ),
            None,
        )
        label = readable(choice.want) if choice.want is not None else "Result"
        why = say.relevant(str(runs[0].get("formula", "")), choice.want) if first is not None else ""
        parts = [
            f"{label}: **{say.glued(float(figure['value']), str(figure['unit']))}** down.",
            say.sentence(why) if why else "",
        ]
    else:
        parts = [say.calculation(decision.question, choice, want, run, figure, decider.titles)]
    if (checked := verdict(decision)) != "":
        parts.append(checked)
    rival = _other_reading(decision, choice)
    if rival:
        parts.append(rival)
    if choice.sum is None and not decision.from_claims:
        parts.append(say.left_out(decision.question, choice))
    if decision.search and citations and relevant(citations):
        parts.append(f"What was said:\n\n{say.cited(citations)}")
    return "\n\n".join(p for p in parts if p)


def _several(
    decider: Decider,
    decision: Decision,
    choice: Choice,
    ids: Sequence[str],
    runs: Sequence[Mapping[str, Any]],
) -> Step:
    """More than two runs: the one the question looks for first, then all of them in order."""
    name = choice.want.name if choice.want is not None else ""
    order = ranked(decision.question, [figure_of(run, name) for run in runs])
    if not order or len(runs) < len(ids):
        return _failure(next((r["error"] for r in runs if "error" in r), {"kind": "absent"}))
    text = beside.several(decider, choice, runs, order)
    return Step(text=text, report=_report("answered", headline_call=ids[order[0]], headline_name=name))


def _other_reading(decision: Decision, choice: Choice) -> str:
    """When another calculator came close, say which reading was taken."""
    rival = decision.rival
    if rival is None or not rival.ok or rival.want is None or choice.want is None or rival.sure < 0.25:
        return ""
    if rival.sure == choice.sure:
        return ""  # both come to the same number
    if rival.frame.spec.name == choice.frame.spec.name or rival.frame.spec.name == ARITHMETIC:
        return ""
    return f"I read this as asking for {readable(choice.want).lower()}; if you meant {readable(rival.want).lower()}, say so."


def _failure(error: Mapping[str, Any]) -> Step:
    kind = str(error.get("kind"))
    status = {"missing": "clarify", "absent": "out_of_scope"}.get(kind, "invalid")
    return Step(text=str(error.get("message") or "That could not be computed."), report=_report(status))
