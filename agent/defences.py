"""What never leaves in an answer: keys, links and images, the instructions a model was given; and what is said aloud.

A model may repeat whatever it read, so its text is cleaned on the way out, sentence by sentence, in the stream and in
the Answer alike. A sentence that says somebody said something, or names a time stamp, is held against the citations.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from pydantic import SecretStr

from agent.answer import Answer
from knowledge.citation import Citation

REDACTED = "[redacted]"
LINK_REMOVED = "(link removed)"
WITHHELD = "(withheld: the instructions of this service)"
MIN_SECRET_CHARS = 8
SHINGLE = 8  # words in a row that a text and the instructions share by copying, not by chance
LONGEST_HELD = 4000  # characters of a stream held back for a sentence's end
SUPPORT = 0.15  # share of a sentence's content words its best passage must hold

# Well-known keys by their marks: a text is searched only for those whose mark it holds, as answers hold charts.
_KEYS: tuple[tuple[tuple[str, ...], re.Pattern[str]], ...] = tuple(
    (tuple(marks.split()), re.compile(pattern, re.DOTALL))
    for marks, pattern in (
        ("earer EARER", r"(?i:\bbearer\s+)[\w.~+/-]{16,}=*"),
        ("PRIVATE", r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"),
        ("sk- pk- rk-", r"(?<![\w-])(?:sk|pk|rk)-(?=[A-Za-z_-]*\d)[A-Za-z0-9_-]{12,}"),
        ("xox", r"\bxox[abeoprs]-[A-Za-z0-9-]{6,}"),
        ("xapp-", r"\bxapp-[A-Za-z0-9-]{6,}"),
        ("ghp_ gho_ ghu_ ghs_ ghr_", r"\bgh[pousr]_[A-Za-z0-9]{16,}"),
        ("github_pat_", r"\bgithub_pat_\w{16,}"),
        ("AKIA ASIA", r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
        ("AIza", r"\bAIza[\w-]{30,}"),
        ("hf_", r"\bhf_[A-Za-z0-9]{16,}"),
        ("eyJ", r"\beyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{5,}"),
    )
)
_TAG = re.compile(
    r"</?(?:a|img|image|script|iframe|svg|object|embed|link|style|form|input|button|video|audio|source|meta|base|body|"
    r"html|head|div|span|p|table|details|picture)\b[^<>]*>?",
    re.IGNORECASE,
)
_IMAGE = re.compile(r"!\[([^\]\n]{0,500})\](?:\([^)\n]*\)?|\[[^\]\n]*\])")
_LINK = re.compile(r"\[([^\]\n]{0,500})\]\([^)\n]*\)?")
_LINK_END = re.compile(r"\]\([^)\n]*\)?")
_DEFINED = re.compile(r"^\s*\[[^\]\n]+\]:\s*\S+.*$", re.MULTILINE)
_URL = re.compile(
    r"<?\b(?:https?|ftp|file|data|javascript|vbscript|mailto|slack|tel):(?://)?[^\s<>\"'`)\]]+>?|"
    r"(?<![\w:/])//[\w-]+(?:\.[\w-]+)+[^\s<>)\]]*|\bwww\.[^\s<>)\]]+|<(?:https?:)[^>]*>|"
    r"\b[\w-]+(?:\.[\w-]+)*\.(?:com|net|org|io|example|dev|xyz|ru|cn|info|site|test|invalid)/[^\s<>)\]]*",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"(?<=[.!?])(?=\s)|(?<=\n)")
_WORD = re.compile(r"[a-z0-9]+")

_SAYING = r"(?:said|says|stated|states|claimed|claims|argued|argues|noted|mentioned|told|predicted|predicts|remarked|quipped)"
_WHO = (
    r"(?:(?P<name>[A-Z][a-z]+(?: [A-Z][a-z]+)?)|he|she|they|the (?:guest|host|speaker|episode|podcast|transcript|"
    r"passage|document|interview|report)s?)"
)
_SOMEBODY_SAID = re.compile(
    rf"\b{_WHO} (?:also |once |later )?{_SAYING}\b|\b(?i:according to) (?P<after>[A-Z][a-z]+(?: [A-Z][a-z]+)?)"
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
_COMMON = frozenset(
    re.findall(
        r"\w+",
        """
    the a an and or of to in on at is are was were be been it its that this for with as by from said says he she they
    what who when about into than then there their his her not no but if so will would can could has have had
