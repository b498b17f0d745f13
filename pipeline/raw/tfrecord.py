"""TFRecord files of tf.Example as Arrow tables."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Any

import google_crc32c
import pyarrow as pa

from features.config import DataConfig
from features.inputs import Input
from pipeline.raw.delimited import decompressed
from pipeline.raw.rejects import Found, Raw, bad_places
from pipeline.raw.shards import PIECE_BYTES, Piece

_LOOKED_AT = 1 << 20  # bytes from which a file's columns are found
_HEAD = struct.Struct("<QI")
_FOOT = struct.Struct("<I")


def column_types(path: str) -> dict[str, pa.DataType]:
    """Columns of a file by a look at its start; those with one value or none in each Example as that value's type."""
    _, records = next(_batches(path, _LOOKED_AT))
    batch = _decoder().DecodeBatch(records)
    types = {}
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        if not pa.types.is_null(column.type):
            single = (pa.compute.max(pa.compute.list_value_length(column)).as_py() or 0) <= 1
            value = pa.string() if pa.types.is_large_binary(column.type.value_type) else column.type.value_type
            value = pa.string() if pa.types.is_binary(value) else value
            types[name] = value if single else pa.list_(value)
    return types


def tables(data: DataConfig, inputs: Sequence[Input], piece: Piece) -> Iterator[Raw]:
    """The Examples of a file, some megabytes at a time; columns are lists, and null where no Example has them."""
    decoder = _decoder()
    for offsets, records in _batches(piece.path, PIECE_BYTES):
        yield _decoded(decoder, offsets, records, [column.name for column in inputs])


def _decoded(decoder: Any, offsets: list[int], records: list[bytes], names: list[str]) -> Raw:
    refused: list[Found] = []
    try:
        batch = decoder.DecodeBatch(records)
    except Exception:  # tfx_bsl raises RuntimeError or ValueError for bytes that are no Example
        bad = bad_places(pa.array(records), lambda part: _decode(decoder, part))
        pairs = list(zip(offsets, records, bad, strict=True))
        refused = [Found(offset, record, "not a tf.Example") for offset, record, wrong in pairs if wrong]
        offsets = [offset for offset, _, wrong in pairs if not wrong]
        records = [record for _, record, wrong in pairs if not wrong]
        batch = decoder.DecodeBatch(records)
    present = dict(zip(batch.schema.names, batch.columns, strict=True))
    columns = [_column(present.get(name), len(records)) for name in names]
    return Raw(
        pa.table(columns, names=names),
        offsets[0] if offsets else 0,
        lambda rows: [(offsets[r], records[r]) for r in rows],
        refused,
    )


def _column(array: pa.Array | None, rows: int) -> pa.Array:
    if array is None or pa.types.is_null(array.type):
        return pa.nulls(rows, pa.list_(pa.binary()))
    return array


def _decode(decoder: Any, part: pa.Array) -> None:
    try:
        decoder.DecodeBatch(part.to_pylist())
    except Exception as error:
        raise pa.ArrowInvalid(str(error)) from None


def _batches(path: str, size: int) -> Iterator[tuple[list[int], list[bytes]]]:
    """Records, about `size` bytes at a time, and their offsets. Only a walk over the lengths finds where they start."""
    with decompressed(path) as source:
        left, at = b"", 0
        while text := source.read(size):
            left += text
            offsets, records, end = _frames(left, at)
            left, at = left[end:], at + end
            if records:
                yield offsets, records
    if left:
        raise EOFError(f"the record at offset {at:,} is cut short")


def _frames(text: bytes, base: int) -> tuple[list[int], list[bytes], int]:
    offsets, records, at = [], [], 0
    while at + 16 <= len(text):
        length, checksum = _HEAD.unpack_from(text, at)
        if _masked(text[at : at + 8]) != checksum:
            raise EOFError(f"no TFRecord at offset {base + at:,}")
        if at + 16 + length > len(text):
            break
        record = text[at + 12 : at + 12 + length]
        if _masked(record) != _FOOT.unpack_from(text, at + 12 + length)[0]:
            raise EOFError(f"the record at offset {base + at:,} does not match its checksum")
        offsets.append(base + at)
        records.append(record)
        at += 16 + length
    return offsets, records, at


def _masked(text: bytes) -> int:
    value = google_crc32c.value(text)
    return (((value >> 15) | (value << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def _decoder() -> Any:
    from tfx_bsl.coders.example_coder import ExamplesToRecordBatchDecoder

    return ExamplesToRecordBatchDecoder()
