"""What is decided about a question before any model sees it: size, injection, investment advice, copying.

The rules look for what a message asks to be done, never for a topic: renting or buying GPUs is the product's
business, buying a company's shares is not; pricing a multiple is arithmetic, recommending a stock is advice.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from agent.answer import Status


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a question ends at the door."""

    status: Status
    text: str
    field_line: str = ""  # the one line of a bad input, for the command line


_COMPANY = (
    r"(?:nvidia|nvda|amd|broadcom|avgo|micron|hynix|samsung|tsmc|tsm|asml|intel|intc|marvell|mrvl|arm|oracle|orcl|"
    r"coreweave|crwv|microsoft|msft|google|alphabet|googl?|amazon|amzn|meta|apple|aapl|tesla|tsla|super ?micro|smci|"
    r"dell|vertiv|vrt|palantir|pltr|openai|anthropic)"
)
_SECURITY = (
    r"(?:stocks?|shares?|equit(?:y|ies)|securities|etfs?|options|call options|put options|calls|puts|bonds)"
)

_INJECTION = (
    r"\b(?:ignore|disregard|forget|override|bypass|skip)\b.{0,40}\b(?:previous|prior|above|earlier|preceding|"
    r"all|your|system)\b.{0,30}\b(?:instructions?|rules?|prompts?(?! tokens?| length| processing)|guidelines?|"
    r"directions?|constraints?|guardrails?)\b",
    r"\b(?:ignore|disregard|forget|override|bypass)\b.{0,20}\b(?:instructions?|rules?|guidelines?) (?:above|given|so far)\b",
    r"\b(?:reveal|show|print|repeat|output|display|leak|tell me|give me|dump|what(?:'s| is| are| does)|recite)\b"
    r".{0,40}\b(?:system prompt|(?:your|the) (?:hidden|initial|secret|original|system) (?:prompt|instructions?|message)|"
    r"your (?:prompt|instructions)|developer message)\b",
    r"\b(?:reveal|show|print|output|send|leak|dump|give|tell|read|exfiltrate|echo|list)\b.{0,50}"
    r"\b(?:api[ _-]?keys?|secret keys?|passwords?|credentials|environment variables?|env vars?|access tokens?)\b",
    r"\b(?:you are|you're) now\b.{0,30}\b(?:dan|unrestricted|free|jailbroken|a different|an? evil|in developer)\b",
    r"\b(?:developer|god|sudo|dan|jailbreak) mode\b|\bjailbreak\b|\bdo anything now\b",
    r"\bpretend\b.{0,40}\b(?:no|without) (?:rules|restrictions|guidelines|limits)\b",
    r"<\|?(?:im_start|im_end|system|assistant)\|?>|\[/?INST\]|^\s*#{2,}\s*(?:system|instruction)\b|</?system>",
)
_ADVICE = (
    rf"\b(?:should|shall|would you|do you think|can|could|is it (?:wise|smart|time|a good idea) (?:to|for me to))\b.{{0,30}}"
    rf"\b(?:buy|sell|short|hold|own|invest in|go long(?: on)?|dump|accumulate)\b.{{0,30}}"
    rf"(?:\b{_SECURITY}\b|\b{_COMPANY}\b(?!'s|’s)(?=\s*(?:$|[?.!,;]|\b(?:now|today|stock|shares?|or|and|at|before|after|"
    rf"right|this|here|for|calls|puts)\b)))",
    rf"\b(?:which|what|best|top|recommend|suggest|pick|good|name)\b.{{0,40}}\b{_SECURITY}\b.{{0,30}}\b(?:to|should|for me|"
    r"i|buy|invest|own|pick|outperform|right now)\b",
    rf"\bis\b.{{0,20}}\b{_COMPANY}\b.{{0,25}}\b(?:a (?:good |smart |safe |strong )?(?:buy|sell|investment|short)|"
    r"over-?valued|under-?valued|overpriced)\b",
    r"\b(?:investment|financial|trading|stock) (?:advice|tips?|recommendations?)\b",
    r"\b(?:your|a|the|me a) price target\b.{0,30}\b(?:for|on|of)\b",
    r"\b(?:where|how) should i (?:put|invest) my (?:money|savings|pension|portfolio|retirement)\b",
    rf"\bmy (?:portfolio|savings|pension|401k|retirement)\b.{{0,60}}\b(?:{_SECURITY}|{_COMPANY}|into)\b",
)
_COPYING = (
    r"\b(?:print|give|show|reproduce|output|paste|quote|copy|dump|recite|write out|send|type out|read out)\b.{0,60}"
    r"\b(?:verbatim|word[- ]for[- ]word|(?:full|whole|entire|complete|raw)(?: \w+){0,3} "
    r"(?:transcript|episode|interview|podcast|document|article|book|text))\b",
    r"\b(?:verbatim|word[- ]for[- ]word)\b.{0,60}\b(?:transcript|episode|interview|podcast|document|article|everything)\b",
)

_RULES: tuple[tuple[str, tuple[str, ...], str], ...] = (
    (
        "injection",
        _INJECTION,
        "I can't take instructions about how I work, or show keys or internal text. "
        "Ask me about the cost, memory, speed or supply of AI compute.",
    ),
    (
        "advice",
        _ADVICE,
        "I don't give investment advice. I can compute what such a decision rests on: costs, margins, "
        "multiples, supply, rents, payback.",
    ),
    (
        "copying",
        _COPYING,
        "I don't reproduce a source word for word. I can say in my own words what was said on a topic, with "
        "the time stamp or page where it was said.",
    ),
)
_COMPILED = tuple(
    (kind, tuple(re.compile(p, re.IGNORECASE | re.DOTALL | re.MULTILINE) for p in patterns), text)
    for kind, patterns, text in _RULES
)


def clean(question: str) -> str:
    """The question without control characters and zero-width marks (which hide words from the rules)."""
    kept = (c if c in "\n\t" else " " if unicodedata.category(c) == "Cc" else c for c in question)
    return "".join(c for c in kept if unicodedata.category(c) not in ("Cf", "Cs", "Co", "Cn")).strip()


def examine(question: str, max_chars: int) -> Verdict | None:
    """A verdict when the question ends here; None lets it pass. Takes microseconds at the size limit."""
    if not question:
        return Verdict(
            "invalid",
            "The question is empty. What would you like to know?",
            "question is ''; allowed: some text",
        )
    if len(question) > max_chars:
        said = f"question is {len(question):,} characters long; allowed: at most {max_chars:,}"
        return Verdict(
            "invalid", f"The {said}. To ask about a document, index it with `rackrate knowledge add`.", said
        )
    folded = unicodedata.normalize("NFKC", question)
    for _kind, patterns, text in _COMPILED:
        if any(pattern.search(folded) for pattern in patterns):
            return Verdict("refused", text)
    return None
