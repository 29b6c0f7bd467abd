"""Follow-ups: "and on H200?", "make that bf16", "12k" after a question that was asked back."""

from __future__ import annotations

import re
from dataclasses import replace

from agent.offline.decide import ARITHMETIC, Choice, Decider
from agent.offline.depend import idle_fields
from agent.offline.fitting.fits import filled_value, unit_fit
from agent.offline.fitting.frame import Fill, Frame
from agent.offline.reading.measure import Unit
from agent.offline.reading.reading import Quantity
from agent.offline.reading.words import stem
from agent.offline.schema import Field
from agent.offline.score import Question, is_salient, rank_outputs
from agent.offline.talk.phrases import added, factor_said, given_up, scaled_by
from agent.offline.trial import Trial

_CUE = re.compile(
    r"^\W*(and|against|versus|vs|compared (to|with)|relative to|what about|how about|what if|now|same|make (that|it)|no\b|nope|sorry|i meant|actually|but|instead|ok|okay|then|if|with|without|on|for|at|in|per|"
    r"switch|change|use|also|so|yes|it'?s|that'?s|let'?s|try|assume|suppose|say|rather|as|using|double|halve)\b",
    re.I,
)  # fmt: skip
_BACK = re.compile(
    r"\b(that|it|this|those|them|same|instead|again|previous|the other|as before|then|there)\b", re.I
)


def follows(question: Question) -> float:
    """How much a question leans on the one before it: 0 (not) … 2 (it cannot stand alone)."""
    words = len([t for t in question.reading.tokens if t.is_word or t.is_number])
    score = 0.0
    if _CUE.search(question.text):
        score += 1.0
    if words <= 6:
        score += 0.7
    elif words <= 10:
        score += 0.3
    if _BACK.search(question.text):
        score += 0.4
    if words > 16:
        score -= 0.6
    return score


def refers_back(text: str) -> bool:
    """Whether the words point to something said before: "that", "the same", "than the H200"."""
    return bool(_BACK.search(text)) or bool(
        re.search(r"\b(than|before|earlier|first one|last one|they|their|its|ones)\b", text, re.I)
    )


_OWN_ASK = re.compile(
    r"\b(what|what's|whats|which|how (many|much|long|big|large|fast|far|often|high|low|soon|quickly)|how)\b(?! (if|about|do you mean)\b)",
    re.I,
)


def asks_in_words(question: Question) -> bool:
    """Whether there is an asking word: "what", "how many"."""
    return bool(_OWN_ASK.search(question.text))


_STATES = re.compile(
    r"\b(?:drops?|dropped|falls?|fell|rises?|rose|goes|went|climbs?|comes|is|are|was|were|becomes?|gets?|jumps?)(?: (?:up|down|only|just|now|back))?(?: (?:to|at|by))? \$?\d",
    re.I,
)


def asks_itself(question: Question) -> bool:
    """Whether the text has an asking of its own; "what if …" and "how about …" only change what was asked."""
    if _STATES.search(question.text) and not _OWN_ASK.search(question.text):
        return False
    f = question.features
    percent = f.percent and not any(q.unit_text == "percent" for q in question.reading.quantities)
    return bool(_OWN_ASK.search(question.text)) or f.wanted.explicit or f.ratio or percent


def asks_other(question: Question, asked: Question, want: Field | None) -> bool:
    """Whether a follow-up names a result of its own: "gross margin at $30,000?" after a share, not "and at $30,000?"."""
    focus = set(question.features.wanted.near) - _PLAIN
    words = asks_in_words(question)
    if not focus or (_CHANGES.search(question.text) and not words):
        return False
    if not words and (question.features.wanted.unit is None or not question.text.rstrip().endswith("?")):
        return False
    known = set(asked.features.wanted.near) | {
        s for s, _ in asked.features.stems if not asked.features.wanted.near
    }
    if want is not None:
        known |= {s for s, w in want.words.items() if w >= 0.5} | set(want.name_stems)
    return not focus & known


_PLAIN = frozenset(
    stem(w)
    for w in (
        "new",
        "now",
        "then",
        "that",
        "come",
        "mean",
        "work",
        "rather",
        "instead",
        "please",
        "same",
        "again",
        "need",
    )
)
_CHANGES = re.compile(
    r"^\W*((and|but|so|no|ok|okay|now|then|sorry|actually|also|rather|please)\b\W*)*"
    r"(what if|how about|what about|if|make|use|switch|change|set|try|with|using|assume|suppose|say|let'?s|at|on|for|in|against|versus|vs|over|across|per|after|double|halve|only|just|same)\b",
    re.I,
)


