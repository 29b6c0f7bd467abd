"""Units that a text leaves out because a reader knows them: "COGS of 13bn" is money, "8k context" tokens,
"six of them" whatever was counted before, "from 60 people to 45" people again.

Nothing is guessed for a number that has a unit or a noun of its own.
"""

from __future__ import annotations

import re
from dataclasses import replace

from agent.offline.reading.measure import parse_unit
from agent.offline.reading.numbers import Number
from agent.offline.reading.reading import Quantity, Reading
from agent.offline.reading.words import STOP, Token
from agent.offline.reading.written_units import ADJECTIVES, UNIT_WORDS, spelled_unit

_PAID = frozenset([
    "made", "cost", "costs", "costing", "price", "priced", "prices", "pay", "pays", "paid", "paying",
    "charge", "charges", "charged", "charging", "worth", "spend", "spends", "spent", "spending", "earn",
    "earns", "earning", "salary", "salaries", "wage", "revenue", "revenues", "sales", "turnover", "capex",
    "opex", "cogs", "bom", "profit", "income", "budget", "bill", "bills", "raise", "raised", "raises",
    "raising", "rent", "rents", "rented", "renting", "sell", "sells", "sold", "selling", "bought", "buys",
    "fee", "outlay", "ocf", "fcf", "funding", "investment", "valuation", "expenses", "savings", "payroll",
    "grossed", "invoice", "debt", "cash", "loaded",
])  # fmt: skip
_PRICE_LEAD = _PAID | frozenset([
    "at", "@", "for", "gets", "get", "rate", "market", "clears", "list", "lists", "now", "plan",
    "subscription", "tariff",
])  # fmt: skip
_FILLERS = frozenset([
    "about", "around", "roughly", "only", "just", "of", "at", "is", "was", "are", "were", "to", "for",
    "by", "=", ":", "~", "a", "an", "the", "came", "come", "comes", "some", "nearly", "almost", "over",
    "under", "us", "me", "them", "it", "up", "out", "in", "total", "flow", "est", "approximately", "goods",
])  # fmt: skip
_AFTER_MONEY = frozenset([
    "fully", "loaded", "each", "apiece", "salary", "salaries", "total", "all", "revenue", "sales",
    "capex", "profit", "today", "together", "combined", "altogether",
])  # fmt: skip
_PEOPLE = frozenset([
    "engineer", "developer", "dev", "analyst", "employee", "hire", "coder", "programmer", "worker",
    "researcher", "lawyer",
])  # fmt: skip
_MACHINES = frozenset(["server", "box", "node", "machine", "rack", "gpu", "chip", "card", "accelerator"])
_TOKEN_NOUNS = frozenset([
    "prompt", "completion", "input", "output", "in", "out", "visible", "hidden", "reasoning", "thinking",
    "cached", "generated", "context", "ctx",
])  # fmt: skip
_CONTEXT = frozenset({"context", "ctx", "contexts"})
_COUNTED = frozenset({"chip", "request", "person", "server", "rack", "token", "core", "link"})
_TALLIES = re.compile(
    r"\b(quer(?:y|ies)|requests?|reqs?|calls?|chats?|tickets?|conversations?|questions?|users?)\b", re.I
)
_MODEL_WORDS = frozenset([
    "model", "models", "param", "params", "parameter", "parameters", "train", "training", "trained",
    "weights", "dense", "moe",
])  # fmt: skip
_RATE_MONEY = re.compile(r"/(?:[MkG]token|chip/hour|hour/chip|server/hour|[kM]Wh)$")


def _lead(tokens: list[Token], i: int, reach: int = 5) -> list[str]:
    """The words before token `i`, nearest first, up to a sign that ends a clause."""
    words: list[str] = []
    for k in range(i - 1, max(-1, i - 1 - reach), -1):
        if tokens[k].text in ",;.?!()" or tokens[k].is_number:
            break
        words.append(tokens[k].low)
    return words


