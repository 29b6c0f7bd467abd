"""Names of the catalogue in a question: any alias, plural or spelling, and small typos by edit distance."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from agent.offline.reading.words import STOP, Token

MAX_WORDS = 7
_SQUEEZE = re.compile(r"[^a-z0-9+]+")
# Everyday words that some alias may collide with; they name nothing on their own.
COMMON = frozenset(["pro", "mini", "large", "small", "base", "flash", "opus", "turbo", "max", "ultra", "instant", "rack", "server", "chip", "gpu", "tpu", "nvidia", "amd", "meta", "google", "command", "training", "trained", "train", "trainer", "nova", "scout", "light", "lite", "micro", "standard", "default", "trillion", "best", "sonnet", "next"])  # fmt: skip
_LIKENESS = re.compile(
    r"[- ](?:style|like|type|ish)\b", re.I
)  # "o1-style thinking" names a kind of thing, not the model
_SIZE = re.compile(r"^\d+(?:\.\d+)?[bmt]$")


class Names(Protocol):
    def entity_names(self, kind: str) -> Mapping[str, str]: ...


@dataclass(frozen=True, slots=True)
class Mention:
    """A catalogue entry named in the text. `kinds` maps the kind of entity to the id it has there."""

    kinds: Mapping[str, str]
    start: int
    end: int
    text: str
    exact: bool = True

    @property
    def bare_size(self) -> bool:
        """Whether the name is just a size ("70b"), which may be a number of parameters as well."""
        return bool(_SIZE.match(_squeeze(self.text)))


def _squeeze(text: str) -> str:
    return _SQUEEZE.sub("", text.lower())


def _forms(key: str) -> tuple[str, ...]:
    """A name as written, and without what makes it plural."""
    return key, key.removesuffix("s"), key.removesuffix("gpus"), key.removesuffix("chips")


class EntityFinder:
    """Finds mentions; built once from the catalogue's names."""

    def __init__(self, catalog: Names, kinds: Iterable[str] = ("chip", "model", "api_model", "law")) -> None:
        self._names: dict[str, dict[str, str]] = {}
        for kind in kinds:
            for alias, entry in _names(catalog, kind).items():
                key = _squeeze(alias)
                if kind == "law" and (key[:1].isdigit() or len(key) < 5):
                    continue
                if len(key) >= 2 and key not in COMMON:
                    self._names.setdefault(key, {}).setdefault(kind, entry)
        self._typo_keys: dict[tuple[str, str], list[str]] = {}
        for key in self._names:
            if len(key) >= 5:
                self._typo_keys.setdefault((key[0], _digits(key)), []).append(key)
        self._vocabulary = frozenset(self._names)
        self._beginnings = frozenset(key[:n] for key in self._names for n in range(1, len(key) + 1))

    def find(self, text: str, tokens: list[Token]) -> list[Mention]:
        """Mentions from left to right, longest first, none overlapping."""
        found: list[Mention] = []
        i = 0
        while i < len(tokens):
            mention, used = self._longest(text, tokens, i)
            if mention is not None and not _LIKENESS.match(text, mention.end):
                found.append(mention)
            i += used or 1
        return found

    def _longest(self, text: str, tokens: list[Token], i: int) -> tuple[Mention | None, int]:
        if not (tokens[i].is_word or tokens[i].is_number) or self._inside_number(text, tokens, i):
            return None, 0
        best: tuple[Mention, int] | None = None
        for n in range(self._reach(tokens, i), 0, -1):
            first, last = tokens[i], tokens[i + n - 1]
            if n > 1 and first.low in ("a", "an", "i") and tokens[i + 1].start > first.end:
                continue  # "a 100 MW site" names no A100
            if not (last.is_word or last.is_number or last.text == "+"):
                continue
            span = text[first.start : last.end]
            kinds = self._lookup(_squeeze(span), first, n)
            if kinds and self._ends_whole(text, last):
                if _SIZE.match(_squeeze(span)) and _counts_something(tokens, i, n):
                    return None, 0
                return Mention(kinds, first.start, last.end, span), n
        if tokens[i].is_word and best is None:
            return self._typo(text, tokens, i)
        return None, 0

    def _reach(self, tokens: list[Token], i: int) -> int:
        """How many tokens a name that begins here may take: none when no name begins so, else up to a sign."""
        key = _squeeze(tokens[i].text)
        if not any(form in self._beginnings for form in _forms(key)):
            return 0
        for n, t in enumerate(tokens[i : i + MAX_WORDS]):
            if t.text in ",;?!()→=$%:" or t.text == "->" or "," in t.text:
                return n
        return min(MAX_WORDS, len(tokens) - i)

    def _lookup(self, key: str, first: Token, n: int) -> Mapping[str, str] | None:
        if n == 1 and (first.low in STOP or first.low in COMMON):
            return None
        for form in _forms(key):
            if form in self._vocabulary and (
                form == key or (len(form) > 2 and "law" not in self._names[form])
            ):
                return self._names[form]
        return None

    @staticmethod
    def _inside_number(text: str, tokens: list[Token], i: int) -> bool:
        """Whether the token continues a number ("1,024") or is glued to the word before it."""
        if i == 0 or tokens[i - 1].end != tokens[i].start:
            return False
        before = tokens[i - 1]
        return (before.is_word and tokens[i].is_number) or (
            before.is_number and tokens[i].is_word and tokens[i].low not in ("x",)
        )

    @staticmethod
    def _ends_whole(text: str, last: Token) -> bool:
        return last.end >= len(text) or not (text[last.end].isalnum() and text[last.end] not in "xX")

    def _typo(self, text: str, tokens: list[Token], i: int) -> tuple[Mention | None, int]:
        """A misspelt name: a word with the digits glued or joined to it, one or two letters off."""
        from rapidfuzz.distance import DamerauLevenshtein

        if tokens[i].low in STOP:
            return None, 0
        for n in (5, 4, 3, 2, 1):
            if i + n > len(tokens) or any(t.text in ",;?!():/$%" or "," in t.text for t in tokens[i : i + n]):
                continue
            if not (tokens[i + n - 1].is_word or tokens[i + n - 1].is_number):
                continue
            key = _squeeze(text[tokens[i].start : tokens[i + n - 1].end])
            if (
                len(key) < 5
                or (n == 1 and not self._worth(key))
                or not self._ends_whole(text, tokens[i + n - 1])
            ):
                continue
            if n > 1 and not any(c.isdigit() for c in key):
                continue
            allowed = 1 if len(key) < 8 or not any(c.isdigit() for c in key) else 2
            for known in self._typo_keys.get((key[0], _digits(key)), ()):
                if abs(len(known) - len(key)) > allowed:
                    continue
                if DamerauLevenshtein.distance(known, key, score_cutoff=allowed) <= allowed:
                    end = tokens[i + n - 1].end
                    return Mention(
                        self._names[known], tokens[i].start, end, text[tokens[i].start : end], False
                    ), n
        return None, 0

    @staticmethod
    def _worth(key: str) -> bool:
        return len(key) >= 6 and key not in COMMON


