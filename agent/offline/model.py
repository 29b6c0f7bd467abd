"""The offline model: the embedded default, a deterministic reader of questions behind the ChatModel protocol.

It keeps no state that an answer depends on: each time it reads the thread (what it has read before it remembers), sees
which of its calls have results, and goes one step on. The steps of a question are: calls (calculations, a search, or both), perhaps calls on their results (two
runs compared, a calculation on numbers that a citation gave), then the text and its report.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agent.chat import ChatRequest, Done, Event, Message, TextDelta, ToolCall, ToolSpec
from agent.offline.claims.answer import read_all_claims
from agent.offline.decide import Choice, Decider, Decision
from agent.offline.reading.entities import EntityFinder, Names
from agent.offline.schema import Described, Library
from agent.offline.score import Reader
from agent.offline.talk.steps import Turn, next_step, together
from agent.offline.talk.thread import Read, decide_message, decide_thread
from agent.offline.trial import Run, Trials

if TYPE_CHECKING:
    from agent.settings import Settings
    from tools.catalog import Catalog

NOT_CALCULATORS = frozenset({"search_knowledge", "check_claim", "report"})
DELTA = 160  # characters of text per event, so that front ends can show it growing


class _Memory(dict[tuple[str, ...], Read]):
    """What was read of threads, by their messages: the turns of one question cost nothing, nor do earlier questions."""

    limit = 1024

    def __setitem__(self, key: tuple[str, ...], read: Read) -> None:
        if len(self) >= self.limit:
            del self[next(iter(self))]
        super().__setitem__(key, read)


class OfflineModel:
    """Reads questions against the catalogue's names and the calculators' schemas."""

    provider = "offline"
    model: str | None = None

    def __init__(
        self,
        catalog: Catalog | Names,
        calculators: Mapping[str, Any] | None = None,
        run: Run | None = None,
        settings: Settings | None = None,
    ) -> None:
        self._catalog = catalog
        self._calculators = calculators
        self._home = settings.home if settings is not None else None
        self._trials = Trials(run or _runner(catalog))
        self._finder: EntityFinder | None = None
        self._deciders: dict[tuple[tuple[str, int], ...], tuple[Decider, Sequence[Described]]] = {}
        self._memory: dict[int, _Memory] = {}

    async def stream(self, request: ChatRequest) -> AsyncIterator[Event]:
        """One assistant turn: tool calls, or the text with its report."""
        for event in self.events(request):
            yield event

    def events(self, request: ChatRequest) -> Iterator[Event]:
        decider = self._decider(request.tools)
        turn = read_turn(request)
        memory = self._memory.setdefault(id(decider), _Memory())
        decisions = decide_message(decider, turn.texts, memory)
        step = together([next_step(decider, d, replace(turn, part=k)) for k, d in enumerate(decisions)])
        if step.calls:
            yield from step.calls
            yield Done("tool_use")
            return
        for start in range(0, len(step.text), DELTA):
            yield TextDelta(step.text[start : start + DELTA])
        yield ToolCall(f"q{turn.number}report", "report", step.report)
        yield Done("end_turn")

    def warm(self, tools: Sequence[ToolSpec]) -> None:
        """Read one worked question of every calculator, and every claim's figures, so that no asker waits for a first time."""
        decider = self._decider(tools)
        for spec in decider.reader.library.specs.values():
            for example in spec.examples[:1]:
                decide_message(decider, (example.question,))
        read_all_claims(decider)

    def decide(self, text: str, *earlier: str) -> Decision:
        """The decision about a question (for tests and for `explain`-style tools)."""
        return decide_thread(self._decider(()), (*earlier, text))

    def decider(self) -> Decider:
        """What decides about questions over the calculators this model was given."""
        return self._decider(())

    def _decider(self, tools: Sequence[ToolSpec]) -> Decider:
        described: Sequence[Described] = [t for t in tools if t.name not in NOT_CALCULATORS]
        if not described:
            described = list((self._calculators if self._calculators is not None else _registered()).values())
        key = tuple((t.name, id(t)) for t in described)
        if key not in self._deciders:
            if self._finder is None:
                self._finder = EntityFinder(self._catalog)
            reader = Reader(Library(described), self._finder, self._home)
            decider = Decider(reader, self._trials)
            decider.titles = _titles(self._catalog)
            models = dict(getattr(self._catalog, "models", None) or {})
            decider.open_models = frozenset(k for k, m in models.items() if getattr(m, "open_weights", True))
            self._deciders[key] = (decider, described)
        return self._deciders[key][0]


def read_turn(request: ChatRequest) -> Turn:
    """The thread's questions, and the calls and results that belong to the last one."""
    texts: list[str] = []
    calls: list[ToolCall] = []
    results: dict[str, Mapping[str, Any]] = {}
    for message in request.messages:
        if message.role == "user":
            texts.append(message.text)
            calls, results = [], {}
        elif message.role == "assistant":
            calls.extend(c for c in message.tool_calls if c.name != "report")
        elif message.role == "tool" and message.call_id is not None and message.result is not None:
            results[message.call_id] = message.result
    return Turn(
        tuple(texts),
        tuple(calls),
        results,
        request.as_of,
        any(t.name == "search_knowledge" for t in request.tools),
    )


def _titles(catalog: Any) -> dict[str, str]:
    """The names people read, by catalogue id."""
    found: dict[str, str] = {}
    for kind in ("chips", "models"):
        for entry_id, entry in dict(getattr(catalog, kind, None) or {}).items():
            found[entry_id] = str(getattr(entry, "name", entry_id))
    return found


def _registered() -> Mapping[str, Any]:
    from tools.registry import calculators

    return calculators()


def _runner(catalog: Any) -> Run:
    from tools import registry
    from tools.drawing import numbers_only
    from tools.serving.estimators import ours_only

    def run(name: str, arguments: Mapping[str, Any]) -> Any:
        with ours_only(), numbers_only():  # a trial of a reading must be fast
            return registry.outcome(name, arguments, catalog=catalog)

    return run


__all__ = ["Choice", "Message", "OfflineModel", "read_turn"]
