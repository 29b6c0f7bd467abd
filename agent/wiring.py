"""The graph's shape: which node follows which.

A node says itself where it goes on (LangGraph's `Command`): an edge with a condition of its own would read the whole
state again after each node, a quarter of what the graph costs an answer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from agent.nodes import Nodes
from agent.state import State

Node = Callable[[State], Awaitable[State]]


def compile_graph(nodes: Nodes, checkpointer: Any = None) -> Any:
    """The compiled LangGraph graph over these nodes: admit → plan ⇄ act → write → verify."""
    from agent.langgraph_loader import state_graph

    graph = state_graph()
    builder = graph.StateGraph(State)
    builder.add_edge(graph.START, "admit")
    for name, (follows, targets) in _WAYS.items():
        ends = tuple(target or graph.END for target in targets)
        builder.add_node(name, _going_on(getattr(nodes, name), follows, graph.END), destinations=ends)
    return builder.compile(checkpointer=checkpointer)


def _going_on(node: Node, follows: Callable[[State], str], end: str) -> Callable[[State], Awaitable[Any]]:
    """The node, whose result also says which comes next."""
    from langgraph.types import Command

    async def run(state: State) -> Any:
        changed = await node(state)
        return Command(update=changed, goto=follows({**state, **changed}) or end)

    return run


def after_admit(state: State) -> str:
    return "" if "answer" in state else "plan"


def after_plan(state: State) -> str:
    return "act" if state.get("pending") else "write"


def after_act(_: State) -> str:
    return "plan"


def after_write(_: State) -> str:
    return "verify"


def after_verify(state: State) -> str:
    """Back to the model when a repair was just asked for (its request is then the last message)."""
    last = state["messages"][-1]
    return "plan" if last.role == "user" and state.get("repairs", 0) else ""


# node → what says who is next ("" for the end), and who that may be
_WAYS: dict[str, tuple[Callable[[State], str], tuple[str, ...]]] = {
    "admit": (after_admit, ("plan", "")),
    "plan": (after_plan, ("act", "write")),
    "act": (after_act, ("plan",)),
    "write": (after_write, ("verify",)),
    "verify": (after_verify, ("plan", "")),
}
