"""Reads raw files as Arrow tables of declared columns; what does not fit its column's type is set aside row by row."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features.config.data import DataConfig, SplitConfig
from features.errors import DataError
from features.inputs import Input
from pipeline.raw.column_type import join_types, plain_type
from pipeline.raw.conform import Faults, as_type, conform
from pipeline.raw.format import RawTable, naming_unreadable
from pipeline.raw.formats import FORMATS
from pipeline.raw.hashing import mix
from pipeline.raw.labels import read_labels
from pipeline.raw.piece import Piece, RawFile
from pipeline.raw.rejects import Mask, RejectedRow
from pipeline.runtime import files


@dataclass(frozen=True)
class Rows:
    """Rows of a file whose values all fit.

    Attributes:
      table: the declared columns.
      path: of the file.
      first: a number from which rows are numbered within their file (byte offset or row number of the first).
      span: offsets from which to which the file is accounted for by these rows.
      rejected: rows that are not in the table.
      unlabelled: number of rows that were left out as they have no label.
    """

    table: pa.Table
    path: str
    first: int
    span: tuple[int, int]
    rejected: list[RejectedRow] = field(default_factory=list)
    unlabelled: int = 0

    def keys(self, seed: int, name: str | None = None) -> npt.NDArray[np.uint64]:
        """A random-looking uint64 per row, from the file's name (or another), the row's number in it, and the seed."""
        name = self.path.rsplit("/", 1)[-1] if name is None else name
        base = np.uint64((zlib.crc32(name.encode()) << 32) ^ seed)
        return mix(np.arange(self.table.num_rows, dtype=np.uint64) + np.uint64(self.first) + mix(base))


def column_types(data: DataConfig, listed: Sequence[RawFile]) -> dict[str, pa.DataType | None]:
    """Names of all columns, with a type that holds the values of all files where the format has types.

    Types are plain ones, see `column_type.plain_type`.

    Raises:
      DataError: a file is unreadable, names a column twice, has not the columns of the first, or has other types, so that
        a value would be lost.
    """
    form = FORMATS[data.format]
    types: dict[str, pa.DataType | None] = {}
    first = ""
    for file in listed:
        types_here = _types_of(data, file.path)
        if not types_here:  # a part without any row, nor a header
            continue
        first, types = (first, types) if types else (file.path, types_here)
        for name in set(types) - set(types_here) if not form.COLUMNS_MAY_LACK else ():
            raise DataError(f"{file.path}: column {name!r} is missing, though {first} has it")
        for name, kind in types_here.items():
            if name in types:
                types[name] = _joined(name, types[name], kind, first, file.path)
            elif form.COLUMNS_MAY_LACK:
                types[name] = kind
    return types


def read(data: DataConfig, inputs: Sequence[Input], piece: Piece, need_label: bool = True) -> Iterator[Rows]:
    """Reads a piece as tables of the declared columns, missing values written as the inputs' marks.

    Rows whose values do not fit, or whose label is neither 0 nor 1, are in `rejected` and not in the table; where the config
    skips them, those without a label are in neither. The column of a split by time has keys for its texts, see
    `TimeScale.keys`.

    Args:
      data: how files are written.
      inputs: columns to read; others are not parsed.
      piece: what to read.
      need_label: whether rows without a usable label are left out; else their label is NaN.

    Raises:
      DataError: the file is damaged or gone.
    """
    with naming_unreadable(piece.path, data.format):
        for raw in FORMATS[data.format].tables(data, inputs, piece):
            _check_count(raw, piece.path)
            yield _conformed(raw, data, inputs, piece.path, need_label)


def first_rows(data: DataConfig, path: str, rows: int) -> tuple[pa.Table, int]:
    """The first rows of a file with all its columns as they are, and how many malformed ones were passed over.

    Texts are neither trimmed nor searched for missing marks; where the format has no types, all columns are texts.

    Raises:
      DataError: the file cannot be read.
    """
    form, tables, rejected = FORMATS[data.format], [], 0
    with naming_unreadable(path, data.format):
        types = _types_of(data, path)
        inputs = [Input(name, "string") for name in types]
        file = RawFile(path, files.size(path), 0.0)
        pieces = (piece for pieces in form.cut(data, file) for piece in pieces)
        for raw in (table for piece in pieces for table in form.tables(data, inputs, piece)):
            columns = [as_type(raw.table[name], kind or pa.string()) for name, kind in types.items()]
            tables.append(pa.table(columns, names=list(types)))
            rejected += len(raw.rejected)
            if sum(table.num_rows for table in tables) >= rows:
                break
    # Concatenated with an empty table, so that a file without rows still has its columns.
    empty = pa.table({name: pa.array([], kind or pa.string()) for name, kind in types.items()})
    return pa.concat_tables([empty, *tables]).slice(0, rows), rejected


def _types_of(data: DataConfig, path: str) -> dict[str, pa.DataType | None]:
    """Names and plain types of a file's columns."""
    with naming_unreadable(path, data.format):
        columns = FORMATS[data.format].columns(data, path)
    types = {name: None if kind is None else plain_type(kind) for name, kind in columns}
    if len(types) < len(columns):
        names = [name for name, _ in columns]
        twice = next(name for name in names if names.count(name) > 1)
        raise DataError(f"{path}: column {twice!r} appears twice; rename one")
    return types


