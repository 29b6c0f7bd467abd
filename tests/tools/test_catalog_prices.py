"""Rental, purchase and token prices: by date, by kind, from few providers, before release."""

from __future__ import annotations

import datetime as dt

import pytest

from tools.catalog import Catalog, load
from tools.catalog.dates import first_day, last_day, quarter_of, quarters_between
from tools.catalog.prices import PurchaseBook, RentalBook
from tools.errors import FactAbsent, InputError, UnknownName


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return load(tmp_path_factory.mktemp("home"))


def _row(
    quarter: str, median: float, *providers: str, kind: str = "neocloud", term: str = "on-demand"
) -> dict[str, object]:
    return {
        "quarter": quarter, "kind": kind, "term": term, "median": median, "low": median, "high": median,
        "rows": len(providers), "providers": list(providers), "sources": ["s"],
    }  # fmt: skip


def _book(*rows: dict[str, object]) -> RentalBook:
    return RentalBook([{"sources": {"s": {"title": "a listing"}}, "rental": {"x": list(rows)}}])


def test_the_price_is_of_the_last_quarter_up_to_the_date() -> None:
    book = _book(_row("2024-Q1", 4, "A", "B", "C"), _row("2024-Q3", 3, "A", "B", "C"))
    assert book.price("x", "2024-06", None, "on-demand").value == 4
    assert book.price("x", "2024-07-01", None, "on-demand").value == 3
    assert book.price("x", None, None, "on-demand").as_of == "2024-Q3"
    with pytest.raises(FactAbsent, match="first one is of 2024-Q1"):
        book.price("x", "2023-12-31", None, "on-demand")


def test_a_thin_quarter_borrows_from_the_ones_before_it() -> None:
    book = _book(_row("2025-Q2", 3, "A", "B", "C"), _row("2025-Q3", 6, "D"))
    price = book.price("x", "2025-09", None, "on-demand")
    assert price.value == 3
    assert price.high == 6
    assert "too few providers" in (price.note or "")


def test_a_chip_of_one_provider_keeps_its_latest_price() -> None:
    book = _book(_row("2024-Q4", 1.2, "Google"), _row("2025-Q1", 1.32, "Google"))
    price = book.price("x", None, None, "on-demand")
    assert (price.value, price.note) == (1.32, None)


def test_kinds_weigh_by_their_providers() -> None:
    book = _book(
        _row("2025-Q1", 2, "A", "B", "C", "D"), _row("2025-Q1", 10, "E", kind="hyperscaler"),
        _row("2025-Q1", 50, "F", kind="managed"), _row("2025-Q1", 60, "G", kind="index"),
    )  # fmt: skip
    price = book.price("x", None, None, "on-demand")
    assert (price.value, price.low, price.high, price.kind, price.n) == (2, 2, 10, "market", 5)
    assert book.price("x", None, "hyperscaler", "on-demand").value == 10
    assert book.price("x", None, "managed", "on-demand").value == 50


def test_a_term_is_accepted_where_a_kind_is() -> None:
    book = _book(_row("2025-Q1", 2, "A"), _row("2025-Q1", 1, "A", term="spot"))
    assert book.price("x", None, "spot", "on-demand").value == 1
    with pytest.raises(InputError, match="kind is 'cheap'"):
        book.price("x", None, "cheap", "on-demand")
    with pytest.raises(InputError, match="term is 'weekly'"):
        book.price("x", None, None, "weekly")


def test_an_old_price_says_how_old() -> None:
    price = _book(_row("2024-Q1", 4, "A", "B", "C")).price("x", "2026-03", None, "on-demand")
    assert "8 quarters before" in (price.note or "")


def test_h100_history_falls_and_carries_its_sources(catalog: Catalog) -> None:
    then, later = catalog.rental_price("h100", "2023-12"), catalog.rental_price("h100", "2025-06")
    assert 3.5 < then.value < 5
    assert 2.5 < later.value < 3.2
    assert later.low < later.value < later.high
    assert later.sources[0].title
    assert later.unit == "USD/chip/hour"
    quarters = [p.as_of for p in catalog.rental_history("h100", "neocloud", "on-demand")]
    assert quarters == sorted(set(quarters))
    assert len(quarters) > 8


def test_rents_of_the_chips_asked_most_about_are_plausible(catalog: Catalog) -> None:
    for chip in ("h100", "h200", "b200", "a100", "mi300x", "l40s", "tpu-v5e"):
        price = catalog.rental_price(chip)
        assert 0.3 < price.value < 12, chip
        assert price.low <= price.value <= price.high


def test_an_aws_cut_is_an_event(catalog: Catalog) -> None:
    cut = next(event for event in catalog.price_events() if "P5" in event.what)
    assert 1 - cut.after / cut.before == pytest.approx(0.44, abs=0.005)
    assert cut.sources


def test_purchase_price_is_of_the_year_and_keeps_build_cost_apart(catalog: Catalog) -> None:
    price = catalog.purchase_price("h100", "2024-12")
    assert price.as_of == "2024"
    assert 23_000 <= price.low < price.value < price.high < 45_000
    assert catalog.build_cost("h100").value < 7_000
    with pytest.raises(FactAbsent, match="purchase price of trainium2"):
        catalog.purchase_price("trainium2")
    with pytest.raises(FactAbsent, match="up to 2021"):
        catalog.purchase_price("h100", "2021")


