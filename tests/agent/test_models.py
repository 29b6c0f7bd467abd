"""Settings from the environment, and choosing a chat model by entry point."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from conftest import ScriptedModel, says

from agent import models
from agent.errors import ProviderError
from agent.graph import Agent
from agent.models import Calculators, chat_model
from agent.settings import Settings

KEYS = ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "RACKRATE_PROVIDER", "RACKRATE_HOME", "RACKRATE_MODEL")


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KEYS:
        monkeypatch.delenv(name, raising=False)


class PluginModel(ScriptedModel):
    """What a third party would write: a class that takes what it wants of what is offered."""

    def __init__(self, settings: Settings, calculators: Mapping[str, Any]) -> None:
        super().__init__(says("from a plugin"), provider="plugin")
        self.settings, self.calculators = settings, calculators


def declare(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    points = {name: EntryPoint(name, value, models.GROUP) for name, value in values.items()}
    monkeypatch.setattr(models, "providers", lambda: points)


def make(name: str, settings: Settings) -> Any:
    return chat_model(name, settings, catalog=lambda: None, calculators=Calculators())


def test_environment_is_read_and_secrets_do_not_print(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RACKRATE_HOME", str(tmp_path))
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-very-secret")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:8000/v1")
    monkeypatch.setenv("RACKRATE_SLACK_BOT_TOKEN", "xoxb-very-secret")
    settings = Settings()
    assert settings.home == tmp_path
    assert settings.openai_base_url == "http://127.0.0.1:8000/v1"
    assert "very-secret" not in repr(settings) + settings.model_dump_json()


def test_empty_variables_count_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "")
    monkeypatch.setenv("RACKRATE_PROVIDER", "")
    assert Settings().chosen_provider() == "offline"


@pytest.mark.parametrize(
    ("environment", "chosen"),
    [
        ({}, "offline"),
        ({"OPENAI_API_KEY": "k"}, "openai"),
        ({"OPENAI_API_KEY": "k", "ANTHROPIC_API_KEY": "k"}, "anthropic"),
        ({"ANTHROPIC_API_KEY": "k", "RACKRATE_PROVIDER": "offline"}, "offline"),
    ],
)
def test_provider_is_chosen_by_keys(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], chosen: str
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert Settings().chosen_provider() == chosen


async def test_plugin_answers_like_a_built_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    declare(monkeypatch, plugin="test_models:PluginModel", offline="test_models:PluginModel")
    answer = await Agent(Settings(home=tmp_path, provider="plugin")).ask("x")
    assert (answer.provider, answer.text) == ("plugin", "from a plugin")


def test_faults_of_a_plugin_are_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    declare(monkeypatch, missing="no_such_module:Thing", odd="os:getcwd", wants="agent.chat:Message")
    settings = Settings()
    with pytest.raises(ProviderError, match="'nobody'; allowed: missing, odd, wants"):
        make("nobody", settings)
    with pytest.raises(ProviderError, match="ModuleNotFoundError"):
        make("missing", settings)
    with pytest.raises(ProviderError, match="cannot start"):
        make("wants", settings)
    with pytest.raises(ProviderError, match="no ChatModel"):
        make("odd", settings)


def test_only_what_a_factory_wants_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    declare(monkeypatch, plugin="test_models:PluginModel")

    def never() -> None:
        raise AssertionError("the catalogue was loaded for a model that does not want it")

    made = chat_model("plugin", Settings(), catalog=never, calculators=Calculators())
    assert isinstance(made, PluginModel)
    assert "arithmetic" in made.calculators
