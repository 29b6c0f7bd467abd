"""The Pareto front of a finished sweep: cost of a million output tokens against speed for one user.

Each model and each workload has its own front: a cheap small model does not beat a dear large one, nor short
answers long ones; they are other products.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

COST, TIME = "usd_per_mtok_output", "tpot_s"
KEYS = ("model", "input_tokens", "output_tokens")
MAX_LINES = 12  # more fronts than this in one chart cannot be told apart
MAX_SORTED_ROWS = 1_000_000  # larger results stay in the order of the sweep, so that memory stays flat
_KEY_BITS = 21

Candidates = tuple[
    NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]
]
"""Workload code, cost, speed, row group, row: five columns of one length."""


@dataclass
class _Codes:
    """Numbers for the values of the key columns, the same in every row group."""

    seen: list[dict[Any, int]] = field(default_factory=lambda: [{} for _ in KEYS])

    def of(self, columns: list[Any]) -> NDArray[np.int64]:
        """One number for each row's workload."""
        code = np.zeros(len(columns[0]), dtype=np.int64)
        for column, known in zip(columns, self.seen, strict=True):
            coded = column.combine_chunks().dictionary_encode()
            numbers = [known.setdefault(value, len(known)) for value in coded.dictionary.to_pylist()]
            code = (code << _KEY_BITS) | np.array(numbers, dtype=np.int64)[coded.indices.to_numpy()]
        return code


def write_fronts(path: Path, out: Path) -> int:
    """Write the rows of `path` that are on a front to `out`; returns how many. Reads one row group at a time."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = pq.ParquetFile(path)
    _, _, _, groups, rows = _all_fronts(file)
    if len(rows) <= MAX_SORTED_ROWS:
        pieces = list(_pick(file, groups, rows))
        table = pa.concat_tables(pieces) if pieces else file.schema_arrow.empty_table()
        pq.write_table(table.sort_by([(name, "ascending") for name in (*KEYS, COST)]), out)
        return len(rows)
    with pq.ParquetWriter(out, file.schema_arrow) as writer:
        for piece in _pick(file, groups, rows):
            writer.write_table(piece)
    return len(rows)


def _all_fronts(file: Any) -> Candidates:
    """Every front of the file; what cannot stay is dropped as soon as the kept rows have doubled."""
    codes, kept, limit = _Codes(), _none(), 1 << 20
    for group in range(file.num_row_groups):
        found = fronts(_candidates(file, group, codes))
        kept = _both(kept, found)
        if len(kept[0]) > limit:
            kept = fronts(kept)
            limit = max(limit, 2 * len(kept[0]))
    return fronts(kept)


def _candidates(file: Any, group: int, codes: _Codes) -> Candidates:
    """The rows of a row group that fit and have a price."""
    table = file.read_row_group(group, columns=[*KEYS, "fits", COST, TIME])
    cost = table[COST].to_numpy()
    usable = np.flatnonzero(table["fits"].to_numpy() & ~np.isnan(cost))
    speed = 1.0 / table[TIME].to_numpy()[usable]
    code = codes.of([table[name] for name in KEYS])[usable]
    return code, cost[usable], speed, np.full(len(usable), group, dtype=np.int64), usable.astype(np.int64)


def fronts(rows: Candidates) -> Candidates:
    """The rows that no other row of their workload beats on cost and speed, sorted by workload and cost.

    Within a workload and by rising cost a row stays when it is faster than all before it; adding a workload's
    number to speeds scaled below 1 lets one running maximum serve all workloads at once.
    """
    code, cost, speed, _, _ = rows
    if not len(code):
        return rows
    order = np.lexsort((-speed, cost, code))
    workload = np.cumsum(np.diff(code[order], prepend=code[order[0]]) != 0)
    height = workload + _ranks(speed[order])
    best_before = np.concatenate(([-1.0], np.maximum.accumulate(height)[:-1]))
    chosen = order[height > best_before]
    return tuple(column[chosen] for column in rows)  # type: ignore[return-value]


def _ranks(speed: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks of the speeds, equal ones equal, scaled below 1: exact where a quotient would round."""
    _, rank = np.unique(speed, return_inverse=True)
    return rank / (len(speed) + 1.0)


def _pick(file: Any, groups: NDArray[np.int64], rows: NDArray[np.int64]) -> Iterator[Any]:
    """The full rows, row group by row group, each read once."""
    for group in np.unique(groups):
        yield file.read_row_group(int(group)).take(np.sort(rows[groups == group]))


def _none() -> Candidates:
    floats, whole = np.empty(0), np.empty(0, dtype=np.int64)
    return whole, floats, floats, whole, whole


def _both(first: Candidates, second: Candidates) -> Candidates:
    return tuple(np.concatenate(pair) for pair in zip(first, second, strict=True))  # type: ignore[return-value]


def chart(path: Path) -> dict[str, Any]:
    """Cost against speed of the first fronts in a file that `write_fronts` made, as Vega-Lite."""
    import pyarrow.parquet as pq

    file = pq.ParquetFile(path)
    table = file.read_row_group(0) if file.num_row_groups else file.schema_arrow.empty_table()
    names = (*KEYS, "chip", "n_chips", "precision", "batch", COST, TIME)
    rows = table.to_pylist()
    lines = list(dict.fromkeys(_line(row) for row in rows))[:MAX_LINES]
    values = [
        {**{n: row[n] for n in names}, "front": _line(row), "tokens_per_s_per_user": 1.0 / row[TIME]}
        for row in rows
        if _line(row) in lines
    ]
    cost = {
        "field": COST,
        "type": "quantitative",
        "scale": {"type": "log"},
        "title": "USD per million output tokens",
    }
    speed = {"field": "tokens_per_s_per_user", "type": "quantitative", "title": "tokens/s for one user"}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "title": "Cost against speed: nothing swept is both cheaper and faster",
        "width": 640,
        "height": 400,
        "data": {"values": values},
        "mark": {"type": "line", "point": True},
        "encoding": {
            "x": speed,
            "y": cost,
            "color": {"field": "front", "type": "nominal"},
            "order": {"field": COST, "type": "quantitative"},
            "tooltip": [{"field": n} for n in names],
        },
    }


def _line(row: dict[str, Any]) -> str:
    return f"{row['model']}, {row['input_tokens']:,} in, {row['output_tokens']:,} out"
