"""Number formats of weights and KV cache: their names as people write them and their size in bytes.

Sizes are those of the elements alone; block scales of MXFP4/NVFP4 add 1/32 to 1/16 of a byte per element and
are left out here, as the catalogue's weight sizes leave them out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field

PrecisionName = Literal["fp32", "bf16", "fp16", "fp8", "int8", "fp6", "fp4", "int4"]
NAMES: tuple[str, ...] = get_args(PrecisionName)
SERVED_IN = ("bf16", "fp8", "fp4")  # the formats worth trying in place of another

BYTES_PER_ELEMENT: dict[str, float] = {
    "fp32": 4.0,
    "bf16": 2.0,
    "fp16": 2.0,
    "fp8": 1.0,
    "int8": 1.0,
    "fp6": 0.75,
    "fp4": 0.5,
    "int4": 0.5,
}

_SPELLINGS = {
    "float32": "fp32", "f32": "fp32", "single": "fp32", "tf32": "fp32", "32bit": "fp32",
    "bfloat16": "bf16", "16bit": "bf16", "half": "bf16", "halfprecision": "bf16", "w16a16": "bf16",
    "float16": "fp16", "f16": "fp16",
    "float8": "fp8", "f8": "fp8", "8bit": "fp8", "e4m3": "fp8", "fp8e4m3": "fp8", "e5m2": "fp8",
    "fp8e5m2": "fp8", "mxfp8": "fp8",
    "i8": "int8", "w8a8": "int8", "w8a16": "int8",
    "float6": "fp6", "mxfp6": "fp6", "6bit": "fp6",
    "float4": "fp4", "mxfp4": "fp4", "nvfp4": "fp4", "4bit": "fp4",
    "i4": "int4", "awq": "int4", "gptq": "int4", "w4a16": "int4",
}  # fmt: skip

# Formats whose matmuls run at the rate of a wider one where the chip has no unit for them.
_COMPUTE_AT: dict[str, tuple[str, ...]] = {
    "fp32": ("fp32",),
    "bf16": ("bf16", "fp16"),
    "fp16": ("fp16", "bf16"),
    "fp8": ("fp8", "bf16", "fp16"),
    "int8": ("int8", "fp8", "bf16", "fp16"),
    "fp6": ("fp6", "fp8", "bf16", "fp16"),
    "fp4": ("fp4", "fp8", "bf16", "fp16"),
    "int4": ("bf16", "fp16"),  # weight-only quantisation: the multiply runs in 16 bits
}


def canonical(value: Any) -> Any:
    """Turn "FP-8", "8 bit" or "nvfp4" into a precision name; leave what is not known for pydantic to refuse."""
    if not isinstance(value, str):
        return value
    key = re.sub(r"[^a-z0-9]", "", value.lower())
    return _SPELLINGS.get(key, key)


Precision = Annotated[PrecisionName, BeforeValidator(canonical)]


def bytes_per_element(precision: str) -> float:
    """Bytes of one weight or one KV element in `precision` (one of NAMES)."""
    return BYTES_PER_ELEMENT[precision]


def compute_precision(precision: str, peak_flops: Mapping[str, float]) -> str | None:
    """The format a chip multiplies in when the weights are in `precision`; None when the chip lists none."""
    return next((name for name in _COMPUTE_AT[precision] if peak_flops.get(name)), None)


def precision_field(description: str, words: tuple[str, ...]) -> Any:
    """An optional pydantic field that holds a precision."""
    extra: dict[str, Any] = {"words": list(words), "alternatives": list(SERVED_IN)}
    return Field(default=None, description=description, json_schema_extra=extra)
