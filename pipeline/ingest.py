"""Reads raw files as Arrow tables of declared columns, in pieces that workers can share out."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems

from features.config import Data
from features.errors import DataError
from features.inputs import MISSING_INT, Input

PIECE_BYTES = 16 << 20
SHARD_BYTES = 64 << 20
SHARD_ROWS = 256 << 10
_BLOCK_BYTES = 1 << 20  # pyarrow.csv spends 2-3 times the CPU on one huge block
_COMPRESSED = (".gz", ".bz2", ".zst")


@dataclass(frozen=True)
class File:
    """A raw file and what changes when it does."""

    path: str
    size: int
    updated: float


@dataclass(frozen=True)
class Piece:
    """Bytes [start, stop) of a delimited file, aligned outwards to lines, or row groups [start, stop) of a Parquet file."""

    path: str
    start: int
    stop: int


@dataclass(frozen=True)
class Shard:
    """Pieces that one worker reads, in order; `split` is the config's field that named their files."""

    index: int
    split: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Reject:
    """A malformed row: where it stands, why it was refused, and the row as it was."""

    file: str
    offset: int
    reason: str
    row: str


@dataclass(frozen=True)
class Rows:
    """A table of raw columns, and for each row a number that is its own in its file (byte offset or row number)."""

    table: pa.Table
    path: str
    first: int
    rejects: tuple[Reject, ...] = ()

    def keys(self, seed: int) -> npt.NDArray[np.uint64]:
        """A random-looking uint64 per row, from the file's name, the row's place in it, and the seed."""
        base = np.uint64((zlib.crc32(self.path.rsplit("/", 1)[-1].encode()) << 32) ^ seed)
        return mix(np.arange(self.table.num_rows, dtype=np.uint64) + np.uint64(self.first) + mix(base))


def mix(x: Any) -> Any:
    """SplitMix64's finaliser over uint64 values."""
    with np.errstate(over="ignore"):
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return x ^ (x >> np.uint64(31))


def list_files(patterns: Sequence[str], field: str) -> list[File]:
    """Files behind paths and globs, sorted by path.

    Raises:
      DataError: a pattern matches nothing, or a file is empty.
    """
    files: dict[str, File] = {}
    for pattern in patterns:
        try:
            matched = FileSystems.match([pattern])[0].metadata_list
        except Exception as error:  # Beam wraps whatever its filesystem raises
            raise DataError(f"data.{field}: {pattern} cannot be listed: {error}") from None
        if not matched:
            raise DataError(f"data.{field}: no file matches {pattern}")
        for found in matched:
            if found.size_in_bytes == 0:
                raise DataError(f"data.{field}: {found.path} is empty; remove it, or leave it out of the pattern")
            files[found.path] = File(found.path, found.size_in_bytes, found.last_updated_in_seconds or 0.0)
    return [files[path] for path in sorted(files)]


def column_types(data: Data, files: Sequence[File]) -> dict[str, pa.DataType | None]:
    """Names of all columns, with their Arrow type where the format has one; the same in every file.

    Raises:
      DataError: a file is unreadable, names a column twice, or has other columns than the first.
    """
    first: dict[str, pa.DataType | None] = {}
    for file in files:
        names, types = _header(data, file)
        if len(set(names)) != len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise DataError(f"{file.path}: column {twice!r} appears twice; rename one")
        found = dict(zip(names, types, strict=True))
        if not first:
            first = found
        for name in first:
            if name not in found:
                raise DataError(f"{file.path}: column {name!r} is missing, though {files[0].path} has it")
            if data.format == "parquet" and found[name] != first[name]:
                message = f"column {name!r} is {found[name]}, but {first[name]} in {files[0].path}"
                raise DataError(f"{file.path}: {message}; write both with one type")
    return first


def plan_shards(data: Data, files: dict[str, list[File]]) -> list[Shard]:
    """Cuts all files into shards of about 64 MB of text or 256k Parquet rows. The cut depends on the files alone."""
    shards: list[Shard] = []
    for split, listed in files.items():
        for file in listed:
            for pieces in _cut(data, file):
                shards.append(Shard(len(shards), split, tuple(pieces)))
    return shards


def read(data: Data, inputs: Sequence[Input], piece: Piece) -> Iterator[Rows]:
    """Reads a piece as tables of the declared columns, missing values written as the inputs' marks.

    Args:
      data: how files are written.
      inputs: columns to read; others are not parsed.
      piece: what to read.

    Raises:
      DataError: the file is damaged or gone.
    """
    source = _parquet_tables if data.format == "parquet" else _delimited_tables
    try:
        for table, first in source(data, inputs, piece):
            columns = [_conform(table[column.name], column, data) for column in inputs]
            yield Rows(pa.table(columns, names=[column.name for column in inputs]), piece.path, first)
    except (OSError, EOFError, zlib.error, pa.ArrowInvalid) as error:
        raise DataError(f"{piece.path}: cannot be read ({error})") from None


def open_file(path: str) -> IO[bytes]:
    """A raw file of any Beam filesystem, decompressed where its name says so."""
    return FileSystems.open(path, compression_type=CompressionTypes.AUTO)


def _header(data: Data, file: File) -> tuple[list[str], list[pa.DataType | None]]:
    try:
        with open_file(file.path) as source:
            if data.format == "parquet":
                schema = pa.parquet.read_schema(pa.PythonFile(source))
                return schema.names, list(schema.types)
            line = source.readline()
        table = pa.csv.read_csv(io.BytesIO(line), parse_options=_parse_options(data), read_options=_names(data, None))
    except (OSError, EOFError, zlib.error, pa.ArrowInvalid) as error:
        raise DataError(f"{file.path}: cannot be read as {data.format}: {error}") from None
    return table.column_names, [None] * table.num_columns