def rate_of(reading: Reading, number: Number, unit: str, slash: bool) -> str:
    """`/Mtoken`, `/hour`, `/day` of a number without a unit: dollars, requests, or "" when neither is meant."""
    tokens = reading.tokens
    if _RATE_MONEY.search(unit):
        return f"USD{unit}"
    lead = _lead(tokens, number.first, 4)
    decimal = bool(re.search(r"\.\d\d?$", tokens[number.first].text)) and not number.scaled
    money = any(w in _PRICE_LEAD for w in lead)
    if unit in ("/hour", "/chip") and (decimal or money):
        return f"USD{unit}"
    if unit in (
        "/month",
        "/year",
        "/person",
        "/person/month",
        "/person/year",
        "/month/person",
        "/year/person",
    ):
        if money or decimal or (slash and not number.scaled):
            return f"USD{unit}"
        if (
            number.scaled
            and number.value >= 20_000
            and unit == "/year"
            and _people_near(tokens, number.first)
        ):
            return "USD/year"
    said = _TALLIES.search(reading.text[: tokens[number.first].start])
    if unit in ("/day", "/month", "/hour", "/week") and number.value >= 20 and said is not None:
        return f"request{unit}"
    return ""


def _people_near(tokens: list[Token], i: int) -> bool:
    return any(t.low.rstrip("s") in _PEOPLE for t in tokens[max(0, i - 6) : i])


_MONEY_NOUNS = frozenset(["business", "market", "quarter"]) | frozenset(
    ["round", "run", "deal", "raise", "program", "programme", "buildout", "contract", "spend"]
)
_WRITES = frozenset(
    ["emits", "emit", "writes", "write", "generates", "produces", "outputs", "burns", "spits"]
)


def is_amount(reading: Reading, number: Number) -> bool:
    """Whether a bare number is an amount of money by the words beside it: "cost 290k", "revenue was 41 bn", "a 280k hire"."""
    tokens, last = reading.tokens, number.last
    after = tokens[last].low if last < len(tokens) else "."
    if after == "of" and last + 1 < len(tokens) and tokens[last + 1].low in ("them", "those", "these"):
        return False  # "the bill for 1,024 of them": what is counted, not what it costs
    article = bool(number.first) and tokens[number.first - 1].low in (
        "a",
        "an",
        "the",
        "each",
        "per",
        "every",
        "one",
    )
    if (
        number.scaled
        and 1000 <= number.value < 1e6
        and article
        and tokens[last - 1].low == "k"
        and after in _PEOPLE | _MACHINES
    ):
        return True
    if (
        number.scaled
        and 10_000 <= number.value < 1e6
        and after in ("each", "apiece")
        and any(t.low.rstrip("s") in _PEOPLE for t in tokens[max(0, number.first - 4) : number.first])
    ):
        return True  # "200 engineers, 250k each"
    large = number.scaled or number.value >= 1000
    if large and number.value >= 1e6 and after in _MONEY_NOUNS:
        return True
    if not large or not _closed(reading, last):
        return False
    if after in ("of", "in") and last + 1 < len(tokens) and tokens[last + 1].low in _PAID:
        return True
    if after in ("revenue", "revenues", "sales", "capex", "salary", "loaded", "fully"):
        return True
    for word in _lead(tokens, number.first):
        if word in _PAID:
            return True
        if word not in _FILLERS:
            break
    if number.value < 1e6 and number.scaled and _lead(tokens, number.first, 1) in (["at"], ["on"]):
        named = UNIT_WORDS.get(tokens[number.first - 2].low) == "chip" if number.first > 1 else False
        return named or _people_near(tokens, number.first)
    return False


def _closed(reading: Reading, i: int) -> bool:
    """Whether nothing that could be counted follows at token `i`."""
    if i >= len(reading.tokens) or not reading.tokens[i].is_word:
        return True
    if reading.masked(i) is not None:
        return False
    return reading.tokens[i].low in STOP or reading.tokens[i].low in _AFTER_MONEY | {
        "while",
        "after",
        "before",
        "against",
        "vs",
        "versus",
    }


def _with(q: Quantity, unit: str, *marks: str) -> Quantity:
    return replace(q, unit=parse_unit(unit), unit_text=unit, marks=q.marks | {"unsaid", *marks})


