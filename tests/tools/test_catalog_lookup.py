"""The look-up calculator: every example answers, ranges and dates are said, what is not public is refused."""

from __future__ import annotations

from typing import Any

import pytest

from tools.catalog import Catalog, load
from tools.catalog.lookup import EXAMPLES, CatalogFactQuery, catalog_fact
from tools.errors import FactAbsent, MissingInput, UnknownName


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return load(tmp_path_factory.mktemp("home"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["question"])
def test_every_example_answers_with_a_source(catalog: Catalog, example: dict[str, Any]) -> None:
    result = catalog_fact(CatalogFactQuery(**example["input"]), catalog)
    assert getattr(result, example["want"]) is not None
    assert result.sources
    assert result.formula


def test_a_price_says_its_date_rows_and_range(catalog: Catalog) -> None:
    result = catalog_fact(CatalogFactQuery(chip="H100", as_of="2024-12-31"), catalog)
    low, value, high = (
        result.rent_usd_per_chip_hour_low, result.rent_usd_per_chip_hour, result.rent_usd_per_chip_hour_high,
    )  # fmt: skip
    assert low is not None
    assert value is not None
    assert high is not None
    assert low < value < high
    assert any("2024-Q4" in line and "rows" in line for line in result.assumptions)


def test_contradictions_are_warnings_and_a_range(catalog: Catalog) -> None:
    result = catalog_fact(CatalogFactQuery(chip="b200"), catalog)
    assert (result.memory_gb_low, result.memory_gb) == (180, 192)
    assert any("180 to 192 GB" in line for line in result.warnings)


def test_what_nobody_sourced_is_absent_with_a_word(catalog: Catalog) -> None:
    result = catalog_fact(CatalogFactQuery(chip="tpu-v7"), catalog)
    assert result.rent_usd_per_chip_hour is None
    assert any("tpu-v7" in line for line in result.warnings)


def test_closed_and_unnamed_and_unknown(catalog: Catalog) -> None:
    with pytest.raises(FactAbsent, match="not public"):
        catalog_fact(CatalogFactQuery(model="gpt-4"), catalog)
    with pytest.raises(MissingInput):
        catalog_fact(CatalogFactQuery(), catalog)
    with pytest.raises(UnknownName):
        catalog_fact(CatalogFactQuery(api_model="gpt-99"), catalog)
    with pytest.raises(FactAbsent, match="released"):
        catalog_fact(CatalogFactQuery(api_model="o1", as_of="2024-01"), catalog)
