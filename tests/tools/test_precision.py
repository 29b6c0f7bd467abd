"""Number formats: the spellings people use, sizes, and the format a chip multiplies in."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, ValidationError

from tools.serving.precision import (
    BYTES_PER_ELEMENT,
    NAMES,
    Precision,
    bytes_per_element,
    canonical,
    compute_precision,
)


class Holder(BaseModel):
    precision: Precision


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("FP8", "fp8"), ("fp-8", "fp8"), ("8-bit", "fp8"), ("8 bit", "fp8"), ("E4M3", "fp8"), ("BF16", "bf16"),
        ("half precision", "bf16"), ("16-bit", "bf16"), ("bfloat16", "bf16"), ("FP 16", "fp16"), ("int 8", "int8"),
        ("W8A8", "int8"), ("NVFP4", "fp4"), ("mxfp4", "fp4"), ("4bit", "fp4"), ("AWQ", "int4"), ("float32", "fp32"),
    ],
)  # fmt: skip
def test_spellings(typed: str, meant: str) -> None:
    assert Holder.model_validate({"precision": typed}).precision == meant


@pytest.mark.parametrize("typed", ["fp5", "", "eight", "bf17", 8, None])
def test_what_is_no_format_is_refused(typed: object) -> None:
    with pytest.raises(ValidationError):
        Holder.model_validate({"precision": typed})


def test_every_format_has_a_size_of_its_bits() -> None:
    assert set(BYTES_PER_ELEMENT) == set(NAMES)
    for name in NAMES:
        bits = int("".join(filter(str.isdigit, name)))
        assert bytes_per_element(name) == bits / 8
        assert canonical(name) == name


def test_a_chip_without_a_unit_for_it_multiplies_wider() -> None:
    a100 = {"bf16": 312e12, "fp16": 312e12}
    assert compute_precision("fp8", a100) == "bf16"
    assert compute_precision("fp4", {"fp8": 1e15, "bf16": 5e14}) == "fp8"
    assert compute_precision("int4", {"fp8": 1e15, "bf16": 5e14}) == "bf16"
    assert compute_precision("fp32", a100) is None
