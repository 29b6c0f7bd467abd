"""LangGraph without its passengers: what the graph needs, at a third of the import time.

Importing `langgraph.graph` takes 1.5 processor seconds on a slow core (3.5 when no bytecode is kept); two thirds of
it are clients the graph never calls here: LangSmith (hosted tracing), the LangGraph platform SDK and requests.
`state_graph` imports LangGraph with small stand-ins in their place, each holding exactly the names LangGraph and
langchain-core touch. Nothing is patched: when LangSmith tracing is switched on, when either package is imported
already, or when a name is missing (a new release), the real packages are used.

======================  ===========  ===========
import                  bytecode     no bytecode
======================  ===========  ===========
langgraph.graph         1.5 s        3.5 s
with the stand-ins      0.5 s        1.3 s
======================  ===========  ===========
"""

from __future__ import annotations

import gc
import os
import sys
from types import ModuleType
from typing import Any

_MARK = "Stand-in"
_TRACING = ("LANGSMITH_TRACING", "LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING_V2")
_UNTRACED: dict[str, Any] = dict.fromkeys(
    ("parent", "project_name", "tags", "metadata", "enabled", "client", "replicas", "distributed_parent_id")
)


class _Unused:
    """Stands for a class that is named at import time and never used."""


class _LangSmithError(Exception):
    """Named in a retry rule of the tracer, which never runs untraced."""


def _tracing_context(*_: Any, **__: Any) -> dict[str, Any]:
    return dict(_UNTRACED)


def _nothing(*_: Any, **__: Any) -> None:
    return None


def _off(*_: Any, **__: Any) -> bool:
    return False


_STAND_INS: dict[str, dict[str, Any]] = {
    "langsmith": {"RunTree": _Unused, "Client": _Unused, "get_tracing_context": _tracing_context},
    "langsmith.address": {"ensure_agent": _nothing, "AgentAddress": _Unused},
    "langsmith.run_helpers": {
        "get_tracing_context": _tracing_context,
        "_set_tracing_context": _nothing,
    },
    "langsmith.run_trees": {"RunTree": _Unused, "_CLIENT": None, "get_cached_client": _nothing},
    "langsmith.utils": {"tracing_is_enabled": _off, "LangSmithError": _LangSmithError},
    "requests": {"HTTPError": _Unused, "Response": _Unused},
    "langgraph_sdk": {},
    "langgraph_sdk.auth": {},
    "langgraph_sdk.auth.types": {"BaseUser": _Unused},
}


def state_graph() -> Any:
    """The module `langgraph.graph` (StateGraph, START, END)."""
    if "langgraph.graph" in sys.modules or _real_clients_wanted():
        return _import()
    _install()
    collecting = gc.isenabled()
    gc.disable()  # the import makes a million objects that all stay: collecting finds nothing, for 15 % of it
    try:
        return _import()
    except (ImportError, AttributeError):
        for package in ("langsmith", "langgraph_sdk", "requests"):
            _remove(package)
        _forget("langgraph", "langchain_core")
        return _import()
    finally:
        if collecting:
            gc.enable()
        _remove("langgraph_sdk")
        _remove("requests")


def _import() -> Any:
    import langgraph.graph

    return langgraph.graph


def _real_clients_wanted() -> bool:
    traced = any(os.environ.get(name, "").lower() in ("1", "true", "yes") for name in _TRACING)
    return traced or "langsmith" in sys.modules or "langgraph_sdk" in sys.modules


def _install() -> None:
    for name, members in _STAND_INS.items():
        if name in sys.modules:
            continue
        module = ModuleType(name, f"{_MARK}: see agent.langgraph_loader")
        module.__path__ = []
        module.__dict__.update(members)
        sys.modules[name] = module
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], child, module)


def _remove(package: str) -> None:
    """Take a stand-in away again, so that whoever imports the package later gets the real one."""
    for name in [n for n in _STAND_INS if n in sys.modules and n.split(".")[0] == package]:
        if (sys.modules[name].__doc__ or "").startswith(_MARK):
            del sys.modules[name]


def _forget(*packages: str) -> None:
    for name in [n for n in sys.modules if n.split(".")[0] in packages]:
        del sys.modules[name]
