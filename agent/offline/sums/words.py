"""The words that join numbers in a word problem, by what they say about the relation; nothing about the trade."""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TIMES = _words("times x × * multiplied")
OVER = _words("divided ÷ / over across among amongst between")
PLUS = _words("plus + another additionally bought added adding added add")
MINUS = _words("minus − less returned sold deducting subtract subtracting without leaving")
LISTED = _words(", and + & ; plus")
AGAINST = _words("vs versus against compared while whereas but relative than -> → to")
# what stands between a count and what each of the counted has: "400 servers drawing 350 W", "72 chips of 192 GB"
HAVING = _words(
    "at with of each for @ costing drawing pulling using running doing earning paid paying costs cost charged draws pulls "
    "uses does do pushes pushing delivering delivers making makes serving needs need needing worth burning burns eats eating "
    "every which that earns pay get gets has have having holding x × * in hold from on per apiece streaming getting producing "
    "consuming taking takes priced rented bought generating averaging"
)
# a percentage that takes away, adds, or says how much of a thing is used
LESS = _words(
    "below off discount cheaper lower drop drops dropped fall falls fell cut cuts decline declines declined decrease decreases decreased "
    "lose loses lost less shrink shrinks shrank down reserve reserved held hold aside spare headroom free waste wasted fail fails "
    "failed failures die dies dead tax fee idle unused overhead cancelled canceled rejected discarded reduction reduced reduces "
    "compresses compression smaller fewer shorter churn attrition churned leave leaves quit defective broken scrapped slump slumps "
    "crash crashes crashed save saved saves saving savings slid slips slipped withheld discounted rebate haircut break breaks leftover"
)
MORE = _words(
    "raise raises raised raising more up rise rises rose risen growth grow grows grew grown growing hike increase increases increased higher premium uplift markup "
    "faster better quicker gain gains gained jump jumped jumps climb climbs climbed boost boosted productive surcharge dearer extra "
    "above over larger bigger added expensive additional"
)
USED = _words(
    "goodput busy utilisation utilization utilised utilized usable used use efficiency peak occupied occupancy rented sold load booked "
    "active duty kept keep keeps survive survives usage available charged accepted full uptime availability memory"
)
# what the asking clause wants done with what it names
CHANGED = LESS - _words("reserve reserved held hold aside spare headroom free idle unused overhead tax fee leave leaves leftover") | MORE | _words(
    "change changed changes gone compress compressed improvement improve improved improves differ"
)  # fmt: skip
LEFT = _words(
    "profit profits survivors survivor left leaves leave remaining remain remains remainder rest leftover spare still missing free freed surplus short "
    "survive survives surviving alive keep kept keeps unused outstanding yet not without shortfall lacking usable"
)
# what is asked for when the part that is of no use, or no more there, is meant; and what stays
WASTED = _words(
    "idle unused wasted waste lost nothing thrown away gone disappear disappears vanish vanishes die dies dead fail fails "
    "failed fold folds bust squandered unsold empty perish collapse collapses"
)
KEPT = _words(
    "survive survives surviving survivors make makes left remain remains remaining standing stay stays keep keeps kept pass "
    "passes useful good goodput productive busy rented used alive"
)
TOTAL = _words("total altogether combined sum together overall aggregate sums totals ")
APART = _words(
    "overpaying overpayment overspend difference gap apart overpay overpaid save saved saves saving savings cheaper extra more less fewer additional short excess "
    "higher lower dearer larger smaller bigger longer shorter shortfall missing lead ahead"
)
SHARE = _words(
    "share stake fraction part portion proportion slice cover covers covered account accounts represent makes make funds fund"
)
AVERAGE = _words("average mean blended weighted averaged avg averages")
GROWING = _words(
    "growth grow grows grew grown cagr compound compounded compounding annualised annualized annual yearly"
)
BEFORE = _words(
    "before originally original previously previous ago earlier prior initially undiscounted list was were base"
)
# a factor that divides what it is said of
FEWER = _words(
    "fewer less cheaper smaller lower shorter lighter drop drops dropped fell fall falls down reduction slower reduced cut shrinks shrank halved halves"
)
# one factor is the whole of which the other is a part
WHOLE_FACTOR = _words("overall altogether total ended explain explains explained combined rest")
STRONGLY_APART = _words(
    "difference gap apart overpay overpaid overpaying overpayment overspend lower higher cheaper dearer save saved saves saving savings"
)
STEPS = _words(
    "generation generations step steps doubling doublings round rounds iteration iterations halving halvings tripling times"
)
PERIOD_LEADS = _words("every each per a")
DURATION_LEADS = _words("after for over in within through during later of next")
LEFT_OVER = _words("left remain remains remaining leftover rest spare")
MUST = _words("must have need needed needs required require")
NEEDED = _words("needed need needs enough required require requires suffice suffices sufficient")
GAINED = _words("value worth benefit gain uplift")
REPLACED = _words(
    "replace replaced replacement replacements replacing swap swaps swapped swapping refund refunds"
)
REST = _words("else rest others everybody everyone elsewhere")
# a share that passes a test, what is wanted of it, and what is done to get it
PASSES = _words(
    "survive survives pass passes passed accepted accept kept keep keeps succeed succeeds usable correct good clear clears yield yields "
    "hold holds work works valid"
)
WANTED = _words("need needs want wants deliver ship get with have reach wanted needed obtain collect")
WELL = _words("good correct right passing accepted usable valid working surviving verified clean")
EFFORT = _words(
    "must need have should generate generated generating make made produce produced start started sample sampled crawl interview "
    "order build test try draw buy fabricate begin write run"
)
ADDED = _words("top before extra additional added")
MONEY = _words(
    "owe owed owes earn earns earned burn burns burned bank runway $ revenue sales cost costs spend spending budget capex opex profit bill pay paid price worth payroll invoice salary dollars "
    "dollar usd bucks money outlay investment raise valuation charge value cash income earnings quote"
)

