"""Every fact has a source and a date, every document its form, every range its value inside."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tools.catalog import Catalog, load
from tools.catalog.builtin import load as documents
from tools.catalog.facts import Fact
from tools.catalog.store import DATA
from tools.catalog.validation import problems, validate
from tools.errors import FactAbsent, InputError

_DATE = re.compile(r"^\d{4}(-\d\d(-\d\d)?|-Q[1-4])?$")


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return load(tmp_path_factory.mktemp("home"))


def _facts(catalog: Catalog) -> Iterator[tuple[str, Fact]]:
    for chip in catalog.chips.values():
        yield from ((chip.id, fact) for fact in chip.facts.values())
    for model in catalog.models.values():
        yield from ((model.id, fact) for fact in model.facts.values())


def test_every_fact_has_a_source_with_a_title_and_a_date(catalog: Catalog) -> None:
    seen = 0
    for owner, fact in _facts(catalog):
        seen += 1
        assert fact.raw["source"] in fact.table, f"{owner}.{fact.name} cites an unlisted source"
        assert fact.source.title, f"{owner}.{fact.name}"
        assert _DATE.match(fact.as_of), f"{owner}.{fact.name} is dated {fact.as_of!r}"
        assert fact.value is not None
    assert seen > 2_000


def test_every_range_holds_its_value_and_says_why(catalog: Catalog) -> None:
    for owner, fact in _facts(catalog):
        if fact.low is None and fact.high is None:
            continue
        assert isinstance(fact.value, int | float)
        assert (fact.low or fact.value) <= fact.value <= (fact.high or fact.value), f"{owner}.{fact.name}"
        assert fact.note, f"{owner}.{fact.name} has a range and no word on why"


def test_sources_apart_by_more_than_a_tenth_are_a_range_or_are_refused(catalog: Catalog) -> None:
    for owner, fact in _facts(catalog):
        for other in fact.others:
            if other.why_not or not isinstance(other.value, int | float):
                continue
            assert isinstance(fact.value, int | float)
            low, high = fact.low or fact.value * 0.9, fact.high or fact.value * 1.1
            assert low * 0.999 <= other.value <= high * 1.001, f"{owner}.{fact.name}: {other.value}"


@pytest.mark.parametrize("file", sorted(path.name for path in DATA.glob("*.yaml")))
def test_every_document_is_valid(file: str) -> None:
    from tools.catalog.store import parse

    validate(parse((DATA / file).read_bytes(), file), file)


def test_builtin_entry_point_gives_every_document() -> None:
    assert {document["kind"] for document in documents()} == {
        "chips", "models", "rental", "purchase", "api", "market",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"value": -80}, "memory"),
        ({"unit": "GiB"}, "x.memory.unit"),
        ({"unit": "parsec"}, "memory"),
        ({"source": "nobody"}, "source"),
        ({"as_of": "last week"}, "as_of"),
        ({"low": 90}, "low"),
        ({"high": 70}, "high"),
        ({"colour": "green"}, "memory"),
    ],
)
def test_a_wrong_fact_is_refused_by_name(change: dict[str, Any], field: str) -> None:
    fact = {"value": 80, "unit": "GB", "source": "s", "as_of": "2026-01", **change}
    document = {
        "kind": "chips",
        "sources": {"s": {"title": "a data sheet"}},
        "chips": [{"id": "x", "name": "X", "vendor": "V", "facts": {"memory": fact}}],
    }
    with pytest.raises(InputError) as error:
        validate(document, "mine.yaml")
    assert field in str(error.value)
    assert "mine.yaml" in str(error.value)


@pytest.mark.parametrize(
    ("shape", "field"),
    [
        ({"heads": 32, "kv_heads": 5}, "kv_heads"),
        ({"kv_layers": 30, "sliding_layers": 10}, "kv_layers"),
        ({"moe_layers": 40, "experts": 8}, "moe_layers"),
        ({"experts": 8, "experts_per_token": 9}, "experts_per_token"),
    ],
)
def test_shapes_that_cannot_be_are_found(shape: dict[str, int], field: str) -> None:
    model = {
        "id": "m",
        "shape": {"layers": 32, "source": "s", **shape},
        "params": {"total": 10, "source": "s"},
    }
    found = list(problems({"sources": {"s": {}}, "models": [model]}))
    assert [path.rsplit(".", 1)[-1] for path, _, _ in found] == [field]


def test_an_unsourced_fact_is_absent_not_guessed(catalog: Catalog) -> None:
    with pytest.raises(FactAbsent, match="the tdp of AWS Trainium3"):
        catalog.chip("trainium3").fact("tdp_w")
    with pytest.raises(FactAbsent, match="fp4 rate of NVIDIA H100"):
        catalog.chip("h100").peak("fp4")
    with pytest.raises(FactAbsent, match="not public"):
        catalog.model("gpt-4").fact("layers")


def test_sources_of_named_facts_come_once_each(catalog: Catalog) -> None:
    chip = catalog.chip("h100")
    once = chip.sources("bf16", "peak_fp8", "memory_bytes", "bandwidth", "no such fact")
    assert len({(s.title, s.as_of) for s in once}) == len(once) >= 2


def test_no_document_names_a_tool_or_folder_of_its_making() -> None:
    for path in Path(DATA).glob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        for trace in ("find_string", "read_file", "/tmp/", "../shared"):
            assert trace not in text, f"{path.name} mentions {trace}"