""",
    )
)


def secrets_of(settings: Any) -> tuple[str, ...]:
    """The values of every secret setting, longest first; `api_keys` holds several."""
    values: set[str] = set()
    for name in type(settings).model_fields:
        value = getattr(settings, name, None)
        if isinstance(value, SecretStr):
            values |= {part.strip() for part in value.get_secret_value().split(",")}
    return tuple(sorted((v for v in values if len(v) >= MIN_SECRET_CHARS), key=len, reverse=True))


def redact(text: str, secrets: Sequence[str] = ()) -> str:
    """The text without keys: the values given, and whatever has the shape of a well-known key."""
    for secret in secrets:
        if secret in text:
            text = text.replace(secret, REDACTED)
    for marks, pattern in _KEYS:
        if any(mark in text for mark in marks):
            text = pattern.sub(REDACTED, text)
    return text


def without_links(text: str) -> str:
    """The text with links and images reduced to their words; citations are shown apart, by the product itself."""
    if not any(mark in text for mark in ("](", "][", "]:", "<", ":", "//", "www.", "/")):
        return text
    text = _IMAGE.sub(lambda m: m[1], text)
    text = _LINK.sub(lambda m: m[1], text)
    text = _LINK_END.sub("]", text)
    text = _DEFINED.sub("", text)
    text = _TAG.sub("", text)
    return _URL.sub(LINK_REMOVED, text)


def without_instructions(text: str) -> str:
    """The text without sentences that repeat the instructions word for word."""
    if len(text) < 40:
        return text
    return "".join(WITHHELD + _tail(part) if _repeats(part) else part for part in sentences(text))


def cleaned(text: str, secrets: Sequence[str] = ()) -> str:
    """A model's text as it may be shown."""
    return redact(without_links(without_instructions(text)), secrets)


def sentences(text: str) -> Iterator[str]:
    """The text in pieces that end with a sentence or a line; joined they are the text."""
    yield from (part for part in _SENTENCE_END.split(text) if part)


def _tail(part: str) -> str:
    return "\n" if part.endswith("\n") else ""


def _repeats(part: str) -> bool:
    words = _words(part)
    if len(words) < SHINGLE:
        return " ".join(words) in _short_instructions() if len(words) >= 5 else False
    known = _instructions()
    return any(tuple(words[i : i + SHINGLE]) in known for i in range(len(words) - SHINGLE + 1))


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


@lru_cache(maxsize=1)
def _instructions() -> frozenset[tuple[str, ...]]:
    """Every eight words in a row of the system prompt."""
    from agent.prompt import SYSTEM

    words = _words(SYSTEM)
    return frozenset(tuple(words[i : i + SHINGLE]) for i in range(len(words) - SHINGLE + 1))


@lru_cache(maxsize=1)
def _short_instructions() -> frozenset[str]:
    """Sentences of the system prompt too short for a shingle."""
    from agent.prompt import SYSTEM

    return frozenset(" ".join(_words(part)) for part in sentences(SYSTEM.replace("\n", " ")))


class Sieve:
    """Cleans a stream: text is held until its sentence ends, then let through clean."""

    def __init__(self, secrets: Sequence[str] = ()) -> None:
        self._held, self._secrets = "", secrets

    def take(self, delta: str) -> str:
        """What may be shown now that `delta` came."""
        self._held += delta
        ends = [m.start() for m in _SENTENCE_END.finditer(self._held)]
        at = ends[-1] if ends else (len(self._held) if len(self._held) > LONGEST_HELD else 0)
        ready, self._held = self._held[:at], self._held[at:]
        return cleaned(ready, self._secrets) if ready else ""

    def rest(self) -> str:
        """What was still held when the turn ended."""
        ready, self._held = self._held, ""
        return cleaned(ready, self._secrets) if ready else ""

    def drop(self) -> None:
        """Forget what an attempt said that is void now."""
        self._held = ""


def redacted(answer: Answer, secrets: Sequence[str]) -> Answer:
    """The Answer without keys anywhere: a person may have pasted one, a model may pass one to a tool."""
    dumped = answer.model_dump_json(exclude={"figures": True, "headline": True})
    if redact(dumped, secrets) == dumped:
        return answer
    return Answer.model_validate(_deep(answer.model_dump(), secrets))


