"""From candidates to a decision: calculate, search, both, ask, or say why not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agent.offline.choices import ARITHMETIC as ARITHMETIC
from agent.offline.choices import Choice as Choice
from agent.offline.choices import Chooser
from agent.offline.doubt import ignored, withheld
from agent.offline.fitting.frame import Fill
from agent.offline.gate import Refusal, refuse
from agent.offline.reading.measure import Unit, parse_unit
from agent.offline.reading.periods import KIND as PERIOD
from agent.offline.schema import Field
from agent.offline.scope import forbidden, foreign, own_decision
from agent.offline.score import Question, is_salient
from agent.offline.trial import Trial

SURE_WITHOUT = 0.65  # as sure as one must be that leaves a stated number out
SURE = 0.55  # a reading at least this sure is an answer; of those less sure two of five are wrong
LIKELY = 0.07  # at least this sure: worth asking about


@dataclass
class Decision:
    """What to do about one question. `kind`: refuse, invalid, calculate, narrative, mixed, clarify, live."""

    kind: str
    question: Question
    choice: Choice | None = None
    rival: Choice | None = None
    refusal: Refusal | None = None
    problem: str = ""
    search: str = ""
    from_claims: bool = False
    followed: bool = False
    others: list[Choice] = field(default_factory=list)


class Decider(Chooser):
    """Decides about questions by their surest readings."""

    def decide(self, question: Question, choices: list[Choice] | None = None) -> Decision:
        """The decision about a question on its own (follow-ups are merged before this)."""
        refusal = refuse(question.text)
        if refusal is not None:
            return Decision("refuse", question, refusal=refusal)
        choices = self.choices(question) if choices is None else choices
        best = choices[0] if choices else None
        problem = self._impossible(question, choices)
        if problem:
            return Decision("invalid", question, best, problem=problem)
        return self._route(question, choices, best)

    def _route(self, question: Question, choices: list[Choice], best: Choice | None) -> Decision:
        f = question.features
        numbers = [i for i in range(len(question.reading.quantities)) if is_salient(question, i)]
        search = search_text(question.text)
        rival = next(
            (c for c in choices[1:] if best is not None and c.frame.spec is not best.frame.spec), None
        )
        if best is not None and best.trial.kind == "absent" and len(numbers) > 1:
            best = next((c for c in choices if c.ok and c.sure >= SURE and not c.frame.unused), best)
        computes = (
            best is not None
            and best.ok
            and (best.sure >= SURE or self._one_run(question, best, choices))
            and self._computes(question, best, numbers)
            and not _leaves_out(best)
        )
        if f.now_price and not numbers and (not computes or _asks_going_price(question.text)):
            return Decision("live", question, best, search=search)
        if computes:
            if f.check or f.where_said or f.strong_source or (f.source and f.ratio):
                return Decision("mixed", question, best, rival, search=search)
            return Decision("calculate", question, best, rival)
        if (_derives(question) and (f.source or f.strong_source) and f.asks_number) or (f.source and numbers):
            return Decision("mixed", question, best, rival, search=search, from_claims=True)
        return self._not_computed(question, choices, numbers) or Decision(
            "narrative", question, best, search=search
        )

    @staticmethod
    def _one_run(question: Question, best: Choice, choices: list[Choice]) -> bool:
        """Whether it is sure which calculation is meant, though not which of its results comes first ("rank them")."""
        if question.features.asks_number:
            return False
        shares = {
            c.value: c.sure
            for c in choices
            if c.ok and c.frame.spec is best.frame.spec and c.frame.arguments == best.frame.arguments
        }
        return sum(shares.values()) >= 1.2 * SURE

    def _not_computed(self, question: Question, choices: list[Choice], numbers: list[int]) -> Decision | None:
        """What to say of a question that asks for a calculation, where none is sure enough: why not, or a question back."""
        f = question.features
        known = max((c.frame.parts.get("words", 0.0) for c in choices), default=0.0)
        if f.strong_source or foreign(question, known, self.reader.library):
            return None
        likely = [c for c in choices if c.sure >= LIKELY]
        for c in likely:
            if c.trial.kind == "absent":
                return Decision("absent", question, c, problem=c.trial.message)
            if (
                c.trial.kind in ("invalid", "unknown", "contradiction")
                and numbers
                and c.evidence.get("bettered", 0.0)
                < 0.5  # another field, which allows it, suits the number better
                and c.sure >= 0.5 * likely[0].sure
                and not (
                    (fill := c.frame.fills.get(c.trial.field)) is not None
                    and _better_elsewhere(choices, fill)
                )
            ):
                return Decision("invalid", question, c, problem=c.trial.message)
            if c.trial.kind == "missing" and self._asks_calculation(question, c, numbers):
                return Decision("clarify", question, c)
            if c.ok and numbers and (f.asks_number or not f.explain):
                return Decision("clarify", question, c, problem=self._withheld(question, c, choices))
        if not numbers:
            bare = self._bare_own(question, choices)
            if bare is None and own_decision(question):
                bare = next((c for c in choices if c.trial.kind == "missing"), None)
            if bare is None:
                bare = next(
                    (
                        c
                        for c in choices[:2]
                        if c.trial.kind == "missing" and c.sure >= LIKELY and self._bare_ask(question, c)
                    ),
                    None,
                )
            # it may be what was said that is meant: that is looked up as well, but for the asker's own things
            own = _OWN.search(question.text) is not None
            return (
                Decision("clarify", question, bare, search="" if own else search_text(question.text))
                if bare is not None
                else None
            )
        if choices and not f.source and not f.explain:
            return Decision(
                "clarify", question, choices[0], problem=self._withheld(question, choices[0], choices)
            )
        return None

    @staticmethod
    def _bare_own(question: Question, choices: list[Choice]) -> Choice | None:
        """ "How long until my GPUs have paid for themselves?", "payback of an H100?": a result, and nothing to work it out from."""
        f = question.features
        it = _IT.search(question.text)
        if (
            f.source
            or f.strong_source
            or f.where_said
            or (f.yes_no and not it)
            or (f.explain and not f.asks_number)
        ):
            return None
        own = bool(_OWN.search(question.text)) and bool(_HOW.search(question.text))
        brief = len(question.reading.tokens) <= 6 and not _proper_noun(question)
        if it and len(question.reading.tokens) <= 8:  # "will it fit on one GPU?": what "it" is was never said
            return next((c for c in choices if c.trial.kind == "missing"), None)
        if not own and not brief:
            return None
        for c in choices:
            named = c.want is not None and any(c.want.words.get(s, 0.0) >= 0.7 for s, _ in f.stems)
            known = sum(1 for s, _ in f.stems if c.frame.spec.text_weights.get(s, 0.0) >= 0.3)
            if c.trial.kind == "missing" and named and 3 * known >= 2 * len(f.stems):
                return c
        return None

    @staticmethod
    def _withheld(question: Question, best: Choice, choices: list[Choice]) -> str:
        """Why the best reading is not answered with, in words that ask for what would settle it."""
        if best.want is None:
            return ""
        doubt = withheld(best.faults or ignored(question, best), readable(best.want))
        other = next(
            (
                c
                for c in choices
                if c.ok
                and c.want is not None
                and c.sum is None
                and not _alike(readable(c.want), readable(best.want))
            ),
            None,
        )
        if doubt or best.sum is not None or other is None or other.want is None:
            return (
                doubt
                or "I read the numbers, but not what they should come to. Which quantity do you want, and in which unit?"
            )
        asked, rival = readable(best.want), readable(other.want)
        return f"I can read this in more than one way. Do you want {asked[:1].lower()}{asked[1:]}, or {rival[:1].lower()}{rival[1:]}?"

    @staticmethod
    def _computes(question: Question, choice: Choice, numbers: list[int]) -> bool:
        """Whether the run answers this question: it used numbers or names of it, and is asked for a number."""
        used = {i for fill in choice.frame.fills.values() for i in fill.quantities}
        named = any(
            choice.frame.spec.by_name[n].entity for n in choice.frame.fills if n in choice.frame.spec.by_name
        )
        f = question.features
        if not used and f.strong_source and not f.check:
            return False
        if not used and not f.source and f.asks_number and choice.sure >= 1.5 * SURE:
            return True  # what follows from the calculator alone: "forward pass as a share of training FLOP"
        if used & set(numbers):
            return True
        if any(
            choice.frame.spec.by_name[n].entity == PERIOD
            for n in choice.frame.fills
            if n in choice.frame.spec.by_name
        ):
            return True  # "what did it rent for in early 2024": the date is the number of the question
        if f.compares and not f.strong_source:
            return bool(named)
        return bool(named) and (f.asks_number or not f.explain) and not (f.explain and not f.asks_number)

    @staticmethod
    def _asks_calculation(question: Question, choice: Choice, numbers: list[int]) -> bool:
        f = question.features
        if numbers:
            return True
        if f.explain and not f.asks_number:
            return False
        names = [
            n
            for n in choice.frame.fills
            if n in choice.frame.spec.by_name and choice.frame.spec.by_name[n].entity
        ]
        if not names and _proper_noun(question) and not _OWN.search(question.text):
            return False  # of somebody's costs, not of a case to be worked out
        brief = sum(1 for t in question.reading.tokens if t.is_word) <= 9
        if not names and not (f.asks_number and brief) and choice.sure < 2 * LIKELY:
            return False
        said = choice.want is not None and any(
            s in choice.want.words and choice.want.words[s] >= 0.7 for s, _ in f.stems
        )
        return bool(names) or (f.asks_number and said) or (said and len(f.stems) <= 5 and not f.source)

    def _bare_ask(self, question: Question, choice: Choice) -> bool:
        """ "And the gross margin?": nothing but the name of a result of one calculator."""
        f = question.features
        if not f.stems or f.yes_no or (f.explain and not f.asks_number) or choice.want is None or f.source:
            return False
        if (
            any(q.value != 1 for q in question.reading.quantities)
            or question.reading.mentions
            or len(f.stems) > 4
            or _proper_noun(question)
        ):
            return False
        said = [s for s, _ in f.stems if s not in _GENERIC]
        known = sum(1 for s in said if choice.frame.spec.text_weights.get(s, 0.0) >= 0.3)
        return (
            bool(said)
            and 2 * known >= len(said)
            and any(choice.want.words.get(s, 0.0) >= 0.7 for s, _ in f.stems)
        )

    def _impossible(self, question: Question, choices: list[Choice]) -> str:
        """A value that cannot be, whatever else is missing: −8 GPUs, zero chips, 120 % of memory."""
        best = choices[0].sure if choices else 0.0
        found = forbidden(question, {c.frame.spec.name: c.frame.spec for c in choices[:3]}.values())
        if found is not None:
            named, said = found
            return f"{readable(named)} cannot be {said}: it must be {named.allowed}{_unit_words(named)}."
        if choices and choices[0].ok and best >= SURE:
            return ""
        for c in choices[:5]:
            if c.sure < max(LIKELY, 0.5 * best) or c.frame.spec.name == ARITHMETIC:
                continue
            for name, fill in c.frame.fills.items():
                f = c.frame.spec.by_name.get(name)
                if f is None or not fill.quantities or f.kind != "number":
                    continue
                q = question.reading.quantities[fill.quantities[0]]
                value = fill.value
                if (
                    isinstance(value, int | float)
                    and not f.allows(value)
                    and (value <= 0 or f.high <= 100 or fill.value < f.low)
                    and fill.fit >= (0.9 if value <= 0 else 2.4)
                    and not (value > 0 and _better_elsewhere(choices, fill))
                ):
                    said = question.text[q.start : q.end].strip()
                    return f"{readable(f)} cannot be {said}: it must be {f.bound(value)}{_unit_words(f)}."
        for q in question.reading.quantities:
            if (
                q.value < 0
                and q.unit.dims
                and q.unit.dims[0][0] in ("chip", "token", "request", "byte", "param", "person", "server")
            ):
                return f"{question.text[q.start : q.end].strip()} cannot be: a count must be above 0."
            if q.value == 0 and q.unit.dims == (("chip", 1),):
                return "The number of chips cannot be 0: it must be at least 1."
        return ""


def _leaves_out(choice: Choice) -> bool:
    """Whether a reading leaves out what must not be: "if the price halves"; another number unless it is all but sure."""
    without = bool(choice.evidence.get("left_over")) and choice.sure < SURE_WITHOUT
    return without or bool(choice.evidence.get("factor_dropped"))


def _alike(one: str, other: str) -> bool:
    """Whether two results differ in their unit alone: "Payback time", "Payback time in months"."""
    return one.startswith(other) or other.startswith(one)


def _better_elsewhere(choices: list[Choice], fill: Fill) -> bool:
    """Whether a field that allows the number suits it better than the one that forbids it."""
    others = (f for c in choices if c.ok for f in c.frame.fills.values())
    return any(f.fit > fill.fit and f.quantities == fill.quantities for f in others)


_IT = re.compile(r"\b(will|does|do|can|could|would|is|are) (it|this|that|they|these|those)\b", re.I)
_OWN = re.compile(r"\b(my|our|we|i|us|mine|ours)\b", re.I)
_HOW = re.compile(
    r"\b(how (long|much|many|soon|fast|big|expensive)|what (will|would|does|do)|when (will|do|does))\b", re.I
)
_GENERIC = frozenset(
    ["siz", "number", "valu", "amount", "rough", "period", "figur", "need", "requir", "tak", "us"]
)


def _proper_noun(question: Question) -> bool:
    """Whether the question names somebody or something that no calculator knows."""
    return any(
        t.text[:1].isupper() and (t.text[1:].islower() or t.low.endswith("'s"))
        for t in question.reading.tokens[1:]
        if t.is_word and len(t.text) > 2
    )


def readable(f: Field) -> str:
    """What a field is, in words: its description's first clause."""
    described = re.sub(r"^\((\w+)\)", r"\1", f.description) or f.name.replace("_", " ")
    text = re.split(r"[;:(,]", described)[0].strip().rstrip(".")
    return text[:1].upper() + text[1:]


