"""What was said, found and cited: documents and the built-in claims, searched by meaning and by words.

>>> from pathlib import Path
>>> from knowledge import KnowledgeBase
>>> kb = KnowledgeBase(Path("/tmp/rackrate"))
>>> kb.search("how long are H100 contracts now?", top=3)[0].start  # doctest: +SKIP
'01:22:35'

The names are loaded when first used: most answers need only a Citation.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

_HOMES = {
    "AddReport": "ingest",
    "Citation": "citation",
    **dict.fromkeys(("HomeError", "KnowledgeError", "SourceError", "UnknownSource"), "errors"),
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"knowledge.{_HOMES.get(name, 'base')}"), name)
