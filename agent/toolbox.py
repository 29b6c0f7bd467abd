"""The tools of one agent: every calculator, `search_knowledge` and `check_claim`, run as a model asks for them.

Whatever goes wrong in a call is told to the model in one shape it can mend from::

    {"error": {"kind": "invalid|missing|unknown|unit|absent|broken", "field", "value", "allowed", "nearest", "message"}}
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.answer import Origin, ToolResult
from agent.chat import ToolCall, ToolSpec
from agent.defences import without_links
from agent.origins import origins_of
from agent.prompt import CHECK, FENCE, REPORT, SEARCH
from agent.state import Outcome
from agent.tool_specs import limits_of, tool_specs
from agent.tracing import Answering
from knowledge.citation import Citation
from tools import registry
from tools.contract import CalculatorRun
from tools.errors import FactAbsent, InputError, MissingInput, RackrateError, UnitError, UnknownName

if TYPE_CHECKING:
    from tools.catalog import Catalog

log = logging.getLogger("rackrate.agent")


class Toolbox:
    """Runs calls. `catalog` and `knowledge` are made on first use, since many answers need only one."""

    def __init__(
        self, catalog: Callable[[], Catalog], knowledge: Callable[[], Any], home: Path | None = None
    ) -> None:
        self._home = home
        self._catalog = catalog
        self._make_knowledge = knowledge
        self._knowledge: Any = None
        self._shelf: ThreadPoolExecutor | None = None  # SQLite stays on the thread that opened it
        self._specs: tuple[ToolSpec, ...] | None = None
        self._limits: tuple[float, ...] | None = None

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """Every tool as a model sees it."""
        if self._specs is None:
            self._specs = tool_specs(self._home)
        return self._specs

    @property
    def limits(self) -> tuple[float, ...]:
        """Every bound of every input field; an answer that calls a value impossible may name them."""
        if self._limits is None:
            self._limits = tuple(limits_of(self.specs))
        return self._limits

    @property
    def catalog(self) -> Catalog:
        """The catalogue the calculators are handed."""
        return self._catalog()

    async def search(self, query: str, top: int = 5) -> list[Citation]:
        """Passages and claims nearest to a query."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._shelf_thread(), lambda: self._shelf_search(query, top))

    async def run(
        self,
        calls: Sequence[ToolCall],
        *,
        question: str,
        earlier: str,
        as_of: str | None,
        trace: Answering | None = None,
    ) -> list[Outcome]:
        """Run calls, independent ones in parallel; the results are in the order of the calls."""

        async def one(call: ToolCall) -> Outcome:
            if trace is None:
                return await run(call)
            with trace.tool(call) as span:
                outcome = await run(call)
                span(trace.result(outcome.message))
                return outcome

        async def run(call: ToolCall) -> Outcome:
            if call.name == SEARCH:
                loop = asyncio.get_running_loop()
                return await loop.run_in_executor(self._shelf_thread(), self._search, call)
            if len(calls) == 1:  # a thread would cost more than most calculators
                return self._calculate(call, question, earlier, as_of)
            return await asyncio.to_thread(self._calculate, call, question, earlier, as_of)

        return list(await asyncio.gather(*(one(call) for call in calls)))

    def warm(self) -> None:
        """Open the knowledge base ahead of the first search; where it cannot be, that search says so."""
        try:
            self._shelf_thread().submit(self._shelf_search, "GPU rents", 1).result()
        except Exception as error:
            log.debug("the knowledge base is not ready: %s", error)

    def close(self) -> None:
        if self._shelf is not None:
            self._shelf.shutdown(wait=False)

    def _shelf_thread(self) -> ThreadPoolExecutor:
        if self._shelf is None:
            self._shelf = ThreadPoolExecutor(1, thread_name_prefix="knowledge")
        return self._shelf

    def _calculate(self, call: ToolCall, question: str, earlier: str, as_of: str | None) -> Outcome:
        if call.name == REPORT:
            return Outcome(
                call, _error("invalid", "report", None, "after the results are read, with the text")
            )
        if call.name == CHECK:
            return self._check_claim(call)
        try:
            arguments = self._dated(call, as_of)
            run = registry.run(call.name, arguments, catalog=self._catalog())
        except Exception as error:
            return Outcome(call, told(error), _failed(call, error))
        result = _as_result(run, origins_of(call, run, question, earlier))
        return Outcome(call, _as_message(run), result)

    def _check_claim(self, call: ToolCall) -> Outcome:
        """A claim of the ledger computed again; the calculator's run is the result that people see."""
        from agent.claims import run_check

        identifier = call.arguments.get("id")
        if not isinstance(identifier, str):
            return Outcome(call, _error("missing", "id", identifier, "a passage's claim_id"))
        try:
            checked, run = run_check(identifier, self._catalog())
        except Exception as error:
            return Outcome(call, told(error), _failed(call, error))
        message = checked.model_dump(mode="json", exclude_none=True)
        if run is None:
            return Outcome(call, message)
        origins = {key: _CLAIM_ORIGINS.get(said["origin"], "claim") for key, said in checked.inputs.items()}
        result = _as_result(run, {key: origins.get(key, "default") for key in run.input})
        told_too = {"claim": checked.claim, "verdict": checked.verdict, "note": checked.note}
        shown = {"output": {**run.output, **told_too}, "table": None, "chart": None}  # a verdict is a line
        return Outcome(call, message, result.model_copy(update=shown))

    def _dated(self, call: ToolCall, as_of: str | None) -> dict[str, Any]:
        """The arguments, with the date of the question where the calculator takes one."""
        arguments = dict(call.arguments)
        if as_of and "as_of" not in arguments and "as_of" in registry.get(call.name).fields:
            arguments["as_of"] = as_of
        return arguments

    def _shelf_search(self, query: str, top: int) -> list[Citation]:
        """On the shelf's thread only."""
        if self._knowledge is None:
            self._knowledge = self._make_knowledge()
        return list(self._knowledge.search(query, top=top))

    def _search(self, call: ToolCall) -> Outcome:
        query, top = call.arguments.get("query"), call.arguments.get("top", 5)
        if not isinstance(query, str) or not query.strip():
            return Outcome(call, _error("missing", "query", query, "what to look for, in a few words"))
        if not isinstance(top, int) or not 1 <= top <= 20:
            return Outcome(call, _error("invalid", "top", top, "a whole number from 1 to 20"))
        try:
            found = self._shelf_search(query[:2000], top)
        except Exception as error:
            log.warning("search_knowledge failed: %s: %s", type(error).__name__, error)
            return Outcome(call, told(error))
        # a passage may hold a link or an image meant for whoever reads the answer: what is quoted is words
        found = [c.model_copy(update={"text": without_links(c.text)}) for c in found]
        passages = [c.model_dump(mode="json", exclude_none=True) for c in found]
        fault = getattr(self._knowledge, "fault", None)
        told_too = {"warning": fault} if fault else {}
        return Outcome(
            call,
            {"note": FENCE, "citations": passages, **told_too},
            citations=tuple(found),
            warnings=(fault,) if fault else (),
        )


