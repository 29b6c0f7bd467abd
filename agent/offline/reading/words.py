"""Tokens, stems and the few synonyms of the trade that no schema can be expected to list."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_TOKEN = re.compile(
    r"\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d{1,3}(?:[ \u00a0\u202f]\d{3})*[ \u00a0\u202f]000(?!\d)|\d{1,3}(?:\.\d{3}){2,}(?!\d)"
    r"|(?<![\w.,])\d+,\d{1,2}(?![\d,]|\.\d)|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\.\d+"
    r"|(?<=\d)[xX×](?=[A-Za-z])|(?<=\d\s)[xX×](?=[A-Z]{1,3}\d)|[^\W\d_]+(?:['’][^\W\d_]+)?|->|=>|→|[^\w\s]",
    re.UNICODE,
)

STOP = frozenset(
    [
        "a",
        "an",
        "the",
        "of",
        "to",
        "in",
        "on",
        "at",
        "for",
        "from",
        "by",
        "with",
        "and",
        "or",
        "but",
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "being",
        "am",
        "do",
        "does",
        "did",
        "done",
        "have",
        "has",
        "had",
        "having",
        "i",
        "me",
        "my",
        "we",
        "our",
        "us",
        "you",
        "your",
        "he",
        "his",
        "she",
        "her",
        "it",
        "its",
        "they",
        "them",
        "their",
        "this",
        "that",
        "these",
        "those",
        "there",
        "here",
        "what",
        "which",
        "who",
        "whom",
        "whose",
        "when",
        "where",
        "why",
        "how",
        "can",
        "could",
        "would",
        "should",
        "will",
        "shall",
        "may",
        "might",
        "must",
        "if",
        "then",
        "than",
        "so",
        "as",
        "just",
        "only",
        "also",
        "very",
        "really",
        "please",
        "tell",
        "give",
        "show",
        "say",
        "says",
        "said",
        "get",
        "gets",
        "got",
        "going",
        "go",
        "let",
        "lets",
        "about",
        "into",
        "out",
        "up",
        "down",
        "over",
        "under",
        "again",
        "roughly",
        "around",
        "approximately",
        "some",
        "any",
        "all",
        "each",
        "every",
        "per",
        "no",
        "not",
        "dont",
        "isnt",
        "whats",
        "assume",
        "assuming",
        "suppose",
        "say",
        "want",
        "need",
        "like",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "s",
        "t",
        "m",
        "re",
        "ve",
        "ll",
        "d",
        "ok",
        "okay",
        "hi",
        "hello",
        "hey",
        "thanks",
        "thank",
        "cheers",
    ]
)

# Words that mean the same in this trade; the value is the stem both are compared by.
_SAME = {
    "chip": "gpu gpus chip chips accelerator accelerators card cards xpu xpus tpu tpus device devices",
    "memori": "memory memories hbm vram ram",
    "user": "user users concurrent concurrency simultaneous sequence sequences session sessions subscriber subscribers",
    "util": "utilisation utilization utilised utilized usage occupancy busy utilising utilizing",
    "year": "year years yearly annual annually yr yrs annum annualised annualized",
    "month": "month months monthly mo",
    "day": "day days daily",
    "hour": "hour hours hourly hr hrs",
    "precis": "precision precisions quantisation quantization quantized quantised",
    "prompt": "prompt prompts input inputs",
    "output": "output outputs completion completions generated answer answers",
    "reason": "reasoning reason thinking think thought thoughts",
    "param": "param params parameter parameters",
    "cost": "cost costs costing expense expenses bill bills",
    "pric": "price prices priced pricing",
    "spend": "spend spending spends spent outlay",
    "pay": "pay pays paying paid salary salaries wage wages",
    "rent": "rent rents rental rentals rented renting lease leased leasing hire hired",
    "multipl": "multiple multiples pe ratio ratios times",
    "fail": "fail fails failed failure failures failing interruption interruptions interrupt crash crashes dead die dies "
    "broken break breaks fault faults",
    "person": "person persons people human humans population inhabitants everybody everyone",
    "power": "power powers powered watt watts kilowatt kilowatts megawatt megawatts gigawatt gigawatts mw gw kw",
    "energi": "energy energies electricity kwh mwh gwh",
    "site": "site sites grid utility mains campus campuses datacenter datacenters datacentre datacentres facility facilities",
    "server": "server servers machine machines box boxes host hosts node nodes",
    "bandwidth": "bandwidth bw",
    "context": "context contexts ctx seqlen",
    "token": "token tokens tok toks",
    "throughput": "throughput tps tput",
    "latenc": "latency latencies delay delays",
    "faster": "fast faster quick quicker quickly speed speeds speedup speedups",
    "doubl": "double doubles doubling doubled twice",
    "revenu": "revenue revenues sales turnover takings",
    "profit": "profit profits profitable earnings earn earns eps",
    "growth": "grow grows growing growth grew grown",
    "earli": "early earlier infant infancy",
    "checkpoint": "checkpoint checkpoints checkpointing snapshot snapshots",
    "employe": "employee employees engineer engineers developer developers worker workers programmer programmers staff "
    "coder coders analyst analysts headcount seat seats",
    "rollout": "rollout rollouts sample samples trajectory trajectories candidate candidates completions",
    "hold": "hold holds holding fit fits fitting load store",
    "compress": "compress compresses compressed compression contraction contract derate derating shrink",
    "payback": "payback breakeven recoup recoups recouped amortise amortize amortised amortized",
    "depreci": "depreciation depreciate depreciates depreciated",
    "max": "max maximum largest biggest most highest longest",
    "min": "min minimum least smallest fewest lowest",
    "shortfal": "short shortfall gap missing lacking lack deficit",
    "percent": "percent percentage pct",
    "discount": "discount discounts discounted cheaper off saving savings",
    "deploy": "deploy deploys deployed deployment",
    "freed": "free freed frees freeing",
    "fund": "budget budgets fund funding",
    "fall": "fall falls fell fallen falling drop drops dropped dropping decline declines declined declining slump slumps "
    "slumped plunge plunges plunged tumble tumbles tumbled slide slides slid sink sinks sank",
    "ris": "rise rises rising rose risen climb climbs climbed climbing increase increases increased increasing jump jumps jumped",
    "share": "share shares portion fraction slice proportion",
}
CANON = {word: stem for stem, words in _SAME.items() for word in words.split()}
_SUFFIX = re.compile(
    r"(?:ational|ization|isation|ations|ation|ments|ment|ings|ing|ied|ies|edly|ed|ers|er|ly|es|s|e)$"
)


@lru_cache(maxsize=16384)
def _low(text: str) -> str:
    return text.lower().replace("’", "'")


@dataclass(frozen=True, slots=True)
class Token:
    """One token of a question: a word, a number or a sign, with its place in the text."""

    text: str
    start: int
    end: int
    low: str  # the text in lower case

    @property
    def is_word(self) -> bool:
        return self.text[0].isalpha()

    @property
    def is_number(self) -> bool:
        return self.text[0].isdigit() or (self.text[0] == "." and len(self.text) > 1)


def tokenize(text: str) -> list[Token]:
    return [Token(m.group(), m.start(), m.end(), _low(m.group())) for m in _TOKEN.finditer(text)]


@lru_cache(maxsize=16384)
def stem(word: str) -> str:
    """A short stem; words of one synonym group share it."""
    low = word.lower().replace("’", "'").removesuffix("'s").replace("'", "")
    if low in CANON:
        return CANON[low]
    if len(low) <= 3:
        return low
    for _ in range(2):
        shorter = _SUFFIX.sub("", low)
        if len(shorter) < 3 or shorter == low:
            break
        low = shorter
    if len(low) > 3 and low[-1] == low[-2] and low[-1] not in "sl":
        low = low[:-1]
    return low.removesuffix("y") + "i" if low.endswith("y") and len(low) > 3 else low


@lru_cache(maxsize=8192)
def stems(text: str) -> tuple[str, ...]:
    """The stems of a text's content words, in order, numbers and stop words left out."""
    words = re.findall(r"[^\W\d_]+(?:['’][^\W\d_]+)?", text)
    return tuple(
        stem(w) for w in words if w == "IT" or w.lower().replace("’", "'").removesuffix("'s") not in STOP
    )
