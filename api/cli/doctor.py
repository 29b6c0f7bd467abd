"""`rackrate doctor`: versions, keys present (never their values), index state, what would stop it working."""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, distributions, entry_points, version
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

if TYPE_CHECKING:
    from agent.settings import Settings

Level = Literal["ok", "note", "problem"]
TOP_LEVEL = ("agent", "api", "evals", "knowledge", "tools")
GROUPS = ("calculators", "chat_models", "loaders", "catalogs", "estimators")
PACKAGES = (
    "langgraph",
    "pydantic",
    "chromadb",
    "onnxruntime",
    "anthropic",
    "openai",
    "genai-prices",
    "fastapi",
)
SECRETS = ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "RACKRATE_API_KEYS", "RACKRATE_SLACK_BOT_TOKEN",
           "RACKRATE_SLACK_APP_TOKEN", "RACKRATE_SLACK_SIGNING_SECRET")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at."""

    topic: str
    level: Level
    text: str


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else.")
def command(as_json: bool) -> int:
    """Look at everything that could stop rackrate working. Exit status 1 when something does."""
    found = list(findings())
    if as_json:
        click.echo(json.dumps([asdict(f) for f in found], ensure_ascii=False))
    else:
        _print(found)
    return 1 if any(f.level == "problem" for f in found) else 0


def findings() -> Iterator[Finding]:
    """Every finding; a check that itself fails is a finding too."""
    checks: tuple[Callable[[], Iterator[Finding]], ...] = (
        _versions, _core, _names, _plugins, _catalogue, _settings_and_home, _knowledge, _keys,
    )  # fmt: skip
    for check in checks:
        try:
            yield from check()
        except Exception as error:
            yield Finding(check.__name__.strip("_"), "problem", f"{type(error).__name__}: {_line(error)}")


def _line(error: BaseException) -> str:
    return (str(error).splitlines() or [""])[0][:300]


def _versions() -> Iterator[Finding]:
    yield Finding(
        "version",
        "ok",
        f"rackrate {_version('rackrate')}, Python {platform.python_version()}, {platform.platform()}",
    )
    yield Finding("packages", "ok", ", ".join(f"{name} {_version(name)}" for name in PACKAGES))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"


def _core() -> Iterator[Finding]:
    from tools import _core

    yield Finding("core", "ok", f"compiled core loads ({Path(_core.__file__ or '').name})")


def _names() -> Iterator[Finding]:
    """Another distribution that installs a top-level module of our names would be imported in our place."""
    clashes = name_clashes()
    for name, owners in clashes.items():
        yield Finding("modules", "problem", f"module {name} is also installed by {', '.join(owners)}")
    if not clashes:
        yield Finding("modules", "ok", f"no other package installs {', '.join(TOP_LEVEL)}")
    home = Path(__file__).resolve().parents[2]
    for name in TOP_LEVEL:
        spec = importlib.util.find_spec(name)
        places = [Path(p).resolve() for p in (spec.submodule_search_locations or [])] if spec else []
        if not places:
            yield Finding("modules", "problem", f"module {name} is missing")
        elif places[0] != home / name:
            yield Finding(
                "modules", "problem", f"module {name} is loaded from {places[0]}, not from {home / name}"
            )


def name_clashes() -> dict[str, list[str]]:
    """Our top-level names that other distributions provide, by name."""
    clashes: dict[str, list[str]] = {}
    for dist in distributions():
        owner = str(dist.metadata["Name"] or "?")
        if owner.lower() == "rackrate":
            continue
        tops = {line.strip() for line in (dist.read_text("top_level.txt") or "").splitlines()}
        tops |= {
            parts[0].removesuffix(".py") for f in dist.files or () if (parts := f.parts) and parts[0] != ".."
        }
        for name in sorted(tops & set(TOP_LEVEL)):
            clashes.setdefault(name, []).append(owner)
    return clashes


def _plugins() -> Iterator[Finding]:
    from tools import registry

    broken = registry.broken()
    yield Finding("calculators", "ok", f"{len(registry.calculators())} load")
    for said in broken.values():
        yield Finding("calculators", "problem", said)
    for group in GROUPS[1:]:
        yield from _group(group)


def _group(group: str) -> Iterator[Finding]:
    points = list(entry_points(group=f"rackrate.{group}"))
    values: dict[str, set[str]] = {}
    for point in points:
        values.setdefault(point.name, set()).add(point.value)
    good = 0
    for point in {(p.name, p.value): p for p in points}.values():
        if len(values[point.name]) > 1:
            yield Finding(
                group, "problem", f"{point.name}: declared {len(values[point.name])} times ({point.value})"
            )
            continue
        try:
            point.load()
            good += 1
        except Exception as error:
            yield Finding(
                group, "problem", f"{point.name} ({point.value}): {type(error).__name__}: {_line(error)}"
            )
    if good:
        yield Finding(group, "ok", f"{good} load: {', '.join(sorted(values))}")


def _catalogue() -> Iterator[Finding]:
    from tools.catalog import load

    catalog = load()
    yield Finding("catalogue", "ok", f"{len(catalog.chips)} chips, {len(catalog.models)} models")


def _settings_and_home() -> Iterator[Finding]:
    from pydantic import ValidationError

    from agent.settings import Settings

    try:
        settings = Settings()
    except ValidationError as error:
        first = error.errors()[0]
        yield Finding("settings", "problem", f"{'.'.join(map(str, first['loc']))}: {first['msg']}")
        return
    yield Finding("provider", "ok", _provider(settings))
    yield _home(settings.home)
    yield from _threads(settings)


def _provider(settings: Settings) -> str:
    chosen = settings.chosen_provider()
    why = (
        "RACKRATE_PROVIDER"
        if settings.provider
        else "no key is set"
        if chosen == "offline"
        else "its key is set"
    )
    return f"{chosen} ({why})"


def _home(home: Path) -> Finding:
    place = home
    while not place.exists() and place != place.parent:
        place = place.parent
    if not place.is_dir():
        return Finding("home", "problem", f"{home}: {place} is no folder; set RACKRATE_HOME to another place")
    if not os.access(place, os.W_OK | os.X_OK):
        said = f"{home}: cannot be written; threads and documents are not kept. Set RACKRATE_HOME to another place"
        return Finding("home", "problem", said)
    return Finding("home", "ok", f"{home}" + ("" if home.exists() else " (made on first use)"))


def _threads(settings: Settings) -> Iterator[Finding]:
    path = settings.home / "threads.sqlite"
    if not path.exists():
        return
    from agent.errors import ThreadError
    from agent.threads import Threads

    try:
        yield Finding("threads", "ok", f"{len(Threads(path).names())} kept")
    except ThreadError as error:
        yield Finding("threads", "problem", str(error))


def _knowledge() -> Iterator[Finding]:
    from agent.settings import Settings
    from knowledge import KnowledgeBase

    settings = Settings()
    base = KnowledgeBase(settings.home, chroma_url=settings.chroma_url)
    listed = base.list()
    passages = sum(info.passages for info in listed)
    yield Finding(
        "knowledge",
        "ok",
        f"{len(listed)} source{'s' if len(listed) != 1 else ''}, {passages} passages and claims, search is {base.mode}",
    )
    for note in base.notes:
        yield Finding("knowledge", "note", str(note))


def _keys() -> Iterator[Finding]:
    present = [name for name in SECRETS if os.environ.get(name)]
    yield Finding(
        "keys",
        "ok" if present else "note",
        f"set: {', '.join(present)}" if present else "none set: the offline model answers",
    )


def _print(found: list[Finding]) -> None:
    from api.cli.markdown import inline
    from api.cli.render import console

    out = console()
    signs = {"ok": ("✓", "green"), "note": ("·", "yellow"), "problem": ("✗", "bold red")}
    from rich.table import Table

    rows = Table.grid(padding=(0, 2, 0, 0))
    rows.add_column(width=1)
    rows.add_column(style="bold", no_wrap=True)
    rows.add_column(overflow="fold")
    for finding in found:
        sign, style = signs[finding.level]
        rows.add_row(inline(sign, style), finding.topic, inline(finding.text.replace("*", "∗")))
    out.print(rows)
    problems = sum(f.level == "problem" for f in found)
    out.print("")
    out.print(inline("Everything it needs is there." if not problems else f"{problems} would stop it working as it should.",
                     "green" if not problems else "bold red"))  # fmt: skip
    sys.stdout.flush()
