"""Traces of requests for the simulation: reading a file, and drawing Poisson arrivals.

A trace has the columns ``arrival_s`` (seconds from its start), ``input_tokens`` and ``output_tokens``.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tools.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

COLUMNS = ("arrival_s", "input_tokens", "output_tokens")
MOST_REQUESTS = 5_000_000
MOST_TOKENS = 10_000_000


@dataclass(frozen=True, slots=True)
class Trace:
    """Requests in order of arrival: seconds, and lengths in tokens; arrays of one length."""

    arrival_s: NDArray[np.float64]
    input_tokens: NDArray[np.float64]
    output_tokens: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.arrival_s)


def read(path: Path) -> Trace:
    """The trace in a CSV file, put in order of arrival. InputError names the line that is wrong."""
    import numpy as np

    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(_rows(csv.reader(file)))
    except OSError as error:
        raise InputError("trace", str(path), f"a CSV file that can be read ({error.strerror})") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError("trace", str(path), "a CSV file in UTF-8") from error
    if not rows:
        raise InputError("trace", str(path), "at least one request below the header")
    table = np.array(rows, dtype=np.float64)
    table = table[np.argsort(table[:, 0], kind="stable")]
    return Trace(*(np.ascontiguousarray(table[:, i]) for i in range(3)))


def _rows(reader: Iterator[list[str]]) -> Iterator[tuple[float, float, float]]:
    header = [name.strip().lower() for name in next(reader, [])]
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        raise InputError("columns", ",".join(header), f"a header with {', '.join(COLUMNS)}")
    at = [header.index(name) for name in COLUMNS]
    for line, cells in enumerate(reader, start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if line > MOST_REQUESTS + 1:
            raise InputError("trace", line, f"at most {MOST_REQUESTS:,} requests")
        arrival, prompt, answer = (
            _number(name, cells[i] if i < len(cells) else "", line)
            for name, i in zip(COLUMNS, at, strict=True)
        )
        yield arrival, prompt, answer


def _number(name: str, cell: str, line: int) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if name == "arrival_s":
        if 0 <= value < math.inf:
            return value
        raise InputError(f"{name} in line {line}", cell, "a number of seconds, 0 or more")
    if 1 <= value <= MOST_TOKENS and value == int(value):
        return value
    raise InputError(f"{name} in line {line}", cell, f"a whole number from 1 to {MOST_TOKENS:,}")


def poisson(
    rate_per_s: float,
    requests: int,
    seed: int,
    *,
    input_tokens: float,
    output_tokens: float,
    spread: float = 0.0,
    lengths: Trace | None = None,
) -> Trace:
    """`requests` arrivals at `rate_per_s` on average, the same for one seed.

    Lengths are drawn from the rows of `lengths`, or are log-normal around the given means with a coefficient of
    variation of `spread` (0: all alike).
    """
    import numpy as np

    if not 0 < rate_per_s < math.inf:
        raise InputError("poisson", rate_per_s, "a rate above 0 requests per second")
    if not 1 <= requests <= MOST_REQUESTS:
        raise InputError("requests", requests, f"1 to {MOST_REQUESTS:,}")
    if not 0 <= spread <= 5:
        raise InputError("spread", spread, "0 to 5")
    draws = np.random.Generator(np.random.PCG64(seed))
    arrivals = np.cumsum(draws.exponential(1.0 / rate_per_s, requests))
    if lengths is not None:
        picked = draws.integers(0, len(lengths), requests)
        return Trace(arrivals, lengths.input_tokens[picked], lengths.output_tokens[picked])
    sigma = math.sqrt(math.log1p(spread * spread))
    return Trace(
        arrivals,
        *(
            np.clip(
                np.round(mean * np.exp(sigma * draws.standard_normal(requests) - 0.5 * sigma**2)),
                1,
                MOST_TOKENS,
            )
            for mean in (input_tokens, output_tokens)
        ),
    )


def write(path: Path, trace: Trace, outcomes: NDArray[np.float64]) -> None:
    """The trace with what became of each request: start, first token, finish (s), preemptions, rejected."""
    added = ("start_s", "first_token_s", "finish_s", "preemptions", "rejected")
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([*COLUMNS, *added])
            rows = zip(
                trace.input_tokens.tolist(), trace.output_tokens.tolist(), outcomes.tolist(), strict=True
            )
            for prompt, answer, (arrival, start, first, finish, preemptions, rejected) in rows:
                times = ("" if math.isnan(t) else f"{t:.6f}" for t in (start, first, finish))
                writer.writerow(
                    [
                        f"{arrival:.6f}",
                        f"{prompt:.0f}",
                        f"{answer:.0f}",
                        *times,
                        f"{preemptions:.0f}",
                        f"{rejected:.0f}",
                    ]
                )
    except OSError as error:
        raise InputError("out", str(path), f"a file that can be written ({error.strerror})") from error
