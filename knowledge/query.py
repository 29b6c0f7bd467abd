"""Reading a search question: content words, their equals, and words that only frame the question.

"What did they say about neoclouds, will they survive?" comes down to *neoclouds* and *survive*; the frame
("what did they say about") would otherwise match every sentence of a conversation.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

EQUAL_WEIGHT = 0.6
_NUMBER_WEIGHT = 0.7
_WORD = re.compile(r"[a-z0-9]+(?:[.&+][a-z0-9]+)*")

_STOP = frozenset(
    [
        "a",
        "about",
        "above",
        "after",
        "again",
        "against",
        "ago",
        "all",
        "also",
        "although",
        "always",
        "am",
        "among",
        "an",
        "and",
        "another",
        "any",
        "anyone",
        "anything",
        "are",
        "around",
        "as",
        "at",
        "be",
        "because",
        "been",
        "before",
        "being",
        "below",
        "besides",
        "between",
        "both",
        "but",
        "by",
        "came",
        "can",
        "cannot",
        "come",
        "comes",
        "could",
        "did",
        "do",
        "does",
        "doing",
        "done",
        "down",
        "during",
        "each",
        "either",
        "else",
        "enough",
        "even",
        "ever",
        "every",
        "everything",
        "few",
        "for",
        "from",
        "further",
        "gave",
        "get",
        "gets",
        "getting",
        "give",
        "given",
        "gives",
        "go",
        "goes",
        "going",
        "gone",
        "got",
        "had",
        "has",
        "have",
        "having",
        "he",
        "hence",
        "her",
        "here",
        "hers",
        "him",
        "his",
        "how",
        "however",
        "i",
        "if",
        "in",
        "instead",
        "into",
        "is",
        "isn",
        "it",
        "its",
        "itself",
        "just",
        "keep",
        "kind",
        "know",
        "let",
        "like",
        "likely",
        "ll",
        "look",
        "lot",
        "made",
        "make",
        "makes",
        "making",
        "many",
        "may",
        "maybe",
        "me",
        "mean",
        "means",
        "might",
        "mine",
        "more",
        "most",
        "much",
        "must",
        "my",
        "near",
        "need",
        "needs",
        "neither",
        "never",
        "no",
        "nor",
        "not",
        "nothing",
        "now",
        "of",
        "off",
        "often",
        "on",
        "once",
        "one",
        "only",
        "onto",
        "or",
        "other",
        "our",
        "out",
        "over",
        "own",
        "per",
        "perhaps",
        "put",
        "quite",
        "rather",
        "re",
        "really",
        "right",
        "roughly",
        "s",
        "same",
        "say",
        "saying",
        "see",
        "seem",
        "seems",
        "shall",
        "she",
        "should",
        "since",
        "so",
        "some",
        "somebody",
        "someone",
        "something",
        "sort",
        "still",
        "such",
        "t",
        "take",
        "takes",
        "than",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "thing",
        "things",
        "think",
        "thinks",
        "this",
        "those",
        "though",
        "through",
        "thus",
        "to",
        "together",
        "too",
        "toward",
        "towards",
        "under",
        "until",
        "up",
        "upon",
        "us",
        "use",
        "used",
        "uses",
        "using",
        "ve",
        "very",
        "via",
        "was",
        "way",
        "we",
        "well",
        "went",
        "were",
        "what",
        "whatever",
        "when",
        "where",
        "whether",
        "which",
        "while",
        "who",
        "whom",
        "whose",
        "why",
        "will",
        "with",
        "within",
        "without",
        "won",
        "would",
        "yes",
        "yet",
        "you",
        "your",
        "don",
        "doesn",
        "didn",
        "aren",
        "wasn",
        "couldn",
        "shouldn",
        "wouldn",
        "whats",
        "thats",
        "hows",
        "whos",
        "im",
        "isnt",
        "dont",
        "doesnt",
        "cant",
        "wont",
    ]
)
# Words about the conversation itself: true of every passage, so they select none.
_FRAME = frozenset(
    [
        "said",
        "says",
        "tell",
        "tells",
        "told",
        "telling",
        "talk",
        "talks",
        "talked",
        "talking",
        "speak",
        "speaks",
        "spoke",
        "discuss",
        "discussed",
        "discussion",
        "mention",
        "mentions",
        "mentioned",
        "claim",
        "claims",
        "claimed",
        "argue",
        "argues",
        "argued",
        "argument",
        "describe",
        "describes",
        "described",
        "explain",
        "explains",
        "explained",
        "explanation",
        "summarise",
        "summarize",
        "summary",
        "outline",
        "point",
        "points",
        "view",
        "views",
        "opinion",
        "take",
        "takes",
        "according",
        "podcast",
        "episode",
        "show",
        "interview",
        "conversation",
        "transcript",
        "recording",
        "section",
        "part",
        "segment",
        "clip",
        "guest",
        "guests",
        "host",
        "hosts",
        "speaker",
        "speakers",
        "panel",
        "analyst",
        "remark",
        "remarks",
        "comment",
        "comments",
        "statement",
        "answer",
        "question",
        "reason",
        "reasons",
        "reasoning-behind",
        "case",
        "story",
        "idea",
        "thought",
        "thoughts",
        "believe",
        "believes",
        "believed",
        "figure",
        "figures",
        "number",
        "numbers",
        "quote",
        "quoted",
        "quotes",
        "give",
        "given",
        "short",
        "briefly",
        "detail",
        "details",
        "exactly",
        "please",
        "main",
        "biggest-point",
        "people",
        "person",
        "everybody",
        "anyone",
        "context-of",
        "minute",
        "minutes",
        "timestamp",
        "source",
        "cite",
        "citation",
        "portrayed",
        "characterise",
        "characterised",
        "characterize",
        "characterized",
        "compare",
        "compared",
        "comparing",
        "happen",
        "happens",
        "happened",
        "happening",
        "based",
        "sense",
        "explain-to",
        "expects",
        "expected",
        "expect",
        "predict",
        "predicts",
        "predicted",
        "prediction",
        "forecast",
        "forecasts",
        "reckon",
        "reckons",
    ]
)


@dataclass(frozen=True, slots=True)
class Group:
    """A query word (or phrase), the terms that may stand for it, and how much it weighs."""

    term: str
    equals: tuple[str, ...] = ()
    weight: float = 1.0
    equal_weight: float = EQUAL_WEIGHT


@dataclass(frozen=True, slots=True)
class Analysis:
    """The content of a question: groups for lexical search and text for the embedding."""

    groups: tuple[Group, ...]
    text: str


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
    groups: dict[str, Group] = {}
    content: list[str] = []
    at = 0
    while at < len(words):
        term, length = _term(words, at)
        at += length
        if length == 1 and (term in _STOP or (term in _FRAME and len(words) > 2)):
            continue
        if length == 1 and len(term) == 1 and not term.isdigit():
            continue
        content.append(term)
        weight = _NUMBER_WEIGHT if term[0].isdigit() else 1.0
        equals = _thesaurus().get(term) or _thesaurus().get(stem(term), ())
        groups.setdefault(term, Group(term, equals, weight))
    return Analysis(tuple(groups.values()), " ".join(content))


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
