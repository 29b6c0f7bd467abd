"""Chips, models and prices with their sources and dates: `from tools.catalog import load`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tools.catalog.catalog import Catalog, load

if TYPE_CHECKING:
    from tools.catalog.chips import Chip
    from tools.catalog.facts import Fact
    from tools.catalog.models import Model
    from tools.catalog.prices import Price

__all__ = ["Catalog", "Chip", "Fact", "Model", "Price", "load"]
_HOMES = {"Chip": "chips", "Fact": "facts", "Model": "models", "Price": "prices"}


def __getattr__(name: str) -> Any:
    """The classes, imported when first asked for: making them costs more than reading the facts."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"tools.catalog.{_HOMES[name]}"), name)
