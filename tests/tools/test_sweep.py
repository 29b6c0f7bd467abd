"""sweep: every row once, the same numbers as single estimates, resumed after a kill, fronts, bad specs."""

from __future__ import annotations

import json
import math
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from tools.catalog import load
from tools.errors import InputError
from tools.serving import sweep as sweeping
from tools.serving.constants import chip_family, engine_family
from tools.serving.deployment import Deployment, core_deployment, layout, tuning_for
from tools.serving.parquet_join import join
from tools.serving.sweep import RESULTS, Sweep
from tools.serving.sweep_front import write_fronts
from tools.serving.sweep_spec import COLUMNS, make_spec, read_spec

SPEC: dict[str, Any] = {
    "model": ["llama-3.1-8b", "mixtral-8x7b"],
    "chip": ["H100", "MI300X"],
    "n_chips": [1, 4],
    "tensor_parallel": [1, 4],
    "precision": ["fp8"],
    "kv_precision": ["fp8", "bf16"],
    "input_tokens": [500, 4000],
    "output_tokens": [200],
    "batch": {"from": 1, "to": 64, "count": 7, "scale": "log"},
    "usd_per_chip_hour": [1.5, 2.5],
}


def small() -> Sweep:
    catalog = load()
    return Sweep(make_spec(SPEC, catalog), catalog)


def test_every_combination_once(tmp_path: Path) -> None:
    sweep = small()
    assert sweeping.run(sweep, tmp_path / "out.parquet") == sweep.spec.rows == 2 * 2 * 2 * 2 * 2 * 2 * 7 * 2
    table = pq.read_table(tmp_path / "out.parquet")
    assert table.column_names == [*COLUMNS, *RESULTS]
    keys = table.select(list(COLUMNS))
    assert keys.group_by(list(COLUMNS)).aggregate([]).num_rows == table.num_rows == sweep.spec.rows
    assert list(tmp_path.iterdir()) == [tmp_path / "out.parquet"]


def test_rows_are_single_estimates(tmp_path: Path) -> None:
    sweep, catalog = small(), load()
    sweeping.run(sweep, tmp_path / "out.parquet")
    rows = pq.read_table(tmp_path / "out.parquet").to_pylist()
    for row in random.Random(5).sample([r for r in rows if r["ttft_s"] is not None], 25):
        wanted = Deployment(catalog.model(row["model"]), catalog.chip(row["chip"]), row["n_chips"], row["precision"],
                            row["kv_precision"], tensor_parallel=row["tensor_parallel"])  # fmt: skip
        laid, _ = layout(wanted)
        engine = engine_family(None, chip_family(laid.chip), regime="server")
        one = core_deployment(laid).estimate(
            tuning_for(laid.chip, engine, row["tensor_parallel"]), input_tokens=row["input_tokens"],
            output_tokens=row["output_tokens"], load="closed", count=row["batch"],
        )  # fmt: skip
        assert row["ttft_s"] == pytest.approx(one.ttft_s, rel=1e-12)
        assert row["output_tokens_per_s"] == pytest.approx(one.output_tokens_per_s, rel=1e-12)
        assert row["limited_by"] == one.limited_by
        dollars = row["usd_per_chip_hour"] * row["n_chips"] / 3600 / one.output_tokens_per_s * 1e6
        assert row["usd_per_mtok_output"] == pytest.approx(dollars, rel=1e-12)


def test_what_cannot_be_is_a_row_with_a_reason(tmp_path: Path) -> None:
    sweeping.run(small(), tmp_path / "out.parquet")
    rows = pq.read_table(tmp_path / "out.parquet").to_pylist()
    split = [r for r in rows if r["n_chips"] == 1 and r["tensor_parallel"] == 4]
    assert split
    assert all(r["limited_by"] == sweeping.NO_SPLIT and r["ttft_s"] is None and not r["fits"] for r in split)


@pytest.mark.parametrize("blocks", [(7, 50), (64, 64), (1000, 1000), (33, 99)])
def test_block_and_part_sizes_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, blocks: tuple[int, int]
) -> None:
    sweeping.run(small(), tmp_path / "whole.parquet")
    monkeypatch.setattr(sweeping, "BLOCK_ROWS", blocks[0])
    monkeypatch.setattr(sweeping, "PART_ROWS", blocks[1])
    sweeping.run(small(), tmp_path / "cut.parquet")
    assert pq.read_table(tmp_path / "cut.parquet").equals(pq.read_table(tmp_path / "whole.parquet"))


