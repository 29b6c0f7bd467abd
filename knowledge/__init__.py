"""What was said, found and cited: documents and the built-in claims, searched by meaning and by words.

>>> from pathlib import Path
>>> from knowledge import KnowledgeBase
>>> kb = KnowledgeBase(Path("/tmp/rackrate"))
>>> kb.search("how long are H100 contracts now?", top=3)[0].start  # doctest: +SKIP
'01:22:35'
"""

from __future__ import annotations

from knowledge.base import RELEVANT, KnowledgeBase, SourceInfo, relevant
from knowledge.citation import Citation
from knowledge.errors import HomeError, KnowledgeError, SourceError, UnknownSource
from knowledge.ingest import AddReport

__all__ = [
    "RELEVANT",
    "AddReport",
    "Citation",
    "HomeError",
    "KnowledgeBase",
    "KnowledgeError",
    "SourceError",
    "SourceInfo",
    "UnknownSource",
    "relevant",
]
