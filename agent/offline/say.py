"""Writing answers: the headline first, in the unit asked; why; what was assumed; where facts come from.

Every number written here comes from a result, a citation or the question, since the ledger checks each of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from agent.offline.decide import Choice, readable
from agent.offline.measure import convert, parse_unit
from agent.offline.schema import Field
from agent.offline.score import Question

MAX_CITED = 3


def shown(value: float, unit: str) -> str:
    """A figure for people."""
    from tools.units import format_quantity

    return format_quantity(value, unit)


def headline_unit(question: Question, unit: str) -> str:
    """The unit asked for when the figure can be given in it, else the figure's own."""
    wanted = question.features.wanted
    if wanted.unit is None or not wanted.unit_text:
        return unit
    own = parse_unit(unit)
    if own.dims != wanted.unit.dims or (not own.dims and not wanted.explicit):
        return unit
    text = re.sub(r"\b[kMGT]USD$", "USD", wanted.unit_text).replace("quarter_year", "quarter").replace("tonne", "metric_ton")
    return text if text != "dimensionless" or not own.dims else unit


def in_unit(value: float, unit: str, target: str) -> float:
    return convert(value, parse_unit(unit), parse_unit(target)) if unit != target else value


def calculation(question: Question, want: Field | None, run: Mapping[str, Any], figure: Mapping[str, Any] | None) -> str:
    """The paragraphs of one calculation."""
    lines = []
    if figure is not None:
        unit = headline_unit(question, str(figure["unit"]))
        value = in_unit(float(figure["value"]), str(figure["unit"]), unit)
        label = readable(want) if want is not None and run.get("tool") != "arithmetic" else "Result"
        spread = _spread(figure, unit)
        lines.append(f"**{shown(value, unit)}**{spread}: {label[:1].lower() + label[1:]}." if label != "Result" else f"**{shown(value, unit)}**{spread}.")
    if run.get("formula"):
        lines.append(f"How: {_clip(str(run['formula']), 600)}")
    others = _others(run, figure)
    if others:
        lines.append("Also: " + "; ".join(others) + ".")
    return "\n\n".join(lines)


def _spread(figure: Mapping[str, Any], unit: str) -> str:
    low, high = figure.get("low"), figure.get("high")
    if low is None or high is None:
        return ""
    own = str(figure["unit"])
    return f" ({shown(in_unit(float(low), own, unit), unit)} to {shown(in_unit(float(high), own, unit), unit)})"


def _others(run: Mapping[str, Any], headline: Mapping[str, Any] | None) -> list[str]:
    rows = []
    for figure in run.get("figures", ())[:8]:
        if headline is not None and figure["name"] == headline["name"]:
            continue
        rows.append(f"{figure['name'].replace('_', ' ')} {shown(float(figure['value']), str(figure['unit']))}")
    return rows[:3]


def _clip(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rsplit(" ", 1)[0] + " …"


def notes(runs: Sequence[Mapping[str, Any]]) -> str:
    """Assumptions, warnings and sources of the runs, once each."""
    lines = []
    assumed = list(dict.fromkeys(a for run in runs for a in run.get("assumptions", ())))
    if assumed:
        lines.append("Assumed, since the question does not say: " + "; ".join(a.rstrip(".") for a in assumed[:5]) + ".")
    warned = list(dict.fromkeys(w for run in runs for w in run.get("warnings", ())))
    if warned:
        lines.append("Note: " + " ".join(w.rstrip(".") + "." for w in warned[:3]))
    sources = list(dict.fromkeys(_source(s) for run in runs for s in run.get("sources", ())))
    if sources:
        lines.append("Sources: " + "; ".join(sources[:4]) + ".")
    return "\n\n".join(lines)


def _source(source: Mapping[str, Any]) -> str:
    date = f" ({source['as_of']})" if source.get("as_of") else ""
    return f"{_clip(str(source.get('title', 'source')), 90)}{date}"


def cited(citations: Sequence[Mapping[str, Any]], limit: int = MAX_CITED) -> str:
    """What was said, one line a citation, with its time stamp or page."""
    rows = []
    for c in citations[:limit]:
        where = _where(c)
        who = f"{c['speaker']}, " if c.get("speaker") else ""
        rows.append(f"- {_clip(str(c.get('text', '')).strip(), 320)} ({who}{where})")
    return "\n".join(rows)


def _where(c: Mapping[str, Any]) -> str:
    title = _clip(str(c.get("title") or c.get("source") or "source"), 60)
    if c.get("start"):
        return f"{title}, {c['start']}" + (f"–{c['end']}" if c.get("end") else "")
    if c.get("page"):
        return f"{title}, page {c['page']}"
    return f"{title}, {c['locator']}" if c.get("locator") else title


def narrative(citations: Sequence[Mapping[str, Any]]) -> str:
    dates = sorted({str(c["as_of"]) for c in citations[:MAX_CITED] if c.get("as_of")})
    when = f" (as of {dates[0]})" if len(dates) == 1 else ""
    return f"What the indexed sources say{when}:\n\n{cited(citations)}"


def ask_for(choice: Choice) -> tuple[str, list[str]]:
    """One question that names everything missing, and the names of the missing fields."""
    missing = missing_fields(choice)
    asked = next((f for f in missing if f.name == choice.trial.field), None)
    names = [_noun(f) for f in missing]
    target = readable(choice.want).lower() if choice.want is not None else choice.frame.spec.name.replace("_", " ")
    listed = names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1] if names else ""
    if not names:
        detail = choice.trial.allowed or choice.trial.message
        return f"To work out {target} I need one more thing: {detail.rstrip('.')}.", [choice.trial.field]
    question = f" {asked.ask}" if asked is not None and asked.ask and len(names) == 1 else ""
    return f"To work out {target} I still need {listed}.{question or ' Which should I use?'}", [f.name for f in missing]


def missing_fields(choice: Choice) -> list[Field]:
    """The field the calculator asked for, and the others its examples nearly always give."""
    spec = choice.frame.spec
    have = set(choice.frame.fills)
    out = [spec.by_name[n] for n in choice.trial.field.replace(",", " ").split() if n in spec.by_name and n not in have]
    total = max(len(spec.examples), 1)
    for f in spec.fields:
        share = sum(1 for e in spec.examples if f.name in e.input) / total
        if f not in out and f.name not in have and (f.required or share >= 0.45):
            out.append(f)
    return out[:4]


def _noun(f: Field) -> str:
    text = readable(f)
    return f"the {text[:1].lower() + text[1:]}" if not text.lower().startswith(("the ", "number of", "a ")) else text.lower()
