"""Counts of regular networks: torus, mesh, ring, hypercube and one switched domain.

A torus closes every axis; an axis of 2 has one link, not two. Links of an axis of k: N for k > 2, N/2 for k = 2;
of a mesh axis N (k − 1)/k. Diameter: ⌊k/2⌋ a torus axis, k − 1 a mesh axis. Bisection: the links cut by halving
the longest axis, 2 N/k in a torus, N/k in a mesh (Dally and Towles 2004, chapters 3 and 5).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Topology = Literal["torus", "mesh", "ring", "hypercube", "switch"]


@dataclass(frozen=True, slots=True)
class Network:
    """Counts of a network of `chips` chips."""

    kind: Topology
    dims: tuple[int, ...]
    chips: int
    links: int
    links_per_chip: float
    diameter_hops: int
    average_hops: float
    bisection_links: float


def grid(dims: tuple[int, ...], *, closed: bool) -> Network:
    """A torus (`closed`) or a mesh; each of `dims` at least 1."""
    chips = math.prod(dims)
    links = sum(_axis_links(k, chips, closed) for k in dims)
    longest = max(dims)
    cut = 0.0
    if longest > 1:
        cut = chips / longest * (2.0 if closed and longest > 2 else 1.0)
    return Network(
        kind="torus" if closed else "mesh", dims=dims, chips=chips, links=links,
        links_per_chip=2.0 * links / chips,
        diameter_hops=sum(k // 2 if closed else k - 1 for k in dims),
        average_hops=sum(_axis_mean(k, closed) for k in dims) * chips / max(1, chips - 1),
        bisection_links=cut,
    )  # fmt: skip


def hypercube(dimensions: int) -> Network:
    """2^dimensions chips, one link an axis."""
    cube = grid((2,) * dimensions, closed=True)
    return Network("hypercube", cube.dims, cube.chips, cube.links, cube.links_per_chip,
                   cube.diameter_hops, cube.average_hops, cube.bisection_links)  # fmt: skip


def ring(chips: int) -> Network:
    """Every chip tied to two neighbours."""
    loop = grid((chips,), closed=True)
    return Network("ring", loop.dims, loop.chips, loop.links, loop.links_per_chip,
                   loop.diameter_hops, loop.average_hops, loop.bisection_links)  # fmt: skip


def switched(chips: int) -> Network:
    """One non-blocking switch layer: one link a chip, two hops by way of the switch."""
    return Network(
        "switch", (chips,), chips, chips, 1.0, 2 if chips > 1 else 0, 2.0 if chips > 1 else 0.0, chips / 2
    )


def _axis_links(k: int, chips: int, closed: bool) -> int:
    if k == 1:
        return 0
    return chips if closed and k > 2 else chips // k * (k - 1)


def _axis_mean(k: int, closed: bool) -> float:
    """Mean distance along an axis over all ordered pairs, equal ones included."""
    if closed:
        return (k // 2) * ((k + 1) // 2) / k
    return (k * k - 1) / (3 * k)