def _deep(value: Any, secrets: Sequence[str]) -> Any:
    if isinstance(value, str):
        return redact(value, secrets)
    if isinstance(value, dict):
        return {key: _deep(inner, secrets) for key, inner in value.items()}
    return [_deep(inner, secrets) for inner in value] if isinstance(value, list) else value


def unsupported_sayings(answer: Answer, earlier: Sequence[str] = ()) -> list[str]:
    """Warnings about sentences that put words in somebody's mouth, and time stamps, that no citation holds."""
    warnings = []
    said = [part.strip() for part in sentences(answer.text) if not _held(part, answer.citations)]
    if said:
        warnings.append(f"No cited passage supports: {_shown(said[0])}")
    stamps = _unheld_stamps(answer.text, answer.citations, (answer.question, *earlier))
    if stamps:
        warnings.append(f"No citation holds the time stamp: {', '.join(stamps)}.")
    return warnings


def _shown(sentence: str) -> str:
    return f"“{sentence[:160].strip(' *-_>')}”"


def _held(sentence: str, citations: Sequence[Citation]) -> bool:
    """True when the sentence puts words in nobody's mouth, or a passage shares enough of its words."""
    match = next((m for m in _SOMEBODY_SAID.finditer(sentence) if _somebody(m)), None)
    if match is None:
        return True
    name = match["name"] or match["after"]
    name = None if name in _PRONOUNS else name
    words = _content(sentence) - _content(name or "")
    return any(_names(c, name) and _shares(words, _content(f"{c.title} {c.text}")) for c in citations)


def _somebody(match: re.Match[str]) -> bool:
    return (match["name"] or match["after"]) not in _NO_NAMES


def _names(citation: Citation, name: str | None) -> bool:
    """Whether a passage is that person's. A passage without a speaker may be anybody's."""
    if name is None or citation.speaker is None:
        return True
    known = _content(f"{citation.speaker} {citation.title} {citation.text}")
    return bool(_content(name) & known)


def _shares(words: set[str], passage: set[str]) -> bool:
    return not words or len(words & passage) >= max(1.0, SUPPORT * len(words))


def _content(text: str) -> set[str]:
    """The words that carry meaning, their endings cut, so that "batches" meets "batch"."""
    return {re.sub(r"(?:es|ed|ing|s)$", "", w) for w in _words(text) if w not in _COMMON and len(w) > 1}


def _unheld_stamps(text: str, citations: Sequence[Citation], known: Iterable[str]) -> list[str]:
    stamps = list(dict.fromkeys(_STAMP.findall(text)))
    if not stamps:
        return []
    given = {_seconds(s) for other in known for s in _STAMP.findall(other)}
    spans = [(_seconds(c.start), _seconds(c.end or c.start)) for c in citations if c.start]
    # a clock time may stand in a passage; a full stamp says where in a recording, which only its span can tell
    inside = {_seconds(s) for c in citations for s in _STAMP.findall(c.text) if s.count(":") == 1}
    return [
        s
        for s in stamps
        if (at := _seconds(s)) not in given | inside
        and not any(low - 1 <= at <= high + 1 for low, high in spans)
    ]


def _seconds(stamp: str) -> float:
    total = 0.0
    for part in stamp.split(":"):
        total = total * 60 + float(part)
    return total


class RedactingFilter(logging.Filter):
    """Takes keys out of log records."""

    def __init__(self, secrets: Sequence[str]) -> None:
        super().__init__()
        self.secrets = tuple(secrets)

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        safe = redact(said, self.secrets)
        if safe != said:
            record.msg, record.args = safe, ()
        return True


LOGGERS = ("rackrate.agent", "rackrate.providers", "rackrate.http", "rackrate.slack")


def guard_logs(secrets: Sequence[str]) -> None:
    """Redact what this product logs (once a set of secrets; loggers' filters do not pass to their children)."""
    for name in LOGGERS:
        logger = logging.getLogger(name)
        known = [f for f in logger.filters if isinstance(f, RedactingFilter)]
        if not known:
            logger.addFilter(RedactingFilter(secrets))
        else:
            known[0].secrets = tuple(dict.fromkeys((*known[0].secrets, *secrets)))
