"""The collector of cyclic garbage in a process that serves: what is loaded once is not looked through again.

A warm process holds some two million objects that live as long as it does (catalogue, fitted reader, modules). A full
collection visits each of them and stops every answer for 0.2 to 0.4 s; the small ones, at Python's own thresholds,
cost a twentieth of an answer. An answer makes hardly a cycle: reference counts free it.
"""

from __future__ import annotations

import gc

THRESHOLDS = (20_000, 10, 10)  # new objects before a look at the young; looks before one at the older


def settle() -> None:
    """Call once when everything is warm: what is alive now stays out of all later collections."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
