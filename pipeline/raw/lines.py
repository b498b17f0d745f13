"""Text files as blocks of whole lines."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from features.config.data import DataConfig
from features.errors import DataError
from pipeline.raw.block import end_of_rows
from pipeline.raw.encoding import open_text
from pipeline.raw.piece import PIECE_BYTES, Piece

# Bytes that are read at a time where the end of a line is looked for; few rows are longer.
_LINE_BYTES = 64 << 10


def blocks(data: DataConfig, piece: Piece) -> Iterator[tuple[bytes, int]]:
    """Text of whole rows, about a piece's bytes at a time, and its offset; each block begins where the last ended.

    Raises:
      DataError: a quote is not closed where quoted fields may hold newlines.
    """
    with open_text(piece.path, data.encoding) as source:
        if piece.stop >= 0:
            yield _lines_of(source, piece)
        else:
            yield from _stream(data, source, piece.path)


def read_line(source: pa.NativeFile) -> bytes:
    """Bytes up to and with the next newline; may read further, so seek afterwards."""
    parts: list[bytes] = []
    while part := source.read(_LINE_BYTES):
        end = part.find(b"\n") + 1
        parts.append(part[:end] if end else part)
        if end:
            break
    return b"".join(parts)


def _lines_of(source: pa.NativeFile, piece: Piece) -> tuple[bytes, int]:
    """The lines that start in a piece of plain text."""
    start = piece.start
    # From one byte earlier: where the piece begins with a line, that byte is the newline before it, and nothing is passed over.
    if start > 0:
        source.seek(start - 1)
        start += len(read_line(source)) - 1  # the line that began before this piece belongs to the one before
    if start >= piece.stop:
        return b"", start
    source.seek(start)
    text = source.read(piece.stop - start)
    return (text if text.endswith(b"\n") else text + read_line(source)), start


def _stream(data: DataConfig, source: pa.NativeFile, path: str) -> Iterator[tuple[bytes, int]]:
    left, start, multiline = b"", 0, data.quoted == "multiline"
    while text := source.read(PIECE_BYTES):
        text = left + text
        end = end_of_rows(text, multiline)
        left = text[end:]
        if end:
            yield text[:end], start
            start += end
        elif len(text) > PIECE_BYTES:
            _check_closed(data, text, start, path)
    if left:
        _check_closed(data, left, start, path)
        yield left, start


def _check_closed(data: DataConfig, row: bytes, start: int, path: str) -> None:
    """Rather than take the rest of a file for one field, or hold it in memory."""
    if data.quoted == "multiline" and row.count(b'"') % 2:
        raise DataError(f"{path}: the row at byte {start:,} has a quote that is not closed; mend it, or set data.quoted: true")
