"""The nodes of the graph: admit, plan, act, write, verify.

Each is a function of the State that returns what it changes. They know ChatModels and the Toolbox, not LangGraph.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, get_args

from agent.admit import examine
from agent.answer import Answer, Ledger, Status, Usage
from agent.budget import LEAST_OUTPUT, output_tokens_left, within
from agent.chat import ChatModel, ChatRequest, Done, Message, Restarted, TextDelta, ToolCall
from agent.cost import usd
from agent.defences import Sieve, cleaned, secrets_of
from agent.headline import headline
from agent.models import OFFLINE
from agent.prompt import REPORT, SYSTEM, repair
from agent.settings import Settings
from agent.state import Outcome, State, due_at, trace_of
from agent.support import unsupported_sayings
from agent.toolbox import Toolbox
from agent.tracing import OFF
from tools.contract import Figure

log = logging.getLogger("rackrate.agent")

Emit = Callable[[str, Any], None]
STATUSES: frozenset[str] = frozenset(get_args(Status))
MAX_REPAIRS = 1
MAX_FAILED_ROUNDS = 3  # a call that fails may be mended twice
OFFLINE_S = 5.0


class Nodes:
    """The nodes of one agent. `models` are tried in order; the first that works serves the whole answer."""

    def __init__(self, models: Sequence[ChatModel], toolbox: Toolbox, settings: Settings, emit: Emit) -> None:
        self.models, self.toolbox, self.settings, self.emit = models, toolbox, settings, emit
        self._secrets = secrets_of(settings)

    async def admit(self, state: State) -> State:
        """Size, injection, advice: may end here with the Answer."""
        self.emit("status", {"node": "admit"})
        verdict = examine(state["question"], self.settings.max_question_chars)
        if verdict is None:
            return {"messages": [Message("user", state["question"])]}
        answer = Answer(
            question=state["question"][:500],
            status=verdict.status,
            text=verdict.text,
            warnings=[*state.get("warnings", ()), *([verdict.field_line] if verdict.field_line else [])],
            provider=self.models[0].provider,
            model=self.models[0].model,
            thread=state.get("thread"),
        )
        return {"answer": answer, "text": verdict.text, "status": verdict.status}

    async def plan(self, state: State) -> State:
        """One turn of the model: text, the calls it wants, or its report."""
        self.emit("status", {"node": "plan"})
        serving, warnings = state.get("serving", 0), list(state.get("warnings", ()))
        afresh: State = {}
        while True:
            model = self.models[serving]
            try:
                turn = await self._turn(model, state)
                break
            except Exception as error:
                reason = "took too long" if isinstance(error, TimeoutError) else _first_line(error)
                log.warning("%s failed: %s", model.provider, reason)
                if serving + 1 >= len(self.models):
                    raise
                serving += 1
                warnings.append(
                    f"{model.provider} failed ({reason}); answered by {self.models[serving].provider}."
                )
                # the next model starts from the question: calls and repairs of another would mislead it
                afresh = {
                    "messages": [Message("user", state["question"])],
                    "outcomes": [],
                    "rounds": 0,
                    "failed_rounds": 0,
                    "read": None,
                }
                state = {**state, **afresh}
        return {**afresh, **turn, "serving": serving, "warnings": warnings + list(turn.get("warnings", ()))}

    async def _turn(self, model: ChatModel, state: State) -> State:
        request = ChatRequest(
            messages=[Message("system", SYSTEM), *state.get("history", ()), *state["messages"]],
            tools=self.toolbox.specs,
            as_of=state.get("as_of"),
        )
        if model.provider != OFFLINE:
            most = within(self.settings, model, state.get("usage"), request, state.get("read"))
            request = replace(request, max_output_tokens=most)
        text, calls, done = "", list[ToolCall](), Done("end_turn")
        retried: list[str] = []
        sieve = Sieve(self._secrets)
        trace = trace_of.get()
        with trace.chat(model.provider, model.model, request) if trace else OFF as span:
            async with asyncio.timeout_at(self._until(model)):
                async for event in model.stream(request):
                    if isinstance(event, TextDelta):
                        text += event.text
                        self._show(sieve.take(event.text))
                    elif isinstance(event, ToolCall):
                        calls.append(event)
                    elif isinstance(event, Restarted):
                        text, calls = "", []
                        sieve.drop()
                        retried.append(event.reason)
                        self.emit("status", {"node": "plan", "restarted": event.reason})
                    else:
                        done = event
            if trace:
                span(trace.said(text, calls, done, usd(model.provider, model.model, done)))
        self._show(sieve.rest())
        turn = self._read(model, state, cleaned(text, self._secrets), calls, done)
        if retried:
            again = f"{model.provider} was tried {len(retried) + 1} times: {'; '.join(retried)}"
            turn["warnings"] = [again, *turn.get("warnings", ())]
        return turn

    def _until(self, model: ChatModel) -> float:
        """The loop time a turn must end at: the answer's own, less what the offline reader needs after it."""
        ends_at = due_at.get()
        if (
            model.provider == OFFLINE
        ):  # it waits for nobody; it may use what a hanging provider left, and more
            return max(ends_at, asyncio.get_running_loop().time() + OFFLINE_S)
        return ends_at - min(OFFLINE_S, 0.1 * self.settings.answer_deadline_s)

    def _show(self, text: str) -> None:
        if text:
            self.emit("text", {"delta": text})

    def _read(self, model: ChatModel, state: State, text: str, calls: list[ToolCall], done: Done) -> State:
        """What one turn means: calls to run, or a final text with its report."""
        wanted = tuple(c for c in calls if c.name != REPORT)
        report = next((c for c in reversed(calls) if c.name == REPORT), None)
        warnings: list[str] = []
        status: Status | None = None
        if done.stop_reason in ("max_tokens", "error"):  # calls of a cut turn may be cut themselves
            wanted, report = (), None
            warnings.append(f"The model's turn ended early ({done.stop_reason}); the text may be incomplete.")
        elif done.stop_reason == "refusal":
            wanted, report, status = (), None, "refused"
        usage = _added(state.get("usage"), done, usd(model.provider, model.model, done))
        if model.provider != OFFLINE:
            self.emit("status", {"node": "plan", "usage": usage.model_dump()})
        limit = self._limit(state, model, wanted, usage, done) if wanted else None
        if limit:
            wanted, status = (), "out_of_scope"
            warnings.append(f"Stopped: too many {limit} for one answer.")
        if wanted:
            asked = wanted if report is None else (*wanted, report)
            pending, said = asked, Message("assistant", text, asked)
            report_arguments: Mapping[str, Any] | None = None
        else:
            pending, said = (), Message("assistant", text, (report,) if report else ())
            report_arguments = report.arguments if report else None
        messages = [*state["messages"], said]
        if report and not wanted:
            messages.append(Message("tool", call_id=report.id, result={"noted": True}))
        update: State = {
            "messages": messages,
            "pending": pending,
            "text": text,
            "report": report_arguments,
            "rounds": state.get("rounds", 0) + 1,
            "usage": usage,
            "read": done.input_tokens + done.output_tokens,
            "warnings": warnings,
        }
        if status:
            update["status"] = status
        return update

    def _limit(
        self, state: State, model: ChatModel, wanted: Sequence[ToolCall], usage: Usage, done: Done
    ) -> str | None:
        """What the answer would have too much of, if it went on."""
        settings = self.settings
        if state.get("rounds", 0) + 1 > settings.max_rounds:
            return f"rounds (at most {settings.max_rounds})"
        if state.get("failed_rounds", 0) >= MAX_FAILED_ROUNDS:
            return f"failed calls (in {MAX_FAILED_ROUNDS} rounds)"
        if len(state.get("outcomes", ())) + len(wanted) > settings.max_tool_calls:
            return f"tool calls (at most {settings.max_tool_calls})"
        if model.provider == OFFLINE:
            return None
        # the next turn reads what this one read and wrote, and the results of its calls besides
        if output_tokens_left(settings, model, usage, done.input_tokens + done.output_tokens) >= LEAST_OUTPUT:
            return None
        if usage.input_tokens + usage.output_tokens + done.input_tokens > settings.max_tokens_per_answer:
            return (
                f"tokens ({usage.input_tokens + usage.output_tokens:,} of {settings.max_tokens_per_answer:,})"
            )
        return f"dollars (${usage.usd:.2g} of ${settings.max_usd_per_answer:g})"

    async def act(self, state: State) -> State:
        """Run the calls the model asked for, and append their results for it to read."""
        pending = state["pending"]
        for call in pending:
            self.emit("tool_call", {"id": call.id, "tool": call.name, "input": dict(call.arguments)})
        outcomes = await self.toolbox.run(
            pending,
            question=state["question"],
            earlier="\n".join(m.text for m in state.get("history", ()) if m.role == "user"),
            as_of=state.get("as_of"),
            trace=trace_of.get(),
        )
        for outcome in outcomes:
            self.emit("tool_result", {"id": outcome.call.id, "tool": outcome.call.name, **outcome.message})
            for citation in outcome.citations:
                self.emit("citation", citation.model_dump(mode="json"))
        results = [Message("tool", call_id=o.call.id, result=o.message) for o in outcomes]
        kept = [o for o in outcomes if o.call.name != REPORT]
        return {
            "messages": [*state["messages"], *results],
            "outcomes": [*state.get("outcomes", ()), *kept],
            "pending": (),
            "failed_rounds": state.get("failed_rounds", 0) + any(o.failed for o in kept),
        }

    async def write(self, state: State) -> State:
        """The Answer from the final text, its report and the results."""
        model = self.models[state.get("serving", 0)]
        outcomes, report = state.get("outcomes", []), state.get("report")
        text, status = state.get("text", "").strip(), _status(state)
        warnings = list(state.get("warnings", ()))
        figure: Figure | None = None
        if status == "answered":
            figure, complaint = headline(report, outcomes, text)
            warnings += [complaint] if complaint else []
        runs = [o.run for o in outcomes if o.run is not None]
        answer = Answer(
            question=state["question"],
            status=status,
            text=text or _fallback(status, warnings),
            headline=figure,
            figures=_unique([*([figure] if figure else []), *(f for run in runs for f in run.figures)]),
            tool_calls=runs,
            citations=_by_weight(_unique([c for o in outcomes for c in o.citations]), report),
            assumptions=_unique(
                [a for run in runs for a in run.assumptions] + _said(report) + _unstated(outcomes)
            ),
            warnings=_unique(
                warnings
                + [w for o in outcomes for w in o.warnings]
                + [w for run in runs for w in run.warnings]
            ),
            provider=model.provider,
            model=model.model,
            usage=state.get("usage") or Usage(),
            thread=state.get("thread"),
        )
        return {"answer": answer}

    async def verify(self, state: State) -> State:
        """The number ledger: one repair by a model that can mend its text, then a visible warning."""
        from agent.ledger import check

        answer = state["answer"]
        earlier = [m for m in state.get("history", ()) if m.role in ("user", "assistant")]
        limits = self.toolbox.limits if answer.status in ("invalid", "clarify") else ()
        ledger = check(answer, [m.text for m in earlier], limits)
        model = self.models[state.get("serving", 0)]
        mendable = getattr(model, "repairs", model.provider != OFFLINE)
        if ledger.unsupported and mendable and state.get("repairs", 0) < MAX_REPAIRS and self._affords(state):
            self.emit("status", {"node": "verify", "unsupported": ledger.unsupported})
            return {
                "messages": [*state["messages"], repair(ledger.unsupported)],
                "repairs": state.get("repairs", 0) + 1,
                "answer": answer.model_copy(update={"ledger": ledger}),
                "pending": (),
            }
        said = unsupported_sayings(answer, [m.text for m in earlier])
        return {"answer": _marked(answer, ledger, said)}

    def _affords(self, state: State) -> bool:
        """Whether a repair fits into the budget: it reads what the last turn read and wrote."""
        model = self.models[state.get("serving", 0)]
        left = output_tokens_left(self.settings, model, state.get("usage"), state.get("read") or 0)
        return left >= LEAST_OUTPUT


