"""Checks a catalogue document: its form by the JSON schema, its sense by what a schema cannot say."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from tools.errors import InputError

Document = Mapping[str, Any]
_SCHEMA = Path(__file__).with_name("schema.json")


@lru_cache(maxsize=1)
def schema() -> dict[str, Any]:
    """The JSON schema of every catalogue document."""
    loaded: dict[str, Any] = json.loads(_SCHEMA.read_text(encoding="utf-8"))
    return loaded


@lru_cache(maxsize=1)
def _validator() -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(schema())


def validate(document: Document, where: str) -> None:
    """Raises InputError naming the first field that is wrong, its value and what is allowed."""
    from jsonschema.exceptions import best_match

    error = best_match(_validator().iter_errors(document))
    if error is not None:
        path = ".".join(str(part) for part in error.absolute_path) or "document"
        raise InputError(f"{where}: {path}", error.instance, error.message.splitlines()[0][:200])
    for path, value, allowed in problems(document):
        raise InputError(f"{where}: {path}", value, allowed)


def problems(document: Document) -> Iterator[tuple[str, object, str]]:
    """Field, value and what is allowed, for everything that is well formed and still cannot be."""
    yield from _unknown_sources(document, document.get("sources", {}))
    for model in document.get("models", ()):
        yield from _model_problems(model)
    for chip in document.get("chips", ()):
        yield from _chip_problems(chip)
    yield from _ranges(document, "")


def _unknown_sources(
    node: Any, known: Mapping[str, Any], path: str = ""
) -> Iterator[tuple[str, object, str]]:
    if isinstance(node, Mapping):
        cited = [node["source"]] if isinstance(node.get("source"), str) else []
        if isinstance(node.get("sources"), list):
            cited += node["sources"]
        for source in cited:
            if source not in known:
                yield f"{path}.source".lstrip("."), source, "an id listed under `sources`"
        for name, value in node.items():
            if name != "sources":
                yield from _unknown_sources(value, known, f"{path}.{name}".lstrip("."))
    elif isinstance(node, list):
        for position, value in enumerate(node):
            yield from _unknown_sources(value, known, f"{path}.{position}")


def _ranges(node: Any, path: str) -> Iterator[tuple[str, object, str]]:
    if isinstance(node, Mapping):
        value = node.get("value", node.get("median"))
        if isinstance(value, (int, float)):
            if node.get("low", value) > value:
                yield f"{path}.low", node["low"], f"at most the value {value}"
            if node.get("high", value) < value:
                yield f"{path}.high", node["high"], f"at least the value {value}"
        for name, inner in node.items():
            yield from _ranges(inner, f"{path}.{name}".lstrip("."))
    elif isinstance(node, list):
        for position, inner in enumerate(node):
            yield from _ranges(inner, f"{path}.{position}")


def _chip_problems(chip: Mapping[str, Any]) -> Iterator[tuple[str, object, str]]:
    units = {"memory": "GB", "device_memory": "GiB", "bandwidth": "TB/s", "scale_up": "GB/s", "tdp": "W"}
    for name, fact in chip["facts"].items():
        unit = "TFLOP/s" if name.startswith("peak_") else units.get(name)
        if unit and fact.get("unit") != unit:
            yield f"{chip['id']}.{name}.unit", fact.get("unit"), unit


def _model_problems(model: Mapping[str, Any]) -> Iterator[tuple[str, object, str]]:
    shape, params, name = model.get("shape", {}), model.get("params", {}), model["id"]
    heads, kv_heads = shape.get("heads"), shape.get("kv_heads")
    if heads and kv_heads and heads % kv_heads:
        yield f"{name}.shape.kv_heads", kv_heads, f"a divisor of heads ({heads})"
    kinds = sum(shape.get(kind, 0) for kind in ("kv_layers", "sliding_layers", "linear_layers"))
    if shape and kinds > shape["layers"]:
        yield f"{name}.shape.kv_layers", kinds, f"at most layers ({shape['layers']}) with the other kinds"
    if shape.get("moe_layers", 0) > shape.get("layers", 0):
        yield f"{name}.shape.moe_layers", shape["moe_layers"], f"at most layers ({shape['layers']})"
    if shape.get("experts_per_token", 0) > shape.get("experts", 0):
        yield (
            f"{name}.shape.experts_per_token",
            shape["experts_per_token"],
            f"at most {shape.get('experts', 0)}",
        )
    if params.get("active", 0) > params.get("total", 0):
        yield f"{name}.params.active", params["active"], f"at most total ({params['total']})"
