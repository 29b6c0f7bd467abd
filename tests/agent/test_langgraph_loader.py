"""LangGraph is loaded without clients it never calls, and whoever wants the real ones gets them."""

from __future__ import annotations

import os
import subprocess
import sys

RUN = (
    "import asyncio, sys\n"
    "from typing import TypedDict\n"
    "from agent.langgraph_loader import state_graph\n"
    "graph = state_graph()\n"
    "class S(TypedDict, total=False):\n    n: int\n"
    "async def add(state): return {'n': state['n'] + 1}\n"
    "builder = graph.StateGraph(S)\n"
    "builder.add_node('add', add); builder.add_edge(graph.START, 'add'); builder.add_edge('add', graph.END)\n"
    "assert asyncio.run(builder.compile().ainvoke({'n': 1})) == {'n': 2}\n"
    "real = hasattr(sys.modules['langsmith'], '__file__')\n"
)


def python(code: str, **environment: str) -> str:
    env = {k: v for k, v in os.environ.items() if not k.startswith(("LANGSMITH", "LANGCHAIN"))} | environment
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=env, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_runs_without_the_tracing_client() -> None:
    said = python(RUN + "print(real, 'httpx' in sys.modules, 'langgraph_sdk' in sys.modules)")
    assert said == "False False False"


def test_later_imports_get_the_real_packages() -> None:
    code = (
        RUN
        + "import requests, langgraph_sdk\nprint(hasattr(requests, 'get'), hasattr(langgraph_sdk, 'get_client'))"
    )
    assert python(code) == "True True"


def test_real_client_is_used_when_tracing_is_on() -> None:
    said = python(
        RUN + "print(real)",
        LANGSMITH_TRACING="true",
        LANGSMITH_API_KEY="none",
        LANGSMITH_ENDPOINT="http://127.0.0.1:9",
    )
    assert said.endswith("True")


def test_missing_name_falls_back_to_the_real_packages() -> None:
    code = (
        "import agent.langgraph_loader as l; l._STAND_INS['langsmith'].pop('RunTree')\n" + RUN + "print(real)"
    )
    assert python(code).endswith("True")
