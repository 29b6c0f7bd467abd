"""The Pareto front of a finished sweep: cost of a million output tokens against speed for one user.

Each model and each workload has its own front: a cheap small model does not beat a dear large one, nor short
answers long ones; they are other products.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tools import _core

COST, TIME = "usd_per_mtok_output", "tpot_s"
KEYS = ("model", "input_tokens", "output_tokens")
MAX_LINES = 12  # more fronts than this in one chart cannot be told apart

Workload = tuple[str, int, int]
Candidate = tuple[float, float, int, int]  # cost, speed, row group, row


def pareto_rows(path: Path) -> Any:
    """The rows of the fronts as a `pyarrow.Table`, front by front, cheapest first. One row group at a time."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = pq.ParquetFile(path)
    kept: dict[Workload, list[Candidate]] = defaultdict(list)
    for group in range(file.num_row_groups):
        for workload, rows in _candidates(file, group):
            kept[workload] = _front([*kept[workload], *rows])
    tables = [_rows_of(file, kept[workload]) for workload in sorted(kept)]
    return pa.concat_tables(tables) if tables else file.schema_arrow.empty_table()


def _candidates(file: Any, group: int) -> Iterator[tuple[Workload, list[Candidate]]]:
    """The rows of a row group that can be on a front, by workload."""
    table = file.read_row_group(group, columns=[*KEYS, "fits", COST, TIME])
    cost, step = table[COST].to_numpy(), table[TIME].to_numpy()
    usable = np.flatnonzero(table["fits"].to_numpy() & ~np.isnan(cost))
    if not len(usable):
        return
    cost, speed = cost[usable], 1.0 / step[usable]
    columns = [table[name].take(usable).combine_chunks().dictionary_encode() for name in KEYS]
    shape = [len(column.dictionary) for column in columns]
    codes = np.ravel_multi_index([column.indices.to_numpy() for column in columns], shape)
    order = np.argsort(codes, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(codes[order])) + 1):
        chosen = rows[_core.pareto_front(cost[rows], speed[rows])]
        model, prompt, answer = (column[int(rows[0])].as_py() for column in columns)
        yield (
            (model, prompt, answer),
            [(float(cost[i]), float(speed[i]), group, int(usable[i])) for i in chosen],
        )


def _front(rows: list[Candidate]) -> list[Candidate]:
    cost, speed = (np.array([row[k] for row in rows]) for k in (0, 1))
    return [rows[i] for i in _core.pareto_front(cost, speed)]


def _rows_of(file: Any, front: list[Candidate]) -> Any:
    """The full rows of a front, in its order."""
    import pyarrow as pa

    found: dict[tuple[int, int], Any] = {}
    for group in {row[2] for row in front}:
        wanted = [row[3] for row in front if row[2] == group]
        table = file.read_row_group(group).take(wanted)
        found |= {(group, row): table.slice(i, 1) for i, row in enumerate(wanted)}
    return pa.concat_tables([found[row[2], row[3]] for row in front])


def chart(table: Any) -> dict[str, Any]:
    """Cost against speed of the fronts, as Vega-Lite."""
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
