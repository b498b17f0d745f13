"""Delimited text as Arrow tables: a typed parse of whole blocks, and one row by row of blocks in which that fails.

Its unit is the byte: a piece holds the lines that start in it, and a row's offset is that of its first byte.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.csv

from features.config.data import DataConfig
from features.inputs import Input
from pipeline.raw.arrow_csv import convert_options, one_block_options, parse_options, read_options
from pipeline.raw.block import Block
from pipeline.raw.compression import estimate_size, is_compressed, open_decompressed
from pipeline.raw.encoding import keeps_lines
from pipeline.raw.format import RawTable
from pipeline.raw.header import PACKED, read_header
from pipeline.raw.lines import blocks
from pipeline.raw.piece import PIECE_BYTES, SHARD_BYTES, Piece, RawFile, whole
from pipeline.raw.rejects import RejectedRow

SUFFIXES: tuple[str, ...] = (".tsv", ".csv", ".txt")
COLUMNS_MAY_LACK: bool = False
HAS_ENCODING: bool = True

# Bytes at the start of a file from which the size of its rows is estimated: thousands of rows of any common log.
_LOOKED_AT = 1 << 20
_TYPICAL_ROW = 200  # bytes; for files in whose start no row ends, a rough guess
# Replaces what is not ASCII, for parses that only look at delimiters, quotes and newlines.
_AS_ASCII = bytes(range(128)) + b"?" * 128


def recognises(head: bytes) -> bool:
    """Anything may be delimited text but for archives and compressed files whose names do not say so."""
    return not head.startswith(PACKED)


def columns(data: DataConfig, path: str) -> list[tuple[str, pa.DataType | None]]:
    """The names in a file's header, or those of the config; text has no types."""
    names, _ = read_header(data, path)
    return [(name, None) for name in names]


def cut(data: DataConfig, file: RawFile) -> Iterator[tuple[Piece, ...]]:
    """Stretches of `PIECE_BYTES`, several a shard; the whole file where only reading all of it finds where rows end."""
    if not _can_be_entered(data, file.path):
        yield whole(file)
        return
    starts = range(0, file.size, PIECE_BYTES)
    pieces = [Piece(file.path, start, min(start + PIECE_BYTES, file.size)) for start in starts]
    step = SHARD_BYTES // PIECE_BYTES
    yield from (tuple(pieces[at : at + step]) for at in range(0, len(pieces), step))


def end(data: DataConfig, file: RawFile) -> int | None:
    """The file's size, where bytes of the file are bytes of its text."""
    return file.size if _can_be_entered(data, file.path) else None


def tables(data: DataConfig, inputs: Sequence[Input], piece: Piece) -> Iterator[RawTable]:
    """The rows of a piece, a block at a time: numbers where a whole block has them, else texts or bytes."""
    # A piece in the middle of a file without a header needs nothing of the file's start.
    names, first_row = read_header(data, piece.path) if data.header or piece.start == 0 else (data.columns, 0)
    for raw, start in blocks(data, piece):
        in_header = min(max(first_row - start, 0), len(raw))
        block = Block(data, raw[in_header:], start + in_header)
        yield _parse(block, names, data, inputs, start)


def estimate_rows(data: DataConfig, file: RawFile) -> int:
    """By the length of the lines at the file's start."""
    size = estimate_size(file.path, file.size)
    with open_decompressed(file.path) as source:
        head = source.read(_LOOKED_AT)
    lines = head.count(b"\n")
    return size * lines // len(head) if lines else size // _TYPICAL_ROW


def _can_be_entered(data: DataConfig, path: str) -> bool:
    """Whether a line of the file can be found without reading what comes before it."""
    return data.quoted != "multiline" and not is_compressed(path) and keeps_lines(data.encoding)


def _parse(block: Block, names: list[str], data: DataConfig, inputs: Sequence[Input], begin: int) -> RawTable:
    """The rows of a block; `begin` is the offset from which it accounts for the file's bytes, a header's among them."""
    # Codes are parsed as texts, not as integers: `007` and `7` may be two codes. Lists are texts that are split later.
    types = {i.name: pa.float32() if i.dtype == "float32" and i.length is None else pa.string() for i in inputs}
    # The fast way first; each of the checks finds a text that Arrow would read as other rows than the file has.
    table = None if block.has_lone_returns else _typed(block, names, data, types)
    if table is None or not block.has_rows(table.num_rows) or _last_quote_is_open(table, names, block):
        return _parse_by_row(block, names, data, types, begin)
    return RawTable(table, block.start, block.locate, table.num_rows, (begin, block.end))


