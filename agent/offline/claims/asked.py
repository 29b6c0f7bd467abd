"""What a question on a claim wants: the unit, an end of a range, a sum, a share for each; and words that ask to work it out."""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent.offline.reading.features import Features
from agent.offline.reading.measure import COUNTS, Unit, parse_unit, without_counts
from agent.offline.reading.written_units import spelled_unit
from agent.offline.score import Question

# Words that ask for something to be worked out of what was said, rather than for what was said.
WORKS_OUT = re.compile(
    r"\b(per|each|apiece|a piece|times|over|versus|vs|against|compared|relative|ratio|multiple|multipl\w+|factor|percent\w*|pct|share|fraction|"
    r"proportion|total|altogether|together|sum|combined|add|difference|gap|saved?|savings?|divid\w+|spread|split|convert\w*|impl\w+|work out|compute|"
    r"calculat\w+|how many|how much|what would|what will|if|at|doubl\w*|tripl\w*|halv\w*|quadrupl\w*|decades?|orders? of magnitude|compounded|worth|equivalent|left)\b|[%$]",
    re.I,
)


_REPORTS = (
    r"(say|says|said|saying|mention\w*|describ\w+|discuss\w*|gives?|gave|given|nam(es?|ed)|quot(es?|ed)|puts?|cit(es?|ed)|talk(s|ed)|relay(s|ed)|calls?|called|"
    r"list(s|ed)|uses?|used|counts?|expects?|throws?|stat(es?|ed)|claim(s|ed)?|forecasts?|tells?|told|refers?|suggests?|predicts?|mean(s|t))"
)
# whether what was said holds, with no number of the asker's own
HOLDS = re.compile(
    r"\b(does|do|did|would) (it|that|this|they|those|these|the (claims?|numbers?|figures?|math|maths))( all| really| still)* "
    r"(hold|add up|check out|stand|stack up|make sense|work out)|\bhold(s|ing)? (up|water|true)\b|\bcheck(s)? out\b|"
    r"\b(is|are|was|were) (it|that|this|they|he|those|these) (all |really |even |still )?(right|true|correct|wrong|plausible|credible|accurate)\b|"
    r"\b(and|but) (is|does|do|are) (it|that|they)( all| really)*\b.{0,12}\?|\bfact[- ]?check|\bverify|\bverdicts?\b|"
    r"\bwhat (does|do|did|would|will)\b.{3,60}\b(do to|mean for)\b",  # "what does long context do to batch sizes?"
    re.I,
)

