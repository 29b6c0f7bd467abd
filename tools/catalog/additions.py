"""Adds a user's own chips, models and prices: validated, then written whole or not at all.

A user's file may be shorter than the built-in ones: `source` and `as_of` once at the top stand for every
fact, a fact may be a bare number in the fact's usual unit, and a price row may give `usd_per_chip_hour`.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.catalog.dates import last_day, quarter_of
from tools.catalog.names import key
from tools.catalog.store import parse, write_atomically
from tools.errors import InputError

_UNITS = {
    "memory": "GB",
    "device_memory": "GiB",
    "bandwidth": "TB/s",
    "scale_up": "GB/s",
    "scale_up_domain": "chip",
    "chips_per_server": "chip",
    "nic": "Gbit/s",
    "tdp": "W",
    "server_power": "kW",
}
_PLAIN = {"memory_type", "link", "release_date", "on_chip", "host_link", "process"}
_LARGEST_FILE = 5_000_000


@dataclass(frozen=True, slots=True)
class Added:
    """What was added: the kind of document, the ids in it and the file it was written to."""

    kind: str
    ids: tuple[str, ...]
    file: Path
    notes: tuple[str, ...] = ()


def add(path: Path, home: Path, *, entry_id: str | None = None, today: dt.date | None = None) -> Added:
    """Adds a Hugging Face `config.json` (or a folder with one) or a YAML of own chips, models or prices.

    Raises:
        InputError: the file cannot be read or is not valid, a name is taken, or `home` cannot be written.
    """
    from tools.catalog.catalog import load, reload
    from tools.catalog.validation import validate

    day = today or dt.datetime.now(dt.UTC).date()
    document, notes = _read(path, entry_id, day)
    catalog = load(home)
    _name_chips(document, catalog)
    validate(document, path.name)
    ids = _check_names(document, catalog)
    target = home / "catalog" / f"{document['kind']}-{_slug(ids[0] if ids else path.stem)}.yaml"
    _write(target, document)
    reload()
    return Added(document["kind"], ids, target, tuple(notes))


def _read(path: Path, entry_id: str | None, day: dt.date) -> tuple[dict[str, Any], list[str]]:
    path = path / "config.json" if path.is_dir() else path
    if not path.is_file():
        raise InputError("file", str(path), "a file that exists: a config.json or a YAML")
    if path.stat().st_size > _LARGEST_FILE:
        raise InputError("file", str(path), f"a file of at most {_LARGEST_FILE // 1_000_000} MB")
    if path.suffix == ".json":
        return _from_config(path, entry_id, day)
    if path.suffix not in (".yaml", ".yml"):
        raise InputError("file", str(path), "a .json or .yaml file")
    return normalised(parse(path.read_bytes(), path.name), path.name, day), []


def _from_config(path: Path, entry_id: str | None, day: dt.date) -> tuple[dict[str, Any], list[str]]:
    from tools.catalog.huggingface import model_entry, read_config

    config = read_config(path)
    said = str(config.get("_name_or_path") or "")
    stem = path.stem if path.stem != "config" else path.resolve().parent.name
    name = entry_id or (said if said and not said.startswith((".", "/")) else stem)
    model_id = _slug(name.rsplit("/", 1)[-1])
    entry = model_entry(config, model_id, "config", day.isoformat())
    note = entry.pop("note", None)
    title = f"{said or path.name}, config.json added by the user"
    document = {"kind": "models", "sources": {"config": {"title": title}}, "models": [entry]}
    return document, [note] if note else []


def _slug(name: str) -> str:
    slug = re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-.")
    if not slug:
        raise InputError("id", name, "a name with letters or digits (give one with --id)")
    return slug[:80]


def normalised(document: Mapping[str, Any], where: str, day: dt.date) -> dict[str, Any]:
    """The full form of a user's short document.

    Raises:
        InputError: no `kind`, or neither `source` nor `sources`.
    """
    full = {name: _plain(value) for name, value in document.items()}
    if full.get("kind") not in ("chips", "models", "rental", "purchase"):
        raise InputError(f"{where}: kind", full.get("kind"), "chips, models, rental or purchase")
    as_of = str(full.pop("as_of", None) or day.isoformat())
    source = full.pop("source", None)
    if source is None and not full.get("sources"):
        raise InputError(f"{where}: source", None, "one line saying where the values come from")
    if source is not None:
        full["sources"] = {**full.get("sources", {}), "user": {"title": str(source)}}
    said = {"source": "user", "as_of": as_of}
    if full["kind"] == "chips":
        full["chips"] = [_chip(chip, said) for chip in _list(full, "chips", where)]
    if full["kind"] == "models":
        full["models"] = [_model(model, said) for model in _list(full, "models", where)]
    if full["kind"] == "rental":
        full["rental"] = {chip: [_rental(row, said) for row in rows] for chip, rows in _rows(full, where)}
    if full["kind"] == "purchase":
        full["purchase"] = [_purchase(row, said) for row in _list(full, "purchase", where)]
    return full


def _plain(value: Any) -> Any:
    """YAML's dates as text, all the way down."""
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(name): _plain(inner) for name, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


