"""Writing answers: the headline first, in the unit asked; why; what was assumed; where facts come from.

Every number written here comes from a result, a citation or the question, since the ledger checks each of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from agent.offline.decide import Choice, readable
from agent.offline.fitting.frame import Frame
from agent.offline.reading.measure import convert, parse_unit
from agent.offline.reading.words import stems
from agent.offline.schema import Field
from agent.offline.score import Question

MAX_CITED = 3


def shown(value: float, unit: str) -> str:
    """A figure for people."""
    from tools.units import format_quantity

    return format_quantity(value, unit)


_LONG = frozenset(["minute", "hour", "day", "week", "month", "year"])
_SECONDS = re.compile(r"\b(seconds?|secs?|s)\b", re.I)


def headline_unit(question: Question, unit: str) -> str:
    """The unit asked for when the figure can be given in it, else the figure's own."""
    wanted = question.features.wanted
    if wanted.unit is None or not wanted.unit_text:
        return unit
    own = parse_unit(unit)
    if unit == "USD" and wanted.unit_text.startswith("cent/"):
        return "cent"  # cents per call, of what one call costs
    if own.dims != wanted.unit.dims or (not own.dims and not wanted.explicit):
        return unit
    if wanted.unit_text == "second" and unit in _LONG and not _SECONDS.search(question.text):
        return unit  # "how long" asks for no unit
    text = (
        re.sub(r"\b[kMGT]USD$", "USD", wanted.unit_text)
        .replace("quarter_year", "quarter")
        .replace("tonne", "metric_ton")
    )
    return text if text != "dimensionless" or not own.dims else unit


def in_unit(value: float, unit: str, target: str) -> float:
    return convert(value, parse_unit(unit), parse_unit(target)) if unit != target else value


def calculation(
    question: Question,
    choice: Choice,
    want: Field | None,
    run: Mapping[str, Any],
    figure: Mapping[str, Any] | None,
    titles: Mapping[str, str],
) -> str:
    """The paragraphs of one calculation: the headline as a sentence, how it comes about, what stands beside it."""
    lines = []
    if figure is not None:
        lines.append(_headline(question, choice, want, run, figure, titles))
    if run.get("formula"):
        lines.append(_clip(sentence(relevant(str(run["formula"]), want)), 420))
    others = _others(question, choice, run, figure)
    if others:
        lines.append("Also " + "; ".join(others) + ".")
    return "\n\n".join(lines)


def _headline(
    question: Question,
    choice: Choice,
    want: Field | None,
    run: Mapping[str, Any],
    figure: Mapping[str, Any],
    titles: Mapping[str, str],
) -> str:
    unit = headline_unit(question, str(figure["unit"]))
    value = in_unit(float(figure["value"]), str(figure["unit"]), unit)
    amount = f"**{glued(value, unit, ratio=_is_ratio(question, want))}**{_spread(figure, unit)}"
    if run.get("tool") == "arithmetic" or want is None:
        return f"{amount}."
    return f"{readable(want)}{_subject(choice, want, titles)}: {amount}."


def glued(value: float, unit: str, *, ratio: bool = False) -> str:
    """A figure as people write it: 9.6×, 75 %, $0.37/Mtoken, 54 requests."""
    text = shown(value, unit)
    return f"{text}×" if ratio and unit in ("", "dimensionless") else text


_RATIOS = re.compile(r"ratio|factor|multiple|times|gain|growth|growth_factor|over")


def _is_ratio(question: Question, want: Field | None) -> bool:
    if want is None:
        return question.features.wanted.unit_text == "dimensionless" or question.features.ratio
    return bool(_RATIOS.search(want.name))


