"""The catalogue: chips, models, prices, laws and market facts, each with its source and date."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools.catalog.names import Names
from tools.catalog.store import Document, Store, default_home

if TYPE_CHECKING:
    from tools.catalog.api_prices import ApiPrice, ApiPrices
    from tools.catalog.chips import Chip
    from tools.catalog.dates import AsOf
    from tools.catalog.facts import SourceTable
    from tools.catalog.market import Market
    from tools.catalog.models import Model
    from tools.catalog.prices import OwningCost, Price, PriceEvent, PurchaseBook, RentalBook


class Catalog:
    """Facts by name. Every lookup takes any spelling people use; nothing is read before it is asked for.

    Raises (from the lookups):
        UnknownName: a name nobody knows, with the nearest ones.
        FactAbsent: a known thing of which the asked fact has no source.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    # Chips and models

    @cached_property
    def chips(self) -> dict[str, Chip]:
        """Every chip by id."""
        from tools.catalog.chips import make_chip

        return {raw["id"]: make_chip(raw, table) for raw, table in self._entries("chips")}

    @cached_property
    def models(self) -> dict[str, Model]:
        """Every model by id, the closed ones too."""
        from tools.catalog.models import make_model

        return {raw["id"]: make_model(raw, table) for raw, table in self._entries("models")}

    def chip(self, name: str) -> Chip:
        """The chip of that id or alias."""
        return self.chips[self._chip_names.resolve(name)]

    def model(self, name: str) -> Model:
        """The model of that id or alias."""
        return self.models[self._model_names.resolve(name)]

    def _entries(self, kind: str) -> Iterator[tuple[Mapping[str, Any], SourceTable]]:
        for document in self._documents(kind):
            for raw in document.get(kind, ()):
                yield raw, document.get("sources", {})

    def _documents(self, section: str) -> list[Document]:
        return [*self._store.builtin(section), *self._plugins[0], *self._store.user()]

    @cached_property
    def _plugins(self) -> tuple[list[Document], dict[str, str]]:
        from tools.catalog.plugins import declared, documents

        if not declared(self._store.cache_folder):
            return [], {}
        own = [*self._store.builtin("chips"), *self._store.builtin("models")]
        taken = [entry["id"] for d in own for kind in ("chips", "models") for entry in d.get(kind, ())]
        return documents(self._store.cache_folder, taken)

    def broken(self) -> dict[str, str]:
        """Catalogue plugins that gave nothing, and why."""
        return dict(self._plugins[1])

    @cached_property
    def _chip_names(self) -> Names:
        from tools.catalog.chips import chip_word

        spelled = {chip.id: (chip.name, *chip.aliases) for chip in self.chips.values()}
        return Names("chip", spelled, lambda chip_id, word: chip_word(self.chips[chip_id], word))

    @cached_property
    def _model_names(self) -> Names:
        from tools.catalog.models import model_word

        spelled = {model.id: (model.name, *model.aliases) for model in self.models.values()}
        return Names("model", spelled, lambda _, word: model_word(word))

    # Prices of chips

    @cached_property
    def rentals(self) -> RentalBook:
        """The whole rental history."""
        from tools.catalog.prices import RentalBook

        return RentalBook(self._documents("rental"))

    @cached_property
    def purchases(self) -> PurchaseBook:
        """Every purchase price."""
        from tools.catalog.prices import PurchaseBook

        return PurchaseBook(self._documents("purchase"))

    def rental_price(
        self, chip: str | Chip, as_of: AsOf = None, kind: str | None = None, term: str = "on-demand"
    ) -> Price:
        """USD per chip-hour in the last quarter with rows up to `as_of` (latest of all when None).

        `kind` is hyperscaler, neocloud, marketplace, managed or index (None: the open market);
        `term` is on-demand, spot, reserved-1y, reserved-3y or capacity-block.
        """
        return self.rentals.price(self._chip_id(chip), as_of, kind, term)

    def rental_history(
        self, chip: str | Chip, kind: str | None = None, term: str | None = None
    ) -> list[Price]:
        """Every quarter's price of a chip, oldest first."""
        return self.rentals.history(self._chip_id(chip), kind, term)

    def purchase_price(self, chip: str | Chip, as_of: AsOf = None) -> Price:
        """USD per chip: median and range of the last year with prices up to `as_of`."""
        return self.purchases.price(self._chip_id(chip), as_of)

    def build_cost(self, chip: str | Chip) -> Price:
        """USD per chip that the maker is estimated to pay."""
        return self.purchases.build_cost(self._chip_id(chip))

    def owning_cost(self, chip: str | Chip) -> OwningCost:
        """USD per chip-hour of owning, capital included (an analyst's model)."""
        return self.rentals.owning_cost(self._chip_id(chip))

    def price_events(self) -> list[PriceEvent]:
        """Dated moves of rental prices."""
        return self.rentals.events()

    def _chip_id(self, chip: str | Chip) -> str:
        return self._chip_names.resolve(chip) if isinstance(chip, str) else chip.id

    # API prices, laws, market facts, fitted constants

    @cached_property
    def api(self) -> ApiPrices:
        """Token prices of hosted models (see `tools.catalog.api_prices.ApiPrices`)."""
        from tools.catalog.api_prices import ApiPrices

        return ApiPrices(self._documents("api"), self._store.cache_folder, self._open_model)

    def api_price(self, model: str, as_of: AsOf = None) -> ApiPrice:
        """The list price of a hosted model's tokens at a date (see `ApiPrice`).

        Raises FactAbsent before the model's release.
        """
        return self.api.price(model, as_of)

    def _open_model(self, name: str) -> tuple[str, str | None] | None:
        """Id and release date of an open model, by any name a host may give it."""
        found = self._model_names.find(name)
        if found is None or not self.models[found].open_weights:
            return None
        return found, self.models[found].release_date

    @cached_property
    def market(self) -> Market:
        """Units shipped, revenue, capex, shares, electricity … (see `tools.catalog.market.Market`)."""
        from tools.catalog.market import Market

        return Market(self._documents("market"))

    @cached_property
    def laws(self) -> dict[str, Any]:
        """Scaling laws by id; empty when the laws are not installed."""
        try:
            from tools.catalog.laws import load_laws  # type: ignore[import-not-found,unused-ignore]
        except ImportError:
            return {}
        return dict(load_laws())

    @cached_property
    def _law_names(self) -> Names:
        spelled = {}
        for law_id, law in self.laws.items():
            spelled[law_id] = (getattr(law, "name", law_id), *getattr(law, "aliases", ()))
        return Names("law", spelled)

    def law(self, name: str) -> Any:
        """The scaling law of that id or alias."""
        return self.laws[self._law_names.resolve(name)]

    @cached_property
    def serving_constants(self) -> dict[str, Any]:
        """Fitted constants of the serving model; the user's own calibration comes first."""
        own = self._store.home / "catalog" / "serving_constants.yaml"
        built_in = Path(__file__).parent / "serving_constants.yaml"
        return self._store.yaml_file(own) or self._store.yaml_file(built_in)

    # Names

    def entity_names(self, kind: str) -> dict[str, str]:
        """Lower-case spellings of one kind (`chip`, `model`, `api_model`, `law`), each with its id."""
        names = {"chip": "_chip_names", "model": "_model_names", "law": "_law_names"}.get(kind)
        if names:
            found: dict[str, str] = getattr(self, names).entity_names()
            return found
        if kind == "api_model":
            return self.api.entity_names()
        return {}


def load(home: Path | str | None = None) -> Catalog:
    """The catalogue with the user's additions from `<home>/catalog/`; one object per folder.

    `home` None means `RACKRATE_HOME`, else the platform's data folder.
    """
    return _loaded(Path(home) if home is not None else default_home())


@lru_cache(maxsize=8)
def _loaded(home: Path) -> Catalog:
    return Catalog(Store(home))


def reload() -> None:
    """Forgets what was loaded, after a file was added."""
    _loaded.cache_clear()