def _list(document: Mapping[str, Any], name: str, where: str) -> list[dict[str, Any]]:
    rows = document.get(name)
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise InputError(f"{where}: {name}", rows, f"a list with at least one of {name}")
    return rows


def _rows(document: Mapping[str, Any], where: str) -> list[tuple[str, list[dict[str, Any]]]]:
    rental = document.get("rental")
    if not isinstance(rental, dict) or not all(isinstance(rows, list) for rows in rental.values()):
        raise InputError(f"{where}: rental", rental, "a mapping of chip to a list of prices")
    return list(rental.items())


def _chip(chip: dict[str, Any], said: Mapping[str, str]) -> dict[str, Any]:
    chip = {"name": str(chip.get("id", "")), "vendor": "user", "aliases": [], **chip}
    facts = chip.get("facts")
    if isinstance(facts, dict):
        chip["facts"] = {name: _fact(name, fact, said) for name, fact in facts.items()}
    return chip


def _fact(name: str, fact: Any, said: Mapping[str, str]) -> Any:
    unit = "TFLOP/s" if name.startswith("peak_") else _UNITS.get(name)
    if not isinstance(fact, dict):
        fact = {"value": fact}
    full = {**fact}
    if unit and name not in _PLAIN:
        full.setdefault("unit", unit)
    full.setdefault("source", said["source"])
    full.setdefault("as_of", said["as_of"])
    return full


def _model(model: dict[str, Any], said: Mapping[str, str]) -> dict[str, Any]:
    model = {"name": str(model.get("id", "")), "aliases": [], "open_weights": True, **model}
    for part in ("shape", "params"):
        if isinstance(model.get(part), dict):
            model[part] = {**said, **model[part]}
    for name, unit in (("context_length", "token"), ("release_date", None), ("checkpoint_precision", None)):
        if name in model:
            value = model[name] if isinstance(model[name], dict) else {"value": model[name]}
            model[name] = {**said, **({"unit": unit} if unit else {}), **value}
    return model


def _rental(row: Any, said: Mapping[str, str]) -> Any:
    if not isinstance(row, dict):
        return row
    full = {"kind": "user", "term": "on-demand", "sources": [said["source"]], "rows": 1, **row}
    if "usd_per_chip_hour" in full:
        full["median"] = full.pop("usd_per_chip_hour")
    date = full.pop("date", None)
    full.setdefault("quarter", quarter_of(last_day(str(date or said["as_of"]))))
    return full


def _purchase(row: dict[str, Any], said: Mapping[str, str]) -> dict[str, Any]:
    full = {"basis": "quote", "source": said["source"], "date": said["as_of"], **row}
    if "usd_per_chip" in full:
        full["value"] = full.pop("usd_per_chip")
    return full


def _name_chips(document: dict[str, Any], catalog: Any) -> None:
    """Chips of price rows, written as people do, become ids."""
    if document["kind"] == "rental":
        document["rental"] = {catalog.chip(chip).id: rows for chip, rows in document["rental"].items()}
    if document["kind"] == "purchase":
        for row in document["purchase"]:
            if isinstance(row.get("chip"), str):
                row["chip"] = catalog.chip(row["chip"]).id


def _check_names(document: Mapping[str, Any], catalog: Any) -> tuple[str, ...]:
    """The ids of a document; names that already mean something else are refused."""
    kind = document["kind"]
    if kind == "rental":
        return tuple(document["rental"])
    if kind == "purchase":
        return tuple(dict.fromkeys(row["chip"] for row in document["purchase"]))
    entity = "chip" if kind == "chips" else "model"
    taken = {key(name): entry for name, entry in catalog.entity_names(entity).items()}
    for entry in document[kind]:
        for alias in (entry["id"], *entry.get("aliases", ())):
            owner = taken.get(key(alias), entry["id"])
            if owner != entry["id"]:
                raise InputError(f"{entity} name", alias, f"a name that does not already mean {owner}")
    return tuple(entry["id"] for entry in document[kind])


def _write(target: Path, document: Mapping[str, Any]) -> None:
    import yaml

    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(target, yaml.safe_dump(dict(document), sort_keys=False, allow_unicode=True))
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError("home", str(target.parent), f"a folder that can be written ({reason})") from error
