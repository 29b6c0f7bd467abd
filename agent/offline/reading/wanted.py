"""The unit that a question asks for, and the words around the asking.

Every reading of the asking sentences is a candidate with a strength; the strongest wins. Explicit ones name a unit
("in GB", "how many racks", "…: $M?"), the others a noun that has one ("gross margin", "monthly bill", "context").
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from agent.offline.reading.asked_nouns import NOUNS, Candidate, leading_noun, noun_candidates
from agent.offline.reading.asked_units import SCALE_ONLY, described, tokens_at, unit_phrase
from agent.offline.reading.asking import (
    OPENERS,
    asking_spans,
    dash,
    focus_words,
    full_stop,
    inside,
    opens,
    part_starts,
)
from agent.offline.reading.measure import Unit, parse_unit
from agent.offline.reading.reading import Reading
from agent.offline.reading.words import Token
from agent.offline.reading.written_units import denominators, spelled_unit

_RATIO_ASKED = re.compile(
    r"\b(what('?s| is)|give|and|total|implied|yearly|annual|price|cost|real|exact|growth) (the )?(\w+ )?(factor|multiple|ratio|multiplier)\b|\bfactor\s*\?|\bratio\b(?! (of|is) \d)|"
    r"\bhow many times\b(?! (a|per|each|every) (day|week|year|month|second))|\b(by|a) what (factor|multiple)\b|\bwhat (factor|multiple|p/?e)\b|\bhow many [xX]\b|\bas an? (\w+ )?(factor|ratio|multiple)\b|"
    r"\bas (an? )?multiple of\b|\bmultiple of (its|the|what)\b|\bhow much (larger|bigger|smaller|cheaper|faster|better|more expensive|dearer|higher|lower)\b.{0,60}\b(times|x|ratio|factor)\b|"
    r"\btimes (as many|as much|more|fewer|less|cheaper)\b.{0,40}\?|\borders of magnitude\b|\bhow many decades\b|\bhow far ahead\b|\bahead by\b|\bfactor (more|less|each|by which) |"
    r"(?<!the )\b(multiplier|multiple|speed-?up|p/e)\b[^.,;\d]{0,24}(\?|$)|\bp/e (now|do|does|is|ratio)\b|\bmultiplier\b.{0,40}\?",
    re.I,
)


_COST_ASKED = re.compile(
    r"\bcosts? how much\b|\b(how much (does|do|would|will|is|are|did|money)|what (does|do|would|will|did|must|should) .{0,60}\b(cost|pay|charge|owe|come to|spend)|"
    r"what('s| is| are) the .{0,40}(cost|price|bill|spend|saving|savings|revenue|value)\b|"
    r"(total|monthly|yearly|annual|rental|replacement|electricity|energy|overall)? ?\b(cost|bill|price|spend|savings?) (of|for|to|when|if)\b|in dollars)",
    re.I,
)


_PRICE_ASKED = re.compile(
    r"\b(at what price|(what|down to what|to what) price (does|must|would|do|has|makes?)|break-?even price|what would .{0,40}\b(have|need) to (cost|be priced|sell|rent)|how (cheap|low)\b.{0,30}\b(price|cheap|get|sell|go)|how cheap)\b"
    r"(?!.{0,30}\bper (million|m)\b)",
    re.I,
)


_UNTIL = re.compile(
    r"\b(years|months|weeks|days|hours) (?:to|until|till|for it to|before it|before they|for the \w+ to) (?:it |we |they )?"
    r"(?:double|halve|triple|reach|pay|repay|break|recoup|recover|earn|grow|get|fill|run|train|catch|become)s?\b",
    re.I,
)


_MODEL_SIZE = re.compile(
    r"\b(what size( of)? model|model size|how (big|large) (a|of a|an?\s*\w*|the|should the|can the) ?\w* ?(model|llm|network)|size of (the )?model|size model)\b",
    re.I,
)


_LONGEST = re.compile(
    r"\b(longest|max(imum)?|biggest|largest|how long a) (\w+ ){0,2}(context|conversation|prompt|ctx)\b|\bcontext (length|limit|window|can)\b",
    re.I,
)


_AT_ONCE = re.compile(
    r"\bhow many (people|users|colleagues|of (them|us)|customers|staff|persons)\b.{0,40}\b(at once|at the same (time|moment)|simultaneously|concurrently)|\bhow many (\w+ ){0,3}(at once|at the same time|simultaneous\w*|concurrent\w*)|\bhow many (\w+ ){0,2}fit\b.{0,12}\bat once",
    re.I,
)


_PUT_OUT = re.compile(
    r"\b(each|every|one|a|per) (gpu|chip|card|accelerator)\b.{0,24}\b(put out|deliver|do|produce|make|manage|sustain|reach)\b",
    re.I,
)


_TAKES_IN = re.compile(
    r"\bwhat (comes in|(does|do|did|would|will) .{1,30}\b(bring in|come in|take in|earn|make|gross))\b", re.I
)
_REPLACES = re.compile(
    r"\bhow many .{2,40}\b(does|do|can|could|would) (one|a|each|every|the) .{1,30}\b(replace|stand in for|take over from)\b",
    re.I,
)


_EACH_CHIP = re.compile(r"\b(per|each|every|a single) (gpu|chip|card|accelerator)\b", re.I)


_EACH_PERSON = re.compile(
    r"\b(per (person|head|capita|human)|(each|every)( one)? (of|person|human)|for every(body|one)|each (get|gets))\b",
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


def read_wanted(reading: Reading) -> Wanted:
    """The strongest candidate; a scale said on its own ("in millions") is put before it."""
    taken = {i for q in reading.quantities for i in range(q.first, q.last)}
    taken |= {q.first - 1 for q in reading.quantities if q.first and reading.tokens[q.first - 1].text == "$"}
    asked = asking_spans(reading.tokens)
    found, scale = _candidates(reading, taken, asked)
    found = [(k, u.replace("/s/second", "/s"), e) for k, u, e in found if u]
    unit_text, explicit = "", False
    if found:
        best = max(range(len(found)), key=lambda k: (found[k][0], k if found[k][0] >= 3 else -k))
        unit_text, explicit = found[best][1], found[best][2]
    unit_text = _for_each(reading, asked, taken, unit_text)
    unit_text = _for_money(reading, asked, unit_text)
    if scale:
        explicit = explicit or "/" not in unit_text
        unit_text = _scaled(reading, unit_text, scale)
    explicit = explicit and bool(unit_text)
    near = focus_words(reading, taken, asked)
    return Wanted(parse_unit(unit_text) if unit_text else None, unit_text, explicit, frozenset(near), near)


def _candidates(
    reading: Reading, taken: set[int], asked: list[tuple[int, int]]
) -> tuple[list[Candidate], str]:
    tokens, text = reading.tokens, reading.text
    found: list[Candidate] = []
    scale = ""
    for i, token in enumerate(tokens):
        if i in taken and not token.is_word:
            continue
        for strength, unit, explicit in _asked_at(reading, i, taken):
            if unit.startswith(SCALE_ONLY):
                scale = unit[1:]
            elif inside(i, asked) and (explicit or "/" not in unit or not _told(reading, i, asked)):
                found.append((strength, unit, explicit))
            else:
                found.append((strength - 1.5, unit, explicit))
    for strength, unit, explicit in _alone(reading, taken):
        if unit.startswith(SCALE_ONLY):
            scale = unit[1:]
        else:
            found.append((strength, unit, explicit))
    for start in part_starts(tokens, asked):
        if (leading := leading_noun(reading, taken, start)) != "":
            found.append((2.8, leading, True))
    found += noun_candidates(reading, taken, asked)
    words = " ".join(text[tokens[a].start : tokens[b - 1].end] for a, b in asked)
    found += _phrases(reading, words)
    if _RATIO_ASKED.search(words):
        found.append((3 if any(u == "percent" and e for _, u, e in found) else 5, "dimensionless", True))
    return found, scale


def _told(reading: Reading, i: int, asked: list[tuple[int, int]]) -> bool:
    """Whether the asking word comes only after the clause of token `i`: "the cost per call triples, what is …"."""
    tokens = reading.tokens
    for a, b in asked:
        if a <= i < b:
            starts = [k for k in range(i + 2, b) if tokens[k - 1].text == "," and opens(tokens, k)]
            return bool(starts) and not any(opens(tokens, k) for k in range(a, i))
    return False


def _phrases(reading: Reading, words: str) -> list[Candidate]:
    """Turns of phrase that ask for a kind of number whatever else is said."""
    found: list[Candidate] = []
    if _COST_ASKED.search(words):
        found.append((1.0, "USD", False))
    if re.search(r"\bhourly (price|rent|rate|cost|charge|fee)\b", reading.text, re.I):
        found.append((5.0, "USD/hour", False))
    until = _UNTIL.search(reading.text)
    if until is not None and not re.search(r"\d[\d.,]*\s*$", reading.text[: until.start()]):
        found.append((4, spelled_unit(until.group(1)), True))
    if _PRICE_ASKED.search(words):
        found.append((5, "USD", False))
    if re.search(r"\bhow much (for|is that|is it|would that be)\b", words, re.I):
        found.append((1.0, "USD", False))
    if re.search(
        r"\b(net (gain|benefit|saving|value|return)|better off|worth (a|per|each) (year|month)|worth in dollars)\b",
        words,
        re.I,
    ):
        found.append((2.4, "USD", False))
    if re.search(r"\bhow much (faster|quicker|slower|bigger|larger|fatter|heavier|dearer)\b", words, re.I):
        found.append((2.4, "dimensionless", False))
    if _PUT_OUT.search(words) and any(q.unit_text.startswith("token/") for q in reading.quantities):
        found.append((2.4, "token/second/chip", False))
    if re.search(
        r"^\W*(total |raw )?(training|pretraining|generation) compute (for|to|of|needed)\b", words, re.I
    ):
        found.append((2.2, "FLOP", False))
    if _TAKES_IN.search(words) and _money(reading):
        found.append((1.5, "USD", False))
    if _REPLACES.search(words):
        found.append((4.5, "dimensionless", True))
    if re.search(r"\b(in what time|how soon)\b", words, re.I):
        found.append((2.5, "second", False))
    if _MODEL_SIZE.search(words):
        found.append((2.7, "param", False))
    if _LONGEST.search(words):
        found.append((2.9, "token", False))
    if _AT_ONCE.search(words):
        found.append((4.2, "request", True))
    return found


_BILL_IN = re.compile(
    r"\b(bill|cost|costs|price|cheque|check|spend|outlay|budget|revenue|capex)\b[^,.;?]{0,30}\b(in|how many) (millions?|billions?|trillions?|bn)\W*$",
    re.I,
)


def _scaled(reading: Reading, unit: str, scale: str) -> str:
    """ "how many GPUs (in millions)"; a scale alone is of dollars where there are dollars."""
    if not unit:
        if any(q.unit.has("USD") for q in reading.quantities) or re.search(
            r"\$|\b(dollars?|costs?|prices?|bill|cheque|revenue|round|spend|sales|capex|made)\b",
            reading.text,
            re.I,
        ):
            return f"{scale}USD"
        said = re.findall(r"\b((?i:param|gpu|chip|token)|N\b)\w*(?=.*(?:illions|thousands))", reading.text)
        return f"{scale}{spelled_unit(said[-1]) or 'param'}" if said else ""
    if "USD" not in unit and _BILL_IN.search(reading.text):
        return f"{scale}USD"  # "how many chips …, and what is the bill in billions"
    if unit in ("percent", "dimensionless"):
        money = any(q.unit.has("USD") for q in reading.quantities)
        return f"{scale}USD" if money and unit == "percent" else unit
    base = (
        unit.removeprefix("M").removeprefix("G").removeprefix("k")
        if unit in ("MUSD", "GUSD", "kUSD")
        else unit
    )
    prefixable = base.split("/")[0].split("*")[0] in (
        "USD",
        "chip",
        "token",
        "request",
        "param",
        "person",
        "server",
        "FLOP",
        "cent",
    )
    return f"{scale}{base}" if prefixable else unit


def _for_each(reading: Reading, asked: list[tuple[int, int]], taken: set[int], unit: str) -> str:
    """ "throughput per gpu", "tokens per second for every one of us": what a bare rate is for."""
    if unit not in ("token/second", "token/s"):
        return unit
    for a, b in asked:
        words = " ".join(
            t.low for i, t in enumerate(reading.tokens[a:b], a) if i not in taken or reading.tokens[i].is_word
        )
        chips = _EACH_CHIP.search(words)
        if chips and not any(q.unit.has("chip") and len(q.unit.dims) > 1 for q in reading.quantities):
            return f"{unit}/chip"
        if (
            _EACH_PERSON.search(words)
            and "total" not in words
            and any(q.unit_text == "person" for q in reading.quantities)
        ):
            return f"{unit}/person"
    return unit


_FOR_MONEY = re.compile(
    r"\b(?:per|for each|for every|does an?|would an?|do an?|a) (?:(thousand dollars|k usd|1000 dollars|\$ ?1,?000|\$ ?1 ?k)|(dollar|\$))(?! of)",
    re.I,
)


def _for_money(reading: Reading, asked: list[tuple[int, int]], unit: str) -> str:
    """ "how many gigabytes … for each thousand dollars", "what HBM does a dollar buy": a capacity for money."""
    if unit not in ("", "GB", "TB", "GB/s", "TB/s", "TFLOP/s", "GB/second", "TB/second"):
        return unit
    for a, b in asked:
        words = reading.text[reading.tokens[a].start : reading.tokens[b - 1].end]
        match = _FOR_MONEY.search(words.replace("1,000 dollars", "1000 dollars"))
        if match is None or re.search(r"\b(same|match|equal)\b", words):
            continue
        memory = re.search(r"\b(hbm|memory|vram)\b(?! bandwidth)", words, re.I)
        if unit or (
            memory is not None
            and re.search(r"\b(what|how)\b", words, re.I)
            and not re.search(r"\b(more|better|times|ratio)\b", words)
        ):
            return f"{unit or 'GB'}/{'kUSD' if match.group(1) else 'USD'}"
    return unit


def _asked_at(reading: Reading, i: int, taken: set[int]) -> list[Candidate]:
    """Candidates of the token at `i`."""
    tokens, word = reading.tokens, reading.tokens[i].low
    after = tokens_at(tokens, i + 1)
    if (
        word in ("in", "as", "give", "express", "expressed", "answer", "just", "into", "to")
        and i + 1 not in taken
    ):
        return _formats(reading, i, taken)
    if word == "number" and after == "of":
        unit, _ = described(reading, i + 2, taken)
        return [(3.4, unit, True)] if unit else []
    if word == "how" and after in ("many", "much"):
        return _how(reading, i, taken)
    if word == "how" and after == "long" and tokens_at(tokens, i + 2) not in ("a", "context", "of", "prompt"):
        return [(2, "second", False)]
    if word in ("what", "which", "whats", "what's"):
        return _what(reading, i, taken)
    if i in taken:
        return []
    if word in ("percentage", "percent", "pct") or tokens[i].text == "%":
        return [(2.5, "percent", True)]
    if (
        word == "count"
        and i
        and not (i + 1 < len(tokens) and tokens[i + 1].is_word)
        and (unit := spelled_unit(tokens[i - 1].text))
        and i - 1 not in taken
    ):
        return [(3.0, unit, True)]
    return _per(reading, i, taken)


def _formats(reading: Reading, i: int, taken: set[int]) -> list[Candidate]:
    """ "in GB", "as a %", "give chips", "convert to tonnes"."""
    tokens, word = reading.tokens, reading.tokens[i].low
    if word in ("to", "into") and not any(t.low in ("convert", "converted", "express") for t in tokens[:i]):
        return []
    if word == "as" and tokens_at(tokens, i + 1) not in (
        "a",
        "an",
        "%",
        "percent",
        "pct",
        "percentage",
        "the",
        "multiple",
        "$",
    ):
        return []
    unit, end = unit_phrase(reading, i + 1, taken, money=True)
    if not unit:
        return []
    if (
        word == "in"
        and parse_unit(unit).dims == (("s", 1),)
        and not _times_asked(reading)
        and not _final(tokens, i, end)
    ):
        return [(1.4, unit, False)]
    strength = 4.4 if word != "as" else 3.2
    return [(strength, unit, True)]


def _final(tokens: list[Token], i: int, end: int) -> bool:
    """Whether a phrase closes the question or stands between commas."""
    return (
        end >= len(tokens)
        or tokens[end].text in "?)"
        or (tokens[end].text == "," and i > 0 and tokens[i - 1].text == ",")
    )


_TIME_ASKED = re.compile(
    r"\b(how long|how many|how soon|time|payback|pays? back|pay (it|itself|this|them) back|interval|mtbf|ttft|tpot|between|latency|duration|break-?even|wait|floor|first token|takes?|doubl\w+|per token|bound|step)\b",
    re.I,
)


def _times_asked(reading: Reading) -> bool:
    return _TIME_ASKED.search(reading.text) is not None


def _how(reading: Reading, i: int, taken: set[int]) -> list[Candidate]:
    """ "how many …", "how much …"."""
    tokens = reading.tokens
    many = tokens[i + 1].low == "many"
    after = tokens_at(tokens, i + 2)
    if many and after in ("percent", "percentage", "%", "points"):
        return [(5.5, "percent", True)]
    if many and after in ("orders", "decades", "powers"):
        return [(5.5, "dimensionless", True)]
    if many and after == "times":
        return [(3, "dimensionless", True)]
    first, end = unit_phrase(reading, i + 2, taken, money=many and after == "$")
    if many and after == "$" and first:
        return [(4.8, first, True)]  # "how many $M"
    if first.startswith(SCALE_ONLY):
        unit, _ = described(reading, end, taken)
        if unit and not unit.startswith(SCALE_ONLY):
            return [(4.0, f"{first[1:]}{unit}", True)]
        return [(4.0, first, True)]
    unit, _ = described(reading, i + 2, taken, 6)
    if not unit:
        return []
    return [(4.0 if many else 2.6, unit, True)]


def _what(reading: Reading, i: int, taken: set[int]) -> list[Candidate]:
    tokens = reading.tokens
    j = i + 1
    while j < len(tokens) and tokens[j].low in (
        "is",
        "are",
        "the",
        "a",
        "an",
        "'s",
        "s",
        "was",
        "would",
        "be",
    ):
        j += 1
    word = tokens_at(tokens, j)
    if word == "share" and tokens_at(tokens, j + 1) == "price":
        return [(3.0, "USD", False)]
    if word in ("percent", "percentage", "pct", "share", "fraction", "%", "proportion"):
        return [(4.0, "percent", True)]
    if j not in taken and j > i:
        unit, end = unit_phrase(reading, j, taken, money=False)
        if (
            unit
            and ("/" in unit or tokens_at(tokens, end) in ("is", "are", "of", "do", "does", "?"))
            and not unit.startswith(SCALE_ONLY)
        ):
            return [(3.0, unit, True)]
    return []


_SAME = frozenset({"same", "equal", "match", "matches", "tie", "identical", "as"})


def _per(reading: Reading, i: int, taken: set[int]) -> list[Candidate]:
    """Rates named without an asking word: "KiB per token", "tok/s per gpu", "cost per query", "$ per M", "per GPU?"."""
    tokens, word = reading.tokens, reading.tokens[i].low
    after = tokens_at(tokens, i + 1)
    back = {t.low for t in tokens[max(0, i - 4) : i]}
    if (
        back & _SAME
        or (
            i
            and tokens[i - 1].low == "on"
            and tokens[i - 2].low not in ("bound", "limit", "cap", "floor", "ceiling")
        )
    ) and not back & {"what", "how", "many"}:
        return []
    if word == "per" and after in ("gpu", "chip", "card", "accelerator") and _money(reading):
        end, unit = denominators(reading, i, "USD")
        closing = end >= len(tokens) or tokens[end].text in "?.,–—-" or tokens[end].low in ("thats", "that")
        return [(3.0, unit, True)] if closing else []
    if word == "per" and after in ("year", "month", "day", "hour", "annum", "yr") and _money(reading):
        alone = i == 0 or tokens[i - 1].text in ",:;" or tokens[i - 1].low in ("what", "much", "is", "that")
        return [(3.0, f"USD/{spelled_unit(after)}", True)] if alone else []
    if word in (
        "cost",
        "price",
        "costs",
        "dollars",
        "$",
        "usd",
        "cents",
        "charge",
        "bill",
        "spend",
    ) and after in ("per", "/", "a"):
        j, unit = denominators(reading, i + 1, "USD" if word != "cents" else "cent")
        named = word in ("dollars", "cents", "$", "usd")
        told = (
            tokens_at(tokens, j) in ("is", "was", "of", "=")
            and j + 1 < len(tokens)
            and bool({j + 1, j + 2} & taken)
        )
        if unit not in ("USD", "cent") and not told and not any(k in taken for k in range(i + 1, j)):
            if not named and word != "price" and unit in ("USD/month", "USD/year", "USD/day"):
                return [(2.7, "USD", False)]
            return [(3.2 if named else 2.9, unit, named)]
    if word in ("charge", "pay", "cost", "price") and after == "per":
        return []
    leads = not i or tokens[i - 1].low not in (
        "a",
        "an",
        "per",
        "/",
        "each",
        "every",
        "one",
        "fewer",
        "more",
        "less",
    )
    leads = leads and not (i > 1 and tokens[i - 1].low == "of" and i - 2 in taken)
    if tokens[i].is_word and leads and (after in ("per", "/", "of") or _each_follows(tokens, i + 1)):
        unit, _ = unit_phrase(reading, i, taken, money=False)
        if "/" in unit and not unit.startswith("USD") and unit.split("/")[0] != unit:
            rate = spelled_unit(tokens[i].text)
            if unit != rate:
                return [(3.1, unit, True)]
    return []


def _each_follows(tokens: list[Token], i: int) -> bool:
    """Whether "a day for each" or "for every" follows within three words."""
    return any(t.low in ("each", "every", "per") for t in tokens[i : i + 4])


def _money(reading: Reading) -> bool:
    return any(q.unit.has("USD") for q in reading.quantities) or bool(
        re.search(r"\b(price|cost|costs|\$|dollars?)\b", reading.text, re.I)
    )


_END_FILL = frozenset([
    "in", "the", "answer", "pls", "please", "thanks", "ok", "and", "so", "what's", "its", "it", "that's",
    "is", "that", "give", "me", "though", "decimals", "just", "really", "fine",
])  # fmt: skip


def _alone(reading: Reading, taken: set[int]) -> list[Candidate]:
    """A part of the sentence that is only a unit: "…, ms?", "($M)", "…: KiB/token", "… GB"."""
    tokens, found = reading.tokens, []
    start = 0
    for k in range(len(tokens) + 1):
        if k < len(tokens) and not (tokens[k].text in ",?;:()!–—" or full_stop(tokens, k) or dash(tokens, k)):
            continue
        words = [i for i in range(start, k) if tokens[i].low not in _END_FILL]
        named = reading.masked(k + 1) if k + 1 < len(tokens) and tokens[k].text == ":" else None
        if named is not None and "chip" in named.kinds and named.text.endswith("s"):
            found.append((4.0, "chip", True))
        if start and words and not any(i in taken for i in range(start, k)):
            unit, end = unit_phrase(reading, words[0], taken, money=True)
            rest = [i for i in words if i >= end]
            if (
                unit
                and not rest
                and (len(words) > 1 or tokens[words[0]].low not in ("context", "users", "agents"))
            ):
                found.append((4.6, unit, True))
            elif (
                unit
                and "/" not in unit
                and tokens[words[0]].low.endswith(("s", "w", "b"))
                and k < len(tokens)
                and tokens[k].text == "?"
            ):
                found.append((2.9, unit, True))  # "minutes between failures?"
            elif not unit and len(words) <= 6:
                found += _closing(reading, words, taken, asking=_asks(tokens, k))
        start = k + 1
    return found


def _asks(tokens: list[Token], k: int) -> bool:
    """Whether the part before `k` ends the question, or only a format follows ("GPUs needed, in millions")."""
    return k < len(tokens) and (
        tokens[k].text == "?"
        or (tokens[k].text in ",(" and tokens_at(tokens, k + 1) == "in" and k + 4 >= len(tokens))
    )


def _closing(reading: Reading, words: list[int], taken: set[int], *, asking: bool) -> list[Candidate]:
    """ "…: max users?", "total gpu hours": the counted noun of a fragment without an asking word."""
    tokens = reading.tokens
    if not asking or any(tokens[i].low in OPENERS | {"is", "can", "who", "why"} for i in words):
        return []
    for i in words:
        if tokens[i].low in NOUNS:
            return []  # "throughput per card", "share of all tokens"
        if tokens[i].low.endswith("s") or spelled_unit(tokens[i].text) in ("chip", "GB", "TB"):
            unit, _ = unit_phrase(reading, i, taken, money=False)
            if unit and not unit.startswith(SCALE_ONLY):
                return [(2.7, unit, True)]
    return []


__all__ = ["Wanted", "read_wanted"]
