"""Answers and forms as Block Kit. Pure functions; every text is escaped, every limit of Slack's kept."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from agent.answer import Answer, ToolResult
from tools.contract import CalculatorRun
from tools.units import format_quantity

Block = dict[str, Any]

SECTION_LIMIT = 2900  # Slack allows 3000 characters
BLOCK_LIMIT = 48  # and 50 blocks
HEADER_LIMIT = 145
TABLE_ROWS = 15
EXAMPLES = (
    "max batch of Llama 405B FP8 on 8xH100 at 12k context?",
    "HBM per dollar of Trainium2 against H100?",
    "what was said about neoclouds, and does it hold?",
)
STATUS = {
    "clarify": ":grey_question: One thing is missing",
    "invalid": ":warning: That cannot be",
    "out_of_scope": ":no_entry_sign: Outside what can be answered",
    "refused": ":no_entry: Not answered",
}


def escaped(text: str) -> str:
    """Text in which nothing is markup of Slack's: no mention, no channel, no link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def mrkdwn(text: str) -> str:
    """Our Markdown as Slack's mrkdwn."""
    safe = escaped(text)
    safe = re.sub(r"^#{1,4}\s+(.+)$", r"*\1*", safe, flags=re.MULTILINE)
    safe = re.sub(r"\*\*(.+?)\*\*", r"*\1*", safe)
    safe = re.sub(r"^\s*[-*]\s+(?=\S)", "• ", safe, flags=re.MULTILINE)
    return re.sub(
        r"(?:^\|.*\|[ \t]*$\n?)+", lambda m: f"```\n{m.group().strip()}\n```\n", safe, flags=re.MULTILINE
    )


def answer_blocks(answer: Answer, thread: str, turn: int) -> list[Block]:
    """Headline, text, table, what was assumed, sources, feedback."""
    blocks: list[Block] = []
    if answer.status in STATUS:
        blocks.append(_section(f"*{STATUS[answer.status]}*"))
    if answer.headline:
        head = format_quantity(answer.headline.value, answer.headline.unit)
        blocks.append({"type": "header", "text": {"type": "plain_text", "text": head[:HEADER_LIMIT]}})
    blocks += [_section(part) for part in _split(mrkdwn(answer.text))]
    table = next((t.table for t in answer.tool_calls if t.table and t.table.get("rows")), None)
    if table:
        blocks.append(_section(_table(table)))
    if answer.assumptions:
        blocks.append(_section("*Assumed:* " + escaped("; ".join(answer.assumptions))))
    for warning in answer.warnings[:3]:
        blocks.append(_section(f":warning: {escaped(warning)}"))
    sources = _sources(answer)
    if sources:
        blocks.append(_context(sources))
    return [*blocks[: BLOCK_LIMIT - 2], _context([_footer(answer)]), _actions(answer, thread, turn)]


def metadata(event_id: str) -> dict[str, Any]:
    """What a posted answer carries, unseen: the event it answers."""
    return {"event_type": "rackrate_answer", "event_payload": {"event_id": event_id}}


def fallback(answer: Answer) -> str:
    """The text of a notification."""
    return escaped(answer.text)[:300]


def run_blocks(run: CalculatorRun, changed: Mapping[str, Any]) -> list[Block]:
    """A calculation run again with other inputs."""
    said = (
        ", ".join(f"{name.replace('_', ' ')} = {value}" for name, value in changed.items())
        or "the same inputs"
    )
    rows = [f"*{f.name.replace('_', ' ')}*: {format_quantity(f.value, f.unit)}" for f in run.figures[:8]]
    blocks = [_section(f"With {escaped(said)}:"), _section("\n".join(escaped(r) for r in rows))]
    if run.formula:
        blocks += [_section(f"```{part}```") for part in _split(escaped(run.formula), 2800)]
    return blocks[:BLOCK_LIMIT]


