"""What a question wants, before any calculator is looked at: the unit asked for, comparisons, whose words."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from agent.offline.measure import Unit, parse_unit
from agent.offline.reading import Quantity, Reading
from agent.offline.words import STOP, Token, stem
from agent.offline.written_units import UNIT_WORDS, denominators, spelled_unit

_SOURCE = frozenset(
    [
        "said",
        "say",
        "says",
        "saying",
        "podcast",
        "episode",
        "interview",
        "transcript",
        "dylan",
        "patel",
        "brad",
        "gerstner",
        "gurley",
        "bill",
        "guest",
        "guests",
        "host",
        "hosts",
        "conversation",
        "discussion",
        "talk",
        "show",
        "speaker",
        "speakers",
        "mention",
        "mentioned",
        "mentions",
        "quoted",
        "quote",
        "quotes",
        "claim",
        "claimed",
        "claims",
        "argue",
        "argued",
        "argues",
        "argument",
        "according",
        "telling",
        "told",
        "stated",
        "described",
        "recording",
        "section",
        "bg2",
        "semianalysis",
        "panel",
        "they",
        "he",
        "thinks",
        "opinion",
        "view",
        "views",
        "predict",
        "predicted",
        "predicts",
    ]
)
_STRONG_SOURCE = _SOURCE - frozenset(
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
_HOW_NUMBER = re.compile(
    r"\bhow (many|much|long|big|large|fast|far|often|high|low|heavy|soon|quickly)\b", re.I
)
_RATIO = re.compile(
    r"\b(ratio|how many times|times (more|less|fewer|as|higher|lower|larger|smaller|bigger|cheaper|better|faster|over)|factor|multiple|relative to|"
    r"x (more|less|fewer|cheaper)|compared (to|with)|versus|vs\.?|by what factor|fold)\b",
    re.I,
)
_RATIO_ASKED = re.compile(
    r"\b(what('s| is)|give|and|total|implied) (the )?(factor|multiple)\b|\bfactor\s*\?|\bratio\b(?! (of|is) \d)|\bhow many times\b|\b(by|a) what (factor|multiple)\b|\bwhat (factor|multiple)\b|\bhow many [xX]\b|\bas an? (factor|ratio|multiple)\b|\bas (an? )?multiple of\b|\bmultiple of (its|the|what)\b"
    r"|\bhow much (larger|bigger|smaller|cheaper|faster|better|more expensive|dearer|higher|lower)\b.{0,60}\b(times|x|ratio|factor)\b|\btimes (as many|as much|more|fewer|less|cheaper)\b.{0,40}\?",
    re.I,
)
_YES_NO = re.compile(
    r"^\W*(so |but |and |ok(ay)? )?(is|are|was|were|does|did|do|can|could|would|will|has|have)\b|\b(right|correct|true)\s*\?|\bcheck\b|\breally\b|\?\?",
    re.I,
)
_COST_ASKED = re.compile(
    r"\bcosts? how much\b|\b(how much (does|do|would|will|is|are|did|money)|what (does|do|would|will|did) .{0,60}\b(cost|pay|come to|spend)|what('s| is| are) the .{0,40}(cost|price|bill|spend|saving|savings|revenue|value)\b|"
    r"(total|monthly|yearly|annual|rental|replacement|electricity|energy|overall)? ?\b(cost|bill|price|spend|savings?) (of|for|to|when|if)\b|in dollars)",
    re.I,
)
_PRICE_ASKED = re.compile(
    r"\b(at what price|what price|break-?even price|what would .{0,40}\b(have|need) to cost|how cheap)\b(?!.{0,30}\bper (million|m)\b)",
    re.I,
)
_PERCENT = re.compile(
    r"(\bwhat|\bwhich|\bhow many|\bthe|\bin|\bas an?|\bgive|\bimplied|\bthat)\s+(%|percent(age)?|pct|per ?cent|share|fraction|proportion|portion)|%\s*\?|\bpercentage\b|\bwhat\s*%",
    re.I,
)
_DIFFERENCE = re.compile(
    r"\b(difference|gap|how much (more|less|cheaper|dearer|extra|lower|higher)|save|saving|savings|additional|extra|fewer)\b",
    re.I,
)
_SUM = re.compile(r"\b(total|sum|altogether|combined|in all|all together|add up|add)\b", re.I)
_NOW = re.compile(
    r"\b(right now|today|today's|currently|current|at (this|the) (very )?moment|this (very )?(minute|second|week|morning|month)|live|latest|as of now|real[- ]time|nowadays|tonight|tomorrow)\b",
    re.I,
)
_PRICE = re.compile(
    r"\b(per hour|an hour|price|prices|cost|costs|rate|rent|rental|quote|trading|stock|share price|going for|market cap)\b",
    re.I,
)


@dataclass(frozen=True)
class Wanted:
    """The unit asked for, how sure the text is of it, and the words around the asking."""

    unit: Unit | None = None
    unit_text: str = ""
    explicit: bool = False
    focus: frozenset[str] = frozenset()
    near: dict[str, float] = field(default_factory=dict)


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
    now_price: bool
    per_year: bool
    yes_no: bool  # "is it …?", "can …?": a number of the question may be the one to be checked
    stems: tuple[tuple[str, int], ...]  # (stem, token index) of content words outside names and quantities


def read_features(reading: Reading) -> Features:
    text = reading.text
    low = {t.low for t in reading.tokens}
    wanted = _wanted(reading)
    bare_now = bool(_NOW.search(text)) and bool(_PRICE.search(text))
    return Features(
        wanted=wanted,
        ratio=bool(_RATIO.search(text)),
        percent=bool(_PERCENT.search(text)),
        difference=bool(_DIFFERENCE.search(text)),
        total=bool(_SUM.search(text)),
        check=bool(_CHECK.search(text)),
        source=bool(low & _SOURCE) and not _only_we(text),
        strong_source=bool(low & _STRONG_SOURCE),
        where_said=bool(_WHERE_SAID.search(text)),
        explain=bool(_EXPLAIN.search(text)),
        asks_number=bool(_HOW_NUMBER.search(text))
        or bool(wanted.explicit)
        or bool(_RATIO.search(text))
        or bool(_PERCENT.search(text)),
        now_price=bare_now,
        per_year=bool(
            re.search(
                r"\b(per year|a year|yearly|annual|annually|each year|every year|per annum)\b", text, re.I
            )
        ),
        yes_no=bool(_YES_NO.search(text)),
        stems=_content(reading),
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
        if not token.is_word or token.low.removesuffix("'s") in STOP or reading.masked(i) is not None:
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


_ASK = re.compile(
    r"\b(how many|how much|how long|what|what's|whats|which|give|in|just|express(ed)? (in|as)|as an?|per|answer in|number of|compute|calculate|find)\b",
    re.I,
)


_UNTIL = re.compile(
    r"\b(years|months|weeks|days|hours) (?:to|until|till|for it to|before it) (?:it |we |they )?"
    r"(?:double|halve|triple|reach|pay|repay|break|recoup|recover|earn|grow|get|fill|run|train|catch|become)s?\b",
    re.I,
)


def _wanted(reading: Reading) -> Wanted:
    """The unit asked for. The last explicit one wins ("…in GB", "just give chips"), then "how many X"."""
    found: list[tuple[int, str, bool]] = []  # (strength, unit, explicit)
    tokens = reading.tokens
    taken = {i for q in reading.quantities for i in range(q.first, q.last)}
    for i, token in enumerate(tokens):
        if i in taken and not token.is_word:
            continue
        hit = _asked_at(reading, i, taken)
        if hit is not None:
            found.append(hit)
    if (money := _per_thousand(reading)) != "":
        found.append((4, money, True))
    if (alone := _unit_alone(reading, taken)) != "":
        found.append((4, alone, True))
    if (closing := _closing_noun(reading, taken)) != "":
        found.append((2, closing, False))
    leading = _leading_noun(reading, taken)
    if leading:
        found.append((2, leading, True))
    if not found and _COST_ASKED.search(reading.text):
        found.append((1, "USD", False))
    if re.search(r"\bhourly (price|rent|rate|cost|charge|fee)\b", reading.text, re.I):
        found = [h for h in found if h[1] != "USD"]
        found.append((3, "USD/hour", False))
    until = _UNTIL.search(reading.text)
    if until is not None and not re.search(r"\d[\d.,]*\s*$", reading.text[: until.start()]):
        found.append((4, spelled_unit(until.group(1)), True))
    if _PRICE_ASKED.search(reading.text):
        found.append((5, "USD", False))
    if _RATIO_ASKED.search(reading.text):
        found.append((3 if any(u == "percent" and e for _, u, e in found) else 5, "dimensionless", True))
    found = [(k, u.replace("/s/second", "/s"), e) for k, u, e in found]  # "exaFLOP/s"
    unit_text = ""
    explicit = False
    if found:
        best = max(range(len(found)), key=lambda k: (found[k][0], k if found[k][0] >= 3 else -k))
        unit_text, explicit = found[best][1], found[best][2]
    near = _focus(reading)
    return Wanted(parse_unit(unit_text) if unit_text else None, unit_text, explicit, frozenset(near), near)


def _per_thousand(reading: Reading) -> str:
    """ "TFLOPS bf16 per $1000", "memory per dollar": a capacity for money, though other words stand between."""
    match = re.search(
        r"\b(gb|gigabytes?|tb|tflops|teraflops|flops|gb/s|tokens)\b[\w /]{0,24}?\bper (?:each )?(\$ ?1,?000|\$ ?1k|k\$|1,?000 dollars|thousand dollars|thousand|dollar|\$)",
        reading.text,
        re.I,
    )
    if match is None:
        return ""
    base = spelled_unit(match.group(1)) or "GB"
    return f"{base}/{'USD' if match.group(2).lower() in ('dollar', '$') else 'kUSD'}"


def _unit_alone(reading: Reading, taken: set[int]) -> str:
    """ "…, milliseconds, bandwidth bound", "… utilisation? USD": a part of the sentence that is only a unit."""
    tokens = reading.tokens
    start = 0
    for k in range(len(tokens) + 1):
        named = reading.masked(k + 1) if k + 1 < len(tokens) and tokens[k].text == ":" else None
        if named is not None and "chip" in named.kinds and named.text.endswith("s"):
            return "chip"  # "…: H100s I can rent"
        if k == len(tokens) or tokens[k].text in ",.?;:":
            words = [t for t in tokens[start:k] if t.low not in ("in", "the", "answer")]
            if start and 0 < len(words) <= 3 and not any(i in taken for i in range(start, k)):
                unit = _unit_phrase(reading, k - len(words), taken, money=True)
                if unit and len(words) == 1 and words[0].low not in ("context", "users", "agents"):
                    return unit
            start = k + 1
    return ""


def _closing_noun(reading: Reading, taken: set[int]) -> str:
    """ "…, hold back 10%: max users?": the counted noun of the asking clause."""
    tokens = reading.tokens
    if (
        not tokens
        or tokens[-1].text != "?"
        or any(t.low in ("how", "what", "which", "who", "why", "is", "can", "what's") for t in tokens)
    ):
        return ""
    start = _last_clause(tokens, taken)
    if start < 0:
        return ""
    for k in range(start + 1, len(tokens)):
        if k not in taken and tokens[k].low.endswith("s") and len(tokens[k].low) > 3:
            unit = _unit_phrase(reading, k, taken, money=False)
            if unit:
                return unit
    return ""


def _leading_noun(reading: Reading, taken: set[int]) -> str:
    """ "Days to train …", "users at 4k …", "H100s needed to …": a question that opens with what it counts."""
    tokens = reading.tokens
    if not tokens or 0 in taken:
        return ""
    first = tokens[0].low
    mention = reading.masked(0)
    if mention is not None:
        return (
            "chip"
            if "chip" in mention.kinds
            and mention.text.lower().endswith("s")
            and not mention.text.lower().endswith("ss")
            else ""
        )
    if first in ("concurrent", "total", "yearly", "annual", "max", "maximum", "number"):
        first = tokens[min(2 if first == "number" else 1, len(tokens) - 1)].low
    if first in ("time", "latency", "duration"):
        return "second"
    if not first.endswith("s") and first not in (
        "gb",
        "tb",
        "twh",
        "mwh",
        "kwh",
        "megawatts",
        "mw",
        "gw",
        "gib",
        "kib",
    ):
        return ""
    unit = _unit_phrase(reading, 0, taken, money=False)
    return "" if unit in ("dimensionless", "USD") and first not in ("dollars",) else unit


_MAGNITUDES = {
    "billions": "G",
    "billion": "G",
    "bn": "G",
    "millions": "M",
    "million": "M",
    "thousands": "k",
    "thousand": "k",
    "trillions": "T",
    "trillion": "T",
}


def _asked_at(reading: Reading, i: int, taken: set[int]) -> tuple[int, str, bool] | None:
    tokens, word = reading.tokens, reading.tokens[i].low
    after = tokens[i + 1].low if i + 1 < len(tokens) else ""
    if (
        word in ("in", "give", "as", "express", "expressed", "answer", "just")
        and i + 1 < len(tokens)
        and (i + 1) not in taken
    ):
        hit = _unit_phrase(reading, i + 1, taken, money=True)
        if hit:
            return (4 if word != "as" else 3, hit, True)
    if word == "number" and after == "of":
        counted = _counted(reading, i + 2, taken, many=True)
        if counted:
            return counted
    if word == "how" and after in ("many", "much"):
        counted = _counted(reading, i + 2, taken, many=after == "many")
        if counted:
            return counted
    if word == "how" and after == "long":
        nxt = tokens[i + 2].low if i + 2 < len(tokens) else ""
        return None if nxt in ("a", "context", "of", "prompt") else (2, "second", False)
    if word in ("what", "which", "whats", "what's") and i + 1 < len(tokens):
        j = i + 2 if after in ("is", "are", "the", "a", "share", "'s") and after != "share" else i + 1
        if j < len(tokens) and tokens[j].low in ("the", "a", "an"):
            j += 1
        if (j < len(tokens) and tokens[j].low in ("percent", "percentage", "pct", "share", "fraction")) or (
            j < len(tokens) and tokens[j].text == "%"
        ):
            return (3, "percent", True)
    if (word in ("percentage", "percent", "pct") and i not in taken) or (
        reading.tokens[i].text == "%" and i not in taken
    ):
        return (2, "percent", True)
    if (
        word == "per"
        and i not in taken
        and after in ("gpu", "chip", "card", "accelerator")
        and (i + 2 >= len(tokens) or tokens[i + 2].text in "?.,")
        and any(q.unit.has("USD") for q in reading.quantities)
    ):
        return (3, "USD/chip", True)
    if (
        word in ("to", "into")
        and i not in taken
        and any(t.low in ("convert", "converted", "express") for t in tokens[:i])
    ):
        hit = _unit_phrase(reading, i + 1, taken, money=True)
        return (4, hit, True) if hit else None
    if (
        word == "per"
        and i not in taken
        and after in ("year", "month", "day", "hour", "annum")
        and (i == 0 or tokens[i - 1].text in ",:;" or tokens[i - 1].low in ("what", "much", "is", "that"))
    ):
        money = any(q.unit.has("USD") for q in reading.quantities)
        return (3, f"USD/{UNIT_WORDS[after]}", True) if money else None
    if (
        word in ("cost", "price", "costs", "dollars", "$", "usd", "cents")
        and (i + 1) < len(tokens)
        and after in ("per", "/", "a")
    ):
        j, unit = denominators(reading, i + 1, "USD" if word != "cents" else "cent")
        if unit not in ("USD", "cent") and not any(k in taken for k in range(i + 1, j)):
            return (3 if word in ("dollars", "cents") else 2, unit, word in ("dollars", "cents"))
    if (
        word
        in (
            "gb",
            "tb",
            "gbs",
            "tflops",
            "tokens",
            "tok",
            "flops",
            "token",
            "bytes",
            "gigabytes",
            "teraflops",
            "requests",
            "users",
            "bandwidth",
            "pflops",
        )
        and i not in taken
        and after in ("per", "/")
    ):
        base = spelled_unit(tokens[i].text)
        if base:
            j, unit = denominators(reading, i + 1, base)
            j, unit = _per_money(tokens, j, unit)
            if unit != base:
                return (3, unit, True)
    return None


def _per_money(tokens: list[Token], j: int, unit: str) -> tuple[int, str]:
    """`GB per dollar`, `TFLOPS per $1000`, `per thousand dollars`, `per k$`."""
    if j + 1 < len(tokens) and tokens[j].low in ("per", "/"):
        rest = " ".join(t.low for t in tokens[j + 1 : j + 5])
        match = re.match(
            r"(a )?(thousand|k|1 ?000|1k|grand)? ?(dollars?|usd|\$|bucks?|kusd)? ?(1,?000|1 ?k|thousand)?",
            rest,
        )
        if match and (match.group(3) or match.group(2)):
            scale = "k" if match.group(2) or match.group(4) or match.group(3) == "kusd" else ""
            return j + 2, f"{unit}/{scale}USD"
    return j, unit


def _unit_phrase(reading: Reading, j: int, taken: set[int], *, money: bool) -> str:
    """A unit that starts at token `j`: `GB`, `tokens per second`, `$B`, `millions of dollars`, `%`."""
    tokens = reading.tokens
    if j >= len(tokens) or j in taken:
        return ""
    while j < len(tokens) and tokens[j].low in (
        "metric",
        "the",
        "just",
        "only",
        "number",
        "of",
        "whole",
        "me",
        "total",
    ):
        j += 1
    if j >= len(tokens) or j in taken:
        return ""
    word = tokens[j].low
    if word == "%":
        return "percent"
    if word == "$" or word in ("usd", "dollars"):
        scale = {"m": "M", "b": "G", "bn": "G", "k": "k", "mn": "M", "t": "T"}.get(
            tokens[j + 1].low if j + 1 < len(tokens) else "", ""
        )
        _, unit = denominators(reading, j + 1 + bool(scale), f"{scale}USD")
        return unit
    if (
        word in _MAGNITUDES
        and (j + 1 >= len(tokens) or tokens[j + 1].text in "?.,")
        and any(q.unit.has("USD") for q in reading.quantities)
    ):
        return f"{_MAGNITUDES[word]}USD"
    if word in _MAGNITUDES and j + 2 < len(tokens) and tokens[j + 1].low in ("of", "dollars", "usd"):
        k = j + 2 if tokens[j + 1].low == "of" else j + 1
        unit = spelled_unit(tokens[k].text) if k < len(tokens) else ""
        return f"{_MAGNITUDES[word]}{unit}" if unit else ""
    if word in ("exa", "peta", "tera", "giga", "kilo") and after_hyphen(tokens, j):
        return ""
    if reading.masked(j) is not None:
        return ""
    unit = spelled_unit(tokens[j].text)
    if (
        not unit
        or (len(word) <= 2 and word in ("a", "an", "x", "us", "s", "h", "w", "t", "m"))
        or unit == "dimensionless"
    ):
        return ""
    if word in (
        "weight",
        "weights",
        "prompt",
        "prompts",
        "answer",
        "answers",
        "agents",
        "inputs",
        "training",
        "quarter",
        "seats",
    ):
        return ""
    k, unit = denominators(reading, j + 1, unit)
    k, unit = _per_money(tokens, k, unit)
    return unit


def after_hyphen(tokens: list[Token], j: int) -> bool:
    return j + 1 < len(tokens) and tokens[j + 1].text == "-"


_AMOUNT_STOPS = frozenset(
    [
        "do",
        "does",
        "did",
        "is",
        "are",
        "can",
        "could",
        "would",
        "should",
        "will",
        "i",
        "we",
        "you",
        "it",
        "to",
        "for",
        "at",
        "in",
        "on",
        "if",
        "with",
        "and",
        "but",
        ",",
        "?",
        ".",
        ":",
        ";",
        "has",
        "have",
        "-",
        "(",
        "=",
        "per",
        "from",
    ]
)


def _counted(reading: Reading, j: int, taken: set[int], *, many: bool) -> tuple[int, str, bool] | None:
    """What "how many …" counts: the unit noun within the noun phrase, or a chip by name."""
    tokens = reading.tokens
    for k in range(j, min(j + 6, len(tokens))):
        word = tokens[k].low
        if word == "per":
            break
        mention = reading.masked(k)
        if mention is not None and "chip" in mention.kinds and many:
            after = next(
                (
                    t.low
                    for t in tokens
                    if t.start >= mention.end and t.low not in ("-", "class", "style", "gpu", "based")
                ),
                "",
            )
            return (
                3,
                {"racks": "rack", "servers": "server", "nodes": "server", "boxes": "server"}.get(
                    after, "chip"
                ),
                True,
            )
        if word == "times" and many:
            return (3, "dimensionless", True)
        if mention is None and k not in taken:
            unit = "" if len(word) == 1 else _unit_phrase(reading, k, taken, money=False)
            if unit:
                if (
                    unit in ("USD", "chip", "request", "token")
                    and k + 1 < len(tokens)
                    and tokens[k + 1].low in _UNIT_NOUNS
                ):
                    continue
                return (3 if many else 2, unit, True)
        if word in _AMOUNT_STOPS and k > j:
            break
    return None


_UNIT_NOUNS = frozenset(
    [
        "gb",
        "tb",
        "mb",
        "kib",
        "gib",
        "hours",
        "hour",
        "gigabytes",
        "bytes",
        "kb",
        "mib",
        "parameters",
        "watts",
        "megawatts",
        "terabytes",
        "flops",
        "racks",
        "servers",
        "users",
        "tokens",
        "years",
        "months",
        "days",
        "people",
    ]
)
_ASKING = frozenset(
    [
        "what",
        "what's",
        "whats",
        "which",
        "how",
        "give",
        "compute",
        "calculate",
        "find",
        "get",
        "many",
        "much",
        "ratio",
        "tell",
        "need",
        "show",
        "cost",
        "costs",
        "price",
    ]
)


def _focus(reading: Reading) -> dict[str, float]:
    """Content words near the asking word, nearer ones heavier."""
    tokens = reading.tokens
    near: dict[str, float] = {}
    quantity_tokens = {i for q in reading.quantities for i in range(q.first, q.last)}
    anchors = [
        i
        for i, t in enumerate(tokens)
        if t.low in ("what", "what's", "whats", "which", "how", "give", "compute", "calculate", "find")
    ]
    if not anchors:
        anchors = [_last_clause(tokens, quantity_tokens)]
    for a in anchors:
        reach = 1.0
        for i in range(a + 1, min(a + 14, len(tokens))):
            token = tokens[i]
            if token.text in ".;?!:" or token.low in ("if", "when", "assuming", "given"):
                break
            if token.text == "," or token.low in ("at", "with", "on", "for", "from", "under"):
                reach *= 0.6
            if i in quantity_tokens:
                reach *= 0.75
                continue
            if (
                token.low in ("memory", "hbm")
                and i + 1 < len(tokens)
                and tokens[i + 1].low in ("bandwidth", "bw")
            ):
                continue
            if (
                token.is_word
                and token.low not in STOP
                and token.low not in ("many", "much", "long", "x")
                and reading.masked(i) is None
            ):
                s = stem(token.text)
                near[s] = max(near.get(s, 0.0), reach)
                reach *= 0.93
    return near


def _last_clause(tokens: list[Token], quantity_tokens: set[int]) -> int:
    """Where the asking clause of a question without an asking word begins: "…on 10B revenue, cost of serving in $B?"."""
    marks = [i for i, t in enumerate(tokens) if t.text == "?"]
    if not marks and not quantity_tokens:
        return -1
    end = max(marks) if marks else len(tokens)
    start = max(
        (i for i in range(end) if tokens[i].text in ",.;:?!" or (tokens[i].low in ("if", "at", "with"))),
        default=-1,
    )
    if not marks and (
        start < 0 or tokens[start].text not in ",:;" or quantity_tokens & set(range(start + 1, end))
    ):
        return -1
    words = [
        i
        for i in range(start + 1, end)
        if tokens[i].is_word and i not in quantity_tokens and tokens[i].low not in STOP
    ]
    return start if words else -1


__all__ = ["UNIT_WORDS", "Features", "Wanted", "read_features"]
