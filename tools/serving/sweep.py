"""The serving model over a product of lists, streamed to Parquet.

Rows are numbered; a part is a fixed range of numbers, written to its own file and renamed into place when it is
whole. A run that was killed finds its finished parts and goes on with the next; at the end the parts are joined
by copying pages. Memory is one block of rows, whatever the size of the sweep.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools import _core
from tools.catalog import Catalog, load
from tools.errors import FactAbsent, InputError
from tools.serving import constants as serving_constants
from tools.serving import deployment
from tools.serving.parquet_join import join, remove_parts
from tools.serving.sweep_spec import COLUMNS, Spec

BLOCK_ROWS = 262_144
PART_ROWS = 16 * BLOCK_ROWS
RESULTS = ("fits", "ttft_s", "tpot_s", "output_tokens_per_s", "usd_per_mtok_output", "limited_by")
NO_SPLIT = "tensor parallelism does not divide the chips"
NO_FACT = "no sourced fact"

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Site:
    """One deployment of a sweep, ready for the core; `reason` says why it cannot be."""

    tensor_parallel: int
    n_chips: int
    core: _core.Deployment | None = None
    tuning: _core.Tuning | None = None
    prices: Floats | None = None
    reason: str | None = None


@dataclass
class Sweep:
    """A spec over a catalogue: any range of its rows can be computed alone."""

    spec: Spec
    catalog: Catalog = field(repr=False)

    @cached_property
    def lists(self) -> tuple[Floats, Floats, Floats]:
        s = self.spec
        return tuple(np.array(v, dtype=np.float64) for v in (s.input_tokens, s.output_tokens, s.batch))  # type: ignore[return-value]

    @cached_property
    def digest(self) -> str:
        """Names the sweep, the build of the core and the constants its rows come from."""
        constants = serving_constants.load()
        return self.spec.digest(_core.VERSION, repr(constants), str(PART_ROWS))

    @property
    def parts(self) -> int:
        return -(-self.spec.rows // PART_ROWS)

    def site(self, index: int) -> Site:
        """The deployment of outer index `index`."""
        m, c, n, t, p, k = np.unravel_index(index, self.spec.outer)
        chips = self.spec.n_chips[n]
        tensor = self.spec.tensor_parallel[t] if self.spec.tensor_parallel else None
        if tensor is not None and chips % tensor:
            return Site(tensor, chips, reason=NO_SPLIT)
        try:
            return self._site(self.spec.model[m], self.spec.chip[c], chips, tensor,
                              self.spec.precision[p], self.spec.kv_precision[k])  # fmt: skip
        except FactAbsent:
            return Site(tensor or 1, chips, reason=NO_FACT)

    def _site(self, model: str, chip: str, chips: int, tensor: int | None, precision: str, kv: str) -> Site:
        wanted = deployment.Deployment(
            self.catalog.model(model), self.catalog.chip(chip), chips, precision, kv, tensor_parallel=tensor
        )
        laid, _ = deployment.layout(wanted)
        family = serving_constants.chip_family(laid.chip)
        engine = serving_constants.engine_family(None, family, regime="server")
        tensor = laid.tensor_parallel or 1
        return Site(
            tensor, chips, deployment.core_deployment(laid), deployment.tuning_for(laid.chip, engine, tensor),
            self._prices(chip),
        )  # fmt: skip

    def _prices(self, chip: str) -> Floats:
        if self.spec.usd_per_chip_hour is not None:
            return np.array(self.spec.usd_per_chip_hour)
        try:
            return np.array([float(self.catalog.rental_price(chip).value)])
        except FactAbsent:
            return np.array([np.nan])

    # --- rows ----------------------------------------------------------------------------------------------

    def block(self, start: int, stop: int) -> Any:
        """Rows `start..stop` as a `pyarrow.RecordBatch`."""
        import pyarrow as pa

        segments = [self._segment(*piece) for piece in self._pieces(start, stop)]
        columns = {name: np.concatenate([s[name] for s in segments]) for name in segments[0]}
        index = np.arange(start, stop, dtype=np.int64)
        arrays = [*self._inputs(index, columns), *_results(columns)]
        return pa.RecordBatch.from_arrays(arrays, names=[*COLUMNS, *RESULTS])

    def _pieces(self, start: int, stop: int) -> Iterator[tuple[int, int, int]]:
        """(deployment, first row of it, last row of it) of a range of rows."""
        size = self.spec.rows_per_deployment
        for outer in range(start // size, (stop - 1) // size + 1):
            yield outer, max(start - outer * size, 0), min(stop - outer * size, size)

    def _segment(self, outer: int, first: int, last: int) -> dict[str, NDArray[Any]]:
        """Result columns of rows `first..last` of one deployment."""
        site, prices = self.site(outer), self.spec.prices
        begin, end = first // prices, -(-last // prices)
        found = _estimates(site, self.lists, begin, end - begin)
        cut = slice(first - begin * prices, last - begin * prices)
        columns = {name: np.repeat(values, prices)[cut] for name, values in found.items()}
        rows = last - first
        price_list = site.prices if site.prices is not None else np.full(prices, np.nan)
        usd = np.tile(price_list, end - begin)[cut]
        columns["usd"] = usd
        with np.errstate(divide="ignore", invalid="ignore"):
            columns["usd_per_mtok_output"] = (
                usd * site.n_chips / 3600.0 / columns["output_tokens_per_s"] * 1e6
            )
        columns["tensor_parallel"] = np.full(rows, site.tensor_parallel, dtype=np.int64)
        return columns

    def _inputs(self, index: NDArray[np.int64], columns: dict[str, NDArray[Any]]) -> list[Any]:
        """The input columns, as dictionaries: nothing to hash, and a few bytes a row on disk."""
        s = self.spec
        lists: dict[str, tuple[Any, ...]] = {
            "usd_per_chip_hour": s.usd_per_chip_hour or (0.0,), "batch": s.batch, "output_tokens": s.output_tokens,
            "input_tokens": s.input_tokens, "kv_precision": s.kv_precision, "precision": s.precision,
            "tensor_parallel": s.tensor_parallel or (0,), "n_chips": s.n_chips, "chip": s.chip, "model": s.model,
        }  # fmt: skip
        made, rest = {}, index
        for name, values in lists.items():
            rest, code = np.divmod(rest, len(values)) if len(values) > 1 else (rest, np.zeros_like(rest))
            made[name] = _coded(code, values)
        if s.usd_per_chip_hour is None:
            made["usd_per_chip_hour"] = _nullable(columns["usd"])
        if not s.tensor_parallel:
            degrees, degree = np.unique(columns["tensor_parallel"], return_inverse=True)
            made["tensor_parallel"] = _coded(degree, tuple(degrees.tolist()))
        return [made[name] for name in COLUMNS]


def _estimates(
    site: Site, lists: tuple[Floats, Floats, Floats], begin: int, count: int
) -> dict[str, NDArray[Any]]:
    if site.core is None or site.tuning is None:
        nothing = np.full(count, np.nan)
        reason = len(_core.sweep_bounds()) + (NO_SPLIT, NO_FACT).index(site.reason or NO_FACT)
        return {
            "ttft_s": nothing, "tpot_s": nothing, "output_tokens_per_s": nothing,
            "fits": np.zeros(count, dtype=np.bool_), "limited_by": np.full(count, reason, dtype=np.uint8),
        }  # fmt: skip
    ttft, tpot, speed, fits, bound = _core.sweep_grid(site.core, site.tuning, *lists, begin, count)
    return {"ttft_s": ttft, "tpot_s": tpot, "output_tokens_per_s": speed, "fits": fits, "limited_by": bound}


def _coded(code: NDArray[Any], values: tuple[Any, ...]) -> Any:
    import pyarrow as pa

    return pa.DictionaryArray.from_arrays(pa.array(code.astype(np.int32)), pa.array(list(values)))


def _nullable(values: Floats) -> Any:
    import pyarrow as pa

    missing = np.isnan(values)
    return pa.array(values, mask=missing if missing.any() else None)


def _results(columns: dict[str, NDArray[Any]]) -> list[Any]:
    import pyarrow as pa

    names = (*_core.sweep_bounds(), NO_SPLIT, NO_FACT)
    floats = {
        n: _nullable(columns[n]) for n in ("ttft_s", "tpot_s", "output_tokens_per_s", "usd_per_mtok_output")
    }
    made = {"fits": pa.array(columns["fits"]), "limited_by": _coded(columns["limited_by"], names), **floats}
    return [made[name] for name in RESULTS]


# --- writing -------------------------------------------------------------------------------------------------


def run(
    sweep: Sweep, out: Path, *, progress: Callable[[int], None] = lambda rows: None, engine: str = "local"
) -> int:
    """Write the sweep to `out`; finished parts of an earlier run of the same sweep are kept.

    `progress` is told of rows as they are written. Returns the number of rows. InputError when `out` cannot be
    written, or holds the parts of another sweep.
    """
    folder = _open_parts(sweep, out)
    missing = []
    for part in range(sweep.parts):
        if _part_path(folder, part).exists():
            progress(_part_rows(sweep, part))
        else:
            missing.append(part)
    if engine == "ray":
        _run_on_ray(sweep, folder, missing, progress)
    else:
        for part in missing:
            write_part(sweep, folder, part, progress)
    join([_part_path(folder, part) for part in range(sweep.parts)], out)
    remove_parts(folder)
    return sweep.spec.rows


def _open_parts(sweep: Sweep, out: Path) -> Path:
    """The folder of parts beside `out`, marked as this sweep's."""
    if out.is_dir():
        raise InputError("--out", str(out), "a file, not a folder")
    folder = out.with_name(f".{out.name}.parts")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        mark = folder / "sweep"
        if mark.exists() and mark.read_text() != sweep.digest:
            raise InputError(
                "--out", str(out), f"another file, or {folder.name} removed: it is another sweep's"
            )
        scratch = folder / ".sweep"
        scratch.write_text(sweep.digest)
        os.replace(scratch, mark)
    except OSError as error:
        raise InputError("--out", str(out), f"a path that can be written ({error.strerror})") from error
    return folder


