"""Token prices of hosted models: genai-prices by date, checked against releases and known errors.

genai-prices is slow to import, so what it says is compiled once into a dated table beside the user's data
(one file per version of the package); with a read-only folder it is compiled in each process that asks.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools.catalog.dates import AsOf, first_day, last_day
from tools.catalog.facts import make_source
from tools.catalog.names import Names
from tools.errors import FactAbsent, UnknownName

if TYPE_CHECKING:
    from tools.contract import Source

# A maker's own list comes before what others charge for hosting the same model.
MAKERS = (
    "openai", "anthropic", "google", "deepseek", "x-ai", "mistral", "cohere", "moonshotai", "minimax",
    "zai", "meta", "perplexity",
)  # fmt: skip
_FOREIGN = {"google": ("claude", "gemma"), "openai": ("gpt-oss",), "mistral": ("deepseek",)}
_HOSTS = (
    "together",
    "fireworks",
    "aws",
    "groq",
    "cerebras",
    "novita",
    "baseten",
    "azure",
    "ovhcloud",
    "avian",
)
_UNIT = "USD/Mtoken"
_ID_DATE = re.compile(r"(20\d\d)-?(\d\d)-?(\d\d)(?!\d)")
_CLAUDE = re.compile(r"^claude-(opus|sonnet|haiku|fable)-(\d+)(?:-(\d+))?$")
Row = list[Any]
Table = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class ApiPrice:
    """USD per million tokens of one model at one date; a cached token is part of the input.

    `low` and `high` are (input, output) pairs where hosts or hours of the day part.
    """

    model: str
    provider: str
    input: float
    cached_input: float | None
    output: float
    as_of: str
    released: str | None
    sources: list[Source] = field(repr=False)
    note: str | None = None
    low: tuple[float, float] | None = None
    high: tuple[float, float] | None = None
    long_context: tuple[int, float, float] | None = None
    unit: str = _UNIT

    @property
    def source(self) -> Source:
        return self.sources[0]


class ApiPrices:
    """Looks up token prices. `open_model` maps a host's name of an open model to its id and release date."""

    def __init__(
        self,
        documents: Iterable[Mapping[str, Any]],
        cache: Path | None = None,
        open_model: Callable[[str], tuple[str, str | None] | None] = lambda name: None,
    ) -> None:
        self._cache, self._open_model = cache, open_model
        self._known: dict[str, Mapping[str, Any]] = {}
        self._hosted: list[Mapping[str, Any]] = []
        self._sources: dict[str, Mapping[str, Any]] = {}
        for document in documents:
            self._sources.update(document.get("sources", {}))
            self._known.update({f"{row['provider']}/{row['ref']}": row for row in document.get("api", ())})
            self._hosted += document.get("hosted", ())
        self._remembered = lru_cache(maxsize=1024)(self._price)

    @cached_property
    def _compiled(self) -> tuple[str, Table]:
        return _compiled_table(self._cache)

    @property
    def table(self) -> Table:
        """`provider/model` → name and dated rows, as genai-prices has them."""
        return self._compiled[1]

    def _genai_source(self, day: dt.date) -> Source:
        from tools.contract import Source

        return Source(
            title=f"genai-prices {self._compiled[0]}",
            url="https://github.com/pydantic/genai-prices",
            as_of=day.isoformat(),
        )

    @cached_property
    def _names(self) -> Names:
        spelled: dict[str, list[str]] = {}
        for ref, entry in self.table.items():
            provider, model = ref.split("/", 1)
            if provider in MAKERS and not model.startswith(_FOREIGN.get(provider, ("\0",))):
                spelled[ref] = [model, entry["name"], *_claude_spellings(model)]
        for ref, row in self._known.items():
            if ref.split("/", 1)[0] in MAKERS:
                spelled.setdefault(ref, [row["ref"]]).extend(row.get("aliases", ()))
        return Names("api_model", spelled)

    def entity_names(self) -> dict[str, str]:
        """Lower-case spellings of the makers' models, each with its plain id (`gpt-4o`)."""
        spoken = {alias.lower() for row in self._known.values() for alias in row.get("aliases", ())}
        return {
            name: ref.split("/", 1)[1]
            for name, ref in self._names.entity_names().items()
            if "/" not in name and (name in spoken or not name.isalpha())
        }

    def price(self, model: str, as_of: AsOf = None, provider: str | None = None) -> ApiPrice:
        """The list price of `model` on the last day `as_of` can mean; today when None.

        Raises:
            UnknownName: neither a hosted model nor an open one that hosts offer.
            FactAbsent: the model was not released then, or nobody lists its price.
        """
        day = last_day(as_of) if as_of is not None else dt.datetime.now(dt.UTC).date()
        return self._remembered(model, day, provider)

    def _price(self, model: str, day: dt.date, provider: str | None) -> ApiPrice:
        known = self._open_model(model)
        ref = self._ref(model, provider)
        if ref is None and known is None:
            raise UnknownName(
                "api_model", model, tuple(n.split("/", 1)[-1] for n in self._names.nearest(model))
            )
        if ref is not None:
            return self._listed(ref, day)
        assert known is not None
        return self._by_hosts(*known, day, provider)

    def _ref(self, model: str, provider: str | None) -> str | None:
        if provider is not None and f"{provider}/{model}" in self.table:
            return f"{provider}/{model}"
        if model in self.table:
            return model
        ref = self._names.find(model)
        return ref if ref and provider in (None, ref.split("/", 1)[0]) else None

    # A maker's list price

    def _listed(self, ref: str, day: dt.date) -> ApiPrice:
        released, release_source = self._release(ref)
        if released and last_day(day) < first_day(released):
            raise FactAbsent(f"{ref.split('/', 1)[1]} had no price on {day}: it was released on {released}")
        for period in self._known.get(ref, {}).get("periods", ()):
            if first_day(period["from"]) <= day <= last_day(period["until"]):
                return self._corrected(ref, period, day, released)
        row = _row_at(self.table[ref]["rows"], day) if ref in self.table else None
        if row is None:
            raise FactAbsent(f"no source gives the price of {ref.split('/', 1)[1]} on {day}")
        return self._from_genai(ref, row, day, released, release_source)

    def _release(self, ref: str) -> tuple[str | None, Source | None]:
        said = self._known.get(ref, {}).get("released")
        if said:
            return str(said["value"]), make_source(self._sources, said["source"], said["as_of"])
        if found := _ID_DATE.search(ref):
            return "-".join(found.groups()), None
        return None, None

    def _corrected(self, ref: str, period: Mapping[str, Any], day: dt.date, released: str | None) -> ApiPrice:
        provider, model = ref.split("/", 1)
        return ApiPrice(
            model, provider, period["input"], period.get("cached_input"), period["output"], day.isoformat(),
            released, [make_source(self._sources, period["source"], period["as_of"])], note=period["why"],
        )  # fmt: skip

    def _from_genai(
        self, ref: str, row: Row, day: dt.date, released: str | None, release_source: Source | None
    ) -> ApiPrice:
        provider, model = ref.split("/", 1)
        _, price_in, cached, price_out, peak, tier = row
        notes = [] if released else ["release date not known; the price may not have held this early"]
        low = high = None
        if peak is not None:
            low, high = (price_in, price_out), (peak[0], peak[2])
            price_in, cached, price_out = peak
            notes.append("peak-hour price; the low end is off-peak")
        sources = [self._genai_source(day), *([release_source] if release_source else [])]
        return ApiPrice(
            model, provider, price_in, cached, price_out, day.isoformat(), released, sources,
            note="; ".join(notes) or None, low=low, high=high, long_context=tuple(tier) if tier else None,
        )  # fmt: skip

    # What hosts charge for an open model

    def _by_hosts(self, open_id: str, released: str | None, day: dt.date, provider: str | None) -> ApiPrice:
        if released and day < first_day(released):
            raise FactAbsent(f"{open_id} had no price on {day}: it was released on {released}")
        offers = [o for o in self._offers(open_id, day) if provider in (None, o[0])]
        if not offers:
            raise FactAbsent(f"no host's token price of {open_id} has a source")
        inputs, outputs = [o[1] for o in offers], [o[2] for o in offers]
        hosts = ", ".join(sorted({o[0] for o in offers}))
        sources = list({o[3].title: o[3] for o in offers}.values())
        return ApiPrice(
            open_id, provider or "hosts", statistics.median(inputs), None, statistics.median(outputs),
            day.isoformat(), released, sources,
            note=f"median over hosts: {hosts}; hosts' earlier prices are rarely on record",
            low=(min(inputs), min(outputs)), high=(max(inputs), max(outputs)),
        )  # fmt: skip

    def _offers(self, open_id: str, day: dt.date) -> list[tuple[str, float, float, Source]]:
        offers: dict[str, tuple[str, float, float, Source]] = {}
        for known in self._hosted:
            if known["model"] == open_id and first_day(known["as_of"]) <= day:
                source = make_source(self._sources, known["source"], known["as_of"])
                offers[known["provider"]] = (known["provider"], known["input"], known["output"], source)
        for ref in self._hosts_of.get(open_id, ()):
            row = _row_at(self.table[ref]["rows"], day)
            if row is not None and row[3]:
                host = ref.split("/", 1)[0]
                offers[host] = (host, row[1], row[3], self._genai_source(day))
        return list(offers.values())

    @cached_property
    def _hosts_of(self) -> dict[str, list[str]]:
        """Open model id → the hosts' refs of it."""
        hosts: dict[str, list[str]] = {}
        for ref in self.table:
            host, model = ref.split("/", 1)
            if host in _HOSTS and (known := self._open_model(_plain_open_name(model))):
                hosts.setdefault(known[0], []).append(ref)
        return hosts


