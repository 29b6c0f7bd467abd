"""The error tree of the calculators and the catalogue.

RackrateError
├── InputError            the caller's: a field, its value, what is allowed (exit status 2)
│   ├── UnknownName       a chip, model or calculator nobody knows; carries the nearest names
│   ├── UnitError         a unit that does not fit the field
│   └── MissingInput      a field is needed that nobody gave (an agent asks for it)
├── FactAbsent            the catalogue has no sourced value for what was asked
└── PluginError           a plugin that is broken, or two of one name
"""

from __future__ import annotations

from collections.abc import Sequence


class RackrateError(Exception):
    """Root of every error this project raises on purpose."""


class InputError(RackrateError):
    """An input that cannot be. `str(e)` is one line naming field, value and what is allowed."""

    def __init__(self, field: str, value: object, allowed: str) -> None:
        self.field, self.value, self.allowed = field, value, allowed
        super().__init__(f"{field} is {_short(value)}; allowed: {allowed}")


class UnknownName(InputError):
    """A name the catalogue (or the registry) does not hold."""

    def __init__(self, field: str, value: object, nearest: Sequence[str] = ()) -> None:
        self.nearest = tuple(nearest)
        hint = f"a known name; nearest: {', '.join(nearest)}" if nearest else "a known name"
        super().__init__(field, value, hint)


class UnitError(InputError):
    """A quantity whose unit does not fit the field."""


class MissingInput(InputError):
    """A field that is needed and absent."""

    def __init__(self, field: str, allowed: str) -> None:
        super().__init__(field, None, allowed)


class FactAbsent(RackrateError):
    """No sourced value exists for a fact; never replaced by a guess."""


class PluginError(RackrateError):
    """A plugin that cannot be loaded, or two plugins of one name."""


def _short(value: object, limit: int = 80) -> str:
    text = "missing" if value is None else repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