# relations with a formula of their own, which no plain sum stands for
LAWS = re.compile(
    r"\b(exponent|power law|to the power|chinchilla|compute.optimal|scal(?:es|ing) (?:law|as)|torus|wraparound|mtbf|mttf|mean time|time "
    r"between|checkpoint\w*|all.?reduce|all.?gather|reduce.?scatter|collective|fails? every|between failures|more done|that(?: is|'s) not|once \w+(?: \w+)? is counted|struck|strike|take out the|do the job|pays? for (?:itself|themselves)|how many (?:thinking|reasoning|hidden)|of them into|into (?:every|each) (?:new )?one|\w+ into (?:1|one)|hops?|bisection|kv|attention|gross margin|margins?|gm|markup|mark up|2nd?|6nd?|4nd?|pue|mfu|"
    r"(?<!no )loss(?! of)|forward pass(?:es)?|peg|once every|how often|times the param\w*|backward|half.life|irr|post.?money|pre.?money|dilution|payback|pays? back|break.?even|quadratic\w*|"
    r"layers?|heads?|hidden|per weight|bytes? (?:per|a) (?:param\w*|weight)|prefill|ttft|tpot|fp8|bf16|fp16|int8|fp4|int4|"
    r"annual(?:ised|ized)? failure\w*|outside|excluding|included?|including|ex|same (?:total )?(?:output|work|throughput|job|load)|the work of|recoup|amorti[sz]e\w*|speculative)\b",
    re.I,
)  # fmt: skip
# the same where more than two numbers are told of
LAWS_OF_MORE = re.compile(r"\b(p/?e|eps|earnings|rollouts?|trajector\w+|samples)\b", re.I)
ORDERS = re.compile(
    r"\b(orders? of magnitude|decades?|powers? of (?:ten|10)|log10|how many (?:doublings|halvings|tenfold steps)|number of doublings|tenfold steps (?:lie|are|is|between|separate))\b",
    re.I,
)