def supply_units(reading: Reading, found: list[Quantity]) -> list[Quantity]:
    """The quantities with the units that go unsaid filled in; each rule looks at bare numbers only."""
    out = list(found)
    for i, q in enumerate(out):
        if q.marked or q.series >= 1000 or q.marks & {"params", "describes"}:
            continue
        unit = (
            _said_again(reading, out, i)
            or _same_rate(reading, out, i)
            or _symbol(reading, q)
            or _factor(reading, q)
            or _period(reading, q)
            or _of_those(reading, out[:i], q)
            or _inside(reading, out, i)
            or _same_price(reading, out, i)
            or _the_other_one(reading, out, i)
            or _of_a_bill(reading, q)
            or _money_too(reading, out, i)
            or _tokens(reading, out, i)
            or _parameters(reading, q)
        )
        if unit == "times":
            out[i] = _with(q, "dimensionless", "times")
        elif unit:
            out[i] = _with(q, unit)
    return out


def _said_again(reading: Reading, found: list[Quantity], i: int) -> str:
    """ "from 60 developers down to 45", "12 of the 300 cards": the unit of the other number of the pair."""
    tokens, q = reading.tokens, found[i]
    if i and found[i - 1].marked and "to" in q.marks and q.first and _closed(reading, q.last):
        a = found[i - 1]
        between = [t.low for t in tokens[a.last : q.first]]
        change = between[-1:] == ["to"] and len(between) <= 7 and not set(between) & {".", ";", "?", ","}
        if change and ("from" in a.marks or len(between) <= 3) and len(a.unit.dims) <= 1:
            return "times" if "times" in a.marks else a.unit_text
    if i and found[i - 1].unit_text in _COUNTED and "from" in q.marks and "to" in found[i - 1].marks:
        between = [t.low for t in tokens[found[i - 1].last : q.first]]
        if "than" in between and len(between) <= 5 and _closed(reading, q.last):
            return found[i - 1].unit_text  # "at 16k context than at 4k"
    if i + 1 < len(found) and found[i + 1].unit_text in _COUNTED and q.value < found[i + 1].value:
        between = [t.low for t in tokens[q.last : found[i + 1].first]]
        if between in (["of"], ["of", "the"], ["of", "our"], ["out", "of"]):
            return found[i + 1].unit_text
    return ""


def _same_rate(reading: Reading, found: list[Quantity], i: int) -> str:
    """ "Forward takes 2 FLOPs per param and token, training 6.": the rate said before, of another thing."""
    q = found[i]
    if not i or "FLOP/" not in found[i - 1].unit_text or not _closed(reading, q.last):
        return ""
    a, tokens = found[i - 1], reading.tokens
    between = tokens[a.last : q.first]
    named = 2 <= len(between) <= 4 and between[0].text in ",;" and all(t.is_word for t in between[1:])
    ends = q.last >= len(tokens) or tokens[q.last].text in ".;?!:,"
    near = a.value and 0.02 <= abs(q.value / a.value) <= 50
    told = {t.low for t in between} & {"for", "over", "in", "after", "to", "by", "from", "of", "with", "at"}
    return a.unit_text if named and ends and near and not told else ""


_SYMBOLS = {"N": "param", "D": "token", "C": "FLOP"}


def _symbol(reading: Reading, q: Quantity) -> str:
    """ "N = 13B", "D of 2.6T": the letters of the scaling laws."""
    lead = reading.tokens[max(0, q.first - 2) : q.first]
    if len(lead) < 2 or lead[1].low not in ("=", "of", "is", ":") or "scaled" not in q.marks:
        return ""
    return _SYMBOLS.get(lead[0].text, "")


def _factor(reading: Reading, q: Quantity) -> str:
    """ "a factor of 14"."""
    lead = [t.low for t in reading.tokens[max(0, q.first - 3) : q.first]]
    if lead[-2:] == ["factor", "of"] or lead[-1:] == ["factor"] or lead[-2:] == ["multiplied", "by"]:
        return "times" if _closed(reading, q.last) else ""
    return ""


