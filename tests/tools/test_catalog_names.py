"""Names as people write them, and names that must not turn into something else."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

import pytest

from tools.catalog import Catalog, load
from tools.catalog.names import Names, key
from tools.errors import UnknownName

TRUTH = Path(__file__).parents[3] / "shared" / "truth"


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return load(tmp_path_factory.mktemp("home"))


@pytest.mark.parametrize(
    ("written", "chip"),
    [
        ("HGX H200", "h200"),
        ("trn2", "trainium2"),
        ("Trn2", "trainium2"),
        ("H100s", "h100-sxm"),
        ("hopper", "h100-sxm"),
        ("blackwell", "b200"),
        ("NVL72", "gb200"),
        ("mi300", "mi300x"),
        ("v5e", "tpu-v5e"),
        ("ironwood", "tpu-v7"),
        ("Trillium", "tpu-v6e"),
        ("a100", "a100-sxm"),
        ("A100 80GB PCIe", "a100-pcie"),
        ("A100 40GB", "a100-sxm-40gb"),
        ("NVIDIA H100 80GB HBM3", "h100-sxm"),
        ("H100_SXM", "h100-sxm"),
        ("AMD Instinct MI300X 192GB", "mi300x"),
        ("Google TPU v5e", "tpu-v5e"),
        ("TPU v6e (Trillium)", "tpu-v6e"),
        ("B200-SXM-180GB", "b200"),
        ("grace hopper", "gh200"),
        ("Nvidia B200 GPUs", "b200"),
        ("RTX 4090", "rtx-4090"),
        ("Inferentia 2", "inferentia2"),
        ("gaudi 3", "gaudi3"),
    ],
)
def test_chips_as_people_write_them(catalog: Catalog, written: str, chip: str) -> None:
    assert catalog.chip(written).id == chip


@pytest.mark.parametrize(
    ("written", "model"),
    [
        ("405b", "llama-3.1-405b"),
        ("llama 405B", "llama-3.1-405b"),
        ("llama3.1-405b", "llama-3.1-405b"),
        ("Llama 3 405B", "llama-3.1-405b"),
        ("meta-llama/Llama-3.1-405B-Instruct", "llama-3.1-405b"),
        ("llama-70b", "llama-3.3-70b"),
        ("8b", "llama-3.1-8b"),
        ("mixtral", "mixtral-8x7b"),
        ("deepseek r1", "deepseek-r1"),
        ("DeepSeek-V3", "deepseek-v3"),
        ("gpt-oss", "gpt-oss-120b"),
        ("GPT 4o", "gpt-4o"),
        ("gpt3", "gpt-3"),
        ("Qwen3-235B-A22B-Instruct-2507", "qwen3-235b-a22b"),
        ("Falcon 180B", "falcon-180b"),
        ("llama2-70b-99.9", "llama-2-70b"),
        ("Claude Sonnet 4.5", "claude-sonnet-4.5"),
    ],
)
def test_models_as_people_write_them(catalog: Catalog, written: str, model: str) -> None:
    assert catalog.model(written).id == model


@pytest.mark.parametrize(
    "name", ["H100 96GB", "H1000", "MI300A", "TPU v9", "Trainium4", "B100", "RTX 6000", "", "  "]
)
def test_an_unknown_chip_never_becomes_another(catalog: Catalog, name: str) -> None:
    with pytest.raises(UnknownName):
        catalog.chip(name)


@pytest.mark.parametrize("name", ["llama-5-70b", "mixtral 8x70b", "llama3 700b", "gpt-40", "deepseek v9"])
def test_an_unknown_model_never_becomes_another(catalog: Catalog, name: str) -> None:
    with pytest.raises(UnknownName):
        catalog.model(name)


def test_an_unknown_name_offers_the_nearest(catalog: Catalog) -> None:
    with pytest.raises(UnknownName) as chip:
        catalog.chip("H1000")
    assert chip.value.nearest[0] == "h100-sxm"
    with pytest.raises(UnknownName) as model:
        catalog.model("lama 3.1 405b")
    assert "llama-3.1-405b" in model.value.nearest
    assert "nearest" in str(model.value)


def test_no_alias_means_two_things(catalog: Catalog) -> None:
    for entries in (catalog.chips, catalog.models):
        meanings: dict[str, set[str]] = defaultdict(set)
        for entry in entries.values():
            for alias in (entry.id, entry.name, *entry.aliases):
                meanings[key(alias)].add(entry.id)
        assert {k: ids for k, ids in meanings.items() if len(ids) > 1} == {}


def test_every_spelling_offered_to_the_reader_resolves_to_its_id(catalog: Catalog) -> None:
    for kind, look in (("chip", catalog.chip), ("model", catalog.model), ("law", catalog.law)):
        spellings = catalog.entity_names(kind)
        assert spellings
        for spelling, entry_id in spellings.items():
            assert spelling == spelling.lower()
            assert not spelling.isdigit()
            assert look(spelling).id == entry_id, spelling


def test_hosted_models_offered_to_the_reader_are_priced_names(catalog: Catalog) -> None:
    names = catalog.entity_names("api_model")
    assert names["gpt-4o"] == "gpt-4o"
    assert names["claude 3.5 sonnet"] == "claude-3-5-sonnet"
    assert not any(name.isalpha() for name in names if name not in ("chatgpt", "orion"))
    assert catalog.entity_names("nonsense") == {}


def test_words_beside_a_name_only_when_allowed() -> None:
    names = Names("chip", {"h100": ("h100 sxm",)}, lambda entry, word: word == "rack")
    assert names.find("the rack h100") is None
    assert names.find("h100 rack") == "h100"
    assert names.find("h100 card pile") is None


@pytest.mark.shared
@pytest.mark.parametrize("file", ["measured_serving.csv", "measured_training.csv"])
def test_every_measured_chip_is_known(catalog: Catalog, file: str) -> None:
    if not (TRUTH / file).exists():
        pytest.skip("../shared is absent")
    with (TRUTH / file).open() as rows:
        chips = {row["chip_key"] for row in csv.DictReader(rows)}
    unknown = {chip for chip in chips if not chip.startswith("NVIDIA GPU (type")}
    for chip in list(unknown):
        catalog.chip(chip)
    assert len(unknown) > 10


@pytest.mark.shared
def test_every_model_of_the_serving_rows_has_a_shape(catalog: Catalog) -> None:
    if not (TRUTH / "measured_serving.csv").exists():
        pytest.skip("../shared is absent")
    with (TRUTH / "measured_serving.csv").open() as rows:
        models = {row["model_key"] for row in csv.DictReader(rows)}
    without = [name for name in models if not catalog.model(name).has_shape]
    assert without == []