def _subject(choice: Choice, want: Field, titles: Mapping[str, str]) -> str:
    """Of what: "Trainium2 over H100" for a comparison, else the model and the chips."""
    frame = choice.frame
    chips, models = ([titles.get(i, i) for i in _named(frame, kind)] for kind in ("chip", "model"))
    if "first chip" in want.description and not (want.unit is not None and want.unit.bare):
        chips = chips[:1]  # the others stand in the table
    for names in (chips, models):
        if len(names) == 2 and want.unit is not None and want.unit.bare:
            return f", {names[0]} over {names[1]}"
    parts = models[:2]
    if chips:
        count = next(
            (
                f.value
                for n, f in frame.fills.items()
                if n in ("n_chips", "chips") and isinstance(f.value, int)
            ),
            None,
        )
        parts.append(
            f"{count:,} × {chips[0]}"
            if count and len(chips) == 1 and want.name not in ("n_chips", "chips")
            else ", ".join(chips)
        )
    return f" ({', '.join(parts)})" if parts else ""


def _named(frame: Frame, kind: str) -> list[str]:
    out: list[str] = []
    for name, fill in frame.fills.items():
        f = frame.spec.by_name.get(name)
        if f is not None and f.entity == kind:
            out += [str(v) for v in (fill.value if isinstance(fill.value, list) else [fill.value])]
    return out


def _spread(figure: Mapping[str, Any], unit: str) -> str:
    low, high = figure.get("low"), figure.get("high")
    if low is None or high is None:
        return ""
    own = str(figure["unit"])
    return (
        f" ({shown(in_unit(float(low), own, unit), unit)} to {shown(in_unit(float(high), own, unit), unit)})"
    )


def _others(
    question: Question, choice: Choice, run: Mapping[str, Any], headline: Mapping[str, Any] | None
) -> list[str]:
    """At most three further results: those the question names, then those that calculators call headlines."""
    if run.get("tool") == "arithmetic":
        return []
    rows: list[tuple[int, str]] = []
    told = {_same(headline)} if headline is not None else set()
    for figure in run.get("figures", ()):
        f = choice.frame.spec.out_by_name.get(str(figure["name"]))
        if f is None or str(figure["name"]) in choice.frame.fills or _same(figure) in told:
            continue
        told.add(_same(figure))
        label = readable(f)
        label = label if label[1:2].isupper() else label[:1].lower() + label[1:]
        value = glued(float(figure["value"]), str(figure["unit"]), ratio=bool(_RATIOS.search(f.name)))
        rank = 0 if _named_in(question, f) else 1 if f.role == "headline" else 2
        rows.append((rank, f"{label}: {value}"))
    return [text for _, text in sorted(rows, key=lambda r: r[0])][:3]


def _same(figure: Mapping[str, Any]) -> tuple[float, str]:
    """Two results of one value and unit tell a reader nothing twice."""
    return float(figure["value"]), str(figure["unit"])


def _named_in(question: Question, f: Field) -> bool:
    """Whether the question uses the field's own abbreviation: TTFT, TPOT, MFU, IRR."""
    word = f.name.split("_")[0]
    return bool(re.search(rf"\b{re.escape(word)}\b", question.text, re.IGNORECASE)) and len(word) > 2


def relevant(formula: str, want: Field | None) -> str:
    """Of a long derivation the steps that lead to the headline: its own line, and the one before it."""
    steps = [s.strip() for s in formula.split(";") if s.strip()]
    if len(steps) <= 2 or want is None:
        return formula
    sides = [stems(s.split("=")[0]) for s in steps]
    scores = [sum(1 for w in want.name_stems if w in side) for side in sides]
    if not any(scores):
        return "; ".join(steps[:2])
    k = max(range(len(steps)), key=lambda i: (scores[i], -len(sides[i])))
    named = [i for i in range(k) if scores[i] == 0 and i >= k - 1]
    return "; ".join(steps[i] for i in [*named, k])


