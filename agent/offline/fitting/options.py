"""Fields that are not numbers: number formats, choices and switches."""

from __future__ import annotations

from agent.offline.fitting.frame import Fill, Frame
from agent.offline.reading.features import Features
from agent.offline.reading.precisions import PrecisionMention
from agent.offline.reading.reading import Reading
from agent.offline.reading.words import stem as _stem
from agent.offline.schema import Field


def fill_precisions(frame: Frame, precisions: list[PrecisionMention], skip: frozenset[str]) -> None:
    fields = [
        f
        for f in frame.spec.fields
        if ("precision" in f.name or "dtype" in f.name or "quantization" in f.name) and f.name not in skip
    ]
    if not fields or not precisions:
        return
    second = [f for f in fields if f.direction > 0]
    kv = [f for f in fields if ("kv" in f.name or "cache" in f.name) and f not in second]
    rest = [f for f in fields if f not in kv and f not in second]
    fields = [f for f in fields if f not in second]
    for p in precisions:
        again = [f for f in second if ("kv" in f.name) == (p.of == "kv") and f.name not in frame.fills]
        given = {n: frame.fills[n].value for n in frame.fills if n in {g.name for g in (*kv, *rest)}}
        if (
            again
            and p.of in ("kv", "weights")
            and given
            and all(n in given for n in (g.name for g in (kv if p.of == "kv" else rest)[:1]))
        ):
            if p.value not in given.values():
                frame.fills[again[0].name] = Fill(p.value, fit=1.0)
            continue
        targets = {"kv": kv, "weights": rest, "both": fields}.get(p.of) or (rest[:1] or kv[:1])
        if p.of == "" and rest[:1] and rest[0].name in frame.fills:
            other = [f for f in rest[1:] + kv if f.name not in frame.fills]
            targets = other[:1]
        for f in targets:
            if f.name not in frame.fills:
                frame.fills[f.name] = Fill(p.value, fit=1.0)


_NOT_YES = frozenset({"no", "not", "without", "ignore", "ignoring", "excluding", "exclude", "except"})


def fill_options(frame: Frame, reading: Reading, features: Features) -> None:
    """Choices ("rental" or "purchase") and switches that the text names."""
    present = {s for s, _ in features.stems}
    low = reading.text.lower()
    for f in frame.spec.fields:
        if f.name in frame.fills:
            continue
        if f.kind == "enum" and "precision" not in f.name:
            option = _option(f, low, present)
            if option:
                frame.fills[f.name] = Fill(option, fit=0.8)
        elif f.kind == "text" and f.name == "engine":
            named = next((p[0] for p in f.phrases if len(p) == 1 and p[0] in present), "")
            word = next((t.low for t in reading.tokens if t.is_word and named and _stem(t.text) == named), "")
            if word:
                frame.fills[f.name] = Fill(word, fit=0.5)
        elif f.kind == "bool":
            value = _switch(f, reading)
            if value is not None:
                frame.fills[f.name] = Fill(value, fit=0.5)


def _option(f: Field, low: str, present: set[str]) -> str:
    from agent.offline.reading.words import stems

    for option in f.options:
        words = stems(option.replace("_", " ").replace("-", " "))
        if option.lower().replace("_", " ") in low and len(option) > 3:
            return option
        if words and len(words[0]) > 3 and all(w in present for w in words):
            return option
    return ""


def _switch(f: Field, reading: Reading) -> bool | None:
    """A switch is on when one of its phrases stands in the text, word for word (one word may stand between)."""
    words = [t for t in reading.tokens if t.is_word or t.text == "$"]
    stems = [_stem(t.text) if t.is_word else t.text for t in words]
    for phrase in f.spoken:
        at = _found(stems, [w if w == "$" else _stem(w) for w in phrase])
        if at is not None:
            return not any(t.low in _NOT_YES for t in words[max(0, at - 2) : at])
    return None


def _found(stems: list[str], phrase: list[str]) -> int | None:
    """Where a phrase begins among the words of a text, at most one word between two of its own."""
    for start, first in enumerate(stems):
        if first != phrase[0]:
            continue
        at = start
        for word in phrase[1:]:
            at = next((k for k in (at + 1, at + 2) if k < len(stems) and stems[k] == word), -1)
            if at < 0:
                break
        if at >= 0:
            return start
    return None
