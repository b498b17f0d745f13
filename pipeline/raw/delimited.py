"""Delimited text as Arrow tables: a typed parse of whole blocks, and a careful one of blocks in which that fails.

Its unit is the byte: a piece holds the lines that start in it, and a row's offset is that of its first byte.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv

from features.data_config import DataConfig
from features.inputs import Input
from pipeline.raw.compression import estimate_size, is_compressed, open_decompressed
from pipeline.raw.format import RawTable
from pipeline.raw.lines import Lines, blocks, read_line
from pipeline.raw.piece import PIECE_BYTES, SHARD_BYTES, Piece, RawFile, whole
from pipeline.raw.rejects import RejectedRow

SUFFIXES: tuple[str, ...] = (".tsv", ".csv", ".txt")
COLUMNS_MAY_LACK: bool = False

# First bytes of zip, gzip, bzip2, zstd, xz and 7z files.
_PACKED = (b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ", b"7z\xbc\xaf")
_BLOCK_BYTES = 1 << 20  # pyarrow.csv spends 2-3 times the CPU on one huge block
_LOOKED_AT = 1 << 20  # bytes at the start of a file from which the size of its rows is learnt
_TYPICAL_ROW = 200  # bytes; for files in whose start no row ends


def recognises(head: bytes) -> bool:
    """Anything may be delimited text but for archives and compressed files whose names do not say so."""
    return not head.startswith(_PACKED)


def columns(data: DataConfig, path: str) -> list[tuple[str, pa.DataType | None]]:
    """The names in a file's header, or those of the config; text has no types."""
    return [(name, None) for name in _names(data, path)]


def cut(data: DataConfig, file: RawFile) -> Iterator[tuple[Piece, ...]]:
    """Stretches of `PIECE_BYTES`, several a shard; the whole file where only reading all of it finds where rows end."""
    if data.quoted == "multiline" or is_compressed(file.path):
        yield whole(file)
        return
    starts = range(0, file.size, PIECE_BYTES)
    pieces = [Piece(file.path, start, min(start + PIECE_BYTES, file.size)) for start in starts]
    step = SHARD_BYTES // PIECE_BYTES
    yield from (tuple(pieces[at : at + step]) for at in range(0, len(pieces), step))


def tables(data: DataConfig, inputs: Sequence[Input], piece: Piece) -> Iterator[RawTable]:
    """The rows of a piece, a block at a time: numbers where a whole block has them, else texts or bytes."""
    names = _names(data, piece.path)
    for block, start in blocks(data, piece):
        if data.header and start == 0:
            start = block.find(b"\n") + 1 or len(block)
            block = block[start:]
        if block.strip():
            yield _parse(block, start, names, data, inputs)


def estimate_rows(data: DataConfig, file: RawFile) -> int:
    """By the length of the lines at the file's start."""
    size = estimate_size(file.path, file.size)
    with open_decompressed(file.path) as source:
        head = source.read(_LOOKED_AT)
    lines = head.count(b"\n")
    return size * lines // len(head) if lines else size // _TYPICAL_ROW


def _names(data: DataConfig, path: str) -> list[str]:
    if not data.header:
        return list(data.columns)
    with open_decompressed(path) as source:
        line = read_line(source)
    return list(pa.csv.read_csv(pa.BufferReader(line), _read_options(None), _parse_options(data)).column_names)


def _parse(block: bytes, start: int, names: list[str], data: DataConfig, inputs: Sequence[Input]) -> RawTable:
    lines = Lines(data, block, start)
    types = {i.name: pa.float32() if i.dtype == "float32" and i.length is None else pa.string() for i in inputs}
    try:
        options = _read_options(names)
        table = pa.csv.read_csv(pa.BufferReader(block), options, _parse_options(data), _convert_options(data, types))
        return RawTable(table, start, lines.locate)
    except pa.ArrowInvalid:
        return _parse_carefully(block, start, names, data, types)


def _parse_carefully(block: bytes, start: int, names: list[str], data: DataConfig, types: dict[str, pa.DataType]) -> RawTable:
    """Leaves out the rows with too many or too few fields, and the others' text as bytes, to be judged by column."""
    ragged: dict[int, str] = {}

    def note(row: Any) -> str:
        ragged[row.number - 1] = f"{row.actual_columns} fields, not {row.expected_columns}"
        return "skip"

    options = _read_options(names, block_size=len(block) + 1, use_threads=False)  # only so are rows numbered
    parsing = _parse_options(data, invalid_row_handler=note)
    as_bytes = dict.fromkeys(types, pa.binary())
    table = pa.csv.read_csv(pa.BufferReader(block), options, parsing, _convert_options(data, as_bytes))
    lines = Lines(data, block, start)
    kept = np.setdiff1d(np.arange(table.num_rows + len(ragged)), list(ragged))
    rejected = [RejectedRow(*at, ragged[row]) for row, at in zip(ragged, lines.locate(list(ragged)), strict=True)]
    return RawTable(table, start, lambda rows: lines.locate(kept[list(rows)]), rejected)


def _read_options(names: list[str] | None, **options: Any) -> pa.csv.ReadOptions:
    return pa.csv.ReadOptions(column_names=names, **{"block_size": _BLOCK_BYTES, **options})


def _parse_options(data: DataConfig, invalid_row_handler: Callable[[Any], str] | None = None) -> pa.csv.ParseOptions:
    quote = '"' if data.quoted else False
    return pa.csv.ParseOptions(
        delimiter=data.separator,
        quote_char=quote,
        newlines_in_values=data.quoted == "multiline",
        invalid_row_handler=invalid_row_handler,
    )


def _convert_options(data: DataConfig, types: dict[str, pa.DataType]) -> pa.csv.ConvertOptions:
    missing = ["", *data.missing]
    return pa.csv.ConvertOptions(column_types=types, include_columns=list(types), null_values=missing, strings_can_be_null=True)
