"""Delimited text as Arrow tables: a typed parse of whole blocks, and a careful one of blocks in which that fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv

from features.config import DataConfig
from features.errors import DataError
from features.inputs import Input
from pipeline.raw.rejects import Found, Raw
from pipeline.raw.shards import CODECS, PIECE_BYTES, Piece
from pipeline.runtime import files

_BLOCK_BYTES = 1 << 20  # pyarrow.csv spends 2-3 times the CPU on one huge block


def header(data: DataConfig, path: str) -> list[str]:
    """The names of a file's columns."""
    if not data.header:
        return list(data.columns)
    with decompressed(path) as source:
        line = _read_line(source)
    return list(pa.csv.read_csv(pa.BufferReader(line), _read_options(None), _parse_options(data)).column_names)


def tables(data: DataConfig, inputs: Sequence[Input], piece: Piece) -> Iterator[Raw]:
    """The rows of a piece, a block at a time."""
    names = header(data, piece.path)
    for block, start in _blocks(data, piece):
        if data.header and start == 0:
            start = block.find(b"\n") + 1 or len(block)
            block = block[start:]
        if block.strip():
            yield _parse(block, start, names, data, inputs)


def _parse(block: bytes, start: int, names: list[str], data: DataConfig, inputs: Sequence[Input]) -> Raw:
    lines = _Lines(data, block, start)
    types = {i.name: pa.float32() if i.dtype == "float32" and i.length is None else pa.string() for i in inputs}
    try:
        options = _read_options(names)
        table = pa.csv.read_csv(pa.BufferReader(block), options, _parse_options(data), _convert_options(data, types))
        return Raw(table, start, lambda rows: lines.find(rows))
    except pa.ArrowInvalid:
        return _parse_carefully(block, start, names, data, types)


def _parse_carefully(block: bytes, start: int, names: list[str], data: DataConfig, types: dict[str, pa.DataType]) -> Raw:
    """Leaves out the rows with too many or too few fields, and the others' text as bytes, to be judged by column."""
    ragged: dict[int, str] = {}

    def note(row: Any) -> str:
        ragged[row.number - 1] = f"{row.actual_columns} fields, not {row.expected_columns}"
        return "skip"

    options = _read_options(names, block_size=len(block) + 1, use_threads=False)  # only so are rows numbered
    parsing = _parse_options(data, invalid_row_handler=note)
    as_bytes = dict.fromkeys(types, pa.binary())
    table = pa.csv.read_csv(pa.BufferReader(block), options, parsing, _convert_options(data, as_bytes))
    lines = _Lines(data, block, start)
    kept = np.setdiff1d(np.arange(table.num_rows + len(ragged)), list(ragged))
    refused = [Found(*place, ragged[row]) for row, place in zip(ragged, lines.find(list(ragged)), strict=True)]
    return Raw(table, start, lambda rows: lines.find(kept[list(rows)]), refused)


class _Lines:
    """Finds the text of a row in its block, as it was."""

    def __init__(self, data: DataConfig, block: bytes, start: int) -> None:
        self.data, self.block, self.start = data, block, start

    def find(self, rows: Sequence[int] | npt.NDArray[np.int64]) -> list[tuple[int, bytes]]:
        """The byte offset and the text of each row; blank lines are no rows."""
        if not len(rows):
            return []
        text = np.frombuffer(self.block, np.uint8)
        ends = np.append(_row_ends(self.data, self.block), len(text))
        starts = np.append(0, ends[:-1] + 1)
        carriage = np.where(ends > starts, text[np.maximum(ends - 1, 0)] == ord("\r"), False)
        full = np.flatnonzero(ends - carriage > starts)
        spans = [(int(starts[full[row]]), int(ends[full[row]])) for row in rows]
        return [(self.start + begin, self.block[begin:end]) for begin, end in spans]


def _row_ends(data: DataConfig, block: bytes) -> npt.NDArray[np.int64]:
    """Places of the newlines that end rows: where fields may hold some, those after an even number of quotes."""
    text = np.frombuffer(block, np.uint8)
    ends = text == ord("\n")
    if data.quoted == "multiline":
        ends &= np.cumsum(text == ord('"'), dtype=np.uint8) % 2 == 0
    return np.flatnonzero(ends)


def _end_of_rows(data: DataConfig, text: bytes) -> int:
    """How many bytes of a text are whole rows."""
    if data.quoted != "multiline":
        return text.rfind(b"\n") + 1
    ends = _row_ends(data, text)
    return int(ends[-1]) + 1 if len(ends) else 0


def _blocks(data: DataConfig, piece: Piece) -> Iterator[tuple[bytes, int]]:
    """Whole rows, about a piece's bytes at a time, and the offset of the first."""
    with decompressed(piece.path) as source:
        if piece.stop >= 0:
            yield _lines_of(source, piece)
        else:
            yield from _stream(data, source, piece.path)


def _lines_of(source: Any, piece: Piece) -> tuple[bytes, int]:
    """The lines that start in a piece of plain text."""
    start = piece.start
    if start > 0:
        source.seek(start - 1)
        start += len(_read_line(source)) - 1  # belongs to the piece before
    if start >= piece.stop:
        return b"", start
    source.seek(start)
    text = source.read(piece.stop - start)
    return (text if text.endswith(b"\n") else text + _read_line(source)), start


def _stream(data: DataConfig, source: Any, path: str) -> Iterator[tuple[bytes, int]]:
    left, at = b"", 0
    while text := source.read(PIECE_BYTES):
        text = left + text
        end = _end_of_rows(data, text)
        left = text[end:]
        if end:
            yield text[:end], at
            at += end
        elif len(text) > PIECE_BYTES:
            _check_closed(data, text, at, path)
    if left:
        _check_closed(data, left, at, path)
        yield left, at


def _check_closed(data: DataConfig, row: bytes, at: int, path: str) -> None:
    """Rather than take the rest of a file for one field, or hold it in memory."""
    if data.quoted == "multiline" and row.count(b'"') % 2:
        raise DataError(f"{path}: the row at byte {at:,} has a quote that is not closed; mend it, or set data.quoted: true")


def _read_line(source: Any) -> bytes:
    """Bytes up to and with the next newline; may read further, so seek afterwards."""
    parts: list[bytes] = []
    while part := source.read(64 << 10):
        end = part.find(b"\n") + 1
        parts.append(part[:end] if end else part)
        if end:
            break
    return b"".join(parts)


def decompressed(path: str) -> Any:
    """A file's bytes, without the compression its name tells."""
    codec = next((name for suffix, name in CODECS.items() if path.endswith(suffix)), None)
    source = files.open_file(path)
    # Arrow's decompression, not Beam's: that takes a truncated file for a whole one.
    return pa.CompressedInputStream(pa.PythonFile(source, "r"), codec) if codec else source


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
