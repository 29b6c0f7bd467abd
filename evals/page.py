"""The report of a run as one HTML page, without scripts: scores, what failed and why, every case with its steps."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from agent.answer import Answer, ToolResult
from evals.run import Outcome

if TYPE_CHECKING:
    from evals.report import Change, Report, Score

_STYLE = """
:root{--ink:#1c2430;--dim:#5b6675;--line:#dfe4ea;--soft:#f4f6f9;--ok:#0a7a3f;--no:#b3261e;--okbg:#e4f4ea;--nobg:#fbe9e7;--page:#fff}
@media(prefers-color-scheme:dark){:root{--ink:#dfe5ee;--dim:#93a0b0;--line:#2c3542;--soft:#1b222c;--ok:#5ad38c;--no:#ff8a80;
--okbg:#15301f;--nobg:#3a1d1b;--page:#12161c}}
*{box-sizing:border-box}body{font:15px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;color:var(--ink);
background:var(--page)}h1{margin:0 0 .2rem;font-size:1.7rem}h2{font-size:1.15rem;margin:2rem 0 .5rem}.dim{color:var(--dim)}
.facts{display:flex;flex-wrap:wrap;gap:.6rem;margin:1rem 0 1.5rem;padding:0}.facts div{background:var(--soft);border-radius:8px;
padding:.5rem .9rem;min-width:7.5rem}.facts b{display:block;font-size:1.15rem}.facts span{font-size:.82rem;color:var(--dim)}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.35rem .6rem;border-bottom:1px solid var(--line);
vertical-align:top}th{font-size:.82rem;color:var(--dim);font-weight:600}td.n{text-align:right;white-space:nowrap;
font-variant-numeric:tabular-nums}meter{width:7rem;height:.7rem;vertical-align:middle}.chip{display:inline-block;font-size:.82rem;
border-radius:99px;padding:.05rem .6rem;margin:.1rem .25rem .1rem 0;background:var(--okbg);color:var(--ok)}.chip.no{background:var(--nobg);
color:var(--no)}.ok{color:var(--ok)}.no{color:var(--no)}details{border-bottom:1px solid var(--line)}summary{cursor:pointer;
padding:.45rem .2rem;display:grid;grid-template-columns:1.3rem 13rem 1fr auto;gap:.6rem}summary::-webkit-details-marker{display:none}
summary code{color:var(--dim);overflow-wrap:anywhere}summary:hover{background:var(--soft)}.why{display:block;font-size:.88rem;color:var(--no)}
.body{padding:.2rem 0 1rem 2.1rem}.body h3{font-size:.82rem;color:var(--dim);margin:.8rem 0 .2rem;font-weight:600}
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:var(--soft);border-radius:8px;padding:.7rem;margin:.2rem 0;font-size:.86rem}
@media(max-width:50rem){summary{grid-template-columns:1.3rem 1fr auto}summary code{grid-column:2/4;grid-row:2}}
"""
_CITED = 5


def page(report: Report, change: Change | None = None) -> str:
    """The whole page."""
    failed = [o for o in report.outcomes if not o.passed]
    faults = [o for o in report.outcomes if o.kind == "fault"]
    passed = [o for o in report.outcomes if o.passed and o.kind != "fault"]
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>rackrate eval: {report.passed} of {len(report.outcomes)}</title><style>{_STYLE}</style>"
        f"{_head(report)}{_change(change)}{_scores(report)}{_fault_table(faults)}"
        f"{_cases('Failed', failed)}{_cases('Passed', passed)}"
    )


def _head(report: Report) -> str:
    facts = (
        (f"{report.passed} of {len(report.outcomes)}", "passed"),
        (str(report.answered_but_wrong), "answered but wrong"),
        (f"{report.p50_ms:,.0f} ms", "median answer"),
        (f"{report.p99_ms:,.0f} ms", "99th percentile"),
        (f"{report.seconds:,.1f} s", "whole run"),
        (f"${report.usd:,.2f}" if report.usd else "$0", "at list prices"),
    )
    way = report.way if report.behaviour == "good" else f"{report.way}, {report.behaviour.replace('_', ' ')}"
    boxes = "".join(f"<div><b>{_said(value)}</b><span>{_said(name)}</span></div>" for value, name in facts)
    return (
        f"<h1>rackrate eval</h1><p class=dim>{_said(way)} · {_said(report.made_at.replace('T', ' ')[:16])} UTC</p>"
        f"<div class=facts>{boxes}</div>"
    )


def _change(change: Change | None) -> str:
    if change is None:
        return ""
    lists = (("broken", change.broken, "no"), ("mended", change.mended, "ok"), ("new", change.new, ""))
    said = "; ".join(
        f"<span class={mark or 'dim'}>{len(cases)} {name}{_named(cases)}</span>"
        for name, cases, mark in lists
    )
    return f"<p>Against the baseline: {said}.</p>"


def _named(cases: Sequence[str]) -> str:
    shown = ", ".join(cases[:8]) + (" …" if len(cases) > 8 else "")
    return f" ({_said(shown)})" if cases else ""


def _scores(report: Report) -> str:
    rows = "".join(_score(kind, score) for kind, score in report.scores.items())
    return f"<table><tr><th>kind<th><th>passed<th>checks{rows}</table>"


def _score(kind: str, score: Score) -> str:
    chips = "".join(_chip(name, good == of, f"{good}/{of}") for name, (good, of) in score.checks.items())
    meter = (
        f"<meter min=0 max={score.n} value={score.passed} low={score.n * 0.8:g} optimum={score.n}></meter>"
    )
    return f"<tr><td>{_said(kind)}<td>{meter}<td class=n>{score.passed} of {score.n}<td>{chips}"


def _chip(name: str, good: bool, detail: str) -> str:
    return f"<span class='chip{'' if good else ' no'}'>{_said(name)} {_said(detail)}</span>"


def _fault_table(faults: Sequence[Outcome]) -> str:
    if not faults:
        return ""
    rows = "".join(
        f"<tr><td class={'ok' if o.passed else 'no'}>{'✓' if o.passed else '✗'}<td>{_said(o.case.rsplit(' (', 1)[0])}"
        f"<td>{_said(o.way)}<td class=n>{o.elapsed_ms / 1000:.2f} s<td>{_said(o.checks['fault'][1])}"
        for o in faults
    )
    return f"<h2>Faults at the wire</h2><table><tr><th><th>fault<th>provider<th>took<th>ended{rows}</table>"


def _cases(title: str, outcomes: Sequence[Outcome]) -> str:
    if not outcomes:
        return ""
    ordered = sorted(outcomes, key=lambda o: (o.kind, o.case))
    return f"<h2>{title} <span class=dim>{len(outcomes)}</span></h2>{''.join(map(_case, ordered))}"


def _case(outcome: Outcome) -> str:
    mark = "<b class=ok>✓</b>" if outcome.passed else "<b class=no>✗</b>"
    wrong = [f"{name}: {reason}" for name, (ok, reason) in outcome.checks.items() if not ok]
    why = "" if outcome.passed else f"<span class=why>{_said(outcome.error or '; '.join(wrong))}</span>"
    checks = "".join(_chip(name, ok, reason) for name, (ok, reason) in outcome.checks.items())
    steps = _steps(outcome.answer) if outcome.answer else ""
    return (
        f"<details><summary>{mark}<code>{_said(outcome.case)}</code><span>{_said(outcome.question)}{why}</span>"
        f"<span class=dim>{outcome.elapsed_ms:,.0f} ms</span></summary><div class=body>{checks}{steps}</div></details>"
    )


def _steps(answer: Answer) -> str:
    """What led to an answer: the calls in order, the text, what was cited and warned of."""
    served = answer.provider + (f" ({answer.model})" if answer.model else "")
    cited = [f"[{c.source} {c.start or c.page or ''}] {c.text}" for c in answer.citations[:_CITED]]
    return (
        f"<h3>{_said(served)}: {_said(answer.status)}</h3>"
        + "".join(_call(i, call) for i, call in enumerate(answer.tool_calls, 1))
        + _block("Answer", [answer.text])
        + _block("Cited", cited)
        + _block("Warnings", answer.warnings)
    )


def _call(place: int, call: ToolResult) -> str:
    given = ", ".join(f"{name}={_short(value)}" for name, value in call.input.items())
    came = call.error or call.formula or _short(call.output)
    mark = " class=no" if call.error else ""
    return (
        f"<pre>{place}. <b>{_said(call.tool)}</b>({_said(given)})\n<span{mark}>→ {_said(came)}</span></pre>"
    )


def _block(title: str, texts: Iterable[str]) -> str:
    said = "\n".join(text for text in texts if text)
    return f"<h3>{title}</h3><pre>{_said(said)}</pre>" if said else ""


def _short(value: Any, most: int = 400) -> str:
    text = str(value)
    return text if len(text) <= most else text[:most] + " …"


def _said(text: str) -> str:
    return html.escape(text)
