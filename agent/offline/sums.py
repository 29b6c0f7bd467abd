"""Plain arithmetic where the wording makes the relation clear; the honest fallback, never a guess.

Each rule looks at how the numbers are joined ("X% of Y", "A times B", "from A to B", a list and "total"), not at
what the question is about. When nothing joins them but every quantity has a unit and the unit asked for is named,
dimensions decide: if exactly one product of the quantities (or their inverses) has that unit, that is the sum meant.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, replace

from agent.offline.features import Features
from agent.offline.measure import NUMBER, Unit, parse_unit
from agent.offline.reading import Quantity, Reading
from agent.offline.written_units import spelled_unit

_TIMES = frozenset({"times", "x", "×", "*", "multiplied"})
_OVER = frozenset({"divided", "over", "÷"})
_MAGNITUDE_STEPS = re.compile(r"\b(orders? of magnitude|decades?|powers? of (ten|10)|log10)\b", re.I)
_DOWN = re.compile(
    r"\b(drop|drops|dropped|fall|falls|fell|compress\w*|decline\w*|decrease\w*|shrink\w*|cut|discount|cheaper|lower|less|off|reduc\w+|sav\w+)\b",
    re.I,
)
_UP = re.compile(
    r"\b(rise|rises|rose|grow\w*|grew|increase\w*|gain\w*|up|higher|more|growth|jump\w*|climb\w*)\b", re.I
)


@dataclass(frozen=True)
class Sum:
    """An expression for the `arithmetic` calculator, the unit of its result and how clear the wording is (0 … 1)."""

    expression: str
    unit: str | None
    used: tuple[int, ...]
    clarity: float
    why: str


def find_sum(reading: Reading, features: Features, salient: list[int]) -> Sum | None:
    """The clearest arithmetic reading of the quantities, or None."""
    qs = _as_money(reading.quantities, features)
    rules = (
        _written_out,
        _repeated,
        _ladder,
        _split,
        _per_each,
        _joined_by_word,
        _percent_of,
        _part_of_whole,
        _steps,
        _series_total,
        _change,
        _versus,
        _difference,
        _conversion,
        _by_dimension,
    )
    found = [s for rule in rules if (s := rule(reading, features, qs, salient)) is not None]
    return max(found, key=lambda s: s.clarity - 0.12 * len(set(salient) - set(s.used)), default=None)


def _as_money(qs: list[Quantity], features: Features) -> list[Quantity]:
    """ "55% of a 30.8 billion quarter, in dollars": the bare amount is money, since money is asked for."""
    wanted = features.wanted
    if _a_year_of(qs) and not any(q.unit.has("USD") for q in qs):
        return [replace(q, unit=parse_unit("USD"), unit_text="USD") if not q.marked else q for q in qs]
    if wanted.unit is None or wanted.unit.dims != (("USD", 1),) or any(q.unit.has("USD") for q in qs):
        return qs
    bare = [i for i, q in enumerate(qs) if not q.marked and "scaled" in q.marks]
    if len(bare) != 1:
        return qs
    return [
        replace(q, unit=parse_unit("USD"), unit_text="USD") if i == bare[0] else q for i, q in enumerate(qs)
    ]


def _a_year_of(qs: list[Quantity]) -> bool:
    """ "one trillion over four years": an amount so large, of nothing that is counted, is money."""
    times = [q for q in qs if q.unit.dims == (("s", 1),)]
    return (
        len(qs) == 2
        and len(times) == 1
        and all("scaled" in q.marks and q.value >= 1e9 and not q.marked for q in qs if q not in times)
    )


def literal(q: Quantity) -> str:
    """The quantity as the expression language writes it."""
    number = f"{q.value:.15g}"
    if not q.marked or q.unit_text == "dimensionless":
        return number
    if q.unit_text == "pound":
        return f"({q.value * 0.45359237:.15g} kg)"
    unit = {"quarter_year": "quarter"}.get(q.unit_text, q.unit_text)
    return f"({number} {unit})"


def _between(reading: Reading, a: Quantity, b: Quantity) -> list[str]:
    return [t.low for t in reading.tokens[a.last : b.first] if t.text != "$"]


def _joined_by_word(
    reading: Reading, features: Features, qs: list[Quantity], salient: list[int]
) -> Sum | None:
    for i, j in itertools.pairwise(range(len(qs))):
        a, b = qs[i], qs[j]
        between = _between(reading, a, b)
        tail = reading.tokens[a.last - 1].low
        if (
            tail in _TIMES
            and "times" in a.marks
            and not between
            and not features.wanted.unit_text.startswith("USD/")
        ):
            return Sum(f"{literal(a)} * {literal(b)}", _wanted(features, b), (i, j), 0.95, "a times b")
        if between[:1] and between[0] in _TIMES and len(between) <= 2:
            return Sum(f"{literal(a)} * {literal(b)}", _wanted(features, b), (i, j), 0.95, "a times b")
        if between[:1] and between[0] in _OVER and len(between) <= 2:
            return Sum(
                f"{literal(a)} / {literal(b)}", _wanted(features, None), (i, j), 0.95, "a divided by b"
            )
    return None


def _percent_of(reading: Reading, features: Features, qs: list[Quantity], salient: list[int]) -> Sum | None:
    """`12% of $450k`."""
    for i, j in itertools.pairwise(range(len(qs))):
        a, b = qs[i], qs[j]
        between = [
            w for w in _between(reading, a, b) if w not in ("the", "a", "an", "our", "those", "its", "all")
        ]
        if a.unit_text == "percent" and between == ["of"] and b.unit_text != "percent":
            return Sum(f"{literal(a)} * {literal(b)}", _wanted(features, b), (i, j), 0.9, "percent of")
    return None


_GONE = re.compile(
    r"\b(thrown away|throw away|discarded|rejected|dropped|wasted|lost|gone|disappear|die|fail)\b", re.I
)
_COVERS = re.compile(
    r"\b(covers?|covered|accounts? for|makes? up|represents?|pays? for|funds?|finances?)\b", re.I
)
_KEPT = re.compile(r"\b(kept|keep|survive|survives|survived|used|remain|left|accepted)\b", re.I)


def _part_of_whole(
    reading: Reading, features: Features, qs: list[Quantity], salient: list[int]
) -> Sum | None:
    """`what percent of 1,200 is 75?`, `75 is what share of 1,200`, `75 out of 1,200`."""
    pair = _two(qs, salient)
    if pair is None:
        return None
    (i, a), (j, b) = pair
    if a.unit.dims != b.unit.dims and a.marked and b.marked:
        return None
    lead = " ".join(t.low for t in reading.tokens[max(0, a.first - 4) : a.first])
    between = " ".join(_between(reading, a, b))
    if re.search(r"(%|percent|percentage|share|fraction|proportion) of\b", lead):
        return Sum(f"{literal(b)} / {literal(a)}", "percent", (i, j), 0.9, "part of whole")
    if (
        a.marked and a.unit.dims == b.unit.dims and _size(a) < _size(b)
        and features.wanted.unit_text == "percent" and _COVERS.search(reading.text)
    ):  # fmt: skip
        return Sum(f"{literal(a)} / {literal(b)}", "percent", (i, j), 1.1, "part of whole")
    if (
        between in ("of", "of the", "out of")
        and a.value <= b.value
        and _GONE.search(reading.text)
        and _KEPT.search(reading.text)
    ):
        return Sum(f"1 - {literal(a)} / {literal(b)}", "percent", (i, j), 1.2, "the rest of a whole")
    if (
        between in ("of", "of the", "out of")
        and (features.percent or features.wanted.unit_text == "percent")
        and a.unit_text != "percent"
        and a.value <= b.value
    ):
        return Sum(f"{literal(a)} / {literal(b)}", "percent", (i, j), 1.02, "part of whole")
    if re.search(r"(%|percent|percentage|share|fraction|proportion) of\b|\bout of\b", between) and (
        features.percent or "out of" in between
    ):
        return Sum(f"{literal(a)} / {literal(b)}", "percent", (i, j), 0.85, "part of whole")
    return None


def _steps(reading: Reading, features: Features, qs: list[Quantity], salient: list[int]) -> Sum | None:
    pair = _two(qs, salient)
    if pair is None or not _MAGNITUDE_STEPS.search(reading.text):
        return None
    (i, a), (j, b) = pair
    low, high = sorted((a, b), key=lambda q: q.value * q.unit.factor)
    if low.value <= 0 or a.unit.dims != b.unit.dims:
        return None
    return Sum(f"log10({literal(high)} / {literal(low)})", None, (i, j), 0.97, "powers of ten")


def _series_total(reading: Reading, features: Features, qs: list[Quantity], salient: list[int]) -> Sum | None:
    if not features.total:
        return None
    groups: dict[int, list[int]] = {}
    for i in salient:
        if qs[i].series >= 0 and "axes" not in qs[i].marks:
            groups.setdefault(qs[i].series, []).append(i)
    best = max(groups.values(), key=len, default=[])
    if len(best) < 2 or len({qs[i].unit.dims for i in best}) > 1:
        return None
    unit = qs[best[0]].unit_text or None
    inner = " + ".join(literal(qs[i]) for i in best)
    return Sum(
        inner,
        _wanted(features, qs[best[0]]) if unit else None,
        tuple(best),
        0.8 + 0.04 * min(len(best), 4),
        "total of a list",
    )


def _change(reading: Reading, features: Features, qs: list[Quantity], salient: list[int]) -> Sum | None:
    """`from 120 to 30`: the percentage it changes by, or how many times."""
    for i, j in itertools.pairwise(range(len(qs))):
        a, b = qs[i], qs[j]
        if (
            "from" not in a.marks
            or "to" not in b.marks
            or a.unit.dims != b.unit.dims
            or not a.value
            or not b.value
        ):
            continue
        high, low = (a, b) if a.value * a.unit.factor >= b.value * b.unit.factor else (b, a)
        sure = 0.95 if features.wanted.unit_text == "percent" and set(salient) <= {i, j} else 0.8
        if (
            features.percent
            or features.wanted.unit_text == "percent"
            or (not features.ratio and (_DOWN.search(reading.text) or _UP.search(reading.text)))
        ):
            if high is a:
                return Sum(
                    f"({literal(a)} - {literal(b)}) / {literal(a)}",
                    "percent",
                    (i, j),
                    sure,
                    "fall in percent",
                )
            return Sum(
                f"({literal(b)} - {literal(a)}) / {literal(a)}", "percent", (i, j), sure, "rise in percent"
            )
        if features.ratio:
            asked = features.wanted.unit_text == "dimensionless" and set(salient) <= {i, j}
            return Sum(
                f"{literal(high)} / {literal(low)}", None, (i, j), 1.15 if asked else 0.75, "how many times"
            )
    return None


def _versus(reading: Reading, features: Features, qs: list[Quantity], salient: list[int]) -> Sum | None:
    """Two like quantities and a ratio asked for."""
    pair = _two(qs, salient)
    if pair is None:
        return None
    (i, a), (j, b) = pair
    if (
        a.unit.dims != b.unit.dims
        or (a.marked != b.marked and (a.unit.dims or b.unit.dims))
        or not a.value
        or not b.value
    ):
        return None
    high, low = (a, b) if a.value * a.unit.factor >= b.value * b.unit.factor else (b, a)
    if (features.percent and not features.ratio) or (
        re.search(r"\b(discount|percent|%) ", reading.text) and features.percent
    ):
        return (
            Sum(
                f"({literal(high)} - {literal(low)}) / {literal(high)}",
                "percent",
                (i, j),
                0.7,
                "discount in percent",
            )
            if _DOWN.search(reading.text)
            else None
        )
    if features.ratio or features.wanted.unit_text == "dimensionless":
        return Sum(
            f"{literal(high)} / {literal(low)}",
            None,
            (i, j),
            0.85 if features.wanted.unit_text == "dimensionless" else 0.7,
            "how many times",
        )
    return None


def _difference(reading: Reading, features: Features, qs: list[Quantity], salient: list[int]) -> Sum | None:
    pair = _two(qs, salient)
    if pair is None or not features.difference or features.ratio or features.percent:
        return None
    (i, a), (j, b) = pair
    if a.unit.dims != b.unit.dims or not a.marked:
        return None
    high, low = max(a, b, key=_size), min(a, b, key=_size)
    return Sum(f"{literal(high)} - {literal(low)}", a.unit_text, (i, j), 0.65, "difference")


def _size(q: Quantity) -> float:
    return q.value * q.unit.factor


def _conversion(reading: Reading, features: Features, qs: list[Quantity], salient: list[int]) -> Sum | None:
    if (
        len(salient) != 1
        or "claim" in qs[salient[0]].marks
        or features.wanted.unit is None
        or not features.wanted.explicit
    ):
        return None
    q = qs[salient[0]]
    if (
        not q.marked
        or not q.unit.dims
        or q.unit.dims != features.wanted.unit.dims
        or q.unit == features.wanted.unit
    ):
        return None
    if len(features.stems) > 6:
        return None
    return Sum(
        literal(q),
        features.wanted.unit_text.replace("tonne", "metric_ton"),
        (salient[0],),
        0.92,
        "unit conversion",
    )


def _by_dimension(reading: Reading, features: Features, qs: list[Quantity], salient: list[int]) -> Sum | None:
    """The one product of all quantities, each or its inverse, that has the unit asked for."""
    wanted = features.wanted
    if wanted.unit is None or not wanted.unit.dims or not 2 <= len(salient) <= 5:
        return None
    if any("params" in qs[i].marks or (not qs[i].marked) for i in salient):
        return None
    ways = []
    for signs in itertools.product((1, -1), repeat=len(salient)):
        unit: Unit = NUMBER
        for i, sign in zip(salient, signs, strict=True):
            per = _per_piece(qs, i)
            unit = unit * per if sign > 0 else unit / per
        if unit.dims == wanted.unit.dims:
            ways.append(signs)
    if not ways and wanted.unit.dims == (("chip", 1),):
        ways = _with_chip_unsaid(qs, salient, wanted.unit)
    dimensionless = sum(1 for i in salient if not qs[i].unit.dims)
    if len(ways) != 1 or dimensionless:
        return None
    top = " * ".join(_per_literal(qs, i) for i, s in zip(salient, ways[0], strict=True) if s > 0) or "1"
    below = [_per_literal(qs, i) for i, s in zip(salient, ways[0], strict=True) if s < 0]
    expression = top + "".join(f" / {b}" for b in below)
    unit_text = wanted.unit_text
    if (
        wanted.unit.has("USD")
        and all(n in ("USD", "chip", "server", "person") for n, _ in wanted.unit.dims)
        and len(wanted.unit.dims) > 1
    ):
        expression = re.sub(r"\(([\d.e+-]+) (chip|server|person)\)", r"\1", expression)
        unit_text = "USD"  # dollars for one of them
    cancels = sum(abs(p) for i in salient for _, p in _per_piece(qs, i).dims) > sum(
        abs(p) for _, p in wanted.unit.dims
    )
    return Sum(
        expression, unit_text, tuple(salient), 0.92 if cancels or unit_text == "USD" else 0.72, "units decide"
    )


def _with_chip_unsaid(qs: list[Quantity], salient: list[int], wanted: Unit) -> list[tuple[int, ...]]:
    """ "$3 million a year at $2/hr: how many H100s": a rate by the hour that is by the chip as well, unsaid."""
    ways = []
    for signs in itertools.product((1, -1), repeat=len(salient)):
        unit: Unit = NUMBER
        for i, sign in zip(salient, signs, strict=True):
            unit = unit * qs[i].unit if sign > 0 else unit / qs[i].unit
        if not unit.dims and any(
            s < 0 and "/hour" in qs[i].unit_text for i, s in zip(salient, signs, strict=True)
        ):
            ways.append(signs)
    return ways


_PLAIN = re.compile(r"^[\d\s.,()+*/^x×÷kKmMbB$%-]+$")


def _written_out(reading: Reading, features: Features, qs: list[Quantity], salient: list[int]) -> Sum | None:
    """`8 * 7`, `300k / 8`, `2^10`, `sqrt of 2`, `average of 12, 18 and 30`."""
    text = re.sub(
        r"^\W*(what('s| is)|how much is|calculate|compute|evaluate|work out)\s+",
        "",
        reading.text.strip(" ?=!."),
        flags=re.I,
    ).strip()
    if _PLAIN.match(text) and re.search(r"\d", text) and re.search(r"[+*/^x×÷-]", text[1:]):
        expression = (
            re.sub(r"(?<=[\d\s)kKmMbB])[x×](?=[\s\d(])", "*", text)
            .replace("÷", "/")
            .replace("$", "")
            .replace(",", "")
        )
        return Sum(expression, None, tuple(range(len(qs))), 1.1, "as written")
    values = [literal(qs[i]) for i in salient]
    root = re.search(r"\b(square root|sqrt) of\b", text, re.I)
    if root and len(values) == 1:
        return Sum(f"sqrt({values[0]})", None, tuple(salient), 1.0, "square root")
    if re.search(r"\b(average|mean) of\b", text, re.I) and len(values) > 1:
        return Sum(f"mean({', '.join(values)})", None, tuple(salient), 1.0, "mean")
    return None


_AGAIN = frozenset(
    [
        "generation",
        "generations",
        "step",
        "steps",
        "doubling",
        "doublings",
        "round",
        "rounds",
        "iteration",
        "iterations",
        "halving",
        "halvings",
        "tripling",
    ]
)


def _repeated(reading: Reading, features: Features, qs: list[Quantity], salient: list[int]) -> Sum | None:
    """`two doublings from 100k`, `3 billion, ten times more each generation, two generations later`, `8B doubling`."""
    factors = [i for i, q in enumerate(qs) if "times" in q.marks]
    counts = [
        i for i, q in enumerate(qs) if not q.marked and _next_word(reading, q) in _AGAIN and q.value <= 12
    ]
    bases = [i for i in salient if i not in factors and i not in counts]
    if len(bases) != 1:
        return None
    word = _next_word(reading, qs[counts[0]]) if counts else ""
    own = {"doubling": 2.0, "doublings": 2.0, "halving": 0.5, "halvings": 0.5, "tripling": 3.0}.get(word)
    base = literal(qs[bases[0]])
    if counts and (own or factors):
        factor = own if own else qs[factors[0]].value
        used = (bases[0], *counts, *factors)
        return Sum(
            f"{base} * {factor:g} ^ {qs[counts[0]].value:g}",
            qs[bases[0]].unit_text or None,
            used,
            0.95,
            "n steps",
        )
    if (
        len(qs) == 2
        and factors
        and "verbal" in qs[factors[0]].marks
        and not features.ratio
        and len(features.stems) < 9
    ):
        unit = qs[bases[0]].unit_text or (
            "USD" if _is_money(reading) and "scaled" in qs[bases[0]].marks else None
        )
        value = f"({qs[bases[0]].value:.15g} {unit})" if unit else base
        return Sum(f"{value} * {qs[factors[0]].value:g}", unit, (bases[0], factors[0]), 0.8, "times a factor")
    return None


_SPLIT = re.compile(
    r"\b(split|divided|spread|shared|distributed)\b( up)?( evenly| equally)? (over|across|among|amongst|between|by)\b",
    re.I,
)


def _split(reading: Reading, features: Features, qs: list[Quantity], salient: list[int]) -> Sum | None:
    """`$10B split evenly over five models`: an amount divided by a count."""
    if not _SPLIT.search(reading.text):
        return None
    amounts = [i for i, q in enumerate(qs) if q.unit_text == "USD" or (q.unit.dims and "scaled" in q.marks)]
    counts = [
        i
        for i in salient
        if not qs[i].unit.dims and qs[i].unit_text != "percent" and i not in amounts and qs[i].value > 1
    ]
    if len(amounts) != 1 or len(counts) != 1:
        return None
    i, j = amounts[0], counts[0]
    return Sum(f"{literal(qs[i])} / {qs[j].value:.15g}", qs[i].unit_text or None, (i, j), 1.0, "split over")


_PER_EACH = re.compile(
    r"\b(per|for each|for one|a single) (gpu|chip|card|accelerator|server|rack|person|engineer|developer|request|user)\b",
    re.I,
)


def _per_each(reading: Reading, features: Features, qs: list[Quantity], salient: list[int]) -> Sum | None:
    """`an eight-GPU server is $300,000: what per GPU?`: an amount divided by the number of what it is asked for."""
    asked = _PER_EACH.search(reading.text)
    if asked is None:
        return None
    piece = spelled_unit(asked.group(2))
    counts = [i for i, q in enumerate(qs) if q.unit_text == piece and q.value > 1]
    amounts = [i for i, q in enumerate(qs) if q.unit_text == "USD"]
    if len(counts) != 1 or len(amounts) != 1 or set(salient) - {*counts, *amounts}:
        return None
    i, j = amounts[0], counts[0]
    return Sum(f"{literal(qs[i])} / {qs[j].value:.15g}", "USD", (i, j), 1.0, "per piece")


_NEXT = frozenset({"next", "further", "following", "more", "subsequent", "other"})


def _ladder(reading: Reading, features: Features, qs: list[Quantity], salient: list[int]) -> Sum | None:
    """`the first costs $2M, each of the next four ten times the one before`: the last of them, or all together."""
    if not re.search(r"\b(first|start\w*|begin\w*|initial\w*)\b", reading.text, re.I):
        return None
    steps = [
        i for i, q in enumerate(qs)
        if not q.unit.dims and q.value <= 12 and "times" not in q.marks and q.first and reading.tokens[q.first - 1].low in _NEXT
    ]  # fmt: skip
    factors = [i for i, q in enumerate(qs) if "times" in q.marks]
    bases = [i for i in salient if qs[i].unit.dims and i not in steps + factors]
    if len(steps) != 1 or len(factors) != 1 or len(bases) != 1 or qs[factors[0]].value == 1:
        return None
    base, k, n = qs[bases[0]], qs[factors[0]].value, int(qs[steps[0]].value)
    again = [i for i, q in enumerate(qs) if not q.marked and q.value == n + 1]  # "the five together"
    used = (bases[0], factors[0], steps[0], *again)
    if features.total or re.search(r"\b(together|altogether|in all|in total|sum)\b", reading.text, re.I):
        expression = f"{literal(base)} * ({k:g} ^ {n + 1} - 1) / ({k:g} - 1)"
    else:
        expression = f"{literal(base)} * {k:g} ^ {n}"
    return Sum(expression, base.unit_text or None, used, 1.2, "a ladder of steps")


def _is_money(reading: Reading) -> bool:
    return bool(re.search(r"\b(revenue|sales|cost|spend|spending|budget|capex|profit)\b", reading.text, re.I))


def _next_word(reading: Reading, q: Quantity) -> str:
    return reading.tokens[q.last].low if q.last < len(reading.tokens) else ""


_PIECES = frozenset(["chip", "server", "person", "rack", "request", "chip*hour", "token", "link"])


def _piece(qs: list[Quantity], i: int) -> str:
    """What "each" stands for: the thing counted by the quantity nearest to it, chips when none is."""
    for j in (i - 1, i + 1, i - 2, i + 2):
        if not 0 <= j < len(qs) or not qs[j].unit_text or qs[j].unit.has("USD"):
            continue
        if qs[j].unit_text in _PIECES:
            return qs[j].unit_text
    return "chip"


def _per_piece(qs: list[Quantity], i: int) -> Unit:
    """`1.4 kW each`: per chip, as the text says."""
    q = qs[i]
    if "each" not in q.marks or any(p < 0 for n, p in q.unit.dims if n != "s"):
        return q.unit
    return q.unit / parse_unit(_piece(qs, i))


def _per_literal(qs: list[Quantity], i: int) -> str:
    q = qs[i]
    if _per_piece(qs, i) == q.unit:
        return literal(q)
    return f"({q.value:.15g} {q.unit_text}/{_piece(qs, i).replace('*', '/')})"


def _two(qs: list[Quantity], salient: list[int]) -> tuple[tuple[int, Quantity], tuple[int, Quantity]] | None:
    if len(salient) != 2:
        return None
    i, j = salient
    return (i, qs[i]), (j, qs[j])


def _wanted(features: Features, like: Quantity | None) -> str | None:
    """The unit asked for when it fits the result's, else that of the quantity the result is like."""
    wanted = features.wanted
    if like is None:
        return wanted.unit_text if wanted.unit is not None and wanted.unit_text == "percent" else None
    if wanted.unit is not None and wanted.unit.dims and wanted.unit.dims == like.unit.dims:
        return wanted.unit_text
    return None