def assumptions_modal(call: ToolResult, private: Mapping[str, Any]) -> dict[str, Any]:
    """A form of a calculation's inputs."""
    inputs = [
        {
            "type": "input",
            "block_id": name,
            "optional": True,
            "label": {"type": "plain_text", "text": name.replace("_", " ")[:200]},
            "element": {
                "type": "plain_text_input",
                "action_id": "value",
                "initial_value": (value if isinstance(value, str) else json.dumps(value))[:3000],
            },
        }
        for name, value in list(call.input.items())[:40]
    ]
    return {
        "type": "modal",
        "callback_id": "edit_assumptions",
        "private_metadata": json.dumps(private),
        "title": {"type": "plain_text", "text": call.tool.replace("_", " ")[:24]},
        "submit": {"type": "plain_text", "text": "Run again"},
        "close": {"type": "plain_text", "text": "Cancel"},
        "blocks": inputs or [_section("This calculation has no inputs.")],
    }


def home_view() -> dict[str, Any]:
    """The App Home: what it does, and questions to try."""
    examples = "\n".join(f"• `{text}`" for text in EXAMPLES)
    return {
        "type": "home",
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": "rackrate"}},
            _section("Compute-market questions, answered with numbers traced to a calculation or a source."),
            _section(f"*Mention me, write me, or use `/rackrate`:*\n{examples}"),
            _context(
                ["Follow-ups in a thread know what came before. Inputs can be changed under each answer."]
            ),
        ],
    }


def _section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text[:SECTION_LIMIT] or " "}}


def _context(texts: Sequence[str]) -> Block:
    return {
        "type": "context",
        "elements": [{"type": "mrkdwn", "text": t[:SECTION_LIMIT]} for t in texts[:10]],
    }


def _split(text: str, limit: int = SECTION_LIMIT) -> list[str]:
    """Text in parts that fit a section, broken at line ends where possible."""
    parts: list[str] = []
    rest = text.strip()
    while len(rest) > limit:
        at = rest.rfind("\n", 0, limit)
        at = at if at > limit // 2 else limit
        parts.append(rest[:at])
        rest = rest[at:].lstrip("\n")
    return [*parts, rest] if rest else parts


def _table(table: Mapping[str, Any]) -> str:
    """A table as monospaced text, as wide as its cells."""
    rows = [[str(c) for c in table["columns"]]] + [
        [_cell(c) for c in row] for row in table["rows"][:TABLE_ROWS]
    ]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)).rstrip()
        for row in rows
    ]
    return "```" + escaped("\n".join(lines))[: SECTION_LIMIT - 10] + "```"


def _cell(value: Any) -> str:
    from tools.units import format_number

    return (
        format_number(float(value))
        if isinstance(value, int | float) and not isinstance(value, bool)
        else str(value)
    )


def _sources(answer: Answer) -> list[str]:
    cited = [
        f"“{escaped(c.text[:160])}” — {escaped(c.title)} {c.start or (f'p. {c.page}' if c.page else '')}"
        for c in answer.citations[:3]
    ]
    facts = [s for call in answer.tool_calls for s in call.sources]
    titles = list(dict.fromkeys(f"{escaped(s['title'])} ({s.get('as_of') or 'undated'})" for s in facts))
    return cited + (["Sources: " + "; ".join(titles[:4])] if titles else [])


def _footer(answer: Answer) -> str:
    traced = answer.ledger.checked - len(answer.ledger.unsupported)
    return (
        f"{answer.provider} · {traced} of {answer.ledger.checked} numbers traced · {answer.elapsed_ms:.0f} ms"
    )


def _actions(answer: Answer, thread: str, turn: int) -> Block:
    value = json.dumps({"thread": thread, "turn": turn})
    buttons: list[Block] = [
        _button("👍", "feedback_up", value),
        _button("👎", "feedback_down", value),
    ]
    if any(not call.error for call in answer.tool_calls):
        buttons.append(_button("Edit assumptions", "open_assumptions", value))
    return {"type": "actions", "elements": buttons}


def _button(text: str, action: str, value: str) -> Block:
    return {
        "type": "button",
        "text": {"type": "plain_text", "text": text},
        "action_id": action,
        "value": value,
    }