def merge(decider: Decider, question: Question, before: Choice) -> Choice | None:
    """The earlier frame with what the new question says put in; None when it says nothing that fits."""
    if before.frame.spec.name == ARITHMETIC:
        return None
    spec = before.frame.spec
    quantities = question.reading.quantities
    quantities[:] = [
        q
        for q in quantities
        if ("article" not in q.marks or q.unit.dims != (("chip", 1),))
        and not given_up(question.text, q.start)
    ]
    if factor_said(question.text) and not asks_in_words(question):  # a factor of what is named, no value
        quantities[:] = [q for q in quantities if "times" not in q.marks]
    if not any(
        "from" in q.marks for q in quantities
    ):  # "drops to $1.50": the new value of what was said before
        quantities[:] = [replace(q, marks=q.marks - {"to"}) for q in quantities]
    fresh = decider.reader.matcher.fit(
        spec, question.reading, question.words, question.precisions, prefer=before.frame.arguments
    )
    fills = {name: replace(fill, origin="thread", quantities=()) for name, fill in before.frame.fills.items()}
    changed = _replaced(question, before.frame, fresh, fills) or _scaled(question, before.frame, fills)
    if _counts_astray(question, fills, before.frame):
        return None
    frame = Frame(spec, fills)
    frame.unused = [i for i in fresh.unused if i not in {k for f in fills.values() for k in f.quantities}]
    frame.pairs = {k: v for k, v in fresh.pairs.items() if k in fills}
    want = _want(decider, question, frame, before)
    wanted = question.features.wanted
    other_unit = (
        wanted.explicit
        and wanted.unit is not None
        and before.want is not None
        and before.want.unit is not None
    )
    if other_unit and wanted.unit.dims and wanted.unit.dims == before.want.unit.dims:  # type: ignore[union-attr]
        want, changed = before.want, True  # "in months?"
    if changed and not other_unit and frame.arguments == before.frame.arguments and want is before.want:
        return None
    if not changed and (want is None or want is before.want):
        return None
    trial = decider.trials(spec.name, frame.arguments)
    if trial.kind == "ok":
        want = _moved(decider, question, frame, trial, want or before.want)
        if want is None or (want.name not in trial.figures and not frame.pairs):
            return None
    left = [i for i in frame.unused if is_salient(question, i)]
    sure = (0.9 if trial.kind == "ok" else 0.5) / (1 + len(left) + len(fresh.unused_names))
    return Choice(frame, trial, 0.0, want or before.want, sure=sure)


_OF_THEM = re.compile(r"^\s*(?:of|such)\b", re.I)
_THINGS = frozenset({"chip", "person", "server", "rack", "request"})


def _counts_astray(question: Question, fills: dict[str, Fill], before: Frame) -> bool:
    """Whether "100,000 of them" went into a field that counts no things: tokens, dollars."""
    counts = {
        i
        for i, q in enumerate(question.reading.quantities)
        if not q.marked and _OF_THEM.match(question.text[q.end :])
    }
    for name, fill in fills.items():
        f = before.spec.by_name.get(name)
        dims = f.unit.dims if f is not None and f.unit is not None else ()
        if counts & set(fill.quantities) and dims and (len(dims) != 1 or dims[0][0] not in _THINGS):
            return True
    return False


def _replaced(question: Question, old: Frame, fresh: Frame, fills: dict[str, Fill]) -> bool:
    """Put the new values in; a value without words of its own replaces the old one of the same unit."""
    changed = False
    named = {
        str(f.value): n for n, f in old.fills.items() if n in old.spec.by_name and old.spec.by_name[n].entity
    }
    side = ""
    for name, fill in fresh.fills.items():
        fill = _with_more(question, fill, old.fills.get(name))
        if old.spec.by_name[name].entity and str(fill.value) in named:
            side = named[str(fill.value)]  # a thing named before: what is said of it is new, not the thing
            continue
        target = _second_side(question, old, fresh, _of_one_base(old, name))
        if len(fill.quantities) == 1:
            target = _of_its_size(question, question.reading.quantities[fill.quantities[0]], old, target)
        if fill.quantities and name not in old.fills:
            q = question.reading.quantities[fill.quantities[0]]
            same = [
                n
                for n in old.fills
                if n in old.spec.by_name
                and old.spec.by_name[n].kind == "number"
                and unit_fit(q, old.spec.by_name[n]) >= 1.0
            ]
            said = fill.fit - unit_fit(q, old.spec.by_name[name])
            if len(same) == 1 and said < 0.5 and q.marked:
                target = same[0]
                fill = replace(fill, value=filled_value(q, old.spec.by_name[target]))
        fills[_of_side(old, side, target)] = fill
        changed = True
    for i in fresh.unused:
        q = question.reading.quantities[i]
        same = [
            n
            for n, f in old.fills.items()
            if n in old.spec.by_name
            and old.spec.by_name[n].kind == "number"
            and unit_fit(q, old.spec.by_name[n]) >= 1.0
            and fills[n].origin == "thread"
        ]
        if len(same) == 1:
            fills[same[0]] = Fill(filled_value(q, old.spec.by_name[same[0]]), quantities=(i,))
            changed = True
    return changed


