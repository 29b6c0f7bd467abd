"""What a question wants, before any calculator is looked at: the unit asked for, comparisons, whose words."""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent.offline.reading.reading import Quantity, Reading
from agent.offline.reading.wanted import Wanted, read_wanted
from agent.offline.reading.words import STOP, stem

SOURCE = frozenset([
    "said", "say", "says", "saying", "podcast", "episode", "interview", "transcript", "dylan", "patel",
    "brad", "gerstner", "gurley", "bill", "guest", "guests", "host", "hosts", "conversation",
    "discussion", "talk", "show", "speaker", "speakers", "mention", "mentioned", "mentions", "quoted",
    "quote", "quotes", "claim", "claimed", "claims", "argue", "argued", "argues", "argument", "according",
    "telling", "told", "stated", "described", "recording", "section", "bg2", "semianalysis", "panel",
    "they", "he", "thinks", "opinion", "view", "views", "predict", "predicted", "predicts",
])  # fmt: skip
_STRONG_SOURCE = SOURCE - frozenset(
    [
        "they",
        "he",
        "show",
        "view",
        "views",
        "talk",
        "say",
        "section",
        "claim",
        "told",
        "bill",
        "argument",
        "conversation",
        "thinks",
        "hosts",
        "host",
        "predict",
    ]
)
_CHECK = re.compile(
    r"\b(is it (true|right|correct|really)|is that (true|right|correct)|check (that|this|it|his|the|whether|if|dylan)|check\s*:|verify|fact[- ]?check|"
    r"does (that|this|it) (add up|hold|check)|really|holds? up|sanity[- ]check|debunk|double[- ]check|does the math|do the numbers|can that be right|"
    r"was (he|dylan|that|this) right|is (he|dylan) right|true that|right that|correct that|accurate)\b",
    re.I,
)
_WHERE_SAID = re.compile(
    r"\bwhere (did|was|does|do) .{0,40}\b(say|said|saying|mention|talk|claim)|\bwhen did (he|they|she|dylan|brad|bill)\b.{0,20}\bsay|\bquote (him|the|it)|"
    r"\bwho said|\bsay where\b|\btime ?stamp|\bcite\b",
    re.I,
)
_EXPLAIN = re.compile(
    r"^\W*(?:(?:and|but|so|then|also|ok|okay)\s+)?(why|how come|explain|summari[sz]e|describe|who|whom|whose|where|when|tell me about|what about|which|in what way|how (did|does|do|is|are|was|were|would|could|can|will)\b)|"
    r"\b(what did|what does|what do|what was|what were|what's the view|why|explain|summari[sz]e|opinion on|view on|take on|thoughts on|reasons?|argument|stance)\b",
    re.I,
)  # fmt: skip
_COSTS = re.compile(
    r"\bwhat (does|do|did|would|will|is)\b[^?]{0,90}\b(cost|come to|run to|set (me|us) back|add up to)\b",
    re.I,
)
_HOW_NUMBER = re.compile(
    r"\bhow (many|much|long|big|large|fast|far|often|high|low|heavy|soon|quickly)\b", re.I
)
_RATIO = re.compile(
    r"\b(ratio|how many times|times (more|less|fewer|as|higher|lower|larger|smaller|bigger|cheaper|better|faster|over)|factor|multiple|relative to|"
    r"x (more|less|fewer|cheaper)|compared (to|with)|versus|vs\.?|by what factor|fold)\b",
    re.I,
)
_YES_NO = re.compile(
    r"^\W*(so |but |and |ok(ay)? )?(is|are|was|were|does|did|do|can|could|would|will|has|have)\b|\b(right|correct|true)\s*\?|\bcheck\b|\breally\b|\?\?",
    re.I,
)
_PERCENT = re.compile(
    r"(\bwhat|\bwhich|\bhow many|\bthe|\bin|\bas an?|\bgive|\bimplied|\bthat)\s+(%|percent(age)?|pct|per ?cent|share(?! price)|fraction|proportion|portion)|%\s*\?|\bpercentage\b|\bwhat\s*%",
    re.I,
)
_DIFFERENCE = re.compile(
    r"\b(difference|gap|how much (more|less|cheaper|dearer|extra|lower|higher)|save|saving|savings|additional|extra|fewer)\b",
    re.I,
)
_SUM = re.compile(r"\b(total|sum|altogether|combined|in all|all together|add up|add)\b", re.I)
_COMPARES = re.compile(
    r"\bwhich\b[^?.]{0,60}\b(more|less|fewer|most|least|\w{2,}er|\w{2,}est|best|better)\b|"
    r"^\W*(is|are|does|do|has|have)\b[^?.]{2,60}\b(more|less|fewer|better|\w{2,}er)\b[^?.]{0,60}\bthan\b|"
    r"\bhow (much|many times)\b[^?.]{0,60}\b(more|less|fewer|better|\w{2,}er)\b[^?.]{0,80}\bthan\b|"
    r"\b(cheap|fast|great|larg|bigg|high|low|strong|small|short|long|quick)est\b|\bcompare\b|\bbest\b[^?.]{0,40}\bper\b",
    re.I,
)
_NOW = re.compile(
    r"\b(right now|today|today's|currently|current|at (this|the) (very )?moment|this (very )?(minute|second|week|morning|month)|live|latest|as of now|real[- ]time|nowadays|tonight|tomorrow)\b",
    re.I,
)
_PRICE = re.compile(
    r"\b(per hour|an hour|price|prices|cost|costs|rate|rent|rental|quote|trading|stock|share price|going for|market cap)\b",
    re.I,
)