SPEAKS = re.compile(
    rf"\b(he|she|they|dylan|patel|brad|gerstner|bill|gurley|guests?|hosts?|speakers?|someone|somebody|one of them) (also |then |first |later )?{_REPORTS}\b|"
    rf"\b(is|was|are|were|as|been|so) {_REPORTS}\b|\b(dylan|patel|gerstner|gurley)\b|\bbrad('s)?\b|\bbill's\b|"
    r"\b(in|on|from|by|per|of|during) the (pod|podcast|talk|show|episode|interview|conversation|chat|discussion|recording|example|transcript)\b|"
    r"\b(pod|podcast|episode|interview|transcript)\b|\btalk(s|ed)? (of|about)\b|\bas in the example\b|"
    r"\b(the|those|their|his|her) ([\w.%$]+ )?(and [\w.%$]+ )?(figures?|numbers?)( (he|she|they|given|quoted|named|said))?\b(?! of (gpus|chips|users|requests|tokens|servers|cards|racks|people|layers|parameters))",
    re.I,
)
_LOCATES = re.compile(
    # "where did it start?" asks for a level, "where did he say it?" for a place
    r"\bwhere (?!(is|was|did|does|do|will|would) (it|this|that|the \w+) (start|begin|land|end|trade|stand|come|go|sit|settle)s?\b)"
    r"(is|was|were|are|did|does|do|in the|he|she|they|it|that|this|dylan|brad|bill|exactly)\b|"
    r"\bwhen (exactly )?((is|was|were|are|did|does|do) )?(he|she|they|it|that|this|dylan|brad|bill|somebody|someone|anyone)\b|"
    r"\bwhereabouts\b|\btime ?stamps?\b|\bpassages?\b|\bquot(e|es|ed|ing)\b|\bcit(e|es|ed|ation)\b|"
    r"\bsource please\b|\b(and|\+|with|plus) (the )?source\b|\bpoint me\b|\bwho (said|says|claim(s|ed)|mention(s|ed)|was it)\b|\breferences?\b|\bremarks?\b|\bhis statement\b|\bthe (bit|spot|place|moment|minute)\b",
    re.I,
)
_GIVEN_SHARE = re.compile(
    rf"\b(percentages?|percent|share|range|fraction|ratio|multiple|factor)( of [\w ]{{1,20}})? (that )?((he|she|they|dylan|brad|bill|is|are|was) )?({_REPORTS})\b",
    re.I,
)
_MONEY = re.compile(
    r"\b(worth|value|costs?|paid|pay|price|revenue|bill|dollars|savings?|saved?|profit|spend\w*)\b", re.I
)
_MUCH_PER = re.compile(r"\bhow much (?:is (?:that|it) )?(?:a|per|each|every) (year|month|day|hour)\b", re.I)
_COUNTS_CHIPS = re.compile(r"\b(how many|number of|chips|gpus|cards|accelerators)\b", re.I)
_DIFFERS = re.compile(
    r"\b(difference|gap|separates?|apart|shortfall|short of|how much (more|less|cheaper|dearer)|missing)\b",
    re.I,
)
_DECADES = re.compile(r"\b(orders? of magnitude|decades?|powers? of (ten|10))\b", re.I)
_PERCENT_NOUN = re.compile(
    r"\b(what|which|implied|implicit) (is |was |the |'s )*(\w+ ){0,2}(margin|share|discount|proportion|fraction|utili[sz]ation)\b",
    re.I,
)
_BILLIONS = re.compile(r"\$ ?b\b|\$ ?bn\b", re.I)
_BYTES = re.compile(r"\b(gb|bytes?|gigabytes?|memory|hbm)\b", re.I)
_YEARLY = re.compile(
    r"\b(per|a|each|every) year\b|\b(annually|yearly|annual (bill|cost|charge|spend\w*|figure))\b", re.I
)
_PERIOD = re.compile(
    r"\b(?:per|a|each|every|one) (month|day|week|quarter|hour)\b(?! (?:old|of))|\b(month|day|week|quarter|hour)ly\b",
    re.I,
)
_PERCENT_ALONE = re.compile(
    r"[,.?:;] *(in |as )?(a )?(percent(age)?|pct|per cent|%) ?[?.]?\W*$|\(%\)|\b(percent|%) ?\?", re.I
)
_EACH = re.compile(
    r"\b(per|for each|for every|each|apiece) (gpu|chip|card|accelerator|rack|server|model|developer|engineer|dev|person|site|company)\b",
    re.I,
)
_LAST_PER = re.compile(r"\b([a-z]+) (?:per|for each|in each) ([a-z]+)\W*$", re.I)
_OVER = re.compile(
    r"\b(over(?! (the )?(next|last|past|time|years?|a|its|his|their|\w+ (years?|months?)))|divided by|relative to|versus|vs\.?|against|compared (to|with))\b",
    re.I,
)
_ADDS = re.compile(
    r"\b(together|both|combined|altogether|in all|sum of|sum|add(ed)?( up| them)?|in total|plus|the two)\b",
    re.I,
)
_MAGNITUDE = re.compile(
    r"\b(in|how many|,) ?(\$ ?)?(bn|billions?|millions?|trillions?|\$[bm]n?)\b|\$ ?(bn|b|m|mn)\b(?![\w-])",
    re.I,
)


def asks_for_words(text: str, f: Features) -> bool:
    """Whether somebody's words are plainly asked for or leaned on: "they" and "bill" alone may be anybody's."""
    return f.strong_source or f.where_said or bool(_LOCATES.search(text) or SPEAKS.search(text))


@dataclass(frozen=True)
class Asked:
    """The unit asked for, as far as claims are concerned: the last thing asked wins."""

    unit_text: str
    explicit: bool
    percent: bool
    ratio: bool
    adds: bool
    each: str  # the thing an amount is asked for: "chip" of "per GPU"
    differs: bool
    period: str  # "month" of "a month", "per month"
    magnitude: bool  # "in billions", "$M": an amount of money, over whatever time

    @property
    def unit(self) -> Unit | None:
        return parse_unit(self.unit_text) if self.unit_text else None