def _part_path(folder: Path, part: int) -> Path:
    return folder / f"{part:06d}.parquet"


def _part_rows(sweep: Sweep, part: int) -> int:
    return min(PART_ROWS, sweep.spec.rows - part * PART_ROWS)


def write_part(
    sweep: Sweep, folder: Path, part: int, progress: Callable[[int], None] = lambda rows: None
) -> None:
    """Compute and write one part; it appears whole or not at all."""
    import pyarrow.parquet as pq

    first = part * PART_ROWS
    last = first + _part_rows(sweep, part)
    scratch = folder / f".{part:06d}.writing"
    writer: Any = None
    with ThreadPoolExecutor(1) as pool:  # the next block is computed while this one is written
        pending: Future[None] | None = None
        for start in range(first, last, BLOCK_ROWS):
            batch = sweep.block(start, min(start + BLOCK_ROWS, last))
            if pending is not None:
                pending.result()
            if writer is None:
                writer = pq.ParquetWriter(scratch, batch.schema, **_WRITER)
            pending = pool.submit(writer.write_batch, batch, BLOCK_ROWS)
            progress(batch.num_rows)
        if pending is not None:
            pending.result()
    writer.close()
    os.replace(scratch, _part_path(folder, part))


# Plain types for readers (no Arrow schema), dictionaries for inputs, raw pages for measured floats.
_WRITER: dict[str, Any] = {
    "store_schema": False,
    "use_dictionary": [*COLUMNS, "limited_by"],
    "compression": dict.fromkeys((*COLUMNS, "limited_by", "fits"), "SNAPPY") | dict.fromkeys(("ttft_s", "tpot_s", "output_tokens_per_s", "usd_per_mtok_output"), "NONE"),
}  # fmt: skip


def _run_on_ray(sweep: Sweep, folder: Path, missing: list[int], progress: Callable[[int], None]) -> None:
    """The missing parts on a Ray cluster whose workers share the file system of `folder`."""
    try:
        import ray
    except ImportError as error:
        raise InputError(
            "--engine", "ray", "local, or ray with the extra `rackrate[ray]` installed"
        ) from error

    task = ray.remote(_ray_part)
    waiting = {task.remote(sweep.spec, str(folder), part): part for part in missing}
    while waiting:
        done, _ = ray.wait(list(waiting))
        for reference in done:
            ray.get(reference)
            progress(_part_rows(sweep, waiting.pop(reference)))


def _ray_part(spec: Spec, folder: str, part: int) -> None:
    write_part(Sweep(spec, load()), Path(folder), part)
