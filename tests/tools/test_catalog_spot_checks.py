"""Numbers that vendors and model cards print, checked one by one."""

from __future__ import annotations

import pytest

from tools.catalog import Catalog, load

# id: label GB, TB/s, dense bf16 TFLOP/s, dense fp8, scale-up GB/s one way, W
CHIPS: dict[str, tuple[float, float, float, float | None, float | None, float | None]] = {
    "a100-sxm": (80, 2.039, 312, None, 300, 400),
    "a100-sxm-40gb": (40, 1.555, 312, None, 300, 400),
    "a100-pcie": (80, 1.935, 312, None, 32, 300),
    "h100-sxm": (80, 3.35, 989, 1979, 450, 700),
    "h100-pcie": (80, 2.0, 756.5, 1513, 64, 350),
    "h200": (141, 4.8, 989, 1979, 450, 700),
    "gh200": (96, 4.0, 989, 1979, 450, None),
    "b200": (192, 8.0, 2250, 4500, 900, 1000),
    "b300": (288, 8.0, 2250, 4500, 900, 1100),
    "gb200": (186, 8.0, 2500, 5000, 900, 1200),
    "gb300": (288, 8.0, 2500, 5000, 900, 1400),
    "l40s": (48, 0.864, 362.05, 733, 32, 350),
    "rtx-pro-6000": (96, 1.792, 467.8, 935.6, 64, 600),
    "mi300x": (192, 5.3, 1307.4, 2614.9, 448, 750),
    "mi325x": (256, 6.0, 1307.4, 2614.9, 448, 1000),
    "mi355x": (288, 8.0, 2516, 5033, 535.5, 1400),
    "tpu-v4": (32, 1.2, 275, None, 270, 340),
    "tpu-v5e": (16, 0.819, 197, None, 200, 225),
    "tpu-v5p": (95, 2.765, 459, 459, 600, 540),
    "tpu-v6e": (32, 1.638, 918, 918, 400, 380),
    "tpu-v7": (192, 7.37, 2307, 4614, 600, 960),
    "trainium1": (32, 0.88, 190, 190, 192, 300),
    "trainium2": (96, 2.9, 667, 1299, 640, 500),
    "trainium3": (144, 4.9, 671, 2517, 1280, None),
    "inferentia2": (32, 0.88, 190, 190, 103, None),
    "gaudi3": (128, 3.7, 1677, 1677, 525, 900),
}
# id: parameters (billions, to the digits printed), KV numbers per token, whether all parameters are used
MODELS: dict[str, tuple[float, float, bool]] = {
    "llama-3.1-405b": (405.85, 2 * 126 * 8 * 128, True),
    "llama-3.1-70b": (70.55, 2 * 80 * 8 * 128, True),
    "llama-3.1-8b": (8.03, 2 * 32 * 8 * 128, True),
    "llama-2-70b": (68.98, 2 * 80 * 8 * 128, True),
    "mixtral-8x7b": (46.70, 2 * 32 * 8 * 128, False),
    "mixtral-8x22b": (140.62, 2 * 56 * 8 * 128, False),
    "deepseek-v3": (671.03, 61 * (512 + 64), False),
    "gpt-oss-120b": (116.83, 2 * 18 * 8 * 64, False),
    "qwen3-235b-a22b": (235.09, 2 * 94 * 4 * 128, False),
    "qwen3.5-397b-a17b": (396.35, 2 * 15 * 2 * 256, False),
    "mistral-7b": (7.24, 2 * 32 * 8 * 128, True),
    "falcon-180b": (178.56, 2 * 80 * 8 * 64, True),
    "gpt-3": (174.60, 2 * 96 * 96 * 128, True),
    "gpt-j-6b": (6.05, 2 * 28 * 16 * 256, True),
    "gemma-3-27b": (27.01, 2 * 10 * 16 * 128, True),
}


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return load(tmp_path_factory.mktemp("home"))


@pytest.mark.parametrize("chip_id", CHIPS)
def test_chip_numbers(catalog: Catalog, chip_id: str) -> None:
    memory, bandwidth, bf16, fp8, link, watts = CHIPS[chip_id]
    chip = catalog.chip(chip_id)
    assert chip.id == chip_id
    assert chip.memory_bytes == memory * 1e9
    assert chip.bandwidth_bytes_per_s == pytest.approx(bandwidth * 1e12)
    assert chip.peak("bf16") == pytest.approx(bf16 * 1e12)
    assert chip.peak_flops.get("fp8") == (None if fp8 is None else pytest.approx(fp8 * 1e12))
    assert chip.scale_up_bytes_per_s == (None if link is None else pytest.approx(link * 1e9))
    assert chip.tdp_w == watts


def test_b200_label_and_what_a_server_exposes(catalog: Catalog) -> None:
    fact = catalog.chip("b200").fact("memory_bytes")
    assert (fact.value, fact.low) == (192, 180)
    assert "180 GB" in (fact.note or "")


def test_contradictions_are_ranges(catalog: Catalog) -> None:
    fp4 = catalog.chip("b300").fact("fp4")
    assert (fp4.low, fp4.value, fp4.high) == (12600, 13500, 15000)
    rejected = {other.value: other.why_not for other in catalog.chip("b200").fact("fp8").others}
    assert rejected == {9000: "the sparse rate"}


def test_volta_has_fp16_and_no_bf16(catalog: Catalog) -> None:
    assert catalog.chip("v100").peak_flops["fp16"] == 125e12
    assert "bf16" not in catalog.chip("v100").peak_flops


@pytest.mark.parametrize("model_id", MODELS)
def test_model_numbers(catalog: Catalog, model_id: str) -> None:
    billions, elements, dense = MODELS[model_id]
    model = catalog.model(model_id)
    assert model.params_total is not None
    assert round(model.params_total / 1e9, 2) == billions
    assert model.kv_elements_per_token == elements
    assert (model.params_active == model.params_total) is dense
    assert model.has_shape


def test_layers_of_each_kind_add_up(catalog: Catalog) -> None:
    for model in catalog.models.values():
        if model.layers and model.kv_layers is not None:
            assert model.kv_layers + model.sliding_layers + model.linear_layers <= model.layers, model.id


def test_published_and_counted_parameters_agree(catalog: Catalog) -> None:
    for model in catalog.models.values():
        if "published_total" in model.facts and model.params_total:
            published = model.facts["published_total"].si
            assert model.params_total == pytest.approx(published, rel=0.06), model.id


def test_closed_models_are_known_without_a_shape(catalog: Catalog) -> None:
    for name in ("GPT-4o", "o1", "o3", "claude 3.5 sonnet", "Gemini 1.5 Pro", "grok 3"):
        model = catalog.model(name)
        assert not model.open_weights
        assert not model.has_shape
        assert model.layers is None
        assert model.kv_elements_per_token is None


def test_every_chip_people_rent_has_memory_and_bandwidth(catalog: Catalog) -> None:
    for chip_id in catalog.rentals.chips():
        chip = catalog.chip(chip_id)
        assert chip.id == chip_id
        assert chip.memory_bytes
        assert chip.bandwidth_bytes_per_s
