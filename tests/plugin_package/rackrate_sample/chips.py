"""A catalogue of one chip."""

from __future__ import annotations

from typing import Any


def load() -> list[dict[str, Any]]:
    memory = {"value": 777, "unit": "GB", "source": "sheet", "as_of": "2026-10"}
    chip = {"id": "sample-one", "name": "Sample One", "vendor": "Sample", "facts": {"memory": memory}}
    return [{"kind": "chips", "sources": {"sheet": {"title": "A data sheet of the sample"}}, "chips": [chip]}]
