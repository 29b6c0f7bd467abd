"""The built-in claims pack: what was claimed in one conversation, in this project's own words, with times.

`claims.yaml` is the text; `vectors.npz` holds its embeddings, made by ``python -m knowledge.pack`` and tied
to the text by a hash, so that a fresh machine searches the pack at once. A test rebuilds and compares them.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from knowledge.lexical import LexicalIndex

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FOLDER = Path(__file__).parent
CLAIMS = FOLDER / "claims.yaml"
CHECKS = FOLDER / "checks.yaml"
DERIVED = FOLDER / "derived.yaml"
FIGURES = FOLDER / "figures.yaml"
VECTORS = FOLDER / "vectors.npz"
# BM25 weights of the columns claim, about, topic, speaker.
_WEIGHTS = (1.0, 1.0, 0.5, 0.2)


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim: who said what when, in our words. `start`/`end` are seconds."""

    id: str
    start: float
    end: float
    speaker: str
    topic: str
    claim: str
    about: str
    as_of: str | None

    def views(self) -> tuple[str, str, str]:
        """The texts whose embeddings stand for the claim: itself, with its topic, and its index terms."""
        return self.claim, f"{self.topic.replace('-', ' ')}: {self.claim}", self.about or self.claim


class Pack:
    """The claims, searchable in memory: a private FTS5 database and the vectors."""

    def __init__(self, path: Path = CLAIMS) -> None:
        content = read_yaml(path)
        self.source: str = str(content["source"])
        self.title: str = str(content["title"])
        self.as_of: str | None = str(content["as_of"]) if content.get("as_of") else None
        self.claims: list[Claim] = [_claim(entry, self.as_of) for entry in content["claims"]]
        self.by_id: Mapping[str, Claim] = {claim.id: claim for claim in self.claims}

    @cached_property
    def lexical(self) -> LexicalIndex:
        db = sqlite3.connect(":memory:", check_same_thread=False)
        db.execute(
            "CREATE VIRTUAL TABLE claims USING fts5(claim, about, topic, speaker, tokenize='porter unicode61')"
        )
        db.execute("CREATE VIRTUAL TABLE terms USING fts5vocab(claims, 'row')")
        db.executemany(
            "INSERT INTO claims(rowid, claim, about, topic, speaker) VALUES(?,?,?,?,?)",
            (
                (i, c.claim, c.about, f"{c.topic} {c.id}".replace("-", " "), c.speaker)
                for i, c in enumerate(self.claims)
            ),
        )
        return LexicalIndex(db, "claims", "terms", _WEIGHTS)

    def stored_vectors(self) -> NDArray[np.float32] | None:
        """The shipped vectors, shape (views, claims, 384), or None when they are not those of this text."""
        import numpy as np

        try:
            with np.load(VECTORS) as file:
                if str(file["text_sha256"]) != text_hash(self.claims):
                    return None
                vectors: NDArray[np.float32] = file["vectors"].astype(np.float32)
                return vectors
        except (OSError, KeyError, ValueError):
            return None


def text_hash(claims: Sequence[Claim]) -> str:
    """Ties stored vectors to the texts they were made from."""
    return hashlib.sha256("\n".join("\t".join(claim.views()) for claim in claims).encode()).hexdigest()


def embed(claims: Sequence[Claim]) -> NDArray[np.float32]:
    """Vectors of the claims' views, shape (views, claims, 384). Raises EmbeddingUnavailable."""
    import numpy as np

    from knowledge.embedding import embedder

    views = zip(*(claim.views() for claim in claims), strict=True)
    return np.stack([embedder().embed(texts) for texts in views])


def build_vectors(path: Path = VECTORS) -> int:
    """Embed the built-in claims and write the vectors (float16: 520 kB); returns how many claims."""
    import numpy as np

    claims = Pack().claims
    with path.open("wb") as file:
        np.savez(file, vectors=embed(claims).astype(np.float16), text_sha256=np.str_(text_hash(claims)))
    return len(claims)


def read_yaml(path: Path) -> dict[str, Any]:
    """A mapping from a YAML file of this package."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C parser: 0.05 s instead of 0.5 s
    content = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # both are safe loaders
    return dict(content)


def _claim(entry: Mapping[str, Any], as_of: str | None) -> Claim:
    about = entry.get("about") or ""
    return Claim(
        str(entry["id"]),
        _seconds(str(entry["start"])),
        _seconds(str(entry["end"])),
        str(entry.get("speaker") or ""),
        str(entry.get("topic") or ""),
        str(entry["claim"]),
        str(about),
        str(entry.get("as_of") or as_of or "") or None,
    )


def _seconds(stamp: str) -> float:
    total = 0.0
    for part in stamp.split(":"):
        total = total * 60 + float(part)
    return total
