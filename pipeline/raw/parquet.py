"""Parquet files as Arrow tables. Their unit is the row group, their offset the number of a row."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from features.config.data import DataConfig
from features.errors import DataError
from features.inputs import Input
from pipeline.raw.column_type import is_list, is_text, plain_array
from pipeline.raw.format import Locate, RawTable
from pipeline.raw.piece import SHARD_ROWS, Piece, RawFile
from pipeline.runtime import files

SUFFIXES: tuple[str, ...] = (".parquet", ".pq")
COLUMNS_MAY_LACK: bool = False
HAS_ENCODING: bool = False

_MAGIC = b"PAR1"
# Rows that are decoded at once: a row group of other writers may hold millions, which would not fit into a worker's memory.
_BATCH_ROWS = 128 << 10


def recognises(head: bytes) -> bool:
    """Whether these are the first bytes of a Parquet file."""
    return head.startswith(_MAGIC)


def columns(data: DataConfig, path: str) -> list[tuple[str, pa.DataType | None]]:
    """Names and types, as the file's footer has them."""
    with files.open_arrow(path) as source:
        schema = pa.parquet.read_schema(source)
    return list(zip(schema.names, schema.types, strict=True))


def cut(data: DataConfig, file: RawFile) -> Iterator[tuple[Piece, ...]]:
    """Runs of row groups with at least `SHARD_ROWS` rows, one piece a shard."""
    metadata = _metadata(file.path)
    start = rows = 0
    for group in range(metadata.num_row_groups):
        rows += metadata.row_group(group).num_rows
        if rows >= SHARD_ROWS or group == metadata.num_row_groups - 1:
            yield (Piece(file.path, start, group + 1),)
            start, rows = group + 1, 0


def end(data: DataConfig, file: RawFile) -> int | None:
    """The number of rows that the file's footer says."""
    return int(_metadata(file.path).num_rows)


def tables(data: DataConfig, inputs: Sequence[Input], piece: Piece) -> Iterator[RawTable]:
    """The rows of a piece's row groups, a batch at a time."""
    names = [column.name for column in inputs]
    with files.open_arrow(piece.path) as source:
        # Checksums of pages, where the writer left them: a flipped bit would else become another value without a word.
        file = pa.parquet.ParquetFile(source, page_checksum_verification=True)
        first = sum(file.metadata.row_group(group).num_rows for group in range(piece.start))
        try:
            for batch in file.iter_batches(_BATCH_ROWS, list(range(piece.start, piece.stop)), names):
                span = (first, first + batch.num_rows)
                yield RawTable(pa.Table.from_batches([batch]), first, _locate(batch, first), batch.num_rows, span)
                first += batch.num_rows
        except pa.ArrowInvalid:
            _check_sizes(file, piece, names)
            raise


def estimate_rows(data: DataConfig, file: RawFile) -> int:
    """Exactly those of the footer."""
    return int(_metadata(file.path).num_rows)


def _metadata(path: str) -> Any:
    with files.open_arrow(path) as source:
        return pa.parquet.read_metadata(source)


def _check_sizes(file: pa.parquet.ParquetFile, piece: Piece, names: list[str]) -> None:
    """Names the column where lists of one size have nulls among them, which Arrow writes but cannot read.

    Raises:
      DataError: there is such a column.
    """
    for name in names:
        if not pa.types.is_fixed_size_list(file.schema_arrow.field(name).type):
            continue
        try:
            file.read_row_groups(list(range(piece.start, piece.stop)), [name])
        except pa.ArrowInvalid as error:
            message = f"column {name!r}, lists of one size, has nulls that Arrow cannot read ({error}); write it as list"
            raise DataError(f"{piece.path}: {message}") from None


def _locate(batch: pa.RecordBatch, first: int) -> Locate:
    def locate(rows: Sequence[int]) -> list[tuple[int, bytes]]:
        columns = [_as_bytes(plain_array(column)) for column in batch.columns]
        values = pa.table(columns, names=batch.schema.names).take(list(rows)).to_pylist()
        texts = [json.dumps(row, default=_as_text, ensure_ascii=False).encode() for row in values]
        return list(zip([first + row for row in rows], texts, strict=True))

    return locate


def _as_bytes(array: pa.Array) -> pa.Array:
    """Texts, and those in lists, as bytes: `to_pylist` would fail at those that are not UTF-8, for which rows are rejected."""
    if is_list(array.type) and is_text(array.type.value_type):
        return array.cast(pa.large_list(pa.binary()))
    return array.cast(pa.binary()) if is_text(array.type) else array


def _as_text(value: object) -> str:
    """A value that JSON has no form for."""
    return value.decode(errors="backslashreplace") if isinstance(value, bytes) else str(value)
