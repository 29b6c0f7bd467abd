"""`rackrate knowledge`: index documents, list and forget them, search with citations."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from knowledge import Citation, KnowledgeBase

_BAD_INPUT, _FAILED = 2, 1


@click.group(name="knowledge")
def command() -> None:
    """Index documents of your own and search them together with the built-in claims."""


@command.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path())
@click.option("--title", help="Title shown in citations (default: the document's own, or the file name).")
@click.option("--as-of", "as_of", help="Date the document speaks of, such as 2024-12.")
@click.option("--id", "source_id", help="Id of the document (default: from the file name).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else.")
def add(
    paths: tuple[str, ...], title: str | None, as_of: str | None, source_id: str | None, as_json: bool
) -> None:
    """Index files, or folders of them: transcripts, SRT, VTT, PDF, HTML, Markdown, text."""
    from knowledge import SourceError

    reports = []
    failures: list[str] = []
    with _errors(), _progress(quiet=as_json) as progress:
        base = _open(progress)
        for path in paths:
            try:
                report = base.add(path, title=title, as_of=as_of, source_id=source_id)
            except SourceError as error:
                failures.append(str(error))
                continue
            reports.append(report)
            failures += [why for _, why in report.failed]
        base.close()
    if as_json:
        click.echo(json.dumps([asdict(report) for report in reports], ensure_ascii=False))
    else:
        for report in reports:
            for identifier in report.added:
                click.echo(f"added {identifier}")
            for identifier in report.unchanged:
                click.echo(f"unchanged {identifier}")
        notes = dict.fromkeys(note for report in reports for note in report.notes)
        _warn([*base.notes, *notes])
    for line in failures:
        click.echo(f"error: {line}", err=True)
    if failures:
        sys.exit(_BAD_INPUT)


@command.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else.")
def list_sources(as_json: bool) -> None:
    """The sources that a search covers."""
    with _errors():
        sources = _open().list()
    if as_json:
        click.echo(json.dumps([asdict(source) for source in sources], ensure_ascii=False))
        return
    for source in sources:
        kind = "built in" if source.built_in else source.loader
        date = f", as of {source.as_of}" if source.as_of else ""
        click.echo(f"{source.id}  {source.title} ({kind}, {source.passages} passages{date})")


@command.command()
@click.argument("identifiers", nargs=-1, required=True, metavar="ID…")
@click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else.")
def remove(identifiers: tuple[str, ...], as_json: bool) -> None:
    """Forget documents by id; the files themselves are not touched."""
    with _errors():
        base = _open()
        removed = [base.remove(identifier) for identifier in identifiers]
    if as_json:
        click.echo(json.dumps([asdict(source) for source in removed], ensure_ascii=False))
    else:
        for source in removed:
            click.echo(f"removed {source.id}")
        _warn(base.notes)


@command.command()
@click.argument("query")
@click.option("--top", default=5, show_default=True, type=click.IntRange(1, 50), help="How many citations.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else.")
def search(query: str, top: int, as_json: bool) -> None:
    """Find what was said, with the minute or page."""
    from knowledge import relevant

    with _errors(), _progress(quiet=as_json) as progress:
        base = _open(progress)
        citations = base.search(query, top)
    if as_json:
        click.echo(json.dumps([citation.model_dump() for citation in citations], ensure_ascii=False))
        return
    if not relevant(citations):
        click.echo("Nothing in the knowledge base bears on this closely; the nearest passages:")
    for citation in citations:
        click.echo(_line(citation))
    _warn(base.notes)


def _line(citation: Citation) -> str:
    place = f"{citation.start}–{citation.end}" if citation.start else citation.locator
    who = f"{citation.speaker}: " if citation.speaker else ""
    return f"{citation.score:.2f}  [{citation.source} {place}] {who}{citation.text}"


def _open(progress: Callable[[str, int, int], None] | None = None) -> KnowledgeBase:
    from agent.settings import settings
    from knowledge import KnowledgeBase

    chosen = settings()
    return KnowledgeBase(chosen.home, chroma_url=chosen.chroma_url, progress=progress)


def _warn(notes: list[str]) -> None:
    for note in notes:
        click.echo(f"note: {note}", err=True)


@contextmanager
def _errors() -> Iterator[None]:
    """One line on stderr and the contract's exit status, never a traceback."""
    from knowledge import KnowledgeError, SourceError

    try:
        yield
    except SourceError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(_BAD_INPUT)
    except KnowledgeError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(_FAILED)


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar on stderr while something is embedded; silent when stderr is no terminal."""
    if quiet or not sys.stderr.isatty():
        yield lambda what, done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
            bar.update(tasks[what], completed=done, total=total)
            if done >= total:  # a folder of many files shows the one at work, not all of them
                bar.remove_task(tasks.pop(what))

        yield tell