def _counts_something(tokens: list[Token], i: int, n: int) -> bool:
    """ "8B people", "$70B": a size that is no model's."""
    after = tokens[i + n].low if i + n < len(tokens) else ""
    before = tokens[i - 1].low if i else ""
    said = {t.low for t in tokens}
    if said & _MONEY and not said & _MODELLING:
        return True
    return (
        before in ("$", "revenue", "sales", "cost", "costs", "spend", "budget", "capex", "profit")
        or after in _COUNTED
    )


_MONEY = frozenset(
    ["capex", "revenue", "sales", "cogs", "income", "ocf", "fcf", "raised", "valuation", "turnover"]
)
_MODELLING = frozenset(
    ["model", "models", "param", "params", "parameters", "weights", "llama", "qwen", "dense", "token", "tokens", "fp8", "bf", "kv", "train", "training"]
)  # fmt: skip


_COUNTED = frozenset(
    [
        "people",
        "users",
        "persons",
        "dollars",
        "usd",
        "tokens",
        "token",
        "chips",
        "gpus",
        "revenue",
        "sales",
        "market",
        "capex",
        "spend",
        "spending",
        "budget",
        "profit",
        "valuation",
        "flops",
        "flop",
        "requests",
        "queries",
        "dollar",
        "inhabitants",
        "humans",
        "a",
        "cost",
        "costs",
        "in",
        "round",
        "run",
    ]
) - {"in", "a"}


def _digits(key: str) -> str:
    return "".join(c for c in key if c.isdigit())


def _names(catalog: Names, kind: str) -> Mapping[str, str]:
    try:
        return catalog.entity_names(kind)
    except (KeyError, ValueError):
        return {}