def test_a_run_goes_on_from_its_finished_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "PART_ROWS", 60)
    sweep = small()
    folder = sweeping._open_parts(sweep, tmp_path / "out.parquet")
    sweeping.write_part(sweep, folder, 1)
    (folder / ".000002.writing").write_bytes(b"PAR1 cut short")
    written: list[int] = []
    original = sweeping.write_part
    monkeypatch.setattr(
        sweeping, "write_part", lambda s, f, part, *a: (written.append(part), original(s, f, part, *a))
    )
    told: list[int] = []
    sweeping.run(sweep, tmp_path / "out.parquet", progress=told.append)
    assert 1 not in written
    assert 2 in written
    assert sum(told) == sweep.spec.rows == pq.ParquetFile(tmp_path / "out.parquet").metadata.num_rows


def test_parts_of_another_sweep_are_not_mixed_in(tmp_path: Path) -> None:
    sweeping._open_parts(small(), tmp_path / "out.parquet")
    catalog = load()
    other = Sweep(make_spec({**SPEC, "batch": [3]}, catalog), catalog)
    with pytest.raises(InputError, match="another sweep"):
        sweeping.run(other, tmp_path / "out.parquet")


def test_killed_and_resumed_without_a_doubled_or_lost_row(tmp_path: Path) -> None:
    spec, out = tmp_path / "spec.json", tmp_path / "out.parquet"
    large = {
        **SPEC,
        "batch": {"from": 1, "to": 4000, "count": 4000},
        "input_tokens": {"from": 100, "to": 900, "count": 9},
    }
    spec.write_text(json.dumps(large))
    script = (
        "import sys; from pathlib import Path; from tools.serving import sweep; from tools.catalog import load;"
        "from tools.serving.sweep_spec import read_spec;"
        "sweep.BLOCK_ROWS = 50_000; sweep.PART_ROWS = 100_000; c = load();"
        "sweep.run(sweep.Sweep(read_spec(Path(sys.argv[1]), c), c), Path(sys.argv[2]))"
    )
    command = [sys.executable, "-c", script, str(spec), str(out)]
    for wait_s in (0.9, 1.2):
        child = subprocess.Popen(command)
        time.sleep(wait_s)
        child.send_signal(signal.SIGKILL)
        child.wait()
    subprocess.run(command, check=True, timeout=120)
    table = pq.read_table(out, columns=list(COLUMNS))
    assert table.num_rows == read_spec(spec, load()).rows
    assert table.group_by(list(COLUMNS)).aggregate([]).num_rows == table.num_rows


def test_joined_files_hold_their_parts_rows(tmp_path: Path) -> None:
    import pyarrow as pa

    tables = []
    for i in range(5):
        table = pa.table(
            {"x": np.arange(i * 1000, (i + 1) * 1000), "s": [f"{i}-{k % 7}" for k in range(1000)]}
        )
        pq.write_table(
            table, tmp_path / f"{i}.parquet", row_group_size=300, use_dictionary=["s"], write_page_index=True
        )
        tables.append(table)
    join([tmp_path / f"{i}.parquet" for i in range(5)], tmp_path / "all.parquet")
    joined = pq.ParquetFile(tmp_path / "all.parquet")
    assert joined.metadata.num_row_groups == 20
    assert joined.read().equals(pa.concat_tables(tables))
    assert pq.read_table(tmp_path / "all.parquet", filters=[("x", "==", 4321)])["s"].to_pylist() == ["4-6"]