def _typed(block: Block, names: list[str], data: DataConfig, types: Mapping[str, pa.DataType]) -> pa.Table | None:
    """The block's columns in their types; None where a row does not fit."""
    try:
        return _read_csv(block.text, read_options(names), parse_options(data), convert_options(data, types))
    except pa.ArrowInvalid:
        return None


def _last_quote_is_open(table: pa.Table, names: list[str], block: Block) -> bool:
    """Whether a text of the last column holds a newline, though a row is a line.

    That is a quote that is not closed in the last line that Arrow parsed at once: the only one that changes neither the
    number of rows nor that of fields.
    """
    if block.data.quoted is not True or names[-1] not in table.column_names or b'"' not in block.text:
        return False
    column = table[names[-1]]
    if not pa.types.is_string(column.type):
        return False
    return any(pa.compute.any(pa.compute.match_substring(chunk, "\n")).as_py() for chunk in column.chunks)


def _parse_by_row(block: Block, names: list[str], data: DataConfig, types: Mapping[str, pa.DataType], begin: int) -> RawTable:
    """Leaves out the rows that are broken, and has the others' text as bytes, to be judged by column."""
    reasons = block.broken_rows()
    kept = np.setdiff1d(np.arange(block.rows), list(reasons))
    try:
        table = _as_bytes(block.without(reasons), names, data, types)
    except pa.ArrowInvalid:  # some rows have too many or too few fields, too
        ragged = _ragged_rows(block, reasons, names, data)
        reasons |= {int(kept[row]): reason for row, reason in ragged.items()}
        kept = np.setdiff1d(kept, list(reasons))
        table = _as_bytes(block.without(reasons), names, data, types)
    numbers = sorted(reasons)  # in the order of the file, as a person looks them up
    rejected = [RejectedRow(*at, reasons[row]) for row, at in zip(numbers, block.locate(numbers), strict=True)]
    return RawTable(table, block.start, lambda rows: block.locate(kept[list(rows)]), block.rows, (begin, block.end), rejected)


def _as_bytes(text: bytes, names: list[str], data: DataConfig, types: Mapping[str, pa.DataType]) -> pa.Table:
    # Bytes fit any content, so this parse cannot fail at a value; values are judged by column, see `conform`.
    convert = convert_options(data, dict.fromkeys(types, pa.binary()))
    return _read_csv(text, one_block_options(names, len(text)), parse_options(data), convert)


def _ragged_rows(block: Block, broken: Collection[int], names: list[str], data: DataConfig) -> dict[int, str]:
    """Numbers, among those that are not broken, of the rows with too many or too few fields, each with the reason.

    Raises:
      ArrowInvalid: a quote stands within a field, so that Arrow sees other rows than there are.
    """
    ragged: dict[int, str] = {}

    def note(row: pa.csv.InvalidRow) -> str:
        ragged[row.number - 1] = f"{row.actual_columns} fields, not {row.expected_columns}"
        return "skip"

    text = block.without(broken)
    ascii_text = text.translate(_AS_ASCII)  # Arrow decodes a row for the handler, and fails where it is not UTF-8
    convert = convert_options(data, {names[0]: pa.binary()})
    even = _read_csv(ascii_text, one_block_options(names, len(text)), parse_options(data, note), convert)
    if even.num_rows + len(ragged) != block.rows - len(broken):
        where = f"between the bytes {block.start:,} and {block.end:,}"
        raise pa.ArrowInvalid(f"a quote within a field, {where}, hides where rows end; double it, or set data.quoted: true")
    return ragged


def _read_csv(text: bytes, read: pa.csv.ReadOptions, parse: pa.csv.ParseOptions, convert: pa.csv.ConvertOptions) -> pa.Table:
    """Arrow's parse; no rows of no text, which Arrow refuses."""
    if not text.strip(b"\r\n"):
        return pa.table({name: pa.array([], kind) for name, kind in convert.column_types.items()})
    return pa.csv.read_csv(pa.BufferReader(text), read, parse, convert)
