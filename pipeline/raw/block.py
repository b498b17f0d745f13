"""A block of delimited text: its rows, where each stands, and which of them are broken."""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt

from features.config.data import DataConfig
from pipeline.raw.encoding import line_encoding, to_utf8

# As numbers, which NumPy compares with the bytes of a text.
NEWLINE, CARRIAGE_RETURN, QUOTE = b"\n"[0], b"\r"[0], b'"'[0]
UNCLOSED = "a quote that is not closed in its line"
LONE_RETURN = "a carriage return within the row; end lines with a newline"

Positions = npt.NDArray[np.int64]


class Block:
    """Whole rows of a file. A row is a line that is not blank; with `quoted: multiline`, newlines in quotes end no line.

    Args:
      data: how files are written.
      raw: the bytes of whole lines.
      start: their offset in the file.

    Attributes:
      text: `raw` as UTF-8; the same rows in the same order.
      end: offset of the byte after the block.
    """

    def __init__(self, data: DataConfig, raw: bytes, start: int) -> None:
        self.data, self.raw, self.start = data, raw, start
        self.text = to_utf8(raw, line_encoding(data.encoding))
        self.end = start + len(raw)

    def has_rows(self, count: int) -> bool:
        """Whether the block has that many rows; looks for blank lines only where the number of lines is another."""
        # Counting newlines takes a fraction of the time of finding the rows, and mostly settles it.
        if self._newlines_in_quotes or count != _count_lines(self.text):
            return count == self.rows
        return True

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self._spans[0])

    @functools.cached_property
    def has_lone_returns(self) -> bool:
        """Whether a carriage return stands before anything but a newline; Arrow ends a row there."""
        if b"\r" not in self.text:
            return False
        text = np.frombuffer(self.text + b"\n", np.uint8)  # a carriage return at the very end ends its row too
        return bool(np.any((text[:-1] == CARRIAGE_RETURN) & (text[1:] != NEWLINE)))

    def broken_rows(self) -> dict[int, str]:
        """Numbers of the rows of which Arrow would make several, or one with the next; each with the reason."""
        broken = dict.fromkeys(self._rows_with_lone_returns().tolist(), LONE_RETURN)
        if self.data.quoted is True:
            broken |= dict.fromkeys(self._rows_with_unclosed_quotes().tolist(), UNCLOSED)
        return broken

    def without(self, rows: Collection[int]) -> bytes:
        """The text without some rows."""
        starts, _, _ = self._spans
        keep = np.ones(len(self.text), bool)
        after = np.append(starts[1:], len(self.text))  # blank lines in between go too
        for row in rows:
            keep[starts[row] : after[row]] = False
        return np.frombuffer(self.text, np.uint8)[keep].tobytes() if rows else self.text

    def locate(self, rows: Sequence[int] | Positions) -> list[tuple[int, bytes]]:
        """The offset in the file and the bytes of each row, given by its number."""
        if not len(rows):
            return []
        # Offsets are those of the file's bytes: where the text was transcoded, its rows are found in `raw` again, by number.
        starts, ends, _ = self._spans if self.text is self.raw else _row_spans(self.raw, self._multiline)
        spans = [(int(starts[row]), int(ends[row])) for row in rows]
        return [(self.start + begin, self.raw[begin:end]) for begin, end in spans]

    @property
    def _multiline(self) -> bool:
        return self.data.quoted == "multiline"

    @functools.cached_property
    def _newlines_in_quotes(self) -> bool:
        return self._multiline and b'"' in self.text

    @functools.cached_property
    def _spans(self) -> tuple[Positions, Positions, Positions]:
        return _row_spans(self.text, self._multiline)

    def _rows_at(self, positions: Positions) -> Positions:
        """Numbers of the rows in which the bytes at these positions stand, or after which they do; -1 before the first."""
        return np.searchsorted(self._spans[0], positions, side="right") - 1

    def _rows_with_lone_returns(self) -> Positions:
        """Rows with a carriage return before their end; within quotes too, unless these may hold newlines."""
        text = np.frombuffer(self.text, np.uint8)
        returns = text == CARRIAGE_RETURN
        at = np.flatnonzero(returns & ~_in_quotes(text) if self._multiline else returns)
        at, rows = at[(rows := self._rows_at(at)) >= 0], rows[rows >= 0]
        return rows[at < self._spans[2][rows]]

    def _rows_with_unclosed_quotes(self) -> Positions:
        """Rows with a quote at the start of a field that none closes in the same line.

        All quoted fields are matched, from left to right, as a delimiter within one must not be taken for its end.
        """
        if b'"' not in self.text:
            return np.zeros(0, np.int64)
        delimiter = re.escape(self.data.separator.encode())
        # Possessive ("*+"), or a field that is not closed would be tried again from each of its bytes.
        fields = re.compile(rb"(?:^|" + delimiter + rb')("(?:[^"\n]|"")*+)("?)', re.MULTILINE)
        return self._rows_at(np.array([field.start(1) for field in fields.finditer(self.text) if not field[2]], np.int64))


def end_of_rows(text: bytes, multiline: bool) -> int:
    """How many bytes of a text are whole rows."""
    if not multiline:
        return text.rfind(b"\n") + 1
    ends = _line_ends(np.frombuffer(text, np.uint8), multiline)
    return int(ends[-1]) + 1 if len(ends) else 0


def _count_lines(text: bytes) -> int:
    # NumPy compares at memory's speed, whatever the length of the lines; bytes.count stops at every newline.
    newlines = int(np.count_nonzero(np.frombuffer(text, np.uint8) == NEWLINE))
    return newlines + (bool(text) and not text.endswith(b"\n"))


def _row_spans(raw: bytes, multiline: bool) -> tuple[Positions, Positions, Positions]:
    """Of each row: where it begins, where its line ends (at the newline, or the end of the text), and where the carriage
    returns at its end begin: one as in Windows' files, several where such a file was converted twice.
    """
    text = np.frombuffer(raw, np.uint8)
    if not len(text):
        return (np.zeros(0, np.int64),) * 3
    ends = _line_ends(text, multiline)
    # The last line of a file may lack its newline.
    if not len(ends) or ends[-1] < len(text) - 1:
        ends = np.append(ends, len(text))
    starts = np.append(0, ends[:-1] + 1)
    content_ends = ends
    while (returns := (content_ends > starts) & (text[np.maximum(content_ends - 1, 0)] == CARRIAGE_RETURN)).any():
        content_ends = content_ends - returns
    full = content_ends > starts  # blank lines are no rows, as for Arrow's parser
    return starts[full], ends[full], content_ends[full]


def _line_ends(text: npt.NDArray[np.uint8], multiline: bool) -> Positions:
    """Positions of the newlines that end lines."""
    newlines = text == NEWLINE
    return np.flatnonzero(newlines & ~_in_quotes(text) if multiline else newlines)


def _in_quotes(text: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Which bytes stand after an odd number of quotes; a quote within a field is doubled (RFC 4180)."""
    return np.cumsum(text == QUOTE, dtype=np.uint8) % 2 == 1