def _plain_open_name(name: str) -> str:
    """A host's name of an open model, without the host's and the maker's marks."""
    name = name.lower().rsplit("/", 1)[-1].rsplit(":", 1)[0]
    name = re.sub(r"^(?:meta|mistral|deepseek|qwen|openai|us|databricks)\.", "", name)
    name = re.sub(r"(\d)p(\d)", r"\1.\2", name)
    name = re.sub(r"^meta-", "", name).replace("llama-v", "llama-")
    return re.sub(
        r"-(?:instruct|turbo|v1|lite|versatile|instant|reference|\d{4,5}|fp8|tput|maas)(?=-|$)", "", name
    )


def _claude_spellings(model: str) -> list[str]:
    """`claude-sonnet-4-5` is also "Claude Sonnet 4.5", "Sonnet 4.5" and "Claude 4.5 Sonnet"."""
    found = _CLAUDE.match(model)
    if not found:
        return []
    family, major, minor = found.groups()
    version = major if minor in (None, "0") else f"{major}.{minor}"
    return [f"claude {family} {version}", f"{family} {version}", f"claude {version} {family}"]


def _row_at(rows: Sequence[Row], day: dt.date) -> Row | None:
    held = [row for row in rows if row[0] <= day.isoformat()]
    return held[-1] if held else None


