"""One field a quantity and one quantity a field: best first, then swaps while they gain."""

from __future__ import annotations

from collections.abc import Mapping

from agent.offline.fitting.frame import Frame
from agent.offline.reading.reading import Quantity, Reading
from agent.offline.schema import Field, Spec

BRANCHES = 5  # fields tried for one quantity


def assign(
    options: list[tuple[float, int, Field]], fits: Mapping[tuple[int, str], float]
) -> dict[int, Field]:
    """One field a quantity and one quantity a field: best first, then swaps while they gain."""
    chosen: dict[int, Field] = {}
    taken: set[str] = set()
    for _, i, f in sorted(options, key=lambda o: -o[0]):
        if i not in chosen and f.name not in taken:
            chosen[i] = f
            taken.add(f.name)
    for _ in range(3):
        if not _improve(chosen, taken, options, fits):
            break
    return chosen


def alternatives(
    options: list[tuple[float, int, Field]],
    worth: Mapping[tuple[int, str], float],
    left: Mapping[int, float],
    k: int,
) -> list[dict[int, Field]]:
    """The `k` best assignments by the sum of `worth`, a quantity left over costing `left`: a beam over the quantities."""
    by_quantity: dict[int, list[Field]] = {}
    for _, i, f in options:
        by_quantity.setdefault(i, []).append(f)
    beam: list[tuple[float, tuple[tuple[int, Field], ...], frozenset[str]]] = [(0.0, (), frozenset())]
    for i in sorted(by_quantity, key=lambda i: (len(by_quantity[i]), i)):
        fields = sorted(by_quantity[i], key=lambda f: -worth[i, f.name])[:BRANCHES]
        grown = [
            (total + worth[i, f.name], (*pairs, (i, f)), taken | {f.name})
            for total, pairs, taken in beam
            for f in fields
            if f.name not in taken
        ]
        grown += [(total - left[i], pairs, taken) for total, pairs, taken in beam]
        grown.sort(key=lambda row: -row[0])
        beam = grown[: 2 * k]
    return [dict(pairs) for _, pairs, _ in beam[:k]]


def in_order(
    chosen: dict[int, Field], fits: Mapping[tuple[int, str], float], reading: Reading, spec: Spec
) -> None:
    """Numbers of one list ("at 0.15 and 0.60 per million") go to their fields in order, when words do not decide."""
    order = {f.name: k for k, f in enumerate(spec.fields)}
    for i in sorted(chosen):
        for j in sorted(chosen):
            a, b = reading.quantities[i], reading.quantities[j]
            if j <= i:
                continue
            f, g = chosen[i], chosen[j]
            paired = f.direction > g.direction and not {"from", "to", "first", "second"} & (a.marks | b.marks)
            listed = (
                a.series >= 0
                and a.series == b.series
                and order[f.name] > order[g.name]
                and not f.direction
                and not g.direction
            )
            if not paired and not listed:
                continue
            now = fits[i, f.name] + fits[j, g.name]
            then = fits.get((i, g.name), -9.0) + fits.get((j, f.name), -9.0)
            loose = 0.15 if paired or not (_no_side(reading, a) and _no_side(reading, b)) else 2.5
            if f.unit_text == g.unit_text and now - then < (0.9 if paired else loose):
                chosen[i], chosen[j] = g, f


_SIDES = frozenset(["in", "out", "input", "output", "prompt", "completion", "prompts", "completions"])


def _no_side(reading: Reading, q: Quantity) -> bool:
    """Whether a price stands without a word for the side of the call in its own clause."""
    tokens, k, j = reading.tokens, q.first - 1, q.last
    while k >= 0 and tokens[k].text not in ",;.:?!+(" and tokens[k].low != "and" and not tokens[k].is_number:
        k -= 1
    while (
        j < len(tokens)
        and tokens[j].text not in ",;.:?!+)"
        and tokens[j].low != "and"
        and not tokens[j].is_number
    ):
        j += 1
    return q.unit.has("USD") and not _SIDES & {t.low for t in tokens[k + 1 : j]}


def beside_names(
    chosen: dict[int, Field], fits: dict[tuple[int, str], float], reading: Reading, frame: Frame
) -> None:
    """ "A at 12k than B at 30k": each number goes to the side of the name it stands beside, whatever joins the two."""
    sides = _sides(reading, frame)
    if sides is None:
        return
    _one_price(chosen, fits, reading, frame.spec, sides)
    (at_first, first_is_second), (at_other, _) = sides
    for i in sorted(chosen):
        for j in sorted(chosen):
            a, b, f, g = reading.quantities[i], reading.quantities[j], chosen.get(i), chosen.get(j)
            if j <= i or f is None or g is None or f.unit_text != g.unit_text or f.direction == g.direction:
                continue
            if (i, g.name) not in fits or (j, f.name) not in fits:
                continue
            after = at_first < a.start < at_other < b.start
            before = a.start < at_first < b.start < at_other
            if (after or before) and (f.direction > g.direction) != first_is_second:
                chosen[i], chosen[j] = g, f


def priced(
    chosen: dict[int, Field], fits: dict[tuple[int, str], float], reading: Reading, frame: Frame
) -> dict[int, Field]:
    """An assignment with the one price that is stated at the side of the name it stands beside."""
    sides = _sides(reading, frame)
    if sides is not None:
        _one_price(chosen, fits, reading, frame.spec, sides)
    return chosen


_COSTING = frozenset(
    [
        "that",
        "which",
        "costs",
        "cost",
        "costing",
        "at",
        "for",
        "priced",
        "sells",
        "is",
        "goes",
        "listed",
        "a",
        "$",
        "(",
        "of",
        "with",
    ]
)


