"""Whether the cited passages say what a sentence says they say.

A sentence is held against the citations when it puts words in somebody's mouth ("Dylan said …", "according to …") or
names a place in a recording (00:49:02). A passage supports it when it is that person's, has the sentence's numbers and
years, and is near enough in meaning: by the cosine of sentence embeddings, or by shared words where the embedding
model is missing. The thresholds were measured (docs/agent.md; `python tests/agent/test_support.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from agent.answer import Answer
from knowledge.citation import Citation

if TYPE_CHECKING:
    from knowledge.embedding import Embedder, Vectors

NEAR = 0.65  # cosine from which a passage of a few sentences supports one
NEAR_TALK = (
    0.44  # the same for the best few sentences of a long passage: spoken words are far from a paraphrase
)
SHARED = 0.4  # without embeddings: the share of the sentence's content words that the passage holds
PLAIN = 0.8  # so many shared words need no embedding
LONGEST_WINDOW = 3  # sentences of a long passage that are compared at once
MAX_WINDOWS = 24

_SENTENCE_END = re.compile(r"(?<=[.!?])(?=\s)|(?<=\n)")
_WORD = re.compile(r"[a-z0-9]+")
_SAYING = (
    r"(?:said|says|stated|states|claimed|claims|argued|argues|noted|notes|mentioned|mentions|told|predicted|predicts|"
    r"remarked|quipped|thinks|believes|expects|explained|explains|estimated|estimates|suggested|suggests)"
)
_WHO = (
    r"(?:(?P<name>[A-Z][a-z]+(?: [A-Z][a-z]+)?)|[Hh]e|[Ss]he|[Tt]hey|[Tt]he (?:guest|host|speaker|episode|podcast|"
    r"transcript|passage|document|interview|report|analyst)s?)"
)
_SOMEBODY_SAID = re.compile(
    rf"\b{_WHO} (?:also |once |later |then |further )?{_SAYING}\b(?: that\b)?"
    r"|\b(?i:according to|in the words of|as told by) (?P<after>[A-Z][a-z]+(?: [A-Z][a-z]+)?)"
)
_PRONOUNS = frozenset({"He", "She", "They", "Guest", "Host", "Speaker"})
_NO_NAMES = frozenset(
    re.findall(
        r"\w+",
        """
    It This That Which What Nobody Someone Everyone The There If When Where As A An And But So Source Sources Question
    Passage Claim Nothing Table Result
""",
    )
)
_STAMP = re.compile(r"(?<![\d:.,])(?:\d{1,2}:)?\d{1,2}:\d{2}(?![\d:])(?!\s*ratio)")
_YEAR = re.compile(r"(?<![\w$.,:-])(?:19[5-9]\d|20[0-4]\d)(?![\w%]|[.,:]\d)")
_COMMON = frozenset(
    re.findall(
        r"\w+",
        """
    the a an and or of to in on at is are was were be been it its that this for with as by from said says he she they
    what who when about into than then there their his her not no but if so will would can could has have had
""",
    )
)


@dataclass(frozen=True, slots=True)
class Saying:
    """A sentence that rests on what somebody said: its words without the attribution, who, and its time stamps."""

    text: str
    bare: str
    name: str | None
    stamps: tuple[str, ...]


def sentences(text: str) -> Iterable[str]:
    """The text in pieces that end with a sentence or a line; joined they are the text."""
    return (part for part in _SENTENCE_END.split(text) if part)


def unsupported_sayings(answer: Answer, earlier: Sequence[str] = ()) -> list[str]:
    """Warnings about sentences that put words in somebody's mouth, and time stamps, that no citation holds."""
    warnings = []
    runs = tuple(run for run in answer.tool_calls if not run.error)
    calculated = frozenset(figure.value for run in runs for figure in run.figures)
    for part in sentences(answer.text):
        said = saying(part)
        if said is not None and not any(
            supports(said, c, calculated) for c in _meant(said, answer.citations)
        ):
            warnings.append(f"No cited passage supports: {_shown(part)}")
            break
    stamps = _unheld_stamps(answer.text, answer.citations, (answer.question, *earlier))
    if stamps:
        warnings.append(f"No citation holds the time stamp: {', '.join(stamps)}.")
    return warnings


def saying(sentence: str) -> Saying | None:
    """What a sentence attributes; None when it attributes nothing."""
    match = next((m for m in _SOMEBODY_SAID.finditer(sentence) if _somebody(m)), None)
    if match is None:
        return None
    name = match["name"] or match["after"]
    bare = _STAMP.sub(" ", sentence[: match.start()] + " " + sentence[match.end() :]).strip(" ,\n")
    stamps = tuple(_STAMP.findall(sentence))
    return Saying(sentence, bare, None if name in _PRONOUNS else name, stamps)


