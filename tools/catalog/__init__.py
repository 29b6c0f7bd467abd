"""Chips, models and prices with their sources and dates: `from tools.catalog import load`."""

from tools.catalog.catalog import Catalog, load
from tools.catalog.chips import Chip
from tools.catalog.facts import Fact
from tools.catalog.models import Model
from tools.catalog.prices import Price

__all__ = ["Catalog", "Chip", "Fact", "Model", "Price", "load"]
