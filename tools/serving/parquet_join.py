"""Join Parquet files of one schema end to end without reading a value: pages are copied, footers merged.

A Parquet file is pages, then a Thrift-compact `FileMetaData` that says at which byte each column chunk starts.
Joined files need their offsets moved by what was written before them, and nothing else. The codec below keeps
fields it does not know, so that files of any writer survive.
"""

from __future__ import annotations

import io
import os
import shutil
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MAGIC = b"PAR1"
_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(1, 13)

# Field ids of parquet.thrift
_ROWS, _ROW_GROUPS = 3, 4
_COLUMNS, _GROUP_OFFSET, _GROUP_ORDINAL = 1, 5, 7
_CHUNK_OFFSET, _CHUNK_META, _OFFSET_INDEX, _COLUMN_INDEX = 2, 3, 4, 6
_META_OFFSETS = (9, 10, 11, 14)  # data page, index page, dictionary page, bloom filter


@dataclass(slots=True)
class _Value:
    """A Thrift value with its wire type: numbers, bytes, lists of values, or a struct by field id."""

    kind: int
    value: Any


def join(parts: Sequence[Path], out: Path) -> None:
    """Write `parts`, in order, as one Parquet file; `out` appears whole or not at all."""
    scratch = out.with_name(f".{out.name}.joining")
    footer: dict[int, _Value] | None = None
    with scratch.open("wb") as target:
        target.write(MAGIC)
        for part in parts:
            metadata = _append(part, target)
            footer = metadata if footer is None else _merged(footer, metadata)
        _finish(target, footer)
    os.replace(scratch, out)


def _append(part: Path, target: Any) -> dict[int, _Value]:
    """Copy a part's pages to `target` and return its footer with every offset moved."""
    with part.open("rb") as source:
        source.seek(-8, os.SEEK_END)
        end = source.tell()
        length, magic = struct.unpack("<I4s", source.read(8))
        if magic != MAGIC:
            raise ValueError(f"{part} is not a Parquet file")
        source.seek(end - length)
        metadata = _struct(io.BytesIO(source.read(length)))
        shift = target.tell() - len(MAGIC)
        source.seek(len(MAGIC))
        _copy(source, target, end - length - len(MAGIC))
    for group in metadata[_ROW_GROUPS].value:
        _move_group(group.value, shift)
    return metadata


def _copy(source: Any, target: Any, count: int) -> None:
    while count > 0:
        block = source.read(min(count, 1 << 22))
        if not block:
            raise ValueError("a Parquet part is cut short")
        target.write(block)
        count -= len(block)


def _move_group(group: dict[int, _Value], shift: int) -> None:
    _move(group, _GROUP_OFFSET, shift)
    for column in group[_COLUMNS].value:
        for name in (_CHUNK_OFFSET, _OFFSET_INDEX, _COLUMN_INDEX):
            _move(column.value, name, shift)
        for name in _META_OFFSETS:
            _move(column.value[_CHUNK_META].value, name, shift)


def _move(fields: dict[int, _Value], name: int, shift: int) -> None:
    if name in fields and fields[name].value:  # 0 stands for "not given"
        fields[name].value += shift


def _merged(first: dict[int, _Value], second: dict[int, _Value]) -> dict[int, _Value]:
    first[_ROWS].value += second[_ROWS].value
    first[_ROW_GROUPS].value += second[_ROW_GROUPS].value
    return first


def _finish(target: Any, footer: dict[int, _Value] | None) -> None:
    if footer is None:
        raise ValueError("nothing to join")
    for ordinal, group in enumerate(footer[_ROW_GROUPS].value):
        if ordinal < 2**15:
            group.value[_GROUP_ORDINAL] = _Value(_I16, ordinal)
        else:
            group.value.pop(_GROUP_ORDINAL, None)
    out = io.BytesIO()
    _write_struct(out, footer)
    target.write(out.getbuffer())
    target.write(struct.pack("<I4s", out.tell(), MAGIC))
    target.flush()
    os.fsync(target.fileno())


# --- Thrift compact protocol ---------------------------------------------------------------------------------


def _varint(source: io.BytesIO) -> int:
    result = shift = 0
    while True:
        byte = source.read(1)[0]
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result
        shift += 7


def _zigzag(source: io.BytesIO) -> int:
    value = _varint(source)
    return (value >> 1) ^ -(value & 1)


def _struct(source: io.BytesIO) -> dict[int, _Value]:
    fields: dict[int, _Value] = {}
    last = 0
    while head := source.read(1)[0]:
        kind, step = head & 0x0F, head >> 4
        last = last + step if step else _zigzag(source)
        fields[last] = _Value(kind, _read(source, kind, field=True))
    return fields


def _read(source: io.BytesIO, kind: int, *, field: bool = False) -> Any:
    if kind in (_TRUE, _FALSE):
        return kind == _TRUE if field else source.read(1)[0] == _TRUE
    if kind == _BYTE:
        return source.read(1)
    if kind in (_I16, _I32, _I64):
        return _zigzag(source)
    if kind == _DOUBLE:
        return source.read(8)
    if kind == _BINARY:
        return source.read(_varint(source))
    if kind in (_LIST, _SET):
        head = source.read(1)[0]
        count = head >> 4 if head >> 4 != 15 else _varint(source)
        return [_Value(head & 0x0F, _read(source, head & 0x0F)) for _ in range(count)]
    if kind == _STRUCT:
        return _struct(source)
    raise ValueError(f"Thrift type {kind} does not occur in a Parquet footer")


def _write_varint(out: io.BytesIO, value: int) -> None:
    while value >= 0x80:
        out.write(bytes((value & 0x7F | 0x80,)))
        value >>= 7
    out.write(bytes((value,)))


def _write_zigzag(out: io.BytesIO, value: int) -> None:
    _write_varint(out, value << 1 if value >= 0 else (-value << 1) - 1)


def _write_struct(out: io.BytesIO, fields: dict[int, _Value]) -> None:
    last = 0
    for name in sorted(fields):
        item = fields[name]
        kind = item.kind
        if kind in (_TRUE, _FALSE):
            kind = _TRUE if item.value else _FALSE
        if 0 < name - last < 16:
            out.write(bytes(((name - last) << 4 | kind,)))
        else:
            out.write(bytes((kind,)))
            _write_zigzag(out, name)
        last = name
        _write(out, item, field=True)
    out.write(b"\x00")


def _write(out: io.BytesIO, item: _Value, *, field: bool = False) -> None:
    kind, value = item.kind, item.value
    if kind in (_TRUE, _FALSE):
        if not field:
            out.write(bytes((_TRUE if value else _FALSE,)))
    elif kind in (_BYTE, _DOUBLE):
        out.write(value)
    elif kind in (_I16, _I32, _I64):
        _write_zigzag(out, value)
    elif kind == _BINARY:
        _write_varint(out, len(value))
        out.write(value)
    elif kind in (_LIST, _SET):
        _write_list(out, value)
    else:
        _write_struct(out, value)


def _write_list(out: io.BytesIO, items: list[_Value]) -> None:
    kind = items[0].kind if items else _STRUCT
    if len(items) < 15:
        out.write(bytes((len(items) << 4 | kind,)))
    else:
        out.write(bytes((0xF0 | kind,)))
        _write_varint(out, len(items))
    for item in items:
        _write(out, item)


def remove_parts(folder: Path) -> None:
    """Delete a folder of parts that have been joined."""
    shutil.rmtree(folder, ignore_errors=True)