def _status(state: State) -> Status:
    """The status: what a limit or a refusal decided, else what the model reported, else what the text shows."""
    if state.get("status") in ("refused", "out_of_scope"):
        return state["status"]
    reported = (state.get("report") or {}).get("status")
    if reported in STATUSES:
        return reported  # type: ignore[no-any-return]
    return "answered" if state.get("text", "").strip() else "out_of_scope"


def _fallback(status: Status, warnings: Sequence[str]) -> str:
    if status == "refused":
        return "The model declined to answer this."
    return "I have no answer to this." + (f" {warnings[0]}" if warnings else "")


def _said(report: Mapping[str, Any] | None) -> list[str]:
    said = (report or {}).get("assumptions") or []
    return [str(a) for a in said] if isinstance(said, list | tuple) else [str(said)]


def _by_weight(citations: list[Any], report: Mapping[str, Any] | None) -> list[Any]:
    """The citations, those that the report says the answer rests on before the others."""
    named = (report or {}).get("cited")
    first = {str(key): n for n, key in enumerate(named)} if isinstance(named, list | tuple) else {}
    return sorted(citations, key=lambda c: first.get(c.claim_id or "", len(first)))


def _unstated(outcomes: Sequence[Outcome]) -> list[str]:
    """Inputs that a model chose itself: neither stated, nor a result of an earlier call."""
    found: list[str] = []
    known: set[Any] = set()
    for outcome in outcomes:
        run = outcome.run
        if run is None or run.error:
            continue
        chosen = {} if outcome.call.origins else run.origins
        for field, origin in chosen.items():
            value = run.input[field]
            chosen_here = origin == "default" and field in outcome.call.arguments and _plain(value)
            if chosen_here and value not in known:
                found.append(f"{field.replace('_', ' ')}: {value} (the model's choice, not stated)")
        known |= {figure.value for figure in run.figures}
    return found


def _plain(value: Any) -> bool:
    """A number or a name, not an expression or a list."""
    return isinstance(value, int | float) or (isinstance(value, str) and value.replace("-", "").isalnum())


def _marked(answer: Answer, ledger: Ledger, said: Sequence[str]) -> Answer:
    warnings = [*answer.warnings, *said]
    if ledger.unsupported:
        warnings.append(
            f"No calculation, source or part of the question supports: {', '.join(ledger.unsupported)}."
        )
    return answer.model_copy(update={"ledger": ledger, "warnings": warnings})


def _added(usage: Usage | None, done: Done, cost_usd: float) -> Usage:
    before = usage or Usage()
    return Usage(
        input_tokens=before.input_tokens + done.input_tokens,
        output_tokens=before.output_tokens + done.output_tokens,
        usd=round(before.usd + cost_usd, 8),
    )


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def _unique(items: Sequence[Any]) -> list[Any]:
    """The items in order, each once (pydantic models compare by value and need not be hashable)."""
    kept: list[Any] = []
    seen: set[str] = set()
    for item in items:
        key = item if isinstance(item, str) else item.model_dump_json()
        if key not in seen:
            seen.add(key)
            kept.append(item)
    return kept