def _compiled_table(cache: Path | None) -> tuple[str, Table]:
    """The version of genai-prices and its table, from the compiled copy when there is one.

    The copy is named by the package's data file (size and time), so that the package itself, and the list
    of installed packages, stay unread.
    """
    from tools.catalog.store import write_atomically

    copy = cache / f"genai-prices-{_data_mark()}.json" if cache else None
    if copy is not None:
        try:
            kept = json.loads(copy.read_bytes())
            return str(kept["version"]), kept["table"]
        except (OSError, ValueError, KeyError, TypeError):
            pass
    version, table = _genai_version(), _read_genai_prices()
    if copy is not None:
        try:
            copy.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(copy, json.dumps({"version": version, "table": table}, separators=(",", ":")))
        except OSError:
            pass
    return version, table


def _data_mark() -> str:
    from importlib.util import find_spec

    spec = find_spec("genai_prices")
    if spec is None or spec.origin is None:
        return "none"
    data = Path(spec.origin).with_name("data.py").stat()
    return f"{data.st_size:x}-{data.st_mtime_ns:x}"


def _genai_version() -> str:
    from importlib.metadata import version

    return version("genai-prices")


def _read_genai_prices() -> Table:
    from genai_prices.data import providers

    wanted = {*MAKERS, *_HOSTS}
    table: Table = {}
    for provider in providers:
        for model in provider.models if provider.id in wanted else ():
            if rows := _dated_rows(model.prices):
                table[f"{provider.id}/{model.id}"] = {"name": model.name or model.id, "rows": rows}
    return table


def _dated_rows(prices: Any) -> list[Row]:
    """Rows `[start, input, cached, output, peak, tier]`; hours of the day are kept as `peak`."""
    conditional = prices if isinstance(prices, list) else []
    dated, hourly, base = [], [], None if conditional else prices
    for entry in conditional:
        constraint = type(entry.constraint).__name__
        if constraint == "StartDateConstraint":
            dated.append((entry.constraint.start_date.isoformat(), entry.prices))
        elif constraint == "TimeOfDateConstraint":
            hourly.append(entry.prices)
        else:
            base = entry.prices
    steps = ([("", base)] if base is not None else []) + sorted(dated, key=lambda step: step[0])
    rows = [row for start, price in steps if (row := _plain_row(start, price)) is not None]
    if rows and hourly and (peak := _plain_row("", hourly[-1])) is not None:
        rows[-1][4] = peak[1:4]
    return rows


def _plain_row(start: str, price: Any) -> Row | None:
    price_in, price_out = price.input_mtok, price.output_mtok
    if price_in is None or price_out is None:
        return None
    tier = None
    if getattr(price_in, "tiers", None) and getattr(price_out, "tiers", None):
        tier = [price_in.tiers[0].start, float(price_in.tiers[0].price), float(price_out.tiers[0].price)]
    return [start, _base(price_in), _base(price.cache_read_mtok), _base(price_out), None, tier]


def _base(price: Any) -> float | None:
    return None if price is None else float(getattr(price, "base", price))
