"""Answers and forms as Block Kit. Pure functions; every text is escaped, every limit of Slack's kept."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from agent.answer import Answer, ToolResult
from agent.headline import opening
from agent.levers import headline_run, levers_of
from tools import registry
from tools.contract import CalculatorRun
from tools.errors import RackrateError
from tools.sensitivity import told
from tools.units import format_number, format_quantity

Block = dict[str, Any]

SECTION_LIMIT = 2900  # Slack allows 3000 characters
BLOCK_LIMIT = 48  # and 50 blocks
MESSAGE_LIMIT = 11_000  # characters of all blocks; Slack refuses messages of some 13,000
HEADER_LIMIT = 145
FORM_FIELDS = 40
TABLE_ROWS, TABLE_WIDTH = 15, 90
NOT_CHOSEN = "-"
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
    """Headline, text, table, what would change it, what was assumed, sources, feedback."""
    blocks, text = _top(answer)
    blocks += [_section(part) for part in _split(mrkdwn(text))]
    if answer.status == "answered":
        blocks += _shown_table(answer) + _levers(answer)
    if answer.assumptions:
        blocks += [_section(part) for part in _split("*Assumed*\n" + _bullets(answer.assumptions[:12]))]
    for warning in answer.warnings[:3]:
        blocks.append(_section(f":warning: {escaped(warning)}"))
    sources = _sources(answer) if answer.status == "answered" else []
    if sources:
        blocks.append(_context(sources))
    return [*_fitting(blocks), _context([_footer(answer)]), _actions(answer, thread, turn)]


def _fitting(blocks: Sequence[Block]) -> list[Block]:
    """The blocks, as far as a message may hold them; it says when the rest is left out."""
    kept: list[Block] = []
    room = MESSAGE_LIMIT
    for block in blocks:
        room -= len(json.dumps(block.get("text") or block.get("elements")))
        if room < 0 or len(kept) >= BLOCK_LIMIT - 3:
            return [*kept, _context(["The rest does not fit a message."])]
        kept.append(block)
    return kept


def _top(answer: Answer) -> tuple[list[Block], str]:
    """The status or the headline with what it is, and the text that is left to tell."""
    blocks: list[Block] = []
    if answer.status in STATUS:
        blocks.append(_section(f"*{STATUS[answer.status]}*"))
    if answer.headline is None:
        return blocks, answer.text
    said = opening(answer.text, answer.headline)
    amount = said[1] if said else format_quantity(answer.headline.value, answer.headline.unit)
    low, high = answer.headline.low, answer.headline.high
    if low is not None and high is not None and low != high:
        ends = (format_quantity(end, answer.headline.unit) for end in (low, high))
        amount += f"  ({' to '.join(ends)})"
    blocks.append({"type": "header", "text": {"type": "plain_text", "text": amount[:HEADER_LIMIT]}})
    if said is None:
        return blocks, answer.text
    blocks.append(_context([escaped(said[0])]))
    return blocks, answer.text.partition("\n\n")[2]


def _shown_table(answer: Answer) -> list[Block]:
    """The table of the headline's calculation, else the first there is, unless the text brought one."""
    holder = headline_run(answer)
    runs = [holder] if holder else answer.tool_calls
    table = next((run.table for run in runs if run.table and run.table.get("rows")), None)
    return [_section(_table(table))] if table and "```" not in mrkdwn(answer.text) else []


def _levers(answer: Answer) -> list[Block]:
    found = levers_of(answer)
    if found is None:
        return []
    return [_section("*What would change it most*\n" + _bullets([told(lever) for lever in found.levers]))]


def _bullets(lines: Sequence[str]) -> str:
    return "\n".join(f"• {escaped(line)}" for line in lines)


def metadata(event_id: str) -> dict[str, Any]:
    """What a posted answer carries, unseen: the event it answers."""
    return {"event_type": "rackrate_answer", "event_payload": {"event_id": event_id}}


def fallback(answer: Answer) -> str:
    """The text of a notification."""
    return escaped(answer.text)[:300]


def run_blocks(
    run: CalculatorRun, changed: Mapping[str, Any], before: ToolResult, about: Mapping[str, Any]
) -> list[Block]:
    """A calculation run again with other inputs: each result beside what it was."""
    said = ", ".join(f"{_words(name)} = {value}" for name, value in changed.items()) or "the same inputs"
    was = {figure.name: figure for figure in before.figures}
    rows = []
    for figure in run.figures[:8]:
        row = f"*{_words(figure.name)}*: {format_quantity(figure.value, figure.unit)}"
        old = was.get(figure.name)
        if old is not None and old.value != figure.value:
            row += f"  (was {format_quantity(old.value, old.unit)})"
        rows.append(row)
    blocks = [_section(part) for part in _split(f"With {escaped(said)}:")]
    blocks.append(_section("\n".join(escaped(row) for row in rows)))
    blocks += [_section(f"```{part}```") for part in _split(escaped(run.formula), 2800)]
    again = _button("Edit assumptions", "open_assumptions", json.dumps(dict(about)))
    return [*blocks[: BLOCK_LIMIT - 1], {"type": "actions", "elements": [again]}]


def form_values(state: Mapping[str, Any]) -> dict[str, str | None]:
    """What stands in each field of a submitted form; None where it is empty."""
    found: dict[str, str | None] = {}
    for name, part in state.items():
        value = part["value"]
        chosen = value.get("selected_option")
        text = chosen["value"] if chosen else value.get("value")
        found[name] = None if text in ("", NOT_CHOSEN) else text
    return found