@dataclass(frozen=True)
class Features:
    wanted: Wanted
    ratio: bool
    percent: bool
    difference: bool
    total: bool
    check: bool
    source: bool  # asks for what somebody said
    strong_source: bool
    where_said: bool
    explain: bool
    asks_number: bool
    compares: bool  # things against each other: "which has more", "is A cheaper than B"
    now_price: bool
    per_year: bool
    yes_no: bool  # "is it …?", "can …?": a number of the question may be the one to be checked
    stems: tuple[tuple[str, int], ...]  # (stem, token index) of content words outside names and quantities


def read_features(reading: Reading) -> Features:
    text = reading.text
    said = _sources(reading)
    wanted = read_wanted(reading)
    compares = bool(_COMPARES.search(text)) and len({m.start for m in reading.mentions}) > 1
    bare_now = bool(_NOW.search(text)) and bool(_PRICE.search(text))
    return Features(
        wanted=wanted,
        ratio=bool(_RATIO.search(text)),
        percent=bool(_PERCENT.search(text)),
        difference=bool(_DIFFERENCE.search(text)),
        total=bool(_SUM.search(text)),
        check=bool(_CHECK.search(text)),
        source=bool(said & SOURCE) and not _only_we(text),
        strong_source=bool(said & _STRONG_SOURCE),
        where_said=bool(_WHERE_SAID.search(text)),
        explain=bool(_EXPLAIN.search(text)) and not _COSTS.search(text) and not compares,
        asks_number=bool(_HOW_NUMBER.search(text))
        or bool(_COSTS.search(text))
        or bool(wanted.explicit)
        or bool(_RATIO.search(text))
        or bool(_PERCENT.search(text)),
        compares=compares,
        now_price=bare_now,
        per_year=bool(
            re.search(
                r"\b(per year|a year|yearly|annual|annually|each year|every year|per annum)\b", text, re.I
            )
        ),
        yes_no=bool(_YES_NO.search(text)),
        stems=_content(reading),
    )


def _sources(reading: Reading) -> set[str]:
    """The words that may point to a source: not a bill to pay, nor what a dealer told or quoted the asker."""
    text = reading.text
    low = {t.low for k, t in enumerate(reading.tokens) if t.low != "bill" or _is_somebody(reading, k)}
    if _TO_ME.search(text):
        low -= {
            "told",
            "quoted",
            "quotes",
            "quote",
            "says",
            "said",
            "claims",
            "claimed",
            "stated",
            "mentioned",
        }
    return low


def _is_somebody(reading: Reading, k: int) -> bool:
    """Whether "Bill" is a person: written large where no sentence begins, or saying something."""
    tokens = reading.tokens
    after = tokens[k + 1].low if k + 1 < len(tokens) else ""
    begins = not k or tokens[k - 1].text in ".?!:;"
    says = after in (
        "gurley",
        "says",
        "said",
        "claims",
        "mentions",
        "mentioned",
        "quotes",
        "thinks",
        "talks",
        "argues",
    )
    return tokens[k].text == "Bill" and (says or not begins)


_TO_ME = re.compile(
    r"\b(i'?m|i was|we'?re|we were|investors were|been) (told|quoted)\b"
    r"|\b(told|quoted|quotes|offered|tells) (me|us|him|her|them)\b"
    r"|\b(vendor|reseller|supplier|broker|dealer|landlord|colleague|engineer|partner|host|provider|cloud|reader|insurer|executive)s?\b[^.?]{0,40}\b(says?|said|quoted|quotes|told|claims|claimed|mentioned)\b",
    re.I,
)


def _only_we(text: str) -> bool:
    """ "Say 90% is usable", "let's say": the asker's own supposition, not somebody's words."""
    return bool(re.search(r"\b(let'?s say|say \$?\d|say,)", text, re.I)) and not re.search(
        r"\b(said|says|they|he|dylan|podcast|episode)\b", text, re.I
    )


def _content(reading: Reading) -> tuple[tuple[str, int], ...]:
    out = []
    inside = _quantity_tokens(reading.quantities)
    for i, token in enumerate(reading.tokens):
        stop = token.low.removesuffix("'s") in STOP and token.text != "IT"
        if not token.is_word or stop or reading.masked(i) is not None:
            continue
        if inside.get(i):
            continue
        if (
            token.low in ("memory", "hbm")
            and i + 1 < len(reading.tokens)
            and reading.tokens[i + 1].low in ("bandwidth", "bw")
        ):
            continue  # one notion: the bandwidth
        out.append((stem(token.text), i))
    return tuple(out)


def _quantity_tokens(quantities: list[Quantity]) -> dict[int, bool]:
    """Token index → whether it is a number (units and adjectives inside a quantity still count as words)."""
    return {i: i == q.first for q in quantities for i in range(q.first, q.last)}


__all__ = ["Features", "Wanted", "read_features"]
