"""How a delimited file of new data is written: its encoding, its delimiter, and whether it has a header."""

from __future__ import annotations

import codecs
import csv
import itertools
import sys
from collections import Counter
from collections.abc import Iterable
from typing import Literal

from features.config.data import DataConfig
from features.errors import DataError
from pipeline.raw.compression import open_decompressed

CRITEO = ["label", *(f"I{number}" for number in range(1, 14)), *(f"C{number}" for number in range(1, 27))]
_HEAD, _LINES = 1 << 20, 1000  # bytes and lines that are looked at
_DELIMITER_LINES, _ALIKE = 200, 0.9  # lines that a delimiter must divide alike, and the share of them that suffices

Quoted = Literal[True, "multiline"]


def find_layout(path: str) -> DataConfig:
    """How a delimited file is written, by a look at its first lines; the label is left open.

    Raises:
      DataError: the file is empty, its lines are not divided alike, or its header names a column twice.
      OSError: it cannot be read.
    """
    with open_decompressed(path) as source:
        head = bytes(source.read(_HEAD))
    encoding = _encoding(head)
    # Without the byte order mark, which is no part of a name; the last letter may be cut by the sample's end.
    lines = [line.rstrip("\r") for line in head.decode(encoding, "ignore").lstrip("\ufeff").split("\n")[:_LINES]]
    if not any(line.strip() for line in lines):
        raise DataError(f"{path}: empty; winnow needs rows to look at")
    if not any("\r" not in line for line in lines if line):
        raise DataError(f"{path}: its lines end in carriage returns alone; write newlines (tr '\\r' '\\n' < FILE > NEW)")
    delimiter, quoted = _delimiter(path, lines[:_DELIMITER_LINES])
    cells = _cells(lines, delimiter, quoted)
    header = _has_header(cells)
    names = cells[0] if header else _names(cells)
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(f"{path}: row 1 names column {twice[0]!r} twice; give every column a name of its own")
    return DataConfig(
        format="tsv" if delimiter == "\t" else "csv",
        train=[path],
        label="",
        header=header,
        columns=[] if header else names,
        delimiter=delimiter,
        quoted=quoted,
        encoding=encoding,
    )


def _encoding(head: bytes) -> str:
    """UTF-8, unless most lines with other letters than ASCII's are not UTF-8; a few broken lines are no sign."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    # Without the last line, which the sample's end may have cut within a letter.
    foreign = [line for line in head.split(b"\n")[:-1] or [head] if not line.isascii()]
    if sum(map(_is_utf8, foreign)) * 2 >= len(foreign):
        return "utf-8"
    # Windows has letters where Latin-1 has the controls 0x80 to 0x9f, which no text holds.
    return "cp1252" if any(0x80 <= byte <= 0x9F for line in foreign for byte in line) else "latin1"


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _cells(lines: Iterable[str], delimiter: str, quoted: Quoted = True) -> list[list[str]]:
    """The cells of each row.

    A row is a line, read by itself, as a quote that is not closed must not take in the next; but where quotes hold newlines.
    """
    csv.field_size_limit(sys.maxsize)  # cells of any length
    whole = [line for line in lines if line and "\r" not in line]
    if quoted == "multiline":
        return [row for row in csv.reader([f"{line}\n" for line in whole], delimiter=delimiter) if row]
    return [row for line in whole for row in csv.reader([line], delimiter=delimiter)]


def _delimiter(path: str, lines: list[str]) -> tuple[str, Quoted]:
    """The mark that divides nearly all rows, the first among them, into the same number of cells."""
    # The tab first, as it hardly occurs in texts, where commas do.
    for mark in "\t,;|":
        quoted: Quoted = "multiline" if _holds_newlines(lines, mark) else True
        widths = [len(row) for row in _cells(lines, mark, quoted)]
        width, count = Counter(widths).most_common(1)[0]
        if width > 1 and widths[0] == width and count >= _ALIKE * len(widths):
            return mark, quoted
    raise DataError(f"{path}: lines are not divided alike by tab, comma, semicolon or |; is this delimited text?")


def _holds_newlines(lines: list[str], delimiter: str) -> bool:
    """Whether quotes that are not closed in their line go on in the next: that has another number of cells, then."""
    widths = [len(row) for row in _cells(lines[:1], delimiter)]
    after_open = [after for line, after in itertools.pairwise(lines) if after and '"' in line and _is_open(line, delimiter)]
    ragged = sum([len(row) for row in _cells([line], delimiter)] != widths for line in after_open)
    return bool(after_open) and ragged >= _ALIKE * len(after_open)


def _is_open(line: str, delimiter: str) -> bool:
    """Whether a quote in a line is not closed in it."""
    try:
        list(csv.reader([line], delimiter=delimiter, strict=True))
    except csv.Error as error:
        return "unexpected end of data" in str(error)
    return False


def _has_header(cells: list[list[str]]) -> bool:
    """Names are all there, are no numbers, and do not come again as values of their column."""
    first, rest = cells[0], cells[1:]
    if any(not cell.strip() or _is_number(cell) for cell in first):
        return False
    return not any(cell == name for row in rest for name, cell in zip(first, row, strict=False))


def _names(cells: list[list[str]]) -> list[str]:
    """Names for the columns of a file without a header; 40 columns with a 0/1 in front are Criteo's."""
    width = Counter(map(len, cells)).most_common(1)[0][0]
    front = {row[0] for row in cells if row}
    return CRITEO if width == len(CRITEO) and front <= {"0", "1"} else [f"column{number}" for number in range(width)]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
