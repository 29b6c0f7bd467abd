"""Sentences that say somebody said something, against the passages they cite: a set labelled by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from agent import support
from agent.answer import Answer
from agent.support import saying, supports, unsupported_sayings
from knowledge.citation import Citation
from knowledge.pack import __file__ as pack_file

CASES: dict[str, list[list[str]]] = yaml.safe_load(
    (Path(__file__).parent / "citation_cases.yaml").read_text(encoding="utf-8")
)
PACK: dict[str, Any] = yaml.safe_load(Path(pack_file).with_name("claims.yaml").read_text(encoding="utf-8"))
CLAIMS: dict[str, dict[str, Any]] = {claim["id"]: claim for claim in PACK["claims"]}
PASSAGE = Citation(
    source="talk",
    title="Talk",
    start="00:01:00",
    end="00:02:00",
    text="Chillers fail most in summer, when the load is highest.",
    speaker="Ada Byron",
)


def cited(claim_id: str) -> Citation:
    claim = CLAIMS[claim_id]
    return Citation(
        source=PACK["source"],
        title=PACK["title"],
        start="00:01:00",
        text=claim["claim"],
        speaker=claim["speaker"],
        as_of=claim["as_of"],
    )


def verdicts() -> list[tuple[str, str, bool]]:
    """Kind, sentence, and whether the claim was found to support it."""
    rows = []
    for kind, pairs in CASES.items():
        for claim_id, sentence in pairs:
            said = saying(sentence)
            assert said is not None, sentence
            rows.append((kind, sentence, supports(said, cited(claim_id))))
    return rows


def rates(rows: list[tuple[str, str, bool]]) -> tuple[float, float]:
    """Precision and recall of flagging what is not supported."""
    right = sum(not held and kind != "supported" for kind, _, held in rows)
    false = sum(not held and kind == "supported" for kind, _, held in rows)
    silent = sum(held and kind != "supported" for kind, _, held in rows)
    return right / (right + false), right / (right + silent)


def answer(text: str, *citations: Citation) -> Answer:
    return Answer(question="?", status="answered", text=text, citations=list(citations), provider="test")


def test_the_set_is_large_enough() -> None:
    assert sum(len(pairs) for pairs in CASES.values()) >= 120


def test_labelled_pairs() -> None:
    """A sentence that says the opposite of its passage is not told apart by nearness: those are counted, not hidden."""
    rows = [row for row in verdicts() if row[0] != "reversed"]
    precision, recall = rates(rows)
    wrong = [row for row in rows if row[2] is not (row[0] == "supported")]
    assert min(precision, recall) >= 0.95, (precision, recall, wrong)


def test_labelled_pairs_without_embeddings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(support, "_cosine", lambda sentence, windows: None)
    precision, recall = rates([row for row in verdicts() if row[0] != "reversed"])
    assert precision >= 0.95, precision
    assert recall >= 0.9, recall


def test_a_long_passage_supports_by_the_sentences_that_say_it() -> None:
    """A minute of talk about other things round the one remark, told in other words."""
    talk = (
        "Well, you know, it was a long week. The flight was late and the hotel had no coffee. "
        "So anyway, about one GPU in twenty comes out of the rack again in the first weeks. "
        "You burn them in, you pull the bad ones, you send them back. "
        "That is how it goes with new hardware. And then there is the cabling, which is another story."
    )
    passage = Citation(
        source="talk", title="Talk", start="00:01:00", end="00:02:00", text=talk, speaker="Ada Byron"
    )
    good = "Byron said that 5% of GPUs are taken out of the racks early."
    bad = "Byron said that interest rates will decide the next election."
    assert not unsupported_sayings(answer(good, passage))
    assert unsupported_sayings(answer(bad, passage))


def test_the_threshold_is_the_measured_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """No other threshold does clearly better on the set: F1 within a hundredth of the best."""
    scores = {}
    for near in (0.3, 0.4, 0.5, 0.55, 0.6, support.NEAR, 0.7, 0.75, 0.8):
        monkeypatch.setattr(support, "NEAR", near)
        precision, recall = rates(verdicts())
        scores[near] = 2 * precision * recall / (precision + recall)
    monkeypatch.undo()
    assert scores[support.NEAR] >= max(scores.values()) - 0.01, scores


@pytest.mark.parametrize(
    ("text", "warned"),
    [
        ("Ada Byron said that chillers fail in summer.", False),
        ("She said at 00:01:20 that chillers fail.", False),
        ("Ada Byron said that bonds yield nothing useful.", True),
        ("Grace Hopper said that chillers fail in summer.", True),
        ("Chillers fail (00:07:07).", True),
        ("It said nothing of the kind.", False),
    ],
)
def test_a_saying_needs_a_passage_that_holds_it(text: str, warned: bool) -> None:
    assert bool(unsupported_sayings(answer(text, PASSAGE))) is warned


def test_a_saying_without_any_citation_is_named() -> None:
    assert unsupported_sayings(answer("Dylan said GPUs are cheap."))
    assert not unsupported_sayings(answer("The GPUs are cheap."))


if __name__ == "__main__":
    for cut in (0.3, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8):
        support.NEAR = cut
        measured = verdicts()
        kinds = {k: sum(held for kind, _, held in measured if kind == k) for k in CASES}
        print(
            f"cosine {cut:.2f}: precision {rates(measured)[0]:.3f} recall {rates(measured)[1]:.3f}; held {kinds}"
        )
    support.NEAR = 0.65
    print([row[:2] for row in verdicts() if row[2] is not (row[0] == "supported")])
    support._cosine = lambda sentence, windows: None  # type: ignore[assignment]
    for cut in (0.2, 0.3, 0.4, 0.5, 0.6):
        support.SHARED = cut
        print(f"words {cut:.2f}: precision {rates(verdicts())[0]:.3f} recall {rates(verdicts())[1]:.3f}")