def _unit_words(f: Field) -> str:
    return (
        "" if not f.unit_text or f.unit_text == "dimensionless" else f" {f.unit_text.replace('percent', '%')}"
    )


_DERIVE = re.compile(
    r"\b(implied|imply|implies|infer|work out|compute|calculate|ratio|discount|number of|what does that (make|mean|give)|how many|how much|gap|difference|"
    r"multiple|markup|total|in dollars|per (gpu|chip|year|hour)|percent|%|compare|times)\b",
    re.I,
)


def _derives(question: Question) -> bool:
    return bool(_DERIVE.search(question.text))


def _asks_going_price(text: str) -> bool:
    return bool(
        re.search(
            r"\b(what|what's|whats|how much|give me|tell me|current|today's|latest|live|real[- ]time)\b",
            text,
            re.I,
        )
    )


_FRAMING = re.compile(
    r"\b(what (did|does|do|was|were) (they|he|she|dylan|brad|bill|the (guest|guests|host|hosts|speakers?))( patel| gurley| gerstner)? (say|said|think|mention|argue|claim|tell us|have to say)( about| on| of)?|"
    r"according to (the )?(podcast|episode|interview|dylan|guest|conversation|talk)|in the (podcast|episode|interview|discussion|conversation|talk|show)|on the (show|podcast)|"
    r"(show me and )?say where (he|she|they) said (it|that)|please|can you|could you|tell me|summari[sz]e|explain)\b",
    re.I,
)


def search_text(text: str) -> str:
    """The question without the words that only frame it."""
    bare = re.sub(r"\s+", " ", _FRAMING.sub(" ", text)).strip(" ?,.!")
    return bare if len(bare) >= 6 else text


def unit_of(text: str) -> Unit:
    return parse_unit(text)


def figure_of(trial: Trial | Mapping[str, Any], name: str) -> tuple[float, str] | None:
    if isinstance(trial, Trial):
        return trial.figures.get(name)
    for figure in trial.get("figures", ()):
        if figure.get("name") == name:
            return float(figure["value"]), str(figure["unit"])
    return None
