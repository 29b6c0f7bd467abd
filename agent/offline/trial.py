"""Trying a frame out: calculators are pure, so the reader may run them to see whether they answer the question."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tools.registry import Outcome

Run = Callable[[str, Mapping[str, Any]], "Outcome"]


@dataclass(frozen=True)
class Trial:
    """What a run came to: `ok` with its output, or the kind of error with field, value and what is allowed."""

    kind: str  # ok missing invalid unknown unit absent broken
    output: Mapping[str, Any]
    figures: Mapping[str, tuple[float, str]]
    field: str = ""
    value: Any = None
    allowed: str = ""
    message: str = ""
    nearest: tuple[str, ...] = ()
    assumed: int = 0  # what the run assumed because nobody said it
    warned: int = 0


class Trials:
    """Runs calculators for the reader, remembering the last few hundred runs."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._cached = lru_cache(maxsize=512)(self._attempt)

    def __call__(self, name: str, arguments: Mapping[str, Any]) -> Trial:
        return self._cached(name, json.dumps(arguments, sort_keys=True, default=str))

    def _attempt(self, name: str, arguments: str) -> Trial:
        from tools.errors import FactAbsent, InputError, MissingInput, RackrateError, UnitError, UnknownName

        try:
            done = self._run(name, json.loads(arguments))
        except MissingInput as e:
            return Trial("missing", {}, {}, e.field, None, e.allowed, str(e))
        except UnknownName as e:
            return Trial("unknown", {}, {}, e.field, e.value, e.allowed, str(e), tuple(e.nearest))
        except UnitError as e:
            return Trial("unit", {}, {}, e.field, e.value, e.allowed, str(e))
        except InputError as e:
            return Trial("invalid", {}, {}, e.field, e.value, e.allowed, str(e))
        except FactAbsent as e:
            return Trial("absent", {}, {}, message=str(e))
        except RackrateError as e:
            return Trial("broken", {}, {}, message=str(e))
        except Exception as e:  # a plugin's own fault must not stop the reading of the question
            return Trial("broken", {}, {}, message=f"{type(e).__name__}: {e}")
        return Trial("ok", done.output, done.figures, assumed=done.assumed, warned=done.warned)
