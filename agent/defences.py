"""What never leaves in an answer: keys, links and images, the instructions a model was given.

A model may repeat whatever it read, so its text is cleaned on the way out, sentence by sentence, in the stream and in
the Answer alike.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from pydantic import SecretStr

from agent.answer import Answer
from agent.chat import Message
from agent.support import sentences

REDACTED = "[redacted]"
KEY_REMOVED = (
    "The question held what looks like a secret key. It was removed before anything read or kept it; "
    "revoke that key, since it has been typed where it does not belong."
)
LINK_REMOVED = "(link removed)"
WITHHELD = "(withheld: the instructions of this service)"
MIN_SECRET_CHARS = 8
SHINGLE = 8  # words in a row that a text and the instructions share by copying, not by chance
LONGEST_HELD = 4000  # characters of a stream held back for a sentence's end

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


def redacted_message(message: Message, secrets: Sequence[str]) -> Message:
    """A message without keys in its text, its calls' arguments or its result (a passage may hold one)."""
    calls = tuple(
        replace(call, arguments=_deep(dict(call.arguments), secrets)) for call in message.tool_calls
    )
    result = None if message.result is None else _deep(dict(message.result), secrets)
    return replace(message, text=redact(message.text, secrets), tool_calls=calls, result=result)


def _deep(value: Any, secrets: Sequence[str]) -> Any:
    if isinstance(value, str):
        return redact(value, secrets)
    if isinstance(value, dict):
        return {key: _deep(inner, secrets) for key, inner in value.items()}
    return [_deep(inner, secrets) for inner in value] if isinstance(value, list) else value


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