_CLAIM_ORIGINS: dict[str, Origin] = {
    "claim": "claim",
    "catalogue": "catalogue",
    "fact": "catalogue",
    "assumed": "default",
}


def _as_result(run: CalculatorRun, origins: dict[str, Origin]) -> ToolResult:
    """A run as it stands in an Answer."""
    return ToolResult(
        tool=run.tool,
        input=run.input,
        origins=origins,
        output=run.output,
        figures=run.figures,
        formula=run.formula,
        warnings=run.warnings,
        assumptions=run.assumptions,
        taken=run.taken,
        sources=[s.model_dump(exclude_none=True) for s in run.sources],
        table=run.table,
        chart=run.chart,
    )


def _as_message(run: CalculatorRun) -> dict[str, Any]:
    """A run as a model is told it: without the chart, which is for eyes."""
    return run.model_dump(mode="json", exclude={"chart"})


def _failed(call: ToolCall, error: Exception) -> ToolResult:
    said = {str(k): v for k, v in call.arguments.items()} if isinstance(call.arguments, Mapping) else {}
    return ToolResult(tool=call.name, input=said, error=_line(error))


def _line(error: Exception) -> str:
    text = str(error).splitlines()[0] if str(error) else ""
    return text if isinstance(error, RackrateError) else f"{type(error).__name__}: {text}"


def _error(
    kind: str,
    field: str | None,
    value: Any,
    allowed: str | None,
    *,
    nearest: Sequence[str] = (),
    message: str = "",
) -> dict[str, Any]:
    return {
        "error": {
            "kind": kind,
            "field": field,
            "value": value,
            "allowed": allowed,
            "nearest": list(nearest),
            "message": message or f"{field} is {value!r}; allowed: {allowed}",
        }
    }


def told(error: Exception) -> dict[str, Any]:
    """An error as a model is told it."""
    if isinstance(error, InputError):
        nearest: Sequence[str] = ()
        kind = "invalid"
        if isinstance(error, MissingInput):
            kind = "missing"
        elif isinstance(error, UnknownName):
            kind, nearest = "unknown", error.nearest
        elif isinstance(error, UnitError):
            kind = "unit"
        value = error.value if isinstance(error.value, int | float | str | bool | None) else repr(error.value)
        return _error(kind, error.field, value, error.allowed, nearest=nearest, message=_line(error))
    if isinstance(error, FactAbsent):
        return _error("absent", None, None, None, message=_line(error))
    log.warning("a tool failed: %s", _line(error))
    return _error("broken", None, None, None, message=_line(error))
