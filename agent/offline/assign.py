"""One field a quantity and one quantity a field: best first, then swaps while they gain."""

from __future__ import annotations

from collections.abc import Mapping

from agent.offline.reading import Reading
from agent.offline.schema import Field, Spec


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
            if f.unit_text == g.unit_text and now - then < (0.9 if paired else 0.15):
                chosen[i], chosen[j] = g, f


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
