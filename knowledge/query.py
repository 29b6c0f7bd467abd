"""Reading a search question: content words, their equals, and words that only frame the question.

"how do they see custom chips, and are they a risk?" comes down to *custom*, *chips* and *risk*; the frame
("how do they see") would otherwise match every sentence of a conversation.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

EQUAL_WEIGHT = 0.6
_NUMBER_WEIGHT = 0.7
_WORD = re.compile(r"[a-z0-9]+(?:[.&+][a-z0-9]+)*")

# The speakers of the built-in pack: their names choose whose claims are preferred, not what is sought.
_SPEAKERS = {
    "dylan": "Dylan Patel",
    "patel": "Dylan Patel",
    "brad": "Brad Gerstner",
    "gerstner": "Brad Gerstner",
    "bill": "Bill Gurley",
    "gurley": "Bill Gurley",
}


@dataclass(frozen=True, slots=True)
class Group:
    """A query word (or phrase), the terms that may stand for it, and how much it weighs."""

    term: str
    equals: tuple[str, ...] = ()
    weight: float = 1.0
    equal_weight: float = EQUAL_WEIGHT


@dataclass(frozen=True, slots=True)
class Analysis:
    """The content of a question, and the speakers it names."""

    groups: tuple[Group, ...]
    speakers: frozenset[str] = frozenset()


@cache
def _stop_words() -> tuple[frozenset[str], frozenset[str]]:
    """Words without content, and words that only frame a question (``stopwords.txt``)."""
    plain, frame = (Path(__file__).parent / "stopwords.txt").read_text(encoding="utf-8").split("# frame:")
    stop, framing = (
        frozenset(w for line in part.splitlines()[1:] for w in line.split()) for part in (plain, frame)
    )
    return stop, framing


@cache
def _thesaurus() -> dict[str, tuple[str, ...]]:
    """Term → its equals, from ``thesaurus.txt`` (one group a line, terms parted by commas)."""
    table: dict[str, tuple[str, ...]] = {}
    for line in (Path(__file__).parent / "thesaurus.txt").read_text(encoding="utf-8").splitlines():
        terms = [" ".join(_words(term)) for term in line.split("#")[0].split(",") if term.strip()]
        for term in terms:
            others = tuple(t for t in terms if t != term)
            table[term] = tuple(dict.fromkeys((*table.get(term, ()), *others)))
    return table


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower().replace("’", "'").replace("'s", "").replace("-", " "))


@cache
def _longest() -> int:
    return max((term.count(" ") + 1 for term in _thesaurus()), default=1)


def stem(word: str) -> str:
    """A light singular, used to look words up in the thesaurus (FTS5 stems for the search itself)."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us")) else word


def analyse(question: str) -> Analysis:
    """Split a question into weighted term groups; a phrase of the thesaurus counts as one term."""
    words = _words(question)
    stop, frame = _stop_words()
    groups: dict[str, Group] = {}
    speakers: set[str] = set()
    at = 0
    while at < len(words):
        term, length = _term(words, at)
        at += length
        if length == 1 and term in _SPEAKERS and len(words) > 1:
            speakers.add(_SPEAKERS[term])
            continue
        if length == 1 and (term in stop or (term in frame and len(words) > 2)):
            continue
        if length == 1 and len(term) == 1 and not term.isdigit():
            continue
        weight = _NUMBER_WEIGHT if term[0].isdigit() else 1.0
        equals = _thesaurus().get(term) or _thesaurus().get(stem(term), ())
        groups.setdefault(term, Group(term, equals, weight))
    return Analysis(tuple(groups.values()), frozenset(speakers))


def _term(words: list[str], at: int) -> tuple[str, int]:
    """The longest thesaurus phrase that opens at a word, or the word itself."""
    table = _thesaurus()
    for length in range(min(_longest(), len(words) - at), 1, -1):
        phrase = " ".join(words[at : at + length])
        if phrase in table:
            return phrase, length
        singular = " ".join([*words[at : at + length - 1], stem(words[at + length - 1])])
        if singular in table:
            return singular, length
    return words[at], 1