def _period(reading: Reading, q: Quantity) -> str:
    """ "doubles every 3": years, or months where the text counts in months; "for four years, now in six"."""
    before = reading.tokens[q.first - 1].low if q.first else ""
    if (
        before in ("in", "over", "for")
        and q.value <= 60
        and "spelled" in q.marks
        and _closed(reading, q.last)
    ):
        return "year" if re.search(r"\byears\b.{1,24}$", reading.text[: q.start]) else ""
    if (
        not q.first
        or reading.tokens[q.first - 1].low not in ("every", "each")
        or q.value > 60
        or not _closed(reading, q.last)
    ):
        return ""
    if re.search(r"\b(years?|yrs?|annual\w*|moore\S*)\b", reading.text, re.I):
        return "year"
    return "month" if re.search(r"\bmonths?\b", reading.text, re.I) else ""


def _of_those(reading: Reading, earlier: list[Quantity], q: Quantity) -> str:
    """ "six of them", "of which 4,200": the noun counted last before."""
    tokens = reading.tokens
    after = [t.low for t in tokens[q.last : q.last + 2]]
    before = [t.low for t in tokens[max(0, q.first - 2) : q.first]]
    if not (after[:1] == ["of"] and after[1:] and after[1] in ("them", "those", "these", "which", "whom")) and before not in (
        ["of", "which"], ["of", "whom"], ["of", "them"],
    ):  # fmt: skip
        return ""
    unknown = {p.first for p in earlier if not p.marked}
    for k in range(q.first - 1, max(-1, q.first - 30), -1):
        if k in unknown:
            return ""  # "900 chip factories … 45 of them"
        named = reading.masked(k)
        if named is not None:
            if "chip" in named.kinds:
                return "chip"
            continue
        one = k > 0 and tokens[k - 1].low in ("a", "an", "each", "every", "one", "per")
        unit = UNIT_WORDS.get(tokens[k].low, "") if one or tokens[k].low.endswith(("s", "people")) else ""
        if unit in _COUNTED:
            return unit
    named_chip = any("chip" in m.kinds and m.start < tokens[q.first].start for m in reading.mentions)
    said_chip = any(UNIT_WORDS.get(t.low) == "chip" for t in tokens[: q.first])
    return "chip" if (named_chip or said_chip) and before[-1:] != ["which"] else ""


def _inside(reading: Reading, found: list[Quantity], i: int) -> str:
    """ "two 80GB H100s", "900 old 350 W servers": the noun stands after another number that describes it."""
    q, tokens = found[i], reading.tokens
    if i + 1 >= len(found) or not float(q.value).is_integer():
        return ""
    between = [t.low for t in tokens[q.last : found[i + 1].first]]
    if len(between) > 1 or not set(between) <= ADJECTIVES or (q.value > 1000 and not between):
        return ""
    k = found[i + 1].last
    named = reading.masked(k) if k < len(tokens) else None
    if named is not None:
        return "chip" if "chip" in named.kinds else ""
    unit = spelled_unit(tokens[k].text) if k < len(tokens) and tokens[k].is_word else ""
    return unit if unit in _COUNTED - {"token"} else ""


def _the_other_one(reading: Reading, found: list[Quantity], i: int) -> str:
    """ "old parts have 24 cores, the new one has 128": the unit of the old one's number."""
    lead = _lead(reading.tokens, found[i].first, 4)
    if not {"one", "ones"} & set(lead) or not {"new", "newer", "old", "older", "other"} & set(lead):
        return ""
    before = [p for p in found[:i] if p.marked]
    if not before or not _closed(reading, found[i].last) or len(before[-1].unit.dims) != 1:
        return ""
    return before[-1].unit_text


_BILL = re.compile(r"\b(bom|bill of materials|cogs|cost of goods)\b", re.I)


def _of_a_bill(reading: Reading, q: Quantity) -> str:
    """The parts of a bill of materials: "HBM is 2,900", "packaging 800"."""
    before = reading.tokens[q.first - 1] if q.first else None
    named = before is not None and before.is_word and before.low not in ("at", "for", "in", "to", "by", "of")
    if (
        named
        and q.value >= 20
        and _closed(reading, q.last)
        and _BILL.search(reading.text)
        and not 1990 <= q.value <= 2050
    ):
        return "USD"
    return ""


