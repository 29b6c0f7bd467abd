"""The Chroma side of the index: passage vectors of added documents, embedded or behind a URL.

Chroma is filled from the SQLite store and compared with it by id, so that whatever a kill left behind is
mended by the next run: what is missing is added, what is gone is deleted, nothing is ever there twice
(ids are fixed by document hash and ordinal). Importing chromadb costs about 3 s, so nothing here is touched
by a search that does not need it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BATCH = 500


class ChromaUnavailable(Exception):
    """Chroma cannot be used; the message says why. The same vectors are then scanned exactly."""


class ChromaIndex:
    """One collection of passage vectors, cosine distance, ids ``<sha256[:16]>:<ordinal>``."""

    def __init__(self, name: str, *, folder: Path | None = None, url: str | None = None) -> None:
        """Open or make the collection. Raises ChromaUnavailable."""
        try:
            import chromadb
            from chromadb.config import Settings

            settings = Settings(anonymized_telemetry=False)
            client: Any
            if url:
                parts = urlsplit(url if "//" in url else f"//{url}")
                secure = parts.scheme == "https"
                client = chromadb.HttpClient(
                    host=parts.hostname or "localhost",
                    port=parts.port or (443 if secure else 8000),
                    ssl=secure,
                    settings=settings,
                )
            else:
                client = chromadb.PersistentClient(path=str(folder), settings=settings)
            self._client = client
            self._collection: Any = client.get_or_create_collection(
                f"rackrate-{name}", embedding_function=None, metadata={"hnsw:space": "cosine"}
            )
        except Exception as error:  # chromadb raises many kinds, also at import
            raise ChromaUnavailable(_short(error)) from error

    def close(self) -> None:
        """Let go of the folder; a later index opened on it sees what other processes wrote."""
        self._client.close()

    def ids(self) -> set[str]:
        return set(self._guard(self._collection.get, include=[])["ids"])

    def upsert(self, ids: Sequence[str], vectors: NDArray[np.float32], documents: Sequence[str]) -> None:
        """Write vectors of shape (len(ids), 384); `documents` are the document ids, kept as metadata."""
        for at in range(0, len(ids), _BATCH):
            rows = slice(at, at + _BATCH)
            self._guard(
                self._collection.upsert,
                ids=list(ids[rows]),
                embeddings=vectors[rows],
                metadatas=[{"document": name} for name in documents[rows]],
            )

    def delete(self, ids: Sequence[str]) -> None:
        for at in range(0, len(ids), _BATCH):
            self._guard(self._collection.delete, ids=list(ids[at : at + _BATCH]))

    def query(self, vector: NDArray[np.float32], top: int) -> dict[str, float]:
        """The nearest passages: id → cosine similarity."""
        found = self._guard(
            self._collection.query, query_embeddings=[vector], n_results=top, include=["distances"]
        )
        return {k: 1.0 - float(d) for k, d in zip(found["ids"][0], found["distances"][0], strict=True)}

    @staticmethod
    def _guard(call: Any, **arguments: Any) -> Any:
        try:
            return call(**arguments)
        except Exception as error:
            raise ChromaUnavailable(_short(error)) from error


def _short(error: Exception) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:160]}" if text else type(error).__name__
