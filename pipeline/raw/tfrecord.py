"""TFRecord files of tf.Example as Arrow tables. Their unit is the whole file, their offset the byte of a record."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Any

import google_crc32c
import pyarrow as pa
import pyarrow.compute as pc

from features.data_config import DataConfig
from features.inputs import Input
from pipeline.raw.compression import estimate_size, open_decompressed
from pipeline.raw.format import RawTable
from pipeline.raw.piece import PIECE_BYTES, Piece, RawFile, whole
from pipeline.raw.rejects import RejectedRow, bad_values

SUFFIXES: tuple[str, ...] = (".tfrecord", ".tfrecords")
COLUMNS_MAY_LACK: bool = True  # an Example leaves out what it has no value for

_LOOKED_AT = 1 << 20  # bytes at the start of a file from which its columns and the size of its records are learnt
# A record is its length and that length's checksum, the record, and its checksum, all little-endian.
_HEAD = struct.Struct("<QI")
_FOOT = struct.Struct("<I")
_FRAME_BYTES = _HEAD.size + _FOOT.size


def recognises(head: bytes) -> bool:
    """Whether a file begins with the length of a record and the right checksum of that length."""
    return len(head) >= _HEAD.size and _masked_crc(head[:8]) == _HEAD.unpack_from(head)[1]


def columns(data: DataConfig, path: str) -> list[tuple[str, pa.DataType | None]]:
    """Names and types by a look at the file's start; columns with at most one value in each Example are no lists."""
    _, records = next(_batches(path, _LOOKED_AT))
    batch = _decoder().DecodeBatch(records)
    named = zip(batch.schema.names, batch.columns, strict=True)
    return [(name, _type_of(column)) for name, column in named if not pa.types.is_null(column.type)]


def cut(data: DataConfig, file: RawFile) -> Iterator[tuple[Piece, ...]]:
    """One piece a file: only a walk over the lengths of all records before it finds where one starts."""
    yield whole(file)


def tables(data: DataConfig, inputs: Sequence[Input], piece: Piece) -> Iterator[RawTable]:
    """The Examples of a file, some megabytes at a time; columns are lists, and null where no Example has them."""
    decoder = _decoder()
    for offsets, records in _batches(piece.path, PIECE_BYTES):
        yield _decoded(decoder, offsets, records, [column.name for column in inputs])


def estimate_rows(data: DataConfig, file: RawFile) -> int:
    """By the size of the records at the file's start."""
    _, records = next(_batches(file.path, _LOOKED_AT))
    record_bytes = sum(map(len, records)) / len(records) + _FRAME_BYTES
    return round(estimate_size(file.path, file.size) / record_bytes)


def _type_of(column: pa.Array) -> pa.DataType:
    value = column.type.value_type
    value = pa.string() if pa.types.is_binary(value) or pa.types.is_large_binary(value) else value
    single = (pc.max(pc.list_value_length(column)).as_py() or 0) <= 1
    return value if single else pa.list_(value)


def _decoded(decoder: Any, offsets: list[int], records: list[bytes], names: list[str]) -> RawTable:
    rejected: list[RejectedRow] = []
    try:
        batch = decoder.DecodeBatch(records)
    except Exception:  # tfx_bsl raises RuntimeError or ValueError for bytes that are no Example
        bad = bad_values(pa.array(records), lambda part: _decode(decoder, part))
        numbered = list(zip(offsets, records, bad, strict=True))
        rejected = [RejectedRow(offset, record, "not a tf.Example") for offset, record, wrong in numbered if wrong]
        offsets = [offset for offset, _, wrong in numbered if not wrong]
        records = [record for _, record, wrong in numbered if not wrong]
        batch = decoder.DecodeBatch(records)
    present = dict(zip(batch.schema.names, batch.columns, strict=True))
    table = pa.table([_column(present.get(name), len(records)) for name in names], names=names)
    first = offsets[0] if offsets else 0
    return RawTable(table, first, lambda rows: [(offsets[row], records[row]) for row in rows], rejected)


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
    """Offsets of records and the records, about `size` bytes at a time."""
    with open_decompressed(path) as source:
        left, start = b"", 0
        while text := source.read(size):
            left += text
            offsets, records, end = _frames(left, start)
            left, start = left[end:], start + end
            if records:
                yield offsets, records
    if left:
        raise EOFError(f"the record at offset {start:,} is cut short")


def _frames(text: bytes, base: int) -> tuple[list[int], list[bytes], int]:
    """Offsets and contents of the whole records of a text, and where the last of them ends."""
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
    return offsets, records, start


def _masked_crc(text: bytes) -> int:
    """CRC-32C, rotated and shifted as TFRecord stores it, so that checksums of checksums differ from them."""
    value = google_crc32c.value(text)
    return (((value >> 15) | (value << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def _decoder() -> Any:
    from tfx_bsl.coders.example_coder import ExamplesToRecordBatchDecoder

    return ExamplesToRecordBatchDecoder()
