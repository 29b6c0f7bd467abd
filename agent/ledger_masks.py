"""What has digits and is no quantity: dates, time stamps, names of chips and models, list marks, references.

`hide` blanks them out in place, so that positions in the text stay what they were.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from agent.ledger_sought import Sought

_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|"
    r"Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)"
)
_YEAR = r"(?:19[5-9]\d|20[0-4]\d)"
_FAMILY = (
    r"(?:GPT|Llama|LLaMA|Claude|Gemini|Gemma|Mixtral|Mistral|Qwen|DeepSeek|Falcon|GLM|MiniMax|Kimi|Phi|Grok|OPT|"
    r"BLOOM|PaLM|Trainium|Inferentia|Gaudi|TPU|Blackwell|Hopper|Rubin|Ampere|Ada|Volta|Instinct|RTX(?: PRO)?|"
    r"GeForce|Xeon|EPYC|NVLink|NVSwitch|PCIe|HBM|CUDA|ROCm|Python|Rust|PyTorch|G?DDR|InfiniBand|Ironwood|Trillium|"
    r"MTIA|Maia|WSE|LPU|Sonnet|Opus|Haiku|Flash|Nova|DGX|HGX|vLLM|SGLang|TensorRT|Gen|Chinchilla|Gopher|Wikitext|"
    r"S&P|Fortune|Russell|Nasdaq|RFC|ISO|IEEE|Form|Series|Boeing)"
)
_WORDED = (
    r"(?:steps?|tables?|figures?|figs?\.?|pages?|pp?\.|chapters?|sections?|§|items?|options?|cases?|tiers?|phases?|"
    r"levels?|parts?|versions?|ver\.|v\.|no\.|nos\.|claims?|questions?|notes?|rules?|gen(?:eration)?|line|row|"
    r"stage|scenario|approach|method|variant|category|appendix|eq(?:uation)?\.?|ref\.?|footnote|issue|batch no\.|day one|port|zone|region|question no\.|exhibits?|articles?|art\.|annex|clauses?|schedules?|paragraphs?|para\.|"
    r"slides?|charts?|box|panel|theorem|lemma|definition|episodes?|lectures?|lessons?|volumes?|vol\.|days?(?= \d+\b(?! (?:of|hours))))"
)

_PATTERNS: tuple[str, ...] = (
    r"https?://\S+|www\.\S+|\b[\w.+-]{1,64}@[\w-]{1,64}\.\w+",
    r"\[\^?\d{1,3}\](?!\()",  # [1], [^2]
    r"\b(?:bg2|claim|src|doc|kb)-[\w.-]*\d[\w.-]*",  # ids of sources
    # dates and times
    rf"\b{_YEAR}-\d\d(?:-\d\d)?(?:[T ]\d\d:\d\d(?::\d\d)?(?:\.\d+)?Z?)?\b",
    r"\b(?:0?[1-9]|[12]\d|3[01])[./](?:0?[1-9]|[12]\d|3[01])[./](?:\d{4}|\d{2})\b|\b\d{4}/\d{2}/\d{2}\b",
    rf"\b\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {_MONTH}\b\.?(?:,? (?:{_YEAR}|[’']\d\d))?",
    rf"\b{_MONTH}\.? \d{{1,2}}(?:st|nd|rd|th)?(?:\s?[–-]\s?\d{{1,2}})?\b(?!\s*(?:%|percent|million|billion|GPU|x\b))"
    rf"(?:,? {_YEAR})?",
    rf"\b{_MONTH}\.?,?(?: of)? (?:{_YEAR}|[’']\d\d)\b",
    rf"\b[QH][1-4][ -]?(?:{_YEAR}|[’']?\d\d)\b|\b[Qq][1-4]\b|\b[1-4]Q\s?[’']?\d{{2,4}}\b|\b[12]H\s?[’']?\d{{2,4}}\b",
    rf"\b(?:FY|CY|fiscal|calendar)\s?[’']?(?:{_YEAR}|\d\d)\b",
    r"\b\d{1,2}:\d{2}:\d{2}(?:[.,]\d+)?\b|\b\d{1,2}:\d{2}\s?(?:[ap]\.?m\.?\b)?(?!\s*ratio)|\b\d{1,2}\s?[ap]m\b",
    r"(?<!\w)[’']\d\ds?\b",
    # names
    rf"\b{_FAMILY}[- ](?:\d+[xX])?\d+(?:\.\d+)?[BbMT]\b(?:-\w+)*",
    rf"\b{_FAMILY}[- ]?v?\d+(?:\.\d+)*[A-Za-z]*\+?(?:[ -](?:\d+(?:\.\d+)?[xX])?\d+(?:\.\d+)?[BbMT]\b)?(?:-[A-Za-z]\w*)*",
    r"\b(?!(?:USD|US|EUR|GBP|CHF|JPY|CNY|RMB|x)\d)[A-Za-z]{1,14}\d[\w]*(?:[.-](?=\w)\w+)*",  # H100, FP8, GPT4o
    r"\b(?!USD|EUR|GBP)[A-Z][A-Za-z]*-\d+(?:\.\d+)?[A-Za-z]*(?:-\w+)*\b(?!\s?[%$])",  # UTF-8, SHA-256
    r"\b\d{1,2}[- ]?[Kk]s?\b(?= filing| report)|\b(?:10-[KQ]|8-K|20-F|6-K|13[FDG]|S-[13])s?\b|\b24/7(?:/365)?\b|\b24x7\b|\bx86(?:-64)?\b|\b[234]D\b|\b2\.5D\b|\b[2-6]G\b(?!B)",
    r"\b\d+(?:\.\d+){2,}\b|\bv\d+(?:\.\d+)*\b",  # versions
    r"(?<=\x00)\s(?:(?:SXM\d?|PCIe|NVL|OAM|Max-Q)\s)?\d{2,3}GB\b",  # the 80GB of "H100 SXM 80GB"
    r"\b\d{1,3}\s?nm\b|\b\d{1,2}N[A-Z]?\b|\b\d{1,3}\s?GbE\b|\b[1248]00G\b",  # links; processes of chip makers: 3 nm, 4N
    r"(?<![\w.])\d{1,3}(?:[x×]\d{1,3})+(?=[\s-](?:\w+\s)?(?:torus|mesh|grid|array|cube|slice|topology|pod)\b)",
    r"\b\d{1,2}-?[Hh]i(?:gh)?\b|\bevery (?:three|3) months\b",  # stacks of memory; a quarter
    r"\b(?:1|2|3|4|6|8|12|16|32|64)-bit\b",  # precisions
    r"\b(?:arXiv|doi|DOI|ISBN|ISSN|SSRN|ASC|IFRS|IAS|SOC|SFAS)[:\s]?\s?[\d./v-]+\d\b",
    r"\b[a-z]+(?:-[a-z]+)+-\d+(?:\.\d+)?[bkm]\b|\b\d+B-(?:A?\d+[BE])\b",  # gpt-oss-120b, 17B-128E
    # marks of order
    # numbers of headings: "### 3.2 Cooling", "**2. Power**", "3.2 Cooling"; not "**417 KiB**", "## 54 GPUs fit"
    r"^\s*#{1,6}\s*\d+(?:\.\d+)*(?:[.)](?=\s+[A-Z])|(?=\s+[A-Z][a-z]{3}))|^\s*\*\*\d{1,2}[.)](?=\s+[A-Z])|"
    r"^\s*\d{1,2}\.\d{1,2}\.?(?=\s+[A-Z][a-z]{3})(?!\s+(?:Million|Billion|Trillion|Giga|Tera|Mega|Kilo|Percent))",
    r"(?<!per )(?<!each )(?<!every )(?<!a )\b(?:[Yy]ear|[Mm]onth|[Ww]eek|[Dd]ay|[Qq]uarter|[Rr]ound|[Rr]ank|[Nn]ode|[Ee]poch|[Rr]un|GPU|[Hh]ost|"
    r"[Ss]hard|[Ll]ayer|[Ss]lot|[Ll]ane|[Rr]ack|[Ss]eed|[Jj]ob|[Tt]icket|[Ll]ine|PR|[Cc]hannel|[Bb]uilding|[Hh]all)[ -]#?\d{1,5}\b"
    r"(?!\s?(?:%|[xX×]\b|GB|TB|[kKMBG]\b|[A-Za-z]+s\b)|[.,]\d)",
    r"(?<![\w.,$])1\s?[-−–+/÷]\s?(?=[A-Za-zα-ω(])",  # the 1 of "1 − overhead"
    r"(?m:^)\s*(?:[-*>]\s*)?\d{1,2}[.)](?=\s)",
    r"(?<=[\s:;,])\(\d{1,2}\)(?=\s)|^\(\d{1,2}\)(?=\s)",
    r"\b\d+(?:st|nd|rd|th)\b",
    rf"(?:\b(?i:{_WORDED})|§)\s?#?\d+(?:\.\d+)*[a-d]?(?:\s?(?:[–-]|and|or|to|,)\s?\d+(?:\.\d+)*)*\b(?!\s?(?:%|[xX×]\b|GB|TB|[kKMB]\b)|[.,]\d)(?:\(\d{{1,2}}\)|\([a-z]\))*",
    r"(?<!\w)#\d+\b",
    r"\b[Tt]he (?:[A-Z][a-z]+ )?[A-Z][a-z]{2,} \d{1,2}\b(?!\s?(?:%|[xX×]|[a-zA-Z]+s\b|[kKMBG]|GB|TB)|[.,]\d)|\bMag(?:nificent)? (?:7|Seven)\b",
    r"\b[Tt]op[- ]\d+\b|\bpass@\d+\b|\bp\d{2}\b|\b\d{2}(?:th)? percentile\b|\b9[05]\s?% (?:confidence|interval|CI)\b",
)
_HIDDEN = tuple(Sought(pattern, re.MULTILINE) for pattern in _PATTERNS)

_CODE = re.compile(r"`[^`\n]{1,200}`")
# the 2 and the 1 of `2(n-1)/n`: numbers of a formula in letters, not results
_COEFFICIENT = re.compile(r"(?<![\w.])\d(?=\s?\*?\s?[a-z(])|(?<=[a-z]-)\d\b|(?<=[a-z] - )\d\b")
_LISTED = re.compile(r"(?<![\w(.])1\)\s[^()]{1,200}?(?<![\w(.])2\)\s")  # "1) capacity, 2) price"
_LIST_MARK = re.compile(r"(?<![\w(.])\d\)(?=\s[A-Za-z])")
_DIGIT = re.compile(r"\d")

# A bare year: not when a unit follows, nor when the words before it say it is an amount.
_BARE_YEAR = re.compile(
    rf"(?<![\w$€£.,×*/^=+~≈])(?P<decade>(?:early|mid|late)[- ])?{_YEAR}(?:s\b)?"
    rf"(?:\s?[–/-]\s?(?:{_YEAR}|\d\d))?[AEae]?(?![\w%$€]|[.,]\d|\s*[×*^]\s*\d)"
)
_AMOUNT_BEFORE = re.compile(
    r"(?:size|length|batch|context|window|sequence|about|roughly|around|approximately|nearly|than|of|least|most|only|"
    r"exactly|total|is|are|be|was|were|has|have|holds?|fits?|gives?|costs?|needs?|uses?|serves?|to)\s*$",
    re.IGNORECASE,
)
_COUNTED_AFTER = re.compile(
    r"\s*[- ]?(?:GPU|chip|accelerator|card|token|tok\b|request|user|sequence|concurrent|param|watt|W\b|kW|MW|GW|GB|MB|"
    r"TB|GiB|MiB|KiB|B\b|bytes?|FLOP|TFLOP|hours?|days?|weeks?|months?|years?|minutes?|seconds?|ms\b|s\b|dollars|USD|"
    r"percent|times|people|servers?|racks?|nodes?|links?|hops?|cores?|million|billion|thousand|trillion|steps?|runs?|"
    r"[xX×]\b)",
)
_DATE_BEFORE = re.compile(
    rf"{_YEAR}\s*(?:to|and|through|until|or|[–-])\s*$|{_YEAR}\b[^.\d]{{0,24}}\bto\s*$|"
    r"(?:\b(?:in|by|since|from|during|until|till|through|before|after|year|fiscal|end of|start of|early|mid|late|and|"
    r"vs\.?|versus|around|circa|for|calendar|summer|winter|spring|autumn|fall|compared with|than in|back in|of)|[(,–-])\s*$",
    re.IGNORECASE,
)


def hide(text: str, names: Iterable[str] = ()) -> str:
    """The text with everything that is no quantity blanked; `names` are further names to blank."""
    if not _DIGIT.search(text):
        return text
    if _LISTED.search(text):
        text = _LIST_MARK.sub(_blank, text)
    for pattern in _HIDDEN:
        text = pattern.sub(_blank, text)
    for name in names:
        text = _name_pattern(name).sub(_blank, text)
    if "`" in text:
        text = _CODE.sub(lambda code: _COEFFICIENT.sub(_blank, code.group()), text)
    return _BARE_YEAR.sub(_blank_year, text)


def _blank(match: re.Match[str]) -> str:
    return "\x00" * len(match.group())


def _name_pattern(name: str) -> re.Pattern[str]:
    """A name as an id writes it and as people do: dashes, spaces or nothing between its parts."""
    parts = [re.escape(part) for part in re.split(r"[-_ ]+", name) if part]
    return re.compile(r"(?<![\w.])" + r"[-_ ]?".join(parts) + r"(?!\w)", re.IGNORECASE)


def _blank_year(match: re.Match[str]) -> str:
    before = match.string[max(0, match.start() - 40) : match.start()]
    after = match.string[match.end() : match.end() + 40]
    if _COUNTED_AFTER.match(after):
        return match.group()
    if _AMOUNT_BEFORE.search(before) and not _DATE_BEFORE.search(before):
        return match.group()
    return _blank(match)
