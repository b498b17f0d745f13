"""TFRecord files of tf.Example as Arrow tables. Their unit is the whole file, their offset the byte of a record."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import google_crc32c
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.config.data import DataConfig
from features.inputs import Input
from pipeline.raw.compression import estimate_size, is_compressed, open_decompressed
from pipeline.raw.format import RawTable
from pipeline.raw.piece import PIECE_BYTES, Piece, RawFile, whole
from pipeline.raw.rejects import Mask, RejectedRow, bad_values

SUFFIXES: tuple[str, ...] = (".tfrecord", ".tfrecords")
COLUMNS_MAY_LACK: bool = True  # an Example leaves out what it has no value for
HAS_ENCODING: bool = False

# Bytes at the start of a file from which its columns and the size of its records are taken, as nothing else names them.
_LOOKED_AT = 1 << 20
# A record is its length and that length's checksum, the record, and its checksum, all little-endian.
_HEAD = struct.Struct("<QI")
_FOOT = struct.Struct("<I")
_FRAME_BYTES = _HEAD.size + _FOOT.size


class _Records(NamedTuple):
    """Records in a row: the offset of each, their contents, and the offsets from which to which they stand."""

    offsets: list[int]
    records: list[bytes]
    start: int
    end: int


_NOTHING = _Records([], [], 0, 0)


def recognises(head: bytes) -> bool:
    """Whether a file begins with the length of a record and the right checksum of that length."""
    return len(head) >= _HEAD.size and _masked_crc(head[:8]) == _HEAD.unpack_from(head)[1]


def columns(data: DataConfig, path: str) -> list[tuple[str, pa.DataType | None]]:
    """Names and types by a look at the file's start; columns with at most one value in each Example are no lists."""
    decoder = _decoder()
    records = next(_batches(path, _LOOKED_AT), _NOTHING).records
    bad = _bad_records(decoder, records)
    batch = decoder.DecodeBatch([record for record, wrong in zip(records, bad, strict=True) if not wrong])
    named = zip(batch.schema.names, batch.columns, strict=True)
    # A feature without a value in all these Examples has no type here; another file may tell it.
    return [(name, _type_of(column)) for name, column in named if not pa.types.is_null(column.type)]


def cut(data: DataConfig, file: RawFile) -> Iterator[tuple[Piece, ...]]:
    """One piece a file: only a walk over the lengths of all records before it finds where one starts."""
    yield whole(file)


def end(data: DataConfig, file: RawFile) -> int | None:
    """The file's size, unless it is compressed."""
    return None if is_compressed(file.path) else file.size


def tables(data: DataConfig, inputs: Sequence[Input], piece: Piece) -> Iterator[RawTable]:
    """The Examples of a file, some megabytes at a time; columns are lists, and null where no Example has them."""
    decoder = _decoder()
    for batch in _batches(piece.path, PIECE_BYTES):
        yield _decoded(decoder, batch, [column.name for column in inputs])


def estimate_rows(data: DataConfig, file: RawFile) -> int:
    """By the size of the records at the file's start."""
    start = next(_batches(file.path, _LOOKED_AT), _NOTHING)
    return round(estimate_size(file.path, file.size) / (start.end / len(start.records))) if start.records else 0


def _type_of(column: pa.Array) -> pa.DataType:
    value = column.type.value_type
    value = pa.string() if pa.types.is_binary(value) or pa.types.is_large_binary(value) else value
    single = (pc.max(pc.list_value_length(column)).as_py() or 0) <= 1
    return value if single else pa.list_(value)


def _decoded(decoder: Any, batch: _Records, names: list[str]) -> RawTable:
    bad = _bad_records(decoder, batch.records)
    numbered = list(zip(batch.offsets, batch.records, bad, strict=True))
    rejected = [RejectedRow(offset, record, _fault(decoder, record)) for offset, record, wrong in numbered if wrong]
    good = [(offset, record) for offset, record, wrong in numbered if not wrong]
    decoded = decoder.DecodeBatch([record for _, record in good])
    present = dict(zip(decoded.schema.names, decoded.columns, strict=True))
    table = pa.table([_column(present.get(name), len(good)) for name in names], names=names)
    span = (batch.start, batch.end)
    return RawTable(table, batch.start, lambda rows: [good[row] for row in rows], len(batch.records), span, rejected)