def assumptions_modal(call: ToolResult, private: Mapping[str, Any]) -> dict[str, Any]:
    """A form of a calculation's inputs, those nobody gave (assumed) among them."""
    assumed = {name: value for name, value in call.taken.items() if name not in call.input}
    fields = list({**call.input, **assumed}.items())[:FORM_FIELDS]
    schema = _input_schema(call.tool)
    inputs = [_field(name, value, schema.get(name, {}), name in assumed) for name, value in fields]
    return {
        "type": "modal",
        "callback_id": "edit_assumptions",
        "private_metadata": json.dumps(private),
        "title": {"type": "plain_text", "text": _words(call.tool)[:24]},
        "submit": {"type": "plain_text", "text": "Run again"},
        "close": {"type": "plain_text", "text": "Cancel"},
        "blocks": inputs or [_section("This calculation has no inputs.")],
    }


def _input_schema(tool: str) -> Mapping[str, Any]:
    try:
        found: Mapping[str, Any] = registry.get(tool).input_schema.get("properties", {})
    except RackrateError:  # a plugin that is gone: its fields stay plain
        return {}
    return found


def _field(name: str, value: Any, schema: Mapping[str, Any], assumed: bool) -> Block:
    """One input of the form: a menu where the calculator lists choices, else a line of text."""
    unit = str(schema.get("unit") or "")
    label = _words(name) + (f" ({unit})" if unit and unit != "dimensionless" else "")
    text = value if isinstance(value, str) else json.dumps(value)
    block: Block = {
        "type": "input",
        "block_id": name[:255],
        "optional": True,
        "label": {"type": "plain_text", "text": (label + (", assumed" if assumed else ""))[:2000]},
        "element": _menu(text, _choices(schema)) or {
            "type": "plain_text_input", "action_id": "value", "initial_value": text[:3000],
        },
    }  # fmt: skip
    if schema.get("description"):
        block["hint"] = {"type": "plain_text", "text": str(schema["description"])[:2000]}
    return block


def _choices(schema: Mapping[str, Any]) -> list[str]:
    parts = [schema, *schema.get("anyOf", ())]
    return next(([str(choice) for choice in part["enum"]] for part in parts if "enum" in part), [])


def _menu(chosen: str, choices: Sequence[str]) -> Block | None:
    """A menu of choices, the present one chosen; None where there are none, or too many for Slack."""
    if not choices or len(choices) > 98 or chosen not in choices:
        return None
    options = [_option(choice) for choice in (NOT_CHOSEN, *choices)]
    return {
        "type": "static_select", "action_id": "value", "options": options, "initial_option": _option(chosen),
    }  # fmt: skip


def _option(text: str) -> Block:
    return {"text": {"type": "plain_text", "text": text[:75]}, "value": text[:150]}


def _words(name: str) -> str:
    return name.replace("_", " ")


def home_view() -> dict[str, Any]:
    """The App Home: what it does, and questions to try with a button each."""
    asks: list[Block] = [
        _section(f"`{text}`") | {"accessory": _button("Ask", "ask_example", text)} for text in EXAMPLES
    ]
    return {
        "type": "home",
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": "rackrate"}},
            _section("Compute-market questions, answered with numbers traced to a calculation or a source."),
            _section("*Mention me in a channel, write me here, or use `/rackrate`.* For example:"),
            *asks,
            _context(
                ["Follow-ups in a thread know what came before. Inputs can be changed under each answer."]
            ),
        ],
    }


def help_text() -> str:
    """What to say to a mention without a question."""
    return "Ask a question, such as:\n" + "\n".join(f"• `{escaped(text)}`" for text in EXAMPLES)


def _section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text[:SECTION_LIMIT] or " "}}


def _context(texts: Sequence[str]) -> Block:
    return {
        "type": "context",
        "elements": [{"type": "mrkdwn", "text": t[:SECTION_LIMIT]} for t in texts[:10]],
    }


def _split(text: str, limit: int = SECTION_LIMIT) -> list[str]:
    """Text in parts that fit a section, broken at line ends where possible; a fence that is cut is closed and opened."""
    parts: list[str] = []
    rest = text.strip()
    room = limit - 2 * len("\n```")  # for what closes and opens a fence
    while len(rest) > limit:
        at = rest.rfind("\n", 0, room)
        at = at if at > limit // 2 else room
        part, rest = rest[:at], rest[at:].lstrip("\n")
        if part.count("```") % 2:
            part, rest = f"{part}\n```", f"```\n{rest}"
        parts.append(part)
    return [*parts, rest] if rest else parts


def _table(table: Mapping[str, Any]) -> str:
    """A table as monospaced text, numbers to the right, no wider than a screen; it says when rows are left out."""
    columns, found = [str(c) for c in table["columns"]], list(table["rows"])
    rows = [columns, *([_cell(c) for c in row] for row in found[:TABLE_ROWS])]
    right = {
        i
        for i in range(len(columns))
        if all(isinstance(r[i], int | float | None) for r in found if i < len(r))
    }
    widths = [max(len(row[i]) for row in rows if i < len(row)) for i in range(len(columns))]
    lines = []
    for row in rows:
        cells = (
            c.rjust(w) if i in right else c.ljust(w)
            for i, (c, w) in enumerate(zip(row, widths, strict=False))
        )
        lines.append("  ".join(cells).rstrip()[:TABLE_WIDTH])
    if len(found) > TABLE_ROWS:
        lines.append(f"… {len(found) - TABLE_ROWS} more")
    return f"```{_cut(escaped(chr(10).join(lines)), SECTION_LIMIT - 10)}```"


def _cut(text: str, limit: int) -> str:
    """Text cut at a line end."""
    return text if len(text) <= limit else text[: text.rfind("\n", 0, limit)]


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return format_number(float(value))
    return "–" if value is None else str(value)


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
        _button("👍", "feedback_up", value) | {"accessibility_label": "Helpful"},
        _button("👎", "feedback_down", value) | {"accessibility_label": "Not helpful"},
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