def _cut(data: Data, file: File) -> Iterator[list[Piece]]:
    if data.format == "parquet":
        with open_file(file.path) as source:
            metadata = pa.parquet.read_metadata(pa.PythonFile(source))
        sizes = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
        yield from _grouped(file.path, sizes, SHARD_ROWS)
    elif file.path.endswith(_COMPRESSED):
        yield [Piece(file.path, 0, -1)]  # compressed text cannot be entered in the middle
    else:
        starts = list(range(0, file.size, PIECE_BYTES))
        pieces = [Piece(file.path, start, min(start + PIECE_BYTES, file.size)) for start in starts]
        step = SHARD_BYTES // PIECE_BYTES
        yield from (pieces[at : at + step] for at in range(0, len(pieces), step))


def _grouped(path: str, sizes: list[int], target: int) -> Iterator[list[Piece]]:
    pieces: list[Piece] = []
    rows = 0
    for group, size in enumerate(sizes):
        pieces.append(Piece(path, group, group + 1))
        rows += size
        if rows >= target:
            yield pieces
            pieces, rows = [], 0
    if pieces:
        yield pieces


def _parquet_tables(data: Data, inputs: Sequence[Input], piece: Piece) -> Iterator[tuple[pa.Table, int]]:
    with open_file(piece.path) as source:
        file = pa.parquet.ParquetFile(pa.PythonFile(source))
        first = sum(file.metadata.row_group(group).num_rows for group in range(piece.start))
        for group in range(piece.start, piece.stop):
            table = file.read_row_group(group, columns=[column.name for column in inputs])
            yield table, first
            first += table.num_rows


def _delimited_tables(data: Data, inputs: Sequence[Input], piece: Piece) -> Iterator[tuple[pa.Table, int]]:
    types = {i.name: pa.float64() if i.dtype == "float32" and i.length is None else pa.string() for i in inputs}
    convert = pa.csv.ConvertOptions(
        column_types=types, include_columns=list(types), null_values=["", *data.missing], strings_can_be_null=True
    )
    with open_file(piece.path) as source:
        text: Any = source
        header = data.header and piece.start == 0
        if piece.stop >= 0:
            text = io.BytesIO(_lines(source, piece))
        elif header:
            source.readline()
        if piece.stop >= 0 and header:
            text.readline()
        names = data.columns or _header(data, File(piece.path, 0, 0.0))[0]
        first = piece.start
        for table in _batched(text, names, data, convert):
            yield table, first
            first += table.num_rows


def _batched(text: Any, names: list[str], data: Data, convert: pa.csv.ConvertOptions) -> Iterator[pa.Table]:
    try:
        reader = pa.csv.open_csv(text, _names(data, names), _parse_options(data), convert)
    except pa.ArrowInvalid as error:
        if "Empty CSV" in str(error):
            return
        raise
    batches, size = [], 0
    for batch in reader:
        batches.append(batch)
        size += batch.nbytes
        if size > PIECE_BYTES * 2:
            yield pa.Table.from_batches(batches)
            batches, size = [], 0
    if batches:
        yield pa.Table.from_batches(batches)


def _lines(source: IO[bytes], piece: Piece) -> bytes:
    """Bytes of the lines that start in the piece."""
    source.seek(max(piece.start - 1, 0))
    if piece.start > 0:
        source.readline()  # belongs to the piece before
    start = source.tell()
    if start >= piece.stop:
        return b""
    text = source.read(piece.stop - start)
    return text if text.endswith(b"\n") else text + source.readline()


def _names(data: Data, names: list[str] | None) -> pa.csv.ReadOptions:
    if names is None and not data.header:
        names = data.columns
    return pa.csv.ReadOptions(block_size=_BLOCK_BYTES, column_names=names)


def _parse_options(data: Data) -> pa.csv.ParseOptions:
    return pa.csv.ParseOptions(delimiter=data.separator, quote_char='"' if data.quoted else False)


def _conform(column: pa.ChunkedArray, declared: Input, data: Data) -> pa.Array:
    array = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if declared.length is not None:
        return _conform_list(array, declared)
    return _conform_values(array, declared, data)


def _conform_values(array: pa.Array, declared: Input, data: Data | None) -> pa.Array:
    kind = declared.arrow_type() if declared.length is None else declared.arrow_type().value_type
    if array.type != kind:
        array = array.cast(kind, safe=declared.dtype != "float32")
    if declared.dtype == "string" and data is not None and data.missing and data.format == "parquet":
        array = pc.if_else(pc.is_in(array, pa.array(data.missing, kind)), pa.scalar("", kind), array)
    return array.fill_null(pa.scalar(declared.missing, kind)) if array.null_count else array


def _conform_list(array: pa.Array, declared: Input) -> pa.Array:
    """Pads or cuts each list to the declared length."""
    assert declared.length is not None
    lengths = pc.fill_null(pc.list_value_length(array), 0).to_numpy(zero_copy_only=False)
    values = _conform_values(array.flatten(), declared, None)
    starts = np.concatenate([[0], np.cumsum(lengths)])[:-1]
    place = starts[:, None] + np.arange(declared.length)
    beyond = np.arange(declared.length) >= lengths[:, None]
    indices = pa.array(np.where(beyond, 0, place).ravel(), mask=beyond.ravel())
    padded = values.take(indices) if len(values) else pa.nulls(indices.__len__(), values.type)
    return pa.FixedSizeListArray.from_arrays(padded.fill_null(declared.missing), declared.length)


__all__ = [
    "MISSING_INT",
    "File",
    "Piece",
    "Reject",
    "Rows",
    "Shard",
    "column_types",
    "list_files",
    "mix",
    "open_file",
    "plan_shards",
    "read",
]