def _bad_records(decoder: Any, records: list[bytes]) -> Mask:
    """Which records are no Examples, or have a feature of another type than the first record with that feature."""
    stretch = pa.array(records, pa.large_binary())
    try:
        _types(decoder, stretch)
        return np.zeros(len(records), bool)
    except pa.ArrowInvalid:
        expected = _first_types(decoder, stretch)
        return bad_values(stretch, lambda part: _check_types(_types(decoder, part), expected))


def _fault(decoder: Any, record: bytes) -> str:
    """Why a bad record is one."""
    try:
        _types(decoder, pa.array([record], pa.large_binary()))
    except pa.ArrowInvalid:
        return "not a tf.Example"
    return "a feature has another type than in the first tf.Example with it"


def _types(decoder: Any, stretch: pa.Array) -> dict[str, pa.DataType]:
    """Types of the features of some records.

    Raises:
      ArrowInvalid: one is no Example, or a feature has two types.
    """
    try:
        return {field.name: field.type for field in decoder.DecodeBatch(stretch.to_pylist()).schema}
    except Exception as error:  # tfx_bsl raises RuntimeError or ValueError
        raise pa.ArrowInvalid(str(error)) from None


def _first_types(decoder: Any, stretch: pa.Array) -> dict[str, pa.DataType]:
    """The type that each feature has in the first record that has a value of it."""
    try:
        types = _types(decoder, stretch)
        return {name: kind for name, kind in types.items() if not pa.types.is_null(kind)}
    except pa.ArrowInvalid:
        if len(stretch) == 1:
            return {}
        # By halving: stretches of good records are asked at once. The first half is last, as its types go before.
        half = len(stretch) // 2
        return {**_first_types(decoder, stretch.slice(half)), **_first_types(decoder, stretch.slice(0, half))}


def _check_types(types: dict[str, pa.DataType], expected: dict[str, pa.DataType]) -> None:
    for name, kind in types.items():
        if not pa.types.is_null(kind) and kind != expected[name]:
            raise pa.ArrowInvalid(f"feature {name!r} is {kind}, not {expected[name]}")


def _column(array: pa.Array | None, rows: int) -> pa.Array:
    if array is None or pa.types.is_null(array.type):
        return pa.nulls(rows, pa.list_(pa.binary()))
    return array


def _batches(path: str, size: int) -> Iterator[_Records]:
    """Records, about `size` bytes at a time."""
    with open_decompressed(path) as source:
        left, start = b"", 0
        while text := source.read(size):
            left += text
            batch = _frames(left, start)
            left, start = left[batch.end - start :], batch.end
            if batch.records:
                yield batch
    if left:
        raise EOFError(f"the record at offset {start:,} is cut short")


def _frames(text: bytes, base: int) -> _Records:
    """The whole records of a text that begins at offset `base` of its file."""
    offsets, records, start = [], [], 0
    while start + _FRAME_BYTES <= len(text):
        length, checksum = _HEAD.unpack_from(text, start)
        if _masked_crc(text[start : start + 8]) != checksum:
            raise EOFError(f"no TFRecord at offset {base + start:,}")
        if start + _FRAME_BYTES + length > len(text):
            break
        end = start + _HEAD.size + length
        record = text[start + _HEAD.size : end]
        if _masked_crc(record) != _FOOT.unpack_from(text, end)[0]:
            raise EOFError(f"the record at offset {base + start:,} does not match its checksum")
        offsets.append(base + start)
        records.append(record)
        start = end + _FOOT.size
    return _Records(offsets, records, base, base + start)


def _masked_crc(text: bytes) -> int:
    """CRC-32C, rotated and shifted as TFRecord stores it, so that checksums of checksums differ from them."""
    value = google_crc32c.value(text)
    return (((value >> 15) | (value << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def _decoder() -> Any:
    # TFX's decoder turns Examples into Arrow in C++; a loop in Python over records would be many times slower.
    from tfx_bsl.coders.example_coder import ExamplesToRecordBatchDecoder

    return ExamplesToRecordBatchDecoder()