def test_a_build_cost_never_enters_a_price() -> None:
    rows = [
        {"chip": "x", "date": "2025", "basis": "build-cost", "value": 3, "source": "s"},
        {"chip": "x", "date": "2025-02", "basis": "listing", "value": 30, "source": "s"},
        {"chip": "x", "date": "2025-03", "basis": "server", "value": 20, "source": "s"},
    ]
    book = PurchaseBook([{"sources": {"s": {"title": "t"}}, "purchase": rows}])
    assert (book.price("x", None).low, book.price("x", None).value) == (20, 25)


@pytest.mark.parametrize(
    ("model", "as_of", "price_in", "cached", "price_out"),
    [
        ("gpt-4o", "2024-06-01", 5, None, 15),
        ("GPT-4o", "2024-12-31", 2.5, 1.25, 10),
        ("o1", "2025-01", 15, 7.5, 60),
        ("o1-mini", "2024-10", 3, 1.5, 12),
        ("o3", "2025-05", 10, 2.5, 40),
        ("o3", "2025-07", 2, 0.5, 8),
        ("claude 3.5 haiku", "2024-11-10", 1, 0.1, 5),
        ("Claude 3.5 Sonnet", "2024-12", 3, 0.3, 15),
        ("deepseek-chat", "2025-01-10", 0.14, 0.014, 0.28),
        ("gemini-1.5-pro", "2024-07-01", 3.5, None, 10.5),
        ("deepseek-v4-pro", "2026-05-01", 1.74, 0.145, 3.48),
    ],
)
def test_token_prices_by_date_with_known_errors_corrected(
    catalog: Catalog, model: str, as_of: str, price_in: float, cached: float | None, price_out: float
) -> None:
    price = catalog.api_price(model, as_of)
    assert (price.input, price.cached_input, price.output) == (price_in, cached, price_out)
    assert price.as_of == last_day(as_of).isoformat()
    assert price.unit == "USD/Mtoken"
    assert price.source.title


def test_a_model_has_no_price_before_its_release(catalog: Catalog) -> None:
    with pytest.raises(FactAbsent, match="released on 2024-12-05"):
        catalog.api_price("o1", "2024-08")
    with pytest.raises(FactAbsent, match="2024-05-13"):
        catalog.api_price("gpt-4o", dt.date(2024, 2, 1))


def test_time_of_day_prices_are_a_range(catalog: Catalog) -> None:
    price = catalog.api_price("deepseek-v4-pro", "2026-11-23")
    assert (price.input, price.output) == (1.32, 3.96)
    assert price.low == (0.66, 1.98)
    assert "off-peak" in (price.note or "")


def test_an_open_model_is_priced_over_its_hosts(catalog: Catalog) -> None:
    price = catalog.api_price("llama 3.1 405b", "2025-01")
    assert price.low is not None
    assert price.high is not None
    assert price.low[1] <= price.output <= price.high[1]
    assert "hosts" in (price.note or "")
    with pytest.raises(FactAbsent, match="released on 2025-08-05"):
        catalog.api_price("gpt-oss-120b", "2024-12")
    with pytest.raises(UnknownName) as error:
        catalog.api_price("gpt-4oo mini")
    assert "gpt-4o-mini" in error.value.nearest


@pytest.mark.parametrize(
    ("text", "last", "quarter"),
    [
        ("2024", "2024-12-31", "2024-Q4"),
        ("2024-02", "2024-02-29", "2024-Q1"),
        ("2024-Q2", "2024-06-30", "2024-Q2"),
        ("2024q3", "2024-09-30", "2024-Q3"),
        ("2024-12-17", "2024-12-17", "2024-Q4"),
    ],
)
def test_dates(text: str, last: str, quarter: str) -> None:
    assert last_day(text).isoformat() == last
    assert quarter_of(last_day(text)) == quarter


def test_dates_that_cannot_be() -> None:
    for text in ("yesterday", "2024-13", "2024-02-30", ""):
        with pytest.raises(InputError, match="as_of"):
            last_day(text)
    assert first_day("2024").isoformat() == "2024-01-01"
    assert quarters_between("2023-Q4", "2024-Q3") == 3


def test_market_series_by_date_and_part(catalog: Catalog) -> None:
    market = catalog.market
    assert market.units("h100-sxm", "2024-11").value == pytest.approx(681_105)
    assert market.population(2025).value == 8_184_437_453
    assert market.at("capex-alphabet", "2024-12").at == "2024-Q4"
    assert market.at("bom-b200", label="total").value == 6400
    assert market.at("electricity-us-industrial", "2023-06").value == 0.0806
    assert "units-b200" in {f"units-{chip}" for chip in market.series_of("units-")}
    with pytest.raises(UnknownName, match="nearest"):
        market.get("capex-microsof t company")
    with pytest.raises(FactAbsent):
        market.units("l40s", "2024-11")
    with pytest.raises(FactAbsent):
        market.at("openai-run-rate", "2019")
    for series in market.series.values():
        for point in series:
            assert point.source.title
            assert (point.low or point.value) <= point.value <= (point.high or point.value), series.id


def test_user_prices_join_the_book() -> None:
    book = _book(_row("2026-Q1", 2, "A", "B", "C"), _row("2026-Q1", 1, "me", kind="user"))
    assert book.price("x", None, "user", "on-demand").value == 1
