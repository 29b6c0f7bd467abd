"""The compiled copies, a user's own facts, and folders that cannot be written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.catalog import load
from tools.catalog.additions import add
from tools.catalog.catalog import reload
from tools.catalog.store import Store, write_atomically
from tools.errors import InputError

OWN_CHIPS = """
kind: chips
source: our data sheet
as_of: 2026-10
chips:
  - id: own-chip
    aliases: [the box]
    facts: {memory: 512, bandwidth: 9.5, peak_bf16: 4000, scale_up: {value: 1000, note: measured}, tdp: 1500}
"""
OWN_RENT = """
kind: rental
source: our contract of October
as_of: 2026-10-05
rental:
  HGX H100: [{usd_per_chip_hour: 1.95, term: reserved-1y}]
"""
OWN_PURCHASE = """
kind: purchase
source: a quote
purchase: [{chip: mi300, usd_per_chip: 11000, date: 2026-09-30}]
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def _write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_a_compiled_copy_is_read_again_and_replaced_when_the_yaml_changes(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    file = _write(data, "chips-x.yaml", "kind: chips\nchips: [{id: a}]\n")
    store = Store(tmp_path / "home", data)
    assert store.builtin("chips")[0]["chips"] == [{"id": "a"}]
    copies = list(store.cache_folder.iterdir())
    assert len(copies) == 1
    copies[0].write_text(json.dumps([{"kind": "chips", "chips": [{"id": "from the copy"}]}]))
    assert store.builtin("chips")[0]["chips"] == [{"id": "from the copy"}]
    file.write_text("kind: chips\nchips: [{id: b}]\n")
    assert store.builtin("chips")[0]["chips"] == [{"id": "b"}]
    assert len(list(store.cache_folder.iterdir())) == 1


@pytest.mark.parametrize("broken", ["", "{half", '{"not": "a list"}', "\x00\x01"])
def test_a_broken_copy_is_parsed_again(home: Path, broken: str) -> None:
    load(home).chip("h100")
    for copy in (home / "cache" / "catalog").iterdir():
        copy.write_text(broken)
    reload()
    assert load(home).chip("h100").memory_bytes == 80e9


def test_a_home_that_cannot_be_written_still_answers(tmp_path: Path) -> None:
    blocked = _write(tmp_path, "file", "not a folder")
    catalog = load(blocked / "home")
    assert catalog.chip("h200").memory_bytes == 141e9
    assert catalog.rental_price("h100").value > 0
    with pytest.raises(InputError, match="a folder that can be written"):
        add(_write(tmp_path, "own.yaml", OWN_CHIPS), blocked / "home")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_home_still_answers(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert load(tmp_path / "home").model("405b").params_total == 405_853_388_800


def test_a_warm_start_reads_no_yaml_and_loads_nothing_heavy(home: Path) -> None:
    load(home).rental_price("h100")
    load(home).model("8b")
    code = (
        "import sys; from tools.catalog import load; c = load(sys.argv[1]); "
        "c.chip('h100'), c.model('405b'), c.rental_price('h100'); "
        "print([m for m in ('yaml', 'jsonschema', 'genai_prices', 'pydantic', 'pint') if m in sys.modules])"
    )
    out = subprocess.run(
        [sys.executable, "-c", code, str(home)], capture_output=True, text=True, check=True, cwd=os.getcwd()
    )
    assert out.stdout.strip() == "[]"


def test_own_chips_in_short_form(home: Path, tmp_path: Path) -> None:
    added = add(_write(tmp_path, "own.yaml", OWN_CHIPS), home)
    assert (added.kind, added.ids) == ("chips", ("own-chip",))
    chip = load(home).chip("The Box")
    assert (chip.memory_bytes, chip.bandwidth_bytes_per_s, chip.peak("bf16")) == (512e9, 9.5e12, 4e15)
    assert chip.fact("tdp").source.title == "our data sheet"
    assert chip.fact("tdp").as_of == "2026-10"
    assert chip.fact("scale_up").note == "measured"


def test_own_prices_are_found_by_kind_and_by_date(home: Path, tmp_path: Path) -> None:
    before = load(home).purchase_price("mi300x").value
    add(_write(tmp_path, "rent.yaml", OWN_RENT), home)
    add(_write(tmp_path, "buy.yaml", OWN_PURCHASE), home)
    catalog = load(home)
    own = catalog.rental_price("h100", None, "user", "reserved-1y")
    assert (own.value, own.as_of, own.sources[0].title) == (1.95, "2026-Q4", "our contract of October")
    assert catalog.purchase_price("mi300x", "2026-12").value < before
    assert catalog.purchases.history("mi300x", "quote")[0].value == 11000


def test_own_model_from_a_config(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "My Model 7B"
    folder.mkdir()
    config = {
        "model_type": "llama", "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32,
        "intermediate_size": 11008, "vocab_size": 32000,
    }  # fmt: skip
    _write(folder, "config.json", json.dumps(config))
    added = add(folder, home)
    assert added.ids == ("my-model-7b",)
    assert load(home).model("my model 7b").params_total == 6_738_415_616
    again = add(folder / "config.json", home, entry_id="Other/Name_2")
    assert again.ids == ("name-2",)


def test_own_facts_replace_the_built_in_ones_of_the_same_id(home: Path, tmp_path: Path) -> None:
    text = "kind: chips\nsource: mine\nchips: [{id: h200, facts: {memory: 140}}]\n"
    add(_write(tmp_path, "h200.yaml", text), home)
    assert load(home).chip("h200").memory_bytes == 140e9
    assert load(home / "elsewhere").chip("h200").memory_bytes == 141e9


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.yaml", "kind: [", "YAML"),
        ("a.yaml", "just text", "mapping"),
        ("a.yaml", "kind: recipes\nsource: s", "chips, models, rental or purchase"),
        ("a.yaml", "kind: chips\nchips: []\nsource: s", "at least one"),
        ("a.yaml", "kind: chips\nchips: [{id: x, facts: {memory: 1}}]", "where the values come from"),
        ("a.yaml", "kind: chips\nsource: s\nchips: [{id: x, facts: {memory: -1}}]", "memory"),
        ("a.yaml", "kind: chips\nsource: s\nchips: [{id: x, facts: {speed: 1}}]", "speed"),
        ("a.yaml", "kind: chips\nsource: s\nchips: [{id: X Y, facts: {memory: 1}}]", "X Y"),
        (
            "a.yaml",
            "kind: chips\nsource: s\nchips: [{id: x, aliases: [h100], facts: {memory: 1}}]",
            "h100-sxm",
        ),
        ("a.yaml", "kind: rental\nsource: s\nrental: {h9000: [{usd_per_chip_hour: 1}]}", "h9000"),
        ("a.yaml", "kind: rental\nsource: s\nrental: {h100: [{usd_per_chip_hour: 0}]}", "median"),
        ("a.yaml", "kind: rental\nsource: s\nrental: [1]", "mapping of chip"),
        ("a.yaml", "kind: models\nsource: s\nmodels: [{id: m}]", "shape"),
        ("a.toml", "kind = 1", ".json or .yaml"),
        ("config.json", "{}", "model_type"),
    ],
)
def test_a_bad_file_is_refused_and_nothing_is_written(
    home: Path, tmp_path: Path, name: str, text: str, said: str
) -> None:
    with pytest.raises(InputError) as error:
        add(_write(tmp_path, name, text), home)
    assert said in str(error.value)
    assert "\n" not in str(error.value)
    assert not (home / "catalog").exists()


def test_a_missing_file_is_refused(home: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a file that exists"):
        add(tmp_path / "nowhere.yaml", home)


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = _write(tmp_path, "facts.yaml", "old")

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_atomically(target, "new")
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_damaged_file_in_the_home_is_named(home: Path) -> None:
    (home / "catalog").mkdir(parents=True)
    _write(home / "catalog", "mine.yaml", "kind: [")
    reload()
    with pytest.raises(InputError, match=r"mine\.yaml"):
        load(home).chip("h100")
