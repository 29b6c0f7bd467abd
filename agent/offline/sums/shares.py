"""Shares of a whole: a list of them with one left out, and a share of what another share leaves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from agent.offline.reading.words import stem
from agent.offline.sums import words as say
from agent.offline.sums.item import Item, Problem, whole_item
from agent.offline.sums.terms import Term, with_unit

_REST = frozenset(
    ["rest", "remainder", "remaining", "left", "remain", "remains", "others", "leftover", "balance"]
)
CERTAIN = 1.3  # the weight of a reading whose words leave no other; what it says is no more than clear


def of_the_rest(problem: Problem, k: int) -> bool:
    """Whether the share `k` is of what the one before it leaves: "25 % of the rest", "of what's left, 25 %"."""
    if not k or not any(t.kind == "percent" for t in problem.terms[:k]):
        return False
    for words in (problem.terms[k].after[:6], problem.gaps[k - 1][-6:]):
        if any(w == "of" and _REST & frozenset(words[i + 1 : i + 4]) for i, w in enumerate(words)):
            return True
    return False


def leaves_a_rest(problem: Problem, k: int) -> bool:
    """Whether the next share is of what the share `k` leaves."""
    later = (j for j in range(k + 1, len(problem.terms)) if problem.terms[j].kind == "percent")
    following = next(later, 0)
    return bool(following) and of_the_rest(problem, following)


def label_of(term: Term) -> frozenset[str]:
    """The stems of the words that say what a number is of."""
    before, after = list(term.before), list(term.after)
    if "and" in before:
        before = before[len(before) - before[::-1].index("and") :]
    if "and" in after:
        after = after[: after.index("and")]
    words = [*before[-3:], *after[:3]]
    return frozenset(
        stem(w)
        for w in words
        if w.isalpha() and w not in ("and", "to", "the", "of", "for", "with", "in", "is", "from")
    )


def named_term(problem: Problem) -> int | None:
    """The one term whose own words the asking clause repeats."""
    words = problem.asked.words
    for said, k in (("last", -1), ("final", -1), ("first", 0)):
        if said in words and "second" not in words:
            return k % len(problem.terms)
    return _best_named([label_of(t) for t in problem.terms], problem.asked.labels)


def _best_named(labels: Sequence[frozenset[str]], said: frozenset[str]) -> int | None:
    score = []
    for k, label in enumerate(labels):
        others = frozenset().union(*(x for j, x in enumerate(labels) if j != k))
        score.append(len((label - others) & said))
    best = max(score)
    return score.index(best) if best and score.count(best) == 1 else None


def without_one(problem: Problem) -> Iterator[Item]:
    """ "A has 60 %, B 25, C 15; without C, what share is A's": one of the shares over all that are not left out."""
    asked = problem.asked
    if asked.kind != "percent" or not asked.left_out or len(problem.terms) < 2:
        return
    terms = _all_shares(problem.terms)
    if terms is None or sum(t.value for t in terms) > 1.005:
        return
    labels = [label_of(t) for t in terms]
    gone = _best_named(labels, asked.left_out)
    if gone is None:
        return
    named = _best_named(
        [label if k != gone else frozenset[str]() for k, label in enumerate(labels)],
        asked.labels - labels[gone],
    )
    if named is None and len(terms) == 2:
        named = 1 - gone
    if named is None or named == gone:
        return
    value = terms[named].value / (1 - terms[gone].value)
    problem = replace(problem, terms=terms)
    yield whole_item(problem, value, (), "ratio", CERTAIN, "{0} / (1 - {1})", (named, gone))


_LAST_ONE = frozenset(
    ["unspent", "third", "fourth", "last", "other", "others", "rest", "remainder", "uncommitted"]
)


def what_is_left(problem: Problem) -> Iterator[Item]:
    """ "Of 40 MW, 6 go to cooling and 2 to the network, what is left?"; "they hold 54 and 38 % of $18B, the third?"."""
    asked, terms = problem.asked, problem.terms
    if len(terms) < 3 or not asked.says(_LAST_ONE | say.LEFT) or asked.kind == "percent":
        return
    whole = terms[0] if terms[0].kind != "percent" else terms[-1]
    parts = [t for t in terms if t is not whole]
    order = (0, *range(1, len(terms))) if whole is terms[0] else (len(terms) - 1, *range(len(terms) - 1))
    if any(_changes(t) for t in parts) or any(of_the_rest(problem, k) for k in range(1, len(terms))):
        return
    total, minus = sum(t.value for t in parts), " - ".join(f"{{{k}}}" for k in range(1, len(terms)))
    shares = all(t.kind == "percent" for t in parts) and total < 1 and whole.kind in ("amount", "count")
    alike = all(t.dims == whole.dims and t.kind == whole.kind for t in parts) and total < whole.value
    if shares:
        yield whole_item(problem, whole.value * (1 - total), whole.dims, whole.kind, CERTAIN, f"{{0}} * (1 - {minus})", order)  # fmt: skip
    elif alike and whole is terms[0] and whole.kind in ("amount", "count") and asked.says(say.LEFT_OVER):
        yield whole_item(problem, whole.value - total, whole.dims, "sum", CERTAIN, f"{{0}} - {minus}", order)


def _changes(term: Term) -> bool:
    """Whether a share or an amount is said to be added, taken off again or changed: no part of the whole."""
    near = frozenset((*term.before[-3:], *term.after[:2]))
    return (
        bool(near & (say.MORE | frozenset(["cut", "cuts", "falls", "fell", "drops", "cheaper", "then"])))
        or term.to
    )


def only_shares(problem: Problem) -> bool:
    """Whether a percentage is asked for among shares of one whole, some of them without a sign: nothing to multiply."""
    if problem.asked.kind != "percent" or len(problem.terms) < 3:
        return False
    terms = _all_shares(problem.terms)
    return (
        terms is not None
        and any(t.kind == "count" for t in problem.terms)
        and sum(t.value for t in terms) < 1.005
    )


def _all_shares(terms: tuple[Term, ...]) -> tuple[Term, ...] | None:
    """The terms as percentages, also where only the first says so: "55 % …, the others 25 and 20"."""
    first = next((t for t in terms if t.kind == "percent"), None)
    if first is None or any(
        t.kind != "percent" and not (t.kind == "count" and t.bare and 0 < t.value < 100) for t in terms
    ):
        return None
    return tuple(t if t.kind == "percent" else with_unit(t, first) for t in terms)


__all__ = [
    "CERTAIN",
    "label_of",
    "leaves_a_rest",
    "named_term",
    "of_the_rest",
    "only_shares",
    "what_is_left",
    "without_one",
]