def test_nothing_beats_the_fronts(tmp_path: Path) -> None:
    sweeping.run(small(), tmp_path / "out.parquet")
    count = write_fronts(tmp_path / "out.parquet", tmp_path / "front.parquet")
    fronts = pq.read_table(tmp_path / "front.parquet").to_pylist()
    assert count == len(fronts) > 0
    everything = [r for r in pq.read_table(tmp_path / "out.parquet").to_pylist() if r["fits"]]

    def key(row: dict[str, Any]) -> tuple[Any, ...]:
        return row["model"], row["input_tokens"], row["output_tokens"]

    assert {key(r) for r in fronts} == {key(r) for r in everything}
    for row in everything:
        better = [f for f in fronts if key(f) == key(row) and f["tpot_s"] <= row["tpot_s"]
                  and f["usd_per_mtok_output"] <= row["usd_per_mtok_output"]]  # fmt: skip
        assert better
    for row in fronts:
        assert not any(
            key(o) == key(row)
            and o["tpot_s"] < row["tpot_s"]
            and o["usd_per_mtok_output"] < row["usd_per_mtok_output"]
            for o in everything
        )


def test_ranges_are_as_many_distinct_whole_numbers_as_asked() -> None:
    spec = make_spec({**SPEC, "batch": {"from": 1, "to": 1024, "count": 128, "scale": "log"}}, load())
    assert len(spec.batch) == len(set(spec.batch)) == 128
    assert (spec.batch[0], spec.batch[-1]) == (1, 1024)
    assert list(spec.batch) == sorted(spec.batch)
    assert make_spec({**SPEC, "batch": {"from": 5, "to": 9, "count": 5}}, load()).batch == (5, 6, 7, 8, 9)


def test_prices_and_split_come_from_the_catalogue_when_not_given(tmp_path: Path) -> None:
    bare = {k: v for k, v in SPEC.items() if k not in ("usd_per_chip_hour", "tensor_parallel")}
    catalog = load()
    sweeping.run(Sweep(make_spec(bare, catalog), catalog), tmp_path / "out.parquet")
    rows = pq.read_table(tmp_path / "out.parquet").to_pylist()
    price = float(catalog.rental_price("h100-sxm").value)
    assert {r["usd_per_chip_hour"] for r in rows if r["chip"] == "h100-sxm"} == {price}
    assert all(r["n_chips"] % r["tensor_parallel"] == 0 for r in rows)


BAD: list[tuple[Any, str]] = [
    ([], "SPEC.json"),
    ({}, "model"),
    ({**SPEC, "chip": ["abacus"]}, "chip"),
    ({**SPEC, "model": [7]}, "model"),
    ({**SPEC, "batch": []}, "batch"),
    ({**SPEC, "batch": [0]}, "batch"),
    ({**SPEC, "batch": [1.5]}, "batch"),
    ({**SPEC, "batch": [math.inf]}, "batch"),
    ({**SPEC, "batch": [True]}, "batch"),
    ({**SPEC, "batch": {"from": 1, "to": 4, "count": 9}}, "batch.count"),
    ({**SPEC, "batch": {"from": 9, "to": 4, "count": 2}}, "batch.from"),
    ({**SPEC, "batch": {"from": 1, "to": 4}}, "batch"),
    ({**SPEC, "batch": {"from": 1, "to": 4, "count": 2, "scale": "cubic"}}, "batch.scale"),
    ({**SPEC, "precision": ["fp9"]}, "precision"),
    ({**SPEC, "usd_per_chip_hour": [-2]}, "usd_per_chip_hour"),
    ({**SPEC, "input_tokens": [1e12]}, "input_tokens"),
    ({**SPEC, "colour": ["red"]}, "colour"),
    ({**SPEC, "batch": [[1]]}, "batch"),
    ({**SPEC, "batch": {"from": 1, "to": 1e7, "count": 10**7}, "input_tokens": {"from": 1, "to": 1e6, "count": 10**5}}, "SPEC.json"),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "field"), BAD)
def test_bad_specs_name_the_field(raw: Any, field: str) -> None:
    with pytest.raises(InputError) as caught:
        make_spec(raw, load())
    assert caught.value.field == field


def test_bad_files_and_outputs(tmp_path: Path) -> None:
    path = tmp_path / "spec.json"
    for content in (b"", b"{", b"\xff\xfe\x00", b"[" * 100_000):
        path.write_bytes(content)
        with pytest.raises(InputError):
            read_spec(path, load())
    with pytest.raises(InputError):
        read_spec(tmp_path / "none.json", load())
    with pytest.raises(InputError):
        sweeping.run(small(), tmp_path)
