"""`rackrate knowledge` as a person meets it: output, exit status, one line for each mistake."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from api.cli.knowledge import command


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    from agent.settings import settings

    monkeypatch.setenv("RACKRATE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("RACKRATE_CHROMA_URL", raising=False)
    settings.cache_clear()
    yield tmp_path / "home"
    settings.cache_clear()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, list(arguments))


def test_search_prints_citations_with_times(home: Path) -> None:
    result = run("search", "how many GPU clouds will survive", "--top", "2")
    assert result.exit_code == 0
    assert "[bg2-2024-12 01:2" in result.stdout
    found = json.loads(run("search", "how many GPU clouds will survive", "--json").stdout)
    assert found[0]["claim_id"] == "neocloud-survivors"
    assert set(found[0]) >= {"source", "title", "start", "end", "page", "locator", "text", "as_of", "score"}


def test_search_says_when_nothing_fits(home: Path) -> None:
    assert (
        "Nothing in the knowledge base" in run("search", "what did they say about quantum computing?").stdout
    )


def test_add_list_remove(home: Path, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "bees.md").write_text("# Bees\n\nBees dance upon the comb.")
    assert run("add", str(tmp_path / "docs"), "--as-of", "2026-05").stdout == "added bees\n"
    assert run("add", str(tmp_path / "docs")).stdout == "unchanged bees\n"
    assert "bees  Bees (text, 1 passages, as of 2026-05)" in run("list").stdout
    assert [source["id"] for source in json.loads(run("list", "--json").stdout)][1:] == ["bees"]
    found = json.loads(run("search", "where do bees dance?", "--json").stdout)
    assert (found[0]["source"], found[0]["locator"]) == ("bees", "Bees")
    assert run("remove", "bees").stdout == "removed bees\n"
    assert "bees" not in run("list").stdout


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("absent.txt", None, "No such file"),
        ("empty.txt", b"", "empty"),
        ("broken.pdf", b"%PDF-1.4 cut", "pdf"),
        ("noise.bin", bytes(range(256)) * 16, "binary"),
    ],
)
def test_a_bad_file_is_one_line_and_status_2(
    home: Path, tmp_path: Path, name: str, content: bytes | None, says: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    result = run("add", str(path))
    assert result.exit_code == 2
    assert result.stderr.startswith("error: path is ")
    assert result.stderr.count("\n") == 1
    assert name in result.stderr
    assert says in result.stderr


def test_an_empty_folder_is_refused(home: Path, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    result = run("add", str(tmp_path / "nothing"))
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)


def test_a_bad_file_does_not_stop_the_others(home: Path, tmp_path: Path) -> None:
    (tmp_path / "good.txt").write_text("Cellos are tuned in fifths.")
    result = run("add", str(tmp_path / "absent.txt"), str(tmp_path / "good.txt"))
    assert result.exit_code == 2
    assert "added good" in result.stdout


def test_a_home_that_cannot_be_written_is_one_line_and_status_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from agent.settings import settings

    (tmp_path / "home").write_text("not a folder")
    monkeypatch.setenv("RACKRATE_HOME", str(tmp_path / "home"))
    settings.cache_clear()
    (tmp_path / "a.txt").write_text("text")
    result = run("add", str(tmp_path / "a.txt"))
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert run("search", "neoclouds").exit_code == 0
    settings.cache_clear()


def test_an_unknown_id_names_those_there_are(home: Path) -> None:
    result = run("remove", "nothing")
    assert result.exit_code == 2
    assert "allowed" in result.stderr
