"""Choosing a chat model: by entry point, so that a third party's stands beside the built-in ones.

An entry point of the group `rackrate.chat_models` names a class or a function. It is called with those of
`catalog`, `calculators`, `settings`, `model` it has parameters for, and returns a ChatModel (agent/chat.py).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any

from agent.chat import ChatModel
from agent.errors import ProviderError

if TYPE_CHECKING:
    from agent.settings import Settings

GROUP = "rackrate.chat_models"
OFFLINE = "offline"


def providers() -> dict[str, EntryPoint]:
    """Every chat model that is declared, by name."""
    return {point.name: point for point in entry_points(group=GROUP)}


class Calculators(Mapping[str, Any]):
    """The registry's calculators by name; they are imported when somebody looks."""

    def __getitem__(self, name: str) -> Any:
        return self._all()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    @staticmethod
    def _all() -> Mapping[str, Any]:
        from tools import registry

        return registry.calculators()


def chat_model(
    name: str, settings: Settings, *, catalog: Callable[[], Any], calculators: Mapping[str, Any]
) -> ChatModel:
    """The chat model of that name. ProviderError in one line when it is unknown or cannot start."""
    known = providers()
    if name not in known:
        raise ProviderError(f"provider is {name!r}; allowed: {', '.join(sorted(known))}")
    offered: dict[str, Callable[[], Any]] = {
        "catalog": catalog,
        "calculators": lambda: calculators,
        "settings": lambda: settings,
        "model": lambda: settings.model,
    }
    try:
        factory = known[name].load()
        wanted = inspect.signature(factory).parameters
        model: ChatModel = factory(**{key: give() for key, give in offered.items() if key in wanted})
    except ProviderError:
        raise
    except Exception as error:
        raise ProviderError(f"provider {name} cannot start: {type(error).__name__}: {error}") from error
    if not callable(getattr(model, "stream", None)) or not isinstance(getattr(model, "provider", None), str):
        raise ProviderError(f"provider {name} gives no ChatModel (it needs `provider`, `model` and `stream`)")
    return model
