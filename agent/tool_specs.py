"""What models are told of the calculators, kept on disk between processes.

Importing 25 calculators and writing out their schemas takes 0.6 s of a cold start; one question needs one or two of
them. The descriptions are kept as JSON in the data folder, under a key of everything they are made from: the entry
points and the time and size of every source file beside a calculator. Any change makes them anew.
"""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import entry_points, version
from pathlib import Path
from typing import Any

from agent import kept
from agent.chat import ToolSpec
from agent.prompt import CHECK_SPEC, REPORT_SPEC, SEARCH_SPEC

log = logging.getLogger("rackrate.agent")


def tool_specs(home: Path | None) -> tuple[ToolSpec, ...]:
    """Every tool as a model sees it. `home`: the data folder, or None to keep nothing."""
    key = _key() if home is not None else ""
    found = kept.read(home, "tools", key)
    if not _whole(found):
        found, whole = _describe()
        if whole:
            kept.write(home, "tools", key, found)
    specs = (ToolSpec(r["name"], r["description"], r["input_schema"], r["output_schema"]) for r in found)
    return (*specs, SEARCH_SPEC, CHECK_SPEC, REPORT_SPEC)


def _describe() -> tuple[list[dict[str, Any]], bool]:
    """The descriptions, and whether every declared calculator is among them."""
    from tools import registry

    rows = []
    whole = not registry.broken()
    for name, calculator in registry.calculators().items():
        try:
            rows.append({
                "name": name, "description": calculator.description,
                "input_schema": calculator.input_schema | {"examples": calculator.examples},
                "output_schema": calculator.output_schema,
            })  # fmt: skip
        except Exception as error:  # a plugin whose model has no schema takes nothing else down
            whole = False
            log.warning("calculator %s has no schema: %s", name, error)
    return rows, whole


def _key() -> str:
    """A digest of what the descriptions are made from."""
    from tools.registry import GROUP

    points = sorted({(point.name, point.value) for point in entry_points(group=GROUP)})
    digest = hashlib.sha256(repr((points, platform.python_version(), version("pydantic"))).encode())
    for folder in sorted({_folder(value.split(":")[0]) for _, value in points}):
        for file in _files(Path(folder)) if folder else ():
            seen = file.stat()
            digest.update(f"{file} {seen.st_mtime_ns} {seen.st_size}".encode())
    return digest.hexdigest()[:20]


def _files(folder: Path) -> list[Path]:
    """Sources and worked questions beside a calculator; of a package also those one folder down."""
    files = [*folder.glob("*.py")]
    if (folder / "__init__.py").exists():  # not of site-packages, whose folders are other people's
        files += [*folder.glob("*/*.py"), *folder.glob("examples/*.yaml")]
    return sorted(files)


def _folder(module: str) -> str:
    """The folder a module's file is in, without importing the module ("" when it is nowhere)."""
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        return ""
    return str(Path(spec.origin).parent) if spec and spec.origin and Path(spec.origin).exists() else ""


def _whole(rows: Any) -> bool:
    return isinstance(rows, list) and all(
        isinstance(r, dict) and {"name", "description", "input_schema", "output_schema"} <= set(r)
        for r in rows
    )


_LIMITS = frozenset(
    {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "min", "max", "above", "below"}
)


def limits_of(specs: Sequence[ToolSpec]) -> list[float]:
    """Every bound that an input field of these tools has, each once."""
    found: dict[float, None] = {}

    def walk(schema: Any) -> None:
        if isinstance(schema, Mapping):
            for key, value in schema.items():
                if key in _LIMITS and isinstance(value, int | float) and not isinstance(value, bool):
                    found[float(value)] = None
                elif key not in ("examples", "default", "description"):
                    walk(value)
        elif isinstance(schema, list):
            for item in schema:
                walk(item)

    for spec in specs:
        walk(spec.input_schema)
    return list(found)
