"""Partly read word problems: a stretch of the terms, the value it comes to, and how it is written."""

from __future__ import annotations

from dataclasses import dataclass

from agent.offline.sum_terms import Dims, Term, without_things


@dataclass(frozen=True, slots=True)
class Item:
    """Terms `first` … `last` joined: `form` with `{0}`, `{1}` for its parts, or one term when it has none.

    `kind`: amount, count, percent (as stated), part (a share taken of something), factor, ratio, change, growth or years.
    `weight` is the product of how clear each join is, 0 … 1.
    """

    first: int
    last: int
    value: float
    dims: Dims
    kind: str
    weight: float
    form: str = ""
    parts: tuple[Item, ...] = ()
    term: Term | None = None
    absorbed: int = (
        -1
    )  # the part whose counted things are not part of the unit: 400 servers × 350 W is a power
    loose: bool = False  # additive, so that it needs brackets within a product

    @property
    def leaf(self) -> bool:
        return not self.parts

    def written(self, plain: bool) -> str:
        """The expression; `plain` leaves out the units of things counted."""
        if self.term is not None:
            text = self.term.plain if plain else self.term.full
            return self.form.format(text) if self.form else text
        return self.form.format(
            *(p.bracketed(plain or k == self.absorbed, self.form) for k, p in enumerate(self.parts))
        )

    def bracketed(self, plain: bool, within: str) -> str:
        text = self.written(plain)
        if self.leaf and not self.loose:
            return text
        if self.loose and not within.startswith("{0} + {1}"):
            return f"({text})"
        return text if within.startswith(("{0} * {1}", "{0} + {1}", "{0} - {1}")) else f"({text})"


def leaf(
    k: int, term: Term, kind: str = "", weight: float = 1.0, form: str = "", value: float | None = None
) -> Item:
    return Item(
        k,
        k,
        term.value if value is None else value,
        term.dims,
        kind or term.kind,
        weight,
        form,
        (),
        term,
        loose=bool(form) and not form.startswith("("),
    )


def join(
    a: Item,
    b: Item,
    form: str,
    value: float,
    dims: Dims,
    kind: str,
    clear: float,
    *,
    absorbed: int = -1,
    swap: bool = False,
) -> Item:
    """Two neighbours made one; `swap` when the later one is written first."""
    parts = (b, a) if swap else (a, b)
    if swap and absorbed >= 0:
        absorbed = 1 - absorbed
    loose = " + " in form or " - " in form
    return Item(
        min(a.first, b.first),
        max(a.last, b.last),
        value,
        dims,
        kind,
        a.weight * b.weight * clear,
        form,
        parts,
        None,
        absorbed,
        loose,
    )


__all__ = ["Item", "join", "leaf", "without_things"]
