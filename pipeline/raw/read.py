"""Reads raw files as Arrow tables of declared columns; what does not fit its column's type is set aside row by row."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet

from features.config import DataConfig
from features.errors import DataError
from features.inputs import Input
from pipeline.raw import delimited, tfrecord
from pipeline.raw.conform import conform
from pipeline.raw.hashing import mix
from pipeline.raw.rejects import Found, Mask, Raw
from pipeline.raw.shards import File, Piece
from pipeline.runtime import files

_UNREADABLE = (OSError, EOFError, zlib.error, pa.ArrowInvalid)
_BATCH_ROWS = 128 << 10


@dataclass(frozen=True)
class Rows:
    """A table of raw columns, and for each row a number that is its own in its file (byte offset or row number)."""

    table: pa.Table
    path: str
    first: int
    refused: list[Found] = field(default_factory=list)

    def keys(self, seed: int, name: str | None = None) -> npt.NDArray[np.uint64]:
        """A random-looking uint64 per row, from the file's name (or another), the row's place in it, and the seed."""
        name = self.path.rsplit("/", 1)[-1] if name is None else name
        base = np.uint64((zlib.crc32(name.encode()) << 32) ^ seed)
        return mix(np.arange(self.table.num_rows, dtype=np.uint64) + np.uint64(self.first) + mix(base))


def column_types(data: DataConfig, listed: Sequence[File]) -> dict[str, pa.DataType | None]:
    """Names of all columns, with their Arrow type where the format has one; the same in every file.

    Raises:
      DataError: a file is unreadable, names a column twice, or has other columns than the first.
    """
    first: dict[str, pa.DataType | None] = {}
    for file in listed:
        names, types = _header(data, file)
        if len(set(names)) != len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise DataError(f"{file.path}: column {twice!r} appears twice; rename one")
        found = dict(zip(names, types, strict=True))
        first = first or found
        for name in [] if data.format == "tfrecord" else first:  # an Example leaves out what it has no value for
            if name not in found:
                raise DataError(f"{file.path}: column {name!r} is missing, though {listed[0].path} has it")
            if found[name] != first[name]:
                message = f"column {name!r} is {found[name]}, but {first[name]} in {listed[0].path}"
                raise DataError(f"{file.path}: {message}; write both with one type")
        if data.format == "tfrecord":
            first = {**found, **first}
    return first


def read(data: DataConfig, inputs: Sequence[Input], piece: Piece) -> Iterator[Rows]:
    """Reads a piece as tables of the declared columns, missing values written as the inputs' marks.

    Rows whose values do not fit, or whose label is neither 0 nor 1, are in `refused` and not in the table.

    Args:
      data: how files are written.
      inputs: columns to read; others are not parsed.
      piece: what to read.

    Raises:
      DataError: the file is damaged or gone.
    """
    source = {"parquet": _row_groups, "tfrecord": tfrecord.tables}.get(data.format, delimited.tables)
    try:
        for raw in source(data, inputs, piece):
            yield _settled(raw, data, inputs, piece.path)
    except _UNREADABLE as error:
        raise DataError(f"{piece.path}: cannot be read as {data.format}: {error}") from None


def _settled(raw: Raw, data: DataConfig, inputs: Sequence[Input], path: str) -> Rows:
    faults: list[tuple[Mask, str]] = []
    columns = []
    for column in inputs:
        array, own = conform(raw.table[column.name], column, data.missing)
        columns.append(array)
        faults += own
    table = pa.table(columns, names=[column.name for column in inputs])
    if data.label in table.column_names:  # rows to be scored may have none
        label = table[data.label].to_numpy()
        faults.append(((label != 0) & (label != 1), f"column {data.label!r}: the label is not 0 or 1"))
    if data.weight:
        weight = table[data.weight].to_numpy()
        faults.append((~(weight >= 0), f"column {data.weight!r}: the weight is missing or negative"))
    return _without(Rows(table, path, raw.first, raw.refused), faults, raw)


def _without(rows: Rows, faults: list[tuple[Mask, str]], raw: Raw) -> Rows:
    """The rows that have none of the faults; each other row is refused for its first."""
    bad = np.logical_or.reduce([mask for mask, _ in faults]) if faults else np.zeros(0, bool)
    if not bad.any():
        return rows
    places = np.flatnonzero(bad).tolist()
    reasons = [next(reason for mask, reason in faults if mask[place]) for place in places]
    found = [Found(*text, reason) for text, reason in zip(raw.locate(places), reasons, strict=True)]
    return Rows(rows.table.filter(pa.array(~bad)), rows.path, rows.first, [*rows.refused, *found])


def _header(data: DataConfig, file: File) -> tuple[list[str], list[pa.DataType | None]]:
    try:
        if data.format == "parquet":
            with files.open_file(file.path) as source:
                schema = pa.parquet.read_schema(pa.PythonFile(source, "r"))
            return schema.names, list(schema.types)
        if data.format == "tfrecord":
            types = tfrecord.column_types(file.path)
            return list(types), list(types.values())
        names = delimited.header(data, file.path)
    except _UNREADABLE as error:
        raise DataError(f"{file.path}: cannot be read as {data.format}: {error}") from None
    return names, [None] * len(names)


def _row_groups(data: DataConfig, inputs: Sequence[Input], piece: Piece) -> Iterator[Raw]:
    names = [column.name for column in inputs]
    with files.open_file(piece.path) as source:
        file = pa.parquet.ParquetFile(pa.PythonFile(source, "r"))
        first = sum(file.metadata.row_group(group).num_rows for group in range(piece.start))
        for batch in file.iter_batches(_BATCH_ROWS, list(range(piece.start, piece.stop)), names):
            yield Raw(pa.Table.from_batches([batch]), first, _finder(batch, first))
            first += batch.num_rows


def _finder(batch: pa.RecordBatch, first: int) -> Any:
    def find(rows: Sequence[int]) -> list[tuple[int, bytes]]:
        binary = [pa.binary() if pa.types.is_string(field.type) else field.type for field in batch.schema]
        picked = pa.Table.from_batches([batch]).take(list(rows)).cast(pa.schema(zip(batch.schema.names, binary, strict=True)))
        texts = [json.dumps(row, default=_shown, ensure_ascii=False).encode() for row in picked.to_pylist()]
        return list(zip([first + row for row in rows], texts, strict=True))

    return find


def _shown(value: Any) -> str:
    return value.decode(errors="backslashreplace") if isinstance(value, bytes) else str(value)