_TOGETHER = re.compile(
    r"\b(kv|cache|context|concurren\w+|at once|(at the )?same (time|moment)|simultaneous\w*|share one|share an?)\b",
    re.I,
)
_EARNING = re.compile(
    r"\b(salar\w+|paid|productiv\w+|payroll|billion people|million people|earth|population|seat|seats)\b",
    re.I,
)


def said_once(reading: Reading, found: list[Quantity]) -> list[Quantity]:
    """A number said again of the same things goes ("each of the forty"), a million that only is what a price is for too
    ("what does a million tokens cost"); people who use a model together are requests."""
    tokens, out = reading.tokens, []
    together = _TOGETHER.search(reading.text) is not None and _EARNING.search(reading.text) is None
    for i, q in enumerate(found):
        before = [t.low for t in tokens[max(0, q.first - 2) : q.first]]
        if before[-1:] == ["between"] and q.value == 2 and "spelled" in q.marks:
            continue  # "hops between two chips"
        if before[-1:] == ["("] and not q.marked and i and found[i - 1].value == q.value:
            continue  # "a 70B model (70e9)"
        again = before in (["of", "the"], ["all", "the"]) or before[-1:] in (
            ["all"],
            ["those"],
            ["these"],
            ["same"],
        )
        alike = not q.marked or ("unsaid" in q.marks and before[-1:] == ["same"])
        if again and alike and any(p.value == q.value for p in found[:i]):
            continue
        if q.value == 1e6 and q.unit_text == "token" and q.low is None and _account(reading, found, q):
            continue
        if q.unit_text == "person" and together and 1 < q.value < 1e5:
            q = _with(q, "request")
        out.append(q)
    return out


def _account(reading: Reading, found: list[Quantity], q: Quantity) -> bool:
    """Whether "a million tokens" is only what the price asked for is of, prices per million being given."""
    if not any(p.unit_text in ("USD/Mtoken", "cent/Mtoken") for p in found):
        return False
    near = {t.low for t in reading.tokens[max(0, q.first - 8) : q.last + 4]}
    return bool(near & {"cost", "costs", "price", "charge", "serve"}) and bool(near & {"what", "how"})


_MARKET = frozenset(["market", "clears", "gets", "pays", "costs", "now", "charges", "asks", "rents", "rent", "paying", "getting", "against", "vs", "versus", "to", "for", "at", "and", "spot", "sells"])  # fmt: skip


def _same_price(reading: Reading, found: list[Quantity], i: int) -> str:
    """ "list $4.50 per gpu hour, market clears at 1.95": a second price near the first, its unit unsaid."""
    q, tokens = found[i], reading.tokens
    if not re.fullmatch(r"\d+\.\d\d?", tokens[q.first].text) or not _closed(reading, q.last):
        return ""
    prices = [p for p in found[:i] if p.unit_text.startswith("USD/")]
    if not prices or not 0.1 < q.value / (prices[-1].value or 1) < 10:
        return ""
    return prices[-1].unit_text if set(_lead(tokens, q.first, 3)) & _MARKET else ""


