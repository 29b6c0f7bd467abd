"""How alike a question is to the worked examples of the calculators: the cosine of two bags of words and kinds.

Reading a thousand examples takes a second or two, so their bags are kept in the data folder between processes; an
index from each word to the examples that have it makes the comparison a matter of a few hundred sums.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from pathlib import Path

from agent import kept
from agent.offline.schema import Example, Library

Bag = Mapping[str, float]
MOST = 16  # examples of one calculator that are looked at
NAME = "examples"


class Likeness:
    """The examples of a library, indexed; `bag` reads a text, `home` is where bags are kept (None: nowhere)."""

    def __init__(self, library: Library, bag: Callable[[str], Bag], home: Path | None = None) -> None:
        import numpy as np

        self._rows = [(name, e) for name, spec in library.specs.items() for e in spec.examples]
        texts = [e.question for _, e in self._rows]
        key = _key(texts, library)
        bags = kept.read(home, NAME, key)
        if not isinstance(bags, list) or len(bags) != len(texts):
            bags = [dict(bag(text)) for text in texts]
            kept.write(home, NAME, key, bags)
        self._names = list(library.specs)
        index: dict[str, tuple[list[int], list[float]]] = {}
        for row, found in enumerate(bags):
            size = math.sqrt(sum(w * w for w in found.values())) or 1.0
            for word, weight in found.items():
                rows, weights = index.setdefault(word, ([], []))
                rows.append(row)
                weights.append(weight / size)
        self._index = {word: (np.array(rows), np.array(weights)) for word, (rows, weights) in index.items()}

    def of(self, bag: Bag, exclude: str = "") -> dict[str, list[tuple[float, Example]]]:
        """The examples of each calculator that are most alike, best first, with their likeness 0 … 1."""
        import numpy as np

        norm = math.sqrt(sum(w * w for w in bag.values())) or 1.0
        sums = np.zeros(len(self._rows))
        for word, weight in bag.items():
            if word in self._index:
                rows, weights = self._index[word]
                sums[rows] += weight / norm * weights
        found: dict[str, list[tuple[float, Example]]] = {name: [] for name in self._names}
        rows_of_examples = self._rows
        order = np.argsort(-sums, kind="stable")[: np.count_nonzero(sums > 0)]
        for row, likeness in zip(order.tolist(), sums[order].tolist(), strict=True):
            name, example = rows_of_examples[row]
            if len(of_name := found[name]) < MOST and example.question != exclude:
                of_name.append((likeness, example))
        return found


def _key(texts: list[str], library: Library) -> str:
    """A digest of what the bags are made from: the texts, the weights of words, and the reader's own sources."""
    digest = hashlib.sha256(repr((texts, sorted(library.weights.items()))).encode())
    for file in sorted(Path(__file__).parent.rglob("*.py")):
        seen = file.stat()
        digest.update(f"{file.name} {seen.st_mtime_ns} {seen.st_size}".encode())
    return digest.hexdigest()[:20]
