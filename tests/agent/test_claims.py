"""The ledger: every claim with a calculation runs, the verdict follows from the run, the nine are explained."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from agent.claims import Check, ClaimCheck, LedgerClaim, check_claim, check_claims, compare, load_claims
from tools.catalog import load
from tools.errors import InputError, UnknownName

INCONSISTENT = {
    "blackwell-rack-three-tons": "pounds",
    "old-servers-6y": "swaps",
    "cisco-pe-120": "75",
    "consumer-pays-50x": "100",
    "earth-100tok-s": "Per minute",
    "kv-quadratic": "linearly",
    "ctx-10-to-100": "attention work",
    "samsung-no-hbm-share": "38",
    "openai-8b-double": "run rate",
}
SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "claims" / "claims.yaml"


@pytest.fixture(scope="module")
def ledger() -> dict[str, ClaimCheck]:
    return {row.id: row for row in check_claims(claim for claim in load_claims() if claim.check)}


def one(spec: dict[str, Any]) -> ClaimCheck:
    return check_claims([LedgerClaim("own", "A claim of my own.", None, None, Check.model_validate(spec))])[0]


def test_every_claim_with_a_calculation_is_computed(ledger: dict[str, ClaimCheck]) -> None:
    assert len(ledger) >= 111
    failed = {row.id: row.note for row in ledger.values() if row.computed is None}
    assert not failed
    for row in ledger.values():
        assert row.computed is not None
        assert math.isfinite(row.computed.value)
        assert row.calculator
        assert "{" not in row.note


def test_the_nine_that_do_not_hold_are_named_and_explained(ledger: dict[str, ClaimCheck]) -> None:
    assert {row.id for row in ledger.values() if row.verdict == "inconsistent"} == set(INCONSISTENT)
    for identifier, says in INCONSISTENT.items():
        assert says in ledger[identifier].note


def test_verdicts_follow_from_the_numbers(ledger: dict[str, ClaimCheck]) -> None:
    kv = ledger["kv-quadratic"]
    assert kv.computed is not None
    assert (kv.computed.value, kv.said) == (
        10.0,
        {"unit": "dimensionless", "value": 100.0, "text": "the square of ten times the context"},
    )
    cisco = ledger["cisco-pe-120"].computed
    assert cisco is not None
    assert cisco.value == pytest.approx(75.0)
    earth = ledger["earth-100tok-s"].computed
    assert earth is not None
    assert earth.value == pytest.approx(0.5e6 * 1979e12 / 14e9 / 8e9, rel=0.01)


def test_nothing_is_a_stored_answer() -> None:
    """Another input gives another number and another verdict."""
    spec = {
        "calculator": "valuation_multiple",
        "input": {"multiple_before": 120, "multiple_after": 36},
        "result": "compression_percent",
        "said": {"value": 70, "unit": "percent"},
        "tolerance": 0.03,
    }
    assert one(spec).verdict == "reproduced"
    assert one(spec | {"input": {"multiple_before": 120, "multiple_after": 30}}).verdict == "inconsistent"


def test_an_assumption_makes_it_plausible_at_best() -> None:
    spec: dict[str, Any] = {
        "calculator": "margin",
        "input": {"gross_margin_percent": 50},
        "result": "price_multiple",
        "said": {"value": 2, "unit": "dimensionless"},
    }
    assert one(spec).verdict == "reproduced"
    assumed = one(spec | {"assumed": {"gross_margin_percent": "a guess"}})
    assert assumed.verdict == "plausible"
    assert "a guess" in assumed.note
    assert assumed.inputs["gross_margin_percent"]["origin"] == "assumed"
    assert one({k: v for k, v in spec.items() if k != "said"}).verdict == "not_checkable"


def test_what_cannot_be_computed_says_why_and_takes_nothing_down() -> None:
    for spec in (
        {"calculator": "no_such", "input": {}, "result": "x"},
        {"calculator": "margin", "input": {"nonsense": 1}, "result": "price_multiple"},
        {"calculator": "margin", "input": {"gross_margin_percent": 150}, "result": "price_multiple"},
        {"calculator": "margin", "input": {"gross_margin_percent": 50}, "result": "no_such_field"},
    ):
        row = one(spec)
        assert row.verdict == "not_checkable"
        assert row.note.startswith("Could not be computed")


def test_units_of_what_was_said_may_differ() -> None:
    row = one(
        {
            "calculator": "memory_fit",
            "input": {"params": 1e12, "weight_precision": "fp8", "chip": "h100-sxm"},
            "result": "weight_gb",
            "said": {"value": 1, "unit": "TB"},
        }
    )
    assert row.verdict == "reproduced"


numbers = st.floats(-1e9, 1e9, allow_nan=False)


@given(numbers, numbers)
def test_comparison_is_consistent(computed: float, said: float) -> None:
    c, s = (computed, computed), (said, said)
    assert (compare(c, s, "above") == "agrees") == (computed > said)
    assert (compare(c, s, "below") == "agrees") == (computed < said)
    assert compare(c, s, "at_least") == compare(s, c, "at_most")
    assert compare(s, s, "within") == "agrees"
    assert compare(c, (-math.inf, math.inf), "within") == "agrees"


def test_ranges_agree_in_part() -> None:
    assert compare((40, 55), (40, 50), "within") == "agrees"
    assert compare((45, 60), (40, 50), "within") == "partly"
    assert compare((60, 70), (40, 50), "within", 0.1) == "parts"
    assert compare((3, 8), (5, math.inf), "at_least") == "partly"
    assert compare((300, 300), (100, 100), "order") == "partly"
    assert compare((400, 400), (100, 100), "order") == "parts"


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    own = [
        {"id": "rent", "claim": "Half off.", "compute": {
            "calculator": "rental_economics", "input": {"usd_per_chip_hour": "$2/hr", "list_usd_per_chip_hour": 4},
            "result": "discount_percent", "said": {"value": 50, "unit": "percent"}}},
        {"id": "mood", "claim": "People are cheerful."},
    ]  # fmt: skip
    path = tmp_path / "claims.json"
    path.write_text(json.dumps({"claims": own}))
    rows = check_claims(load_claims(path))
    assert [(row.id, row.verdict) for row in rows] == [("rent", "reproduced"), ("mood", "not_checkable")]


@pytest.mark.parametrize("text", ["", "just words", "[1, 2]", "claims: {a: 1}", "a: [", "- claim: no id"])
def test_a_broken_file_is_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "claims.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        load_claims(path)
    assert "\n" not in str(caught.value)


def test_a_broken_check_names_the_claim_and_the_field(tmp_path: Path) -> None:
    path = tmp_path / "claims.yaml"
    path.write_text(
        yaml.safe_dump([{"id": "x", "compute": {"calculator": "margin", "result": "a", "rule": "maybe"}}])
    )
    with pytest.raises(InputError, match=r"x\.compute\.rule"):
        load_claims(path)


def test_all_claims_are_computed_in_under_three_seconds() -> None:
    load()
    begun = time.process_time()
    check_claims(load_claims())
    assert time.process_time() - begun < 3.0


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="../shared is not here")
def test_verdicts_agree_with_the_reading_of_the_source(ledger: dict[str, ClaimCheck]) -> None:
    read = {c["id"]: c for c in yaml.safe_load(SHARED.read_text(encoding="utf-8"))}
    assert {i for i, c in read.items() if c["calculator"] != "none"} <= set(ledger)
    differ = [i for i, row in ledger.items() if read[i]["verdict"].replace("-", "_") != row.verdict]
    assert len(differ) <= 5, differ


def test_one_claim_by_the_id_a_citation_carries() -> None:
    assert check_claim("cisco-pe-120").verdict == "inconsistent"
    with pytest.raises(UnknownName, match="cisco-pe-120"):
        check_claim("cisco-pe")


def test_a_note_names_its_further_runs() -> None:
    row = one(
        {
            "calculator": "rental_economics",
            "input": {"usd_per_chip_hour": 2, "list_usd_per_chip_hour": 4},
            "result": "discount_percent",
            "said": {"value": 50, "unit": "percent"},
            "also": {
                "ratio": {"result": "list_ratio"},
                "free": {"input": {"usd_per_chip_hour": 1}, "result": "list_ratio"},
            },
            "note": "{computed} off, {ratio} times; at one dollar {free} times.",
        }
    )
    assert row.note == "50 % off, 2 times; at one dollar 4 times."