def read_asked(question: Question) -> Asked:
    """What the question wants a number of."""
    f = question.features
    unit_text, explicit = f.wanted.unit_text, f.wanted.explicit
    if unit_text in ("byte", "GB") and _BILLIONS.search(question.text) and not _BYTES.search(question.text):
        unit_text, explicit = "GUSD", True  # "how many $B"
    rate = _MUCH_PER.search(question.text)
    if rate is not None and parse_unit(unit_text or "dimensionless").dims in ((), (("s", 1),)):
        unit_text, explicit = f"USD/{rate.group(1).lower()}", False  # "worth how much a year?"
    if unit_text == "chip" and not _COUNTS_CHIPS.search(question.text):
        unit_text, explicit = "", False  # "how much is Blackwell": a name, not a number of chips
        if _MONEY.search(question.text):
            unit_text = "USD"
    if unit_text in ("percent", "dimensionless") and _given_share(question.text):
        unit_text, explicit = "", False  # "at the ratio he names": what is given, not what is asked
        if _MONEY.search(question.text):
            unit_text = "USD"
    if _DECADES.search(question.text):
        unit_text, explicit = "dimensionless", True
    elif (
        (last := _LAST_PER.search(question.text)) is not None
        and question.text[: last.start()][-1:] != "$"
        and (counted := spelled_unit(last.group(1)))
    ):
        unit_text, explicit = counted, True
    elif not unit_text and _PERCENT_ALONE.search(question.text):
        unit_text, explicit = "percent", True
    elif not unit_text and _PERCENT_NOUN.search(question.text):
        unit_text, explicit = "percent", False
    elif not unit_text and _MAGNITUDE.search(_outside_numbers(question)):
        unit_text, explicit = "USD", False
    if not unit_text and _YEARLY.search(question.text) and _MONEY.search(question.text):
        unit_text, explicit = "USD/year", False
    given = _given_share(question.text)
    ratio = (f.ratio and not given) or (not unit_text and bool(_OVER.search(question.text)))
    adds = f.total or bool(_ADDS.search(question.text))
    outside = _outside_numbers(question)
    return Asked(
        unit_text,
        explicit,
        f.percent and not given,
        ratio,
        adds,
        _each(outside),
        bool(_DIFFERS.search(question.text)),
        _period(outside),
        bool(_MAGNITUDE.search(outside)),
    )


def _each(text: str) -> str:
    found = list(_EACH.finditer(text))
    return (spelled_unit(found[-1].group(2)) or "person") if found else ""


def _period(text: str) -> str:
    found = _PERIOD.search(text)
    return next((g for g in found.groups() if g), "").lower() if found else ""


def _given_share(text: str) -> bool:
    """Whether the share or ratio that the text names is one that was given ("the percentage he uses")."""
    match = _GIVEN_SHARE.search(text)
    return match is not None and not re.search(
        r"\b(what|which|what's|whats|in|as a|how many)\W*$", text[: match.start()], re.I
    )


def _outside_numbers(question: Question) -> str:
    """The text without its numbers, so that "$3 billion" asks for nothing."""
    chars = list(question.text)
    for q in question.reading.quantities:
        chars[q.start : q.end] = " " * (q.end - q.start)
    return "".join(chars)


def unit_score(asked: Asked, unit_text: str) -> float | None:
    """How well a result's unit is the one asked for; None when it is not."""
    unit = parse_unit(unit_text) if unit_text else parse_unit("dimensionless")
    wanted = asked.unit
    if wanted is None:
        if asked.percent:
            return 1.0 if unit_text == "percent" else -0.5
        if asked.ratio:
            return 0.6 if not unit.dims and unit_text != "percent" else -0.4
        return 0.0
    strong = 2.0 if asked.explicit else 1.2
    if asked.each and unit.dims == (wanted / parse_unit(asked.each)).dims and wanted.dims:
        return strong + 0.3  # "what tok/s must each GPU do"
    if unit.dims == wanted.dims:
        if unit.dims or (unit_text == "percent") == (asked.unit_text == "percent"):
            return strong
        return 0.3 if asked.percent or asked.ratio else -0.4
    if without_counts(unit) == without_counts(wanted) and without_counts(unit):
        return 0.5 * strong
    if not unit.dims and unit_text != "percent" and counts_only(wanted):
        return 0.3 * strong
    if not wanted.dims and asked.unit_text != "percent" and counts_only(unit):
        return 0.1 * strong  # things counted, where a plain number is asked for
    if unit.has("USD") and wanted.dims == (("USD", 1),):
        return 0.8 * strong if unit.dims == (("USD", 1), ("s", -1)) else None
    return None if asked.explicit else -1.0


def counts_only(unit: Unit) -> bool:
    return all(name in COUNTS for name, _ in unit.dims)
