"""A model loaded on chips: the room its weights leave for the KV cache, as a table and a curve over contexts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tools.serving import deployment
from tools.serving.charts import curve
from tools.serving.deployment import Capacity, Deployment
from tools.serving.precision import bytes_per_element
from tools.serving.served import GB, Memory, Served
from tools.units import format_number


@dataclass(frozen=True, slots=True)
class Room:
    """A model loaded on chips: what is left for the cache, and what a request takes of it."""

    served: Served
    memory: Memory
    laid: Deployment

    @property
    def n_chips(self) -> int:
        return self.laid.n_chips

    @property
    def copies(self) -> int:
        """Times each cached token is stored (MLA under tensor parallelism: once a chip)."""
        return deployment.latent_copies(self.laid)

    def capacity(self, context_tokens: float = 1.0) -> Capacity:
        """What fits at a context, by the bridge to the core."""
        return deployment.capacity(self.laid, context_tokens, self.memory.reserve, self.memory.overhead_bytes)

    @property
    def free_bytes(self) -> float:
        """Bytes the weights leave; negative when they do not fit."""
        return self.capacity().free_bytes

    def requests(self, context_tokens: float) -> int:
        """Requests of this context that fit; 0 when the weights already fill the memory."""
        return self.capacity(context_tokens).max_requests

    def longest_context(self, requests: float) -> int:
        """Longest whole number of tokens at which `requests` fit (0: none does)."""
        share = self.free_bytes / requests / self.copies
        if share < self.served.kv_bytes(1):
            return 0
        low, high = 1, 2
        while self.served.kv_bytes(high) <= share and high < 1 << 50:
            low, high = high, high * 2
        while high - low > 1:  # sliding windows bend the curve, so search rather than divide
            middle = (low + high) // 2
            low, high = (middle, high) if self.served.kv_bytes(middle) <= share else (low, middle)
        return low

    def formula(self) -> str:
        """The bytes left for the cache, with the numbers put in."""
        served, memory = self.served, self.memory
        overhead = f" − {self.n_chips} × {memory.overhead_bytes / GB:g} GB" if memory.overhead_bytes else ""
        return (
            f"free = {self.n_chips} × {memory.bytes_per_chip / GB:g} GB × {1 - memory.reserve:g}{overhead} − "
            f"{format_number((served.params or 0) / 1e9, 5)}e9 × {bytes_per_element(served.weight_precision):g} B "
            f"= {format_number(self.free_bytes / GB, 5)} GB"
        )


def context_table(room: Room, context: float) -> dict[str, Any]:
    contexts = [round(context * factor) for factor in (0.25, 0.5, 1, 2, 4) if context * factor >= 1]
    rows = [[c, room.requests(c), round(room.served.kv_bytes(c) * room.copies / GB, 4)] for c in contexts]
    return {"columns": ["context (tokens)", "requests that fit", "KV cache each (GB)"], "rows": rows}


def context_chart(room: Room) -> dict[str, Any] | None:
    contexts = (500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 128_000)
    points = [(c, room.requests(c)) for c in contexts if room.requests(c) > 0]
    title = f"{room.served.name} on {room.n_chips} × {room.memory.name}"
    return curve(title, "context (tokens)", "requests at once", points, log_y=True) if points else None