def _money_too(reading: Reading, found: list[Quantity], i: int) -> str:
    """Bare amounts beside money: "3,000 dollars of HBM, eight hundred for packaging", "revenue 88bn, AMD 5bn"."""
    q, tokens = found[i], reading.tokens
    if tokens[q.last - 1].low in ("bn", "tn") and _countless(reading, q.last):
        return "USD"
    if not _closed(reading, q.last):
        return ""
    after = tokens[q.last].low if q.last < len(tokens) else "."
    plain = [p for p in found if p.unit_text == "USD" and p is not q]
    if i and found[i - 1].unit_text == "USD" and after in ("for", "on", "goes") and q.value >= 20:
        between = {t.low for t in tokens[found[i - 1].last : q.first]}
        if between & {",", "and", ";"} and not between & {".", "?"} and found[i - 1].value < 500 * q.value:
            return "USD"
    if "scaled" not in q.marks or q.value < 1e6 or {t.low for t in tokens} & _MODEL_WORDS:
        return ""
    said = tokens[q.last - 1].low
    if (
        q.value >= 1e9
        and any(t.low in _PAID or t.low in ("business", "market", "cash") for t in tokens)
        and said not in ("k", "m")
    ):
        return "USD"
    if said in ("bn", "mn", "tn", "mm", "mln") and (
        plain or any(t.low in _PAID or t.text == "$" for t in tokens)
    ):
        return "USD"
    near = any(0.002 < p.value / q.value < 500 for p in plain if p.value)
    return (
        "USD"
        if near
        and after
        in (
            ",",
            ".",
            "?",
            ";",
            "and",
            "of",
            "in",
            "vs",
            "versus",
            "against",
            "was",
            "is",
            "are",
            "together",
            "combined",
        )
        else ""
    )


def _countless(reading: Reading, i: int) -> bool:
    """Whether none of the next two words is one that billions are counted of."""
    nouns = [t.low for t in reading.tokens[i : i + 2] if t.is_word]
    return not any(
        UNIT_WORDS.get(w) in _COUNTED | {"param", "FLOP"} or w in ("humans", "inhabitants", "transistors")
        for w in nouns
    )


_SERVED = re.compile(r"\b(users?|concurren\w+|sequences?|kv|ttft|tpot)\b", re.I)


def _tokens(reading: Reading, found: list[Quantity], i: int) -> str:
    """ "8k context", "900 out", "plus 700 visible": tokens, where the text speaks of them."""
    q, tokens = found[i], reading.tokens
    after = tokens[q.last].low if q.last < len(tokens) else ""
    beyond = tokens[q.last + 1].low if q.last + 1 < len(tokens) else "."
    before = _lead(tokens, q.first, 3)
    if q.value < 20 or not float(q.value).is_integer() or "%" in after:
        return ""
    if after in _CONTEXT or (
        before
        and (before[0] in _CONTEXT or before[:2] in (["of", "context"], ["to", "context"], ["at", "context"]))
    ):
        return "token"
    if "context" in before and "from" in before:
        return "token"
    if i and found[i - 1].unit_text == "token" and "to" in q.marks and found[i - 1].last >= q.first - 2:
        return "token"
    spoken = any(p.unit_text.startswith("token") or p.unit_text.endswith("token") for p in found) or any(
        t.low in ("token", "tokens", "tok", "toks", "mtok") for t in tokens
    )
    if (
        before[:1] == ["at"]
        and tokens[q.last - 1].low == "k"
        and _SERVED.search(reading.text)
        and _closed(reading, q.last)
    ):
        return "token"  # "concurrent users at 4k"
    if not spoken:
        return ""
    if before and before[0] in _WRITES and _closed(reading, q.last):
        return "token"
    if after in ("in", "out", "back") and (
        not beyond[:1].isalpha() or beyond in ("and", "per", "at", "for", "each", "then", "cost")
    ):
        return "token"
    if after in _TOKEN_NOUNS - {"in", "out"} and beyond not in ("price", "cost", "rate", "prices"):
        return "token"
    if after in ("of", "coming", "going", "back") and beyond in (
        "answer",
        "output",
        "reasoning",
        "thinking",
        "out",
        "in",
        "prompt",
    ):
        return "token"
    if (
        before
        and before[0] in ("prompt", "answer", "completion", "output", "input")
        and _closed(reading, q.last)
    ):
        return "token"  # "prompt 2.2k, answer 650"
    plain = before[:2] in (["plain", "the"], ["same", "the"], ["same", "very"], ["visible", "the"])
    return "token" if plain and any(p.unit_text == "token" for p in found[:i]) else ""


def _parameters(reading: Reading, q: Quantity) -> str:
    """ "train 13B on 2T tokens"."""
    lead = _lead(reading.tokens, q.first, 2)
    if (
        "scaled" in q.marks
        and q.value >= 1e8
        and any(w in ("train", "training", "trained", "pretrain", "serve") for w in lead)
    ):
        return "param"
    return ""