def supports(said: Saying, citation: Citation, calculated: frozenset[float] = frozenset()) -> bool:
    """Whether one citation says it; `calculated` are values of calculators, which a sentence may set beside it."""
    return (
        _is_by(citation, said.name)
        and not _other_years(said.bare, citation)
        and not _other_numbers(said.bare, citation.text, calculated)
        and nearness(said.bare, citation.text) >= 1.0
    )


def nearness(sentence: str, passage: str) -> float:
    """How near in meaning, 1 being just near enough. By words, or by the embedding where words do not decide."""
    words = _content(sentence)
    shared = len(words & _content(passage)) / len(words) if words else 1.0
    if shared >= PLAIN:
        return shared / PLAIN
    windows = _windows(passage)
    cosine = _cosine(sentence, windows)
    if cosine is None:
        return shared / SHARED
    return cosine / (NEAR if len(windows) == 1 else NEAR_TALK)


def _cosine(sentence: str, windows: tuple[str, ...]) -> float | None:
    """The best cosine between the sentence and the passage, whole or a few sentences of it; None without a model."""
    from knowledge.embedding import EmbeddingUnavailable, embedder

    try:
        model = embedder()
    except EmbeddingUnavailable:
        return None
    return float(max(_vectors(model, windows) @ _vectors(model, (sentence,))[0]))


@lru_cache(maxsize=256)
def _vectors(model: Embedder, texts: tuple[str, ...]) -> Vectors:
    return model.embed(list(texts))


def _windows(passage: str) -> tuple[str, ...]:
    """The passage, and where it is long every few sentences of it: a sentence is lost in a minute of talk."""
    parts = [p.strip() for p in sentences(passage) if p.strip()]
    if len(parts) <= LONGEST_WINDOW:
        return (passage,)
    windows = [" ".join(parts[i : i + LONGEST_WINDOW]) for i in range(len(parts) - LONGEST_WINDOW + 1)]
    return (passage, *windows[:MAX_WINDOWS])


def _other_numbers(sentence: str, passage: str, calculated: frozenset[float]) -> bool:
    from agent import ledger
    from agent.ledger_numbers import find_numbers

    known = [*ledger.read_text(passage), *(ledger.Evidence(value) for value in calculated)]
    return any(not any(ledger.supports(e, m) for e in known) for m in find_numbers(sentence))


def _other_years(sentence: str, citation: Citation) -> bool:
    known = set(_YEAR.findall(f"{citation.text} {citation.title} {(citation.as_of or '')[:4]}"))
    return any(year not in known for year in _YEAR.findall(sentence)) and bool(known)


def _somebody(match: re.Match[str]) -> bool:
    return (match["name"] or match["after"]) not in _NO_NAMES


def _is_by(citation: Citation, name: str | None) -> bool:
    """Whether a passage is that person's, or tells of that person. Without a speaker it may be anybody's."""
    if name is None or citation.speaker is None:
        return True
    return bool(_content(name) & _content(f"{citation.speaker} {citation.text}"))


def _meant(said: Saying, citations: Sequence[Citation]) -> Sequence[Citation]:
    """The citations that a sentence can mean: those at its time stamps, or all of them."""
    at = [_seconds(stamp) for stamp in said.stamps]
    held = [c for c in citations if c.start and any(_inside(c, second) for second in at)]
    return held or citations


def _shown(sentence: str) -> str:
    return f"“{sentence[:160].strip(' *-_>').strip()}”"


def _content(text: str) -> set[str]:
    """The words that carry meaning, their endings cut, so that "batches" meets "batch"."""
    return {
        re.sub(r"(?:es|ed|ing|s)$", "", w)
        for w in _WORD.findall(text.lower())
        if w not in _COMMON and len(w) > 1
    }


def _unheld_stamps(text: str, citations: Sequence[Citation], known: Iterable[str]) -> list[str]:
    stamps = list(dict.fromkeys(_STAMP.findall(text)))
    if not stamps:
        return []
    given = {_seconds(s) for other in known for s in _STAMP.findall(other)}
    # a clock time may stand in a passage; a full stamp says where in a recording, which only its span can tell
    inside = {_seconds(s) for c in citations for s in _STAMP.findall(c.text) if s.count(":") == 1}
    return [
        s
        for s in stamps
        if _seconds(s) not in given | inside
        and not any(_inside(c, _seconds(s)) for c in citations if c.start)
    ]


def _inside(citation: Citation, second: float) -> bool:
    start = citation.start or "0"
    return _seconds(start) - 1 <= second <= _seconds(citation.end or start) + 1


def _seconds(stamp: str) -> float:
    total = 0.0
    for part in stamp.split(":"):
        total = total * 60 + float(part)
    return total
