"""Lines of text files: blocks of whole ones, and where each row of a block stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features.data_config import DataConfig
from features.errors import DataError
from pipeline.raw.compression import open_decompressed
from pipeline.raw.piece import PIECE_BYTES, Piece


class Lines:
    """The rows of a block of text.

    Args:
      data: says whether rows may hold newlines.
      block: text of whole rows.
      start: its offset in the file.
    """

    def __init__(self, data: DataConfig, block: bytes, start: int) -> None:
        self.data, self.block, self.start = data, block, start

    def locate(self, rows: Sequence[int] | npt.NDArray[np.int64]) -> list[tuple[int, bytes]]:
        """The byte offset and the text of each row, given by its number; blank lines are no rows."""
        if not len(rows):
            return []
        text = np.frombuffer(self.block, np.uint8)
        ends = np.append(_row_ends(self.data, self.block), len(text))
        starts = np.append(0, ends[:-1] + 1)
        carriage = np.where(ends > starts, text[np.maximum(ends - 1, 0)] == ord("\r"), False)
        full = np.flatnonzero(ends - carriage > starts)
        spans = [(int(starts[full[row]]), int(ends[full[row]])) for row in rows]
        return [(self.start + begin, self.block[begin:end]) for begin, end in spans]


def blocks(data: DataConfig, piece: Piece) -> Iterator[tuple[bytes, int]]:
    """Text of whole rows, about a piece's bytes at a time, and its offset.

    Raises:
      DataError: a quote is not closed where quoted fields may hold newlines.
    """
    with open_decompressed(piece.path) as source:
        if piece.stop >= 0:
            yield _lines_of(source, piece)
        else:
            yield from _stream(data, source, piece.path)


def read_line(source: pa.NativeFile) -> bytes:
    """Bytes up to and with the next newline; may read further, so seek afterwards."""
    parts: list[bytes] = []
    while part := source.read(64 << 10):
        end = part.find(b"\n") + 1
        parts.append(part[:end] if end else part)
        if end:
            break
    return b"".join(parts)


def _lines_of(source: pa.NativeFile, piece: Piece) -> tuple[bytes, int]:
    """The lines that start in a piece of plain text."""
    start = piece.start
    if start > 0:
        source.seek(start - 1)
        start += len(read_line(source)) - 1  # the line that began before this piece belongs to the one before
    if start >= piece.stop:
        return b"", start
    source.seek(start)
    text = source.read(piece.stop - start)
    return (text if text.endswith(b"\n") else text + read_line(source)), start


def _stream(data: DataConfig, source: pa.NativeFile, path: str) -> Iterator[tuple[bytes, int]]:
    left, start = b"", 0
    while text := source.read(PIECE_BYTES):
        text = left + text
        end = _end_of_rows(data, text)
        left = text[end:]
        if end:
            yield text[:end], start
            start += end
        elif len(text) > PIECE_BYTES:
            _check_closed(data, text, start, path)
    if left:
        _check_closed(data, left, start, path)
        yield left, start


def _row_ends(data: DataConfig, block: bytes) -> npt.NDArray[np.int64]:
    """Positions of the newlines that end rows: where fields may hold some, those after an even number of quotes."""
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


def _check_closed(data: DataConfig, row: bytes, start: int, path: str) -> None:
    """Rather than take the rest of a file for one field, or hold it in memory."""
    if data.quoted == "multiline" and row.count(b'"') % 2:
        raise DataError(f"{path}: the row at byte {start:,} has a quote that is not closed; mend it, or set data.quoted: true")
