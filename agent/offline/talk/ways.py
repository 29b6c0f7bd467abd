"""The ways a follow-up can be meant, each tried by reading what it would say in full.

Values put into the earlier reading or into the earlier text, both texts read as one, an amount it points to written
out, the earlier result used in a new question, two results compared. Each is read and run like a question, so how sure
it is says which one is meant.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from agent.offline.decide import LIKELY, SURE, Choice, Decider, Decision
from agent.offline.doubt import said_ignored
from agent.offline.reading.features import Wanted
from agent.offline.reading.measure import parse_unit
from agent.offline.score import Question, is_salient
from agent.offline.talk.apiece import at_the_meter
from agent.offline.talk.chains import stepped, told, with_unit
from agent.offline.talk.edits import edited, plainly, valued
from agent.offline.talk.follow import asks_in_words, asks_itself, asks_other, follows, merge, refers_back
from agent.offline.talk.inverse import in_proportion, solved
from agent.offline.talk.refer import leans_back, with_amounts, with_things
from agent.offline.talk.rescale import in_scale, only_a_unit
from agent.offline.talk.results import about
from agent.offline.talk.standing import Standing, wanting
from agent.offline.talk.taken import alike_dims, in_unit_asked, same_kind, taken, value_of

CHAINED = 0.85  # a result told again says less than the texts it came from
DOUBTFUL = 0.35  # a reading less sure is no ground for a follow-up
NEARLY = 0.85  # a question that points back is about the result where that reads nearly as surely
TOLD = 0.6  # and a question about it is answered only when it is surer than `SURE`
WORTH = 0.3  # an earlier text with a new value in it is read as it was before: less sure than `SURE` will do


Way = Callable[[Decider, Question, Standing], "Standing | None"]


def followed(
    decider: Decider, question: Question, standing: Standing, *, whole: bool = True
) -> Standing | None:
    """The follow-up in the way it is most surely meant; None when it leans on nothing.

    What is no whole question (`whole` false: it is not read on its own) need not point back in so many words.
    """
    asks = asks_itself(question)
    ways: tuple[Way, ...] = (_joined, _merged, _edited)
    if standing.asked_back:
        if asks and whole and not _linked(decider, question, standing):
            return None
        return _first(ways, decider, question, standing)
    on_results = _about_results(decider, question, standing)
    if on_results is not None:
        return on_results
    if not asks:
        ways = (_edited, _merged, _at_the_meter, _joined, _chained)
        return _first(ways, decider, question, standing)
    if whole and not _linked(decider, question, standing):
        return None
    turned = _inverted(decider, question, standing)
    if turned is not None:
        return turned
    referred = _referred(decider, question, standing)
    if referred is not None:
        return referred
    ways = (_merged, _edited, _chained, _joined)
    found = [s for way in ways if (s := way(decider, question, standing)) is not None]
    put_in = [
        s for s in found if s.origin is None and s.sure >= SURE and _puts_in(decider, question, standing)
    ]
    if not leans_back(question) and put_in:
        found = put_in
    elif leans_back(question):
        most = max((s.sure for s in found), default=0.0)
        found = [s for s in found if s.origin is not None and s.sure >= NEARLY * most] or found
    best = max(found, key=lambda s: s.sure * (CHAINED if s.origin is not None else 1.0), default=None)
    return best or _of_things(decider, question, standing)


def _first(
    ways: tuple[Way, ...], decider: Decider, question: Question, standing: Standing
) -> Standing | None:
    return next((s for way in ways if (s := way(decider, question, standing)) is not None), None)


def answering(decider: Decider, question: Question, standing: Standing, alone: Standing) -> Standing:
    """What answers a question asked back: the surest of both texts read as one and of the values put in."""
    computes = alone.decision.kind in ("calculate", "mixed") and alone.sure >= SURE
    found = _joined(decider, question, standing)
    if found is not None and _is_sum(found) and _counterparts(decider, question, standing):
        found = _edited(decider, question, standing)  # a new value of what was said is no further factor
    doubtful = standing.sure < DOUBTFUL or (
        standing.choice is not None and bool(said_ignored(standing.choice.faults))
    )
    unsure = standing.choice is not None and standing.choice.ok and doubtful  # no value was missing
    if found is None and not computes and standing.sure >= LIKELY and not unsure:
        found = _merged(decider, question, standing)
    found = found or _edited(decider, question, standing)
    if unsure and found is not None and found.sure < SURE:
        found = None
    if found is None or (computes and alone.sure > found.sure + 0.1):
        return alone
    return found


def _is_sum(standing: Standing) -> bool:
    return standing.choice is not None and standing.choice.sum is not None


def _puts_in(decider: Decider, question: Question, standing: Standing) -> bool:
    """Whether a follow-up gives new values of what was said: then it is the earlier question that is asked."""
    return bool(question.reading.quantities) and _counterparts(decider, question, standing)


def _counterparts(decider: Decider, question: Question, standing: Standing) -> bool:
    """Whether all that a follow-up says has its counterpart in the earlier text."""
    return bool(standing.text) and edited(_asked(decider, standing), question, standing.fixed) is not None


def _linked(decider: Decider, question: Question, standing: Standing) -> bool:
    """Whether anything ties the question to the earlier one: a word that points back, one of its own words, its unit."""
    if follows(question) >= 1.0 or refers_back(question.text):
        return True
    before = {s for s, _ in standing.decision.question.features.stems}
    if standing.text:
        before |= {s for s, _ in decider.reader.read(standing.text).features.stems}
    choice = standing.choice
    if choice is not None and choice.want is not None:
        before |= set(choice.want.name_stems)
    return any(s in before for s, _ in question.features.stems)


def _about_results(decider: Decider, question: Question, standing: Standing) -> Standing | None:
    """Results compared, added up, shared out, raised, the same step once more, or the last one in another unit."""
    if standing.choice is None or not standing.choice.ok:
        return None
    before, asked = standing.choice, standing.asked()
    unit = in_scale(question, before) or only_a_unit(question, before)
    if unit is not None:
        return _in_unit(question, standing, unit)
    choice = about(decider, question, standing.results, before, asked)
    if choice is not None:
        return _derived(question, standing, choice)
    return _stepped(decider, question, standing) if stepped(question) else None


def _stepped(decider: Decider, question: Question, standing: Standing) -> Standing | None:
    """ "And the one after?": the earlier text with the result in the place of the one amount of its kind."""
    value = value_of(standing)
    if value is None or not standing.text:
        return None
    asked = _asked(decider, standing)
    dims = parse_unit(value[1]).dims
    kin = [q for q in asked.reading.quantities if q.unit.dims == dims and dims]
    if len(kin) != 1:
        return None
    e = valued(asked, kin[0], value[0] * parse_unit(value[1]).factor / kin[0].unit.factor)
    text = asked.text[: e.start] + e.text + asked.text[e.end :]
    q = wanting(decider.reader.read(text), standing.decision.question.features.wanted)
    return taken(decider, q, standing, SURE)


def _in_unit(question: Question, standing: Standing, unit: Wanted) -> Standing:
    """The same result in another unit; what is asked stays the same question."""
    asked = wanting(standing.decision.question, unit)
    decision = replace(standing.decision, question=asked, kind="calculate", followed=True, search="")
    return replace(standing, decision=decision)


def _derived(question: Question, standing: Standing, choice: Choice) -> Standing:
    """A question about results, which keeps the one it is about so that both can change."""
    before = standing.decision.question.features.wanted
    if (standing.choice is not None and choice.want is standing.choice.want) or not asks_itself(question):
        question = wanting(question, before)
    decision = Decision("calculate", question, choice, followed=True)
    return Standing(decision, "", standing.results, standing, question.text)


def _at_the_meter(decider: Decider, question: Question, standing: Standing) -> Standing | None:
    choice = (
        at_the_meter(decider, question, standing.choice, standing.asked())
        if standing.choice is not None
        else None
    )
    return _derived(question, standing, choice) if choice is not None else None


def _inverted(decider: Decider, question: Question, standing: Standing) -> Standing | None:
    """The earlier result given, and one of its inputs asked for."""
    if standing.choice is None or not standing.choice.ok or not asks_in_words(question):
        return None

    def read(text: str) -> Choice | None:
        found = taken(
            decider,
            wanting(decider.reader.read(text), standing.decision.question.features.wanted),
            standing,
            WORTH,
        )
        return found.choice if found is not None else None

    choice = solved(decider, question, standing.choice)
    if choice is None and standing.text:
        choice = in_proportion(decider, question, standing.choice, _asked(decider, standing), read)
    return _derived(question, standing, choice) if choice is not None else None


def _once_again(decider: Decider, question: Question, standing: Standing) -> Standing | None:
    """A question about a result asked of another one: "per GPU" after a new price, "in months" after a new rent."""
    ways: tuple[Way, ...] = (_about_results, _inverted, _at_the_meter, _chained)
    return _first(ways, decider, question, standing)


def _merged(decider: Decider, question: Question, standing: Standing) -> Standing | None:
    """The new values put into the earlier reading."""
    if standing.choice is None:
        return None
    choice = merge(decider, decider.reader.read(plainly(question.text)), standing.choice)
    if choice is None or (choice.want is standing.choice.want and _another_asked(question, standing)):
        return None
    if choice.sure < LIKELY or (asks_itself(question) and not _as_asked(question, choice)):
        return None
    asked = standing.decision.question.features.wanted
    q = question if question.features.wanted.unit is not None else wanting(question, asked)
    decision = decider.decide(q, [choice])
    if choice.ok and (decision.kind == "narrative" or (decision.kind == "clarify" and choice.sure >= SURE)):
        decision = Decision("calculate", q, choice)
    return replace(
        standing,
        decision=replace(decision, followed=True),
        text=_said_at_once(decider, question, standing, choice),
    )


def _said_at_once(decider: Decider, question: Question, standing: Standing, choice: Choice) -> str:
    """A text that says the whole merged question, where one reads to the same result; else nothing."""
    if not standing.text:
        return ""
    new = decider.reader.read(plainly(question.text))
    for text in (
        edited(_asked(decider, standing), new, standing.fixed),
        _sentence(standing.text) + question.text,
    ):
        if text is None:
            continue
        choices = decider.choices(_wanting_as(decider.reader.read(text), question, standing))
        if choices and choices[0].ok and choices[0].value == choice.value:
            return text
    return ""


def _as_asked(question: Question, choice: Choice) -> bool:
    """Whether a result has the unit that the follow-up itself asks for, and nothing it says is left over."""
    return choice.ok and choice.sure >= 0.8 and in_unit_asked(question, choice)


def _asked(decider: Decider, standing: Standing) -> Question:
    return decider.reader.read(plainly(standing.text))


def _edited(decider: Decider, question: Question, standing: Standing) -> Standing | None:
    """The new values put into the earlier text; into that of the result it is about, where they belong there."""
    new = decider.reader.read(plainly(question.text))
    if not standing.text:
        return _edited_again(decider, new, standing)
    if _another_asked(new, standing):
        return None
    text = edited(_asked(decider, standing), new, standing.fixed)
    if text is not None:
        q = _wanting_as(decider.reader.read(text), question, standing)
        left = len(said_ignored(standing.choice.faults)) if standing.choice is not None else 0
        found = taken(decider, q, standing, WORTH, left)
        if found is not None and not standing.asked_back and value_of(found) == value_of(standing):
            found = None  # what is new changes nothing: it was not understood
        return (
            replace(found, text=text, origin=standing.origin, tail=standing.tail, fixed=standing.fixed)
            if found
            else None
        )
    return _edited_again(decider, new, standing)


def _another_asked(question: Question, standing: Standing) -> bool:
    want = standing.choice.want if standing.choice is not None else None
    return not standing.asked_back and asks_other(question, standing.decision.question, want)


def _edited_again(decider: Decider, new: Question, standing: Standing) -> Standing | None:
    """What was asked of a result, asked with the new values: they belong to its own words, or to those of the result."""
    if standing.origin is None or not standing.tail:
        return None
    tail = decider.reader.read(plainly(standing.tail))
    text = edited(tail, new)
    if text is not None:
        return _once_again(decider, decider.reader.read(text), standing.origin)
    for way in (_edited, _merged):
        earlier = way(decider, new, standing.origin)
        if earlier is None or earlier.choice is None or not earlier.choice.ok:
            continue
        found = _once_again(decider, decider.reader.read(standing.tail), earlier)
        if found is not None and value_of(found) != value_of(standing):  # else what is new was not understood
            return found
    return None


def _joined(decider: Decider, question: Question, standing: Standing) -> Standing | None:
    """Both texts read as one."""
    if not standing.text:
        return None
    text = _sentence(standing.text) + plainly(question.text)
    q = _wanting_as(decider.reader.read(text), question, standing)
    found = taken(decider, q, standing, SURE)
    if found is None or found.choice is None:
        return None
    if not (standing.asked_back or asks_itself(question) or alike_dims(found, standing)):
        return None
    bare = any(not n.marked and is_salient(question, i) for i, n in enumerate(question.reading.quantities))
    if asks_in_words(question) and (bare or standing.asked_back) and found.choice.sum is not None:
        return None  # a sum of two questions' numbers that takes a bare one for a factor
    if (
        not standing.asked_back
        and standing.choice is not None
        and found.choice.value == standing.choice.value
    ):
        return None  # what was added changes nothing: it was not understood
    return replace(found, text=text)


def _referred(decider: Decider, question: Question, standing: Standing) -> Standing | None:
    """The question with the amount it points to written out: "at that growth", "for the same price"."""
    if not standing.text:
        return None
    text = with_amounts(_asked(decider, standing), question.text)
    return _read_alone(decider, [text] if text != question.text else [])


def _of_things(decider: Decider, question: Question, standing: Standing) -> Standing | None:
    asked = _asked(decider, standing) if standing.text else standing.asked()[-1]
    return of_things(decider, question, asked)


def of_things(decider: Decider, question: Question, asked: Question) -> Standing | None:
    """The question with what it is about written out: "what do those draw?" of the 512 B200s asked about before."""
    return _read_alone(decider, with_things(asked, question))


def _read_alone(decider: Decider, texts: Sequence[str]) -> Standing | None:
    read = [decider.reader.read(t) for t in texts]
    found = [s for q in read if (s := taken(decider, q, None, SURE)) is not None]
    return max(found, key=lambda s: s.sure, default=None)


def _sentence(text: str) -> str:
    bare = text.rstrip()
    return bare + " " if bare.endswith((".", "?", "!", ";")) else bare + ". "


def _chained(decider: Decider, question: Question, standing: Standing) -> Standing | None:
    """The earlier result stated, then the new question."""
    if standing.choice is None or not standing.choice.ok:
        return None
    opening = told(standing.choice, standing.decision.question)
    if not opening:
        return None
    before = standing.decision.question.features.wanted
    wanted = (
        question.features.wanted if asks_itself(question) else replace(before, near={}, focus=frozenset())
    )
    text, found = "", None
    for said in (question.text, with_unit(question, standing.choice)):
        if found is None and said:
            text = opening + said
            found = taken(decider, wanting(decider.reader.read(text), wanted), None, TOLD)
    asks = asks_itself(question) or leans_back(question) or _another_asked(question, standing)
    if found is None or not (asks or same_kind(found, standing)):
        return None
    return replace(found, text=text, origin=standing, tail=question.text, fixed=len(opening))


def _wanting_as(whole: Question, new: Question, standing: Standing) -> Question:
    """What a text made of two wants: what the follow-up asks for, else what was asked before."""
    if asks_itself(new):
        return wanting(whole, new.features.wanted) if new.features.wanted.unit is not None else whole
    return wanting(whole, standing.decision.question.features.wanted)