def _of_its_size(question: Question, q: Quantity, old: Frame, name: str) -> str:
    """ "If the output is 3,000?": the thousand tokens of output that there were, not their price of $4."""
    before = old.fills.get(name)
    if q.marked or before is None or q.value <= 0 or not _far(q.value, before.value):
        return name
    said = [s for s, _ in question.features.stems]
    kin = [
        n
        for n, fill in old.fills.items()
        if (f := old.spec.by_name.get(n)) is not None
        and f.kind == "number"
        and not _far(q.value, fill.value, 30)
        and any(f.words.get(s, 0.0) >= 0.45 for s in said)
    ]
    return kin[0] if len(kin) == 1 else name


def _far(a: float, b: object, times: float = 100.0) -> bool:
    """Whether two values are more than so many times apart."""
    if not isinstance(b, int | float) or isinstance(b, bool) or b <= 0:
        return True
    return not 1 / times <= a / b <= times


def _of_one_base(old: Frame, name: str) -> str:
    """ "The cost falls to 90 cents", after a cost per million tokens: that cost."""
    kin = [n for n in old.fills if n != name and n.split("_per_")[0] == name.split("_per_")[0]]
    return kin[0] if name not in old.fills and len(kin) == 1 and kin[0] in old.spec.by_name else name


def _with_more(question: Question, fill: Fill, before: Fill | None) -> Fill:
    """ "Another 500": what the field had and so much more."""
    if before is None or len(fill.quantities) != 1:
        return fill
    more = added(question.text, question.reading.quantities[fill.quantities[0]])
    a, b = before.value, fill.value
    if not more or not isinstance(a, int | float) or not isinstance(b, int | float):
        return fill
    return replace(fill, value=a + more * b)


_OF_MONEY = re.compile(
    r"\b(price|prices|cost|costs|rent|rate|pay|salary|budget|spend|revenue|capex|cheaper|dearer)\b", re.I
)


def _scaled(question: Question, old: Frame, fills: dict[str, Fill]) -> bool:
    """ "Halve the context": the field that has the word said, times a factor."""
    factor = factor_said(question.text)
    shares = [s for q in question.reading.quantities if (s := scaled_by(question.text, q)) != 1.0]
    factor = factor or (shares[0] if len(shares) == 1 and len(question.reading.quantities) == 1 else 0.0)
    if not factor or asks_in_words(question):
        return False
    said = [s for s, _ in question.features.stems]
    rows = []
    for name, fill in old.fills.items():
        f = old.spec.by_name.get(name)
        if (
            f is not None
            and f.kind == "number"
            and isinstance(fill.value, int | float)
            and not isinstance(fill.value, bool)
        ):
            rows.append((sum(f.words.get(s, 0.0) for s in said), name, fill.value))
    rows.sort(reverse=True)
    if not _OF_MONEY.search(question.text):
        rows = [r for r in rows if "usd" not in r[1].split("_")]
    if not rows or rows[0][0] < 0.5 or (len(rows) > 1 and rows[0][0] - rows[1][0] < 0.1):
        return False
    fills[rows[0][1]] = Fill(rows[0][2] * factor)
    return True


def _of_side(old: Frame, side: str, name: str) -> str:
    """ "what if the H100 costs $25k", when the H100 is the second of two: the second price."""
    f = old.spec.by_name.get(name)
    things = [n for n in old.fills if n in old.spec.by_name and old.spec.by_name[n].entity]
    if f is None or f.kind != "number" or len(things) != 2 or side not in things:
        return name
    prices = [n for n in old.fills if n in old.spec.by_name and old.spec.by_name[n].unit_text == f.unit_text]
    prices.sort(key=lambda n: old.spec.by_name[n].direction)
    return prices[things.index(side)] if len(prices) == 2 and name in prices else name