def _one_price(
    chosen: dict[int, Field],
    fits: dict[tuple[int, str], float],
    reading: Reading,
    spec: Spec,
    sides: tuple[tuple[int, bool], tuple[int, bool]],
) -> None:
    """ "What would A have to cost to match a $5,000 B", "B that costs $5,000": the one price is of the name beside it."""
    for i, f in list(chosen.items()):
        q = reading.quantities[i]
        if (
            not f.direction
            or not q.unit.has("USD")
            or any(j != i and reading.quantities[j].unit.has("USD") for j in chosen)
        ):
            continue
        own = next((second for at, second in sides if _beside(reading, q.first, q.last, at)), None)
        if own is None or (f.direction > 0) == own:
            continue
        core, taken = f.name.removeprefix("other_"), {g.name for g in chosen.values()}
        twin = next((n for k, n in fits if k == i and n != f.name and n.removeprefix("other_") == core), "")
        if not twin:  # only the side of the other name is to be filled: the price is none of it
            del chosen[i]
        elif twin not in taken:
            chosen[i] = spec.by_name[twin]
            fits[i, twin] = max(fits[i, twin], fits[i, f.name])  # its place is as good as words near it


def _beside(reading: Reading, first: int, last: int, at: int) -> bool:
    """Whether the name that starts at character `at` stands right after the number, or before it with "that costs" between."""
    tokens = reading.tokens
    k = next((k for k, t in enumerate(tokens) if t.start == at), -1)
    if k == last or k == last + 1:
        return k == last or tokens[last].text == "-"
    if not 0 <= k < first:
        return False
    named = reading.masked(k)
    end = next(
        (j for j in range(k, len(tokens)) if named is None or tokens[j].start >= named.end), len(tokens)
    )
    return end < first and all(t.low in _COSTING for t in tokens[end:first])


_EVERY = frozenset({"per", "a", "an", "every", "each", "in", "/", "over"})


def own_periods(
    chosen: dict[int, Field], fits: dict[tuple[int, str], float], reading: Reading, spec: Spec
) -> None:
    """ "5x a year against 2x every two years": each factor keeps the time said right after it."""
    quantities = reading.quantities
    factors = [
        i for i in sorted(chosen) if "times" in quantities[i].marks or quantities[i].unit_text == "percent"
    ]
    time = [
        f for f in spec.fields if f.kind == "number" and f.unit is not None and f.unit.dims == (("s", 1),)
    ]
    first, other = [f for f in time if f.direction < 0], [f for f in time if f.direction > 0]
    if (
        len(factors) != 2
        or not first
        or not other
        or chosen[factors[0]].direction == chosen[factors[1]].direction
    ):
        return
    times = [j for j, q in enumerate(quantities) if q.unit.dims == (("s", 1),)]
    own = [next((j for j in times if _said_right_after(reading, i, j)), None) for i in factors]
    if own[0] is None or own[1] is None or own[0] == own[1]:
        return
    rest = [j for j in times if j not in own]
    for j in times:
        chosen.pop(j, None)
    spare = [
        f for f in time if not f.direction and f.unit_text == first[0].unit_text and f not in chosen.values()
    ]
    targets = [other[0] if chosen[i].direction > 0 else first[0] for i in factors]
    for j, f in zip([*(j for j in own if j is not None), *rest[:1]], [*targets, *spare[:1]], strict=False):
        chosen[j] = f
        fits.setdefault((j, f.name), 2.5)


def _said_right_after(reading: Reading, i: int, j: int) -> bool:
    a, b = reading.quantities[i], reading.quantities[j]
    between = {t.low for t in reading.tokens[a.last : b.first]}
    return 0 <= b.first - a.last <= 3 and (between <= _EVERY or "period" in b.marks)


def _sides(reading: Reading, frame: Frame) -> tuple[tuple[int, bool], tuple[int, bool]] | None:
    """Where the two names compared stand in the text, the earlier first, and whether each fills the second field."""
    fields = [f for f in frame.spec.fields if f.kind == "entity" and f.entity and f.name in frame.fills]
    for k, f in enumerate(fields):
        for g in fields[k + 1 :]:
            if f.entity != g.entity:
                continue
            places = [
                (min((m.start for m in reading.mentions if m.kinds.get(h.entity) == frame.fills[h.name].value), default=-1), h is g)
                for h in (f, g)
            ]  # fmt: skip
            if min(p for p, _ in places) >= 0:
                low, high = sorted(places)
                return low, high
    return None


def _improve(
    chosen: dict[int, Field],
    taken: set[str],
    options: list[tuple[float, int, Field]],
    fits: Mapping[tuple[int, str], float],
) -> bool:
    changed = False
    owner = {f.name: i for i, f in chosen.items()}
    for fit, i, f in options:
        j = owner.get(f.name)
        if j is None or j == i:
            continue
        mine = fits.get((i, chosen[i].name), 0.0) if i in chosen else 0.0
        theirs = fits[j, f.name]
        # j may move to i's field, or to any free field
        moves = [(fits.get((j, chosen[i].name), -9.0), chosen[i])] if i in chosen else []
        moves += [(g, h) for g, k, h in options if k == j and h.name not in taken]
        best = max(moves, key=lambda m: m[0], default=(0.0, None))
        if fit + best[0] > mine + theirs + 1e-9:
            old = chosen.get(i)
            chosen[i] = f
            if best[1] is not None and best[0] > -9:
                chosen[j] = best[1]
            else:
                del chosen[j]
            taken.clear()
            taken.update(g.name for g in chosen.values())
            owner = {g.name: k for k, g in chosen.items()}
            changed = changed or old is not f
    return changed
