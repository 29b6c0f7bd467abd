"""The agent: one LangGraph graph, admit → plan ⇄ act → write → verify, around any ChatModel.

    agent = Agent(settings())
    answer = agent.ask_now("How many tokens can an H200 cache for Llama 3.1 8B in bf16?")

The graph is compiled once an agent. Threads are kept by `agent.threads`, two small writes a turn; a LangGraph
checkpointer, which writes at every node, is added for models whose work is paid for (agent.checkpoints).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, TypeVar

from agent import logs
from agent.admit import clean
from agent.ahead import ahead
from agent.answer import Answer
from agent.chat import ChatModel, Message
from agent.checkpoints import Checkpoints
from agent.database import is_postgres, postgres_url, sqlite_file
from agent.defences import KEY_REMOVED, guard_logs, redact, redacted, redacted_message, secrets_of
from agent.errors import AgentError, ThreadError
from agent.models import OFFLINE, Calculators, chat_model
from agent.nodes import Nodes
from agent.prompt import without_repairs
from agent.settings import Settings
from agent.state import State, due_at, trace_of
from agent.threads import LAST, Threads, named
from agent.toolbox import Toolbox
from agent.tracing import Tracing
from agent.turns import LEASE_S, RENEW_S, Turn
from agent.wiring import compile_graph
from tools.errors import InputError, RackrateError

if TYPE_CHECKING:
    from tools.catalog import Catalog

log = logging.getLogger("rackrate.agent")

T = TypeVar("T")
AT_ONCE = 3  # answers computed at once in one process: one computes, another may wait for a search


class Agent:
    """Answers questions. One per process is enough; it may serve many questions at once."""

    def __init__(
        self,
        settings: Settings,
        *,
        models: Sequence[ChatModel] | None = None,
        catalog: Callable[[], Catalog] | None = None,
        knowledge: Callable[[], Any] | None = None,
        threads: Threads | None = None,
    ) -> None:
        """`models` are tried in order; by default the chosen provider, then offline."""
        self.settings = settings
        self._given = list(models) if models else None
        self._secrets = secrets_of(settings)
        guard_logs(self._secrets)
        logs.configure(settings, self._secrets)
        self._tracing = Tracing.of(settings, self._secrets)
        self._catalog = catalog or self._load_catalog
        self.toolbox = Toolbox(self._catalog, knowledge or self._open_knowledge, settings.home)
        self._runner: asyncio.Runner | None = None
        self._at_once = asyncio.Semaphore(AT_ONCE)
        self.threads = threads or threads_of(settings)
        self.checkpoints = Checkpoints(settings)
        self.lease_s = settings.answer_deadline_s + 60  # until `keep_leases` renews them
        self._open: dict[str, Turn] = {}  # turns worked on now, by token
        self._resumable: Any = None  # the graph with checkpoints

    @cached_property
    def models(self) -> list[ChatModel]:
        if self._given:
            return self._given
        return [self._model(name) for name in self.settings.failover_order()]

    def _model(self, name: str) -> ChatModel:
        settings = self.settings
        if (
            name != settings.chosen_provider()
        ):  # a model id is one provider's; others answer with their default
            settings = settings.model_copy(update={"model": None})
        return chat_model(name, settings, catalog=self._catalog, calculators=Calculators())

    def _load_catalog(self) -> Catalog:
        from tools.catalog import load

        return load(self.settings.home)

    def _open_knowledge(self) -> Any:
        from knowledge import KnowledgeBase

        return KnowledgeBase(self.settings.home, chroma_url=self.settings.chroma_url)

    @cached_property
    def _nodes(self) -> Nodes:
        return Nodes(self.models, self.toolbox, self.settings, _emit)

    @cached_property
    def _graph(self) -> Any:
        return compile_graph(self._nodes)

    def warm(self) -> None:
        """Import, compile and load what the first question would otherwise wait for; for processes that go on."""
        from agent.ledger_numbers import find_numbers

        find_numbers("1 GB")
        _ = self._graph
        for model in self.models:
            warm = getattr(
                model, "warm", None
            )  # a model may have something to load, as the offline reader has
            if callable(warm):
                warm(self.toolbox.specs)
        self.toolbox.warm()

    async def ask(
        self,
        question: str,
        *,
        thread: str | None = None,
        as_of: str | None = None,
        history: Sequence[Message] | None = None,
    ) -> Answer:
        """Answer one question. AgentError (one line) when it cannot be worked on at all.

        `history` gives the earlier turns instead of a thread's (nothing is kept then, without a `thread`).
        """
        started = time.perf_counter()
        asked = await self._begun(question, thread, as_of, history)
        return await self._answered(asked, asked.start, started)

    async def stream(
        self,
        question: str,
        *,
        thread: str | None = None,
        as_of: str | None = None,
        history: Sequence[Message] | None = None,
    ) -> AsyncIterator[tuple[str, Any]]:
        """Answer one question as events: status, tool_call, tool_result, citation, text, then answer."""
        started = time.perf_counter()
        asked = await self._begun(question, thread, as_of, history)
        end: State = asked.start
        async with self._undone(asked.turn):
            with self._traced(asked.start):
                async with aclosing(ahead(self._steps(asked))) as steps:
                    async for mode, chunk in steps:
                        if mode == "custom":
                            yield chunk["event"], chunk["data"]
                        else:
                            end = chunk
                answer = await self._finish(end, asked.turn, started)
        yield "answer", answer

    async def resume(self, thread: str) -> list[Answer]:
        """Go on with what was interrupted in a thread, where it was cut off if that was kept; the answers, in order."""
        answers = []
        for left in await self._kept(self.threads.unanswered, named(thread)):
            if not left.interrupted:
                continue
            turn = await self._kept(self.threads.take, left.turn, self.lease_s)
            if turn is None:  # another replica was first
                continue
            started = time.perf_counter()
            self._open[turn.token] = turn
            asked = Asked(await self._start(left.question, thread, left.as_of, turn.number), turn)
            graph, config = await self._prepared(turn)
            cut_off = graph.checkpointer is not None and bool((await graph.aget_state(config)).next)
            answers.append(await self._answered(asked, None if cut_off else asked.start, started))
        return answers

    def ask_now(self, question: str, *, thread: str | None = None, as_of: str | None = None) -> Answer:
        """`ask` for callers without an event loop."""
        return self.run(self.ask(question, thread=thread, as_of=as_of))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something on this agent's own event loop; for callers without one."""
        return self._loop().run(work)

    def close(self) -> None:
        if self._runner is not None:
            self._runner.close()
            self._runner = None
        self.toolbox.close()
        self.checkpoints.close()
        self.threads.close()

    async def keep_leases(self) -> None:
        """Renew the leases of the turns worked on here, until cancelled: others then see soon that we are gone."""
        self.lease_s = LEASE_S
        while True:
            await asyncio.sleep(RENEW_S)
            if self._open:
                try:
                    await self._kept(self.threads.renew, list(self._open.values()), LEASE_S)
                except ThreadError as error:  # a database that is away is tried again
                    log.warning("leases were not renewed: %s", error)

    async def sweep(self) -> None:
        """Forget the checkpoints of answers that nobody will go on with."""
        if self._computes_here:
            return
        try:
            await self.checkpoints.sweep(self.threads.open_runs)
        except ThreadError as error:
            log.warning("checkpoints were not swept: %s", error)

    def _loop(self) -> asyncio.Runner:
        """One loop for all: a provider's connections belong to the loop they began in."""
        if self._runner is None:
            self._runner = asyncio.Runner()
        return self._runner

    async def _answered(self, asked: Asked, start: State | None, started: float) -> Answer:
        """The Answer to what was begun; `start` is None for an answer that goes on from its checkpoint."""
        async with self._undone(asked.turn):
            with self._traced(asked.start):
                return await self._run(asked, start, started)

    async def _run(self, asked: Asked, start: State | None, started: float) -> Answer:
        graph, config = await self._prepared(asked.turn)
        try:
            async with self._turn():
                due_at.set(asyncio.get_running_loop().time() + self.settings.answer_deadline_s)
                end = await graph.ainvoke(start, config)
        except RackrateError:
            raise
        except Exception as error:
            log.debug("the graph failed", exc_info=True)
            raise AgentError(f"internal error: {type(error).__name__}: {_line(error)}") from error
        return await self._finish(end, asked.turn, started)

    async def _steps(self, asked: Asked) -> AsyncIterator[tuple[str, Any]]:
        graph, config = await self._prepared(asked.turn)
        async with self._turn():
            due_at.set(asyncio.get_running_loop().time() + self.settings.answer_deadline_s)
            async for step in graph.astream(asked.start, config, stream_mode=["custom", "values"]):
                yield step

    def _turn(self) -> AbstractAsyncContextManager[Any]:
        """A turn at the processor, first come first served, for a model that computes here.

        Many answers begun at once would all end late; so each ends when those before it have. A model behind a
        network waits for others, not for the processor, and needs no turn.
        """
        return self._at_once if self._computes_here else nullcontext()

    @property
    def _computes_here(self) -> bool:
        return self.models[0].provider == OFFLINE

    async def _prepared(self, turn: Turn | None) -> tuple[Any, dict[str, Any]]:
        """The graph and LangGraph's configuration of one run."""
        # LangGraph's own limit is kept out of the way of ours: two steps a round, and the repair's
        config: dict[str, Any] = {"recursion_limit": 4 * self.settings.max_rounds + 20}
        if turn is None or self._computes_here:
            return self._graph, config
        saver = await self.checkpoints.saver()
        if saver is None:
            return self._graph, config
        if self._resumable is None or self._resumable.checkpointer is not saver:
            self._resumable = compile_graph(self._nodes, saver)
        return self._resumable, config | {"configurable": {"thread_id": turn.run}}

    async def _begun(
        self, question: str, thread: str | None, as_of: str | None, given: Sequence[Message] | None
    ) -> Asked:
        """What a question starts from, and its turn. Without one (a full disk) it is answered all the same."""
        if thread is None:
            return Asked(await self._start(question, None, as_of, given=given), None)
        asked = redact(clean(question)[: self.settings.max_question_chars + 1], self._secrets)
        turn: Turn | None = None
        try:
            turn = await self._kept(self.threads.begin, named(thread), asked, self.lease_s, as_of)
            self._open[turn.token] = turn
        except ThreadError as error:
            log.warning("a turn was not begun: %s", error)
        try:
            before = turn.number if turn else None
            return Asked(await self._start(question, thread, as_of, before, given), turn)
        except ThreadError:
            await self._given_up(turn, forget=True)
            raise

    async def _start(
        self,
        question: str,
        thread: str | None,
        as_of: str | None,
        before: int | None = None,
        given: Sequence[Message] | None = None,
    ) -> State:
        history = [redacted_message(message, self._secrets) for message in given or ()]
        if thread is not None and given is None:
            limits = (self.settings.max_thread_turns, LAST if before is None else before)
            history = await self._kept(self.threads.history, named(thread), *limits)
        asked = clean(question)
        safe = redact(asked, self._secrets)  # before a model, a thread or a log sees it
        start: State = {"question": safe, "thread": thread, "as_of": as_of, "history": history}
        return start if safe == asked else {**start, "warnings": [KEY_REMOVED]}

    @contextmanager
    def _traced(self, start: State) -> Iterator[None]:
        """The span of one answer round what is done for it; nothing when tracing is off."""
        if self._tracing is None:
            trace_of.set(None)
            yield
            return
        trace = self._tracing.begin(start["question"], start["thread"])
        trace_of.set(trace)
        try:
            yield
        except BaseException as error:  # a reader of a stream may go away, too
            trace.end(error=error)
            raise
        finally:
            trace.end()

    async def _kept(self, method: Callable[..., T], *arguments: Any) -> T:
        """A call of the threads' store, away from the event loop where it waits for a network."""
        if self.threads.blocking:
            return await asyncio.to_thread(method, *arguments)
        return method(*arguments)

    @asynccontextmanager
    async def _undone(self, turn: Turn | None) -> AsyncIterator[None]:
        """A turn that fails is forgotten, as its caller is told; one that is cancelled is left as interrupted."""
        try:
            yield
        except (asyncio.CancelledError, GeneratorExit):
            await asyncio.shield(self._given_up(turn, forget=False))
            raise
        except BaseException:
            await self._given_up(turn, forget=True)
            raise

    async def _given_up(self, turn: Turn | None, *, forget: bool) -> None:
        if turn is None:
            return
        self._open.pop(turn.token, None)
        try:
            await self._kept(partial(self.threads.abandon, turn, forget=forget))
        except ThreadError as error:  # its lease will run out
            log.warning("a turn was not given up: %s", error)
        if forget:
            await self.checkpoints.forget(turn.run)

    async def _finish(self, end: State, turn: Turn | None, started: float) -> Answer:
        answer = redacted(end["answer"], self._secrets)
        thread = end.get("thread")
        if thread is not None:
            messages = [redacted_message(m, self._secrets) for m in without_repairs(end.get("messages", []))]
            try:
                if turn is None:
                    await self._kept(self.threads.append, thread, messages, answer)
                else:
                    await self._kept(self.threads.finish, turn, messages, answer)
            except ThreadError as error:  # the answer is worth having though a follow-up will not see it
                note = f"Thread not kept: {error}"
                answer = answer.model_copy(update={"warnings": [*answer.warnings, note]})
            else:
                await self.checkpoints.forget(turn.run if turn else "")
        if turn is not None:
            self._open.pop(turn.token, None)
        elapsed = round((time.perf_counter() - started) * 1000, 3)
        answer = answer.model_copy(update={"elapsed_ms": elapsed})
        if trace := trace_of.get():
            trace.end(answer)
        logs.answered(answer)
        return answer


@dataclass(frozen=True, slots=True)
class Asked:
    """A question on its way: what the graph starts from, and the turn of its thread (None without a thread)."""

    start: State
    turn: Turn | None


def threads_of(settings: Settings) -> Threads:
    """Where threads are kept: RACKRATE_DATABASE_URL (SQLite or PostgreSQL), else the data folder."""
    if not is_postgres(settings.database_url):
        try:
            return Threads(sqlite_file(settings, "threads"))
        except InputError as error:
            raise AgentError(str(error)) from error
    from agent.threads_postgres import PostgresThreads

    return PostgresThreads(postgres_url(settings))  # the driver, psycopg, serves both kinds of engine


def _emit(event: str, data: Any) -> None:
    """Send an event to whoever streams this run; costs microseconds when nobody does."""
    from langgraph.config import get_stream_writer

    get_stream_writer()({"event": event, "data": data})


def _line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0]
