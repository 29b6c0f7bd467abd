"""Second opinions: found by entry point, typed by structure, harmless when broken; aiconfigurator when installed."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from tools import registry
from tools.contract import CalculatorRun
from tools.serving import aiconfigurator, estimators

INPUT = {
    "model": "llama-3.1-70b", "chip": "h100", "n_chips": 4, "weight_precision": "fp8", "input_tokens": 1000,
    "output_tokens": 500, "batch": 32, "engine": "trt-llm",
}  # fmt: skip
REQUEST = {**INPUT, "chip": "h100-sxm", "tensor_parallel": 4, "kv_precision": "bf16"}
INSTALLED = importlib.util.find_spec(aiconfigurator.PACKAGE) is not None


class Point:
    """What `importlib.metadata.EntryPoint` offers here."""

    def __init__(self, loaded: Any) -> None:
        self.loaded = loaded

    def load(self) -> Any:
        if isinstance(self.loaded, Exception):
            raise self.loaded
        return self.loaded


Install = Callable[..., None]


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    def clear() -> None:
        estimators._load.cache_clear()
        estimators._ask.cache_clear()

    def put(**loaded: Any) -> None:
        clear()
        monkeypatch.setattr(estimators, "_points", lambda: {k: Point(v) for k, v in loaded.items()})

    yield put
    clear()


def run() -> CalculatorRun:
    return registry.run("serving_performance", INPUT)


def test_without_an_estimator_nothing_is_added(install: Install) -> None:
    install()
    done = run()
    assert done.output.get("second_opinion_tokens_per_s") is None
    assert not any("times ours" in w for w in done.warnings)


def test_a_plugin_s_figure_stands_beside_ours(install: Install) -> None:
    seen: list[Mapping[str, Any]] = []

    def other(request: Mapping[str, Any]) -> dict[str, Any]:
        seen.append(request)
        return {"output_tokens_per_s": 100.0, "source": "Someone's tables"}

    install(other=other)
    done = run()
    assert done.output["second_opinion_tokens_per_s"] == 100.0
    assert any("other says 100 output tokens/s" in warning for warning in done.warnings)
    assert any(source.title == "Someone's tables" for source in done.sources)
    assert any(f.name == "second_opinion_tokens_per_s" and f.unit == "token/s" for f in done.figures)
    assert (seen[0]["chip"], seen[0]["batch"], seen[0]["tensor_parallel"]) == ("h100-sxm", 32, 4)


def test_one_that_agrees_gives_no_warning(install: Install) -> None:
    install()
    ours = run().output["output_tokens_per_s"]
    install(other=lambda request: {"output_tokens_per_s": 1.2 * ours})
    assert not any("times ours" in w for w in run().warnings)


@pytest.mark.parametrize(
    "broken",
    [
        ImportError("no such module"),
        lambda request: 1 / 0,
        lambda request: {},
        lambda request: {"output_tokens_per_s": float("nan")},
        lambda request: None,
        "not callable",
    ],
)
def test_a_broken_one_takes_nothing_down(install: Install, broken: Any) -> None:
    install(broken=broken, good=lambda request: {"output_tokens_per_s": 2000.0})
    done = run()
    assert done.output["second_opinion_tokens_per_s"] == 2000.0
    assert done.output["output_tokens_per_s"] > 0


def test_trial_runs_ask_nobody(install: Install) -> None:
    install(other=lambda request: {"output_tokens_per_s": 100.0})
    with estimators.ours_only():
        assert run().output.get("second_opinion_tokens_per_s") is None
    assert run().output["second_opinion_tokens_per_s"] == 100.0


@pytest.mark.skipif(INSTALLED, reason="aiconfigurator-core is installed")
def test_not_installed_is_silence() -> None:
    assert aiconfigurator.estimate(REQUEST) is None


@pytest.mark.skipif(not INSTALLED, reason="aiconfigurator-core (extra silicon) is not installed")
def test_aiconfigurator_gives_a_second_opinion() -> None:
    found = aiconfigurator.estimate(REQUEST)
    assert found is not None
    ours = run().output["output_tokens_per_s"]
    assert 0.4 < found["output_tokens_per_s"] / ours < 2.5
    assert 0.001 < found["tpot_s"] < 0.2
    assert "aiconfigurator-core" in found["source"]


@pytest.mark.skipif(not INSTALLED, reason="aiconfigurator-core (extra silicon) is not installed")
@pytest.mark.parametrize(
    "unknown", [{"chip": "mi300x"}, {"model": "mixtral-8x7b"}, {"weight_precision": "fp6"}]
)
def test_aiconfigurator_is_silent_on_what_it_does_not_know(unknown: dict[str, str]) -> None:
    assert aiconfigurator.estimate({**REQUEST, **unknown}) is None