def sentence(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else text + "."


def left_out(question: Question, choice: Choice) -> str:
    """What the question says that the calculation did not use."""
    from agent.offline.score import is_salient

    quantities = question.reading.quantities
    rows = [
        question.text[quantities[i].start : quantities[i].end].strip()
        for i in choice.frame.unused
        if i < len(quantities) and is_salient(question, i)
    ]
    rows += [m.text for m in choice.frame.unused_names]
    return f"Not used: {', '.join(dict.fromkeys(rows))}." if rows else ""


def _clip(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rsplit(" ", 1)[0] + " …"


def cited(
    citations: Sequence[Mapping[str, Any]],
    limit: int = MAX_CITED,
    verdicts: Mapping[str, str] | None = None,
) -> str:
    """What was said, one line a citation, with its time stamp or page, and the verdict on it where there is one."""
    rows = []
    for c in citations[:limit]:
        where = _where(c)
        who = f"{c['speaker']}, " if c.get("speaker") else ""
        verdict = (verdicts or {}).get(str(c.get("claim_id") or ""), "")
        rows.append(f"- {_clip(str(c.get('text', '')).strip(), 320)} ({who}{where}) {verdict}".rstrip())
    return "\n".join(rows)


def _where(c: Mapping[str, Any]) -> str:
    title = _clip(str(c.get("title") or c.get("source") or "source"), 60)
    if c.get("start"):
        return f"{title}, {c['start']}" + (f"–{c['end']}" if c.get("end") else "")
    if c.get("page"):
        return f"{title}, page {c['page']}"
    return f"{title}, {c['locator']}" if c.get("locator") else title


def narrative(citations: Sequence[Mapping[str, Any]], verdicts: Mapping[str, str] | None = None) -> str:
    dates = sorted({str(c["as_of"]) for c in citations[:MAX_CITED] if c.get("as_of")})
    when = f" (as of {dates[0]})" if len(dates) == 1 else ""
    return f"What the indexed sources say{when}:\n\n{cited(citations, verdicts=verdicts)}"


def ask_for(choice: Choice) -> tuple[str, list[str]]:
    """One question that names everything missing, and the names of the missing fields."""
    asked_back = choice.trial.allowed.strip().rstrip("?.")
    if re.match(r"(which|what|how|at what|on how|on which|over)\b", asked_back, re.I):
        target = readable(choice.want) if choice.want is not None else "it"
        return (
            f"To work that out ({target[:1].lower() + target[1:] if not target[1:2].isupper() else target}), tell me: {asked_back}?",
            [choice.trial.field],
        )
    missing = missing_fields(choice)
    asked = next((f for f in missing if f.name == choice.trial.field), None)
    names = [_noun(f) for f in missing]
    target = (
        readable(choice.want).lower() if choice.want is not None else choice.frame.spec.name.replace("_", " ")
    )
    listed = names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1] if names else ""
    if not names:
        detail = choice.trial.allowed or choice.trial.message
        return f"To work out {target} I need one more thing: {detail.rstrip('.')}.", [choice.trial.field]
    question = f" {asked.ask}" if asked is not None and asked.ask and len(names) == 1 else ""
    return f"To work out {target} I still need {listed}.{question or ' Which should I use?'}", [
        f.name for f in missing
    ]


def missing_fields(choice: Choice) -> list[Field]:
    """The field the calculator asked for, and the others its examples nearly always give."""
    spec = choice.frame.spec
    have = set(choice.frame.fills)
    out = [
        spec.by_name[n]
        for n in choice.trial.field.replace(",", " ").split()
        if n in spec.by_name and n not in have
    ]
    total = max(len(spec.examples), 1)
    for f in spec.fields:
        share = sum(1 for e in spec.examples if f.name in e.input) / total
        if f not in out and f.name not in have and (f.required or share >= 0.45):
            out.append(f)
    return out[:4]


def _noun(f: Field) -> str:
    text = readable(f)
    return (
        f"the {text[:1].lower() + text[1:]}"
        if not text.lower().startswith(("the ", "number of", "a "))
        else text.lower()
    )
