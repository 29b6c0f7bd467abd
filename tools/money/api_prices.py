"""API list prices as the calculators use them: the catalogue's dated price with its source."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tools.contract import Source
from tools.errors import FactAbsent

if TYPE_CHECKING:
    from tools.catalog import Catalog


@dataclass(frozen=True, slots=True)
class ApiQuote:
    """List prices of one API model in USD per million tokens, as of a date."""

    name: str
    input: float
    output: float
    cached_input: float | None
    as_of: str | None
    note: str | None = None
    sources: list[Source] = field(default_factory=list)

    def says(self) -> str:
        """The price as an assumption of an answer."""
        when = f" as of {self.as_of}" if self.as_of else ""
        note = f" ({self.note})" if self.note else ""
        return f"{self.name} at ${self.input:g} in and ${self.output:g} out per million tokens{when}{note}"


def api_quote(catalog: Catalog, name: str, as_of: str | None) -> ApiQuote:
    """The list price of an API model at a date (the latest known by default).

    Raises UnknownName for a model nobody lists and FactAbsent where no price is known at that date.
    """
    price = catalog.api_price(name, as_of=as_of)
    if price is None or price.output is None or price.input is None:
        raise FactAbsent(f"no list price of {name} is known{f' as of {as_of}' if as_of else ''}")
    source = getattr(price, "source", None)
    return ApiQuote(
        name=str(getattr(price, "model", None) or getattr(price, "name", None) or name),
        input=float(price.input),
        output=float(price.output),
        cached_input=None if price.cached_input is None else float(price.cached_input),
        as_of=str(price.as_of) if price.as_of is not None else None,
        note=getattr(price, "note", None),
        sources=[source] if isinstance(source, Source) else [],
    )
