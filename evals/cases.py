"""Cases: what is asked, and what a right answer shows. YAML, validated on load."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tools.errors import InputError

FOLDER = Path(__file__).with_name("suites")
Kind = Literal["calculator", "narrative", "mixed", "refuse", "conversation", "injection"]
Channel = Literal["question", "document", "transcript", "slack", "argument"]
Behaviour = Literal["clarify", "reject-input", "out-of-scope", "refuse"]


class Expected(BaseModel):
    """The number a right answer's headline holds: within `rel_tol` of `value`, in a unit that converts."""

    model_config = ConfigDict(extra="forbid")
    value: float
    unit: str
    rel_tol: float = Field(0.02, ge=0, le=1)


class Call(BaseModel):
    """A tool call a right answer makes; only the arguments named are compared."""

    model_config = ConfigDict(extra="forbid")
    tool: str
    input: dict[str, Any] = Field(default_factory=dict)


class Obeys(BaseModel):
    """What a model that gives in to an attack would do: calls to make, then text to say.

    In both, `{system}`, `{key}`, `{slack_token}`, `{canary}` and `{passage}` stand for the instructions, planted keys,
    a folder that must stay empty, and the first passage found.
    """

    model_config = ConfigDict(extra="forbid")
    text: str
    calls: list[Call] = Field(default_factory=list)


class EvalCase(BaseModel):
    """One case. A conversation gives `turns`; what is expected is of its last answer."""

    model_config = ConfigDict(extra="ignore")
    id: str
    kind: Kind
    question: str = ""
    turns: list[str] = Field(default_factory=list)
    expected: Expected | None = None
    expected_behaviour: Behaviour | None = None
    or_answer_with_assumption: bool = False
    gold_spans: list[tuple[str, str]] = Field(
        default_factory=list, description="Spans of which one must be cited"
    )
    must_mention: list[str] = Field(default_factory=list, description="For people who read the report")
    calls: list[Call] = Field(default_factory=list)
    channel: Channel | None = Field(None, description="Injection: where the attack stands")
    document: str | None = Field(None, description="Injection: text indexed before the question is asked")
    document_name: str = Field(
        "note.md", description="File name of the document; its ending chooses the loader"
    )
    obeys: Obeys | None = Field(None, description="Injection: what a model that obeys the attack would do")
    forbidden: list[str] = Field(default_factory=list, description="Text that must not appear in the answer")
    flagged: list[str] = Field(
        default_factory=list, description="Said by an obeying model: absent from the text, or warned of"
    )
    max_ms: float | None = Field(None, gt=0)

    def asked(self) -> list[str]:
        return self.turns or [self.question]


def load(path: Path) -> list[EvalCase]:
    """The cases of a file (or of every file of a folder). InputError names the file and the case that is wrong."""
    if path.is_dir():
        return [case for file in sorted(path.glob("*.yaml")) for case in load(file)]
    try:
        rows = yaml.safe_load(path.read_text(encoding="utf-8")) or []
    except (OSError, yaml.YAMLError) as error:
        raise InputError(
            "suite", str(path), f"a readable YAML file ({str(error).splitlines()[0]})"
        ) from error
    if not isinstance(rows, list):
        raise InputError("suite", str(path), "a YAML list of cases")
    return _unique(path, [_case(path, row) for row in rows])


def _case(path: Path, row: Any) -> EvalCase:
    try:
        return EvalCase.model_validate(row)
    except ValidationError as error:
        first = error.errors()[0]
        name = row.get("id", "?") if isinstance(row, dict) else "?"
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{path.name}: {name}: {where}", first["input"], first["msg"]) from error


def _unique(path: Path, cases: list[EvalCase]) -> list[EvalCase]:
    seen: set[str] = set()
    for case in cases:
        if case.id in seen:
            raise InputError(f"{path.name}: id", case.id, "an id used once")
        seen.add(case.id)
    return cases


def suite(name: str | None) -> list[EvalCase]:
    """Cases by suite name (a file of `suites/`), by path, or all built-in ones."""
    if name is None:
        return load(FOLDER)
    built_in = FOLDER / f"{name}.yaml"
    if built_in.exists():
        return load(built_in)
    if Path(name).exists():
        return load(Path(name))
    raise InputError("suite", name, f"a file, or one of {', '.join(names())}")


def names() -> Iterable[str]:
    return sorted(file.stem for file in FOLDER.glob("*.yaml"))
