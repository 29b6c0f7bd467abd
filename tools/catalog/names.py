"""How names are matched: by their letters and digits only, with makers and polite endings taken off."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

from tools.errors import UnknownName

_NOT_WORD = re.compile(r"[^a-z0-9+]+")
_MAKERS = (
    "nvidia",
    "amd",
    "intel",
    "google cloud",
    "google",
    "aws",
    "amazon",
    "meta",
    "openai",
    "anthropic",
    "instinct",
    "geforce",
    "tesla",
)
_MOST_WORDS = 10
_ENDINGS = re.compile(
    r"[\s_-]+(?:gpus?|chips?|accelerators?|cards?|instruct|chat|hf|it|base|maxtext|"
    r"bf16|fp8|fp4|nvfp4|mxfp4|w8a8|awq|gptq|instruct-\d{4}|pre-?training)$"
)


def key(name: str) -> str:
    """The comparison form of a name: `"Llama-3.1 405B"` and `"llama3.1-405b"` are one."""
    return _NOT_WORD.sub("", name.lower())


def candidates(name: str) -> Iterable[str]:
    """Comparison forms of `name`, the closest to what was typed first."""
    text = " ".join(name.lower().replace("_", "-").split()).strip(" .,;:!?'\"()")
    forms = [text, text.rsplit("/", 1)[-1]] if "/" in text else [text]
    seen: set[str] = set()
    for form in itertools.chain.from_iterable(_peeled(form) for form in forms):
        k = key(form)
        if k and k not in seen:
            seen.add(k)
            yield k


def _peeled(text: str) -> Iterable[str]:
    yield text
    yield text.rstrip("s") if text.endswith("s") else text
    while True:
        shorter = _ENDINGS.sub("", text)
        for maker in _MAKERS:
            if shorter.startswith((maker + " ", maker + "-")):
                shorter = shorter[len(maker) + 1 :]
        if shorter == text:
            return
        text = shorter
        yield text
        yield text.rstrip("s") if text.endswith("s") else text


class Names:
    """Aliases of one kind of entry, and the id each stands for.

    Raises:
        UnknownName: when nothing matches; it carries the nearest ids.
    """

    def __init__(
        self,
        kind: str,
        spelled: Mapping[str, Iterable[str]],
        may_follow: Callable[[str, str], bool] = lambda entry, word: False,
    ) -> None:
        """`may_follow(id, word)` says whether a word beside a name of `id` leaves its meaning alone."""
        self.kind, self._may_follow = kind, may_follow
        self.spelled: dict[str, str] = {}
        self._by_key: dict[str, str] = {}
        for entry in spelled:
            self._by_key[key(entry)] = entry
        for entry, aliases in spelled.items():
            for alias in (entry, *aliases):
                self.spelled.setdefault(alias.lower(), entry)
                self._by_key.setdefault(key(alias), entry)
        self._remembered = lru_cache(maxsize=1024)(self._find)  # one question asks for a name many times

    def find(self, name: str) -> str | None:
        """The id `name` stands for, or None."""
        return self._remembered(name)

    def _find(self, name: str) -> str | None:
        for candidate in candidates(name):
            if (entry := self._by_key.get(candidate)) is not None:
                return entry
        return self._inside(name)

    def _inside(self, name: str) -> str | None:
        """The id whose name stands in `name` among words that change nothing ("AMD MI300X 192GB HBM3").

        A word that could make it another thing (a size the entry does not have) finds nothing, so that an
        unknown part never turns silently into a known one.
        """
        words = [word for word in _NOT_WORD.split(name.lower()) if word]
        if not 1 < len(words) <= _MOST_WORDS:
            return None
        for dropped in range(1, len(words)):
            for places in itertools.combinations(range(len(words)), dropped):
                kept = "".join(word for place, word in enumerate(words) if place not in places)
                entry = self._by_key.get(kept)
                if entry is not None and all(self._may_follow(entry, words[place]) for place in places):
                    return entry
        return None

    def resolve(self, name: str) -> str:
        """The id `name` stands for."""
        entry = self.find(name) if isinstance(name, str) else None
        if entry is None:
            raise UnknownName(self.kind, name, self.nearest(str(name)))
        return entry

    def nearest(self, name: str, count: int = 3) -> tuple[str, ...]:
        """Ids whose name or alias looks most like `name`, best first."""
        import difflib

        wanted = key(name)[:60]
        ids: dict[str, None] = {}
        for match in difflib.get_close_matches(wanted, self._by_key, n=count * 4, cutoff=0.5):
            ids.setdefault(self._by_key[match])
        return tuple(ids)[:count]

    def entity_names(self) -> dict[str, str]:
        """Lower-case spellings people use, each with its id: what a reader of questions matches."""
        names = {alias: entry for alias, entry in self.spelled.items() if not alias.isdigit()}
        for alias, entry in tuple(names.items()):
            for variant in (alias.replace("-", " "), alias.replace(" ", "-"), alias.replace(" ", "")):
                names.setdefault(variant, entry)
        return names