_AGAINST = re.compile(r"\b(against|versus|vs|compared (to|with)|than|over|relative to)\b", re.I)


def _second_side(question: Question, old: Frame, fresh: Frame, name: str) -> str:
    """ "against H200?" in a comparison replaces the thing compared with."""
    f = old.spec.by_name.get(name)
    if f is None or not f.entity or not _AGAINST.search(question.text):
        return name
    pair = [n for n in old.fills if n in old.spec.by_name and old.spec.by_name[n].entity == f.entity]
    return pair[-1] if len(pair) == 2 and sum(1 for n in fresh.fills if n in pair) == 1 else name


def _want(decider: Decider, question: Question, frame: Frame, before: Choice) -> Field | None:
    """Another result, when the follow-up names one clearly ("in years?", "and the cost?")."""
    ranked = rank_outputs(frame, question, [])
    if not ranked:
        return before.want
    best = max(
        (r for r in ranked[:4] if r[0] > ranked[0][0] - 0.8), key=lambda r: r[0] - _apart(r[1], before.want)
    )
    unit = question.features.wanted.unit
    if question.features.wanted.explicit and unit is not None and unit.dims and not _in(before.want, unit):
        in_unit = [
            f for s, f in ranked if _in(f, unit) and s > ranked[0][0] - 2.0 and f.name not in frame.fills
        ]
        if in_unit:
            return in_unit[0]
    now = next((s for s, f in ranked if before.want is not None and f.name == before.want.name), -9.0)
    bare = not question.reading.quantities and not question.reading.mentions
    if (
        bare and question.precisions
    ):  # "and dense bf16 FLOP/s?": the format says which result, where none was said before
        said = [s for s, _ in question.features.stems]
        new = any(n not in before.frame.fills for n, f in frame.fills.items() if f.origin != "thread")
        bare = new and any(best[1].words.get(s, 0.0) >= 0.7 for s in said)
    if before.want is not None and _CHANGES.search(question.text) and not asks_itself(question):
        return before.want  # "make the cache bf16" asks for what was asked before
    if _only_values(question):
        return before.want  # "and revenue up to $16M" gives a value, whatever results are called by its words
    return best[1] if best[0] - now > (0.4 if bare else 1.8) else before.want


def _only_values(question: Question) -> bool:
    """Whether a follow-up gives new values and asks nothing."""
    numbers = any(is_salient(question, i) for i in range(len(question.reading.quantities)))
    asks = asks_itself(question) or question.text.rstrip().endswith("?")
    return not asks and (numbers or bool(factor_said(question.text)))


def _in(f: Field | None, unit: Unit) -> bool:
    return f is not None and f.unit is not None and f.unit.dims == unit.dims


def _apart(f: Field, before: Field | None) -> float:
    """How little a result's name has in common with that of the one asked for before: "bandwidth ratio" after "capacity ratio"."""
    if before is None:
        return 0.0
    return 0.3 * len(set(f.name.split("_")) ^ set(before.name.split("_")))


def _moved(
    decider: Decider, question: Question, frame: Frame, trial: Trial, want: Field | None
) -> Field | None:
    """The result wanted, or another where that one would stay as it was whatever the new numbers are."""
    ranked = [
        f
        for _, f in rank_outputs(frame, question, [])
        if f.name in trial.figures and f.name not in frame.fills
    ]
    if want is None or want.name not in trial.figures or not ranked:
        return want
    names = list(dict.fromkeys([want.name, *(f.name for f in ranked)]))
    idle = idle_fields(frame, trial, names, decider.trials)
    if not idle[want.name]:
        return want
    unit = question.features.wanted.unit if question.features.wanted.explicit else want.unit
    moved = [f for f in ranked if not idle[f.name] and (asks_itself(question) or f.role == "headline")]
    alike = [f for f in moved if unit is not None and f.unit is not None and f.unit.dims == unit.dims]
    return next(iter(alike or moved), None)


def names_new_result(question: Question, alone: Choice, before: Choice | None) -> bool:
    """ "H100 rent?" after a question on memory: a result named that the earlier calculator does not have."""
    if before is None or alone.want is None or alone.frame.spec.name == before.frame.spec.name:
        return False
    said = [s for s, _ in question.features.stems if alone.want.words.get(s, 0.0) >= 0.7]
    return any(before.frame.spec.text_weights.get(s, 0.0) < 0.3 for s in said)
