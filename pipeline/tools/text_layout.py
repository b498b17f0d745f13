"""How a delimited file of new data is written: its encoding, its delimiter, and whether it has a header."""

from __future__ import annotations

import codecs
import csv
import sys
from collections import Counter
from collections.abc import Iterable

from features.data_config import DataConfig
from features.errors import DataError
from pipeline.raw.compression import open_decompressed

CRITEO = ["label", *(f"I{number}" for number in range(1, 14)), *(f"C{number}" for number in range(1, 27))]
_HEAD, _LINES = 1 << 20, 1000  # bytes and lines that are looked at
_DELIMITER_LINES = 200  # lines that a delimiter must divide alike, nearly all of them


def find_layout(path: str) -> DataConfig:
    """How a delimited file is written, by a look at its first lines; the label is left open.

    Raises:
      DataError: the file is empty, its lines are not divided alike, or its header names a column twice.
      OSError: it cannot be read.
    """
    with open_decompressed(path) as source:
        head = bytes(source.read(_HEAD))
    encoding = _encoding(head)
    lines = [line.rstrip("\r") for line in head.decode(encoding, "ignore").lstrip("\ufeff").split("\n")[:_LINES]]
    if not any(line.strip() for line in lines):
        raise DataError(f"{path}: empty; winnow needs rows to look at")
    if not any("\r" not in line for line in lines if line):
        raise DataError(f"{path}: its lines end in carriage returns alone; write newlines (tr '\\r' '\\n' < FILE > NEW)")
    delimiter = _delimiter(path, lines[:_DELIMITER_LINES])
    cells = _cells(lines, delimiter)
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
        encoding=encoding,
    )


def _encoding(head: bytes) -> str:
    """UTF-8, unless most lines with other letters than ASCII's are not UTF-8; a few broken lines are no sign."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
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


def _cells(lines: Iterable[str], delimiter: str) -> list[list[str]]:
    """The cells of each line. Lines are read one by one, as a quote that is not closed must not take in the next."""
    csv.field_size_limit(sys.maxsize)  # cells of any length
    whole = (line for line in lines if line and "\r" not in line)
    return [row for line in whole for row in csv.reader([line], delimiter=delimiter)]


def _delimiter(path: str, lines: list[str]) -> str:
    """The mark that divides nearly all lines, the first among them, into the same number of cells."""
    for mark in "\t,;|":
        widths = [len(row) for row in _cells(lines, mark)]
        width, count = Counter(widths).most_common(1)[0]
        if width > 1 and widths[0] == width and count >= 0.9 * len(widths):
            return mark
    raise DataError(f"{path}: lines are not divided alike by tab, comma, semicolon or |; is this delimited text?")


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
    return CRITEO if width == len(CRITEO) and front <= {"0", "1"} else [f"column{place}" for place in range(width)]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
