"""Questions that end before any calculation: investment advice, instructions to the program, copying a source."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_INJECTION = re.compile(
    r"\b(ignore|disregard|forget|override|bypass|drop)\b.{0,30}\b(previous|prior|above|earlier|all|your|the|these|any)\b.{0,30}\b(instruction|instructions|prompt|prompts|rules?|guidelines?|guardrails?|restrictions?)\b"
    r"|\b(system|hidden|initial|developer|internal) (prompt|message|instructions?)\b|\bapi[- ]?keys?\b|\b(print|reveal|show|leak|dump|give me|output|tell me)\b.{0,30}\b(secrets?|password|credentials?|environment variables|env vars|access tokens?|private keys?)\b"
    r"|\b(developer|dan|god|jailbreak|unrestricted) mode\b|\bjailbreak\b|\byou are (now|no longer)\b|\bpretend (to be|you are|you're|that you)\b|\bact as (if you|an? (unrestricted|evil))\b|\byour instructions\b"
    r"|\brm -rf\b|\bdrop table\b|\bexecute (this|the following) (code|command)|\bsudo\b",
    re.I | re.S,
)
_TRADE = r"(buy|sell|short|hold|go long|long|invest|dump|trim|own|pick up|load up|bet|put (my|our|all|some) (money|savings|cash|401k|pension))"
_SECURITY = (
    r"(stocks?|shares?|calls?|puts?|options?|equity|equities|tickers?|etfs?|portfolio|position|nvda|avgo|amd|msft|goog|googl|amzn|meta|tsm|tsmc|smci|intc|mu|crwv|"
    r"nvidia|broadcom|micron|coreweave|hynix|bitcoin|crypto|leaps|earnings|bonds?|securities|semis)"
)
_ADVICE = re.compile(
    rf"\b(should|shall|would you|do you (think|recommend)|is it (a )?(good|smart|wise|safe|right|worth)|time to|worth|recommend|advise|tell me whether to|want to|better to|can i|ought)\b.{{0,50}}\b{_TRADE}\b.{{0,50}}\b{_SECURITY}\b"
    rf"|\b{_TRADE}\b.{{0,15}}\bor\b.{{0,15}}\b{_TRADE}\b.{{0,40}}\b{_SECURITY}\b|\b{_SECURITY}\b.{{0,50}}\b(a (good |strong |smart |safe )?(buy|sell|hold|investment|short)|overvalued|undervalued|price target)\b(?!\w)"
    r"|\b(best|top|good|hot|hottest|favou?rite)\b.{0,25}\b(stocks?|shares|etfs?|equities)\b|\b(stocks?|shares|etfs?|equities)\b.{0,12}\bto (buy|invest|own|hold|short|pick)\b|\bhold my (shares|stock|position)\b"
    r"|\b(price target|stock tips?|investment advice|financial advice|which (stock|share|ticker|company)s? (should|to|do|will|would)|stock picks?)\b"
    rf"|\bwill\b.{{0,30}}\b(stock|shares|share price|nvda|avgo)\b.{{0,40}}\b(go|rise|fall|double|crash|moon|hit|reach|recover|be)\b"
    r"|\bwhere (will|is)\b.{0,20}\b(stock|share price|nvda|avgo)\b.{0,30}\b(be|going|headed)\b"
    r"|\b(allocate|rebalance|put)\b.{0,30}\b(savings|portfolio|retirement|401k|pension)\b",
    re.I | re.S,
)
_COMPANY = (
    r"(nvidia|nvda|broadcom|avgo|amd|micron|intel|tsmc?|hynix|samsung|coreweave|crwv|oracle|orcl|microsoft|msft|google|alphabet|googl?|amazon|amzn|"
    r"meta|marvell|mrvl|asml|arm|dell|supermicro|smci|palantir|pltr|apple|aapl|tesla|tsla|openai|anthropic|xai|semiconductors?|chip ?makers?|hyperscalers?)"
)
_PLACE = rf"(\b{_COMPANY}\b|\b(stocks?|shares?|equit(y|ies)|etfs?|ticker|leaps)\b)"
_QUALITY = r"(good|great|safe|smart|decent|solid|nice|strong|bad|risky|attractive|wise|sensible|worthwhile|better|best|obvious|clear|screaming)"
_STAKE = re.compile(
    rf"\b{_QUALITY}\b[\w\s-]{{0,20}}\b(hold|holding|buy|sell|entry|entry point|short|investment|long[- ]term (bet|play|position))\b"
    r"|\b(retirement (account|fund|money|savings|portfolio)|401\(?k\)?|roth|brokerage account|life savings|nest egg|my (savings|pension|ira|inheritance))\b"
    rf"|\b(to|i|we|one|and|or) (short|go long|go short|long)\b.{{0,40}}{_PLACE}|{_PLACE}.{{0,40}}\b(to|i|we|one|and|or) (short|go long|go short)\b"
    r"|\bhow much (money )?(to|should (i|we)|do i|can i|would you) (put|invest|bet|stake|allocate)\b.{0,20}\b(on|in|into|to)\b"
    rf"|\b(i|we|you|to|should|my|better) (put|bet|stake|invest|park|sink|throw|move|allocate)\b.{{0,40}}\b(on|in|into|behind)\b.{{0,15}}{_PLACE}"
    rf"|\b(calls?|puts?|call options|put options|options)\b (or (calls?|puts?) )?on\b.{{0,20}}{_PLACE}|\b{_COMPANY} (calls|puts|leaps|options)\b"
    r"|\b(which|what)( \w+)? (stocks?|shares|tickers?|company|companies|names?|chip ?makers?|ones?) (should|would you|do (i|you)|can i|to)\b.{0,25}\b(buy|own|hold|short|invest in|bet on|go long|sell)\b"
    r"|\b(should|would|could|shall|can) (i|we|you|one)( then| now| just)? (short|go long|go short)\b"
    rf"|\bwhat would you do with\b.{{0,40}}{_PLACE}"
    rf"|\b(add|load up|stock up|dollar[- ]cost average|average (down|in)|take profits?|cash out|trim)\b.{{0,25}}{_PLACE}"
    rf"|\b(is|are)\b.{{0,15}}{_PLACE}.{{0,30}}\b(over|under)valued\b|\b(is|are) it too late to (buy|get into)\b"
    rf"|\b(entry point|dip|exit point)\b.{{0,25}}{_PLACE}|{_PLACE}.{{0,25}}\b(entry point|the dip|exit point)\b",
    re.I | re.S,
)
_MINE = r"(\bi\b|\bi'?ve\b|\bi'?m\b|\bmy\b|\bme\b|\bwe\b|\bour\b|\bsavings?\b|\bsaved\b|\bnest egg\b|\binheritance\b|\bbonus\b)"
_SHARING = r"\b(split|divide|distribute|spread|allocate|apportion|share out|carve up|diversify)\b"
_NAMES = rf"({_PLACE}|\b(chip|tech|semi|ai) (names|companies|tickers)\b)"
# "I have 40k, split it between nvidia and amd for me"; "pair trade: long one, short the other"
_APPORTION = re.compile(
    rf"{_MINE}.{{0,60}}{_SHARING}.{{0,40}}\b(between|among|amongst|across|over|into|in)\b.{{0,30}}{_NAMES}"
    rf"|{_SHARING}.{{0,40}}\b(between|among|amongst|across|over|into|in)\b.{{0,60}}{_NAMES}.{{0,40}}\b(for me|for us|please)\b"
    rf"|{_SHARING} (my|our|these|those)\b.{{0,60}}{_NAMES}"
    rf"|\bpair trade\b|\blong\b.{{0,20}}{_PLACE}.{{0,20}}\bshort\b.{{0,20}}{_PLACE}",
    re.I | re.S,
)
_HARDWARE = re.compile(
    r"\b(h100s?|h200s?|b200s?|gb200|mi300x?s?|a100s?|gpus?|servers?|chips?|racks?|trainium2?|tpus?|api|tokens?|nodes?|clusters?|cards?)\b",
    re.I,
)
_SECURITY_ONLY = re.compile(
    r"\b(stocks?|shares?|calls|puts|options?|ticker|portfolio|nvda|avgo|msft|goog|googl|amzn|tsm|smci|earnings|equity|price target|etf|position|savings|retirement|401k|leaps|brokerage)\b",
    re.I,
)
_VERBATIM = re.compile(
    r"\b(verbatim|word[- ]for[- ]word|exact (words|wording|text|transcript)|(full|entire|whole|complete|raw|original) (transcript|text of|episode text)|"
    r"(print|paste|copy|reproduce|recite|dump|output|type out|give me|show me|read out)\b.{0,30}\btranscript)\b",
    re.I | re.S,
)


def _of_hardware(text: str) -> bool:
    """Whether it is machines that are bought, held or put to use, and no security is named."""
    return bool(_HARDWARE.search(text)) and not _SECURITY_ONLY.search(text)


@dataclass(frozen=True)
class Refusal:
    kind: str  # injection advice verbatim
    text: str


@lru_cache(maxsize=128)  # a text is asked about again on each way it may be read
def refuse(text: str) -> Refusal | None:
    """Why this question is refused, or None. Hardware is bought and rented; securities are not advised on."""
    if _INJECTION.search(text):
        return Refusal(
            "injection",
            "I don't take instructions that change how I work, and there is nothing of that kind to show. "
            "I can work out compute-market questions: capacity, serving cost, rents, training budgets, or what was said in an indexed source.",
        )
    if _VERBATIM.search(text):
        return Refusal(
            "verbatim",
            "I don't reproduce a source word for word. I can say in my own words what was said on a topic, with the time stamps to find it.",
        )
    staked = _APPORTION.search(text) is not None
    if staked or ((_ADVICE.search(text) or _STAKE.search(text)) and not _of_hardware(text)):
        return Refusal(
            "advice",
            "I don't give investment advice on any security. I can compute what the figures imply (a multiple, a margin, a payback) "
            "or point to what was said about the company, with time stamps.",
        )
    return None