def _joined(name: str, known: pa.DataType | None, kind: pa.DataType | None, first: str, path: str) -> pa.DataType | None:
    """The type for a column of all files up to this one."""
    joined = None if known is None or kind is None else join_types(known, kind)
    if joined is None and kind is not None:
        message = f"column {name!r} is {kind}, but {known} in {first}"
        raise DataError(f"{path}: {message}, and one type cannot hold both; write both with one type")
    return joined


def _check_count(raw: RawTable, path: str) -> None:
    """Refuses to go on where a row was lost, or where there is one that the file does not have."""
    count = raw.table.num_rows + len(raw.rejected)
    if count != raw.rows:
        start, end = raw.span
        at = f"from offset {start:,} to {end:,}"
        raise DataError(
            f"{path}: has {raw.rows:,} rows {at}, but {raw.table.num_rows:,} were read and {len(raw.rejected):,} rejected; "
            "look for stray quotes there (data.quoted), and please report it if there are none"
        )


def _conformed(raw: RawTable, data: DataConfig, inputs: Sequence[Input], path: str, need_label: bool) -> Rows:
    """Gives each column its declared type; rows that have a fault are rejected."""
    faults: Faults = []
    columns = []
    unlabelled = np.zeros(raw.table.num_rows, bool)
    has_encoding = FORMATS[data.format].HAS_ENCODING
    bad_text = f"not {data.encoding} (see data.encoding)" if has_encoding else "invalid UTF-8"
    for column in inputs:
        if column.name == data.label and column.dtype == "float32":
            labels = read_labels(raw.table[column.name], data, bad_text)
            columns.append(pa.array(labels.values))
            if need_label:
                unlabelled = labels.absent
                faults += labels.faults
            continue
        array, column_faults = conform(raw.table[column.name], column, data.missing, bad_text)
        columns.append(array)
        faults += column_faults
    table = pa.table(columns, names=[column.name for column in inputs])
    if data.weight:
        weight = table[data.weight].to_numpy()
        faults.append((~(weight >= 0), f"column {data.weight!r}: the weight is missing or negative"))
    if data.split.by == "time":
        table, time_faults = _with_time_keys(table, data.split)
        faults += time_faults
    rows = Rows(table, path, raw.first, raw.span, raw.rejected)
    if data.unlabelled == "skip":
        return _without_faults(rows, faults, unlabelled, raw)
    faults.append((unlabelled, f"column {data.label!r}: the label is empty or -1 (see data.unlabelled and data.positive)"))
    return _without_faults(rows, faults, np.zeros(len(unlabelled), bool), raw)


def _with_time_keys(table: pa.Table, split: SplitConfig) -> tuple[pa.Table, Faults]:
    """Replaces the split's column by its keys on the scale of the bounds, and refuses rows whose text is no time."""
    scale = split.time_scale
    if scale is None or split.column not in table.column_names:
        return table, []
    texts = table[split.column].combine_chunks()
    keys = scale.keys(texts)
    bad = np.isnan(keys)
    table = table.set_column(table.column_names.index(split.column), split.column, pa.array(keys))
    if not bad.any():
        return table, []
    start = split.validation_from if split.validation_from is not None else split.test_from
    reason = f"column {split.column!r}: not a time that data.split could compare with {start}"
    # The most common cause of a date that cannot be: its day and month are in the other order, which has a remedy.
    in_other_order = np.zeros(len(bad), bool)
    in_other_order[bad] = np.isfinite(replace(scale, day_first=not scale.day_first).keys(texts.filter(pa.array(bad))))
    order = "month before the day; see" if scale.day_first else "day before the month; set"
    return table, [(in_other_order, f"column {split.column!r}: a {order} data.split.day_first"), (bad, reason)]


def _without_faults(rows: Rows, faults: Faults, skipped: Mask, raw: RawTable) -> Rows:
    """The rows that are not skipped and have none of the faults; each other row is rejected for its first."""
    bad = np.logical_or.reduce([mask for mask, _ in faults]) if faults else np.zeros(len(skipped), bool)
    if not bad.any() and not skipped.any():
        return rows
    numbers = np.flatnonzero(bad & ~skipped).tolist()
    reasons = [next(reason for mask, reason in faults if mask[number]) for number in numbers]
    located = raw.locate(numbers) if numbers else []
    rejected = [RejectedRow(*at, reason) for at, reason in zip(located, reasons, strict=True)]
    kept = rows.table.filter(pa.array(~bad & ~skipped))
    return Rows(kept, rows.path, rows.first, rows.span, [*rows.rejected, *rejected], int(skipped.sum()))
