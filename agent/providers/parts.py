"""What both providers share: the tools as they are told of them, and arguments as they come back."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from agent.chat import Message, ToolCall, ToolSpec
from agent.providers.faults import ProviderFault

_OURS = ("unit", "entity", "words", "ask", "role", "above", "below", "examples", "title", "want")
_MAX_DESCRIPTION = 1000


class ToolList:
    """A provider's list of tools, shaped once for each set of them: 29 schemas take 10 ms, and every turn sends them."""

    def __init__(self, shape: Callable[[ToolSpec], dict[str, Any]]) -> None:
        self._shape = shape
        self._of: Sequence[ToolSpec] = ()
        self._made: list[dict[str, Any]] = []

    def of(self, tools: Sequence[ToolSpec]) -> list[dict[str, Any]]:
        """The tools in the provider's shape. The dicts are shared: a caller that adds to one copies it."""
        if tools is not self._of:
            self._made, self._of = [self._shape(tool) for tool in tools], tools
        return list(self._made)


def tool_schema(spec: ToolSpec) -> dict[str, Any]:
    """The input schema as a provider accepts it: our extra keys folded into the descriptions, nothing unknown."""
    return _folded(dict(spec.input_schema)) | {"additionalProperties": False}


def tool_description(spec: ToolSpec) -> str:
    return spec.description[:_MAX_DESCRIPTION]


def _folded(schema: Mapping[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for key, value in schema.items():
        if key in ("properties", "$defs"):
            kept[key] = {name: _folded(part) for name, part in value.items()}
        elif key in _OURS:
            continue
        elif isinstance(value, Mapping):
            kept[key] = _folded(value)
        elif isinstance(value, list):
            kept[key] = [_folded(item) if isinstance(item, Mapping) else item for item in value]
        else:
            kept[key] = value
    hint = _hint(schema)
    if hint:
        kept["description"] = f"{kept.get('description', '').rstrip('.')} ({hint})".strip()
    return kept


def _hint(schema: Mapping[str, Any]) -> str:
    parts = []
    if isinstance(schema.get("unit"), str):
        parts.append(f"in {schema['unit']}")
    if isinstance(schema.get("entity"), str):
        parts.append(f"a {schema['entity']} of the catalogue")
    return ", ".join(parts)


def tool_call(provider: str, call_id: str, name: str, arguments: str | Mapping[str, Any]) -> ToolCall:
    """A finished call. ProviderFault "malformed" when the arguments are not a JSON object."""
    try:
        parsed = json.loads(arguments or "{}") if isinstance(arguments, str) else arguments
    except json.JSONDecodeError as error:
        raise ProviderFault(
            provider, "malformed", f"arguments of {name} are not JSON: {error.msg}"
        ) from error
    if not isinstance(parsed, Mapping):
        raise ProviderFault(
            provider, "malformed", f"arguments of {name} are {type(parsed).__name__}, not an object"
        )
    return ToolCall(id=call_id, name=name, arguments=dict(parsed))


def result_text(message: Message) -> str:
    """A tool result as text for a model, compact. Marks that a chat template could read as a turn's end are broken up."""
    text = json.dumps(message.result or {}, ensure_ascii=False, separators=(",", ":"), default=str)
    return (
        text.replace("<|", "< |").replace("|>", "| >").replace("[INST]", "[ INST]").replace("</s>", "< /s>")
    )


def system_text(messages: Sequence[Message]) -> str:
    return "\n\n".join(m.text for m in messages if m.role == "system" and m.text)
